//! Sessions of a client with a certificate: to the server a resumed session is still who began it.

use picopost_testkit::chains::{clients, shapes};
use picopost_testkit::code::alert;
use picopost_testkit::{Action, Epoch, Event, IssuedTicket, Message as Sent, RESPONSE, Script};
use picopost_tls::{Error, Message, Session};

use super::{Client, asking, with};
use crate::support::{Outcome, Play, play_with_session};

/// A session that this client has begun, or one without a certificate; and what the server knows.
fn begun(client: Option<&Client>) -> ([u8; Session::SIZE], IssuedTicket) {
    let script = asking().before_response([Action::Send(Sent::NewSessionTicket)]);
    let mut session = Session::new();
    let mut outcome = play_with_session(&script, &as_client(client), &mut session);
    assert_eq!((outcome.seen.complaint, outcome.result.as_deref()), (None, Ok(RESPONSE)));
    assert_eq!(outcome.seen.certificates.is_empty(), client.is_none());
    assert!(session.is_available());
    (session.export(), outcome.seen.tickets.remove(0))
}

fn as_client(client: Option<&Client>) -> Play {
    client.map(with).unwrap_or_default()
}

fn connect(script: &Script, client: Option<&Client>, session: &[u8; Session::SIZE]) -> Outcome {
    let mut session = Session::import(session).expect("a session that was exported");
    play_with_session(script, &as_client(client), &mut session)
}

/// RFC 9846 §4.4.2: a resumed handshake has no request, so that nothing is sent or signed. That the
/// binder is right shows that both have the same resumption secret: over the whole first handshake.
#[test]
fn a_session_is_resumed_by_who_began_it() {
    let client = Client::of(clients::good());
    let (session, ticket) = begun(Some(&client));
    let signed = client.signed();
    let outcome = connect(&Script::good(shapes::direct()).resume(&ticket), Some(&client), &session);
    assert_eq!((outcome.seen.complaint, outcome.result.as_deref()), (None, Ok(RESPONSE)));
    assert!(outcome.resumed);
    assert!(!outcome.seen.events.contains(&Event::CertificateVerify));
    assert_eq!(client.signed(), signed);
}

#[test]
fn a_session_of_one_identity_is_not_offered_with_another() {
    let (one, another) = (Client::of(clients::good()), Client::of(clients::another()));
    let everyone = [None, Some(&one), Some(&another)];
    for (i, began) in everyone.iter().enumerate() {
        let (session, _) = begun(*began);
        for (j, now) in everyone.iter().enumerate() {
            let outcome = connect(&asking(), *now, &session);
            assert_eq!(outcome.result.as_deref(), Ok(RESPONSE));
            let is_offered = outcome.seen.hellos[0].pre_shared_key.is_some();
            assert_eq!(is_offered, i == j, "begun by {began:?}, now {now:?}");
        }
    }
}

/// RFC 9846 §4.4.2: with a PSK there is no CertificateRequest.
#[test]
fn a_request_in_a_resumed_handshake_is_refused() {
    let client = Client::of(clients::good());
    let (session, ticket) = begun(Some(&client));
    let signed = client.signed();
    let script = Script::good(shapes::direct())
        .resume(&ticket)
        .before(Sent::Finished, [Action::Send(Sent::CertificateRequest)]);
    let outcome = connect(&script, Some(&client), &session);
    let (message, expected) = (Message::CertificateRequest, Message::Finished);
    assert_eq!(outcome.result, Err(Error::UnexpectedMessage { message, expected }));
    assert_eq!(outcome.seen.alert(), Some((alert::UNEXPECTED_MESSAGE, Epoch::Handshake)));
    assert_eq!(client.signed(), signed);
}
