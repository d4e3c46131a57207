//! The key exchange, RFC 9846 §4.3.8 and §7.4.2: X25519, and secp256r1 for a server that asks.

#[cfg(feature = "p256")]
use p256::{PublicKey, SecretKey, elliptic_curve::sec1::ToSec1Point};
use rand_core::TryCryptoRng;
use zeroize::Zeroizing;

use crate::{
    error::Error,
    key_schedule::{self, Secret},
};

/// The longest public key: an uncompressed point of secp256r1.
const MAX_PUBLIC_KEY: usize = if cfg!(feature = "p256") { 65 } else { 32 };

/// `NamedGroup`, RFC 9846 §4.3.7.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NamedGroup {
    X25519,
    #[cfg(feature = "p256")]
    Secp256r1,
}

impl NamedGroup {
    /// What is offered. The first one has a share in the first ClientHello.
    pub(crate) const OFFERED: &[Self] = &[
        Self::X25519,
        #[cfg(feature = "p256")]
        Self::Secp256r1,
    ];

    pub(crate) fn code(self) -> u16 {
        match self {
            Self::X25519 => 0x001d,
            #[cfg(feature = "p256")]
            Self::Secp256r1 => 0x0017,
        }
    }

    pub(crate) fn from_code(code: u16) -> Option<Self> {
        Self::OFFERED.iter().copied().find(|group| group.code() == code)
    }
}

/// This side of a key exchange: the group that has a share, and its keys. Not used twice.
pub(crate) struct KeyExchange {
    group: NamedGroup,
    private: Zeroizing<[u8; 32]>,
    public: [u8; MAX_PUBLIC_KEY],
    /// The private key for secp256r1, in case the server asks for that.
    #[cfg(feature = "p256")]
    spare: Zeroizing<[u8; 32]>,
}

impl KeyExchange {
    /// From octets of the random source that differ from the `public` ones, which it gave before.
    /// One public-key operation.
    pub(crate) fn new<R: TryCryptoRng + ?Sized>(
        entropy: &mut R,
        public: [&[u8; 32]; 2],
    ) -> Result<Self, Error> {
        let mut private = Zeroizing::new([0; 32]);
        draw(entropy, &mut private)?;
        #[cfg(feature = "p256")]
        let spare = {
            let mut spare = Zeroizing::new([0; 32]);
            draw(entropy, &mut spare)?;
            spare
        };
        // A source that repeats itself would send the private key in clear.
        let [random, session_id] = public;
        let repeats = [
            key_schedule::equal(random, session_id),
            key_schedule::equal(&*private, random),
            key_schedule::equal(&*private, session_id),
            #[cfg(feature = "p256")]
            key_schedule::equal(&*spare, random),
            #[cfg(feature = "p256")]
            key_schedule::equal(&*spare, session_id),
            #[cfg(feature = "p256")]
            key_schedule::equal(&*spare, &*private),
        ];
        if repeats.contains(&true) {
            return Err(Error::EntropyRepeats);
        }
        let mut public = [0; MAX_PUBLIC_KEY];
        let key = x25519_dalek::x25519(*private, x25519_dalek::X25519_BASEPOINT_BYTES);
        public.iter_mut().zip(key).for_each(|(to, from)| *to = from);
        Ok(Self {
            group: NamedGroup::X25519,
            private,
            public,
            #[cfg(feature = "p256")]
            spare,
        })
    }

    pub(crate) fn group(&self) -> NamedGroup {
        self.group
    }

    /// The `key_exchange` field of a share.
    pub(crate) fn public_key(&self) -> &[u8] {
        match self.group {
            NamedGroup::X25519 => self.public.get(..32).unwrap_or_default(),
            #[cfg(feature = "p256")]
            NamedGroup::Secp256r1 => &self.public,
        }
    }

    /// Changes to the group that a HelloRetryRequest asks for. One public-key operation.
    pub(crate) fn retry(&mut self, group: NamedGroup) -> Result<(), Error> {
        match group {
            NamedGroup::X25519 => Err(Error::RetryWithoutChange),
            #[cfg(feature = "p256")]
            NamedGroup::Secp256r1 => {
                // One in 2^32 random strings is no scalar of the group.
                let secret = SecretKey::from_slice(&*self.spare).ok().ok_or(Error::EntropyFailed)?;
                let point = secret.public_key().to_sec1_point(false);
                self.public = point.as_bytes().try_into().ok().ok_or(Error::Internal)?;
                self.private = core::mem::take(&mut self.spare);
                self.group = group;
                Ok(())
            }
        }
    }

    /// The shared secret with the server's public key. One public-key operation.
    pub(crate) fn shared_secret(&self, public_key: &[u8]) -> Result<Secret, Error> {
        match self.group {
            NamedGroup::X25519 => {
                // RFC 9846 §4.3.8.2: 32 octets.
                let public_key = public_key.try_into().ok().ok_or(Error::KeyShare)?;
                let secret = Zeroizing::new(x25519_dalek::x25519(*self.private, public_key));
                // RFC 9846 §7.4.2, RFC 7748 §6.1: a public key of small order gives zero, to be
                // refused.
                if key_schedule::equal(&*secret, &[0; 32]) { Err(Error::KeyShare) } else { Ok(secret) }
            }
            #[cfg(feature = "p256")]
            NamedGroup::Secp256r1 => {
                // RFC 9846 §4.3.8.2: an uncompressed point; p256 checks that it is on the curve.
                if public_key.len() != 65 || public_key.first() != Some(&4) {
                    return Err(Error::KeyShare);
                }
                let public_key = PublicKey::from_sec1_bytes(public_key).ok().ok_or(Error::KeyShare)?;
                let secret = SecretKey::from_slice(&*self.private).ok().ok_or(Error::Internal)?;
                // RFC 9846 §7.4.2: the x-coordinate.
                let shared = secret.diffie_hellman(&public_key);
                Ok(Zeroizing::new((*shared.raw_secret_bytes()).into()))
            }
        }
    }
}

/// Fills `octets` from the random source.
pub(crate) fn draw<R: TryCryptoRng + ?Sized>(entropy: &mut R, octets: &mut [u8; 32]) -> Result<(), Error> {
    // The source's error type is its own; that it failed is all that counts here.
    entropy.try_fill_bytes(octets).ok().ok_or(Error::EntropyFailed)
}
