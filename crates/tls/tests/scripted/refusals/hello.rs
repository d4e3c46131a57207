//! ServerHello.

use picopost_testkit::code::alert::{
    DECODE_ERROR, ILLEGAL_PARAMETER, MISSING_EXTENSION, PROTOCOL_VERSION, UNSUPPORTED_EXTENSION,
};
use picopost_testkit::code::{extension, group, suite};
use picopost_testkit::{DOWNGRADE_TO_1_1, DOWNGRADE_TO_1_2, Message as Sent, Script, ServerHello};
use picopost_tls::{Error, Message};

use super::{PLAIN, good, refusal, refuse_in_handshake};

fn hello(edit: impl Fn(&mut ServerHello) + Send + Sync + 'static) -> Script {
    good().edit_server_hello(edit)
}

const HELLO: Message = Message::ServerHello;

#[test]
fn versions() {
    let version = |octets: &'static [u8]| {
        hello(move |hello| hello.extensions().set(extension::SUPPORTED_VERSIONS, octets))
    };
    let old = |version, marker: [u8; 8]| {
        hello(move |hello| {
            hello.speak_only(version);
            hello.random[24..].copy_from_slice(&marker);
        })
    };
    let malformed = Error::Malformed { message: HELLO };
    refuse_in_handshake(&[
        // §4.3.1, §6.2
        refusal(
            "TLS 1.2 only",
            hello(|hello| hello.speak_only(0x0303)),
            Error::ProtocolVersion { offered: 0x0303 },
            (PROTOCOL_VERSION, PLAIN),
        ),
        refusal(
            "TLS 1.2 only, without extensions",
            hello(|hello| {
                hello.speak_only(0x0303);
                hello.extensions = None;
            }),
            Error::ProtocolVersion { offered: 0x0303 },
            (PROTOCOL_VERSION, PLAIN),
        ),
        refusal(
            "TLS 1.1 only",
            hello(|hello| hello.speak_only(0x0302)),
            Error::ProtocolVersion { offered: 0x0302 },
            (PROTOCOL_VERSION, PLAIN),
        ),
        // §4.2.3
        refusal(
            "downgrade to 1.2",
            old(0x0303, DOWNGRADE_TO_1_2),
            Error::Downgrade,
            (ILLEGAL_PARAMETER, PLAIN),
        ),
        refusal(
            "downgrade to 1.1",
            old(0x0302, DOWNGRADE_TO_1_1),
            Error::Downgrade,
            (ILLEGAL_PARAMETER, PLAIN),
        ),
        // §4.3.1
        refusal(
            "supported_versions with TLS 1.2",
            version(&[3, 3]),
            Error::VersionNotOffered { version: 0x0303 },
            (ILLEGAL_PARAMETER, PLAIN),
        ),
        refusal(
            "supported_versions with a version of the future",
            version(&[3, 5]),
            Error::VersionNotOffered { version: 0x0305 },
            (ILLEGAL_PARAMETER, PLAIN),
        ),
        refusal("supported_versions cut", version(&[3]), malformed, (DECODE_ERROR, PLAIN)),
        refusal("supported_versions and more", version(&[3, 4, 0]), malformed, (DECODE_ERROR, PLAIN)),
        // §4.2.3
        refusal(
            "legacy_version 1.3",
            hello(|hello| hello.legacy_version = 0x0304),
            Error::LegacyVersion { version: 0x0304 },
            (PROTOCOL_VERSION, PLAIN),
        ),
        refusal(
            "legacy_version 1.1",
            hello(|hello| hello.legacy_version = 0x0302),
            Error::LegacyVersion { version: 0x0302 },
            (PROTOCOL_VERSION, PLAIN),
        ),
    ]);
}

#[test]
fn fields_of_server_hello() {
    let not_offered = |suite| {
        let error = Error::CipherSuiteNotOffered { suite };
        refusal("a suite that was not offered", good().suite(suite), error, (ILLEGAL_PARAMETER, PLAIN))
    };
    let illegal = (ILLEGAL_PARAMETER, PLAIN);
    refuse_in_handshake(&[
        // §4.2.3
        refusal("no session id", hello(|hello| hello.session_id.clear()), Error::SessionIdEcho, illegal),
        refusal(
            "another session id",
            hello(|hello| hello.session_id[31] ^= 1),
            Error::SessionIdEcho,
            illegal,
        ),
        refusal(
            "part of the session id",
            hello(|hello| hello.session_id.truncate(31)),
            Error::SessionIdEcho,
            illegal,
        ),
        not_offered(suite::AES_256_GCM_SHA384),
        not_offered(suite::AES_128_CCM_SHA256),
        not_offered(0xc02f),
        not_offered(0x0000),
        refusal(
            "compression",
            hello(|hello| hello.compression = 1),
            Error::CompressionMethod { method: 1 },
            illegal,
        ),
        refusal(
            "octets behind ServerHello",
            good().rewrite(Sent::ServerHello, |body| body.push(0)),
            Error::Malformed { message: HELLO },
            (DECODE_ERROR, PLAIN),
        ),
        refusal(
            "a ServerHello that ends early",
            good().rewrite(Sent::ServerHello, |body| body.truncate(50)),
            Error::Malformed { message: HELLO },
            (DECODE_ERROR, PLAIN),
        ),
        refusal(
            "a ServerHello without content",
            good().rewrite(Sent::ServerHello, Vec::clear),
            Error::Malformed { message: HELLO },
            (DECODE_ERROR, PLAIN),
        ),
    ]);
}

#[test]
fn key_shares() {
    let share = |group, key: &'static [u8]| hello(move |hello| hello.set_key_share(group, key));
    let illegal = (ILLEGAL_PARAMETER, PLAIN);
    let decode = (DECODE_ERROR, PLAIN);
    let malformed = Error::Malformed { message: HELLO };
    // A point of order 4 on Curve25519's twist or curve: RFC 7748 §6.1.
    let one = |hello: &mut ServerHello| {
        let mut point = [0; 32];
        point[0] = 1;
        hello.set_key_share(group::X25519, &point);
    };
    refuse_in_handshake(&[
        // §4.3.8
        refusal(
            "a group that was not offered",
            share(group::SECP384R1, &[4; 97]),
            Error::GroupNotOffered { group: group::SECP384R1 },
            illegal,
        ),
        refusal(
            "a group without a share",
            share(group::X448, &[4; 56]),
            Error::GroupNotOffered { group: group::X448 },
            illegal,
        ),
        refusal(
            "the right share under another group's name",
            hello(|hello| {
                let (_, data) = hello.extensions().0.last_mut().expect("a share");
                data[..2].copy_from_slice(&group::X448.to_be_bytes());
            }),
            Error::GroupNotOffered { group: group::X448 },
            illegal,
        ),
        // §7.4.2
        refusal("a share of zeros", good().zero_key_share(), Error::KeyShare, illegal),
        refusal(
            "a share of small order",
            good().zero_key_share().edit_server_hello(one),
            Error::KeyShare,
            illegal,
        ),
        // §4.3.8.2
        refusal("a share of 31 octets", share(group::X25519, &[9; 31]), Error::KeyShare, illegal),
        refusal("a share of 33 octets", share(group::X25519, &[9; 33]), Error::KeyShare, illegal),
        // §4.3.8: key_exchange<1..2^16-1>, and §6: an out-of-range length is a decode_error.
        refusal("a share of no octets", share(group::X25519, &[]), malformed, decode),
        refusal(
            "octets behind the share",
            hello(|hello| {
                let extensions = hello.extensions();
                let (_, data) = extensions.0.last_mut().expect("a share");
                data.push(0);
            }),
            malformed,
            decode,
        ),
        // §6.2
        refusal(
            "no share",
            hello(|hello| hello.extensions().remove(extension::KEY_SHARE)),
            Error::MissingExtension { message: HELLO, extension: extension::KEY_SHARE },
            (MISSING_EXTENSION, PLAIN),
        ),
    ]);
}

#[test]
fn extensions_of_server_hello() {
    let with = |kind, data: &'static [u8]| hello(move |hello| hello.extensions().push(kind, data));
    let unsolicited = |extension| Error::UnsolicitedExtension { message: HELLO, extension };
    let misplaced = |extension| Error::MisplacedExtension { message: HELLO, extension };
    let repeated = |extension| Error::RepeatedExtension { message: HELLO, extension };
    let (unsupported, illegal) = ((UNSUPPORTED_EXTENSION, PLAIN), (ILLEGAL_PARAMETER, PLAIN));
    refuse_in_handshake(&[
        // §4.3
        refusal("an unknown extension", with(0xfafa, b""), unsolicited(0xfafa), unsupported),
        refusal("pre_shared_key", with(extension::PRE_SHARED_KEY, &[0, 0]), unsolicited(41), unsupported),
        refusal("early_data", with(extension::EARLY_DATA, &[]), unsolicited(42), unsupported),
        refusal(
            "ALPN in the clear",
            with(extension::ALPN, b"\0\x09\x08http/1.1"),
            misplaced(extension::ALPN),
            illegal,
        ),
        refusal("server_name in the clear", with(extension::SERVER_NAME, &[]), misplaced(0), illegal),
        refusal(
            "key_share twice",
            hello(|hello| hello.extensions().repeat(extension::KEY_SHARE)),
            repeated(extension::KEY_SHARE),
            illegal,
        ),
        refusal(
            "supported_versions twice",
            hello(|hello| hello.extensions().repeat(extension::SUPPORTED_VERSIONS)),
            repeated(extension::SUPPORTED_VERSIONS),
            illegal,
        ),
        refusal(
            "an extension longer than the block",
            good().rewrite(Sent::ServerHello, |body| {
                // The last octets are a share of 32 octets, the length of its extension before it.
                let at = body.len() - 32 - 4 - 1;
                body[at] += 1;
            }),
            Error::Malformed { message: HELLO },
            (DECODE_ERROR, PLAIN),
        ),
    ]);
}
