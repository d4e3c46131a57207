//! Sessions: what is offered, when, and how it ends where the server takes it (RFC 9846 §2.2,
//! §4.3.11, §4.7.1).

use std::sync::atomic::{AtomicU32, Ordering};

use picopost_testkit::chains::{NOW, shapes};
#[cfg(feature = "aes-gcm")]
use picopost_testkit::code::suite;
use picopost_testkit::code::{alert, group};
use picopost_testkit::{
    Action, Epoch, Event, IssuedTicket, Message as Sent, NewSessionTicket, PreSharedKey, RESPONSE, Script,
};
use picopost_tls::{Error, Session};

use crate::support::{Outcome, Play, REQUEST, drive, play, play_with_session};

mod refusals;

const DAY: u64 = 86_400;
/// RFC 9846 §4.7.1.
const SEVEN_DAYS: u64 = 7 * DAY;

fn good() -> Script {
    Script::good(shapes::direct())
}

fn with_ticket(script: Script) -> Script {
    script.after_handshake([Action::Send(Sent::NewSessionTicket)])
}

fn at(now: u64) -> Play {
    Play { now, ..Play::default() }
}

/// What both sides have of a session after a full handshake.
struct Begun {
    exported: [u8; Session::SIZE],
    ticket: IssuedTicket,
}

impl Begun {
    fn new() -> Self {
        Self::with(|_| {})
    }

    fn with(edit: impl Fn(&mut NewSessionTicket) + Send + Sync + 'static) -> Self {
        let mut session = Session::new();
        let mut outcome =
            play_with_session(&with_ticket(good()).edit_ticket(edit), &Play::default(), &mut session);
        succeeded("a full handshake", &outcome);
        assert!(!outcome.resumed && session.is_available());
        Self { exported: session.export(), ticket: outcome.seen.tickets.remove(0) }
    }

    fn session(&self) -> Session {
        Session::import(&self.exported).expect("a session that was exported")
    }

    /// A server that takes the ticket.
    fn taken(&self) -> Script {
        good().resume(&self.ticket)
    }

    fn play(&self, script: &Script, play: &Play) -> Outcome {
        play_with_session(script, play, &mut self.session())
    }

    /// Whether the ticket is offered at this time, to a server that does not take it.
    fn is_offered(&self, now: u64) -> bool {
        offered(&self.play(&good(), &at(now))).is_some()
    }
}

fn succeeded(what: &str, outcome: &Outcome) {
    assert_eq!(outcome.seen.complaint, None, "{what}");
    assert_eq!(outcome.result.as_deref(), Ok(RESPONSE), "{what}");
    assert_eq!(outcome.seen.data, REQUEST, "{what}");
}

fn offered(outcome: &Outcome) -> Option<PreSharedKey> {
    outcome.seen.hellos[0].pre_shared_key.clone()
}

/// The server verifies the binder: a wrong one would be its complaint.
#[test]
fn a_ticket_is_taken() {
    let begun = Begun::new();
    let close = Event::Alert { description: alert::CLOSE_NOTIFY, epoch: Epoch::Application };
    for play_as in Play::default().variants() {
        for script in [begun.taken(), begun.taken().coalesce(), begun.taken().split_handshake_every(5)] {
            let outcome = begun.play(&script, &play_as);
            succeeded("resumed", &outcome);
            assert!(outcome.resumed);
            let events: Vec<_> =
                outcome.seen.events.iter().filter(|event| !matches!(event, Event::Data(_))).collect();
            assert_eq!(events, [&Event::ClientHello, &Event::ChangeCipherSpec, &Event::Finished, &close]);
        }
    }
}

/// RFC 9846 §4.3.11.2: the second binder is over the HelloRetryRequest too.
#[test]
fn a_ticket_is_taken_after_a_hello_retry_request() {
    let begun = Begun::new();
    let secp256r1 = cfg!(feature = "p256").then_some(Some(group::SECP256R1));
    for group in [None].into_iter().chain(secp256r1) {
        let script = Script::with_retry(shapes::direct(), Some(b"cookie"), group).resume(&begun.ticket);
        for play_as in Play::default().variants() {
            let outcome = begun.play(&script, &play_as);
            succeeded("resumed after a HelloRetryRequest", &outcome);
            assert!(outcome.resumed);
            let binders: Vec<_> =
                outcome.seen.hellos.iter().map(|hello| hello.pre_shared_key.clone()).collect();
            assert!(binders[0] != binders[1] && binders.iter().all(Option::is_some), "{binders:?}");
        }
    }
}

/// RFC 9846 §4.3.11: a PSK goes with a hash, not with a cipher suite.
#[cfg(feature = "aes-gcm")]
#[test]
fn a_ticket_is_taken_with_either_suite() {
    let begun = Begun::new();
    for suite in [suite::AES_128_GCM_SHA256, suite::CHACHA20_POLY1305_SHA256] {
        let outcome = begun.play(&begun.taken().suite(suite), &Play::default());
        succeeded("resumed", &outcome);
        assert!(outcome.resumed);
    }
}

#[test]
fn what_the_client_hello_says() {
    let hello = |outcome: Outcome| (outcome.seen.hellos[0].psk_modes.clone(), offered(&outcome));
    assert_eq!(hello(play(&good(), &Play::default())), (vec![], None));
    let outcome = play_with_session(&good(), &Play::default(), &mut Session::new());
    // RFC 9846 §4.3.9: psk_dhe_ke alone, also where there is only room for a ticket.
    assert_eq!(hello(outcome), (vec![1], None));
    let begun = Begun::new();
    let (modes, offered) = hello(begun.play(&begun.taken(), &Play::default()));
    let PreSharedKey { identities, binders } = offered.expect("a ticket");
    assert_eq!((modes, identities.len(), binders.len()), (vec![1], 1, 1));
    assert_eq!(identities[0].0, begun.ticket.ticket);
    assert_eq!(binders[0].len(), 32);
}

/// RFC 9846 §C.4: nobody can link two connections by a ticket.
#[test]
fn a_ticket_is_offered_once() {
    let begun = Begun::new();
    let mut session = begun.session();
    assert!(offered(&play_with_session(&begun.taken(), &Play::default(), &mut session)).is_some());
    assert!(!session.is_available());
    assert!(offered(&play_with_session(&good(), &Play::default(), &mut session)).is_none());
    // Also where the caller gave up before there was an answer.
    let mut session = begun.session();
    let anchors = shapes::direct().anchors();
    drive(&good(), &Play::default(), &anchors, Some(&mut session), |mut driver| driver.flush());
    assert!(!session.is_available());
    assert_eq!(session.export(), [0; Session::SIZE]);
    assert!(offered(&play_with_session(&good(), &Play::default(), &mut session)).is_none());
}

/// RFC 9846 §4.7.1: another name, or anchors that it was not verified with, and it is not even offered.
#[test]
fn a_ticket_is_offered_to_its_own_server() {
    let begun = Begun::new();
    let other = Play { name: "other.example", ..Play::default() };
    let outcome = begun.play(&good(), &other);
    assert_eq!((outcome.result.as_ref().err(), offered(&outcome)), (Some(&Error::WrongName), None));
    let strangers = play_with_session(&Script::good(shapes::gts()), &Play::default(), &mut begun.session());
    assert_eq!(offered(&strangers), None);
    assert!(begun.is_offered(NOW));
}

/// RFC 9846 §4.3.11.1: in milliseconds, and modulo 2^32.
#[test]
fn the_age_is_right_to_the_second() {
    for age_add in [0, 0x0102_0304, u32::MAX - 999, u32::MAX] {
        let begun = Begun::with(move |ticket| (ticket.age_add, ticket.lifetime) = (age_add, 604_800));
        for age in [0, 1, 2, 59, 3600, DAY, SEVEN_DAYS - 1] {
            let outcome = begun.play(&begun.taken(), &at(NOW + age));
            succeeded("resumed", &outcome);
            let obfuscated = offered(&outcome).expect("a ticket").identities[0].1;
            assert_eq!(u64::from(obfuscated.wrapping_sub(age_add)), age * 1000, "{age} s, {age_add:#x}");
        }
    }
}

/// RFC 9846 §4.7.1: no longer than it says, and never longer than 7 days.
#[test]
fn a_ticket_is_good_for_its_lifetime() {
    let lifetimes =
        [(1, 1), (7200, 7200), (604_800, SEVEN_DAYS), (604_801, SEVEN_DAYS), (u32::MAX, SEVEN_DAYS)];
    for (said, used) in lifetimes {
        let begun = Begun::with(move |ticket| ticket.lifetime = said);
        assert!(begun.is_offered(NOW + used - 1), "{said}");
        assert!(!begun.is_offered(NOW + used), "{said}");
        assert!(!begun.is_offered(NOW - 1), "{said}: a clock that went back");
    }
}

/// RFC 9846 §4.7.1: zero means that it is to be discarded.
#[test]
fn a_ticket_of_no_lifetime_is_discarded() {
    let mut session = Session::new();
    let script = with_ticket(good()).edit_ticket(|ticket| ticket.lifetime = 0);
    succeeded("lifetime 0", &play_with_session(&script, &Play::default(), &mut session));
    assert!(!session.is_available());
    assert_eq!(session.refused_ticket(), None);

    // The one before it stays.
    let tickets = AtomicU32::new(0);
    let script = with_ticket(good()).twice(Sent::NewSessionTicket).edit_ticket(move |ticket| {
        ticket.lifetime = if tickets.fetch_add(1, Ordering::Relaxed) == 0 { 7200 } else { 0 };
    });
    let outcome = play_with_session(&script, &Play::default(), &mut session);
    let again = play_with_session(&good().resume(&outcome.seen.tickets[0]), &Play::default(), &mut session);
    succeeded("resumed", &again);
    assert!(again.resumed);
}

/// A certificate that was verified seven days ago is verified again, however fresh the ticket.
#[test]
fn tickets_do_not_follow_each_other_for_ever() {
    let lifetime = |script: Script| with_ticket(script).edit_ticket(|ticket| ticket.lifetime = 604_800);
    let mut session = Session::new();
    let mut outcome = play_with_session(&lifetime(good()), &Play::default(), &mut session);
    for day in [3, 6] {
        let script = lifetime(good().resume(&outcome.seen.tickets[0]));
        outcome = play_with_session(&script, &at(NOW + day * DAY), &mut session);
        succeeded("resumed", &outcome);
        assert!(outcome.resumed && session.is_available());
    }
    let begun = Begun { exported: session.export(), ticket: outcome.seen.tickets.remove(0) };
    assert!(begun.is_offered(NOW + SEVEN_DAYS - 1));
    assert!(!begun.is_offered(NOW + SEVEN_DAYS));
    // The full handshake that follows begins anew.
    let mut session = begun.session();
    let full = play_with_session(&lifetime(good()), &at(NOW + SEVEN_DAYS), &mut session);
    let again = play_with_session(&good().resume(&full.seen.tickets[0]), &at(NOW + 13 * DAY), &mut session);
    succeeded("resumed", &again);
    assert!(again.resumed);
}

#[test]
fn the_largest_ticket() {
    let begun = Begun::with(|ticket| ticket.ticket.resize(Session::MAX_TICKET, 9));
    let outcome = begun.play(&begun.taken(), &Play::default());
    succeeded("the largest ticket", &outcome);
    assert!(outcome.resumed);

    let mut session = Session::new();
    let size = Session::MAX_TICKET + 1;
    let script = with_ticket(good()).edit_ticket(move |ticket| ticket.ticket.resize(size, 9));
    succeeded("one octet more", &play_with_session(&script, &Play::default(), &mut session));
    assert!(!session.is_available());
    assert_eq!(session.refused_ticket(), Some(size));
}

/// RFC 9846 §4.7.1: the last of several tickets, each with its nonce and so with a key of its own.
#[test]
fn the_last_ticket_counts() {
    for nonce in [&[][..], &[7], &[9; 255]] {
        let script = with_ticket(good()).twice(Sent::NewSessionTicket);
        let script = script.edit_ticket(|ticket| ticket.nonce = nonce.to_vec());
        let mut session = Session::new();
        let mut outcome = play_with_session(&script, &Play::default(), &mut session);
        let ticket = outcome.seen.tickets.pop().expect("two tickets");
        let again = play_with_session(&good().resume(&ticket), &Play::default(), &mut session);
        succeeded("resumed", &again);
        assert!(again.resumed, "{nonce:?}");
    }
}

/// A ticket is bound to the client's whole handshake, an empty Certificate in it or not.
#[test]
fn a_ticket_behind_a_certificate_request() {
    let script = with_ticket(good()).before(Sent::Certificate, [Action::Send(Sent::CertificateRequest)]);
    let mut session = Session::new();
    let outcome = play_with_session(&script, &Play::default(), &mut session);
    let again = play_with_session(&good().resume(&outcome.seen.tickets[0]), &Play::default(), &mut session);
    succeeded("resumed", &again);
    assert!(again.resumed);
}
