//! The key under which an entry is sent.

use rand_core::TryCryptoRng;

use crate::Error;

/// The octets that a key has.
pub(crate) const LENGTH: usize = 16;

/// What an entry's `Idempotency-Key` is made of: sixteen random octets, drawn when it is put in. With
/// picopost, `RequestKey::from` makes the header's value of it.
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
        Ok(Self(octets))
    }

    /// The key of these octets.
    #[must_use]
    pub const fn from_octets(octets: [u8; LENGTH]) -> Self {
        Self(octets)
    }

    /// Its octets.
    #[must_use]
    pub const fn octets(&self) -> &[u8; LENGTH] {
        &self.0
    }
}
