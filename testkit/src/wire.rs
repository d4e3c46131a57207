//! TLS presentation language (RFC 9846 §3): numbers and length-prefixed vectors, in and out.

use std::fmt;

/// What a client did wrong, as a sentence for the message of a failed test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Complaint(pub String);

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Complaint {}

/// Fails with a [`Complaint`] in the words of `format!` unless the condition holds.
macro_rules! demand {
    ($condition:expr, $($words:tt)+) => {
        if !$condition {
            return Err($crate::wire::Complaint(format!($($words)+)));
        }
    };
}
pub(crate) use demand;

/// Reads from the front of what a client sent.
pub(crate) struct Reader<'a> {
    what: &'static str,
    left: &'a [u8],
}

impl<'a> Reader<'a> {
    /// `what` names the structure in complaints.
    pub(crate) fn new(what: &'static str, octets: &'a [u8]) -> Self {
        Self { what, left: octets }
    }

    pub(crate) fn take(&mut self, count: usize) -> Result<&'a [u8], Complaint> {
        let Some((taken, left)) = self.left.split_at_checked(count) else {
            return Err(Complaint(format!("{} ends {} octets early", self.what, count - self.left.len())));
        };
        self.left = left;
        Ok(taken)
    }

    fn number(&mut self, width: usize) -> Result<usize, Complaint> {
        Ok(self.take(width)?.iter().fold(0, |number, octet| number << 8 | usize::from(*octet)))
    }

    pub(crate) fn u8(&mut self) -> Result<u8, Complaint> {
        Ok(self.take(1)?[0])
    }

    pub(crate) fn u16(&mut self) -> Result<u16, Complaint> {
        let octets = self.take(2)?;
        Ok(u16::from_be_bytes([octets[0], octets[1]]))
    }

    /// A vector whose length takes `width` octets.
    pub(crate) fn vector(&mut self, width: usize) -> Result<&'a [u8], Complaint> {
        let length = self.number(width)?;
        self.take(length)
    }

    /// The 16-bit numbers that are left, to the end.
    pub(crate) fn u16_list(mut self) -> Result<Vec<u16>, Complaint> {
        let mut list = Vec::new();
        while !self.is_empty() {
            list.push(self.u16()?);
        }
        Ok(list)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.left.is_empty()
    }

    /// Complains about octets behind the end of the structure.
    pub(crate) fn end(self) -> Result<(), Complaint> {
        demand!(self.left.is_empty(), "{} has {} octets too many", self.what, self.left.len());
        Ok(())
    }
}

/// `body` behind its length in `width` octets.
///
/// # Panics
/// If the body is longer than such a length can say.
pub fn vector(width: usize, body: &[u8]) -> Vec<u8> {
    let length = body.len().to_be_bytes();
    let (unused, length) = length.split_at(length.len() - width);
    assert!(unused.iter().all(|octet| *octet == 0), "{} octets in a vector of width {width}", body.len());
    [length, body].concat()
}

/// A handshake message: `msg_type`, 24-bit length, body (RFC 9846 §4).
pub fn handshake(msg_type: u8, body: &[u8]) -> Vec<u8> {
    [&[msg_type][..], &vector(3, body)].concat()
}

/// A record as it stands on the wire (RFC 9846 §5.1), with `legacy_record_version` 0x0303.
pub fn record(content_type: u8, fragment: &[u8]) -> Vec<u8> {
    [&[content_type, 3, 3][..], &vector(2, fragment)].concat()
}
