//! What other people's clocks say.

use core::fmt;

/// What the Date of an earlier response says about the clock, for an error that is about the time
/// ([`crate::asynch::Client::clock_hint`]).
///
/// A hint for people: nothing is verified with it. That response came over a verified connection, but from
/// a time when the clock was believed, and servers' clocks are wrong too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClockHint {
    /// What the time is by that Date and the time since, in Unix seconds.
    pub by_date: u64,
    /// What the device takes it to be, in Unix seconds.
    pub by_clock: u64,
}

impl fmt::Display for ClockHint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { by_date, by_clock } = self;
        if !cfg!(feature = "error-text") {
            return write!(f, "{by_date} {by_clock}");
        }
        let (seconds, side) = match by_date.checked_sub(*by_clock) {
            Some(seconds) => (seconds, "behind"),
            None => (by_clock.saturating_sub(*by_date), "ahead of"),
        };
        write!(f, "the clock is {seconds} s {side} the Date of an earlier answer")
    }
}
