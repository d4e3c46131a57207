use proptest::prelude::*;

use super::{Framing, MAX_BODY, MAX_CODED, MAX_HEAD, Progress, Reader};

/// Feeds a request in pieces of every size; all must give the same. Returns the last progress.
fn read(request: &[u8]) -> (Progress, Reader) {
    let mut whole = Reader::default();
    let progress = whole.add(request);
    for size in [1, 2, 3, 7] {
        let mut reader = Reader::default();
        let mut last = Progress::NeedsHead;
        for piece in request.chunks(size) {
            last = reader.add(piece);
            if matches!(last, Progress::Refused(_)) {
                break;
            }
        }
        assert_eq!(last, progress, "in pieces of {size}");
        assert_eq!(reader.body(), whole.body(), "in pieces of {size}");
    }
    (progress, whole)
}

fn refused(request: &[u8]) -> (u16, String) {
    match read(request).0 {
        Progress::Refused(refusal) => (refusal.status, refusal.finding.code.into_owned()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn content_length_frames_the_body() {
    let (progress, reader) = read(b"POST /a?b HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody\r\n");
    assert_eq!(progress, Progress::Complete);
    let head = reader.head().unwrap();
    assert_eq!((head.method.as_str(), head.path(), head.framing), ("POST", "/a", Framing::ContentLength(4)));
    assert_eq!((reader.body(), reader.extra()), (&b"body"[..], &b"\r\n"[..]));
    assert_eq!(reader.head_octets().len(), head.length);
}

#[test]
fn a_request_cut_at_any_octet_needs_more() {
    let request = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n4;x=y\r\nWiki\r\n5\r\npedia\r\n0\r\nA: b\r\n\r\n";
    assert_eq!(read(request).0, Progress::Complete);
    assert_eq!(read(request).1.body(), b"Wikipedia");
    for cut in 0..request.len() {
        let mut reader = Reader::default();
        let progress = reader.add(&request[..cut]);
        let expected = if reader.head().is_none() { Progress::NeedsHead } else { Progress::NeedsBody };
        assert_eq!(progress, expected, "cut at {cut}");
    }
}

#[test]
fn no_framing_means_no_body() {
    let (progress, reader) = read(b"POST / HTTP/1.1\r\nHost: x\r\n\r\n{}");
    assert_eq!(progress, Progress::Complete);
    assert_eq!((reader.body(), reader.extra()), (&b""[..], &b"{}"[..]));
}

#[test]
fn what_can_be_read_in_two_ways_is_refused() {
    let head = |fields: &str| format!("POST / HTTP/1.1\r\n{fields}\r\n\r\n").into_bytes();
    assert_eq!(
        refused(&head("Content-Length: 4\r\nContent-Length: 5")),
        (400, "content-length-twice".to_owned())
    );
    assert_eq!(refused(&head("Content-Length: +4")), (400, "malformed-content-length".to_owned()));
    assert_eq!(refused(&head("Content-Length: ")), (400, "malformed-content-length".to_owned()));
    assert_eq!(
        refused(&head("Content-Length: 4\r\nTransfer-Encoding: chunked")),
        (400, "length-and-chunked".to_owned())
    );
    assert_eq!(
        refused(&head("Transfer-Encoding: gzip, chunked")),
        (501, "unknown-transfer-coding".to_owned())
    );
    assert_eq!(read(&head("Content-Length: 0\r\nContent-Length: 0")).0, Progress::Complete);
}

#[test]
fn malformed_requests_are_refused() {
    assert_eq!(refused(b"POST / HTTP/1.1\r\nHost : x\r\n\r\n"), (400, "malformed-head".to_owned()));
    assert_eq!(refused(b"POST / HTTP/2.0\r\n\r\n"), (400, "malformed-head".to_owned()));
    let chunked =
        |body: &str| format!("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n{body}").into_bytes();
    assert_eq!(refused(&chunked("x\r\n")), (400, "malformed-chunk".to_owned()));
    assert_eq!(refused(&chunked("1\r\nab\r\n")), (400, "malformed-chunk".to_owned()));
    assert_eq!(refused(&chunked("fffffff\r\n")), (413, "body-too-long".to_owned()));
    // An empty chunk-size line is not the last chunk.
    assert_eq!(refused(&chunked("\r\n\r\n")), (400, "malformed-chunk".to_owned()));
    assert_eq!(refused(&chunked(";a=b\r\n\r\n")), (400, "malformed-chunk".to_owned()));
}

#[test]
fn memory_is_bounded() {
    let long = [b"POST / HTTP/1.1\r\nA: ".as_slice(), &vec![b'a'; MAX_HEAD]].concat();
    assert!(matches!(Reader::default().add(&long), Progress::Refused(refusal) if refusal.status == 431));
    let fields = "A: b\r\n".repeat(101);
    assert_eq!(
        refused(format!("GET / HTTP/1.1\r\n{fields}\r\n").as_bytes()),
        (431, "too-many-headers".to_owned())
    );
    let large = format!("POST / HTTP/1.1\r\nContent-Length: {}\r\n\r\n", MAX_BODY + 1);
    assert_eq!(refused(large.as_bytes()), (413, "body-too-long".to_owned()));
    // Chunks count together.
    let mut reader = Reader::default();
    reader.add(format!("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n{MAX_BODY:x}\r\n").as_bytes());
    assert_eq!(reader.add(&vec![b'a'; MAX_BODY]), Progress::NeedsBody);
    assert!(matches!(reader.add(b"\r\n1\r\n"), Progress::Refused(refusal) if refusal.status == 413));
}

/// A chunk's extensions are no content, and may be of any length.
#[test]
fn what_frames_the_content_is_bounded_and_not_kept() {
    let mut reader = Reader::default();
    reader.add(b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n");
    assert_eq!(reader.most(), MAX_BODY + MAX_HEAD);
    let chunk = format!("1;{}\r\na\r\n", "x".repeat(16 * 1024));
    let mut chunks = 0;
    let refusal = loop {
        match reader.add(chunk.as_bytes()) {
            Progress::Refused(refusal) => break refusal,
            _ => chunks += 1,
        }
        assert!(reader.received.capacity() < 4 * MAX_HEAD, "{}", reader.received.capacity());
        assert!(chunks * chunk.len() <= MAX_CODED);
    };
    assert_eq!((refusal.status, refusal.finding.code.as_ref()), (413, "body-too-long"));
    // All of 1 MiB in chunks of one octet is within it.
    let mut reader = Reader::default();
    reader.add(b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n");
    for _ in 0..MAX_BODY / 1024 {
        assert_eq!(reader.add("1\r\na\r\n".repeat(1024).as_bytes()), Progress::NeedsBody);
    }
    assert_eq!(reader.add(b"0\r\n\r\nextra"), Progress::Complete);
    assert_eq!((reader.body().len(), reader.extra()), (MAX_BODY, &b"extra"[..]));
}

proptest! {
    #[test]
    fn any_octets_are_read_without_panic(octets in proptest::collection::vec(any::<u8>(), 0..300)) {
        let head = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
        let text: Vec<u8> = octets.iter().map(|octet| b"\r\n: 09af;AZ\0{}\"/"[usize::from(octet % 16)]).collect();
        for request in [octets.clone(), text.clone(), [&head[..], &octets].concat(), [&head[..], &text].concat()] {
            let mut reader = Reader::default();
            for piece in request.chunks(7) {
                if matches!(reader.add(piece), Progress::Refused(_)) {
                    break;
                }
            }
            let kept = reader.head_octets().len() + reader.extra().len();
            prop_assert!(kept <= request.len() && reader.body().len() <= request.len());
        }
    }
}
