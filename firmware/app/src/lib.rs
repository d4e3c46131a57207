//! The demonstration application, the same on every board: it gets an address, knows the time,
//! POSTs what its parameters say, and reports what that cost.
//!
//! A board brings a network card under `embassy-net`, and a [`Board`]; it runs [`run`] beside the
//! network stack's own future.

#![no_std]
#![forbid(unsafe_code)]

use core::fmt::{self, Write};

use embassy_net::Stack;
use embassy_time::{Duration, with_timeout};
pub use meter::Meter;
pub use parameters::{MAX_ANCHORS, Malformed, Parameters};
use picopost::rand_core::TryCryptoRng;
use picopost::{Clock, Stage};
pub use post::Memory;

mod meter;
mod parameters;
mod post;
mod tcp;
mod token;

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

/// Reports why there is no answer: stage, number, sentence.
///
/// # Errors
/// When the console takes no more.
pub fn report_error(
    console: &mut dyn Write,
    stage: Stage,
    number: u16,
    sentence: &dyn fmt::Display,
) -> fmt::Result {
    writeln!(console, "error: {} {number}: {sentence}", stage.name())
}

/// How long to wait for an address.
const ADDRESS_LIMIT: Duration = Duration::from_secs(30);

/// What the application needs of a board, besides its network.
pub struct Board<'a, E> {
    /// The board's name.
    pub name: &'static str,
    /// Where the report goes: one `key: value` a line.
    pub console: &'a mut dyn Write,
    /// Random octets fit for keys.
    pub entropy: &'a mut E,
    /// The time.
    pub clock: &'a dyn Clock,
    /// Instructions executed since some fixed moment (or cycles, where they cannot be counted).
    pub instructions: fn() -> u64,
    /// The most stack that was in use since reset, in octets.
    pub peak_stack: fn() -> usize,
}

/// Runs the application once: the exit status.
///
/// # Errors
/// When the console takes no more.
pub async fn run<E: TryCryptoRng>(
    board: Board<'_, E>,
    network: Stack<'_>,
    parameters: &Parameters<'_>,
    memory: &mut Memory,
) -> Result<u8, fmt::Error> {
    writeln!(board.console, "board: {}", board.name)?;
    if with_timeout(ADDRESS_LIMIT, network.wait_config_up()).await.is_err() {
        let error = Lacking::Address;
        report_error(board.console, Stage::Setup, error.code(), &error)?;
        return Ok(EXIT_BOARD);
    }
    if let Some(config) = network.config_v4() {
        writeln!(board.console, "address: {}", config.address)?;
    }
    if let Some(now) = board.clock.now() {
        writeln!(board.console, "clock: {}", now.as_secs())?;
    }
    post::post(board, network, parameters, memory).await
}
