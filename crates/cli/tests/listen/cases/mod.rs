//! The table of cases: what goes wrong when a device posts, staged by real and scripted clients, and
//! whether `picopost listen` names it. `docs/listen-cases.md` is made by this test.
//!
//! `acts`, `imitations`, `programs` ← `case` ← `trust`, `tls`, `http`, `good` ← this.

mod acts;
mod case;
mod good;
mod http;
mod imitations;
mod programs;
mod tls;
mod trust;

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock};

use case::{Case, Outcome};
use programs::Programs;

/// What a device has to say.
const BODY: &str = "{\"reading\":21}";

/// A request with nothing wrong in it, written by hand.
fn post(host: &str, port: u16) -> Vec<u8> {
    format!(
        "POST /readings HTTP/1.1\r\nHost: {host}:{port}\r\nUser-Agent: device/1.0\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{BODY}",
        BODY.len()
    )
    .into_bytes()
}

/// Cases that run at the same time: most of them wait.
const WORKERS: usize = 4;
/// Fewer would leave out failures that are known.
const AT_LEAST: usize = 45;

type Group = (&'static str, Vec<Case>);

fn groups() -> [Group; 4] {
    [
        ("Trust", trust::cases()),
        ("TCP and TLS", tls::cases()),
        ("HTTP, JSON, OAuth 2.0", http::cases()),
        ("Nothing wrong", good::cases()),
    ]
}

#[test]
fn every_failure_is_named() {
    let groups = groups();
    let cases: Vec<&Case> = groups.iter().flat_map(|(_, cases)| cases).collect();
    let outcomes = run(&cases);
    let mut right = 0;
    for (case, outcome) in cases.iter().zip(&outcomes) {
        let mark = if outcome.right { "right" } else { "WRONG" };
        let expected = case.expected.unwrap_or("nothing");
        println!("{mark}  {} ({}): {expected}; found: {}", case.failure, case.client, outcome.list());
        right += usize::from(outcome.right);
    }
    let failures = cases.iter().filter(|case| case.expected.is_some()).count();
    let rate = format!(
        "{right} of {} right: {failures} failures, and {} clients with nothing wrong",
        cases.len(),
        cases.len() - failures
    );
    println!("{rate}");
    assert!(failures >= AT_LEAST, "{failures} failures are staged");
    assert_eq!(right, cases.len(), "some are not named");
    keep(&page(&groups, &rate));
}

fn run(cases: &[&Case]) -> Vec<Outcome> {
    let programs = OnceLock::new();
    let next = AtomicUsize::new(0);
    let outcomes: Mutex<Vec<(usize, Outcome)>> = Mutex::default();
    std::thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| {
                loop {
                    let place = next.fetch_add(1, Ordering::Relaxed);
                    let Some(case) = cases.get(place) else { break };
                    let outcome = case.run(&programs);
                    outcomes.lock().unwrap().push((place, outcome));
                }
            });
        }
    });
    let mut outcomes = outcomes.into_inner().unwrap();
    outcomes.sort_by_key(|(place, _)| *place);
    outcomes.into_iter().map(|(_, outcome)| outcome).collect()
}

fn page(groups: &[Group], rate: &str) -> String {
    let mut page = format!(
        "# What `picopost listen` finds\n\nMade by the test `every_failure_is_named` \
         (`PICOPOST_WRITE=1 cargo test -p picopost-cli --test listen cases` writes it): each row is a client \
         that does this, and the finding that names it. A row is right when that finding is there, and no \
         error that this client does not earn.\n\n{rate}.\n"
    );
    for (name, cases) in groups {
        page.push_str(&format!("\n## {name}\n\n| what goes wrong | client | finding |\n|---|---|---|\n"));
        for case in cases {
            let finding = match (case.expected, case.says) {
                (None, _) => "none".to_owned(),
                (Some(code), "") => format!("`{code}`"),
                (Some(code), says) => format!("`{code}`: … {says} …"),
            };
            page.push_str(&format!("| {} | {} | {finding} |\n", case.failure, case.client));
        }
    }
    page
}

/// Compares with the page in the repository, or writes that.
fn keep(page: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/listen-cases.md");
    if std::env::var_os("PICOPOST_WRITE").is_some() {
        fs::write(&file, page).unwrap();
    }
    let kept = fs::read_to_string(&file).unwrap_or_default();
    assert_eq!(kept, page, "docs/listen-cases.md is not what was found: PICOPOST_WRITE=1 writes it");
}
