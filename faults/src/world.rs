//! Everything around the device: the time, the link, the server. Nothing here waits: time goes on when the
//! device has nothing to do until something happens.

use std::cell::{RefCell, RefMut};
use std::collections::{BTreeMap, VecDeque};
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake};

use picopost_testkit::chains::{self, Chain};
use rustls::ServerConfig;

use crate::draw::{Draw, Quality, Trouble, Weather};
use crate::link::Connection;
use crate::server::{Session, Store, configuration};

/// So often may a device look at the world within one POST: one octet at a time takes some thousands.
const MOST_STEPS: u64 = 200_000;

/// What the device's own clock shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeviceClock {
    /// The time.
    Right,
    /// Nothing.
    Unknown,
    /// So many seconds too much, or too few.
    Off(i64),
}

/// What happened: each kind, and how often.
pub type Counts = BTreeMap<String, u64>;

/// The world, shared by the device's network, delay and clock.
#[derive(Clone)]
pub struct World(Rc<RefCell<Inner>>);

/// What is in it.
pub struct Inner {
    /// Milliseconds since its beginning.
    pub now: u64,
    /// When somebody wants to be asked again.
    timers: Vec<u64>,
    /// How often the device has looked at it: each read, write, delay, and look at the clock.
    pub steps: u64,
    chain: Chain,
    configuration: Arc<ServerConfig>,
    /// What the server has got.
    pub store: Store,
    /// How it answers, and until when.
    pub weather: (Weather, u64),
    /// Until when nobody listens.
    pub down_until: u64,
    /// The connection that the device has.
    pub connection: Option<Connection>,
    /// Those that it has given up, as long as something of them is under way.
    orphans: Vec<Connection>,
    /// How many octets were sent and received over the last one.
    pub last_octets: (usize, usize),
    /// What is to happen to the next connections.
    pub troubles: VecDeque<Trouble>,
    /// How the link is.
    pub quality: Quality,
    /// What the device's clock shows.
    pub clock: DeviceClock,
    /// For what the link draws.
    pub draw: Draw,
    /// What has happened.
    pub counts: Counts,
}

impl World {
    /// A good world.
    pub fn new(chain: Chain, seed: u64) -> Self {
        Self(Rc::new(RefCell::new(Inner {
            now: 0,
            timers: Vec::new(),
            steps: 0,
            configuration: configuration(&chain),
            chain,
            store: Store::default(),
            weather: (Weather::Fine, 0),
            down_until: 0,
            connection: None,
            orphans: Vec::new(),
            last_octets: (0, 0),
            troubles: VecDeque::new(),
            quality: Quality::GOOD,
            clock: DeviceClock::Right,
            draw: Draw(seed),
            counts: Counts::new(),
        })))
    }

    /// Its inside, with everything done that was due.
    pub fn inside(&self) -> RefMut<'_, Inner> {
        let mut inner = self.0.borrow_mut();
        inner.steps += 1;
        inner.pump();
        inner
    }

    /// Milliseconds since its beginning.
    pub fn now(&self) -> u64 {
        self.0.borrow().now
    }

    /// Runs the device until its future is ready, or until it has waited so many times: `None` then.
    ///
    /// # Panics
    /// If it hangs: nothing that it waits for will ever come, or it goes on for ever.
    pub fn run<T>(&self, future: impl Future<Output = T>, waits: Option<u64>) -> Option<T> {
        let mut future = pin!(future);
        let flag = Arc::new(Flag(AtomicBool::new(false)));
        let waker = flag.clone().into();
        let mut context = Context::from_waker(&waker);
        let mut left = waits;
        loop {
            if left == Some(0) {
                return None;
            }
            left = left.map(|left| left - 1);
            self.inside().timers.clear();
            if let Poll::Ready(value) = future.as_mut().poll(&mut context) {
                return Some(value);
            }
            if !flag.0.swap(false, Ordering::Relaxed) {
                let mut inner = self.0.borrow_mut();
                let next = inner.next_event().expect("the device hangs: it waits for what never comes");
                inner.now = inner.now.max(next);
            }
        }
    }
}

/// Whether the device wants to be asked again at once.
struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Inner {
    /// Unix seconds.
    pub fn unix(&self) -> u64 {
        chains::NOW + self.now / 1000
    }

    /// Somebody wants to be asked again then.
    pub fn wake_at(&mut self, time: u64) {
        self.timers.push(time);
    }

    fn next_event(&self) -> Option<u64> {
        let orphans = self.orphans.iter().filter(|orphan| orphan.is_under_way());
        let links = self.connection.iter().chain(orphans).filter_map(Connection::next_arrival);
        // What has arrived and is not taken is no event.
        links.filter(|arrival| *arrival > self.now).chain(self.timers.iter().copied()).min()
    }

    fn pump(&mut self) {
        let (now, unix) = (self.now, self.unix());
        if self.weather.1 <= now {
            self.weather.0 = Weather::Fine;
        }
        let weather = self.weather.0;
        for connection in self.connection.iter_mut().chain(&mut self.orphans) {
            connection.pump(now, unix, &mut self.store, weather, &mut self.draw);
        }
        self.orphans.retain(Connection::is_under_way);
    }

    /// One more of these.
    pub fn count(&mut self, what: impl Into<String>) {
        *self.counts.entry(what.into()).or_default() += 1;
    }

    /// The device connects: it has a connection then, or is told why not. `None` is for ever.
    pub fn connect(&mut self) -> Option<bool> {
        self.hang_up();
        let trouble = self.troubles.pop_front();
        match trouble {
            Some(trouble @ (Trouble::ConnectStalls | Trouble::Refused)) => {
                self.count(trouble.name());
                return (trouble == Trouble::Refused).then_some(false);
            }
            _ if self.now < self.down_until => {
                self.count(Trouble::Refused.name());
                return Some(false);
            }
            _ => {}
        }
        let session = Session::new(&self.configuration);
        self.connection = Some(Connection::new(session, self.quality, trouble));
        Some(true)
    }

    /// The device gives its connection up, or has lost its power: what it has sent arrives all the same.
    pub fn hang_up(&mut self) {
        let Some(connection) = self.connection.take() else { return };
        if let Some(trouble) = connection.trouble.filter(|_| connection.has_struck) {
            self.count(trouble.name());
        }
        self.last_octets = (connection.sent, connection.received);
        self.orphans.push(connection);
    }

    /// The server is started again: it has forgotten its sessions and connections, and nobody listens for
    /// so many milliseconds.
    pub fn restart(&mut self, down: u64) {
        self.configuration = configuration(&self.chain);
        self.down_until = self.now + down;
        self.orphans.clear();
        if let Some(connection) = &mut self.connection {
            connection.reset();
        }
    }

    /// A POST is over that began at this time and after so many steps.
    ///
    /// # Panics
    /// If it took more steps than any.
    pub fn check_steps(&self, before: u64) {
        let steps = self.steps - before;
        assert!(steps < MOST_STEPS, "the device took {steps} steps for one POST");
    }
}
