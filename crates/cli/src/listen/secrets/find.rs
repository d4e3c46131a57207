//! Where secrets are in octets that anybody sent, well-formed or not.
//!
//! A secret is what stands behind a name that says so: a header field, a member of JSON (or of what looks
//! like it, with other quotes), a form parameter, a part of a multipart body. Rather too much is taken than
//! too little. The work is linear in the octets: whatever is looked for twice is remembered.

use std::collections::HashMap;
use std::ops::Range;

/// Names whose values are secret, in lower case and without `-` and `_` (RFC 6749, RFC 7521, RFC 7636,
/// RFC 8628, and what services make of them).
const NAMES: [&str; 22] = [
    "accesstoken",
    "apikey",
    "assertion",
    "authorization",
    "clientassertion",
    "clientsecret",
    "code",
    "codeverifier",
    "cookie",
    "devicecode",
    "idtoken",
    "passphrase",
    "passwd",
    "password",
    "proxyauthorization",
    "refreshtoken",
    "secret",
    "setcookie",
    "token",
    "xaccesstoken",
    "xapikey",
    "xauthtoken",
];
/// Of these, header fields; the others are parameters alone: a field `Code` is none.
const FIELDS: [&str; 9] = [
    "apikey",
    "authorization",
    "cookie",
    "proxyauthorization",
    "setcookie",
    "token",
    "xaccesstoken",
    "xapikey",
    "xauthtoken",
];
/// The longest name, with room for hyphens and percent-encoding.
const MAX_NAME: usize = 64;
/// In front of credentials in Authorization (RFC 9110 §11.4), and no secret.
const SCHEMES: [&str; 7] = ["basic", "bearer", "digest", "dpop", "hoba", "negotiate", "token"];
/// How many backslashes there may be in front of a quote: JSON four deep within itself. Of what is deeper,
/// all is taken.
const MAX_DEPTH: usize = 15;

/// The places of all secrets, in their order, none within another.
pub(super) fn find(octets: &[u8]) -> Vec<Range<usize>> {
    let mut found = fields(octets);
    let mut search = Search { octets, ..Search::default() };
    let mut at = 0;
    while let Some(start) = next(octets, at, is_name) {
        let end = next(octets, start, |octet| !is_name(octet)).unwrap_or(octets.len());
        found.extend(search.value_of(start..end));
        at = end;
    }
    found.sort_by_key(|secret| (secret.start, secret.end));
    let mut merged: Vec<Range<usize>> = Vec::with_capacity(found.len());
    for secret in found {
        match merged.last_mut() {
            Some(last) if secret.start < last.end => last.end = last.end.max(secret.end),
            _ => merged.push(secret),
        }
    }
    merged
}

/// Whether a header field of this name has a secret for a value.
pub(super) fn is_secret_field(name: &[u8]) -> bool {
    plain(name).is_some_and(|name| FIELDS.contains(&name.as_str()))
}

/// The scheme in front of credentials, with what is between them.
pub(super) fn scheme_length(name: &[u8], value: &[u8]) -> usize {
    if !plain(name).is_some_and(|name| name.ends_with("authorization")) {
        return 0;
    }
    let end = next(value, 0, |octet| octet == b' ').unwrap_or(value.len());
    let (scheme, rest) = value.split_at(end);
    let is_known = SCHEMES.iter().any(|known| known.as_bytes().eq_ignore_ascii_case(scheme));
    if is_known { end + (rest.len() - rest.trim_ascii_start().len()) } else { 0 }
}

/// The values of secret fields in a head, and the lines that go on with them: a line without a name, as
/// where Base64 was broken, belongs to the field above.
fn fields(octets: &[u8]) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    let (mut at, mut goes_on) = (0, false);
    for line in octets.split_inclusive(|octet| *octet == b'\n') {
        let text = line.trim_ascii_end();
        match field(text) {
            Some((is_secret, value)) => {
                goes_on = is_secret;
                if is_secret {
                    found.push(at + value.start..at + value.end);
                }
            }
            None if text.is_empty() => goes_on = false,
            None if goes_on => {
                if let Some(last) = found.last_mut() {
                    last.end = at + text.len();
                }
            }
            None => {}
        }
        at += line.len();
    }
    found
}

/// A line `name: value`: whether its value is secret, and where that is, without a scheme.
fn field(line: &[u8]) -> Option<(bool, Range<usize>)> {
    let colon = next(line, 0, |octet| octet == b':')?;
    let (name, value) = line.split_at(colon);
    let name = name.trim_ascii();
    if name.is_empty() || !name.iter().all(|octet| is_name(*octet)) {
        return None;
    }
    let value = value.get(1..).unwrap_or_default().trim_ascii_start();
    let start = line.len() - value.len() + scheme_length(name, value);
    Some((is_secret_field(name), start..line.len().max(start)))
}

/// What was found already, so that nothing is searched twice.
#[derive(Default)]
struct Search<'o> {
    octets: &'o [u8],
    /// Where the form value ends that was looked at last.
    form_end: usize,
    /// Where a string ends, by its quote and the backslashes in front of that.
    string_ends: HashMap<(u8, usize), usize>,
    /// Where the next part of a multipart body begins, and where it ends.
    part: Range<usize>,
}

impl Search<'_> {
    /// The value that belongs to a name, if that is one of a secret.
    fn value_of(&mut self, name: Range<usize>) -> Option<Range<usize>> {
        let before = name.start.checked_sub(1).and_then(|before| self.octets.get(before)).copied();
        let text = self.octets.get(name.clone())?;
        let plain_name = secret_name(text).or_else(|| match (before, text) {
            // A line end as a string has it.
            (Some(b'\\'), [b'n' | b'r' | b't', text @ ..]) => secret_name(text),
            _ => None,
        })?;
        let depth = count_backslashes(self.octets, name.end);
        let after = self.octets.get(name.end + depth).copied();
        match (before, after) {
            (Some(quote @ (b'"' | b'\'')), Some(other)) if quote == other => {
                let behind = name.end + depth + 1;
                self.member(behind, depth, &plain_name).or_else(|| self.part_value(name.start - 1, behind))
            }
            (_, Some(b'=')) if depth == 0 => Some(self.form_value(name.end + 1)),
            _ => None,
        }
    }

    /// The value behind a colon: the inside of a string, or a number.
    fn member(&mut self, from: usize, depth: usize, name: &str) -> Option<Range<usize>> {
        let rest = self.octets.get(from..)?;
        let value = rest.trim_ascii_start().strip_prefix(b":")?.trim_ascii_start();
        let start = self.octets.len() - value.len();
        let escapes = count_backslashes(self.octets, start);
        match self.octets.get(start + escapes) {
            Some(quote @ (b'"' | b'\'')) => Some(self.string(start + escapes + 1, *quote, depth)),
            // Errors have numbers by the name of `code`.
            Some(b'0'..=b'9' | b'-') if name != "code" => {
                let end =
                    next(self.octets, start, |octet| !matches!(octet, b'0'..=b'9' | b'-' | b'+' | b'.'));
                Some(start..end.unwrap_or(self.octets.len()))
            }
            _ => None,
        }
    }

    /// The inside of a string, as it is written; to the end where it has no end. Its quotes have `depth`
    /// backslashes in front of them.
    fn string(&mut self, start: usize, quote: u8, depth: usize) -> Range<usize> {
        if depth > MAX_DEPTH {
            return start..self.octets.len();
        }
        let known = self.string_ends.get(&(quote, depth)).copied().unwrap_or_default();
        if known < start {
            let inside = self.octets.get(start..).unwrap_or_default();
            let mut run = 0;
            let length = inside.iter().position(|octet| {
                // Of a string within a string too much is taken rather than too little.
                let ends = *octet == quote && if depth == 0 { run % 2 == 0 } else { run <= depth };
                run = if *octet == b'\\' { run + 1 } else { 0 };
                ends
            });
            let end = length.map_or(self.octets.len(), |length| start + length);
            self.string_ends.insert((quote, depth), end);
            return start..end;
        }
        start..known
    }

    /// A form parameter's value: to the next one, or the end of the line. In a request line it ends before
    /// the version.
    fn form_value(&mut self, start: usize) -> Range<usize> {
        if self.form_end < start {
            let end = next(self.octets, start, |octet| matches!(octet, b'&' | b'\r' | b'\n'));
            self.form_end = end.unwrap_or(self.octets.len());
        }
        let value = self.octets.get(start..self.form_end).unwrap_or_default();
        let version = value
            .len()
            .checked_sub(b" HTTP/1.1".len())
            .filter(|at| value.get(*at..).is_some_and(|version| version.starts_with(b" HTTP/")));
        start..version.map_or(self.form_end, |at| start + at)
    }

    /// The content of the part of a multipart body (RFC 7578 §4.2) whose name stands between these quotes.
    fn part_value(&mut self, quote: usize, behind: usize) -> Option<Range<usize>> {
        let label = self.octets.get(quote.checked_sub(b"name=".len())?..quote)?;
        if !label.eq_ignore_ascii_case(b"name=") {
            return None;
        }
        if self.part.start < behind {
            // To the end where there is none, so that it is not looked for again.
            let start = after_empty_line(self.octets, behind).unwrap_or(self.octets.len());
            let boundary = self.octets.get(start..)?.windows(3).position(|window| window == b"\n--");
            self.part = start..boundary.map_or(self.octets.len(), |length| start + length);
        }
        let content = self.octets.get(self.part.clone()).filter(|_| self.part.start < self.octets.len())?;
        Some(self.part.start..self.part.start + content.trim_ascii_end().len())
    }
}

/// The name as it is compared, if it is one of a secret.
fn secret_name(text: &[u8]) -> Option<String> {
    plain(text).filter(|name| NAMES.contains(&name.as_str()))
}

/// A name in lower case, without percent-encoding, hyphens and underscores.
fn plain(text: &[u8]) -> Option<String> {
    if text.len() > MAX_NAME {
        return None;
    }
    let mut name = String::with_capacity(text.len());
    let mut rest = text;
    while let [octet, after @ ..] = rest {
        let digits = after.get(..2).filter(|_| *octet == b'%');
        let digits = digits.and_then(|digits| std::str::from_utf8(digits).ok());
        let decoded = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        rest = if decoded.is_some() { after.get(2..).unwrap_or_default() } else { after };
        match decoded.unwrap_or(*octet) {
            b'-' | b'_' => {}
            octet => name.push(char::from(octet.to_ascii_lowercase())),
        }
    }
    Some(name)
}

const fn is_name(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || matches!(octet, b'_' | b'-' | b'%')
}

/// The place of the next octet, from here on, for which this holds.
fn next(octets: &[u8], from: usize, is_it: impl Fn(u8) -> bool) -> Option<usize> {
    octets.get(from..)?.iter().position(|octet| is_it(*octet)).map(|length| from + length)
}

/// What follows the next empty line.
fn after_empty_line(octets: &[u8], from: usize) -> Option<usize> {
    let mut at = next(octets, from, |octet| octet == b'\n')? + 1;
    loop {
        let end = next(octets, at, |octet| octet == b'\n')? + 1;
        if octets.get(at..end)?.trim_ascii().is_empty() {
            return Some(end);
        }
        at = end;
    }
}

/// How many there are from here.
fn count_backslashes(octets: &[u8], from: usize) -> usize {
    octets.get(from..).unwrap_or_default().iter().take_while(|octet| **octet == b'\\').count()
}

#[cfg(test)]
#[path = "find_tests.rs"]
mod tests;
