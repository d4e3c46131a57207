//! The TCP side of one connection: octets with a deadline for each stage, cut into TLS records.

use std::io::ErrorKind;
use std::time::Duration;

use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};

use super::capture::{Direction, Tape};
use super::event::How;

/// Type, version and length in front of each record (RFC 9846 §5.1).
const RECORD_HEADER: usize = 5;
/// The longest fragment of any version: TLS 1.2's (RFC 5246 §6.2.3).
const MAX_FRAGMENT: usize = (1 << 14) + 2048;
/// Octets that are read at once.
const READ: usize = 16 * 1024;

/// Octets that a client may send after the end.
const MAX_DRAINED: usize = 64 * 1024;

#[derive(Debug)]
pub(super) struct Wire {
    stream: TcpStream,
    /// Received and not yet taken.
    buffer: Vec<u8>,
    limit: Duration,
    deadline: Instant,
    /// When the last octet came.
    last: Option<Instant>,
    tape: Tape,
    pub(super) octets_in: u64,
    pub(super) octets_out: u64,
}

/// Why no more octets come, or none can be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Fin,
    Reset,
    /// Nothing came in the stage's time.
    TimedOut,
    /// Something came, and not all of it.
    TooSlow,
}

impl End {
    /// Half a sentence.
    pub(super) fn describe(self, limit: Duration) -> String {
        match self {
            Self::Fin => "the client closed the connection".to_owned(),
            Self::Reset => "the client reset the connection".to_owned(),
            Self::TimedOut => format!("the client was silent, and {} s were over", limit.as_secs()),
            Self::TooSlow => format!("the client was too slow, and {} s were over", limit.as_secs()),
        }
    }
}

impl From<End> for How {
    fn from(end: End) -> Self {
        match end {
            End::Fin => Self::Fin,
            End::Reset => Self::Reset,
            End::TimedOut | End::TooSlow => Self::TimedOut,
        }
    }
}

impl Wire {
    /// `limit` is the longest that one stage may take; `tape` gets what is read and written.
    pub(super) fn new(stream: TcpStream, limit: Duration, tape: Tape) -> Self {
        // Without it an answer may wait for the client's acknowledgement; it works all the same.
        let _ = stream.set_nodelay(true);
        Self {
            stream,
            buffer: Vec::new(),
            limit,
            deadline: Instant::now() + limit,
            last: None,
            tape,
            octets_in: 0,
            octets_out: 0,
        }
    }

    /// From now on the time for the next stage counts.
    pub(super) fn begin_stage(&mut self) {
        self.deadline = Instant::now() + self.limit;
        self.last = None;
    }

    /// The longest that one stage may take.
    pub(super) fn limit(&self) -> Duration {
        self.limit
    }

    pub(super) fn tape(&self) -> &Tape {
        &self.tape
    }

    /// What was received and not taken.
    pub(super) fn buffer(&self) -> &[u8] {
        &self.buffer
    }

    /// Receives at least one more octet.
    pub(super) async fn fill(&mut self) -> Result<(), End> {
        loop {
            // `timeout_at` looks at the socket first: who never stops sending would have no end of time.
            if Instant::now() >= self.deadline && self.last.is_some() {
                return Err(if self.is_active() { End::TooSlow } else { End::TimedOut });
            }
            match timeout_at(self.deadline, self.stream.readable()).await {
                Ok(Ok(())) => {}
                Ok(Err(_closed)) => return Err(End::Reset),
                Err(_over) if self.is_active() => return Err(End::TooSlow),
                Err(_over) => return Err(End::TimedOut),
            }
            match self.read_available() {
                Ok(0) => return Err(End::Fin),
                Ok(_) => return Ok(()),
                Err(error) => end_of(error.kind())?,
            }
        }
    }

    /// Receives one whole TLS record, with its header; of a record that is longer than any may be,
    /// only what is there.
    pub(super) async fn take_record(&mut self) -> Result<Vec<u8>, End> {
        loop {
            if let [_, _, _, high, low, ..] = self.buffer.as_slice() {
                let length = RECORD_HEADER + usize::from(u16::from_be_bytes([*high, *low]));
                if length > RECORD_HEADER + MAX_FRAGMENT {
                    return Ok(std::mem::take(&mut self.buffer));
                }
                if self.buffer.len() >= length {
                    let rest = self.buffer.split_off(length);
                    return Ok(std::mem::replace(&mut self.buffer, rest));
                }
            }
            self.fill().await?;
        }
    }

    /// Sends everything, within this stage's time.
    pub(super) async fn send(&mut self, mut octets: &[u8]) -> Result<(), End> {
        while !octets.is_empty() {
            match timeout_at(self.deadline, self.stream.writable()).await {
                Ok(Ok(())) => {}
                Ok(Err(_closed)) => return Err(End::Reset),
                Err(_over) => return Err(End::TimedOut),
            }
            match self.stream.try_write(octets) {
                Ok(0) => return Err(End::Reset),
                Ok(count) => {
                    let (sent, rest) = octets.split_at_checked(count).unwrap_or((octets, &[]));
                    self.octets_out += u64::try_from(count).unwrap_or(u64::MAX);
                    self.tape.segment(Direction::Out, sent);
                    octets = rest;
                }
                Err(error) => end_of(error.kind())?,
            }
        }
        Ok(())
    }

    /// Sends FIN: nothing more will be sent.
    pub(super) async fn close(&mut self) {
        // A connection that is gone already has nothing to close.
        let _ = self.stream.shutdown().await;
    }

    /// From now on closing the connection resets it.
    pub(super) fn reset_on_close(&self) {
        // A connection that is gone already cannot be reset.
        let _ = self.stream.set_zero_linger();
    }

    /// After [`Self::close`]: reads on until the client ends its side too. Octets that stayed
    /// unread would turn the close into a reset, and what was sent could be lost.
    pub(super) async fn drain(&mut self) -> How {
        self.begin_stage();
        let mut drained = 0;
        while drained < MAX_DRAINED {
            self.buffer.clear();
            if let Err(end) = self.fill().await {
                return end.into();
            }
            drained += self.buffer.len();
        }
        How::KeptSending
    }

    /// Whether octets were still coming in the last quarter of the stage.
    fn is_active(&self) -> bool {
        self.last.is_some_and(|last| last + self.limit / 4 >= self.deadline)
    }

    /// Takes what the system has. The array is gone when this returns, so that a connection that
    /// waits does not hold it.
    fn read_available(&mut self) -> std::io::Result<usize> {
        let mut octets = [0; READ];
        let count = self.stream.try_read(&mut octets)?;
        let octets = octets.get(..count).unwrap_or_default();
        if count > 0 {
            self.last = Some(Instant::now());
            self.octets_in += u64::try_from(count).unwrap_or(u64::MAX);
            self.tape.segment(Direction::In, octets);
            self.buffer.extend_from_slice(octets);
        }
        Ok(count)
    }
}

/// What an error of the system means here; `Ok` where the call is to be made again.
fn end_of(kind: ErrorKind) -> Result<(), End> {
    match kind {
        ErrorKind::Interrupted | ErrorKind::WouldBlock => Ok(()),
        _ => Err(End::Reset),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::time::Duration;

    use super::super::capture::Tape;
    use super::{End, Wire};

    /// Octets that wait already do not make a stage longer.
    #[test]
    fn who_never_stops_sending_has_no_more_time_than_others() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            let mut client = std::net::TcpStream::connect(address).unwrap();
            client.write_all(&[0; 40_000]).unwrap();
            let (stream, _) = listener.accept().await.unwrap();
            stream.readable().await.unwrap();
            let mut wire = Wire::new(stream, Duration::ZERO, Tape::new(1, address, address));
            assert_eq!(wire.fill().await, Ok(()));
            assert_eq!(wire.fill().await, Err(End::TooSlow));
        });
    }
}
