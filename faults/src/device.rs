//! What the device has of the world: a network, a delay, a clock, an uptime.

use core::net::{IpAddr, Ipv4Addr, SocketAddr};
use core::task::Poll;
use core::time::Duration;
use std::future::poll_fn;

use embedded_hal_async::delay::DelayNs;
use embedded_io::{ErrorKind, ErrorType, ReadReady};
use picopost::asynch::Transport;
use picopost::{Addresses, Attempt, Clock, Ending, Observer, UnixTime};

use crate::draw::Trouble;
use crate::link::Moved;
use crate::world::{DeviceClock, Inner, World};

/// The device's TCP socket, in this world.
#[derive(Clone)]
pub struct Network(pub World);

impl ErrorType for Network {
    type Error = ErrorKind;
}

impl embedded_io_async::Read for Network {
    async fn read(&mut self, space: &mut [u8]) -> Result<usize, ErrorKind> {
        poll_fn(|_| {
            let mut inner = self.0.inside();
            let now = inner.now;
            let Some(connection) = &mut inner.connection else {
                return Poll::Ready(Err(ErrorKind::NotConnected));
            };
            outcome(connection.read(space, now))
        })
        .await
    }
}

impl embedded_io_async::Write for Network {
    async fn write(&mut self, octets: &[u8]) -> Result<usize, ErrorKind> {
        poll_fn(|_| {
            let mut inner = self.0.inside();
            let Inner { connection, draw, now, .. } = &mut *inner;
            let Some(connection) = connection else { return Poll::Ready(Err(ErrorKind::NotConnected)) };
            outcome(connection.write(octets, *now, draw))
        })
        .await
    }

    async fn flush(&mut self) -> Result<(), ErrorKind> {
        Ok(())
    }
}

fn outcome(moved: Moved) -> Poll<Result<usize, ErrorKind>> {
    match moved {
        Moved::Octets(count) => Poll::Ready(Ok(count)),
        Moved::Reset => Poll::Ready(Err(ErrorKind::ConnectionReset)),
        // The world's time goes on to whatever comes next.
        Moved::Nothing => Poll::Pending,
    }
}

impl ReadReady for Network {
    fn read_ready(&mut self) -> Result<bool, ErrorKind> {
        let inner = self.0.inside();
        Ok(inner.connection.as_ref().is_none_or(|connection| connection.is_ready(inner.now)))
    }
}

impl Transport for Network {
    async fn resolve(&mut self, _: &str) -> Result<Addresses, ErrorKind> {
        let trouble = {
            let mut inner = self.0.inside();
            let is_here =
                |trouble: &Trouble| matches!(trouble, Trouble::Unresolved(_) | Trouble::ResolveStalls);
            let trouble = inner.troubles.front().copied().filter(is_here);
            if let Some(trouble) = trouble {
                inner.troubles.pop_front();
                inner.count(trouble.name());
            }
            trouble
        };
        match trouble {
            Some(Trouble::Unresolved(kind)) => Err(kind),
            Some(_) => std::future::pending().await,
            None => Ok(Addresses::from_iter([IpAddr::V4(Ipv4Addr::LOCALHOST)])),
        }
    }

    async fn connect(&mut self, _: SocketAddr) -> Result<(), ErrorKind> {
        let latency = self.0.inside().quality.latency;
        Delay(self.0.clone()).delay_ms(u32::try_from(2 * latency).expect("short")).await;
        let connected = self.0.inside().connect();
        match connected {
            Some(true) => Ok(()),
            Some(false) => Err(ErrorKind::ConnectionRefused),
            None => std::future::pending().await,
        }
    }

    fn disconnect(&mut self) {
        self.0.inside().hang_up();
    }
}

/// The device's timer.
#[derive(Clone)]
pub struct Delay(pub World);

impl DelayNs for Delay {
    async fn delay_ns(&mut self, nanoseconds: u32) {
        let until = self.0.now() + u64::from(nanoseconds).div_ceil(1_000_000);
        self.until(until).await;
    }

    async fn delay_ms(&mut self, milliseconds: u32) {
        let until = self.0.now() + u64::from(milliseconds);
        self.until(until).await;
    }
}

impl Delay {
    async fn until(&mut self, time: u64) {
        poll_fn(|_| {
            let mut inner = self.0.inside();
            if inner.now >= time {
                return Poll::Ready(());
            }
            inner.wake_at(time);
            Poll::Pending
        })
        .await;
    }
}

impl Clock for Network {
    fn now(&self) -> Option<UnixTime> {
        let inner = self.0.inside();
        let seconds = match inner.clock {
            DeviceClock::Right => Some(inner.unix()),
            DeviceClock::Unknown => None,
            DeviceClock::Off(by) => inner.unix().checked_add_signed(by),
        };
        seconds.map(|seconds| UnixTime::since_unix_epoch(Duration::from_secs(seconds)))
    }
}

/// Counts how the attempts of POSTs end.
pub struct Watcher(pub World);

impl Observer for Watcher {
    fn attempt(&mut self, attempt: &Attempt<'_>) {
        let what = match attempt.ending {
            Ending::Failed { error, .. } => format!("attempt: {} {}", error.code(), kind(&error.to_string())),
            Ending::Answered { status, .. } => format!("attempt: answer {}", status.0),
        };
        self.0.inside().count(what);
    }
}

/// A sentence without its numbers: errors of a kind are counted together.
fn kind(sentence: &str) -> String {
    let mut kind = String::new();
    for character in sentence.chars() {
        match character.is_ascii_digit() {
            false => kind.push(character),
            true if kind.ends_with('N') => {}
            true => kind.push('N'),
        }
    }
    kind
}
