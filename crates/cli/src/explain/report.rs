//! What is said about codes and logs, as a value: the two renderers print it.

use serde::Serialize;

use super::catalogue::{Catalogue, Entry, Platform};
use super::lookup::{self, Answer};
use super::scan::{Hit, Scanner};
use crate::error::CommandError;
use crate::trust::visible;

/// The answer to everything that was asked.
#[derive(Debug, Default)]
pub(super) struct Report {
    /// Errors, the most telling first; those that only follow from another come last.
    pub(super) errors: Vec<Found>,
    /// What was asked and is not known.
    unknown: Vec<String>,
    /// How many lines the log has, where it was one.
    lines: Option<usize>,
}

/// One error.
#[derive(Clone, Debug)]
pub(super) struct Found {
    /// As it was written, safe for a terminal.
    pub(super) written: String,
    /// Where the log has it.
    pub(super) lines: Vec<usize>,
    /// The first of these lines, cut, safe for a terminal.
    pub(super) excerpt: Option<String>,
    /// What it can mean, the likeliest first.
    pub(super) entries: Vec<usize>,
    /// The place in `Report::errors` of the error that this one follows from.
    pub(super) follows: Option<usize>,
    /// The first two entries are the parts of one sum.
    pub(super) sum: bool,
}

/// Octets of a line that are shown.
const EXCERPT: usize = 160;

impl Report {
    /// Each argument by itself; where one of several is no code, all of them as a line of a log.
    pub(super) fn of_codes(catalogue: &Catalogue, codes: &[String], only: Option<usize>) -> Self {
        let answers: Vec<Answer> = codes.iter().map(|code| lookup::answer(catalogue, code, only)).collect();
        if codes.len() > 1 && answers.contains(&Answer::Unknown) {
            let joined = codes.join(" ");
            let hits = Scanner::new(catalogue, only).line(&joined);
            // Words of a sentence, and not a list of codes with a wrong one in it.
            let sentence = codes.iter().any(|code| code.chars().all(|one| one.is_lowercase()));
            if sentence && !hits.is_empty() {
                let mut report = Self::default();
                report.take_line(catalogue, &joined, None, hits);
                return report.ordered(catalogue);
            }
        }
        let mut report = Self::default();
        for (code, answer) in codes.iter().zip(answers) {
            match answer {
                Answer::Code(entries) => {
                    let sum = is_sum(catalogue, code, &entries);
                    let written = visible(code.trim());
                    report.errors.push(Found {
                        written,
                        lines: vec![],
                        excerpt: None,
                        entries,
                        follows: None,
                        sum,
                    });
                }
                Answer::Line(hits) => report.take_line(catalogue, code, None, hits),
                Answer::Unknown => report.unknown.push(code.clone()),
            }
        }
        if codes.len() == 1 { report.ordered(catalogue) } else { report }
    }

    /// All that a log has, the most telling first.
    pub(super) fn of_log(catalogue: &Catalogue, log: &str, only: Option<usize>) -> Self {
        let scanner = Scanner::new(catalogue, only);
        let mut report = Self { lines: Some(log.lines().count()), ..Self::default() };
        for (at, line) in log.lines().enumerate() {
            let line = without_escapes(line);
            let hits = scanner.line(&line);
            report.take_line(catalogue, &line, Some(at + 1), hits);
        }
        report.ordered(catalogue)
    }

    fn take_line(&mut self, catalogue: &Catalogue, line: &str, number: Option<usize>, hits: Vec<Hit>) {
        for hit in hits {
            let written = line.get(hit.from..hit.to).unwrap_or_default();
            let same = |found: &&mut Found| found.entries.first() == hit.entries.first();
            if let Some(found) = self.errors.iter_mut().find(same) {
                let new = number.filter(|number| found.lines.last() != Some(number));
                found.lines.extend(new);
                continue;
            }
            self.errors.push(Found {
                sum: is_sum(catalogue, written, &hit.entries),
                written: visible(written),
                lines: number.into_iter().collect(),
                excerpt: number.map(|_| excerpt(line, hit.from)),
                entries: hit.entries,
                follows: None,
            });
        }
    }

    /// The most telling first, and what follows from another behind all that does not.
    fn ordered(mut self, catalogue: &Catalogue) -> Self {
        let entry = |found: &Found| &catalogue.entries[found.entries[0]];
        self.errors.sort_by_key(|found| {
            // What can mean several things tells less than what can mean one.
            let vague = u8::from(found.entries.len() > 1 && !found.sum);
            (9_u8.saturating_sub(entry(found).telling) + vague, found.lines.first().copied())
        });
        let causes: Vec<Option<usize>> = (self.errors.iter().enumerate())
            .map(|(at, found)| {
                // Only what tells more can be the cause: nothing follows from itself in a circle.
                let earlier = self.errors[..at].iter();
                earlier
                    .enumerate()
                    .find(|(_, cause)| is_consequence(catalogue, entry(found), entry(cause)))
                    .map(|(at, _)| at)
            })
            .collect();
        for (found, cause) in self.errors.iter_mut().zip(causes) {
            found.follows = cause;
        }
        // A cause may itself follow from another: the last in the chain is what is shown.
        let mut order: Vec<usize> = (0..self.errors.len()).collect();
        order.sort_by_key(|at| (self.errors[*at].follows.is_some(), *at));
        let root = |mut at: usize| {
            while let Some(cause) = self.errors[at].follows {
                at = cause;
            }
            at
        };
        let errors = order.iter().map(|at| {
            let mut found = self.errors[*at].clone();
            let cause = found.follows.map(|_| root(*at));
            found.follows = cause.and_then(|cause| order.iter().position(|one| *one == cause));
            found
        });
        self.errors = errors.collect();
        self
    }

    /// Whether all was known.
    pub(super) fn outcome(&self, catalogue: &Catalogue, only: Option<usize>) -> Result<(), CommandError> {
        if let Some(lines) = self.lines.filter(|_| self.errors.is_empty()) {
            let lines = if lines == 1 { "its one line".to_owned() } else { format!("its {lines} lines") };
            return Err(CommandError::findings(format!("the log has no error that is known, in {lines}"))
                .hint("give the number or the name alone: `picopost explain CODE`"));
        }
        let Some(first) = self.unknown.first() else { return Ok(()) };
        let shown: Vec<String> =
            self.unknown.iter().map(|code| format!("`{}`", cut(&visible(code), 0))).collect();
        let sentence = if let [one] = shown.as_slice() {
            format!("{one} is no error that is known")
        } else {
            format!("{} are no errors that are known", shown.join(", "))
        };
        let near = lookup::nearest(catalogue, first, only);
        let error = CommandError::findings(sentence);
        Err(match near.as_slice() {
            [] => {
                error.hint("`docs/explain` lists all that are; a line of a log can be given whole, in quotes")
            }
            near => error.hint(format!("near it are {}", near.join(", "))),
        })
    }

    /// The same for programs.
    pub(super) fn json<'a>(&'a self, catalogue: &'a Catalogue, platform: Option<Platform>) -> Json<'a> {
        let errors = self.errors.iter().map(|found| JsonError {
            written: &found.written,
            lines: &found.lines,
            excerpt: found.excerpt.as_deref(),
            sum: found.sum,
            follows: found.follows,
            meanings: found.entries.iter().map(|at| meaning(catalogue, *at, platform)).collect(),
        });
        let unknown = self.unknown.iter().map(|code| JsonUnknown {
            written: visible(code),
            nearest: lookup::nearest(catalogue, code, None),
        });
        Json { errors: errors.collect(), unknown: unknown.collect() }
    }
}

/// Whether the number is no entry of its own and its first two entries are the parts of it.
fn is_sum(catalogue: &Catalogue, written: &str, entries: &[usize]) -> bool {
    let number = super::notation::number(written.trim());
    let parts = number.as_ref().and_then(lookup::sum);
    let numbers = entries.iter().map(|at| catalogue.entries[*at].number);
    parts.is_some_and(|parts| numbers.eq(parts.map(Some)))
}

fn is_consequence(catalogue: &Catalogue, entry: &Entry, cause: &Entry) -> bool {
    let stack = &catalogue.stacks[cause.stack].id;
    entry.id != cause.id
        && entry
            .follows
            .iter()
            .any(|of| *of == cause.id || of.strip_suffix("/*").is_some_and(|of| of == stack))
}

/// The part of a line around this octet, safe for a terminal.
fn excerpt(line: &str, at: usize) -> String {
    let indent = line.len() - line.trim_start().len();
    let far = at.saturating_sub(EXCERPT / 2);
    visible(&cut(line.trim_end(), if at < EXCERPT { indent } else { far }))
}

/// At most `EXCERPT` octets from about this one, with dots where something is left out.
fn cut(text: &str, from: usize) -> String {
    let from = text.floor_char_boundary(from);
    let to = text.floor_char_boundary((from + EXCERPT).min(text.len()));
    let dots = |left_out: bool| if left_out { "…" } else { "" };
    format!("{}{}{}", dots(!text[..from].trim().is_empty()), &text[from..to], dots(to < text.len()))
}

/// The line without the sequences that colour a terminal (ECMA-48 §5.4): monitors log in colour.
fn without_escapes(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut characters = line.chars().peekable();
    while let Some(character) = characters.next() {
        if character == '\u{1b}' && characters.peek() == Some(&'[') {
            characters.next();
            // Parameters and intermediates end with the first octet from `@` to `~`.
            while characters.next_if(|one| matches!(one, ' '..='?')).is_some() {}
            characters.next_if(|one| matches!(one, '@'..='~'));
        } else {
            out.push(character);
        }
    }
    out
}

/// `--json`, as docs/explain.schema.json has it.
#[derive(Debug, Serialize)]
pub(super) struct Json<'a> {
    errors: Vec<JsonError<'a>>,
    unknown: Vec<JsonUnknown>,
}

#[derive(Debug, Serialize)]
struct JsonError<'a> {
    written: &'a str,
    lines: &'a [usize],
    #[serde(skip_serializing_if = "Option::is_none")]
    excerpt: Option<&'a str>,
    sum: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    follows: Option<usize>,
    meanings: Vec<JsonMeaning<'a>>,
}

#[derive(Debug, Serialize)]
struct JsonUnknown {
    written: String,
    nearest: Vec<String>,
}

#[derive(Debug, Serialize)]
struct JsonMeaning<'a> {
    id: &'a str,
    stack: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'a str>,
    names: &'a [String],
    means: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<&'a str>,
    causes: Vec<&'a str>,
    tell_apart: Vec<&'a str>,
    fix: &'a str,
    snippets: Vec<JsonSnippet<'a>>,
    see: &'a [String],
    source: &'a str,
    /// How to tell that a number is this stack's.
    tell_stack: &'a str,
}

#[derive(Debug, Serialize)]
struct JsonSnippet<'a> {
    platform: Platform,
    code: &'a str,
}

fn meaning(catalogue: &Catalogue, at: usize, platform: Option<Platform>) -> JsonMeaning<'_> {
    let entry = &catalogue.entries[at];
    let stack = &catalogue.stacks[entry.stack];
    let snippets = catalogue.snippets(entry).filter(|(one, _)| platform.is_none_or(|only| *one == only));
    JsonMeaning {
        id: &entry.id,
        stack: &stack.id,
        code: entry.code.as_deref(),
        names: &entry.names,
        means: &entry.means,
        problem: catalogue.problem(entry).map(|problem| problem.id.as_str()),
        causes: catalogue.causes(entry).collect(),
        tell_apart: catalogue.tell(entry).collect(),
        fix: catalogue.fix(entry),
        snippets: snippets.map(|(platform, code)| JsonSnippet { platform, code }).collect(),
        see: &entry.see,
        source: &entry.source,
        tell_stack: &stack.tell,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_no_part_of_a_line() {
        assert_eq!(without_escapes("\u{1b}[0;31mE (1) x: -0x2700\u{1b}[0m"), "E (1) x: -0x2700");
        assert_eq!(without_escapes("\u{1b}[38;5;1"), "");
        assert_eq!(without_escapes("a\u{1b}]0;title"), "a\u{1b}]0;title");
    }

    #[test]
    fn an_excerpt_is_short_and_cannot_steer_the_terminal() {
        assert_eq!(excerpt("  a\u{7}b", 3), "a\\u{7}b");
        let long = format!("{}é-0x2700{}", "é".repeat(500), "é".repeat(500));
        let shown = excerpt(&long, 1_002);
        assert!(shown.contains("-0x2700") && shown.starts_with('…') && shown.ends_with('…'), "{shown}");
        assert!(shown.len() < EXCERPT + 10);
    }
}
