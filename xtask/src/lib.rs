//! The parts of `cargo xtask`: a library, so that the tests can run the board as the
//! demonstration does.
//!
//! `error ← process ← setup ← firmware ← emulator ← demo ← page`: each uses what stands left of it.

#![forbid(unsafe_code)]

pub mod check_all;
pub mod demo;
pub mod emulator;
pub mod error;
pub mod firmware;
pub mod flash;
pub mod image;
pub mod page;
pub mod parameters;
pub mod process;
pub mod setup;
pub mod story;
