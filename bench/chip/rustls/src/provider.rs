//! A provider of primitives for rustls, from RustCrypto and dalek: what picopost uses for its
//! secrets too, and nothing more.

use alloc::boxed::Box;
use alloc::vec;

use aes_gcm::Aes128Gcm;
use aes_gcm::aead::{AeadInOut, KeyInit};
use bench_board::random;
use chacha20poly1305::ChaCha20Poly1305;
use hmac::{Hmac, Mac};
use rustls::crypto::cipher::{
    AeadKey, InboundOpaqueMessage, InboundPlainMessage, Iv, MessageDecrypter, MessageEncrypter, Nonce,
    OutboundOpaqueMessage, OutboundPlainMessage, PrefixedPayload, Tls13AeadAlgorithm,
    UnsupportedOperationError, make_tls13_aad,
};
use rustls::crypto::tls13::HkdfUsingHmac;
use rustls::crypto::{
    ActiveKeyExchange, CipherSuiteCommon, CryptoProvider, GetRandomFailed, KeyProvider, SecureRandom,
    SharedSecret, SupportedKxGroup, WebPkiSupportedAlgorithms, hash, hmac as tls_hmac,
};
use rustls::ffdhe_groups::FfdheGroup;
use rustls::pki_types::PrivateKeyDer;
use rustls::sign::SigningKey;
use rustls::{
    CipherSuite, ConnectionTrafficSecrets, ContentType, Error, NamedGroup, ProtocolVersion, SignatureScheme,
    SupportedCipherSuite, Tls13CipherSuite,
};
use sha2::{Digest, Sha256};

/// Both AEADs with SHA-256, X25519, ECDSA and RSA.
pub(crate) fn provider() -> CryptoProvider {
    CryptoProvider {
        cipher_suites: vec![
            SupportedCipherSuite::Tls13(&CHACHA20_POLY1305_SHA256),
            SupportedCipherSuite::Tls13(&AES_128_GCM_SHA256),
        ],
        kx_groups: vec![&X25519],
        signature_verification_algorithms: ALGORITHMS,
        secure_random: &Seeded,
        key_provider: &NoKeys,
    }
}

const ALGORITHMS: WebPkiSupportedAlgorithms = WebPkiSupportedAlgorithms {
    all: bench_rustcrypto::ALL,
    mapping: &[
        (SignatureScheme::ECDSA_NISTP256_SHA256, &[bench_rustcrypto::ECDSA_P256_SHA256]),
        (SignatureScheme::ECDSA_NISTP384_SHA384, &[bench_rustcrypto::ECDSA_P384_SHA384]),
        (SignatureScheme::RSA_PSS_SHA256, &[bench_rustcrypto::RSA_PSS_SHA256]),
        (SignatureScheme::RSA_PSS_SHA384, &[bench_rustcrypto::RSA_PSS_SHA384]),
        (SignatureScheme::RSA_PKCS1_SHA256, &[bench_rustcrypto::RSA_PKCS1_SHA256]),
        (SignatureScheme::RSA_PKCS1_SHA384, &[bench_rustcrypto::RSA_PKCS1_SHA384]),
    ],
};

static CHACHA20_POLY1305_SHA256: Tls13CipherSuite = suite(
    CipherSuite::TLS13_CHACHA20_POLY1305_SHA256,
    &Aead {
        length: 32,
        cipher: |key, iv| Box::new(Cipher::<ChaCha20Poly1305>::new(key, iv)),
        opener: |key, iv| Box::new(Cipher::<ChaCha20Poly1305>::new(key, iv)),
    },
);
static AES_128_GCM_SHA256: Tls13CipherSuite = suite(
    CipherSuite::TLS13_AES_128_GCM_SHA256,
    &Aead {
        length: 16,
        cipher: |key, iv| Box::new(Cipher::<Aes128Gcm>::new(key, iv)),
        opener: |key, iv| Box::new(Cipher::<Aes128Gcm>::new(key, iv)),
    },
);

const fn suite(suite: CipherSuite, aead_alg: &'static Aead) -> Tls13CipherSuite {
    Tls13CipherSuite {
        common: CipherSuiteCommon { suite, hash_provider: &Sha, confidentiality_limit: 1 << 23 },
        hkdf_provider: &HkdfUsingHmac(&HmacSha),
        aead_alg,
        quic: None,
    }
}

struct Aead {
    length: usize,
    cipher: fn(AeadKey, Iv) -> Box<dyn MessageEncrypter>,
    opener: fn(AeadKey, Iv) -> Box<dyn MessageDecrypter>,
}

impl Tls13AeadAlgorithm for Aead {
    fn encrypter(&self, key: AeadKey, iv: Iv) -> Box<dyn MessageEncrypter> {
        (self.cipher)(key, iv)
    }

    fn decrypter(&self, key: AeadKey, iv: Iv) -> Box<dyn MessageDecrypter> {
        (self.opener)(key, iv)
    }

    fn key_len(&self) -> usize {
        self.length
    }

    fn extract_keys(&self, _: AeadKey, _: Iv) -> Result<ConnectionTrafficSecrets, UnsupportedOperationError> {
        Err(UnsupportedOperationError)
    }
}

struct Cipher<A> {
    aead: A,
    iv: Iv,
}

/// Of both AEADs, in octets.
const TAG: usize = 16;

impl<A: KeyInit> Cipher<A> {
    fn new(key: AeadKey, iv: Iv) -> Self {
        // An AeadKey is as long as the algorithm said, which is as long as the cipher's.
        let aead =
            A::new_from_slice(key.as_ref()).unwrap_or_else(|_| bench_board::machine::fail("a key's length"));
        Self { aead, iv }
    }
}

impl<A: AeadInOut + Send + Sync> MessageEncrypter for Cipher<A> {
    fn encrypt(
        &mut self,
        message: OutboundPlainMessage<'_>,
        seq: u64,
    ) -> Result<OutboundOpaqueMessage, Error> {
        let length = self.encrypted_payload_len(message.payload.len());
        let mut payload = PrefixedPayload::with_capacity(length);
        payload.extend_from_chunks(&message.payload);
        payload.extend_from_slice(&message.typ.to_array());
        let nonce = Nonce::new(&self.iv, seq).0;
        let nonce = nonce.as_slice().try_into().map_err(|_| Error::EncryptError)?;
        let tag = self
            .aead
            .encrypt_inout_detached(nonce, &make_tls13_aad(length), payload.as_mut().into())
            .map_err(|_| Error::EncryptError)?;
        payload.extend_from_slice(&tag);
        Ok(OutboundOpaqueMessage::new(ContentType::ApplicationData, ProtocolVersion::TLSv1_2, payload))
    }

    fn encrypted_payload_len(&self, length: usize) -> usize {
        length + 1 + TAG
    }
}

impl<A: AeadInOut + Send + Sync> MessageDecrypter for Cipher<A> {
    fn decrypt<'a>(
        &mut self,
        mut message: InboundOpaqueMessage<'a>,
        seq: u64,
    ) -> Result<InboundPlainMessage<'a>, Error> {
        let payload = &mut message.payload;
        let aad = make_tls13_aad(payload.len());
        let length = payload.len().checked_sub(TAG).ok_or(Error::DecryptError)?;
        let nonce = Nonce::new(&self.iv, seq).0;
        let nonce = nonce.as_slice().try_into().map_err(|_| Error::DecryptError)?;
        let (octets, tag) = payload.split_at_mut(length);
        let tag = (&*tag).try_into().map_err(|_| Error::DecryptError)?;
        self.aead.decrypt_inout_detached(nonce, &aad, octets.into(), tag).map_err(|_| Error::DecryptError)?;
        payload.truncate(length);
        message.into_tls13_unpadded_message()
    }
}

struct Sha;

impl hash::Hash for Sha {
    fn start(&self) -> Box<dyn hash::Context> {
        Box::new(ShaContext(Sha256::new()))
    }

    fn hash(&self, data: &[u8]) -> hash::Output {
        hash::Output::new(&Sha256::digest(data))
    }

    fn output_len(&self) -> usize {
        32
    }

    fn algorithm(&self) -> hash::HashAlgorithm {
        hash::HashAlgorithm::SHA256
    }
}

struct ShaContext(Sha256);

impl hash::Context for ShaContext {
    fn fork_finish(&self) -> hash::Output {
        hash::Output::new(&self.0.clone().finalize())
    }

    fn fork(&self) -> Box<dyn hash::Context> {
        Box::new(Self(self.0.clone()))
    }

    fn finish(self: Box<Self>) -> hash::Output {
        hash::Output::new(&self.0.finalize())
    }

    fn update(&mut self, data: &[u8]) {
        self.0.update(data);
    }
}

struct HmacSha;

impl tls_hmac::Hmac for HmacSha {
    fn with_key(&self, key: &[u8]) -> Box<dyn tls_hmac::Key> {
        // HMAC takes keys of any length.
        let mac = <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(key);
        Box::new(HmacKey(mac.unwrap_or_else(|_| bench_board::machine::fail("a key's length"))))
    }

    fn hash_output_len(&self) -> usize {
        32
    }
}

struct HmacKey(Hmac<Sha256>);

impl tls_hmac::Key for HmacKey {
    fn sign_concat(&self, first: &[u8], middle: &[&[u8]], last: &[u8]) -> tls_hmac::Tag {
        let mut mac = self.0.clone();
        mac.update(first);
        middle.iter().for_each(|part| mac.update(part));
        mac.update(last);
        tls_hmac::Tag::new(&mac.finalize().into_bytes())
    }

    fn tag_len(&self) -> usize {
        32
    }
}

#[derive(Debug)]
struct X25519;

impl SupportedKxGroup for X25519 {
    fn start(&self) -> Result<Box<dyn ActiveKeyExchange>, Error> {
        let mut secret = [0; 32];
        random::fill(&mut secret);
        let secret = x25519_dalek::StaticSecret::from(secret);
        let share = x25519_dalek::PublicKey::from(&secret);
        Ok(Box::new(Exchange { secret, share }))
    }

    // Without this, all finite-field groups would be linked.
    fn ffdhe_group(&self) -> Option<FfdheGroup<'static>> {
        None
    }

    fn name(&self) -> NamedGroup {
        NamedGroup::X25519
    }
}

struct Exchange {
    secret: x25519_dalek::StaticSecret,
    share: x25519_dalek::PublicKey,
}

impl ActiveKeyExchange for Exchange {
    fn complete(self: Box<Self>, peer: &[u8]) -> Result<SharedSecret, Error> {
        let peer: [u8; 32] = peer.try_into().map_err(|_| rustls::PeerMisbehaved::InvalidKeyShare)?;
        let shared = self.secret.diffie_hellman(&peer.into());
        if !shared.was_contributory() {
            return Err(rustls::PeerMisbehaved::InvalidKeyShare.into());
        }
        Ok(SharedSecret::from(&shared.as_bytes()[..]))
    }

    fn ffdhe_group(&self) -> Option<FfdheGroup<'static>> {
        None
    }

    fn pub_key(&self) -> &[u8] {
        self.share.as_bytes()
    }

    fn group(&self) -> NamedGroup {
        NamedGroup::X25519
    }
}

#[derive(Debug)]
struct Seeded;

impl SecureRandom for Seeded {
    fn fill(&self, octets: &mut [u8]) -> Result<(), GetRandomFailed> {
        random::fill(octets);
        Ok(())
    }
}

/// There are no client certificates.
#[derive(Debug)]
struct NoKeys;

impl KeyProvider for NoKeys {
    fn load_private_key(&self, _: PrivateKeyDer<'static>) -> Result<alloc::sync::Arc<dyn SigningKey>, Error> {
        Err(Error::General("no private keys".into()))
    }
}
