//! Messages that are missing, come twice, or come out of order. The server's transcript is that of
//! what it sends: the only thing wrong is the order.

use picopost_testkit::code::alert::{ILLEGAL_PARAMETER, MISSING_EXTENSION, UNEXPECTED_MESSAGE};
use picopost_testkit::code::{extension, handshake};
use picopost_testkit::{Action, Message as Sent, Script};
use picopost_tls::{Error, Message};

use super::{HANDSHAKE, PLAIN, Refusal, good, refusal, refuse_in_handshake};

fn unexpected(what: &'static str, script: Script, message: Message, expected: Message) -> Refusal {
    let error = Error::UnexpectedMessage { message, expected };
    refusal(what, script, error, (UNEXPECTED_MESSAGE, HANDSHAKE))
}

#[test]
fn missing() {
    use Message::{Certificate, CertificateVerify, EncryptedExtensions, Finished};
    let neither = good().without(Sent::Certificate).without(Sent::CertificateVerify);
    let only_finished = neither.clone().without(Sent::EncryptedExtensions);
    refuse_in_handshake(&[
        unexpected(
            "EncryptedExtensions",
            good().without(Sent::EncryptedExtensions),
            Certificate,
            EncryptedExtensions,
        ),
        unexpected("Certificate", good().without(Sent::Certificate), CertificateVerify, Certificate),
        unexpected("CertificateVerify", good().without(Sent::CertificateVerify), Finished, CertificateVerify),
        unexpected("Certificate and CertificateVerify", neither, Finished, Certificate),
        unexpected("all but Finished", only_finished, Finished, EncryptedExtensions),
        refusal(
            "ServerHello",
            good().without(Sent::ServerHello),
            Error::UnexpectedRecord { content_type: 23 },
            (UNEXPECTED_MESSAGE, PLAIN),
        ),
        refusal(
            "ServerHello, the rest in the clear",
            good().without(Sent::ServerHello).edit_actions(in_the_clear),
            Error::UnexpectedMessage { message: EncryptedExtensions, expected: Message::ServerHello },
            (UNEXPECTED_MESSAGE, PLAIN),
        ),
    ]);
}

#[test]
fn twice() {
    use Message::{Certificate, CertificateVerify, EncryptedExtensions, Finished};
    let both = good().after(
        Sent::CertificateVerify,
        [Action::Send(Sent::Certificate), Action::Send(Sent::CertificateVerify)],
    );
    refuse_in_handshake(&[
        unexpected(
            "EncryptedExtensions",
            good().twice(Sent::EncryptedExtensions),
            EncryptedExtensions,
            Certificate,
        ),
        unexpected("Certificate", good().twice(Sent::Certificate), Certificate, CertificateVerify),
        unexpected("CertificateVerify", good().twice(Sent::CertificateVerify), CertificateVerify, Finished),
        unexpected("Certificate and CertificateVerify", both, Certificate, Finished),
        refusal(
            "ServerHello",
            good().twice(Sent::ServerHello),
            Error::UnexpectedRecord { content_type: 22 },
            (UNEXPECTED_MESSAGE, HANDSHAKE),
        ),
        // §5.1: before a change of keys, nothing follows in the same record.
        refusal(
            "ServerHello, in one record",
            good().twice(Sent::ServerHello).coalesce(),
            Error::MessageAcrossKeys,
            (UNEXPECTED_MESSAGE, PLAIN),
        ),
        refusal(
            "Finished, in one record",
            good().twice(Sent::Finished).coalesce(),
            Error::MessageAcrossKeys,
            (UNEXPECTED_MESSAGE, HANDSHAKE),
        ),
    ]);
}

#[test]
fn out_of_order() {
    use Message::{Certificate, CertificateVerify, EncryptedExtensions, Finished, ServerHello};
    let clear = good().edit_actions(in_the_clear);
    refuse_in_handshake(&[
        unexpected(
            "Certificate before EncryptedExtensions",
            good().swap(Sent::EncryptedExtensions, Sent::Certificate),
            Certificate,
            EncryptedExtensions,
        ),
        unexpected(
            "CertificateVerify before Certificate",
            good().swap(Sent::Certificate, Sent::CertificateVerify),
            CertificateVerify,
            Certificate,
        ),
        unexpected(
            "Finished before CertificateVerify",
            good().swap(Sent::CertificateVerify, Sent::Finished),
            Finished,
            CertificateVerify,
        ),
        unexpected(
            "Finished before Certificate",
            good().swap(Sent::Certificate, Sent::Finished),
            Finished,
            Certificate,
        ),
        unexpected(
            "Finished first",
            good().swap(Sent::EncryptedExtensions, Sent::Finished),
            Finished,
            EncryptedExtensions,
        ),
        refusal(
            "EncryptedExtensions before ServerHello",
            clear.swap(Sent::ServerHello, Sent::EncryptedExtensions),
            Error::UnexpectedMessage { message: EncryptedExtensions, expected: ServerHello },
            (UNEXPECTED_MESSAGE, PLAIN),
        ),
    ]);
}

/// Takes all changes of keys away: everything is sent without protection.
fn in_the_clear(actions: &mut Vec<Action>) {
    actions.retain(|action| !matches!(action, Action::Keys(_) | Action::Wire(_)));
}

#[test]
fn certificate_requests() {
    use Message::{Certificate, CertificateRequest, CertificateVerify, EncryptedExtensions, Finished};
    let request = || [Action::Send(Sent::CertificateRequest)];
    let asked = || good().before(Sent::Certificate, request());
    refuse_in_handshake(&[
        // §4.4.2: it follows EncryptedExtensions.
        unexpected("twice", asked().twice(Sent::CertificateRequest), CertificateRequest, Certificate),
        unexpected(
            "first",
            good().before(Sent::EncryptedExtensions, request()),
            CertificateRequest,
            EncryptedExtensions,
        ),
        unexpected(
            "after Certificate",
            good().after(Sent::Certificate, request()),
            CertificateRequest,
            CertificateVerify,
        ),
        unexpected(
            "after CertificateVerify",
            good().after(Sent::CertificateVerify, request()),
            CertificateRequest,
            Finished,
        ),
        refusal(
            "with a context",
            asked().edit_certificate_request(|request| request.context = vec![1]),
            Error::IllegalParameter { message: CertificateRequest },
            (ILLEGAL_PARAMETER, HANDSHAKE),
        ),
        refusal(
            "without signature_algorithms",
            asked().edit_certificate_request(|request| request.extensions.0.clear()),
            Error::MissingExtension {
                message: CertificateRequest,
                extension: extension::SIGNATURE_ALGORITHMS,
            },
            (MISSING_EXTENSION, HANDSHAKE),
        ),
    ]);
}

/// Messages that never come, or never this early.
#[test]
fn strangers() {
    use Message::{
        Certificate, CertificateVerify, EncryptedExtensions, Finished, KeyUpdate, NewSessionTicket,
    };
    let message = |msg_type, body: &[u8]| [Action::Handshake { msg_type, body: body.to_vec() }];
    let before = |sent, msg_type| good().before(sent, message(msg_type, b"x"));
    refuse_in_handshake(&[
        // §4.7.3
        unexpected(
            "KeyUpdate before Finished",
            good().before(Sent::Finished, Action::key_update(0)),
            KeyUpdate,
            Finished,
        ),
        unexpected(
            "a ticket before Finished",
            good().before(Sent::Finished, [Action::Send(Sent::NewSessionTicket)]),
            NewSessionTicket,
            Finished,
        ),
        // §4.6
        unexpected(
            "EndOfEarlyData",
            good().before(Sent::Finished, message(handshake::END_OF_EARLY_DATA, b"")),
            Message::Unknown(5),
            Finished,
        ),
        unexpected(
            "ClientHello",
            before(Sent::EncryptedExtensions, handshake::CLIENT_HELLO),
            Message::Unknown(1),
            EncryptedExtensions,
        ),
        unexpected("hello_request", before(Sent::Certificate, 0), Message::Unknown(0), Certificate),
        unexpected(
            "message_hash",
            before(Sent::Certificate, handshake::MESSAGE_HASH),
            Message::Unknown(254),
            Certificate,
        ),
        unexpected(
            "certificate_status of TLS 1.2",
            before(Sent::CertificateVerify, 22),
            Message::Unknown(22),
            CertificateVerify,
        ),
        unexpected("an unknown message", before(Sent::Finished, 99), Message::Unknown(99), Finished),
    ]);
}
