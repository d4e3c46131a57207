//! What headers mean: Retry-After, Date, Location, and a Bearer challenge's error.

use picopost_http::{Head, ResponseReader, RetryAfter};

/// 2026-11-23 00:00:00.
const NOW: u64 = 1_795_392_000;

/// Hands a head with these header lines to `look`.
fn with_head<T>(lines: &[&str], look: impl FnOnce(Head<'_>) -> T) -> T {
    let mut buffer = [0; 1024];
    let mut reader = ResponseReader::new(&mut buffer);
    let fields: String = lines.iter().map(|line| format!("{line}\r\n")).collect();
    reader
        .feed(format!("HTTP/1.1 401 Unauthorized\r\n{fields}Content-Length: 0\r\n\r\n").as_bytes())
        .unwrap();
    look(reader.head().unwrap())
}

#[test]
fn headers_are_found_by_name() {
    with_head(&["A: 1", "B: 2", "a: 3", "C:"], |head| {
        assert_eq!(head.header("a"), Some(b"1".as_slice()));
        assert_eq!(head.only_header("A"), None, "there are two");
        assert_eq!(head.only_header("b"), Some(b"2".as_slice()));
        assert_eq!(head.only_header("c"), Some(b"".as_slice()));
        assert_eq!(head.only_header("d"), None);
        assert_eq!(head.status().0, 401);
        assert_eq!(format!("{head:?}"), "Head { status: StatusCode(401), length: 70 }");
    });
}

#[test]
fn when_to_come_again() {
    let retry_after = |line: &str| with_head(&[line], |head| head.retry_after(NOW));
    for (line, expected) in [
        ("Retry-After: 120", RetryAfter::Seconds(120)),
        ("retry-after:0", RetryAfter::Seconds(0)),
        ("Retry-After: 007", RetryAfter::Seconds(7)),
        ("Retry-After: 99999999999999999999999", RetryAfter::Seconds(u64::MAX)),
        ("Retry-After: Mon, 23 Nov 2026 16:45:00 GMT", RetryAfter::Date(1_795_452_300)),
        ("Retry-After: Monday, 23-Nov-26 16:45:00 GMT", RetryAfter::Date(1_795_452_300)),
        ("Retry-After: Mon Nov 23 16:45:00 2026", RetryAfter::Date(1_795_452_300)),
    ] {
        assert_eq!(retry_after(line), Some(expected), "{line}");
    }
    for line in [
        "Server: a",
        "Retry-After:",
        "Retry-After: -1",
        "Retry-After: +1",
        "Retry-After: 1.5",
        "Retry-After: 120s",
        "Retry-After: 120, 120",
        "Retry-After: 0x10",
        "Retry-After: soon",
        "Retry-After: Tue, 23 Nov 2026 16:45:00 GMT",
    ] {
        assert_eq!(retry_after(line), None, "{line}");
    }
    assert_eq!(with_head(&["Retry-After: 1", "Retry-After: 1"], |head| head.retry_after(NOW)), None);

    assert_eq!(RetryAfter::Seconds(5).seconds_from(NOW), 5);
    assert_eq!(RetryAfter::Date(NOW + 5).seconds_from(NOW), 5);
    assert_eq!(RetryAfter::Date(NOW - 5).seconds_from(NOW), 0);
}

#[test]
fn when_the_response_was_made() {
    let date = |lines: &[&str]| with_head(lines, |head| head.date(NOW));
    assert_eq!(date(&["Date: Sun, 06 Nov 1994 08:49:37 GMT"]), Some(784_111_777));
    assert_eq!(date(&["Date: 784111777"]), None);
    assert_eq!(date(&["Date: Sun, 06 Nov 1994 08:49:37 GMT", "Date: Sun, 06 Nov 1994 08:49:38 GMT"]), None);
    assert_eq!(date(&[]), None);
}

#[test]
fn where_to_go() {
    let location = |line: &str| with_head(&[line], |head| head.location().map(str::to_owned));
    for good in
        ["https://b.example/a?b=c#d", "/a", "../a", "//b.example", "?a", "a%20b", "/a;b=(c)*'!$&+,~[]"]
    {
        assert_eq!(location(&format!("Location: {good}")), Some(good.to_owned()));
    }
    for bad in ["", "/a b", "/caf\u{e9}", "/\"", "/<", "/>", "/a\\b", "/{a}", "/a|b", "/^", "/`", "/a\tb"] {
        assert_eq!(location(&format!("Location: {bad}")), None, "{bad}");
    }
    assert!(with_head(&["Location: /a", "Location: /a"], |head| head.location().is_none()));
}

#[test]
fn why_a_token_is_refused() {
    let table: [(&[&str], Option<&str>); 41] = [
        (&[], None),
        (&[""], None),
        (&["Bearer"], None),
        (&["Bearer error=\"invalid_token\""], Some("invalid_token")),
        (&["bearer ERROR=invalid_token"], Some("invalid_token")),
        // RFC 6750 section 3's own example.
        (
            &[
                "Bearer realm=\"example\", error=\"invalid_token\", error_description=\"The access token expired\"",
            ],
            Some("invalid_token"),
        ),
        (&["Bearer realm=\"a, error=\\\"b\\\"\", error=\"invalid_token\""], Some("invalid_token")),
        (&["Bearer realm=\"error=\\\"no\\\"\""], None),
        (&["Bearer error = \"invalid_token\" , scope=a"], Some("invalid_token")),
        (&["Bearer ,, error=invalid_token ,"], Some("invalid_token")),
        // Several challenges, in one header and in several.
        (&["Basic realm=\"a\", Bearer error=\"invalid_token\""], Some("invalid_token")),
        (&["Bearer error=\"invalid_token\", Basic realm=\"a\""], Some("invalid_token")),
        (&["Basic realm=\"a\"", "Bearer error=\"invalid_token\""], Some("invalid_token")),
        (&["Negotiate, Bearer error=\"invalid_token\""], Some("invalid_token")),
        (&["Negotiate YWJj==, Bearer error=\"invalid_token\""], Some("invalid_token")),
        (&["Negotiate YWJj, Bearer error=\"invalid_token\""], Some("invalid_token")),
        (&["Negotiate a/b+c= , Bearer error=\"invalid_token\""], Some("invalid_token")),
        // Another scheme's error is none of a token's.
        (&["DPoP error=\"invalid_token\""], None),
        (&["DPoP error=\"use_dpop_nonce\", Bearer error=\"invalid_token\""], Some("invalid_token")),
        (&["Bearer realm=\"a\", DPoP error=\"invalid_token\""], None),
        (&["Basic realm=\"Bearer error=invalid_token\""], None),
        // Twice is as good as never.
        (&["Bearer error=\"invalid_token\", error=\"invalid_token\""], None),
        (&["Bearer error=\"invalid_token\"", "Bearer error=\"insufficient_scope\""], None),
        // What breaks the grammar says nothing, whatever stood before it.
        (&["error=\"invalid_token\""], None),
        (&["Bearer error=\"invalid_token"], None),
        (&["Bearer error=\"invalid_token\\\""], None),
        (&["Bearer error=\"invalid_token\"x"], None),
        (&["Bearer error=\"invalid_token\" scope=a"], None),
        (&["Bearer error=invalid token"], None),
        (&["Bearer error=\"invalid_token\", @"], None),
        (&["Bearer error=\"invalid_token\", Basic@"], None),
        // A token68 and parameters exclude each other.
        (&["Bearer abc, error=\"invalid_token\""], None),
        (&["Bearer abc=, error=\"invalid_token\""], None),
        (&["Bearer=error=\"invalid_token\""], None),
        (&["Bearer error==\"invalid_token\""], None),
        (&["Bearer\terror=invalid_token"], None),
        (&["Bearer error="], None),
        (&["Bearer error=\"\""], None),
        (&["Bearer error=\"invalid\\_token\""], None),
        (&["Bearer error=\"invalid\u{e9}token\""], None),
        (&["Bearer error=\"invalid\ttoken\""], None),
    ];
    for (values, expected) in table {
        let lines: Vec<String> = values.iter().map(|value| format!("WWW-Authenticate: {value}")).collect();
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        let found = with_head(&lines, |head| head.bearer_error().map(str::to_owned));
        assert_eq!(found.as_deref(), expected, "{values:?}");
    }
}

#[test]
fn how_long_a_connection_is_kept() {
    let timeout = |line: &str| with_head(&[line], |head| head.keep_alive_timeout());
    for (line, expected) in [
        ("Keep-Alive: timeout=5", Some(5)),
        ("keep-alive: max=100, TIMEOUT=60", Some(60)),
        ("Keep-Alive: timeout=0", Some(0)),
        ("Keep-Alive: timeout=99999999999999999999999", Some(u64::MAX)),
        ("Keep-Alive: timeout=", None),
        ("Keep-Alive: timeout=-1", None),
        ("Keep-Alive: timeout=5, timeout=6", None),
        ("Keep-Alive: 5", None),
        ("Keep-Alive:", None),
        ("Connection: keep-alive", None),
    ] {
        assert_eq!(timeout(line), expected, "{line}");
    }
    let twice = ["Keep-Alive: timeout=5", "Keep-Alive: timeout=5"];
    assert_eq!(with_head(&twice, |head| head.keep_alive_timeout()), None);
}
