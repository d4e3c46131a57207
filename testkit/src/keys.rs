//! Private keys of test certificates: made once a process, RSA keys once and for all.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{self, EcdsaKeyPair, RsaKeyPair};
use aws_lc_rs::{digest, signature::RsaSignatureEncoding};
use rcgen::KeyPair;

use crate::code::scheme;

/// A private key that can sign certificates (through rcgen) and CertificateVerify.
pub struct Key {
    pub(crate) certificates: KeyPair,
    handshakes: Signer,
}

enum Signer {
    P256(EcdsaKeyPair),
    P384(EcdsaKeyPair),
    Rsa(RsaKeyPair),
}

/// By owner and kind.
type Keys = HashMap<(String, String), Arc<Key>>;

static KEYS: LazyLock<Mutex<Keys>> = LazyLock::new(Mutex::default);

impl Key {
    /// The key of `owner`: the same one whenever this process asks again. `kind` is `p256`, `p384`,
    /// `rsa2048` or `rsa4096`.
    ///
    /// # Panics
    /// For any other kind.
    pub fn of(owner: &str, kind: &str) -> Arc<Self> {
        let mut keys = KEYS.lock().expect("no test panics while it makes a key");
        let key = keys.entry((owner.to_owned(), kind.to_owned()));
        key.or_insert_with(|| Arc::new(Self::make(owner, kind))).clone()
    }

    fn make(owner: &str, kind: &str) -> Self {
        let generate = |algorithm| KeyPair::generate_for(algorithm).expect("key generation works");
        let read = |pem| KeyPair::from_pem(pem).expect("the test kit's own key is readable");
        let certificates = match (kind, owner) {
            ("p256", _) => generate(&rcgen::PKCS_ECDSA_P256_SHA256),
            ("p384", _) => generate(&rcgen::PKCS_ECDSA_P384_SHA384),
            ("rsa2048", "server") => read(include_str!("../data/keys/rsa-2048-server.pem")),
            ("rsa2048", _) => read(include_str!("../data/keys/rsa-2048-ca.pem")),
            ("rsa4096", _) => read(include_str!("../data/keys/rsa-4096-ca.pem")),
            _ => panic!("no kind of key is called `{kind}`"),
        };
        let pkcs8 = certificates.serialized_der();
        let ecdsa = |algorithm| EcdsaKeyPair::from_pkcs8(algorithm, pkcs8).expect("rcgen writes PKCS #8");
        let handshakes = match kind {
            "p256" => Signer::P256(ecdsa(&signature::ECDSA_P256_SHA256_ASN1_SIGNING)),
            "p384" => Signer::P384(ecdsa(&signature::ECDSA_P384_SHA384_ASN1_SIGNING)),
            _ => Signer::Rsa(RsaKeyPair::from_pkcs8(pkcs8).expect("the key is PKCS #8")),
        };
        Self { certificates, handshakes }
    }

    /// The key as a PKCS #8 PEM file, for other servers.
    pub fn pem(&self) -> String {
        self.certificates.serialize_pem()
    }

    /// The key as PKCS #8 DER, for other servers.
    pub fn der(&self) -> &[u8] {
        self.certificates.serialized_der()
    }

    /// The scheme that an honest server signs with.
    pub fn scheme(&self) -> u16 {
        match self.handshakes {
            Signer::P256(_) => scheme::ECDSA_SECP256R1_SHA256,
            Signer::P384(_) => scheme::ECDSA_SECP384R1_SHA384,
            Signer::Rsa(_) => scheme::RSA_PSS_RSAE_SHA256,
        }
    }

    /// Signs with the hash (and, for RSA, the padding) of `scheme`, on the curve of the key: so a
    /// P-256 key can be made to sign with SHA-384 or SHA-1.
    ///
    /// # Panics
    /// If the scheme is for another kind of key, or unknown.
    pub fn sign(&self, scheme: u16, message: &[u8]) -> Vec<u8> {
        match &self.handshakes {
            Signer::P256(key) => {
                // ECDSA takes the leftmost 256 bits of a longer hash, and a shorter one as a smaller number.
                let digest = match scheme {
                    scheme::ECDSA_SECP384R1_SHA384 => prefix(&digest::SHA384, message),
                    scheme::ECDSA_SHA1 => sha1_as_sha256(message),
                    _ => prefix(&digest::SHA256, message),
                };
                let digest = digest::Digest::import_less_safe(&digest, &digest::SHA256).expect("32 octets");
                key.sign_digest(&digest).expect("signing works").as_ref().to_vec()
            }
            Signer::P384(key) => {
                key.sign(&SystemRandom::new(), message).expect("signing works").as_ref().to_vec()
            }
            Signer::Rsa(key) => {
                let mut signature = vec![0; key.public_modulus_len()];
                let encoding = rsa_encoding(scheme);
                key.sign(encoding, &SystemRandom::new(), message, &mut signature).expect("signing works");
                signature
            }
        }
    }
}

fn prefix(algorithm: &'static digest::Algorithm, message: &[u8]) -> [u8; 32] {
    let mut prefix = [0; 32];
    prefix.copy_from_slice(&digest::digest(algorithm, message).as_ref()[..32]);
    prefix
}

fn sha1_as_sha256(message: &[u8]) -> [u8; 32] {
    let mut digest = [0; 32];
    let sha1 = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, message);
    digest[12..].copy_from_slice(sha1.as_ref());
    digest
}

fn rsa_encoding(scheme: u16) -> &'static RsaSignatureEncoding {
    match scheme {
        scheme::RSA_PKCS1_SHA256 => &signature::RSA_PKCS1_SHA256,
        scheme::RSA_PKCS1_SHA384 => &signature::RSA_PKCS1_SHA384,
        scheme::RSA_PSS_RSAE_SHA256 => &signature::RSA_PSS_SHA256,
        scheme::RSA_PSS_RSAE_SHA384 => &signature::RSA_PSS_SHA384,
        scheme::RSA_PSS_RSAE_SHA512 => &signature::RSA_PSS_SHA512,
        other => panic!("an RSA key cannot sign with scheme {other:#06x}"),
    }
}
