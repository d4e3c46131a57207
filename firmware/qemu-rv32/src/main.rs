//! The demonstration on QEMU's `virt` board, whose parameters say whom to trust.

#![no_std]
#![no_main]

use picopost_qemu_rv32::{demonstration, machine};

#[unsafe(no_mangle)]
extern "C" fn main() -> ! {
    machine::exit(demonstration::run(None))
}
