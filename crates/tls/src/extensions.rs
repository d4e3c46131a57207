//! Extension blocks, RFC 9846 §4.3.

use crate::{
    codec::Reader,
    error::{Error, Message},
    limits::Wanted,
};

pub(crate) const SERVER_NAME: u16 = 0;
pub(crate) const MAX_FRAGMENT_LENGTH: u16 = 1;
pub(crate) const SUPPORTED_GROUPS: u16 = 10;
pub(crate) const SIGNATURE_ALGORITHMS: u16 = 13;
pub(crate) const APPLICATION_LAYER_PROTOCOL_NEGOTIATION: u16 = 16;
pub(crate) const RECORD_SIZE_LIMIT: u16 = 28;
pub(crate) const PRE_SHARED_KEY: u16 = 41;
pub(crate) const SUPPORTED_VERSIONS: u16 = 43;
pub(crate) const COOKIE: u16 = 44;
pub(crate) const PSK_KEY_EXCHANGE_MODES: u16 = 45;
pub(crate) const CERTIFICATE_AUTHORITIES: u16 = 47;
pub(crate) const KEY_SHARE: u16 = 51;

/// The extensions that this client knows; [`Offered`] says which are in its ClientHello.
const KNOWN: [u16; 12] = [
    SERVER_NAME,
    MAX_FRAGMENT_LENGTH,
    SUPPORTED_GROUPS,
    SIGNATURE_ALGORITHMS,
    APPLICATION_LAYER_PROTOCOL_NEGOTIATION,
    RECORD_SIZE_LIMIT,
    PRE_SHARED_KEY,
    SUPPORTED_VERSIONS,
    COOKIE,
    PSK_KEY_EXCHANGE_MODES,
    CERTIFICATE_AUTHORITIES,
    KEY_SHARE,
];

/// Which of the extensions that are not in every ClientHello are in this one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Offered {
    /// Only a DNS name is sent.
    pub(crate) server_name: bool,
    /// Only a small receive buffer needs them.
    pub(crate) limits: Option<Wanted>,
    /// Only where there is room for a ticket.
    pub(crate) psk_modes: bool,
    /// Only with a ticket.
    pub(crate) pre_shared_key: bool,
}

impl Offered {
    /// A cookie is echoed, which is no request that could be answered.
    fn includes(self, extension: u16) -> bool {
        match extension {
            SERVER_NAME => self.server_name,
            MAX_FRAGMENT_LENGTH | RECORD_SIZE_LIMIT => self.limits.is_some(),
            PRE_SHARED_KEY => self.pre_shared_key,
            PSK_KEY_EXCHANGE_MODES => self.psk_modes,
            // Nor is a list of CAs asked for: a server may send one of its own accord (§4.3.4).
            COOKIE | CERTIFICATE_AUTHORITIES => false,
            other => KNOWN.contains(&other),
        }
    }
}

/// Which extensions a message from the server may have.
pub(crate) struct Rules<'r> {
    pub(crate) message: Message,
    /// Extensions that belong into this message.
    pub(crate) allowed: &'r [u16],
    pub(crate) offered: Offered,
}

/// Reads a whole extension block and hands each extension to `take`, having checked that it was
/// asked for, belongs there, and came once.
pub(crate) fn responses<'m>(
    block: Reader<'m>,
    rules: &Rules<'_>,
    mut take: impl FnMut(u16, Reader<'m>) -> Result<(), Error>,
) -> Result<(), Error> {
    walk(block, &mut |extension, data| {
        rules.check(extension)?;
        take(extension, data)
    })
}

impl Rules<'_> {
    #[inline(never)]
    fn check(&self, extension: u16) -> Result<(), Error> {
        let message = self.message;
        // RFC 9846 §4.3: an extension that was not asked for is an unsupported_extension, but for
        // the cookie of a HelloRetryRequest; one that was asked for, but does not belong into
        // this message, an illegal_parameter.
        let cookie = extension == COOKIE && message == Message::HelloRetryRequest;
        if !self.offered.includes(extension) && !cookie {
            Err(Error::UnsolicitedExtension { message, extension })
        } else if !self.allowed.contains(&extension) {
            Err(Error::MisplacedExtension { message, extension })
        } else {
            Ok(())
        }
    }
}

/// Reads a whole extension block of a message in which unknown extensions are ignored:
/// CertificateRequest and NewSessionTicket (RFC 9846 §4.4.2, §4.7.1). A known one that does not
/// belong there is refused all the same (§4.3).
pub(crate) fn requests<'m>(
    block: Reader<'m>,
    allowed: &[u16],
    mut take: impl FnMut(u16, Reader<'m>) -> Result<(), Error>,
) -> Result<(), Error> {
    let message = block.message();
    walk(block, &mut |extension, data| {
        if KNOWN.contains(&extension) && !allowed.contains(&extension) {
            return Err(Error::MisplacedExtension { message, extension });
        }
        take(extension, data)
    })
}

/// Reads a whole extension block.
pub(crate) fn walk<'m>(
    mut block: Reader<'m>,
    take: &mut dyn FnMut(u16, Reader<'m>) -> Result<(), Error>,
) -> Result<(), Error> {
    let message = block.message();
    let mut seen = [false; KNOWN.len()];
    while !block.is_empty() {
        let extension = block.u16()?;
        let data = block.vector16()?;
        // RFC 9846 §4.3: no two extensions of the same type in one block. Of unknown ones
        // nothing is used, be they one or many.
        if let Some((_, seen)) = KNOWN.iter().zip(&mut seen).find(|(known, _)| **known == extension)
            && core::mem::replace(seen, true)
        {
            return Err(Error::RepeatedExtension { message, extension });
        }
        take(extension, block.nested(data))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const MESSAGE: Message = Message::EncryptedExtensions;

    fn read(block: &[u8]) -> Result<(), Error> {
        let offered = Offered { server_name: true, limits: None, psk_modes: false, pre_shared_key: false };
        let rules = Rules { message: MESSAGE, allowed: &[SERVER_NAME, SUPPORTED_GROUPS], offered };
        responses(Reader::new(block, MESSAGE), &rules, |_, _| Ok(()))
    }

    #[test]
    fn each_kind_of_wrong_extension_has_its_error() {
        assert_eq!(read(&[]), Ok(()));
        assert_eq!(read(&[0, 0, 0, 0, 0, 10, 0, 1, 9]), Ok(()));
        let extension = KEY_SHARE;
        assert_eq!(read(&[0, 51, 0, 0]), Err(Error::MisplacedExtension { message: MESSAGE, extension }));
        let extension = COOKIE;
        assert_eq!(read(&[0, 44, 0, 0]), Err(Error::UnsolicitedExtension { message: MESSAGE, extension }));
        let extension = 0xfafa;
        assert_eq!(
            read(&[0xfa, 0xfa, 0, 0]),
            Err(Error::UnsolicitedExtension { message: MESSAGE, extension })
        );
        let extension = SERVER_NAME;
        assert_eq!(
            read(&[0, 0, 0, 0, 0, 0, 0, 0]),
            Err(Error::RepeatedExtension { message: MESSAGE, extension })
        );
    }

    #[test]
    fn every_cut_is_malformed() {
        let whole = [0, 10, 0, 3, 1, 2, 3];
        for cut in 1..whole.len() {
            assert_eq!(read(&whole[..cut]), Err(Error::Malformed { message: MESSAGE }), "cut at {cut}");
        }
    }
}
