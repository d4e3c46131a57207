//! picopost's POST, by the blocking driver. The second one resumes the session of the first.

#![no_std]
#![no_main]

use core::convert::Infallible;
use core::fmt;
use core::time::Duration;

use bench_board::{machine, meter, parameters, random, tcp};
use picopost::embedded_io::{Error as _, ErrorKind, ErrorType, Read, Write};
use picopost::tls::CertificateDer;
use picopost::{
    Buffers, ConnectError, Device, Error, FieldValue, Observer, Octets, Request, Session, Stage, Summary,
    Trust, UnixTime, Url, blocking,
};
use rand_core::{TryCryptoRng, TryRng};

/// Of the receive buffer, in octets.
const RECEIVE: usize =
    if cfg!(feature = "full-record") { picopost::tls::FULL_RECEIVE_BUFFER } else { 5 + 4096 + 256 };
const SEND: usize = 1024;
const RESPONSE: usize = 512;

/// The port is not the server's: that one changes from run to run, and the request must not.
const URL: &str = "https://picopost.test/oauth/token";
const CONTENT: &[u8] = include_bytes!("../../content.txt");

#[unsafe(no_mangle)]
extern "C" fn program() {
    let mut session = Session::new();
    for _ in 0..parameters::posts() {
        meter::begin();
        if let Err(error) = post(&mut session) {
            machine::fail_with(error.stage().name(), error.code().into());
        }
    }
}

/// The buffers are on the stack, where they are counted as everything else is.
#[inline(never)]
fn post(session: &mut Session) -> Result<(), Error> {
    let (mut receive, mut send, mut response) = ([0; RECEIVE], [0; SEND], [0; RESPONSE]);
    let buffers = Buffers { session: Some(session), ..Buffers::new(&mut receive, &mut send, &mut response) };
    let certificate = CertificateDer::from(parameters::anchor());
    let Ok(anchor) = webpki::anchor_from_trusted_cert(&certificate) else {
        machine::fail("the anchor is no certificate");
    };
    let anchors = [anchor];
    let request = Request::json(Url::parse(URL)?, CONTENT).with_user_agent(FieldValue::new("bench/1")?);
    let now = UnixTime::since_unix_epoch(Duration::from_secs(parameters::time().into()));
    let device = Device { connector: &mut Network, clock: &now, entropy: &mut Seeded };
    let mut watch = Watch { resumed: false };
    let response = blocking::post(&request, Trust::anchors(&anchors), buffers, device, &mut watch)?;
    response.success()?;
    meter::end();
    tcp::close();
    meter::report(watch.resumed, response.body());
    Ok(())
}

struct Watch {
    resumed: bool,
}

impl Observer for Watch {
    fn reached(&mut self, stage: Stage, _: Octets) {
        if stage == Stage::Request {
            meter::handshake_done();
        }
    }

    fn ended(&mut self, summary: &Summary) {
        self.resumed = summary.is_resumed;
    }
}

struct Network;

impl blocking::Connect for Network {
    type Stream<'s> = Stream;

    fn connect(&mut self, _: &str, _: u16) -> Result<Stream, ConnectError> {
        match tcp::connect() {
            Ok(()) => Ok(Stream),
            Err(lost) => Err(ConnectError::Tcp(Lost(lost).kind())),
        }
    }
}

struct Stream;

#[derive(Debug)]
struct Lost(tcp::Lost);

impl picopost::embedded_io::Error for Lost {
    fn kind(&self) -> ErrorKind {
        ErrorKind::ConnectionReset
    }
}

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the connection was lost")
    }
}

impl core::error::Error for Lost {}

impl ErrorType for Stream {
    type Error = Lost;
}

impl Read for Stream {
    fn read(&mut self, space: &mut [u8]) -> Result<usize, Lost> {
        tcp::receive(space).map_err(Lost)
    }
}

impl Write for Stream {
    fn write(&mut self, octets: &[u8]) -> Result<usize, Lost> {
        tcp::send(octets).map(|()| octets.len()).map_err(Lost)
    }

    fn flush(&mut self) -> Result<(), Lost> {
        Ok(())
    }
}

/// Octets from a fixed seed, in a bench and nowhere else.
struct Seeded;

impl TryRng for Seeded {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut octets = [0; 4];
        random::fill(&mut octets);
        Ok(u32::from_le_bytes(octets))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut octets = [0; 8];
        random::fill(&mut octets);
        Ok(u64::from_le_bytes(octets))
    }

    fn try_fill_bytes(&mut self, octets: &mut [u8]) -> Result<(), Infallible> {
        random::fill(octets);
        Ok(())
    }
}

impl TryCryptoRng for Seeded {}
