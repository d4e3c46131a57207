//! Which roots to embed: the fewest that verify every source, of those the ones that last and cost
//! the device least, and the others that the provider may move to.

use rustls::pki_types::{CertificateDer, ServerName};

use super::authorities::{Distrust, Provider, known};
use super::certificate::{Certificate, Key};
use super::chain::Analysis;
use super::path::{End, Path};
use super::probe;
use super::report::{Anchor, Ends, Purpose, Recommendation};
use super::role::ends_it;
use super::roots::mozilla;
use super::time;
use crate::finding::Finding;

/// A chain that the device must be able to verify, and the roots that each would do.
#[derive(Clone, Debug)]
pub(super) struct Requirement {
    pub(super) source: String,
    pub(super) chain: Vec<Certificate>,
    /// The name that the server's certificate must have; nothing where a saved one has none.
    pub(super) server_name: Option<ServerName<'static>>,
    /// The best that there are: all of one fitness.
    options: Vec<Choice>,
    fitness: Fitness,
}

/// What a root is good for with a chain, the best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Fitness {
    /// The device's own engine verifies the chain with it, now.
    Verified,
    /// The same, and its use has ended: what a device goes on with is not what to begin with.
    Ended,
    /// Others verify the chain with it, and the device does not.
    Elsewhere,
    /// It was good, or will be.
    AnotherTime,
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
    pub(super) fn new(
        source: &str,
        server_name: Option<ServerName<'static>>,
        analysis: &Analysis,
        now: i64,
    ) -> Self {
        let mut wanted = Self {
            source: source.to_owned(),
            chain: analysis.certificates.clone(),
            server_name,
            options: Vec::new(),
            fitness: Fitness::AnotherTime,
        };
        let mut options: Vec<(Fitness, Choice)> = Vec::new();
        for path in analysis.paths.iter().filter(|path| path.is_usable()) {
            let End::Root(root, _) = &path.end else { continue };
            let instructions = path.instructions(&analysis.certificates);
            match options.iter_mut().find(|(_, other)| other.root == **root) {
                // Of two paths to one root, the device takes the first that it finds: the shorter one.
                Some((_, other)) => other.instructions = other.instructions.min(instructions),
                None => {
                    let choice = Choice { root: root.as_ref().clone(), instructions };
                    options.push((wanted.fitness_of(path, &choice.root, now), choice));
                }
            }
        }
        wanted.fitness = options.iter().map(|(fitness, _)| *fitness).min().unwrap_or(wanted.fitness);
        options.retain(|(fitness, _)| *fitness == wanted.fitness);
        wanted.options = options.into_iter().map(|(_, choice)| choice).collect();
        wanted
    }

    fn fitness_of(&self, path: &Path, root: &Certificate, now: i64) -> Fitness {
        match self.verify(root, now) {
            Ok(()) if end(root) > now => Fitness::Verified,
            Ok(()) => Fitness::Ended,
            Err(_) if path.is_good() => Fitness::Elsewhere,
            Err(_) => Fitness::AnotherTime,
        }
    }

    /// The verdict of the device's own engine, with this root as its only anchor.
    fn verify(&self, root: &Certificate, now: i64) -> Result<(), String> {
        let Some(server_name) = &self.server_name else {
            return Err("the server's certificate has no name".to_owned());
        };
        let der = CertificateDer::from(root.der.as_slice());
        let anchor = webpki::anchor_from_trusted_cert(&der).map_err(|error| error.to_string())?;
        let chain: Vec<Vec<u8>> = self.chain.iter().map(|one| one.der.clone()).collect();
        probe::verify(&chain, &[anchor], server_name.clone(), now)
            .map_err(|error| format!("{error} (number {})", error.code()))
    }

    /// Whether a root would do.
    pub(super) fn has_options(&self) -> bool {
        !self.options.is_empty()
    }

    /// Whether the device verifies the chain now, with one of the roots that would do.
    pub(super) fn is_verified(&self) -> bool {
        self.fitness <= Fitness::Ended
    }

    /// That the device refuses a chain for which there is a root.
    pub(super) fn refusal(&self, now: i64) -> Option<Finding> {
        let choice = self.options.first().filter(|_| !self.is_verified())?;
        let reason = self.verify(&choice.root, now).err()?;
        let title = format!("the device refuses a chain that others take: {reason}");
        Some(Finding::error("device-refuses-chain", title))
    }
}

/// What is recommended for these requirements. `given` are good roots of files that are no chains.
pub(super) fn choose(
    requirements: &[Requirement],
    given: &[Certificate],
    providers: &[&Provider],
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
    let provided = providers.iter().flat_map(|provider| &provider.roots);
    let provided = provided.filter_map(|name| mozilla().iter().find(|root| root.subject.short == *name));
    let more = given.iter().map(|root| (root, Purpose::Given));
    for (root, purpose) in more.chain(provided.map(|root| (root, Purpose::Provider))) {
        let is_new = chosen.iter().all(|other| !other.root.same_authority(root));
        if is_new && end(root) > now {
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
pub(super) fn shown(chosen: &[Chosen], providers: &[&Provider], now: i64) -> Recommendation {
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
    let providers = if listed || has_needed { providers } else { &[] };
    let joined = |part: fn(&Provider) -> &str, between: &str| {
        let parts: Vec<&str> = providers.iter().map(|provider| part(provider)).collect();
        (!parts.is_empty()).then(|| parts.join(between))
    };
    Recommendation {
        anchors,
        provider: joined(|provider| &provider.name, " and "),
        provider_advice: joined(|provider| &provider.advice, "; "),
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
