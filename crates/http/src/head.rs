//! The head of a response: status line and header section.

use core::fmt;

use crate::StatusCode;
use crate::framing::trim;

/// The head of a final response, found valid.
///
/// [`fmt::Debug`] shows its status and how long it is: what is in it may be secret.
#[derive(Clone, Copy)]
pub struct Head<'b> {
    pub(crate) status: StatusCode,
    /// The head with its empty line.
    pub(crate) octets: &'b [u8],
}

impl<'b> Head<'b> {
    /// The status code.
    pub const fn status(&self) -> StatusCode {
        self.status
    }

    /// The status line as it came, without its line end.
    pub fn status_line(&self) -> &'b [u8] {
        lines(self.octets).next().unwrap_or_default()
    }

    /// The headers in the order in which they came, without trailers.
    pub fn headers(&self) -> Headers<'b> {
        let behind = self.status_line().len();
        // The status line's own end is the empty line that `Headers` skips first.
        Headers { rest: self.octets.get(behind..).unwrap_or_default() }
    }

    /// The value of the first header of this name, in any case.
    pub fn header(&self, name: &str) -> Option<&'b [u8]> {
        self.headers_named(name).next()
    }

    /// The value of the header of this name, in any case, if there is exactly one: for headers
    /// that are no lists (RFC 9110 §5.3), of which two are as good as none.
    pub fn only_header(&self, name: &str) -> Option<&'b [u8]> {
        let mut values = self.headers_named(name);
        let value = values.next()?;
        values.next().is_none().then_some(value)
    }

    /// Whether it is of HTTP/1.0; else it is of HTTP/1.1.
    pub(crate) fn is_http_1_0(&self) -> bool {
        self.octets.starts_with(b"HTTP/1.0")
    }

    pub(crate) fn headers_named(&self, name: &str) -> impl Iterator<Item = &'b [u8]> {
        self.headers().filter(move |(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }
}

impl fmt::Debug for Head<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Head").field("status", &self.status).field("length", &self.octets.len()).finish()
    }
}

/// The headers of a [`Head`]: name and value. A value is without the white space around it,
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
