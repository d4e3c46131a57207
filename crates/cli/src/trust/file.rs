//! A file: what it is, whether a device that embeds it works, and what it should have instead.

use super::authorities::known;
use super::certificate::Certificate;
use super::chain::{self, Analysis};
use super::input::{Input, Item, NameAndKey};
use super::recommend::Requirement;
use super::report::{Chain, Embedded, Shown, Source, SourceKind};
use super::role::{Role, ends};
use super::roots::Roots;
use super::time;
use crate::finding::Finding;

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
        let mut chain = Chain { certificates: Vec::new(), paths: Vec::new() };
        let mut requirement = None;
        if is_chain {
            let analysis = Analysis::new(certificates.clone(), roots, now);
            chain = analysis.shown(roots, now);
            if certificates.len() == 1 {
                findings.push(leaf_alone(&certificates[0]));
            } else {
                findings.extend(analysis.findings(roots, now));
            }
            requirement = Some(Requirement::new(&input.name, &analysis));
        } else {
            let shown = |one| chain::shown(one, &certificates, roots, now);
            chain.certificates.extend(certificates.iter().map(shown));
        }
        chain.certificates.extend(anchors(input).map(|anchor| anchor_shown(anchor, roots, now)));
        let fates = fates(input, &certificates, roots, now);
        let works = fates.iter().any(|fate| fate.works);
        if !is_chain {
            findings.extend(fates.iter().flat_map(|fate| fate.findings(works)));
        }
        let mut good_roots: Vec<Certificate> =
            fates.iter().filter(|fate| fate.works).filter_map(|fate| fate.root.clone()).collect();
        let holds_root = !good_roots.is_empty();
        for root in above(&certificates, roots) {
            if !good_roots.iter().any(|other| other.same_authority(root)) {
                good_roots.push(root.clone());
            }
        }
        let source = Source {
            kind: SourceKind::File,
            name: input.name.clone(),
            what: what(input, &certificates, is_chain, roots),
            attempts: Vec::new(),
            embedded: embedded(&fates),
            chains: if chain.certificates.is_empty() { Vec::new() } else { vec![chain] },
            findings,
        };
        Self { source, requirement, good_roots, holds_root, certificates }
    }
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

fn anchors(input: &Input) -> impl Iterator<Item = &NameAndKey> {
    input.items.iter().filter_map(|item| match item {
        Item::Anchor(anchor) => Some(anchor),
        Item::Certificate(_) => None,
    })
}

fn what(input: &Input, certificates: &[Certificate], is_chain: bool, roots: &Roots) -> String {
    let kind = input.kind;
    let count = |number: usize, what: &str| format!("{number} {what}{}", if number == 1 { "" } else { "s" });
    let names = anchors(input).count();
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

/// What becomes of a device that trusts one thing in the file.
struct Fate {
    works: bool,
    /// When it ends, or ended: Unix seconds.
    end: Option<i64>,
    /// Half a sentence: why.
    why: String,
    code: &'static str,
    /// More about it, as findings that depend on the first.
    more: Vec<String>,
    /// The certificate to embed, where this is a root.
    root: Option<Certificate>,
}

impl Fate {
    /// `any_works` says whether something else in the file works.
    fn findings(&self, any_works: bool) -> Vec<Finding> {
        let Self { works, why, code, more, .. } = self;
        if code.is_empty() {
            return Vec::new();
        }
        let finding = match (works, any_works) {
            (true, _) => Finding::warning(code, why),
            (false, true) => Finding::warning(code, why),
            (false, false) => Finding::error(code, why),
        };
        let finding = finding.hint(match works {
            true => "embed the root above it: see what to embed",
            false => "embed current roots instead: see what to embed, or ask `picopost trust HOST`",
        });
        let more = more.iter().map(|title| Finding::note("issuer", title).depends_on(code));
        std::iter::once(finding).chain(more).collect()
    }
}

fn fates(input: &Input, certificates: &[Certificate], roots: &Roots, now: i64) -> Vec<Fate> {
    let authorities = certificates.iter().filter(|certificate| certificate.is_ca);
    let fates = authorities.map(|certificate| fate(certificate, certificates, roots, now));
    fates.chain(anchors(input).map(|anchor| anchor_fate(anchor, roots, now))).collect()
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
    if *not_after < now {
        fate.works = false;
        fate.code = "expired";
        fate.why = format!("the {} `{name}` expired on {end}", role.words());
    } else if let Some(past) = past_distrust(certificate, roots, now) {
        fate.works = false;
        fate.end = Some(past.on);
        fate.code = "distrusted";
        fate.why = format!("`{name}` is a root that {}: servers have left it", ends(&past, now));
    } else if role == Role::Intermediate {
        fate.code = "intermediate-as-anchor";
        fate.why = format!(
            "`{name}` is an intermediate: its authority replaces it without notice, by {end} at the latest"
        );
    } else if role == Role::Root && roots.of_authority(subject, &certificate.spki).is_none() {
        fate.why = format!("nobody knows the root `{name}` here");
    }
    if role != Role::Root
        && let Some(gone) = issuer_gone(issuer, now)
    {
        fate.more.push(gone);
    }
    fate
}

/// What became of an issuer that is in Mozilla's set no more.
fn issuer_gone(issuer: &super::name::Name, now: i64) -> Option<String> {
    let expired = known().former(issuer).filter(|end| *end < now);
    let removed = known().removed(issuer).into_iter().find(|end| end.on <= now);
    let name = &issuer.short;
    match (expired, removed) {
        (Some(end), Some(removed)) => Some(format!(
            "its issuer `{name}` expired on {}, and {}",
            time::day(end),
            super::role::ends_it(&removed, now)
        )),
        (Some(end), None) => Some(format!("its issuer `{name}` expired on {}", time::day(end))),
        (None, Some(removed)) => Some(format!("its issuer `{name}` is a root that {}", ends(&removed, now))),
        (None, None) => None,
    }
}

fn past_distrust(certificate: &Certificate, roots: &Roots, now: i64) -> Option<super::authorities::Distrust> {
    if !certificate.self_signed
        || roots
            .iter()
            .any(|(root, store)| store == super::roots::Store::Given && root.same_authority(certificate))
    {
        return None;
    }
    known().removed(&certificate.subject).into_iter().find(|end| end.on <= now)
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

/// A trust anchor without its certificate, for the report.
pub(super) fn anchor_shown(anchor: &NameAndKey, roots: &Roots, now: i64) -> Shown {
    let NameAndKey { subject, spki, key } = anchor;
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

/// Whether a device that embeds all of the file works today.
fn embedded(fates: &[Fate]) -> Option<Embedded> {
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
