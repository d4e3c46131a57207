use super::super::http::{Progress, Reader};
use super::{Outcome, check};

const GOOD: &str = "POST /oauth/token HTTP/1.1\r\nHost: picopost.test:8443\r\nUser-Agent: x\r\n\
                    Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}";

fn findings(request: &[u8]) -> Vec<String> {
    let mut reader = Reader::default();
    let outcome = match reader.add(request) {
        Progress::Complete => Outcome::Complete,
        Progress::Refused(refusal) => Outcome::Refused(refusal),
        Progress::NeedsHead | Progress::NeedsBody => Outcome::CutShort("the client closed".to_owned()),
    };
    check(&reader, &outcome, &[request.len()], Some("picopost.test"))
        .into_iter()
        .map(|finding| format!("{} {}: {}", finding.severity.name(), finding.code, finding.title))
        .collect()
}

fn changed(from: &str, to: &str) -> Vec<String> {
    assert!(GOOD.contains(from));
    findings(GOOD.replace(from, to).as_bytes())
}

#[test]
fn a_good_request_has_no_findings() {
    assert_eq!(findings(GOOD.as_bytes()), [""; 0]);
}

#[test]
fn what_is_wrong_with_the_head() {
    assert_eq!(changed("HTTP/1.1", "HTTP/1.0"), ["warning http-1.0: HTTP/1.0: some edges answer 426"]);
    assert_eq!(changed("Host: picopost.test:8443\r\n", ""), ["error no-host: no Host header"]);
    assert_eq!(
        changed("Host: picopost.test", "Host: x\r\nHost: picopost.test"),
        ["error host-twice: more than one Host header"]
    );
    assert_eq!(
        changed("Host: picopost.test:8443", "Host: 10.0.2.2:8443"),
        [
            "warning host-is-not-server-name: Host is `10.0.2.2:8443`, and the server name (SNI) was `picopost.test`: \
          edges answer 421 or 403"
        ]
    );
    assert_eq!(
        changed("User-Agent: x\r\n", ""),
        ["note no-user-agent: no User-Agent: some edges answer 403"]
    );
    assert_eq!(
        changed("User-Agent: x", "user-agent: x\r\nUser-Agent: x"),
        ["warning header-twice: the header `user-agent` is there twice"]
    );
    assert_eq!(
        changed("User-Agent: x\r\n", "User-Agent: x\n"),
        ["warning bare-line-feed: a line of the head ends with LF alone"]
    );
    assert_eq!(
        changed("\r\n\r\n{}", "\r\n"),
        ["error head-never-ended: the head has no end: the client closed"]
    );
    assert_eq!(
        changed("\r\n\r\n{}", "\r\n{}\r\n\r\n"),
        ["error malformed-head: the head cannot be parsed: invalid header name"]
    );
}

#[test]
fn what_is_wrong_with_the_body() {
    assert_eq!(
        changed("Content-Length: 2\r\n", ""),
        [
            "error no-content-length: POST without Content-Length",
            "error body-without-length: 2 octets follow the head, and no header announces them"
        ]
    );
    assert_eq!(
        changed("Length: 2", "Length: 4"),
        ["error body-too-short: Content-Length says 4 octets, and 2 came: the client closed"]
    );
    assert_eq!(
        changed("{}", "{}\r\n"),
        ["error line-end-after-body: CR LF follows the body and is not counted in Content-Length"]
    );
    assert_eq!(changed("{}", "{} and"), ["error octets-after-body: 4 octets follow the body"]);
    assert_eq!(
        changed("Length: 2\r\n\r\n{}", "Length: 0\r\n\r\n"),
        ["warning empty-body: Content-Length is 0: the body is empty"]
    );
    assert_eq!(
        changed("Content-Length: 2\r\n\r\n{}", "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"),
        ["note chunked-request: the body is chunked: some servers want Content-Length and answer 411"]
    );
    assert_eq!(
        changed("Content-Length: 2\r\n\r\n{}", "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n"),
        [
            "error body-never-ended: the chunked body has no end: the client closed",
            "note chunked-request: the body is chunked: some servers want Content-Length and answer 411"
        ]
    );
}

#[test]
fn what_is_wrong_with_the_content_type() {
    assert_eq!(
        changed("Content-Type: application/json\r\n", ""),
        ["error no-content-type: a body without Content-Type: its parameters will not be seen"]
    );
    assert_eq!(
        changed("application/json", "application/x-www-form-urlencoded"),
        ["error json-sent-as-form: Content-Type says form encoded, and the body is JSON"]
    );
    assert_eq!(
        changed("{}", "{x"),
        ["error not-json: the body is not JSON: key must be a string at line 1 column 2"]
    );
}

#[test]
fn nothing_at_all_is_named() {
    assert_eq!(findings(b""), ["error no-request: no request came: the client closed"]);
}

#[test]
fn records_are_looked_at() {
    let mut reader = Reader::default();
    reader.add(GOOD.as_bytes());
    let head = reader.head().unwrap().length;
    let apart = check(&reader, &Outcome::Complete, &[head, 2], None);
    assert_eq!(apart.iter().map(|finding| finding.code.clone()).collect::<Vec<_>>(), ["head-and-body-apart"]);
    assert_eq!(check(&reader, &Outcome::Complete, &[head + 1, 1], None), []);
}
