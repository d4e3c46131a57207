//! Callers that report more than they were asked, or that log what they hold.

use picopost::embedded_io::ErrorKind;
use picopost::{Action, Error, Exchange, Request, StatusCode, Trust, Url, http};
use picopost_testkit::chains::{faulty, shapes};
use support::{Answer, Memory, OK, Pace, Rustls, URL, drive, now};

mod support;

#[test]
fn what_is_reported_behind_the_first_failure_changes_nothing() {
    let chain = faulty::wrong_name();
    let anchors = chain.anchors();
    let request = Request::json(Url::parse(URL).unwrap(), b"{}");
    let mut memory = Memory::default();
    let trust = Trust::anchors(&anchors);
    let mut exchange =
        Exchange::new(&request, trust, now(), memory.buffers(), &mut getrandom::SysRng).unwrap();
    let mut server = Rustls::new(&chain, Answer::with(OK));
    let error = drive(&mut exchange, &mut server, Pace::default()).unwrap_err();
    assert!(matches!(error, Error::Tls { .. }), "{error:?}");

    // The farewell could not be sent, and nothing could be received.
    exchange.send_failed(ErrorKind::BrokenPipe);
    assert_eq!(exchange.next().err(), Some(error));
    exchange.receive_failed(ErrorKind::ConnectionReset);
    assert_eq!(exchange.next().err(), Some(error));
    assert_eq!(exchange.finish().unwrap_err(), error);
}

#[test]
fn of_two_failures_to_send_the_first_is_the_error() {
    let chain = shapes::gts();
    let anchors = chain.anchors();
    let request = Request::json(Url::parse(URL).unwrap(), b"{}");
    let mut memory = Memory::default();
    let trust = Trust::anchors(&anchors);
    let mut exchange =
        Exchange::new(&request, trust, now(), memory.buffers(), &mut getrandom::SysRng).unwrap();
    exchange.send_failed(ErrorKind::ConnectionReset);
    exchange.send_failed(ErrorKind::NotConnected);
    assert_eq!(exchange.next().err().map(|error| error.code()), Some(2124));
}

#[test]
fn the_status_is_known_though_its_body_is_too_large() {
    let chain = shapes::gts();
    let anchors = chain.anchors();
    let request = Request::json(Url::parse(URL).unwrap(), b"{}");
    let mut memory = Memory::default();
    let trust = Trust::anchors(&anchors);
    let mut exchange =
        Exchange::new(&request, trust, now(), memory.buffers(), &mut getrandom::SysRng).unwrap();
    assert_eq!(exchange.status(), None);
    let response = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 7000\r\n\r\n<!DOCTYPE html>";
    let mut server = Rustls::new(&chain, Answer::with(response));
    let error = drive(&mut exchange, &mut server, Pace::default()).unwrap_err();
    assert!(matches!(error, Error::Http(http::Error::BodyTooLarge { size: 7000, .. })), "{error:?}");
    assert_eq!(exchange.status(), Some(StatusCode(403)));
}

#[test]
fn no_debug_output_holds_a_secret() {
    let mut memory = Memory::default();
    for buffer in [&mut memory.receive, &mut memory.send, &mut memory.response] {
        buffer.fill(b's');
    }
    let buffers = memory.buffers();
    let mut space = *b"ssss";
    for shown in [
        format!("{buffers:?}"),
        format!("{:?}", Action::Send(b"ssss")),
        format!("{:?}", Action::Receive(&mut space)),
    ] {
        assert!(!shown.contains("115, 115"), "{shown}");
    }
    assert_eq!(format!("{:?}", Action::Send(b"ssss")), "Send(4 octets)");
}
