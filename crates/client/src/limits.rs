//! How long a POST may wait, and for what.

use core::time::Duration;

use crate::{Error, Octets, Stage};

/// How long a POST may wait, for each part of it.
///
/// All but the last count waiting alone: what the device computes in between is not the network's fault.
/// They begin when the part begins and are not renewed by what trickles in: a server that sends an octet
/// a second is cut off like one that sends nothing. The defaults are for slow links (NB-IoT, GPRS:
/// round trips of seconds, some hundred octets a second) and a payload of a few KB; a larger one, or a
/// larger answer, needs more.
///
/// A limit that is up ends the attempt with [`crate::Error::TimedOut`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeLimits {
    /// From name to addresses. 15 s: three queries, each given up after 5 s as resolvers do.
    pub resolve: Duration,
    /// Opening the TCP connection to one address. 15 s: the SYN and three repetitions (RFC 6298: after 1, 3
    /// and 7 s), so that there is time for the next address.
    pub connect: Duration,
    /// TLS, from ClientHello to Finished. 30 s: two round trips, and some 5 KB of certificates.
    pub handshake: Duration,
    /// Sending the request. 30 s.
    pub send: Duration,
    /// From the request's last octet to the response's first, however many interim responses come in
    /// between. 30 s: the server's own work too.
    pub first_octet: Duration,
    /// The rest of the response. 30 s.
    pub body: Duration,
    /// How long content that was to wait for a 100 (Continue) is held back (RFC 9110 §10.1.1). 3 s. Then it
    /// is sent: this limit is no error.
    pub go_ahead: Duration,
    /// The answer of one time server. 5 s; then the next one is asked.
    pub time_server: Duration,
    /// One attempt as a whole, with its redirects and its token request, computing included. 180 s.
    /// [`crate::RetryPolicy::longest_in_all`] bounds all attempts together.
    pub whole: Duration,
}

impl TimeLimits {
    /// Limits for a slow link.
    pub const DEFAULT: Self = Self {
        resolve: Duration::from_secs(15),
        connect: Duration::from_secs(15),
        handshake: Duration::from_secs(30),
        send: Duration::from_secs(30),
        first_octet: Duration::from_secs(30),
        body: Duration::from_secs(30),
        go_ahead: Duration::from_secs(3),
        time_server: Duration::from_secs(5),
        whole: Duration::from_secs(180),
    };
}

impl Default for TimeLimits {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// Which limit of [`TimeLimits`] was up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TimePart {
    /// [`TimeLimits::resolve`]
    Resolve,
    /// [`TimeLimits::connect`]
    Connect,
    /// [`TimeLimits::handshake`]
    Handshake,
    /// [`TimeLimits::send`]
    Send,
    /// [`TimeLimits::first_octet`]
    FirstOctet,
    /// [`TimeLimits::body`]
    Body,
    /// [`TimeLimits::whole`]
    Whole,
}

impl TimePart {
    /// The stable number of its error.
    pub(crate) const fn code(self) -> u16 {
        match self {
            Self::Resolve => 2180,
            Self::Connect => 2181,
            Self::Handshake => 2182,
            Self::Send => 2183,
            Self::FirstOctet => 2184,
            Self::Body => 2185,
            Self::Whole => 2186,
        }
    }

    pub(crate) const fn text(self) -> &'static str {
        match self {
            Self::Resolve => "resolving the host's name",
            Self::Connect => "opening the TCP connection",
            Self::Handshake => "the TLS handshake",
            Self::Send => "sending the request",
            Self::FirstOctet => "the first octet of the response",
            Self::Body => "the rest of the response",
            Self::Whole => "the whole attempt",
        }
    }
}

/// What a driver waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wait {
    Resolve,
    Connect,
    Handshake,
    Send,
    /// A 100 (Continue).
    GoAhead,
    FirstOctet,
    Body,
    #[cfg_attr(not(feature = "sntp"), expect(dead_code, reason = "nobody is asked"))]
    TimeServer,
    /// A courtesy on which nothing depends: close_notify.
    Farewell,
}

const WAITS: usize = Wait::Farewell as usize + 1;

impl Wait {
    /// The same for an operation that sends. The exchange is ahead of the stream: what it has sealed is
    /// still to be sent, and the wait for an answer begins behind that.
    pub(crate) const fn to_send(self) -> Self {
        match self {
            Self::GoAhead | Self::FirstOctet | Self::Body => Self::Send,
            other => other,
        }
    }

    /// The part whose limit it has. `GoAhead`, `TimeServer` and `Farewell` end in no such error.
    const fn part(self) -> TimePart {
        match self {
            Self::Resolve => TimePart::Resolve,
            Self::Connect => TimePart::Connect,
            Self::Handshake => TimePart::Handshake,
            Self::Send | Self::GoAhead => TimePart::Send,
            Self::FirstOctet => TimePart::FirstOctet,
            Self::Body => TimePart::Body,
            Self::TimeServer | Self::Farewell => TimePart::Whole,
        }
    }
}

/// How long a close_notify may take.
const FAREWELL: Duration = Duration::from_secs(2);

/// What is left of the limits of one attempt, in milliseconds.
#[derive(Clone, Debug)]
pub(crate) struct Budget {
    /// How long each [`Wait`] may take, in its order.
    limits: [u32; WAITS],
    /// How long all may take.
    whole: u32,
    /// What each [`Wait`] has taken so far, in its order.
    spent: [u32; WAITS],
    /// When the attempt began.
    begun: u64,
}

/// For how long an operation may wait, and which limit is up then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Allowance {
    pub(crate) milliseconds: u32,
    pub(crate) part: TimePart,
    /// The milliseconds that have gone by for this limit when it is up.
    pub(crate) limit: u32,
}

impl Allowance {
    /// The error when it is up.
    pub(crate) const fn error(self, stage: Stage, octets: Octets) -> Error {
        Error::TimedOut { part: self.part, stage, after_milliseconds: self.limit, octets }
    }
}

impl Budget {
    pub(crate) fn new(limits: &TimeLimits, now: u64) -> Self {
        let all = [
            limits.resolve,
            limits.connect,
            limits.handshake,
            limits.send,
            limits.go_ahead,
            limits.first_octet,
            limits.body,
            limits.time_server,
            FAREWELL,
        ];
        let whole = milliseconds_of(limits.whole);
        Self { limits: all.map(milliseconds_of), whole, spent: [0; WAITS], begun: now }
    }

    /// A new exchange within the same attempt.
    pub(crate) fn next_exchange(&mut self) {
        self.spent = [0; WAITS];
    }

    /// A new address, or a new time server: it has the time that one has.
    pub(crate) fn renew(&mut self, wait: Wait) {
        self.set(wait, 0);
    }

    /// For how long this may be waited from now on.
    pub(crate) fn allow(&self, wait: Wait, now: u64) -> Allowance {
        let limit = self.limits.get(wait as usize).copied().unwrap_or_default();
        let milliseconds = limit.saturating_sub(self.spent.get(wait as usize).copied().unwrap_or_default());
        let taken = u32::try_from(now.saturating_sub(self.begun)).unwrap_or(u32::MAX);
        let left = self.whole.saturating_sub(taken);
        // A courtesy has a time of its own.
        if left < milliseconds && wait != Wait::Farewell {
            Allowance { milliseconds: left, part: TimePart::Whole, limit: self.whole }
        } else {
            Allowance { milliseconds, part: wait.part(), limit }
        }
    }

    /// So long was waited.
    pub(crate) fn spend(&mut self, wait: Wait, milliseconds: u64) {
        let spent = self.spent.get(wait as usize).copied().unwrap_or_default();
        self.set(wait, spent.saturating_add(u32::try_from(milliseconds).unwrap_or(u32::MAX)));
    }

    fn set(&mut self, wait: Wait, milliseconds: u32) {
        if let Some(spent) = self.spent.get_mut(wait as usize) {
            *spent = milliseconds;
        }
    }
}

/// A duration in milliseconds, at most those that 32 bits hold: 49 days.
pub(crate) fn milliseconds_of(duration: Duration) -> u32 {
    u32::try_from(duration.as_millis()).unwrap_or(u32::MAX)
}
