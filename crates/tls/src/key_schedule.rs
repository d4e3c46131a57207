//! The key schedule of RFC 9846 §7.1, with SHA-256, and what is derived from it.
//!
//! Every output is at most one SHA-256 block of 32 octets long, so HKDF-Expand (RFC 5869 §2.3) is
//! one HMAC over its info and the octet 1.

use hmac::{Hmac, KeyInit, Mac, digest::FixedOutput};
use sha2::{Digest, Sha256, digest::Update};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// The length of a hash, and of every secret: 32 octets.
pub(crate) const HASH: usize = 32;
/// The hash of no message at all, where the key schedule has no transcript.
const OF_NOTHING: [u8; HASH] = [
    0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24, 0x27,
    0xae, 0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55,
];
/// A secret of the key schedule.
pub(crate) type Secret = Zeroizing<[u8; HASH]>;

/// The running hash over the handshake messages, RFC 9846 §4.1.
#[derive(Clone)]
pub(crate) struct Transcript(Sha256);

impl Transcript {
    #[inline(never)]
    pub(crate) fn new() -> Self {
        Self(Sha256::new())
    }

    // Out of line, as all hashing here: inlined it is kilobytes of flash.
    #[inline(never)]
    pub(crate) fn add(&mut self, message: &[u8]) {
        Update::update(&mut self.0, message);
    }

    /// For lists of octets that are no handshake messages: one of them, behind its length, so that no
    /// two lists are the same octets.
    #[inline(never)]
    pub(crate) fn add_item(&mut self, octets: &[u8]) {
        let length = u64::try_from(octets.len()).unwrap_or(u64::MAX);
        self.add(&length.to_be_bytes());
        self.add(octets);
    }

    #[inline(never)]
    pub(crate) fn hash(&self) -> [u8; HASH] {
        self.0.clone().finalize_fixed().into()
    }

    /// RFC 9846 §4.1: a HelloRetryRequest replaces ClientHello1 by a message_hash(254) message.
    pub(crate) fn replace_by_message_hash(&mut self) {
        let hash = self.hash();
        let mut next = Self::new();
        next.add(&[254, 0, 0, 32]);
        next.add(&hash);
        *self = next;
    }
}

/// What is left of the key schedule once the key exchange is done: the Handshake Secret's
/// successor, and the two handshake traffic secrets that Finished is made of.
pub(crate) struct HandshakeSecrets {
    pub(crate) client: Secret,
    pub(crate) server: Secret,
    main: Secret,
}

impl HandshakeSecrets {
    /// RFC 9846 §7.1, from the Early Secret, the (EC)DHE shared secret and the transcript up to
    /// ServerHello.
    pub(crate) fn new(early: &Secret, shared: &[u8], transcript: &[u8; HASH]) -> Self {
        let handshake = extract(&derive(early, b"derived", &OF_NOTHING), shared);
        Self {
            client: derive(&handshake, b"c hs traffic", transcript),
            server: derive(&handshake, b"s hs traffic", transcript),
            main: extract(&derive(&handshake, b"derived", &OF_NOTHING), &[0; HASH]),
        }
    }

    /// The application traffic secrets of client and server, from the transcript up to the
    /// server's Finished.
    pub(crate) fn application(&self, transcript: &[u8; HASH]) -> (Secret, Secret) {
        (derive(&self.main, b"c ap traffic", transcript), derive(&self.main, b"s ap traffic", transcript))
    }

    /// The secret that tickets stand for, from the transcript up to the client's Finished.
    pub(crate) fn resumption(&self, transcript: &[u8; HASH]) -> Secret {
        derive(&self.main, b"res master", transcript)
    }
}

/// The Early Secret, RFC 9846 §7.1; without a PSK that is 32 zeros.
pub(crate) fn early_secret(psk: &[u8; HASH]) -> Secret {
    extract(&[0; HASH], psk)
}

/// The binder of a resumption PSK, RFC 9846 §4.3.11.2, from its Early Secret and the transcript
/// up to the truncated ClientHello.
pub(crate) fn binder(early: &Secret, transcript: &[u8; HASH]) -> [u8; HASH] {
    finished(&derive(early, b"res binder", &OF_NOTHING), transcript)
}

/// `verify_data` of a Finished message, RFC 9846 §4.5.3.
pub(crate) fn finished(base: &Secret, transcript: &[u8; HASH]) -> [u8; HASH] {
    let key: Secret = expand_label(base, b"finished", &[]);
    hmac(&key, &[transcript])
}

/// Compares in constant time.
pub(crate) fn equal(a: &[u8], b: &[u8]) -> bool {
    a.ct_eq(b).into()
}

/// The next generation of an application traffic secret, RFC 9846 §7.2.
pub(crate) fn next_generation(secret: &Secret) -> Secret {
    expand_label(secret, b"traffic upd", &[])
}

/// HKDF-Expand-Label of RFC 9846 §7.1.
pub(crate) fn expand_label<const N: usize>(
    secret: &[u8; HASH],
    label: &[u8],
    context: &[u8],
) -> Zeroizing<[u8; N]> {
    const { assert!(N <= HASH, "one block of HKDF-Expand") };
    let mut okm = Zeroizing::new([0; N]);
    expand_label_into(secret, label, context, &mut *okm);
    okm
}

#[inline(never)]
fn expand_label_into(secret: &[u8; HASH], label: &[u8], context: &[u8], okm: &mut [u8]) {
    // Lengths, labels and contexts are this crate's own, and short.
    let length = |octets: &[u8]| u8::try_from(octets.len()).unwrap_or(u8::MAX);
    let lengths = [0, length(okm), length(label).saturating_add(6)];
    let parts = [&lengths, b"tls13 ".as_slice(), label, &[length(context)], context, &[1]];
    let block = Zeroizing::new(hmac(secret, &parts));
    for (to, from) in okm.iter_mut().zip(block.iter()) {
        *to = *from;
    }
}

/// Derive-Secret of RFC 9846 §7.1, over a transcript hash that the caller has taken.
fn derive(secret: &[u8; HASH], label: &[u8], transcript: &[u8; HASH]) -> Secret {
    expand_label(secret, label, transcript)
}

/// HKDF-Extract, RFC 5869 §2.2.
fn extract(salt: &[u8; HASH], ikm: &[u8]) -> Secret {
    Zeroizing::new(hmac(salt, &[ikm]))
}

#[inline(never)]
fn hmac(key: &[u8; HASH], parts: &[&[u8]]) -> [u8; HASH] {
    // RFC 2104: a key shorter than the block of 64 octets is filled up with zeros.
    let mut block = Zeroizing::new([0; 64]);
    for (to, from) in block.iter_mut().zip(key) {
        *to = *from;
    }
    let mut mac = Hmac::<Sha256>::new((&*block).into());
    for part in parts {
        Mac::update(&mut mac, part);
    }
    mac.finalize_fixed().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex<const N: usize>(text: &str) -> [u8; N] {
        core::array::from_fn(|i| u8::from_str_radix(&text[2 * i..2 * i + 2], 16).unwrap())
    }

    #[test]
    fn the_hash_of_nothing() {
        assert_eq!(Transcript::new().hash(), OF_NOTHING);
    }

    /// RFC 8448 §3: the secrets of the simple 1-RTT handshake.
    #[test]
    fn secrets_of_rfc_8448() {
        let shared: [u8; 32] = hex("8bd4054fb55b9d63fdfbacf9f04b9f0d35e6d63f537563efd46272900f89492d");
        let server_hello = hex("860c06edc07858ee8e78f0e7428c58edd6b43f2ca3e6e95f02ed063cf0e1cad8");
        let secrets = HandshakeSecrets::new(&early_secret(&[0; HASH]), &shared, &server_hello);
        assert_eq!(*secrets.client, hex("b3eddb126e067f35a780b3abf45e2d8f3b1a950738f52e9600746a0e27a55a21"));
        assert_eq!(*secrets.server, hex("b67b7d690cc16c4e75e54213cb2d37b4e9c912bcded9105d42befd59d391ad38"));
        assert_eq!(*secrets.main, hex("18df06843d13a08bf2a449844c5f8a478001bc4d4c627984d5a41da8d0402919"));
        let key: Zeroizing<[u8; 16]> = expand_label(&secrets.server, b"key", &[]);
        assert_eq!(*key, hex("3fce516009c21727d0f2e4e86ee403bc"));
        let iv: Zeroizing<[u8; 12]> = expand_label(&secrets.server, b"iv", &[]);
        assert_eq!(*iv, hex("5d313eb2671276ee13000b30"));

        let finished = hex("9608102a0f1ccc6db6250b7b7e417b1a000eaada3daae4777a7686c9ff83df13");
        let (client, server) = secrets.application(&finished);
        assert_eq!(*client, hex("9e40646ce79a7f9dc05af8889bce6552875afa0b06df0087f792ebb7c17504a5"));
        assert_eq!(*server, hex("a11af9f05531f856ad47116b45a950328204b4f44bfb6b3a4b4f1f3fcb631643"));
    }
}
