//! The client that does all of it: connects, keeps the connection, gives up in time, tries again, follows
//! redirects, gets tokens, asks for the time.
//!
//! The logic is async, once. [`crate::asynch::Client`] races each operation of its transport against a
//! delay; under [`crate::blocking::Client`] each operation blocks, with a limit of its own, and the future
//! never waits.

use core::fmt;
use core::net::IpAddr;
use core::time::Duration;

use picopost_http::Request;

use crate::{Observer, RetryPolicy, TimeLimits};

pub use hint::ClockHint;
pub use key::RequestKey;

pub(crate) mod engine;
mod hint;
pub(crate) mod io;
mod key;
pub(crate) mod link;
#[cfg(feature = "sntp")]
mod sntp;
mod time;
#[cfg(feature = "oauth")]
mod token;

/// What a client needs of the device, each by value or as `&mut`.
#[derive(Clone, Copy, Debug)]
pub struct Platform<T, D, U, K, R> {
    /// The network: [`crate::asynch::Transport`] or [`crate::blocking::Transport`].
    pub transport: T,
    /// Waits: `DelayNs` of `embedded-hal-async` or `embedded-hal`.
    pub delay: D,
    /// Says how much time has gone by.
    pub uptime: U,
    /// Knows what time it is: [`crate::Clock`].
    pub clock: K,
    /// Random octets fit for keys.
    pub entropy: R,
}

/// How much time has gone by: `|| embassy_time::Instant::now().as_millis()`, say.
///
/// A delay alone does not tell how long something took that was faster. Another clock than
/// [`crate::Clock`], since that one may be set in between, or not know the time.
pub trait Uptime {
    /// Milliseconds since some fixed moment. Never less than before; a sleep during which the client is kept
    /// counts.
    fn milliseconds(&self) -> u64;
}

impl<F: Fn() -> u64> Uptime for F {
    fn milliseconds(&self) -> u64 {
        self()
    }
}

/// The addresses of a host, in the order in which they are to be tried: at most four, further ones are
/// left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Addresses {
    addresses: [Option<IpAddr>; Self::MAXIMUM],
}

impl Addresses {
    /// How many addresses are tried.
    pub const MAXIMUM: usize = 4;

    /// The addresses in their order.
    pub fn iter(&self) -> impl Iterator<Item = IpAddr> {
        self.addresses.iter().copied().flatten()
    }
}

impl FromIterator<IpAddr> for Addresses {
    fn from_iter<A: IntoIterator<Item = IpAddr>>(addresses: A) -> Self {
        let mut all = Self::default();
        all.addresses.iter_mut().zip(addresses).for_each(|(place, address)| *place = Some(address));
        all
    }
}

/// How a client behaves, for all its POSTs. `Settings { retry, ..Settings::DEFAULT }` changes a part of it.
#[derive(Clone, Copy, Debug)]
pub struct Settings<'c> {
    /// How long it waits for what.
    pub limits: TimeLimits,
    /// How often it tries.
    pub retry: RetryPolicy,
    /// Where it lets itself be sent.
    pub redirects: Redirects,
    /// What it does with a connection after a POST.
    pub keep_alive: KeepAlive,
    /// Hosts that tell the time by SNTP (feature `sntp`), asked one after the other where
    /// [`crate::Clock`] does not know it. What they say is not authenticated: whoever is in between can set
    /// the time to any between [`crate::Clock::floor`] and half a century later, and with it the time at
    /// which certificates are looked at. Without the feature, nobody is asked.
    pub time_servers: &'c [&'c str],
}

impl Settings<'_> {
    /// Six attempts, limits for a slow link, no redirects, connections kept, and no time servers.
    pub const DEFAULT: Self = Self {
        limits: TimeLimits::DEFAULT,
        retry: RetryPolicy::DEFAULT,
        redirects: Redirects::Never,
        keep_alive: KeepAlive::DEFAULT,
        time_servers: &[],
    };
}

impl Default for Settings<'_> {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// What a client does about 307 (Temporary Redirect) and 308 (Permanent Redirect), which keep method and
/// content (RFC 9110 §15.4.8, §15.4.9). Other redirects do not, and are answers like any other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Redirects {
    /// Nothing: they are the result.
    Never,
    /// Follows them, to `https` alone. To another origin goes the content, but nothing that is for the first
    /// alone ([`Request::redirected`]). The same trust anchors hold there: whoever the first server sends
    /// the client to has to have a certificate for its own name under one of them. A token request is
    /// never redirected, and neither is a request that may have arrived in an earlier attempt: what lets it
    /// be repeated is its Idempotency-Key, which does not go along.
    Follow {
        /// How many in one attempt, 3 at most; one more is an error, and so a loop ends.
        maximum: u8,
    },
}

impl Redirects {
    /// As many as are followed at most.
    pub const MAXIMUM: u8 = 3;

    pub(crate) fn maximum(self) -> Option<u8> {
        match self {
            Self::Never => None,
            Self::Follow { maximum } => Some(maximum.min(Self::MAXIMUM)),
        }
    }
}

/// What a client does with a connection after a POST.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeepAlive {
    /// Closes it, and tells the server so with the request.
    Close,
    /// Keeps it for the next POST to the same origin, but no longer than this without one, and no longer
    /// than the server says in Keep-Alive. One connection is kept: a POST to another origin closes it.
    Idle(Duration),
}

impl KeepAlive {
    /// 55 s: load balancers, proxies and the NAT of home routers forget a silent connection after 60 s or
    /// more, and who comes later finds out by losing a request.
    pub const DEFAULT: Self = Self::Idle(Duration::from_secs(55));
}

/// One POST: the request, and what goes with it. A `&Request` alone will do.
pub struct Post<'r> {
    pub(crate) request: Request<'r>,
    #[cfg(feature = "oauth")]
    pub(crate) tokens: Option<&'r mut (dyn token::Tokens + 'r)>,
    pub(crate) key: KeySource,
    pub(crate) observer: Option<&'r mut (dyn Observer + 'r)>,
}

/// Where the Idempotency-Key comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeySource {
    /// The request, if it has one.
    Request,
    /// The client makes one.
    Fresh,
}

impl<'r> From<&Request<'r>> for Post<'r> {
    fn from(request: &Request<'r>) -> Self {
        Self {
            request: *request,
            #[cfg(feature = "oauth")]
            tokens: None,
            key: KeySource::Request,
            observer: None,
        }
    }
}

impl<'r> Post<'r> {
    /// The same as bearer of a token from this source: one is fetched where there is none or it is about to
    /// end, and renewed once where the server answers 401 with `error="invalid_token"` (RFC 6750 §3.1),
    /// which says that it did not act on the request.
    ///
    /// The token request is sent in the same attempt, by the same client, to the token endpoint, which may
    /// be another host: then the connection to the readings' is closed for it. It may be repeated like a
    /// request with an Idempotency-Key: with client credentials, unlike with a code (RFC 6749 §4.1.2), what
    /// a lost answer leaves behind is a token that nobody has.
    #[cfg(feature = "oauth")]
    #[must_use]
    pub fn with_tokens<'t: 'r>(self, tokens: &'r mut crate::oauth::TokenSource<'t>) -> Self {
        Self { tokens: Some(tokens), ..self }
    }

    /// The same with a fresh Idempotency-Key, the same in all attempts. A request that has one keeps its own.
    ///
    /// Only for a service that honours it: to one that does not, a repeated request is another reading.
    #[must_use]
    pub fn with_fresh_key(self) -> Self {
        Self { key: KeySource::Fresh, ..self }
    }

    /// The same, watched: each exchange with its stages, those of redirects and token requests too, and each
    /// attempt.
    #[must_use]
    pub fn observed_by(self, observer: &'r mut dyn Observer) -> Self {
        Self { observer: Some(observer), ..self }
    }
}

impl fmt::Debug for Post<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Post").field("request", &self.request).field("key", &self.key).finish_non_exhaustive()
    }
}
