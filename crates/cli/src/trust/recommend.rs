//! Which roots to embed: the fewest that verify every source, of those the ones that last and cost
//! the device least, and the others that the provider may move to.

use super::authorities::{Distrust, Provider, known};
use super::certificate::{Certificate, Key};
use super::chain::Analysis;
use super::path::End;
use super::report::{Anchor, Ends, Purpose, Recommendation};
use super::role::ends_it;
use super::roots::mozilla;
use super::time;

/// A chain that the device must be able to verify, and the roots that each would do.
#[derive(Clone, Debug)]
pub(super) struct Requirement {
    pub(super) source: String,
    pub(super) chain: Vec<Certificate>,
    options: Vec<Choice>,
}

/// A root that verifies a chain.
#[derive(Clone, Debug)]
struct Choice {
    root: Certificate,
    /// Instructions for the whole path.
    instructions: Option<u64>,
}

/// A root that is chosen.
#[derive(Clone, Debug)]
pub(super) struct Chosen {
    pub(super) root: Certificate,
    pub(super) purpose: Purpose,
    pub(super) sources: Vec<String>,
}

impl Requirement {
    pub(super) fn new(source: &str, analysis: &Analysis) -> Self {
        let mut options: Vec<Choice> = Vec::new();
        for path in analysis.paths.iter().filter(|path| path.is_usable()) {
            let End::Root(root, _) = &path.end else { continue };
            let choice = Choice {
                root: root.as_ref().clone(),
                instructions: path.instructions(&analysis.certificates),
            };
            match options.iter_mut().find(|other| other.root == choice.root) {
                // Of two paths to one root, the device takes the first that it finds: the shorter one.
                Some(other) => other.instructions = other.instructions.min(choice.instructions),
                None => options.push(choice),
            }
        }
        Self { source: source.to_owned(), chain: analysis.certificates.clone(), options }
    }
}

/// What is recommended for these requirements. `given` are good roots of files that are no chains.
pub(super) fn choose(
    requirements: &[Requirement],
    given: &[Certificate],
    provider: Option<&Provider>,
    now: i64,
) -> Vec<Chosen> {
    let mut chosen: Vec<Chosen> = Vec::new();
    let satisfiable: Vec<&Requirement> =
        requirements.iter().filter(|requirement| !requirement.options.is_empty()).collect();
    for root in smallest_set(&satisfiable, now) {
        let needs = satisfiable.iter().filter(|one| one.options.iter().any(|choice| choice.root == root));
        let mut sources: Vec<String> = needs.map(|one| one.source.clone()).collect();
        sources.dedup();
        chosen.push(Chosen { root, purpose: Purpose::Needed, sources });
    }
    let provided = provider.into_iter().flat_map(|provider| &provider.roots);
    let provided = provided.filter_map(|name| mozilla().iter().find(|root| root.subject.short == *name));
    let more = given.iter().map(|root| (root, Purpose::Given));
    for (root, purpose) in more.chain(provided.map(|root| (root, Purpose::Provider))) {
        let known_end = end(root);
        let is_new = chosen.iter().all(|other| !other.root.same_authority(root));
        if is_new && (purpose == Purpose::Given || known_end > now) {
            chosen.push(Chosen { root: root.clone(), purpose, sources: Vec::new() });
        }
    }
    chosen
}

/// Sets are tried by size; a device has room for few, and hosts share roots.
const MOST_HARD_CHOICES: usize = 12;

/// The smallest set of roots that has one for each requirement.
fn smallest_set(requirements: &[&Requirement], now: i64) -> Vec<Certificate> {
    let mut candidates: Vec<&Certificate> = Vec::new();
    for choice in requirements.iter().flat_map(|requirement| &requirement.options) {
        if !candidates.contains(&&choice.root) {
            candidates.push(&choice.root);
        }
    }
    // The best alone first: a set that is found early is good, and where there are too many roots
    // to try every set, the worst are left out.
    candidates.sort_by_key(|root| rank(&[root], requirements, now));
    let forced = |root: &&Certificate| {
        requirements.iter().any(|one| one.options.len() == 1 && one.options[0].root == **root)
    };
    let (forced, rest): (Vec<&Certificate>, Vec<&Certificate>) = candidates.iter().copied().partition(forced);
    let rest = rest.get(..MOST_HARD_CHOICES).unwrap_or(&rest);
    let satisfied = |set: &[&Certificate]| {
        requirements.iter().all(|one| one.options.iter().any(|choice| set.contains(&&choice.root)))
    };
    let mut best: Option<Vec<&Certificate>> = None;
    for bits in 0u32..1 << rest.len() {
        let more = rest.iter().enumerate().filter(|(place, _)| bits >> place & 1 == 1).map(|(_, root)| *root);
        let set: Vec<&Certificate> = forced.iter().copied().chain(more).collect();
        if !satisfied(&set) {
            continue;
        }
        let better = best.as_ref().is_none_or(|best| {
            (set.len(), rank(&set, requirements, now)) < (best.len(), rank(best, requirements, now))
        });
        if better {
            best = Some(set);
        }
    }
    best.unwrap_or(candidates).into_iter().cloned().collect()
}

/// Longer than a device lives: beyond this, cost decides.
const LONG_ENOUGH: i64 = 10 * 365 * time::DAY;

/// What makes one set better than another of its size: smaller is better.
///
/// First how long its first root lasts, up to ten years; then elliptic curves before RSA of more
/// than 2,048 bits; then instructions of all paths; then octets of flash; then the end itself.
fn rank(set: &[&Certificate], requirements: &[&Requirement], now: i64) -> (i64, usize, u64, usize, i64) {
    let first_end = set.iter().map(|root| end(root)).min().unwrap_or_default();
    let large = set.iter().filter(|root| matches!(root.key, Key::Rsa(2049..) | Key::Other(_))).count();
    let cost = requirements.iter().filter_map(|one| {
        let options = one.options.iter().filter(|choice| set.contains(&&choice.root));
        options.map(|choice| choice.instructions.unwrap_or(u64::MAX / 1024)).min()
    });
    let octets = set.iter().map(|root| root.anchor_octets()).sum();
    // Whole years: a few months more are no reason to take a larger key.
    let years = (first_end - now).clamp(0, LONG_ENOUGH) / (365 * time::DAY);
    (-years, large, cost.sum(), octets, -first_end)
}

/// When the use of a root ends: its own date, or the end of browsers' trust in it.
pub(super) fn end(root: &Certificate) -> i64 {
    let distrust = distrust(root).into_iter().map(|end| end.on).min();
    distrust.unwrap_or(i64::MAX).min(root.not_after)
}

/// Who stops trusting a root that Mozilla knows, or knew.
pub(super) fn distrust(root: &Certificate) -> Vec<Distrust> {
    let is_mozilla_s = mozilla().iter().any(|known| known.same_authority(root));
    if is_mozilla_s { known().distrust(root) } else { known().removed(&root.subject) }
}

/// For the report.
pub(super) fn shown(chosen: &[Chosen], provider: Option<&Provider>, now: i64) -> Recommendation {
    let anchors: Vec<Anchor> = chosen.iter().map(|one| anchor(one, now)).collect();
    let used = |purpose| chosen.iter().filter(move |one| one.purpose == purpose);
    let needed: Vec<&Certificate> = match used(Purpose::Needed).count() {
        0 => chosen.iter().map(|one| &one.root).collect(),
        _ => used(Purpose::Needed).map(|one| &one.root).collect(),
    };
    let first = needed.iter().min_by_key(|root| root.not_after);
    let weakest = needed.iter().min_by_key(|root| end(root));
    let has_needed = used(Purpose::Needed).next().is_some();
    let sentence = match (first, weakest) {
        (Some(first), Some(weakest)) => sentence(first, weakest, has_needed, now),
        _ => "there is no root to recommend".to_owned(),
    };
    let listed = used(Purpose::Provider).next().is_some();
    let provider = provider.filter(|_| listed || has_needed);
    Recommendation {
        anchors,
        provider: provider.map(|provider| provider.name.clone()),
        provider_advice: provider.map(|provider| provider.advice.clone()),
        until: first.map(|root| time::day(root.not_after)),
        weakest: weakest.map(|root| root.subject.short.clone()),
        sentence,
    }
}

fn sentence(first: &Certificate, weakest: &Certificate, has_needed: bool, now: i64) -> String {
    let (name, until) = (&weakest.subject.short, time::day(first.not_after));
    let start =
        if has_needed { "these anchors keep working until" } else { "the first of these roots ends on" };
    let mut text = format!("{start} {until}, the weakest link is `{name}`");
    if let Some(distrust) = distrust(weakest).first() {
        text.push_str(&format!(": {}, and servers for browsers leave it before", ends_it(distrust, now)));
    }
    text
}

fn anchor(chosen: &Chosen, now: i64) -> Anchor {
    let Chosen { root, purpose, sources } = chosen;
    let ends_earlier = distrust(root)
        .into_iter()
        .map(|Distrust { by, on, scheduled }| Ends { by, on: time::day(on), scheduled })
        .collect();
    Anchor {
        name: root.subject.short.clone(),
        key: root.key.to_string(),
        sha256: root.sha256(),
        not_after: time::day(root.not_after),
        days_left: time::days_until(root.not_after, now),
        octets: root.der.len(),
        anchor_octets: root.anchor_octets(),
        instructions: root.key.instructions(),
        purpose: *purpose,
        for_sources: sources.clone(),
        ends_earlier,
    }
}
