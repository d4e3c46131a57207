//! The demonstration on QEMU's `virt` board: riscv32imac, bare metal.
//!
//! `machine ← start ← {executor, virtio} ← main`; the application itself is `picopost-app`, the
//! same on every board.

#![no_std]
#![no_main]

use core::fmt::Write;

use embassy_net::{Config, StackResources};
use machine::Console;
use picopost_app::{Board, EXIT_BOARD, EXIT_FAILED, EXIT_PARAMETERS, Memory, Parameters};
use rand_core::TryRng;
use static_cell::ConstStaticCell;
use virtio::{Entropy, Network};

mod executor;
mod machine;
mod start;
mod virtio;

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
        Err(error) => {
            let _ = writeln!(console, "error: {}: {error}", error.code());
            return EXIT_PARAMETERS;
        }
    };
    let (mut entropy, network) = match (Entropy::find(), Network::find()) {
        (Some(entropy), Some(network)) => (entropy, network),
        (None, _) => return fail(&mut console, "there is no source of entropy"),
        (_, None) => return fail(&mut console, "there is no network card"),
    };
    let Ok(seed) = entropy.try_next_u64() else {
        return fail(&mut console, "the source of entropy gave nothing");
    };
    let (network, mut runner) =
        embassy_net::new(network, Config::dhcpv4(Default::default()), SOCKET_MEMORY.take(), seed);
    let board = Board {
        name: "QEMU virt, riscv32imac",
        console: &mut console,
        entropy: &mut entropy,
        clock: &machine::Clock,
        instructions: machine::instructions,
        peak_stack: start::peak_stack,
    };
    let application = picopost_app::run(board, network, &parameters, MEMORY.take());
    executor::run(async { runner.run().await }, application).unwrap_or(EXIT_FAILED)
}

fn fail(console: &mut Console, sentence: &str) -> u8 {
    console.text("error: ");
    console.text(sentence);
    console.text("\n");
    EXIT_BOARD
}
