//! What a server may not do with a ticket, whether it was offered or not.

use picopost_testkit::chains::{NOW, shapes};
use picopost_testkit::code::{alert, extension};
use picopost_testkit::{Action, Epoch, Message as Sent, Script, ServerHello};
use picopost_tls::{Error, Message, Session};

use super::{Begun, SEVEN_DAYS, at, good, offered, succeeded};
use crate::support::{Outcome, Play, play, play_with_session};

/// What a server may not do with a ticket that is offered: the client's error, and the alert.
fn refused(begun: &Begun, what: &str, script: &Script, error: Error, alert: (u8, Epoch)) {
    for play_as in Play::default().variants() {
        let mut session = begun.session();
        let outcome = play_with_session(script, &play_as, &mut session);
        assert_eq!(outcome.result, Err(error), "{what}");
        assert_eq!(outcome.seen.alert(), Some(alert), "{what}");
        assert_eq!(outcome.seen.complaint, None, "{what}");
        never_established(what, &outcome);
        assert!(!session.is_available(), "{what}");
    }
}

fn never_established(what: &str, outcome: &Outcome) {
    assert!(!outcome.established && !outcome.resumed, "{what}");
    assert!(outcome.seen.data.is_empty() && !outcome.seen.is_finished(), "{what}");
}

#[test]
fn wrong_server_hellos() {
    use alert::{DECODE_ERROR, ILLEGAL_PARAMETER};
    const PSK: u16 = extension::PRE_SHARED_KEY;
    let begun = Begun::new();
    let message = Message::ServerHello;
    let refused = |what, edit: fn(&mut ServerHello), error, alert| {
        refused(&begun, what, &begun.taken().edit_server_hello(edit), error, (alert, Epoch::Plain));
    };
    let illegal = Error::IllegalParameter { message };
    // RFC 9846 §4.3.11: within the range of what was offered, and consistent with a key share.
    refused("identity 1", |hello| hello.extensions().set(PSK, &[0, 1]), illegal, ILLEGAL_PARAMETER);
    refused("identity 256", |hello| hello.extensions().set(PSK, &[1, 0]), illegal, ILLEGAL_PARAMETER);
    refused("identity 65535", |hello| hello.extensions().set(PSK, &[255, 255]), illegal, ILLEGAL_PARAMETER);
    let no_share: fn(&mut ServerHello) = |hello| hello.extensions().remove(extension::KEY_SHARE);
    refused("no key share", no_share, illegal, ILLEGAL_PARAMETER);
    let repeated = Error::RepeatedExtension { message, extension: PSK };
    refused("twice", |hello| hello.extensions().repeat(PSK), repeated, ILLEGAL_PARAMETER);
    let malformed = Error::Malformed { message };
    refused("no identity", |hello| hello.extensions().set(PSK, &[]), malformed, DECODE_ERROR);
    refused("half an identity", |hello| hello.extensions().set(PSK, &[0]), malformed, DECODE_ERROR);
    refused("octets behind it", |hello| hello.extensions().set(PSK, &[0, 0, 0]), malformed, DECODE_ERROR);
}

/// RFC 9846 §4.3: pre_shared_key belongs into ServerHello, psk_key_exchange_modes and early_data into
/// none of these.
#[test]
fn extensions_that_do_not_belong() {
    let begun = Begun::new();
    let illegal = alert::ILLEGAL_PARAMETER;
    let misplaced = |message, extension| Error::MisplacedExtension { message, extension };
    for extension in [extension::PRE_SHARED_KEY, extension::PSK_KEY_EXCHANGE_MODES] {
        let script = begun.taken().edit_encrypted_extensions(move |block| block.push(extension, &[0, 0]));
        let error = misplaced(Message::EncryptedExtensions, extension);
        refused(&begun, "in EncryptedExtensions", &script, error, (illegal, Epoch::Handshake));
        let script = Script::with_retry(shapes::direct(), Some(b"cookie"), None)
            .edit_retry_request(move |retry| retry.extensions().push(extension, &[0, 0]));
        let error = misplaced(Message::HelloRetryRequest, extension);
        refused(&begun, "in HelloRetryRequest", &script, error, (illegal, Epoch::Plain));
    }
    let script = begun.taken().edit_encrypted_extensions(|block| block.push(extension::EARLY_DATA, &[]));
    let message = Message::EncryptedExtensions;
    let error = Error::UnsolicitedExtension { message, extension: extension::EARLY_DATA };
    let alert = (alert::UNSUPPORTED_EXTENSION, Epoch::Handshake);
    refused(&begun, "early_data", &script, error, alert);
}

/// RFC 9846 §4.5, §4.4.2: no certificates, and no request for one, where a PSK is taken.
#[test]
fn messages_of_a_full_handshake() {
    let begun = Begun::new();
    let alert = (alert::UNEXPECTED_MESSAGE, Epoch::Handshake);
    for (sent, message) in [
        (Sent::Certificate, Message::Certificate),
        (Sent::CertificateVerify, Message::CertificateVerify),
        (Sent::CertificateRequest, Message::CertificateRequest),
    ] {
        let error = Error::UnexpectedMessage { message, expected: Message::Finished };
        let script = begun.taken().before(Sent::Finished, [Action::Send(sent)]);
        refused(&begun, "before Finished", &script, error, alert);
        refused(&begun, "before Finished, in one record", &script.coalesce(), error, alert);
    }
    let both = begun
        .taken()
        .before(Sent::Finished, [Action::Send(Sent::Certificate), Action::Send(Sent::CertificateVerify)]);
    let (message, expected) = (Message::Certificate, Message::Finished);
    let error = Error::UnexpectedMessage { message, expected };
    refused(&begun, "both", &both, error, alert);
}

/// A ticket that is declined leaves every certificate to be shown.
#[test]
fn messages_that_are_missing_where_a_ticket_is_declined() {
    let begun = Begun::new();
    let alert = (alert::UNEXPECTED_MESSAGE, Epoch::Handshake);
    let unexpected = |message, expected| Error::UnexpectedMessage { message, expected };
    let declined = begun.play(&good(), &Play::default());
    succeeded("declined", &declined);
    assert!(!declined.resumed && offered(&declined).is_some());
    let neither = good().without(Sent::Certificate).without(Sent::CertificateVerify);
    let error = unexpected(Message::Finished, Message::Certificate);
    refused(&begun, "neither message", &neither, error, alert);
    let error = unexpected(Message::CertificateVerify, Message::Certificate);
    refused(&begun, "no Certificate", &good().without(Sent::Certificate), error, alert);
    let error = unexpected(Message::Finished, Message::CertificateVerify);
    refused(&begun, "no CertificateVerify", &good().without(Sent::CertificateVerify), error, alert);
}

/// A server that has not the key of the ticket that it says it takes, or has it and does not say so:
/// what it sends does not decrypt, and nobody can read the alert.
#[test]
fn keys_that_do_not_fit() {
    let begun = Begun::new();
    let claim: fn(&mut ServerHello) = |hello| hello.extensions().push(extension::PRE_SHARED_KEY, &[0, 0]);
    let certificates = good().edit_server_hello(claim);
    let none = certificates.clone().without(Sent::Certificate).without(Sent::CertificateVerify);
    let silent =
        begun.taken().edit_server_hello(|hello| hello.extensions().remove(extension::PRE_SHARED_KEY));
    for (what, script) in
        [("claims it", none), ("claims it, and has a certificate", certificates), ("hides it", silent)]
    {
        for play_as in Play::default().variants() {
            let outcome = begun.play(&script, &play_as);
            assert_eq!(outcome.result, Err(Error::BadRecordMac), "{what}");
            let complaint = outcome.seen.complaint.as_ref().map(|complaint| &complaint.0[..]);
            assert_eq!(complaint, Some("a record of the client does not decrypt"), "{what}");
            never_established(what, &outcome);
        }
    }
}

/// RFC 9846 §4.3: an extension that was not asked for, whatever the reason why it was not.
#[test]
fn a_ticket_that_was_not_offered() {
    let message = Message::ServerHello;
    let expected = Err(Error::UnsolicitedExtension { message, extension: extension::PRE_SHARED_KEY });
    let script = || {
        good().edit_server_hello(|hello| {
            hello.extensions().push(extension::PRE_SHARED_KEY, &[0, 0]);
        })
    };
    let begun = Begun::new();

    for (what, outcome) in [
        ("no session", play(&script(), &Play::default())),
        ("an empty session", play_with_session(&script(), &Play::default(), &mut Session::new())),
        ("an old session", begun.play(&script(), &at(NOW + SEVEN_DAYS))),
    ] {
        assert_eq!(outcome.result, expected, "{what}");
        assert_eq!(outcome.seen.alert(), Some((alert::UNSUPPORTED_EXTENSION, Epoch::Plain)), "{what}");
        never_established(what, &outcome);
    }
}
