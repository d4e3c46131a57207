//! What some headers of a response mean. Each is read strictly: what is not what its RFC says is
//! as good as not there.

use crate::framing::list;
use crate::{Head, challenge, date};

/// When to come again (RFC 9110 §10.2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetryAfter {
    /// So many seconds after the response was received.
    Seconds(u64),
    /// At this time, in seconds since 1970-01-01 00:00:00 UTC.
    Date(u64),
}

impl RetryAfter {
    /// How many seconds that is from `now`, in seconds since 1970-01-01 00:00:00 UTC: 0 where it
    /// has passed.
    pub const fn seconds_from(self, now: u64) -> u64 {
        match self {
            Self::Seconds(seconds) => seconds,
            Self::Date(date) => date.saturating_sub(now),
        }
    }
}

impl<'b> Head<'b> {
    /// Retry-After: `None` where it is not there, there twice, or neither a number of seconds nor a
    /// date. For `now` see [`Self::date`].
    pub fn retry_after(&self, now: u64) -> Option<RetryAfter> {
        let value = self.only_header("retry-after")?;
        match decimal(value) {
            Some(seconds) => Some(RetryAfter::Seconds(seconds)),
            None => date::parse(value, now).map(RetryAfter::Date),
        }
    }

    /// Date (RFC 9110 §6.6.1): when the server made the response, in seconds since 1970-01-01
    /// 00:00:00 UTC, by its own clock. `None` where it is not there, there twice, or malformed.
    ///
    /// `now` is the time as far as the caller knows it, in the same seconds: the century of a date
    /// with a two-digit year (the obsolete form of RFC 850) is the one that is near.
    pub fn date(&self, now: u64) -> Option<u64> {
        date::parse(self.only_header("date")?, now)
    }

    /// For how many seconds the server keeps the connection open without a request: the `timeout` of
    /// Keep-Alive, a header without a standard in force (RFC 2068 §19.7.1.1) that many servers send.
    /// `None` where it does not say, or not clearly.
    pub fn keep_alive_timeout(&self) -> Option<u64> {
        let mut timeouts = list(self.only_header("keep-alive")?).filter_map(|parameter| {
            let (name, value) = parameter.split_at_checked("timeout=".len())?;
            name.eq_ignore_ascii_case(b"timeout=").then_some(value)
        });
        let timeout = decimal(timeouts.next()?)?;
        timeouts.next().is_none().then_some(timeout)
    }

    /// Location (RFC 9110 §10.2.2): a URI reference, which may be relative to the URL of the
    /// request. `None` where it is not there, there twice, empty, or has an octet that no URI has.
    pub fn location(&self) -> Option<&'b str> {
        let value = self.only_header("location")?;
        // RFC 3986 §2: what is outside of these is percent-encoded.
        let is_uri_octet = |octet: &u8| {
            octet.is_ascii_graphic()
                && !matches!(octet, b'"' | b'<' | b'>' | b'\\' | b'^' | b'`' | b'{'..=b'}')
        };
        if value.is_empty() || !value.iter().all(is_uri_octet) {
            return None;
        }
        core::str::from_utf8(value).ok()
    }

    /// The `error` of a Bearer challenge in WWW-Authenticate (RFC 6750 §3): `invalid_token` is the
    /// one that a new token can help against. `None` where there is none, more than one, or where
    /// the header breaks the grammar of RFC 9110 §11.6.1.
    pub fn bearer_error(&self) -> Option<&'b str> {
        let mut found = None;
        for value in self.headers_named("www-authenticate") {
            let mut parameters = challenge::Parameters::new(value);
            while let Some(parameter) = parameters.next()? {
                let is_error = parameter.scheme.eq_ignore_ascii_case("bearer")
                    && parameter.name.eq_ignore_ascii_case("error");
                // RFC 6750 §3: "MUST NOT appear more than once".
                if is_error && found.replace(parameter.value).is_some() {
                    return None;
                }
            }
        }
        found.filter(|error| !error.is_empty() && error.bytes().all(is_error_octet))
    }
}

/// RFC 6750 §3: `%x20-21 / %x23-5B / %x5D-7E`, so that there is never anything to unquote.
const fn is_error_octet(octet: u8) -> bool {
    matches!(octet, b' ' | b'!' | b'#'..=b'[' | b']'..=b'~')
}

/// `delay-seconds = 1*DIGIT`, RFC 9110 §10.2.3; more than 64 bits is as long as anyone waits.
fn decimal(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    Some(digits.iter().fold(0, |number: u64, octet| {
        number.saturating_mul(10).saturating_add(u64::from(octet.saturating_sub(b'0')))
    }))
}
