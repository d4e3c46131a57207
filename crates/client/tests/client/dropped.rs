//! The async client's future, dropped and measured.

use std::pin::pin;
use std::task::{Context, Waker};

use picopost::{Buffers, Request, Session, Settings, Trust, Url, asynch};
use picopost_testkit::chains::shapes;

use crate::support::Memory;
use crate::world::{Lazy, Network, World, platform, run};

fn request() -> Request<'static> {
    Request::json(Url::parse("https://device.example:8443/readings").unwrap(), b"{}")
}

/// Wherever a POST is dropped, the next one works, over a connection of its own unless the first is whole.
#[test]
fn a_post_can_be_dropped_anywhere() {
    let chain = shapes::gts();
    let anchors = chain.anchors();
    for polls in 0.. {
        let world = World::new(&chain);
        let (mut memory, mut session) = (Memory::new(4096, 1024, 1024), Session::new());
        let buffers = Buffers { session: Some(&mut session), ..memory.buffers() };
        let platform = platform(&world, Lazy(Network::new(&world)));
        let mut client =
            asynch::Client::new(Trust::anchors(&anchors), buffers, platform).with_settings(Settings::DEFAULT);
        let is_done = {
            let request = request();
            let mut future = pin!(client.post(&request));
            let mut context = Context::from_waker(Waker::noop());
            (0..polls).any(|_| future.as_mut().poll(&mut context).is_ready())
        };
        let before = world.seen.borrow().len();
        assert!(run(&world, client.post(&request())).is_ok(), "after {polls} polls");
        let seen = world.seen.borrow();
        assert_eq!(seen.len(), before + 1);
        assert_eq!(seen.last().unwrap().connection == 0, is_done || world.connections() == 1);
        if is_done {
            assert!(polls > 5, "{polls}");
            break;
        }
    }
}

/// What client and POST take, on a host of 64 bits: on a chip of 32 it is little more than half.
#[test]
fn the_future_has_its_size() {
    let chain = shapes::gts();
    let anchors = chain.anchors();
    let world = World::new(&chain);
    let mut memory = Memory::new(4096, 1024, 1024);
    let platform = platform(&world, Lazy(Network::new(&world)));
    let mut client = asynch::Client::new(Trust::anchors(&anchors), memory.buffers(), platform);
    let (client_size, request) = (size_of_val(&client), request());
    let future = size_of_val(&client.post(&request));
    println!("client {client_size} octets, future {future} octets");
    assert!(client_size < 2_000 && future < 8_000, "{client_size} {future}");
}
