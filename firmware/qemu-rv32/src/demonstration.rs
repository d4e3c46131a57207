//! The demonstration: `picopost-app`, the same on every board.

use core::fmt::Display;
use core::pin::pin;

use embassy_net::{Config, StackResources};
use picopost::{Stage, TrustAnchor};
use picopost_app::{Board, EXIT_BOARD, EXIT_PARAMETERS, Lacking, Memory, Parameters, Report};
use rand_core::TryRng;
use static_cell::ConstStaticCell;

use crate::machine::{self, Console};
use crate::virtio::{Entropy, Network};
use crate::{NAME, executor, start};

/// DHCP, the name server, and one TCP connection.
const SOCKETS: usize = 3;

static SOCKET_MEMORY: ConstStaticCell<StackResources<SOCKETS>> = ConstStaticCell::new(StackResources::new());

static MEMORY: ConstStaticCell<Memory> = ConstStaticCell::new(Memory::new());

/// Runs it once: the exit status. `anchors` are those that are built into the image, in place of
/// the parameters'.
pub fn run(anchors: Option<&'static [TrustAnchor<'static>]>) -> u8 {
    let parameters = match Parameters::parse(start::parameter_memory()) {
        Ok(parameters) => parameters,
        Err(error) => return fail(EXIT_PARAMETERS, error.code(), &error),
    };
    let Some(mut entropy) = Entropy::find() else { return lacking(Lacking::Entropy) };
    let Some(network) = Network::find() else { return lacking(Lacking::NetworkCard) };
    let Ok(seed) = entropy.try_next_u64() else { return lacking(Lacking::EntropyGaveNothing) };
    let (network, mut runner) =
        embassy_net::new(network, Config::dhcpv4(Default::default()), SOCKET_MEMORY.take(), seed);
    let board = Board {
        name: NAME,
        console: &mut Console,
        entropy: &mut entropy,
        anchors,
        clock: &machine::Clock,
        instructions: machine::instructions,
        peak_stack: start::peak_stack,
    };
    let application = pin!(picopost_app::run(board, network, &parameters, MEMORY.take()));
    executor::run(pin!(async { runner.run().await }), application)
}

fn lacking(part: Lacking) -> u8 {
    fail(EXIT_BOARD, part.code(), &part)
}

fn fail(exit_status: u8, number: u16, sentence: &impl Display) -> u8 {
    Report::new(&mut Console).error(Stage::Setup, number, sentence);
    exit_status
}
