//! The response: status, headers, content.

use core::fmt;

use crate::Error;
use crate::framing::trim;

/// A status code (RFC 9110 §15): 100 to 599.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StatusCode(pub u16);

impl StatusCode {
    /// Whether the request was understood and accepted: 2xx (RFC 9110 §15.3).
    pub const fn is_success(self) -> bool {
        matches!(self.0, 200..=299)
    }
}

impl fmt::Display for StatusCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A complete response in the caller's buffer.
///
/// [`fmt::Debug`] shows its status and how long it is: what is in it may be secret.
#[derive(Clone, Copy)]
pub struct Response<'b> {
    pub(crate) status: StatusCode,
    /// The head with its empty line, already found valid.
    pub(crate) head: &'b [u8],
    pub(crate) body: &'b [u8],
}

impl<'b> Response<'b> {
    /// The status code of the final response.
    pub const fn status(&self) -> StatusCode {
        self.status
    }

    /// The content, decoded and whole; empty where there is none.
    pub const fn body(&self) -> &'b [u8] {
        self.body
    }

    /// The status line as it came, without its line end.
    pub fn status_line(&self) -> &'b [u8] {
        lines(self.head).next().unwrap_or_default()
    }

    /// The headers in the order in which they came, without trailers.
    pub fn headers(&self) -> Headers<'b> {
        let behind = self.status_line().len();
        // The status line's own end is the empty line that `Headers` skips first.
        Headers { rest: self.head.get(behind..).unwrap_or_default() }
    }

    /// The value of the first header of this name, in any case.
    pub fn header(&self, name: &str) -> Option<&'b [u8]> {
        self.headers().find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// Nothing for a 2xx status.
    ///
    /// # Errors
    /// [`Error::Status`] for any other.
    pub const fn success(&self) -> Result<(), Error> {
        if self.status.is_success() { Ok(()) } else { Err(Error::Status { status: self.status }) }
    }
}

impl fmt::Debug for Response<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response")
            .field("status", &self.status)
            .field("head_length", &self.head.len())
            .field("body_length", &self.body.len())
            .finish()
    }
}

/// The headers of a [`Response`]: name and value. A value is without the white space around it,
/// and may hold octets that are not UTF-8 (RFC 9110 §5.5).
#[derive(Clone)]
pub struct Headers<'b> {
    rest: &'b [u8],
}

impl fmt::Debug for Headers<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.clone().map(|(name, _)| name)).finish()
    }
}

impl<'b> Iterator for Headers<'b> {
    type Item = (&'b str, &'b [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        while !self.rest.is_empty() {
            let end = self.rest.iter().position(|octet| *octet == b'\n').map_or(self.rest.len(), |lf| lf + 1);
            let (line, rest) = self.rest.split_at_checked(end)?;
            self.rest = rest;
            let mut parts = line.splitn(2, |octet| *octet == b':');
            if let (Some(name), Some(value)) = (parts.next(), parts.next()) {
                return Some((core::str::from_utf8(name).unwrap_or_default(), trim(without_line_end(value))));
            }
        }
        None
    }
}

fn lines(head: &[u8]) -> impl Iterator<Item = &[u8]> {
    head.split_inclusive(|octet| *octet == b'\n').map(without_line_end)
}

fn without_line_end(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}
