//! The keyUsage extension, which rustls-webpki leaves to its caller.
//!
//! It reads certificates whose form webpki has checked already. What it cannot read all the same
//! it refuses.

use crate::fault::{Failure, Fault};

/// What a certificate's key may be used for, RFC 5280 §4.2.1.3.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct KeyUsage(Option<u8>);

impl KeyUsage {
    /// Of a DER certificate.
    pub(crate) fn of(certificate: &[u8]) -> Result<Self, Failure> {
        read(certificate).ok_or(Fault::BadCertificate.into())
    }

    /// Whether the key may sign handshakes: bit 0, digitalSignature. Without the extension it may.
    pub(crate) fn digital_signature(self) -> bool {
        self.0.is_none_or(|bits| bits & 0x80 != 0)
    }

    /// Whether the key may sign certificates: bit 5, keyCertSign. Without the extension it may.
    pub(crate) fn key_cert_sign(self) -> bool {
        self.0.is_none_or(|bits| bits & 0x04 != 0)
    }
}

const BOOLEAN: u8 = 0x01;
const BIT_STRING: u8 = 0x03;
const OCTET_STRING: u8 = 0x04;
const OBJECT_IDENTIFIER: u8 = 0x06;
const SEQUENCE: u8 = 0x30;
/// `extensions [3] EXPLICIT`
const EXTENSIONS: u8 = 0xa3;
/// 2.5.29.15
const ID_CE_KEY_USAGE: &[u8] = &[0x55, 0x1d, 0x0f];

/// RFC 5280 §4.1: Certificate, TBSCertificate, Extensions.
fn read(certificate: &[u8]) -> Option<KeyUsage> {
    let mut certificate = certificate;
    let mut certificate = expect(&mut certificate, SEQUENCE)?;
    let mut tbs = expect(&mut certificate, SEQUENCE)?;
    while !tbs.is_empty() {
        let (tag, mut content) = element(&mut tbs)?;
        if tag == EXTENSIONS {
            return extensions(expect(&mut content, SEQUENCE)?);
        }
    }
    Some(KeyUsage(None))
}

fn extensions(mut list: &[u8]) -> Option<KeyUsage> {
    while !list.is_empty() {
        let mut extension = expect(&mut list, SEQUENCE)?;
        let id = expect(&mut extension, OBJECT_IDENTIFIER)?;
        let (mut tag, mut value) = element(&mut extension)?;
        if tag == BOOLEAN {
            (tag, value) = element(&mut extension)?;
        }
        if id == ID_CE_KEY_USAGE {
            if tag != OCTET_STRING {
                return None;
            }
            // The octet in front says how many bits at the end are not used: they are 0 (DER).
            let (unused, bits) = expect(&mut value, BIT_STRING)?.split_first()?;
            let last = bits.last().copied().unwrap_or(0);
            if *unused > 7 || last.trailing_zeros() < u32::from(*unused) || !value.is_empty() {
                return None;
            }
            return Some(KeyUsage(Some(bits.first().copied().unwrap_or(0))));
        }
    }
    Some(KeyUsage(None))
}

fn expect<'d>(der: &mut &'d [u8], tag: u8) -> Option<&'d [u8]> {
    element(der).and_then(|(found, content)| (found == tag).then_some(content))
}

/// The next tag and content, with a length of at most 2^24 - 1 octets.
fn element<'d>(der: &mut &'d [u8]) -> Option<(u8, &'d [u8])> {
    let (&tag, rest) = der.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        0x81..=0x83 => {
            let (octets, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            (octets.iter().fold(0, |length, octet| length << 8 | usize::from(*octet)), rest)
        }
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    *der = rest;
    Some((tag, content))
}

#[cfg(test)]
mod tests {
    extern crate std;
    use std::{vec, vec::Vec};

    use super::*;

    fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
        [&[tag, u8::try_from(content.len()).unwrap()], content].concat()
    }

    fn extension(id: &[u8], critical: bool, value: &[u8]) -> Vec<u8> {
        let critical = if critical { tlv(BOOLEAN, &[0xff]) } else { vec![] };
        tlv(SEQUENCE, &[tlv(OBJECT_IDENTIFIER, id), critical, tlv(OCTET_STRING, value)].concat())
    }

    /// A certificate of nothing but what is looked at.
    fn certificate(extensions: &[Vec<u8>]) -> Vec<u8> {
        let version = tlv(0xa0, &[2, 1, 2]);
        let extensions = tlv(EXTENSIONS, &tlv(SEQUENCE, &extensions.concat()));
        tlv(SEQUENCE, &[tlv(SEQUENCE, &[version, extensions].concat()), tlv(BIT_STRING, &[0])].concat())
    }

    fn key_usage(bits: &[u8]) -> Vec<u8> {
        let basic_constraints = extension(&[0x55, 0x1d, 0x13], true, &tlv(SEQUENCE, &[]));
        certificate(&[basic_constraints, extension(ID_CE_KEY_USAGE, true, &tlv(BIT_STRING, bits))])
    }

    #[test]
    fn the_two_bits_that_count() {
        let bits = |octets: &[u8]| {
            let usage = KeyUsage::of(&key_usage(octets)).unwrap();
            (usage.digital_signature(), usage.key_cert_sign())
        };
        assert_eq!(bits(&[7, 0x80]), (true, false));
        assert_eq!(bits(&[1, 0x06]), (false, true));
        assert_eq!(bits(&[2, 0x84]), (true, true));
        // keyEncipherment alone; decipherOnly in the second octet; nothing.
        assert_eq!(bits(&[5, 0x20]), (false, false));
        assert_eq!(bits(&[7, 0x00, 0x80]), (false, false));
        assert_eq!(bits(&[0]), (false, false));
    }

    #[test]
    fn without_the_extension_everything_is_allowed() {
        for certificate in [certificate(&[]), tlv(SEQUENCE, &tlv(SEQUENCE, &[]))] {
            let usage = KeyUsage::of(&certificate).unwrap();
            assert!(usage.digital_signature() && usage.key_cert_sign());
        }
    }

    #[test]
    fn what_cannot_be_read_is_refused() {
        let whole = key_usage(&[7, 0x80]);
        for cut in 0..whole.len() {
            assert_eq!(KeyUsage::of(&whole[..cut]), Err(Fault::BadCertificate.into()), "cut at {cut}");
        }
        assert_eq!(KeyUsage::of(&key_usage(&[])), Err(Fault::BadCertificate.into()));
        let indefinite = [SEQUENCE, 0x80, 0, 0];
        assert_eq!(KeyUsage::of(&indefinite), Err(Fault::BadCertificate.into()));
    }
}
