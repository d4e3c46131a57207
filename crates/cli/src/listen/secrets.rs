//! Keeps secrets out of what is shown: the record of an attempt gets pasted into issue threads.
//!
//! Within the server everything is as it was received; what leaves it (text, JSON, page, store,
//! exports) goes through here first.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use super::answer;
use super::capture::{Attempt, Direction};
use super::event::{Event, Header, Line, Request, Response, Route, Upstream};
use super::octets::Octets;
use crate::finding::{Finding, Part};

/// Whether secrets are shortened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Secrets {
    Shortened,
    /// `--show-secrets`
    Whole,
}

/// Parameters and members whose values are secret (RFC 6749, RFC 7521).
const SECRET_PARAMETERS: [&[u8]; 7] = [
    b"client_secret",
    b"client_assertion",
    b"assertion",
    b"password",
    b"code",
    b"access_token",
    b"refresh_token",
];
/// Header fields whose values are secret.
const SECRET_FIELDS: [&str; 3] = ["authorization", "proxy-authorization", "cookie"];
/// How much of a secret is left to tell it from another one, and how long it must be for that.
const LEFT: usize = 4;
const LONG_ENOUGH: usize = 12;
/// What stands where something is left out.
const OMISSION: &str = "…";

impl Secrets {
    /// The event as it may be shown.
    pub(crate) fn line<'a>(self, line: &'a Line) -> Cow<'a, Line> {
        let event = match (self, &line.event) {
            (Self::Whole, _) => return Cow::Borrowed(line),
            (Self::Shortened, Event::NotTls(not_tls)) => {
                let mut not_tls = not_tls.clone();
                let masked = Masked::of(not_tls.received.octets());
                masked.move_evidence(&mut not_tls.findings, Part::Received);
                not_tls.received = not_tls.received.with(&masked.octets);
                Event::NotTls(not_tls)
            }
            (Self::Shortened, Event::Request(request)) => Event::Request(Box::new(masked_request(request))),
            (Self::Shortened, Event::Upstream(upstream)) => {
                let mask = |octets: &Octets| octets.with(&self.mask(octets.octets()));
                let (request, head) = (mask(&upstream.request), mask(&upstream.head));
                let body = upstream.body.with(&masked_foreign(upstream.body.octets()));
                Event::Upstream(Box::new(Upstream { request, head, body, ..upstream.as_ref().clone() }))
            }
            (Self::Shortened, Event::Response(response)) => Event::Response(Response {
                head: response.head.with(&self.mask(response.head.octets())),
                body: response.body.with(&masked_content(response)),
                ..response.clone()
            }),
            (Self::Shortened, _) => return Cow::Borrowed(line),
        };
        Cow::Owned(Line { event, ..*line })
    }

    /// The attempt as it may be shown: without the keys to its records, and without secrets in
    /// events and in segments that were not encrypted. Every length stays.
    #[allow(dead_code, reason = "for what stores, shows and exports attempts")]
    pub(crate) fn attempt(self, attempt: &Attempt) -> Cow<'_, Attempt> {
        if self == Self::Whole {
            return Cow::Borrowed(attempt);
        }
        let mut masked = attempt.clone();
        masked.key_log.clear();
        for line in &mut masked.lines {
            *line = Arc::new(self.line(line).into_owned());
        }
        for direction in [Direction::In, Direction::Out] {
            blank_segments(&mut masked, direction);
        }
        Cow::Owned(masked)
    }

    /// The octets with each secret shortened: in header fields, in JSON and in form encoding,
    /// well-formed or not.
    pub(crate) fn mask(self, octets: &[u8]) -> Vec<u8> {
        match self {
            Self::Shortened => Masked::of(octets).octets,
            Self::Whole => octets.to_vec(),
        }
    }

    pub(crate) fn mask_text(self, text: &str) -> String {
        String::from_utf8_lossy(&self.mask(text.as_bytes())).into_owned()
    }
}

fn masked_request(request: &Request) -> Request {
    let mut findings = request.findings.clone();
    let mut mask = |octets: &Octets, part| {
        let masked = Masked::of(octets.octets());
        masked.move_evidence(&mut findings, part);
        octets.with(&masked.octets)
    };
    let head = mask(&request.head, Part::Head);
    let body = mask(&request.body, Part::Body);
    let extra = mask(&request.extra, Part::Extra);
    let headers = request.headers.iter().map(|Header { name, value }| {
        let value = masked_field(name, value);
        Header { name: name.clone(), value }
    });
    Request {
        target: Secrets::Shortened.mask_text(&request.target),
        headers: headers.collect(),
        head,
        body,
        extra,
        findings,
        ..request.clone()
    }
}

/// A response's content. An echo that cannot be read as one is left out: it holds the whole request.
fn masked_content(response: &Response) -> Vec<u8> {
    let content = response.body.octets();
    match response.route {
        Route::Echo if content.is_empty() => Vec::new(),
        Route::Echo => answer::masked_echo(content).unwrap_or_else(|| OMISSION.as_bytes().to_vec()),
        Route::Proxy => masked_foreign(content),
        Route::Token | Route::Script | Route::Http => Secrets::Shortened.mask(content),
    }
}

/// The content of another service's answer, which may be an echo such as this server's.
fn masked_foreign(content: &[u8]) -> Vec<u8> {
    answer::masked_echo(content).unwrap_or_else(|| Secrets::Shortened.mask(content))
}

/// The value of one header field.
pub(super) fn masked_field(name: &str, value: &str) -> String {
    if !SECRET_FIELDS.iter().any(|field| field.eq_ignore_ascii_case(name)) {
        return value.to_owned();
    }
    let (scheme, credentials) = value.as_bytes().split_at(scheme_length(value.as_bytes()));
    String::from_utf8_lossy(&[scheme, &shortened(credentials)].concat()).into_owned()
}

/// Overwrites secrets in what went one way: they may lie across segments.
fn blank_segments(attempt: &mut Attempt, direction: Direction) {
    let segments = || attempt.segments.iter().filter(move |segment| segment.direction == direction);
    let mut all: Vec<u8> = segments().flat_map(|segment| segment.octets.iter().copied()).collect();
    let secrets = find(&all);
    if secrets.is_empty() {
        return;
    }
    for secret in secrets {
        all.get_mut(secret).unwrap_or_default().fill(b'*');
    }
    let mut rest = all.as_slice();
    for segment in attempt.segments.iter_mut().filter(|segment| segment.direction == direction) {
        let (octets, after) = rest.split_at_checked(segment.octets.len()).unwrap_or((rest, &[]));
        segment.octets = octets.into();
        rest = after;
    }
}

/// Octets with their secrets shortened, and where each of them was.
struct Masked {
    octets: Vec<u8>,
    /// Each secret, and the octets that are there instead of it.
    secrets: Vec<(Range<usize>, usize)>,
}

impl Masked {
    fn of(octets: &[u8]) -> Self {
        let mut found = find(octets);
        found.sort_by_key(|range| range.start);
        let mut masked = Self { octets: Vec::with_capacity(octets.len()), secrets: Vec::new() };
        let mut at = 0;
        for secret in found {
            // What overlaps an earlier one is gone already.
            if secret.start < at {
                continue;
            }
            let short = shortened(octets.get(secret.clone()).unwrap_or_default());
            masked.octets.extend_from_slice(octets.get(at..secret.start).unwrap_or_default());
            masked.octets.extend_from_slice(&short);
            at = secret.end;
            masked.secrets.push((secret, short.len()));
        }
        masked.octets.extend_from_slice(octets.get(at..).unwrap_or_default());
        masked
    }

    /// Findings point at octets; these have moved.
    fn move_evidence(&self, findings: &mut [Finding], part: Part) {
        for evidence in findings.iter_mut().filter_map(|finding| finding.evidence.as_mut()) {
            if evidence.part == part {
                evidence.start = self.position(evidence.start);
                evidence.end = self.position(evidence.end);
            }
        }
    }

    /// Where an octet of the original is now; those of a secret are at its beginning.
    fn position(&self, original: usize) -> usize {
        let (mut removed, mut added) = (0, 0);
        for (secret, instead) in &self.secrets {
            if original < secret.end {
                return original.min(secret.start) + added - removed;
            }
            removed += secret.len();
            added += instead;
        }
        original + added - removed
    }
}

fn find(octets: &[u8]) -> Vec<Range<usize>> {
    let mut secrets = Vec::new();
    for name in SECRET_PARAMETERS {
        for (start, window) in octets.windows(name.len()).enumerate() {
            if window != name {
                continue;
            }
            let before = start.checked_sub(1).and_then(|before| octets.get(before));
            let after = start + name.len();
            // JSON within a string of JSON has backslashes in front of its quotes.
            let depth = backslashes(octets, after);
            secrets.extend(match (before, octets.get(after + depth)) {
                (Some(b'"'), Some(b'"')) => json_string(octets, after + depth + 1, depth),
                (None | Some(b'&' | b'?' | b'\n' | b'"'), Some(b'=')) if depth == 0 => {
                    Some(form_value(octets, after + 1))
                }
                _ => None,
            });
        }
    }
    let mut at = 0;
    for line in octets.split_inclusive(|octet| *octet == b'\n') {
        secrets.extend(field_value(line).map(|value| at + value.start..at + value.end));
        at += line.len();
    }
    secrets
}

/// The inside of the string after a colon, as it is written; to the end where it has no end. Its quotes
/// have `depth` backslashes in front of them.
fn json_string(octets: &[u8], from: usize, depth: usize) -> Option<Range<usize>> {
    let rest = octets.get(from..)?;
    let quoted = rest.trim_ascii_start().strip_prefix(b":")?.trim_ascii_start();
    let inside = quoted.get(backslashes(quoted, 0)..)?.strip_prefix(b"\"")?;
    let start = octets.len() - inside.len();
    let mut run = 0;
    let length = inside.iter().position(|octet| {
        // Of a string within a string too much is taken rather than too little.
        let ends = *octet == b'"' && if depth == 0 { run % 2 == 0 } else { run <= depth };
        run = if *octet == b'\\' { run + 1 } else { 0 };
        ends
    });
    Some(start..start + length.unwrap_or(inside.len()))
}

/// How many there are from here.
fn backslashes(octets: &[u8], from: usize) -> usize {
    octets.get(from..).unwrap_or_default().iter().take_while(|octet| **octet == b'\\').count()
}

fn form_value(octets: &[u8], from: usize) -> Range<usize> {
    let rest = octets.get(from..).unwrap_or_default();
    let length = rest.iter().position(|octet| matches!(octet, b'&' | b'\r' | b'\n' | b' '));
    from..from + length.unwrap_or(rest.len())
}

/// The credentials in a line of a head, without their scheme.
fn field_value(line: &[u8]) -> Option<Range<usize>> {
    let colon = line.iter().position(|octet| *octet == b':')?;
    let (name, value) = line.split_at(colon);
    SECRET_FIELDS.iter().find(|field| name.trim_ascii().eq_ignore_ascii_case(field.as_bytes()))?;
    let value = value.get(1..)?.trim_ascii_start();
    let start = line.len() - value.len() + scheme_length(value);
    Some(start..line.trim_ascii_end().len().max(start))
}

/// The scheme in front of credentials (RFC 9110 §11.4), with its space.
fn scheme_length(value: &[u8]) -> usize {
    value.iter().position(|octet| *octet == b' ').map_or(0, |space| space + 1)
}

fn shortened(secret: &[u8]) -> Vec<u8> {
    let left = if secret.len() >= LONG_ENOUGH { secret.get(..LEFT) } else { None };
    [left.unwrap_or_default(), OMISSION.as_bytes()].concat()
}

#[cfg(test)]
#[path = "secrets_tests.rs"]
mod tests;
