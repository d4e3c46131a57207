//! The bodies of EncryptedExtensions and CertificateRequest, RFC 9846 §4.4.

use crate::{
    codec::Reader,
    error::{Error, Message},
    extensions::{
        self, APPLICATION_LAYER_PROTOCOL_NEGOTIATION, CERTIFICATE_AUTHORITIES, MAX_FRAGMENT_LENGTH, Offered,
        RECORD_SIZE_LIMIT, Rules, SERVER_NAME, SIGNATURE_ALGORITHMS, SUPPORTED_GROUPS,
    },
    hello::HTTP_1_1,
    limits::Agreed,
};

/// `SignatureScheme` of a client's signature, RFC 9846 §4.3.3.
pub(crate) const ECDSA_SECP256R1_SHA256: u16 = 0x0403;

/// RFC 9846 §4.4.1: what the server answers to the ClientHello's requests.
pub(crate) fn encrypted_extensions(body: &[u8], offered: Offered, limits: &mut Agreed) -> Result<(), Error> {
    let message = Message::EncryptedExtensions;
    let mut reader = Reader::new(body, message);
    let block = reader.vector16()?;
    reader.end()?;
    let allowed = &[
        SERVER_NAME,
        MAX_FRAGMENT_LENGTH,
        SUPPORTED_GROUPS,
        APPLICATION_LAYER_PROTOCOL_NEGOTIATION,
        RECORD_SIZE_LIMIT,
    ];
    let rules = Rules { message, allowed, offered };
    extensions::responses(reader.nested(block), &rules, |extension, data| {
        match (extension, offered.limits) {
            // RFC 6066 §3: the server's acknowledgement is empty.
            (SERVER_NAME, _) => data.end(),
            (APPLICATION_LAYER_PROTOCOL_NEGOTIATION, _) => application_protocol(data),
            (RECORD_SIZE_LIMIT, Some(wanted)) => limits.record_size_limit(wanted, data),
            (MAX_FRAGMENT_LENGTH, Some(wanted)) => limits.max_fragment_length(wanted, data),
            // RFC 9846 §4.3.7: the server's groups are a hint for another connection.
            _ => list_of_code_points(data).map(drop),
        }
    })?;
    Ok(())
}

/// A CertificateRequest message, RFC 9846 §4.4.2.
#[derive(Clone, Copy)]
pub(crate) struct CertificateRequest {
    /// Whether the one scheme that a client's key can have here is among `signature_algorithms`.
    pub(crate) takes_ecdsa_secp256r1_sha256: bool,
}

impl CertificateRequest {
    pub(crate) fn parse(body: &[u8]) -> Result<Self, Error> {
        let message = Message::CertificateRequest;
        let mut reader = Reader::new(body, message);
        let context = reader.vector8()?;
        let block = reader.vector16()?;
        reader.end()?;
        // RFC 9846 §4.4.2: empty, but after the handshake.
        if !context.is_empty() {
            return Err(Error::IllegalParameter { message });
        }
        let mut schemes = None;
        let allowed = &[SERVER_NAME, SIGNATURE_ALGORITHMS, CERTIFICATE_AUTHORITIES];
        extensions::requests(reader.nested(block), allowed, |extension, data| {
            match extension {
                // SignatureScheme supported_signature_algorithms<2..2^16-2>
                SIGNATURE_ALGORITHMS => schemes = Some(list_of_code_points(data)?),
                // RFC 9846 §4.3.4: they guide the choice between certificates, and there is one.
                // Whether it will do is left to the server, which may know more than its list says.
                CERTIFICATE_AUTHORITIES => distinguished_names(data)?,
                // oid_filters too: no certificate extension is recognized (§4.3.5), so none filters.
                _ => {}
            }
            Ok(())
        })?;
        let Some(schemes) = schemes else {
            return Err(Error::MissingExtension { message, extension: SIGNATURE_ALGORITHMS });
        };
        let scheme = ECDSA_SECP256R1_SHA256.to_be_bytes();
        Ok(Self { takes_ecdsa_secp256r1_sha256: schemes.chunks(2).any(|found| found == scheme) })
    }
}

/// RFC 7301 §3.1: exactly one protocol, and one that was offered.
fn application_protocol(mut data: Reader<'_>) -> Result<(), Error> {
    let list = data.vector16()?;
    data.end()?;
    let mut list = data.nested(list);
    let protocol = list.vector8()?;
    list.end()?;
    if protocol.is_empty() {
        return Err(data.malformed());
    }
    if protocol == HTTP_1_1 { Ok(()) } else { Err(Error::ApplicationProtocol) }
}

/// A list of named groups (RFC 9846 §4.3.7) or signature schemes (§4.3.3): one at least.
fn list_of_code_points<'m>(mut data: Reader<'m>) -> Result<&'m [u8], Error> {
    let list = data.vector16()?;
    data.end()?;
    if list.is_empty() || list.len() % 2 != 0 { Err(data.malformed()) } else { Ok(list) }
}

/// RFC 9846 §4.3.4: `DistinguishedName authorities<3..2^16-1>`, each `<1..2^16-1>`.
fn distinguished_names(mut data: Reader<'_>) -> Result<(), Error> {
    let list = data.vector16()?;
    data.end()?;
    let mut list = data.nested(list);
    loop {
        if list.vector16()?.is_empty() {
            return Err(list.malformed());
        }
        if list.is_empty() {
            return Ok(());
        }
    }
}
