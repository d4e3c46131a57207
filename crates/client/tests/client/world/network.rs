//! The network of a [`World`] as the two clients have it, and its time.

use std::net::SocketAddr;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

use picopost::embedded_io::{self, ErrorKind};
use picopost::{
    Addresses, Clock, UnixTime, asynch, blocking, embedded_hal, embedded_hal_async, embedded_io_async,
    rand_core,
};

use super::{Step, World};

/// The client's end of the socket.
#[derive(Clone)]
pub(crate) struct Network {
    world: Rc<World>,
    limit: u64,
}

impl Network {
    pub(crate) fn new(world: &Rc<World>) -> Self {
        Self { world: world.clone(), limit: 0 }
    }

    fn block<T>(&self, mut operation: impl FnMut(&World) -> Step<T>) -> Result<T, ErrorKind> {
        let until = self.world.now.get() + self.limit;
        loop {
            match operation(&self.world) {
                Step::Done(outcome) => return outcome,
                Step::At(at) if at < until => self.world.now.set(at),
                Step::At(_) | Step::Never => {
                    self.world.now.set(until);
                    return Err(ErrorKind::TimedOut);
                }
            }
        }
    }

    async fn wait<T>(&self, mut operation: impl FnMut(&World) -> Step<T>) -> Result<T, ErrorKind> {
        std::future::poll_fn(|_| match operation(&self.world) {
            Step::Done(outcome) => Poll::Ready(outcome),
            Step::At(at) => {
                self.world.wake.borrow_mut().push(at);
                Poll::Pending
            }
            Step::Never => Poll::Pending,
        })
        .await
    }

    /// An operation that is asked for once, though it is polled often.
    async fn once<T>(&self, operation: impl FnOnce(&World) -> Step<T>) -> Result<T, ErrorKind> {
        match operation(&self.world) {
            Step::Done(outcome) => outcome,
            Step::At(_) | Step::Never => std::future::pending().await,
        }
    }
}

impl embedded_io::ErrorType for Network {
    type Error = ErrorKind;
}

impl embedded_io::ReadReady for Network {
    fn read_ready(&mut self) -> Result<bool, ErrorKind> {
        self.world.read_ready()
    }
}

impl embedded_io::Read for Network {
    fn read(&mut self, space: &mut [u8]) -> Result<usize, ErrorKind> {
        self.block(|world| world.read(space))
    }
}

impl embedded_io::Write for Network {
    fn write(&mut self, octets: &[u8]) -> Result<usize, ErrorKind> {
        self.block(|world| world.write(octets))
    }

    fn flush(&mut self) -> Result<(), ErrorKind> {
        self.block(World::flush)
    }
}

impl blocking::Transport for Network {
    fn set_limit(&mut self, limit: Duration) {
        assert!(!limit.is_zero());
        self.limit = limit.as_millis().try_into().unwrap();
    }

    fn resolve(&mut self, host: &str) -> Result<Addresses, ErrorKind> {
        self.block(|world| world.resolve(host))
    }

    fn connect(&mut self, address: SocketAddr) -> Result<(), ErrorKind> {
        self.block(|world| world.connect(address))
    }

    fn disconnect(&mut self) {
        self.world.disconnect();
    }

    fn datagram(&mut self, to: SocketAddr, request: &[u8], answer: &mut [u8]) -> Result<usize, ErrorKind> {
        self.block(|world| world.datagram(to, request, answer))
    }
}

/// The same, for the async client.
#[derive(Clone)]
pub(crate) struct Lazy(pub(crate) Network);

impl embedded_io::ErrorType for Lazy {
    type Error = ErrorKind;
}

impl embedded_io::ReadReady for Lazy {
    fn read_ready(&mut self) -> Result<bool, ErrorKind> {
        self.0.world.read_ready()
    }
}

impl embedded_io_async::Read for Lazy {
    async fn read(&mut self, space: &mut [u8]) -> Result<usize, ErrorKind> {
        self.0.wait(|world| world.read(space)).await
    }
}

impl embedded_io_async::Write for Lazy {
    async fn write(&mut self, octets: &[u8]) -> Result<usize, ErrorKind> {
        self.0.wait(|world| world.write(octets)).await
    }

    async fn flush(&mut self) -> Result<(), ErrorKind> {
        self.0.wait(World::flush).await
    }
}

impl asynch::Transport for Lazy {
    async fn resolve(&mut self, host: &str) -> Result<Addresses, ErrorKind> {
        self.0.once(|world| world.resolve(host)).await
    }

    async fn connect(&mut self, address: SocketAddr) -> Result<(), ErrorKind> {
        self.0.once(|world| world.connect(address)).await
    }

    fn disconnect(&mut self) {
        self.0.world.disconnect();
    }

    async fn datagram(
        &mut self,
        to: SocketAddr,
        request: &[u8],
        answer: &mut [u8],
    ) -> Result<usize, ErrorKind> {
        self.0.once(|world| world.datagram(to, request, answer)).await
    }
}

/// Time that goes by when somebody waits for it.
#[derive(Clone)]
pub(crate) struct Time(pub(crate) Rc<World>);

impl embedded_hal::delay::DelayNs for Time {
    fn delay_ns(&mut self, nanoseconds: u32) {
        self.0.now.set(self.0.now.get() + u64::from(nanoseconds).div_ceil(1_000_000));
    }

    fn delay_ms(&mut self, milliseconds: u32) {
        self.0.now.set(self.0.now.get() + u64::from(milliseconds));
    }
}

impl embedded_hal_async::delay::DelayNs for Time {
    async fn delay_ns(&mut self, nanoseconds: u32) {
        self.delay_ms(nanoseconds.div_ceil(1_000_000)).await;
    }

    async fn delay_ms(&mut self, milliseconds: u32) {
        let until = self.0.now.get() + u64::from(milliseconds);
        std::future::poll_fn(|_| {
            if self.0.now.get() >= until {
                return Poll::Ready(());
            }
            self.0.wake.borrow_mut().push(until);
            Poll::Pending
        })
        .await;
    }
}

impl Clock for Time {
    fn now(&self) -> Option<UnixTime> {
        let seconds = self.0.clock.get()? + self.0.elapsed() / 1000;
        Some(UnixTime::since_unix_epoch(Duration::from_secs(seconds)))
    }
}

/// Random octets that are the same in each run, so that what depends on them is too.
pub(crate) struct Dice(pub(crate) u64);

impl rand_core::TryRng for Dice {
    type Error = std::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        unreachable!("octets are asked for")
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        unreachable!("octets are asked for")
    }

    fn try_fill_bytes(&mut self, octets: &mut [u8]) -> Result<(), Self::Error> {
        for octet in octets {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            *octet = self.0.to_be_bytes()[0];
        }
        Ok(())
    }
}

impl rand_core::TryCryptoRng for Dice {}
