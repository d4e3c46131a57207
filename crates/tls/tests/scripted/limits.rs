//! Small receive buffers: what the client asks for, and what a server may answer (RFC 8449,
//! RFC 6066 §4).

use picopost_testkit::chains::shapes;
use picopost_testkit::code::{alert, content, extension};
use picopost_testkit::{Action, Epoch, Event, RESPONSE, Script};
use picopost_tls::{Error, FULL_RECEIVE_BUFFER, MIN_RECEIVE_BUFFER};

use crate::support::{Outcome, Play, play};

const MAX_FRAGMENT_LENGTH: u16 = 1;
/// What a client with a buffer of 4,096 octets asks for: records of a third of it.
const RECORD_SIZE_LIMIT: usize = 4096 / 3 - 5 - 16;

fn small() -> Play {
    Play { receive: 4096, ..Play::default() }
}

/// A server that answers with these extensions instead of its usual record_size_limit.
fn answering(extensions: &'static [(u16, &'static [u8])]) -> Script {
    Script::good(shapes::gts()).ignore_record_limits().edit_encrypted_extensions(|block| {
        extensions.iter().for_each(|(number, data)| block.push(*number, data));
    })
}

fn refused(extensions: &'static [(u16, &'static [u8])], error: Error, alert: u8) {
    let outcome = play(&answering(extensions), &small());
    assert_eq!(outcome.result, Err(error), "{extensions:?}");
    assert_eq!(outcome.seen.alert(), Some((alert, Epoch::Handshake)), "{extensions:?}");
    assert!(!outcome.established, "{extensions:?}");
}

fn good(outcome: &Outcome) {
    assert_eq!(outcome.result.as_deref(), Ok(RESPONSE));
    assert_eq!(outcome.seen.complaint, None);
}

#[test]
fn a_full_buffer_asks_for_nothing() {
    let hello = play(&answering(&[]), &Play::default()).seen.hellos.remove(0);
    assert_eq!(hello.record_size_limit, None);
    let asked = |receive| {
        let script = Script::good(shapes::direct());
        let outcome = play(&script, &Play { receive, ..Play::default() });
        good(&outcome);
        outcome.seen.hellos[0].record_size_limit
    };
    assert_eq!(asked(FULL_RECEIVE_BUFFER - 1), Some(5527));
    assert_eq!(asked(4096), Some(1344));
    assert_eq!(asked(MIN_RECEIVE_BUFFER), Some(320));
}

#[test]
fn a_server_may_answer_either_or_neither() {
    good(&play(&answering(&[]), &small()));
    good(&play(&answering(&[(extension::RECORD_SIZE_LIMIT, &[0x40, 1])]), &small()));
    good(&play(&answering(&[(MAX_FRAGMENT_LENGTH, &[2])]).record_size(1024), &small()));
}

#[test]
fn what_the_server_wants_is_kept_to() {
    const LONG: &[u8] = &[b'x'; 3000];
    /// Extensions, and the octets of content that they leave a record.
    type Answer = (&'static [(u16, &'static [u8])], usize);
    const ANSWERS: [Answer; 2] =
        [(&[(extension::RECORD_SIZE_LIMIT, &[0, 64])], 63), (&[(MAX_FRAGMENT_LENGTH, &[2])], 1024)];
    for (answer, limit) in ANSWERS {
        let request = Play { requests: vec![LONG], send: 4096, ..small() };
        let outcome = play(&answering(answer), &request);
        let size = |event: &Event| if let Event::Data(size) = event { Some(*size) } else { None };
        let sizes: Vec<usize> = outcome.seen.events.iter().filter_map(size).collect();
        assert_eq!(outcome.seen.data.len(), 3000);
        assert!(sizes.iter().all(|size| *size <= limit) && sizes.contains(&limit), "{sizes:?}");
    }
}

#[test]
fn a_wrong_answer_is_refused() {
    use alert::{DECODE_ERROR, ILLEGAL_PARAMETER};
    let message = picopost_tls::Message::EncryptedExtensions;
    let illegal = Error::IllegalParameter { message };
    let malformed = Error::Malformed { message };
    refused(&[(extension::RECORD_SIZE_LIMIT, &[0, 63])], illegal, ILLEGAL_PARAMETER);
    refused(&[(extension::RECORD_SIZE_LIMIT, &[0x40, 2])], illegal, ILLEGAL_PARAMETER);
    refused(&[(extension::RECORD_SIZE_LIMIT, &[64])], malformed, DECODE_ERROR);
    refused(&[(extension::RECORD_SIZE_LIMIT, &[1, 0, 0])], malformed, DECODE_ERROR);
    refused(&[(MAX_FRAGMENT_LENGTH, &[1])], illegal, ILLEGAL_PARAMETER);
    refused(&[(MAX_FRAGMENT_LENGTH, &[])], malformed, DECODE_ERROR);
    refused(&[(MAX_FRAGMENT_LENGTH, &[2, 0])], malformed, DECODE_ERROR);
    let both: &[(u16, &[u8])] = &[(MAX_FRAGMENT_LENGTH, &[2]), (extension::RECORD_SIZE_LIMIT, &[1, 0])];
    refused(both, illegal, ILLEGAL_PARAMETER);
}

/// RFC 8449 §4, RFC 6066 §4: record_overflow, type and padding included.
#[test]
fn a_record_beyond_what_was_agreed_on_is_refused() {
    let record = |script: Script, inner: usize| {
        let data = [&vec![b'x'; inner - 1][..], &[content::APPLICATION_DATA]].concat();
        play(&script.before_response([Action::Inner(data)]), &small())
    };
    let agreed = || answering(&[(extension::RECORD_SIZE_LIMIT, &[0x40, 1])]);
    assert!(record(agreed(), RECORD_SIZE_LIMIT).result.is_ok());
    let outcome = record(agreed(), RECORD_SIZE_LIMIT + 1);
    assert_eq!(outcome.result, Err(Error::RecordOverflow { size: RECORD_SIZE_LIMIT + 1 }));
    assert_eq!(outcome.seen.alert(), Some((alert::RECORD_OVERFLOW, Epoch::Application)));

    let agreed = || answering(&[(MAX_FRAGMENT_LENGTH, &[2])]).record_size(1024);
    assert!(record(agreed(), 1025).result.is_ok());
    assert_eq!(record(agreed(), 1026).result, Err(Error::RecordOverflow { size: 1026 }));
}

/// A server that ignores what it was asked for, with records that are too large: both sizes.
#[test]
fn a_server_that_does_not_listen() {
    let script = answering(&[]).coalesce().pad(4096);
    let outcome = play(&script, &small());
    let Err(Error::RecordTooLarge { size, capacity: 4096 }) = outcome.result else {
        panic!("{:?}", outcome.result);
    };
    assert!(size > 4096);
    assert_eq!(outcome.seen.alert(), Some((alert::INTERNAL_ERROR, Epoch::Handshake)));
}
