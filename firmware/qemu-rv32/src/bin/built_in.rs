//! The demonstration with its trust anchors in the image: the file that `picopost trust --format rust`
//! wrote, named by the environment variable `PICOPOST_ANCHORS` at build time. Nothing of them is
//! parsed on the chip.

#![no_std]
#![no_main]

use picopost_qemu_rv32::{demonstration, machine};

#[allow(unreachable_pub, reason = "the file is as well for a module that others use")]
mod anchors {
    include!(env!("PICOPOST_ANCHORS"));
}

#[unsafe(no_mangle)]
extern "C" fn main() -> ! {
    machine::exit(demonstration::run(Some(anchors::ANCHORS)))
}
