//! Requests, octet for octet, however small the slices are that they are written into.

use std::cell::Cell;

use picopost_http::{Error, FieldValue, Header, Request, RequestWriter, Source, SourceFailed, Url};

fn write_in(request: &Request<'_>, size: usize) -> String {
    let mut writer = RequestWriter::new(request);
    let mut out = Vec::new();
    while !writer.is_done() {
        let mut piece = vec![0xaa; size];
        let count = writer.write(&mut piece).unwrap();
        assert!(count == size || writer.is_done(), "a slice is filled before the end");
        assert!(piece[count..].iter().all(|octet| *octet == 0xaa), "nothing is written behind");
        out.extend_from_slice(&piece[..count]);
    }
    assert_eq!(writer.write(&mut [0; 8]), Ok(0));
    String::from_utf8(out).unwrap()
}

fn assert_request(request: &Request<'_>, expected: &str) {
    for size in 1..=expected.len() + 1 {
        assert_eq!(write_in(request, size), expected, "in slices of {size}");
    }
}

fn url(text: &str) -> Url<'_> {
    Url::parse(text).unwrap()
}

#[test]
fn json() {
    let body = br#"{"grant_type":"client_credentials"}"#;
    assert_request(
        &Request::json(url("https://auth.example.com/oauth/token"), body),
        concat!(
            "POST /oauth/token HTTP/1.1\r\n",
            "Host: auth.example.com\r\n",
            "User-Agent: picopost/0.1.0\r\n",
            "Content-Type: application/json\r\n",
            "Connection: close\r\n",
            "Content-Length: 35\r\n",
            "\r\n",
            r#"{"grant_type":"client_credentials"}"#,
        ),
    );
}

#[test]
fn a_port_an_address_an_empty_path_and_an_empty_body() {
    assert_request(
        &Request::form(url("https://[::1]:8443?a=b#c"), b""),
        concat!(
            "POST /?a=b HTTP/1.1\r\n",
            "Host: [::1]:8443\r\n",
            "User-Agent: picopost/0.1.0\r\n",
            "Content-Type: application/x-www-form-urlencoded\r\n",
            "Connection: close\r\n",
            "Content-Length: 0\r\n",
            "\r\n",
        ),
    );
}

#[test]
fn the_callers_headers() {
    let headers = [
        Header::new("Authorization", "Bearer abc").unwrap(),
        Header::new("X-Empty", "").unwrap(),
        Header::new("Idempotency-Key", "7").unwrap(),
    ];
    let request =
        Request::post(url("https://a:443/b"), FieldValue::new("text/plain; charset=utf-8").unwrap(), b"hi")
            .with_headers(&headers)
            .with_user_agent(FieldValue::new("sensor/2").unwrap());
    assert_request(
        &request,
        concat!(
            "POST /b HTTP/1.1\r\n",
            "Host: a\r\n",
            "User-Agent: sensor/2\r\n",
            "Content-Type: text/plain; charset=utf-8\r\n",
            "Connection: close\r\n",
            "Content-Length: 2\r\n",
            "Authorization: Bearer abc\r\n",
            "X-Empty: \r\n",
            "Idempotency-Key: 7\r\n",
            "\r\n",
            "hi",
        ),
    );
}

#[test]
fn a_writer_without_space_waits() {
    let request = Request::json(url("https://a/"), b"{}");
    let mut writer = RequestWriter::new(&request);
    assert_eq!(writer.write(&mut []), Ok(0));
    assert!(!writer.is_done());
}

/// Promises so many octets, and gives the alphabet in pieces of at most so many.
struct Alphabet {
    promised: usize,
    has: usize,
    piece: usize,
    fails_at: Option<usize>,
    /// The highest position that it was asked for.
    asked: Cell<usize>,
}

impl Alphabet {
    fn new(promised: usize, has: usize) -> Self {
        Self { promised, has, piece: usize::MAX, fails_at: None, asked: Cell::new(0) }
    }
}

impl Source for Alphabet {
    fn length(&self) -> usize {
        self.promised
    }

    fn read(&self, position: usize, space: &mut [u8]) -> Result<usize, SourceFailed> {
        assert!(!space.is_empty());
        assert!(position <= self.promised, "asked for what was not promised");
        self.asked.set(self.asked.get().max(position));
        if self.fails_at.is_some_and(|at| at <= position) {
            return Err(SourceFailed);
        }
        let readable = self.fails_at.unwrap_or(usize::MAX).min(self.has);
        let octets = (b'a'..=b'z').cycle().take(readable).skip(position).take(self.piece);
        Ok(space.iter_mut().zip(octets).map(|(to, from)| *to = from).count())
    }
}

const STREAM_HEAD: &str = concat!(
    "POST / HTTP/1.1\r\n",
    "Host: a\r\n",
    "User-Agent: picopost/0.1.0\r\n",
    "Content-Type: application/json\r\n",
    "Connection: close\r\n",
    "Content-Length: ",
);

#[test]
fn content_from_a_source() {
    for piece in [usize::MAX, 1, 3] {
        let source = Alphabet { piece, ..Alphabet::new(26, 26) };
        let request = Request::stream(url("https://a/"), FieldValue::JSON, &source);
        assert_request(&request, &format!("{STREAM_HEAD}26\r\n\r\nabcdefghijklmnopqrstuvwxyz"));
        assert_eq!((request.content_length(), request.body()), (26, [].as_slice()));
        assert!(!format!("{request:?}").contains("abc"));
    }
    let empty = Alphabet::new(0, 0);
    assert_request(
        &Request::stream(url("https://a/"), FieldValue::JSON, &empty),
        &format!("{STREAM_HEAD}0\r\n\r\n"),
    );
}

/// Writes in slices of a size until an error, and returns it with what was written before.
fn write_until_error(request: &Request<'_>, size: usize) -> (Error, usize) {
    let mut writer = RequestWriter::new(request);
    let mut written = 0;
    loop {
        assert!(!writer.is_done());
        match writer.write(&mut vec![0; size]) {
            Ok(count) => {
                assert!(count > 0, "no progress");
                written += count;
            }
            Err(error) => {
                assert_eq!(writer.write(&mut [0; 8]), Err(error), "an error stays");
                assert!(!writer.is_done());
                return (error, written);
            }
        }
    }
}

#[test]
fn a_source_that_does_not_keep_its_promise_never_makes_a_whole_request() {
    let failing = |at| Alphabet { fails_at: Some(at), ..Alphabet::new(5, 5) };
    let table = [
        (Alphabet::new(5, 4), Error::ContentTooShort { promised: 5, given: 4 }),
        (Alphabet::new(5, 0), Error::ContentTooShort { promised: 5, given: 0 }),
        (Alphabet::new(5, 6), Error::ContentTooLong { promised: 5 }),
        (Alphabet::new(5, 500), Error::ContentTooLong { promised: 5 }),
        (Alphabet::new(0, 1), Error::ContentTooLong { promised: 0 }),
        (failing(0), Error::ContentUnreadable { position: 0 }),
        (failing(3), Error::ContentUnreadable { position: 3 }),
        // Even what is asked for only to see that it is not there.
        (failing(5), Error::ContentUnreadable { position: 5 }),
    ];
    for (mut source, expected) in table {
        for piece in [usize::MAX, 1] {
            source.piece = piece;
            let request = Request::stream(url("https://a/"), FieldValue::JSON, &source);
            let whole = STREAM_HEAD.len() + "5\r\n\r\n".len() + source.promised;
            for size in 1..=whole + 10 {
                let (error, written) = write_until_error(&request, size);
                assert_eq!(error, expected, "in slices of {size}");
                assert!(written < whole, "{written} of {whole} octets were sent in slices of {size}");
            }
        }
    }
}

#[test]
fn a_source_that_says_more_than_it_was_asked_for_is_refused() {
    struct Liar;
    impl Source for Liar {
        fn length(&self) -> usize {
            5
        }
        fn read(&self, _: usize, space: &mut [u8]) -> Result<usize, SourceFailed> {
            Ok(space.len() + 1)
        }
    }
    let request = Request::stream(url("https://a/"), FieldValue::JSON, &Liar);
    assert_eq!(write_until_error(&request, 500).0, Error::ContentUnreadable { position: 0 });
}

#[test]
fn content_is_held_back_until_the_server_wants_it() {
    let request = Request::json(url("https://a/"), b"{}").with_expect_continue();
    let head = format!("{STREAM_HEAD}2\r\nExpect: 100-continue\r\n\r\n");
    for size in 1..=head.len() + 3 {
        let mut writer = RequestWriter::new(&request);
        let mut out = Vec::new();
        while !writer.is_waiting() {
            assert!(!writer.is_done());
            let mut piece = vec![0; size];
            let count = writer.write(&mut piece).unwrap();
            out.extend_from_slice(&piece[..count]);
        }
        assert_eq!(String::from_utf8_lossy(&out), head);
        assert_eq!(writer.write(&mut [0; 8]), Ok(0));
        assert!(!writer.is_done());
        writer.proceed();
        assert!(!writer.is_waiting());
        assert_eq!(writer.write(&mut [0; 8]), Ok(2));
        assert!(writer.is_done());
    }
    // A source is not asked before its time.
    let source = Alphabet::new(5, 5);
    let request = Request::stream(url("https://a/"), FieldValue::JSON, &source).with_expect_continue();
    let mut writer = RequestWriter::new(&request);
    writer.write(&mut [0; 500]).unwrap();
    assert!(writer.is_waiting());
    writer.proceed();
    assert_eq!(source.asked.get(), 0);
    assert_eq!(writer.write(&mut [0; 500]), Ok(5));
    assert_eq!(source.asked.get(), 5);
}

#[test]
fn nothing_is_expected_of_a_request_without_content() {
    // RFC 9110 section 10.1.1: a client MUST NOT.
    let request = Request::json(url("https://a/"), b"").with_expect_continue();
    assert_request(&request, &format!("{STREAM_HEAD}0\r\n\r\n"));
    let mut writer = RequestWriter::new(&request);
    writer.write(&mut [0; 500]).unwrap();
    assert!(writer.is_done() && !writer.is_waiting());
}

#[test]
fn what_the_client_adds_has_its_place() {
    let headers = [Header::new("X-Public", "1").unwrap(), Header::new("cookie", "c").unwrap()];
    let private = [Header::new("X-Key", "2").unwrap()];
    let request = Request::json(url("https://a/x"), b"{}")
        .with_headers(&headers)
        .with_private_headers(&private)
        .with_authorization(FieldValue::new("Bearer t").unwrap())
        .with_idempotency_key(FieldValue::new("\"k\"").unwrap());
    let head = |target: &str, host: &str| {
        format!(
            "POST {target} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: picopost/0.1.0\r\n\
             Content-Type: application/json\r\nConnection: close\r\nContent-Length: 2\r\n"
        )
    };
    let credentials = "Authorization: Bearer t\r\nIdempotency-Key: \"k\"\r\n";
    let everything = format!("{credentials}X-Public: 1\r\ncookie: c\r\nX-Key: 2\r\n\r\n{{}}");
    assert_request(&request, &(head("/x", "a") + &everything));
    // RFC 6454 section 4: the same host, in any case, and the same port.
    let same = request.redirected(url("https://A:443/y"));
    assert!(!same.is_elsewhere());
    assert_request(&same, &(head("/y", "A") + &everything));
    for (other, target, host) in [("https://b/y", "/y", "b"), ("https://a:444/", "/", "a:444")] {
        let redirected = request.redirected(url(other));
        assert!(redirected.is_elsewhere());
        assert_request(&redirected, &(head(target, host) + "X-Public: 1\r\n\r\n{}"));
        // What is gone does not come back.
        let back = redirected.redirected(url("https://a/x"));
        assert!(back.is_elsewhere());
        assert_request(&back, &(head("/x", "a") + "X-Public: 1\r\n\r\n{}"));
        assert!(!back.has_header("Cookie") && back.has_header("x-public"));
    }
    for name in ["COOKIE", "x-key", "Authorization", "idempotency-key"] {
        assert!(request.has_header(name), "{name}");
    }
    assert!(!request.has_header("X-Other"));
}

#[test]
fn a_connection_that_is_to_be_kept() {
    let request = Request::json(url("https://a/"), b"{}");
    let mut writer = RequestWriter::new(&request);
    writer.keep_alive();
    let mut out = [0; 200];
    let count = writer.write(&mut out).unwrap();
    let text = std::str::from_utf8(&out[..count]).unwrap();
    // RFC 9112 section 9.3: HTTP/1.1 persists without a word.
    assert!(text.starts_with("POST / HTTP/1.1\r\nHost: a\r\n") && text.ends_with("\r\n\r\n{}"));
    assert!(!text.to_lowercase().contains("connection"));
    assert!(text.contains("Content-Length: 2\r\n"));
}
