//! What comes after a good handshake.

use picopost_testkit::chains::shapes;
use picopost_testkit::code::alert::{
    BAD_RECORD_MAC, DECODE_ERROR, ILLEGAL_PARAMETER, INTERNAL_ERROR, UNEXPECTED_MESSAGE,
};
use picopost_testkit::code::content;
use picopost_testkit::{Action, Keys, Message as Sent, RESPONSE, Script};
use picopost_tls::{AlertDescription, Error, Message, Stage};

use super::{APPLICATION, good, refusal, refuse_in_traffic, silent};
use crate::support::{Play, play};

fn then(actions: impl IntoIterator<Item = Action>) -> Script {
    good().before_response(actions)
}

fn fragment(content_type: u8, fragment: &[u8]) -> Action {
    Action::Record { content_type, fragment: fragment.to_vec() }
}

#[test]
fn messages() {
    let unexpected = |what, script, message| {
        let error = Error::UnexpectedMessage { message, expected: Message::NewSessionTicket };
        refusal(what, script, error, (UNEXPECTED_MESSAGE, APPLICATION))
    };
    let message = |msg_type| then([Action::Handshake { msg_type, body: vec![0; 36] }]);
    refuse_in_traffic(&[
        unexpected("Finished", message(20), Message::Finished),
        unexpected("ServerHello", message(2), Message::ServerHello),
        unexpected("EncryptedExtensions", message(8), Message::EncryptedExtensions),
        unexpected("Certificate", then([Action::Send(Sent::Certificate)]), Message::Certificate),
        unexpected("CertificateVerify", message(15), Message::CertificateVerify),
        unexpected("hello_request, renegotiation", message(0), Message::Unknown(0)),
        unexpected("ClientHello", message(1), Message::Unknown(1)),
        // §4.7.2
        refusal(
            "CertificateRequest",
            then([Action::Send(Sent::CertificateRequest)]),
            Error::PostHandshakeAuth,
            (UNEXPECTED_MESSAGE, APPLICATION),
        ),
    ]);
}

#[test]
fn tickets() {
    let ticket = || then([Action::Send(Sent::NewSessionTicket)]);
    let malformed = |what, script| {
        let error = Error::Malformed { message: Message::NewSessionTicket };
        refusal(what, script, error, (DECODE_ERROR, APPLICATION))
    };
    refuse_in_traffic(&[
        // §4.7.1: ticket<1..2^16-1>
        malformed("an empty ticket", ticket().edit_ticket(|ticket| ticket.ticket.clear())),
        malformed("octets behind it", ticket().rewrite(Sent::NewSessionTicket, |body| body.push(0))),
        malformed("cut", ticket().rewrite(Sent::NewSessionTicket, |body| body.truncate(100))),
        malformed("no content", ticket().rewrite(Sent::NewSessionTicket, Vec::clear)),
    ]);
}

#[test]
fn key_updates() {
    let update = |body: &[u8]| {
        then([Action::Handshake { msg_type: 24, body: body.to_vec() }, Action::Keys(Keys::Next)])
    };
    let message = Message::KeyUpdate;
    let (malformed, decode) = (Error::Malformed { message }, (DECODE_ERROR, APPLICATION));
    let bad = |what, script| refusal(what, script, Error::BadRecordMac, (BAD_RECORD_MAC, APPLICATION));
    let many = std::iter::repeat_with(|| Action::key_update(0)).take(40).flatten();
    refuse_in_traffic(&[
        // §4.7.3
        refusal(
            "request_update 2",
            update(&[2]),
            Error::IllegalParameter { message },
            (ILLEGAL_PARAMETER, APPLICATION),
        ),
        refusal("no request_update", update(&[]), malformed, decode),
        refusal("two octets", update(&[0, 0]), malformed, decode),
        bad("the old keys go on", then([Action::Send(Sent::KeyUpdate(0))])),
        bad("the new keys without it", then([Action::Keys(Keys::Next)])),
        bad("the new keys twice", then(Action::key_update(0)).before_response([Action::Keys(Keys::Next)])),
        // §5.1
        refusal(
            "a message behind it",
            then([
                Action::Send(Sent::KeyUpdate(0)),
                Action::Send(Sent::NewSessionTicket),
                Action::Keys(Keys::Next),
            ])
            .coalesce(),
            Error::MessageAcrossKeys,
            (UNEXPECTED_MESSAGE, APPLICATION),
        ),
        refusal(
            "more than anyone needs",
            then(many),
            Error::TooManyEmptyRecords,
            (UNEXPECTED_MESSAGE, APPLICATION),
        ),
    ]);
}

#[test]
fn records() {
    let unexpected = |what, action, content_type| {
        let error = Error::UnexpectedRecord { content_type };
        refusal(what, then([action]), error, (UNEXPECTED_MESSAGE, APPLICATION))
    };
    let empty = std::iter::repeat_with(|| fragment(content::APPLICATION_DATA, &[])).take(40);
    let between =
        |action| then([Action::Send(Sent::NewSessionTicket)]).split(Sent::NewSessionTicket, 9, [action]);
    refuse_in_traffic(&[
        // §5
        unexpected("change_cipher_spec", Action::change_cipher_spec(), 20),
        unexpected("heartbeat", fragment(24, &[1]), 24),
        unexpected("nothing but padding", Action::Inner(vec![0; 3]), 0),
        unexpected("handshake in the clear", Action::plain_record(22, &[4, 0, 0, 0]), 22),
        unexpected("close_notify in the clear", Action::plain_record(21, &[1, 0]), 21),
        refusal(
            "data in the clear",
            then([Action::plain_record(23, RESPONSE)]),
            Error::BadRecordMac,
            (BAD_RECORD_MAC, APPLICATION),
        ),
        // §4.5.3
        refusal(
            "the handshake's keys behind Finished",
            good().after(Sent::Finished, [Action::Send(Sent::NewSessionTicket)]),
            Error::BadRecordMac,
            (BAD_RECORD_MAC, APPLICATION),
        ),
        // §5.1
        refusal(
            "no handshake octets",
            then([fragment(content::HANDSHAKE, &[])]),
            Error::EmptyRecord { content_type: 22 },
            (UNEXPECTED_MESSAGE, APPLICATION),
        ),
        refusal(
            "data in a ticket",
            between(fragment(content::APPLICATION_DATA, b"data")),
            Error::Interleaved { content_type: 23 },
            (UNEXPECTED_MESSAGE, APPLICATION),
        ),
        refusal(
            "close_notify in a ticket",
            between(Action::close_notify()),
            Error::Interleaved { content_type: 21 },
            (UNEXPECTED_MESSAGE, APPLICATION),
        ),
        refusal(
            "empty records without end",
            then(empty),
            Error::TooManyEmptyRecords,
            (UNEXPECTED_MESSAGE, APPLICATION),
        ),
        refusal(
            "an alert of one octet",
            then([fragment(content::ALERT, &[1])]),
            Error::MalformedAlert,
            (DECODE_ERROR, APPLICATION),
        ),
    ]);
}

/// A server that goes away without close_notify is not a server that is done (RFC 9846 §6.1).
#[test]
fn truncation() {
    let truncated = Error::Truncated { stage: Stage::Traffic };
    let alert = AlertDescription(INTERNAL_ERROR);
    refuse_in_traffic(&[
        silent("before the answer", then([Action::EndOfFile]), truncated),
        silent("after the answer", good().after_response([Action::EndOfFile]), truncated),
        silent(
            "after half the answer",
            good().response(&RESPONSE[..RESPONSE.len() / 2]).after_response([Action::EndOfFile]),
            truncated,
        ),
        silent(
            "in the middle of a record",
            good().after_response([Action::Wire(vec![23, 3, 3, 0, 50, 1, 2]), Action::EndOfFile]),
            truncated,
        ),
        silent(
            "in the middle of a ticket",
            then([Action::Send(Sent::NewSessionTicket)]).split(
                Sent::NewSessionTicket,
                9,
                [Action::EndOfFile],
            ),
            truncated,
        ),
        silent(
            "an alert instead",
            good().after_response([Action::Alert { level: 2, description: INTERNAL_ERROR }]),
            Error::AlertReceived { alert, stage: Stage::Traffic },
        ),
    ]);
}

/// Whatever octet of a good connection is the last one: only the whole of it is a good end.
#[test]
fn truncation_at_each_octet() {
    let script = Script::good(shapes::direct());
    let whole = play(&script, &Play::default());
    assert_eq!(whole.result.as_deref(), Ok(RESPONSE));
    let mut octets = 0;
    loop {
        let outcome = play(&script.clone().truncate_at(octets), &Play::default());
        match outcome.result {
            Err(Error::Truncated { stage }) => {
                assert_eq!(stage == Stage::Traffic, outcome.established, "cut at {octets}");
                assert_eq!(outcome.seen.alert(), None, "cut at {octets}");
            }
            Ok(data) => break assert_eq!(data, RESPONSE),
            Err(other) => panic!("cut at {octets}: {other:?}"),
        }
        octets += 1;
    }
    assert!(octets > 800, "{octets} octets are no handshake");
}

/// One bit of each octet that the server sends after its handshake.
#[test]
fn a_flipped_bit_in_traffic() {
    // The answer, and close_notify: each with a header, a type and a tag.
    let octets = (5 + RESPONSE.len() + 17) + (5 + 2 + 17);
    for at in 0..octets {
        let outcome = play(&good().flip_in_traffic(at, 1 << (at % 8)), &Play::default());
        // Also the version, which means nothing: it is part of what the tag protects (§5.2).
        assert!(outcome.result.is_err(), "octet {at}");
        assert!(outcome.established, "octet {at}");
    }
    let outcome = play(&good().flip_in_traffic(octets, 1), &Play::default());
    assert_eq!(outcome.result.as_deref(), Ok(RESPONSE), "there is no octet behind these");
}
