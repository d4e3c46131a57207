//! Whether a connection may carry another exchange: RFC 9112 §9.3.

use crate::Head;
use crate::field::is_token;
use crate::framing::{list, trim};

/// Whether the head of a final response lets its connection persist.
///
/// Stricter than §9.3: where the head is of a kind that another recipient could read in another
/// way, it is taken for what it says, and the connection is not used again.
pub(crate) fn persists(head: Head<'_>) -> bool {
    let options = || head.headers_named("connection").flat_map(list);
    let has = |option: &[u8]| options().any(|found| found.eq_ignore_ascii_case(option));
    // What is no connection option at all (RFC 9110 §7.6.1: a token) may be meant as one.
    if !options().all(|option| option.iter().all(|octet| is_token(*octet))) {
        return false;
    }
    // RFC 9112 §9.3: `close` is looked for first; HTTP/1.0 persists only where it says so.
    if has(b"close") || (head.is_http_1_0() && !has(b"keep-alive")) {
        return false;
    }
    is_framing_sound(head) && has_crlf_only(head.octets)
}

fn is_framing_sound(head: Head<'_>) -> bool {
    let values = head.headers_named("content-length").flat_map(|value| value.split(|octet| *octet == b','));
    let lengths = values.map(trim).fold(Lengths::None, Lengths::and);
    let has_coding = head.headers_named("transfer-encoding").next().is_some();
    match (lengths, has_coding) {
        (Lengths::None | Lengths::Zero, false) => true,
        // RFC 9110 §8.6, RFC 9112 §6.1: neither belongs into a response that never has content. A
        // length of 0 is let through above: it says the same, and many servers send it.
        _ if head.status.0 == 204 => false,
        // RFC 9112 §6.1: Transfer-Encoding in HTTP/1.0 means faulty framing.
        (Lengths::None, true) => !head.is_http_1_0(),
        (Lengths::One, false) => true,
        // RFC 9112 §6.1: not both. More than one, or none that is a number: RFC 9110 §8.6.
        _ => false,
    }
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
    octets.split_inclusive(|octet| *octet == b'\n').all(|line| line.ends_with(b"\r\n"))
}
