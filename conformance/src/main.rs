//! `cargo conformance …`: the suites, one command each.

#![forbid(unsafe_code)]

use std::env;
use std::process::ExitCode;

use picopost_conformance::interop::Mode;
use picopost_conformance::{bogo, interop, limbo, oauth};
use xtask::error::Failure;
use xtask::process;

const USAGE: &str = "\
usage: cargo conformance COMMAND

  limbo      x509-limbo: certificate paths, 184 cases
  bogo       BoringSSL's TLS tests: builds the runner, then runs all of them
             [PATTERN]  only those whose names match; several are separated by `;`
  interop    the servers of twelve others: docs/interoperability.md must say what happens
             [--check]  the same
             [--write]  writes that page
             [SERVER]   that one only, without the page
  oauth      two authorisation servers, and an edge before them

exit status: 0 good, 1 a test failed, 2 usage, 3 something is missing";

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match process::catch_signals().and_then(|()| run(&arguments)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::from(failure.exit_status())
        }
    }
}

fn run(arguments: &[&str]) -> Result<(), Failure> {
    match arguments {
        ["limbo"] => {
            let report = limbo::run()?;
            for failure in &report.failures {
                println!("failed: {failure}");
            }
            println!("{report}");
            verdict("x509-limbo", report.failures.len())
        }
        ["bogo"] => bogo(None),
        ["bogo", pattern] if !pattern.starts_with('-') => bogo(Some(pattern)),
        ["interop"] | ["interop", "--check"] => interop(Mode::Check),
        ["interop", "--write"] => interop(Mode::Write),
        ["interop", server] if !server.starts_with('-') => interop(Mode::One(server)),
        ["oauth"] => {
            let (failures, count) = oauth::run()?;
            for failure in &failures {
                println!("failed: {failure}");
            }
            println!("{} of {count} good", count - failures.len());
            verdict("OAuth 2.0", failures.len())
        }
        ["help" | "--help" | "-h"] => {
            println!("{USAGE}");
            Ok(())
        }
        [] => Err(Failure::usage("no command given").hint(USAGE)),
        _ => Err(Failure::usage(format!("there is no command `{}`", arguments.join(" "))).hint(USAGE)),
    }
}

fn bogo(pattern: Option<&str>) -> Result<(), Failure> {
    let report = bogo::run(pattern)?;
    for complaint in report.complaints() {
        println!("failed: {complaint}");
    }
    println!("{report}");
    verdict("BoGo", report.complaints().count())
}

fn interop(mode: Mode<'_>) -> Result<(), Failure> {
    let report = interop::run(mode)?;
    for complaint in &report.complaints {
        println!("failed: {complaint}");
    }
    for missing in &report.missing {
        println!("missing: {missing}");
    }
    verdict("interoperability", report.complaints.len())?;
    match &report.missing[..] {
        [] => Ok(()),
        [_] => Err(Failure::missing("one server is not to be had here")),
        missing => Err(Failure::missing(format!("{} servers are not to be had here", missing.len()))),
    }
}

fn verdict(suite: &str, failures: usize) -> Result<(), Failure> {
    match failures {
        0 => Ok(()),
        1 => Err(Failure::failed(format!("{suite}: one failure"))),
        many => Err(Failure::failed(format!("{suite}: {many} failures"))),
    }
}
