//! What the caller can do wrong.

use std::convert::Infallible;
use std::time::Duration;

use picopost_testkit::CountingRng;
use picopost_testkit::chains::{NAME, NOW, shapes};
use picopost_tls::{
    Config, Connection, Error, MIN_RECEIVE_BUFFER, MIN_SEND_BUFFER, ServerName, Step, Trust, TrustAnchor,
    UnixTime,
};
use rand_core::{TryCryptoRng, TryRng};

fn config<'a>(anchors: &'a [TrustAnchor<'a>]) -> Config<'a> {
    let now = UnixTime::since_unix_epoch(Duration::from_secs(NOW));
    Config::new(ServerName::try_from(NAME).expect("a name"), Trust::anchors(anchors), now)
}

/// The error of a connection with buffers of these sizes.
fn error(
    receive: usize,
    send: usize,
    anchors: &[TrustAnchor<'_>],
    entropy: &mut impl TryCryptoRng,
) -> Option<Error> {
    let (mut receive, mut send) = (vec![0; receive], vec![0; send]);
    Connection::new(config(anchors), &mut receive, &mut send, entropy).err()
}

/// Gives the same octet for ever.
struct Constant(u8);

impl TryRng for Constant {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(u32::from_le_bytes([self.0; 4]))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(u64::from_le_bytes([self.0; 8]))
    }

    fn try_fill_bytes(&mut self, octets: &mut [u8]) -> Result<(), Infallible> {
        octets.fill(self.0);
        Ok(())
    }
}

impl TryCryptoRng for Constant {}

/// Fails after so many calls.
struct Failing(usize);

impl TryRng for Failing {
    type Error = std::fmt::Error;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        self.try_next_u64().map(|number| number.to_le_bytes()[0].into())
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        let left = self.0.checked_sub(1).ok_or(std::fmt::Error)?;
        self.0 = left;
        Ok(left as u64)
    }

    fn try_fill_bytes(&mut self, octets: &mut [u8]) -> Result<(), Self::Error> {
        let number = self.try_next_u64()?;
        octets.fill(number.to_le_bytes()[0]);
        Ok(())
    }
}

impl TryCryptoRng for Failing {}

#[test]
fn buffers_that_are_too_small() {
    let anchors = shapes::direct().anchors();
    let with = |receive, send| error(receive, send, &anchors, &mut CountingRng(1));
    assert_eq!(with(MIN_RECEIVE_BUFFER, MIN_SEND_BUFFER), None);
    let minimum = MIN_RECEIVE_BUFFER;
    for size in [0, minimum - 1] {
        assert_eq!(with(size, 1024), Some(Error::ReceiveBufferTooSmall { size, minimum }));
    }
    let minimum = MIN_SEND_BUFFER;
    for size in [0, minimum - 1] {
        assert_eq!(with(1024, size), Some(Error::SendBufferTooSmall { size, minimum }));
    }
}

#[test]
fn the_longest_server_name_fits_into_the_smallest_send_buffer() {
    let anchors = shapes::direct().anchors();
    // RFC 1035 §3.1: 253 octets, in labels of at most 63.
    let name =
        [&"a".repeat(63), &"b".repeat(63), &"c".repeat(63), &"d".repeat(61)].map(String::as_str).join(".");
    assert_eq!(name.len(), 253);
    let mut config = config(&anchors);
    config.server_name = ServerName::try_from(name).expect("a name");
    let (mut receive, mut send) = ([0; MIN_RECEIVE_BUFFER], [0; MIN_SEND_BUFFER]);
    let connection = Connection::new(config, &mut receive, &mut send, &mut CountingRng(1));
    assert_eq!(connection.err(), None);
}

#[test]
fn nobody_to_trust() {
    assert_eq!(error(4096, 1024, &[], &mut CountingRng(1)), Some(Error::NoTrustAnchors));
}

#[test]
fn a_random_source_that_is_none() {
    let anchors = shapes::direct().anchors();
    for octet in [0, 0x55, 0xff] {
        let result = error(4096, 1024, &anchors, &mut Constant(octet));
        assert_eq!(result, Some(Error::EntropyRepeats), "{octet}");
    }
    for calls in 0..3 {
        assert_eq!(error(4096, 1024, &anchors, &mut Failing(calls)), Some(Error::EntropyFailed), "{calls}");
    }
}

#[test]
fn nothing_can_be_sent_before_the_handshake_is_done() {
    let anchors = shapes::direct().anchors();
    let (mut receive, mut send) = ([0; 4096], [0; 1024]);
    let connection = Connection::new(config(&anchors), &mut receive, &mut send, &mut CountingRng(1));
    let mut connection = connection.expect("a good configuration");
    let hello = connection.outgoing().to_vec();
    for _ in 0..2 {
        assert!(connection.plaintext_space().is_empty());
        assert_eq!(connection.seal(0), Err(Error::NotOpen));
        assert_eq!(connection.seal(1), Err(Error::NotOpen));
        assert_eq!(connection.close(), Err(Error::NotOpen));
        assert!(connection.plaintext().is_empty());
        assert!(!connection.is_established());
        connection.sent(hello.len());
        assert_eq!(connection.step(), Ok(Step::Receive));
        assert!(connection.outgoing().is_empty());
    }
    // More than there is: counts are cut, nothing is read beyond the buffers.
    connection.sent(usize::MAX);
    connection.consume(usize::MAX);
    connection.received(usize::MAX);
    assert!(connection.step().is_err(), "4,096 zeros are no TLS");
}
