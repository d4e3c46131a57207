//! Certificates and keys that cannot be used, and signers that fail.

use picopost_testkit::chains::{Chain, Key, NAME, NOW, clients, shapes};
use picopost_testkit::code::alert;
use picopost_testkit::{CountingRng, Epoch, Event};
use picopost_tls::{
    CertificateDer, ClientIdentity, Config, Connection, Error, P256Signer, ServerName, Signer, Trust,
    UnixTime,
};

use super::{Client, REASON, asking, authenticated, with};
use crate::support::play;

/// The error of a connection that is to begin with these certificates.
fn begin(certificates: &[CertificateDer<'_>]) -> Option<Error> {
    let signer = P256Signer::from_der(clients::good().key.der()).expect("a P-256 key");
    let anchors = shapes::direct().anchors();
    let now = UnixTime::since_unix_epoch(std::time::Duration::from_secs(NOW));
    let config = Config::new(ServerName::try_from(NAME).expect("a name"), Trust::anchors(&anchors), now);
    let config = config.with_identity(ClientIdentity::new(certificates, &signer));
    let (mut receive, mut send) = ([0; 1024], [0; 1024]);
    Connection::new(config, &mut receive, &mut send, &mut CountingRng(1)).err()
}

/// RFC 9846 §4.5.1.2, before anything is sent.
#[test]
fn certificates_that_cannot_be_used() {
    let good = clients::good().certificates;
    assert_eq!(begin(&good), None);
    assert_eq!(begin(&good[..1]), None, "without its issuer");
    let empty = CertificateDer::from(&[][..]);
    let cut = CertificateDer::from(&good[0][..good[0].len() - 1]);
    let huge = CertificateDer::from(vec![0; 1 << 24]);
    for (what, certificates) in [
        ("none", vec![]),
        ("an empty one", vec![empty.clone()]),
        ("an empty one behind a good one", vec![good[0].clone(), empty]),
        ("none that can be parsed", vec![cut]),
        ("more than a message can hold", vec![good[0].clone(), huge]),
        ("an RSA key", clients::rsa().certificates),
        ("a P-384 key", clients::p384().certificates),
        ("a key that may not sign", clients::may_not_sign().certificates),
    ] {
        assert_eq!(begin(&certificates), Some(Error::ClientCertificate), "{what}");
    }
}

/// A message of 2^24 - 1 octets is the longest that its header can say.
#[test]
fn the_longest_chain() {
    let own = clients::good().certificates.swap_remove(0);
    let rest = (1 << 24) - 1 - 4 - own.len() - 5 - 5;
    let with = |size| [own.clone(), CertificateDer::from(vec![0; size])];
    assert_eq!(begin(&with(rest)), None);
    assert_eq!(begin(&with(rest + 1)), Some(Error::ClientCertificate));
}

#[test]
fn a_check_says_whether_key_and_certificate_fit() {
    let client = Client::of(clients::good());
    assert_eq!(client.identity().check(), Ok(()));
    assert_eq!(client.signed(), 1);
    let other = client.clone().with_key(Some(clients::another().key));
    assert_eq!(other.identity().check(), Err(Error::SignerKey));
    let failing = client.clone().with_key(None);
    assert_eq!(failing.identity().check(), Err(Error::SigningFailed { reason: REASON }));
    let rsa = Client::of(clients::rsa()).with_key(Some(clients::good().key));
    assert_eq!(rsa.identity().check(), Err(Error::ClientCertificate));
}

/// RFC 9846 §6.2: a fault of this side's own; the server is told, and nothing more is said.
#[test]
fn a_signer_that_fails_ends_the_handshake() {
    let client = Client::of(clients::good()).with_key(None);
    for variant in with(&client).variants() {
        let outcome = play(&asking(), &variant);
        assert_eq!(outcome.result, Err(Error::SigningFailed { reason: REASON }));
        assert!(!outcome.established && !outcome.seen.is_finished());
        assert_eq!(outcome.seen.alert(), Some((alert::INTERNAL_ERROR, Epoch::Handshake)));
        assert!(!outcome.seen.events.contains(&Event::CertificateVerify));
        assert_eq!(outcome.seen.complaint, None);
    }
}

/// It is for the server to see: it verifies the signature, as this test's does.
#[test]
fn a_signature_of_another_key_does_not_pass() {
    let client = Client::of(clients::good()).with_key(Some(clients::another().key));
    let outcome = play(&asking(), &with(&client));
    let complaint = outcome.seen.complaint.expect("a complaint");
    assert_eq!(complaint.0, "the signature of CertificateVerify is wrong (RFC 9846 §4.5.2)");
}

#[test]
fn a_private_key_is_read_from_pkcs_8_and_from_sec_1() {
    let key = clients::good().key;
    let pkcs8 = key.der();
    // The ECPrivateKey of RFC 5915 §3 is what PKCS #8 wraps in an OCTET STRING.
    let at = pkcs8.windows(4).position(|window| window[..2] == [0x30, 0x6b] || window[..2] == [0x30, 0x77]);
    let sec1 = &pkcs8[at.expect("an ECPrivateKey")..];
    for (what, der) in [("PKCS #8", pkcs8), ("SEC 1", sec1)] {
        let chain = clients::good();
        let signer = P256Signer::from_der(der).unwrap_or_else(|error| panic!("{what}: {error:?}"));
        assert_eq!(ClientIdentity::new(&chain.certificates, &signer).check(), Ok(()), "{what}");
        for cut in 0..der.len() {
            assert_eq!(
                P256Signer::from_der(&der[..cut]).err(),
                Some(Error::PrivateKey),
                "{what} cut at {cut}"
            );
        }
        let longer = [der, &[0]].concat();
        assert_eq!(P256Signer::from_der(&longer).err(), Some(Error::PrivateKey), "{what} and an octet");
    }
    for kind in ["p384", "rsa2048"] {
        let other = Key::of("device", kind);
        assert_eq!(P256Signer::from_der(other.der()).err(), Some(Error::PrivateKey), "{kind}");
    }
}

/// RFC 6979 §A.2.5: P-256 with SHA-256, message "sample".
#[test]
fn nonces_are_those_of_rfc_6979() {
    let scalar = "c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721";
    let r = "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716";
    let s = "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8";
    let digest = "af2bdbe1aa9b6ec1e2ade1d694f41fc71a831d0268e9891562113d8a62add1bf";
    let hex = |text: &str| -> Vec<u8> {
        (0..text.len() / 2).map(|i| u8::from_str_radix(&text[2 * i..2 * i + 2], 16).expect("hex")).collect()
    };
    // ECPrivateKey, RFC 5915 §3: version 1, the key, and the curve.
    let curve = [0xa0, 10, 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7];
    let key = [&[0x30, 49, 2, 1, 1, 4, 32][..], &hex(scalar), &curve].concat();
    let signer = P256Signer::from_der(&key).expect("a key");
    let octets: [u8; 64] = [hex(r), hex(s)].concat().try_into().expect("64 octets");
    let digest: [u8; 32] = hex(digest).try_into().expect("32 octets");
    assert_eq!(signer.sign(&digest).ok(), picopost_tls::Signature::from_octets(&octets));
}

/// Whoever prints a configuration prints no key.
#[test]
fn debug_shows_no_key() {
    let chain: Chain = clients::good();
    let signer = P256Signer::from_der(chain.key.der()).expect("a P-256 key");
    assert_eq!(format!("{signer:?}"), "P256Signer { .. }");
    let identity = ClientIdentity::new(&chain.certificates, &signer);
    assert_eq!(format!("{identity:?}"), "ClientIdentity { certificates: 2, .. }");
}

/// A chain that needs no intermediate.
#[test]
fn one_certificate_is_enough() {
    let client = Client::of(clients::stranger());
    authenticated("one certificate", &play(&asking(), &with(&client)), &client);
}
