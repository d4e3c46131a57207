//! The response: its head and its content.

use core::fmt;

use crate::{Error, Head, Headers};

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
    pub(crate) head: Head<'b>,
    pub(crate) body: &'b [u8],
}

impl<'b> Response<'b> {
    /// The head: status and headers, and what they mean.
    pub const fn head(&self) -> Head<'b> {
        self.head
    }

    /// The status code of the final response.
    pub const fn status(&self) -> StatusCode {
        self.head.status()
    }

    /// The content, decoded; empty where there is none, or where it was taken as it came.
    pub const fn body(&self) -> &'b [u8] {
        self.body
    }

    /// [`Head::status_line`].
    pub fn status_line(&self) -> &'b [u8] {
        self.head.status_line()
    }

    /// [`Head::headers`].
    pub fn headers(&self) -> Headers<'b> {
        self.head.headers()
    }

    /// [`Head::header`].
    pub fn header(&self, name: &str) -> Option<&'b [u8]> {
        self.head.header(name)
    }

    /// Nothing for a 2xx status.
    ///
    /// # Errors
    /// [`Error::Status`] for any other.
    pub const fn success(&self) -> Result<(), Error> {
        let status = self.status();
        if status.is_success() { Ok(()) } else { Err(Error::Status { status }) }
    }
}

/// Where a response is in its buffer: for a caller that has to let go of the buffer in between.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    status: StatusCode,
    head: usize,
    body: usize,
}

impl Extent {
    /// The status code of the response.
    pub const fn status(&self) -> StatusCode {
        self.status
    }

    /// The response, out of the buffer that it was read into: nothing may have been written there since.
    /// `None` for a buffer that is too short to be the one.
    pub fn response<'b>(&self, buffer: &'b [u8]) -> Option<Response<'b>> {
        let (octets, rest) = buffer.split_at_checked(self.head)?;
        Some(Response { head: Head { status: self.status, octets }, body: rest.get(..self.body)? })
    }
}

impl Response<'_> {
    /// Where the response is in its buffer.
    pub const fn extent(&self) -> Extent {
        Extent { status: self.status(), head: self.head.octets.len(), body: self.body.len() }
    }
}

impl fmt::Debug for Response<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response")
            .field("status", &self.status())
            .field("head_length", &self.head.octets.len())
            .field("body_length", &self.body.len())
            .finish()
    }
}
