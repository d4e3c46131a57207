use super::super::http::{Progress, Reader};
use super::{Context, Outcome, check};

const CONTEXT: Context<'_> = Context { server_name: Some("picopost.test"), port: 8443 };
const GOOD: &str = "POST /readings HTTP/1.1\r\nHost: picopost.test:8443\r\nUser-Agent: x\r\n\
                    Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}";

fn findings(request: &[u8]) -> Vec<String> {
    let mut reader = Reader::default();
    let outcome = match reader.add(request) {
        Progress::Complete => Outcome::Complete,
        Progress::Refused(refusal) => Outcome::Refused(refusal),
        Progress::NeedsHead | Progress::NeedsBody => Outcome::CutShort("the client closed".to_owned()),
    };
    check(&reader, &outcome, &[request.len()], &CONTEXT)
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
        [
            "error malformed-head: the head cannot be parsed: invalid header name",
            "error no-empty-line: the body follows the head without an empty line"
        ]
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
        ["error not-json: the body is not JSON: a name in `\"` is expected at octet 2"]
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
    let apart = check(&reader, &Outcome::Complete, &[head, 2], &CONTEXT);
    assert_eq!(apart.iter().map(|finding| finding.code.clone()).collect::<Vec<_>>(), ["head-and-body-apart"]);
    assert_eq!(check(&reader, &Outcome::Complete, &[head + 1, 1], &CONTEXT), []);
}

#[test]
fn more_that_is_wrong_with_the_head() {
    assert_eq!(
        changed("picopost.test:8443", "picopost.test"),
        ["note host-without-port: Host lacks the port: the URL here has 8443"]
    );
    assert_eq!(
        changed("User-Agent: x", "User-Agent: x\r\nAccept-Encoding: gzip;q=1, br; q=0, identity"),
        ["note asks-for-compression: Accept-Encoding asks for gzip: the answer may come compressed"]
    );
    // What Arduino's HTTPClient sends.
    assert_eq!(
        changed("User-Agent: x", "User-Agent: x\r\nAccept-Encoding: identity;q=1,chunked;q=0.1,*;q=0"),
        [""; 0]
    );
    assert_eq!(
        changed("User-Agent: x", "Authorization: Basic YWJj\r\nZGVm\r\nUser-Agent: x"),
        [
            "error malformed-head: the head cannot be parsed: invalid header name",
            "error line-end-in-value: a line of the head has no colon: it goes on from the line before"
        ]
    );
    assert_eq!(
        changed("Content-Type", "Content-Length: 2\r\nContent-Type"),
        ["warning content-length-repeated: Content-Length is there twice, with one value"]
    );
    let early = changed("User-Agent: x", "User-Agent: x\r\n");
    assert_eq!(
        early.last().unwrap(),
        "error head-ended-early: a header field stands after the empty line that ends the head, which follows \
         `User-Agent`"
    );
    let context = Context { server_name: None, port: 443 };
    let mut reader = Reader::default();
    reader.add(b"GET / HTTP/1.1\r\nHost: [::1]\r\nUser-Agent: x\r\n\r\n");
    assert_eq!(check(&reader, &Outcome::Complete, &[40], &context), []);
}

#[test]
fn chunks_in_http_1_0() {
    let request = GOOD
        .replace("HTTP/1.1", "HTTP/1.0")
        .replace("Content-Length: 2\r\n\r\n{}", "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n");
    assert_eq!(
        findings(request.as_bytes()),
        [
            "warning http-1.0: HTTP/1.0: some edges answer 426",
            "error chunked-in-http-1.0: HTTP/1.0 has no chunked coding (RFC 9112 §6.1)"
        ]
    );
}

/// The findings of a JSON body.
fn json(body: &str) -> Vec<String> {
    let length = format!("Length: {}\r\n\r\n{body}", body.len());
    changed("Length: 2\r\n\r\n{}", &length)
}

#[test]
fn each_mistake_in_json_is_named() {
    let json_is = |body, expected: &str| assert_eq!(json(body), [expected], "{body}");
    json_is("{\"a\":1", "error json-truncated: the JSON breaks off after 6 octets");
    json_is(
        "{\"a\":1,}",
        "error json-trailing-comma: the body is not JSON: a comma before the end of an object or array, at octet 7",
    );
    json_is("{}\0", "error nul-after-body: a NUL octet follows the JSON");
    json_is("\u{feff}{}", "error json-byte-order-mark: the body begins with a byte order mark");
    json_is(
        "{\"a\":1,\"a\":2}",
        "warning json-duplicate-name: the member `a` is there twice: which one counts differs from service to service",
    );
    json_is("a=b&c=d", "error form-sent-as-json: Content-Type says JSON, and the body is form encoded");
    let latin = [GOOD.replace("Length: 2\r\n\r\n{}", "Length: 3\r\n\r\n").as_bytes(), b"\"\xe9\""].concat();
    assert_eq!(findings(&latin), ["error json-not-utf8: the body is not UTF-8 at octet 2"]);
}

#[test]
fn what_is_wrong_with_a_token_request() {
    let token = |media_type: &str, body: &str| {
        let request = GOOD
            .replace("/readings", "/oauth/token")
            .replace("application/json", media_type)
            .replace("Length: 2\r\n\r\n{}", &format!("Length: {}\r\n\r\n{body}", body.len()));
        findings(request.as_bytes())
    };
    let form = "application/x-www-form-urlencoded";
    let no_grant_type = "error no-grant-type: the token request has no `grant_type`";
    let in_json = "note json-token-request: a token request in JSON: RFC 6749 §4.4.2 has it form encoded";
    assert_eq!(token(form, "grant_type=client_credentials"), [""; 0]);
    assert_eq!(token(form, "client_id=x"), [no_grant_type]);
    assert_eq!(
        token(form, "a=%4"),
        ["error not-form: the body is not form encoded: a `%` without two hexadecimal digits, or not UTF-8"]
    );
    assert_eq!(token("application/json", "{}"), [in_json, no_grant_type]);
    assert_eq!(
        token("application/json", r#"{"grant_type":"x","client_id":7,"expires_in":"60"}"#),
        [
            in_json,
            "warning parameter-not-string: `client_id` is not a JSON string",
            "warning number-as-string: `expires_in` is a number in a JSON string"
        ]
    );
}

#[test]
fn evidence_is_where_it_says() {
    let request = GOOD.replace("User-Agent: x", "Accept-Encoding: gzip");
    let mut reader = Reader::default();
    reader.add(request.as_bytes());
    let findings = check(&reader, &Outcome::Complete, &[1], &CONTEXT);
    let evidence = findings.iter().find_map(|finding| finding.evidence.as_deref()).unwrap();
    assert_eq!(&request[evidence.start..evidence.end], "Accept-Encoding: gzip");
}

#[test]
fn a_slow_client_is_told_from_a_silent_one() {
    let mut reader = Reader::default();
    reader.add(b"POST / HTTP/1.1\r\n");
    let findings = check(&reader, &Outcome::TooSlow("10 s were over".to_owned()), &[17], &CONTEXT);
    let codes: Vec<_> = findings.iter().map(|finding| finding.code.as_ref()).collect();
    assert_eq!(codes, ["head-never-ended", "too-slow"]);
    assert_eq!(findings[1].depends_on.as_deref(), Some("head-never-ended"));
}
