//! Who shares a processor with a POST gets a turn after each public-key operation.

use std::cell::Cell;
use std::convert::Infallible;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use picopost::{
    Buffers, ConnectError, Device, Observer, Request, SignatureMemo, Stage, Trust, Url, asynch, embedded_io,
    embedded_io_async,
};
use picopost_testkit::chains::{Chain, shapes};
use support::{Answer, Memory, OK, Rustls, Server, URL, now};

mod support;

/// A server, and a stream to it that never waits.
struct Ready {
    server: Rustls,
    incoming: Vec<u8>,
}

impl asynch::Connect for Ready {
    type Stream<'s> = &'s mut Self;

    async fn connect(&mut self, _: &str, _: u16) -> Result<&mut Self, ConnectError> {
        Ok(self)
    }
}

impl embedded_io::ErrorType for Ready {
    type Error = Infallible;
}

impl embedded_io_async::Read for Ready {
    async fn read(&mut self, space: &mut [u8]) -> Result<usize, Infallible> {
        self.incoming.extend(self.server.outgoing());
        let count = space.len().min(self.incoming.len());
        space[..count].copy_from_slice(&self.incoming[..count]);
        self.incoming.drain(..count);
        Ok(count)
    }
}

impl embedded_io_async::Write for Ready {
    async fn write(&mut self, octets: &[u8]) -> Result<usize, Infallible> {
        self.server.feed(octets);
        Ok(octets.len())
    }

    async fn flush(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}

/// Counts the public-key operations since the last poll.
struct Computed<'c>(&'c Cell<usize>);

impl Observer for Computed<'_> {
    fn computed(&mut self, _: Stage) {
        self.0.set(self.0.get() + 1);
    }
}

/// One POST: how many operations it took, never two in one poll.
fn post(chain: &Chain, memo: Option<&mut SignatureMemo>) -> usize {
    let anchors = chain.anchors();
    let request = Request::json(Url::parse(URL).unwrap(), b"{}");
    let mut memory = Memory::default();
    let buffers = Buffers { memo, ..memory.buffers() };
    let mut connector = Ready { server: Rustls::new(chain, Answer::with(OK)), incoming: Vec::new() };
    let device = Device { connector: &mut connector, clock: &now(), entropy: &mut getrandom::SysRng };
    let (count, mut total) = (Cell::new(0), 0);
    let mut observer = Computed(&count);
    let mut post = pin!(asynch::post(&request, Trust::anchors(&anchors), buffers, device, &mut observer));
    loop {
        let poll = post.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        let computed = count.take();
        assert!(computed <= 1, "{computed} operations in one poll");
        total += computed;
        if let Poll::Ready(outcome) = poll {
            outcome.unwrap().success().unwrap();
            return total;
        }
    }
}

#[test]
fn a_poll_does_one_public_key_operation_at_most() {
    // The key pair, the shared secret, two signatures in certificates, and that of the handshake.
    assert_eq!(post(&shapes::gts(), None), 5);
}

#[test]
fn a_memo_spares_the_second_post_the_signatures_in_certificates() {
    let chain = shapes::gts();
    let mut memo = SignatureMemo::new();
    assert_eq!(post(&chain, Some(&mut memo)), 5);
    let mut memo = SignatureMemo::import(&memo.export()).unwrap();
    assert_eq!(post(&chain, Some(&mut memo)), 3);
    // Another server of another issuer.
    assert_eq!(post(&shapes::direct(), Some(&mut memo)), 4);
}
