//! HelloRetryRequest, and the ServerHello after it.

use picopost_testkit::chains::shapes;
use picopost_testkit::code::alert::{
    DECODE_ERROR, ILLEGAL_PARAMETER, INTERNAL_ERROR, MISSING_EXTENSION, PROTOCOL_VERSION, UNEXPECTED_MESSAGE,
    UNSUPPORTED_EXTENSION,
};
#[cfg(feature = "aes-gcm")]
use picopost_testkit::code::suite;
use picopost_testkit::code::{extension, group};
use picopost_testkit::{Action, Message as Sent, RESPONSE, Script, ServerHello};
use picopost_tls::{Error, Message};

use super::{PLAIN, refusal, refuse_in_handshake};
use crate::support::{Play, play};

fn retry(edit: impl Fn(&mut ServerHello) + Send + Sync + 'static) -> Script {
    Script::with_retry(shapes::gts(), Some(b"cookie"), None).edit_retry_request(edit)
}

const HELLO: Message = Message::ServerHello;
const RETRY: Message = Message::HelloRetryRequest;

#[test]
fn hello_retry_requests() {
    let illegal = (ILLEGAL_PARAMETER, PLAIN);
    let again = |cookie, group| Script::with_retry(shapes::gts(), cookie, group);
    let unsolicited = Error::UnsolicitedExtension { message: RETRY, extension: 0xfafa };
    let misplaced = Error::MisplacedExtension { message: RETRY, extension: extension::ALPN };
    let twice =
        [Action::Send(Sent::HelloRetryRequest), Action::change_cipher_spec(), Action::AwaitClientHello];
    refuse_in_handshake(&[
        // §4.2.4
        refusal("nothing changes", again(None, None), Error::RetryWithoutChange, illegal),
        // §4.3.8
        refusal("a group with a share", again(None, Some(group::X25519)), Error::RetryWithoutChange, illegal),
        refusal(
            "a group with a share, and a cookie",
            again(Some(b"cookie"), Some(group::X25519)),
            Error::RetryWithoutChange,
            illegal,
        ),
        refusal(
            "a group that was not offered",
            again(None, Some(group::SECP384R1)),
            Error::GroupNotOffered { group: group::SECP384R1 },
            illegal,
        ),
        // §4.2.4
        refusal(
            "a second HelloRetryRequest",
            again(Some(b"cookie"), None).before(Sent::ServerHello, twice),
            Error::UnexpectedMessage { message: RETRY, expected: HELLO },
            (UNEXPECTED_MESSAGE, PLAIN),
        ),
        refusal(
            "a suite that was not offered",
            retry(|retry| retry.cipher_suite = 0x1302),
            Error::CipherSuiteNotOffered { suite: 0x1302 },
            illegal,
        ),
        refusal(
            "another version afterwards",
            again(Some(b"cookie"), None).edit_server_hello(|hello| hello.speak_only(0x0303)),
            Error::IllegalParameter { message: HELLO },
            illegal,
        ),
        refusal(
            "another version in supported_versions afterwards",
            again(Some(b"cookie"), None).edit_server_hello(|hello| {
                hello.extensions().set(extension::SUPPORTED_VERSIONS, &[3, 3]);
            }),
            Error::VersionNotOffered { version: 0x0303 },
            illegal,
        ),
        // §4.3.1
        refusal(
            "a version that was not offered",
            retry(|retry| retry.extensions().set(extension::SUPPORTED_VERSIONS, &[3, 5])),
            Error::VersionNotOffered { version: 0x0305 },
            illegal,
        ),
        // §4.2.4: "MUST contain", §6.2
        refusal(
            "no version",
            retry(|retry| retry.extensions().remove(extension::SUPPORTED_VERSIONS)),
            Error::MissingExtension { message: RETRY, extension: extension::SUPPORTED_VERSIONS },
            (MISSING_EXTENSION, PLAIN),
        ),
        refusal(
            "no extensions",
            retry(|retry| retry.extensions = None),
            Error::MissingExtension { message: RETRY, extension: extension::SUPPORTED_VERSIONS },
            (MISSING_EXTENSION, PLAIN),
        ),
        refusal("another session id", retry(|retry| retry.session_id[0] ^= 1), Error::SessionIdEcho, illegal),
        refusal(
            "legacy_version 1.1",
            retry(|retry| retry.legacy_version = 0x0302),
            Error::LegacyVersion { version: 0x0302 },
            (PROTOCOL_VERSION, PLAIN),
        ),
        refusal(
            "compression",
            retry(|retry| retry.compression = 1),
            Error::CompressionMethod { method: 1 },
            illegal,
        ),
        refusal(
            "an unknown extension",
            retry(|retry| retry.extensions().push(0xfafa, b"")),
            unsolicited,
            (UNSUPPORTED_EXTENSION, PLAIN),
        ),
        refusal(
            "ALPN",
            retry(|retry| retry.extensions().push(extension::ALPN, b"\0\x09\x08http/1.1")),
            misplaced,
            illegal,
        ),
        refusal(
            "two cookies",
            retry(|retry| retry.extensions().repeat(extension::COOKIE)),
            Error::RepeatedExtension { message: RETRY, extension: extension::COOKIE },
            illegal,
        ),
        // §4.3.2: cookie<1..2^16-1>
        refusal(
            "an empty cookie",
            retry(|retry| retry.extensions().set(extension::COOKIE, &[0, 0])),
            Error::Malformed { message: RETRY },
            (DECODE_ERROR, PLAIN),
        ),
        refusal(
            "octets behind the cookie",
            retry(|retry| retry.extensions().set(extension::COOKIE, &[0, 1, 7, 7])),
            Error::Malformed { message: RETRY },
            (DECODE_ERROR, PLAIN),
        ),
    ]);
}

#[test]
fn a_cookie_that_fits_nowhere() {
    let script = Script::with_retry(shapes::gts(), Some(&[7; 2000]), None);
    let outcome = play(&script, &Play::default());
    let Err(Error::CookieTooLarge { size, capacity: 1024 }) = outcome.result else {
        panic!("{:?}", outcome.result);
    };
    assert!((2000..3000).contains(&size), "{size}");
    // §6.2: an internal error unrelated to the peer.
    assert_eq!(outcome.seen.alert(), Some((INTERNAL_ERROR, PLAIN)));
    assert_eq!(outcome.seen.complaint, None);
}

/// §5.1: no record has more than 2^14 octets, however much the send buffer would take.
#[test]
fn a_cookie_that_fits_into_the_buffer_but_not_into_a_record() {
    let with = |octets| {
        let script = Script::with_retry(shapes::direct(), Some(&vec![7; octets]), None);
        play(&script.split_handshake_every(16_384), &Play { send: 20_000, ..Play::default() })
    };
    const TOO_LONG: usize = 16_250;
    let Err(Error::CookieTooLarge { size, capacity }) = with(TOO_LONG).result else {
        panic!("a cookie of {TOO_LONG} octets was taken");
    };
    assert!(capacity < 20_000, "{capacity}");
    let longest = TOO_LONG - (size - capacity);
    let outcome = with(longest);
    assert_eq!(outcome.result.as_deref(), Ok(RESPONSE), "{longest}");
    assert_eq!(outcome.seen.complaint, None, "the server takes records of 2^14 octets");
    let outcome = with(longest + 1);
    assert_eq!(outcome.result, Err(Error::CookieTooLarge { size: capacity + 1, capacity }));
    assert_eq!(outcome.seen.complaint, None);
    assert_eq!(outcome.seen.alert(), Some((INTERNAL_ERROR, PLAIN)));
}

/// §4.2.4: the suite of the HelloRetryRequest stays, be the other one offered or not.
#[cfg(feature = "aes-gcm")]
#[test]
fn another_suite_afterwards() {
    let suite = suite::CHACHA20_POLY1305_SHA256;
    let script = retry(|retry| retry.cipher_suite = suite::AES_128_GCM_SHA256).suite(suite);
    let error = Error::CipherSuiteChanged { suite };
    refuse_in_handshake(&[refusal("another suite", script, error, (ILLEGAL_PARAMETER, PLAIN))]);
}

/// The server asked for secp256r1, and then sends this share.
#[cfg(feature = "p256")]
#[test]
fn shares_for_the_group_that_was_asked_for() {
    let share = |group, key: &[u8]| {
        let key = key.to_vec();
        Script::with_retry(shapes::gts(), None, Some(group::SECP256R1))
            .edit_server_hello(move |hello| hello.set_key_share(group, &key))
    };
    let point = |first: u8, coordinates: [u8; 64]| [&[first][..], &coordinates].concat();
    let illegal = |what, script, error| refusal(what, script, error, (ILLEGAL_PARAMETER, PLAIN));
    let key_share = |what, key: &[u8]| illegal(what, share(group::SECP256R1, key), Error::KeyShare);
    refuse_in_handshake(&[
        // §4.3.8: the group of the HelloRetryRequest.
        illegal(
            "another group",
            share(group::X25519, &[9; 32]),
            Error::GroupNotOffered { group: group::X25519 },
        ),
        // §4.3.8.2: an uncompressed point on the curve, not the one at infinity.
        key_share("not on the curve", &point(4, [7; 64])),
        key_share("zeros", &point(4, [0; 64])),
        key_share("coordinates beyond the field", &point(4, [0xff; 64])),
        key_share("infinity", &[0]),
        key_share("a compressed point", &point(2, [7; 64])[..33]),
        key_share("a hybrid point", &point(6, [7; 64])),
        key_share("half a point", &point(4, [7; 64])[..33]),
        key_share("more than a point", &[&point(4, [7; 64])[..], &[0]].concat()),
    ]);
}

/// One share was offered: whatever else the client knows must be asked for first.
#[test]
fn a_share_that_nobody_asked_for() {
    let script = super::good().edit_server_hello(|hello| hello.set_key_share(group::SECP256R1, &[4; 65]));
    let error = Error::GroupNotOffered { group: group::SECP256R1 };
    refuse_in_handshake(&[refusal("secp256r1", script, error, (ILLEGAL_PARAMETER, PLAIN))]);
}
