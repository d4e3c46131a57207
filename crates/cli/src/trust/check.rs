//! `--check`: whether the anchors that a firmware embeds still verify its hosts, and for how long.

use std::time::Duration;

use picopost::TrustAnchor;
use rustls::pki_types::{Der, ServerName};

use super::authorities::known;
use super::certificate::Certificate;
use super::damage;
use super::der;
use super::file::anchor_shown;
use super::input::{Input, Item, NameAndKey};
use super::probe;
use super::recommend;
use super::report::{self, Checked};
use super::role::ends_it;
use super::roots::Roots;
use super::time;
use crate::finding::Finding;

/// A server to verify: its chain, and the name that its certificate must have.
#[derive(Clone, Debug)]
pub(super) struct Server {
    pub(super) name: String,
    pub(super) chain: Vec<Vec<u8>>,
    pub(super) server_name: Option<ServerName<'static>>,
}

/// Checks a file against servers. `limit` is how long its anchors must last at least.
pub(super) fn check(
    input: &Input,
    servers: &[Server],
    roots: &Roots,
    now: i64,
    limit: Duration,
) -> (report::Check, Vec<Finding>) {
    let mut findings = input.findings.clone();
    let certificates: Vec<Certificate> = input.certificates().cloned().collect();
    let anchors: Vec<Embedded> = input
        .items
        .iter()
        .filter_map(|item| match unusable(item, &certificates, roots) {
            Some(finding) => {
                findings.push(finding);
                None
            }
            None => Embedded::new(item, roots),
        })
        .collect();
    if anchors.is_empty() {
        let title = format!("`{}` holds no trust anchor", input.name);
        findings
            .push(Finding::error("no-anchors", title).hint("embed a root: `picopost trust HOST` names one"));
    }
    let deadline = now.saturating_add(i64::try_from(limit.as_secs()).unwrap_or(i64::MAX));
    let mut used: Vec<&Embedded> = Vec::new();
    let mut hosts = Vec::new();
    for server in servers {
        let (by, verified) = match server.verified_by(&anchors, now) {
            Ok(good) => {
                // The one that lasts longest will do.
                let Some(best) = good.into_iter().max_by_key(|anchor| anchor.end()) else { continue };
                used.push(best);
                (best.anchor.subject.short.clone(), true)
            }
            Err(reason) => {
                let title = format!("the anchors do not verify `{}`: {reason}", server.name);
                let hint = "`picopost trust` says what to embed instead";
                findings.push(Finding::error("anchors-do-not-verify", title).hint(hint));
                (reason, false)
            }
        };
        hosts.push(Checked { name: server.name.clone(), verified, by });
    }
    if servers.is_empty() {
        used = anchors.iter().collect();
    }
    let mut ending: Vec<Finding> = Vec::new();
    for anchor in &used {
        let finding = anchor.ends_before(deadline, now);
        ending.extend(finding.filter(|finding| !ending.contains(finding)));
    }
    // Without a server, one anchor that lasts is enough.
    let all_end = used.iter().all(|anchor| anchor.ends_before(deadline, now).is_some());
    if servers.is_empty() && !all_end {
        for finding in &mut ending {
            finding.severity = crate::finding::Severity::Warning;
        }
    }
    findings.extend(ending);
    let shown = anchors.iter().filter_map(|anchor| anchor.certificate.as_ref());
    findings.extend(shown.filter_map(|certificate| roots.intermediate(certificate)));
    findings.extend(anchors.iter().filter_map(Embedded::without_dates));
    let until = used.iter().filter_map(|anchor| anchor.end()).min().map(time::day);
    let anchors = anchors.iter().map(|embedded| anchor_shown(&embedded.anchor, roots, now)).collect();
    (report::Check { file: input.name.clone(), anchors, hosts, until }, findings)
}

/// Why a certificate in the file is no trust anchor for any device.
fn unusable(item: &Item, certificates: &[Certificate], roots: &Roots) -> Option<Finding> {
    let Item::Certificate(certificate) = item else { return None };
    let unfit = || certificate.unfit().filter(|_| certificate.is_ca);
    damage::finding(certificate, certificates, roots)
        .or_else(|| unfit().map(|why| Finding::warning("unfit", why)))
}

/// A trust anchor in the file.
#[derive(Clone, Debug)]
struct Embedded {
    anchor: NameAndKey,
    /// Its certificate: the file's own, or the root that it is known to be.
    certificate: Option<Certificate>,
}

impl Embedded {
    /// Nothing for a server's own certificate, which is no trust anchor.
    fn new(item: &Item, roots: &Roots) -> Option<Self> {
        match item {
            Item::Certificate(certificate) if !certificate.is_ca => None,
            Item::Certificate(certificate) => Some(Self {
                anchor: NameAndKey::of(certificate),
                certificate: Some(certificate.as_ref().clone()),
            }),
            Item::Anchor(anchor) => {
                let root = roots.of_authority(&anchor.subject, &anchor.spki);
                Some(Self { anchor: anchor.clone(), certificate: root.map(|(root, _)| root.clone()) })
            }
        }
    }

    fn as_trust_anchor(&self) -> TrustAnchor<'_> {
        TrustAnchor {
            subject: Der::from_slice(der::content(&self.anchor.subject.der)),
            subject_public_key_info: Der::from_slice(der::content(&self.anchor.spki)),
            name_constraints: self.anchor.constraints.as_deref().map(Der::from_slice),
        }
    }

    /// When its use ends, where that is known: Unix seconds.
    fn end(&self) -> Option<i64> {
        self.certificate.as_ref().map(recommend::end)
    }

    fn ends_before(&self, deadline: i64, now: i64) -> Option<Finding> {
        let certificate = self.certificate.as_ref()?;
        let name = &certificate.subject.short;
        let title = match recommend::distrust(certificate).first() {
            Some(distrust) if distrust.on < deadline && distrust.on <= certificate.not_after => {
                format!("`{name}` comes to its end: {}", ends_it(distrust, now))
            }
            _ if certificate.not_after < now => {
                format!("`{name}` expired on {}", time::day(certificate.not_after))
            }
            _ if certificate.not_after < deadline => {
                let left = time::days_until(certificate.not_after, now);
                format!("`{name}` ends in {left} days, on {}", time::day(certificate.not_after))
            }
            _ => return None,
        };
        let hint = "`picopost trust` says what to embed instead";
        Some(Finding::error("anchor-ends", title).hint(hint))
    }

    fn without_dates(&self) -> Option<Finding> {
        let name = &self.anchor.subject.short;
        let is_former = !known().removed(&self.anchor.subject).is_empty();
        (self.certificate.is_none() && !is_former).then(|| {
            let title = format!("`{name}` stands here without its certificate: nobody can say when it ends");
            Finding::note("anchor-without-dates", title)
                .hint("give the roots that you trust beside Mozilla's with `--roots FILE`")
        })
    }
}

impl Server {
    /// The anchors that verify it, each alone, by the device's engine; or why none of them does.
    fn verified_by<'a>(&self, anchors: &'a [Embedded], now: i64) -> Result<Vec<&'a Embedded>, String> {
        let Some(server_name) = &self.server_name else {
            return Err("its certificate has no name".to_owned());
        };
        if anchors.is_empty() {
            return Err("there are none".to_owned());
        }
        let verify =
            |anchors: &[TrustAnchor<'_>]| probe::verify(&self.chain, anchors, server_name.clone(), now);
        let good: Vec<&Embedded> =
            anchors.iter().filter(|anchor| verify(&[anchor.as_trust_anchor()]).is_ok()).collect();
        if !good.is_empty() {
            return Ok(good);
        }
        let all: Vec<TrustAnchor<'_>> = anchors.iter().map(Embedded::as_trust_anchor).collect();
        Err(verify(&all).err().map_or_else(String::new, |error| format!("{error} (number {})", error.code())))
    }
}
