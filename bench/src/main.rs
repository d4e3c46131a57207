//! `cargo bench-chip`.

#![forbid(unsafe_code)]

use std::env;
use std::process::ExitCode;

use picopost_bench::bench;
use picopost_bench::options::{Options, USAGE};
use xtask::process;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    if matches!(arguments[..], ["help" | "--help" | "-h"]) {
        println!("{USAGE}");
        return ExitCode::SUCCESS;
    }
    let outcome = Options::parse(&arguments)
        .and_then(|options| process::catch_signals().and_then(|()| bench::run(&options)));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::from(failure.exit_status())
        }
    }
}
