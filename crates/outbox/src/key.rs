//! The key under which an entry is sent.

use core::fmt;

use rand_core::TryCryptoRng;

use crate::Error;

/// The octets that a key has.
const LENGTH: usize = 16;
/// Thirty-two hexadecimal digits, four hyphens, two quotation marks.
const TEXT_LENGTH: usize = 38;

/// A random UUID (RFC 9562 §5.4, version 4): the value of the header `Idempotency-Key`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Key([u8; LENGTH]);

impl Key {
    /// Draws one.
    ///
    /// # Errors
    /// The random source failed.
    pub fn random<R: TryCryptoRng + ?Sized>(entropy: &mut R) -> Result<Self, Error> {
        let mut octets = [0; LENGTH];
        // Why it failed is the random source's own type, of which nothing is known here.
        entropy.try_fill_bytes(&mut octets).ok().ok_or(Error::Entropy)?;
        let [.., version, _, variant, _, _, _, _, _, _, _] = &mut octets;
        *version = (*version & 0x0f) | 0x40;
        *variant = (*variant & 0x3f) | 0x80;
        Ok(Self(octets))
    }

    /// The key of these octets: what [`Self::octets`] gave.
    #[must_use]
    pub const fn from_octets(octets: [u8; LENGTH]) -> Self {
        Self(octets)
    }

    /// Its octets.
    #[must_use]
    pub const fn octets(&self) -> &[u8; LENGTH] {
        &self.0
    }

    /// As the header's value: a string of structured fields (RFC 9651 §3.3.3), with its quotation
    /// marks, as draft-ietf-httpapi-idempotency-key-header wants it.
    #[must_use]
    pub fn to_text(&self) -> KeyText {
        let mut text = [b'-'; TEXT_LENGTH];
        let digits = self.0.iter().flat_map(|octet| [octet >> 4, octet & 15]).map(digit);
        // 8-4-4-4-12 digits, between quotation marks.
        let places = (1..TEXT_LENGTH - 1).filter(|place| ![9, 14, 19, 24].contains(place));
        for (place, digit) in places.zip(digits) {
            if let Some(octet) = text.get_mut(place) {
                *octet = digit;
            }
        }
        let [first, .., last] = &mut text;
        (*first, *last) = (b'"', b'"');
        KeyText(text)
    }
}

/// A key as text: 38 characters, the quotation marks included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyText([u8; TEXT_LENGTH]);

impl KeyText {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        // Nothing but ASCII was put in.
        core::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Display for KeyText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

const fn digit(value: u8) -> u8 {
    match value {
        0..=9 => b'0'.wrapping_add(value),
        _ => b'a'.wrapping_sub(10).wrapping_add(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text() {
        let key = Key::from_octets([
            0x8e, 0x03, 0x97, 0x8e, 0x40, 0xd5, 0x43, 0xdd, 0xbc, 0x93, 0x68, 0x94, 0xa5, 0x7f, 0x93, 0x24,
        ]);
        assert_eq!(key.to_text().as_str(), "\"8e03978e-40d5-43dd-bc93-6894a57f9324\"");
    }

    #[test]
    fn version_and_variant() {
        struct Source(u8);
        impl rand_core::TryRng for Source {
            type Error = core::convert::Infallible;
            fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
                Ok(0)
            }
            fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
                Ok(0)
            }
            fn try_fill_bytes(&mut self, octets: &mut [u8]) -> Result<(), Self::Error> {
                octets.fill(self.0);
                Ok(())
            }
        }
        impl TryCryptoRng for Source {}
        for (octet, text) in [
            (0x00, "\"00000000-0000-4000-8000-000000000000\""),
            (0xff, "\"ffffffff-ffff-4fff-bfff-ffffffffffff\""),
        ] {
            assert_eq!(Key::random(&mut Source(octet)).unwrap().to_text().as_str(), text);
        }
    }
}
