//! Requests.

use std::cell::Cell;

use picopost_http::{Error, FieldValue, Header, Request, RequestWriter, Source, SourceFailed, Url};

use crate::input::{Input, cut};

/// The input is a path, a content type, a User-Agent, up to eight headers, a body, whether it comes from a
/// source and is held back, what is wrong with the source, and the sizes of the pieces that the request is
/// written in. What is accepted comes out as one request in which a parser finds each of these, and nothing
/// else: no value smuggles a line in. Any pieces make the same octets. A source that breaks its promise
/// never makes a whole request.
pub fn http_request(input: &[u8]) {
    let mut input = Input::new(input);
    let mut text = || String::from_utf8_lossy(input.octets()).into_owned();
    let url = format!("https://device.example/{}", text());
    let (content_type, user_agent) = (text(), text());
    let texts: Vec<[String; 2]> = (0..8).map(|_| [text(), text()]).collect();
    let body = input.octets();
    let modes = input.u8();
    let source = Recorded::read(modes, body, &mut input);
    let sizes = input.rest();

    let Ok(url) = Url::parse(&url) else { return };
    let content_type = FieldValue::new(&content_type).unwrap_or(FieldValue::JSON);
    let user_agent = FieldValue::new(&user_agent).unwrap_or(FieldValue::FORM);
    let headers: Vec<Header<'_>> =
        texts.iter().filter_map(|[name, value]| Header::new(name, value).ok()).collect();
    let plain = match &source {
        Some(source) => Request::stream(url, content_type, source),
        None => Request::post(url, content_type, body),
    };
    let plain = plain.with_user_agent(user_agent).with_headers(&headers);
    let expects = modes & 2 != 0;
    let request = if expects { plain.with_expect_continue() } else { plain };
    let written = write(&request, &[]);
    let whole = written.octets.len();
    assert_eq!(written.is_whole(), source.as_ref().is_none_or(Recorded::is_honest));
    let in_pieces = write(&request, sizes);
    assert_eq!(written.error, in_pieces.error, "written in pieces of {sizes:?}");
    if !written.is_whole() {
        // All but the octets behind which the promise shows to be broken.
        assert!(in_pieces.octets.len() < in_pieces.promised, "a whole request of a broken promise");
        return;
    }
    assert_eq!(written.octets, in_pieces.octets, "written in pieces of {sizes:?}");
    let octets = written.octets;
    assert_eq!(whole, written.promised);

    let mut parsed_headers = [httparse::EMPTY_HEADER; 32];
    let mut parsed = httparse::Request::new(&mut parsed_headers);
    let head = parsed.parse(&octets).expect("a request that a parser reads").unwrap();
    assert_eq!(&octets[head..], body);
    assert_eq!((parsed.method, parsed.version), (Some("POST"), Some(1)));
    assert_eq!(parsed.path, Some(&url.target().pieces().concat()[..]));
    let length = body.len().to_string();
    let mut expected = vec![
        ("Host", "device.example"),
        ("User-Agent", user_agent.as_str()),
        ("Content-Type", content_type.as_str()),
        ("Connection", "close"),
        ("Content-Length", &length),
    ];
    // RFC 9110 §10.1.1: not without content.
    expected.extend((expects && !body.is_empty()).then_some(("Expect", "100-continue")));
    expected.extend(headers.iter().map(|header| (header.name.as_str(), header.value.as_str())));
    let found: Vec<_> = parsed.headers.iter().map(|header| (header.name, header.value)).collect();
    let expected: Vec<_> = expected.iter().map(|(name, value)| (*name, value.as_bytes())).collect();
    assert_eq!(found, expected);
    // What httparse might pass over: the lines are those of the headers, each ended by CR LF.
    let lines = octets[..head].iter().filter(|octet| matches!(octet, b'\r' | b'\n')).count();
    assert_eq!(lines, 2 * (expected.len() + 2));
    assert!(!octets[..head].contains(&0));
}

/// What came of writing a request.
struct Written {
    octets: Vec<u8>,
    /// Octets of the head, and of the content that was promised.
    promised: usize,
    error: Option<Error>,
}

impl Written {
    const fn is_whole(&self) -> bool {
        self.error.is_none()
    }
}

fn write(request: &Request<'_>, sizes: &[u8]) -> Written {
    let mut writer = RequestWriter::new(request);
    // Larger than any request of this target.
    let space = [0; 16_384];
    let mut octets = Vec::new();
    // Where the same request has no content, it ends with its head.
    let head = |octets: &[u8]| octets.windows(4).position(|window| window == b"\r\n\r\n").map(|at| at + 4);
    for piece in cut(&space, sizes) {
        let mut piece = piece.to_vec();
        loop {
            match writer.write(&mut piece) {
                Ok(count) => {
                    octets.extend(&piece[..count]);
                    let is_short = count < piece.len();
                    assert!(!is_short || writer.is_done() || writer.is_waiting(), "short before the end");
                    if !writer.is_waiting() {
                        break;
                    }
                    assert_eq!(writer.write(&mut [0]), Ok(0), "content that is held back");
                    writer.proceed();
                    if !is_short {
                        break;
                    }
                }
                Err(error) => {
                    assert_eq!(writer.write(&mut [0]), Err(error), "an error stays");
                    assert!(!writer.is_done());
                    let promised = head(&octets).map_or(usize::MAX, |head| head + request.content_length());
                    return Written { octets, promised, error: Some(error) };
                }
            }
        }
        if writer.is_done() {
            let promised = head(&octets).expect("a head") + request.content_length();
            return Written { octets, promised, error: None };
        }
    }
    panic!("{} octets written, and no end", octets.len());
}

/// A source that gives a body in pieces of some size, and is wrong about it or not.
struct Recorded<'b> {
    body: &'b [u8],
    promised: usize,
    fails_at: usize,
    piece: usize,
    /// The octet that is to be asked for next: none is left out, none asked for twice.
    next: Cell<usize>,
}

impl<'b> Recorded<'b> {
    fn read(modes: u8, body: &'b [u8], input: &mut Input<'_>) -> Option<Self> {
        if modes & 1 == 0 {
            return None;
        }
        let (fault, by) = (input.below(4), usize::from(input.u8()));
        let promised = match fault {
            1 => body.len() + by,
            2 => body.len().saturating_sub(by),
            _ => body.len(),
        };
        let fails_at = if fault == 3 { by } else { usize::MAX };
        let piece = usize::from(input.u8()).max(1);
        Some(Self { body, promised, fails_at, piece, next: Cell::new(0) })
    }

    fn is_honest(&self) -> bool {
        // It is asked for one octet behind the last.
        self.promised == self.body.len() && self.fails_at > self.promised
    }
}

impl Source for Recorded<'_> {
    fn length(&self) -> usize {
        self.promised
    }

    fn read(&self, position: usize, space: &mut [u8]) -> Result<usize, SourceFailed> {
        assert!(!space.is_empty() && position <= self.promised);
        assert!(position == self.next.get() || position == 0, "{position}, and {} was due", self.next.get());
        if position >= self.fails_at {
            return Err(SourceFailed);
        }
        let readable = &self.body[..self.body.len().min(self.fails_at)];
        let from = &readable[position.min(readable.len())..];
        let count = from.len().min(space.len()).min(self.piece);
        space[..count].copy_from_slice(&from[..count]);
        self.next.set(position + count);
        Ok(count)
    }
}
