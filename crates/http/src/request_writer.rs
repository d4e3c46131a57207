//! Writing a request: its head, RFC 9112 §3 and §5, and behind it its content, §6.2.

use core::fmt;

use crate::content::ContentWriter;
use crate::{DEFAULT_PORT, Error, Request};

/// Writes a request into slices of any size, one after the other.
#[derive(Clone)]
pub struct RequestWriter<'a> {
    request: Request<'a>,
    port: Decimal,
    content_length: Decimal,
    /// The piece of the head that is next, and how many octets of it are written.
    piece: usize,
    offset: usize,
    content: ContentWriter<'a>,
    /// Whether the content is held back behind the head.
    holds_back: bool,
    /// Whether the connection may carry another exchange.
    keeps_alive: bool,
}

/// Pieces before the caller's headers, and pieces for each of those; see [`RequestWriter::piece`].
const FIXED_PIECES: usize = 19;
const HEADER_PIECES: usize = 4;

impl<'a> RequestWriter<'a> {
    /// A writer that stands at the request's first octet.
    pub fn new(request: &Request<'a>) -> Self {
        let content = ContentWriter::new(request.content);
        Self {
            request: *request,
            port: Decimal::new(usize::from(request.url.authority().port())),
            content_length: Decimal::new(content.length()),
            piece: 0,
            offset: 0,
            // RFC 9110 §10.1.1: nothing may be expected of a request without content.
            holds_back: request.expects_continue && content.length() > 0,
            content,
            keeps_alive: false,
        }
    }

    /// Leaves `Connection: close` out, before anything is written: the connection persists then if the
    /// response lets it (RFC 9112 §9.3).
    pub const fn keep_alive(&mut self) {
        self.keeps_alive = true;
    }

    /// Fills `out` with the request's next octets and returns how many they are: fewer than `out`
    /// has room for only at the request's end, or where [`Self::is_waiting`]. Head and content
    /// share a slice where they fit.
    ///
    /// # Errors
    /// [`Error::ContentTooShort`], [`Error::ContentTooLong`] or [`Error::ContentUnreadable`] where
    /// the content's source does not keep its promise. What was written to `out` must not be sent:
    /// what was sent before is no whole request, and cannot become one. The error stays.
    pub fn write(&mut self, out: &mut [u8]) -> Result<usize, Error> {
        if !out.is_empty() {
            // Before the head: without content, the head's last octet is the request's.
            self.content.check()?;
        }
        let written = self.write_head(out);
        match out.get_mut(written..) {
            Some(space) if !space.is_empty() && !self.holds_back => Ok(written + self.content.write(space)?),
            _ => Ok(written),
        }
    }

    /// Whether every octet is written.
    pub fn is_done(&self) -> bool {
        self.is_head_done() && self.content.is_done()
    }

    /// Whether the head is written and the content held back until the server asks for it by 100
    /// (Continue): see [`Request::with_expect_continue`]. [`Self::write`] writes nothing until
    /// [`Self::proceed`].
    pub fn is_waiting(&self) -> bool {
        self.holds_back && self.is_head_done()
    }

    /// The content is held back no longer: a 100 (Continue) has come, or none for so long that it
    /// will not (RFC 9110 §10.1.1 has no client wait forever).
    pub const fn proceed(&mut self) {
        self.holds_back = false;
    }

    fn is_head_done(&self) -> bool {
        // Empty pieces at the end are no octets.
        (self.piece..).map_while(|piece| self.piece(piece)).all(<[u8]>::is_empty)
    }

    fn write_head(&mut self, out: &mut [u8]) -> usize {
        let mut written: usize = 0;
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

    /// The head as a list of pieces; `None` behind the last one.
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
            // RFC 9112 §9.6: the last request on a connection says so.
            11 if self.keeps_alive => b"",
            11 => b"\r\nConnection: close",
            12 => b"\r\nContent-Length: ",
            13 => self.content_length.digits(),
            14 if self.request.expects_continue && self.content.length() > 0 => b"\r\nExpect: 100-continue",
            14 => b"",
            15 if request.authorization.is_some() => b"\r\nAuthorization: ",
            16 => request.authorization.map_or(b"", |value| value.as_str().as_bytes()),
            17 if request.idempotency_key.is_some() => b"\r\nIdempotency-Key: ",
            18 => request.idempotency_key.map_or(b"", |value| value.as_str().as_bytes()),
            15 | 17 => b"",
            _ => return self.later_piece(index - FIXED_PIECES),
        })
    }

    /// The caller's headers and the empty line.
    fn later_piece(&self, index: usize) -> Option<&[u8]> {
        let mut headers = self.request.callers_headers();
        if let Some(header) = headers.nth(index / HEADER_PIECES) {
            return Some(match index % HEADER_PIECES {
                0 => b"\r\n",
                1 => header.name.as_str().as_bytes(),
                2 => b": ",
                _ => header.value.as_str().as_bytes(),
            });
        }
        match index - self.request.callers_headers().count() * HEADER_PIECES {
            0 => Some(b"\r\n\r\n"),
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
