//! Every handshake message cut, repeated, moved and bit-flipped at every position: whatever it is,
//! the client ends in an error, says so, and is never established. So it is for a full handshake, for
//! one that resumes a session, for one with X25519MLKEM768, and for one in which the server asks for
//! the client's certificate.
//!
//! Nothing is sampled but the bit: one of each octet, another one from octet to octet.

use picopost_testkit::chains::shapes;
use picopost_testkit::{Action, Message, Script};
use picopost_tls::{Error, Groups, Session};

use crate::support::{Outcome, Play, play_with_session};

/// A good handshake, to be spoiled.
struct Handshake {
    messages: &'static [Message],
    script: Script,
    /// What the client offers for the key exchange.
    groups: Groups,
    /// What the client has of the server.
    session: [u8; Session::SIZE],
    /// A message that a good handshake does without.
    optional: Option<Message>,
}

/// A chain of one certificate: the shortest messages, and no P-384.
fn handshakes() -> Vec<Handshake> {
    use Message::{
        Certificate, CertificateRequest, CertificateVerify, EncryptedExtensions, Finished, ServerHello,
    };
    let full = Script::good(shapes::direct());
    let mut session = Session::new();
    let ticket = full.clone().after_handshake([Action::Send(Message::NewSessionTicket)]);
    let begun = play_with_session(&ticket, &play_as(), &mut session);
    let resumed = full.clone().resume(&begun.seen.tickets[0]);
    let session = session.export();
    let groups = Groups::Classical;
    let full = Handshake {
        messages: &[ServerHello, EncryptedExtensions, Certificate, CertificateVerify, Finished],
        script: full,
        groups,
        session: [0; Session::SIZE],
        optional: None,
    };
    let messages = &[ServerHello, EncryptedExtensions, Finished];
    let resumed = Handshake { messages, script: resumed, groups, session, optional: None };
    let asking = Handshake {
        messages: &[
            ServerHello,
            EncryptedExtensions,
            CertificateRequest,
            Certificate,
            CertificateVerify,
            Finished,
        ],
        script: full.good().before(Certificate, [Action::Send(CertificateRequest)]),
        optional: Some(CertificateRequest),
        ..full
    };
    let handshakes = vec![
        #[cfg(feature = "mlkem")]
        Handshake { script: full.script.clone(), groups: Groups::PostQuantum, ..full },
        asking,
        full,
        resumed,
    ];
    for (handshake, resumed) in handshakes.iter().rev().zip([true, false, false, false]) {
        let outcome = handshake.play(&handshake.script);
        assert!(outcome.result.is_ok() && outcome.resumed == resumed, "{outcome:?}");
    }
    handshakes
}

impl Handshake {
    fn good(&self) -> Script {
        self.script.clone()
    }

    fn play(&self, script: &Script) -> Outcome {
        let mut session = Session::import(&self.session).expect("a session that was exported");
        let play = Play { send: 4096, groups: self.groups, ..play_as() };
        play_with_session(script, &play, &mut session)
    }

    /// Whether messages in this order are a good handshake.
    fn is_good(&self, order: &[Message]) -> bool {
        let needed = |message: &&Message| Some(**message) != self.optional;
        order == self.messages || order.iter().eq(self.messages.iter().filter(needed))
    }

    fn must_fail(&self, script: &Script, case: &str) {
        judge(&self.play(script), case);
    }

    /// How many octets a message has, its header included. ECDSA signatures differ by an octet or two
    /// from time to time, so that positions are taken modulo the length that a message really has.
    fn length(&self, message: Message) -> usize {
        let length = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
        let seen = length.clone();
        let script = self.good().tamper(message, move |octets| {
            seen.store(octets.len(), std::sync::atomic::Ordering::Relaxed);
        });
        assert!(self.play(&script).result.is_ok());
        length.load(std::sync::atomic::Ordering::Relaxed)
    }
}

/// A client with a certificate, the same each time: a session is bound to it.
#[cfg(feature = "client-auth")]
fn play_as() -> Play {
    use std::sync::LazyLock;

    use crate::client_auth::Client;

    static CLIENT: LazyLock<Client> = LazyLock::new(|| Client::of(picopost_testkit::chains::clients::good()));
    Play { client: Some(CLIENT.clone()), ..Play::default() }
}

#[cfg(not(feature = "client-auth"))]
fn play_as() -> Play {
    Play::default()
}

fn judge(outcome: &Outcome, case: &str) {
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

#[test]
fn a_flipped_bit_in_each_octet() {
    each_message(|handshake, message| {
        for at in 0..handshake.length(message) {
            let script = handshake.good().tamper(message, move |octets| {
                let at = at % octets.len();
                octets[at] ^= 1 << (at % 8);
            });
            handshake.must_fail(&script, &format!("{message:?}, octet {at}, bit {}", at % 8));
        }
    });
}

/// Somebody in between cuts a message; the octets that follow take the missing ones' place.
#[test]
fn cut_on_the_way_at_each_octet() {
    each_message(|handshake, message| {
        for at in 0..handshake.length(message) {
            let cut = move |octets: &mut Vec<u8>| octets.truncate(at.min(octets.len() - 1));
            let script = handshake.good().tamper(message, cut);
            handshake.must_fail(&script, &format!("{message:?} cut to {at} octets"));
            handshake
                .must_fail(&script.coalesce(), &format!("{message:?} cut to {at} octets, in one record"));
        }
    });
}

/// The server itself sends less, with a length and a transcript that fit.
#[test]
fn sent_short_at_each_octet() {
    each_message(|handshake, message| {
        for at in 0..handshake.length(message) - 4 {
            let cut = move |body: &mut Vec<u8>| body.truncate(at.min(body.len() - 1));
            let script = handshake.good().rewrite(message, cut);
            handshake.must_fail(&script, &format!("{message:?} with a body of {at} octets"));
        }
    });
}

fn each_message(test: impl Fn(&Handshake, Message)) {
    for handshake in handshakes() {
        for message in handshake.messages {
            test(&handshake, *message);
        }
    }
}

/// A message once more, at every later place; the server's transcript has it twice.
#[test]
fn repeated_at_each_place() {
    for handshake in handshakes() {
        for (first, message) in handshake.messages.iter().enumerate() {
            for place in &handshake.messages[first..] {
                // Alone, and in the record of what is before it.
                let script = handshake.good().after(*place, [Action::Send(*message)]);
                let case = format!("{message:?} again after {place:?}");
                handshake.must_fail(&script.clone().coalesce(), &case);
                // A record of its own behind Finished has the old keys: the handshake is done by then.
                if *place != Message::Finished {
                    handshake.must_fail(&script, &case);
                }
            }
        }
    }
}

/// All orders of the messages but the right one, and all subsets but the whole.
#[test]
fn every_other_order_and_every_subset() {
    for handshake in handshakes() {
        let mut orders = 0;
        for order in arrangements(handshake.messages) {
            if handshake.is_good(&order) {
                continue;
            }
            let script = handshake.good().edit_actions(|actions| {
                let mut order = order.iter();
                actions.retain_mut(|action| match action {
                    Action::Send(message) => order.next().map(|next| *message = *next).is_some(),
                    _ => true,
                });
            });
            orders += 1;
            let case = format!("{order:?}");
            handshake.must_fail(&script.clone().coalesce(), &case);
            // What follows a good handshake in a record of its own has the old keys: it is done by then.
            let is_done = order.split_last().is_some_and(|(_, before)| handshake.is_good(before));
            if !is_done {
                handshake.must_fail(&script, &case);
            }
        }
        // 5! + 5!/1! + 5!/2! + 5!/3! + 5!/4! + 1, less the right one; so for 3, and for 6 less two.
        let expected = [(3, 15), (5, 325), (6, 1955)];
        assert!(expected.contains(&(handshake.messages.len(), orders)), "{orders}");
    }
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
