//! Streams that hold back what is written until they are flushed, through both drivers.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use picopost::embedded_io::{self, ErrorKind};
use picopost::{Direction, Error, Exchange, Request, Trust, Url, asynch, blocking, embedded_io_async};
use picopost_testkit::chains::shapes;
use support::{Answer, Memory, OK, Rustls, Server, URL, now};

mod support;

struct Stream {
    server: Rustls,
    incoming: Vec<u8>,
    unsent: Vec<u8>,
    flushes: usize,
    /// From this flush on, flushing fails.
    last_flush: usize,
}

impl Stream {
    fn take(&mut self, octets: &[u8]) -> usize {
        self.unsent.extend_from_slice(octets);
        octets.len()
    }

    /// Every other flush is interrupted before it has done anything.
    fn flush_now(&mut self) -> Result<(), ErrorKind> {
        self.flushes += 1;
        if self.flushes > self.last_flush {
            return Err(ErrorKind::BrokenPipe);
        }
        if !self.flushes.is_multiple_of(2) {
            return Err(ErrorKind::Interrupted);
        }
        self.server.feed(&std::mem::take(&mut self.unsent));
        Ok(())
    }

    fn give(&mut self, space: &mut [u8]) -> Result<usize, ErrorKind> {
        self.incoming.extend(self.server.outgoing());
        let count = space.len().min(self.incoming.len());
        if count == 0 && !self.server.has_ended() {
            return Err(ErrorKind::TimedOut);
        }
        space[..count].copy_from_slice(&self.incoming[..count]);
        self.incoming.drain(..count);
        Ok(count)
    }
}

impl embedded_io::ErrorType for Stream {
    type Error = ErrorKind;
}

impl embedded_io::Read for Stream {
    fn read(&mut self, space: &mut [u8]) -> Result<usize, ErrorKind> {
        self.give(space)
    }
}

impl embedded_io::Write for Stream {
    fn write(&mut self, octets: &[u8]) -> Result<usize, ErrorKind> {
        Ok(self.take(octets))
    }

    fn flush(&mut self) -> Result<(), ErrorKind> {
        self.flush_now()
    }
}

impl embedded_io_async::Read for Stream {
    async fn read(&mut self, space: &mut [u8]) -> Result<usize, ErrorKind> {
        self.give(space)
    }
}

impl embedded_io_async::Write for Stream {
    async fn write(&mut self, octets: &[u8]) -> Result<usize, ErrorKind> {
        Ok(self.take(octets))
    }

    async fn flush(&mut self) -> Result<(), ErrorKind> {
        self.flush_now()
    }
}

fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return output;
        }
    }
}

/// A POST through each driver, over a stream whose flushes fail behind this one.
fn through_both(last_flush: usize) -> [Result<Vec<u8>, Error>; 2] {
    let chain = shapes::gts();
    let anchors = chain.anchors();
    let request = Request::json(Url::parse(URL).unwrap(), b"{}");
    [false, true].map(|is_async| {
        let mut memory = Memory::default();
        let trust = Trust::anchors(&anchors);
        let mut exchange =
            Exchange::new(&request, trust, now(), memory.buffers(), &mut getrandom::SysRng).unwrap();
        let server = Rustls::new(&chain, Answer::with(OK));
        let mut stream = Stream { server, incoming: Vec::new(), unsent: Vec::new(), flushes: 0, last_flush };
        let driven = if is_async {
            block_on(asynch::run(&mut exchange, &mut stream, &mut ()))
        } else {
            blocking::run(&mut exchange, &mut stream, &mut ())
        };
        assert_eq!(stream.server.saw_close_notify, driven.is_ok(), "the farewell is flushed too");
        driven.and_then(|()| exchange.finish()).map(|response| response.body().to_vec())
    })
}

#[test]
fn an_interrupted_flush_is_repeated_before_anything_is_waited_for() {
    for result in through_both(usize::MAX) {
        assert_eq!(result, Ok(b"ok".to_vec()));
    }
}

#[test]
fn a_flush_that_fails_is_a_failure_to_send() {
    // In the ClientHello's, and in the request's.
    for last_flush in [0, 2] {
        for result in through_both(last_flush) {
            let error = result.unwrap_err();
            assert!(
                matches!(
                    error,
                    Error::Transport { direction: Direction::Send, kind: ErrorKind::BrokenPipe, .. }
                ),
                "{last_flush}: {error:?}"
            );
        }
    }
}
