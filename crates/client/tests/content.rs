//! Content that is produced while it is sent, held back, and taken as it comes.

use picopost::embedded_io::ErrorKind;
use picopost::http::{self, End, Head};
use picopost::{
    Action, Error, Exchange, FieldValue, Request, Sink, SinkRefused, Source, SourceFailed, Stage, StatusCode,
    Trust, Url,
};
use picopost_testkit::chains::shapes;
use support::{After, Answer, Memory, OK, Pace, Rustls, Server, URL, drive, now};

mod support;

/// So many octets, all different from their neighbours, of as many as were promised.
struct Counting {
    promised: usize,
    has: usize,
}

impl Source for Counting {
    fn length(&self) -> usize {
        self.promised
    }

    fn read(&self, position: usize, space: &mut [u8]) -> Result<usize, SourceFailed> {
        let octets = (0..=250).cycle().take(self.has).skip(position);
        Ok(space.iter_mut().zip(octets).map(|(to, from)| *to = from).count())
    }
}

/// Keeps what it gets, up to a limit.
struct Collecting {
    content: Vec<u8>,
    statuses: Vec<u16>,
    limit: usize,
}

impl Collecting {
    const fn new(limit: usize) -> Self {
        Self { content: Vec::new(), statuses: Vec::new(), limit }
    }
}

impl Sink for Collecting {
    fn take(&mut self, head: Head<'_>, content: &[u8]) -> Result<(), SinkRefused> {
        assert!(!content.is_empty());
        if self.content.len() + content.len() > self.limit {
            return Err(SinkRefused);
        }
        self.statuses.push(head.status().0);
        self.content.extend_from_slice(content);
        Ok(())
    }
}

/// What came of an exchange.
struct Outcome {
    result: Result<(u16, Vec<u8>), Error>,
    is_request_written: bool,
    server: Rustls,
}

fn exchange(request: &Request<'_>, answer: Answer, pace: Pace, sink: Option<&mut Collecting>) -> Outcome {
    let chain = shapes::gts();
    let anchors = chain.anchors();
    let mut memory = Memory::new(4096, 1024, 256);
    let trust = Trust::anchors(&anchors);
    let mut exchange =
        Exchange::new(request, trust, now(), memory.buffers(), &mut getrandom::SysRng).unwrap();
    if let Some(sink) = sink {
        exchange = exchange.with_sink(sink);
    }
    let mut server = Rustls::new(&chain, answer);
    let driven = drive(&mut exchange, &mut server, pace);
    assert_eq!(exchange.head().map(|head| head.status()), exchange.status());
    let is_request_written = exchange.is_request_written();
    let result = exchange.finish().map(|response| (response.status().0, response.body().to_vec()));
    assert_eq!(driven.err(), result.as_ref().err().copied());
    Outcome { result, is_request_written, server }
}

fn url() -> Url<'static> {
    Url::parse(URL).unwrap()
}

#[test]
fn content_comes_from_a_source_while_it_is_sent() {
    for length in [0, 1, 1000, 70_000] {
        let source = Counting { promised: length, has: length };
        let request = Request::stream(url(), FieldValue::JSON, &source);
        let outcome = exchange(&request, Answer::with(OK), Pace::default(), None);
        assert_eq!(outcome.result, Ok((200, b"ok".to_vec())));
        let expected: Vec<u8> = (0..=250).cycle().take(length).collect();
        assert_eq!(outcome.server.body(), Some(expected.as_slice()));
        assert!(outcome.is_request_written);
    }
}

#[test]
fn a_source_that_breaks_its_promise_ends_the_connection_before_the_request_is_whole() {
    for (promised, has) in [(5000, 4999), (5000, 0), (5000, 5001), (100, 101), (100, 99), (0, 1)] {
        let source = Counting { promised, has };
        let request = Request::stream(url(), FieldValue::JSON, &source);
        let outcome = exchange(&request, Answer::with(OK), Pace::default(), None);
        let error = outcome.result.unwrap_err();
        let expected = match has < promised {
            true => http::Error::ContentTooShort { promised, given: has },
            false => http::Error::ContentTooLong { promised },
        };
        assert_eq!((error, error.stage()), (Error::Http(expected), Stage::Request));
        assert_eq!(outcome.server.body(), None, "{promised} promised, {has} there");
        assert!(outcome.server.saw_close_notify, "the server is told that nothing more comes");
        assert!(!outcome.is_request_written);
    }
}

#[test]
fn held_back_content_is_sent_when_the_server_asks_for_it() {
    let request = Request::json(url(), b"{}").with_expect_continue();
    let answer = Answer { with_continue: true, ..Answer::with(OK) };
    let outcome = exchange(&request, answer, Pace::default(), None);
    assert_eq!(outcome.result, Ok((200, b"ok".to_vec())));
    assert_eq!(outcome.server.body(), Some(b"{}".as_slice()));
    assert!(String::from_utf8_lossy(&outcome.server.request).contains("\r\nExpect: 100-continue\r\n"));
}

#[test]
fn held_back_content_is_never_sent_to_a_server_that_refuses_the_head() {
    let body = "no".repeat(100);
    for status in ["401 Unauthorized", "417 Expectation Failed", "308 Permanent Redirect"] {
        // In one record, and in several: the head is there before the body is.
        for record in [1024, 64] {
            let request = Request::json(url(), b"{}").with_expect_continue();
            let response = format!("HTTP/1.1 {status}\r\nContent-Length: 200\r\n\r\n{body}");
            let answer =
                Answer { after: After::Head, record: Some(record), ..Answer::with(response.as_bytes()) };
            let outcome = exchange(&request, answer, Pace::default(), None);
            assert_eq!(outcome.result.map(|(_, body)| body), Ok(body.clone().into_bytes()));
            assert_eq!(outcome.server.content(), b"", "{status}");
            assert!(outcome.server.saw_close_notify);
            assert!(!outcome.is_request_written);
        }
    }
}

#[test]
fn a_success_without_a_continue_is_none_without_the_content() {
    let request = Request::json(url(), b"{}").with_expect_continue();
    for pace in [Pace::default(), Pace { receive: 1, ..Pace::default() }] {
        let answer = Answer { after: After::Head, ..Answer::with(OK) };
        let outcome = exchange(&request, answer, pace, None);
        assert_eq!(outcome.result, Ok((200, b"ok".to_vec())));
        assert_eq!(outcome.server.body(), Some(b"{}".as_slice()));
        assert!(outcome.is_request_written);
    }
}

/// Drives until nobody has anything to say, and returns whether the exchange is done.
fn drive_until_silence(exchange: &mut Exchange<'_>, server: &mut Rustls) -> bool {
    loop {
        match exchange.next().unwrap() {
            Action::Worked | Action::Computed => {}
            Action::Done => return true,
            Action::Send(octets) => {
                server.feed(octets);
                let count = octets.len();
                exchange.sent(count);
            }
            Action::Receive(space) => {
                let octets = server.outgoing();
                if octets.is_empty() {
                    return false;
                }
                space[..octets.len()].copy_from_slice(&octets);
                exchange.received(octets.len());
            }
        }
    }
}

#[test]
fn held_back_content_does_not_wait_for_ever() {
    let chain = shapes::gts();
    let anchors = chain.anchors();
    let request = Request::json(url(), b"{}").with_expect_continue();
    // By the transport's own time limit, and by a driver that measures time.
    let by_transport: fn(&mut Exchange<'_>) = |exchange| exchange.receive_failed(ErrorKind::TimedOut);
    for give_up in [by_transport, |exchange| exchange.proceed()] {
        let mut memory = Memory::new(8192, 1024, 256);
        let trust = Trust::anchors(&anchors);
        let mut exchange =
            Exchange::new(&request, trust, now(), memory.buffers(), &mut getrandom::SysRng).unwrap();
        // It knows no expectations, and waits for the content.
        let mut server = Rustls::new(&chain, Answer::with(OK));
        assert!(!exchange.is_waiting());
        assert!(!drive_until_silence(&mut exchange, &mut server));
        assert!(exchange.is_waiting());
        assert_eq!(server.content(), b"");
        give_up(&mut exchange);
        assert!(!exchange.is_waiting());
        assert!(drive_until_silence(&mut exchange, &mut server));
        assert_eq!(server.body(), Some(b"{}".as_slice()));
        assert_eq!(exchange.finish().unwrap().body(), b"ok");
    }
}

#[test]
fn only_a_time_limit_lets_held_back_content_go_and_only_once() {
    let chain = shapes::gts();
    let anchors = chain.anchors();
    let request = Request::json(url(), b"{}").with_expect_continue();
    for (kinds, code) in
        [(&[ErrorKind::ConnectionReset][..], 2144), (&[ErrorKind::TimedOut, ErrorKind::TimedOut], 2151)]
    {
        let mut memory = Memory::new(8192, 1024, 256);
        let trust = Trust::anchors(&anchors);
        let mut exchange =
            Exchange::new(&request, trust, now(), memory.buffers(), &mut getrandom::SysRng).unwrap();
        let answer = Answer { after: After::Octets(10_000), ..Answer::with(OK) };
        let mut server = Rustls::new(&chain, answer);
        for kind in kinds {
            assert!(!drive_until_silence(&mut exchange, &mut server));
            exchange.receive_failed(*kind);
        }
        assert_eq!(exchange.next().err().map(|error| error.code()), Some(code));
    }
}

#[test]
fn content_goes_to_a_sink_as_it_comes() {
    let body: Vec<u8> = (0..=250).cycle().take(70_000).collect();
    let with_length = [b"HTTP/1.1 200 OK\r\nContent-Length: 70000\r\n\r\n".as_slice(), &body].concat();
    let chunked = [
        b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n11170\r\n".as_slice(),
        &body,
        b"\r\n0\r\nA: b\r\n\r\n",
    ]
    .concat();
    let until_close = [b"HTTP/1.1 200 OK\r\n\r\n".as_slice(), &body].concat();
    for (response, status) in [(&with_length, 200), (&chunked, 201), (&until_close, 200)] {
        let mut sink = Collecting::new(usize::MAX);
        let request = Request::json(url(), b"{}");
        let outcome = exchange(&request, Answer::with(response), Pace::default(), Some(&mut sink));
        assert_eq!(outcome.result, Ok((status, Vec::new())), "nothing but the head is kept");
        assert!(sink.content == body);
        assert!(sink.statuses.iter().all(|found| *found == status));
    }
}

#[test]
fn the_end_of_streamed_content_is_told_from_a_cut() {
    let responses: [(&[u8], Option<u64>); 3] = [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n01234", Some(10)),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n01234\r\n", None),
        (b"HTTP/1.1 200 OK\r\n\r\n01234", None),
    ];
    for (response, expected) in responses {
        let mut sink = Collecting::new(usize::MAX);
        let request = Request::json(url(), b"{}");
        let answer = Answer { close_notify: false, ..Answer::with(response) };
        let outcome = exchange(&request, answer, Pace::default(), Some(&mut sink));
        let error = http::Error::BodyTruncated { received: 5, expected, end: End::Truncated };
        assert_eq!(outcome.result, Err(Error::Http(error)));
        assert_eq!(sink.content, b"01234");
    }
}

#[test]
fn a_sink_gets_nothing_of_an_answer_that_says_no() {
    let response = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 4\r\n\r\nnope";
    let mut sink = Collecting::new(usize::MAX);
    let request = Request::json(url(), b"{}");
    let outcome = exchange(&request, Answer::with(response), Pace::default(), Some(&mut sink));
    assert_eq!(outcome.result, Ok((403, b"nope".to_vec())));
    assert_eq!(sink.content, b"");
    // Kept in the buffer, it must fit there.
    let response = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 400\r\n\r\nnope";
    let outcome = exchange(&request, Answer::with(response), Pace::default(), Some(&mut sink));
    let error = http::Error::BodyTooLarge { size: 400, capacity: 256 - 47 };
    assert_eq!(outcome.result, Err(Error::Http(error)));
}

#[test]
fn a_sink_may_refuse_more() {
    let body = vec![b'x'; 5000];
    let response = [b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n".as_slice(), &body].concat();
    let mut sink = Collecting::new(2000);
    let request = Request::json(url(), b"{}");
    let outcome = exchange(&request, Answer::with(&response), Pace::default(), Some(&mut sink));
    let error = outcome.result.unwrap_err();
    let taken = u64::try_from(sink.content.len()).unwrap();
    assert!((1..=2000).contains(&taken));
    assert_eq!(error, Error::Http(http::Error::ContentRefused { taken }));
    assert_eq!((error.stage(), error.code()), (Stage::Body, 4209));
    assert!(outcome.server.saw_close_notify);
}

#[test]
fn the_head_is_there_before_the_body_is() {
    let chain = shapes::gts();
    let anchors = chain.anchors();
    let request = Request::json(url(), b"{}");
    let mut memory = Memory::new(8192, 1024, 256);
    let trust = Trust::anchors(&anchors);
    let mut exchange =
        Exchange::new(&request, trust, now(), memory.buffers(), &mut getrandom::SysRng).unwrap();
    let response = b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 7\r\nContent-Length: 9\r\n\r\nwait";
    let answer = Answer { close_notify: false, ..Answer::with(response) };
    let mut server = Rustls::new(&chain, answer);
    assert!(exchange.head().is_none());
    assert!(!drive_until_silence(&mut exchange, &mut server));
    let head = exchange.head().unwrap();
    assert_eq!((head.status(), head.header("retry-after")), (StatusCode(429), Some(b"7".as_slice())));
}
