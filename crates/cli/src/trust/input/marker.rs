//! Where a section of PEM begins and ends (RFC 7468 §2), and the pieces of lines between.

/// A piece of a line: the line itself, what stands between two `\n` of a string in a program, or
/// between the marks of a section that has lost its line breaks.
pub(super) struct Segment<'t> {
    /// From 1.
    pub(super) line: usize,
    /// Of its first character, from 1.
    pub(super) column: usize,
    pub(super) text: &'t str,
}

pub(super) fn segments(text: &str) -> Vec<Segment<'_>> {
    let mut segments = Vec::new();
    for (index, line) in text.split('\n').enumerate() {
        let mut column = 1;
        for (place, piece) in line.split("\\n").enumerate() {
            let shown = piece.trim_end_matches('\r');
            let shown = shown.strip_suffix("\\r").unwrap_or(shown);
            // Behind a `\n` a quote ends its string: what counts is the next one's content.
            let is_end = place > 0 && shown.starts_with(['"', '\'']);
            let shown = if is_end {
                shown[1..].find(['"', '\'']).map_or("", |next| &shown[1 + next..])
            } else {
                shown
            };
            let mut before = column;
            for part in split(shown) {
                segments.push(Segment { line: index + 1, column: before, text: part });
                before += part.chars().count();
            }
            column += piece.chars().count() + 2;
        }
    }
    segments
}

const MARK: &str = "-----";

/// A piece without line breaks where PEM has them: behind a BEGIN mark, and around an END mark.
fn split(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut rest = text;
    loop {
        // A certificate begins with `MI` in Base64.
        let mark = end_of_mark(rest, "-----BEGIN ").filter(|end| rest[*end..].trim_start().starts_with("MI"));
        let (begin, behind) = rest.split_at(mark.unwrap_or_default());
        parts.extend(Some(begin).filter(|begin| !begin.is_empty()));
        let Some((base64, end)) = glued_end(behind, !begin.is_empty()) else {
            parts.push(behind);
            return parts;
        };
        parts.push(base64);
        // Another section may follow on the same line.
        let next = end_of_mark(end, "-----END ").filter(|at| end[*at..].trim_start().starts_with(MARK));
        let Some(next) = next else {
            parts.push(end);
            return parts;
        };
        parts.push(&end[..next]);
        rest = &end[next..];
    }
}

/// Where a mark that begins so ends.
fn end_of_mark(text: &str, start: &str) -> Option<usize> {
    let label = text.find(start)? + start.len();
    Some(label + text[label..].find(MARK)? + MARK.len())
}

/// Base64 on the same line as the END mark behind it. Words between spaces are Base64 only on the line
/// of a BEGIN mark.
fn glued_end(text: &str, is_begun: bool) -> Option<(&str, &str)> {
    let (before, end) = text.split_at(text.find("-----END ")?);
    let inner = before.trim();
    let is_base64 = |one: char| one.is_ascii_alphanumeric() || "+/=".contains(one);
    let is_all = inner.chars().all(|one| is_base64(one) || is_begun && one.is_whitespace());
    (!inner.is_empty() && is_all && !inner.starts_with("//")).then_some((before, end))
}

/// A BEGIN or END line.
pub(super) struct Marker {
    pub(super) begins: bool,
    pub(super) label: String,
    /// What stands in front of the dashes, where it may stand in front of each line.
    pub(super) leader: String,
    /// What is wrong with the line.
    pub(super) odd: Option<String>,
}

impl Marker {
    /// RFC 7468 §3 wants five dashes on both sides; one is enough here, on one side.
    pub(super) fn find(text: &str) -> Option<Self> {
        let is_dash = |character: char| matches!(character, '-' | '\u{2010}'..='\u{2015}' | '\u{2212}');
        let (at, begins, word) =
            [("BEGIN ", true), ("END ", false)].into_iter().find_map(|(word, begins)| {
                let at = text.find(word)?;
                Some((at, begins, word))
            })?;
        let (before, behind) = (text.get(..at)?, text.get(at + word.len()..)?);
        let label_end = behind
            .find(|character: char| {
                !(character.is_ascii_uppercase() || character.is_ascii_digit() || character == ' ')
            })
            .unwrap_or(behind.len());
        let label = behind.get(..label_end)?.trim();
        let in_front = before.chars().rev().take_while(|character| is_dash(*character)).count();
        let after = behind.get(label_end..)?.chars().take_while(|character| is_dash(*character)).count();
        if label.is_empty() || in_front + after == 0 {
            return None;
        }
        let before = before.trim_end_matches(is_dash).to_owned();
        let is_leader =
            !before.contains(|character: char| character.is_alphanumeric() || "\"'=".contains(character));
        let dashes = |count: usize| if count == 1 { "1 dash".to_owned() } else { format!("{count} dashes") };
        let other = text.chars().any(|character| is_dash(character) && character != '-');
        let odd = match (in_front, after) {
            _ if other => Some("has dashes that are not hyphens".to_owned()),
            (5, 5) => None,
            (5, after) => Some(format!("has {} at its end instead of 5", dashes(after))),
            (in_front, _) => Some(format!("has {} in front instead of 5", dashes(in_front))),
        };
        let leader = if is_leader { before.trim().to_owned() } else { String::new() };
        Some(Self { begins, label: label.to_owned(), leader, odd })
    }
}
