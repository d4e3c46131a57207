//! What is the same under every program of the bench: reset, a TCP connection over smoltcp and
//! virtio-net, and counters for instructions, stack and heap.
//!
//! `machine ← {heap, parameters, random, virtio} ← meter ← tcp`; [`start`] calls the program's `program`.
//! One hart, no interrupts, nothing runs beside the program: that is why shared state needs no lock.

#![no_std]
#![warn(missing_docs)]

pub mod heap;
pub mod http;
pub mod machine;
pub mod meter;
pub mod parameters;
pub mod random;
mod single;
pub mod start;
pub mod tcp;
mod virtio;

/// What every program sends: the same octets.
pub const REQUEST: &[u8] = include_bytes!("../../request.txt");
