//! What a reader shows of itself before the response is whole, and what nothing ever shows.

use picopost_http::{Error, FieldValue, Header, Request, RequestWriter, ResponseReader, StatusCode, Url};

#[test]
fn no_debug_output_holds_a_secret() {
    let headers = [Header::new("Authorization", "Bearer s3cret").unwrap()];
    let url = Url::parse("https://a.example/?key=s3cret").unwrap();
    let request = Request::post(url, FieldValue::JSON, b"s3cret").with_headers(&headers);
    let mut writer = RequestWriter::new(&request);
    writer.write(&mut [0; 40]).unwrap();

    let mut buffer = *b"s3cret from the exchange before this one, and room for this response";
    let mut reader = ResponseReader::new(&mut buffer);
    reader.feed(b"HTTP/1.1 200 OK\r\nA: s3cret\r\nContent-Length: 6\r\n\r\ns3cre").unwrap();
    let half_read = format!("{reader:?}");
    reader.feed(b"t").unwrap();
    let response = reader.finish().unwrap();

    for shown in [
        format!("{:?}", headers[0].value),
        format!("{:?}", headers[0]),
        format!("{request:?}"),
        format!("{writer:?}"),
        half_read,
        format!("{response:?}"),
        format!("{:?}", response.headers()),
    ] {
        assert!(!shown.contains("s3cret"), "{shown}");
        // Octets in a list: `s3c`.
        assert!(!shown.contains("115, 51, 99"), "{shown}");
    }
    // What helps is there.
    assert!(format!("{request:?}").contains("a.example"));
    assert!(format!("{request:?}").contains("Authorization"));
    assert!(format!("{response:?}").contains("StatusCode(200)"));
    assert_eq!(format!("{:?}", response.headers()), r#"["A", "Content-Length"]"#);
}

#[test]
fn the_status_is_known_though_the_body_does_not_fit() {
    let mut buffer = [0; 64];
    let mut reader = ResponseReader::new(&mut buffer);
    reader.feed(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 403 Forbidden\r\n").unwrap();
    assert_eq!(reader.status(), None);
    let error = reader.feed(b"Content-Length: 7000\r\n\r\n<html>").unwrap_err();
    assert_eq!(error, Error::BodyTooLarge { size: 7000, capacity: 64 - 48 });
    assert_eq!(reader.status(), Some(StatusCode(403)));
}
