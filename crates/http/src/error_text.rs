//! What errors say: one sentence each, or with the feature `error-text` off their number.

use core::fmt;

use crate::{End, Error};
#[cfg(feature = "error-text")]
use crate::{Mismatch, Stage};

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
            Stage::Request | Stage::Content => self.fmt_request(f),
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
            Self::JsonTooLarge { capacity } => {
                write!(f, "the value's JSON does not fit into the buffer of {capacity} octets")
            }
            Self::JsonValue { position } => {
                write!(f, "what the value was serialised to is not JSON at octet {position}")
            }
            Self::ContentTooShort { promised, given } => {
                write!(f, "the content's source promised {promised} octets and gave {given}")
            }
            Self::ContentTooLong { promised } => {
                write!(f, "the content's source promised {promised} octets and has more")
            }
            Self::ContentUnreadable { position } => {
                write!(f, "the content's source failed at octet {position}")
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
            Self::TransferEncodingInHttp10 => f.write_str("an HTTP/1.0 response has a Transfer-Encoding"),
            _ => f.write_str("a response came before the request was sent"),
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
            Self::ContentRefused { taken } => {
                write!(f, "no more of the response's content was taken than {taken} octets")
            }
            Self::JsonSyntax { position } => write!(f, "the response's body is not JSON at octet {position}"),
            Self::JsonTooDeep { maximum } => {
                write!(f, "the response's JSON is nested more than {maximum} deep")
            }
            Self::JsonMismatch { mismatch } => write!(f, "the response's JSON {mismatch}"),
            Self::JsonScratchTooSmall { capacity } => {
                write!(f, "a string with escapes does not fit into the scratch space of {capacity} octets")
            }
            Self::RedirectWithoutLocation => f.write_str("the redirect does not say where it leads"),
            Self::RedirectNotHttps => f.write_str("the redirect leads to another scheme than `https`"),
            Self::RedirectUrl { number } => {
                write!(f, "the redirect leads to a URL that is refused with error {number}")
            }
            Self::RedirectTooLong { capacity } => {
                write!(
                    f,
                    "the redirect's URL does not fit into the {capacity} octets behind the response's head"
                )
            }
            Self::TooManyRedirects { maximum } => write!(f, "there were more than {maximum} redirects"),
            Self::Status { status } => write!(f, "the server answered with status {status}"),
            _ => f.write_str("the response is not complete yet"),
        }
    }
}

#[cfg(feature = "error-text")]
impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Type => "has a value of another type than was expected",
            Self::Number => "has a number outside its range",
            Self::Shape => "lacks a field, has one too many, or has a value that does not fit",
            Self::Escape => "has an escape that stands for half of a character",
            Self::Unsupported => "cannot be read into this type",
        })
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
