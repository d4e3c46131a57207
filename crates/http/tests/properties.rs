//! What holds for every input: no panic, one reading however the octets are cut, and the
//! request that goes out is the one that a parser finds.

use picopost_http::{End, Error, FieldValue, Header, Request, RequestWriter, ResponseReader, Url};
use proptest::prelude::*;

type Outcome = Result<(u16, Vec<u8>), Error>;

fn read(pieces: &[&[u8]], room: usize) -> Outcome {
    let mut buffer = vec![0; room];
    let mut reader = ResponseReader::new(&mut buffer);
    for piece in pieces {
        reader.feed(piece)?;
    }
    reader.end(End::CloseNotify)?;
    let response = reader.finish()?;
    // The iterators must hold for whatever was accepted.
    assert!(response.headers().count() <= 64);
    Ok((response.status().0, response.body().to_vec()))
}

fn cut<'i>(input: &'i [u8], sizes: &[usize]) -> Vec<&'i [u8]> {
    let mut pieces = Vec::new();
    let mut rest = input;
    for size in sizes.iter().cycle() {
        let (piece, behind) = rest.split_at((*size).min(rest.len()));
        pieces.push(piece);
        rest = behind;
        if rest.is_empty() {
            break;
        }
    }
    pieces
}

/// Octets that are likely to matter: fragments of responses among noise.
fn noise() -> impl Strategy<Value = Vec<u8>> {
    let fragment = prop_oneof![
        4 => prop::sample::select(vec![
            "HTTP/1.1 200 OK\r\n", "HTTP/1.1 100 \r\n\r\n", "HTTP/1.0 404\n", "\r\n", "\n", "\r",
            "Content-Length: 3\r\n", "Content-Length: 3, 3\r\n", "Transfer-Encoding: chunked\r\n", "A: b\r\n", " c\r\n",
            "0\r\n\r\n", "3\r\nabc\r\n", "3;a=\"b\"\r\n", "ffff\r\n", "abc", "{}", ":", ";", "\"", "0", "",
        ]).prop_map(|text| text.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..8),
    ];
    prop::collection::vec(fragment, 0..12).prop_map(|fragments| fragments.concat())
}

proptest! {
    #[test]
    fn every_cut_gives_the_same_reading(
        input in noise(),
        starts_well in any::<bool>(),
        sizes in prop::collection::vec(1_usize..9, 1..5),
        room in 0_usize..200,
    ) {
        let input = if starts_well { [b"HTTP/1.1 200 OK\r\n".as_slice(), &input].concat() } else { input };
        prop_assert_eq!(read(&[&input], room), read(&cut(&input, &sizes), room));
    }

    #[test]
    fn every_body_comes_back_whatever_its_chunks(
        body in prop::collection::vec(any::<u8>(), 0..300),
        chunks in prop::collection::vec(1_usize..40, 1..5),
        sizes in prop::collection::vec(1_usize..50, 1..5),
        extension in "(;[a-z]{1,4}(=\"[ -!#-\\[\\]-~]{0,9}\")?)?",
    ) {
        let mut input = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
        for chunk in cut(&body, &chunks).into_iter().filter(|chunk| !chunk.is_empty()) {
            input.extend_from_slice(format!("{:X}{extension}\r\n", chunk.len()).as_bytes());
            input.extend_from_slice(chunk);
            input.extend_from_slice(b"\r\n");
        }
        input.extend_from_slice(b"0\r\n\r\n");
        prop_assert_eq!(read(&cut(&input, &sizes), 400), Ok((200, body)));
    }

    #[test]
    fn every_request_is_one_request(
        path in "(/[a-zA-Z0-9._~%-]{0,8}){0,3}",
        name in "[!#$%&'*+.^_`|~0-9A-Za-z-]{1,12}",
        value in "[ -~\t\r\n\0]{0,20}",
        body in prop::collection::vec(any::<u8>(), 0..100),
        size in 1_usize..64,
    ) {
        let text = format!("https://example.com{path}");
        let Ok(url) = Url::parse(&text) else { return Ok(()) };
        let Ok(header) = Header::new(&name, &value) else { return Ok(()) };
        let headers = [header];
        let request = Request::post(url, FieldValue::JSON, &body).with_headers(&headers);
        let mut writer = RequestWriter::new(&request);
        let mut octets = Vec::new();
        while !writer.is_done() {
            let mut piece = vec![0; size];
            let count = writer.write(&mut piece).unwrap();
            octets.extend_from_slice(&piece[..count]);
        }

        let mut parsed_headers = [httparse::EMPTY_HEADER; 16];
        let mut parsed = httparse::Request::new(&mut parsed_headers);
        let head = parsed.parse(&octets).unwrap().unwrap();
        prop_assert_eq!(parsed.path, Some(if path.is_empty() { "/" } else { path.as_str() }));
        prop_assert_eq!(parsed.headers.len(), 6);
        prop_assert_eq!((parsed.headers[5].name, parsed.headers[5].value), (name.as_str(), value.as_bytes()));
        prop_assert_eq!(parsed.headers[4].value.to_vec(), body.len().to_string().into_bytes());
        prop_assert_eq!(&octets[head..], &body[..]);
    }

    #[test]
    fn urls_never_panic(text in "(https://)?[ -~é\r\n]{0,30}") {
        if let Ok(url) = Url::parse(&text) {
            prop_assert!(!url.authority().host().is_empty());
            prop_assert!(url.target().pieces().concat().starts_with('/'));
        }
    }
}
