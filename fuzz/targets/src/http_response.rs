//! Responses.

use picopost_http::{End, Error, Method, ResponseReader};

use crate::input::{Input, cut};

/// The input is the size of the buffer, how the connection ends and what was asked for, the sizes of the
/// pieces, and the server's octets. Whole, octet by octet and in these pieces they are read as the same
/// response, or refused for the same reason, and as the same where the content is not kept. What is
/// accepted is framed in one way only (RFC 9112 §6.3), and its connection is used again only where it
/// cannot have been read differently.
pub fn http_response(input: &[u8]) {
    let mut input = Input::new(input);
    let room = 4096 - input.below(4097);
    let modes = input.u8();
    let end = if modes & 1 != 0 { End::Truncated } else { End::CloseNotify };
    let method = if modes & 2 != 0 { Method::Head } else { Method::Post };
    let sizes = input.octets();
    let octets = input.rest();

    let case = Case { room, end, method };
    let whole = case.read(&[octets], Way::Kept);
    assert_eq!(whole, case.read(&cut(octets, &[1]), Way::Kept), "octet by octet, {case:?}");
    assert_eq!(whole, case.read(&cut(octets, sizes), Way::Kept), "pieces of {sizes:?}, {case:?}");
    let streamed = case.read(&cut(octets, sizes), Way::Streamed);
    if !matches!(whole, Err(Error::BodyTooLarge { .. })) {
        assert_eq!(whole, streamed, "as a stream, pieces of {sizes:?}, {case:?}");
    }
    match whole {
        Ok(response) => response.check(octets, &case),
        Err(error) => assert!(error.code() != 0 && !error.to_string().is_empty()),
    }
}

#[derive(Debug)]
struct Case {
    room: usize,
    end: End,
    method: Method,
}

#[derive(Clone, Copy)]
enum Way {
    Kept,
    Streamed,
}

#[derive(Debug, PartialEq)]
struct Response {
    status: u16,
    headers: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
    /// Octets that belong to the response.
    length: usize,
    is_reusable: bool,
}

impl Case {
    fn read(&self, pieces: &[&[u8]], way: Way) -> Result<Response, Error> {
        let mut buffer = vec![0; self.room];
        let mut reader = ResponseReader::for_method(self.method, &mut buffer);
        let (mut length, mut body) = (0, Vec::new());
        for piece in pieces {
            let taken = match way {
                Way::Kept => reader.feed(piece),
                Way::Streamed => stream(&mut reader, piece, &mut body),
            };
            match taken {
                Ok(taken) => {
                    assert!(taken == piece.len() || reader.is_done(), "octets are left for no reason");
                    length += taken;
                }
                Err(error) => {
                    assert_eq!(reader.feed(piece), Err(error), "an error stays");
                    assert_eq!(reader.end(self.end), Err(error), "an error stays");
                    assert!(!reader.is_reusable());
                    return Err(error);
                }
            }
        }
        reader.end(self.end)?;
        assert!(reader.is_done());
        let is_reusable = reader.is_reusable();
        // What they say is looked at for panics.
        if let Some(head) = reader.head() {
            let _ = (head.retry_after(0), head.date(u64::MAX), head.location(), head.bearer_error());
        }
        let response = reader.finish()?;
        body.extend(response.body());
        let headers = response.headers().map(|(name, value)| (name.to_owned(), value.to_vec())).collect();
        Ok(Response { status: response.status().0, headers, body, length, is_reusable })
    }
}

fn stream(reader: &mut ResponseReader<'_>, octets: &[u8], body: &mut Vec<u8>) -> Result<usize, Error> {
    let mut taken = 0;
    while taken < octets.len() {
        let piece = reader.pull(&octets[taken..])?;
        body.extend(piece.content);
        taken += piece.taken;
        if piece.taken == 0 {
            assert!(reader.is_done(), "octets are left for no reason");
            break;
        }
    }
    Ok(taken)
}

impl Response {
    fn values(&self, name: &str) -> Vec<&[u8]> {
        let named = self.headers.iter().filter(|(found, _)| found.eq_ignore_ascii_case(name));
        named.map(|(_, value)| &value[..]).collect()
    }

    fn check(&self, octets: &[u8], case: &Case) {
        let Case { room, end, method } = *case;
        assert!((200..600).contains(&self.status), "{self:?}");
        assert!(self.body.len() <= room && self.headers.len() <= picopost_http::MAX_HEADERS, "{self:?}");
        let (lengths, codings) = (self.values("content-length"), self.values("transfer-encoding"));
        // RFC 9112 §6.3: one of the two, and where there is neither, the connection's end delimits.
        let has_content = !matches!(self.status, 204 | 304) && method != Method::Head;
        self.check_reuse(octets, has_content);
        match (&lengths[..], &codings[..]) {
            ([], []) if has_content => {
                assert_eq!(end, End::CloseNotify, "cut off: {self:?}");
                assert_eq!(self.length, octets.len(), "{self:?}");
                assert!(octets.ends_with(&self.body), "{self:?}");
            }
            ([length, ..], []) if has_content => {
                let length = std::str::from_utf8(length).expect("digits");
                let length = length.split(',').next().unwrap_or_default().trim();
                assert_eq!(length.parse(), Ok(self.body.len()), "{self:?}");
                assert!(octets[..self.length].ends_with(&self.body), "{self:?}");
            }
            ([], [_, ..]) if has_content => {
                let body = dechunk(octets, self.length);
                assert_eq!(body.as_ref(), Some(&self.body), "{self:?}");
            }
            ([_, ..], [_, ..]) if has_content => panic!("two framings, one believed: {self:?}"),
            _ => assert_eq!(self.body, b"", "{self:?}"),
        }
    }
}

impl Response {
    /// RFC 9112 §9.3, and no more than one way to read it.
    fn check_reuse(&self, octets: &[u8], has_content: bool) {
        if !self.is_reusable {
            return;
        }
        assert_eq!(self.length, octets.len(), "octets behind it: {self:?}");
        let (lengths, codings) = (self.values("content-length"), self.values("transfer-encoding"));
        assert!(lengths.len() + codings.len().min(1) <= 1, "two framings: {self:?}");
        assert!(!has_content || lengths.len() + codings.len() > 0, "until the connection ends: {self:?}");
        let options = self.values("connection");
        let mut options = options.iter().flat_map(|value| value.split(|octet| *octet == b','));
        assert!(!options.any(|option| option.trim_ascii().eq_ignore_ascii_case(b"close")), "{self:?}");
    }
}

/// Chunks, read in the plainest way: the head of the final response ends somewhere, and from there on
/// there are chunks up to the end of the response. Extensions and trailers are passed over.
fn dechunk(octets: &[u8], length: usize) -> Option<Vec<u8>> {
    let response = &octets[..length];
    let ends =
        (0..length).filter(|at| response[..*at].ends_with(b"\n\r\n") || response[..*at].ends_with(b"\n\n"));
    ends.into_iter().find_map(|at| chunks(&response[at..]))
}

fn chunks(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let (line, behind) = rest.split_at_checked(rest.iter().position(|octet| *octet == b'\n')? + 1)?;
        let digits = line.iter().take_while(|octet| octet.is_ascii_hexdigit()).count();
        let digits = std::str::from_utf8(&line[..digits]).ok()?;
        let size = usize::from_str_radix(digits, 16).ok()?;
        if size == 0 {
            return (behind == b"\r\n" || behind.ends_with(b"\r\n\r\n")).then_some(body);
        }
        let (content, behind) = behind.split_at_checked(size)?;
        body.extend(content);
        rest = behind.strip_prefix(b"\r\n")?;
    }
}
