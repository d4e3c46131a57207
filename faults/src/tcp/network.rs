//! TCP of this machine, as the client's network: every name is the loopback.

use std::io::{ErrorKind as IoKind, Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

use embedded_io::{ErrorKind, ErrorType, Read, ReadReady, Write};
use picopost::Addresses;
use picopost::blocking::Transport;

/// One TCP connection at a time.
#[derive(Debug, Default)]
pub struct Network {
    stream: Option<TcpStream>,
    limit: Duration,
}

impl Network {
    fn stream(&mut self) -> Result<&mut TcpStream, ErrorKind> {
        self.stream.as_mut().ok_or(ErrorKind::NotConnected)
    }
}

/// A time limit of the socket's shows as an operation that would block.
fn kind(error: &std::io::Error) -> ErrorKind {
    if error.kind() == IoKind::WouldBlock { ErrorKind::TimedOut } else { error.kind().into() }
}

impl ErrorType for Network {
    type Error = ErrorKind;
}

impl Read for Network {
    fn read(&mut self, space: &mut [u8]) -> Result<usize, ErrorKind> {
        let limit = Some(self.limit);
        let stream = self.stream()?;
        stream.set_read_timeout(limit).and_then(|()| stream.read(space)).map_err(|error| kind(&error))
    }
}

impl Write for Network {
    fn write(&mut self, octets: &[u8]) -> Result<usize, ErrorKind> {
        let limit = Some(self.limit);
        let stream = self.stream()?;
        stream.set_write_timeout(limit).and_then(|()| stream.write(octets)).map_err(|error| kind(&error))
    }

    fn flush(&mut self) -> Result<(), ErrorKind> {
        Ok(())
    }
}

impl ReadReady for Network {
    fn read_ready(&mut self) -> Result<bool, ErrorKind> {
        let stream = self.stream()?;
        stream.set_nonblocking(true).map_err(|error| kind(&error))?;
        let looked = stream.peek(&mut [0]);
        stream.set_nonblocking(false).map_err(|error| kind(&error))?;
        Ok(!looked.is_err_and(|error| error.kind() == IoKind::WouldBlock))
    }
}

impl Transport for Network {
    fn set_limit(&mut self, limit: Duration) {
        self.limit = limit;
    }

    fn resolve(&mut self, _: &str) -> Result<Addresses, ErrorKind> {
        Ok(Addresses::from_iter([IpAddr::V4(Ipv4Addr::LOCALHOST)]))
    }

    fn connect(&mut self, address: SocketAddr) -> Result<(), ErrorKind> {
        self.disconnect();
        self.stream = Some(TcpStream::connect_timeout(&address, self.limit).map_err(|error| kind(&error))?);
        Ok(())
    }

    fn disconnect(&mut self) {
        self.stream = None;
    }
}
