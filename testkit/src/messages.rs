//! The server's handshake messages as values that a test can edit before they are encoded.

use crate::code::extension;
use crate::wire::vector;

/// `random` of a HelloRetryRequest: SHA-256 of "HelloRetryRequest" (RFC 9846 §4.2.3).
pub const RETRY_RANDOM: [u8; 32] = [
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2,
    0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
];

/// The end of `random` where a server that knows TLS 1.3 negotiates TLS 1.2 (§4.2.3).
pub const DOWNGRADE_TO_1_2: [u8; 8] = *b"DOWNGRD\x01";
/// The same for TLS 1.1 and below.
pub const DOWNGRADE_TO_1_1: [u8; 8] = *b"DOWNGRD\x00";

/// A list of extensions: types and data, in the order of the wire. Nothing stops a test from
/// putting one in twice.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Extensions(pub Vec<(u16, Vec<u8>)>);

impl Extensions {
    /// Appends an extension.
    pub fn push(&mut self, extension_type: u16, data: &[u8]) {
        self.0.push((extension_type, data.to_vec()));
    }

    /// Removes all extensions of a type.
    pub fn remove(&mut self, extension_type: u16) {
        self.0.retain(|(kind, _)| *kind != extension_type);
    }

    /// Replaces the data of an extension, or appends it.
    pub fn set(&mut self, extension_type: u16, data: &[u8]) {
        self.remove(extension_type);
        self.push(extension_type, data);
    }

    /// Appends a copy of an extension that is there.
    ///
    /// # Panics
    /// If it is not.
    pub fn repeat(&mut self, extension_type: u16) {
        let found = self.0.iter().find(|(kind, _)| *kind == extension_type);
        let copy = found.expect("the extension is there").clone();
        self.0.push(copy);
    }

    /// The vector on the wire, its length in front.
    pub fn encode(&self) -> Vec<u8> {
        let encode = |(kind, data): &(u16, Vec<u8>)| [&kind.to_be_bytes()[..], &vector(2, data)].concat();
        vector(2, &self.0.iter().flat_map(encode).collect::<Vec<_>>())
    }
}

/// ServerHello and HelloRetryRequest, §4.2.3.
#[derive(Clone, Debug)]
pub struct ServerHello {
    /// `legacy_version`.
    pub legacy_version: u16,
    /// `random`.
    pub random: [u8; 32],
    /// `legacy_session_id_echo`.
    pub session_id: Vec<u8>,
    /// `cipher_suite`.
    pub cipher_suite: u16,
    /// `legacy_compression_method`.
    pub compression: u8,
    /// `extensions`; `None` leaves even their length away, as TLS 1.2 may.
    pub extensions: Option<Extensions>,
}

impl ServerHello {
    /// The extensions, to be edited.
    ///
    /// # Panics
    /// If they have been taken away.
    pub fn extensions(&mut self) -> &mut Extensions {
        self.extensions.as_mut().expect("a ServerHello has extensions unless a test took them away")
    }

    /// Makes it a ServerHello of `version`, 0x0303 or below: no TLS 1.3 extensions, a suite of the time.
    pub fn speak_only(&mut self, version: u16) {
        self.legacy_version = version;
        self.cipher_suite = 0xc02f;
        let mut extensions = Extensions::default();
        // renegotiation_info, RFC 5746, which every TLS 1.2 server sends.
        extensions.push(0xff01, &[0]);
        self.extensions = Some(extensions);
    }

    /// Replaces the server's key share.
    pub fn set_key_share(&mut self, group: u16, key_exchange: &[u8]) {
        let share = [&group.to_be_bytes()[..], &vector(2, key_exchange)].concat();
        self.extensions().set(extension::KEY_SHARE, &share);
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut body = self.legacy_version.to_be_bytes().to_vec();
        body.extend(self.random);
        body.extend(vector(1, &self.session_id));
        body.extend(self.cipher_suite.to_be_bytes());
        body.push(self.compression);
        body.extend(self.extensions.iter().flat_map(Extensions::encode));
        body
    }
}

/// Certificate, §4.5.1.
#[derive(Clone, Debug)]
pub struct Certificate {
    /// `certificate_request_context`.
    pub context: Vec<u8>,
    /// `certificate_list`: DER and extensions.
    pub entries: Vec<(Vec<u8>, Extensions)>,
}

impl Certificate {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let encode =
            |(der, extensions): &(Vec<u8>, Extensions)| [vector(3, der), extensions.encode()].concat();
        let list: Vec<u8> = self.entries.iter().flat_map(encode).collect();
        [vector(1, &self.context), vector(3, &list)].concat()
    }
}

/// CertificateRequest, §4.4.2.
#[derive(Clone, Debug)]
pub struct CertificateRequest {
    /// `certificate_request_context`.
    pub context: Vec<u8>,
    /// `extensions`.
    pub extensions: Extensions,
}

impl CertificateRequest {
    pub(crate) fn encode(&self) -> Vec<u8> {
        [vector(1, &self.context), self.extensions.encode()].concat()
    }
}

/// CertificateVerify, §4.5.2, before it is signed.
#[derive(Clone, Debug)]
pub struct CertificateVerify {
    /// `algorithm` as the message says.
    pub scheme: u16,
    /// The scheme that is really signed with; see [`crate::chains::Key::sign`].
    pub signed_with: u16,
    /// The context string.
    pub context: String,
    /// The transcript hash that is signed.
    pub transcript_hash: [u8; 32],
}

impl CertificateVerify {
    /// The content covered by the signature.
    pub(crate) fn content(&self) -> Vec<u8> {
        [&[0x20; 64][..], self.context.as_bytes(), &[0], &self.transcript_hash].concat()
    }
}

/// A ticket that a server has sent, and the pre-shared key that it stands for (§4.7.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssuedTicket {
    /// `ticket`, which is the `identity` in a ClientHello.
    pub ticket: Vec<u8>,
    /// `ticket_age_add`.
    pub age_add: u32,
    /// The pre-shared key.
    pub psk: [u8; 32],
}

/// NewSessionTicket, §4.7.1.
#[derive(Clone, Debug)]
pub struct NewSessionTicket {
    /// `ticket_lifetime` in seconds.
    pub lifetime: u32,
    /// `ticket_age_add`.
    pub age_add: u32,
    /// `ticket_nonce`.
    pub nonce: Vec<u8>,
    /// `ticket`.
    pub ticket: Vec<u8>,
    /// `extensions`.
    pub extensions: Extensions,
}

impl NewSessionTicket {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut body = [self.lifetime.to_be_bytes(), self.age_add.to_be_bytes()].concat();
        body.extend(vector(1, &self.nonce));
        body.extend(vector(2, &self.ticket));
        body.extend(self.extensions.encode());
        body
    }
}
