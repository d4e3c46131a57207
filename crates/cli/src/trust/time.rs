//! Times as Unix seconds, and how they are shown.

use std::time::{SystemTime, UNIX_EPOCH};

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

pub(super) const DAY: i64 = 24 * 60 * 60;

/// The time that was asked for, or this machine's.
pub(super) fn now(asked: Option<Timestamp>) -> i64 {
    let system = || SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    asked.map_or_else(|| i64::try_from(system()).unwrap_or(i64::MAX), Timestamp::as_second)
}

/// The day that this second is in, UTC.
pub(super) fn date(seconds: i64) -> Date {
    TimeZone::UTC.to_datetime(timestamp(seconds)).date()
}

/// `2036-06-22`.
pub(super) fn day(seconds: i64) -> String {
    date(seconds).to_string()
}

/// `2025-01-27T00:00:00Z`.
pub(super) fn moment(seconds: i64) -> String {
    timestamp(seconds).to_string()
}

/// The first second of a day, UTC.
pub(super) fn start_of(date: Date) -> i64 {
    date.to_zoned_datetime(TimeZone::UTC).map_or(i64::MAX, |zoned| zoned.timestamp().as_second())
}

/// Whole days from `now`, negative where it has passed.
pub(super) fn days_until(seconds: i64, now: i64) -> i64 {
    (seconds - now).div_euclid(DAY)
}

/// Certificates may say dates that this calendar ends before (the year 9999).
fn timestamp(seconds: i64) -> Timestamp {
    let bounds = (Timestamp::MIN, Timestamp::MAX);
    let bounded = seconds.clamp(bounds.0.as_second(), bounds.1.as_second());
    Timestamp::from_second(bounded).unwrap_or(if seconds < 0 { bounds.0 } else { bounds.1 })
}
