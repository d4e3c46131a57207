//! What the documentation must keep up with.

use std::fs;

use xtask::firmware::workspace;

/// Where the stable numbers are given: lines of the form `=> 3203,`.
const SOURCES: [&str; 5] = [
    "crates/client/src/clock.rs",
    "crates/client/src/error.rs",
    "crates/client/src/oauth/error.rs",
    "crates/http/src/error.rs",
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
