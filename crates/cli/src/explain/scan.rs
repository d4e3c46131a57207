//! Codes in a log: in each line the texts, names and numbers that the catalogue knows.
//!
//! A log is full of numbers that are no errors: times, lengths, addresses. A number counts where the
//! words before it say that it is an error, or where it is written as only one stack writes its own.

use std::collections::{HashMap, HashSet};

use super::catalogue::{Catalogue, Entry};
use super::lookup;
use super::notation::{self, Number};

/// Something that the catalogue knows, in a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Hit {
    /// Where it is, in octets of the line.
    pub(super) from: usize,
    pub(super) to: usize,
    /// Entries that it can mean, the likeliest first.
    pub(super) entries: Vec<usize>,
}

/// Words before a number that say that it is an error, and not whose.
const GENERIC: [&str; 20] = [
    "error",
    "err",
    "error code",
    "errorcode",
    "err code",
    "code",
    "returned",
    "return",
    "ret",
    "rc",
    "result",
    "failed",
    "failed with",
    "failure",
    "fail",
    "error is",
    "errno",
    "oserror",
    "reason",
    "status",
];
/// More texts than begin with the same word at one place.
const SAME_PLACE: usize = 32;
/// As much of a line as is looked at before a number.
const LOOK_BACK: usize = 48;

/// The tables that every line is held against.
pub(super) struct Scanner<'a> {
    catalogue: &'a Catalogue,
    /// Each text and its entry, by the first word of the text.
    texts: HashMap<&'a str, Vec<Text<'a>>>,
    /// The one stack that is asked for.
    only: Option<usize>,
}

/// A text of an entry, lowercase.
struct Text<'a> {
    text: &'a str,
    /// Where its first word begins.
    word: usize,
    entry: usize,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(catalogue: &'a Catalogue, only: Option<usize>) -> Self {
        let mut texts: HashMap<&str, Vec<Text<'_>>> = HashMap::new();
        for (at, entry) in catalogue.entries.iter().enumerate() {
            for text in &entry.texts {
                if let Some((word, end)) = runs(text).next() {
                    texts.entry(&text[word..end]).or_default().push(Text { text, word, entry: at });
                }
            }
        }
        Self { catalogue, texts, only }
    }

    /// What is in one line, from left to right. What lies within something longer is left out:
    /// the longer says more.
    pub(super) fn line(&self, line: &str) -> Vec<Hit> {
        let line = line.to_ascii_lowercase();
        let whose = self.signatures(&line);
        let mut hits = self.texts(&line, &whose);
        for (from, to) in words(&line) {
            hits.extend(self.word(&line, from, to, &whose));
        }
        hits.sort_by_key(|hit| (hit.from, usize::MAX - hit.to));
        let mut kept: Vec<Hit> = Vec::new();
        for hit in hits {
            if kept.last().is_none_or(|last| hit.to > last.to) {
                kept.push(hit);
            }
        }
        kept
    }

    /// The stacks whose words are in the line.
    fn signatures(&self, line: &str) -> HashSet<usize> {
        let stacks = self.catalogue.stacks.iter().enumerate();
        let found = stacks.filter(|(_, stack)| stack.signatures.iter().any(|word| line.contains(word)));
        found.map(|(place, _)| place).collect()
    }

    fn wanted(&self, entry: &Entry) -> bool {
        self.only.is_none_or(|only| entry.stack == only)
    }

    /// Texts: one hit for each place, with every entry that has a text there; of several entries, those
    /// of the stacks whose words are in the line.
    fn texts(&self, line: &str, whose: &HashSet<usize>) -> Vec<Hit> {
        let mut hits: Vec<Hit> = Vec::new();
        for (word, end) in runs(line) {
            for text in self.texts.get(&line[word..end]).into_iter().flatten() {
                let Some(from) = word.checked_sub(text.word) else { continue };
                if !line.get(from..).is_some_and(|rest| rest.starts_with(text.text)) {
                    continue;
                }
                let entry = &self.catalogue.entries[text.entry];
                let strict = self.catalogue.stacks[entry.stack].strict;
                if !self.wanted(entry)
                    || (strict && !whose.contains(&entry.stack) && line.trim() != text.text)
                {
                    continue;
                }
                let to = from + text.text.len();
                // The same place can only be among the last: a long line must not take the square of its hits.
                let mut last = hits.iter_mut().rev().take(SAME_PLACE);
                match last.find(|hit| (hit.from, hit.to) == (from, to)) {
                    Some(hit) => hit.entries.push(text.entry),
                    None => hits.push(Hit { from, to, entries: vec![text.entry] }),
                }
            }
        }
        for hit in &mut hits {
            self.narrow(hit, whose);
        }
        hits
    }

    /// Keeps the entries of the stacks whose words are in the line, where there are any.
    fn narrow(&self, hit: &mut Hit, whose: &HashSet<usize>) {
        let theirs = |at: &usize| whose.contains(&self.catalogue.entries[*at].stack);
        if hit.entries.iter().any(theirs) {
            hit.entries.retain(theirs);
        }
        lookup::by_likelihood(self.catalogue, &mut hit.entries);
    }

    fn word(&self, line: &str, from: usize, to: usize, whose: &HashSet<usize>) -> Option<Hit> {
        let word = &line[from..to];
        let named = self.catalogue.named(word);
        let mut entries: Vec<usize> = named
            .iter()
            .copied()
            .filter(|at| {
                let entry = &self.catalogue.entries[*at];
                self.wanted(entry) && (is_telling(entry, word) || whose.contains(&entry.stack))
            })
            .collect();
        if entries.is_empty() {
            let number = notation::number(word).or_else(|| openssl(line, from, word))?;
            entries = self.numbered(line, from, word, &number, whose);
        }
        if entries.is_empty() {
            return None;
        }
        let mut hit = Hit { from, to, entries };
        self.narrow(&mut hit, whose);
        Some(hit)
    }

    /// The entries that a number here can mean: those whose words stand before it, else, behind a word
    /// such as `error`, those of the line's stacks, else all.
    fn numbered(
        &self,
        line: &str,
        from: usize,
        word: &str,
        number: &Number,
        whose: &HashSet<usize>,
    ) -> Vec<usize> {
        let before = before(line, from);
        let generic = GENERIC.iter().any(|word| ends_with_word(before, word));
        // `(-76)` behind nothing is how arduino-esp32 logs.
        let bracketed = number.value < 0 && line[..from].ends_with('(');
        let alone = bracketed || line.trim() == word;
        let score = |at: &usize| {
            let entry = &self.catalogue.entries[*at];
            let stack = &self.catalogue.stacks[entry.stack];
            if stack.before.iter().any(|word| ends_with_word(before, word)) {
                return 3;
            }
            let signed = whose.contains(&entry.stack);
            let evident = stack.evident.is_some_and(|least| number.value <= least);
            match (evident, signed, generic || alone) {
                (true, ..) | (_, true, true) => 2,
                (_, _, true) => 1,
                _ => 0,
            }
        };
        let mut entries = lookup::numbered(self.catalogue, number, self.only);
        let best = entries.iter().map(score).max().unwrap_or_default();
        entries.retain(|at| best > 0 && score(at) == best);
        entries
    }
}

/// OpenSSL's `error:0A000086:…`: eight hexadecimal digits without a prefix.
fn openssl(line: &str, from: usize, word: &str) -> Option<Number> {
    let packed = word.len() == 8 && line[..from].ends_with("error:");
    packed.then(|| notation::number(&format!("0x{word}"))).flatten()
}

/// Whether a name is nobody's everyday word: it has an underscore, or a capital within.
fn is_telling(entry: &Entry, word: &str) -> bool {
    let name = entry.names.iter().find(|name| name.eq_ignore_ascii_case(word));
    name.is_some_and(|name| {
        let capitals = name.chars().skip(1).filter(char::is_ascii_uppercase).count();
        let all = name.chars().all(|character| !character.is_ascii_lowercase());
        name.contains('_') || (all && name.len() > 4) || (!all && capitals > 0)
    })
}

/// Letters, digits and underscores in a row, as places.
fn runs(text: &str) -> impl Iterator<Item = (usize, usize)> {
    let octets = text.as_bytes();
    let mut at = 0;
    std::iter::from_fn(move || {
        while octets.get(at).is_some_and(|octet| !is_part(*octet)) {
            at += 1;
        }
        let from = at;
        while octets.get(at).is_some_and(|octet| is_part(*octet)) {
            at += 1;
        }
        (from < at).then_some((from, at))
    })
}

fn is_part(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || octet == b'_'
}

/// Names and numbers of a line, as places: with a sign where it is one, and without what is part of a
/// time, an address, a version or a date.
fn words(line: &str) -> impl Iterator<Item = (usize, usize)> {
    let octets = line.as_bytes();
    let digit = move |at: Option<usize>| at.and_then(|at| octets.get(at)).is_some_and(u8::is_ascii_digit);
    let joins = move |at: Option<usize>| {
        at.and_then(|at| octets.get(at)).is_some_and(|octet| b".:-/".contains(octet))
    };
    runs(line).filter_map(move |(from, to)| {
        // `0x-2700`
        if &octets[from..to] == b"0x" && octets.get(to) == Some(&b'-') {
            let end = octets[to + 1..].iter().position(|octet| !is_part(*octet));
            return Some((from, end.map_or(octets.len(), |end| to + 1 + end)));
        }
        let dash = from > 0 && octets[from - 1] == b'-';
        // `a-1` and `2026-11-23` have no minus sign.
        let free = from < 2 || !(is_part(octets[from - 2]) || octets[from - 2] == b'-');
        let sign = usize::from(dash && free && octets[from].is_ascii_digit());
        // `10.0.2.2`, `12:30:45` and `HTTP/1.1` are no numbers.
        let left = joins(from.checked_sub(1)) && digit(from.checked_sub(2)) && digit(Some(from));
        let right = joins(Some(to)) && digit(Some(to + 1)) && digit(to.checked_sub(1));
        (!left && !right).then_some((from - sign, to))
    })
}

/// What stands before a number, without what only separates.
fn before(line: &str, from: usize) -> &str {
    let mut start = from.saturating_sub(LOOK_BACK);
    while !line.is_char_boundary(start) {
        start += 1;
    }
    line[start..from]
        .trim_end_matches([' ', '\t', ':', '=', '(', '[', '{', '#', '"', '\'', '`', ',', '-', '<', '*'])
}

/// Whether it ends in this word, and the word is not the end of a longer one.
fn ends_with_word(text: &str, word: &str) -> bool {
    text.strip_suffix(word).is_some_and(|rest| {
        rest.chars().next_back().is_none_or(|last| !last.is_alphanumeric() && last != '_')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(line: &str) -> Vec<String> {
        let catalogue = Catalogue::new().unwrap();
        let hits = Scanner::new(&catalogue, None).line(line);
        hits.iter().map(|hit| catalogue.entries[hit.entries[0]].id.clone()).collect()
    }

    #[test]
    fn numbers_that_are_no_errors() {
        for line in [
            "I (3203) wifi:connected with aid 404",
            "2026-11-23 12:30:45 heap 29312 free, largest 16372",
            "got ip:192.168.1.104, mask 255.255.255.0",
            "Content-Length: 403",
            "0x403 rev-104 a-1",
            "",
        ] {
            assert_eq!(found(line), [""; 0], "{line}");
        }
    }

    #[test]
    fn what_lies_within_something_longer_is_left_out() {
        let line = "error:0A000410:SSL routines::sslv3 alert handshake failure";
        assert_eq!(found(line), ["openssl/1040", "openssl/1040"]);
    }

    #[test]
    fn any_octets_give_hits_within_the_line() {
        let catalogue = Catalogue::new().unwrap();
        let scanner = Scanner::new(&catalogue, None);
        let alphabet: Vec<char> =
            "-0x2700 9E(r:/._%=\u{1b}\u{2212}ß\u{202e}😀errorSLalt,\t".chars().collect();
        // xorshift: the same octets in every run.
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let mut next = |bound: usize| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            usize::try_from(state % u64::try_from(bound).unwrap()).unwrap()
        };
        for _ in 0..3_000 {
            let length = next(60);
            let line: String = (0..length).map(|_| alphabet[next(alphabet.len())]).collect();
            for hit in scanner.line(&line) {
                assert!(line.get(hit.from..hit.to).is_some() && !hit.entries.is_empty(), "{line:?}");
            }
        }
    }
}
