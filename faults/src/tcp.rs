//! The same client over TCP of this machine, the blocking one: no time of its own here, so nothing stalls.
//!
//! The server is a thread, and ends its connections behind any octet: where octets of the client are unread
//! then, the system resets them.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use picopost::{Buffers, Platform, Post, Request, RequestKey, Settings, Trust, UnixTime, Url};
use picopost_testkit::CountingRng;
use picopost_testkit::chains::{Chain, NOW};

use crate::draw::{Draw, Weather};
use crate::server::{Session, Store, configuration, content};

pub use network::Network;

mod network;

/// A server that has stopped answering is a failure, not a wait.
const LIMIT: Duration = Duration::from_secs(20);

/// Sends so many readings, each until it is acknowledged: those that the server acted upon once.
///
/// # Panics
/// If a reading is not acknowledged, or the loopback cannot be used.
pub(crate) fn run(chain: &Chain, readings: u64, seed: u64, length: [usize; 2]) -> u64 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("the loopback has a free port");
    let port = listener.local_addr().expect("it is bound").port();
    let stop = AtomicBool::new(false);
    let store = std::thread::scope(|scope| {
        let server = scope.spawn(|| serve(&listener, chain, Draw(seed), length, &stop));
        send(chain, port, readings, seed);
        stop.store(true, Ordering::SeqCst);
        // Wakes the server; if nobody listens any more, there is nobody to wake.
        drop(TcpStream::connect((Ipv4Addr::LOCALHOST, port)));
        server.join().expect("the server ended well")
    });
    assert!(store.complaints.is_empty(), "{:?}", store.complaints);
    store.acted.values().filter(|times| **times == 1).count() as u64
}

fn send(chain: &Chain, port: u16, readings: u64, seed: u64) {
    let anchors = chain.anchors();
    let (mut receive, mut send, mut response) = ([0; 4096], [0; 1024], [0; 1024]);
    let start = Instant::now();
    let platform = Platform {
        transport: Network::default(),
        delay: NoDelay,
        uptime: || u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX),
        clock: UnixTime::since_unix_epoch(Duration::from_secs(NOW)),
        entropy: CountingRng(seed),
    };
    let buffers = Buffers::new(&mut receive, &mut send, &mut response);
    let mut client = picopost::blocking::Client::new(Trust::anchors(&anchors), buffers, platform)
        .with_settings(Settings::DEFAULT);
    let url = format!("https://device.example:{port}/readings");
    let mut keys = CountingRng(!seed);
    for reading in 0..readings {
        let body = content(reading);
        let key = RequestKey::new(&mut keys).expect("it does not fail");
        let url = Url::parse(&url).expect("a URL");
        let request = Request::json(url, body.as_bytes())
            .with_idempotency_key(key.value().expect("a key is a header's value"));
        let is_sent =
            |_: &u32| client.post(Post::from(&request)).is_ok_and(|answer| answer.status().0 == 201);
        assert!((0..20).find(is_sent).is_some(), "reading {reading} is not acknowledged");
    }
}

/// Nobody waits here before another attempt.
struct NoDelay;

impl embedded_hal::delay::DelayNs for NoDelay {
    fn delay_ns(&mut self, _: u32) {}
}

/// Takes one connection after the other; every other one ends behind some octet.
fn serve(
    listener: &TcpListener,
    chain: &Chain,
    mut draw: Draw,
    length: [usize; 2],
    stop: &AtomicBool,
) -> Store {
    let (configuration, mut store) = (configuration(chain), Store::default());
    for stream in listener.incoming().map_while(Result::ok) {
        if stop.load(Ordering::SeqCst) {
            break;
        }
        let mut room = [usize::MAX; 2];
        if draw.percent(50) {
            let which = draw.octets(2);
            room[which] = draw.octets(length[which]);
        }
        // A client that is gone ends a connection like one that closes it.
        let _gone = converse(stream, Session::new(&configuration), room, &mut store);
    }
    store
}

/// One connection, of which the server takes and gives so many octets at most.
fn converse(
    mut stream: TcpStream,
    mut session: Session,
    [mut to_take, mut to_give]: [usize; 2],
    store: &mut Store,
) -> std::io::Result<()> {
    stream.set_read_timeout(Some(LIMIT))?;
    let mut space = [0; 256];
    while to_take > 0 && !session.has_ended() {
        let room = space.len().min(to_take);
        let count = stream.read(&mut space[..room])?;
        if count == 0 {
            break;
        }
        to_take -= count;
        session.feed(&space[..count], store, Weather::Fine, NOW);
        let mut out = session.outgoing();
        out.truncate(to_give);
        stream.write_all(&out)?;
        to_give -= out.len();
        if to_give == 0 {
            break;
        }
    }
    Ok(())
}
