//! What came of it.

use std::collections::BTreeSet;
use std::fmt;

use serde_json::{Value, json};

use crate::life::{Memory, Truth};
use crate::run::Options;
use crate::world::{Counts, Inner};

/// What came of a run, and whether every promise was kept.
#[derive(Debug)]
pub struct Report {
    /// The plan's number.
    pub seed: u64,
    /// Figures, by their names.
    pub figures: Vec<(&'static str, u64)>,
    /// What went wrong on purpose, and how attempts ended.
    pub counts: Counts,
    /// Promises that were broken: none.
    pub broken: Vec<String>,
}

impl Report {
    /// Judges.
    #[must_use]
    pub fn new(options: Options, truth: &Truth, inner: &mut Inner, swept: [usize; 3]) -> Self {
        let store = &inner.store;
        let times = |reading: &u64| store.acted.get(reading).copied().unwrap_or_default();
        let mut broken = store.complaints.clone();
        for reading in &truth.stored {
            match times(reading) {
                1 => {}
                0 => broken.push(format!("reading {reading} was stored, and is lost")),
                more => broken.push(format!("reading {reading} has a key, and was acted upon {more} times")),
            }
        }
        for reading in &truth.acknowledged {
            if times(reading) == 0 {
                broken.push(format!("reading {reading} was acknowledged, and never came"));
            }
        }
        for reading in &truth.bare {
            if times(reading) > 1 {
                broken.push(format!("reading {reading} has no key, and came more than once"));
            }
        }
        let count = |of: &dyn Fn(u64, u32) -> bool| {
            store.acted.iter().filter(|(reading, times)| of(**reading, **times)).count() as u64
        };
        let given_up: BTreeSet<u64> = truth.given_up.intersection(&truth.bare).copied().collect();
        let figures = vec![
            ("readings", truth.readings),
            ("POSTs", truth.posts),
            ("requests at the server", store.requests),
            ("octets of a new connection", swept[0] as u64),
            ("octets of a POST over a kept one", swept[1] as u64),
            ("octets from one cut to the next", swept[2] as u64),
            ("stored in the outbox", truth.stored.len() as u64),
            ("of the stored acted upon once", truth.stored.iter().filter(|it| times(it) == 1).count() as u64),
            ("of the stored lost", truth.stored.iter().filter(|it| times(it) == 0).count() as u64),
            ("repeats that the server knew by their key", store.replays),
            ("power cuts", truth.cuts),
            ("sent without a key", truth.bare.len() as u64),
            (
                "of those without a key acted upon twice",
                count(&|it, times| truth.bare.contains(&it) && times > 1),
            ),
            ("of those without a key given up, as the caller was told", given_up.len() as u64),
            (
                "of those given up came all the same",
                given_up.iter().filter(|it| times(it) > 0).count() as u64,
            ),
            ("acted upon twice where no key is honoured", {
                count(&|it, times| times > 1 && !truth.stored.contains(&it) && !truth.bare.contains(&it))
            }),
            ("longest POST, virtual ms", truth.longest),
            ("most steps of a POST", truth.most_steps),
            ("virtual hours", inner.now / 3_600_000),
            ("octets of the client, without its buffers", truth.sizes[0] as u64),
            ("octets of a POST's future", truth.sizes[1] as u64),
            ("octets of all buffers, the outbox's included", size_of::<Memory>() as u64),
        ];
        Self { seed: options.seed, figures, counts: inner.counts.clone(), broken }
    }

    /// So many readings were sent over TCP of the loopback, of which the server acted upon so many once.
    pub fn add_tcp(&mut self, readings: u64, once: u64) {
        self.figures.push(("readings over TCP of the loopback", readings));
        self.figures.push(("of those over TCP acted upon once", once));
        if once != readings {
            self.broken.push(format!("of {readings} readings over TCP {once} were acted upon once"));
        }
    }

    /// As JSON.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let figures: serde_json::Map<String, Value> =
            self.figures.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
        json!({ "seed": self.seed, "figures": figures, "counts": self.counts, "broken": self.broken })
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "FAULTS  seed {}", self.seed)?;
        for (name, value) in &self.figures {
            writeln!(f, "  {value:>9}  {name}")?;
        }
        let (attempts, faults): (Vec<_>, Vec<_>) =
            self.counts.iter().partition(|(name, _)| name.starts_with("attempt: "));
        writeln!(f, "\nWHAT WENT WRONG")?;
        for (name, count) in faults {
            writeln!(f, "  {count:>9}  {name}")?;
        }
        writeln!(f, "\nHOW ATTEMPTS ENDED")?;
        for (name, count) in attempts {
            writeln!(f, "  {count:>9}  {}", name.trim_start_matches("attempt: "))?;
        }
        writeln!(f)?;
        for broken in &self.broken {
            writeln!(f, "BROKEN  {broken}")?;
        }
        match self.broken.len() {
            0 => write!(f, "Nothing was lost, nothing came twice that has a key or must not, nothing hung."),
            count => write!(f, "{count} promises were broken."),
        }
    }
}
