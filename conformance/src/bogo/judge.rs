//! What the runner's results mean: each test has passed, or there is a reason why not.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::Deserialize;
use xtask::error::Failure;

use crate::shim::Reason;

/// For each test that the shim skipped, the name of its reason.
pub(super) type Reasons = BTreeMap<String, String>;

/// What is read of the configuration; the runner reads its `ErrorMap`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Config {
    /// Patterns of tests that do not pass, and why.
    disabled_tests: BTreeMap<String, String>,
    /// Fewer than this many are a failure: else an engine that nobody can talk to would only
    /// skip tests.
    minimum_passed: usize,
}

impl Config {
    pub(super) fn read(text: &str) -> Result<Self, Failure> {
        serde_json::from_str(text)
            .map_err(|error| Failure::failed(format!("BoGo's configuration cannot be read: {error}")))
    }
}

/// The runner's results.
#[derive(Deserialize)]
pub(super) struct Outcomes {
    tests: BTreeMap<String, Outcome>,
}

#[derive(Deserialize)]
struct Outcome {
    actual: Actual,
    #[serde(default)]
    error: String,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum Actual {
    Pass,
    Fail,
    Skip,
}

impl Outcomes {
    pub(super) fn read(text: &str) -> Result<Self, Failure> {
        serde_json::from_str(text)
            .map_err(|error| Failure::failed(format!("the runner's results cannot be read: {error}")))
    }
}

/// What the run found.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// How many tests passed.
    pub passed: usize,
    /// How many tests did not, for each reason: those that the shim skipped, and those that the
    /// configuration disables, by the first words of its reason.
    pub skipped: BTreeMap<String, usize>,
    /// Failed tests, and reasons that are not needed: a paragraph each.
    pub failures: Vec<String>,
    /// What is wrong with the run as a whole, where all tests were run.
    incomplete: Vec<String>,
}

impl Report {
    /// Only some of the tests were run: what the others would have shown is not missing.
    pub(super) fn of_a_part(mut self) -> Self {
        self.incomplete.clear();
        self
    }

    /// Everything that is wrong.
    pub fn complaints(&self) -> impl Iterator<Item = &str> {
        self.failures.iter().chain(&self.incomplete).map(String::as_str)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let skipped: usize = self.skipped.values().sum();
        for (reason, count) in &self.skipped {
            writeln!(f, "{count:6} skipped: {reason}")?;
        }
        write!(f, "BoGo: {} passed, {skipped} skipped, {} failed", self.passed, self.failures.len())
    }
}

pub(super) fn judge(outcomes: &Outcomes, reasons: &Reasons, config: &Config) -> Report {
    let mut report = Report::default();
    let mut unused: BTreeSet<&str> = config.disabled_tests.keys().map(String::as_str).collect();
    for (test, outcome) in &outcomes.tests {
        let disabled = config.disabled_tests.iter().find(|(pattern, _)| matches(pattern, test));
        match (outcome.actual, disabled) {
            (Actual::Pass, None) => report.passed += 1,
            (Actual::Pass, Some((pattern, _))) => {
                report.failures.push(format!("{test} passes, and `{pattern}` disables it"));
                unused.remove(pattern.as_str());
            }
            (Actual::Fail, None) => report.failures.push(format!("{test}: {}", outcome.error.trim_end())),
            (Actual::Fail, Some((pattern, reason))) => {
                unused.remove(pattern.as_str());
                let kind = reason.split_once(':').map_or(reason.as_str(), |(kind, _)| kind);
                *report.skipped.entry(format!("{kind} ({})", why(kind))).or_default() += 1;
            }
            (Actual::Skip, _) => match reasons.get(test).and_then(|name| Reason::from_name(name)) {
                Some(reason) => *report.skipped.entry(reason.sentence().to_owned()).or_default() += 1,
                None => report.failures.push(format!("{test} is skipped without a reason")),
            },
        }
    }
    report.incomplete = unused.iter().map(|pattern| format!("`{pattern}` disables nothing")).collect();
    if report.passed < config.minimum_passed {
        let (passed, minimum) = (report.passed, config.minimum_passed);
        report.incomplete.push(format!("{passed} tests passed, and {minimum} at least should"));
    }
    report
}

/// What the first words of a reason in the configuration stand for.
fn why(kind: &str) -> &'static str {
    match kind {
        "not ours" => "tests of what picopost leaves out, which no flag gives away",
        "not yet" => "tests of what is still to come, which no flag gives away",
        "otherwise" => "the RFC says otherwise than BoringSSL, or leaves it open",
        "engine" => "known faults of the engine",
        _ => "see the configuration",
    }
}

/// Whether a name matches a pattern in which `*` stands for any octets, as in the runner's.
fn matches(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some((start, rest)) => name.strip_prefix(start).is_some_and(|name| {
            (0..=name.len()).any(|at| name.get(at..).is_some_and(|name| matches(rest, name)))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(tests: &[(&str, &str)], disabled: &[(&str, &str)]) -> Report {
        let tests: BTreeMap<_, _> = tests
            .iter()
            .map(|(test, actual)| (*test, serde_json::json!({ "actual": actual, "error": "said so\n" })))
            .collect();
        let outcomes = serde_json::json!({ "version": 3, "tests": tests }).to_string();
        let disabled: BTreeMap<_, _> = disabled.iter().copied().collect();
        let config = serde_json::json!({ "DisabledTests": disabled, "MinimumPassed": 1, "ErrorMap": {} });
        let reasons = [("skipped".to_owned(), "server".to_owned())].into();
        let (outcomes, config) =
            (Outcomes::read(&outcomes).unwrap(), Config::read(&config.to_string()).unwrap());
        judge(&outcomes, &reasons, &config)
    }

    fn complaints(tests: &[(&str, &str)], disabled: &[(&str, &str)]) -> Vec<String> {
        report(tests, disabled).complaints().map(str::to_owned).collect()
    }

    #[test]
    fn every_test_passes_or_has_its_reason() {
        let tests = [("good", "PASS"), ("skipped", "SKIP"), ("bad-1", "FAIL"), ("bad-2", "FAIL")];
        let report = report(&tests, &[("bad-*", "not yet: x")]);
        assert_eq!(report.complaints().count(), 0);
        assert_eq!(
            report.to_string(),
            "     2 skipped: not yet (tests of what is still to come, which no flag gives away)\n     \
             1 skipped: picopost is a client\nBoGo: 1 passed, 3 skipped, 0 failed"
        );
    }

    #[test]
    fn what_fails_and_what_is_excused_for_nothing_is_told() {
        let good = ("good", "PASS");
        assert_eq!(complaints(&[good, ("bad", "FAIL")], &[]), ["bad: said so"]);
        assert_eq!(
            complaints(&[good], &[("go*", "x")]),
            ["good passes, and `go*` disables it", "0 tests passed, and 1 at least should"]
        );
        assert_eq!(complaints(&[good], &[("bad", "x")]), ["`bad` disables nothing"]);
        assert_eq!(complaints(&[good, ("other", "SKIP")], &[]), ["other is skipped without a reason"]);
        // The shim would have skipped it without the pattern.
        assert_eq!(complaints(&[good, ("skipped", "SKIP")], &[("skip*", "x")]), ["`skip*` disables nothing"]);
        assert_eq!(complaints(&[("skipped", "SKIP")], &[]), ["0 tests passed, and 1 at least should"]);
    }

    #[test]
    fn a_star_stands_for_anything() {
        for (pattern, name) in [("a", "a"), ("a*", "a"), ("a*c", "abc"), ("*", ""), ("a*b*c", "a-b-b-c")] {
            assert!(matches(pattern, name), "{pattern} {name}");
        }
        for (pattern, name) in [("a", "ab"), ("a*c", "ab"), ("a*c", "xac"), ("", "a"), ("a*b*c", "a-c-b")] {
            assert!(!matches(pattern, name), "{pattern} {name}");
        }
    }
}
