//! What a certificate is in its chain, and whether to embed it.

use serde::Serialize;

use super::authorities::{Distrust, known};
use super::certificate::Certificate;
use super::roots::{Roots, Store};
use super::time;

/// What a certificate is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Role {
    /// A server's own.
    Leaf,
    /// An authority's, issued by another one.
    Intermediate,
    /// A root's key with another authority's signature.
    CrossSignedRoot,
    /// An authority's, signed by itself.
    Root,
}

impl Role {
    /// What `certificate` is, among others of the same input.
    pub(super) fn of(certificate: &Certificate, others: &[Certificate], roots: &Roots) -> Self {
        let Certificate { subject, spki, .. } = certificate;
        let has_root = || {
            // An intermediate that was given is no root for that.
            roots.of_authority(subject, spki).is_some_and(|(root, _)| root.self_signed)
                || others.iter().any(|other| other.self_signed && other.same_authority(certificate))
        };
        if !certificate.is_ca {
            Self::Leaf
        } else if certificate.self_signed {
            Self::Root
        } else if has_root() {
            Self::CrossSignedRoot
        } else {
            Self::Intermediate
        }
    }

    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Leaf => "leaf",
            Self::Intermediate => "intermediate",
            Self::CrossSignedRoot => "cross-signed root",
            Self::Root => "root",
        }
    }
}

/// One sentence on whether to embed a certificate, and why.
pub(super) fn advice(certificate: &Certificate, role: Role, roots: &Roots, now: i64) -> String {
    let end = time::day(certificate.not_after);
    let left = time::days_until(certificate.not_after, now);
    let expired = certificate.not_after < now;
    match role {
        Role::Leaf if expired => format!("never: it expired on {end}, and a renewed one has other octets"),
        Role::Leaf => format!("never: it is gone in {left} days, and each renewal replaces it"),
        Role::Intermediate if expired => {
            format!("no: it expired on {end}, and no server has a certificate under it")
        }
        Role::Intermediate => format!(
            "not unless you control both ends: authorities replace intermediates without notice, this one \
             by {end}"
        ),
        Role::CrossSignedRoot => cross_signed(certificate, roots, now),
        Role::Root if expired => format!("no: it expired on {end}"),
        Role::Root => root(certificate, roots, now),
    }
}

fn cross_signed(certificate: &Certificate, roots: &Roots, now: i64) -> String {
    let Certificate { subject, issuer, not_after, spki, .. } = certificate;
    let root = match roots.of_authority(subject, spki) {
        Some((root, _)) => format!(
            "the root of the same key, `{}`, lasts until {}",
            root.subject.short,
            time::day(root.not_after)
        ),
        None => "the root of the same key is sent as well".to_owned(),
    };
    let end = time::day(*not_after);
    let mut issuer_fate = String::new();
    for distrust in known().removed(issuer) {
        issuer_fate = format!(", which {}", ends(&distrust, now));
    }
    format!(
        "no: {root}; this copy is for clients that know only `{}`{issuer_fate}, and ends on {end}",
        issuer.short
    )
}

fn root(certificate: &Certificate, roots: &Roots, now: i64) -> String {
    let Certificate { subject, spki, not_after, .. } = certificate;
    let end = time::day(*not_after);
    match roots.of_authority(subject, spki) {
        Some((_, Store::Given)) => format!("yes: it is one of yours, until {end}"),
        Some((known_root, Store::Mozilla)) => {
            let fate = known().distrust(known_root).into_iter().next();
            let fate = fate.map(|fate| format!("; {}", ends_it(&fate, now))).unwrap_or_default();
            format!("yes: until {end}{fate}")
        }
        None => {
            let fate = known().removed(subject).into_iter().next();
            match fate {
                Some(fate) => format!("no: a root that {}", ends(&fate, now)),
                None => {
                    "only if you know whose it is: Mozilla's set does not have it; compare its SHA-256 with \
                         its owner's"
                        .to_owned()
                }
            }
        }
    }
}

/// `Mozilla stopped trusting for servers on 2025-04-15`, behind a `that` or `which`.
pub(super) fn ends(distrust: &Distrust, now: i64) -> String {
    let Distrust { by, on, scheduled } = distrust;
    let day = time::day(*on);
    let verb = match (*on <= now, scheduled) {
        (true, _) => "stopped trusting",
        (false, false) => "stops trusting",
        (false, true) => "is due to stop trusting",
    };
    format!("{by} {verb} for servers on {day}")
}

/// `Mozilla stops trusting it for servers on 2025-04-15`, as a sentence of its own.
pub(super) fn ends_it(distrust: &Distrust, now: i64) -> String {
    ends(distrust, now).replacen("trusting", "trusting it", 1)
}
