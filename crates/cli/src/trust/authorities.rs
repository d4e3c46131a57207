//! What is known of authorities beside their certificates: who will stop trusting which root when,
//! and from which roots a provider may issue. The facts are in `data/authorities.json`, with their
//! sources.

use std::sync::LazyLock;

use jiff::civil::Date;
use serde::Deserialize;

use super::certificate::Certificate;
use super::name::Name;
use super::time;

/// The file.
#[derive(Debug, Deserialize)]
pub(super) struct Authorities {
    /// The month of the facts.
    pub(super) as_of: String,
    schedule: Schedule,
    removed: Vec<Removed>,
    former: Vec<Former>,
    pub(super) providers: Vec<Provider>,
}

/// Mozilla's schedule for roots by the age of their keys.
#[derive(Debug, Deserialize)]
struct Schedule {
    years: i16,
    older: Vec<Older>,
}

#[derive(Debug, Deserialize)]
struct Older {
    made_before: Date,
    ends: Date,
}

/// A root that somebody stops trusting for servers.
#[derive(Debug, Deserialize)]
struct Removed {
    root: String,
    by: String,
    on: Date,
}

/// A root that is in Mozilla's set no more, and whose certificate is not at hand.
#[derive(Debug, Deserialize)]
struct Former {
    root: String,
    not_after: Date,
    /// Of its certificate in DER, hexadecimal.
    sha256: String,
}

/// Who runs servers for others, and from where their certificates may come.
#[derive(Debug, Deserialize)]
pub(super) struct Provider {
    pub(super) id: ProviderId,
    pub(super) name: String,
    issuers: Vec<Issuer>,
    /// By the names that the command shows, the ones to prefer first.
    pub(super) roots: Vec<String>,
    pub(super) advice: String,
}

/// Providers as on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
#[value(rename_all = "lowercase")]
pub(super) enum ProviderId {
    Cloudflare,
    Aws,
    Google,
    Azure,
    Fastly,
    LetsEncrypt,
}

/// How a provider is known by the issuer of its certificates.
#[derive(Debug, Deserialize)]
struct Issuer {
    organization: String,
    /// Only these names, where there are any.
    #[serde(default)]
    names: Vec<String>,
}

/// When and by whom the trust in a root for servers ends before the root's own date.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Distrust {
    pub(super) by: String,
    /// Unix seconds.
    pub(super) on: i64,
    /// From the schedule: the day may move, by the day on which the key was really made.
    pub(super) scheduled: bool,
}

/// The facts that this command was built with.
pub(super) fn known() -> &'static Authorities {
    static KNOWN: LazyLock<Authorities> = LazyLock::new(|| {
        let text = include_str!("../../data/authorities.json");
        serde_json::from_str(text).expect("a file of this crate, which a test reads too")
    });
    &KNOWN
}

impl Authorities {
    /// Every end of trust that is known for a root in Mozilla's set, the first one first.
    pub(super) fn distrust(&self, root: &Certificate) -> Vec<Distrust> {
        let mut ends = self.removed(&root.subject);
        let scheduled = Distrust {
            by: "Mozilla".to_owned(),
            on: time::start_of(self.schedule.end_of(time::date(root.not_before))),
            scheduled: true,
        };
        // What was announced for this very root counts for more than the schedule.
        if !ends.iter().any(|end| end.by == scheduled.by) {
            ends.push(scheduled);
        }
        ends.retain(|end| end.on < root.not_after);
        ends.sort_by_key(|end| end.on);
        ends
    }

    /// The announced ends of trust in a root of this name.
    pub(super) fn removed(&self, root: &Name) -> Vec<Distrust> {
        let removed = self.removed.iter().filter(|removed| removed.root == root.short);
        removed
            .map(|Removed { by, on, .. }| Distrust {
                by: by.clone(),
                on: time::start_of(*on),
                scheduled: false,
            })
            .collect()
    }

    /// The last day of a root that is in Mozilla's set no more, where it is known: Unix seconds of
    /// its beginning.
    pub(super) fn former(&self, root: &Name) -> Option<i64> {
        let former = self.former.iter().find(|former| former.root == root.short)?;
        Some(time::start_of(former.not_after))
    }

    /// Whether this is the certificate of a root that was in Mozilla's set once: a name alone is anybody's.
    pub(super) fn is_former(&self, root: &Certificate) -> bool {
        self.former.iter().any(|former| former.sha256 == root.sha256())
    }

    pub(super) fn provider(&self, id: ProviderId) -> Option<&Provider> {
        self.providers.iter().find(|provider| provider.id == id)
    }

    /// The provider whose certificates look like this one: by its issuer, or by its own name. The
    /// first one that fits, since one authority issues for several.
    pub(super) fn recognise(&self, certificate: &Certificate) -> Option<&Provider> {
        let Certificate { subject, issuer, is_ca, .. } = certificate;
        let names = if *is_ca { [subject, issuer] } else { [issuer, subject] };
        names.into_iter().find_map(|name| self.providers.iter().find(|provider| provider.uses(name)))
    }
}

impl Provider {
    fn uses(&self, name: &Name) -> bool {
        self.issuers.iter().any(|issuer| {
            issuer.organization == name.organization
                && (issuer.names.is_empty() || issuer.names.contains(&name.short))
        })
    }
}

impl Schedule {
    fn end_of(&self, made: Date) -> Date {
        let older = self.older.iter().find(|older| made < older.made_before);
        older.map_or_else(|| made.saturating_add(jiff::Span::new().years(self.years)), |older| older.ends)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trust::roots::mozilla;

    #[test]
    fn every_root_that_is_named_is_known_once() {
        for provider in &known().providers {
            for name in &provider.roots {
                let found = mozilla().iter().filter(|root| root.subject.short == *name).count();
                assert_eq!(found, 1, "{name} of {}", provider.name);
            }
        }
        for removed in &known().removed {
            let former = known().former.iter().any(|former| former.root == removed.root);
            let current = mozilla().iter().any(|root| root.subject.short == removed.root);
            assert!(former != current, "{} is in Mozilla's set, or a former root", removed.root);
        }
    }

    #[test]
    fn each_provider_can_be_asked_for() {
        use clap::ValueEnum as _;
        for id in ProviderId::value_variants() {
            assert!(known().provider(*id).is_some(), "{id:?}");
        }
    }

    #[test]
    fn the_schedule_gives_mozilla_s_own_dates() {
        let ends = |name: &str| {
            let root = mozilla().iter().find(|root| root.subject.short == name).unwrap();
            known().distrust(root).iter().map(|end| (end.by.clone(), time::day(end.on))).collect::<Vec<_>>()
        };
        let mozilla = |day: &str| ("Mozilla".to_owned(), day.to_owned());
        // Made before 2010, in 2013, in 2016.
        assert_eq!(ends("GlobalSign Root CA - R3"), [mozilla("2027-04-15")]);
        assert_eq!(ends("DigiCert Global Root G2"), [mozilla("2029-04-15")]);
        assert_eq!(ends("GTS Root R4"), [mozilla("2031-06-22")]);
        let chrome = ("Chrome".to_owned(), "2026-07-01".to_owned());
        assert_eq!(ends("DigiCert Trusted Root G4"), [chrome, mozilla("2029-04-15")]);
    }
}
