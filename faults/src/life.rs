//! What the device does: it puts readings into its outbox, sends what waits there, and loses its power now
//! and then.

use core::time::Duration;
use std::collections::BTreeSet;

use embedded_hal_async::delay::DelayNs;
use picopost::asynch::Client;
use picopost::outbox::{Error as OutboxError, Outbox, Verdict, WhenFull};
use picopost::{
    Buffers, Error, KeepAlive, Platform, Post, Request, RequestKey, RetryPolicy, Session, Settings, Trust,
    TrustAnchor, Url,
};
use picopost_testkit::{CountingRng, Flash};

use crate::device::{Delay, Network, Watcher};
use crate::server::content;
use crate::world::{Inner, World};

/// Where readings go: one server honours Idempotency-Key, the other does not know it.
pub const HONOURS: &str = "https://device.example/readings";
/// The same.
pub const IGNORES: &str = "https://device.example/plain";

/// The device's flash: sixteen pages of the size that most chips have.
pub type DeviceFlash = Flash<4, 4096>;
const PAGES: usize = 16;

/// How a reading is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Through the outbox, with a key.
    Kept,
    /// At once, with a key, to a server that does not honour it; given up when the client gives it up.
    Ignored,
    /// At once, without a key, given up when the client gives it up.
    Bare,
}

/// What is done to the world, and to the device's flash.
pub type Change<'t> = Box<dyn FnOnce(&mut Inner, &mut DeviceFlash) + 't>;

/// One reading to send, and what is done to the world before.
pub struct Turn<'t> {
    /// How it is sent.
    pub way: Way,
    /// How long nothing happens before, in milliseconds.
    pub pause: u64,
    /// What is done to the world.
    pub change: Change<'t>,
}

/// What the device knows to have happened: not in its memory, which a power cut clears.
#[derive(Debug, Default)]
pub struct Truth {
    /// Readings so far.
    pub readings: u64,
    /// Those that the outbox has acknowledged.
    pub stored: BTreeSet<u64>,
    /// Those that were sent at once, and acknowledged by the server.
    pub acknowledged: BTreeSet<u64>,
    /// Those without a key that the client has given up.
    pub given_up: BTreeSet<u64>,
    /// All without a key.
    pub bare: BTreeSet<u64>,
    /// POSTs that were begun.
    pub posts: u64,
    /// Power cuts, in flash and during a POST.
    pub cuts: u64,
    /// The longest that one POST took, in milliseconds.
    pub longest: u64,
    /// The most steps of one POST.
    pub most_steps: u64,
    /// Octets of a client and of what a POST adds to it, its buffers not included.
    pub sizes: [usize; 2],
}

/// How the client is set up.
#[derive(Clone, Copy, Debug)]
pub struct Habits {
    /// Whether connections are kept, and sessions resumed.
    pub keeps: bool,
}

/// The device, as long as it has power.
pub struct Device<'d> {
    /// Around it.
    pub world: &'d World,
    /// What it trusts.
    pub anchors: &'d [TrustAnchor<'d>],
    /// What survives a power cut.
    pub flash: &'d mut DeviceFlash,
    /// What we know of it.
    pub truth: &'d mut Truth,
    /// How it behaves.
    pub habits: Habits,
}

/// The memory of the device for POSTs.
#[derive(Clone)]
pub struct Memory {
    receive: [u8; 4096],
    send: [u8; 1024],
    response: [u8; 1024],
    /// The outbox's.
    entry: [u8; 512],
}

impl Memory {
    /// Empty.
    pub const NEW: Self = Self { receive: [0; 4096], send: [0; 1024], response: [0; 1024], entry: [0; 512] };
}

/// The power is gone.
#[derive(Debug)]
pub struct PowerCut;

type TheClient<'c, U> = Client<'c, Network, Delay, U, Network, CountingRng>;

impl Device<'_> {
    /// New, or after a power cut: lives until there are no more turns, and until its outbox is empty then
    /// if `until_empty`.
    ///
    /// # Errors
    /// Its power was cut.
    ///
    /// # Panics
    /// If it does not keep its promises.
    pub async fn live<'t>(
        &mut self,
        turns: &mut dyn Iterator<Item = Turn<'t>>,
        until_empty: bool,
    ) -> Result<(), PowerCut> {
        let mut memory = Memory::NEW;
        let Memory { receive, send, response, entry } = &mut memory;
        let mut session = Session::new();
        let mut buffers = Buffers::new(receive, send, response);
        if self.habits.keeps {
            buffers.session = Some(&mut session);
        }
        let seed = self.truth.readings * 1_000_003 + self.truth.cuts;
        let world = self.world.clone();
        let platform = Platform {
            transport: Network(self.world.clone()),
            delay: Delay(self.world.clone()),
            uptime: move || world.now(),
            clock: Network(self.world.clone()),
            entropy: CountingRng(seed),
        };
        let settings = Settings {
            keep_alive: if self.habits.keeps { KeepAlive::DEFAULT } else { KeepAlive::Close },
            ..Settings::DEFAULT
        };
        let mut client = Client::new(Trust::anchors(self.anchors), buffers, platform).with_settings(settings);
        self.truth.sizes[0] = size_of_val(&client);
        let mut keys = CountingRng(seed ^ 0x5eed);

        open(self.flash, entry).await.map(|_| ())?;
        for turn in turns {
            Delay(self.world.clone()).delay_ms(u32::try_from(turn.pause).expect("short")).await;
            (turn.change)(&mut self.world.inside(), self.flash);
            let reading = self.truth.readings;
            self.truth.readings += 1;
            match turn.way {
                Way::Kept => {
                    let mut outbox = open(self.flash, entry).await?;
                    let stored = outbox.put(content(reading).as_bytes(), &mut keys).await;
                    match stored {
                        Ok(_) => {
                            self.truth.stored.insert(reading);
                        }
                        // Nobody was told that it is stored.
                        Err(OutboxError::Full { .. }) => self.world.inside().count("outbox full"),
                        Err(error) => return Err(cut(&error)),
                    }
                    self.send_all(&mut client, entry).await?;
                }
                Way::Ignored | Way::Bare => {
                    self.send_at_once(&mut client, reading, turn.way, &mut keys).await;
                }
            }
        }
        let mut rounds = 0;
        while until_empty && !open(self.flash, entry).await?.is_empty() {
            rounds += 1;
            assert!(rounds < 100, "the outbox is not drained after {rounds} rounds of good weather");
            Delay(self.world.clone()).delay_ms(60_000).await;
            self.send_all(&mut client, entry).await?;
        }
        Ok(())
    }

    /// Sends what waits, oldest first, until the client gives one up.
    async fn send_all<U: Fn() -> u64>(
        &mut self,
        client: &mut TheClient<'_, U>,
        entry: &mut [u8],
    ) -> Result<(), PowerCut> {
        let (world, mut tally) = (self.world.clone(), Tally::default());
        let mut outbox = open(self.flash, entry).await?;
        let drained = outbox
            .drain(async |entry| {
                let key = RequestKey::from(entry.key);
                let url = Url::parse(HONOURS).expect("a URL");
                let value = key.value().expect("a key is a header's value");
                let request = Request::json(url, entry.content).with_idempotency_key(value);
                match tally.post(&world, client, &request).await {
                    Ok(200..=299) => Verdict::Delivered,
                    Ok(_) | Err(_) => Verdict::Later,
                }
            })
            .await;
        tally.add_to(self.truth);
        drained.map(|_| ()).map_err(|error| cut(&error))
    }

    /// Sends one that nobody keeps.
    async fn send_at_once<U: Fn() -> u64>(
        &mut self,
        client: &mut TheClient<'_, U>,
        reading: u64,
        way: Way,
        keys: &mut CountingRng,
    ) {
        let body = content(reading);
        let request = Request::json(
            Url::parse(if way == Way::Ignored { IGNORES } else { HONOURS }).expect("a URL"),
            body.as_bytes(),
        );
        let key = RequestKey::new(keys).expect("it does not fail");
        let request = match way {
            Way::Ignored => request.with_idempotency_key(key.value().expect("a key is a header's value")),
            _ => request,
        };
        if way == Way::Bare {
            self.truth.bare.insert(reading);
        }
        let mut tally = Tally::default();
        let outcome = tally.post(self.world, client, &request).await;
        tally.add_to(self.truth);
        match outcome {
            Ok(200..=299) => self.truth.acknowledged.insert(reading),
            Ok(_) | Err(_) => self.truth.given_up.insert(reading),
        };
    }
}

/// What POSTs took.
#[derive(Default)]
struct Tally {
    posts: u64,
    longest: u64,
    most_steps: u64,
    size: usize,
}

impl Tally {
    async fn post<U: Fn() -> u64>(
        &mut self,
        world: &World,
        client: &mut TheClient<'_, U>,
        request: &Request<'_>,
    ) -> Result<u16, Error> {
        let (begun, steps) = (world.now(), world.inside().steps);
        self.posts += 1;
        let mut watcher = Watcher(world.clone());
        let post = client.post(Post::from(request).observed_by(&mut watcher));
        self.size = size_of_val(&post);
        let outcome = post.await.map(|response| response.status().0);
        let took = world.now() - begun;
        // No attempt begins later than the one, and none takes longer than the other.
        let limit =
            RetryPolicy::DEFAULT.longest_in_all + Settings::DEFAULT.limits.whole + Duration::from_secs(15);
        assert!(u128::from(took) <= limit.as_millis(), "a POST took {took} ms: {outcome:?}");
        world.inside().check_steps(steps);
        self.longest = self.longest.max(took);
        self.most_steps = self.most_steps.max(world.inside().steps - steps);
        outcome
    }

    fn add_to(&self, truth: &mut Truth) {
        truth.posts += self.posts;
        truth.longest = truth.longest.max(self.longest);
        truth.most_steps = truth.most_steps.max(self.most_steps);
        truth.sizes[1] = truth.sizes[1].max(self.size);
    }
}

/// The flash is opened for each thing that is done with it: in between it is the world's.
async fn open<'b>(
    flash: &'b mut DeviceFlash,
    entry: &'b mut [u8],
) -> Result<Outbox<'b, &'b mut DeviceFlash>, PowerCut> {
    let end = u32::try_from(PAGES * 4096).expect("small");
    Outbox::open(flash, 0..end, entry, WhenFull::RefuseNew).await.map_err(|error| cut(&error))
}

/// The only reason for which the outbox may fail here.
fn cut(error: &OutboxError) -> PowerCut {
    assert!(matches!(error, OutboxError::Flash { .. }), "the outbox failed: {error}");
    PowerCut
}

/// An empty flash.
pub fn flash() -> DeviceFlash {
    Flash::new(PAGES)
}
