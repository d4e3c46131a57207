//! The async client, and the async driver of one exchange, over `embedded-io-async`.

use embedded_io_async::{Read, Write};
use rand_core::TryCryptoRng;

pub use client::{Client, Transport};

use crate::clock::checked_now;
use crate::{
    Buffers, Channel, Clock, ConnectError, Device, Error, Exchange, Observer, Octets, Request, Response,
    Security, Stage, drive,
};

#[path = "client/asynch.rs"]
mod client;

/// Opens TCP connections.
pub trait Connect {
    /// A connected stream. Its reads and writes must give up after a time of their own choice,
    /// with [`embedded_io::ErrorKind::TimedOut`], or the whole POST must be put under a time limit: the
    /// driver has no clock to do it.
    type Stream<'s>: Read + Write
    where
        Self: 's;

    /// Connects to a host: a DNS name, or an IP address as text, an IPv6 address without
    /// brackets.
    ///
    /// # Errors
    /// Which step failed, and why.
    #[expect(async_fn_in_trait, reason = "as in embedded-io-async: executors of one thread need no Send")]
    async fn connect(&mut self, host: &str, port: u16) -> Result<Self::Stream<'_>, ConnectError>;
}

/// Sends one request and returns its response, whatever the status. Where nothing but the trust
/// is to be said, a [`crate::Trust`] is all of `security`.
///
/// The future never computes longer than one public-key operation at a time. Dropping it drops
/// the connection; the server may have received the request by then.
///
/// # Errors
/// Anything but a whole response. No octet of the request has left unless
/// [`Error::stage`] is [`Stage::Request`] or later.
pub async fn post<'a, C, K, R, O>(
    request: &Request<'a>,
    security: impl Into<Security<'a>>,
    buffers: Buffers<'a>,
    device: Device<'_, C, K, R>,
    observer: &mut O,
) -> Result<Response<'a>, Error>
where
    C: Connect + ?Sized,
    K: Clock + ?Sized,
    R: TryCryptoRng + ?Sized,
    O: Observer + ?Sized,
{
    let Device { connector, clock, entropy } = device;
    // By reference: moved out of the result, it would be on the stack twice.
    let mut exchange = Exchange::new(request, security, checked_now(clock)?, buffers, entropy);
    let exchange = exchange.as_mut().map_err(|error| *error)?;
    observer.computed(Stage::Setup);
    drive::breathe().await;
    let authority = request.url().authority();
    observer.reached(Stage::Dns, Octets::default());
    let mut stream = connector.connect(authority.host(), authority.port()).await?;
    run(exchange, &mut stream, observer).await?;
    exchange.take_response()
}

/// Drives an exchange over a stream that is connected already, to its end.
///
/// # Errors
/// Those of [`Exchange::next`]. The server was told, as far as the stream took it.
pub async fn run<S, C, O>(
    exchange: &mut Exchange<'_, C>,
    stream: &mut S,
    observer: &mut O,
) -> Result<(), Error>
where
    S: Read + Write + ?Sized,
    C: Channel,
    O: Observer + ?Sized,
{
    drive::run(exchange, &mut drive::Waiting(stream), observer).await
}
