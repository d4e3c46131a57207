//! The TCP side of one connection: octets with a deadline for each stage, cut into TLS records.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{IpAddr, Shutdown, TcpStream};
use std::time::{Duration, Instant};

use super::event::How;

/// Type, version and length in front of each record (RFC 9846 §5.1).
const RECORD_HEADER: usize = 5;

/// Octets that a client may send after the end.
const MAX_DRAINED: usize = 64 * 1024;

#[derive(Debug)]
pub(super) struct Wire {
    stream: TcpStream,
    /// Received and not yet taken.
    buffer: Vec<u8>,
    limit: Duration,
    deadline: Instant,
    pub(super) octets_in: u64,
    pub(super) octets_out: u64,
}

/// Why no more octets come, or none can be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Fin,
    Reset,
    TimedOut,
}

impl End {
    /// Half a sentence.
    pub(super) fn describe(self, limit: Duration) -> String {
        match self {
            Self::Fin => "the client closed the connection".to_owned(),
            Self::Reset => "the client reset the connection".to_owned(),
            Self::TimedOut => format!("the client was silent, and {} s were over", limit.as_secs()),
        }
    }
}

impl From<End> for How {
    fn from(end: End) -> Self {
        match end {
            End::Fin => Self::Fin,
            End::Reset => Self::Reset,
            End::TimedOut => Self::TimedOut,
        }
    }
}

impl Wire {
    /// `limit` is the longest that one stage may take.
    pub(super) fn new(stream: TcpStream, limit: Duration) -> Self {
        // Without it an answer may wait for the client's acknowledgement; it works all the same.
        let _ = stream.set_nodelay(true);
        Self {
            stream,
            buffer: Vec::new(),
            limit,
            deadline: Instant::now() + limit,
            octets_in: 0,
            octets_out: 0,
        }
    }

    /// From now on the time for the next stage counts.
    pub(super) fn begin_stage(&mut self) {
        self.deadline = Instant::now() + self.limit;
    }

    /// The longest that one stage may take.
    pub(super) fn limit(&self) -> Duration {
        self.limit
    }

    /// This machine's address, as the client knows it.
    pub(super) fn local_address(&self) -> IpAddr {
        // A connection that is gone has no address, and nobody to tell about it.
        self.stream.local_addr().map_or(IpAddr::from([0; 4]), |address| address.ip())
    }

    /// What was received and not taken.
    pub(super) fn buffer(&self) -> &[u8] {
        &self.buffer
    }

    /// Receives at least one more octet.
    pub(super) fn fill(&mut self) -> Result<(), End> {
        let mut octets = [0; 4096];
        loop {
            self.stream.set_read_timeout(Some(self.time_left()?)).map_err(|_closed| End::Reset)?;
            match self.stream.read(&mut octets) {
                Ok(0) => return Err(End::Fin),
                Ok(count) => {
                    self.octets_in += u64::try_from(count).unwrap_or(u64::MAX);
                    self.buffer.extend_from_slice(octets.get(..count).unwrap_or_default());
                    return Ok(());
                }
                Err(error) => end_of(error.kind())?,
            }
        }
    }

    /// Receives one whole TLS record, with its header.
    pub(super) fn take_record(&mut self) -> Result<Vec<u8>, End> {
        loop {
            if let [_, _, _, high, low, ..] = self.buffer.as_slice() {
                let length = RECORD_HEADER + usize::from(u16::from_be_bytes([*high, *low]));
                if self.buffer.len() >= length {
                    let rest = self.buffer.split_off(length);
                    return Ok(std::mem::replace(&mut self.buffer, rest));
                }
            }
            self.fill()?;
        }
    }

    /// Sends everything, within this stage's time.
    pub(super) fn send(&mut self, mut octets: &[u8]) -> Result<(), End> {
        while !octets.is_empty() {
            self.stream.set_write_timeout(Some(self.time_left()?)).map_err(|_closed| End::Reset)?;
            match self.stream.write(octets) {
                Ok(0) => return Err(End::Reset),
                Ok(count) => {
                    self.octets_out += u64::try_from(count).unwrap_or(u64::MAX);
                    octets = octets.get(count..).unwrap_or_default();
                }
                Err(error) => end_of(error.kind())?,
            }
        }
        Ok(())
    }

    /// Sends FIN: nothing more will be sent.
    pub(super) fn close(&mut self) {
        // A connection that is gone already has nothing to close.
        let _ = self.stream.shutdown(Shutdown::Write);
    }

    /// After [`Self::close`]: reads on until the client ends its side too. Octets that stayed
    /// unread would turn the close into a reset, and what was sent could be lost.
    pub(super) fn drain(&mut self) -> How {
        self.begin_stage();
        let mut drained = 0;
        while drained < MAX_DRAINED {
            self.buffer.clear();
            if let Err(end) = self.fill() {
                return end.into();
            }
            drained += self.buffer.len();
        }
        How::KeptSending
    }

    fn time_left(&self) -> Result<Duration, End> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        // The system takes zero for no limit.
        if left.is_zero() { Err(End::TimedOut) } else { Ok(left) }
    }
}

/// What an error of the system means here; `Ok` where the call is to be made again.
fn end_of(kind: ErrorKind) -> Result<(), End> {
    match kind {
        ErrorKind::Interrupted => Ok(()),
        ErrorKind::WouldBlock | ErrorKind::TimedOut => Err(End::TimedOut),
        _ => Err(End::Reset),
    }
}
