//! The Certificate message and the path that it leads to.

use picopost_testkit::chains::{Chain, NAME, NOW, faulty, shapes};
use picopost_testkit::code::alert::{
    BAD_CERTIFICATE, CERTIFICATE_EXPIRED, DECODE_ERROR, ILLEGAL_PARAMETER, UNKNOWN_CA,
    UNSUPPORTED_CERTIFICATE, UNSUPPORTED_EXTENSION,
};
use picopost_testkit::code::extension;
use picopost_testkit::{Certificate, Extensions, Message as Sent, RESPONSE, Script};
use picopost_tls::{Error, Message};

use super::{HANDSHAKE, Refusal, good, refusal, refuse_in_handshake};
use crate::support::{Play, play, play_with_anchors};

const DAY: u64 = 86_400;

fn chain(what: &'static str, chain: Chain, error: Error, alert: u8) -> Refusal {
    refusal(what, Script::good(chain), error, (alert, HANDSHAKE))
}

fn message(edit: impl Fn(&mut Certificate) + Send + Sync + 'static) -> Script {
    good().edit_certificate(edit)
}

#[test]
fn the_message() {
    let malformed = Error::Malformed { message: Message::Certificate };
    let (decode, illegal) = ((DECODE_ERROR, HANDSHAKE), (ILLEGAL_PARAMETER, HANDSHAKE));
    let extra =
        |kind, data: &'static [u8]| message(move |certificate| certificate.entries[0].1.push(kind, data));
    let unsolicited = |extension| Error::UnsolicitedExtension { message: Message::Certificate, extension };
    let misplaced = |extension| Error::MisplacedExtension { message: Message::Certificate, extension };
    refuse_in_handshake(&[
        // §4.5.1.3
        refusal("empty", message(|certificate| certificate.entries.clear()), Error::NoCertificate, decode),
        // §4.5.1
        refusal(
            "with a context",
            message(|certificate| certificate.context = vec![1]),
            Error::IllegalParameter { message: Message::Certificate },
            illegal,
        ),
        // cert_data<1..2^24-1>
        refusal(
            "an empty certificate",
            message(|certificate| certificate.entries[0].0.clear()),
            malformed,
            decode,
        ),
        refusal(
            "an empty certificate behind the server's",
            message(|certificate| certificate.entries.push((Vec::new(), Extensions::default()))),
            malformed,
            decode,
        ),
        refusal(
            "octets behind the list",
            good().rewrite(Sent::Certificate, |body| body.push(0)),
            malformed,
            decode,
        ),
        refusal("no content", good().rewrite(Sent::Certificate, Vec::clear), malformed, decode),
        // §4.3, §4.5.1: the ClientHello asks for none.
        refusal(
            "an OCSP response",
            extra(extension::STATUS_REQUEST, &[1, 0, 0, 1, 0]),
            unsolicited(extension::STATUS_REQUEST),
            (UNSUPPORTED_EXTENSION, HANDSHAKE),
        ),
        refusal(
            "an unknown extension",
            extra(0xfafa, b""),
            unsolicited(0xfafa),
            (UNSUPPORTED_EXTENSION, HANDSHAKE),
        ),
        refusal("ALPN", extra(extension::ALPN, b"\0\x03\x02h2"), misplaced(extension::ALPN), illegal),
        refusal(
            "an extension behind the last certificate",
            message(|certificate| certificate.entries[1].1.push(0xfafa, b"")),
            unsolicited(0xfafa),
            (UNSUPPORTED_EXTENSION, HANDSHAKE),
        ),
        refusal(
            "no certificate at all",
            message(|certificate| certificate.entries[0].0 = b"Certificate".to_vec()),
            Error::BadCertificate,
            (BAD_CERTIFICATE, HANDSHAKE),
        ),
        // §4.5.1.2: X.509v3.
        refusal(
            "a certificate of version 1",
            message(|certificate| {
                let der = &mut certificate.entries[0].0;
                let version_3 = [0xa0, 3, 2, 1, 2];
                let at = der.windows(5).position(|window| window == version_3).expect("a version");
                der[at + 4] = 0;
            }),
            Error::BadCertificate,
            (BAD_CERTIFICATE, HANDSHAKE),
        ),
        refusal(
            "a certificate that ends early",
            message(|certificate| certificate.entries[0].0.truncate(300)),
            Error::BadCertificate,
            (BAD_CERTIFICATE, HANDSHAKE),
        ),
    ]);
}

/// How many this client takes is its own limit.
#[test]
fn more_certificates_than_anyone_has() {
    let outcome = play(&Script::good(faulty::nine_certificates()), &Play::default());
    assert_eq!(outcome.result, Err(Error::TooManyCertificates { maximum: 6 }));
    assert_eq!(outcome.seen.alert(), Some((BAD_CERTIFICATE, HANDSHAKE)));
    assert!(!outcome.established);
}

#[test]
fn dates() {
    let expired = Error::Expired { now: NOW, not_after: NOW - DAY };
    let not_yet = Error::NotYetValid { now: NOW, not_before: NOW + DAY };
    refuse_in_handshake(&[
        chain("expired", faulty::expired(), expired, CERTIFICATE_EXPIRED),
        chain("expired intermediate", faulty::expired_intermediate(), expired, CERTIFICATE_EXPIRED),
        chain("not yet valid", faulty::not_yet_valid(), not_yet, CERTIFICATE_EXPIRED),
    ]);
}

/// RFC 5280 §4.1.2.5: both ends of the validity belong to it.
#[test]
fn dates_to_the_second() {
    let at = |script: &Script, now| play(script, &Play { now, ..Play::default() }).result;
    let script = Script::good(faulty::expired());
    let not_after = NOW - DAY;
    assert_eq!(at(&script, not_after).as_deref(), Ok(RESPONSE));
    assert_eq!(at(&script, not_after + 1), Err(Error::Expired { now: not_after + 1, not_after }));
    let script = Script::good(faulty::not_yet_valid());
    let not_before = NOW + DAY;
    assert_eq!(at(&script, not_before).as_deref(), Ok(RESPONSE));
    assert_eq!(at(&script, not_before - 1), Err(Error::NotYetValid { now: not_before - 1, not_before }));
    // A clock that was never set.
    let result = at(&good(), 0);
    assert!(matches!(result, Err(Error::NotYetValid { now: 0, .. })), "{result:?}");
}

#[test]
fn names() {
    refuse_in_handshake(&[
        chain("another name", faulty::wrong_name(), Error::WrongName, BAD_CERTIFICATE),
        chain("no name", faulty::no_name(), Error::WrongName, BAD_CERTIFICATE),
        chain("a wildcard for no label", shapes::wildcard(), Error::WrongName, BAD_CERTIFICATE),
        chain("an address", shapes::address(), Error::WrongName, BAD_CERTIFICATE),
    ]);
    let asked = |name, chain| play(&Script::good(chain), &Play { name, ..Play::default() });
    for (name, chain) in [
        ("one.two.device.example", shapes::wildcard()),
        ("device.example.org", shapes::gts()),
        ("xdevice.example", shapes::gts()),
        ("192.0.2.8", shapes::address()),
        ("2001:db8::8", shapes::address()),
        ("192.0.2.7", shapes::gts()),
    ] {
        let outcome = asked(name, chain);
        assert_eq!(outcome.result, Err(Error::WrongName), "{name}");
        assert_eq!(outcome.seen.alert(), Some((BAD_CERTIFICATE, HANDSHAKE)), "{name}");
        assert!(!outcome.established, "{name}");
    }
    // RFC 9525 §6.3: case does not count.
    assert_eq!(asked("DEVICE.example", shapes::gts()).result.as_deref(), Ok(RESPONSE));
    assert_eq!(NAME, "device.example");
}

#[test]
fn paths() {
    let mut reversed = shapes::gts();
    reversed.certificates.reverse();
    reversed.key = shapes::gts().key;
    refuse_in_handshake(&[
        chain("unknown CA", faulty::unknown_ca(), Error::UnknownIssuer, UNKNOWN_CA),
        chain("no intermediate", faulty::no_intermediate(), Error::UnknownIssuer, UNKNOWN_CA),
        chain("self-signed", faulty::self_signed(), Error::UnknownIssuer, UNKNOWN_CA),
        chain("leaf as CA", faulty::leaf_as_ca(), Error::IssuerIsNotCa, BAD_CERTIFICATE),
        chain(
            "a CA's certificate as the server's",
            faulty::ca_as_server(),
            Error::CaAsServer,
            BAD_CERTIFICATE,
        ),
        chain("the intermediate first", reversed, Error::CaAsServer, BAD_CERTIFICATE),
        chain("path length", faulty::path_length(), Error::PathTooLong, BAD_CERTIFICATE),
        chain("name constraint", faulty::name_constraint(), Error::NameConstraint, BAD_CERTIFICATE),
        chain("for clients only", faulty::client_only(), Error::KeyUsage, UNSUPPORTED_CERTIFICATE),
        chain(
            "an unknown critical extension",
            faulty::critical_extension(),
            Error::CriticalExtension,
            UNSUPPORTED_CERTIFICATE,
        ),
        chain("a forged server", faulty::forged(), Error::CertificateSignature, BAD_CERTIFICATE),
        chain(
            "a forged intermediate",
            faulty::forged_intermediate(),
            Error::CertificateSignature,
            BAD_CERTIFICATE,
        ),
    ]);
}

/// Certificates that anyone can make must not keep a small chip busy: the search for a path ends after
/// 16 signatures.
#[test]
fn a_path_that_takes_too_long_to_find() {
    assert_eq!(Error::PathTooComplex.code(), 3216);
    refuse_in_handshake(&[chain(
        "four authorities of the root's name",
        faulty::impostors(),
        Error::PathTooComplex,
        BAD_CERTIFICATE,
    )]);
}

/// The same, counted: each anchor of the issuer's name takes one signature, and the last is the right
/// one.
#[test]
fn the_sixteenth_signature_is_the_last() {
    let good = shapes::direct();
    let with = |impostors: usize| {
        let impostor = |number| {
            let table = format!(
                "name    key   signed by  words
                 root    p256  root       ca key:impostor-{number}
                 send root"
            );
            Chain::from_table(&table).anchors()
        };
        let anchors: Vec<_> = (0..impostors).flat_map(impostor).chain(good.anchors()).collect();
        play_with_anchors(&Script::good(good.clone()), &Play::default(), &anchors).result
    };
    assert_eq!(with(15).as_deref(), Ok(RESPONSE));
    assert_eq!(with(16), Err(Error::PathTooComplex));
}

/// RFC 9846 §4.5.1.3: MD5 must, and SHA-1 should, end in bad_certificate.
#[test]
fn broken_hashes() {
    // 1.2.840.113549.1.1.11, sha256WithRSAEncryption; .4 has MD5, .5 SHA-1.
    const SHA256_WITH_RSA: [u8; 11] = [6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 11];
    let say = |algorithm| {
        Script::good(shapes::rsa()).edit_certificate(move |certificate| {
            let der = &mut certificate.entries[0].0;
            let places: Vec<_> =
                (0..der.len()).filter(|at| der[*at..].starts_with(&SHA256_WITH_RSA)).collect();
            assert_eq!(places.len(), 2, "the algorithm stands in a certificate twice");
            places.iter().for_each(|at| der[at + 10] = algorithm);
        })
    };
    refuse_in_handshake(&[
        refusal("MD5", say(4), Error::CertificateAlgorithm, (BAD_CERTIFICATE, HANDSHAKE)),
        refusal("SHA-1", say(5), Error::CertificateAlgorithm, (BAD_CERTIFICATE, HANDSHAKE)),
    ]);
}

/// A good chain is nothing to a client that trusts somebody else.
#[test]
fn other_anchors() {
    let script = good();
    let stranger = Chain::from_table(
        "name      key   signed by  words
         stranger  p384  stranger   ca
         server    p256  stranger   server dns:device.example
         send server",
    );
    let outcome = play_with_anchors(&script, &Play::default(), &stranger.anchors());
    assert_eq!(outcome.result, Err(Error::UnknownIssuer));
    let both = [stranger.anchors(), script.chain().anchors()].concat();
    assert_eq!(play_with_anchors(&script, &Play::default(), &both).result.as_deref(), Ok(RESPONSE));
}

/// An authority of the same name is another one if its key is: here P-256 instead of P-384.
#[test]
fn an_anchor_of_the_same_name() {
    let outcome = play_with_anchors(&good(), &Play::default(), &shapes::direct().anchors());
    assert!(outcome.result.is_err() && !outcome.established, "{outcome:?}");
}
