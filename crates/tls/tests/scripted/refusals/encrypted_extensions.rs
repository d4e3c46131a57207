//! EncryptedExtensions, and the application protocol in it.

use picopost_testkit::code::alert::{DECODE_ERROR, ILLEGAL_PARAMETER, UNSUPPORTED_EXTENSION};
use picopost_testkit::code::extension;
use picopost_testkit::{Extensions, Message as Sent, Script, vector};
use picopost_tls::{Error, Message};

use super::{HANDSHAKE, good, refusal, refuse_in_handshake};

fn encrypted(edit: impl Fn(&mut Extensions) + Send + Sync + 'static) -> Script {
    good().edit_encrypted_extensions(edit)
}

const ENCRYPTED: Message = Message::EncryptedExtensions;

#[test]
fn encrypted_extensions() {
    let with = |kind, data: &'static [u8]| encrypted(move |extensions| extensions.set(kind, data));
    let unsolicited = |extension| Error::UnsolicitedExtension { message: ENCRYPTED, extension };
    let misplaced = |extension| Error::MisplacedExtension { message: ENCRYPTED, extension };
    let malformed = Error::Malformed { message: ENCRYPTED };
    let (unsupported, illegal) = ((UNSUPPORTED_EXTENSION, HANDSHAKE), (ILLEGAL_PARAMETER, HANDSHAKE));
    let decode = (DECODE_ERROR, HANDSHAKE);
    refuse_in_handshake(&[
        // §4.3
        refusal("an unknown extension", with(0xfafa, b"x"), unsolicited(0xfafa), unsupported),
        refusal("heartbeat", with(extension::HEARTBEAT, &[1]), unsolicited(15), unsupported),
        refusal("early_data", with(extension::EARLY_DATA, &[]), unsolicited(42), unsupported),
        // §4.4.1
        refusal(
            "key_share",
            with(extension::KEY_SHARE, &[0, 0x1d, 0, 1, 9]),
            misplaced(extension::KEY_SHARE),
            illegal,
        ),
        refusal(
            "supported_versions",
            with(extension::SUPPORTED_VERSIONS, &[3, 4]),
            misplaced(extension::SUPPORTED_VERSIONS),
            illegal,
        ),
        refusal(
            "signature_algorithms",
            with(extension::SIGNATURE_ALGORITHMS, &[0, 2, 4, 3]),
            misplaced(extension::SIGNATURE_ALGORITHMS),
            illegal,
        ),
        refusal(
            "ALPN twice",
            encrypted(|extensions| extensions.repeat(extension::ALPN)),
            Error::RepeatedExtension { message: ENCRYPTED, extension: extension::ALPN },
            illegal,
        ),
        // RFC 6066 §3
        refusal("server_name with a name", with(extension::SERVER_NAME, b"x"), malformed, decode),
        refusal(
            "octets behind the extensions",
            good().rewrite(Sent::EncryptedExtensions, |body| body.push(0)),
            malformed,
            decode,
        ),
        refusal("no content", good().rewrite(Sent::EncryptedExtensions, Vec::clear), malformed, decode),
    ]);
}

/// RFC 7301 §3.1 and §3.2.
#[test]
fn application_protocols() {
    let protocols = |names: &'static [&'static [u8]]| {
        encrypted(move |extensions| {
            let list: Vec<u8> = names.iter().flat_map(|name| vector(1, name)).collect();
            extensions.set(extension::ALPN, &vector(2, &list));
        })
    };
    let illegal = (ILLEGAL_PARAMETER, HANDSHAKE);
    let malformed = Error::Malformed { message: ENCRYPTED };
    refuse_in_handshake(&[
        refusal("h2", protocols(&[b"h2"]), Error::ApplicationProtocol, illegal),
        refusal("http/1.0", protocols(&[b"http/1.0"]), Error::ApplicationProtocol, illegal),
        refusal("part of the name", protocols(&[b"http/1.1x"]), Error::ApplicationProtocol, illegal),
        refusal("two", protocols(&[b"http/1.1", b"h2"]), malformed, (DECODE_ERROR, HANDSHAKE)),
        refusal("none", protocols(&[]), malformed, (DECODE_ERROR, HANDSHAKE)),
        refusal("an empty one", protocols(&[b""]), malformed, (DECODE_ERROR, HANDSHAKE)),
    ]);
}
