//! `cargo check-all`: everything that CI runs, one step after the other.
//!
//! All steps run, also after one that failed, and the end names those that did.

use std::process::Command;
use std::time::{Duration, Instant};

use crate::error::Failure;
use crate::firmware::{cargo, cargo_for};
use crate::process::{self, Running};
use crate::setup;

/// Longer than any step takes on two slow cores.
const STEP_LIMIT: Duration = Duration::from_secs(2400);
/// The board is built for its own target alone.
const BOARD: &str = "picopost-qemu-rv32";
/// What a device is built from: its features are on, off, and as they are by default.
const LIBRARIES: [&str; 5] =
    ["picopost-verify", "picopost-tls", "picopost-http", "picopost-outbox", "picopost"];
/// With atomics (ESP32-C6, the emulated board) and without (ESP32-C3).
const DEVICE_TARGETS: [&str; 2] = ["riscv32imac-unknown-none-elf", "riscv32imc-unknown-none-elf"];
const DEVICE_FEATURES: [&[&str]; 3] = [&[], &["--no-default-features"], &["--all-features"]];

/// Runs every step.
///
/// # Errors
/// Something is missing, or a step failed.
pub fn run() -> Result<(), Failure> {
    setup::emulator()?;
    setup::counterparts()?;
    if let Err(failure) = setup::registries() {
        // Who needs them says so again.
        eprintln!("{failure}");
    }
    let steps = steps()?;
    let count = steps.len();
    let (mut failed, mut left_out) = (Vec::new(), Vec::new());
    for (number, (name, mut command)) in steps.into_iter().enumerate() {
        println!("\n== {name} ({} of {count})", number + 1);
        let start = Instant::now();
        match process::run(&name, &mut command, STEP_LIMIT) {
            Ok(()) => println!("== {name}: good after {} s", start.elapsed().as_secs()),
            Err(failure) if failure.sentence() == "interrupted" => return Err(failure),
            Err(failure) => {
                println!("== {name}: failed after {} s: {}", start.elapsed().as_secs(), failure.sentence());
                failed.push(name);
            }
        }
    }
    // What these are made of comes from several registries. Where one of them cannot be had, all else
    // still counts.
    for (name, arguments) in SUITES {
        println!("\n== {name}");
        let status = Running::start(name, &mut step(name, &arguments).1)?.wait(STEP_LIMIT)?;
        match status.code() {
            Some(0) => {}
            Some(3) => left_out.push(name),
            _ => failed.push(name.to_owned()),
        }
    }
    let passed = count + SUITES.len() - failed.len() - left_out.len();
    println!("\n{passed} passed, {} failed", failed.len());
    for name in left_out {
        println!("NOT RUN, for want of what is named above: {name}");
    }
    if failed.is_empty() { Ok(()) } else { Err(Failure::failed(format!("failed: {}", failed.join(", ")))) }
}

/// Suites that need more than Debian's packages, and the commands that run them.
const SUITES: [(&str, [&str; 2]); 3] = [
    ("BoGo, BoringSSL's TLS tests", ["conformance", "bogo"]),
    ("OAuth 2.0 servers behind an edge", ["conformance", "oauth"]),
    ("the live page, in Chromium", ["xtask", "page"]),
];

type Step = (String, Command);

fn steps() -> Result<Vec<Step>, Failure> {
    let host = ["--workspace", "--exclude", BOARD];
    let libraries = LIBRARIES.map(|package| ["--package", package]).concat();
    let deny = ["--", "-D", "warnings"];
    let on = |name: &str, parts: &[&[&str]]| step(name, &parts.concat());
    let mut steps = vec![
        step("format", &["fmt", "--all", "--check"]),
        on("clippy", &[&["clippy"], &host, &["--all-targets", "--all-features"], &deny]),
        on("clippy, the libraries by default", &[&["clippy"], &libraries, &["--all-targets"], &deny]),
        on("clippy, the libraries bare", &[&["clippy"], &libraries, &["--no-default-features"], &deny]),
        on("tests and doc tests", &[&["test", "--no-fail-fast"], &host, &["--all-features"]]),
        on("tests, the libraries by default", &[&["test", "--no-fail-fast"], &libraries]),
    ];
    let (name, mut docs) = on("docs", &[&["doc", "--no-deps"], &host]);
    docs.env("RUSTDOCFLAGS", "-D warnings");
    steps.push((name, docs));
    steps.push(step(
        "format, the bench's chip",
        &["fmt", "--all", "--check", "--manifest-path", "bench/chip/Cargo.toml"],
    ));
    steps.push(step("the bench, picopost alone", &["bench-chip", "--quick"]));
    steps.push(step("faults, a short run", &["faults", "--posts", "600"]));
    for target in DEVICE_TARGETS {
        let toolchain = setup::toolchain_for(target)?;
        for features in DEVICE_FEATURES {
            let mut command = cargo_for(&toolchain, target);
            command.args(["--package", "picopost"]).args(features);
            let features = features.first().unwrap_or(&"default features").trim_start_matches("--");
            steps.push((format!("no_std: {target}, {features}"), command));
        }
    }
    Ok(steps)
}

fn step(name: &str, arguments: &[&str]) -> Step {
    let mut command = cargo();
    command.args(arguments);
    (name.to_owned(), command)
}
