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
use find::{find, is_secret_field, scheme_length};

mod find;

/// Whether secrets are shortened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Secrets {
    Shortened,
    /// `--show-secrets`
    Whole,
}

/// How much of a secret is left to tell it from another one, and how long it must be for that.
const LEFT: usize = 4;
const LONG_ENOUGH: usize = 12;
/// What stands where something is left out.
const OMISSION: &str = "…";

impl Secrets {
    /// The event as it may be shown.
    pub(crate) fn line<'a>(self, line: &'a Line) -> Cow<'a, Line> {
        let mut event = match (self, &line.event) {
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
                let body = match is_encoded(upstream.head.octets()) {
                    true => left_out(upstream.body.octets()),
                    false => masked_foreign(upstream.body.octets()),
                };
                let body = upstream.body.with(&body);
                Event::Upstream(Box::new(Upstream { request, head, body, ..upstream.as_ref().clone() }))
            }
            (Self::Shortened, Event::Response(response)) => Event::Response(Response {
                head: response.head.with(&self.mask(response.head.octets())),
                body: response.body.with(&masked_content(response)),
                ..response.clone()
            }),
            (Self::Shortened, other) if other.findings().is_empty() => return Cow::Borrowed(line),
            (Self::Shortened, other) => other.clone(),
        };
        for finding in event.findings_mut() {
            // What was received may be repeated there.
            finding.title = self.mask_text(&finding.title);
        }
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
    let head = Masked::of(request.head.octets());
    let (body, extra) = match is_encoded(request.head.octets()) {
        true => (Masked::whole(request.body.octets()), Masked::whole(request.extra.octets())),
        false => masked_run(request.body.octets(), request.extra.octets()),
    };
    for (masked, part) in [(&head, Part::Head), (&body, Part::Body), (&extra, Part::Extra)] {
        masked.move_evidence(&mut findings, part);
    }
    let headers = request.headers.iter().map(|Header { name, value }| {
        let value = masked_field(name, value);
        Header { name: name.clone(), value }
    });
    Request {
        target: Secrets::Shortened.mask_text(&request.target),
        headers: headers.collect(),
        head: request.head.with(&head.octets),
        body: request.body.with(&body.octets),
        extra: request.extra.with(&extra.octets),
        findings,
        ..request.clone()
    }
}

/// Content and what came behind it: where Content-Length is too small, a secret begins in the one and ends
/// in the other.
fn masked_run(body: &[u8], extra: &[u8]) -> (Masked, Masked) {
    let end = body.len();
    let (mut in_body, mut in_extra) = (Vec::new(), Vec::new());
    for secret in find(&[body, extra].concat()) {
        if secret.start < end || secret.is_empty() && secret.end == end {
            in_body.push((secret.start..secret.end.min(end), Place::Beginning));
            if secret.end > end {
                in_extra.push((0..secret.end - end, Place::Rest));
            }
        } else {
            in_extra.push((secret.start - end..secret.end - end, Place::Beginning));
        }
    }
    (Masked::with(body, in_body), Masked::with(extra, in_extra))
}

/// Whether the content behind this head is compressed, say: no secret can be found there.
fn is_encoded(head: &[u8]) -> bool {
    head.split(|octet| *octet == b'\n').any(|line| {
        let (name, value) = line.split_at(line.iter().position(|octet| *octet == b':').unwrap_or(line.len()));
        let value = value.strip_prefix(b":").unwrap_or_default().trim_ascii();
        name.trim_ascii().eq_ignore_ascii_case(b"content-encoding")
            && !value.is_empty()
            && !value.eq_ignore_ascii_case(b"identity")
    })
}

/// In place of content that cannot be looked into.
fn left_out(content: &[u8]) -> Vec<u8> {
    if content.is_empty() { Vec::new() } else { OMISSION.as_bytes().to_vec() }
}

/// A response's content. An echo that cannot be read as one is left out: it holds the whole request.
fn masked_content(response: &Response) -> Vec<u8> {
    let content = response.body.octets();
    if is_encoded(response.head.octets()) {
        return left_out(content);
    }
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
    if !is_secret_field(name.as_bytes()) {
        return Secrets::Shortened.mask_text(value);
    }
    let scheme = scheme_length(name.as_bytes(), value.as_bytes());
    let (scheme, credentials) = value.as_bytes().split_at(scheme);
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

/// Which part of a secret something is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// All of it, or its beginning: a few characters of that are left.
    Beginning,
    /// What follows a part that is elsewhere.
    Rest,
}

impl Masked {
    fn of(octets: &[u8]) -> Self {
        Self::with(octets, find(octets).into_iter().map(|secret| (secret, Place::Beginning)))
    }

    /// Nothing is left of the octets, if there are any.
    fn whole(octets: &[u8]) -> Self {
        let all = (!octets.is_empty()).then_some((0..octets.len(), Place::Rest));
        Self::with(octets, all)
    }

    /// With these secrets, which are in order and do not overlap.
    fn with(octets: &[u8], found: impl IntoIterator<Item = (Range<usize>, Place)>) -> Self {
        let mut masked = Self { octets: Vec::with_capacity(octets.len()), secrets: Vec::new() };
        let mut at = 0;
        for (secret, place) in found {
            let short = match place {
                Place::Beginning => shortened(octets.get(secret.clone()).unwrap_or_default()),
                Place::Rest => OMISSION.as_bytes().to_vec(),
            };
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

fn shortened(secret: &[u8]) -> Vec<u8> {
    let left = if secret.len() >= LONG_ENOUGH { secret.get(..LEFT) } else { None };
    [left.unwrap_or_default(), OMISSION.as_bytes()].concat()
}

#[cfg(test)]
#[path = "secrets_tests.rs"]
mod tests;
