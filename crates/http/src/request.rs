//! The request: `POST`, its header section and its content, RFC 9112 §3 and §6.2.

use core::fmt;

use crate::{FieldValue, Header, Source, Url};

/// The User-Agent that is sent unless the caller gives another.
pub const USER_AGENT: &str = concat!("picopost/", env!("CARGO_PKG_VERSION"));

/// A POST request over the caller's memory. Every value of this type can be sent.
///
/// Written by the library: Host (with the port where it is not 443), User-Agent, Content-Type,
/// Content-Length, `Connection: close` unless the connection is kept, and, if they are asked for, Expect,
/// Authorization and Idempotency-Key. Nothing else is sent unless the caller adds it.
///
/// [`fmt::Debug`] shows where it goes, the names of its headers and how long its body is: the
/// rest may be secret.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    pub(crate) url: Url<'a>,
    pub(crate) content_type: FieldValue<'a>,
    pub(crate) user_agent: FieldValue<'a>,
    pub(crate) headers: &'a [Header<'a>],
    /// What goes to the origin of the caller's URL alone.
    pub(crate) private_headers: &'a [Header<'a>],
    pub(crate) authorization: Option<FieldValue<'a>>,
    pub(crate) idempotency_key: Option<FieldValue<'a>>,
    /// Whether the URL is of another origin than the caller's.
    pub(crate) is_elsewhere: bool,
    pub(crate) content: Content<'a>,
    pub(crate) expects_continue: bool,
}

const AUTHORIZATION: &str = "authorization";
const IDEMPOTENCY_KEY: &str = "idempotency-key";

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
        Self {
            url,
            content_type,
            user_agent,
            headers: &[],
            private_headers: &[],
            authorization: None,
            idempotency_key: None,
            is_elsewhere: false,
            content,
            expects_continue: false,
        }
    }

    /// The same request with these headers behind those that the library writes. Where a redirect is
    /// followed to another origin they go there too, but for Authorization, Cookie and Idempotency-Key.
    #[must_use]
    pub const fn with_headers(self, headers: &'a [Header<'a>]) -> Self {
        Self { headers, ..self }
    }

    /// The same request with these headers behind all others: API keys, say. They never go to another
    /// origin than that of the URL.
    #[must_use]
    pub const fn with_private_headers(self, private_headers: &'a [Header<'a>]) -> Self {
        Self { private_headers, ..self }
    }

    /// The same request with this Authorization (RFC 9110 §11.6.2), which never goes to another origin
    /// than that of the URL.
    #[must_use]
    pub const fn with_authorization(self, credentials: FieldValue<'a>) -> Self {
        Self { authorization: Some(credentials), ..self }
    }

    /// The same request with this Idempotency-Key (draft-ietf-httpapi-idempotency-key-header §2): a
    /// string in double quotes, by which the server knows the request when it comes again. It never goes
    /// to another origin than that of the URL.
    #[must_use]
    pub const fn with_idempotency_key(self, key: FieldValue<'a>) -> Self {
        Self { idempotency_key: Some(key), ..self }
    }

    /// The same request to where it was redirected by 307 or 308, which keep method and content
    /// (RFC 9110 §15.4.8, §15.4.9). To another origin, that is host and port, nothing goes that is for
    /// the first alone: Authorization, Cookie, Idempotency-Key and the private headers. It stays so
    /// where a further redirect leads back.
    #[must_use]
    pub fn redirected(self, url: Url<'a>) -> Self {
        let is_same = self.url.authority().is_same_origin(&url.authority());
        Self { url, ..if is_same { self } else { self.for_others() } }
    }

    /// The same request without what is for the origin of its URL alone.
    #[must_use]
    pub const fn for_others(self) -> Self {
        Self { is_elsewhere: true, private_headers: &[], authorization: None, idempotency_key: None, ..self }
    }

    /// Whether a redirect has led to another origin than that of the caller's URL.
    pub const fn is_elsewhere(&self) -> bool {
        self.is_elsewhere
    }

    /// Whether a header of this name, in any case, is sent by [`Self::with_headers`],
    /// [`Self::with_private_headers`], [`Self::with_authorization`] or [`Self::with_idempotency_key`].
    pub fn has_header(&self, name: &str) -> bool {
        let is_it = |header: &Header<'_>| header.name.as_str().eq_ignore_ascii_case(name);
        (self.authorization.is_some() && name.eq_ignore_ascii_case(AUTHORIZATION))
            || (self.idempotency_key.is_some() && name.eq_ignore_ascii_case(IDEMPOTENCY_KEY))
            || self.callers_headers().any(is_it)
    }

    /// The caller's headers, as far as they may go to this URL.
    pub(crate) fn callers_headers(&self) -> impl Iterator<Item = &'a Header<'a>> {
        let is_elsewhere = self.is_elsewhere;
        let may_go = move |header: &&Header<'a>| {
            let name = header.name.as_str();
            !(is_elsewhere
                && [AUTHORIZATION, "cookie", IDEMPOTENCY_KEY]
                    .iter()
                    .any(|own| name.eq_ignore_ascii_case(own)))
        };
        self.headers.iter().filter(may_go).chain(self.private_headers)
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
