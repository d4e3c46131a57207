//! QEMU's `virt` board, riscv32imac, bare metal: what a program for it is built from.
//!
//! `machine ← start ← {executor, virtio} ← demonstration`. A program defines `main`, which [`start`] calls after
//! reset, and which never returns:
//!
//! ```text
//! #[unsafe(no_mangle)]
//! extern "C" fn main() -> ! { machine::exit(run()) }
//! ```

#![no_std]

pub mod demonstration;
pub mod executor;
pub mod machine;
pub mod start;
pub mod virtio;

/// With or without atomic instructions.
pub const NAME: &str =
    if cfg!(target_feature = "a") { "QEMU virt, riscv32imac" } else { "QEMU virt, riscv32imc" };
