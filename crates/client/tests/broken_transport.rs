//! Transports that fail in one direction, and answers that come early.

use picopost::embedded_io::ErrorKind;
use picopost::{Action, Direction, Error, Exchange, Fate, Request, Secured, Stage, Trust, Url, http};
use picopost_testkit::chains::shapes;
use support::{After, Answer, Memory, OK, Pace, Rustls, Server, URL, assert_says, drive, now, post};

mod support;

const BODY: &[u8] = b"{}";

/// A server that answers as soon as it has seen the head, while the request is under way: what it
/// says is looked at before more is sent than lies in the send buffer.
#[test]
fn an_early_answer_is_taken_and_ends_the_sending() {
    const TOO_LARGE: &[u8] = b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n";
    let chain = shapes::gts();
    let anchors = chain.anchors();
    let body = vec![b'x'; 10_000];
    let request = Request::json(Url::parse(URL).unwrap(), &body);
    let answer = Answer { after: After::Octets(1), ..Answer::with(TOO_LARGE) };
    let mut server = Rustls::new(&chain, answer);
    let mut memory = Memory::new(4096, 1024, 512);
    let trust = Trust::anchors(&anchors);
    let mut exchange =
        Exchange::new(&request, trust, now(), memory.buffers(), &mut getrandom::SysRng).unwrap();

    let mut incoming = Vec::new();
    // The transport breaks on the way up once the server has answered, as it does where a server
    // closes without reading on.
    loop {
        match exchange.next().unwrap() {
            Action::Worked | Action::Computed => {}
            Action::Done => break,
            Action::Send(octets) => {
                if server.request.is_empty() {
                    server.feed(octets);
                    let count = octets.len();
                    exchange.sent(count);
                } else {
                    exchange.send_failed(ErrorKind::BrokenPipe);
                }
            }
            Action::Receive(space) => {
                incoming.extend(server.outgoing());
                let count = space.len().min(incoming.len());
                space[..count].copy_from_slice(&incoming[..count]);
                incoming.drain(..count);
                exchange.received(count);
            }
        }
    }
    assert!(!exchange.is_request_written());
    let response = exchange.finish().unwrap();
    assert_eq!(response.status().0, 413);
    assert_eq!(Error::from(response.success().unwrap_err()).code(), 5413);
}

/// RFC 9112 §9.2: it answers no request of this connection, whatever it says.
#[test]
fn an_answer_that_is_there_before_the_request_is_none() {
    const BUSY: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 2\r\n\r\nno";
    let chain = shapes::gts();
    let anchors = chain.anchors();
    let body = vec![b'x'; 10_000];
    for response in [OK, BUSY] {
        let answer = Answer { after: After::Finished, close_notify: false, ..Answer::with(response) };
        let mut server = Rustls::new(&chain, answer);
        let outcome = post(&body, &anchors, Memory::default(), &mut server, Pace::default());
        assert_eq!(outcome.result, Err(Error::Http(http::Error::ResponseBeforeRequest)));
        assert!(!outcome.is_request_written);
        assert_eq!(server.request, b"");
        assert!(server.saw_close_notify);
    }
}

/// A success that comes while the request is under way: what is left of it is sent all the same.
#[test]
fn an_early_success_does_not_keep_the_request_from_being_sent() {
    let chain = shapes::gts();
    let anchors = chain.anchors();
    let body = vec![b'x'; 10_000];
    let answer = Answer { after: After::Octets(1), close_notify: false, ..Answer::with(OK) };
    let mut server = Rustls::new(&chain, answer);
    let outcome = post(&body, &anchors, Memory::default(), &mut server, Pace::default());
    assert_eq!(outcome.result.map(|(status, _)| status), Ok(200));
    assert!(outcome.is_request_written && server.body() == Some(body.as_slice()));
}

/// An early success, and a caller who looks at once, or a transport that takes no more: the server
/// has accepted what it has not seen.
#[test]
fn no_success_before_the_whole_request_is_sent() {
    for breaks in [false, true] {
        let (mut receive, mut send, mut response) = ([0; 256], [0; 256], [0; 256]);
        let channel = Secured::danger_assume_verified(&mut receive, &mut send).unwrap();
        // The content waits for a 100 (Continue), and a success comes instead.
        let request = Request::json(Url::parse(URL).unwrap(), BODY).with_expect_continue();
        let mut exchange = Exchange::over(channel, &request, &mut response);
        receive_from(&mut exchange, OK);
        while !exchange.is_request_written() {
            assert!(matches!(exchange.next(), Ok(Action::Worked)));
        }
        assert!(exchange.stage() < Stage::Done);
        if breaks {
            exchange.send_failed(ErrorKind::BrokenPipe);
            let error = exchange.next().err().unwrap();
            assert_eq!(error.code(), 2129);
        } else {
            let error = exchange.finish().err().unwrap();
            assert_eq!(error, Error::Http(http::Error::Incomplete));
        }
    }
}

/// A caller's own time limit, between the sealing of the request and its sending.
#[test]
fn a_request_that_was_not_sent_is_no_farewell() {
    let (mut receive, mut send, mut response) = ([0; 256], [0; 512], [0; 256]);
    let channel = Secured::danger_assume_verified(&mut receive, &mut send).unwrap();
    let request = Request::json(Url::parse(URL).unwrap(), BODY);
    let mut exchange = Exchange::over(channel, &request, &mut response);
    while !exchange.is_request_written() {
        assert!(matches!(exchange.next(), Ok(Action::Worked)));
    }
    exchange.receive_failed(ErrorKind::TimedOut);
    assert!(exchange.next().is_err());
    assert_eq!((exchange.request_fate(), exchange.farewell()), (Fate::NotSent, &b""[..]));
}

/// Lets the exchange send what it has, and receive these octets.
fn receive_from(exchange: &mut Exchange<'_, Secured<'_>>, octets: &[u8]) {
    loop {
        match exchange.next().unwrap() {
            Action::Receive(space) => {
                space[..octets.len()].copy_from_slice(octets);
                return exchange.received(octets.len());
            }
            Action::Send(piece) => {
                let count = piece.len();
                exchange.sent(count);
            }
            _ => {}
        }
    }
}

#[test]
fn a_failure_to_send_is_the_error_where_no_answer_comes() {
    let chain = shapes::gts();
    let anchors = chain.anchors();
    let request = Request::json(Url::parse(URL).unwrap(), BODY);
    let trust = Trust::anchors(&anchors);

    // Before the handshake is done it ends the exchange at once.
    let mut memory = Memory::default();
    let mut exchange =
        Exchange::new(&request, trust, now(), memory.buffers(), &mut getrandom::SysRng).unwrap();
    assert!(matches!(exchange.next(), Ok(Action::Send(_))));
    exchange.send_failed(ErrorKind::ConnectionReset);
    let expected = Error::Transport {
        stage: Stage::Hello,
        direction: Direction::Send,
        kind: ErrorKind::ConnectionReset,
    };
    assert_eq!(exchange.next().err(), Some(expected));
    assert_eq!(exchange.stage(), Stage::Hello);
    assert!(exchange.farewell().is_empty());
    assert_eq!(expected.code(), 2124);
    assert_says(&expected, "sending failed: connection reset");

    // So does a failure to receive.
    let mut memory = Memory::default();
    let mut exchange =
        Exchange::new(&request, trust, now(), memory.buffers(), &mut getrandom::SysRng).unwrap();
    exchange.receive_failed(ErrorKind::TimedOut);
    assert_eq!(exchange.next().err().map(|error| error.code()), Some(2151));
}

#[test]
fn a_server_that_takes_no_more_and_leaves_without_an_answer_is_a_failure_to_send() {
    let chain = shapes::gts();
    let anchors = chain.anchors();
    let request = Request::json(Url::parse(URL).unwrap(), BODY);
    let mut server = Rustls::new(&chain, Answer::with(OK));
    let mut memory = Memory::default();
    let trust = Trust::anchors(&anchors);
    let mut exchange =
        Exchange::new(&request, trust, now(), memory.buffers(), &mut getrandom::SysRng).unwrap();
    let mut incoming = Vec::new();
    let error = loop {
        let at_request = exchange.stage() >= Stage::Request;
        match exchange.next() {
            Ok(Action::Worked | Action::Computed) => {}
            Ok(Action::Send(_)) if at_request => exchange.send_failed(ErrorKind::BrokenPipe),
            Ok(Action::Send(octets)) => {
                server.feed(octets);
                let count = octets.len();
                exchange.sent(count);
            }
            Ok(Action::Receive(space)) => {
                incoming.extend(server.outgoing());
                let count = space.len().min(incoming.len());
                space[..count].copy_from_slice(&incoming[..count]);
                incoming.drain(..count);
                // In the end 0: end of file.
                exchange.received(count);
            }
            Ok(Action::Done) => panic!("there is no answer"),
            Err(error) => break error,
        }
    };
    // Sending failed first; that no answer came is what followed.
    assert!(
        matches!(error, Error::Transport { direction: Direction::Send, kind: ErrorKind::BrokenPipe, .. }),
        "{error:?}"
    );
}

#[test]
fn what_the_transport_says_behind_a_whole_response_changes_nothing() {
    let chain = shapes::gts();
    let anchors = chain.anchors();
    let request = Request::json(Url::parse(URL).unwrap(), BODY);
    let mut memory = Memory::default();
    let trust = Trust::anchors(&anchors);
    let mut exchange =
        Exchange::new(&request, trust, now(), memory.buffers(), &mut getrandom::SysRng).unwrap();
    drive(&mut exchange, &mut Rustls::new(&chain, Answer::with(OK)), Pace::default()).unwrap();
    exchange.send_failed(ErrorKind::ConnectionReset);
    exchange.receive_failed(ErrorKind::ConnectionReset);
    assert!(matches!(exchange.next(), Ok(Action::Done)));
    assert_eq!(exchange.finish().unwrap().body(), b"ok");
}
