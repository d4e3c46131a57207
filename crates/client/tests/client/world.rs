//! A network with a time of its own: nothing here waits, the time jumps to where something happens.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::io::{Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use picopost::embedded_io::{self, ErrorKind};
use picopost::rand_core;
use picopost::{
    Addresses, Buffers, Clock, Error, Octets, Platform, Post, Security, Session, Settings, Stage, Trust,
    UnixTime, asynch, blocking, embedded_hal, embedded_hal_async, embedded_io_async,
};
use picopost_testkit::chains::{self, Chain};
use rustls::{ServerConfig, ServerConnection};

use crate::support::{Answer, Memory, Rustls};

/// What becomes of an operation for the time being.
pub(crate) enum Step<T> {
    Done(Result<T, ErrorKind>),
    /// Something happens at this time.
    At(u64),
    Never,
}

/// What goes wrong on one connection. Octets are those of TLS.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// Of the connection itself: `None` never answers.
    pub(crate) connect: Option<Result<(), ErrorKind>>,
    /// After so many octets from the client, nothing more is taken; `true` for a reset.
    pub(crate) stop_sent: Option<(usize, bool)>,
    /// After so many octets to the client nothing more comes; `true` for a reset.
    pub(crate) stop_received: Option<(usize, bool)>,
    /// From this octet to the client on, one comes every so many milliseconds.
    pub(crate) drip: Option<(usize, u64)>,
    /// The server closes its side so many milliseconds after its answer of this number, from 0.
    pub(crate) closes: Option<(usize, u64)>,
    /// How long each answer takes, in milliseconds.
    pub(crate) thinks: u64,
}

impl Plan {
    pub(crate) const GOOD: Self = Self {
        connect: Some(Ok(())),
        stop_sent: None,
        stop_received: None,
        drip: None,
        closes: None,
        thinks: 0,
    };
}

/// A request that the server has seen as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) connection: usize,
    pub(crate) port: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
    pub(crate) at: u64,
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }
}

/// What a time server answers to a request, if it does.
type TimeServer = Box<dyn Fn(&[u8]) -> Option<Vec<u8>>>;

pub(crate) struct World {
    pub(crate) now: Cell<u64>,
    /// The next moments at which something happens.
    wake: RefCell<Vec<u64>>,
    config: Arc<ServerConfig>,
    pub(crate) addresses: RefCell<Option<Result<Vec<IpAddr>, ErrorKind>>>,
    pub(crate) plans: RefCell<VecDeque<Plan>>,
    pub(crate) replies: RefCell<VecDeque<String>>,
    pub(crate) seen: RefCell<Vec<Seen>>,
    pub(crate) calls: RefCell<Vec<String>>,
    pub(crate) close_notifies: Cell<usize>,
    /// What the clock says; `None` if it does not know.
    pub(crate) clock: Cell<Option<u64>>,
    /// What time servers answer, and after how many milliseconds.
    pub(crate) times: RefCell<VecDeque<TimeServer>>,
    socket: RefCell<Option<Connection>>,
    connections: Cell<usize>,
}

pub(crate) const REPLY: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// The other side of the socket.
struct Connection {
    plan: Plan,
    number: usize,
    port: u16,
    tls: ServerConnection,
    request: Vec<u8>,
    answered: usize,
    /// To the client: octets, and from when on.
    outgoing: VecDeque<(u64, u8)>,
    sent: usize,
    received: usize,
    closes_at: Option<u64>,
    last_drip: u64,
    is_broken: bool,
}

impl World {
    pub(crate) fn new(chain: &Chain) -> Rc<Self> {
        Rc::new(Self {
            now: Cell::new(1_000_000),
            wake: RefCell::default(),
            config: Rustls::config(chain, &Answer::with(b"")),
            addresses: RefCell::new(Some(Ok(vec![IpAddr::from(Ipv4Addr::new(192, 0, 2, 1))]))),
            plans: RefCell::default(),
            replies: RefCell::default(),
            seen: RefCell::default(),
            calls: RefCell::default(),
            close_notifies: Cell::new(0),
            clock: Cell::new(Some(chains::NOW)),
            times: RefCell::default(),
            socket: RefCell::default(),
            connections: Cell::new(0),
        })
    }

    pub(crate) fn plan(&self, plan: Plan) {
        self.plans.borrow_mut().push_back(plan);
    }

    pub(crate) fn reply(&self, reply: impl Into<String>) {
        self.replies.borrow_mut().push_back(reply.into());
    }

    pub(crate) fn elapsed(&self) -> u64 {
        self.now.get() - 1_000_000
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.get()
    }

    fn resolve(&self, host: &str) -> Step<Addresses> {
        self.calls.borrow_mut().push(host.to_owned());
        match &*self.addresses.borrow() {
            Some(addresses) => Step::Done(addresses.clone().map(|addresses| addresses.into_iter().collect())),
            None => Step::Never,
        }
    }

    fn connect(&self, address: SocketAddr) -> Step<()> {
        self.disconnect();
        self.calls.borrow_mut().push(address.to_string());
        let plan = self.plans.borrow_mut().pop_front().unwrap_or(Plan::GOOD);
        match plan.connect {
            Some(Ok(())) => {}
            Some(Err(kind)) => return Step::Done(Err(kind)),
            None => return Step::Never,
        }
        let mut tls = ServerConnection::new(self.config.clone()).unwrap();
        tls.set_buffer_limit(None);
        let number = self.connections.replace(self.connections.get() + 1);
        *self.socket.borrow_mut() = Some(Connection {
            plan,
            number,
            port: address.port(),
            tls,
            request: Vec::new(),
            answered: 0,
            outgoing: VecDeque::new(),
            sent: 0,
            received: 0,
            closes_at: None,
            last_drip: 0,
            is_broken: false,
        });
        Step::Done(Ok(()))
    }

    fn disconnect(&self) {
        self.socket.borrow_mut().take();
    }

    fn with<T>(&self, work: impl FnOnce(&mut Connection) -> Step<T>) -> Step<T> {
        match &mut *self.socket.borrow_mut() {
            Some(connection) => work(connection),
            None => Step::Done(Err(ErrorKind::NotConnected)),
        }
    }

    fn write(&self, octets: &[u8]) -> Step<usize> {
        self.with(|connection| {
            let mut count = octets.len().min(700);
            if connection.is_broken || connection.closes_at.is_some_and(|at| at <= self.now.get()) {
                return Step::Done(Err(ErrorKind::BrokenPipe));
            }
            if let Some((limit, is_reset)) = connection.plan.stop_sent {
                count = count.min(limit - connection.sent);
                if count == 0 && is_reset {
                    connection.is_broken = true;
                    return Step::Done(Err(ErrorKind::ConnectionReset));
                }
                if count == 0 {
                    return Step::Never;
                }
            }
            connection.sent += count;
            self.serve(connection, &octets[..count]);
            Step::Done(Ok(count))
        })
    }

    /// The server takes octets, and answers.
    fn serve(&self, connection: &mut Connection, mut octets: &[u8]) {
        while !octets.is_empty() {
            connection.tls.read_tls(&mut octets).unwrap();
            match connection.tls.process_new_packets() {
                Ok(state) if state.peer_has_closed() => {
                    self.close_notifies.set(self.close_notifies.get() + 1);
                }
                Ok(_) => {}
                Err(_) => connection.is_broken = true,
            }
            let _ = connection.tls.reader().read_to_end(&mut connection.request);
        }
        let mut at = self.now.get();
        while let Some(seen) = self.whole_request(connection) {
            self.seen.borrow_mut().push(seen);
            let reply = self.replies.borrow_mut().pop_front().unwrap_or_else(|| REPLY.to_owned());
            connection.tls.writer().write_all(reply.as_bytes()).unwrap();
            at += connection.plan.thinks;
            if let Some((number, after)) = connection.plan.closes
                && number == connection.answered
            {
                if after == 0 {
                    connection.tls.send_close_notify();
                }
                connection.closes_at = Some(at + after);
            }
            connection.answered += 1;
        }
        let mut out = Vec::new();
        while connection.tls.wants_write() {
            connection.tls.write_tls(&mut out).unwrap();
        }
        connection.outgoing.extend(out.into_iter().map(|octet| (at, octet)));
    }

    fn whole_request(&self, connection: &mut Connection) -> Option<Seen> {
        let end = connection.request.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
        let head = String::from_utf8(connection.request[..end].to_vec()).unwrap();
        let length: usize =
            head.lines().find_map(|line| line.strip_prefix("Content-Length: ")).unwrap().parse().unwrap();
        let body = connection.request.get(end..end + length)?.to_vec();
        connection.request.drain(..end + length);
        Some(Seen { connection: connection.number, port: connection.port, head, body, at: self.now.get() })
    }

    fn read(&self, space: &mut [u8]) -> Step<usize> {
        let now = self.now.get();
        self.with(|connection| {
            if connection.is_broken {
                return Step::Done(Err(ErrorKind::ConnectionReset));
            }
            let mut room = space.len().min(500);
            if let Some((limit, is_reset)) = connection.plan.stop_received {
                room = room.min(limit - connection.received);
                if room == 0 && is_reset {
                    return Step::Done(Err(ErrorKind::ConnectionReset));
                }
                if room == 0 {
                    return Step::Never;
                }
            }
            if let Some((from, every)) = connection.plan.drip {
                if connection.received >= from {
                    let next = connection.last_drip.max(now.saturating_sub(every)) + every;
                    if connection.last_drip != 0 && next > now {
                        return Step::At(next);
                    }
                    connection.last_drip = now;
                    room = 1;
                } else {
                    room = room.min(from - connection.received);
                }
            }
            let is_there = |(at, _): &&(u64, u8)| *at <= now;
            let count = connection.outgoing.iter().take_while(is_there).count().min(room);
            if count > 0 {
                for (place, (_, octet)) in space.iter_mut().zip(connection.outgoing.drain(..count)) {
                    *place = octet;
                }
                connection.received += count;
                return Step::Done(Ok(count));
            }
            match (connection.outgoing.front(), connection.closes_at) {
                (Some((at, _)), _) => Step::At(*at),
                (None, Some(at)) if at <= now => Step::Done(Ok(0)),
                (None, Some(at)) => Step::At(at),
                (None, None) => Step::Never,
            }
        })
    }

    /// Whether a read would not wait.
    fn read_ready(&self) -> Result<bool, ErrorKind> {
        let now = self.now.get();
        match &*self.socket.borrow() {
            None => Err(ErrorKind::NotConnected),
            Some(connection) => Ok(connection.is_broken
                || connection.outgoing.front().is_some_and(|(at, _)| *at <= now)
                || (connection.outgoing.is_empty() && connection.closes_at.is_some_and(|at| at <= now))),
        }
    }

    fn datagram(&self, address: SocketAddr, request: &[u8], answer: &mut [u8]) -> Step<usize> {
        self.calls.borrow_mut().push(format!("udp {address}"));
        let server = self.times.borrow_mut().pop_front();
        match server.and_then(|server| server(request)) {
            Some(octets) => {
                answer.iter_mut().zip(&octets).for_each(|(to, from)| *to = *from);
                Step::Done(Ok(octets.len()))
            }
            None => Step::Never,
        }
    }
}

/// The client's end of the socket.
#[derive(Clone)]
pub(crate) struct Network {
    world: Rc<World>,
    limit: u64,
}

impl Network {
    fn block<T>(&self, mut operation: impl FnMut(&World) -> Step<T>) -> Result<T, ErrorKind> {
        let until = self.world.now.get() + self.limit;
        loop {
            match operation(&self.world) {
                Step::Done(outcome) => return outcome,
                Step::At(at) if at < until => self.world.now.set(at),
                Step::At(_) | Step::Never => {
                    self.world.now.set(until);
                    return Err(ErrorKind::TimedOut);
                }
            }
        }
    }

    async fn wait<T>(&self, mut operation: impl FnMut(&World) -> Step<T>) -> Result<T, ErrorKind> {
        std::future::poll_fn(|_| match operation(&self.world) {
            Step::Done(outcome) => Poll::Ready(outcome),
            Step::At(at) => {
                self.world.wake.borrow_mut().push(at);
                Poll::Pending
            }
            Step::Never => Poll::Pending,
        })
        .await
    }

    /// An operation that is asked for once, though it is polled often.
    async fn once<T>(&self, operation: impl FnOnce(&World) -> Step<T>) -> Result<T, ErrorKind> {
        match operation(&self.world) {
            Step::Done(outcome) => outcome,
            Step::At(_) | Step::Never => std::future::pending().await,
        }
    }
}

impl embedded_io::ErrorType for Network {
    type Error = ErrorKind;
}

impl embedded_io::ReadReady for Network {
    fn read_ready(&mut self) -> Result<bool, ErrorKind> {
        self.world.read_ready()
    }
}

impl embedded_io::Read for Network {
    fn read(&mut self, space: &mut [u8]) -> Result<usize, ErrorKind> {
        self.block(|world| world.read(space))
    }
}

impl embedded_io::Write for Network {
    fn write(&mut self, octets: &[u8]) -> Result<usize, ErrorKind> {
        self.block(|world| world.write(octets))
    }

    fn flush(&mut self) -> Result<(), ErrorKind> {
        Ok(())
    }
}

impl blocking::Transport for Network {
    fn set_limit(&mut self, limit: Duration) {
        assert!(!limit.is_zero());
        self.limit = limit.as_millis().try_into().unwrap();
    }

    fn resolve(&mut self, host: &str) -> Result<Addresses, ErrorKind> {
        self.block(|world| world.resolve(host))
    }

    fn connect(&mut self, address: SocketAddr) -> Result<(), ErrorKind> {
        self.block(|world| world.connect(address))
    }

    fn disconnect(&mut self) {
        self.world.disconnect();
    }

    fn datagram(&mut self, to: SocketAddr, request: &[u8], answer: &mut [u8]) -> Result<usize, ErrorKind> {
        self.block(|world| world.datagram(to, request, answer))
    }
}

/// The same, for the async client.
#[derive(Clone)]
pub(crate) struct Lazy(Network);

impl embedded_io::ErrorType for Lazy {
    type Error = ErrorKind;
}

impl embedded_io::ReadReady for Lazy {
    fn read_ready(&mut self) -> Result<bool, ErrorKind> {
        self.0.world.read_ready()
    }
}

impl embedded_io_async::Read for Lazy {
    async fn read(&mut self, space: &mut [u8]) -> Result<usize, ErrorKind> {
        self.0.wait(|world| world.read(space)).await
    }
}

impl embedded_io_async::Write for Lazy {
    async fn write(&mut self, octets: &[u8]) -> Result<usize, ErrorKind> {
        self.0.wait(|world| world.write(octets)).await
    }

    async fn flush(&mut self) -> Result<(), ErrorKind> {
        Ok(())
    }
}

impl asynch::Transport for Lazy {
    async fn resolve(&mut self, host: &str) -> Result<Addresses, ErrorKind> {
        self.0.once(|world| world.resolve(host)).await
    }

    async fn connect(&mut self, address: SocketAddr) -> Result<(), ErrorKind> {
        self.0.once(|world| world.connect(address)).await
    }

    fn disconnect(&mut self) {
        self.0.world.disconnect();
    }

    async fn datagram(
        &mut self,
        to: SocketAddr,
        request: &[u8],
        answer: &mut [u8],
    ) -> Result<usize, ErrorKind> {
        self.0.once(|world| world.datagram(to, request, answer)).await
    }
}

/// Time that goes by when somebody waits for it.
#[derive(Clone)]
pub(crate) struct Time(Rc<World>);

impl embedded_hal::delay::DelayNs for Time {
    fn delay_ns(&mut self, nanoseconds: u32) {
        self.0.now.set(self.0.now.get() + u64::from(nanoseconds).div_ceil(1_000_000));
    }

    fn delay_ms(&mut self, milliseconds: u32) {
        self.0.now.set(self.0.now.get() + u64::from(milliseconds));
    }
}

impl embedded_hal_async::delay::DelayNs for Time {
    async fn delay_ns(&mut self, nanoseconds: u32) {
        self.delay_ms(nanoseconds.div_ceil(1_000_000)).await;
    }

    async fn delay_ms(&mut self, milliseconds: u32) {
        let until = self.0.now.get() + u64::from(milliseconds);
        std::future::poll_fn(|_| {
            if self.0.now.get() >= until {
                return Poll::Ready(());
            }
            self.0.wake.borrow_mut().push(until);
            Poll::Pending
        })
        .await;
    }
}

impl Clock for Time {
    fn now(&self) -> Option<UnixTime> {
        let seconds = self.0.clock.get()? + self.0.elapsed() / 1000;
        Some(UnixTime::since_unix_epoch(Duration::from_secs(seconds)))
    }
}

/// Random octets that are the same in each run, so that what depends on them is too.
pub(crate) struct Dice(u64);

impl rand_core::TryRng for Dice {
    type Error = std::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        unreachable!("octets are asked for")
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        unreachable!("octets are asked for")
    }

    fn try_fill_bytes(&mut self, octets: &mut [u8]) -> Result<(), Self::Error> {
        for octet in octets {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            *octet = self.0.to_be_bytes()[0];
        }
        Ok(())
    }
}

impl rand_core::TryCryptoRng for Dice {}

type Result2 = Result<(u16, Vec<u8>), Error>;

/// Either client.
pub(crate) trait Poster {
    fn post(&mut self, post: Post<'_>) -> Result2;
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
            fn post(&mut self, post: Post<'_>) -> Result2 {
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
        let network = Network { world: world.clone(), limit: 0 };
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
pub(crate) fn timed_out(result: &Result2) -> (u16, Stage, u32, Octets) {
    match result {
        Err(error @ Error::TimedOut { stage, after_milliseconds, octets, .. }) => {
            (error.code(), *stage, *after_milliseconds, *octets)
        }
        other => panic!("{other:?}"),
    }
}
