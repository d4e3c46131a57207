//! Records that carry nothing: 32 in a row are taken, the 33rd is one too many.

use picopost_testkit::chains::shapes;
use picopost_testkit::code::{alert, content};
use picopost_testkit::{Action, Epoch, Message, RESPONSE, Script};
use picopost_tls::Error;

use crate::support::{Outcome, Play, play};

const TAKEN: usize = 32;

fn good() -> Script {
    Script::good(shapes::direct())
}

fn empty() -> Vec<Action> {
    vec![Action::Record { content_type: content::APPLICATION_DATA, fragment: Vec::new() }]
}

/// Each kind of thing that is counted, as it comes after the handshake.
fn kinds() -> [(&'static str, Vec<Action>); 4] {
    [
        ("no data", empty()),
        ("a ticket", vec![Action::Send(Message::NewSessionTicket)]),
        ("a KeyUpdate", Action::key_update(0).to_vec()),
        ("user_canceled", vec![Action::Alert { level: 1, description: alert::USER_CANCELED }]),
    ]
}

fn many(kind: &[Action], count: usize) -> Vec<Action> {
    std::iter::repeat_n(kind, count).flatten().cloned().collect()
}

fn accepted(what: &str, outcome: &Outcome) {
    assert_eq!(outcome.result.as_deref(), Ok(RESPONSE), "{what}");
    assert_eq!(outcome.seen.complaint, None, "{what}");
}

fn refused(what: &str, outcome: &Outcome, epoch: Epoch) {
    assert_eq!(outcome.result, Err(Error::TooManyEmptyRecords), "{what}");
    assert_eq!(outcome.seen.alert(), Some((alert::UNEXPECTED_MESSAGE, epoch)), "{what}");
    assert_eq!(outcome.established, epoch == Epoch::Application, "{what}");
}

#[test]
fn after_the_handshake() {
    for (what, kind) in kinds() {
        for play_as in Play::default().variants() {
            let run = |count| play(&good().before_response(many(&kind, count)), &play_as);
            accepted(what, &run(TAKEN));
            refused(what, &run(TAKEN + 1), Epoch::Application);
        }
    }
}

#[test]
fn of_different_kinds() {
    // Tickets have a count of their own; the others share one.
    let all = || {
        let shared = kinds().into_iter().filter(|(what, _)| *what != "a ticket");
        let tickets = many(&[Action::Send(Message::NewSessionTicket)], TAKEN);
        shared.flat_map(|(_, kind)| many(&kind, 10)).chain(many(&empty(), TAKEN - 30)).chain(tickets)
    };
    accepted("32 of all, and 32 tickets", &play(&good().before_response(all()), &Play::default()));
    let more = all().chain(empty());
    refused("and one", &play(&good().before_response(more), &Play::default()), Epoch::Application);
}

/// Application data begin a new count.
#[test]
fn with_data_in_between() {
    let data = [Action::Data(RESPONSE[..1].to_vec())];
    let script = |count| {
        let between = [many(&empty(), TAKEN), data.to_vec(), many(&empty(), count)].concat();
        good().response(&RESPONSE[1..]).before_response(between)
    };
    accepted("32 before and 32 behind", &play(&script(TAKEN), &Play::default()));
    refused("32 before and 33 behind", &play(&script(TAKEN + 1), &Play::default()), Epoch::Application);
}

/// RFC 9846 §5: change_cipher_spec means nothing, wherever it comes in the handshake.
#[test]
fn in_the_handshake() {
    let ccs = |count| many(&[Action::change_cipher_spec()], count);
    // One comes behind the ServerHello of every good server.
    let script = |count| good().before(Message::Certificate, ccs(count - 1));
    accepted("change_cipher_spec", &play(&script(TAKEN), &Play::default()));
    refused("change_cipher_spec", &play(&script(TAKEN + 1), &Play::default()), Epoch::Handshake);
    let before = |count| good().before(Message::ServerHello, ccs(count));
    refused("before ServerHello", &play(&before(TAKEN + 1), &Play::default()), Epoch::Plain);
}

/// What came before Finished leaves the count of what comes behind it alone.
#[test]
fn the_handshake_counts_for_itself() {
    let script = |count| {
        good()
            .before(Message::Certificate, many(&[Action::change_cipher_spec()], TAKEN - 1))
            .after_handshake(many(&empty(), count))
    };
    accepted("32 in each", &play(&script(TAKEN), &Play::default()));
    refused("33 after the handshake", &play(&script(TAKEN + 1), &Play::default()), Epoch::Application);
}
