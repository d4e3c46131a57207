//! TCP over `embassy-net`, with a time limit on every step.

use core::fmt;
use core::future::Future;
use core::net::Ipv4Addr;

use embassy_net::dns::DnsQueryType;
use embassy_net::tcp::{self, TcpSocket};
use embassy_net::{IpAddress, Stack};
use embassy_time::{Duration, with_timeout};
use picopost::ConnectError;
use picopost::asynch::Connect;
use picopost::embedded_io::{Error, ErrorKind};
use picopost::embedded_io_async::{ErrorType, Read, Write};

/// How long to wait for a name server, a connection, or octets.
const LIMIT: Duration = Duration::from_secs(20);
/// How long the server may take to acknowledge the end.
const CLOSE_LIMIT: Duration = Duration::from_secs(2);

/// One TCP socket, connected as often as asked for.
pub struct Connector<'n> {
    network: Stack<'n>,
    address: Option<Ipv4Addr>,
    socket: TcpSocket<'n>,
}

impl<'n> Connector<'n> {
    /// Connects to `address`, or to what the name server says where there is none.
    pub fn new(
        network: Stack<'n>,
        address: Option<Ipv4Addr>,
        receive: &'n mut [u8],
        transmit: &'n mut [u8],
    ) -> Self {
        let mut socket = TcpSocket::new(network, receive, transmit);
        // What is written is whole records: to hold back the request until the client's Finished is
        // acknowledged (Nagle, RFC 9293 §3.7.4) would cost a round trip.
        socket.set_nagle_enabled(false);
        Self { network, address, socket }
    }

    /// Ends the connection in good order: without this the server would wait for its end.
    pub async fn close(&mut self) {
        self.socket.close();
        // A server that does not answer any more has nothing left to lose.
        let _ = with_timeout(CLOSE_LIMIT, self.socket.flush()).await;
        self.socket.abort();
    }

    async fn resolve(&self, host: &str) -> Result<IpAddress, ErrorKind> {
        if let Some(address) = self.address {
            return Ok(address.into());
        }
        match limited(self.network.dns_query(host, DnsQueryType::A)).await {
            Ok(Ok(addresses)) => addresses.first().copied().ok_or(ErrorKind::NotFound),
            Ok(Err(_)) => Err(ErrorKind::NotFound),
            Err(failed) => Err(failed.kind()),
        }
    }
}

impl<'n> Connect for Connector<'n> {
    type Stream<'s>
        = Stream<'s, 'n>
    where
        Self: 's;

    async fn connect(&mut self, host: &str, port: u16) -> Result<Self::Stream<'_>, ConnectError> {
        let address = self.resolve(host).await.map_err(ConnectError::Dns)?;
        match limited(self.socket.connect((address, port))).await {
            Ok(Ok(())) => Ok(Stream(&mut self.socket)),
            // A reset in answer to the first segment is a refusal.
            Ok(Err(tcp::ConnectError::ConnectionReset)) => {
                Err(ConnectError::Tcp(ErrorKind::ConnectionRefused))
            }
            Ok(Err(error)) => Err(ConnectError::Tcp(error.kind())),
            Err(failed) => Err(ConnectError::Tcp(failed.kind())),
        }
    }
}

/// A connected socket.
pub struct Stream<'s, 'n>(&'s mut TcpSocket<'n>);

/// Why a [`Stream`] ended.
#[derive(Clone, Copy, Debug)]
pub enum Failed {
    /// The server ended it by a reset.
    Reset,
    /// Nothing came, or went, for too long.
    TimedOut,
}

impl Error for Failed {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Reset => ErrorKind::ConnectionReset,
            Self::TimedOut => ErrorKind::TimedOut,
        }
    }
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Reset => "the connection was reset",
            Self::TimedOut => "the connection timed out",
        })
    }
}

impl core::error::Error for Failed {}

impl From<tcp::Error> for Failed {
    fn from(error: tcp::Error) -> Self {
        match error {
            tcp::Error::ConnectionReset => Self::Reset,
        }
    }
}

impl ErrorType for Stream<'_, '_> {
    type Error = Failed;
}

impl Read for Stream<'_, '_> {
    async fn read(&mut self, space: &mut [u8]) -> Result<usize, Failed> {
        Ok(limited(self.0.read(space)).await??)
    }
}

impl Write for Stream<'_, '_> {
    async fn write(&mut self, octets: &[u8]) -> Result<usize, Failed> {
        Ok(limited(self.0.write(octets)).await??)
    }

    /// The network stack sends by itself. To wait for the acknowledgement here would cost a round
    /// trip before each answer; [`Connector::close`] does, once.
    async fn flush(&mut self) -> Result<(), Failed> {
        Ok(())
    }
}

async fn limited<F: Future>(step: F) -> Result<F::Output, Failed> {
    with_timeout(LIMIT, step).await.map_err(|embassy_time::TimeoutError| Failed::TimedOut)
}
