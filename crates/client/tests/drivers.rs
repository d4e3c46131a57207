//! The two drivers over streams in memory: what they send, whom they tell, how they fail.

use std::cell::RefCell;
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use picopost::embedded_io::{self, ErrorKind};
use picopost::{
    Clock, ClockError, ConnectError, Device, Direction, Error, Observer, Octets, Request, Response, Security,
    Stage, Summary, Trust, UnixTime, Url, asynch, blocking, embedded_io_async,
};
use picopost_testkit::chains::{faulty, shapes};
use support::{After, Answer, Memory, OK, Rustls, Server, URL, assert_says, now};

mod support;

/// A network of one server, or of none.
#[derive(Clone)]
struct Network {
    server: Rc<RefCell<Rustls>>,
    refuse: Option<ConnectError>,
    /// After so many writes, writing fails.
    writes: usize,
    /// How it fails: `None` takes no octets and says that all is well, which no stream should.
    broken: Option<ErrorKind>,
    calls: Rc<RefCell<Vec<String>>>,
}

impl Network {
    fn new(server: Rustls) -> Self {
        let server = Rc::new(RefCell::new(server));
        let broken = Some(ErrorKind::BrokenPipe);
        Self { server, refuse: None, writes: usize::MAX, broken, calls: Rc::default() }
    }

    fn open(&self, host: &str, port: u16) -> Result<Stream, ConnectError> {
        self.calls.borrow_mut().push(format!("{host} {port}"));
        match self.refuse {
            Some(error) => Err(error),
            None => Ok(Stream {
                network: self.clone(),
                incoming: Vec::new(),
                unsent: Vec::new(),
                turn: 0,
                writes: 0,
            }),
        }
    }
}

/// A stream that holds back what is written until it is flushed, is interrupted now and then, and
/// fails to read with a time-out where the server has nothing to say.
struct Stream {
    network: Network,
    incoming: Vec<u8>,
    unsent: Vec<u8>,
    turn: usize,
    writes: usize,
}

impl Stream {
    fn is_interrupted(&mut self) -> bool {
        self.turn += 1;
        self.turn.is_multiple_of(3)
    }

    fn write_now(&mut self, octets: &[u8]) -> Result<usize, ErrorKind> {
        if self.is_interrupted() {
            return Err(ErrorKind::Interrupted);
        }
        self.writes += 1;
        if self.writes > self.network.writes {
            return self.network.broken.map_or(Ok(0), Err);
        }
        let count = octets.len().min(100);
        self.unsent.extend_from_slice(&octets[..count]);
        Ok(count)
    }

    fn read_now(&mut self, space: &mut [u8]) -> Result<usize, ErrorKind> {
        if self.is_interrupted() {
            return Err(ErrorKind::Interrupted);
        }
        let mut server = self.network.server.borrow_mut();
        self.incoming.extend(server.outgoing());
        let count = space.len().min(self.incoming.len());
        if count == 0 && !server.has_ended() {
            return Err(ErrorKind::TimedOut);
        }
        space[..count].copy_from_slice(&self.incoming[..count]);
        self.incoming.drain(..count);
        Ok(count)
    }

    fn flush_now(&mut self) {
        self.network.server.borrow_mut().feed(&std::mem::take(&mut self.unsent));
    }
}

impl embedded_io::ErrorType for Stream {
    type Error = ErrorKind;
}

impl embedded_io::Read for Stream {
    fn read(&mut self, space: &mut [u8]) -> Result<usize, ErrorKind> {
        self.read_now(space)
    }
}

impl embedded_io::Write for Stream {
    fn write(&mut self, octets: &[u8]) -> Result<usize, ErrorKind> {
        self.write_now(octets)
    }

    fn flush(&mut self) -> Result<(), ErrorKind> {
        self.flush_now();
        Ok(())
    }
}

/// The same stream, which is never ready at first.
struct Lazy(Stream);

async fn pending_once() {
    let mut has_waited = false;
    std::future::poll_fn(|_| {
        if std::mem::replace(&mut has_waited, true) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

impl embedded_io::ErrorType for Lazy {
    type Error = ErrorKind;
}

impl embedded_io_async::Read for Lazy {
    async fn read(&mut self, space: &mut [u8]) -> Result<usize, ErrorKind> {
        pending_once().await;
        self.0.read_now(space)
    }
}

impl embedded_io_async::Write for Lazy {
    async fn write(&mut self, octets: &[u8]) -> Result<usize, ErrorKind> {
        pending_once().await;
        self.0.write_now(octets)
    }

    async fn flush(&mut self) -> Result<(), ErrorKind> {
        self.0.flush_now();
        Ok(())
    }
}

impl blocking::Connect for Network {
    type Stream<'s> = Stream;

    fn connect(&mut self, host: &str, port: u16) -> Result<Stream, ConnectError> {
        self.open(host, port)
    }
}

impl asynch::Connect for Network {
    type Stream<'s> = Lazy;

    async fn connect(&mut self, host: &str, port: u16) -> Result<Lazy, ConnectError> {
        pending_once().await;
        self.open(host, port).map(Lazy)
    }
}

/// What an observer is told.
#[derive(Default)]
struct Log {
    stages: Vec<(Stage, Octets)>,
    computed: Vec<Stage>,
    end: Option<Octets>,
}

impl Observer for Log {
    fn reached(&mut self, stage: Stage, octets: Octets) {
        self.stages.push((stage, octets));
    }

    fn computed(&mut self, stage: Stage) {
        self.computed.push(stage);
    }

    fn ended(&mut self, summary: &Summary) {
        assert!(self.end.replace(summary.octets).is_none());
    }
}

/// What came of a POST through one of the drivers.
struct Outcome {
    result: Result<(u16, Vec<u8>), Error>,
    log: Log,
}

/// Runs a POST through both drivers, over a network made anew for each, and checks the outcomes.
fn through_both(
    network: impl Fn() -> Network,
    trust: Trust<'_>,
    clock: &impl Clock,
    check: impl Fn(&Outcome, &Network),
) {
    for is_async in [false, true] {
        through_one(is_async, &network, trust.into(), clock, &check);
    }
}

/// Runs a POST through the async driver, or the blocking one.
fn through_one(
    is_async: bool,
    network: impl Fn() -> Network,
    security: Security<'_>,
    clock: &impl Clock,
    check: impl Fn(&Outcome, &Network),
) {
    let body = vec![b'x'; 3000];
    let request = Request::json(Url::parse(URL).unwrap(), &body);
    let finish = |result: Result<Response<'_>, Error>, log: Log| Outcome {
        result: result.map(|response| (response.status().0, response.body().to_vec())),
        log,
    };
    let (mut memory, mut log, mut connector) = (Memory::default(), Log::default(), network());
    let device = Device { connector: &mut connector, clock, entropy: &mut getrandom::SysRng };
    let result = if is_async {
        block_on(asynch::post(&request, security, memory.buffers(), device, &mut log))
    } else {
        blocking::post(&request, security, memory.buffers(), device, &mut log)
    };
    check(&finish(result, log), &connector);
}

fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return output;
        }
    }
}

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

/// The server asks for a certificate, and answers whom it knows alone.
#[cfg(feature = "client-auth")]
mod identity {
    use picopost::tls::{self, AlertDescription};
    use picopost::{ClientIdentity, P256Signer, Signature, Signer, SigningFailed};
    use picopost_testkit::chains::{Chain, clients};

    use super::*;

    /// A POST through each driver, as a client with these certificates and this key, to a server that
    /// takes those of `clients::good`.
    fn post_as(client: Option<(&Chain, &dyn Signer)>, check: impl Fn(&Outcome, &Network)) {
        let chain = shapes::gts();
        let anchors = chain.anchors();
        let config = Rustls::requiring(&chain, &clients::good(), &Answer::with(OK));
        let network = || Network::new(Rustls::with_config(config.clone(), Answer::with(OK)));
        let identity = client.map(|(chain, signer)| ClientIdentity::new(&chain.certificates, signer));
        for is_async in [false, true] {
            let mut security = Security::from(Trust::anchors(&anchors));
            if let Some(identity) = identity {
                security = security.with_identity(identity);
            }
            through_one(is_async, network, security, &now(), &check);
        }
    }

    fn signer(chain: &Chain) -> P256Signer {
        P256Signer::from_der(chain.key.der()).unwrap()
    }

    #[test]
    fn a_certificate_that_the_server_knows() {
        let chain = clients::good();
        post_as(Some((&chain, &signer(&chain))), |outcome, network| {
            assert_eq!(outcome.result, Ok((200, b"ok".to_vec())));
            let seen = network.server.borrow().client_certificates();
            let sent: Vec<_> = chain.certificates.iter().map(|certificate| certificate.to_vec()).collect();
            assert_eq!(seen, sent);
            // Signing is the last of the computations.
            assert_eq!(outcome.log.computed.last(), Some(&Stage::Finished));
        });
    }

    fn refused(client: Option<(&Chain, &dyn Signer)>, alert: AlertDescription, sentence: &str) {
        let sent = client.is_some();
        post_as(client, |outcome, network| {
            let error = outcome.result.as_ref().unwrap_err();
            let verdict = tls::Error::ClientCertificateRefused { alert, sent };
            // It comes when the client's part is done: the request is on its way already.
            assert_eq!(*error, Error::Tls { stage: Stage::Head, error: verdict });
            assert_says(error, sentence);
            assert!(network.server.borrow().request.is_empty(), "the server read nothing of the request");
        });
    }

    #[test]
    fn a_verdict_is_the_error() {
        let stranger = clients::stranger();
        refused(
            Some((&stranger, &signer(&stranger))),
            AlertDescription::UNKNOWN_CA,
            "the server refused the client's certificate (unknown_ca)",
        );
        refused(
            None,
            AlertDescription::CERTIFICATE_REQUIRED,
            "the server wants a client certificate, and was sent none (certificate_required)",
        );
    }

    #[test]
    fn a_signer_that_fails() {
        struct Fails;
        impl Signer for Fails {
            fn sign(&self, _digest: &[u8; 32]) -> Result<Signature, SigningFailed> {
                Err(SigningFailed(3))
            }
        }
        post_as(Some((&clients::good(), &Fails)), |outcome, network| {
            let error = outcome.result.as_ref().unwrap_err();
            assert_eq!((error.code(), error.stage()), (1023, Stage::Finished));
            assert_says(error, "the signer of the client's certificate failed: its error 3");
            let told = network.server.borrow().error.clone();
            let alert = rustls::Error::AlertReceived(rustls::AlertDescription::InternalError);
            assert_eq!(told, Some(alert), "the server is told");
        });
    }

    #[test]
    fn a_certificate_that_cannot_be_used_ends_it_before_anything_is_sent() {
        let chain = clients::rsa();
        post_as(Some((&chain, &signer(&clients::good()))), |outcome, network| {
            let error = outcome.result.as_ref().unwrap_err();
            assert_eq!((error.code(), error.stage()), (1020, Stage::Setup));
            assert_says(error, "the client's certificate is none of a P-256 key that may sign");
            assert!(network.calls.borrow().is_empty());
        });
    }
}
