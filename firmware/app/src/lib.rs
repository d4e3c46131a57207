//! The demonstration application, the same on every board: it gets an address, knows the time,
//! POSTs what its parameters say, and reports what that cost.
//!
//! A board brings a network card under `embassy-net`, and a [`Board`]; it runs [`run`] beside the
//! network stack's own future.

#![no_std]
#![forbid(unsafe_code)]

use core::fmt;

use embassy_net::Stack;
use embassy_time::{Duration, with_timeout};
pub use meter::Meter;
pub use parameters::{MAX_ANCHORS, Malformed, Parameters};
use picopost::rand_core::TryCryptoRng;
use picopost::{Clock, Stage, TrustAnchor};
pub use post::Memory;
pub use report::{Console, DIGITS, Report, decimal};

mod meter;
mod parameters;
mod post;
mod report;
pub mod tcp;
pub mod token;

/// Exit status: the answer was 2xx and its content came whole.
pub const EXIT_GOOD: u8 = 0;
/// Exit status: the POST failed.
pub const EXIT_FAILED: u8 = 1;
/// Exit status: the parameters are malformed.
pub const EXIT_PARAMETERS: u8 = 2;
/// Exit status: the board lacks something: a device, or a network.
pub const EXIT_BOARD: u8 = 3;

/// A part of the board is missing, or does not work: numbers in the caller's range, behind those
/// of [`Malformed`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lacking {
    /// There is no source of entropy.
    Entropy,
    /// The source of entropy gave nothing.
    EntropyGaveNothing,
    /// There is no network card.
    NetworkCard,
    /// The network gave no address.
    Address,
}

impl Lacking {
    /// Its number.
    pub fn code(&self) -> u16 {
        match self {
            Self::Entropy => 1950,
            Self::EntropyGaveNothing => 1951,
            Self::NetworkCard => 1952,
            Self::Address => 1953,
        }
    }
}

impl fmt::Display for Lacking {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Entropy => f.write_str("there is no source of entropy"),
            Self::EntropyGaveNothing => f.write_str("the source of entropy gave nothing"),
            Self::NetworkCard => f.write_str("there is no network card"),
            Self::Address => write!(f, "no address by DHCP within {} s", ADDRESS_LIMIT.as_secs()),
        }
    }
}

impl core::error::Error for Lacking {}

/// How long to wait for an address.
const ADDRESS_LIMIT: Duration = Duration::from_secs(30);

/// What the application needs of a board, besides its network.
pub struct Board<'a, E> {
    /// The board's name.
    pub name: &'static str,
    /// Where the report goes: one `key: value` a line.
    pub console: &'a mut dyn Console,
    /// Random octets fit for keys.
    pub entropy: &'a mut E,
    /// Trust anchors that are in the image: they take the place of the parameters'.
    pub anchors: Option<&'static [TrustAnchor<'static>]>,
    /// The time.
    pub clock: &'a dyn Clock,
    /// Instructions executed since some fixed moment (or cycles, where they cannot be counted).
    pub instructions: fn() -> u64,
    /// The most stack that was in use since reset, in octets.
    pub peak_stack: fn() -> usize,
}

/// Runs the application once: the exit status.
pub async fn run<E: TryCryptoRng>(
    board: Board<'_, E>,
    network: Stack<'_>,
    parameters: &Parameters<'_>,
    memory: &mut Memory,
) -> u8 {
    let mut report = Report::new(&mut *board.console);
    match start(&mut report, board.name, network, board.clock).await {
        Ok(()) => post::post(board, network, parameters, memory).await,
        Err(lacking) => {
            report.error(Stage::Setup, lacking.code(), &lacking);
            EXIT_BOARD
        }
    }
}

/// What comes before any POST: an address, and the first lines of the report.
///
/// # Errors
/// The network gave no address.
pub async fn start(
    report: &mut Report<'_>,
    name: &str,
    network: Stack<'_>,
    clock: &dyn Clock,
) -> Result<(), Lacking> {
    report.text("board: ").text(name).end();
    if with_timeout(ADDRESS_LIMIT, network.wait_config_up()).await.is_err() {
        return Err(Lacking::Address);
    }
    if let Some(config) = network.config_v4() {
        report.text("address: ");
        for (octet, before) in config.address.address().octets().into_iter().zip(["", ".", ".", "."]) {
            report.text(before).number(octet.into());
        }
        report.text("/").number(config.address.prefix_len().into()).end();
    }
    if let Some(now) = clock.now() {
        report.text("clock: ").number(now.as_secs()).end();
    }
    Ok(())
}
