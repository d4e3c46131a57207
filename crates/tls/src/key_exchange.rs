//! The key exchange, RFC 9846 §4.3.8 and §7.4.2: X25519, secp256r1 for a server that asks, and
//! X25519MLKEM768 where the caller wants it.

#[cfg(feature = "p256")]
use p256::{PublicKey, SecretKey, elliptic_curve::sec1::ToSec1Point};
use rand_core::TryCryptoRng;
#[cfg(feature = "p256")]
use zeroize::Zeroize;
use zeroize::Zeroizing;

#[cfg(feature = "mlkem")]
use crate::ml_kem::Seed;
use crate::{
    codec::Writer,
    fault::{Failure, Fault},
    key_schedule,
};

/// Which groups of RFC 9846 §4.3.7 are offered for the key exchange.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Groups {
    /// X25519; and with the feature `p256` secp256r1, for a server that asks for it.
    #[default]
    Classical,
    /// X25519MLKEM768 in front of them, so that what somebody records today stays secret from a
    /// quantum computer of later years. A server that does not know it takes X25519, without a
    /// further round trip.
    ///
    /// Needs buffers of [`crate::MIN_SEND_BUFFER_POST_QUANTUM`] and
    /// [`crate::MIN_RECEIVE_BUFFER_POST_QUANTUM`] octets.
    #[cfg(feature = "mlkem")]
    PostQuantum,
}

impl Groups {
    /// What `supported_groups` has, the preferred first.
    pub(crate) fn offered(self) -> &'static [NamedGroup] {
        match self {
            Self::Classical => &[
                NamedGroup::X25519,
                #[cfg(feature = "p256")]
                NamedGroup::Secp256r1,
            ],
            #[cfg(feature = "mlkem")]
            Self::PostQuantum => &[
                NamedGroup::X25519MlKem768,
                NamedGroup::X25519,
                #[cfg(feature = "p256")]
                NamedGroup::Secp256r1,
            ],
        }
    }

    /// Which of them have a share in the first ClientHello; in the same order (RFC 9846 §4.3.8).
    fn shares(self) -> &'static [NamedGroup] {
        match self {
            Self::Classical => &[NamedGroup::X25519],
            #[cfg(feature = "mlkem")]
            Self::PostQuantum => &[NamedGroup::X25519MlKem768, NamedGroup::X25519],
        }
    }

    /// The smallest buffers, for receiving and for sending.
    pub(crate) fn minimum_buffers(self) -> (usize, usize) {
        match self {
            Self::Classical => (crate::MIN_RECEIVE_BUFFER, crate::MIN_SEND_BUFFER),
            #[cfg(feature = "mlkem")]
            Self::PostQuantum => {
                (crate::MIN_RECEIVE_BUFFER_POST_QUANTUM, crate::MIN_SEND_BUFFER_POST_QUANTUM)
            }
        }
    }
}

/// `NamedGroup`, RFC 9846 §4.3.7.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NamedGroup {
    /// ML-KEM-768 and X25519 beside each other, draft-ietf-tls-ecdhe-mlkem.
    #[cfg(feature = "mlkem")]
    X25519MlKem768,
    X25519,
    #[cfg(feature = "p256")]
    Secp256r1,
}

impl NamedGroup {
    pub(crate) fn code(self) -> u16 {
        match self {
            #[cfg(feature = "mlkem")]
            Self::X25519MlKem768 => 0x11ec,
            Self::X25519 => 0x001d,
            #[cfg(feature = "p256")]
            Self::Secp256r1 => 0x0017,
        }
    }
}

/// The longest public key that is kept: an uncompressed point of secp256r1.
const MAX_PUBLIC_KEY: usize = if cfg!(feature = "p256") { 65 } else { 32 };
/// The longest shared secret: ML-KEM's and X25519's.
const MAX_SHARED_SECRET: usize = if cfg!(feature = "mlkem") { 64 } else { 32 };

/// Room for what both sides share.
pub(crate) type SharedSecret = Zeroizing<[u8; MAX_SHARED_SECRET]>;

/// This side of a key exchange: the groups that have a share, and their keys. Not used twice.
pub(crate) struct KeyExchange {
    groups: Groups,
    /// Whether the server asked for secp256r1, which then has the only share.
    #[cfg(feature = "p256")]
    retried: bool,
    private: Zeroizing<[u8; 32]>,
    public: [u8; MAX_PUBLIC_KEY],
    /// The private key for secp256r1, in case the server asks for that.
    #[cfg(feature = "p256")]
    spare: Zeroizing<[u8; 32]>,
    /// Zeros where X25519MLKEM768 has no share.
    #[cfg(feature = "mlkem")]
    seed: Seed,
}

impl KeyExchange {
    /// The place for the keys.
    pub(crate) fn new(groups: Groups) -> Self {
        Self {
            groups,
            #[cfg(feature = "p256")]
            retried: false,
            private: Zeroizing::new([0; 32]),
            public: [0; MAX_PUBLIC_KEY],
            #[cfg(feature = "p256")]
            spare: Zeroizing::new([0; 32]),
            #[cfg(feature = "mlkem")]
            seed: Seed::new(),
        }
    }

    /// Keys from octets of the random source that differ from the `public` ones, which it gave
    /// before. One public-key operation: ML-KEM's key pair is made where its share is written.
    ///
    /// The keys are drawn into their place: a move would leave a copy behind.
    pub(crate) fn generate<R: TryCryptoRng + ?Sized>(
        &mut self,
        entropy: &mut R,
        public: [&[u8; 32]; 2],
    ) -> Result<(), Failure> {
        draw(entropy, &mut self.private)?;
        #[cfg(feature = "p256")]
        draw(entropy, &mut self.spare)?;
        #[cfg(feature = "mlkem")]
        if self.shares().contains(&NamedGroup::X25519MlKem768) {
            self.seed.generate(entropy)?;
        }
        // A source that repeats itself would send the private key in clear.
        if repeats(public.into_iter().chain(self.drawn())) {
            return Err(Fault::EntropyRepeats.into());
        }
        let key = x25519_dalek::x25519(*self.private, x25519_dalek::X25519_BASEPOINT_BYTES);
        self.public.iter_mut().zip(key).for_each(|(to, from)| *to = from);
        Ok(())
    }

    /// What the random source gave.
    fn drawn(&self) -> impl Iterator<Item = &[u8; 32]> + Clone {
        let drawn = core::iter::once(&*self.private);
        #[cfg(feature = "p256")]
        let drawn = drawn.chain([&*self.spare]);
        #[cfg(feature = "mlkem")]
        let drawn = {
            let hybrid = self.shares().contains(&NamedGroup::X25519MlKem768);
            drawn.chain(self.seed.halves().into_iter().filter(move |_| hybrid))
        };
        drawn
    }

    /// The groups that have a share, in the order of `supported_groups`.
    pub(crate) fn shares(&self) -> &'static [NamedGroup] {
        #[cfg(feature = "p256")]
        if self.retried {
            return &[NamedGroup::Secp256r1];
        }
        self.groups.shares()
    }

    /// Whether [`Self::write_share`] computes one of the shares anew.
    pub(crate) fn computes_share(&self) -> bool {
        #[cfg(feature = "mlkem")]
        let computes = self.shares().contains(&NamedGroup::X25519MlKem768);
        #[cfg(not(feature = "mlkem"))]
        let computes = false;
        computes
    }

    /// Writes the `key_exchange` field of a share. For X25519MLKEM768 one public-key operation.
    pub(crate) fn write_share(&self, group: NamedGroup, out: &mut Writer<'_>) {
        match group {
            // RFC 9954 §3.2: the X25519 share of the hybrid may be the one beside it.
            #[cfg(feature = "mlkem")]
            NamedGroup::X25519MlKem768 => {
                self.seed.write_encapsulation_key(out);
                self.write_share(NamedGroup::X25519, out);
            }
            NamedGroup::X25519 => out.bytes(self.public.get(..32).unwrap_or_default()),
            #[cfg(feature = "p256")]
            NamedGroup::Secp256r1 => out.bytes(&self.public),
        }
    }

    /// Changes to the group that a HelloRetryRequest asks for. One public-key operation.
    pub(crate) fn retry(&mut self, group: NamedGroup) -> Result<(), Failure> {
        match group {
            NamedGroup::X25519 => Err(Fault::RetryWithoutChange.into()),
            #[cfg(feature = "mlkem")]
            NamedGroup::X25519MlKem768 => Err(Fault::RetryWithoutChange.into()),
            #[cfg(feature = "p256")]
            NamedGroup::Secp256r1 => {
                // One in 2^32 random strings is no scalar of the group.
                let secret = SecretKey::from_slice(&*self.spare).ok().ok_or(Fault::EntropyFailed)?;
                let point = secret.public_key().to_sec1_point(false);
                self.public = point.as_bytes().try_into().ok().ok_or(Fault::Internal)?;
                self.private.copy_from_slice(&*self.spare);
                self.spare.zeroize();
                self.retried = true;
                #[cfg(feature = "mlkem")]
                self.seed.zeroize();
                Ok(())
            }
        }
    }

    /// The shared secret with the server's public key, in `out`. One public-key operation; for
    /// X25519MLKEM768 two.
    pub(crate) fn shared_secret<'s>(
        &self,
        group: NamedGroup,
        public_key: &[u8],
        out: &'s mut SharedSecret,
    ) -> Result<&'s [u8], Failure> {
        match group {
            #[cfg(feature = "mlkem")]
            NamedGroup::X25519MlKem768 => {
                // The client checks the ciphertext's length, an illegal_parameter otherwise; this
                // is the type check of FIPS 203 §7.3 too.
                let (ciphertext, public_key) = public_key.split_first_chunk().ok_or(Fault::KeyShare)?;
                let (first, second) = out.split_first_chunk_mut().ok_or(Fault::Internal)?;
                self.x25519(public_key, second.first_chunk_mut().ok_or(Fault::Internal)?)?;
                self.seed.decapsulate(ciphertext, first);
                Ok(&**out)
            }
            NamedGroup::X25519 => {
                let out = out.first_chunk_mut().ok_or(Fault::Internal)?;
                self.x25519(public_key, out)?;
                Ok(out)
            }
            #[cfg(feature = "p256")]
            NamedGroup::Secp256r1 => {
                let out = out.first_chunk_mut().ok_or(Fault::Internal)?;
                self.secp256r1(public_key, out)?;
                Ok(out)
            }
        }
    }

    fn x25519(&self, public_key: &[u8], out: &mut [u8; 32]) -> Result<(), Failure> {
        // RFC 9846 §4.3.8.2: 32 octets.
        let public_key = public_key.try_into().ok().ok_or(Fault::KeyShare)?;
        *out = x25519_dalek::x25519(*self.private, public_key);
        // RFC 9846 §7.4.2, RFC 7748 §6.1: a public key of small order gives zero, to be refused.
        if key_schedule::equal(out, &[0; 32]) { Err(Fault::KeyShare.into()) } else { Ok(()) }
    }

    #[cfg(feature = "p256")]
    fn secp256r1(&self, public_key: &[u8], out: &mut [u8; 32]) -> Result<(), Failure> {
        // RFC 9846 §4.3.8.2: an uncompressed point; p256 checks that it is on the curve.
        if public_key.len() != 65 || public_key.first() != Some(&4) {
            return Err(Fault::KeyShare.into());
        }
        let public_key = PublicKey::from_sec1_bytes(public_key).ok().ok_or(Fault::KeyShare)?;
        let secret = SecretKey::from_slice(&*self.private).ok().ok_or(Fault::Internal)?;
        // RFC 9846 §7.4.2: the x-coordinate.
        let shared = secret.diffie_hellman(&public_key);
        *out = (*shared.raw_secret_bytes()).into();
        Ok(())
    }
}

/// Whether any two of these are the same.
fn repeats<'o>(mut octets: impl Iterator<Item = &'o [u8; 32]> + Clone) -> bool {
    while let Some(one) = octets.next() {
        if octets.clone().any(|other| key_schedule::equal(one, other)) {
            return true;
        }
    }
    false
}

/// Fills `octets` from the random source.
pub(crate) fn draw<R: TryCryptoRng + ?Sized>(entropy: &mut R, octets: &mut [u8; 32]) -> Result<(), Failure> {
    // The source's error type is its own; that it failed is all that counts here.
    entropy.try_fill_bytes(octets).ok().ok_or(Fault::EntropyFailed.into())
}
