//! Everything that can go wrong with an exchange, each with a number that never changes.
//!
//! Numbers: 1200s the caller's URL and headers; 41xx the response's head, 42xx its body; 5000 +
//! status an answer that is complete and says no.

use core::fmt;

use crate::StatusCode;

/// Where in an exchange an error belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Stage {
    /// The caller's URL and headers, before anything is sent.
    Request,
    /// The response's status line and header section.
    Head,
    /// The response's content.
    Body,
    /// The exchange is complete, and the status is not 2xx.
    Status,
}

/// How the connection came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum End {
    /// With the TLS alert close_notify (RFC 9846 §6.1): the server meant it.
    CloseNotify,
    /// Without it: somebody cut the connection.
    Truncated,
}

/// Why an exchange failed. Sizes and positions are octets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[expect(missing_docs, reason = "fields: sizes and positions are octets, counted from 0")]
pub enum Error {
    // The caller.
    /// The URL does not begin with `https://`.
    UrlScheme,
    /// The URL has no host.
    UrlWithoutHost,
    /// The URL has a user name or password before the host.
    UrlUserinfo,
    /// The host has an octet that no DNS name and no address has.
    UrlHost { octet: u8, position: usize },
    /// The port is not a number from 1 to 65,535.
    UrlPort,
    /// The path or query has an octet that must be percent-encoded.
    UrlTarget { octet: u8, position: usize },
    /// A `%` in the path or query is not followed by two hexadecimal digits.
    UrlPercent { position: usize },
    /// A header's name is empty.
    FieldNameEmpty,
    /// A header's name has an octet that no token has.
    FieldName { octet: u8, position: usize },
    /// A header's value has a control character: CR, LF, NUL or another.
    FieldValue { octet: u8, position: usize },
    /// A header's value begins or ends with white space.
    FieldValueSpace,
    /// The header is one that the library writes, or leaves out, itself.
    FieldReserved { name: &'static str },

    // The response's head.
    /// The connection ended without a single octet of a response.
    NoResponse { end: End },
    /// The connection ended within the response's head.
    HeadTruncated { received: usize, end: End },
    /// What came is not an HTTP/1 response.
    NotHttp { octet: u8, position: usize },
    /// The status line breaks the grammar of RFC 9112 §4, or its code is not 100 to 599.
    StatusLine,
    /// A header's name breaks the grammar of RFC 9112 §5, or a header is folded over lines.
    HeaderName,
    /// A header's value breaks the grammar of RFC 9110 §5.5.
    HeaderValue,
    /// A line of the head ends in CR without LF.
    HeadLineEnd,
    /// The response has more headers than this.
    TooManyHeaders { maximum: usize },
    /// The head does not fit into the response buffer.
    HeadTooLarge { capacity: usize },
    /// The server switched protocols (101), which was not asked for.
    SwitchingProtocols,
    /// More interim responses (1xx) than this came before the final one.
    TooManyInterimResponses { maximum: usize },
    /// A Content-Length is not a number.
    ContentLength,
    /// Content-Length is given twice, with different values.
    ContentLengthConflict { first: u64, second: u64 },
    /// Both Transfer-Encoding and Content-Length are given.
    TwoFramings,
    /// A transfer coding other than `chunked` alone.
    TransferCoding,
    /// Transfer-Encoding in an HTTP/1.0 response.
    TransferEncodingInHttp10,

    // The response's body.
    /// The body does not fit into the response buffer behind the head. `size` is the whole body's
    /// where it is known, else the least that it can be.
    BodyTooLarge { size: u64, capacity: usize },
    /// The connection ended within the body; `expected` where Content-Length says it.
    BodyTruncated { received: u64, expected: Option<u64>, end: End },
    /// The line with a chunk's size breaks the grammar of RFC 9112 §7.1.
    ChunkSize { octet: u8 },
    /// A chunk's size has more digits than any size that could be received.
    ChunkSizeTooLong { maximum: usize },
    /// A chunk is not followed by CRLF.
    ChunkEnd { octet: u8 },
    /// A chunk's extensions are longer than this.
    ChunkExtensionTooLong { maximum: usize },
    /// The trailer section breaks the grammar of RFC 9112 §7.1.2.
    Trailer { octet: u8 },
    /// The trailer section is longer than this.
    TrailerTooLong { maximum: usize },
    /// The response was asked for before it was complete.
    Incomplete,

    // The answer.
    /// The exchange is complete, and the status is not 2xx.
    Status { status: StatusCode },
}

impl Error {
    /// The error's stable number.
    pub const fn code(&self) -> u16 {
        match self {
            Self::UrlScheme => 1200,
            Self::UrlWithoutHost => 1201,
            Self::UrlUserinfo => 1202,
            Self::UrlHost { .. } => 1203,
            Self::UrlPort => 1204,
            Self::UrlTarget { .. } => 1205,
            Self::UrlPercent { .. } => 1206,
            Self::FieldNameEmpty => 1210,
            Self::FieldName { .. } => 1211,
            Self::FieldValue { .. } => 1212,
            Self::FieldValueSpace => 1213,
            Self::FieldReserved { .. } => 1214,
            Self::NoResponse { .. } => 4100,
            Self::HeadTruncated { .. } => 4101,
            Self::NotHttp { .. } => 4102,
            Self::StatusLine => 4103,
            Self::HeaderName => 4104,
            Self::HeaderValue => 4105,
            Self::HeadLineEnd => 4106,
            Self::TooManyHeaders { .. } => 4107,
            Self::HeadTooLarge { .. } => 4108,
            Self::SwitchingProtocols => 4109,
            Self::TooManyInterimResponses { .. } => 4110,
            Self::ContentLength => 4111,
            Self::ContentLengthConflict { .. } => 4112,
            Self::TwoFramings => 4113,
            Self::TransferCoding => 4114,
            Self::TransferEncodingInHttp10 => 4115,
            Self::BodyTooLarge { .. } => 4200,
            Self::BodyTruncated { .. } => 4201,
            Self::ChunkSize { .. } => 4202,
            Self::ChunkSizeTooLong { .. } => 4203,
            Self::ChunkEnd { .. } => 4204,
            Self::ChunkExtensionTooLong { .. } => 4205,
            Self::Trailer { .. } => 4206,
            Self::TrailerTooLong { .. } => 4207,
            Self::Incomplete => 4208,
            Self::Status { status } => 5000_u16.saturating_add(status.0),
        }
    }

    /// Where in the exchange the error belongs.
    pub const fn stage(&self) -> Stage {
        match self.code() {
            ..4000 => Stage::Request,
            4000..4200 => Stage::Head,
            4200..5000 => Stage::Body,
            5000.. => Stage::Status,
        }
    }
}

impl core::error::Error for Error {}

#[cfg(not(feature = "error-text"))]
impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error {}", self.code())
    }
}

#[cfg(feature = "error-text")]
impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.stage() {
            Stage::Request => self.fmt_request(f),
            Stage::Head => self.fmt_head(f),
            Stage::Body | Stage::Status => self.fmt_body(f),
        }
    }
}

#[cfg(feature = "error-text")]
impl Error {
    fn fmt_request(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UrlWithoutHost => f.write_str("the URL has no host"),
            Self::UrlUserinfo => f.write_str("the URL has a user name or password before the host"),
            Self::UrlHost { octet, position } => {
                write!(f, "the URL's host has {} at octet {position}", Shown(*octet))
            }
            Self::UrlPort => f.write_str("the URL's port is not a number from 1 to 65535"),
            Self::UrlTarget { octet, position } => {
                write!(f, "the URL has {} at octet {position}, unencoded", Shown(*octet))
            }
            Self::UrlPercent { position } => {
                write!(f, "the URL has a `%` without two hexadecimal digits at octet {position}")
            }
            Self::FieldNameEmpty => f.write_str("a header has an empty name"),
            Self::FieldName { octet, position } => {
                write!(f, "a header's name has {} at octet {position}", Shown(*octet))
            }
            Self::FieldValue { octet, position } => {
                write!(f, "a header's value has {} at octet {position}", Shown(*octet))
            }
            Self::FieldValueSpace => f.write_str("a header's value begins or ends with white space"),
            Self::FieldReserved { name } => {
                write!(f, "the header `{name}` is the library's to write and cannot be set")
            }
            _ => f.write_str("the URL does not begin with `https://`"),
        }
    }

    fn fmt_head(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoResponse { end } => write!(f, "the connection ended {end} before any answer"),
            Self::HeadTruncated { received, end } => {
                write!(f, "the connection ended {end} after {received} octets of the response's head")
            }
            Self::NotHttp { octet, position } => {
                write!(f, "the answer is not HTTP/1: it has {} at octet {position}", Shown(*octet))
            }
            Self::StatusLine => f.write_str("the response's status line is malformed"),
            Self::HeaderName => f.write_str("a response header's name is malformed, or a header is folded"),
            Self::HeaderValue => f.write_str("a response header's value is malformed"),
            Self::HeadLineEnd => f.write_str("a line of the response's head ends in CR without LF"),
            Self::TooManyHeaders { maximum } => {
                write!(f, "the response has more than {maximum} headers")
            }
            Self::HeadTooLarge { capacity } => {
                write!(f, "the response's head does not fit into the buffer of {capacity} octets")
            }
            Self::SwitchingProtocols => {
                f.write_str("the server switched to a protocol that was not asked for")
            }
            Self::TooManyInterimResponses { maximum } => {
                write!(f, "the server sent more than {maximum} interim responses")
            }
            Self::ContentLength => f.write_str("the response's Content-Length is not a number"),
            Self::ContentLengthConflict { first, second } => {
                write!(f, "the response has two lengths, {first} and {second}")
            }
            Self::TwoFramings => f.write_str("the response has both Transfer-Encoding and Content-Length"),
            Self::TransferCoding => f.write_str("the response's transfer coding is not `chunked` alone"),
            _ => f.write_str("an HTTP/1.0 response has a Transfer-Encoding"),
        }
    }

    fn fmt_body(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BodyTooLarge { size, capacity } => {
                write!(
                    f,
                    "the response's body is {size} octets or more, and the buffer has room for {capacity}"
                )
            }
            Self::BodyTruncated { received, expected: Some(expected), end } => {
                write!(f, "the connection ended {end} after {received} of the body's {expected} octets")
            }
            Self::BodyTruncated { received, expected: None, end } => {
                write!(f, "the connection ended {end} in the body, after {received} octets of it")
            }
            Self::ChunkSize { octet } => write!(f, "the line with a chunk's size has {}", Shown(*octet)),
            Self::ChunkSizeTooLong { maximum } => {
                write!(f, "a chunk's size has more than {maximum} digits")
            }
            Self::ChunkEnd { octet } => write!(f, "a chunk is followed by {} and not by CRLF", Shown(*octet)),
            Self::ChunkExtensionTooLong { maximum } => {
                write!(f, "a chunk's extensions are longer than {maximum} octets")
            }
            Self::Trailer { octet } => write!(f, "the trailer section has {}", Shown(*octet)),
            Self::TrailerTooLong { maximum } => {
                write!(f, "the trailer section is longer than {maximum} octets")
            }
            Self::Status { status } => write!(f, "the server answered with status {status}"),
            _ => f.write_str("the response is not complete yet"),
        }
    }
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::CloseNotify => "with close_notify",
            Self::Truncated => "without close_notify",
        })
    }
}

/// An octet as a person reads it: itself where it is visible, else its number.
#[cfg(feature = "error-text")]
struct Shown(u8);

#[cfg(feature = "error-text")]
impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            b' ' => f.write_str("a space"),
            b'\r' => f.write_str("a CR"),
            b'\n' => f.write_str("an LF"),
            0 => f.write_str("a NUL"),
            visible @ 0x21..=0x7e => write!(f, "`{}`", char::from(visible)),
            other => write!(f, "the octet {other:#04x}"),
        }
    }
}
