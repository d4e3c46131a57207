//! A network with a time of its own: nothing here waits, the time jumps to where something happens.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::io::{Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::rc::Rc;
use std::sync::Arc;

use picopost::Addresses;
use picopost::embedded_io::ErrorKind;
use picopost_testkit::chains::{self, Chain};
use rustls::{ServerConfig, ServerConnection};

use crate::support::{Answer, Rustls};

pub(crate) use clients::{both, fixed, platform, run, timed_out};
pub(crate) use network::{Dice, Lazy, Network, Time};

mod clients;
mod network;

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
    /// What the server says behind each answer, in a record of its own.
    pub(crate) excess: &'static [u8],
    /// Octets that come behind each answer, outside of TLS.
    pub(crate) garbage: &'static [u8],
}

impl Plan {
    pub(crate) const GOOD: Self = Self {
        connect: Some(Ok(())),
        stop_sent: None,
        stop_received: None,
        drip: None,
        closes: None,
        thinks: 0,
        excess: b"",
        garbage: b"",
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

    /// Where the server takes nothing more, neither do the network's buffers become empty.
    fn flush(&self) -> Step<()> {
        self.with(|connection| match connection.plan.stop_sent {
            Some((limit, false)) if connection.sent == limit => Step::Never,
            _ => Step::Done(Ok(())),
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
        let (mut at, answered) = (self.now.get(), connection.answered);
        while let Some(seen) = self.whole_request(connection) {
            self.seen.borrow_mut().push(seen);
            let reply = self.replies.borrow_mut().pop_front().unwrap_or_else(|| REPLY.to_owned());
            connection.tls.writer().write_all(reply.as_bytes()).unwrap();
            connection.tls.writer().write_all(connection.plan.excess).unwrap();
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
        if connection.answered > answered {
            out.extend_from_slice(connection.plan.garbage);
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
