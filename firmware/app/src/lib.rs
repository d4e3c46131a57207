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
use picopost::Clock;
use picopost::rand_core::TryCryptoRng;
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
        writeln!(board.console, "error: no address by DHCP within {} s", ADDRESS_LIMIT.as_secs())?;
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
