//! PEM (RFC 7468) as it is found: in a terminal's output, in a string of a program, indented,
//! with Windows' line ends, with a dash or a whole line lost.

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};

use super::Input;
use crate::finding::Finding;
use crate::trust::certificate::Certificate;
use crate::trust::{der, roots};

/// Reads every section of a text.
pub(super) fn read(text: &str, input: &mut Input) {
    let mut reader = Reader { input, state: State::Outside(Section::default()), above: String::new() };
    for segment in segments(text) {
        reader.segment(&segment);
    }
    reader.end();
}

/// Reads a text that is the Base64 of one certificate and nothing else.
pub(super) fn read_bare(text: &str, input: &mut Input) {
    let section = Section::of_lines(&segments(text));
    if section.bad.is_none()
        && let Ok(octets) = section.decode()
        && let Ok((certificate, [])) = Certificate::from_der(&octets)
    {
        input.findings.push(repaired(1, "the BEGIN and END lines are missing"));
        input.push(certificate);
    }
}

/// A piece of a line: the line itself, or what stands between two `\n` of a string in a program.
struct Segment<'t> {
    /// From 1.
    line: usize,
    /// Of its first character, from 1.
    column: usize,
    text: &'t str,
}

fn segments(text: &str) -> Vec<Segment<'_>> {
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
            segments.push(Segment { line: index + 1, column, text: shown });
            column += piece.chars().count() + 2;
        }
    }
    segments
}

/// Base64 so far, and what was wrong with it.
#[derive(Default)]
struct Section {
    label: String,
    /// Where it begins.
    line: usize,
    /// The line above it: often a comment that says what this is.
    above: String,
    /// What stands in front of each line, as the BEGIN line has it: a comment's sign.
    leader: String,
    base64: String,
    /// Each line of it, and how many characters it has.
    lines: Vec<(usize, usize)>,
    /// The first character that has no business here.
    bad: Option<(usize, usize, char)>,
    notes: Vec<(usize, String)>,
}

enum State {
    /// Lines of Base64 may be the rest of a section without a BEGIN line.
    Outside(Section),
    Inside(Section),
}

struct Reader<'i> {
    input: &'i mut Input,
    state: State,
    /// The last line with something in it that was not a section's.
    above: String,
}

impl Reader<'_> {
    fn segment(&mut self, segment: &Segment<'_>) {
        let line = segment.line;
        match (Marker::find(segment.text), &mut self.state) {
            (Some(Marker { begins: true, label, leader, odd }), state) => {
                let above = std::mem::take(&mut self.above);
                let mut section = Section { label, line, leader, above, ..Section::default() };
                section.notes.extend(odd.map(|odd| (line, format!("the BEGIN line {odd}"))));
                if let State::Inside(unfinished) = std::mem::replace(state, State::Inside(section)) {
                    self.finish(unfinished, End::Missing);
                }
            }
            (Some(Marker { label, odd, .. }), State::Inside(section)) => {
                section.notes.extend(odd.map(|odd| (line, format!("the END line {odd}"))));
                if label != section.label {
                    let note = format!("it begins as `{}` and ends as `{label}`", section.label);
                    section.notes.push((line, note));
                }
                let section = std::mem::replace(&mut self.state, State::Outside(Section::default()));
                if let State::Inside(section) = section {
                    self.finish(section, End::There);
                }
            }
            (Some(Marker { label, .. }), State::Outside(loose)) => {
                let mut section = std::mem::take(loose);
                if !section.base64.is_empty() {
                    section.label = label;
                    section.notes.push((section.line, "the BEGIN line is missing".to_owned()));
                    self.finish(section, End::There);
                }
            }
            (None, State::Inside(section)) => {
                if section.take(segment) == Taken::Strange && section.is_whole() {
                    let section = std::mem::replace(&mut self.state, State::Outside(Section::default()));
                    if let State::Inside(section) = section {
                        self.finish(section, End::Missing);
                    }
                }
            }
            (None, State::Outside(loose)) => {
                if loose.base64.is_empty() {
                    loose.line = line;
                }
                let text = segment.text.trim();
                if !text.is_empty() {
                    text.clone_into(&mut self.above);
                }
                if text.is_empty() || loose.take(segment) == Taken::Strange {
                    *loose = Section::default();
                }
            }
        }
    }

    fn end(&mut self) {
        if let State::Inside(section) = std::mem::replace(&mut self.state, State::Outside(Section::default()))
        {
            self.finish(section, End::Missing);
        }
    }

    /// Decodes a section, and says what is wrong with it.
    fn finish(&mut self, mut section: Section, end: End) {
        if section.label.contains("PRIVATE KEY") {
            let title = format!("line {}: a private key", section.line);
            let hint = "a private key belongs to its owner alone: not into a firmware's trust anchors";
            self.input.findings.push(Finding::warning("private-key", title).hint(hint));
            return;
        }
        if end == End::Missing {
            section.notes.push((section.line, "the END line is missing".to_owned()));
        }
        match section.certificate() {
            Ok(certificate) => {
                if !LABELS.contains(&section.label.as_str()) {
                    let note = format!("it is labelled `{}` and is a certificate", section.label);
                    section.notes.push((section.line, note));
                }
                if let Some(name) = another_name(&section.above, &certificate) {
                    let is = &certificate.subject.short;
                    let note = format!("the line above calls it `{name}`, and it is `{is}`");
                    section.notes.push((section.line, note));
                }
                let findings = section.notes.iter().map(|(line, note)| repaired(*line, note));
                self.input.findings.extend(findings);
                self.input.push(certificate);
            }
            // Another kind of thing is passed over, a broken certificate is not.
            Err(_) if !section.label.contains("CERT") || section.label.contains("REQUEST") => {
                let title = format!("line {}: `{}`, which is no certificate", section.line, section.label);
                self.input.findings.push(Finding::note("not-a-certificate", title));
            }
            Err(damage) => {
                let hint = "take a fresh copy: `openssl s_client -showcerts` prints whole ones";
                self.input.findings.push(Finding::error("damaged", damage).hint(hint));
            }
        }
    }
}

/// The root that a comment names, where the certificate has nothing to do with it.
fn another_name(comment: &str, certificate: &Certificate) -> Option<&'static str> {
    let Certificate { subject, issuer, .. } = certificate;
    let about = |name: &str| [subject, issuer].iter().any(|known| known.full.contains(name));
    roots::mozilla()
        .iter()
        .map(|root| root.subject.short.as_str())
        .filter(|name| name.len() >= 8 && comment.contains(name))
        // `GTS Root R1` is in `GTS Root R14`, too: the longest name is the one that is meant.
        .max_by_key(|name| name.len())
        .filter(|name| !about(name))
}

/// Labels of certificates: RFC 7468 §5.1, its older form, and OpenSSL's own with trust behind it.
const LABELS: [&str; 3] = ["CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE"];

#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    There,
    Missing,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Taken {
    /// Base64, or nothing.
    Good,
    /// Something else.
    Strange,
}

impl Section {
    fn of_lines(segments: &[Segment<'_>]) -> Self {
        let mut section = Self { line: 1, ..Self::default() };
        for segment in segments {
            section.take(segment);
        }
        section
    }

    /// Takes a line's Base64 out of what a program or a comment has around it.
    fn take(&mut self, segment: &Segment<'_>) -> Taken {
        let inner = inner(segment.text, &self.leader);
        // RFC 1421's headers, and what a terminal says: not Base64, and not in its place.
        if inner.contains(": ") {
            return Taken::Strange;
        }
        let start = self.base64.len();
        for character in inner.chars().filter(|character| !character.is_whitespace()) {
            match character {
                'A'..='Z' | 'a'..='z' | '0'..='9' | '+' | '/' | '=' => self.base64.push(character),
                other => {
                    // A line of something else behind a whole certificate is not its damage.
                    let offset = segment.text.find(other).unwrap_or_default();
                    let column = segment.column + segment.text[..offset].chars().count();
                    if self.bad.is_none() {
                        self.bad = Some((segment.line, column, other));
                    }
                    self.base64.truncate(start);
                    return Taken::Strange;
                }
            }
        }
        let count = self.base64.len() - start;
        if count > 0 {
            self.lines.push((segment.line, count));
        }
        Taken::Good
    }

    /// A line that is not as long as the first one, and not the last: `: line 5 has 63 characters, …`.
    fn odd_line(&self) -> String {
        let Some(((_, usual), (_last, rest))) = self.lines.first().zip(self.lines.split_last()) else {
            return String::new();
        };
        match rest.iter().find(|(_, count)| count != usual) {
            Some((line, count)) => format!("; line {line} has {count} characters, and the first one {usual}"),
            None => String::new(),
        }
    }

    /// Whether what came before the strange line is a certificate already.
    fn is_whole(&mut self) -> bool {
        let bad = self.bad.take();
        let whole = self.decode().is_ok_and(|octets| Some(octets.len()) == der::claimed_size(&octets));
        if !whole {
            self.bad = bad;
        }
        whole
    }

    fn decode(&self) -> Result<Vec<u8>, base64::DecodeError> {
        const TOLERANT: GeneralPurpose = GeneralPurpose::new(
            &STANDARD,
            GeneralPurposeConfig::new()
                .with_decode_padding_mode(DecodePaddingMode::Indifferent)
                .with_decode_allow_trailing_bits(true),
        );
        TOLERANT.decode(self.base64.trim_end_matches('='))
    }

    fn certificate(&self) -> Result<Certificate, String> {
        let line = self.line;
        if let Some((line, column, character)) = self.bad {
            let character = character.escape_debug();
            return Err(format!("line {line}, column {column}: `{character}` is not Base64"));
        }
        let octets = self.decode().map_err(|error| match error {
            base64::DecodeError::InvalidByte(..) => {
                format!("line {line}: in the section that begins here `=` stands before its end")
            }
            _ => {
                let odd = self.odd_line();
                format!("line {line}: the Base64 that begins here has lost or gained characters{odd}")
            }
        })?;
        let claimed = der::claimed_size(&octets).unwrap_or_default();
        if claimed > octets.len() {
            return Err(format!(
                "line {line}: the certificate that begins here has {claimed} octets by its own count, and {} are \
                 there{}",
                octets.len(),
                self.odd_line()
            ));
        }
        let (certificate, rest) = Certificate::from_der(&octets)
            .map_err(|reason| format!("line {line}: what begins here is {reason}"))?;
        if !rest.is_empty() && self.label != "TRUSTED CERTIFICATE" {
            let count = rest.len();
            return Err(format!(
                "line {line}: {count} octets too many follow the certificate that begins here"
            ));
        }
        Ok(certificate)
    }
}

fn repaired(line: usize, what: &str) -> Finding {
    Finding::note("repaired", format!("line {line}: {what}; it was read all the same"))
}

/// What stands between the quotes of a program's string, behind a comment's sign, before the
/// backslash that continues a line.
fn inner<'t>(text: &'t str, leader: &str) -> &'t str {
    let text = text.trim();
    let text = text.strip_prefix(leader).unwrap_or(text).trim();
    let text = text.strip_prefix(['"', '\'']).unwrap_or(text);
    let text = match text.rfind(['"', '\'']) {
        Some(end) => text.get(..end).unwrap_or(text),
        None => text,
    };
    text.trim_end_matches(['\\', ' ', '\t'])
}

/// A BEGIN or END line.
struct Marker {
    begins: bool,
    label: String,
    /// What stands in front of the dashes, where it may stand in front of each line.
    leader: String,
    /// What is wrong with the line.
    odd: Option<String>,
}

impl Marker {
    /// RFC 7468 §3 wants five dashes on both sides; one is enough here, on one side.
    fn find(text: &str) -> Option<Self> {
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
