//! The time by SNTP (RFC 5905 §14), from whoever is there: not authenticated, and so only where the device
//! knows none.

use core::cell::Cell;
use core::net::SocketAddr;
use core::time::Duration;

use embedded_io::ErrorKind;
use rand_core::TryCryptoRng;
use sntpc::{NtpContext, NtpTimestampGenerator, NtpUdpSocket};

use super::engine::{Engine, Trip};
use super::io::{Io, Limited};
use super::time::Known;
use crate::drive::Halt;
use crate::limits::{Allowance, Wait};
use crate::{Clock, ClockError, Error, TimeServerError, UnixTime};

/// The port of NTP (RFC 5905 §7.2).
const PORT: u16 = 123;
/// The length of a message without extensions (RFC 5905 §7.3).
const LENGTH: usize = 48;
/// How long after the floor a time may be, in seconds: half a century.
const RANGE: u64 = 50 * 365 * 86_400;

impl<I: Io, K: Clock, R: TryCryptoRng> Engine<'_, I, K, R> {
    /// Asks the time servers one after the other, until one tells a time that can be.
    pub(super) async fn ask_the_time(&mut self, trip: &mut Trip<'_>) -> Result<UnixTime, Error> {
        let floor = self.clock.floor().as_secs();
        let mut failure = ClockError::Unknown;
        let mut asked = 0_u8;
        for server in self.settings.time_servers {
            asked = asked.saturating_add(1);
            trip.budget.renew(Wait::Resolve);
            trip.budget.renew(Wait::TimeServer);
            let nonce = self.nonce()?;
            let mut limited = Limited { io: &mut self.io, budget: &mut trip.budget };
            match ask(&mut limited, server, nonce, floor).await {
                // A floor and a ceiling: no more can be said of what nobody vouches for.
                Ok(told) if (floor..=floor.saturating_add(RANGE)).contains(&told) => {
                    self.told = Some(Known { seconds: told, at: self.io.now() });
                    return Ok(UnixTime::since_unix_epoch(Duration::from_secs(told)));
                }
                Ok(told) => failure = ClockError::OutOfRange { told, floor },
                Err(last) => failure = ClockError::NoTimeServer { asked, last },
            }
        }
        Err(Error::Clock(failure))
    }

    /// What the request has for its own time, and the answer repeats: nobody who does not see the request
    /// can answer it (RFC 9769 has the random number, so that nothing of this clock is told).
    fn nonce(&mut self) -> Result<[u8; 8], Error> {
        let mut nonce = [0; 8];
        match self.entropy.try_fill_bytes(&mut nonce) {
            Ok(()) => Ok(nonce),
            Err(_) => {
                Err(Error::Tls { stage: crate::Stage::Clock, error: picopost_tls::Error::EntropyFailed })
            }
        }
    }
}

/// Asks one server, at its first address: Unix seconds.
async fn ask<I: Io>(
    limited: &mut Limited<'_, I>,
    server: &str,
    nonce: [u8; 8],
    floor: u64,
) -> Result<u64, TimeServerError> {
    let kind = |halt| match halt {
        Halt::Failed(kind) => kind,
        Halt::Late(Allowance { .. }) => ErrorKind::TimedOut,
    };
    let addresses = limited.resolve(server).await.map_err(|halt| TimeServerError::Dns(kind(halt)))?;
    let address = addresses.iter().next().ok_or(TimeServerError::Dns(ErrorKind::NotFound))?;
    let address = SocketAddr::new(address, PORT);
    // The crate's two halves, and the I/O between them: what it sends and receives is only noted.
    let note = Note { address, octets: Cell::new([0; LENGTH]), length: Cell::new(0) };
    let asked = sntpc::sntp_send_request(address, &note, NtpContext::new(Stamp::random(nonce))).await;
    let Ok(asked) = asked else { return Err(TimeServerError::Answer) };
    let mut answer = [0; LENGTH];
    let length = limited.datagram(address, &note.octets.get(), &mut answer).await;
    let length = length.map_err(|halt| TimeServerError::Network(kind(halt)))?;
    note.octets.set(answer);
    note.length.set(length.min(LENGTH));
    let pivot = NtpContext::new(Stamp { seconds: floor, micros: 0 });
    match sntpc::sntp_process_response(address, &note, pivot, asked).await {
        Ok(told) => Ok(told.sec()),
        Err(sntpc::Error::KissOfDeath(_) | sntpc::Error::UnsynchronizedClock) => {
            Err(TimeServerError::Unavailable)
        }
        // Length, origin, mode, version, stratum, distance: all of them make it no answer.
        Err(_) => Err(TimeServerError::Answer),
    }
}

/// A message on its way between `sntpc` and the transport.
struct Note {
    address: SocketAddr,
    octets: Cell<[u8; LENGTH]>,
    length: Cell<usize>,
}

impl NtpUdpSocket for Note {
    async fn send_to(&self, octets: &[u8], _: SocketAddr) -> sntpc::Result<usize> {
        let octets = <[u8; LENGTH]>::try_from(octets).ok().ok_or(sntpc::Error::Network)?;
        self.octets.set(octets);
        Ok(LENGTH)
    }

    /// The transport takes answers from the address that was asked alone.
    async fn recv_from(&self, space: &mut [u8]) -> sntpc::Result<(usize, SocketAddr)> {
        space.iter_mut().zip(self.octets.get()).for_each(|(to, from)| *to = from);
        Ok((self.length.get(), self.address))
    }
}

/// What is written as this side's time.
#[derive(Clone, Copy)]
struct Stamp {
    seconds: u64,
    micros: u32,
}

impl Stamp {
    fn random(nonce: [u8; 8]) -> Self {
        let [a, b, c, d, e, f, g, h] = nonce;
        let micros = u32::from_be_bytes([e, f, g, h]) % 1_000_000;
        Self { seconds: u32::from_be_bytes([a, b, c, d]).into(), micros }
    }
}

impl NtpTimestampGenerator for Stamp {
    fn init(&mut self) {}

    fn timestamp_sec(&self) -> u64 {
        self.seconds
    }

    fn timestamp_subsec_micros(&self) -> u32 {
        self.micros
    }
}
