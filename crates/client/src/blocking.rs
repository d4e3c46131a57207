//! The blocking client, and the blocking driver of one exchange, over `embedded-io`.

use embedded_io::{Read, Write};
use rand_core::TryCryptoRng;

pub use client::{Client, Transport};

use crate::clock::checked_now;
use crate::{
    Buffers, Channel, Clock, ConnectError, Device, Error, Exchange, Observer, Octets, Request, Response,
    Security, Stage, drive,
};

#[path = "client/blocking.rs"]
mod client;

/// Opens TCP connections.
pub trait Connect {
    /// A connected stream. Its reads and writes must give up after a time of their own choice,
    /// with [`embedded_io::ErrorKind::TimedOut`]: the driver has no clock to do it.
    type Stream<'s>: Read + Write
    where
        Self: 's;

    /// Connects to a host: a DNS name, or an IP address as text, an IPv6 address without
    /// brackets.
    ///
    /// # Errors
    /// Which step failed, and why.
    fn connect(&mut self, host: &str, port: u16) -> Result<Self::Stream<'_>, ConnectError>;
}

/// Sends one request and returns its response, whatever the status. Where nothing but the trust
/// is to be said, a [`crate::Trust`] is all of `security`.
///
/// # Errors
/// Anything but a whole response. No octet of the request has left unless
/// [`Error::stage`] is [`Stage::Request`] or later.
pub fn post<'a, C, K, R, O>(
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
    let authority = request.url().authority();
    observer.reached(Stage::Dns, Octets::default());
    let mut stream = connector.connect(authority.host(), authority.port())?;
    run(exchange, &mut stream, observer)?;
    exchange.take_response()
}

/// Drives an exchange over a stream that is connected already, to its end.
///
/// # Errors
/// Those of [`Exchange::next`]. The server was told, as far as the stream took it.
pub fn run<S, C, O>(exchange: &mut Exchange<'_, C>, stream: &mut S, observer: &mut O) -> Result<(), Error>
where
    S: Read + Write + ?Sized,
    C: Channel,
    O: Observer + ?Sized,
{
    drive::block_on(drive::run(exchange, &mut drive::Blocking(stream), observer))
}
