//! A server's certificates as they came: what each is, where they lead, and what is wrong with them.

use super::authorities::known;
use super::certificate::Certificate;
use super::damage::damage;
use super::name::Name;
use super::path::{self, End, Path, Verdict};
use super::report::{Chain, Details, PathShown, RootShown, Shown};
use super::role::{Role, advice, ends, ends_it};
use super::roots::{Roots, Store};
use super::time;
use crate::finding::Finding;

/// The codes of findings that say no more than that a chain ends at somebody who is not known here.
pub(super) const IS_UNKNOWN: [&str; 2] = ["missing-intermediate", "unknown-root"];

/// A chain, the server's own certificate first, and every path from it.
#[derive(Clone, Debug)]
pub(super) struct Analysis {
    pub(super) certificates: Vec<Certificate>,
    pub(super) paths: Vec<Path>,
    /// Whether there are more paths than were looked at.
    is_cut: bool,
}

impl Analysis {
    pub(super) fn new(certificates: Vec<Certificate>, roots: &Roots, now: i64) -> Self {
        let (paths, is_cut) = path::find(&certificates, roots, now);
        Self { certificates, paths, is_cut }
    }

    /// For the report.
    pub(super) fn shown(&self, roots: &Roots, now: i64) -> Chain {
        let Self { certificates, paths, .. } = self;
        Chain {
            certificates: certificates.iter().map(|one| shown(one, certificates, roots, now)).collect(),
            paths: paths.iter().map(|path| self.path_shown(path, roots, now)).collect(),
        }
    }

    fn path_shown(&self, path: &Path, roots: &Roots, now: i64) -> PathShown {
        let name = |place: &usize| {
            let one = self.certificates.get(*place)?;
            let name = &one.subject.short;
            // The root of the same name may be the end of another path.
            Some(match Role::of(one, &self.certificates, roots) {
                Role::CrossSignedRoot => format!("{name}, cross-signed"),
                _ => name.clone(),
            })
        };
        let mut names: Vec<String> = path.links.iter().filter_map(name).collect();
        let (top, root) = match &path.end {
            End::Root(root, Store::Mozilla) => (root.subject.short.clone(), RootShown::Mozilla),
            End::Root(root, Store::Given) => (root.subject.short.clone(), RootShown::Given),
            End::Unknown(place) => (name(place).unwrap_or_default(), RootShown::Unknown),
            End::Missing(issuer) => (issuer.short.clone(), RootShown::Missing),
        };
        names.push(top);
        let reason = match &path.verdict {
            Verdict::Good => None,
            Verdict::GoodAt { reason, .. } | Verdict::Refused(reason) => Some(match &path.end {
                End::Missing(issuer) => with_fate(reason, issuer, now),
                _ => reason.clone(),
            }),
        };
        let instructions = path.instructions(&self.certificates);
        PathShown { names, root, verified: path.is_good(), reason, instructions }
    }

    /// What is wrong with the chain, the most telling first.
    pub(super) fn findings(&self, roots: &Roots, now: i64) -> Vec<Finding> {
        let mut findings = Vec::new();
        let Some(server) = self.certificates.first() else { return findings };
        if !self.paths.iter().any(|path| path.is_good() && matches!(path.end, End::Root(..))) {
            findings.extend(self.why_no_path(server, roots, now));
        }
        findings.extend(self.order());
        findings.extend(self.extra());
        findings.extend(self.beside(now));
        findings
    }

    /// Why no path is good: causes only, each with what to do about it.
    fn why_no_path(&self, server: &Certificate, roots: &Roots, now: i64) -> Vec<Finding> {
        let to_root = |path: &&Path| matches!(path.end, End::Root(..));
        if server.self_signed && !self.paths.iter().any(|path| to_root(&path)) {
            let title = "the server's certificate is signed by its own key: no authority stands behind it";
            let hint = "let an authority issue it, if need be one of your own; `picopost listen` makes one";
            return vec![Finding::error("self-signed", title).hint(hint)];
        }
        let mut findings = Vec::new();
        if let Some(dates) = dates(server, now) {
            findings.push(dates);
        }
        let known: Vec<&Path> = self.paths.iter().filter(to_root).collect();
        if let Some(path) = known.iter().find(|path| path.is_usable()) {
            // The server's own dates are said already.
            if findings.is_empty()
                && let Verdict::GoodAt { reason, .. } = &path.verdict
            {
                let title = format!("the chain does not verify: {reason}");
                findings.push(Finding::error("expired-chain", title).hint("the server needs a new chain"));
            }
            return findings;
        }
        if let Some(reason) = known.iter().find_map(|path| match &path.verdict {
            Verdict::Refused(reason) => Some(reason),
            _ => None,
        }) {
            let title = format!("the path to a known root does not verify: {reason}");
            findings
                .push(Finding::error("bad-path", title).hint("the server's operator must correct its chain"));
            return findings;
        }
        let unknown = self.paths.iter().find_map(|path| match path.end {
            End::Unknown(place) => self.certificates.get(place),
            _ => None,
        });
        if let Some(root) = unknown {
            // What is sent may have a known root's name, and is not that root.
            if let Some(finding) = another_key(&root.subject, roots) {
                findings.push(finding);
                return findings;
            }
            let name = &root.subject.short;
            let title = format!("the chain ends at `{name}`, which Mozilla's set does not have");
            let hint = "is it an authority of your own? then get its root from its owner, not from the \
                        connection, and give it with `--roots FILE`; otherwise somebody is in between";
            findings.push(Finding::error("unknown-root", title).hint(hint));
            return findings;
        }
        let missing = self.paths.iter().find_map(|path| match &path.end {
            End::Missing(issuer) => Some(issuer),
            _ => None,
        });
        if let Some(issuer) = missing {
            let finding = self.impostor(issuer).or_else(|| another_key(issuer, roots));
            findings.push(finding.unwrap_or_else(|| missing_issuer(issuer, now)));
        } else if self.is_cut && findings.is_empty() {
            let title = "the chain has more certificates, or more ways through them, than are looked at here";
            findings
                .push(Finding::error("bad-path", title).hint("the server's operator must correct its chain"));
        }
        findings
    }

    /// A certificate that is sent as the issuer, and is not.
    fn impostor(&self, issuer: &Name) -> Option<Finding> {
        let sent = self.certificates.iter().find(|one| one.subject == *issuer)?;
        let name = &issuer.short;
        Some(if sent.is_ca {
            let title =
                format!("a signature in the chain is not by the key of `{name}` that the server sends");
            Finding::error("wrong-signature", title).hint("the server's operator must correct its chain")
        } else {
            let title = format!("`{name}` has issued a certificate in the chain, and is no authority");
            Finding::error("not-an-authority", title)
                .hint("somebody signs with a server's key: trust nobody here")
        })
    }

    /// RFC 9846 §4.5.1 wants each certificate to certify the one before it, and clients to take any
    /// order all the same.
    fn order(&self) -> Option<Finding> {
        // The longest path is the one that the server meant.
        let path = self.paths.iter().max_by_key(|path| path.links.len())?;
        let in_order = path.links.windows(2).all(|pair| pair[0] < pair[1]);
        (!in_order).then(|| {
            Finding::warning(
                "wrong-order",
                "the certificates are not in order, each behind the one that it certifies",
            )
            .hint("picopost takes any order, some other stacks (BearSSL) do not: correct it on the server")
        })
    }

    /// Certificates that are on no path.
    fn extra(&self) -> Option<Finding> {
        let used = |place: usize| {
            let is_end = |path: &&Path| match &path.end {
                End::Unknown(end) => *end == place,
                End::Root(root, _) => self.certificates[place].same_authority(root),
                End::Missing(_) => false,
            };
            self.paths.iter().any(|path| path.links.contains(&place))
                || self.paths.iter().any(|path| is_end(&path))
        };
        let extra: Vec<&Certificate> = (0..self.certificates.len())
            .filter(|place| !used(*place))
            .map(|place| &self.certificates[place])
            .collect();
        let octets: usize = extra.iter().map(|one| one.der.len()).sum();
        let names: Vec<String> = extra.iter().map(|one| format!("`{}`", one.subject.short)).collect();
        (!extra.is_empty()).then(|| {
            let title = format!("on no path, and sent all the same: {}, {octets} octets", names.join(", "));
            Finding::warning("extra-certificates", title).hint("take them out of the server's chain file")
        })
    }

    /// What does no harm to a client that stops at the first trusted key.
    fn beside(&self, now: i64) -> Vec<Finding> {
        let mut findings = Vec::new();
        for root in self.certificates.iter().filter(|one| one.is_ca && one.self_signed) {
            let title = format!(
                "the server sends the root `{}` itself: {} octets in each handshake that no client needs",
                root.subject.short,
                root.der.len()
            );
            findings.push(Finding::note("root-sent", title));
        }
        let good = || self.paths.iter().any(Path::is_good);
        for one in self.certificates.iter().skip(1) {
            if one.not_after < now && good() {
                let (name, day) = (&one.subject.short, time::day(one.not_after));
                let title = format!("`{name}` in the chain expired on {day}; the path goes round it");
                let hint =
                    "clients that look at every certificate stumble over it: take it out on the server";
                findings.push(Finding::warning("expired-in-chain", title).hint(hint));
            }
        }
        findings
    }
}

/// Why a path has no end, with what became of the root that it should have had.
fn with_fate(reason: &str, issuer: &Name, now: i64) -> String {
    match known().removed(issuer).first() {
        Some(end) => format!("{reason}; {}", ends_it(end, now)),
        None => reason.to_owned(),
    }
}

/// A certificate outside of its dates.
pub(super) fn dates(certificate: &Certificate, now: i64) -> Option<Finding> {
    let Certificate { not_before, not_after, subject, .. } = certificate;
    let name = &subject.short;
    if *not_after < now {
        let title = format!("the certificate of `{name}` expired on {}", time::day(*not_after));
        let hint =
            "if this machine's clock is right, the server needs a new one; `--now` looks at another time";
        return Some(Finding::error("expired", title).hint(hint));
    }
    (*not_before > now).then(|| {
        let title = format!("the certificate of `{name}` is not valid before {}", time::day(*not_before));
        let hint = "if this machine's clock is right, wait; `--now` looks at another time";
        Finding::error("not-yet-valid", title).hint(hint)
    })
}

/// A root of the issuer's name is known, and did not issue what is sent.
fn another_key(issuer: &Name, roots: &Roots) -> Option<Finding> {
    roots.called(issuer).next()?;
    let title = format!(
        "the chain leads to `{}`, and not to the root of this name that is known: to another key",
        issuer.short
    );
    let hint = "an authority that was made anew needs its new root; otherwise somebody is in between";
    Some(Finding::error("another-key", title).hint(hint))
}

fn missing_issuer(issuer: &Name, now: i64) -> Finding {
    let name = &issuer.short;
    let removed = known().removed(issuer);
    if let Some(end) = removed.first() {
        let title = format!("the chain leads to `{name}` alone, a root that {}", ends(end, now));
        let hint = "the server's operator must get a certificate of a current root";
        return Finding::error("former-root", title).hint(hint);
    }
    let title = format!("the issuer `{name}` is neither sent by the server nor a root that Mozilla knows");
    let hint = "an intermediate is missing: the server's operator must send the whole chain (`fullchain.pem`); or \
                it is an authority of your own: give its root with `--roots FILE`";
    Finding::error("missing-intermediate", title).hint(hint)
}

/// A certificate for the report, among the others of its input.
pub(super) fn shown(certificate: &Certificate, others: &[Certificate], roots: &Roots, now: i64) -> Shown {
    let role = Role::of(certificate, others, roots);
    let advice = match damage(certificate, others, roots) {
        Some(_) => "no: it is damaged, or not what it says".to_owned(),
        None => advice(certificate, role, roots, now),
    };
    Shown {
        role: Some(role),
        name: certificate.subject.short.clone(),
        subject: certificate.subject.full.clone(),
        details: Some(Details {
            issuer: certificate.issuer.full.clone(),
            server_names: certificate.names.clone(),
            signature: certificate.signature.clone(),
            not_before: time::day(certificate.not_before),
            not_after: time::day(certificate.not_after),
            days_left: time::days_until(certificate.not_after, now),
            sha256: certificate.sha256(),
            octets: certificate.der.len(),
        }),
        key: certificate.key.to_string(),
        anchor_octets: certificate.anchor_octets(),
        advice,
    }
}
