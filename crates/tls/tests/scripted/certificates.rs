//! What a caller is shown of the server's certificates, for a report: the message as it came, good
//! or refused, and nothing at any other time.

use picopost_testkit::chains::{faulty, shapes};
use picopost_testkit::{Message, Script};
use picopost_tls::{Stage, Step};

use crate::support::{Driver, Play, drive};

/// The body of the Certificate message with this chain, RFC 9846 §4.5.1: no context, no extensions.
fn body(script: &Script) -> Vec<u8> {
    let vector24 = |content: &[u8]| {
        let length = u32::try_from(content.len()).unwrap().to_be_bytes();
        [&length[1..], content].concat()
    };
    let entries = script.chain().certificates.iter().flat_map(|der| [vector24(der), vec![0, 0]].concat());
    [vec![0], vector24(&entries.collect::<Vec<_>>())].concat()
}

/// Goes on until the connection is established or has failed: the stages in which there was a
/// message, and the last one.
fn run(mut driver: Driver<'_>, expected: &[u8]) -> (Vec<Stage>, Vec<u8>) {
    let mut stages = Vec::new();
    loop {
        let step = driver.connection.step();
        let message = driver.connection.certificate_message().to_vec();
        if !message.is_empty() {
            assert_eq!(message, expected);
            stages.push(driver.connection.stage());
            stages.dedup();
        }
        driver.flush();
        match step {
            Err(_) => return (stages, message),
            Ok(_) if driver.connection.is_established() => return (stages, message),
            Ok(Step::Receive) => driver.receive(),
            Ok(_) => {}
        }
    }
}

#[test]
fn it_is_there_from_its_step_to_the_next() {
    let script = Script::good(shapes::cross_signed_root());
    for play in Play::default().variants() {
        let expected = body(&script);
        let anchors = script.chain().anchors();
        let (stages, last) = drive(&script, &play, &anchors, None, |driver| run(driver, &expected));
        assert!(stages.contains(&Stage::Verify), "{stages:?}");
        assert_eq!(last, [], "the handshake is done");
    }
}

#[test]
fn it_is_there_when_it_was_refused() {
    let table = [
        (Script::good(faulty::unknown_ca()), Stage::Certificate),
        (Script::good(faulty::expired()), Stage::Certificate),
        // More certificates than a client takes: refused before any is looked at.
        (Script::good(faulty::nine_certificates()), Stage::Certificate),
        (Script::good(shapes::gts()).without(Message::CertificateVerify), Stage::Verify),
    ];
    for (script, stage) in table {
        let expected = body(&script);
        let anchors = script.chain().anchors();
        let (stages, last) =
            drive(&script, &Play::default(), &anchors, None, |driver| run(driver, &expected));
        assert_eq!(stages.last(), Some(&stage));
        assert_eq!(last, expected);
    }
}

#[test]
fn another_message_is_not_taken_for_it() {
    let script = Script::good(shapes::gts()).without(Message::Certificate);
    let anchors = script.chain().anchors();
    let (stages, last) = drive(&script, &Play::default(), &anchors, None, |driver| run(driver, &[]));
    assert_eq!((stages, last), (vec![], vec![]));
}
