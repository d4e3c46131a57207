//! The client over a transport that blocks.

use core::net::SocketAddr;
use core::time::Duration;

use embedded_hal::delay::DelayNs;
use embedded_io::{Error as _, ErrorKind, Read, ReadReady, Write};
use rand_core::TryCryptoRng;

use crate::client::engine::Core;
use crate::client::io::Io;
use crate::client::{Addresses, ClockHint, Platform, Post, Settings, Uptime};
use crate::drive::{Halt, block_on};
use crate::{Buffers, Clock, Error, Response, Security, Session, SignatureMemo};

/// The network of a device: one TCP socket, which is connected, used, ended, and connected again, and the
/// names of hosts.
///
/// It is told how long each operation may take, and gives up in time.
///
/// [`ReadReady`] is asked before a connection is used again, and must say `true` also where the peer has
/// closed or reset it.
pub trait Transport: Read + Write + ReadReady {
    /// From now on each operation, of this trait and of the others, gives up after so long, a millisecond at
    /// least, with [`ErrorKind::TimedOut`].
    ///
    /// Where a platform can give up only later, [`crate::TimeLimits`] hold that much later: they are looked
    /// at again behind each operation.
    fn set_limit(&mut self, limit: Duration);

    /// The addresses of a DNS name, the preferred first.
    ///
    /// # Errors
    /// Why there is none: [`ErrorKind::NotFound`] where the name does not exist.
    fn resolve(&mut self, host: &str) -> Result<Addresses, ErrorKind>;

    /// Connects. A connection that is there still is ended first.
    ///
    /// # Errors
    /// Why there is no connection.
    fn connect(&mut self, address: SocketAddr) -> Result<(), ErrorKind>;

    /// Ends the connection, if there is one, and returns at once. What was flushed is still delivered where
    /// the network stack can do so.
    fn disconnect(&mut self);

    /// Sends a datagram over UDP and waits for one from the very address that it was sent to; others are
    /// passed over. Returns the length of the answer, of which what does not fit into `answer` is cut off.
    /// For [`Settings::time_servers`] alone: a device with a clock needs none.
    ///
    /// # Errors
    /// Why there is no answer.
    fn datagram(
        &mut self,
        address: SocketAddr,
        request: &[u8],
        answer: &mut [u8],
    ) -> Result<usize, ErrorKind> {
        let _ = (address, request, answer);
        Err(ErrorKind::Unsupported)
    }
}

impl<T: Transport + ?Sized> Transport for &mut T {
    fn set_limit(&mut self, limit: Duration) {
        (**self).set_limit(limit);
    }

    fn resolve(&mut self, host: &str) -> Result<Addresses, ErrorKind> {
        (**self).resolve(host)
    }

    fn connect(&mut self, address: SocketAddr) -> Result<(), ErrorKind> {
        (**self).connect(address)
    }

    fn disconnect(&mut self) {
        (**self).disconnect();
    }

    fn datagram(
        &mut self,
        address: SocketAddr,
        request: &[u8],
        answer: &mut [u8],
    ) -> Result<usize, ErrorKind> {
        (**self).datagram(address, request, answer)
    }
}

/// A client that POSTs, over and over, and loses nothing: see [`crate`] for what it does.
#[expect(missing_debug_implementations, reason = "there is nothing to show of a device")]
pub struct Client<'c, T, D, U, K, R>(Core<'c, Timed<T, D, U>, K, R>);

impl<'c, T, D, U, K, R> Client<'c, T, D, U, K, R>
where
    T: Transport,
    D: DelayNs,
    U: Uptime,
    K: Clock,
    R: TryCryptoRng,
{
    /// A client that has done nothing yet, with [`Settings::DEFAULT`].
    pub fn new(
        security: impl Into<Security<'c>>,
        buffers: Buffers<'c>,
        platform: Platform<T, D, U, K, R>,
    ) -> Self {
        let Platform { transport, delay, uptime, clock, entropy } = platform;
        Self(Core::new(security.into(), buffers, Timed { transport, delay, uptime }, clock, entropy))
    }

    /// The same with other settings.
    #[must_use]
    pub fn with_settings(mut self, settings: Settings<'c>) -> Self {
        self.0.engine.settings = settings;
        self
    }

    /// POSTs, as often as the settings and the rules of [`crate::RetryPolicy`] allow, and returns the
    /// response, whatever its status.
    ///
    /// # Errors
    /// How the last attempt failed, if it did so without a whole response.
    pub fn post<'r>(&mut self, post: impl Into<Post<'r>>) -> Result<Response<'_>, Error> {
        let mut post = post.into();
        block_on(self.0.post(&mut post))
    }

    /// Ends the connection that is kept, if there is one: before a deep sleep, say.
    pub fn disconnect(&mut self) {
        block_on(self.0.disconnect());
    }

    /// The session of the last handshake, if the buffers have room for one: to export it.
    pub fn session(&self) -> Option<&Session> {
        self.0.session()
    }

    /// The memo of signatures, if the buffers have one: to export it.
    pub fn signature_memo(&self) -> Option<&SignatureMemo> {
        self.0.memo()
    }

    /// For an error that is about the time, a certificate that has expired or is not valid yet: what the
    /// Date of an earlier response says about the clock. `None` for other errors, and as long as no
    /// response had a Date: the first handshake comes before any.
    pub fn clock_hint(&self, error: &Error) -> Option<ClockHint> {
        self.0.clock_hint(error)
    }
}

/// An [`Io`] whose operations block, each with its limit.
struct Timed<T, D, U> {
    transport: T,
    delay: D,
    uptime: U,
}

impl<T: Transport, D: DelayNs, U: Uptime> Timed<T, D, U> {
    /// An operation under a limit.
    fn within<V>(
        &mut self,
        limit: u32,
        operation: impl FnOnce(&mut T) -> Result<V, ErrorKind>,
    ) -> Result<V, Halt<()>> {
        self.transport.set_limit(Duration::from_millis(limit.into()));
        operation(&mut self.transport).map_err(|kind| match kind {
            ErrorKind::TimedOut => Halt::Late(()),
            kind => Halt::Failed(kind),
        })
    }
}

impl<T: Transport, D: DelayNs, U: Uptime> Io for Timed<T, D, U> {
    fn now(&self) -> u64 {
        self.uptime.milliseconds()
    }

    async fn resolve(&mut self, host: &str, limit: u32) -> Result<Addresses, Halt<()>> {
        self.within(limit, |transport| transport.resolve(host))
    }

    async fn connect(&mut self, address: SocketAddr, limit: u32) -> Result<(), Halt<()>> {
        self.within(limit, |transport| transport.connect(address))
    }

    async fn read(&mut self, space: &mut [u8], limit: u32) -> Result<usize, Halt<()>> {
        self.within(limit, |transport| transport.read(space).map_err(|error| error.kind()))
    }

    async fn write(&mut self, octets: &[u8], limit: u32) -> Result<usize, Halt<()>> {
        self.within(limit, |transport| transport.write(octets).map_err(|error| error.kind()))
    }

    async fn flush(&mut self, limit: u32) -> Result<(), Halt<()>> {
        self.within(limit, |transport| transport.flush().map_err(|error| error.kind()))
    }

    #[cfg(feature = "sntp")]
    async fn datagram(
        &mut self,
        address: SocketAddr,
        request: &[u8],
        answer: &mut [u8],
        limit: u32,
    ) -> Result<usize, Halt<()>> {
        self.within(limit, |transport| transport.datagram(address, request, answer))
    }

    fn is_quiet(&mut self) -> bool {
        self.transport.read_ready().is_ok_and(|is_ready| !is_ready)
    }

    fn disconnect(&mut self) {
        self.transport.disconnect();
    }

    async fn wait(&mut self, milliseconds: u32) {
        self.delay.delay_ms(milliseconds);
    }

    async fn breathe(&mut self) {}
}
