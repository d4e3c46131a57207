//! A network in memory of one server, and a POST over it by either driver.

use std::cell::RefCell;
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use picopost::embedded_io::{self, ErrorKind};
use picopost::{
    Clock, ConnectError, Device, Error, Observer, Octets, Request, Response, Security, Stage, Summary, Trust,
    Url, asynch, blocking, embedded_io_async,
};

use crate::support::{Memory, Rustls, Server, URL};

/// A network of one server, or of none.
#[derive(Clone)]
pub(crate) struct Network {
    pub(crate) server: Rc<RefCell<Rustls>>,
    pub(crate) refuse: Option<ConnectError>,
    /// After so many writes, writing fails.
    pub(crate) writes: usize,
    /// How it fails: `None` takes no octets and says that all is well, which no stream should.
    pub(crate) broken: Option<ErrorKind>,
    pub(crate) calls: Rc<RefCell<Vec<String>>>,
}

impl Network {
    pub(crate) fn new(server: Rustls) -> Self {
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
pub(crate) struct Stream {
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
pub(crate) struct Lazy(Stream);

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
pub(crate) struct Log {
    pub(crate) stages: Vec<(Stage, Octets)>,
    pub(crate) computed: Vec<Stage>,
    pub(crate) end: Option<Octets>,
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
pub(crate) struct Outcome {
    pub(crate) result: Result<(u16, Vec<u8>), Error>,
    pub(crate) log: Log,
}

/// Runs a POST through both drivers, over a network made anew for each, and checks the outcomes.
pub(crate) fn through_both(
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
pub(crate) fn through_one(
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

pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return output;
        }
    }
}
