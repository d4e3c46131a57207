//! Responses good and bad, each read whole, octet by octet, split in two at every octet, cut at
//! every octet, and with octets behind it.

use picopost_http::{End, Error, ResponseReader, StatusCode};

/// What a response must be read as.
struct Good {
    status: u16,
    body: &'static [u8],
}

const ROOM: usize = 512;

/// Reads `input` in these pieces and then lets the connection end. Returns status and body, and
/// how many octets were taken.
fn read<'i>(
    pieces: impl IntoIterator<Item = &'i [u8]>,
    end: End,
    room: usize,
) -> (Result<(u16, Vec<u8>), Error>, usize) {
    let mut buffer = vec![0; room];
    let mut reader = ResponseReader::new(&mut buffer);
    let mut taken = 0;
    for piece in pieces {
        match reader.feed(piece) {
            Ok(count) => taken += count,
            Err(error) => {
                assert_eq!(reader.feed(b"x"), Err(error), "failure is sticky");
                assert_eq!(reader.end(End::CloseNotify), Err(error), "failure is sticky");
                assert!(!reader.is_done());
                return (Err(error), taken);
            }
        }
    }
    let outcome = reader.end(end).and_then(|()| reader.finish()).map(|response| {
        assert_eq!(response.success().is_ok(), (200..300).contains(&response.status().0));
        (response.status().0, response.body().to_vec())
    });
    (outcome, taken)
}

/// The same input in every way that it can be cut into pieces of interest.
fn every_way(input: &[u8], mut check: impl FnMut(&str, Vec<&[u8]>)) {
    check("whole", vec![input]);
    check("octet by octet", input.chunks(1).collect());
    check("in threes", input.chunks(3).collect());
    for cut in 0..=input.len() {
        let (front, back) = input.split_at(cut);
        check(&format!("split at {cut}"), vec![front, b"", back]);
    }
}

/// A response that frames itself: complete at its last octet, and not before.
fn assert_self_delimited(input: &[u8], good: &Good) {
    let expected = Ok((good.status, good.body.to_vec()));
    let shown = input.escape_ascii().to_string();
    for end in [End::CloseNotify, End::Truncated] {
        every_way(input, |way, pieces| {
            let (outcome, taken) = read(pieces, end, ROOM);
            assert_eq!(outcome, expected, "{shown}, {way}, {end}");
            assert_eq!(taken, input.len(), "{shown}, {way}");
        });
        for cut in 0..input.len() {
            let (outcome, _) = read([&input[..cut]], end, ROOM);
            let error = outcome.expect_err(&shown);
            let (Error::NoResponse { end: found }
            | Error::HeadTruncated { end: found, .. }
            | Error::BodyTruncated { end: found, .. }) = error
            else {
                panic!("{shown} cut at {cut}: {error}")
            };
            assert_eq!(found, end);
        }
    }
    let mut trailing = input.to_vec();
    trailing.extend_from_slice(b"HTTP/1.1 500 Smuggled\r\n\r\n");
    every_way(&trailing, |way, pieces| {
        let (outcome, taken) = read(pieces, End::Truncated, ROOM);
        assert_eq!((outcome, taken), (expected.clone(), input.len()), "{shown} with trailing data, {way}");
    });
}

/// A response that only the connection's end delimits: close_notify completes it from the end of
/// its head on, a cut never does.
fn assert_close_delimited(head: &[u8], good: &Good) {
    let input = [head, good.body].concat();
    let shown = input.escape_ascii().to_string();
    every_way(&input, |way, pieces| {
        let (outcome, taken) = read(pieces.clone(), End::CloseNotify, ROOM);
        assert_eq!((outcome, taken), (Ok((good.status, good.body.to_vec())), input.len()), "{shown}, {way}");
        let truncated = Error::BodyTruncated {
            received: good.body.len().try_into().unwrap(),
            expected: None,
            end: End::Truncated,
        };
        assert_eq!(read(pieces, End::Truncated, ROOM).0, Err(truncated), "{shown}, {way}");
    });
    for cut in 0..input.len() {
        let (outcome, _) = read([&input[..cut]], End::CloseNotify, ROOM);
        assert_eq!(outcome.is_ok(), cut >= head.len(), "{shown} cut at {cut}");
    }
}

fn assert_bad(input: &[u8], expected: Error) {
    let shown = input.escape_ascii().to_string();
    every_way(input, |way, pieces| {
        for end in [End::CloseNotify, End::Truncated] {
            assert_eq!(read(pieces.clone(), end, ROOM).0, Err(expected), "{shown}, {way}");
        }
    });
}

#[test]
fn responses_that_frame_themselves() {
    let table: [(&[u8], u16, &[u8]); 25] = [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", 200, b"{}"),
        (b"HTTP/1.1 200 OK\r\ncontent-length:2\r\n\r\n{}", 200, b"{}"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: \t2 \t\r\n\r\n{}", 200, b"{}"),
        (b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n", 201, b""),
        (b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\nConnection: close\r\n\r\nno\n", 413, b"no\n"),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx", 200, b"x"),
        // No reason phrase, with and without its space.
        (b"HTTP/1.1 200 \r\nContent-Length: 1\r\n\r\nx", 200, b"x"),
        (b"HTTP/1.1 200\r\nContent-Length: 1\r\n\r\nx", 200, b"x"),
        // RFC 9112 section 2.2: LF alone may end a line of the head.
        (b"HTTP/1.1 200 OK\nContent-Length: 1\n\nx", 200, b"x"),
        // RFC 9112 section 6.3, 5: identical values are one.
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1, 1\r\n\r\nx", 200, b"x"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 01\r\n\r\nx", 200, b"x"),
        // RFC 9112 section 6.3, 1: no content, whatever the headers say.
        (b"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n", 204, b""),
        (b"HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n", 304, b""),
        (b"HTTP/1.1 204 No Content\r\n\r\n", 204, b""),
        // Interim responses are skipped.
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx", 200, b"x"),
        (b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\nContent-Length: 9\r\n\r\nHTTP/1.1 100 \r\n\r\nHTTP/1.1 204 \r\n\r\n", 204, b""),
        // Chunked.
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", 200, b"{}"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: , Chunked ,\r\n\r\n1\r\na\r\n01\r\nb\r\n000\r\n\r\n", 200, b"ab"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nA\r\n0123456789\r\na\r\n0123456789\r\n0\r\n\r\n", 200, b"01234567890123456789"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n\r\n\r\n0\r\n\r\n", 200, b"\r\n"),
        // Extensions: bare, with a token, with a quoted string that holds `;`, `\"` and more.
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;a\r\nx\r\n1;a=b;c\r\ny\r\n0;d\r\n\r\n", 200, b"xy"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1 ; a = \"5;\\\"=\\\\\" ; b\t=c\r\nx\r\n0\r\n\r\n", 200, b"x"),
        // White space at the end of a size line, seen in the field.
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1  \r\nx\r\n0 \r\n\r\n", 200, b"x"),
        // Trailers.
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nDigest: abc\r\nX:\r\n\r\n", 200, b"x"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nContent-Length: 5\r\n\r\n", 200, b""),
    ];
    for (input, status, body) in table {
        assert_self_delimited(input, &Good { status, body });
    }
}

#[test]
fn responses_that_end_with_the_connection() {
    let table: [(&[u8], u16, &[u8]); 4] = [
        (b"HTTP/1.1 200 OK\r\n\r\n", 200, b"all of it"),
        (b"HTTP/1.0 404 Not Found\r\nContent-Type: text/plain\r\n\r\n", 404, b"nothing here"),
        (b"HTTP/1.1 200 OK\r\n\r\n", 200, b""),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", 200, b"HTTP/1.1 200 OK\r\n\r\n"),
    ];
    for (head, status, body) in table {
        assert_close_delimited(head, &Good { status, body });
    }
}

#[test]
fn heads_that_are_refused() {
    let not_http = |octet, position| Error::NotHttp { octet, position };
    let table: [(&[u8], Error); 35] = [
        (b"SSH-2.0-OpenSSH_9.2\r\n", not_http(b'S', 0)),
        (b"\r\nHTTP/1.1 200 OK\r\n\r\n", not_http(b'\r', 0)),
        (b"HTTP/2 200\r\n\r\n", not_http(b'2', 5)),
        (b"http/1.1 200 OK\r\n\r\n", not_http(b'h', 0)),
        (b"<html>", not_http(b'<', 0)),
        (b"HTTP/1.2 200 OK\r\n\r\n", Error::StatusLine),
        (b"HTTP/1.1  200 OK\r\n\r\n", Error::StatusLine),
        (b"HTTP/1.1 20 OK\r\n\r\n", Error::StatusLine),
        (b"HTTP/1.1 2000 OK\r\n\r\n", Error::StatusLine),
        (b"HTTP/1.1 099 Low\r\n\r\n", Error::StatusLine),
        (b"HTTP/1.1 600 High\r\n\r\n", Error::StatusLine),
        (b"HTTP/1.1 -20 OK\r\n\r\n", Error::StatusLine),
        (b"HTTP/1.1 200 O\0K\r\n\r\n", Error::StatusLine),
        (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n", Error::SwitchingProtocols),
        (b"HTTP/1.1 200 OK\r\nA : b\r\n\r\n", Error::HeaderName),
        (b"HTTP/1.1 200 OK\r\nA\r\n\r\n", Error::HeaderName),
        (b"HTTP/1.1 200 OK\r\n: b\r\n\r\n", Error::HeaderName),
        // obs-fold, RFC 9112 section 5.2.
        (b"HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n", Error::HeaderName),
        (b"HTTP/1.1 200 OK\r\n A: b\r\n\r\n", Error::HeaderName),
        (b"HTTP/1.1 200 OK\r\nA: b\0\r\n\r\n", Error::HeaderValue),
        (b"HTTP/1.1 200 OK\r\nA: b\rc\r\n\r\n", Error::HeaderValue),
        (b"HTTP/1.1 200 OK\r\n\rA: b\r\n\r\n", Error::HeadLineEnd),
        (b"HTTP/1.1 200 OK\r\nContent-Length: \r\n\r\n", Error::ContentLength),
        (b"HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\n", Error::ContentLength),
        (b"HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\n", Error::ContentLength),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0x2\r\n\r\n", Error::ContentLength),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2 2\r\n\r\n", Error::ContentLength),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2,\r\n\r\n", Error::ContentLength),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551616\r\n\r\n", Error::ContentLength),
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: 2, 3\r\n\r\n",
            Error::ContentLengthConflict { first: 2, second: 3 },
        ),
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nA: b\r\nContent-Length: 3\r\n\r\n",
            Error::ContentLengthConflict { first: 2, second: 3 },
        ),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n", Error::TwoFramings),
        (b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", Error::TransferEncodingInHttp10),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", Error::TransferCoding),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n\r\n", Error::TransferCoding),
    ];
    for (input, error) in table {
        assert_bad(input, error);
    }
    for coding in ["chunked, chunked", "chunked\r\nTransfer-Encoding: chunked", "chunked;a=b", "xchunked", ""]
    {
        let input = format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: {coding}\r\n\r\n");
        assert_bad(input.as_bytes(), Error::TransferCoding);
    }
}

#[test]
fn chunks_that_are_refused() {
    let size = |octet| Error::ChunkSize { octet };
    let end = |octet| Error::ChunkEnd { octet };
    let trailer = |octet| Error::Trailer { octet };
    let table: [(&str, Error); 28] = [
        // `1*HEXDIG`: an empty line is not the last chunk.
        ("\r\n", size(b'\r')),
        ("1\r\nx\r\n\r\n", size(b'\r')),
        (";a\r\n", size(b';')),
        (" 1\r\nx\r\n", size(b' ')),
        ("+1\r\nx\r\n", size(b'+')),
        ("0x1\r\nx\r\n", size(b'x')),
        ("g\r\n", size(b'g')),
        ("1\nx\r\n", size(b'\n')),
        ("1\rx", size(b'x')),
        ("1 2\r\n", size(b'2')),
        ("1;a b\r\n", size(b'b')),
        ("1;\r\n", size(b'\r')),
        ("1;a=\r\n", size(b'\r')),
        ("1;a=\"b\r\n", size(b'\r')),
        ("1;a=\"b\"c\r\n", size(b'c')),
        ("1;a\n", size(b'\n')),
        ("1;a=b=c\r\n", size(b'=')),
        ("00000000000000001\r\n", Error::ChunkSizeTooLong { maximum: 16 }),
        ("1\r\nxy\r\n", end(b'y')),
        ("1\r\nx\n", end(b'\n')),
        ("1\r\nx\ry", end(b'y')),
        ("0\r\nA\r\n\r\n", trailer(b'\r')),
        ("0\r\nA : b\r\n\r\n", trailer(b' ')),
        ("0\r\n A: b\r\n\r\n", trailer(b' ')),
        ("0\r\n:b\r\n\r\n", trailer(b':')),
        ("0\r\nA: b\n\r\n", trailer(b'\n')),
        ("0\r\nA: \0\r\n\r\n", trailer(0)),
        ("0\r\n\n", trailer(b'\n')),
    ];
    for (chunks, error) in table {
        assert_bad(
            format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}").as_bytes(),
            error,
        );
    }
}

#[test]
fn nothing_grows_behind_the_end() {
    let mut buffer = [0; ROOM];
    let mut reader = ResponseReader::new(&mut buffer);
    reader.feed(b"HTTP/1.1 200 OK\r\n\r\nabc").unwrap();
    reader.end(End::CloseNotify).unwrap();
    assert_eq!(reader.feed(b"more"), Ok(0));
    assert_eq!(reader.finish().unwrap().body(), b"abc");
}

#[test]
fn extensions_and_trailers_are_bounded() {
    const HEAD: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    // `;` and CR frame the extension: `;` is counted with the size.
    let extension = |length| format!("{HEAD}1;{}\r\nx\r\n0\r\n\r\n", "a".repeat(length));
    let read_all = |text: &str| read([text.as_bytes()], End::CloseNotify, ROOM).0;
    assert!(read_all(&extension(255)).is_ok());
    assert_eq!(read_all(&extension(256)), Err(Error::ChunkExtensionTooLong { maximum: 256 }));
    // The bound is each chunk's own.
    assert!(
        read_all(&format!("{HEAD}{}0\r\n\r\n", format!("1;{}\r\nx\r\n", "a".repeat(200)).repeat(20))).is_ok()
    );

    let trailers = |count| format!("{HEAD}0\r\n{}\r\n", "A: 567890\r\n".repeat(count));
    assert!(read_all(&trailers(4094 / 11)).is_ok());
    assert_eq!(read_all(&trailers(4096 / 11 + 1)), Err(Error::TrailerTooLong { maximum: 4096 }));
    // To the octet: with the line end that ends the section, this is 4,096 of them.
    let trailer = |length| format!("{HEAD}0\r\nA: {}\r\n\r\n", "x".repeat(length));
    assert!(read_all(&trailer(4089)).is_ok());
    assert_eq!(read_all(&trailer(4090)), Err(Error::TrailerTooLong { maximum: 4096 }));
    // What stands behind the last chunk's size does not count for the trailers.
    assert!(read_all(&trailers(4094 / 11).replace("\r\n0\r\n", "\r\n0;extension\r\n")).is_ok());
}

#[test]
fn a_response_must_fit_the_buffer() {
    let head = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n";
    let response = [head.as_slice(), b"0123456789"].concat();
    every_way(&response, |way, pieces| {
        for room in 0..response.len() {
            let expected = if room < head.len() {
                Error::HeadTooLarge { capacity: room }
            } else {
                Error::BodyTooLarge { size: 10, capacity: room - head.len() }
            };
            assert_eq!(read(pieces.clone(), End::CloseNotify, room).0, Err(expected), "{way}, room {room}");
        }
        assert!(read(pieces, End::CloseNotify, response.len()).0.is_ok(), "{way}");
    });

    let huge = b"HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551615\r\n\r\n";
    let expected = Error::BodyTooLarge { size: u64::MAX, capacity: 512 - huge.len() };
    assert_eq!(read([huge.as_slice()], End::CloseNotify, 512).0, Err(expected));

    let head = b"HTTP/1.1 200 OK\r\n\r\n";
    let response = [head.as_slice(), b"0123456789"].concat();
    every_way(&response, |way, pieces| {
        let expected = Error::BodyTooLarge { size: 10, capacity: 9 };
        assert_eq!(read(pieces, End::CloseNotify, response.len() - 1).0, Err(expected), "{way}");
    });

    // What a chunk announces counts with what came before it.
    let head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    let response = [head.as_slice(), b"4\r\n0123\r\n6\r\n456789\r\n0\r\n\r\n"].concat();
    every_way(&response, |way, pieces| {
        let expected = Error::BodyTooLarge { size: 10, capacity: 9 };
        assert_eq!(read(pieces.clone(), End::CloseNotify, head.len() + 9).0, Err(expected), "{way}");
        assert!(read(pieces, End::CloseNotify, head.len() + 10).0.is_ok(), "{way}");
    });
    let largest = [head.as_slice(), b"1\r\nx\r\nffffffffffffffff\r\n"].concat();
    let expected = Error::BodyTooLarge { size: u64::MAX, capacity: 512 - head.len() };
    assert_eq!(read([largest.as_slice()], End::CloseNotify, 512).0, Err(expected));
}

#[test]
fn headers_are_limited_and_interim_responses_too() {
    let with_headers = |count| format!("HTTP/1.1 204 \r\n{}\r\n", "A:b\r\n".repeat(count));
    assert!(read([with_headers(64).as_bytes()], End::Truncated, ROOM).0.is_ok());
    assert_bad(with_headers(65).as_bytes(), Error::TooManyHeaders { maximum: 64 });

    let with_interims = |count| format!("{}HTTP/1.1 204 \r\n\r\n", "HTTP/1.1 100 \r\n\r\n".repeat(count));
    assert!(read([with_interims(8).as_bytes()], End::Truncated, ROOM).0.is_ok());
    assert_bad(with_interims(9).as_bytes(), Error::TooManyInterimResponses { maximum: 8 });
}

#[test]
fn an_end_before_the_response_is_told_from_one_within_it() {
    for end in [End::CloseNotify, End::Truncated] {
        assert_eq!(read([], end, ROOM).0, Err(Error::NoResponse { end }));
        assert_eq!(read([b"HTTP".as_slice()], end, ROOM).0, Err(Error::HeadTruncated { received: 4, end }));
        // An interim response is an answer, if not the last one.
        let interim = b"HTTP/1.1 100 Continue\r\n\r\n".as_slice();
        assert_eq!(read([interim], end, ROOM).0, Err(Error::HeadTruncated { received: 0, end }));
        let within = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n01234";
        let expected = Error::BodyTruncated { received: 5, expected: Some(10), end };
        assert_eq!(read([within.as_slice()], end, ROOM).0, Err(expected));
    }
}

#[test]
fn a_response_shows_its_head() {
    let mut buffer = [0; ROOM];
    let mut reader = ResponseReader::new(&mut buffer);
    let input = b"HTTP/1.1 308 Permanent Redirect\r\nLocation: \t/there \r\nX-Empty:\r\nServer: caf\xe9\r\nlocation: b\r\nContent-Length: 1\r\n\r\nx";
    assert_eq!(reader.feed(input), Ok(input.len()));
    let response = reader.finish().unwrap();
    assert_eq!(response.status(), StatusCode(308));
    assert_eq!(response.status_line(), b"HTTP/1.1 308 Permanent Redirect");
    assert_eq!(
        response.headers().collect::<Vec<_>>(),
        [
            ("Location", b"/there".as_slice()),
            ("X-Empty", b""),
            ("Server", b"caf\xe9"),
            ("location", b"b"),
            ("Content-Length", b"1"),
        ]
    );
    assert_eq!(response.header("LOCATION"), Some(b"/there".as_slice()));
    assert_eq!(response.header("Location "), None);
    let error = response.success().unwrap_err();
    assert_eq!(error, Error::Status { status: StatusCode(308) });
    assert_eq!(error.code(), 5308);
}

#[test]
fn a_continue_is_told_from_other_interim_responses() {
    let mut buffer = [0; ROOM];
    let mut reader = ResponseReader::new(&mut buffer);
    reader.feed(b"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 100 Continue\r\n\r").unwrap();
    assert!(!reader.has_continue());
    reader.feed(b"\n").unwrap();
    assert!(reader.has_continue() && !reader.has_head());
    reader.feed(b"HTTP/1.1 204 \r\n\r\n").unwrap();
    assert!(reader.has_continue() && reader.is_done());
}

#[test]
fn a_response_cannot_be_had_early() {
    let mut buffer = [0; ROOM];
    let mut reader = ResponseReader::new(&mut buffer);
    reader.feed(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nx").unwrap();
    assert!(reader.has_head() && !reader.is_done());
    assert_eq!(reader.finish().unwrap_err(), Error::Incomplete);
}

/// A buffer that was let go of in between holds the response all the same.
#[test]
fn an_extent_finds_its_response_again() {
    let mut buffer = [0; 64];
    let mut reader = ResponseReader::new(&mut buffer);
    reader.feed(b"HTTP/1.1 201 Created\r\nContent-Length: 3\r\n\r\nyes").unwrap();
    let extent = reader.finish().unwrap().extent();
    assert_eq!(extent.status().0, 201);
    let response = extent.response(&buffer).unwrap();
    assert_eq!((response.status().0, response.body()), (201, &b"yes"[..]));
    assert_eq!(response.header("content-length"), Some(&b"3"[..]));
    assert!(extent.response(&buffer[..45]).is_none());
}
