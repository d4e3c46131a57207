//! What time it is, as far as the client knows.

use core::time::Duration;

use super::ClockHint;
use super::io::Io;
use crate::clock::checked_now;
use crate::{Clock, ClockError, Error, UnixTime, tls};

/// A time, and when it was so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Known {
    /// Unix seconds.
    pub(crate) seconds: u64,
    /// Milliseconds of [`Io::now`].
    pub(crate) at: u64,
}

impl Known {
    /// What the time is at this moment, in Unix seconds.
    pub(crate) const fn seconds_at(&self, now: u64) -> u64 {
        self.seconds.saturating_add(now.saturating_sub(self.at) / 1000)
    }
}

/// The clock's time, or what a time server has told in its place.
pub(crate) fn now<I: Io>(
    clock: &(impl Clock + ?Sized),
    told: Option<Known>,
    io: &I,
) -> Result<UnixTime, ClockError> {
    match (checked_now(clock), told) {
        (Err(_), Some(told)) => {
            Ok(UnixTime::since_unix_epoch(Duration::from_secs(told.seconds_at(io.now()))))
        }
        (known, _) => known,
    }
}

/// What a Date says about an error that comes of the time.
pub(crate) fn hint<I: Io>(error: &Error, dated: Option<Known>, io: &I) -> Option<ClockHint> {
    let by_clock = match error {
        Error::Tls {
            error: tls::Error::Expired { now, .. } | tls::Error::NotYetValid { now, .. }, ..
        } => *now,
        Error::Clock(ClockError::BehindFloor { now, .. }) => *now,
        _ => return None,
    };
    Some(ClockHint { by_date: dated?.seconds_at(io.now()), by_clock })
}
