//! Tickets that are larger than the receive buffer: passed over, whatever their records, and what
//! comes behind them is not.

use picopost_testkit::chains::shapes;
use picopost_testkit::code::{alert, content, handshake};
use picopost_testkit::{Action, Epoch, Message, RESPONSE, Script, handshake as message};
use picopost_tls::{Error, MIN_RECEIVE_BUFFER, Session, Stage};

use crate::support::{Outcome, Play, REQUEST, play, play_with_session};

/// A small buffer, whole and in pieces.
fn plays() -> Vec<Play> {
    let sizes = [MIN_RECEIVE_BUFFER, 1500, 4096];
    let pieces = [usize::MAX, 1, 7];
    let all = sizes.into_iter().flat_map(|receive| pieces.map(|at_once| (receive, at_once)));
    all.map(|(receive, at_once)| Play { receive, at_once, ..Play::default() }).collect()
}

fn before_response(actions: impl IntoIterator<Item = Action>) -> Script {
    Script::good(shapes::direct()).before_response(actions)
}

/// A server with tickets of so many octets.
fn script(ticket: usize) -> Script {
    before_response([Action::Send(Message::NewSessionTicket)])
        .edit_ticket(move |message| message.ticket = vec![0x74; ticket])
}

fn accepted(what: &str, outcome: &Outcome) {
    assert_eq!(outcome.result.as_deref(), Ok(RESPONSE), "{what}");
    assert_eq!(outcome.seen.complaint, None, "{what}");
    assert_eq!(outcome.seen.data, REQUEST, "{what}");
}

#[test]
fn larger_than_the_receive_buffer() {
    for play_as in plays() {
        for ticket in [play_as.receive - 100, play_as.receive, 5000, 65_000] {
            let script = script(ticket).split_handshake_every(300);
            let case = format!("{ticket} octets, {play_as:?}");
            accepted(&case, &play(&script, &play_as));
            accepted(&format!("{case}, two"), &play(&script.twice(Message::NewSessionTicket), &play_as));
        }
    }
}

/// The last octet in the buffer, and the first one beyond it.
#[test]
fn of_about_the_size_of_the_receive_buffer() {
    let play_as = Play { receive: MIN_RECEIVE_BUFFER, ..Play::default() };
    for ticket in MIN_RECEIVE_BUFFER - 40..MIN_RECEIVE_BUFFER + 10 {
        for record in [100, 101, 303] {
            let outcome = play(&script(ticket).split_handshake_every(record), &play_as);
            accepted(&format!("{ticket} octets in records of {record}"), &outcome);
        }
    }
}

/// They count like any other tickets, and what is known of them is said.
#[test]
fn too_many_of_them() {
    let play_as = Play { receive: MIN_RECEIVE_BUFFER, ..Play::default() };
    let many = |count| {
        before_response(std::iter::repeat_n(Action::Send(Message::NewSessionTicket), count))
            .edit_ticket(|message| message.ticket = vec![0x74; 2000])
            .split_handshake_every(300)
    };
    accepted("32", &play(&many(32), &play_as));
    let outcome = play(&many(33), &play_as);
    assert_eq!(outcome.result, Err(Error::TooManyEmptyRecords));
    assert_eq!(outcome.seen.alert(), Some((alert::UNEXPECTED_MESSAGE, Epoch::Application)));

    let mut session = Session::new();
    accepted("one", &play_with_session(&many(1), &play_as, &mut session));
    assert!(!session.is_available());
    assert!(session.refused_ticket().is_some_and(|size| size > 2000));
}

/// Where its records are cut decides nothing, be it in the header.
#[test]
fn split_at_each_of_its_first_octets() {
    let play_as = Play { receive: MIN_RECEIVE_BUFFER, ..Play::default() };
    for at in 1..40 {
        let script = script(3000).split_handshake_every(250).split(Message::NewSessionTicket, at, []);
        accepted(&format!("split at {at}"), &play(&script, &play_as));
    }
}

/// The record that ends it begins the next message.
#[test]
fn with_another_message_behind_it_in_the_same_record() {
    let behind =
        |kind: Message| before_response([Action::Send(Message::NewSessionTicket), Action::Send(kind)]);
    for play_as in plays() {
        for size in [1500, 4990, 5000, 5010] {
            let large =
                |script: Script| script.edit_ticket(move |ticket| ticket.ticket.resize(size, 9)).coalesce();
            let script = large(behind(Message::NewSessionTicket)).split_handshake_every(300);
            accepted("another ticket", &play(&script, &play_as));
            let script = large(behind(Message::KeyUpdate(0))).split_handshake_every(300);
            let script = script.edit_actions(|actions| {
                let update = |action: &Action| matches!(action, Action::Send(Message::KeyUpdate(_)));
                let at = actions.iter().position(update).expect("a KeyUpdate") + 1;
                actions.insert(at, Action::Keys(picopost_testkit::Keys::Next));
            });
            accepted("a KeyUpdate", &play(&script, &play_as));
        }
    }
}

#[test]
fn it_leaves_no_session() {
    let mut session = Session::new();
    let play_as = Play { receive: MIN_RECEIVE_BUFFER, ..Play::default() };
    let script = script(2000).split_handshake_every(300);
    accepted("with a session", &play_with_session(&script, &play_as, &mut session));
    assert!(!session.is_available());
}

/// RFC 9846 §5.1: what is passed over is a message like any other.
#[test]
fn what_may_not_come_in_its_middle() {
    let between = |action| {
        let script = script(3000).split_handshake_every(250).split(Message::NewSessionTicket, 1500, [action]);
        play(&script, &Play { receive: MIN_RECEIVE_BUFFER, ..Play::default() })
    };
    let record = |content_type, fragment: &[u8]| Action::Record { content_type, fragment: fragment.to_vec() };
    let unexpected = Some((alert::UNEXPECTED_MESSAGE, Epoch::Application));
    for content_type in [content::APPLICATION_DATA, content::ALERT] {
        for fragment in [&[1, 0][..], &[]] {
            let outcome = between(record(content_type, fragment));
            assert_eq!(outcome.result, Err(Error::Interleaved { content_type }));
            assert_eq!(outcome.seen.alert(), unexpected);
        }
    }
    let content_type = content::HANDSHAKE;
    let outcome = between(record(content_type, &[]));
    assert_eq!(outcome.result, Err(Error::EmptyRecord { content_type }));
    assert_eq!(outcome.seen.alert(), unexpected);
    assert_eq!(between(Action::EndOfFile).result, Err(Error::Truncated { stage: Stage::Traffic }));
}

/// Nothing but a ticket is passed over, and a ticket only where one may come.
#[test]
fn other_messages_of_that_size() {
    let long = |msg_type| message(msg_type, &[0; 2000]);
    let in_pieces = |octets: Vec<u8>| -> Vec<Action> {
        let piece =
            |piece: &[u8]| Action::Record { content_type: content::HANDSHAKE, fragment: piece.to_vec() };
        octets.chunks(250).map(piece).collect()
    };
    for play_as in [1, 7, usize::MAX] {
        let play_as = Play { receive: MIN_RECEIVE_BUFFER, at_once: play_as, ..Play::default() };
        let too_large = |outcome: &Outcome, epoch| {
            let Err(Error::MessageTooLarge { size: 2004, capacity }) = outcome.result else {
                panic!("{:?}", outcome.result);
            };
            assert!(capacity <= MIN_RECEIVE_BUFFER);
            assert_eq!(outcome.seen.alert(), Some((alert::INTERNAL_ERROR, epoch)));
        };
        for msg_type in [handshake::KEY_UPDATE, handshake::CERTIFICATE, handshake::FINISHED, 5, 0, 255] {
            let outcome = play(&before_response(in_pieces(long(msg_type))), &play_as);
            too_large(&outcome, Epoch::Application);
        }
        let early = Script::good(shapes::direct())
            .before(Message::Certificate, in_pieces(long(handshake::NEW_SESSION_TICKET)));
        too_large(&play(&early, &play_as), Epoch::Handshake);
    }
}
