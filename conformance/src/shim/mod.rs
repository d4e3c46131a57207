//! BoGo's shim: the runner starts it for each test, with flags that say what to do on a
//! connection to the runner, and judges by what it then sees and by the exit status.

mod exchange;
mod flags;
mod identity;
mod link;
mod observe;
mod reason;
mod table;

use std::process::ExitCode;

pub use reason::Reason;

use flags::Refusal;
use picopost_tls::Session;

/// The runner reads this status as "the shim does not have these flags".
const UNIMPLEMENTED: u8 = 89;
const FAILED: u8 = 1;
const USAGE: u8 = 2;

/// What a test's reason to be skipped is kept in, behind the prefix that `-write-settings` gives.
pub const REASON_FILE: &str = "skipped";

/// The program: connects and does what the flags say. Errors go to standard error as
/// `error NUMBER: sentence`, which the configuration's `ErrorMap` looks for.
pub fn main(arguments: &[String]) -> ExitCode {
    // The runner asks this before anything else: there is no process to hand a handshake to.
    if arguments.iter().any(|flag| flag == "-is-handshaker-supported") {
        println!("No");
        return ExitCode::SUCCESS;
    }
    match connections(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Refusal::Skipped { reason, prefix }) => skip(reason, prefix.as_deref()),
        Err(Refusal::Unknown(flag)) => {
            eprintln!("unknown flag: {flag}");
            ExitCode::from(USAGE)
        }
        Err(Refusal::Failed(failure)) => {
            eprintln!("{failure}");
            ExitCode::from(FAILED)
        }
    }
}

/// One connection after the other; each later one is offered the session of the one before.
fn connections(arguments: &[String]) -> Result<(), Refusal> {
    let mut session = Session::new();
    let mut connection = 0;
    loop {
        let options = flags::parse(arguments, connection)?;
        exchange::run(&options, &mut session).map_err(|failure| {
            if exchange::is_for_older_versions(&failure) {
                Refusal::Skipped { reason: Reason::Tls12, prefix: options.prefix.clone() }
            } else {
                Refusal::Failed(failure)
            }
        })?;
        connection += 1;
        if connection > options.resume_count {
            return Ok(());
        }
    }
}

/// Leaves the reason where the command finds it: by the test's name, which the prefix ends with.
fn skip(reason: Reason, prefix: Option<&str>) -> ExitCode {
    if let Some(prefix) = prefix
        && let Err(error) = std::fs::write(format!("{prefix}{REASON_FILE}"), reason.name())
    {
        eprintln!("the reason cannot be written: {error}");
        return ExitCode::from(FAILED);
    }
    ExitCode::from(UNIMPLEMENTED)
}
