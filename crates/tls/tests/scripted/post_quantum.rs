//! X25519MLKEM768, draft-ietf-tls-ecdhe-mlkem: two shares, of which the server takes one.

use std::time::Duration;

use picopost_testkit::chains::{NOW, shapes};
use picopost_testkit::code::alert::ILLEGAL_PARAMETER;
use picopost_testkit::code::group::{SECP256R1, X25519, X25519MLKEM768};
use picopost_testkit::{Action, CountingRng, Event, Message, RESPONSE, Script};
use picopost_tls::{
    Config, Connection, Error, FULL_RECEIVE_BUFFER, Groups, MIN_RECEIVE_BUFFER_POST_QUANTUM,
    MIN_SEND_BUFFER_POST_QUANTUM, ServerName, Session, Trust, UnixTime,
};

use crate::accepted::{CLOSE, USUAL, accepted};
use crate::refusals::{PLAIN, Refusal, refusal, refuse_in_handshake_with};
use crate::support::{Play, play, play_with_session};

fn hybrid() -> Play {
    Play { groups: Groups::PostQuantum, send: MIN_SEND_BUFFER_POST_QUANTUM, ..Play::default() }
}

fn good() -> Script {
    Script::good(shapes::direct())
}

#[test]
fn both_shares_are_in_the_client_hello() {
    let hello = play(&good(), &hybrid()).seen.hellos.remove(0);
    let groups = [X25519MLKEM768, X25519, SECP256R1];
    let offered = if cfg!(feature = "p256") { 3 } else { 2 };
    assert_eq!(hello.groups, groups[..offered]);
    let [(first, share), (second, x25519)] = &hello.key_shares[..] else {
        panic!("{} shares", hello.key_shares.len());
    };
    assert_eq!((*first, *second), (X25519MLKEM768, X25519));
    assert_eq!(share.len(), 1216);
    assert_eq!(share[1184..], x25519[..], "RFC 9954 §3.2: the same key of X25519 in both");
}

#[test]
fn nothing_changes_where_it_is_not_asked_for() {
    let hello = play(&good(), &Play::default()).seen.hellos.remove(0);
    assert!(!hello.groups.contains(&X25519MLKEM768));
    assert_eq!(hello.key_shares.len(), 1);
}

#[test]
fn the_server_takes_either_share() {
    for group in [X25519MLKEM768, X25519] {
        accepted("either", &good().group(group), &hybrid(), &USUAL);
        accepted("in pieces", &good().group(group).split_handshake_every(100), &hybrid(), &USUAL);
    }
}

#[test]
fn hello_retry_request() {
    use Event::{ChangeCipherSpec, ClientHello, Data, Finished};
    let events = [ClientHello, ChangeCipherSpec, ClientHello, Finished, Data(0), CLOSE];
    for group in [X25519MLKEM768, X25519] {
        // The test peer wants the very same shares again.
        let cookie = Script::with_retry(shapes::direct(), Some(b"cookie"), None).group(group);
        accepted("a cookie", &cookie, &hybrid(), &events);
    }
    if cfg!(feature = "p256") {
        for cookie in [None, Some(&b"cookie"[..])] {
            let script = Script::with_retry(shapes::direct(), cookie, Some(SECP256R1));
            accepted("secp256r1", &script, &hybrid(), &events);
        }
    }
}

#[test]
fn wrong_requests_to_retry_are_refused() {
    let retry = |group| Script::with_retry(shapes::direct(), None, Some(group));
    let illegal = |what, script, error| refusal(what, script, error, (ILLEGAL_PARAMETER, PLAIN));
    // RFC 9846 §4.3.8: both have a share.
    refuse(&[
        illegal("X25519MLKEM768", retry(X25519MLKEM768), Error::RetryWithoutChange),
        illegal("X25519", retry(X25519), Error::RetryWithoutChange),
        illegal("secp384r1", retry(0x0018), Error::GroupNotOffered { group: 0x0018 }),
    ]);
    let unknown = Error::GroupNotOffered { group: X25519MLKEM768 };
    let line = illegal("X25519MLKEM768 of who did not offer it", retry(X25519MLKEM768), unknown);
    refuse_in_handshake_with(&Play::default(), &[line]);
}

#[test]
fn wrong_shares_are_refused() {
    let share =
        |group, length| good().edit_server_hello(move |hello| hello.set_key_share(group, &vec![9; length]));
    let illegal = |what, script, error| refusal(what, script, error, (ILLEGAL_PARAMETER, PLAIN));
    refuse(&[
        illegal("an octet less", share(X25519MLKEM768, 1119), Error::KeyShare),
        illegal("an octet more", share(X25519MLKEM768, 1121), Error::KeyShare),
        illegal("a ciphertext alone", share(X25519MLKEM768, 1088), Error::KeyShare),
        illegal("less than a ciphertext", share(X25519MLKEM768, 1087), Error::KeyShare),
        illegal("a share as of a client", share(X25519MLKEM768, 1216), Error::KeyShare),
        illegal("X25519 under the other's name", share(X25519MLKEM768, 32), Error::KeyShare),
        illegal("the hybrid under X25519's name", share(X25519, 1120), Error::KeyShare),
        // RFC 9846 §7.4.2: the server goes on with the secret that zeros lead to.
        illegal("X25519 of zeros", good().zero_key_share(), Error::KeyShare),
        illegal("zeros beside it", good().group(X25519).zero_key_share(), Error::KeyShare),
    ]);
    let unknown = Error::GroupNotOffered { group: X25519MLKEM768 };
    let line = illegal("a share for who did not offer it", share(X25519MLKEM768, 1120), unknown);
    refuse_in_handshake_with(&Play::default(), &[line]);
}

fn refuse(refusals: &[Refusal]) {
    refuse_in_handshake_with(&hybrid(), refusals);
}

/// The group of a HelloRetryRequest stays, although both others had a share before.
#[cfg(feature = "p256")]
#[test]
fn the_shares_of_the_first_client_hello_are_gone_after_a_retry() {
    for (group, length) in [(X25519MLKEM768, 1120), (X25519, 32)] {
        let script = Script::with_retry(shapes::direct(), None, Some(SECP256R1))
            .edit_server_hello(move |hello| hello.set_key_share(group, &vec![9; length]));
        let error = Error::GroupNotOffered { group };
        refuse(&[refusal("a share of before", script, error, (ILLEGAL_PARAMETER, PLAIN))]);
    }
}

/// FIPS 203 §6.3, implicit rejection: the secrets differ, and the handshake fails by that.
#[test]
fn a_ciphertext_for_somebody_else_leads_nowhere() {
    for at in [0, 543, 1087] {
        let script = good().edit_server_hello(move |hello| {
            let (_, data) = hello.extensions().0.last_mut().expect("a share");
            data[4 + at] ^= 1;
        });
        let outcome = play(&script, &hybrid());
        assert_eq!(outcome.result, Err(Error::BadRecordMac));
        assert!(!outcome.established);
    }
}

/// X25519's part of the secret is used too.
#[test]
fn a_public_key_for_somebody_else_leads_nowhere() {
    let script = good().edit_server_hello(|hello| {
        let (_, data) = hello.extensions().0.last_mut().expect("a share");
        data[4 + 1088] ^= 1;
    });
    assert_eq!(play(&script, &hybrid()).result, Err(Error::BadRecordMac));
}

#[test]
fn a_session_is_resumed_in_the_smallest_buffers() {
    let mut session = Session::new();
    let ticket = good().after_handshake([Action::Send(Message::NewSessionTicket)]);
    let begun = play_with_session(&ticket, &hybrid(), &mut session);
    let resume = good().resume(&begun.seen.tickets[0]);
    let exported = session.export();
    for group in [X25519MLKEM768, X25519] {
        for at_once in [usize::MAX, 1] {
            // The longest ServerHello there is.
            let smallest = Play { receive: MIN_RECEIVE_BUFFER_POST_QUANTUM, at_once, ..hybrid() };
            let mut session = Session::import(&exported).expect("a session that was exported");
            let outcome = play_with_session(&resume.clone().group(group), &smallest, &mut session);
            assert_eq!(outcome.result.as_deref(), Ok(RESPONSE));
            assert!(outcome.resumed);
        }
    }
}

/// The error of a connection that would offer the longest name, and the longest ticket.
fn begin(receive: usize, send: usize) -> Option<Error> {
    let label = "a".repeat(63);
    let name = [&label, &label, &label, &label[..61]].map(str::to_owned).join(".");
    let anchors = shapes::direct().anchors();
    let now = UnixTime::since_unix_epoch(Duration::from_secs(NOW));
    let mut config = Config::new(ServerName::try_from(name).expect("a name"), Trust::anchors(&anchors), now);
    config.groups = Groups::PostQuantum;
    let (mut receive, mut send) = (vec![0; receive], vec![0; send]);
    Connection::new(config, &mut receive, &mut send, &mut CountingRng(1)).err()
}

#[test]
fn buffers_that_are_too_small_are_refused_with_both_sizes() {
    let (receive, send) = (MIN_RECEIVE_BUFFER_POST_QUANTUM, MIN_SEND_BUFFER_POST_QUANTUM);
    assert_eq!((receive, send), (1221, 2246));
    assert_eq!(begin(receive, send), None);
    for size in [receive - 1, 1024, 0] {
        let error = Error::ReceiveBufferTooSmall { size, minimum: receive };
        assert_eq!(begin(size, FULL_RECEIVE_BUFFER), Some(error));
    }
    for size in [send - 1, 1024, 0] {
        assert_eq!(begin(receive, size), Some(Error::SendBufferTooSmall { size, minimum: send }));
    }
}

/// A ServerHello of the greatest length fills the smallest buffer to its last octet.
#[test]
fn the_smallest_receive_buffer_is_exact() {
    let longest = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let seen = longest.clone();
    let mut session = Session::new();
    let ticket = good().after_handshake([Action::Send(Message::NewSessionTicket)]);
    let begun = play_with_session(&ticket, &hybrid(), &mut session);
    let resume = good().resume(&begun.seen.tickets[0]).tamper(Message::ServerHello, move |octets| {
        seen.store(octets.len(), std::sync::atomic::Ordering::Relaxed);
    });
    assert!(play_with_session(&resume, &hybrid(), &mut session).resumed);
    let longest = longest.load(std::sync::atomic::Ordering::Relaxed);
    assert_eq!(5 + longest, MIN_RECEIVE_BUFFER_POST_QUANTUM);
}
