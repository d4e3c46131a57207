//! Damage that no parser sees: a certificate that its issuer's key did not sign as it is here.

use super::certificate::Certificate;
use super::roots::Roots;
use crate::finding::Finding;

/// Issuers of one name that are tried; no honest input has so many.
const MAX_ISSUERS: usize = 16;

/// What shows that a certificate is not as its authority made it, among others of the same input;
/// nothing where that is unknown: its issuer may not be at hand.
pub(super) fn damage(certificate: &Certificate, others: &[Certificate], roots: &Roots) -> Option<String> {
    let Certificate { subject, issuer, .. } = certificate;
    let name = &subject.short;
    if let Some((root, _)) = roots.iter().find(|(root, _)| certificate.is_damaged_copy_of(root)) {
        let root = &root.subject.short;
        return Some(format!("`{name}` is damaged: a copy of the root `{root}` in which something changed"));
    }
    if certificate.self_signed {
        return None;
    }
    let known = roots.named(issuer).map(|(root, _)| root);
    let issuers: Vec<&Certificate> = known
        .chain(others.iter().filter(|other| other.subject == *issuer && *other != certificate))
        .filter(|issuer| issuer.can_tell(certificate))
        .take(MAX_ISSUERS)
        .collect();
    if issuers.iter().any(|issuer| issuer.issued(certificate)) || issuers.len() == MAX_ISSUERS {
        return None;
    }
    if subject == issuer {
        return Some(format!("`{name}` is damaged, or not what it says: its own key did not sign it"));
    }
    (!issuers.is_empty()).then(|| {
        let issuer = &issuer.short;
        format!("`{name}` is damaged, or not what it says: the key of its issuer `{issuer}` did not sign it")
    })
}

/// The same as a finding.
pub(super) fn finding(certificate: &Certificate, others: &[Certificate], roots: &Roots) -> Option<Finding> {
    let damage = damage(certificate, others, roots)?;
    Some(Finding::error("damaged", damage).hint(FRESH_COPY))
}

pub(super) const FRESH_COPY: &str = "take a fresh copy from its authority";

#[cfg(test)]
#[path = "damage_tests.rs"]
mod tests;
