//! Extensions that this client knows, in messages where they have no place; and contents that it
//! does not need, and reads all the same.

use picopost_testkit::code::alert::{DECODE_ERROR, ILLEGAL_PARAMETER};
use picopost_testkit::code::extension;
use picopost_testkit::{Action, Message as Sent, RESPONSE, Script};
use picopost_tls::{Error, Message};

use super::{APPLICATION, HANDSHAKE, good, refusal, refuse_in_handshake, refuse_in_traffic};
use crate::support::{Play, play};

/// What this client knows, by the names of RFC 9846 §4.3.
const KNOWN: [(&str, u16); 11] = [
    ("server_name", extension::SERVER_NAME),
    ("max_fragment_length", extension::MAX_FRAGMENT_LENGTH),
    ("supported_groups", extension::SUPPORTED_GROUPS),
    ("signature_algorithms", extension::SIGNATURE_ALGORITHMS),
    ("application_layer_protocol_negotiation", extension::ALPN),
    ("record_size_limit", extension::RECORD_SIZE_LIMIT),
    ("pre_shared_key", extension::PRE_SHARED_KEY),
    ("supported_versions", extension::SUPPORTED_VERSIONS),
    ("cookie", extension::COOKIE),
    ("psk_key_exchange_modes", extension::PSK_KEY_EXCHANGE_MODES),
    ("key_share", extension::KEY_SHARE),
];

fn request(extension: u16) -> Script {
    let request = [Action::Send(Sent::CertificateRequest)];
    good()
        .before(Sent::Certificate, request)
        .edit_certificate_request(move |request| request.extensions.push(extension, &[0, 2, 4, 3]))
}

fn ticket(extension: u16) -> Script {
    let ticket = [Action::Send(Sent::NewSessionTicket)];
    good().before_response(ticket).edit_ticket(move |ticket| ticket.extensions.push(extension, &[0, 2, 4, 3]))
}

/// RFC 9846 §4.3: signature_algorithms and server_name may come in a CertificateRequest (CR in the
/// table), nothing else that this client knows.
#[test]
fn misplaced_in_a_certificate_request() {
    let message = Message::CertificateRequest;
    let here = [extension::SERVER_NAME, extension::SIGNATURE_ALGORITHMS];
    let refusals: Vec<_> = KNOWN
        .into_iter()
        .filter(|(_, extension)| !here.contains(extension))
        .map(|(name, extension)| {
            let error = Error::MisplacedExtension { message, extension };
            refusal(name, request(extension), error, (ILLEGAL_PARAMETER, HANDSHAKE))
        })
        .collect();
    assert_eq!(refusals.len(), 9);
    refuse_in_handshake(&refusals);

    let outcome = play(&request(extension::SERVER_NAME), &Play::default());
    assert_eq!(outcome.result.as_deref(), Ok(RESPONSE));
    let error = Error::RepeatedExtension { message, extension: extension::SIGNATURE_ALGORITHMS };
    refuse_in_handshake(&[refusal(
        "signature_algorithms twice",
        request(extension::SIGNATURE_ALGORITHMS),
        error,
        (ILLEGAL_PARAMETER, HANDSHAKE),
    )]);
}

/// RFC 9846 §4.3: early_data alone may come in a NewSessionTicket (NST in the table).
#[test]
fn misplaced_in_a_ticket() {
    let message = Message::NewSessionTicket;
    refuse_in_traffic(&KNOWN.map(|(name, extension)| {
        let error = Error::MisplacedExtension { message, extension };
        refusal(name, ticket(extension), error, (ILLEGAL_PARAMETER, APPLICATION))
    }));
}

/// RFC 9846 §4.3: unknown ones are ignored in both messages, also those that have a place elsewhere.
#[test]
fn unknown_ones_are_ignored_where_they_may_come() {
    let unknown = [extension::STATUS_REQUEST, extension::HEARTBEAT, extension::EARLY_DATA, 48, 50, 0xfafa];
    for extension in unknown {
        for script in [request(extension), ticket(extension)] {
            let outcome = play(&script, &Play::default());
            assert_eq!(outcome.result.as_deref(), Ok(RESPONSE), "{extension}");
        }
    }
}

/// RFC 9846 §4.3.4: `DistinguishedName authorities<3..2^16-1>`, each of one octet at least. There
/// is no certificate to choose, but they must be readable.
#[test]
fn certificate_authorities() {
    let with = |data: &'static [u8]| {
        good().before(Sent::Certificate, [Action::Send(Sent::CertificateRequest)]).edit_certificate_request(
            move |request| request.extensions.push(extension::CERTIFICATE_AUTHORITIES, data),
        )
    };
    for good in [&[0, 3, 0, 1, 7][..], &[0, 7, 0, 1, 7, 0, 2, 8, 9]] {
        assert_eq!(play(&with(good), &Play::default()).result.as_deref(), Ok(RESPONSE), "{good:?}");
    }
    let error = Error::Malformed { message: Message::CertificateRequest };
    let malformed = |what, data| refusal(what, with(data), error, (DECODE_ERROR, HANDSHAKE));
    refuse_in_handshake(&[
        malformed("nothing", &[]),
        malformed("an empty list", &[0, 0]),
        malformed("an empty name", &[0, 2, 0, 0]),
        malformed("an empty second name", &[0, 5, 0, 1, 7, 0, 0]),
        malformed("a name cut short", &[0, 3, 0, 2, 7]),
        malformed("octets behind the list", &[0, 3, 0, 1, 7, 0]),
    ]);
    let twice = with(&[0, 3, 0, 1, 7]).edit_certificate_request(|request| {
        request.extensions.push(extension::CERTIFICATE_AUTHORITIES, &[0, 3, 0, 1, 7]);
    });
    let extension = extension::CERTIFICATE_AUTHORITIES;
    let error = Error::RepeatedExtension { message: Message::CertificateRequest, extension };
    refuse_in_handshake(&[refusal("twice", twice, error, (ILLEGAL_PARAMETER, HANDSHAKE))]);
}

/// RFC 9846 §4.3.7: the server's groups decide nothing, but they are `NamedGroup
/// named_group_list<2..2^16-1>` all the same.
#[test]
fn supported_groups_that_cannot_be_read() {
    let malformed = |what, data: &'static [u8]| {
        let script = good().edit_encrypted_extensions(move |extensions| {
            extensions.push(extension::SUPPORTED_GROUPS, data);
        });
        let error = Error::Malformed { message: Message::EncryptedExtensions };
        refusal(what, script, error, (DECODE_ERROR, HANDSHAKE))
    };
    refuse_in_handshake(&[
        malformed("nothing", &[]),
        malformed("half a length", &[0]),
        malformed("no group", &[0, 0]),
        malformed("half a group", &[0, 1, 0]),
        malformed("a group and a half", &[0, 3, 0, 0x1d, 0]),
        malformed("a list that ends early", &[0, 4, 0, 0x1d]),
        malformed("octets behind the list", &[0, 2, 0, 0x1d, 0]),
    ]);
}
