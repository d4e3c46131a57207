//! One TCP connection to the host's loopback, blocking. What is done in here is not counted.

use core::mem;

use smoltcp::iface::{Config, Interface, PollResult, SocketHandle, SocketSet, SocketStorage};
use smoltcp::socket::tcp;
use smoltcp::time::{Duration, Instant};
use smoltcp::wire::{EthernetAddress, HardwareAddress, IpAddress, IpCidr, Ipv4Address};

use crate::single::Single;
use crate::virtio::Network;
use crate::{machine, meter, parameters};

/// The board, and the host's loopback as the emulator shows it to the board.
const BOARD: Ipv4Address = Ipv4Address::new(10, 0, 2, 15);
const HOST: Ipv4Address = Ipv4Address::new(10, 0, 2, 2);
/// The first port of ours; each connection takes the next one.
const FIRST_PORT: u16 = 49_152;
/// How long a connection may be silent.
const LIMIT: Duration = Duration::from_secs(60);
const RECEIVE: usize = 8192;
const TRANSMIT: usize = 4096;

struct Tcp {
    device: Network,
    interface: Interface,
    sockets: SocketSet<'static>,
    handle: SocketHandle,
    port: u16,
}

static TCP: Single<Option<Tcp>> = Single::new(None);

struct Buffers {
    sockets: [SocketStorage<'static>; 1],
    receive: [u8; RECEIVE],
    transmit: [u8; TRANSMIT],
}

static BUFFERS: Single<Buffers> =
    Single::new(Buffers { sockets: [SocketStorage::EMPTY], receive: [0; RECEIVE], transmit: [0; TRANSMIT] });

/// Brings the network up. To be called once, before the rest.
pub(crate) fn start() {
    TCP.with(|tcp| *tcp = Some(Tcp::new()));
}

/// The connection ended, or never was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lost;

/// Connects to the server.
///
/// # Errors
/// It refuses, or does not answer.
pub fn connect() -> Result<(), Lost> {
    quietly(|tcp| {
        tcp.port += 1;
        let local = tcp.port;
        let socket = tcp.sockets.get_mut::<tcp::Socket<'_>>(tcp.handle);
        socket.abort();
        socket.set_nagle_enabled(false);
        socket.set_timeout(Some(LIMIT));
        let remote = (IpAddress::from(HOST), parameters::port());
        socket.connect(tcp.interface.context(), remote, local).map_err(|_| Lost)?;
        tcp.until(|socket| match socket.state() {
            tcp::State::Established => Some(Ok(())),
            tcp::State::Closed => Some(Err(Lost)),
            _ => None,
        })
    })
}

/// Sends all of `octets`.
///
/// # Errors
/// The connection was lost.
pub fn send(mut octets: &[u8]) -> Result<(), Lost> {
    meter::sending(octets);
    quietly(|tcp| {
        while !octets.is_empty() {
            let count = tcp.until(|socket| {
                if !socket.may_send() {
                    return Some(Err(Lost));
                }
                let count = socket.send_slice(octets).unwrap_or(0);
                (count > 0).then_some(Ok(count))
            })?;
            octets = octets.get(count..).unwrap_or_default();
        }
        tcp.poll();
        Ok(())
    })
}

/// Receives into `space`, waiting for the first octet: how many came; 0 at the end.
///
/// # Errors
/// The connection was lost.
pub fn receive(space: &mut [u8]) -> Result<usize, Lost> {
    meter::receiving();
    let count = quietly(|tcp| {
        tcp.until(|socket| {
            if socket.can_recv() {
                return Some(socket.recv_slice(space).map_err(|_| Lost));
            }
            if socket.may_recv() {
                return None;
            }
            // The server has ended its side; anything else is a loss.
            let ended = matches!(
                socket.state(),
                tcp::State::CloseWait | tcp::State::LastAck | tcp::State::Closing | tcp::State::TimeWait
            );
            Some(if ended { Ok(0) } else { Err(Lost) })
        })
    })?;
    meter::received(count);
    Ok(count)
}

/// Ends the connection in good order.
pub fn close() {
    quietly(|tcp| {
        tcp.sockets.get_mut::<tcp::Socket<'_>>(tcp.handle).close();
        let _ = tcp.until(|socket| {
            let done = matches!(socket.state(), tcp::State::Closed | tcp::State::TimeWait);
            done.then_some(Ok(()))
        });
    });
}

/// Runs the network with the counters stopped.
fn quietly<R>(work: impl FnOnce(&mut Tcp) -> R) -> R {
    let entered = machine::instructions();
    let result = TCP.with(|tcp| match tcp {
        Some(tcp) => work(tcp),
        None => machine::fail("the network is not up"),
    });
    meter::exclude(machine::instructions().wrapping_sub(entered));
    result
}

impl Tcp {
    fn new() -> Self {
        // SAFETY: lent once for good: this is called once.
        let buffers: &'static mut Buffers = BUFFERS.with(|buffers| unsafe { mem::transmute(buffers) });
        let Some(mut device) = Network::find() else { machine::fail("there is no network card") };
        let address = HardwareAddress::Ethernet(EthernetAddress(device.mac_address()));
        let mut interface = Interface::new(Config::new(address), &mut device, now());
        interface.update_ip_addrs(|addresses| {
            let _ = addresses.push(IpCidr::new(BOARD.into(), 24));
        });
        let mut sockets = SocketSet::new(&mut buffers.sockets[..]);
        let receive = tcp::SocketBuffer::new(&mut buffers.receive[..]);
        let handle =
            sockets.add(tcp::Socket::new(receive, tcp::SocketBuffer::new(&mut buffers.transmit[..])));
        Self { device, interface, sockets, handle, port: FIRST_PORT }
    }

    /// Runs the network until `ready` has an answer.
    fn until<R>(
        &mut self,
        mut ready: impl FnMut(&mut tcp::Socket<'_>) -> Option<Result<R, Lost>>,
    ) -> Result<R, Lost> {
        loop {
            let result = self.poll();
            if let Some(answer) = ready(self.sockets.get_mut(self.handle)) {
                return answer;
            }
            if result == PollResult::None {
                machine::wait_a_millisecond();
            }
        }
    }

    fn poll(&mut self) -> PollResult {
        self.interface.poll(now(), &mut self.device, &mut self.sockets)
    }
}

fn now() -> Instant {
    Instant::from_micros(machine::microseconds() as i64)
}
