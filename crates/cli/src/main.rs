//! The command `picopost`: see what a small device really sends, and send the same from the desk.
//!
//! The command may use every crate of the workspace; nothing uses the command. stdout is data,
//! stderr is everything else. Exit status: 0 good, 1 findings of severity error, 2 usage, 3 could
//! not run.

#![forbid(unsafe_code)]

use std::process::ExitCode;

use clap::{Parser, Subcommand};

mod arguments;
mod ca;
mod connect;
mod error;
mod explain;
mod finding;
mod listen;
mod post;
mod trust;

/// Get a verified HTTPS POST out of a small device, and see what is wrong when it does not arrive.
#[derive(Debug, Parser)]
#[command(name = "picopost", version, after_help = EXIT_STATUS)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

const EXIT_STATUS: &str = "Exit status: 0 good, 1 findings of severity error, 2 usage, 3 could not run.";

#[derive(Debug, Subcommand)]
enum Command {
    Explain(explain::Args),
    Listen(listen::Args),
    Post(post::Args),
    Trust(trust::Args),
}

fn main() -> ExitCode {
    let outcome = match Cli::parse_from(explain::arguments(std::env::args_os())).command {
        Command::Explain(args) => explain::run(&args),
        Command::Listen(args) => listen::run(&args),
        Command::Post(args) => post::run(&args),
        Command::Trust(args) => trust::run(&args),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            error.print();
            error.exit_code()
        }
    }
}
