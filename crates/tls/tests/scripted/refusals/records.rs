//! The record layer during the handshake.

use picopost_testkit::chains::{faulty, shapes};
use picopost_testkit::code::alert::{
    BAD_RECORD_MAC, DECODE_ERROR, HANDSHAKE_FAILURE, INTERNAL_ERROR, RECORD_OVERFLOW, UNEXPECTED_MESSAGE,
    UNRECOGNIZED_NAME, USER_CANCELED,
};
use picopost_testkit::code::content;
use picopost_testkit::{Action, Keys, Message as Sent, Script, record};
use picopost_tls::{AlertDescription, Error, Stage};

use super::{HANDSHAKE, PLAIN, good, refusal, refuse_in_handshake, silent};
use crate::support::{Play, play};

/// One record, protected if it comes after the ServerHello.
fn fragment(content_type: u8, fragment: &[u8]) -> Action {
    Action::Record { content_type, fragment: fragment.to_vec() }
}

/// Before the ServerHello, which is not protected.
fn first(action: Action) -> Script {
    good().before(Sent::ServerHello, [action])
}

/// Between protected messages.
fn inside(action: Action) -> Script {
    good().before(Sent::Certificate, [action])
}

fn only(actions: impl IntoIterator<Item = Action>) -> Script {
    Script::only(shapes::gts(), actions)
}

#[test]
fn other_protocols() {
    let answer = |octets: &[u8]| only([Action::Wire(octets.to_vec()), Action::EndOfFile]);
    let not_tls = |what, octets: &[u8; 12]| {
        let error = Error::NotTls { first: octets[..5].try_into().expect("5 octets") };
        refusal(what, answer(octets), error, (UNEXPECTED_MESSAGE, PLAIN))
    };
    refuse_in_handshake(&[
        refusal(
            "plain HTTP",
            answer(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"),
            Error::PlainHttp,
            (UNEXPECTED_MESSAGE, PLAIN),
        ),
        not_tls("SSH", b"SSH-2.0-Open"),
        not_tls("SMTP", b"220 mail.exa"),
        not_tls("zeros", &[0; 12]),
        not_tls("a record of type 24", &[24, 3, 3, 0, 1, 1, 0, 0, 0, 0, 0, 0]),
    ]);
}

/// RFC 9846 §5.1: messages before a change of keys end their record.
#[test]
fn messages_across_keys() {
    let across =
        |what, script, epoch| refusal(what, script, Error::MessageAcrossKeys, (UNEXPECTED_MESSAGE, epoch));
    refuse_in_handshake(&[
        across(
            "EncryptedExtensions in the record of the ServerHello",
            good()
                .edit_actions(|actions| actions.retain(|action| !matches!(action, Action::Wire(_))))
                .move_keys(Keys::Handshake, Sent::EncryptedExtensions)
                .coalesce(),
            PLAIN,
        ),
        across(
            "one octet behind the ServerHello",
            good().tamper(Sent::ServerHello, |message| message.push(8)),
            PLAIN,
        ),
        across(
            "a ticket in the record of the Finished",
            good().after(Sent::Finished, [Action::Send(Sent::NewSessionTicket)]).coalesce(),
            HANDSHAKE,
        ),
        across(
            "one octet behind the Finished",
            good().tamper(Sent::Finished, |message| message.push(4)),
            HANDSHAKE,
        ),
        across(
            "one octet behind the HelloRetryRequest",
            Script::with_retry(shapes::gts(), Some(b"cookie"), None)
                .tamper(Sent::HelloRetryRequest, |message| message.push(2)),
            PLAIN,
        ),
        refusal(
            "EncryptedExtensions in the clear",
            good().move_keys(Keys::Handshake, Sent::EncryptedExtensions),
            Error::UnexpectedRecord { content_type: 22 },
            (UNEXPECTED_MESSAGE, HANDSHAKE),
        ),
    ]);
}

#[test]
fn kinds_of_records() {
    let unexpected = |what, script, content_type, epoch| {
        refusal(what, script, Error::UnexpectedRecord { content_type }, (UNEXPECTED_MESSAGE, epoch))
    };
    let plain = |content_type| inside(Action::plain_record(content_type, &[1, 2]));
    refuse_in_handshake(&[
        // §5.1
        unexpected("data in the clear", first(fragment(content::APPLICATION_DATA, b"data")), 23, PLAIN),
        unexpected(
            "data before Finished",
            inside(fragment(content::APPLICATION_DATA, b"data")),
            23,
            HANDSHAKE,
        ),
        unexpected(
            "no data before Finished",
            inside(fragment(content::APPLICATION_DATA, b"")),
            23,
            HANDSHAKE,
        ),
        // §5
        unexpected("heartbeat, protected", inside(fragment(24, &[1])), 24, HANDSHAKE),
        unexpected("change_cipher_spec, protected", inside(fragment(20, &[1])), 20, HANDSHAKE),
        unexpected("type 255, protected", inside(fragment(255, &[1])), 255, HANDSHAKE),
        unexpected("heartbeat in the clear", plain(24), 24, HANDSHAKE),
        unexpected("handshake in the clear", plain(content::HANDSHAKE), 22, HANDSHAKE),
        unexpected("an alert in the clear", plain(content::ALERT), 21, HANDSHAKE),
        // §5.4
        unexpected("nothing but padding", inside(Action::Inner(vec![0; 20])), 0, HANDSHAKE),
        unexpected("nothing at all", inside(Action::Inner(Vec::new())), 0, HANDSHAKE),
    ]);
}

#[test]
fn empty_and_interleaved_records() {
    let empty = |what, script, epoch| {
        let error = Error::EmptyRecord { content_type: content::HANDSHAKE };
        refusal(what, script, error, (UNEXPECTED_MESSAGE, epoch))
    };
    let between = |what, message, at, action, content_type, epoch| {
        let error = Error::Interleaved { content_type };
        refusal(what, good().split(message, at, [action]), error, (UNEXPECTED_MESSAGE, epoch))
    };
    let canceled = || Action::Alert { level: 1, description: USER_CANCELED };
    refuse_in_handshake(&[
        // §5.1
        empty("no handshake octets", first(Action::plain_record(content::HANDSHAKE, &[])), PLAIN),
        empty("no handshake octets, protected", inside(fragment(content::HANDSHAKE, &[])), HANDSHAKE),
        empty("no handshake octets, padded", inside(fragment(content::HANDSHAKE, &[])).pad(9), HANDSHAKE),
        between("an alert in a ServerHello", Sent::ServerHello, 1, canceled(), 21, PLAIN),
        between("an alert in a Certificate", Sent::Certificate, 100, canceled(), 21, HANDSHAKE),
        between(
            "data in a Certificate",
            Sent::Certificate,
            3,
            fragment(content::APPLICATION_DATA, b"data"),
            23,
            HANDSHAKE,
        ),
    ]);
}

#[test]
fn change_cipher_specs() {
    let plain = |octets: &[u8]| Action::plain_record(content::CHANGE_CIPHER_SPEC, octets);
    let wrong =
        |what, script, epoch| refusal(what, script, Error::ChangeCipherSpec, (UNEXPECTED_MESSAGE, epoch));
    let many = std::iter::repeat_with(Action::change_cipher_spec).take(40);
    refuse_in_handshake(&[
        // §5
        wrong("2 before ServerHello", first(plain(&[2])), PLAIN),
        wrong("2", inside(plain(&[2])), HANDSHAKE),
        wrong("two octets", inside(plain(&[1, 1])), HANDSHAKE),
        wrong("no octets", inside(plain(&[])), HANDSHAKE),
        refusal(
            "more than anyone sends",
            good().before(Sent::Certificate, many),
            Error::TooManyEmptyRecords,
            (UNEXPECTED_MESSAGE, HANDSHAKE),
        ),
    ]);
}

#[test]
fn protection() {
    let bad = |what, script| refusal(what, script, Error::BadRecordMac, (BAD_RECORD_MAC, HANDSHAKE));
    let wire = |octets: &[u8]| inside(Action::Wire(record(content::APPLICATION_DATA, octets)));
    refuse_in_handshake(&[
        // §5.2
        bad("noise", wire(&[0x55; 40])),
        bad("no octets", wire(&[])),
        bad("less than a tag", wire(&[0x55; 15])),
        bad("a tag", wire(&[0x55; 16])),
        bad("keys that come later", inside(Action::Keys(Keys::Next))),
        bad("application keys", inside(Action::Keys(Keys::Application))),
    ]);
}

/// Where the two sides saw different ServerHellos, they have different keys, also for the alert.
#[test]
fn a_changed_server_hello() {
    let script = good().tamper(Sent::ServerHello, |message| message[10] ^= 1);
    let outcome = play(&script, &Play::default());
    assert_eq!(outcome.result, Err(Error::BadRecordMac));
    let complaint = outcome.seen.complaint.expect("an alert that the server cannot read");
    assert_eq!(complaint.0, "a record of the client does not decrypt");
    assert!(!outcome.established);
}

/// Sizes that no receive buffer decides.
#[test]
fn sizes() {
    let header = |content_type: u8, length: usize| {
        let [high, low] = u16::try_from(length).expect("16 bits").to_be_bytes();
        Action::Wire(vec![content_type, 3, 3, high, low])
    };
    let overflow = |what, script, size, epoch| {
        refusal(what, script, Error::RecordOverflow { size }, (RECORD_OVERFLOW, epoch))
    };
    refuse_in_handshake(&[
        // §5.1
        overflow("2^14 + 1 octets", first(header(content::HANDSHAKE, 16_385)), 16_385, PLAIN),
        overflow("65,535 octets", first(header(content::HANDSHAKE, 65_535)), 65_535, PLAIN),
        // §5.2
        overflow(
            "2^14 + 257 octets, protected",
            inside(header(content::APPLICATION_DATA, 16_641)),
            16_641,
            HANDSHAKE,
        ),
    ]);
    // §5.4: a record that may be as long as it is, with a TLSInnerPlaintext that may not.
    let mut inner = vec![0; 16_386];
    inner[0] = content::APPLICATION_DATA;
    let outcome = play(&inside(Action::Inner(inner)), &Play::default());
    assert_eq!(outcome.result, Err(Error::RecordOverflow { size: 16_386 }));
    assert_eq!(outcome.seen.alert(), Some((RECORD_OVERFLOW, HANDSHAKE)));
}

/// Nothing is wrong with the server: the alert is internal_error (RFC 9846 §6.2), and the error
/// names both sizes.
#[test]
fn larger_than_the_receive_buffer() {
    let small = |receive| Play { receive, ..Play::default() };
    let alert = Some((INTERNAL_ERROR, HANDSHAKE));

    // Padded to one more octet than there is room for; then to as many as there are.
    let padded = |padding| inside(Action::Inner([&[22][..], &vec![0; padding]].concat()));
    let overhead = 5 + 1 + 16;
    let outcome = play(&padded(2048 - overhead + 1).ignore_record_limits(), &small(2048));
    assert_eq!(outcome.result, Err(Error::RecordTooLarge { size: 2049, capacity: 2048 }));
    assert_eq!(outcome.seen.alert(), alert);
    let outcome = play(&padded(2048 - overhead).ignore_record_limits(), &small(2048));
    assert_eq!(outcome.result, Err(Error::EmptyRecord { content_type: 22 }), "it fits");

    // One message that fits into no record buffer, in small records.
    let long = Script::good(faulty::path_length()).split_handshake_every(200);
    let outcome = play(&long, &small(1024));
    let Err(Error::MessageTooLarge { size, capacity }) = outcome.result else {
        panic!("{:?}", outcome.result);
    };
    assert!(size > 1024 && capacity <= 1024, "{size} {capacity}");
    assert_eq!(outcome.seen.alert(), alert);
    assert!(!outcome.established);

    // A length that a server only claims.
    let claim = good().before(Sent::Certificate, [fragment(content::HANDSHAKE, &[11, 0xff, 0xff, 0xff])]);
    let outcome = play(&claim, &Play::default());
    assert!(matches!(outcome.result, Err(Error::MessageTooLarge { size: 16_777_219, .. })), "{outcome:?}");
}

#[test]
fn alerts() {
    let alert = |level, description| Action::Alert { level, description };
    let received = |description, stage| Error::AlertReceived { alert: AlertDescription(description), stage };
    let malformed = |what, script, epoch| refusal(what, script, Error::MalformedAlert, (DECODE_ERROR, epoch));
    refuse_in_handshake(&[
        // §6.2
        silent(
            "handshake_failure",
            only([alert(2, HANDSHAKE_FAILURE), Action::EndOfFile]),
            received(HANDSHAKE_FAILURE, Stage::Hello),
        ),
        silent(
            "an alert that calls itself a warning",
            only([alert(1, UNRECOGNIZED_NAME), Action::EndOfFile]),
            received(UNRECOGNIZED_NAME, Stage::Hello),
        ),
        silent("an unknown alert", only([alert(1, 200), Action::EndOfFile]), received(200, Stage::Hello)),
        silent("an unknown level", only([alert(7, 80), Action::EndOfFile]), received(80, Stage::Hello)),
        silent(
            "an alert after EncryptedExtensions",
            inside(alert(2, INTERNAL_ERROR)),
            received(INTERNAL_ERROR, Stage::Certificate),
        ),
        silent(
            "an alert before Finished",
            good().before(Sent::Finished, [alert(2, INTERNAL_ERROR)]),
            received(INTERNAL_ERROR, Stage::Finished),
        ),
        // §6.1
        silent("close_notify", only([Action::close_notify()]), Error::ClosedInHandshake),
        silent("close_notify, protected", inside(Action::close_notify()), Error::ClosedInHandshake),
        silent(
            "user_canceled and close_notify",
            good().before(Sent::Certificate, [alert(1, USER_CANCELED), Action::close_notify()]),
            Error::ClosedInHandshake,
        ),
        // §5.1
        malformed("one octet", first(Action::plain_record(content::ALERT, &[2])), PLAIN),
        // §5.4
        refusal(
            "no octets",
            first(Action::plain_record(content::ALERT, &[])),
            Error::EmptyRecord { content_type: content::ALERT },
            (UNEXPECTED_MESSAGE, PLAIN),
        ),
        refusal(
            "no octets, protected",
            inside(fragment(content::ALERT, &[])),
            Error::EmptyRecord { content_type: content::ALERT },
            (UNEXPECTED_MESSAGE, HANDSHAKE),
        ),
        malformed("two alerts", inside(fragment(content::ALERT, &[1, 90, 2, 40])), HANDSHAKE),
        malformed("three octets", inside(fragment(content::ALERT, &[1, 90, 0])), HANDSHAKE),
    ]);
}

#[test]
fn truncation() {
    let end = |before| good().before(before, [Action::EndOfFile]);
    let truncated = |what, script, stage| silent(what, script, Error::Truncated { stage });
    let retry = Script::with_retry(shapes::gts(), Some(b"cookie"), None);
    refuse_in_handshake(&[
        truncated("before ServerHello", end(Sent::ServerHello), Stage::Hello),
        truncated(
            "before the second ServerHello",
            retry.before(Sent::ServerHello, [Action::EndOfFile]),
            Stage::Hello,
        ),
        truncated("before EncryptedExtensions", end(Sent::EncryptedExtensions), Stage::Hello),
        truncated("before Certificate", end(Sent::Certificate), Stage::Certificate),
        truncated("before CertificateVerify", end(Sent::CertificateVerify), Stage::Verify),
        truncated("before Finished", end(Sent::Finished), Stage::Finished),
        truncated(
            "in the middle of a message",
            good().split(Sent::Certificate, 50, [Action::EndOfFile]),
            Stage::Certificate,
        ),
        truncated("in the middle of a header", good().truncate_at(3), Stage::Hello),
        truncated("in the middle of a record", good().truncate_at(60), Stage::Hello),
    ]);
    refuse_in_handshake(&[refusal(
        "a message that never ends, and the next record",
        good().tamper(Sent::ServerHello, |message| message.truncate(20)),
        Error::UnexpectedRecord { content_type: 23 },
        (UNEXPECTED_MESSAGE, PLAIN),
    )]);
}
