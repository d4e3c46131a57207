//! `picopost explain`: the whole output, the exit status, and what programs read.

#[path = "../shared/validate.rs"]
mod validate;

mod log;
mod output;
mod support;
