//! What is masked, and where.

use std::net::SocketAddr;
use std::sync::Arc;

use super::super::capture::{Direction, Tape};
use super::super::event::{Event, Header, Line, NotTls, NotTlsKind, Request, Response, Route};
use super::super::octets::Octets;
use super::{Masked, Secrets, masked_field};
use crate::finding::{Finding, Part};

fn masked(text: &str) -> String {
    Secrets::Shortened.mask_text(text)
}

#[test]
fn parameters_are_shortened_in_json_and_forms() {
    assert_eq!(masked(r#"{"client_secret" : "0123456789ab"}"#), r#"{"client_secret" : "0123…"}"#);
    assert_eq!(masked(r#"{"client_secret":"sh\"ort","a":"b"}"#), r#"{"client_secret":"…","a":"b"}"#);
    assert_eq!(masked(r#"{"client_secret":"0123456789ab no end"#), r#"{"client_secret":"0123…"#);
    assert_eq!(masked("a=b&client_secret=0123456789ab&c=d"), "a=b&client_secret=0123…&c=d");
    assert_eq!(masked("client_secret=x\r\n"), "client_secret=…\r\n");
    assert_eq!(masked("/a?code=x&b=c"), "/a?code=…&b=c");
    let other = r#"{"my_code":"x","client_id":"id","zipcode":"1"}"#;
    assert_eq!(masked(other), other);
}

#[test]
fn json_within_json_is_no_hiding_place() {
    assert_eq!(
        masked(r#"{"body":"{\"client_secret\" : \"0123456789ab\",\"a\":\"b\"}"}"#),
        r#"{"body":"{\"client_secret\" : \"0123…",\"a\":\"b\"}"}"#
    );
    assert!(!masked(r#"{"body":"client_secret=0123456789ab&a=b"}"#).contains("456789"));
    assert!(!masked(r#"{"a":"{\"b\":\"{\\\"password\\\":\\\"0123456789ab\\\"}\"}"}"#).contains("456789"));
}

/// An echo repeats the request in places of its own.
#[test]
fn an_echo_has_no_more_than_its_request() {
    let echo = |content: &[u8]| {
        let response = Response {
            status: 200,
            reason: "OK".to_owned(),
            route: Route::Echo,
            octets: 0,
            head: Octets::default(),
            body: Octets::new(content),
        };
        let event = Event::Response(response);
        let line = Line { attempt: Some(1), milliseconds: Some(0), event };
        let Event::Response(shown) = Secrets::Shortened.line(&line).into_owned().event else { panic!() };
        assert_eq!(shown.body.count, content.len());
        String::from_utf8(shown.body.octets().to_vec()).unwrap()
    };
    assert_eq!(
        echo(
            br#"{"method":"POST","target":"/?code=0123456789ab","version":"HTTP/1.1","headers":[{"name":"Cookie","value":"0123456789ab"}],"body":"client_secret=0123456789ab"}"#
        ),
        concat!(
            r#"{"method":"POST","target":"/?code=0123…","version":"HTTP/1.1","headers":"#,
            r#"[{"name":"Cookie","value":"0123…"}],"body":"client_secret=0123…"}"#,
            "\n"
        )
    );
    // `{"password":"0123456789ab"` and an octet that is no UTF-8.
    let binary = r#"{"method":"","target":"","version":"","headers":[],"body_base64":"eyJwYXNzd29yZCI6IjAxMjM0NTY3ODlhYiL/"}"#;
    assert!(echo(binary.as_bytes()).contains("\"body_base64\":\"eyJwYXNzd29yZCI6IjAxMjPigKYi/w==\""));
    assert_eq!(echo(br#"{"method":"POST","headers":[{"name":"Cookie","value":"0123456789ab"#), "…");
    assert_eq!(echo(b""), "");
}

#[test]
fn credentials_are_shortened_in_heads() {
    assert_eq!(
        masked("POST / HTTP/1.1\r\nHost: x\r\nauthorization: Basic aWQ6c2VjcmV0\r\nCookie: a=b\r\n\r\n"),
        "POST / HTTP/1.1\r\nHost: x\r\nauthorization: Basic aWQ6…\r\nCookie: …\r\n\r\n"
    );
    assert_eq!(masked_field("Authorization", "Bearer 0123456789abcdef"), "Bearer 0123…");
    // One secret within another.
    assert_eq!(masked("Cookie: a=b&code=0123456789abcd\r\nHost: x"), "Cookie: a=b&…\r\nHost: x");
    assert_eq!(masked_field("Host", "x"), "x");
}

#[test]
fn they_are_whole_on_request() {
    let text = r#"{"client_secret":"0123456789ab"}"#;
    assert_eq!(Secrets::Whole.mask_text(text), text);
}

#[test]
fn evidence_moves_with_the_octets() {
    let original = br#"{"client_secret":"0123456789ab","password":"x",}"#;
    let masked = Masked::of(original);
    assert_eq!(masked.octets, r#"{"client_secret":"0123…","password":"…",}"#.as_bytes());
    let at = |octet| masked.octets.iter().rposition(|other| *other == octet);
    let before = original.iter().rposition(|octet| *octet == b',').unwrap();
    assert_eq!(Some(masked.position(before)), at(b','));
    assert_eq!(masked.position(0), 0);
    // Within a secret: where it begins.
    assert_eq!((masked.position(18), masked.position(25), masked.position(30)), (18, 18, 25));
    assert_eq!(masked.position(original.len()), masked.octets.len());
}

#[test]
fn an_attempt_leaves_without_secrets_and_with_its_lengths() {
    let address = SocketAddr::from(([192, 0, 2, 1], 1));
    let tape = Tape::new(1, address, address);
    let request = b"POST / HTTP/1.1\r\nAuthorization: Basic c2VjcmV0c2VjcmV0\r\n\r\n";
    for piece in request.chunks(45) {
        tape.segment(Direction::In, piece);
    }
    tape.segment(Direction::Out, b"HTTP/1.1 400 Bad Request\r\n\r\n");
    tape.key("CLIENT_RANDOM 00 11".to_owned());
    let not_tls = NotTls {
        kind: NotTlsKind::PlainHttp,
        received: Octets::new(request),
        answer: None,
        findings: vec![Finding::note("x", "y").at(Part::Received, request.len() - 2..request.len())],
    };
    let event = Event::NotTls(not_tls);
    tape.line(Arc::new(Line { attempt: Some(1), milliseconds: Some(0), event }));
    let attempt = tape.end();
    assert_eq!(*Secrets::Whole.attempt(&attempt), attempt);
    let shown = Secrets::Shortened.attempt(&attempt).into_owned();
    assert!(shown.key_log.is_empty());
    let segments: Vec<&[u8]> = shown.segments.iter().map(|segment| &*segment.octets).collect();
    assert_eq!(segments.concat().len(), request.len() + 28);
    assert_eq!(segments[0], &b"POST / HTTP/1.1\r\nAuthorization: Basic *******"[..]);
    assert_eq!(segments[1], b"*********\r\n\r\n");
    let Event::NotTls(not_tls) = &shown.lines[0].event else { panic!() };
    assert_eq!(not_tls.received.count, request.len());
    let received = not_tls.received.octets();
    assert!(received.ends_with("Basic c2Vj…\r\n\r\n".as_bytes()));
    assert_eq!(not_tls.findings[0].evidence.as_ref().unwrap().end, received.len());
}

/// A request with this head, content and what came behind it.
fn request(head: &str, body: &str, extra: &str) -> Request {
    let [head, body, extra] = [head, body, extra].map(|part| Octets::new(part.as_bytes()));
    Request {
        method: "POST".to_owned(),
        target: "/".to_owned(),
        version: "HTTP/1.1".to_owned(),
        headers: Vec::new(),
        head,
        body,
        extra,
        records: Vec::new(),
        record_microseconds: Vec::new(),
        findings: Vec::new(),
    }
}

fn shown(request: Request) -> Request {
    let event = Event::Request(Box::new(request));
    let line = Line { attempt: Some(1), milliseconds: Some(0), event };
    let Event::Request(shown) = Secrets::Shortened.line(&line).into_owned().event else { panic!() };
    *shown
}

/// With a Content-Length that is too small, the secret goes on behind the content.
#[test]
fn a_secret_that_the_contents_end_cuts() {
    let shown = shown(request("", "a=b&client_secret=0123456789", "abcdef&c=d&password=0123456789ab"));
    assert_eq!(shown.body.octets(), "a=b&client_secret=…".as_bytes());
    assert_eq!(shown.extra.octets(), "…&c=d&password=0123…".as_bytes());
    assert_eq!((shown.body.count, shown.extra.count), (28, 32));
}

#[test]
fn what_cannot_be_looked_into_is_left_out() {
    let encoded = request("POST / HTTP/1.1\r\ncontent-encoding: gzip\r\n\r\n", "0123456789", "");
    let shown = (shown(encoded), shown(request("Content-Encoding: identity\r\n\r\n", "0123456789", "")));
    assert_eq!(shown.0.body.octets(), "…".as_bytes());
    assert_eq!((shown.0.body.count, shown.0.extra.octets()), (10, &b""[..]));
    assert_eq!(shown.1.body.octets(), b"0123456789");
}

/// Findings repeat what was received, and so do header fields that are no secret themselves.
#[test]
fn what_is_repeated_is_masked_there_too() {
    let mut request = request("", "", "");
    request.findings = vec![Finding::error("x", "`a;client_secret=0123456789ab` is nobody")];
    request.headers =
        vec![Header { name: "Referer".to_owned(), value: "https://x/?code=0123456789ab".to_owned() }];
    let shown = shown(request);
    assert!(!shown.findings[0].title.contains("4567"), "{}", shown.findings[0].title);
    assert_eq!(shown.headers[0].value, "https://x/?code=0123…");
    assert_eq!(masked_field("Set-Cookie", "sid=0123456789ab; Path=/"), "sid=…");
}
