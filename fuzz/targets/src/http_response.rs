//! Responses.

use picopost_http::{End, Error, ResponseReader};

use crate::input::{Input, cut};

/// The input is the size of the buffer, how the connection ends, the sizes of the pieces, and the
/// server's octets. Whole, octet by octet and in these pieces they are read as the same response, or
/// refused for the same reason. What is accepted is framed in one way only (RFC 9112 §6.3).
pub fn http_response(input: &[u8]) {
    let mut input = Input::new(input);
    let room = 4096 - input.below(4097);
    let end = if input.flag() { End::Truncated } else { End::CloseNotify };
    let sizes = input.octets();
    let octets = input.rest();

    let whole = read(&[octets], room, end);
    assert_eq!(whole, read(&cut(octets, &[1]), room, end), "octet by octet, {room} octets of room");
    assert_eq!(whole, read(&cut(octets, sizes), room, end), "pieces of {sizes:?}, {room} octets of room");
    match whole {
        Ok(response) => response.check(octets, room, end),
        Err(error) => assert!(error.code() != 0 && !error.to_string().is_empty()),
    }
}

#[derive(Debug, PartialEq)]
struct Response {
    status: u16,
    headers: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
    /// Octets that belong to the response.
    length: usize,
}

fn read(pieces: &[&[u8]], room: usize, end: End) -> Result<Response, Error> {
    let mut buffer = vec![0; room];
    let mut reader = ResponseReader::new(&mut buffer);
    let mut length = 0;
    for piece in pieces {
        match reader.feed(piece) {
            Ok(taken) => {
                assert!(taken == piece.len() || reader.is_done(), "octets are left for no reason");
                length += taken;
            }
            Err(error) => {
                assert_eq!(reader.feed(piece), Err(error), "an error stays");
                assert_eq!(reader.end(end), Err(error), "an error stays");
                return Err(error);
            }
        }
    }
    reader.end(end)?;
    assert!(reader.is_done());
    let response = reader.finish()?;
    let headers = response.headers().map(|(name, value)| (name.to_owned(), value.to_vec())).collect();
    Ok(Response { status: response.status().0, headers, body: response.body().to_vec(), length })
}

impl Response {
    fn values(&self, name: &str) -> Vec<&[u8]> {
        let named = self.headers.iter().filter(|(found, _)| found.eq_ignore_ascii_case(name));
        named.map(|(_, value)| &value[..]).collect()
    }

    fn check(&self, octets: &[u8], room: usize, end: End) {
        assert!((200..600).contains(&self.status), "{self:?}");
        assert!(self.body.len() <= room && self.headers.len() <= picopost_http::MAX_HEADERS, "{self:?}");
        let (lengths, codings) = (self.values("content-length"), self.values("transfer-encoding"));
        // RFC 9112 §6.3: one of the two, and where there is neither, the connection's end delimits.
        let has_content = !matches!(self.status, 204 | 304);
        match (&lengths[..], &codings[..]) {
            ([], []) if has_content => {
                assert_eq!(end, End::CloseNotify, "cut off: {self:?}");
                assert_eq!(self.length, octets.len(), "{self:?}");
                assert!(octets.ends_with(&self.body), "{self:?}");
            }
            ([length, ..], []) if has_content => {
                let length = std::str::from_utf8(length).expect("digits");
                let length = length.split(',').next().unwrap_or_default().trim();
                assert_eq!(length.parse(), Ok(self.body.len()), "{self:?}");
                assert!(octets[..self.length].ends_with(&self.body), "{self:?}");
            }
            ([], [_, ..]) if has_content => {
                let body = dechunk(octets, self.length);
                assert_eq!(body.as_ref(), Some(&self.body), "{self:?}");
            }
            ([_, ..], [_, ..]) if has_content => panic!("two framings, one believed: {self:?}"),
            _ => assert_eq!(self.body, b"", "{self:?}"),
        }
    }
}

/// Chunks, read in the plainest way: the head of the final response ends somewhere, and from there on
/// there are chunks up to the end of the response. Extensions and trailers are passed over.
fn dechunk(octets: &[u8], length: usize) -> Option<Vec<u8>> {
    let response = &octets[..length];
    let ends =
        (0..length).filter(|at| response[..*at].ends_with(b"\n\r\n") || response[..*at].ends_with(b"\n\n"));
    ends.into_iter().find_map(|at| chunks(&response[at..]))
}

fn chunks(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let (line, behind) = rest.split_at_checked(rest.iter().position(|octet| *octet == b'\n')? + 1)?;
        let digits = line.iter().take_while(|octet| octet.is_ascii_hexdigit()).count();
        let digits = std::str::from_utf8(&line[..digits]).ok()?;
        let size = usize::from_str_radix(digits, 16).ok()?;
        if size == 0 {
            return (behind == b"\r\n" || behind.ends_with(b"\r\n\r\n")).then_some(body);
        }
        let (content, behind) = behind.split_at_checked(size)?;
        body.extend(content);
        rest = behind.strip_prefix(b"\r\n")?;
    }
}
