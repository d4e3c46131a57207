//! `cargo xtask …`, `cargo demo`: what is done with the repository besides `cargo build`.

#![forbid(unsafe_code)]

use std::env;
use std::process::ExitCode;

use xtask::error::Failure;
use xtask::{check_all, demo, firmware, flash, page, process, setup};

const USAGE: &str = "\
usage: cargo xtask COMMAND

  setup      get what the firmware needs: its target, a linker, the emulator
  firmware   build the board's image and say how large it is
  flash      say what picopost costs: the image less the same POST over plain TCP, by crate
  demo       a board POSTs to `picopost listen`, both sides shown (also: cargo demo)
             [--chain gts|lets-encrypt|rsa]  the server's certificates (default: gts)
             [--native]                      the same client code, without an emulator
  page       the live page of `picopost listen`, tested in Chromium
             [--screenshot]                  make the picture of it in docs/ instead
  check-all  everything that CI runs (also: cargo check-all)

environment:
  PICOPOST_TOOLCHAIN=rustup|debian  where the target's core comes from (default: rustup, else debian)
  PICOPOST_EMULATOR=none            as if there were no emulator and none could be had

exit status: 0 good, 1 the demonstration or a check failed, 2 usage, 3 something is missing";

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = process::catch_signals().and_then(|()| run(&arguments));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::from(failure.exit_status())
        }
    }
}

fn run(arguments: &[&str]) -> Result<(), Failure> {
    match arguments {
        ["setup"] => setup::run(),
        ["firmware"] => firmware::run(),
        ["flash"] => flash::run(),
        ["page"] => page::run(page::Task::Test),
        ["page", "--screenshot"] => page::run(page::Task::Screenshot),
        ["check-all"] => check_all::run(),
        ["demo", options @ ..] => demo::run(&demo::Options::parse(options)?),
        ["help" | "--help" | "-h"] => {
            println!("{USAGE}");
            Ok(())
        }
        [] => Err(Failure::usage("no command given").hint(USAGE)),
        [other, ..] => Err(Failure::usage(format!("there is no command `{}`", arguments.join(" "))).hint(
            if matches!(*other, "setup" | "firmware" | "flash" | "check-all") {
                "it takes no options"
            } else {
                USAGE
            },
        )),
    }
}
