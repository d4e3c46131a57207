//! The request: `POST`, its header section and its content, RFC 9112 §3 and §6.2.

use core::fmt;

use crate::{DEFAULT_PORT, FieldValue, Header, Url};

/// The User-Agent that is sent unless the caller gives another.
pub const USER_AGENT: &str = concat!("picopost/", env!("CARGO_PKG_VERSION"));

/// A POST request over the caller's memory. Every value of this type can be sent.
///
/// Written by the library: Host (with the port where it is not 443), User-Agent, Content-Type,
/// Content-Length and `Connection: close`. Nothing else is sent unless the caller adds it.
///
/// [`fmt::Debug`] shows where it goes, the names of its headers and how long its body is: the
/// rest may be secret.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    url: Url<'a>,
    content_type: FieldValue<'a>,
    user_agent: FieldValue<'a>,
    headers: &'a [Header<'a>],
    body: &'a [u8],
}

impl<'a> Request<'a> {
    /// A POST of `body`, whose media type is `content_type`.
    pub const fn post(url: Url<'a>, content_type: FieldValue<'a>, body: &'a [u8]) -> Self {
        Self { url, content_type, user_agent: FieldValue::known(USER_AGENT), headers: &[], body }
    }

    /// A POST of JSON. The body is sent as it is, unchecked.
    pub const fn json(url: Url<'a>, body: &'a [u8]) -> Self {
        Self::post(url, FieldValue::JSON, body)
    }

    /// A POST of an HTML form. The body is sent as it is, unchecked.
    pub const fn form(url: Url<'a>, body: &'a [u8]) -> Self {
        Self::post(url, FieldValue::FORM, body)
    }

    /// The same request with these headers behind those that the library writes.
    #[must_use]
    pub const fn with_headers(self, headers: &'a [Header<'a>]) -> Self {
        Self { headers, ..self }
    }

    /// The same request with another User-Agent.
    #[must_use]
    pub const fn with_user_agent(self, user_agent: FieldValue<'a>) -> Self {
        Self { user_agent, ..self }
    }

    /// Where the request goes.
    pub const fn url(&self) -> Url<'a> {
        self.url
    }

    /// The content.
    pub const fn body(&self) -> &'a [u8] {
        self.body
    }
}

impl fmt::Debug for Request<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("authority", &self.url.authority())
            .field("content_type", &self.content_type.as_str())
            .field("headers", &self.headers)
            .field("body_length", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// Writes a request into slices of any size, one after the other.
#[derive(Clone)]
pub struct RequestWriter<'a> {
    request: Request<'a>,
    port: Decimal,
    content_length: Decimal,
    /// The piece that is next, and how many octets of it are written.
    piece: usize,
    offset: usize,
}

/// Pieces before the caller's headers, and pieces for each of those; see [`RequestWriter::piece`].
const FIXED_PIECES: usize = 13;
const HEADER_PIECES: usize = 4;

impl<'a> RequestWriter<'a> {
    /// A writer that stands at the request's first octet.
    pub fn new(request: &Request<'a>) -> Self {
        Self {
            request: *request,
            port: Decimal::new(usize::from(request.url.authority().port())),
            content_length: Decimal::new(request.body.len()),
            piece: 0,
            offset: 0,
        }
    }

    /// Fills `out` with the request's next octets and returns how many they are: fewer than `out`
    /// has room for only at the request's end. Head and content share a slice where they fit.
    pub fn write(&mut self, out: &mut [u8]) -> usize {
        let mut written = 0;
        while let Some(space) = out.get_mut(written..).filter(|space| !space.is_empty()) {
            let Some(piece) = self.piece(self.piece) else { break };
            let rest = piece.get(self.offset..).unwrap_or_default();
            let count = copy_into(space, rest);
            written += count;
            if count == rest.len() {
                self.piece += 1;
                self.offset = 0;
            } else {
                self.offset += count;
            }
        }
        written
    }

    /// Whether every octet is written.
    pub fn is_done(&self) -> bool {
        // Empty pieces at the end are no octets.
        (self.piece..).map_while(|piece| self.piece(piece)).all(<[u8]>::is_empty)
    }

    /// The request as a list of pieces; `None` behind the last one.
    fn piece(&self, index: usize) -> Option<&[u8]> {
        let request = &self.request;
        let authority = request.url.authority();
        // RFC 9110 §7.2: the port is left out where it is the scheme's own.
        let has_port = authority.port() != DEFAULT_PORT;
        let [slash, target] = request.url.target().pieces();
        Some(match index {
            0 => b"POST ",
            1 => slash.as_bytes(),
            2 => target.as_bytes(),
            3 => b" HTTP/1.1\r\nHost: ",
            4 => authority.uri_host().as_bytes(),
            5 if has_port => b":",
            6 if has_port => self.port.digits(),
            5 | 6 => b"",
            7 => b"\r\nUser-Agent: ",
            8 => request.user_agent.as_str().as_bytes(),
            9 => b"\r\nContent-Type: ",
            10 => request.content_type.as_str().as_bytes(),
            11 => b"\r\nConnection: close\r\nContent-Length: ",
            12 => self.content_length.digits(),
            _ => return self.later_piece(index - FIXED_PIECES),
        })
    }

    /// The caller's headers, the empty line, the content.
    fn later_piece(&self, index: usize) -> Option<&[u8]> {
        let request = &self.request;
        if let Some(header) = request.headers.get(index / HEADER_PIECES) {
            return Some(match index % HEADER_PIECES {
                0 => b"\r\n",
                1 => header.name.as_str().as_bytes(),
                2 => b": ",
                _ => header.value.as_str().as_bytes(),
            });
        }
        match index - request.headers.len() * HEADER_PIECES {
            0 => Some(b"\r\n\r\n"),
            1 => Some(request.body),
            _ => None,
        }
    }
}

impl fmt::Debug for RequestWriter<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestWriter")
            .field("request", &self.request)
            .field("is_done", &self.is_done())
            .finish_non_exhaustive()
    }
}

/// Copies as many octets as both slices have, and returns how many.
pub(crate) fn copy_into(to: &mut [u8], from: &[u8]) -> usize {
    let count = to.len().min(from.len());
    if let (Some(to), Some(from)) = (to.get_mut(..count), from.get(..count)) {
        to.copy_from_slice(from);
    }
    count
}

/// The decimal digits of a number: at most 20 of them.
#[derive(Clone, Debug)]
struct Decimal {
    digits: [u8; 20],
    start: usize,
}

impl Decimal {
    fn new(mut number: usize) -> Self {
        let mut decimal = Self { digits: [b'0'; 20], start: 20 };
        for (index, digit) in decimal.digits.iter_mut().enumerate().rev() {
            *digit = u8::try_from(number % 10).map_or(b'0', |remainder| b'0' + remainder);
            decimal.start = index;
            number /= 10;
            if number == 0 {
                break;
            }
        }
        decimal
    }

    fn digits(&self) -> &[u8] {
        self.digits.get(self.start..).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals() {
        for (number, digits) in
            [(0, "0"), (9, "9"), (10, "10"), (8443, "8443"), (65_535, "65535"), (4_294_967_295, "4294967295")]
        {
            assert_eq!(Decimal::new(number).digits(), digits.as_bytes());
        }
    }
}
