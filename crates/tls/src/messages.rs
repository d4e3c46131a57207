//! The bodies of EncryptedExtensions and CertificateRequest, RFC 9846 §4.4.

use crate::{
    codec::{Fields, Reader},
    error::Message,
    extensions::{
        APPLICATION_LAYER_PROTOCOL_NEGOTIATION, CERTIFICATE_AUTHORITIES, Extensions, MAX_FRAGMENT_LENGTH,
        Offered, RECORD_SIZE_LIMIT, SERVER_NAME, SIGNATURE_ALGORITHMS, SUPPORTED_GROUPS,
    },
    fault::{Failure, Fault},
    hello::HTTP_1_1,
    limits::Agreed,
};

/// `HandshakeType`, RFC 9846 §4, as it is on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct HandshakeType(pub(crate) u8);

impl HandshakeType {
    pub(crate) const SERVER_HELLO: Self = Self(2);
    pub(crate) const NEW_SESSION_TICKET: Self = Self(4);
    /// What nothing on the wire says: a `server_hello` with the random value of §4.2.3. The number
    /// that it once had (§B.3) stands for it in errors.
    pub(crate) const HELLO_RETRY_REQUEST: Self = Self(6);
    pub(crate) const ENCRYPTED_EXTENSIONS: Self = Self(8);
    pub(crate) const CERTIFICATE: Self = Self(11);
    pub(crate) const CERTIFICATE_REQUEST: Self = Self(13);
    pub(crate) const CERTIFICATE_VERIFY: Self = Self(15);
    pub(crate) const FINISHED: Self = Self(20);
    pub(crate) const KEY_UPDATE: Self = Self(24);

    /// As an error names what came.
    pub(crate) fn received(self) -> Message {
        match self {
            Self::SERVER_HELLO => Message::ServerHello,
            Self::NEW_SESSION_TICKET => Message::NewSessionTicket,
            Self::ENCRYPTED_EXTENSIONS => Message::EncryptedExtensions,
            Self::CERTIFICATE => Message::Certificate,
            Self::CERTIFICATE_REQUEST => Message::CertificateRequest,
            Self::CERTIFICATE_VERIFY => Message::CertificateVerify,
            Self::FINISHED => Message::Finished,
            Self::KEY_UPDATE => Message::KeyUpdate,
            Self(other) => Message::Unknown(other),
        }
    }

    /// As an error names what was parsed, which is nothing unknown.
    pub(crate) fn parsed(self) -> Message {
        if self == Self::HELLO_RETRY_REQUEST { Message::HelloRetryRequest } else { self.received() }
    }
}

/// `SignatureScheme` of a client's signature, RFC 9846 §4.3.3.
pub(crate) const ECDSA_SECP256R1_SHA256: u16 = 0x0403;

/// RFC 9846 §4.4.1: what the server answers to the ClientHello's requests.
pub(crate) fn encrypted_extensions(
    body: &[u8],
    offered: Offered,
    limits: &mut Agreed,
) -> Result<(), Failure> {
    let message = Reader::new(body, HandshakeType::ENCRYPTED_EXTENSIONS);
    let extensions = Extensions::parse(message.nested(message.all(Fields::vector16)?))?;
    let allowed = &[
        SERVER_NAME,
        MAX_FRAGMENT_LENGTH,
        SUPPORTED_GROUPS,
        APPLICATION_LAYER_PROTOCOL_NEGOTIATION,
        RECORD_SIZE_LIMIT,
    ];
    extensions.check_responses(allowed, offered)?;
    // RFC 6066 §3: the server's acknowledgement is empty.
    if let Some(data) = extensions.find(SERVER_NAME) {
        data.all(|_| ())?;
    }
    if let Some(data) = extensions.find(APPLICATION_LAYER_PROTOCOL_NEGOTIATION) {
        application_protocol(data)?;
    }
    // RFC 9846 §4.3.7: the server's groups are a hint for another connection.
    if let Some(data) = extensions.find(SUPPORTED_GROUPS) {
        list_of_code_points(data)?;
    }
    if let Some(wanted) = offered.limits {
        if let Some(data) = extensions.find(RECORD_SIZE_LIMIT) {
            limits.record_size_limit(wanted, data)?;
        }
        if let Some(data) = extensions.find(MAX_FRAGMENT_LENGTH) {
            limits.max_fragment_length(wanted, data)?;
        }
    }
    Ok(())
}

/// A CertificateRequest message, RFC 9846 §4.4.2.
#[derive(Clone, Copy)]
pub(crate) struct CertificateRequest {
    /// Whether the one scheme that a client's key can have here is among `signature_algorithms`.
    pub(crate) takes_ecdsa_secp256r1_sha256: bool,
}

impl CertificateRequest {
    pub(crate) fn parse(body: &[u8]) -> Result<Self, Failure> {
        let message = Reader::new(body, HandshakeType::CERTIFICATE_REQUEST);
        let (context, block) = message.all(|fields| (fields.vector8(), fields.vector16()))?;
        // RFC 9846 §4.4.2: empty, but after the handshake.
        if !context.is_empty() {
            return Err(message.illegal());
        }
        let extensions = Extensions::parse(message.nested(block))?;
        // oid_filters may come too: no certificate extension is recognized (§4.3.5), so none filters.
        extensions.check_requests(&[SERVER_NAME, SIGNATURE_ALGORITHMS, CERTIFICATE_AUTHORITIES])?;
        // RFC 9846 §4.3.4: they guide the choice between certificates, and there is one. Whether it
        // will do is left to the server, which may know more than its list says.
        if let Some(data) = extensions.find(CERTIFICATE_AUTHORITIES) {
            distinguished_names(data)?;
        }
        let Some(schemes) = extensions.find(SIGNATURE_ALGORITHMS) else {
            return Err(Fault::MissingExtension.at(message.message(), SIGNATURE_ALGORITHMS));
        };
        // SignatureScheme supported_signature_algorithms<2..2^16-2>
        let schemes = list_of_code_points(schemes)?;
        let scheme = ECDSA_SECP256R1_SHA256.to_be_bytes();
        Ok(Self { takes_ecdsa_secp256r1_sha256: schemes.chunks(2).any(|found| found == scheme) })
    }
}

/// RFC 7301 §3.1: exactly one protocol, and one that was offered.
fn application_protocol(data: Reader<'_>) -> Result<(), Failure> {
    let list = data.nested(data.all(Fields::vector16)?);
    match list.all(Fields::vector8)? {
        [] => Err(data.malformed()),
        HTTP_1_1 => Ok(()),
        _ => Err(Fault::ApplicationProtocol.into()),
    }
}

/// A list of named groups (RFC 9846 §4.3.7) or signature schemes (§4.3.3): one at least.
#[inline(never)]
fn list_of_code_points(data: Reader<'_>) -> Result<&[u8], Failure> {
    let list = data.all(Fields::vector16)?;
    if list.is_empty() || list.len() % 2 != 0 { Err(data.malformed()) } else { Ok(list) }
}

/// RFC 9846 §4.3.4: `DistinguishedName authorities<3..2^16-1>`, each `<1..2^16-1>`.
fn distinguished_names(data: Reader<'_>) -> Result<(), Failure> {
    let mut list = data.nested(data.all(Fields::vector16)?);
    loop {
        if list.read(Fields::vector16)?.is_empty() {
            return Err(list.malformed());
        }
        if list.is_empty() {
            return Ok(());
        }
    }
}
