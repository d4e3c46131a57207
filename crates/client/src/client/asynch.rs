//! The client over a transport that waits.

use core::net::SocketAddr;

use embassy_futures::select::{Either, select};
use embedded_hal_async::delay::DelayNs;
use embedded_io::{Error as _, ErrorKind, ReadReady};
use embedded_io_async::{Read, Write};
use rand_core::TryCryptoRng;

use crate::client::engine::Core;
use crate::client::io::Io;
use crate::client::{Addresses, ClockHint, Platform, Post, Settings, Uptime};
use crate::drive::{Halt, breathe};
use crate::{Buffers, Clock, Error, Response, Security, Session, SignatureMemo};

/// The network of a device: one TCP socket, which is connected, used, ended, and connected again, and the
/// names of hosts.
///
/// No time limits of its own are needed: the client drops what takes too long, and disconnects. So every
/// future must be one that can be dropped; after that, nothing but [`Self::disconnect`] or
/// [`Self::connect`] is called. One exception: a read that was dropped while a 100 (Continue) was awaited
/// ([`crate::Request::with_expect_continue`]) must have taken no octets, since the connection is used on.
///
/// [`ReadReady`] is asked before a connection is used again, and must say `true` also where the peer has
/// closed or reset it.
#[expect(async_fn_in_trait, reason = "as in embedded-io-async: executors of one thread need no Send")]
pub trait Transport: Read + Write + ReadReady {
    /// The addresses of a DNS name, the preferred first.
    ///
    /// # Errors
    /// Why there is none: [`ErrorKind::NotFound`] where the name does not exist.
    async fn resolve(&mut self, host: &str) -> Result<Addresses, ErrorKind>;

    /// Connects. A connection that is there still is ended first.
    ///
    /// # Errors
    /// Why there is no connection.
    async fn connect(&mut self, address: SocketAddr) -> Result<(), ErrorKind>;

    /// Ends the connection, if there is one, and returns at once. What was flushed is still delivered where
    /// the network stack can do so.
    fn disconnect(&mut self);

    /// Sends a datagram over UDP and waits for one from the very address that it was sent to; others are
    /// passed over. Returns the length of the answer, of which what does not fit into `answer` is cut off.
    /// For [`Settings::time_servers`] alone: a device with a clock needs none.
    ///
    /// # Errors
    /// Why there is no answer.
    async fn datagram(
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
    async fn resolve(&mut self, host: &str) -> Result<Addresses, ErrorKind> {
        (**self).resolve(host).await
    }

    async fn connect(&mut self, address: SocketAddr) -> Result<(), ErrorKind> {
        (**self).connect(address).await
    }

    fn disconnect(&mut self) {
        (**self).disconnect();
    }

    async fn datagram(
        &mut self,
        address: SocketAddr,
        request: &[u8],
        answer: &mut [u8],
    ) -> Result<usize, ErrorKind> {
        (**self).datagram(address, request, answer).await
    }
}

/// A client that POSTs, over and over, and loses nothing: see [`crate`] for what it does.
#[expect(missing_debug_implementations, reason = "there is nothing to show of a device")]
pub struct Client<'c, T, D, U, K, R>(Core<'c, Racing<T, D, U>, K, R>);

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
        Self(Core::new(security.into(), buffers, Racing { transport, delay, uptime }, clock, entropy))
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
    /// Dropping the future leaves the server with whatever it has received by then; the client can be used
    /// again.
    ///
    /// # Errors
    /// How the last attempt failed, if it did so without a whole response.
    pub async fn post<'r>(&mut self, post: impl Into<Post<'r>>) -> Result<Response<'_>, Error> {
        let mut post = post.into();
        self.0.post(&mut post).await
    }

    /// Ends the connection that is kept, if there is one: before a deep sleep, say.
    pub async fn disconnect(&mut self) {
        self.0.disconnect().await;
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

/// An [`Io`] whose operations race against a delay.
struct Racing<T, D, U> {
    transport: T,
    delay: D,
    uptime: U,
}

/// What comes first: the operation's end, or that of its time. What is ready at once wins.
async fn race<V, E>(
    delay: &mut impl DelayNs,
    limit: u32,
    operation: impl Future<Output = Result<V, E>>,
    kind: impl FnOnce(E) -> ErrorKind,
) -> Result<V, Halt<()>> {
    match select(operation, delay.delay_ms(limit)).await {
        Either::First(outcome) => outcome.map_err(|error| Halt::Failed(kind(error))),
        Either::Second(()) => Err(Halt::Late(())),
    }
}

impl<T: Transport, D: DelayNs, U: Uptime> Io for Racing<T, D, U> {
    fn now(&self) -> u64 {
        self.uptime.milliseconds()
    }

    async fn resolve(&mut self, host: &str, limit: u32) -> Result<Addresses, Halt<()>> {
        race(&mut self.delay, limit, self.transport.resolve(host), |kind| kind).await
    }

    async fn connect(&mut self, address: SocketAddr, limit: u32) -> Result<(), Halt<()>> {
        race(&mut self.delay, limit, self.transport.connect(address), |kind| kind).await
    }

    async fn read(&mut self, space: &mut [u8], limit: u32) -> Result<usize, Halt<()>> {
        race(&mut self.delay, limit, self.transport.read(space), |error| error.kind()).await
    }

    async fn write(&mut self, octets: &[u8], limit: u32) -> Result<usize, Halt<()>> {
        race(&mut self.delay, limit, self.transport.write(octets), |error| error.kind()).await
    }

    async fn flush(&mut self, limit: u32) -> Result<(), Halt<()>> {
        race(&mut self.delay, limit, self.transport.flush(), |error| error.kind()).await
    }

    #[cfg(feature = "sntp")]
    async fn datagram(
        &mut self,
        address: SocketAddr,
        request: &[u8],
        answer: &mut [u8],
        limit: u32,
    ) -> Result<usize, Halt<()>> {
        race(&mut self.delay, limit, self.transport.datagram(address, request, answer), |kind| kind).await
    }

    fn is_quiet(&mut self) -> bool {
        self.transport.read_ready().is_ok_and(|is_ready| !is_ready)
    }

    fn disconnect(&mut self) {
        self.transport.disconnect();
    }

    async fn wait(&mut self, milliseconds: u32) {
        self.delay.delay_ms(milliseconds).await;
    }

    async fn breathe(&mut self) {
        breathe().await;
    }
}
