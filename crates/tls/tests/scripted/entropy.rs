//! Random sources that repeat themselves or fail: no connection begins, and nothing is sent.

use picopost_testkit::chains::{NAME, NOW, shapes};
use picopost_tls::{Config, Connection, Error, ServerName, Trust, UnixTime};
use rand_core::{TryCryptoRng, TryRng};

/// How often a connection asks for 32 octets: the random value, the session id, the private key, one
/// more for secp256r1, and two for ML-KEM.
const DRAWS: usize =
    3 + if cfg!(feature = "p256") { 1 } else { 0 } + if cfg!(feature = "mlkem") { 2 } else { 0 };

/// Gives one string of the list a draw, and fails behind its end.
struct Strings(std::vec::IntoIter<[u8; 32]>);

#[derive(Debug)]
struct Failed;

impl std::fmt::Display for Failed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("no more strings")
    }
}

impl std::error::Error for Failed {}

impl TryRng for Strings {
    type Error = Failed;

    fn try_next_u32(&mut self) -> Result<u32, Failed> {
        unimplemented!("the engine asks for octets")
    }

    fn try_next_u64(&mut self) -> Result<u64, Failed> {
        unimplemented!("the engine asks for octets")
    }

    fn try_fill_bytes(&mut self, octets: &mut [u8]) -> Result<(), Failed> {
        octets.copy_from_slice(&self.0.next().ok_or(Failed)?);
        Ok(())
    }
}

impl TryCryptoRng for Strings {}

/// Begins a connection with these strings. Returns its error, or `None` for a ClientHello.
fn begin(strings: impl Iterator<Item = [u8; 32]>) -> Option<Error> {
    let anchors = shapes::direct().anchors();
    let now = UnixTime::since_unix_epoch(std::time::Duration::from_secs(NOW));
    let config =
        Config::new(ServerName::try_from(NAME).expect("a server name"), Trust::anchors(&anchors), now);
    #[cfg(feature = "mlkem")]
    let config = config.with_groups(picopost_tls::Groups::PostQuantum);
    let mut entropy = Strings(strings.collect::<Vec<_>>().into_iter());
    let (mut receive, mut send) = ([0; 4096], [0; 4096]);
    let connection = Connection::new(config, &mut receive, &mut send, &mut entropy);
    let error = connection.as_ref().err().copied();
    assert!(connection.is_err() || entropy.0.next().is_none(), "it draws no more than {DRAWS} times");
    error
}

fn string(number: usize) -> [u8; 32] {
    let mut string = [0; 32];
    // In their last octet alone: no part of a string may stand for the whole.
    string[31] = u8::try_from(number).expect("a small number");
    string
}

#[test]
fn a_source_that_repeats_itself_is_refused() {
    for period in 1..DRAWS {
        let strings = (0..DRAWS).map(|draw| string(draw % period));
        assert_eq!(begin(strings), Some(Error::EntropyRepeats), "period {period}");
    }
    assert_eq!(begin((0..DRAWS).map(string)), None);
}

#[test]
fn any_two_equal_strings_are_refused() {
    for second in 0..DRAWS {
        for first in 0..second {
            let strings = (0..DRAWS).map(|draw| string(if draw == second { first } else { draw }));
            assert_eq!(begin(strings), Some(Error::EntropyRepeats), "{first} and {second}");
        }
    }
}

#[test]
fn a_source_that_fails_is_refused() {
    for draws in 0..DRAWS {
        assert_eq!(begin((0..draws).map(string)), Some(Error::EntropyFailed), "after {draws}");
    }
}
