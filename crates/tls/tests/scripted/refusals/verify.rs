//! CertificateVerify and Finished.

use picopost_testkit::chains::{Key, shapes};
use picopost_testkit::code::alert::{DECODE_ERROR, DECRYPT_ERROR, ILLEGAL_PARAMETER};
use picopost_testkit::code::{self, scheme};
use picopost_testkit::{Action, CertificateVerify, Message as Sent, Script, handshake, vector};
use picopost_tls::{CertificateDer, Error, Message};

use super::{HANDSHAKE, Refusal, good, refusal, refuse_in_handshake};

fn verify(edit: impl Fn(&mut CertificateVerify) + Send + Sync + 'static) -> Script {
    good().edit_certificate_verify(edit)
}

#[test]
fn signatures() {
    let error = Error::HandshakeSignature { scheme: scheme::ECDSA_SECP256R1_SHA256 };
    let malformed = Error::Malformed { message: Message::CertificateVerify };
    let wrong = |what, script| refusal(what, script, error, (DECRYPT_ERROR, HANDSHAKE));
    let signature = |edit: fn(&mut Vec<u8>)| {
        good().rewrite(Sent::CertificateVerify, move |body| {
            // SignatureScheme algorithm; opaque signature<0..2^16-1>
            let mut signature = body.split_off(4);
            edit(&mut signature);
            body.truncate(2);
            body.extend(vector(2, &signature));
        })
    };
    refuse_in_handshake(&[
        // §4.5.2
        wrong("by another key", good().sign_with(Key::of("a stranger", "p256"))),
        wrong("over another transcript", verify(|verify| verify.transcript_hash[0] ^= 1)),
        wrong(
            "for a client",
            verify(|verify| verify.context = "TLS 1.3, client CertificateVerify".to_owned()),
        ),
        wrong(
            "EncryptedExtensions were changed",
            good()
                .edit_encrypted_extensions(|extensions| extensions.push(10, &[0, 2, 0, 0x1d]))
                .tamper(Sent::EncryptedExtensions, |message| *message.last_mut().expect("a group") = 0x17),
        ),
        wrong("without the context", verify(|verify| verify.context.clear())),
        wrong("one bit wrong", signature(|signature| *signature.last_mut().expect("a signature") ^= 1)),
        wrong("no signature", signature(Vec::clear)),
        wrong("no DER", signature(|signature| signature.fill(0x41))),
        wrong("r = s = 0", signature(|signature| *signature = vec![0x30, 6, 2, 1, 0, 2, 1, 0])),
        wrong("octets behind the DER", signature(|signature| signature.push(0))),
        refusal(
            "octets behind the signature",
            good().rewrite(Sent::CertificateVerify, |body| body.push(0)),
            malformed,
            (DECODE_ERROR, HANDSHAKE),
        ),
        refusal(
            "no content",
            good().rewrite(Sent::CertificateVerify, Vec::clear),
            malformed,
            (DECODE_ERROR, HANDSHAKE),
        ),
    ]);
}

#[test]
fn rsa_signatures() {
    let rsa = |edit: fn(&mut CertificateVerify)| Script::good(shapes::rsa()).edit_certificate_verify(edit);
    let error = Error::HandshakeSignature { scheme: scheme::RSA_PSS_RSAE_SHA256 };
    refuse_in_handshake(&[
        refusal(
            "by another key",
            Script::good(shapes::rsa()).sign_with(Key::of("ca", "rsa2048")),
            error,
            (DECRYPT_ERROR, HANDSHAKE),
        ),
        refusal(
            "PKCS #1 that says PSS",
            rsa(|verify| verify.signed_with = scheme::RSA_PKCS1_SHA256),
            error,
            (DECRYPT_ERROR, HANDSHAKE),
        ),
        refusal(
            "another hash than it says",
            rsa(|verify| verify.signed_with = scheme::RSA_PSS_RSAE_SHA384),
            error,
            (DECRYPT_ERROR, HANDSHAKE),
        ),
    ]);
}

/// Each of these signatures is right for what it says it is.
#[test]
fn schemes() {
    let say = |chain, what, scheme| {
        let script = Script::good(chain).edit_certificate_verify(move |verify| {
            (verify.scheme, verify.signed_with) = (scheme, scheme);
        });
        (what, script, scheme)
    };
    let only_say = |what, scheme| (what, verify(move |verify| verify.scheme = scheme), scheme);
    let not_offered = |(what, script, scheme): (_, Script, _)| -> Refusal {
        refusal(what, script, Error::SchemeNotOffered { scheme }, (ILLEGAL_PARAMETER, HANDSHAKE))
    };
    let for_key = |(what, script, scheme): (_, Script, _)| -> Refusal {
        refusal(what, script, Error::SchemeForKey { scheme }, (ILLEGAL_PARAMETER, HANDSHAKE))
    };
    refuse_in_handshake(&[
        // §4.3.3: PKCS #1 is for certificates alone, SHA-1 for nothing.
        not_offered(say(shapes::rsa(), "PKCS #1 with SHA-256", scheme::RSA_PKCS1_SHA256)),
        not_offered(say(shapes::rsa(), "PKCS #1 with SHA-384", scheme::RSA_PKCS1_SHA384)),
        not_offered(say(shapes::gts(), "ECDSA with SHA-1", scheme::ECDSA_SHA1)),
        not_offered(only_say("PKCS #1 with SHA-1", scheme::RSA_PKCS1_SHA1)),
        not_offered(only_say("Ed25519", scheme::ED25519)),
        not_offered(only_say("an unknown scheme", 0xfafa)),
        // §4.5.2: compatible with the key; §4.3.3: SHA-384 is for P-384.
        for_key(say(shapes::gts(), "P-256 with SHA-384", scheme::ECDSA_SECP384R1_SHA384)),
        for_key(only_say("RSA with a P-256 key", scheme::RSA_PSS_RSAE_SHA256)),
        for_key((
            "P-256 with a P-384 key",
            Script::good(shapes::p384_server())
                .edit_certificate_verify(|verify| verify.scheme = scheme::ECDSA_SECP256R1_SHA256),
            scheme::ECDSA_SECP256R1_SHA256,
        )),
        for_key((
            "ECDSA with an RSA key",
            Script::good(shapes::rsa())
                .edit_certificate_verify(|verify| verify.scheme = scheme::ECDSA_SECP256R1_SHA256),
            scheme::ECDSA_SECP256R1_SHA256,
        )),
    ]);
}

#[test]
fn finished() {
    let body = |edit: fn(&mut Vec<u8>)| good().rewrite(Sent::Finished, edit);
    let wrong = |what, script| refusal(what, script, Error::Finished, (DECRYPT_ERROR, HANDSHAKE));
    let malformed = |what, script| {
        let error = Error::Malformed { message: Message::Finished };
        refusal(what, script, error, (DECODE_ERROR, HANDSHAKE))
    };
    refuse_in_handshake(&[
        // §4.5.3
        wrong("one bit wrong, first octet", body(|body| body[0] ^= 1)),
        wrong("one bit wrong, last octet", body(|body| body[31] ^= 0x80)),
        wrong("zeros", body(|body| body.fill(0))),
        malformed("31 octets", body(|body| body.truncate(31))),
        malformed("33 octets", body(|body| body.push(0))),
        malformed("no octets", body(Vec::clear)),
        malformed("12 octets, as in TLS 1.2", body(|body| body.truncate(12))),
        wrong(
            "a signature that is as good as the server's",
            good().tamper(Sent::CertificateVerify, |message| {
                // 4 octets of message header, the scheme, and the signature with its length.
                let signature = other_signature(&message[8..]);
                message.truncate(6);
                message.extend(vector(2, &signature));
                *message = handshake(code::handshake::CERTIFICATE_VERIFY, &message[4..]);
            }),
        ),
    ]);
}

/// ECDSA signatures come in pairs: with (r, s), (r, n - s) is right too. That somebody exchanged the
/// one for the other is for Finished alone to find out.
fn other_signature(der: &[u8]) -> Vec<u8> {
    /// The order of P-256.
    const N: [u8; 32] = [
        0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa,
        0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
    ];
    // SEQUENCE { INTEGER r, INTEGER s }, all shorter than 128 octets.
    let (r, s) = der[2..].split_at(2 + usize::from(der[3]));
    let mut padded = [0; 33];
    padded[33 - usize::from(s[1])..].copy_from_slice(&s[2..]);
    let mut difference = [0; 33];
    let mut borrow = 0;
    for at in (0..32).rev() {
        let digit = 256 + u16::from(N[at]) - u16::from(padded[at + 1]) - borrow;
        borrow = u16::from(digit < 256);
        difference[at + 1] = digit.to_le_bytes()[0];
    }
    // DER has no leading zeros but for the one before a high bit.
    let zeros = difference.windows(2).take_while(|pair| pair[0] == 0 && pair[1] < 0x80).count();
    let integer = [&[2][..], &vector(1, &difference[zeros..])].concat();
    [&[0x30][..], &vector(1, &[r, &integer].concat())].concat()
}

/// What is not in the server's transcript is found out by the signature already.
#[test]
fn a_certificate_that_somebody_slipped_in() {
    let entry = |certificate: &CertificateDer<'_>| [vector(3, certificate), vec![0, 0]].concat();
    let list: Vec<u8> = shapes::gts().certificates.iter().flat_map(entry).collect();
    let certificate = handshake(code::handshake::CERTIFICATE, &[vec![0], vector(3, &list)].concat());
    let slipped_in = Action::Record { content_type: code::content::HANDSHAKE, fragment: certificate };
    refuse_in_handshake(&[refusal(
        "a Certificate that is not in the transcript",
        good()
            .without(Sent::Certificate)
            .before(Sent::CertificateVerify, [slipped_in])
            .ignore_record_limits(),
        Error::HandshakeSignature { scheme: scheme::ECDSA_SECP256R1_SHA256 },
        (DECRYPT_ERROR, HANDSHAKE),
    )]);
}
