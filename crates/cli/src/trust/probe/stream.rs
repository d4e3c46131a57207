//! A TCP stream that gives up at a deadline, and remembers how the server began.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::Instant;

use crate::connect::remaining;

/// The stream.
pub(super) struct Recorded {
    stream: TcpStream,
    deadline: Instant,
    /// The first octets that came, [`KEPT`] at most.
    beginning: Vec<u8>,
}

/// Enough for the head of an HTTP response.
const KEPT: usize = 4096;

impl Recorded {
    pub(super) fn new(stream: TcpStream, deadline: Instant) -> Self {
        Self { stream, deadline, beginning: Vec::new() }
    }

    /// Where what came is plain HTTP: the rest of its head, as far as it comes.
    pub(super) fn plain_http(&mut self) -> Option<String> {
        if !self.beginning.starts_with(b"HTTP/") {
            return None;
        }
        let mut space = [0; 512];
        while self.beginning.len() < KEPT && !self.beginning.windows(4).any(|end| end == b"\r\n\r\n") {
            match self.read(&mut space) {
                Ok(1..) => {}
                Ok(0) | Err(_) => break,
            }
        }
        Some(String::from_utf8_lossy(&self.beginning).into_owned())
    }

    fn check_deadline(&self) -> io::Result<()> {
        // A server that sends an octet now and then must not keep it up for ever.
        if Instant::now() >= self.deadline { Err(io::ErrorKind::TimedOut.into()) } else { Ok(()) }
    }
}

impl Read for Recorded {
    fn read(&mut self, space: &mut [u8]) -> io::Result<usize> {
        self.check_deadline()?;
        self.stream.set_read_timeout(Some(remaining(self.deadline)))?;
        let count = self.stream.read(space)?;
        let room = KEPT - self.beginning.len();
        self.beginning.extend(space.iter().take(count.min(room)));
        Ok(count)
    }
}

impl Write for Recorded {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.check_deadline()?;
        self.stream.set_write_timeout(Some(remaining(self.deadline)))?;
        self.stream.write(octets)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}
