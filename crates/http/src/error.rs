//! Everything that can go wrong with an exchange, each with a number that never changes.
//!
//! Numbers: 1200s the caller's URL, headers and content; 41xx the response's head, 42xx its body, 44xx
//! where a redirect leads; 5000 + status an answer that is complete and says no.

use crate::StatusCode;

/// Where in an exchange an error belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Stage {
    /// The caller's URL, headers and JSON, before anything is sent.
    Request,
    /// The request's content, while it is being sent: its source gives something else than it
    /// promised.
    Content,
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

/// Why a JSON text is not a value of the type that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Mismatch {
    /// A value is of another JSON type: a string, say, where a number belongs.
    Type,
    /// A number is outside the range of its type, or has a fraction where none belongs.
    Number,
    /// A field is missing, there twice or unknown; a string or a list is too long for its type; or
    /// a string with an escape was to be borrowed, which only one without can be.
    Shape,
    /// A string has an escape that stands for half of a character (RFC 8259 §8.2): characters
    /// beyond U+FFFF are understood unescaped only.
    Escape,
    /// The type is one that JSON cannot be read into without a heap.
    Unsupported,
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
    /// The JSON of a value does not fit into the buffer. How large it is cannot be told without
    /// writing it.
    JsonTooLarge { capacity: usize },
    /// What a value was serialised to is not JSON: it has a key that is no string, or raw octets.
    JsonValue { position: usize },

    // The request's content.
    /// The source of the content ended before it had given as many octets as it promised.
    ContentTooShort { promised: usize, given: usize },
    /// The source of the content has more octets than it promised.
    ContentTooLong { promised: usize },
    /// The source of the content failed at this octet.
    ContentUnreadable { position: usize },

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
    /// A response came before the request was sent (RFC 9112 §9.2): it answers another one, or none.
    ResponseBeforeRequest,

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
    /// Whoever takes the content as it comes refused more, behind so many octets.
    ContentRefused { taken: u64 },
    /// The body is not JSON (RFC 8259): this octet is where it stops being so.
    JsonSyntax { position: usize },
    /// The body's JSON has more objects and arrays within each other than this.
    JsonTooDeep { maximum: usize },
    /// The body is JSON, and not a value of the type that was asked for.
    JsonMismatch { mismatch: Mismatch },
    /// A string with escapes does not fit into the scratch space in which they are resolved.
    JsonScratchTooSmall { capacity: usize },

    // Where a redirect leads.
    /// The response is a redirect, and has no Location, two, or one that is no URI reference.
    RedirectWithoutLocation,
    /// The redirect leads to another scheme than `https`.
    RedirectNotHttps,
    /// The redirect leads to a URL that [`crate::Url::parse`] refuses, with the error of this number.
    RedirectUrl { number: u16 },
    /// The URL that the redirect leads to does not fit into the response buffer behind the head.
    RedirectTooLong { capacity: usize },
    /// There were as many redirects as may be followed, and another one.
    TooManyRedirects { maximum: u8 },

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
            Self::JsonTooLarge { .. } => 1215,
            Self::JsonValue { .. } => 1216,
            Self::ContentTooShort { .. } => 1230,
            Self::ContentTooLong { .. } => 1231,
            Self::ContentUnreadable { .. } => 1232,
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
            Self::ResponseBeforeRequest => 4116,
            Self::BodyTooLarge { .. } => 4200,
            Self::BodyTruncated { .. } => 4201,
            Self::ChunkSize { .. } => 4202,
            Self::ChunkSizeTooLong { .. } => 4203,
            Self::ChunkEnd { .. } => 4204,
            Self::ChunkExtensionTooLong { .. } => 4205,
            Self::Trailer { .. } => 4206,
            Self::TrailerTooLong { .. } => 4207,
            Self::Incomplete => 4208,
            Self::ContentRefused { .. } => 4209,
            Self::JsonSyntax { .. } => 4210,
            Self::JsonTooDeep { .. } => 4211,
            Self::JsonMismatch { .. } => 4212,
            Self::JsonScratchTooSmall { .. } => 4213,
            Self::RedirectWithoutLocation => 4400,
            Self::RedirectNotHttps => 4401,
            Self::RedirectUrl { .. } => 4402,
            Self::RedirectTooLong { .. } => 4403,
            Self::TooManyRedirects { .. } => 4404,
            Self::Status { status } => 5000_u16.saturating_add(status.0),
        }
    }

    /// Where in the exchange the error belongs.
    pub const fn stage(&self) -> Stage {
        match self.code() {
            ..1230 => Stage::Request,
            1230..4000 => Stage::Content,
            4000..4200 => Stage::Head,
            4200..4400 => Stage::Body,
            4400..5000 => Stage::Status,
            5000.. => Stage::Status,
        }
    }
}

impl core::error::Error for Error {}
