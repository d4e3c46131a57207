//! Extension blocks, RFC 9846 §4.3.

use crate::{
    codec::Reader,
    fault::{Failure, Fault},
    limits::Wanted,
    messages::HandshakeType,
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

/// The extensions of one block: those that this client knows, each with its data.
pub(crate) struct Extensions<'m> {
    message: HandshakeType,
    /// In the order of [`KNOWN`].
    data: [Option<&'m [u8]>; KNOWN.len()],
    /// The first that is not known.
    unknown: Option<u16>,
}

impl<'m> Extensions<'m> {
    /// Reads a whole extension block.
    #[inline(never)]
    pub(crate) fn parse(mut block: Reader<'m>) -> Result<Self, Failure> {
        let message = block.message();
        let mut extensions = Self { message, data: [None; _], unknown: None };
        while !block.is_empty() {
            let (extension, data) = block.read(|fields| (fields.u16(), fields.vector16()))?;
            match KNOWN.iter().zip(&mut extensions.data).find(|(known, _)| **known == extension) {
                // RFC 9846 §4.3: no two extensions of the same type in one block. Of unknown ones
                // nothing is used, be they one or many.
                Some((_, slot)) => {
                    if slot.replace(data).is_some() {
                        return Err(Fault::RepeatedExtension.at(message, extension));
                    }
                }
                None => {
                    extensions.unknown.get_or_insert(extension);
                }
            }
        }
        Ok(extensions)
    }

    /// The data of an extension, if it is there.
    pub(crate) fn find(&self, extension: u16) -> Option<Reader<'m>> {
        let found = KNOWN.iter().zip(self.data).find(|(known, _)| **known == extension);
        found.and_then(|(_, data)| data).map(|data| Reader::new(data, self.message))
    }

    /// Checks that each extension was asked for, and belongs into this message, where only the
    /// `allowed` do.
    #[inline(never)]
    pub(crate) fn check_responses(&self, allowed: &[u16], offered: Offered) -> Result<(), Failure> {
        let (message, known) = (self.message, KNOWN.iter().zip(&self.data));
        let present = known.filter(|(_, data)| data.is_some()).map(|(known, _)| *known);
        for extension in self.unknown.into_iter().chain(present) {
            // RFC 9846 §4.3: an extension that was not asked for is an unsupported_extension, but for
            // the cookie of a HelloRetryRequest; one that was asked for, but does not belong into
            // this message, an illegal_parameter.
            let cookie = extension == COOKIE && message == HandshakeType::HELLO_RETRY_REQUEST;
            if !offered.includes(extension) && !cookie {
                return Err(Fault::UnsolicitedExtension.at(message, extension));
            }
            if !allowed.contains(&extension) {
                return Err(Fault::MisplacedExtension.at(message, extension));
            }
        }
        Ok(())
    }

    /// Checks a message in which unknown extensions are ignored: CertificateRequest and
    /// NewSessionTicket (RFC 9846 §4.4.2, §4.7.1). A known one that does not belong there is refused
    /// all the same (§4.3).
    #[inline(never)]
    pub(crate) fn check_requests(&self, allowed: &[u16]) -> Result<(), Failure> {
        for (extension, data) in KNOWN.iter().zip(&self.data) {
            if data.is_some() && !allowed.contains(extension) {
                return Err(Fault::MisplacedExtension.at(self.message, *extension));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MESSAGE: HandshakeType = HandshakeType::ENCRYPTED_EXTENSIONS;

    fn read(block: &[u8]) -> Result<(), Failure> {
        let offered = Offered { server_name: true, limits: None, psk_modes: false, pre_shared_key: false };
        let extensions = Extensions::parse(Reader::new(block, MESSAGE))?;
        extensions.check_responses(&[SERVER_NAME, SUPPORTED_GROUPS], offered)
    }

    #[test]
    fn each_kind_of_wrong_extension_has_its_error() {
        assert_eq!(read(&[]), Ok(()));
        assert_eq!(read(&[0, 0, 0, 0, 0, 10, 0, 1, 9]), Ok(()));
        let extension = KEY_SHARE;
        assert_eq!(read(&[0, 51, 0, 0]), Err(Fault::MisplacedExtension.at(MESSAGE, extension)));
        let extension = COOKIE;
        assert_eq!(read(&[0, 44, 0, 0]), Err(Fault::UnsolicitedExtension.at(MESSAGE, extension)));
        let extension = 0xfafa;
        assert_eq!(read(&[0xfa, 0xfa, 0, 0]), Err(Fault::UnsolicitedExtension.at(MESSAGE, extension)));
        let extension = SERVER_NAME;
        assert_eq!(read(&[0, 0, 0, 0, 0, 0, 0, 0]), Err(Fault::RepeatedExtension.at(MESSAGE, extension)));
    }

    #[test]
    fn every_cut_is_malformed() {
        let whole = [0, 10, 0, 3, 1, 2, 3];
        for cut in 1..whole.len() {
            assert_eq!(read(&whole[..cut]), Err(Fault::Malformed.of(MESSAGE)), "cut at {cut}");
        }
    }
}
