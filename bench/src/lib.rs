//! The same POST by picopost and its peers on one emulated chip.
//!
//! `options`, `chains ← server`, `stacks ← source ← compiler ← build`, and `results ← {table, picture}` are what
//! [`mod@bench`] puts together; `../README.md` says how each figure is taken.

#![forbid(unsafe_code)]

pub mod bench;
pub mod build;
pub mod chains;
pub mod compiler;
pub mod options;
pub mod picture;
pub mod results;
pub mod server;
pub mod source;
pub mod stacks;
pub mod table;
