//! Record protection, RFC 9846 §5.

#[cfg(feature = "aes-gcm")]
use aes_gcm::Aes128Gcm;
use chacha20poly1305::{
    ChaCha20Poly1305,
    aead::{AeadInOut, KeyInit},
};
use zeroize::Zeroizing;

use crate::{
    fault::{Failure, Fault},
    key_schedule::{Secret, expand_label},
};

/// `TLSPlaintext.type, legacy_record_version, length`: 5 octets.
pub(crate) const HEADER: usize = 5;
/// What protection adds to the content: its type and the tag of 16 octets.
pub(crate) const OVERHEAD: usize = 1 + TAG;
const TAG: usize = 16;
/// RFC 9846 §5.1: the longest content of a record.
pub(crate) const MAX_CONTENT: usize = LONGEST_CONTENT as usize;
/// The same, as it is kept.
pub(crate) const LONGEST_CONTENT: u16 = 1 << 14;
/// RFC 9846 §5.2: the longest protected record.
const MAX_PROTECTED: usize = MAX_CONTENT + 256;
/// RFC 9846 §5.5: AES-GCM may protect 2^24.5 records under one key; new keys come long before.
pub(crate) const MAX_RECORDS: u64 = 1 << 23;
const _: () = assert!(MAX_RECORDS < 23_726_566, "2^24.5, rounded down");

/// `ContentType`, RFC 9846 §5.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ContentType {
    ChangeCipherSpec,
    Alert,
    Handshake,
    ApplicationData,
}

impl ContentType {
    pub(crate) fn from_octet(octet: u8) -> Option<Self> {
        match octet {
            20 => Some(Self::ChangeCipherSpec),
            21 => Some(Self::Alert),
            22 => Some(Self::Handshake),
            23 => Some(Self::ApplicationData),
            _ => None,
        }
    }

    pub(crate) fn octet(self) -> u8 {
        match self {
            Self::ChangeCipherSpec => 20,
            Self::Alert => 21,
            Self::Handshake => 22,
            Self::ApplicationData => 23,
        }
    }
}

/// The header of a record that has come in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Header {
    pub(crate) content_type: u8,
    pub(crate) octets: [u8; HEADER],
    /// Octets that follow the header.
    pub(crate) length: usize,
}

impl Header {
    /// `legacy_record_version` is ignored (RFC 9846 §5.1).
    pub(crate) fn parse(octets: [u8; HEADER]) -> Self {
        let [content_type, _, _, high, low] = octets;
        Self { content_type, octets, length: usize::from(u16::from_be_bytes([high, low])) }
    }

    /// RFC 9846 §5.1 and §5.2: how long a record may be, without and with protection.
    pub(crate) fn check_length(&self, protected: bool) -> Result<(), Failure> {
        let limit = if protected { MAX_PROTECTED } else { MAX_CONTENT };
        if self.length > limit { Err(Failure::record_overflow(self.length)) } else { Ok(()) }
    }
}

/// The cipher suites, RFC 9846 §B.4; SHA-256 is the hash of both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CipherSuite {
    ChaCha20Poly1305,
    #[cfg(feature = "aes-gcm")]
    Aes128Gcm,
}

impl CipherSuite {
    /// What is offered, the preferred first.
    pub(crate) const OFFERED: &[Self] = &[
        Self::ChaCha20Poly1305,
        #[cfg(feature = "aes-gcm")]
        Self::Aes128Gcm,
    ];

    pub(crate) fn code(self) -> u16 {
        match self {
            Self::ChaCha20Poly1305 => 0x1303,
            #[cfg(feature = "aes-gcm")]
            Self::Aes128Gcm => 0x1301,
        }
    }
}

/// The key of one direction, for its cipher.
enum Key {
    ChaCha20Poly1305(Zeroizing<[u8; 32]>),
    #[cfg(feature = "aes-gcm")]
    Aes128Gcm(Zeroizing<[u8; 16]>),
}

/// The keys of one direction, RFC 9846 §7.3, and its sequence number.
pub(crate) struct RecordKeys {
    key: Key,
    iv: Zeroizing<[u8; 12]>,
    sequence: u64,
}

impl RecordKeys {
    pub(crate) fn new(suite: CipherSuite, secret: &Secret) -> Self {
        let key = match suite {
            CipherSuite::ChaCha20Poly1305 => Key::ChaCha20Poly1305(expand_label(secret, b"key", &[])),
            #[cfg(feature = "aes-gcm")]
            CipherSuite::Aes128Gcm => Key::Aes128Gcm(expand_label(secret, b"key", &[])),
        };
        // RFC 9846 §5.3: each new key begins with sequence number 0.
        Self { key, iv: expand_label(secret, b"iv", &[]), sequence: 0 }
    }

    /// The keys that follow these in the same direction, RFC 9846 §7.2.
    pub(crate) fn renewed(&self, secret: &Secret) -> Self {
        let suite = match self.key {
            Key::ChaCha20Poly1305(_) => CipherSuite::ChaCha20Poly1305,
            #[cfg(feature = "aes-gcm")]
            Key::Aes128Gcm(_) => CipherSuite::Aes128Gcm,
        };
        Self::new(suite, secret)
    }

    /// Whether these keys have protected so many records that new ones are due.
    pub(crate) fn worn(&self) -> bool {
        self.sequence >= MAX_RECORDS
    }

    /// Decrypts a record's body in place. Returns what is left of it: content, type and padding.
    pub(crate) fn open<'b>(&mut self, header: &Header, body: &'b mut [u8]) -> Result<&'b mut [u8], Failure> {
        // A body too short for a tag fails like any other that does not decrypt (§5.2).
        let Some((text, tag)) = body.split_last_chunk_mut::<TAG>() else {
            return Err(Fault::BadRecordMac.into());
        };
        let (nonce, header, tag) = (self.next_nonce()?, &header.octets, (&*tag).into());
        let opened = match &self.key {
            Key::ChaCha20Poly1305(key) => ChaCha20Poly1305::new((&**key).into()).decrypt_inout_detached(
                (&nonce).into(),
                header,
                (&mut *text).into(),
                tag,
            ),
            #[cfg(feature = "aes-gcm")]
            Key::Aes128Gcm(key) => Aes128Gcm::new((&**key).into()).decrypt_inout_detached(
                (&nonce).into(),
                header,
                (&mut *text).into(),
                tag,
            ),
        };
        // The AEAD's error says nothing beyond that there is one, on purpose (§5.2).
        if opened.is_ok() { Ok(text) } else { Err(Fault::BadRecordMac.into()) }
    }

    /// Protects `record`, in place: a header's space, the content, space for the content's type
    /// and the tag; exactly that long.
    pub(crate) fn seal(&mut self, content_type: ContentType, record: &mut [u8]) -> Result<(), Failure> {
        let (header, body) = record.split_first_chunk_mut::<HEADER>().ok_or(Fault::Internal)?;
        let length = u16::try_from(body.len()).ok().ok_or(Fault::Internal)?;
        let [high, low] = length.to_be_bytes();
        *header = [ContentType::ApplicationData.octet(), 3, 3, high, low];
        let (text, tag) = body.split_last_chunk_mut::<TAG>().ok_or(Fault::Internal)?;
        *text.last_mut().ok_or(Fault::Internal)? = content_type.octet();
        let nonce = self.next_nonce()?;
        let sealed = match &self.key {
            Key::ChaCha20Poly1305(key) => ChaCha20Poly1305::new((&**key).into()).encrypt_inout_detached(
                (&nonce).into(),
                header,
                text.into(),
            ),
            #[cfg(feature = "aes-gcm")]
            Key::Aes128Gcm(key) => {
                Aes128Gcm::new((&**key).into()).encrypt_inout_detached((&nonce).into(), header, text.into())
            }
        };
        // Neither cipher refuses a text as short as a record's.
        *tag = sealed.ok().ok_or(Fault::Internal)?.into();
        Ok(())
    }

    /// RFC 9846 §5.3: the sequence number, filled up on the left, XOR the IV. It must not wrap.
    fn next_nonce(&mut self) -> Result<[u8; 12], Failure> {
        let sequence = self.sequence;
        self.sequence = sequence.checked_add(1).ok_or(Fault::KeysExhausted)?;
        let mut nonce = *self.iv;
        let mut rest = sequence;
        for octet in nonce.iter_mut().skip(4).rev() {
            let [low, ..] = rest.to_le_bytes();
            *octet ^= low;
            rest >>= 8;
        }
        Ok(nonce)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(sequence: u64) -> RecordKeys {
        RecordKeys { sequence, ..RecordKeys::new(CipherSuite::ChaCha20Poly1305, &Secret::new([7; 32])) }
    }

    /// RFC 9846 §5.3: a sequence number that would wrap ends the connection, in both directions.
    #[test]
    fn sequence_numbers_do_not_wrap() {
        let mut record = [0; HEADER + 1 + OVERHEAD];
        let mut last = keys(u64::MAX - 1);
        assert_eq!(last.seal(ContentType::Alert, &mut record), Ok(()));
        let sealed = record;
        assert_eq!(last.seal(ContentType::Alert, &mut record), Err(Fault::KeysExhausted.into()));

        let (header, body) = record.split_first_chunk_mut().unwrap();
        body.copy_from_slice(&sealed[HEADER..]);
        let header = Header::parse(*header);
        let mut last = keys(u64::MAX - 1);
        assert_eq!(last.open(&header, body), Ok(&mut [0, 21][..]));
        assert_eq!(last.open(&header, body), Err(Fault::KeysExhausted.into()));
    }

    /// RFC 9846 §5.3: every octet of the sequence number is in the nonce, in network order.
    #[test]
    fn a_nonce_has_the_whole_sequence_number() {
        let mut keys = keys(0x0102_0304_0506_0708);
        let (iv, nonce) = (*keys.iv, keys.next_nonce().unwrap());
        let number: [u8; 12] = core::array::from_fn(|at| nonce[at] ^ iv[at]);
        assert_eq!(number, [0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8]);
    }

    /// RFC 9846 §5.5: keys are replaced before the limit of AES-GCM, 2^24.5 records.
    #[test]
    fn keys_wear_out_before_their_limit() {
        assert!(!keys(MAX_RECORDS - 1).worn());
        assert!(keys(MAX_RECORDS).worn());
    }
}
