//! Keys by which a server knows a request when it comes again.

use core::fmt;

use picopost_http::FieldValue;
use rand_core::TryCryptoRng;

use crate::{Error, Stage, tls};

/// The value of an Idempotency-Key header (draft-ietf-httpapi-idempotency-key-header §2): a random UUID
/// (RFC 9562 §5.4) as a string of RFC 9651 §3.3.3, so in double quotes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct RequestKey {
    text: [u8; Self::SIZE],
}

impl RequestKey {
    /// Octets of the value: 36 of the UUID and its quotes.
    pub const SIZE: usize = 38;

    /// A fresh key.
    ///
    /// # Errors
    /// The random source failed.
    pub fn new<R: TryCryptoRng + ?Sized>(entropy: &mut R) -> Result<Self, Error> {
        let mut octets = [0; 16];
        match entropy.try_fill_bytes(&mut octets) {
            Ok(()) => Ok(Self::from_random(octets)),
            // The source's own error has no place in ours, as in TLS.
            Err(_) => Err(Error::Tls { stage: Stage::Setup, error: tls::Error::EntropyFailed }),
        }
    }

    /// The key that these random octets make: the same octets, the same key.
    pub fn from_random(octets: [u8; 16]) -> Self {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut text = [b'-'; Self::SIZE];
        let mut places = text.iter_mut();
        let mut put = |octet| places.next().into_iter().for_each(|place| *place = octet);
        put(b'"');
        for (index, octet) in octets.into_iter().enumerate() {
            // RFC 9562 §5.4: version 4; §4.1: variant 10.
            let octet = match index {
                6 => octet & 0x0f | 0x40,
                8 => octet & 0x3f | 0x80,
                _ => octet,
            };
            if matches!(index, 4 | 6 | 8 | 10) {
                put(b'-');
            }
            for nibble in [octet >> 4, octet & 15] {
                put(DIGITS.get(usize::from(nibble)).copied().unwrap_or_default());
            }
        }
        put(b'"');
        Self { text }
    }

    /// The value.
    pub fn as_str(&self) -> &str {
        core::str::from_utf8(&self.text).unwrap_or_default()
    }

    /// The value for [`picopost_http::Request::with_idempotency_key`].
    ///
    /// # Errors
    /// None that this library knows of: it is made of digits, hyphens and quotes.
    pub fn value(&self) -> Result<FieldValue<'_>, Error> {
        Ok(FieldValue::new(self.as_str())?)
    }
}

/// The key of a reading that waited in flash: the same for as long as it waits.
#[cfg(feature = "outbox")]
impl From<picopost_outbox::Key> for RequestKey {
    fn from(key: picopost_outbox::Key) -> Self {
        Self::from_random(*key.octets())
    }
}

impl fmt::Debug for RequestKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uuid_of_version_4_in_quotes() {
        let key = |octets| RequestKey::from_random(octets);
        assert_eq!(key([0; 16]).as_str(), "\"00000000-0000-4000-8000-000000000000\"");
        assert_eq!(key([0xff; 16]).as_str(), "\"ffffffff-ffff-4fff-bfff-ffffffffffff\"");
        let counted = core::array::from_fn(|index| u8::try_from(index * 0x11).unwrap());
        assert_eq!(key(counted).as_str(), "\"00112233-4455-4677-8899-aabbccddeeff\"");
        assert_eq!(key(counted).value().unwrap().as_str().len(), RequestKey::SIZE);
    }
}
