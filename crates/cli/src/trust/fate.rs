//! What becomes of a device that embeds a file: of each thing in it, and of all.

use super::authorities::{Distrust, known};
use super::certificate::Certificate;
use super::damage::{FRESH_COPY, damage};
use super::input::{Input, NameAndKey};
use super::name::Name;
use super::recommend;
use super::report::Embedded;
use super::role::{Role, ends, ends_it};
use super::roots::Roots;
use super::time;
use crate::finding::Finding;

/// What becomes of a device that trusts one thing in the file.
pub(super) struct Fate {
    pub(super) works: bool,
    /// When it ends, or ended: Unix seconds.
    end: Option<i64>,
    /// Half a sentence: why.
    why: String,
    pub(super) code: &'static str,
    /// More about it, as findings that depend on the first.
    more: Vec<String>,
    /// The certificate to embed, where this is a root.
    pub(super) root: Option<Certificate>,
}

/// What is somebody's mistake or worse: what else is in the file does not make it good.
const ALWAYS_AN_ERROR: [&str; 2] = ["another-key", "damaged"];

impl Fate {
    /// `any_works` says whether something else in the file works.
    pub(super) fn findings(&self, any_works: bool) -> Vec<Finding> {
        let Self { works, why, code, more, .. } = self;
        if code.is_empty() {
            return Vec::new();
        }
        let is_error = ALWAYS_AN_ERROR.contains(code) || !works && !any_works;
        let finding = if is_error { Finding::error(code, why) } else { Finding::warning(code, why) };
        let finding = finding.hint(match *code {
            "damaged" => FRESH_COPY,
            "another-key" => "somebody made it: embed the known root instead; or give your own with `--roots FILE`",
            "unknown-root" => {
                "is it an authority of your own? compare its SHA-256 with its owner's; otherwise do not embed it"
            }
            _ if *works => "embed the root above it: see what to embed",
            _ => "embed current roots instead: see what to embed, or ask `picopost trust HOST`",
        });
        let more = more.iter().map(|title| Finding::note("issuer", title).depends_on(code));
        std::iter::once(finding).chain(more).collect()
    }
}

/// Of everything in a file.
pub(super) fn fates(input: &Input, certificates: &[Certificate], roots: &Roots, now: i64) -> Vec<Fate> {
    let authorities = certificates.iter().filter(|certificate| certificate.is_ca);
    let fates = authorities.map(|certificate| fate(certificate, certificates, roots, now));
    fates.chain(input.anchors().map(|anchor| anchor_fate(anchor, roots, now))).collect()
}

fn fate(certificate: &Certificate, others: &[Certificate], roots: &Roots, now: i64) -> Fate {
    let Certificate { subject, issuer, not_after, .. } = certificate;
    let (name, end) = (&subject.short, time::day(*not_after));
    let role = Role::of(certificate, others, roots);
    let mut fate = Fate {
        works: true,
        end: Some(*not_after),
        why: String::new(),
        code: "",
        more: Vec::new(),
        root: (role == Role::Root).then(|| certificate.clone()),
    };
    if let Some(damage) = damage(certificate, others, roots) {
        (fate.works, fate.end, fate.root) = (false, None, None);
        fate.code = "damaged";
        fate.why = damage;
    } else if *not_after < now {
        fate.works = false;
        fate.code = "expired";
        fate.why = format!("the {} `{name}` expired on {end}", role.words());
    } else if let Some(past) = past_distrust(certificate, now) {
        fate.works = false;
        fate.end = Some(past.on);
        fate.code = "distrusted";
        fate.why = format!("`{name}` is a root that {}: servers have left it", ends(&past, now));
    } else if let Some(why) = certificate.unfit() {
        (fate.works, fate.end) = (false, None);
        fate.code = "unfit";
        fate.why = why;
    } else if role == Role::Intermediate {
        fate.code = "intermediate-as-anchor";
        fate.why = format!(
            "`{name}` is an intermediate: its authority replaces it without notice, by {end} at the latest"
        );
    } else if role == Role::Root
        && roots.of_authority(subject, &certificate.spki).is_none()
        && !known().is_former(certificate)
    {
        if roots.called(subject).any(|root| root.spki != certificate.spki) {
            (fate.works, fate.end) = (false, None);
            fate.code = "another-key";
            fate.why = format!("`{name}` has the name of a known root, and another key");
        } else {
            fate.code = "unknown-root";
            fate.why = format!("nobody knows the root `{name}` here");
        }
    }
    if role != Role::Root
        && let Some(gone) = issuer_gone(issuer, now)
    {
        fate.more.push(gone);
    }
    fate
}

/// What became of an issuer that is in Mozilla's set no more.
fn issuer_gone(issuer: &Name, now: i64) -> Option<String> {
    let expired = known().former(issuer).filter(|end| *end < now);
    let removed = known().removed(issuer).into_iter().find(|end| end.on <= now);
    let name = &issuer.short;
    match (expired, removed) {
        (Some(end), Some(removed)) => {
            Some(format!("its issuer `{name}` expired on {}, and {}", time::day(end), ends_it(&removed, now)))
        }
        (Some(end), None) => Some(format!("its issuer `{name}` expired on {}", time::day(end))),
        (None, Some(removed)) => Some(format!("its issuer `{name}` is a root that {}", ends(&removed, now))),
        (None, None) => None,
    }
}

fn past_distrust(certificate: &Certificate, now: i64) -> Option<Distrust> {
    let ends = certificate.self_signed.then(|| recommend::distrust(certificate));
    ends.into_iter().flatten().find(|end| end.on <= now)
}

fn anchor_fate(anchor: &NameAndKey, roots: &Roots, now: i64) -> Fate {
    if let Some((root, _)) = roots.of_authority(&anchor.subject, &anchor.spki) {
        return fate(root, &[], roots, now);
    }
    let name = &anchor.subject.short;
    let mut fate =
        Fate { works: true, end: None, why: String::new(), code: "", more: Vec::new(), root: None };
    let past = known().removed(&anchor.subject).into_iter().find(|end| end.on <= now);
    if let Some(past) = past {
        fate.works = false;
        fate.end = Some(past.on);
        fate.code = "distrusted";
        fate.why = format!("`{name}` is a root that {}: servers have left it", ends(&past, now));
    } else {
        fate.code = "anchor-without-dates";
        fate.why = format!(
            "`{name}` stands here without its certificate and is in no known set: nobody can say when it ends"
        );
    }
    fate
}

/// Whether a device that embeds all of the file works today.
pub(super) fn embedded(fates: &[Fate]) -> Option<Embedded> {
    if fates.is_empty() {
        return Some(Embedded {
            works: false,
            date: None,
            sentence: "a device that embeds this can verify nobody: there is no authority in it".to_owned(),
        });
    }
    let working: Vec<&Fate> = fates.iter().filter(|fate| fate.works).collect();
    let last = |fates: &[&Fate]| fates.iter().filter_map(|fate| fate.end).max();
    if working.is_empty() {
        let all: Vec<&Fate> = fates.iter().collect();
        let since = last(&all).map(time::day);
        let date = since.clone().map(|day| format!(" since {day}")).unwrap_or_default();
        let sentence = format!("a device that embeds this can reach nobody{date}");
        return Some(Embedded { works: false, date: since, sentence });
    }
    let until = last(&working).map(time::day);
    let sentence = match &until {
        Some(day) => format!(
            "a device that embeds this can work until {day} at the latest, as long as its servers use what is in it"
        ),
        None => "a device that embeds this can work as long as its servers use what is in it".to_owned(),
    };
    Some(Embedded { works: true, date: until, sentence })
}
