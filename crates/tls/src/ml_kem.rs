//! ML-KEM-768 (FIPS 203) as X25519MLKEM768 uses it, draft-ietf-tls-ecdhe-mlkem.

use ml_kem::{
    DecapsulationKey768,
    kem::{Decapsulate, KeyExport},
    ml_kem_768::Ciphertext,
};
use rand_core::TryCryptoRng;
#[cfg(feature = "p256")]
use zeroize::Zeroize;
use zeroize::Zeroizing;

use crate::{codec::Writer, fault::Failure, key_exchange::draw};

/// An encapsulation key, in octets.
const ENCAPSULATION_KEY: usize = 1184;
/// A ciphertext, in octets.
const CIPHERTEXT: usize = 1088;
/// The client's share of X25519MLKEM768, in octets: a public key of X25519 comes last.
pub(crate) const CLIENT_SHARE: usize = ENCAPSULATION_KEY + 32;
/// The server's share, in octets.
pub(crate) const SERVER_SHARE: usize = CIPHERTEXT + 32;

/// What a key pair is made of: `d` and `z` of FIPS 203 §7.1.
///
/// This is all that is kept between the steps of a handshake. The key pair, 3 KB, is made of it
/// again where it is needed.
pub(crate) struct Seed {
    d: Zeroizing<[u8; 32]>,
    z: Zeroizing<[u8; 32]>,
}

impl Seed {
    /// The place for one.
    pub(crate) fn new() -> Self {
        Self { d: Zeroizing::new([0; 32]), z: Zeroizing::new([0; 32]) }
    }

    pub(crate) fn generate<R: TryCryptoRng + ?Sized>(&mut self, entropy: &mut R) -> Result<(), Failure> {
        draw(entropy, &mut self.d)?;
        draw(entropy, &mut self.z)
    }

    pub(crate) fn halves(&self) -> [&[u8; 32]; 2] {
        [&self.d, &self.z]
    }

    #[cfg(feature = "p256")]
    pub(crate) fn zeroize(&mut self) {
        self.d.zeroize();
        self.z.zeroize();
    }

    /// Writes the encapsulation key.
    pub(crate) fn write_encapsulation_key(&self, out: &mut Writer<'_>) {
        out.bytes(&self.key_pair().encapsulation_key().to_bytes());
    }

    /// Writes the shared secret that is in a ciphertext. One that was not made for this key gives
    /// a secret that nobody else has (FIPS 203 §6.3): then Finished does not decrypt.
    ///
    /// Of the checks of FIPS 203 §7.3, the one of the ciphertext is its type; those of the
    /// decapsulation key are for keys that come from elsewhere.
    pub(crate) fn decapsulate(&self, ciphertext: &[u8; CIPHERTEXT], secret: &mut [u8; 32]) {
        let shared = Zeroizing::new(self.key_pair().decapsulate(&Ciphertext::from(*ciphertext)));
        secret.iter_mut().zip(shared.iter()).for_each(|(to, from)| *to = *from);
    }

    fn key_pair(&self) -> DecapsulationKey768 {
        let mut seed = Zeroizing::new(ml_kem::Seed::default());
        seed.iter_mut().zip(self.d.iter().chain(self.z.iter())).for_each(|(to, from)| *to = *from);
        DecapsulationKey768::from_seed(*seed)
    }
}
