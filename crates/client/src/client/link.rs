//! The way to a server: names, addresses, and the connection that was kept.

use core::net::{IpAddr, SocketAddr};

use embedded_io::ErrorKind;
use picopost_http::Authority;
use picopost_tls::{Config, ServerName};

use super::Addresses;
use super::io::{Io, Limited};
use crate::drive::{Halt, Wire};
use crate::limits::{Budget, Wait};
use crate::tls::Parked;
use crate::{ConnectError, Error, Observer, Octets, Stage};

/// Opens a connection: to the addresses of the host one after the other, until one takes it.
pub(crate) async fn connect<I: Io>(
    io: &mut I,
    budget: &mut Budget,
    observer: &mut dyn Observer,
    authority: Authority<'_>,
    name: &ServerName<'_>,
) -> Result<(), Error> {
    let mut limited = Limited { io, budget };
    observer.reached(Stage::Dns, Octets::default());
    let addresses = match literal(name) {
        Some(address) => Addresses::from_iter([address]),
        None => limited.resolve(authority.host()).await.map_err(|halt| match halt {
            Halt::Failed(kind) => Error::Connect(ConnectError::Dns(kind)),
            Halt::Late(late) => late.error(Stage::Dns, Octets::default()),
        })?,
    };
    observer.reached(Stage::Tcp, Octets::default());
    // A name without an address.
    let mut failure = Error::Connect(ConnectError::Dns(ErrorKind::NotFound));
    for address in addresses.iter() {
        limited.budget.renew(Wait::Connect);
        failure = match limited.connect(SocketAddr::new(address, authority.port())).await {
            Ok(()) => return Ok(()),
            Err(Halt::Failed(kind)) => Error::Connect(ConnectError::Tcp(kind)),
            Err(Halt::Late(late)) => late.error(Stage::Tcp, Octets::default()),
        };
        // What is half open is not to stay so.
        limited.io.disconnect();
    }
    Err(failure)
}

/// The address that a host is, where it is one.
fn literal(name: &ServerName<'_>) -> Option<IpAddr> {
    let ServerName::IpAddress(address) = name else { return None };
    Some(core_address(address))
}

fn core_address(address: &picopost_tls::IpAddr) -> IpAddr {
    match address {
        picopost_tls::IpAddr::V4(address) => IpAddr::from(*address.as_ref()),
        picopost_tls::IpAddr::V6(address) => IpAddr::from(*address.as_ref()),
    }
}

/// The one connection that is kept between POSTs.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    /// Its TLS; empty where there is none.
    pub(crate) parked: Parked,
    port: u16,
    /// From when on it is not used any more, in milliseconds.
    until: u64,
}

impl Kept {
    /// The connection that is parked now is good for so long.
    pub(crate) fn keep(&mut self, port: u16, until: u64) {
        (self.port, self.until) = (port, until);
    }

    /// Whether there is a connection to this server, not too old and still open: RFC 9112 §9.3.1 has a
    /// client look before it sends. Whatever came on it in the meantime answers nothing (RFC 9112 §9.2), or
    /// ends it.
    pub(crate) fn is_good_for<I: Io>(&self, config: &Config<'_>, port: u16, io: &mut I) -> bool {
        self.port == port && io.now() < self.until && self.parked.is_for(config) && io.is_quiet()
    }

    /// Ends the connection, if there is one, in good order if that is possible; `space` is for the record
    /// that says so.
    pub(crate) async fn hang_up<I: Io>(&mut self, io: &mut I, budget: &mut Budget, space: &mut [u8]) {
        let length = self.parked.close(space);
        let mut rest = space.get(..length).unwrap_or_default();
        let mut limited = Limited { io, budget };
        while !rest.is_empty() {
            match limited.write(Wait::Farewell, rest).await {
                Ok(count @ 1..) => rest = rest.get(count..).unwrap_or_default(),
                Err(Halt::Failed(ErrorKind::Interrupted)) => {}
                Ok(0) | Err(_) => break,
            }
        }
        if length > 0 {
            // Best effort, as all of this.
            let _flushed = limited.flush(Wait::Farewell).await;
        }
        limited.io.disconnect();
    }
}
