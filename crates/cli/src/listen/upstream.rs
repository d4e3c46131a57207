//! Reading the answer of the service that a request was passed on to (RFC 9112 §6.3).

use httparse::Status;

use super::http::MAX_BODY;

/// A whole answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Received {
    pub(super) status: u16,
    pub(super) reason: String,
    pub(super) fields: Vec<(String, Vec<u8>)>,
    /// As received, with the empty line.
    pub(super) head: Vec<u8>,
    /// Chunks decoded.
    pub(super) body: Vec<u8>,
}

const MAX_FIELDS: usize = 100;

/// Reads what has come so far in answer to a request with this method; none while it is not whole.
/// `ended` says that nothing more will come, with the service's word for it (close_notify).
///
/// # Errors
/// Half a sentence: it cannot become an answer.
pub(super) fn parse(octets: &[u8], method: &str, ended: bool) -> Result<Option<Received>, String> {
    let mut rest = octets;
    loop {
        let mut fields = [httparse::EMPTY_HEADER; MAX_FIELDS];
        let mut response = httparse::Response::new(&mut fields);
        let length = match response.parse(rest) {
            Ok(Status::Complete(length)) => length,
            Ok(Status::Partial) if ended => return Err("it ends within its head".to_owned()),
            Ok(Status::Partial) => return Ok(None),
            Err(error) => return Err(format!("its head cannot be parsed: {error}")),
        };
        let (head, after) = rest.split_at_checked(length).unwrap_or((rest, &[]));
        let status = response.code.unwrap_or_default();
        // Interim answers come before the one that counts (RFC 9110 §15.2).
        if status == 101 {
            return Err("it switches to another protocol, and nobody asked for one".to_owned());
        }
        if (100..200).contains(&status) {
            rest = after;
            continue;
        }
        let mut received = Received {
            status,
            reason: response.reason.unwrap_or_default().to_owned(),
            fields: response
                .headers
                .iter()
                .map(|field| (field.name.to_owned(), field.value.to_vec()))
                .collect(),
            head: head.to_vec(),
            body: Vec::new(),
        };
        let body = body(&received, after, method, ended)?;
        return Ok(body.map(|body| {
            received.body = body;
            received
        }));
    }
}

fn body(received: &Received, after: &[u8], method: &str, ended: bool) -> Result<Option<Vec<u8>>, String> {
    let values = |name: &str| {
        let fields = received.fields.iter().filter(move |(field, _)| field.eq_ignore_ascii_case(name));
        fields.map(|(_, value)| value.as_slice()).collect::<Vec<_>>()
    };
    if method == "HEAD" || matches!(received.status, 204 | 304) {
        return Ok(Some(Vec::new()));
    }
    let whole = match (values("transfer-encoding").as_slice(), values("content-length").as_slice()) {
        ([coding], _) if coding.eq_ignore_ascii_case(b"chunked") => chunks(after)?,
        ([_, ..], _) => return Err("a transfer coding that is not `chunked`".to_owned()),
        ([], [length, others @ ..]) => {
            let number = std::str::from_utf8(length).ok().and_then(|text| text.parse::<usize>().ok());
            match number.filter(|_| others.iter().all(|other| other == length)) {
                Some(length) if length > MAX_BODY => {
                    return Err(format!("its body has {length} octets, and {MAX_BODY} are the most"));
                }
                Some(length) => after.get(..length).map(<[u8]>::to_vec),
                None => return Err("its Content-Length is no number, or two".to_owned()),
            }
        }
        ([], []) => ended.then(|| after.to_vec()),
    };
    if whole.is_none() && ended {
        return Err("it ends within its body".to_owned());
    }
    Ok(whole)
}

/// The chunked coding (RFC 9112 §7.1), decoded; none while the last chunk is missing.
fn chunks(mut rest: &[u8]) -> Result<Option<Vec<u8>>, String> {
    let bad = || "its chunks cannot be decoded".to_owned();
    let mut body = Vec::new();
    loop {
        // httparse would take a line without digits for the last chunk.
        if rest.first().is_some_and(|octet| !octet.is_ascii_hexdigit()) {
            return Err(bad());
        }
        let (line, size) = match httparse::parse_chunk_size(rest) {
            Ok(Status::Complete((line, size))) => (line, usize::try_from(size).unwrap_or(usize::MAX)),
            Ok(Status::Partial) => return Ok(None),
            Err(_) => return Err(bad()),
        };
        rest = rest.get(line..).unwrap_or_default();
        if size == 0 {
            let mut fields = [httparse::EMPTY_HEADER; MAX_FIELDS];
            return match httparse::parse_headers(rest, &mut fields) {
                Ok(Status::Complete(_)) => Ok(Some(body)),
                Ok(Status::Partial) => Ok(None),
                Err(_) => Err(bad()),
            };
        }
        if size > MAX_BODY - body.len() {
            return Err(format!("its body has more than {MAX_BODY} octets"));
        }
        let Some((chunk, after)) = rest.split_at_checked(size) else { return Ok(None) };
        body.extend_from_slice(chunk);
        rest = match after {
            [b'\r', b'\n', rest @ ..] => rest,
            [] | [b'\r'] => return Ok(None),
            _ => return Err(bad()),
        };
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::parse;

    /// The body, when the answer is whole at its last octet and not before.
    fn body(answer: &str) -> String {
        for cut in 0..answer.len() {
            assert_eq!(parse(&answer.as_bytes()[..cut], "POST", false), Ok(None), "cut at {cut}");
            assert!(parse(&answer.as_bytes()[..cut], "POST", true).is_err(), "ended at {cut}");
        }
        String::from_utf8(parse(answer.as_bytes(), "POST", false).unwrap().unwrap().body).unwrap()
    }

    #[test]
    fn the_framing_says_where_an_answer_ends() {
        assert_eq!(body("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"), "hi");
        assert_eq!(body("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"), "");
        let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4;a=b\r\nWiki\r\n5\r\npedia\r\n0\r\nA: b\r\n\r\n";
        assert_eq!(body(chunked), "Wikipedia");
        assert_eq!(body("HTTP/1.1 204 No Content\r\n\r\n"), "");
        let closed = b"HTTP/1.1 200 OK\r\n\r\nall of it";
        assert_eq!(parse(closed, "POST", false), Ok(None));
        assert_eq!(parse(closed, "POST", true).unwrap().unwrap().body, b"all of it");
        let head = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n";
        assert_eq!(parse(head, "HEAD", false).unwrap().unwrap().body, b"");
    }

    #[test]
    fn what_cannot_be_read_is_refused() {
        for (fields, reason) in [
            ("Content-Length: 1\r\nContent-Length: 2", "its Content-Length is no number, or two"),
            ("Content-Length: x", "its Content-Length is no number, or two"),
            ("Content-Length: 1048577", "its body has 1048577 octets, and 1048576 are the most"),
            ("Transfer-Encoding: gzip", "a transfer coding that is not `chunked`"),
        ] {
            let answer = format!("HTTP/1.1 200 OK\r\n{fields}\r\n\r\n");
            assert_eq!(parse(answer.as_bytes(), "POST", false), Err(reason.to_owned()));
        }
        for chunks in ["x\r\n", "\r\n\r\n", "1\r\nab\r\n", "ffffffffffffff\r\n"] {
            let answer = format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}");
            assert!(parse(answer.as_bytes(), "POST", false).is_err(), "{chunks}");
        }
        assert!(parse(b"SSH-2.0-x\r\n", "POST", false).is_err());
    }

    proptest! {
        #[test]
        fn it_takes_any_octets(octets in proptest::collection::vec(any::<u8>(), 0..300), ended: bool) {
            let _ = parse(&octets, "POST", ended);
            let chunked = [&b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"[..], &octets].concat();
            let _ = parse(&chunked, "POST", ended);
        }
    }
}
