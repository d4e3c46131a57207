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
            _ => list_of_code_points(data),
        }
    })?;
    Ok(())
}

/// RFC 9846 §4.4.2. There is no certificate to choose, so its extensions decide nothing.
pub(crate) fn certificate_request(body: &[u8]) -> Result<(), Error> {
    let message = Message::CertificateRequest;
    let mut reader = Reader::new(body, message);
    let context = reader.vector8()?;
    let block = reader.vector16()?;
    reader.end()?;
    if !context.is_empty() {
        return Err(Error::IllegalParameter { message });
    }
    let mut has_signature_algorithms = false;
    let allowed = &[SERVER_NAME, SIGNATURE_ALGORITHMS];
    extensions::requests(reader.nested(block), allowed, |extension, data| {
        match extension {
            SIGNATURE_ALGORITHMS => {
                has_signature_algorithms = true;
                // SignatureScheme supported_signature_algorithms<2..2^16-2>
                list_of_code_points(data)
            }
            CERTIFICATE_AUTHORITIES => distinguished_names(data),
            _ => Ok(()),
        }
    })?;
    if has_signature_algorithms {
        Ok(())
    } else {
        Err(Error::MissingExtension { message, extension: SIGNATURE_ALGORITHMS })
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
fn list_of_code_points(mut data: Reader<'_>) -> Result<(), Error> {
    let list = data.vector16()?;
    data.end()?;
    if list.is_empty() || list.len() % 2 != 0 { Err(data.malformed()) } else { Ok(()) }
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
