//! The request: `POST`, its header section and its content, RFC 9112 §3 and §6.2.

use core::fmt;

use crate::{FieldValue, Header, Source, Url};

/// The User-Agent that is sent unless the caller gives another.
pub const USER_AGENT: &str = concat!("picopost/", env!("CARGO_PKG_VERSION"));

/// A POST request over the caller's memory. Every value of this type can be sent.
///
/// Written by the library: Host (with the port where it is not 443), User-Agent, Content-Type,
/// Content-Length, `Connection: close` and, if it is asked for, Expect. Nothing else is sent unless
/// the caller adds it.
///
/// [`fmt::Debug`] shows where it goes, the names of its headers and how long its body is: the
/// rest may be secret.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    pub(crate) url: Url<'a>,
    pub(crate) content_type: FieldValue<'a>,
    pub(crate) user_agent: FieldValue<'a>,
    pub(crate) headers: &'a [Header<'a>],
    pub(crate) content: Content<'a>,
    pub(crate) expects_continue: bool,
}

/// Where the content is.
#[derive(Clone, Copy)]
pub(crate) enum Content<'a> {
    Octets(&'a [u8]),
    Source(&'a dyn Source),
}

impl Content<'_> {
    pub(crate) fn length(&self) -> usize {
        match self {
            Self::Octets(octets) => octets.len(),
            Self::Source(source) => source.length(),
        }
    }
}

impl<'a> Request<'a> {
    /// A POST of `body`, whose media type is `content_type`.
    pub const fn post(url: Url<'a>, content_type: FieldValue<'a>, body: &'a [u8]) -> Self {
        Self::new(url, content_type, Content::Octets(body))
    }

    /// A POST of content that comes from `source` while it is sent, so that it is never in memory
    /// as a whole. Content-Length is what the source promises.
    pub const fn stream(url: Url<'a>, content_type: FieldValue<'a>, source: &'a dyn Source) -> Self {
        Self::new(url, content_type, Content::Source(source))
    }

    /// A POST of JSON. The body is sent as it is, unchecked.
    pub const fn json(url: Url<'a>, body: &'a [u8]) -> Self {
        Self::post(url, FieldValue::JSON, body)
    }

    /// A POST of an HTML form. The body is sent as it is, unchecked.
    pub const fn form(url: Url<'a>, body: &'a [u8]) -> Self {
        Self::post(url, FieldValue::FORM, body)
    }

    const fn new(url: Url<'a>, content_type: FieldValue<'a>, content: Content<'a>) -> Self {
        let user_agent = FieldValue::known(USER_AGENT);
        Self { url, content_type, user_agent, headers: &[], content, expects_continue: false }
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

    /// The same request with `Expect: 100-continue` (RFC 9110 §10.1.1): the content is held back
    /// until the server asks for it, so that a server that refuses the head never gets it. Worth
    /// its round trip where the content is large or costs something to produce.
    ///
    /// Without content nothing is expected: the header is left out.
    #[must_use]
    pub const fn with_expect_continue(self) -> Self {
        Self { expects_continue: true, ..self }
    }

    /// Where the request goes.
    pub const fn url(&self) -> Url<'a> {
        self.url
    }

    /// The content; empty where it comes from a [`Source`].
    pub const fn body(&self) -> &'a [u8] {
        match self.content {
            Content::Octets(octets) => octets,
            Content::Source(_) => &[],
        }
    }

    /// How many octets the content has, or its source promises.
    pub fn content_length(&self) -> usize {
        self.content.length()
    }
}

impl fmt::Debug for Request<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("authority", &self.url.authority())
            .field("content_type", &self.content_type.as_str())
            .field("headers", &self.headers)
            .field("body_length", &self.content_length())
            .finish_non_exhaustive()
    }
}
