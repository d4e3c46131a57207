//! URLs.

use picopost_http::{Error, FieldValue, Request, RequestWriter, Url};

/// The input is a URL. One that is accepted makes a request in which a parser finds its target and its
/// host, and nothing else; of one that is refused, the octet that the error names is where it says.
pub fn http_url(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    match Url::parse(text) {
        Ok(url) => check_accepted(text, url),
        Err(Error::UrlHost { octet, position } | Error::UrlTarget { octet, position }) => {
            assert_eq!(input.get(position), Some(&octet), "{text:?}");
        }
        Err(Error::UrlPercent { position }) => assert_eq!(input.get(position), Some(&b'%'), "{text:?}"),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

fn check_accepted(text: &str, url: Url<'_>) {
    let authority = url.authority();
    assert!(!authority.host().is_empty() && authority.port() != 0, "{text:?}");
    let mut writer_octets = vec![0; text.len() + 256];
    let request = Request::post(url, FieldValue::JSON, b"");
    let count = RequestWriter::new(&request).write(&mut writer_octets).unwrap();

    let mut headers = [httparse::EMPTY_HEADER; 8];
    let mut parsed = httparse::Request::new(&mut headers);
    let head = parsed.parse(&writer_octets[..count]).expect("a request that a parser reads");
    assert_eq!(head, httparse::Status::Complete(count), "{text:?}");
    let target = url.target().pieces().concat();
    assert_eq!(parsed.path, Some(&target[..]), "{text:?}");
    // RFC 9112 §3.2.1: origin form, which has no fragment.
    assert!(target.starts_with('/') && !target.contains('#'), "{text:?}");
    // RFC 9110 §7.2: the port only where it is not the default.
    let host = match authority.port() {
        443 => authority.uri_host().to_owned(),
        port => format!("{}:{port}", authority.uri_host()),
    };
    assert_eq!((parsed.headers[0].name, parsed.headers[0].value), ("Host", host.as_bytes()), "{text:?}");
    assert!(text.contains(authority.uri_host()), "{text:?}");
}
