//! The packets of a connection, made from what was read and written: the octets, their order and their
//! times are real; sequence numbers, flags and checksums are made to fit.

use std::io;
use std::net::{IpAddr, SocketAddr};

use etherparse::{IpHeaders, PacketBuilder, PacketBuilderStep, TcpHeader};

use super::super::capture::{Attempt, Direction};
use super::super::event::{Event, How};

/// A packet with its IP header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Packet {
    /// Since 1970.
    pub(super) microseconds: u64,
    pub(super) octets: Vec<u8>,
}

/// Octets in one packet at most: with its headers it must stay below 2^16 octets.
const LARGEST: usize = 32 * 1024;
const WINDOW: u16 = 65_535;
const HOPS: u8 = 64;

/// The three packets that open the connection, one for each read and write (more for a long one), and
/// those that end it.
pub(super) fn packets(attempt: &Attempt) -> Vec<Packet> {
    let mut connection = Connection::new(attempt);
    connection.open();
    for segment in &attempt.segments {
        for octets in segment.octets.chunks(LARGEST) {
            connection.push(segment.microseconds, segment.direction, Flags::PUSH, octets);
        }
        // What was not kept is a gap in the sequence, as of a packet that a capture lost.
        connection.skip(segment.direction, segment.omitted);
    }
    if attempt.complete {
        connection.close(attempt);
    }
    connection.packets
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Flags {
    Syn,
    SynAck,
    Ack,
    Push,
    Fin,
    Reset,
}

impl Flags {
    const PUSH: Self = Self::Push;
}

struct Connection {
    peer: SocketAddr,
    local: SocketAddr,
    started: u64,
    /// The next sequence number of the client, and of the server.
    next_in: u32,
    next_out: u32,
    packets: Vec<Packet>,
}

impl Connection {
    fn new(attempt: &Attempt) -> Self {
        Self {
            peer: attempt.peer,
            local: attempt.local,
            started: attempt.started_microseconds,
            next_in: 0,
            next_out: 0,
            packets: Vec::new(),
        }
    }

    fn open(&mut self) {
        self.push(0, Direction::In, Flags::Syn, b"");
        self.push(0, Direction::Out, Flags::SynAck, b"");
        self.push(0, Direction::In, Flags::Ack, b"");
    }

    /// How the client ended its side is known; the server closes its own in any case.
    fn close(&mut self, attempt: &Attempt) {
        let ended = attempt.lines.iter().rev().find_map(|line| match &line.event {
            Event::Closed(closed) => Some((line.milliseconds.unwrap_or_default() * 1000, closed.how)),
            _ => None,
        });
        let Some((at, how)) = ended else { return };
        // Events have whole milliseconds: not before the last octet.
        let at = at.max(attempt.segments.last().map_or(0, |segment| segment.microseconds));
        match how {
            How::Reset => self.push(at, Direction::In, Flags::Reset, b""),
            How::TimedOut | How::KeptSending => self.push(at, Direction::Out, Flags::Fin, b""),
            _ => {
                self.push(at, Direction::In, Flags::Fin, b"");
                self.push(at, Direction::Out, Flags::Fin, b"");
                self.push(at, Direction::In, Flags::Ack, b"");
            }
        }
    }

    fn push(&mut self, at: u64, direction: Direction, flags: Flags, octets: &[u8]) {
        let (from, to, sequence, acknowledged) = match direction {
            Direction::In => (self.peer, self.local, self.next_in, self.next_out),
            Direction::Out => (self.local, self.peer, self.next_out, self.next_in),
        };
        let mut header = TcpHeader::new(from.port(), to.port(), sequence, WINDOW);
        header.syn = matches!(flags, Flags::Syn | Flags::SynAck);
        header.fin = flags == Flags::Fin;
        header.rst = flags == Flags::Reset;
        header.psh = flags == Flags::Push;
        header.ack = flags != Flags::Syn;
        header.acknowledgment_number = if header.ack { acknowledged } else { 0 };
        let takes_one = u64::from(header.syn || header.fin);
        if let Ok(packet) = packet(from.ip(), to.ip(), header, octets) {
            self.packets.push(Packet { microseconds: self.started.saturating_add(at), octets: packet });
        }
        self.skip(direction, takes_one + u64::try_from(octets.len()).unwrap_or(u64::MAX));
    }

    /// Sequence numbers go round at 2^32 (RFC 9293 §3.4).
    fn skip(&mut self, direction: Direction, octets: u64) {
        let [a, b, c, d, ..] = octets.to_le_bytes();
        let octets = u32::from_le_bytes([a, b, c, d]);
        let next = match direction {
            Direction::In => &mut self.next_in,
            Direction::Out => &mut self.next_out,
        };
        *next = next.wrapping_add(octets);
    }
}

/// The packet with its lengths and checksums.
fn packet(from: IpAddr, to: IpAddr, header: TcpHeader, octets: &[u8]) -> io::Result<Vec<u8>> {
    let builder: PacketBuilderStep<IpHeaders> = match (from, to) {
        (IpAddr::V4(from), IpAddr::V4(to)) => PacketBuilder::ipv4(from.octets(), to.octets(), HOPS),
        // Of different families they are when one is an IPv4 address in IPv6's form.
        (from, to) => PacketBuilder::ipv6(v6(from), v6(to), HOPS),
    };
    let mut packet = Vec::new();
    builder.tcp_header(header).write(&mut packet, octets).map_err(io::Error::other)?;
    Ok(packet)
}

fn v6(address: IpAddr) -> [u8; 16] {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped().octets(),
        IpAddr::V6(address) => address.octets(),
    }
}
