//! What is kept of one attempt: its events, and the TCP octets that they came from.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::event::{Event, Line};
use super::octets::Octets;

/// One TCP connection from its beginning; a copy, taken while it goes on or when it has ended.
///
/// Everything in it is as it was received, secrets too: what leaves this process goes through
/// [`super::secrets::Secrets`] first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Attempt {
    /// Counts from 1.
    pub(crate) number: u64,
    /// When TCP was accepted: microseconds since 1970-01-01T00:00:00Z.
    pub(crate) started_microseconds: u64,
    pub(crate) peer: SocketAddr,
    pub(crate) local: SocketAddr,
    pub(crate) lines: Vec<Arc<Line>>,
    /// What was read from the socket and written to it, in order.
    pub(crate) segments: Vec<Segment>,
    /// How many more segments there were: of those not even the sizes are kept.
    pub(crate) segments_omitted: u64,
    /// The TLS secrets of the connection, as lines of the format that `SSLKEYLOGFILE` has
    /// (RFC 9850).
    pub(crate) key_log: Vec<String>,
    /// Whether the connection has ended.
    pub(crate) complete: bool,
}

/// The octets of one read or write.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Segment {
    /// Since TCP was accepted.
    pub(crate) microseconds: u64,
    pub(crate) direction: Direction,
    /// base64 in JSON.
    #[serde(serialize_with = "to_base64", deserialize_with = "from_base64")]
    pub(crate) octets: Arc<[u8]>,
    /// How many octets are left out at the end.
    pub(crate) omitted: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Direction {
    /// From the client.
    In,
    Out,
}

/// TCP octets that are kept of one attempt, both ways together.
pub(crate) const MAX_OCTETS: usize = 256 * 1024;
/// What all open connections may take together; further segments are only counted, and of further
/// events the bodies.
const MAX_OPEN: usize = 128 * 1024 * 1024;
/// Segments that are kept of one attempt.
pub(crate) const MAX_SEGMENTS: usize = 4096;

impl Attempt {
    /// Roughly how many octets of memory it takes.
    pub(crate) fn weight(&self) -> usize {
        let segments: usize = self.segments.iter().map(|segment| segment.octets.len() + OVERHEAD).sum();
        let lines: usize = self.lines.iter().map(|line| line.weight()).sum();
        let keys: usize = self.key_log.iter().map(String::len).sum();
        segments + lines + keys
    }

    /// The same without the octets of its segments and bodies.
    pub(crate) fn shortened(&self) -> Self {
        let omitted = u64::try_from(self.segments.len()).unwrap_or(u64::MAX);
        Self {
            lines: self.lines.iter().map(|line| Arc::new(line.shortened())).collect(),
            segments: Vec::new(),
            segments_omitted: self.segments_omitted.saturating_add(omitted),
            key_log: self.key_log.clone(),
            ..*self
        }
    }
}

impl Line {
    /// Roughly how many octets of memory it takes.
    fn weight(&self) -> usize {
        self.event.weight() + OVERHEAD
    }

    /// The same without the octets that were received and sent: they are only counted.
    fn shortened(&self) -> Self {
        let mut line = self.clone();
        match &mut line.event {
            Event::NotTls(not_tls) => leave_out(&mut not_tls.received),
            Event::Request(request) => {
                leave_out(&mut request.body);
                leave_out(&mut request.extra);
            }
            Event::Upstream(upstream) => leave_out(&mut upstream.body),
            Event::Response(response) => leave_out(&mut response.body),
            _ => {}
        }
        line
    }
}

fn leave_out(octets: &mut Octets) {
    *octets = octets.with(&[]);
    octets.omitted = octets.count;
}

/// What a segment or a line takes beside its octets, about.
const OVERHEAD: usize = 200;

/// What the tapes of all open connections take together.
#[derive(Debug, Default)]
pub(crate) struct Room(AtomicUsize);

impl Room {
    /// Takes some, where there is as much.
    fn take(&self, octets: usize) -> bool {
        let taken = self.0.fetch_add(octets, Ordering::Relaxed);
        let fits = taken.saturating_add(octets) <= MAX_OPEN;
        if !fits {
            self.give_back(octets);
        }
        fits
    }

    /// Takes what has to be kept, whether there is room or not.
    fn take_anyway(&self, octets: usize) {
        self.0.fetch_add(octets, Ordering::Relaxed);
    }

    fn give_back(&self, octets: usize) {
        self.0.fetch_sub(octets, Ordering::Relaxed);
    }
}

/// Where the parts of one connection write what they see. Copies write to the same attempt.
#[derive(Clone, Debug)]
pub(crate) struct Tape {
    start: Instant,
    inner: Arc<Mutex<Inner>>,
}

#[derive(Debug)]
struct Inner {
    attempt: Attempt,
    /// Octets in its segments.
    octets: usize,
    room: Arc<Room>,
    /// What it took of the room.
    taken: usize,
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.room.give_back(self.taken);
    }
}

impl Tape {
    /// An attempt that begins now, with room of its own.
    #[cfg(test)]
    pub(crate) fn new(number: u64, peer: SocketAddr, local: SocketAddr) -> Self {
        Self::within(Arc::default(), number, peer, local)
    }

    /// An attempt that begins now, and shares room with the others.
    pub(crate) fn within(room: Arc<Room>, number: u64, peer: SocketAddr, local: SocketAddr) -> Self {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let attempt = Attempt {
            number,
            started_microseconds: u64::try_from(since_epoch.as_micros()).unwrap_or(u64::MAX),
            peer,
            local,
            lines: Vec::new(),
            segments: Vec::new(),
            segments_omitted: 0,
            key_log: Vec::new(),
            complete: false,
        };
        Self {
            start: Instant::now(),
            inner: Arc::new(Mutex::new(Inner { attempt, octets: 0, room, taken: 0 })),
        }
    }

    /// Since TCP was accepted.
    pub(crate) fn microseconds(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    /// What was read or written just now.
    pub(crate) fn segment(&self, direction: Direction, octets: &[u8]) {
        let microseconds = self.microseconds();
        let mut inner = self.lock();
        let kept = octets.get(..MAX_OCTETS - inner.octets).unwrap_or(octets);
        let takes = kept.len() + OVERHEAD;
        if inner.attempt.segments.len() >= MAX_SEGMENTS || !inner.room.take(takes) {
            inner.attempt.segments_omitted += 1;
            return;
        }
        inner.taken += takes;
        inner.octets += kept.len();
        let omitted = u64::try_from(octets.len() - kept.len()).unwrap_or(u64::MAX);
        let segment = Segment { microseconds, direction, octets: kept.into(), omitted };
        inner.attempt.segments.push(segment);
    }

    /// One line of the key log, without its end.
    pub(crate) fn key(&self, line: String) {
        self.lock().attempt.key_log.push(line);
    }

    /// One more event, without its bodies where there is no room for them; gives a copy of the attempt
    /// with it.
    pub(crate) fn line(&self, mut line: Arc<Line>) -> Attempt {
        let mut inner = self.lock();
        let mut takes = line.weight();
        if !inner.room.take(takes) {
            line = Arc::new(line.shortened());
            takes = line.weight();
            inner.room.take_anyway(takes);
        }
        inner.taken += takes;
        inner.attempt.lines.push(line);
        inner.attempt.clone()
    }

    /// The attempt as it is now.
    pub(crate) fn attempt(&self) -> Attempt {
        self.lock().attempt.clone()
    }

    /// The connection has ended; gives the last copy.
    pub(crate) fn end(&self) -> Attempt {
        let mut inner = self.lock();
        inner.attempt.complete = true;
        inner.attempt.clone()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Each change is whole, also when another thread has panicked.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn to_base64<S: Serializer>(octets: &Arc<[u8]>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&STANDARD.encode(octets))
}

fn from_base64<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Arc<[u8]>, D::Error> {
    let text = String::deserialize(deserializer)?;
    STANDARD.decode(text).map(Into::into).map_err(D::Error::custom)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::event::{Event, Line, Request, Tcp};
    use super::super::octets::Octets;
    use std::sync::atomic::Ordering;

    use super::{Attempt, Direction, MAX_OCTETS, MAX_OPEN, MAX_SEGMENTS, OVERHEAD, Room, Tape};

    fn tape() -> Tape {
        Tape::new(7, "192.0.2.1:4711".parse().unwrap(), "192.0.2.2:8443".parse().unwrap())
    }

    #[test]
    fn an_attempt_survives_json() {
        let tape = tape();
        tape.segment(Direction::In, &[0x16, 3, 1, 0xff]);
        tape.segment(Direction::Out, b"");
        tape.key("CLIENT_RANDOM 00 11".to_owned());
        let tcp = Tcp { peer: "192.0.2.1:4711".parse().unwrap(), local: "192.0.2.2:8443".parse().unwrap() };
        tape.line(Arc::new(Line { attempt: Some(7), milliseconds: Some(0), event: Event::Tcp(tcp) }));
        let attempt = tape.end();
        assert!(attempt.complete && attempt.weight() > 400);
        let json = serde_json::to_string(&attempt).unwrap();
        assert!(json.contains(r#""direction":"in","octets":"FgMB/w==","omitted":0"#), "{json}");
        assert_eq!(serde_json::from_str::<Attempt>(&json).unwrap(), attempt);
    }

    #[test]
    fn open_connections_share_their_room() {
        let room = Arc::new(Room::default());
        let address = "192.0.2.1:4711".parse().unwrap();
        let tape = || Tape::within(Arc::clone(&room), 1, address, address);
        let full: Vec<Tape> = (0..MAX_OPEN / (MAX_OCTETS + OVERHEAD)).map(|_| tape()).collect();
        for tape in &full {
            tape.segment(Direction::In, &[0; MAX_OCTETS]);
        }
        let last = tape();
        last.segment(Direction::In, &[0; MAX_OCTETS]);
        assert_eq!(last.end().segments_omitted, 1);
        drop(full);
        last.segment(Direction::In, &[0; MAX_OCTETS]);
        assert_eq!((last.end().segments.len(), last.end().segments_omitted), (1, 1));
        drop(last);
        assert_eq!(room.0.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn bodies_take_room_too_and_are_left_out_where_there_is_none() {
        let room = Arc::new(Room::default());
        let address = "192.0.2.1:4711".parse().unwrap();
        let tape = Tape::within(Arc::clone(&room), 1, address, address);
        let body = Octets::new(&[b'x'; 1024 * 1024]);
        let request = Request { method: "POST".to_owned(), body, ..Request::default() };
        let event = Event::Request(Box::new(request));
        let line = Arc::new(Line { attempt: Some(1), milliseconds: Some(0), event });
        for _ in 0..MAX_OPEN / (1024 * 1024) + 50 {
            tape.line(Arc::clone(&line));
        }
        let attempt = tape.attempt();
        assert_eq!(attempt.lines[0], line);
        let Event::Request(last) = &attempt.lines.last().unwrap().event else { panic!() };
        assert_eq!((last.method.as_str(), last.body.count, last.body.omitted), ("POST", 1 << 20, 1 << 20));
        assert!(last.body.octets().is_empty());
        let taken = room.0.load(Ordering::Relaxed);
        assert_eq!(taken, attempt.weight());
        assert!(taken < MAX_OPEN + 64 * 1024, "{taken}");
        drop(tape);
        assert_eq!(room.0.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let tape = tape();
        tape.segment(Direction::In, &[0; MAX_OCTETS - 1]);
        tape.segment(Direction::In, &[0; 3]);
        tape.segment(Direction::In, &[0; 3]);
        let attempt = tape.end();
        let sizes: Vec<_> =
            attempt.segments.iter().map(|segment| (segment.octets.len(), segment.omitted)).collect();
        assert_eq!(sizes, [(MAX_OCTETS - 1, 0), (1, 2), (0, 3)]);
        for _ in 0..MAX_SEGMENTS {
            tape.segment(Direction::Out, b"x");
        }
        let attempt = tape.end();
        assert_eq!((attempt.segments.len(), attempt.segments_omitted), (MAX_SEGMENTS, 3));
    }
}
