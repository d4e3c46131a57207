//! TCP for the device's engine: a stream that nothing keeps waiting beyond the deadline.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Instant;

use embedded_io::ErrorKind;
use picopost::{ConnectError, blocking};

use super::trace::Trace;
use crate::connect::{Attempt, Override, connect, kind, remaining, resolve};

/// Opens connections until the deadline.
pub(super) struct Connector<'a> {
    overrides: &'a [Override],
    deadline: Instant,
    trace: Trace,
}

impl<'a> Connector<'a> {
    pub(super) const fn new(overrides: &'a [Override], deadline: Instant, trace: Trace) -> Self {
        Self { overrides, deadline, trace }
    }
}

impl blocking::Connect for Connector<'_> {
    type Stream<'s>
        = Socket
    where
        Self: 's;

    fn connect(&mut self, host: &str, port: u16) -> Result<Socket, ConnectError> {
        let Self { overrides, deadline, trace } = *self;
        let addresses = resolve(overrides, host, port, deadline, &mut |text| trace.note(text))?;
        let stream = connect(&addresses, deadline, &mut |attempt| match attempt {
            Attempt::To(address) => trace.line("tcp", &format!("connecting to {address}")),
            Attempt::Failed(error) => trace.note(&error.to_string()),
        })?;
        Ok(Socket { stream, deadline })
    }
}

/// A TCP stream that gives up at the deadline.
pub(super) struct Socket {
    stream: TcpStream,
    deadline: Instant,
}

impl embedded_io::ErrorType for Socket {
    type Error = ErrorKind;
}

impl embedded_io::Read for Socket {
    fn read(&mut self, space: &mut [u8]) -> Result<usize, ErrorKind> {
        self.stream
            .set_read_timeout(Some(remaining(self.deadline)))
            .and_then(|()| self.stream.read(space))
            .map_err(|error| kind(&error))
    }
}

impl embedded_io::Write for Socket {
    fn write(&mut self, octets: &[u8]) -> Result<usize, ErrorKind> {
        self.stream
            .set_write_timeout(Some(remaining(self.deadline)))
            .and_then(|()| self.stream.write(octets))
            .map_err(|error| kind(&error))
    }

    fn flush(&mut self) -> Result<(), ErrorKind> {
        // The system's socket sends by itself.
        Ok(())
    }
}
