//! PEM (RFC 7468) as it is found: in a terminal's output, in a string of a program, indented,
//! with Windows' line ends, with a dash or a whole line lost.

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use base64::prelude::BASE64_STANDARD;

use super::Input;
use super::marker::{Marker, Segment, segments};
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
    /// How long the Base64 was when it was last seen not to be a whole certificate.
    looked_at: usize,
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
        // Strange lines add nothing: one look at the same Base64 will do. And what it says of its own
        // size stands in its first octets, so that it need not be decoded at each of them.
        if self.looked_at == self.base64.len() || !self.may_be_whole() {
            return false;
        }
        self.looked_at = self.base64.len();
        let bad = self.bad.take();
        let whole = self.decode().is_ok_and(|octets| Some(octets.len()) == der::claimed_size(&octets));
        if !whole {
            self.bad = bad;
        }
        whole
    }

    /// Whether its Base64 is about as long as its first octets say.
    fn may_be_whole(&self) -> bool {
        let start = self.base64.get(..8).and_then(|start| BASE64_STANDARD.decode(start).ok());
        let Some(claimed) = start.and_then(|start| der::claimed_size(&start)) else { return false };
        let length = self.base64.trim_end_matches('=').len();
        length.abs_diff(claimed.div_ceil(3).saturating_mul(4)) <= 4
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
