//! Requests.

use picopost_http::{FieldValue, Header, Request, RequestWriter, Url};

use crate::input::{Input, cut};

/// The input is a path, a content type, a User-Agent, up to eight headers, a body, and the sizes of the
/// pieces that the request is written in. What is accepted comes out as one request in which a parser
/// finds each of these, and nothing else: no value smuggles a line in. Any pieces make the same octets.
pub fn http_request(input: &[u8]) {
    let mut input = Input::new(input);
    let mut text = || String::from_utf8_lossy(input.octets()).into_owned();
    let url = format!("https://device.example/{}", text());
    let (content_type, user_agent) = (text(), text());
    let texts: Vec<[String; 2]> = (0..8).map(|_| [text(), text()]).collect();
    let body = input.octets();
    let sizes = input.rest();

    let Ok(url) = Url::parse(&url) else { return };
    let content_type = FieldValue::new(&content_type).unwrap_or(FieldValue::JSON);
    let user_agent = FieldValue::new(&user_agent).unwrap_or(FieldValue::FORM);
    let headers: Vec<Header<'_>> =
        texts.iter().filter_map(|[name, value]| Header::new(name, value).ok()).collect();
    let request = Request::post(url, content_type, body).with_user_agent(user_agent).with_headers(&headers);
    let octets = write(&request, &[]);
    assert_eq!(octets, write(&request, sizes), "written in pieces of {sizes:?}");

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
    expected.extend(headers.iter().map(|header| (header.name.as_str(), header.value.as_str())));
    let found: Vec<_> = parsed.headers.iter().map(|header| (header.name, header.value)).collect();
    let expected: Vec<_> = expected.iter().map(|(name, value)| (*name, value.as_bytes())).collect();
    assert_eq!(found, expected);
    // What httparse might pass over: the lines are those of the headers, each ended by CR LF.
    let lines = octets[..head].iter().filter(|octet| matches!(octet, b'\r' | b'\n')).count();
    assert_eq!(lines, 2 * (expected.len() + 2));
    assert!(!octets[..head].contains(&0));
}

fn write(request: &Request<'_>, sizes: &[u8]) -> Vec<u8> {
    let mut writer = RequestWriter::new(request);
    // Larger than any request of this target.
    let space = [0; 16_384];
    let mut octets = Vec::new();
    for piece in cut(&space, sizes) {
        let mut piece = piece.to_vec();
        let count = writer.write(&mut piece).unwrap();
        assert!(count == piece.len() || writer.is_done(), "short before the end");
        octets.extend(&piece[..count]);
        if writer.is_done() {
            return octets;
        }
    }
    panic!("{} octets written, and no end", octets.len());
}
