//! One TCP connection, as the link treats it. Times are milliseconds.

use std::collections::VecDeque;

use crate::draw::{Draw, Quality, Trouble, Weather};
use crate::server::{Session, Store};

/// A connection between the device and the server.
pub struct Connection {
    session: Session,
    quality: Quality,
    /// What is to happen to it.
    pub trouble: Option<Trouble>,
    to_server: Lane,
    to_client: Lane,
    /// How many octets the client has sent and received.
    pub sent: usize,
    /// The same.
    pub received: usize,
    is_reset: bool,
    /// Whether the trouble has come.
    pub has_struck: bool,
}

/// What an operation of the client's comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moved {
    /// So many octets.
    Octets(usize),
    /// The connection was reset.
    Reset,
    /// Nothing yet.
    Nothing,
}

/// Octets under way in one direction, in order.
#[derive(Default)]
struct Lane {
    segments: VecDeque<(u64, Vec<u8>)>,
    last: u64,
}

impl Lane {
    fn push(&mut self, octets: &[u8], now: u64, quality: Quality, draw: &mut Draw) {
        for segment in octets.chunks(1400) {
            let mut arrival = now + quality.latency;
            let mut wait = 1000;
            while wait < 8000 && draw.percent(quality.loss) {
                arrival += wait;
                wait *= 2;
            }
            // TCP keeps the order: what was lost holds up what is behind it.
            self.last = self.last.max(arrival);
            self.segments.push_back((self.last, segment.to_vec()));
        }
    }

    fn next_arrival(&self) -> Option<u64> {
        self.segments.front().map(|(arrival, _)| *arrival)
    }

    fn pop(&mut self, now: u64) -> Option<Vec<u8>> {
        self.next_arrival().filter(|arrival| *arrival <= now)?;
        self.segments.pop_front().map(|(_, octets)| octets)
    }

    /// Takes what has arrived, as much as there is room for.
    fn take(&mut self, now: u64, space: &mut [u8]) -> usize {
        match self.segments.front_mut() {
            Some((arrival, octets)) if *arrival <= now => {
                let count = space.len().min(octets.len());
                space[..count].copy_from_slice(&octets[..count]);
                octets.drain(..count);
                if octets.is_empty() {
                    self.segments.pop_front();
                }
                count
            }
            _ => 0,
        }
    }
}

impl Connection {
    /// A new one.
    pub fn new(session: Session, quality: Quality, trouble: Option<Trouble>) -> Self {
        let (to_server, to_client) = (Lane::default(), Lane::default());
        Self {
            session,
            quality,
            trouble,
            to_server,
            to_client,
            sent: 0,
            received: 0,
            is_reset: false,
            has_struck: false,
        }
    }

    /// The client writes.
    pub fn write(&mut self, octets: &[u8], now: u64, draw: &mut Draw) -> Moved {
        let room = match self.trouble {
            Some(Trouble::ResetAfterSent(at) | Trouble::StallAfterSent(at)) => at.saturating_sub(self.sent),
            _ => usize::MAX,
        };
        // A server that has ended its side may still be written to.
        match self.stopped() {
            None | Some(Moved::Octets(_)) => {}
            Some(stopped) => return stopped,
        }
        let count = octets.len().min(room).min(self.quality.segment);
        self.to_server.push(&octets[..count], now, self.quality, draw);
        self.sent += count;
        Moved::Octets(count)
    }

    /// The client reads; none is the end.
    pub fn read(&mut self, space: &mut [u8], now: u64) -> Moved {
        if let Some(stopped) = self.stopped() {
            return stopped;
        }
        let room = match self.trouble {
            Some(
                Trouble::ResetAfterReceived(at)
                | Trouble::StallAfterReceived(at)
                | Trouble::EndAfterReceived(at),
            ) => at.saturating_sub(self.received),
            _ => usize::MAX,
        };
        let room = space.len().min(room).min(self.quality.segment);
        let count = self.to_client.take(now, &mut space[..room]);
        self.received += count;
        match count {
            0 if !self.is_at_end(now) => Moved::Nothing,
            _ => Moved::Octets(count),
        }
    }

    /// Whether there is something to read, were it the end.
    pub fn is_ready(&self, now: u64) -> bool {
        self.is_reset
            || self.is_at_end(now)
            || self.to_client.next_arrival().is_some_and(|arrival| arrival <= now)
    }

    fn is_at_end(&self, now: u64) -> bool {
        self.session.has_ended() && self.to_client.segments.is_empty() && self.to_client.last <= now
    }

    /// What has become of it, where that is the case now.
    fn stopped(&mut self) -> Option<Moved> {
        let stopped = match self.trouble {
            _ if self.is_reset => return Some(Moved::Reset),
            Some(Trouble::ResetAfterSent(at)) if self.sent >= at => self.reset(),
            Some(Trouble::ResetAfterReceived(at)) if self.received >= at => self.reset(),
            Some(Trouble::StallAfterSent(at)) if self.sent >= at => Moved::Nothing,
            Some(Trouble::StallAfterReceived(at)) if self.received >= at => Moved::Nothing,
            Some(Trouble::EndAfterReceived(at)) if self.received >= at => Moved::Octets(0),
            _ => return None,
        };
        self.has_struck = true;
        Some(stopped)
    }

    /// It is reset.
    pub fn reset(&mut self) -> Moved {
        self.is_reset = true;
        Moved::Reset
    }

    /// Lets arrive at the server what is due, and send what the server answers.
    pub fn pump(&mut self, now: u64, unix: u64, store: &mut Store, weather: Weather, draw: &mut Draw) {
        while let Some(octets) = self.to_server.pop(now) {
            self.session.feed(&octets, store, weather, unix);
            let out = self.session.outgoing();
            self.to_client.push(&out, now, self.quality, draw);
        }
    }

    /// When something arrives next, either way.
    pub fn next_arrival(&self) -> Option<u64> {
        [self.to_server.next_arrival(), self.to_client.next_arrival()].into_iter().flatten().min()
    }

    /// Whether something is still on its way to the server.
    pub fn is_under_way(&self) -> bool {
        !self.to_server.segments.is_empty()
    }
}
