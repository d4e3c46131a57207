//! The figures, as they are stored and compared.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use xtask::error::Failure;
use xtask::firmware::workspace;

/// A loss of more than this, in percent, fails `--quick`.
const TOLERANCE: u64 = 2;

/// All stored rows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Results {
    /// One for each stack.
    pub stacks: Vec<Row>,
}

/// What one stack costs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// [`crate::stacks::Stack::id`].
    pub id: String,
    /// As in the table.
    pub name: String,
    /// Its version of TLS.
    pub tls: String,
    /// The compiler; figures of two of them are not compared.
    pub compiler: String,
    /// Flash over plain TCP, in octets.
    pub flash: u32,
    /// Static memory over plain TCP, in octets.
    pub memory: u32,
    /// By the name of the chain.
    pub chains: BTreeMap<String, Posts>,
}

/// What the POSTs to one server cost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Posts {
    /// With a full handshake.
    pub full: Post,
    /// With a resumed session, where the stack can.
    pub resumed: Option<Post>,
}

/// What one POST costs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Post {
    /// Instructions until the request could be sent.
    pub handshake: u64,
    /// Instructions from the handshake's end until the answer was read and the end announced.
    pub post: u64,
    /// Peak stack, in octets.
    pub stack: u32,
    /// Peak heap, in octets.
    pub heap: u32,
    /// How often the heap was asked.
    pub allocations: u32,
    /// Times that the program waited for the server.
    pub round_trips: u32,
    /// Octets over TCP, to the server.
    pub octets_out: u64,
    /// Octets over TCP, from the server.
    pub octets_in: u64,
    /// Version, suite and group.
    pub agreed: String,
}

impl Post {
    /// All instructions.
    #[must_use]
    pub fn instructions(&self) -> u64 {
        self.handshake + self.post
    }
}

impl Row {
    /// Static memory, peak heap and peak stack of one POST, in octets.
    #[must_use]
    pub fn ram(&self, post: &Post) -> u32 {
        self.memory + post.heap + post.stack
    }

    /// The figures that must not grow, each with its name.
    fn watched(&self) -> Vec<(String, u64)> {
        let mut all = vec![("flash".to_owned(), u64::from(self.flash))];
        for (chain, posts) in &self.chains {
            let kinds = [("full", Some(&posts.full)), ("resumed", posts.resumed.as_ref())];
            for (kind, post) in kinds.into_iter().filter_map(|(kind, post)| Some((kind, post?))) {
                all.push((format!("instructions, {chain}, {kind}"), post.instructions()));
                all.push((format!("RAM, {chain}, {kind}"), self.ram(post).into()));
            }
        }
        all
    }
}

impl Results {
    /// Where they are stored.
    #[must_use]
    pub fn file() -> PathBuf {
        workspace().join("bench/results.json")
    }

    /// Reads what is stored; nothing where there is no file.
    ///
    /// # Errors
    /// The file is not what [`Self::store`] writes.
    pub fn load(file: &Path) -> Result<Self, Failure> {
        let Ok(text) = fs::read(file) else { return Ok(Self::default()) };
        serde_json::from_slice(&text)
            .map_err(|error| Failure::missing(format!("{}: {error}", file.display())))
    }

    /// Stores them.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn store(&self, file: &Path) -> Result<(), Failure> {
        fs::write(file, self.json() + "\n")
            .map_err(|error| Failure::missing(format!("{}: {error}", file.display())))
    }

    /// As JSON.
    #[must_use]
    pub fn json(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default()
    }

    /// The row of a stack.
    #[must_use]
    pub fn row(&self, id: &str) -> Option<&Row> {
        self.stacks.iter().find(|row| row.id == id)
    }

    /// Puts a row in the place of the stored one, in the order that `ids` has.
    pub fn put(&mut self, row: Row, ids: &[&str]) {
        self.stacks.retain(|other| other.id != row.id);
        self.stacks.push(row);
        self.stacks.sort_by_key(|row| ids.iter().position(|id| *id == row.id));
    }

    /// Where `self` costs more than `before`, or lacks a figure, one sentence each; and what else is
    /// worth knowing.
    #[must_use]
    pub fn compare(&self, before: &Self) -> (Vec<String>, Vec<String>) {
        let (mut losses, mut notes) = (Vec::new(), Vec::new());
        for row in &self.stacks {
            let Some(stored) = before.row(&row.id) else {
                losses.push(format!("{}: nothing is stored to compare with", row.id));
                continue;
            };
            if stored.compiler != row.compiler {
                notes.push(format!(
                    "{}: not compared: stored by {}, measured by {}",
                    row.id, stored.compiler, row.compiler
                ));
                continue;
            }
            let now: BTreeMap<_, _> = row.watched().into_iter().collect();
            for (name, then) in stored.watched() {
                let Some(&now) = now.get(&name) else {
                    losses.push(format!("{}: {name} was {then} and was not measured", row.id));
                    continue;
                };
                let sentence = || format!("{}: {name} was {then}, is {now}", row.id);
                if now * 100 > then * (100 + TOLERANCE) {
                    losses.push(sentence());
                } else if now * 100 < then * (100 - TOLERANCE) {
                    notes.push(format!("better: {}", sentence()));
                }
            }
        }
        (losses, notes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn results(flash: u32, instructions: u64, stack: u32, resumed: bool) -> Results {
        let post = Post { handshake: instructions - 10, post: 10, stack, heap: 50, ..Post::default() };
        let posts = Posts { full: post.clone(), resumed: resumed.then_some(post) };
        let [id, name, tls, compiler] = ["picopost", "picopost", "1.3", "rustc 1"].map(str::to_owned);
        let chains = BTreeMap::from([("gts".to_owned(), posts)]);
        Results { stacks: vec![Row { id, name, tls, compiler, flash, memory: 50, chains }] }
    }

    #[test]
    fn losses_are_named_and_two_percent_are_none() {
        let before = results(1000, 1000, 900, false);
        let losses = |now: &Results| now.compare(&before).0;
        assert_eq!(losses(&before), [""; 0]);
        assert_eq!(losses(&results(1020, 1020, 920, false)), [""; 0]);
        assert_eq!(losses(&results(1021, 1000, 900, false)), ["picopost: flash was 1000, is 1021"]);
        assert_eq!(
            losses(&results(900, 1021, 900, true)),
            ["picopost: instructions, gts, full was 1000, is 1021"]
        );
        assert_eq!(losses(&results(1000, 1000, 921, false)), ["picopost: RAM, gts, full was 1000, is 1021"]);
    }

    #[test]
    fn what_is_missing_is_a_loss() {
        let (with, without) = (results(1000, 1000, 900, true), results(1000, 1000, 900, false));
        assert_eq!(without.compare(&with).0.len(), 2);
        assert_eq!(with.compare(&without).0, [""; 0]);
        assert_eq!(with.compare(&Results::default()).0.len(), 1);
    }

    #[test]
    fn gains_are_named() {
        let gains = results(979, 1000, 900, false).compare(&results(1000, 1000, 900, false)).1;
        assert_eq!(gains, ["better: picopost: flash was 1000, is 979"]);
    }

    #[test]
    fn another_compiler_is_no_loss() {
        let before = results(1000, 1000, 900, false);
        let mut now = results(2000, 1000, 900, false);
        now.stacks[0].compiler = "rustc 2".into();
        let (losses, notes) = now.compare(&before);
        assert_eq!(losses, [""; 0]);
        assert_eq!(notes, ["picopost: not compared: stored by rustc 1, measured by rustc 2"]);
    }

    #[test]
    fn stored_and_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("results.json");
        assert_eq!(Results::load(&file), Ok(Results::default()));
        let mut results = results(1000, 1000, 900, true);
        let other = Row { id: "another".into(), ..results.stacks[0].clone() };
        results.put(other, &["another", "picopost"]);
        assert_eq!(results.stacks[0].id, "another");
        results.store(&file).unwrap();
        assert_eq!(Results::load(&file), Ok(results));
        fs::write(&file, "{}").unwrap();
        assert!(Results::load(&file).is_err());
    }
}
