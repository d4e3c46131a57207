//! The same story for both clients.

use std::cell::Cell;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use picopost::{
    Buffers, Clock, Error, Octets, Platform, Post, Security, Session, Settings, Stage, Trust, asynch,
    blocking, embedded_hal, embedded_hal_async, rand_core,
};
use picopost_testkit::chains::{Chain, shapes};

use super::{Dice, Lazy, Network, Time, World};
use crate::support::Memory;

/// Status and content, or why there is none.
type Outcome = Result<(u16, Vec<u8>), Error>;

/// Either client.
pub(crate) trait Poster {
    fn post(&mut self, post: Post<'_>) -> Outcome;
    fn disconnect(&mut self);
    fn hint(&self, error: &Error) -> Option<picopost::ClockHint>;
}

pub(crate) fn platform<T>(
    world: &Rc<World>,
    transport: T,
) -> Platform<T, Time, impl Fn() -> u64, Time, Dice> {
    let uptime = {
        let world = world.clone();
        move || world.now.get()
    };
    let time = Time(world.clone());
    Platform { transport, delay: time.clone(), uptime, clock: time, entropy: Dice(7) }
}

macro_rules! poster {
    ($module:ident, $delay:path, $($run:tt)*) => {
        impl<T, D, U, K, R> Poster for (Rc<World>, $module::Client<'_, T, D, U, K, R>)
        where
            T: $module::Transport,
            D: $delay,
            U: picopost::Uptime,
            K: Clock,
            R: rand_core::TryCryptoRng,
        {
            fn post(&mut self, post: Post<'_>) -> Outcome {
                let (world, client) = self;
                let response = $($run)*(world, client.post(post));
                response.map(|response| (response.status().0, response.body().to_vec()))
            }

            fn disconnect(&mut self) {
                let (world, client) = self;
                $($run)*(world, client.disconnect());
            }

            fn hint(&self, error: &Error) -> Option<picopost::ClockHint> {
                self.1.clock_hint(error)
            }
        }
    };
}

poster!(asynch, embedded_hal_async::delay::DelayNs, run);
poster!(blocking, embedded_hal::delay::DelayNs, done);

fn done<T>(_: &World, value: T) -> T {
    value
}

/// Runs a future; where it waits, the time jumps.
pub(crate) fn run<F: Future>(world: &World, future: F) -> F::Output {
    let mut future = pin!(future);
    let woken = Rc::new(Cell::new(false));
    loop {
        world.wake.borrow_mut().clear();
        woken.set(false);
        let (flag, waker) = flag_waker();
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return output;
        }
        if flag.load(std::sync::atomic::Ordering::Relaxed) {
            continue;
        }
        let next = world.wake.borrow().iter().copied().min().expect("somebody waits for something");
        world.now.set(next.max(world.now.get()));
    }
}

fn flag_waker() -> (Arc<std::sync::atomic::AtomicBool>, Waker) {
    struct Flag(Arc<std::sync::atomic::AtomicBool>);
    impl std::task::Wake for Flag {
        fn wake(self: Arc<Self>) {
            self.0.store(true, std::sync::atomic::Ordering::Relaxed);
        }
    }
    let flag = Arc::new(std::sync::atomic::AtomicBool::new(false));
    (flag.clone(), Waker::from(Arc::new(Flag(flag))))
}

/// A server whose flight has the same length each time: an RSA signature has, one by ECDSA not always.
pub(crate) fn fixed() -> Chain {
    shapes::rsa()
}

/// Tells the same story to both clients, each in a world made anew, and compares what the server saw and
/// when.
pub(crate) fn both(
    chain: &Chain,
    settings: Settings<'_>,
    prepare: impl Fn(&World),
    story: impl Fn(&World, &mut dyn Poster),
) {
    let mut traces = Vec::new();
    for is_async in [true, false] {
        let world = World::new(chain);
        prepare(&world);
        let anchors = chain.anchors();
        let security = Security::from(Trust::anchors(&anchors));
        let (mut memory, mut session) = (Memory::new(4096, 1024, 1024), Session::new());
        let buffers = Buffers { session: Some(&mut session), ..memory.buffers() };
        let network = Network::new(&world);
        if is_async {
            let client = asynch::Client::new(security, buffers, platform(&world, Lazy(network)));
            story(&world, &mut (world.clone(), client.with_settings(settings)));
        } else {
            let client = blocking::Client::new(security, buffers, platform(&world, network));
            story(&world, &mut (world.clone(), client.with_settings(settings)));
        }
        traces.push((world.seen.borrow().clone(), world.calls.borrow().clone(), world.elapsed()));
    }
    assert_eq!(traces[0], traces[1], "both clients do the same");
}

/// The error of a POST that ended in a time limit.
pub(crate) fn timed_out(result: &Outcome) -> (u16, Stage, u32, Octets) {
    match result {
        Err(error @ Error::TimedOut { stage, after_milliseconds, octets, .. }) => {
            (error.code(), *stage, *after_milliseconds, *octets)
        }
        other => panic!("{other:?}"),
    }
}
