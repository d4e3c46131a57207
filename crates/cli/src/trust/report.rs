//! What the command found: one value, which `text` and `--json` show. Its JSON is described by
//! `docs/trust.schema.json`.

use serde::Serialize;

use super::role::Role;
use crate::finding::{Finding, Severity};

/// All of it.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Report {
    /// The time of the report, RFC 3339.
    pub(super) now: String,
    /// The month of what is known about authorities beside their certificates.
    pub(super) facts_of: String,
    pub(super) sources: Vec<Source>,
    /// Of a file that was checked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) check: Option<Check>,
    /// What to embed; nothing where nothing can be recommended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) recommendation: Option<Recommendation>,
    /// What was found beside the sources' own findings.
    pub(super) findings: Vec<Finding>,
}

/// A host, or a file.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Source {
    pub(super) kind: SourceKind,
    /// `HOST:PORT`, or the file's name.
    pub(super) name: String,
    /// What it is, in words.
    pub(super) what: String,
    /// How each kind of client fared with a host.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) attempts: Vec<Attempt>,
    pub(super) chains: Vec<Chain>,
    /// Whether a device works that embeds all of a file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) embedded: Option<Embedded>,
    pub(super) findings: Vec<Finding>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum SourceKind {
    Host,
    File,
}

/// One connection to a host.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Attempt {
    /// Whose ClientHello it was.
    pub(super) client: &'static str,
    pub(super) server_name: &'static str,
    /// The chain that came, counted from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) chain: Option<usize>,
    /// The version of TLS, where the handshake was done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) version: Option<&'static str>,
    /// Why it ended otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) failure: Option<String>,
}

/// Certificates that belong together, in the order in which they came.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Chain {
    pub(super) certificates: Vec<Shown>,
    pub(super) paths: Vec<PathShown>,
}

/// A certificate, or a trust anchor without one.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Shown {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) role: Option<Role>,
    pub(super) name: String,
    pub(super) subject: String,
    /// What follows is not known of an anchor without its certificate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) details: Option<Details>,
    pub(super) key: String,
    /// Octets of flash as a name and a key.
    pub(super) anchor_octets: usize,
    /// Whether to embed it, and why.
    pub(super) advice: String,
}

/// What a certificate has beside name and key.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Details {
    pub(super) issuer: String,
    pub(super) server_names: Vec<String>,
    pub(super) signature: String,
    pub(super) not_before: String,
    pub(super) not_after: String,
    pub(super) days_left: i64,
    pub(super) sha256: String,
    /// Octets of flash in DER.
    pub(super) octets: usize,
}

/// A path to a root, or to where one is missing.
#[derive(Clone, Debug, Serialize)]
pub(super) struct PathShown {
    /// Names, the server's own first and the root's last.
    pub(super) names: Vec<String>,
    pub(super) root: RootShown,
    pub(super) verified: bool,
    /// Why it is not, or when it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) instructions: Option<u64>,
}

/// What a path ends at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum RootShown {
    /// In Mozilla's set.
    Mozilla,
    /// In the file of `--roots`.
    Given,
    /// Sent by the server, and known to nobody.
    Unknown,
    /// Neither sent nor known.
    Missing,
}

/// Whether a device works that embeds a file.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Embedded {
    pub(super) works: bool,
    /// Until when it works, or since when it does not, where that is a date.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) date: Option<String>,
    pub(super) sentence: String,
}

/// What to embed.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Recommendation {
    pub(super) anchors: Vec<Anchor>,
    /// The provider whose other roots are among them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) provider: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) provider_advice: Option<String>,
    /// The day on which the first anchor that is needed ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) until: Option<String>,
    /// That anchor's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) weakest: Option<String>,
    pub(super) sentence: String,
}

/// A root to embed.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Anchor {
    pub(super) name: String,
    pub(super) key: String,
    pub(super) sha256: String,
    pub(super) not_after: String,
    pub(super) days_left: i64,
    pub(super) octets: usize,
    pub(super) anchor_octets: usize,
    /// Instructions to verify one signature of this root on a 32-bit chip.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) instructions: Option<u64>,
    pub(super) purpose: Purpose,
    /// The sources that need it.
    pub(super) for_sources: Vec<String>,
    pub(super) ends_earlier: Vec<Ends>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Purpose {
    /// A source cannot be verified without it.
    Needed,
    /// The provider may move to it.
    Provider,
    /// It is in a file that was given.
    Given,
}

/// Who ends the trust in a root for servers before its own date.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Ends {
    pub(super) by: String,
    pub(super) on: String,
    /// By a schedule that goes by the key's age; otherwise announced for this root.
    pub(super) scheduled: bool,
}

/// What came of `--check`.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Check {
    pub(super) file: String,
    pub(super) anchors: Vec<Shown>,
    pub(super) hosts: Vec<Checked>,
    /// The day on which the first of the anchors that are used ends, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) until: Option<String>,
}

/// One source against the anchors of the file.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Checked {
    pub(super) name: String,
    pub(super) verified: bool,
    /// The anchor that verifies it, or why none does.
    pub(super) by: String,
}

impl Report {
    /// All findings, the sources' own first.
    pub(super) fn all_findings(&self) -> impl Iterator<Item = &Finding> {
        self.sources.iter().flat_map(|source| &source.findings).chain(&self.findings)
    }

    pub(super) fn has_errors(&self) -> bool {
        self.all_findings().any(|finding| finding.severity == Severity::Error)
    }
}
