//! A file: what it is, whether a device that embeds it works, and what it should have instead.

use rustls::pki_types::ServerName;

use super::certificate::Certificate;
use super::chain::{self, Analysis};
use super::damage;
use super::fate::{embedded, fates};
use super::input::{Input, NameAndKey};
use super::recommend::Requirement;
use super::report::{Chain, Shown, Source, SourceKind};
use super::role::Role;
use super::roots::Roots;
use crate::finding::{Finding, Severity};

/// A file that was read.
#[derive(Clone, Debug)]
pub(super) struct File {
    pub(super) source: Source,
    /// Of a server's saved chain.
    pub(super) requirement: Option<Requirement>,
    /// The working roots in it, and those above what else is in it.
    pub(super) good_roots: Vec<Certificate>,
    /// Whether there is a working root among them that the file itself holds.
    pub(super) holds_root: bool,
    /// Everything, to recognise a provider by.
    pub(super) certificates: Vec<Certificate>,
    /// Whether nothing of it may go into a firmware: its chain does not verify, or somebody changed it.
    pub(super) in_doubt: bool,
}

impl File {
    pub(super) fn new(input: &Input, roots: &Roots, now: i64) -> Self {
        let mut certificates: Vec<Certificate> = input.certificates().cloned().collect();
        // A server's own certificate comes first, wherever it is in the file.
        if let Some(place) = certificates.iter().position(|certificate| !certificate.is_ca) {
            certificates[..=place].rotate_right(1);
        }
        let is_chain = certificates.first().is_some_and(|first| !first.is_ca);
        let mut findings = input.findings.clone();
        let fates = fates(input, &certificates, roots, now);
        let mut requirement = None;
        let mut chain = if is_chain {
            let analysis = Analysis::new(certificates.clone(), roots, now);
            let wanted = Requirement::new(&input.name, server_name(&certificates), &analysis, now);
            findings.extend(chain_findings(&analysis, &wanted, roots, now));
            requirement = Some(wanted);
            analysis.shown(roots, now)
        } else {
            let works = fates.iter().any(|fate| fate.works);
            findings.extend(fates.iter().flat_map(|fate| fate.findings(works)));
            let shown = |one| chain::shown(one, &certificates, roots, now);
            Chain { certificates: certificates.iter().map(shown).collect(), paths: Vec::new() }
        };
        chain.certificates.extend(input.anchors().map(|anchor| anchor_shown(anchor, roots, now)));
        let mut good_roots: Vec<Certificate> =
            fates.iter().filter(|fate| fate.works).filter_map(|fate| fate.root.clone()).collect();
        // A root that a server sent, and that nobody knows, may be anybody's.
        good_roots.retain(|root| !is_chain || roots.of_authority(&root.subject, &root.spki).is_some());
        let holds_root = !good_roots.is_empty();
        if requirement.as_ref().is_some_and(Requirement::has_options) {
            // Of the roots that would do, the smallest set has the best.
            good_roots.clear();
        } else {
            for root in above(&certificates, roots) {
                if !good_roots.iter().any(|other| other.same_authority(root)) {
                    good_roots.push(root.clone());
                }
            }
        }
        let in_doubt = findings.iter().any(|finding| is_doubt(finding, is_chain))
            || requirement.as_ref().is_some_and(|wanted| wanted.refusal(now).is_some());
        let source = Source {
            kind: SourceKind::File,
            name: input.name.clone(),
            what: what(input, &certificates, is_chain, roots),
            attempts: Vec::new(),
            embedded: embedded(&fates),
            chains: if chain.certificates.is_empty() { Vec::new() } else { vec![chain] },
            findings,
        };
        Self { source, requirement, good_roots, holds_root, certificates, in_doubt }
    }
}

/// What is wrong with a saved chain.
fn chain_findings(analysis: &Analysis, wanted: &Requirement, roots: &Roots, now: i64) -> Vec<Finding> {
    let certificates = &analysis.certificates;
    let mut findings = match certificates.as_slice() {
        // A root may have lost the word that it is one.
        [alone] => damage::finding(alone, &[], roots).into_iter().chain([leaf_alone(alone)]).collect(),
        _ => analysis.findings(roots, now),
    };
    if !findings.iter().any(|finding| finding.severity == Severity::Error) {
        findings.extend(wanted.refusal(now));
        let damaged = certificates.iter().filter_map(|one| damage::finding(one, certificates, roots));
        findings.extend(damaged);
    }
    findings
}

/// The name that a saved chain's server is known by: its first one.
fn server_name(certificates: &[Certificate]) -> Option<ServerName<'static>> {
    // A wildcard stands for any name in its place.
    let name = certificates.first()?.names.first()?.replacen("*.", "any.", 1);
    name.try_into().ok()
}

/// Whether a finding puts all of a file in doubt. That a part of it is of no use any more does not:
/// what is recommended takes its place.
fn is_doubt(finding: &Finding, is_chain: bool) -> bool {
    let in_chain = is_chain && finding.code != "leaf-as-anchor";
    finding.severity == Severity::Error && (in_chain || ["another-key", "damaged"].contains(&&*finding.code))
}

/// The known roots that issued an authority's certificate, or are the root of its key.
fn above<'r>(certificates: &[Certificate], roots: &'r Roots) -> Vec<&'r Certificate> {
    let below = certificates.iter().filter(|one| one.is_ca && !one.self_signed);
    below
        .flat_map(|one| match roots.of_authority(&one.subject, &one.spki) {
            Some((root, _)) => vec![root],
            None => roots.named(&one.issuer).map(|(root, _)| root).filter(|root| root.issued(one)).collect(),
        })
        .collect()
}

fn what(input: &Input, certificates: &[Certificate], is_chain: bool, roots: &Roots) -> String {
    let kind = input.kind;
    let count = |number: usize, what: &str| format!("{number} {what}{}", if number == 1 { "" } else { "s" });
    let names = input.anchors().count();
    match certificates {
        [] if names == 0 => format!("{kind}, with nothing in it that can be read"),
        [] => format!("{kind}, {} without certificates", count(names, "trust anchor")),
        [one] if is_chain => format!("{kind}, the certificate of the server `{}` alone", one.subject.short),
        [one] => format!("{kind}, one certificate: {}", role_of_one(one, roots)),
        all if is_chain => format!("{kind}, a server's chain of {} certificates", all.len()),
        all => format!(
            "{kind}, {}",
            count(all.len(), "certificate of an authority")
                .replace("certificate of an authoritys", "certificates of authorities")
        ),
    }
}

fn role_of_one(certificate: &Certificate, roots: &Roots) -> String {
    let Certificate { subject, issuer, .. } = certificate;
    if damage::damage(certificate, &[], roots).is_some() {
        return format!("damaged, or not what it says: `{}`", subject.short);
    }
    match Role::of(certificate, &[], roots) {
        Role::Root => format!("the root `{}`", subject.short),
        Role::CrossSignedRoot => format!("the root `{}`, cross-signed by `{}`", subject.short, issuer.short),
        Role::Leaf => format!("the server `{}`", subject.short),
        Role::Intermediate => format!("the intermediate `{}`, issued by `{}`", subject.short, issuer.short),
    }
}

fn leaf_alone(certificate: &Certificate) -> Finding {
    let title = format!("it holds the certificate of the server `{}` alone", certificate.subject.short);
    let hint = "as a trust anchor it is of no use: picopost refuses it, and other stacks lose the server at its next \
                renewal; embed the root";
    Finding::error("leaf-as-anchor", title).hint(hint)
}

/// A trust anchor without its certificate, for the report.
pub(super) fn anchor_shown(anchor: &NameAndKey, roots: &Roots, now: i64) -> Shown {
    let NameAndKey { subject, spki, key, .. } = anchor;
    let of = roots.of_authority(subject, spki);
    let advice = match of {
        Some((root, _)) => super::role::advice(root, Role::Root, roots, now),
        None => {
            "only if you know whose it is: its certificate is not here, and Mozilla's set does not have it"
                .to_owned()
        }
    };
    Shown {
        role: None,
        name: subject.short.clone(),
        subject: subject.full.clone(),
        details: None,
        key: key.to_string(),
        anchor_octets: super::der::content(&subject.der).len() + super::der::content(spki).len(),
        advice,
    }
}
