//! The two drivers over streams in memory: what they send, whom they tell, how they fail.

use std::cell::RefCell;

use network::{Network, through_both};
use picopost::embedded_io::ErrorKind;
use picopost::{Clock, ClockError, ConnectError, Direction, Error, Stage, Trust, UnixTime};
use picopost_testkit::chains::{faulty, shapes};
use support::{After, Answer, OK, Rustls, assert_says, now};

#[cfg(feature = "client-auth")]
mod identity;
mod network;
#[path = "../support/mod.rs"]
mod support;

#[test]
fn a_post_through_both_drivers() {
    let chain = shapes::gts();
    let anchors = chain.anchors();
    let response = [b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n".as_slice(), &[b'y'; 99]].concat();
    // Records so small that head and body do not share one.
    let answer = Answer { record: Some(64), ..Answer::with(&response) };
    let network = || Network::new(Rustls::new(&chain, answer.clone()));
    through_both(network, Trust::anchors(&anchors), &now(), |outcome, network| {
        assert_eq!(outcome.result, Ok((200, vec![b'y'; 99])));
        assert_eq!(*network.calls.borrow(), ["device.example 8443"]);
        let server = network.server.borrow();
        assert_eq!(server.body().map(<[u8]>::len), Some(3000));
        assert!(server.saw_close_notify, "the last octets are flushed too");

        let stages: Vec<_> = outcome.log.stages.iter().map(|(stage, _)| *stage).collect();
        assert_eq!(
            stages,
            [
                Stage::Dns,
                Stage::Hello,
                Stage::Certificate,
                Stage::Verify,
                Stage::Finished,
                Stage::Request,
                Stage::Head,
                Stage::Body,
                Stage::Done
            ]
        );
        assert!(stages.is_sorted());
        // The key pair, the shared secret, two signatures in certificates, and that of the handshake.
        let computed = [Stage::Setup, Stage::Hello, Stage::Certificate, Stage::Certificate, Stage::Verify];
        assert_eq!(outcome.log.computed, computed);
        let (_, at_done) = outcome.log.stages.last().unwrap();
        let end = outcome.log.end.unwrap();
        assert!(end.sent > at_done.sent, "close_notify goes out behind the last stage");
        assert_eq!(end.received, at_done.received);
        assert!(outcome.log.stages.is_sorted_by_key(|(_, octets)| octets.sent + octets.received));
    });
}

#[test]
fn without_the_time_nobody_is_called() {
    struct Unset;
    impl Clock for Unset {
        fn now(&self) -> Option<UnixTime> {
            None
        }
    }
    let chain = shapes::gts();
    let anchors = chain.anchors();
    let network = || Network::new(Rustls::new(&chain, Answer::with(OK)));
    through_both(network, Trust::anchors(&anchors), &Unset, |outcome, network| {
        let error = outcome.result.as_ref().unwrap_err();
        assert_eq!(*error, Error::Clock(ClockError::Unknown));
        assert_eq!((error.code(), error.stage()), (1100, Stage::Clock));
        assert_says(error, "the device does not know the time");
        assert!(network.calls.borrow().is_empty());
    });
    let reset = UnixTime::since_unix_epoch(std::time::Duration::from_secs(5));
    through_both(network, Trust::anchors(&anchors), &reset, |outcome, network| {
        let error = outcome.result.as_ref().unwrap_err();
        assert_eq!((error.code(), error.stage()), (1101, Stage::Clock));
        assert_says(error, "the clock shows 5 and the time is at least 1735689600 (Unix seconds)");
        assert!(network.calls.borrow().is_empty());
    });
}

#[test]
fn dns_and_tcp_fail_apart() {
    let chain = shapes::gts();
    let anchors = chain.anchors();
    let table = [
        (ConnectError::Dns(ErrorKind::NotFound), 2001, "the host's name could not be resolved: not found"),
        (
            ConnectError::Tcp(ErrorKind::ConnectionRefused),
            2103,
            "no TCP connection to the host: connection refused",
        ),
        (ConnectError::Tcp(ErrorKind::TimedOut), 2111, "no TCP connection to the host: timed out"),
    ];
    for (refuse, code, sentence) in table {
        let network =
            || Network { refuse: Some(refuse), ..Network::new(Rustls::new(&chain, Answer::with(OK))) };
        through_both(network, Trust::anchors(&anchors), &now(), |outcome, _| {
            let error = outcome.result.as_ref().unwrap_err();
            assert_eq!(*error, Error::Connect(refuse));
            assert_eq!(error.code(), code);
            assert_says(error, sentence);
            assert_eq!(outcome.log.end, None, "there was no connection");
            let stage = if code < 2100 { Stage::Dns } else { Stage::Tcp };
            assert_eq!(error.stage(), stage);
        });
    }
}

#[test]
fn a_refused_server_is_told() {
    let chain = faulty::wrong_name();
    let anchors = chain.anchors();
    let network = || Network::new(Rustls::new(&chain, Answer::with(OK)));
    through_both(network, Trust::anchors(&anchors), &now(), |outcome, network| {
        let error = outcome.result.as_ref().unwrap_err();
        assert_eq!(error.stage(), Stage::Certificate);
        assert!(outcome.log.end.unwrap().received > 0);
        let server = network.server.borrow();
        assert!(matches!(server.error, Some(rustls::Error::AlertReceived(_))), "{:?}", server.error);
        assert!(server.request.is_empty());
    });
}

#[test]
fn an_answer_is_read_though_sending_has_failed() {
    let chain = shapes::gts();
    let anchors = chain.anchors();
    // The handshake takes at least two writes of each flight; the request takes thirty or more.
    let answered = |response| {
        let answer = Answer { after: After::Octets(1), ..Answer::with(response) };
        Network { writes: 20, ..Network::new(Rustls::new(&chain, answer)) }
    };
    let refused = || answered(b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 2\r\n\r\nno");
    through_both(refused, Trust::anchors(&anchors), &now(), |outcome, network| {
        assert_eq!(outcome.result, Ok((413, b"no".to_vec())));
        assert!(network.server.borrow().body().is_none(), "the request did not arrive whole");
    });
    // No success without the whole request.
    through_both(
        || answered(OK),
        Trust::anchors(&anchors),
        &now(),
        |outcome, network| {
            assert_eq!(outcome.result.as_ref().unwrap_err().code(), 2129);
            assert!(network.server.borrow().body().is_none(), "the request did not arrive whole");
        },
    );
    // Where no answer comes, the failure to send is the error, not the time-out behind it.
    let silent = || Network { writes: 20, ..Network::new(Rustls::new(&chain, Answer::with(OK))) };
    through_both(silent, Trust::anchors(&anchors), &now(), |outcome, _| {
        let error = outcome.result.as_ref().unwrap_err();
        let expected = Error::Transport {
            stage: Stage::Request,
            direction: Direction::Send,
            kind: ErrorKind::BrokenPipe,
        };
        assert_eq!(*error, expected);
        assert_says(error, "sending failed: the server has closed the connection");
    });
}

#[test]
fn a_silent_server_is_a_time_out_of_the_stream() {
    let chain = shapes::gts();
    let anchors = chain.anchors();
    let network = || {
        let answer = Answer { after: After::Octets(usize::MAX), ..Answer::with(OK) };
        Network::new(Rustls::new(&chain, answer))
    };
    through_both(network, Trust::anchors(&anchors), &now(), |outcome, _| {
        let error = outcome.result.as_ref().unwrap_err();
        assert_eq!((error.code(), error.stage()), (2151, Stage::Head));
        assert_says(error, "receiving failed: timed out");
    });
}

#[test]
fn a_stream_that_takes_nothing_ends_the_exchange() {
    let chain = faulty::wrong_name();
    let anchors = chain.anchors();
    // The stream stops at each write in turn: within the ClientHello or the change_cipher_spec, which
    // ends the exchange; within the alert, which changes nothing any more.
    let codes = RefCell::new(Vec::new());
    for writes in 0..8 {
        let network = || {
            let server = Rustls::new(&chain, Answer::with(OK));
            Network { writes, broken: None, ..Network::new(server) }
        };
        through_both(network, Trust::anchors(&anchors), &now(), |outcome, _| {
            let error = outcome.result.as_ref().unwrap_err();
            assert_eq!(error.stage() == Stage::Certificate, error.code() == 3205, "{error}");
            codes.borrow_mut().push(error.code());
        });
    }
    let mut codes = codes.into_inner();
    assert!(codes.is_sorted());
    codes.dedup();
    assert_eq!(codes, [2134, 3205]);
}
