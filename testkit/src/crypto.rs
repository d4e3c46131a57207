//! Key schedule, record protection and key exchange (RFC 9846 §7 and §5.2), over aws-lc-rs.

use aws_lc_rs::aead::{AES_128_GCM, Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::{agreement, digest, hmac, kem};

use crate::code::{content, group, suite};
use crate::wire::{self, Complaint, demand};

/// SHA-256 output: a transcript hash, or a secret of the key schedule.
pub(crate) type Secret = [u8; 32];

pub(crate) fn sha256(octets: &[u8]) -> Secret {
    digest::digest(&digest::SHA256, octets).as_ref().try_into().expect("SHA-256 gives 32 octets")
}

pub(crate) fn hmac_sha256(key: &[u8], octets: &[u8]) -> Secret {
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), octets);
    tag.as_ref().try_into().expect("HMAC-SHA-256 gives 32 octets")
}

/// HKDF-Expand-Label of §7.1, for up to 32 octets: one block of HKDF-Expand.
fn expand_label(secret: &Secret, label: &str, context: &[u8], length: usize) -> Vec<u8> {
    let label = [b"tls13 ", label.as_bytes()].concat();
    let length_octets = u16::try_from(length).expect("at most 32").to_be_bytes();
    let info = [&length_octets[..], &wire::vector(1, &label), &wire::vector(1, context)].concat();
    let block = hmac_sha256(secret, &[&info[..], &[1]].concat());
    block[..length].to_vec()
}

fn derive_secret(secret: &Secret, label: &str, transcript_hash: &Secret) -> Secret {
    expand_label(secret, label, transcript_hash, 32).try_into().expect("32 octets asked for")
}

/// The traffic secrets of both sides at one point of the key schedule.
#[derive(Clone, Copy)]
pub(crate) struct TrafficSecrets {
    pub(crate) client: Secret,
    pub(crate) server: Secret,
}

/// The key schedule from the handshake secret on (§7.1).
#[derive(Clone, Copy)]
pub(crate) struct KeySchedule {
    handshake_secret: Secret,
}

impl KeySchedule {
    /// Without a pre-shared key, `psk` is 32 zeros.
    pub(crate) fn new(psk: &Secret, shared_secret: &[u8]) -> Self {
        let salt = derive_secret(&early_secret(psk), "derived", &sha256(b""));
        Self { handshake_secret: hmac_sha256(&salt, shared_secret) }
    }

    /// `transcript_hash` covers ClientHello to ServerHello.
    pub(crate) fn handshake(&self, transcript_hash: &Secret) -> TrafficSecrets {
        TrafficSecrets {
            client: derive_secret(&self.handshake_secret, "c hs traffic", transcript_hash),
            server: derive_secret(&self.handshake_secret, "s hs traffic", transcript_hash),
        }
    }

    /// `transcript_hash` covers ClientHello to the server's Finished.
    pub(crate) fn application(&self, transcript_hash: &Secret) -> TrafficSecrets {
        let main_secret = self.main_secret();
        TrafficSecrets {
            client: derive_secret(&main_secret, "c ap traffic", transcript_hash),
            server: derive_secret(&main_secret, "s ap traffic", transcript_hash),
        }
    }

    /// The `resumption_secret`; `transcript_hash` covers ClientHello to the client's Finished.
    pub(crate) fn resumption(&self, transcript_hash: &Secret) -> Secret {
        derive_secret(&self.main_secret(), "res master", transcript_hash)
    }

    fn main_secret(&self) -> Secret {
        let salt = derive_secret(&self.handshake_secret, "derived", &sha256(b""));
        hmac_sha256(&salt, &[0; 32])
    }
}

/// The pre-shared key of a ticket with this nonce (§4.7.1).
pub(crate) fn resumption_psk(resumption_secret: &Secret, nonce: &[u8]) -> Secret {
    expand_label(resumption_secret, "resumption", nonce, 32).try_into().expect("32 octets asked for")
}

/// The binder of a resumption PSK (§4.3.11.2); `transcript_hash` covers everything up to the
/// truncated ClientHello.
pub(crate) fn binder(psk: &Secret, transcript_hash: &Secret) -> Secret {
    let binder_key = derive_secret(&early_secret(psk), "res binder", &sha256(b""));
    verify_data(&binder_key, transcript_hash)
}

fn early_secret(psk: &Secret) -> Secret {
    hmac_sha256(&[0; 32], psk)
}

/// `verify_data` of a Finished message (§4.5.3).
pub(crate) fn verify_data(traffic_secret: &Secret, transcript_hash: &Secret) -> Secret {
    hmac_sha256(&expand_label(traffic_secret, "finished", b"", 32), transcript_hash)
}

/// The protection of records in one direction, with one generation of keys.
pub(crate) struct Protection {
    suite: u16,
    secret: Secret,
    key: LessSafeKey,
    iv: [u8; 12],
    sequence: u64,
}

impl Protection {
    pub(crate) fn new(suite: u16, secret: Secret) -> Self {
        // A suite that no client offered is named in a ServerHello only to be refused: any AEAD will do.
        let algorithm = match suite {
            suite::AES_128_GCM_SHA256 => &AES_128_GCM,
            _ => &CHACHA20_POLY1305,
        };
        let key = expand_label(&secret, "key", b"", algorithm.key_len());
        let iv = expand_label(&secret, "iv", b"", 12);
        Self {
            suite,
            secret,
            key: LessSafeKey::new(UnboundKey::new(algorithm, &key).expect("the key has the AEAD's length")),
            iv: iv.try_into().expect("12 octets asked for"),
            sequence: 0,
        }
    }

    /// The keys after a KeyUpdate (§7.2).
    pub(crate) fn next_generation(&self) -> Self {
        let secret = expand_label(&self.secret, "traffic upd", b"", 32);
        Self::new(self.suite, secret.try_into().expect("32 octets asked for"))
    }

    /// One record around a whole TLSInnerPlaintext: content, type, zeros (§5.2).
    pub(crate) fn seal(&mut self, mut inner: Vec<u8>) -> Vec<u8> {
        let length = u16::try_from(inner.len() + 16).expect("a record's length takes 16 bits").to_be_bytes();
        let header = [content::APPLICATION_DATA, 3, 3, length[0], length[1]];
        let nonce = self.nonce();
        self.key
            .seal_in_place_append_tag(nonce, Aad::from(header), &mut inner)
            .expect("any record can be sealed");
        [&header[..], &inner].concat()
    }

    /// The type and content of a record that the client sealed.
    pub(crate) fn open(&mut self, header: [u8; 5], fragment: &[u8]) -> Result<(u8, Vec<u8>), Complaint> {
        let mut inner = fragment.to_vec();
        let nonce = self.nonce();
        let length = match self.key.open_in_place(nonce, Aad::from(header), &mut inner) {
            Ok(plaintext) => plaintext.len(),
            Err(_) => return Err(Complaint("a record of the client does not decrypt".into())),
        };
        inner.truncate(length);
        demand!(length <= 16_385, "the client's TLSInnerPlaintext has {length} octets (RFC 9846 §5.4)");
        while inner.last() == Some(&0) {
            inner.pop();
        }
        match inner.pop() {
            Some(content_type) => Ok((content_type, inner)),
            None => Err(Complaint("a record of the client is all padding (RFC 9846 §5.4)".into())),
        }
    }

    fn nonce(&mut self) -> Nonce {
        let mut nonce = self.iv;
        for (octet, number) in nonce[4..].iter_mut().zip(self.sequence.to_be_bytes()) {
            *octet ^= number;
        }
        self.sequence += 1;
        Nonce::assume_unique_for_key(nonce)
    }
}

/// The server's half of a key exchange: its public key, and the secret shared with the client.
pub(crate) fn key_exchange(named_group: u16, client_share: &[u8]) -> Result<(Vec<u8>, Vec<u8>), Complaint> {
    if named_group == group::X25519MLKEM768 {
        return hybrid_key_exchange(client_share);
    }
    let algorithm = match named_group {
        group::X25519 => &agreement::X25519,
        group::SECP256R1 => &agreement::ECDH_P256,
        other => return Err(Complaint(format!("the test peer has no group {other:#06x}"))),
    };
    let private = agreement::PrivateKey::generate(algorithm).expect("key generation works");
    let public = private.compute_public_key().expect("a private key has a public key");
    let shared = agreement::agree(
        &private,
        agreement::UnparsedPublicKey::new(algorithm, client_share),
        Complaint(format!("the client's key share for group {named_group:#06x} is no public key")),
        |secret| Ok(secret.to_vec()),
    )?;
    Ok((public.as_ref().to_vec(), shared))
}

/// draft-ietf-tls-ecdhe-mlkem: ML-KEM-768's part of each share and of the secret is in front of
/// X25519's.
fn hybrid_key_exchange(client_share: &[u8]) -> Result<(Vec<u8>, Vec<u8>), Complaint> {
    let Some((encapsulation_key, x25519)) = client_share.split_at_checked(1184) else {
        return Err(Complaint(format!("a share of X25519MLKEM768 has {} octets", client_share.len())));
    };
    // FIPS 203 §7.2: what is no encapsulation key is refused here or when it is used.
    let encapsulated = kem::EncapsulationKey::new(&kem::ML_KEM_768, encapsulation_key)
        .ok()
        .and_then(|key| key.encapsulate().ok());
    let Some((ciphertext, secret)) = encapsulated else {
        return Err(Complaint("the client's encapsulation key is none (FIPS 203 §7.2)".into()));
    };
    let (public, shared) = key_exchange(group::X25519, x25519)?;
    Ok(([ciphertext.as_ref(), &public].concat(), [secret.as_ref(), &shared].concat()))
}

/// Whether [`key_exchange`] knows the group.
pub(crate) fn has_group(named_group: u16) -> bool {
    matches!(named_group, group::X25519MLKEM768 | group::X25519 | group::SECP256R1)
}
