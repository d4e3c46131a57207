//! NDJSON: each attempt is one JSON object in a line of its own, as it is kept, and reads back as that.

use super::super::capture::Attempt;

pub(super) fn line(attempt: &Attempt) -> Vec<u8> {
    // These values have string keys and no floats, so this does not fail.
    let mut line = serde_json::to_vec(attempt).unwrap_or_default();
    line.push(b'\n');
    line
}
