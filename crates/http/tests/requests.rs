//! Requests, octet for octet, however small the slices are that they are written into.

use picopost_http::{FieldValue, Header, Request, RequestWriter, Url};

fn write_in(request: &Request<'_>, size: usize) -> String {
    let mut writer = RequestWriter::new(request);
    let mut out = Vec::new();
    while !writer.is_done() {
        let mut piece = vec![0xaa; size];
        let count = writer.write(&mut piece);
        assert!(count == size || writer.is_done(), "a slice is filled before the end");
        assert!(piece[count..].iter().all(|octet| *octet == 0xaa), "nothing is written behind");
        out.extend_from_slice(&piece[..count]);
    }
    assert_eq!(writer.write(&mut [0; 8]), 0);
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
    assert_eq!(writer.write(&mut []), 0);
    assert!(!writer.is_done());
}
