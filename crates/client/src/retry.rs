//! Whether a request is sent again, and when. The rule alone: time and randomness are inputs.
//!
//! A POST is not idempotent (RFC 9110 §9.2.2), so it is repeated only where nothing of it can have
//! been acted upon:
//!
//! - no octet of it was handed to the transport; or
//! - the server said that it did not act: 408 (RFC 9110 §15.5.9), 421 (§15.5.20), 425 (RFC 8470
//!   §5.2), 429 (RFC 6585 §4), and 503 with Retry-After (RFC 9110 §15.6.4); or
//! - it carries an `Idempotency-Key`, by which the server knows it again. Then a connection that
//!   failed, and an edge or a server that gave up, are tried again too.

use core::time::Duration;

use picopost_http::{Error as HttpError, StatusCode};
use picopost_tls::{AlertDescription, Error as TlsError};

use crate::{ClockError, ConnectError, Error};
use embedded_io::ErrorKind;

/// How often to try, and how long to wait in between.
///
/// The wait before an attempt is drawn evenly from nothing up to `first_wait`, doubled with each
/// attempt, up to `longest_wait`: full jitter, so that a thousand devices that lost the same
/// server do not come back at the same moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Attempts in all, the first included. 0 counts as 1.
    pub attempts: u8,
    /// The longest wait before the second attempt.
    pub first_wait: Duration,
    /// The longest wait before any attempt, of our own accord.
    pub longest_wait: Duration,
    /// The longest wait that a server may ask for (Retry-After). Where it asks for more, its
    /// answer is the result.
    pub longest_retry_after: Duration,
    /// How long after the beginning of the first attempt the last one may begin. [`Self::wait`] does not
    /// know when that was: it is for whoever does, such as the client.
    pub longest_in_all: Duration,
}

impl RetryPolicy {
    /// One attempt.
    pub const NEVER: Self = Self { attempts: 1, ..Self::DEFAULT };

    /// Six attempts with some two minutes of waiting; a server may ask for five. The last begins within
    /// ten.
    pub const DEFAULT: Self = Self {
        attempts: 6,
        first_wait: Duration::from_secs(2),
        longest_wait: Duration::from_secs(60),
        longest_retry_after: Duration::from_secs(300),
        longest_in_all: Duration::from_secs(600),
    };

    /// How long to wait before the next attempt, after `made` attempts the last of which ended
    /// like this; `None` if there is to be no other. `random` is drawn evenly from all its values.
    pub fn wait(&self, made: u8, ending: &Ending<'_>, key: IdempotencyKey, random: u32) -> Option<Duration> {
        if made >= self.attempts.max(1) {
            return None;
        }
        match ending {
            Ending::Failed { error, request } => {
                let may_repeat = *request == Fate::NotSent || key == IdempotencyKey::Present;
                (may_repeat && may_pass(error)).then(|| self.jitter(made, random))
            }
            Ending::Answered { status, retry_after } => {
                let asked = match may_repeat(*status, retry_after.is_some(), key) {
                    true => retry_after.unwrap_or_default(),
                    false => return None,
                };
                // Nobody comes before the time that the server gave, and not all at that moment.
                let wait = asked.saturating_add(self.jitter(made, random));
                (asked <= self.longest_retry_after).then_some(wait)
            }
        }
    }

    fn jitter(&self, made: u8, random: u32) -> Duration {
        let doubled = 1u32.checked_shl(u32::from(made.saturating_sub(1))).unwrap_or(u32::MAX);
        let limit = self.first_wait.saturating_mul(doubled).min(self.longest_wait);
        // Milliseconds are fine enough to spread devices.
        let limit = u64::try_from(limit.as_millis()).unwrap_or(u64::MAX).min(u64::from(u32::MAX));
        Duration::from_millis((limit * u64::from(random)) >> 32)
    }
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// What can have become of the request when an attempt failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// No octet of it was handed to the transport.
    NotSent,
    /// The server may have it, whole or in part.
    Unknown,
}

/// Whether the request carries an `Idempotency-Key`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdempotencyKey {
    /// The server knows a repetition when it sees one.
    Present,
    /// Each request is a new one to the server.
    Absent,
}

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending<'e> {
    /// Without a whole response.
    Failed {
        /// Why.
        error: &'e Error,
        /// What can have become of the request.
        request: Fate,
    },
    /// With a whole response.
    Answered {
        /// Its status.
        status: StatusCode,
        /// Its Retry-After, from now on.
        retry_after: Option<Duration>,
    },
}

fn may_repeat(status: StatusCode, has_retry_after: bool, key: IdempotencyKey) -> bool {
    match status.0 {
        // RFC 9110 §15.5.9, §15.5.20, RFC 8470 §5.2, RFC 6585 §4: not acted upon.
        408 | 421 | 425 | 429 => true,
        // RFC 9110 §15.6.4: with the time at which to come again.
        503 if has_retry_after => true,
        // The first copy may still be at work (409), may have been lost behind a gateway (502 to
        // 504), or behind an edge such as Cloudflare's (520 to 524).
        409 | 502..=504 | 520..=524 => key == IdempotencyKey::Present,
        _ => false,
    }
}

/// Whether an error comes of circumstances that may pass by themselves. What was verified and
/// refused stays refused: to ask again would not make a certificate better.
fn may_pass(error: &Error) -> bool {
    match error {
        Error::Connect(ConnectError::Dns(kind) | ConnectError::Tcp(kind)) => {
            !matches!(kind, ErrorKind::Unsupported | ErrorKind::InvalidInput | ErrorKind::PermissionDenied)
        }
        Error::Transport { .. } | Error::TimedOut { .. } => true,
        Error::Tls { error, .. } => match error {
            // Cut, closed, or damaged on the way.
            TlsError::Truncated { .. } | TlsError::ClosedInHandshake | TlsError::BadRecordMac => true,
            // A secure element that was busy, or its bus.
            TlsError::SigningFailed { .. } => true,
            TlsError::AlertReceived { alert, .. } => [
                AlertDescription::INTERNAL_ERROR,
                AlertDescription::BAD_RECORD_MAC,
                AlertDescription::DECRYPT_ERROR,
            ]
            .contains(alert),
            _ => false,
        },
        Error::Http(error) => matches!(
            error,
            HttpError::NoResponse { .. } | HttpError::HeadTruncated { .. } | HttpError::BodyTruncated { .. }
        ),
        // The network was not there yet.
        Error::Clock(ClockError::NoTimeServer { .. }) => true,
        Error::ServerName | Error::Clock(_) => false,
        #[cfg(feature = "oauth")]
        Error::Token(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Direction, Stage};
    use picopost_http::End;

    const POLICY: RetryPolicy = RetryPolicy::DEFAULT;
    use Fate::{NotSent, Unknown};
    use IdempotencyKey::{Absent, Present};

    fn transport() -> Error {
        Error::Transport {
            stage: Stage::Head,
            direction: Direction::Receive,
            kind: ErrorKind::ConnectionReset,
        }
    }

    fn tls(error: TlsError) -> Error {
        Error::Tls { stage: Stage::Hello, error }
    }

    fn is_repeated(error: &Error, request: Fate, key: IdempotencyKey) -> bool {
        POLICY.wait(1, &Ending::Failed { error, request }, key, 0).is_some()
    }

    #[test]
    fn what_may_have_arrived_is_repeated_with_a_key_alone() {
        let alert = |alert| tls(TlsError::AlertReceived { alert, stage: picopost_tls::Stage::Hello });
        let passing = [
            Error::Connect(ConnectError::Dns(ErrorKind::NotFound)),
            Error::Connect(ConnectError::Tcp(ErrorKind::ConnectionRefused)),
            transport(),
            Error::TimedOut {
                part: crate::TimePart::Whole,
                stage: Stage::Head,
                after_milliseconds: 1,
                octets: crate::Octets::default(),
            },
            Error::Clock(ClockError::NoTimeServer { asked: 1, last: crate::TimeServerError::Answer }),
            tls(TlsError::Truncated { stage: picopost_tls::Stage::Hello }),
            tls(TlsError::ClosedInHandshake),
            tls(TlsError::BadRecordMac),
            tls(TlsError::SigningFailed { reason: 7 }),
            alert(AlertDescription::INTERNAL_ERROR),
            Error::Http(HttpError::NoResponse { end: End::Truncated }),
            Error::Http(HttpError::BodyTruncated { received: 1, expected: Some(2), end: End::Truncated }),
        ];
        for error in &passing {
            assert!(is_repeated(error, NotSent, Absent), "{error}");
            assert!(is_repeated(error, NotSent, Present), "{error}");
            assert!(!is_repeated(error, Unknown, Absent), "{error}");
            assert!(is_repeated(error, Unknown, Present), "{error}");
        }
        let staying = [
            Error::ServerName,
            Error::Clock(ClockError::Unknown),
            Error::Clock(ClockError::OutOfRange { told: 0, floor: 1 }),
            Error::Connect(ConnectError::Tcp(ErrorKind::Unsupported)),
            tls(TlsError::UnknownIssuer),
            tls(TlsError::WrongName),
            tls(TlsError::PlainHttp),
            tls(TlsError::Internal),
            alert(AlertDescription::HANDSHAKE_FAILURE),
            alert(AlertDescription::CERTIFICATE_REQUIRED),
            Error::Http(HttpError::TwoFramings),
            Error::Http(HttpError::StatusLine),
        ];
        for error in &staying {
            assert!(!is_repeated(error, NotSent, Present), "{error}");
        }
    }

    #[test]
    fn answers() {
        let minute = Some(Duration::from_secs(60));
        // Status, and whether it is repeated: without anything, with Retry-After, with a key.
        let table = [
            (200, [false, false, false]),
            (307, [false, false, false]),
            (400, [false, false, false]),
            (401, [false, false, false]),
            (408, [true, true, true]),
            (409, [false, false, true]),
            (421, [true, true, true]),
            (425, [true, true, true]),
            (429, [true, true, true]),
            (500, [false, false, false]),
            (501, [false, false, false]),
            (502, [false, false, true]),
            (503, [false, true, true]),
            (504, [false, false, true]),
            (520, [false, false, true]),
            (524, [false, false, true]),
            (525, [false, false, false]),
        ];
        for (status, expected) in table {
            let repeats = [(None, Absent), (minute, Absent), (None, Present)].map(|(retry_after, key)| {
                let ending = Ending::Answered { status: StatusCode(status), retry_after };
                POLICY.wait(1, &ending, key, 0).is_some()
            });
            assert_eq!(repeats, expected, "{status}");
        }
    }

    #[test]
    fn waits_double_are_drawn_and_have_an_end() {
        let (error, seconds) = (transport(), Duration::from_secs);
        let wait = |made, random| {
            let ending = Ending::Failed { error: &error, request: NotSent };
            RetryPolicy { attempts: 12, ..POLICY }.wait(made, &ending, Absent, random)
        };
        assert_eq!(wait(1, 0), Some(Duration::ZERO));
        assert_eq!(wait(1, 1 << 31), Some(seconds(1)));
        for (made, longest) in [(1, 2), (2, 4), (3, 8), (4, 16), (5, 32), (6, 60), (7, 60), (11, 60)] {
            let drawn = wait(made, u32::MAX).unwrap();
            assert!(drawn < seconds(longest) && drawn > seconds(longest) * 99 / 100, "{made}: {drawn:?}");
        }
        assert_eq!(wait(12, 0), None);
        assert_eq!(wait(255, 0), None);
        let endless =
            RetryPolicy { attempts: 255, longest_wait: Duration::MAX, first_wait: Duration::MAX, ..POLICY };
        let ending = Ending::Failed { error: &error, request: NotSent };
        assert!(endless.wait(200, &ending, Absent, u32::MAX).is_some(), "no overflow");
        for attempts in [0, 1] {
            assert_eq!(RetryPolicy { attempts, ..POLICY }.wait(1, &ending, Present, 0), None);
        }
    }

    #[test]
    fn a_server_is_given_the_time_that_it_asks_for_or_none() {
        let wait = |seconds, random| {
            let retry_after = Some(Duration::from_secs(seconds));
            let ending = Ending::Answered { status: StatusCode(429), retry_after };
            POLICY.wait(1, &ending, Absent, random)
        };
        assert_eq!(wait(30, 0), Some(Duration::from_secs(30)));
        assert!(wait(30, u32::MAX).unwrap() > Duration::from_secs(31));
        assert_eq!(wait(300, 0), Some(Duration::from_secs(300)));
        assert_eq!(wait(301, 0), None);
        assert_eq!(wait(u64::MAX, 0), None);
    }
}
