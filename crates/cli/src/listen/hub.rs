//! Where events go: each is kept in memory for a while and handed to whoever wants it.
//!
//! Two kinds of receivers. A *sink* (the terminal, a store) gets everything: when it is slow, the
//! connections wait for it. A *follower* (a page) is never waited for: when it is slow it is told
//! that it missed something, and begins again with [`Hub::attempts`].

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{broadcast, mpsc};

use super::capture::{Attempt, Room, Tape};
use super::event::{Event, Line, Summary};

/// News for those who show or store attempts.
#[derive(Clone, Debug)]
pub(crate) enum Update {
    /// One more event, of an attempt or of the server as a whole.
    Line(Arc<Line>),
    /// An attempt as it is now: after each answer, and when it has ended. It replaces the earlier
    /// one of its number.
    #[allow(dead_code, reason = "for what stores, shows and exports attempts")]
    Attempt(Arc<Attempt>),
}

/// Hands out events, and counts them for the summary.
#[derive(Debug)]
pub(crate) struct Hub {
    sinks: Vec<mpsc::Sender<Update>>,
    followers: broadcast::Sender<Update>,
    state: Mutex<State>,
    /// For the tapes of open connections.
    room: Arc<Room>,
}

#[derive(Debug, Default)]
struct State {
    summary: Summary,
    /// The number of the latest attempt.
    latest: u64,
    kept: BTreeMap<u64, Arc<Attempt>>,
    /// Those that have not ended.
    open: BTreeMap<u64, Tape>,
    /// What the kept ones weigh together.
    weight: usize,
}

/// Updates that wait for a slow sink before the connections do.
const SINK_QUEUE: usize = 256;
/// Updates that a follower may be behind.
const FOLLOWER_QUEUE: usize = 1024;
/// Attempts that are kept in memory, and the octets that they may take together.
pub(crate) const MAX_ATTEMPTS: usize = 1000;
pub(crate) const MAX_WEIGHT: usize = 64 * 1024 * 1024;

/// What [`Hub::follow`] gives: everything until now, and then the updates.
#[allow(dead_code, reason = "for what stores, shows and exports attempts")]
#[derive(Debug)]
pub(crate) struct Follower {
    /// In the order of their numbers.
    pub(crate) attempts: Vec<Arc<Attempt>>,
    /// `RecvError::Lagged` says that updates were missed: follow anew.
    pub(crate) updates: broadcast::Receiver<Update>,
}

impl Hub {
    /// A hub whose attempts are numbered after `latest`, and as many sinks for it as asked for.
    /// A sink ends when the hub is dropped.
    pub(crate) fn new<const SINKS: usize>(latest: u64) -> (Self, [mpsc::Receiver<Update>; SINKS]) {
        let mut sinks = Vec::new();
        let receivers = std::array::from_fn(|_| {
            let (sender, receiver) = mpsc::channel(SINK_QUEUE);
            sinks.push(sender);
            receiver
        });
        let state = Mutex::new(State { latest, ..State::default() });
        (
            Self { sinks, followers: broadcast::Sender::new(FOLLOWER_QUEUE), state, room: Arc::default() },
            receivers,
        )
    }

    /// Everything that is kept, and from now on each update.
    #[allow(dead_code, reason = "for what stores, shows and exports attempts")]
    pub(crate) fn follow(&self) -> Follower {
        // Subscribed first: an update may then come twice, but none is missed.
        let updates = self.followers.subscribe();
        Follower { attempts: self.attempts(), updates }
    }

    /// The attempts that are kept, as far as they have come, in the order of their numbers.
    pub(crate) fn attempts(&self) -> Vec<Arc<Attempt>> {
        self.lock().kept.values().cloned().collect()
    }

    /// One of them.
    #[allow(dead_code, reason = "for what stores, shows and exports attempts")]
    pub(crate) fn attempt(&self, number: u64) -> Option<Arc<Attempt>> {
        self.lock().kept.get(&number).cloned()
    }

    /// Keeps an attempt, in place of an earlier one with its number; for those of an earlier run.
    pub(crate) fn keep(&self, attempt: Arc<Attempt>) {
        self.lock().keep(attempt);
    }

    /// An event that concerns the server as a whole.
    pub(crate) async fn event(&self, event: Event) {
        self.publish(Update::Line(Arc::new(Line { attempt: None, milliseconds: None, event }))).await;
    }

    /// The next attempt begins now.
    pub(crate) fn begin_attempt(self: &Arc<Self>, peer: SocketAddr, local: SocketAddr) -> Recorder {
        let mut state = self.lock();
        state.latest += 1;
        state.summary.attempts += 1;
        let tape = Tape::within(Arc::clone(&self.room), state.latest, peer, local);
        let number = state.latest;
        state.open.insert(number, tape.clone());
        Recorder { hub: Arc::clone(self), number, tape }
    }

    /// Nothing more will happen: hands over the attempts that have not ended, as far as they have come,
    /// and the summary. Those whose end is not yet handed out are among them.
    pub(crate) async fn end(&self) {
        let open = std::mem::take(&mut self.lock().open);
        for tape in open.into_values() {
            self.publish(Update::Attempt(Arc::new(tape.attempt()))).await;
        }
        let summary = self.lock().summary;
        self.event(Event::Summary(summary)).await;
    }

    async fn publish(&self, update: Update) {
        let places = self.places().await;
        self.hand_out(&update, places);
    }

    /// Waits until every sink has a place for one more update.
    async fn places(&self) -> Vec<mpsc::Permit<'_, Update>> {
        let mut places = Vec::new();
        for sink in &self.sinks {
            // A sink that has ended wants nothing more.
            places.extend(sink.reserve().await);
        }
        places
    }

    /// All get it or none: a task that is stopped while it waits has told nobody.
    fn hand_out(&self, update: &Update, places: Vec<mpsc::Permit<'_, Update>>) {
        // An error means that nobody follows.
        let _ = self.followers.send(update.clone());
        for place in places {
            place.send(update.clone());
        }
    }

    fn count(&self, event: &Event) {
        let summary = &mut self.lock().summary;
        match event {
            Event::Handshake(_) => summary.handshakes += 1,
            Event::Request(_) => summary.requests += 1,
            Event::Response(response) if (200..300).contains(&response.status) => summary.good_answers += 1,
            _ => {}
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // The state is whole at any time, also when another thread has panicked.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn keep(&mut self, attempt: Arc<Attempt>) {
        self.weight += attempt.weight();
        if let Some(earlier) = self.kept.insert(attempt.number, attempt) {
            self.weight -= earlier.weight();
        }
        // The last one stays, whatever it weighs.
        while self.kept.len() > MAX_ATTEMPTS || (self.weight > MAX_WEIGHT && self.kept.len() > 1) {
            let Some((_, oldest)) = self.kept.pop_first() else { break };
            self.weight -= oldest.weight();
        }
    }
}

/// Tells the events of one attempt.
#[derive(Debug)]
pub(crate) struct Recorder {
    hub: Arc<Hub>,
    number: u64,
    tape: Tape,
}

impl Recorder {
    /// For what the events come from: TCP segments and TLS secrets.
    pub(crate) fn tape(&self) -> Tape {
        self.tape.clone()
    }

    /// Keeps the event and hands it out; an answer also hands out the attempt.
    pub(crate) async fn event(&self, event: Event) {
        let answered = matches!(event, Event::Response(_));
        self.hub.count(&event);
        let milliseconds = Some(self.tape.microseconds() / 1000);
        let line = Arc::new(Line { attempt: Some(self.number), milliseconds, event });
        let attempt = Arc::new(self.tape.line(Arc::clone(&line)));
        self.hub.keep(Arc::clone(&attempt));
        self.hub.publish(Update::Line(line)).await;
        if answered {
            self.hub.publish(Update::Attempt(attempt)).await;
        }
    }

    /// The connection has ended.
    pub(crate) async fn end(self) {
        let attempt = Arc::new(self.tape.end());
        self.hub.keep(Arc::clone(&attempt));
        // Until it is handed out it counts as open: what stops this task here takes nothing away.
        let places = self.hub.places().await;
        self.hub.lock().open.remove(&self.number);
        self.hub.hand_out(&Update::Attempt(attempt), places);
    }
}

#[cfg(test)]
#[path = "hub_tests.rs"]
mod tests;
