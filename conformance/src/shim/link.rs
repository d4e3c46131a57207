//! A connection of the engine over a TCP stream.

use std::fmt;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

use picopost_tls::{Connection, Error, Step};

use super::observe::Seen;

/// The runner gives up after 15 seconds without progress.
const PATIENCE: Duration = Duration::from_secs(30);
/// How much of what the server sent is kept to look at its hello.
const KEPT: usize = 1 << 16;

/// Why the shim ends with another status than 0.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The engine refused.
    Tls(Error),
    /// The stream failed.
    Stream(io::Error),
    /// What the runner expected of the client did not come true.
    Expectation(String),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tls(error) => write!(f, "error {}: {error}", error.code()),
            Self::Stream(error) => write!(f, "the stream failed: {error}"),
            Self::Expectation(sentence) => f.write_str(sentence),
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Tls(error)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Stream(error)
    }
}

/// Connects to the runner, and says which test this is.
pub(crate) fn connect(port: u16, ipv6: bool, shim_id: u64) -> io::Result<TcpStream> {
    let address: SocketAddr =
        if ipv6 { (Ipv6Addr::LOCALHOST, port).into() } else { (Ipv4Addr::LOCALHOST, port).into() };
    let mut stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.write_all(&shim_id.to_le_bytes())?;
    Ok(stream)
}

/// A connection, its stream, and how many octets go over the stream at a time.
pub(crate) struct Link<'a> {
    pub(crate) connection: Connection<'a>,
    stream: TcpStream,
    chunk: usize,
    kept: Vec<u8>,
}

impl<'a> Link<'a> {
    pub(crate) fn new(connection: Connection<'a>, stream: TcpStream, chunk: usize) -> Self {
        Self { connection, stream, chunk, kept: Vec::new() }
    }

    /// What the server's hello said.
    pub(crate) fn seen(&self) -> Seen {
        Seen::read(&self.kept)
    }

    /// Sends what waits, then takes steps until there is plaintext, the server has closed, or
    /// the handshake is done.
    pub(crate) fn advance(&mut self) -> Result<Step, Failure> {
        let established = self.connection.is_established();
        loop {
            self.flush();
            if let Some(step) = self.step()? {
                return Ok(step);
            }
            if !established && self.connection.is_established() {
                self.flush();
                return Ok(Step::Again);
            }
        }
    }

    /// One step without sending; `None` when there is nothing to tell.
    pub(crate) fn step(&mut self) -> Result<Option<Step>, Failure> {
        match self.connection.step()? {
            Step::Again | Step::Computed => Ok(None),
            Step::Receive => {
                self.receive()?;
                Ok(None)
            }
            step @ (Step::Plaintext | Step::Closed) => Ok(Some(step)),
        }
    }

    fn receive(&mut self) -> Result<(), Failure> {
        let space = self.connection.incoming();
        let chunk = self.chunk.min(space.len());
        let count = match self.stream.read(&mut space[..chunk]) {
            // A reset is how the runner's end of file looks when it did not read everything.
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => 0,
            read => read?,
        };
        self.kept.extend_from_slice(&space[..count.min(KEPT.saturating_sub(self.kept.len()))]);
        self.connection.received(count);
        Ok(())
    }

    /// Sends at most `limit` of the octets that wait.
    pub(crate) fn send_some(&mut self, limit: usize) -> io::Result<usize> {
        let octets = self.connection.outgoing();
        let count = self.stream.write(&octets[..octets.len().min(limit)])?;
        self.connection.sent(count);
        Ok(count)
    }

    /// Sends all that waits. Where the runner does not listen any more, what it said before is
    /// still to be read, so the failure is not told here.
    pub(crate) fn flush(&mut self) {
        while !self.connection.outgoing().is_empty() {
            if self.send_some(self.chunk).is_err() {
                let lost = self.connection.outgoing().len();
                self.connection.sent(lost);
            }
        }
    }

    /// Encrypts and sends all of `octets`.
    pub(crate) fn write_all(&mut self, mut octets: &[u8]) -> Result<(), Failure> {
        while !octets.is_empty() {
            self.flush();
            let sealed = self.seal(octets)?;
            octets = &octets[sealed..];
        }
        self.flush();
        Ok(())
    }

    /// Encrypts as much of `octets` as goes into one record; it then waits to be sent.
    pub(crate) fn seal(&mut self, octets: &[u8]) -> Result<usize, Failure> {
        let space = self.connection.plaintext_space();
        let count = octets.len().min(space.len());
        if count == 0 {
            return Err(Error::NotOpen.into());
        }
        space[..count].copy_from_slice(&octets[..count]);
        self.connection.seal(count)?;
        Ok(count)
    }

    /// Closes the stream so that the runner gets all that was sent, alerts too: a socket that is
    /// closed with octets unread resets the connection.
    pub(crate) fn finish(mut self) {
        self.flush();
        // Best effort: the stream may be gone.
        let _ = self.stream.shutdown(Shutdown::Write);
        let mut rest = [0; 4096];
        while matches!(self.stream.read(&mut rest), Ok(1..)) {}
    }
}
