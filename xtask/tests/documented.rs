//! What the documentation must keep up with.

use std::fs;
use std::path::Path;

use xtask::firmware::workspace;

/// Where the stable numbers are given: lines of the form `=> 3203,`.
const SOURCES: [&str; 7] = [
    "crates/client/src/clock.rs",
    "crates/client/src/error.rs",
    "crates/client/src/limits.rs",
    "crates/client/src/oauth/error.rs",
    "crates/http/src/error.rs",
    "crates/outbox/src/error.rs",
    "crates/tls/src/error.rs",
];

#[test]
fn every_error_number_is_on_its_page() {
    let read = |file: &str| fs::read_to_string(workspace().join(file)).expect("a file of the repository");
    let page = read("docs/errors.md");
    let sources = SOURCES.map(read).concat();
    let numbers: Vec<&str> = sources
        .lines()
        .filter_map(|line| line.rsplit_once("=> ")?.1.strip_suffix(','))
        .filter(|number| number.len() == 4 && number.bytes().all(|octet| octet.is_ascii_digit()))
        .collect();
    assert!(numbers.len() > 100, "{} numbers", numbers.len());
    for number in numbers {
        assert!(page.contains(&format!("\n| {number} | ")), "error {number} is not in docs/errors.md");
    }
}

/// docs/must-abort.md names a function that enforces each clause, and a test that shows it.
#[test]
fn every_clause_has_its_function_and_its_test() {
    let tls = workspace().join("crates/tls");
    let page = fs::read_to_string(workspace().join("docs/must-abort.md")).expect("the page");
    let rows: Vec<Vec<&str>> = page
        .lines()
        .map(|line| line.split('|').map(str::trim).collect())
        .filter(|cells: &Vec<&str>| cells.len() == 7 && !["§", "---"].contains(&cells[1]))
        .collect();
    assert!(rows.len() > 90, "{} clauses", rows.len());
    for row in rows {
        let (functions, tests) = (names(row[4]), names(row[5]));
        assert!(!functions.is_empty() && !tests.is_empty(), "§{}: {}", row[1], row[2]);
        for (file, function) in functions {
            assert!(is_there(&tls.join("src").join(file), function, false), "{file}::{function}");
        }
        for (file, test) in tests {
            let there =
                ["tests", "src"].iter().any(|folder| is_there(&tls.join(folder).join(file), test, true));
            assert!(there, "{file}::{test}");
        }
    }
}

/// File and name of each `file::name` in a cell.
fn names(cell: &str) -> Vec<(&str, &str)> {
    cell.split('`').filter_map(|name| name.split_once("::")).collect()
}

/// Whether a file has a function of this name, and behind `#[test]` where it is to be one.
fn is_there(file: &Path, function: &str, is_test: bool) -> bool {
    let Ok(source) = fs::read_to_string(file) else { return false };
    let lines: Vec<&str> = source.lines().map(str::trim).collect();
    lines.iter().enumerate().any(|(at, line)| {
        let Some((_, rest)) = line.split_once("fn ") else { return false };
        let Some(rest) = rest.strip_prefix(function) else { return false };
        let attributes = lines[..at].iter().rev().take_while(|line| line.starts_with("#["));
        rest.starts_with(['(', '<']) && (!is_test || attributes.into_iter().any(|line| *line == "#[test]"))
    })
}
