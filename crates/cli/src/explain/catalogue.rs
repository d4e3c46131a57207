//! The catalogue of errors: one TOML file for each stack in `data/explain`, parsed once.
//!
//! An entry is one error of one stack. What it has in common with errors of other stacks (causes by
//! how often, how to tell them apart, the fix) stands in a problem, once. picopost's own numbers come
//! from `docs/errors.md`, which a test holds against the crates (see `own`).

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};

use super::notation::{self, Number};
use super::own;

/// Each stack's file, the likelier meaning of an ambiguous number first.
const STACKS: [&str; 14] = [
    include_str!("../../data/explain/picopost.toml"),
    include_str!("../../data/explain/mbedtls.toml"),
    include_str!("../../data/explain/arduino.toml"),
    include_str!("../../data/explain/http.toml"),
    include_str!("../../data/explain/cloudflare.toml"),
    include_str!("../../data/explain/tls-alert.toml"),
    include_str!("../../data/explain/esp-idf.toml"),
    include_str!("../../data/explain/bearssl.toml"),
    include_str!("../../data/explain/errno.toml"),
    include_str!("../../data/explain/wolfssl.toml"),
    include_str!("../../data/explain/lwip.toml"),
    include_str!("../../data/explain/openssl.toml"),
    include_str!("../../data/explain/rustls.toml"),
    include_str!("../../data/explain/reqwless.toml"),
];
const PROBLEMS: &str = include_str!("../../data/explain/problems.toml");

/// All of it.
#[derive(Debug)]
pub(super) struct Catalogue {
    pub(super) stacks: Vec<Stack>,
    pub(super) problems: Vec<Problem>,
    pub(super) entries: Vec<Entry>,
    names: HashMap<String, Vec<usize>>,
    numbers: HashMap<i64, Vec<usize>>,
}

/// A library, a protocol or a service that has errors.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Stack {
    /// For `--stack`, and the name of its page.
    pub(super) id: String,
    pub(super) title: String,
    /// What its page begins with.
    pub(super) about: String,
    /// How to tell that a number is one of these.
    pub(super) tell: String,
    /// Where its numbers were read, for entries that name no place of their own.
    pub(super) source: String,
    /// How its numbers are written.
    pub(super) sign: Sign,
    /// Numbers at least so far below zero are nobody else's.
    #[serde(default)]
    pub(super) evident: Option<i64>,
    /// What stands before such a number in a log, lowercase.
    #[serde(default)]
    pub(super) before: Vec<String>,
    /// What else is in the lines of its logs, lowercase.
    #[serde(default)]
    pub(super) signatures: Vec<String>,
    /// Whether its texts are everyday words, which count only beside what else is in its lines.
    #[serde(default)]
    pub(super) strict: bool,
    /// Whose programs meet it.
    pub(super) platforms: Vec<Platform>,
    /// How much an entry says about what went wrong, 1 to 9, where it has no number of its own.
    pub(super) telling: u8,
    #[serde(default, rename = "entry")]
    given: Vec<Given>,
    #[serde(default)]
    derived: Vec<Derived>,
    #[serde(default)]
    pub(super) layer: Vec<own::Layer>,
    #[serde(default)]
    pub(super) group: Vec<own::Group>,
    #[serde(default)]
    pub(super) direction: Vec<own::Direction>,
}

/// How a stack writes its numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Sign {
    Positive,
    Negative,
    Either,
}

/// For whom a snippet is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Platform {
    Rust,
    Arduino,
    EspIdf,
    #[value(name = "micropython")]
    #[serde(rename = "micropython")]
    MicroPython,
}

impl Platform {
    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Rust => "Rust",
            Self::Arduino => "Arduino",
            Self::EspIdf => "ESP-IDF",
            Self::MicroPython => "MicroPython",
        }
    }
}

/// What errors of several stacks have in common.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Problem {
    pub(super) id: String,
    pub(super) title: String,
    /// The most frequent first.
    pub(super) causes: Vec<String>,
    pub(super) tell: Vec<String>,
    pub(super) fix: String,
    #[serde(default)]
    pub(super) snippets: BTreeMap<Platform, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Problems {
    problem: Vec<Problem>,
}

/// An entry as its file has it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Given {
    #[serde(default)]
    pub(super) code: Option<String>,
    #[serde(default)]
    pub(super) names: Vec<String>,
    #[serde(default)]
    pub(super) texts: Vec<String>,
    pub(super) means: String,
    #[serde(default)]
    pub(super) source: Option<String>,
    #[serde(default)]
    pub(super) problem: Option<String>,
    #[serde(default)]
    pub(super) causes: Vec<String>,
    #[serde(default)]
    pub(super) tell: Vec<String>,
    #[serde(default)]
    pub(super) fix: Option<String>,
    #[serde(default)]
    pub(super) telling: Option<u8>,
    #[serde(default)]
    pub(super) likely: Option<u8>,
    #[serde(default)]
    pub(super) follows: Vec<String>,
    #[serde(default)]
    pub(super) see: Vec<String>,
}

/// Entries of this stack that are those of another, at a distance: BearSSL's 256 + alert.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Derived {
    from: String,
    add: i64,
    /// With `{name}`, `{number}` and `{means}` of the other.
    means: String,
    source: String,
    /// With `{spaced}`: the other's name, its underscores as spaces.
    #[serde(default)]
    texts: Vec<String>,
    #[serde(default)]
    likely: Option<u8>,
}

/// One error of one stack.
#[derive(Debug)]
pub(super) struct Entry {
    /// Its place in `Catalogue::stacks`.
    pub(super) stack: usize,
    /// Unique: the stack's, and its number as written or its first name.
    pub(super) id: String,
    pub(super) number: Option<i64>,
    /// As the file writes it.
    pub(super) code: Option<String>,
    pub(super) names: Vec<String>,
    pub(super) texts: Vec<String>,
    pub(super) means: String,
    pub(super) source: String,
    /// Its place in `Catalogue::problems`.
    pub(super) problem: Option<usize>,
    /// Those of its own; the problem's come after them.
    pub(super) causes: Vec<String>,
    pub(super) tell: Vec<String>,
    fix: Option<String>,
    pub(super) telling: u8,
    /// 1 to 3: how likely this is the meaning, among several; 0: only where there is no other.
    pub(super) likely: u8,
    /// What this is a consequence of: identifiers, or `stack/*`.
    pub(super) follows: Vec<String>,
    pub(super) see: Vec<String>,
}

impl Entry {
    /// What it is called first: its name, else its code.
    pub(super) fn name(&self) -> &str {
        self.names.first().or(self.code.as_ref()).map_or("", String::as_str)
    }
}

impl Catalogue {
    /// The catalogue that the command carries.
    ///
    /// # Errors
    /// A file of it is damaged: which, and where. The tests parse it, so that no release has this.
    pub(super) fn new() -> Result<Self, String> {
        let problems: Problems = toml::from_str(PROBLEMS).map_err(|error| format!("problems: {error}"))?;
        let mut catalogue = Self {
            stacks: Vec::new(),
            problems: problems.problem,
            entries: Vec::new(),
            names: HashMap::new(),
            numbers: HashMap::new(),
        };
        for text in STACKS {
            let mut stack: Stack = toml::from_str(text)
                .map_err(|error| format!("{}: {error}", text.lines().next().unwrap_or_default()))?;
            let given = std::mem::take(&mut stack.given);
            let place = catalogue.stacks.len();
            catalogue.stacks.push(stack);
            for one in given {
                catalogue.push(place, one)?;
            }
        }
        catalogue.derive()?;
        own::add(&mut catalogue)?;
        catalogue.index();
        Ok(catalogue)
    }

    /// Takes one more entry of the stack at this place.
    pub(super) fn push(&mut self, place: usize, given: Given) -> Result<(), String> {
        let stack = &self.stacks[place];
        let key = given.code.as_ref().or(given.names.first()).or(given.texts.first());
        let key = key.ok_or_else(|| format!("{}: an entry without code, name or text", stack.id))?;
        let id = format!("{}/{key}", stack.id);
        let number = match &given.code {
            None => None,
            Some(code) => {
                Some(notation::number(code).ok_or_else(|| format!("{id}: the code is no number"))?.value)
            }
        };
        let problem = match &given.problem {
            None => None,
            Some(problem) => {
                let at = self.problems.iter().position(|one| one.id == *problem);
                Some(at.ok_or_else(|| format!("{id}: no problem `{problem}`"))?)
            }
        };
        let source = match given.source {
            Some(source) => source,
            None => stack.source.clone(),
        };
        self.entries.push(Entry {
            stack: place,
            id,
            number,
            code: given.code,
            names: given.names,
            texts: given.texts.iter().map(|text| text.to_lowercase()).collect(),
            means: given.means,
            source,
            problem,
            causes: given.causes,
            tell: given.tell,
            fix: given.fix,
            telling: given.telling.unwrap_or(stack.telling),
            likely: given.likely.unwrap_or(2),
            follows: given.follows,
            see: given.see,
        });
        Ok(())
    }

    fn derive(&mut self) -> Result<(), String> {
        let derived: Vec<(usize, Derived)> = (self.stacks.iter().enumerate())
            .flat_map(|(place, stack)| stack.derived.iter().map(move |one| (place, one.clone())))
            .collect();
        for (place, rule) in derived {
            let from = self.stack(&rule.from).ok_or_else(|| format!("no stack `{}`", rule.from))?;
            let others: Vec<Given> = (self.entries.iter())
                .filter(|entry| entry.stack == from)
                .filter_map(|entry| {
                    let number = entry.number?;
                    let fill = |text: &str| {
                        text.replace("{name}", entry.name())
                            .replace("{spaced}", &entry.name().replace('_', " "))
                            .replace("{number}", &number.to_string())
                            .replace("{means}", &entry.means)
                    };
                    Some(Given {
                        code: Some((number + rule.add).to_string()),
                        texts: rule.texts.iter().map(|text| fill(text)).collect(),
                        means: fill(&rule.means),
                        source: Some(rule.source.clone()),
                        problem: entry.problem.map(|at| self.problems[at].id.clone()),
                        causes: entry.causes.clone(),
                        tell: entry.tell.clone(),
                        fix: entry.fix.clone(),
                        telling: Some(entry.telling),
                        likely: rule.likely,
                        see: vec![entry.id.clone()],
                        ..Given::default()
                    })
                })
                .collect();
            for given in others {
                self.push(place, given)?;
            }
        }
        Ok(())
    }

    fn index(&mut self) {
        for (at, entry) in self.entries.iter().enumerate() {
            if let Some(number) = entry.number {
                self.numbers.entry(number).or_default().push(at);
            }
            for name in &entry.names {
                self.names.entry(name.to_lowercase()).or_default().push(at);
            }
        }
    }

    /// The place of the stack that is called so.
    pub(super) fn stack(&self, id: &str) -> Option<usize> {
        self.stacks.iter().position(|stack| stack.id == id)
    }

    /// The entry with this identifier.
    pub(super) fn entry(&self, id: &str) -> Option<usize> {
        self.entries.iter().position(|entry| entry.id == id)
    }

    /// The entries that have this name, in any case of letters.
    pub(super) fn named(&self, name: &str) -> &[usize] {
        self.names.get(&name.to_lowercase()).map_or(&[], Vec::as_slice)
    }

    /// The entries that this number can mean, the likeliest first. A number with the other sign is
    /// one where the stack's numbers are pasted so; with `only`, this stack's alone.
    pub(super) fn numbered(&self, number: &Number, only: Option<usize>) -> Vec<usize> {
        let exact = self.numbers.get(&number.value).into_iter().flatten().map(|at| (0, *at));
        let turned = self.numbers.get(&-number.value).into_iter().flatten().map(|at| (1, *at));
        let mut found: Vec<(u8, u8, usize)> = exact
            .chain(turned)
            .filter_map(|(turned, at)| {
                let entry = &self.entries[at];
                if only.is_some_and(|only| only != entry.stack) {
                    return None;
                }
                let stack = &self.stacks[entry.stack];
                // `1` is no HTTPClient's -1; `9984` and `0x2700` are what people paste of -0x2700.
                let least = if number.hex { 100 } else { stack.evident.map_or(100, i64::abs) };
                let fits = turned == 0 || number.value.abs() >= least;
                let rank = if stack.sign == Sign::Either { 0 } else { turned };
                fits.then_some((rank, 3 - entry.likely.min(3), at))
            })
            .collect();
        found.sort_unstable_by_key(|(rank, unlikely, at)| (*rank, *unlikely, self.entries[*at].stack, *at));
        found.dedup_by_key(|(.., at)| *at);
        // What nobody writes so alone is a meaning only where there is no other.
        if found.iter().any(|(_, unlikely, _)| *unlikely < 3) {
            found.retain(|(_, unlikely, _)| *unlikely < 3);
        }
        found.into_iter().map(|(.., at)| at).collect()
    }

    /// All numbers, for what is near an unknown one.
    pub(super) fn known_numbers(&self) -> impl Iterator<Item = (i64, &[usize])> {
        self.numbers.iter().map(|(number, entries)| (*number, entries.as_slice()))
    }

    pub(super) fn problem(&self, entry: &Entry) -> Option<&Problem> {
        entry.problem.map(|at| &self.problems[at])
    }

    /// The usual causes, the most frequent first.
    pub(super) fn causes<'a>(&'a self, entry: &'a Entry) -> impl Iterator<Item = &'a str> {
        let shared = self.problem(entry).map_or(&[] as &[String], |problem| &problem.causes);
        entry.causes.iter().chain(shared).map(String::as_str)
    }

    /// What tells them apart.
    pub(super) fn tell<'a>(&'a self, entry: &'a Entry) -> impl Iterator<Item = &'a str> {
        let shared = self.problem(entry).map_or(&[] as &[String], |problem| &problem.tell);
        entry.tell.iter().chain(shared).map(String::as_str)
    }

    pub(super) fn fix<'a>(&'a self, entry: &'a Entry) -> &'a str {
        let shared = self.problem(entry).map_or("", |problem| problem.fix.as_str());
        entry.fix.as_deref().unwrap_or(shared)
    }

    /// The snippets for those who meet this stack.
    pub(super) fn snippets<'a>(&'a self, entry: &'a Entry) -> impl Iterator<Item = (Platform, &'a str)> {
        let platforms = &self.stacks[entry.stack].platforms;
        self.problem(entry)
            .into_iter()
            .flat_map(|problem| &problem.snippets)
            .filter(|(platform, _)| platforms.contains(platform))
            .map(|(platform, text)| (*platform, text.as_str()))
    }
}
