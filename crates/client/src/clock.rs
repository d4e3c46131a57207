//! Time is an input: a certificate cannot be verified without it.

use core::fmt;
use core::time::Duration;

use embedded_io::ErrorKind;

use crate::UnixTime;
use crate::error::kind_text;

/// 2025-01-01T00:00:00Z: a clock before this has not been set. It is older than this version by
/// some way, so that chains which were recorded in the past can still be verified at their time.
pub const CLOCK_FLOOR: UnixTime = UnixTime::since_unix_epoch(Duration::from_secs(1_735_689_600));

/// Where the time comes from: a real-time clock, SNTP, or a test.
pub trait Clock {
    /// Seconds since 1970-01-01T00:00:00Z without leap seconds, or `None` if the device does not
    /// know the time.
    fn now(&self) -> Option<UnixTime>;

    /// A time that has certainly passed, such as that of the firmware's build. A clock that
    /// shows less is taken as not set. [`CLOCK_FLOOR`] unless the device knows better.
    fn floor(&self) -> UnixTime {
        CLOCK_FLOOR
    }
}

/// A time as a clock that stands still: for tests, and for callers that have asked already.
impl Clock for UnixTime {
    fn now(&self) -> Option<UnixTime> {
        Some(*self)
    }
}

impl<C: Clock + ?Sized> Clock for &C {
    fn now(&self) -> Option<UnixTime> {
        (**self).now()
    }

    fn floor(&self) -> UnixTime {
        (**self).floor()
    }
}

/// Why the time cannot be used. Times are Unix seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[expect(missing_docs, reason = "fields: times are Unix seconds")]
pub enum ClockError {
    /// The device does not know the time.
    Unknown,
    /// The clock shows a time that has certainly passed.
    BehindFloor { now: u64, floor: u64 },
    /// The device does not know the time, and no time server has told it: of so many, the last failed
    /// like this.
    NoTimeServer { asked: u8, last: TimeServerError },
    /// The device does not know the time, and what the time servers say cannot be: it is before `floor`,
    /// or more than half a century after it.
    OutOfRange { told: u64, floor: u64 },
}

/// Why a time server told no time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TimeServerError {
    /// Its name has no address, or could not be asked for.
    Dns(ErrorKind),
    /// It could not be asked, or did not answer: [`ErrorKind::TimedOut`].
    Network(ErrorKind),
    /// Its answer is no answer of RFC 5905 to what was asked.
    Answer,
    /// It does not know the time itself (RFC 5905 §7.3), or wants to be asked less (§7.4).
    Unavailable,
}

impl ClockError {
    /// The error's stable number.
    pub const fn code(&self) -> u16 {
        match self {
            Self::Unknown => 1100,
            Self::BehindFloor { .. } => 1101,
            Self::NoTimeServer { .. } => 1102,
            Self::OutOfRange { .. } => 1103,
        }
    }
}

impl core::error::Error for ClockError {}

impl fmt::Display for ClockError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !cfg!(feature = "error-text") {
            return write!(f, "error {}", self.code());
        }
        match self {
            Self::Unknown => f.write_str("the device does not know the time"),
            Self::BehindFloor { now, floor } => {
                write!(f, "the clock shows {now} and the time is at least {floor} (Unix seconds)")
            }
            Self::NoTimeServer { asked, last } => {
                write!(f, "none of {asked} time servers told the time, the last one since it ")?;
                match last {
                    TimeServerError::Dns(kind) => write!(f, "could not be resolved: {}", kind_text(*kind)),
                    TimeServerError::Network(kind) => write!(f, "could not be reached: {}", kind_text(*kind)),
                    TimeServerError::Answer => f.write_str("gave an answer that is none"),
                    TimeServerError::Unavailable => f.write_str("does not want to say"),
                }
            }
            Self::OutOfRange { told, floor } => write!(
                f,
                "the time servers say {told}, which cannot be: the time is at least {floor} (Unix seconds)"
            ),
        }
    }
}

/// The clock's time, unless it is known to be wrong.
pub(crate) fn checked_now(clock: &(impl Clock + ?Sized)) -> Result<UnixTime, ClockError> {
    let now = clock.now().ok_or(ClockError::Unknown)?;
    let floor = clock.floor();
    if now < floor {
        return Err(ClockError::BehindFloor { now: now.as_secs(), floor: floor.as_secs() });
    }
    Ok(now)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Broken;

    impl Clock for Broken {
        fn now(&self) -> Option<UnixTime> {
            None
        }
    }

    /// A device that knows when its firmware was built.
    struct Built(u64);

    impl Clock for Built {
        fn now(&self) -> Option<UnixTime> {
            Some(CLOCK_FLOOR)
        }

        fn floor(&self) -> UnixTime {
            at(self.0)
        }
    }

    fn at(seconds: u64) -> UnixTime {
        UnixTime::since_unix_epoch(Duration::from_secs(seconds))
    }

    #[test]
    fn a_clock_that_is_not_set_is_told_from_one_that_is() {
        let floor = CLOCK_FLOOR.as_secs();
        assert_eq!(checked_now(&Broken), Err(ClockError::Unknown));
        assert_eq!(checked_now(&at(0)), Err(ClockError::BehindFloor { now: 0, floor }));
        assert_eq!(checked_now(&at(floor - 1)), Err(ClockError::BehindFloor { now: floor - 1, floor }));
        assert_eq!(checked_now(&at(floor)), Ok(at(floor)));
        assert_eq!(checked_now(&&Built(floor)), Ok(at(floor)));
        let later = floor + 1;
        assert_eq!(checked_now(&&Built(later)), Err(ClockError::BehindFloor { now: floor, floor: later }));
    }
}
