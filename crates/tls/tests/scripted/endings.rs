//! What is sent, and what is not, when a connection ends.

use picopost_testkit::chains::shapes;
use picopost_testkit::code::alert;
use picopost_testkit::{Action, Epoch, Event, RESPONSE, Script};
use picopost_tls::{AlertDescription, Error, Stage, Step};

use crate::support::{Driver, Play, REQUEST, drive};

/// A connection whose server goes on with these actions right after its Finished.
fn established<T>(actions: impl IntoIterator<Item = Action>, act: impl FnOnce(&mut Driver<'_>) -> T) -> T {
    let script = Script::good(shapes::direct()).after_handshake(actions);
    drive(&script, &Play::default(), &script.chain().anchors(), None, |mut driver| {
        driver.establish();
        act(&mut driver)
    })
}

/// Steps until the connection fails.
fn failure(driver: &mut Driver<'_>) -> Error {
    loop {
        match driver.connection.step() {
            Ok(Step::Again | Step::Computed) => {}
            Ok(Step::Receive) => driver.receive(),
            Ok(other) => panic!("{other:?}"),
            Err(error) => return error,
        }
    }
}

fn seal(driver: &mut Driver<'_>, data: &[u8]) {
    driver.connection.plaintext_space()[..data.len()].copy_from_slice(data);
    driver.connection.seal(data.len()).expect("the connection is open");
}

/// RFC 9846 §6: no data go out after an alert has come in, not even those that were sealed before.
#[test]
fn nothing_waits_to_be_sent_after_a_fatal_alert() {
    let description = alert::INTERNAL_ERROR;
    let expected = Error::AlertReceived { alert: AlertDescription(description), stage: Stage::Traffic };
    for sent in [0, 1, 20] {
        established([Action::Alert { level: 2, description }], |driver| {
            seal(driver, REQUEST);
            driver.connection.sent(sent);
            assert!(!driver.connection.outgoing().is_empty());
            assert_eq!(failure(driver), expected);
            assert!(driver.connection.outgoing().is_empty(), "{sent} octets were sent before");
            assert!(driver.connection.plaintext_space().is_empty());
            assert_eq!(driver.connection.seal(1), Err(Error::NotOpen));
            assert_eq!(driver.connection.seal(0), Err(Error::NotOpen));
            assert_eq!(driver.connection.close(), Err(Error::NotOpen));
        });
    }
}

/// RFC 9846 §6.1: close_notify is the last thing that is sent, whatever comes in afterwards.
#[test]
fn nothing_follows_our_own_close_notify() {
    let faults = [
        (Action::change_cipher_spec(), Error::UnexpectedRecord { content_type: 20 }),
        (Action::plain_record(23, &[7; 40]), Error::BadRecordMac),
        (Action::Record { content_type: 22, fragment: vec![] }, Error::EmptyRecord { content_type: 22 }),
        (Action::Record { content_type: 21, fragment: vec![2] }, Error::MalformedAlert),
    ];
    let close = Event::Alert { description: alert::CLOSE_NOTIFY, epoch: Epoch::Application };
    for (fault, expected) in faults {
        for sent_before in [true, false] {
            established([fault.clone()], |driver| {
                driver.connection.close().expect("the connection is open");
                assert_eq!(driver.connection.seal(0), Err(Error::NotOpen), "not even nothing");
                if sent_before {
                    driver.flush();
                }
                assert_eq!(failure(driver), expected);
                driver.flush();
                let seen = driver.peer.seen();
                assert_eq!(seen.complaint, None, "{expected:?}");
                assert_eq!(seen.events.last(), Some(&close), "{expected:?}");
                assert!(matches!(seen.events[..], [.., Event::Finished, _]), "{:?}", seen.events);
            });
        }
        // The same without close_notify does have its alert.
        established([fault], |driver| {
            assert_eq!(failure(driver), expected);
            driver.flush();
            assert!(driver.peer.seen().alert().is_some_and(|(alert, _)| alert != alert::CLOSE_NOTIFY));
        });
    }
}

/// A read of 0 octets into no space says nothing about the transport.
#[test]
fn no_octets_into_a_full_buffer_are_not_end_of_file() {
    let body = [RESPONSE, &[b'.'; 4000]].concat();
    let script = Script::good(shapes::direct()).response(body.clone()).record_size(200);
    let play = Play { receive: 1500, ..Play::default() };
    drive(&script, &play, &script.chain().anchors(), None, |mut driver| {
        driver.establish();
        seal(&mut driver, REQUEST);
        driver.flush();
        let mut full = 0;
        let mut data: Vec<u8> = Vec::new();
        loop {
            match driver.connection.step().expect("the server keeps to the protocol") {
                Step::Again | Step::Computed => {}
                Step::Receive => driver.receive(),
                Step::Plaintext => {
                    data.extend(driver.connection.plaintext());
                    let count = driver.connection.plaintext().len();
                    driver.connection.consume(count);
                }
                Step::Closed => break,
            }
            if driver.connection.incoming().is_empty() {
                driver.connection.received(0);
                full += 1;
            }
        }
        assert_eq!(data, body);
        assert!(full > 0, "the buffer was never full");
    });
}
