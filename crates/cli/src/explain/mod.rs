//! `picopost explain CODE…`: what an error means, whoever's it is, its usual causes, and the fix.
//!
//! The catalogue is data (`data/explain`); `docs/explain` is made of the same data, and a test holds
//! the two together.

use std::ffi::OsString;
use std::io::{self, IsTerminal, Read};

use self::catalogue::{Catalogue, Platform};
use self::report::Report;
use crate::error::{CommandError, io_reason};

mod catalogue;
mod lookup;
mod notation;
mod own;
#[cfg(test)]
mod pages;
mod render;
mod report;
mod scan;
#[cfg(test)]
mod tests;

/// Explain errors: picopost's own numbers, and those of Mbed TLS, ESP-IDF, Arduino, BearSSL, wolfSSL,
/// OpenSSL, rustls, reqwless, lwIP, HTTP and Cloudflare. Without CODE a log is read from stdin.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Numbers (`-0x2700`, `-9984`, `0x8009`, `3206`), names (`ESP_ERR_HTTP_CONNECT`), or text of a log.
    #[arg(value_name = "CODE")]
    codes: Vec<String>,

    /// Only this stack's errors.
    #[arg(long, value_name = "STACK")]
    stack: Option<String>,

    /// Only this platform's snippets.
    #[arg(long = "for", value_name = "PLATFORM")]
    platform: Option<Platform>,

    /// List all errors that are known, or those of the one stack.
    #[arg(long, conflicts_with_all = ["codes", "json"])]
    list: bool,

    /// One JSON object, as docs/explain.schema.json has it.
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  picopost explain -0x2700
  picopost explain -1 --stack lwip
  picopost explain 'mbedtls_ssl_handshake returned -0x7780'
  picopost explain < log.txt

Exit status: 0 all codes are known, 1 one is not, 2 usage, 3 could not run.";

/// A log longer than this is refused: what failed stands in its last lines.
const MAXIMUM_LOG: usize = 1 << 20;

/// A minus sign that is no hyphen: what begins with it is no option.
const MINUS: char = '\u{2212}';

/// The command line as clap can take it: a negative number behind `explain`, such as `-0x2700`, is a code
/// and no option, wherever it stands and without `--` before it.
pub(crate) fn arguments(given: impl Iterator<Item = OsString>) -> Vec<OsString> {
    let mut given: Vec<OsString> = given.collect();
    if given.get(1).is_some_and(|command| command == "explain") {
        for argument in given.iter_mut().skip(2) {
            let number = argument.to_str().and_then(|text| text.strip_prefix('-'));
            if let Some(number) = number.filter(|rest| rest.starts_with(|one: char| one.is_ascii_digit())) {
                *argument = format!("{MINUS}{number}").into();
            }
        }
    }
    given
}

/// Explains what was asked, or what stands in the log on stdin.
pub(crate) fn run(args: &Args) -> Result<(), CommandError> {
    let catalogue = Catalogue::new()
        .map_err(|error| CommandError::could_not_run(format!("the catalogue is damaged: {error}")))?;
    let only = only(&catalogue, args.stack.as_deref())?;
    if args.list {
        anstream::print!("{}", render::list(&catalogue, only));
        return Ok(());
    }
    let report = if args.codes.is_empty() {
        Report::of_log(&catalogue, &log()?, only)
    } else {
        let hyphen = |code: &String| code.strip_prefix(MINUS).map_or(code.clone(), |rest| format!("-{rest}"));
        let codes: Vec<String> = args.codes.iter().map(hyphen).collect();
        Report::of_codes(&catalogue, &codes, only)
    };
    if args.json {
        let json = serde_json::to_string_pretty(&report.json(&catalogue, args.platform));
        let json = json.map_err(|error| CommandError::could_not_run(format!("no JSON: {error}")))?;
        anstream::println!("{json}");
    } else {
        anstream::print!("{}", render::text(&catalogue, &report, args.platform));
    }
    report.outcome(&catalogue, only)
}

fn only(catalogue: &Catalogue, stack: Option<&str>) -> Result<Option<usize>, CommandError> {
    let Some(stack) = stack else { return Ok(None) };
    let place = catalogue.stack(&stack.to_lowercase()).ok_or_else(|| {
        let known: Vec<&str> = catalogue.stacks.iter().map(|stack| stack.id.as_str()).collect();
        CommandError::usage(format!("no stack is called `{stack}`"))
            .hint(format!("those known are {}", known.join(", ")))
    })?;
    Ok(Some(place))
}

fn log() -> Result<String, CommandError> {
    let nothing = || {
        CommandError::usage("there is nothing to explain").hint(
            "give a code, as in `picopost explain -0x2700`, or a log, as in `picopost explain < log.txt`",
        )
    };
    let stdin = io::stdin();
    if stdin.is_terminal() {
        return Err(nothing());
    }
    let mut octets = Vec::new();
    let limit = u64::try_from(MAXIMUM_LOG).unwrap_or(u64::MAX).saturating_add(1);
    stdin.lock().take(limit).read_to_end(&mut octets).map_err(|error| {
        CommandError::could_not_run(format!("stdin cannot be read: {}", io_reason(&error)))
    })?;
    if octets.trim_ascii().is_empty() {
        return Err(nothing());
    }
    if octets.len() > MAXIMUM_LOG {
        return Err(CommandError::usage("the log has more than 1,048,576 octets")
            .hint("give the part where it failed, as in `tail -c 100000 log.txt | picopost explain`"));
    }
    Ok(String::from_utf8_lossy(&octets).into_owned())
}
