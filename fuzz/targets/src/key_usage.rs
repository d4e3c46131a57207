//! The keyUsage extension.

use picopost_tls::{CertificateDer, Error, Trust, verify_server_path};
use webpki::EndEntityCert;
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::input::Input;
use crate::tls::config;

/// The input is a certificate, or the extensions of one that is otherwise in order. Where both
/// rustls-webpki and x509-parser can read it, x509-parser says whether the key may sign, and the
/// engine says the same, or that it cannot read the certificate.
///
/// With a trust that takes any certificate, keyUsage is all that `verify_server_path` looks at.
pub fn key_usage(input: &[u8]) {
    let mut input = Input::new(input);
    let der = if input.flag() { certificate(&mut input) } else { input.rest().to_vec() };
    let mut config = config(&[]);
    config.trust = Trust::danger_accept_any_certificate();
    let certificate = CertificateDer::from(&der[..]);
    let ours = verify_server_path(std::slice::from_ref(&certificate), &config).map(drop);
    assert!(matches!(ours, Ok(()) | Err(Error::KeyUsage | Error::BadCertificate)), "{ours:?}");

    let Ok((&[], parsed)) = X509Certificate::from_der(&der) else { return };
    if EndEntityCert::try_from(&certificate).is_err() {
        return;
    }
    match parsed.key_usage().map(|usage| usage.map(|usage| usage.value.digital_signature())) {
        Ok(None | Some(true)) => assert_ne!(ours, Err(Error::KeyUsage), "{der:02x?}"),
        Ok(Some(false)) => assert_ne!(ours, Ok(()), "{der:02x?}"),
        Err(_unreadable) => {}
    }
}

/// A certificate with these extensions: for each, its id, whether it is critical, and its value.
fn certificate(input: &mut Input<'_>) -> Vec<u8> {
    let mut extensions = Vec::new();
    while !input.is_empty() {
        let id: &[u8] = match input.u8() % 4 {
            0 => &[0x55, 0x1d, 0x0f],
            1 => &[0x55, 0x1d, 0x13],
            2 => &[0x55, 0x1d, 0x25],
            _ => input.octets(),
        };
        let critical: &[u8] = [&[][..], &[1, 1, 0xff], &[1, 1, 0]][input.below(3)];
        let value = if input.flag() {
            // A BIT STRING, of whatever is in it.
            tlv(0x03, input.octets())
        } else {
            input.octets().to_vec()
        };
        extensions.extend(tlv(SEQUENCE, &[&tlv(0x06, id), critical, &tlv(0x04, &value)].concat()));
    }
    // ecdsa-with-SHA256; commonName; id-ecPublicKey, prime256v1.
    let algorithm = tlv(SEQUENCE, b"\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02");
    let name = tlv(SEQUENCE, &tlv(0x31, &tlv(SEQUENCE, b"\x06\x03\x55\x04\x03\x0c\x01a")));
    let validity = tlv(SEQUENCE, b"\x17\x0d200101000000Z\x17\x0d400101000000Z");
    let key = b"\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07";
    let key = tlv(SEQUENCE, &[tlv(SEQUENCE, key), tlv(0x03, &[&[0, 4][..], &[1; 64]].concat())].concat());
    let extensions = tlv(0xa3, &tlv(SEQUENCE, &extensions));
    let version_and_serial = b"\xa0\x03\x02\x01\x02\x02\x01\x01";
    let tbs = [version_and_serial, &algorithm[..], &name, &validity, &name, &key, &extensions].concat();
    tlv(SEQUENCE, &[tlv(SEQUENCE, &tbs), algorithm, tlv(0x03, &[0, 0x30, 0])].concat())
}

const SEQUENCE: u8 = 0x30;

fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len().to_be_bytes();
    let length = &length[content.len().leading_zeros() as usize / 8..];
    let long = [0x80 | u8::try_from(length.len()).expect("at most 8")];
    let first = if content.len() < 0x80 { &[][..] } else { &long[..] };
    let length = if content.is_empty() { &[0] } else { length };
    [&[tag], first, length, content].concat()
}
