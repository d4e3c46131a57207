//! Whether a connection may carry another exchange: RFC 9112 §9.3.

use crate::StatusCode;
use crate::field::is_token;
use crate::framing::{trim, values};

/// What one head, interim or final, says about its connection: whether it persists. `octets` is the
/// head itself.
///
/// Stricter than §9.3: where the head is of a kind that another recipient could read in another
/// way, it is taken for what it says, and the connection is not used again.
pub(crate) fn persists(
    minor_version: u8,
    status: StatusCode,
    headers: &[httparse::Header<'_>],
    octets: &[u8],
) -> bool {
    let has = |option: &[u8]| {
        values(headers, "connection").flat_map(list).any(|found| found.eq_ignore_ascii_case(option))
    };
    // What is no connection option at all (RFC 9110 §7.6.1: a token) may be meant as one.
    let mut options = values(headers, "connection").flat_map(list);
    if options.any(|option| !option.iter().all(|octet| is_token(*octet))) {
        return false;
    }
    // RFC 9112 §9.3: `close` is looked for first; HTTP/1.0 persists only where it says so.
    if has(b"close") || (minor_version == 0 && !has(b"keep-alive")) {
        return false;
    }
    let lengths = values(headers, "content-length").flat_map(|value| value.split(|octet| *octet == b','));
    let lengths = lengths.map(trim).fold(Lengths::None, Lengths::and);
    let has_coding = values(headers, "transfer-encoding").next().is_some();
    let is_framing_sound = match (lengths, has_coding) {
        (Lengths::None | Lengths::Zero, false) => true,
        // RFC 9110 §8.6, RFC 9112 §6.1: neither belongs into a response that never has content. A
        // length of 0 is let through above: it says the same, and many servers send it.
        _ if status.0 < 200 || status.0 == 204 => false,
        // RFC 9112 §6.1: Transfer-Encoding in HTTP/1.0 means faulty framing.
        (Lengths::None, true) => minor_version > 0,
        (Lengths::One, false) => true,
        // RFC 9112 §6.1: not both. More than one, or none that is a number: RFC 9110 §8.6.
        _ => false,
    };
    is_framing_sound && has_crlf_only(octets)
}

/// How many values Content-Length has.
#[derive(Clone, Copy)]
enum Lengths {
    None,
    /// One, which is 0.
    Zero,
    One,
    /// Several, or one that is no number.
    Bad,
}

impl Lengths {
    fn and(self, value: &[u8]) -> Self {
        let is_number = !value.is_empty() && value.iter().all(u8::is_ascii_digit);
        match self {
            Self::None if is_number && value.iter().all(|digit| *digit == b'0') => Self::Zero,
            Self::None if is_number => Self::One,
            _ => Self::Bad,
        }
    }
}

/// Whether every line ends in CRLF. RFC 9112 §2.2 lets LF alone end one, and does not have
/// everybody do so.
fn has_crlf_only(octets: &[u8]) -> bool {
    octets
        .iter()
        .scan(0, |before, octet| Some((core::mem::replace(before, *octet), *octet)))
        .all(|(before, octet)| octet != b'\n' || before == b'\r')
}

/// The elements of a comma-separated list. Empty ones are passed over (RFC 9110 §5.6.1.2).
pub(crate) fn list(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|octet| *octet == b',').map(trim).filter(|element| !element.is_empty())
}
