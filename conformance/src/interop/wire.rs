//! What goes over the wire, as anyone on the path can see it: the two hellos, and how large the
//! records are.

use std::io;

use embedded_io::{ErrorType, Read, Write};
use picopost_testkit::{ClientHello, RETRY_RANDOM};

/// RFC 9846 §5.1.
const HANDSHAKE: u8 = 22;
const APPLICATION_DATA: u8 = 23;
const HEADER: usize = 5;
/// Octets of a message's type and length, and of a ServerHello's version, before its random value.
const BEFORE_RANDOM: usize = 6;
/// RFC 6066 §4.
const MAX_FRAGMENT_LENGTH: u16 = 1;
/// What a protected record has beyond its content: the content's type and the tag.
const TAG: usize = 16;
const TYPE: usize = 1;

/// A stream that keeps what passes.
pub(super) struct Tap<S> {
    stream: S,
    wire: Wire,
}

/// The octets of both directions.
#[derive(Debug, Default)]
pub(super) struct Wire {
    sent: Vec<u8>,
    received: Vec<u8>,
}

impl<S> Tap<S> {
    pub(super) fn new(stream: S) -> Self {
        Self { stream, wire: Wire::default() }
    }

    pub(super) fn into_wire(self) -> Wire {
        self.wire
    }
}

impl<S> ErrorType for Tap<S> {
    type Error = io::Error;
}

impl<S: io::Read> Read for Tap<S> {
    fn read(&mut self, space: &mut [u8]) -> io::Result<usize> {
        let count = self.stream.read(space)?;
        self.wire.received.extend(&space[..count]);
        Ok(count)
    }
}

impl<S: io::Write> Write for Tap<S> {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        let count = self.stream.write(octets)?;
        self.wire.sent.extend(&octets[..count]);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}

/// Which extension a server has heeded, to keep its records small.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Heeded {
    /// RFC 8449.
    RecordSizeLimit,
    /// RFC 6066 §4.
    MaxFragmentLength,
    /// Neither, or there was nothing to keep to.
    Neither,
}

impl Wire {
    /// Whether the server has sent a HelloRetryRequest (RFC 9846 §4.2.4).
    pub(super) fn is_retried(&self) -> bool {
        let hello = records(&self.received).find(|(content_type, _)| *content_type == HANDSHAKE);
        hello.and_then(|(_, message)| message.get(BEFORE_RANDOM..BEFORE_RANDOM + RETRY_RANDOM.len()))
            == Some(&RETRY_RANDOM[..])
    }

    /// The longest encrypted record of the server, in octets behind its header.
    pub(super) fn largest(&self) -> usize {
        let protected = records(&self.received).filter(|(content_type, _)| *content_type == APPLICATION_DATA);
        protected.map(|(_, record)| record.len()).max().unwrap_or_default()
    }

    /// What that says of the limits that the client has asked for: the smallest one that no record
    /// exceeds is the one that was heeded. Of use where the response is longer than any limit.
    pub(super) fn heeded(&self) -> Result<Heeded, String> {
        let hello = records(&self.sent).next().and_then(|(_, message)| message.get(4..));
        let hello = hello.ok_or("the client has sent no ClientHello")?;
        let hello = ClientHello::parse(0x0301, hello).map_err(|complaint| complaint.0)?;
        let code = hello.extension(MAX_FRAGMENT_LENGTH).and_then(|data| data.first());
        // The length's code 1 stands for 512 octets of content, each further one for twice that.
        let by_fragment = code.map(|code| ((256 << code) + TYPE + TAG, Heeded::MaxFragmentLength));
        let by_record = hello.record_size_limit;
        let by_record = by_record.map(|limit| (usize::from(limit) + TAG, Heeded::RecordSizeLimit));
        let largest = self.largest();
        let kept = [by_fragment, by_record].into_iter().flatten().filter(|(limit, _)| largest <= *limit);
        Ok(kept.min_by_key(|(limit, _)| *limit).map_or(Heeded::Neither, |(_, heeded)| heeded))
    }
}

/// The whole records in what passed: type and fragment.
fn records(mut octets: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
    std::iter::from_fn(move || {
        let (header, rest) = octets.split_at_checked(HEADER)?;
        let length = usize::from(u16::from_be_bytes([header[3], header[4]]));
        let (fragment, rest) = rest.split_at_checked(length)?;
        octets = rest;
        Some((header[0], fragment))
    })
}

#[cfg(test)]
mod tests {
    use picopost::{Action, Buffers, Exchange, Request, Trust, UnixTime, Url};
    use picopost_testkit::{chains, record};

    use super::*;

    /// What a client with a receive buffer of so many octets sends first.
    fn client_hello(receive: usize) -> Vec<u8> {
        let anchors = chains::shapes::direct().anchors();
        let request = Request::json(Url::parse("https://device.example/").unwrap(), b"{}");
        let now = UnixTime::since_unix_epoch(std::time::Duration::from_secs(chains::NOW));
        let (mut receive, mut send, mut response) = (vec![0; receive], [0; 1024], [0; 64]);
        let buffers = Buffers::new(&mut receive, &mut send, &mut response);
        let trust = Trust::anchors(&anchors);
        let mut exchange = Exchange::new(&request, trust, now, buffers, &mut getrandom::SysRng).unwrap();
        match exchange.next() {
            Ok(Action::Send(octets)) => octets.to_vec(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_was_heeded_is_told_by_the_largest_record() {
        // Asked for: 320 and 512 octets, 1,344 and 1,024 octets, nothing.
        for (receive, largest, heeded) in [
            (1024, 336, Heeded::RecordSizeLimit),
            (1024, 337, Heeded::MaxFragmentLength),
            (1024, 529, Heeded::MaxFragmentLength),
            (1024, 530, Heeded::Neither),
            (4096, 1041, Heeded::MaxFragmentLength),
            (4096, 1042, Heeded::RecordSizeLimit),
            (4096, 1361, Heeded::Neither),
            (16_645, 16_401, Heeded::Neither),
        ] {
            let received =
                [record(APPLICATION_DATA, &vec![0; largest]), record(APPLICATION_DATA, b"")].concat();
            let wire = Wire { sent: client_hello(receive), received };
            assert_eq!(wire.heeded(), Ok(heeded), "{receive}, {largest}");
        }
    }

    #[test]
    fn records_are_cut_where_they_end() {
        let octets =
            [record(HANDSHAKE, b"abc"), record(APPLICATION_DATA, b""), vec![23, 3, 3, 0, 9, 1]].concat();
        let found: Vec<_> = records(&octets).collect();
        assert_eq!(found, [(HANDSHAKE, &b"abc"[..]), (APPLICATION_DATA, b"")]);
    }

    #[test]
    fn a_retry_is_told_by_its_random_value() {
        let hello = |random: &[u8]| [b"\x02\0\0\x22\x03\x03", random].concat();
        let of = |random: &[u8]| Wire { sent: Vec::new(), received: record(HANDSHAKE, &hello(random)) };
        assert!(of(&RETRY_RANDOM).is_retried());
        assert!(!of(&[7; 32]).is_retried());
        assert!(!Wire::default().is_retried());
    }
}
