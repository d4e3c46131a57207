//! What is wrong with a request: what a real service or its edge would refuse or misread. Each
//! layer has its checks in a file of its own.

use super::framing_check::{check_records, cut_short};
use super::http::{Reader, Refusal};
use super::{content_check, framing_check, head_check, token_check};
use crate::finding::{Finding, Part};

/// How the reading of a request ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Complete,
    Refused(Refusal),
    /// Why no more octets came: half a sentence.
    CutShort(String),
    /// The same, when octets were still coming.
    TooSlow(String),
}

/// What a request is held against.
#[derive(Clone, Copy, Debug)]
pub(super) struct Context<'a> {
    /// What the ClientHello said.
    pub(super) server_name: Option<&'a str>,
    /// The port of the server.
    pub(super) port: u16,
}

/// All that is wrong with what was received; `records` are the octets of each record.
pub(super) fn check(
    reader: &Reader,
    outcome: &Outcome,
    records: &[usize],
    context: &Context<'_>,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    match outcome {
        Outcome::Refused(refusal) => {
            findings.push(refusal.finding.clone());
            if refusal.finding.code == "malformed-head" {
                head_check::check_malformed(reader.head_octets(), &mut findings);
            }
        }
        Outcome::CutShort(why) => findings.push(cut_short(reader, why)),
        Outcome::TooSlow(why) => {
            let finding = cut_short(reader, why);
            let code = finding.code.clone();
            findings.push(finding);
            let mut slow =
                Finding::error("too-slow", "octets came, and too few of them in the time that there is");
            slow.depends_on = Some(code);
            findings.push(slow.hint("servers let slow clients go: write the request in one piece"));
        }
        Outcome::Complete => {}
    }
    let Some(head) = reader.head() else { return findings };
    head_check::check(head, reader.head_octets(), context, &mut findings);
    framing_check::check(head, reader.head_octets(), &mut findings);
    if *outcome == Outcome::Complete {
        findings.extend(framing_check::extra(reader.extra(), head.framing));
        head_check::check_early_end(head, reader.body(), Part::Body, &mut findings);
        head_check::check_early_end(head, reader.extra(), Part::Extra, &mut findings);
        content_check::check(head, reader, &mut findings);
        token_check::check(head, reader, &mut findings);
        check_records(head, reader.body(), records, &mut findings);
    }
    findings
}

#[cfg(test)]
#[path = "request_check_tests.rs"]
mod tests;
