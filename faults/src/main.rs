//! `cargo faults`: the run, and what came of it.

#![forbid(unsafe_code)]

use std::env;
use std::process::ExitCode;

use picopost_faults::{Options, run};

const USAGE: &str = "\
usage: cargo faults [--posts N] [--seed N] [--json]

  --posts N   about how many readings are sent (default: 7500: a cut behind every octet)
  --seed N    the plan's number (default: 1): the same seed, the same run
  --json      the figures as JSON

exit status: 0 every promise was kept, 1 one was broken, 2 usage";

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let Some((options, json)) = parse(&arguments) else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    let report = run(options);
    if json {
        println!("{:#}", report.to_json());
    } else {
        println!("{report}");
    }
    if report.broken.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn parse(arguments: &[String]) -> Option<(Options, bool)> {
    let (mut options, mut json) = (Options { seed: 1, posts: 7500 }, false);
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        match argument.as_str() {
            "--json" => json = true,
            "--seed" => options.seed = rest.next()?.parse().ok()?,
            "--posts" => {
                options.posts = rest.next()?.parse().ok().filter(|posts| (10..=1_000_000).contains(posts))?;
            }
            _ => return None,
        }
    }
    Some((options, json))
}
