//! The demonstration on QEMU's `virt` board: riscv32imac, bare metal.
//!
//! `machine ← start ← {executor, virtio} ← main`; the application itself is `picopost-app`, the
//! same on every board.

#![no_std]
#![no_main]

use core::fmt::Display;

use embassy_net::{Config, StackResources};
use machine::Console;
use picopost::Stage;
use picopost_app::{
    Board, EXIT_BOARD, EXIT_FAILED, EXIT_PARAMETERS, Lacking, Memory, Parameters, report_error,
};
use rand_core::TryRng;
use static_cell::ConstStaticCell;
use virtio::{Entropy, Network};

mod executor;
mod machine;
mod start;
mod virtio;

/// With or without atomic instructions.
const NAME: &str =
    if cfg!(target_feature = "a") { "QEMU virt, riscv32imac" } else { "QEMU virt, riscv32imc" };

/// DHCP, the name server, and one TCP connection.
const SOCKETS: usize = 3;

static SOCKET_MEMORY: ConstStaticCell<StackResources<SOCKETS>> = ConstStaticCell::new(StackResources::new());

static MEMORY: ConstStaticCell<Memory> = ConstStaticCell::new(Memory::new());

extern "C" fn main() -> ! {
    machine::exit(run())
}

fn run() -> u8 {
    let mut console = Console;
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
        console: &mut console,
        entropy: &mut entropy,
        clock: &machine::Clock,
        instructions: machine::instructions,
        peak_stack: start::peak_stack,
    };
    let application = picopost_app::run(board, network, &parameters, MEMORY.take());
    executor::run(async { runner.run().await }, application).unwrap_or(EXIT_FAILED)
}

fn lacking(part: Lacking) -> u8 {
    fail(EXIT_BOARD, part.code(), &part)
}

fn fail(exit_status: u8, number: u16, sentence: &dyn Display) -> u8 {
    // The console takes everything.
    let _ = report_error(&mut Console, Stage::Setup, number, sentence);
    exit_status
}
