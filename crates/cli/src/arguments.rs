//! Arguments that several commands take.

use jiff::Timestamp;

/// A time for `--now`.
pub(crate) fn parse_time(text: &str) -> Result<Timestamp, String> {
    text.parse()
        .map_err(|error: jiff::Error| format!("not a time of RFC 3339 such as 2025-01-27T00:00:00Z: {error}"))
}
