//! Every handshake message cut, repeated, moved and bit-flipped at every position: whatever it is,
//! the client ends in an error, says so, and is never established.
//!
//! Nothing is sampled but the bit: one of each octet, another one from octet to octet.

use picopost_testkit::chains::shapes;
use picopost_testkit::{Action, Message, Script};
use picopost_tls::Error;

use crate::support::{Play, play};

const MESSAGES: [Message; 5] = [
    Message::ServerHello,
    Message::EncryptedExtensions,
    Message::Certificate,
    Message::CertificateVerify,
    Message::Finished,
];

/// A chain of one certificate: the shortest messages, and no P-384.
fn good() -> Script {
    Script::good(shapes::direct())
}

fn must_fail(script: &Script, case: &str) {
    let outcome = play(script, &Play::default());
    let Err(error) = outcome.result else { panic!("{case}: accepted") };
    assert!(!outcome.established, "{case}: established, then {error:?}");
    assert!(!outcome.seen.is_finished(), "{case}: Finished sent, then {error:?}");
    let complaint = outcome.seen.complaint.as_ref().map(|complaint| &complaint.0[..]);
    let told = match complaint {
        None => outcome.seen.alert().is_some_and(|(alert, _)| alert != 0),
        // The two sides have different keys: the alert is there, but not to be read.
        Some("a record of the client does not decrypt") => true,
        Some(other) => panic!("{case}: {other}"),
    };
    // Where the connection just ends, nobody is left to be told.
    let silent = matches!(error, Error::Truncated { .. });
    assert!(told || silent, "{case}: {error:?} without an alert");
}

/// How many octets a message has, its header included. ECDSA signatures differ by an octet or two
/// from time to time, so that positions are taken modulo the length that a message really has.
fn length(message: Message) -> usize {
    let length = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let seen = length.clone();
    let script = good().tamper(message, move |octets| {
        seen.store(octets.len(), std::sync::atomic::Ordering::Relaxed);
    });
    assert!(play(&script, &Play::default()).result.is_ok());
    length.load(std::sync::atomic::Ordering::Relaxed)
}

#[test]
fn a_flipped_bit_in_each_octet() {
    for message in MESSAGES {
        for at in 0..length(message) {
            let script = good().tamper(message, move |octets| {
                let at = at % octets.len();
                octets[at] ^= 1 << (at % 8);
            });
            must_fail(&script, &format!("{message:?}, octet {at}, bit {}", at % 8));
        }
    }
}

/// Somebody in between cuts a message; the octets that follow take the missing ones' place.
#[test]
fn cut_on_the_way_at_each_octet() {
    for message in MESSAGES {
        for at in 0..length(message) {
            let script = good().tamper(message, move |octets| octets.truncate(at.min(octets.len() - 1)));
            must_fail(&script, &format!("{message:?} cut to {at} octets"));
            must_fail(&script.coalesce(), &format!("{message:?} cut to {at} octets, in one record"));
        }
    }
}

/// The server itself sends less, with a length and a transcript that fit.
#[test]
fn sent_short_at_each_octet() {
    for message in MESSAGES {
        for at in 0..length(message) - 4 {
            let script = good().rewrite(message, move |body| body.truncate(at.min(body.len() - 1)));
            must_fail(&script, &format!("{message:?} with a body of {at} octets"));
        }
    }
}

/// A message once more, at every later place; the server's transcript has it twice.
#[test]
fn repeated_at_each_place() {
    for (first, message) in MESSAGES.into_iter().enumerate() {
        for place in &MESSAGES[first..] {
            // Alone, and in the record of what is before it.
            let script = good().after(*place, [Action::Send(message)]);
            let case = format!("{message:?} again after {place:?}");
            must_fail(&script.clone().coalesce(), &case);
            // A record of its own behind Finished has the old keys: the handshake is done by then.
            if *place != Message::Finished {
                must_fail(&script, &case);
            }
        }
    }
}

/// All orders of the five messages but the right one, and all subsets but the whole.
#[test]
fn every_other_order_and_every_subset() {
    let mut orders = 0;
    for order in arrangements(&MESSAGES) {
        if order == MESSAGES {
            continue;
        }
        let script = good().edit_actions(|actions| {
            let mut order = order.iter();
            actions.retain_mut(|action| match action {
                Action::Send(message) => order.next().map(|next| *message = *next).is_some(),
                _ => true,
            });
        });
        orders += 1;
        let case = format!("{order:?}");
        must_fail(&script, &case);
        must_fail(&script.coalesce(), &case);
    }
    assert_eq!(orders, 325, "5! + 5!/1! + 5!/2! + 5!/3! + 5!/4! + 1, less the right one");
}

/// All arrangements of any number of the messages.
fn arrangements(messages: &[Message]) -> Vec<Vec<Message>> {
    let mut all = vec![Vec::new()];
    for (at, first) in messages.iter().enumerate() {
        let rest = [&messages[..at], &messages[at + 1..]].concat();
        let behind = arrangements(&rest).into_iter();
        all.extend(behind.map(|behind| [&[*first][..], &behind].concat()));
    }
    all
}
