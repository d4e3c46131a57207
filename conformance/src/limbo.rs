//! x509-limbo: certificate paths that must, or must not, be accepted.
//!
//! Each case of the kind SERVER goes through [`picopost_tls::verify_server_path`], which takes
//! the steps that a connection takes. Where the engine decides otherwise than the case expects, the exceptions
//! file says why; an exception that is not needed is a failure too.

use std::collections::BTreeMap;
use std::fmt;

use picopost_tls::{CertificateDer, Config, Error, ServerName, Trust, UnixTime, verify_server_path};
use pki_types::pem::PemObject;
use serde::Deserialize;
use webpki::anchor_from_trusted_cert;
use xtask::error::Failure;

const CASES: &str = include_str!("../data/x509-limbo.json");
const EXCEPTIONS: &str = include_str!("../data/limbo-exceptions.txt");

/// When a case is verified that names no time: 2026-06-29, when the cases were generated.
const DEFAULT_TIME: &str = "2026-06-29T00:00:00Z";

#[derive(Deserialize)]
struct Suite {
    testcases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    id: String,
    validation_kind: Kind,
    trusted_certs: Vec<String>,
    untrusted_intermediates: Vec<String>,
    peer_certificate: String,
    validation_time: Option<String>,
    expected_result: Verdict,
    expected_peer_name: Option<PeerName>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum Kind {
    Server,
    Client,
}

/// What becomes of a server's certificates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
enum Verdict {
    #[serde(rename = "SUCCESS")]
    Accepted,
    #[serde(rename = "FAILURE")]
    Refused,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Accepted => "accepted",
            Self::Refused => "refused",
        })
    }
}

#[derive(Deserialize)]
struct PeerName {
    value: String,
}

/// What the suite's run found.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Cases that ended as they should.
    pub passed: usize,
    /// Cases that ended otherwise, as the exceptions file says, by the kind of exception.
    pub excepted: BTreeMap<Exception, usize>,
    /// Cases for the other side of TLS: certificates of clients.
    pub client: usize,
    /// One sentence for each case that failed, and for each exception that is not needed.
    pub failures: Vec<String>,
}

/// What the exceptions file allows a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exception {
    /// Accepted where the case says that it must not be, by a rule that RFC 5280 does not make
    /// for whoever verifies, or leaves to the profile.
    Lenient,
    /// Refused where the case says that it must be accepted.
    Strict,
}

impl Exception {
    /// The verdict that the exception allows.
    fn verdict(self) -> Verdict {
        match self {
            Self::Lenient => Verdict::Accepted,
            Self::Strict => Verdict::Refused,
        }
    }
}

impl fmt::Display for Exception {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Lenient => "lenient",
            Self::Strict => "strict",
        })
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let excepted: usize = self.excepted.values().sum();
        write!(f, "x509-limbo: {} passed, {excepted} excepted", self.passed)?;
        for (index, (exception, count)) in self.excepted.iter().enumerate() {
            write!(f, "{}{count} {exception}", if index == 0 { " (" } else { ", " })?;
        }
        if excepted > 0 {
            f.write_str(")")?;
        }
        write!(
            f,
            ", {} failed; {} cases for clients' certificates left out",
            self.failures.len(),
            self.client
        )
    }
}

/// Runs the suite with the exceptions of this repository.
///
/// # Errors
/// The cases or the exceptions cannot be read.
pub fn run() -> Result<Report, Failure> {
    let suite: Suite = serde_json::from_str(CASES)
        .map_err(|error| Failure::failed(format!("x509-limbo.json cannot be read: {error}")))?;
    judge(&suite.testcases, &exceptions(EXCEPTIONS)?)
}

fn judge(cases: &[Case], exceptions: &BTreeMap<&str, Exception>) -> Result<Report, Failure> {
    let mut report = Report::default();
    let mut unused = exceptions.clone();
    for case in cases {
        if case.validation_kind == Kind::Client {
            report.client += 1;
            continue;
        }
        let outcome = verify(case);
        let verdict = if outcome.is_ok() { Verdict::Accepted } else { Verdict::Refused };
        let exception = unused.remove(case.id.as_str());
        if verdict == case.expected_result {
            report.passed += 1;
            if exception.is_some() {
                report
                    .failures
                    .push(format!("{} is {verdict}, as it should: no exception is needed", case.id));
            }
        } else if let Some(exception) = exception.filter(|exception| exception.verdict() == verdict) {
            *report.excepted.entry(exception).or_default() += 1;
        } else {
            let why = outcome.err().map(|error| format!(": {error}")).unwrap_or_default();
            report
                .failures
                .push(format!("{} must be {} and is {verdict}{why}", case.id, case.expected_result));
        }
    }
    report.failures.extend(unused.keys().map(|id| format!("{id} has an exception and is no case")));
    Ok(report)
}

/// Reads the exceptions: a line each, `KIND CASE REASON`, where a reason is not optional.
fn exceptions(text: &str) -> Result<BTreeMap<&str, Exception>, Failure> {
    let mut exceptions = BTreeMap::new();
    for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let wrong = |what: &str| Failure::failed(format!("limbo-exceptions.txt: {what}: `{line}`"));
        let mut words = line.split_whitespace();
        let exception = match words.next() {
            Some("lenient") => Exception::Lenient,
            Some("strict") => Exception::Strict,
            _ => return Err(wrong("a line begins with `lenient` or `strict`")),
        };
        let id = words.next().ok_or_else(|| wrong("there is no case"))?;
        words.next().ok_or_else(|| wrong("there is no reason"))?;
        if exceptions.insert(id, exception).is_some() {
            return Err(wrong("the case is there twice"));
        }
    }
    Ok(exceptions)
}

/// Verifies a case's certificates as a connection does; the error is a sentence.
fn verify(case: &Case) -> Result<(), String> {
    let mut chain = vec![certificate(&case.peer_certificate)?];
    for intermediate in &case.untrusted_intermediates {
        chain.push(certificate(intermediate)?);
    }
    let trusted: Vec<_> = case.trusted_certs.iter().map(|pem| certificate(pem)).collect::<Result<_, _>>()?;
    let anchors: Vec<_> = trusted
        .iter()
        .map(|certificate| anchor_from_trusted_cert(certificate))
        .collect::<Result<_, _>>()
        .map_err(|error| format!("a trust anchor cannot be read: {error}"))?;
    // A path is judged before the name: where a case asks for none, any will do.
    let name = case.expected_peer_name.as_ref().map_or("no.name.asked", |name| name.value.as_str());
    let name =
        ServerName::try_from(name).map_err(|error| format!("the name cannot be asked for: {error}"))?;
    let now = unix_time(case.validation_time.as_deref().unwrap_or(DEFAULT_TIME))?;
    let config = Config::new(name, Trust::anchors(&anchors), now);
    match verify_server_path(&chain, &config) {
        Ok(_verified) => Ok(()),
        Err(Error::WrongName) if case.expected_peer_name.is_none() => Ok(()),
        Err(error) => Err(format!("error {}, {error}", error.code())),
    }
}

fn certificate(pem: &str) -> Result<CertificateDer<'static>, String> {
    CertificateDer::from_pem_slice(pem.as_bytes())
        .map_err(|error| format!("a certificate is not PEM: {error}"))
}

fn unix_time(rfc3339: &str) -> Result<UnixTime, String> {
    let time: jiff::Timestamp =
        rfc3339.parse().map_err(|error| format!("the time cannot be read: {error}"))?;
    let seconds = u64::try_from(time.as_second()).map_err(|error| format!("a time before 1970: {error}"))?;
    Ok(UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first_case(kind: &str, expected: &str) -> Vec<Case> {
        let suite: Suite = serde_json::from_str(CASES).unwrap();
        let case = suite.testcases.into_iter().find(|case| case.id == "rfc5280::no-keyusage");
        let mut case = case.unwrap();
        case.validation_kind = serde_json::from_value(kind.into()).unwrap();
        case.expected_result = serde_json::from_value(expected.into()).unwrap();
        vec![case]
    }

    #[test]
    fn every_case_is_decided_as_it_should_or_has_its_reason() {
        let report = run().unwrap();
        assert_eq!(report.failures, Vec::<String>::new());
        let excepted: usize = report.excepted.values().sum();
        assert_eq!((report.passed + excepted, report.client), (184, 10));
    }

    #[test]
    fn a_wrong_decision_and_a_needless_exception_are_failures() {
        let none = BTreeMap::new();
        let passed = judge(&first_case("SERVER", "SUCCESS"), &none).unwrap();
        assert_eq!((passed.passed, passed.failures.len()), (1, 0));
        let failed = judge(&first_case("SERVER", "FAILURE"), &none).unwrap();
        assert_eq!(failed.failures, ["rfc5280::no-keyusage must be refused and is accepted"]);
        let left_out = judge(&first_case("CLIENT", "FAILURE"), &none).unwrap();
        assert_eq!((left_out.passed, left_out.client, left_out.failures.len()), (0, 1, 0));

        let exceptions = exceptions("lenient rfc5280::no-keyusage because").unwrap();
        let excepted = judge(&first_case("SERVER", "FAILURE"), &exceptions).unwrap();
        assert_eq!((excepted.excepted[&Exception::Lenient], excepted.failures.len()), (1, 0));
        let needless = judge(&first_case("SERVER", "SUCCESS"), &exceptions).unwrap();
        assert_eq!(
            needless.failures,
            ["rfc5280::no-keyusage is accepted, as it should: no exception is needed"]
        );
        let no_case = judge(&[], &exceptions).unwrap();
        assert_eq!(no_case.failures, ["rfc5280::no-keyusage has an exception and is no case"]);
    }

    #[test]
    fn an_exception_has_a_kind_a_case_and_a_reason() {
        assert_eq!(exceptions("# comment\n\nstrict a b\n").unwrap(), [("a", Exception::Strict)].into());
        for (text, sentence) in [
            ("loose a b", "a line begins with `lenient` or `strict`: `loose a b`"),
            ("strict", "there is no case: `strict`"),
            ("strict a", "there is no reason: `strict a`"),
            ("strict a b\nlenient a b", "the case is there twice: `lenient a b`"),
        ] {
            let failure = exceptions(text).unwrap_err();
            assert_eq!(failure.sentence(), format!("limbo-exceptions.txt: {sentence}"));
        }
    }
}
