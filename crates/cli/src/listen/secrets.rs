//! Keeps secrets out of what is shown: the record of an attempt gets pasted into issue threads.
//!
//! Within the server everything is as it was received; what leaves it (text, JSON, page, store,
//! exports) goes through here first.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use super::capture::{Attempt, Direction};
use super::event::{Event, Header, Line, Request, Response};
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
            (Self::Shortened, Event::Response(response)) => Event::Response(Response {
                head: response.head.with(&self.mask(response.head.octets())),
                body: response.body.with(&self.mask(response.body.octets())),
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

/// The value of one header field.
fn masked_field(name: &str, value: &str) -> String {
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
            secrets.extend(match (before, octets.get(after)) {
                (Some(b'"'), Some(b'"')) => json_string(octets, after + 1),
                (None | Some(b'&' | b'?' | b'\n'), Some(b'=')) => Some(form_value(octets, after + 1)),
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

/// The inside of the string after a colon, as it is written; to the end where it has no end.
fn json_string(octets: &[u8], from: usize) -> Option<Range<usize>> {
    let rest = octets.get(from..)?;
    let inside = rest.trim_ascii_start().strip_prefix(b":")?.trim_ascii_start().strip_prefix(b"\"")?;
    let start = octets.len() - inside.len();
    let mut escaped = false;
    let length = inside.iter().position(|octet| {
        let ends = *octet == b'"' && !escaped;
        escaped = *octet == b'\\' && !escaped;
        ends
    });
    Some(start..start + length.unwrap_or(inside.len()))
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
    [left.unwrap_or_default(), "…".as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;
    use std::sync::Arc;

    use super::super::capture::{Direction, Tape};
    use super::super::event::{Event, Line, NotTls, NotTlsKind};
    use super::super::octets::Octets;
    use super::{Masked, Secrets, masked_field};
    use crate::finding::{Finding, Part};

    fn masked(text: &str) -> String {
        Secrets::Shortened.mask_text(text)
    }

    #[test]
    fn parameters_are_shortened_in_json_and_forms() {
        assert_eq!(masked(r#"{"client_secret" : "0123456789ab"}"#), r#"{"client_secret" : "0123…"}"#);
        assert_eq!(masked(r#"{"client_secret":"sh\"ort","a":"b"}"#), r#"{"client_secret":"…","a":"b"}"#);
        assert_eq!(masked(r#"{"client_secret":"0123456789ab no end"#), r#"{"client_secret":"0123…"#);
        assert_eq!(masked("a=b&client_secret=0123456789ab&c=d"), "a=b&client_secret=0123…&c=d");
        assert_eq!(masked("client_secret=x\r\n"), "client_secret=…\r\n");
        assert_eq!(masked("/a?code=x&b=c"), "/a?code=…&b=c");
        let other = r#"{"my_code":"x","client_id":"id","zipcode":"1"}"#;
        assert_eq!(masked(other), other);
    }

    #[test]
    fn credentials_are_shortened_in_heads() {
        assert_eq!(
            masked("POST / HTTP/1.1\r\nHost: x\r\nauthorization: Basic aWQ6c2VjcmV0\r\nCookie: a=b\r\n\r\n"),
            "POST / HTTP/1.1\r\nHost: x\r\nauthorization: Basic aWQ6…\r\nCookie: …\r\n\r\n"
        );
        assert_eq!(masked_field("Authorization", "Bearer 0123456789abcdef"), "Bearer 0123…");
        // One secret within another.
        assert_eq!(masked("Cookie: a=b&code=0123456789abcd\r\nHost: x"), "Cookie: a=b&…\r\nHost: x");
        assert_eq!(masked_field("Host", "x"), "x");
    }

    #[test]
    fn they_are_whole_on_request() {
        let text = r#"{"client_secret":"0123456789ab"}"#;
        assert_eq!(Secrets::Whole.mask_text(text), text);
    }

    #[test]
    fn evidence_moves_with_the_octets() {
        let original = br#"{"client_secret":"0123456789ab","password":"x",}"#;
        let masked = Masked::of(original);
        assert_eq!(masked.octets, r#"{"client_secret":"0123…","password":"…",}"#.as_bytes());
        let at = |octet| masked.octets.iter().rposition(|other| *other == octet);
        let before = original.iter().rposition(|octet| *octet == b',').unwrap();
        assert_eq!(Some(masked.position(before)), at(b','));
        assert_eq!(masked.position(0), 0);
        // Within a secret: where it begins.
        assert_eq!((masked.position(18), masked.position(25), masked.position(30)), (18, 18, 25));
        assert_eq!(masked.position(original.len()), masked.octets.len());
    }

    #[test]
    fn an_attempt_leaves_without_secrets_and_with_its_lengths() {
        let address = SocketAddr::from(([192, 0, 2, 1], 1));
        let tape = Tape::new(1, address, address);
        let request = b"POST / HTTP/1.1\r\nAuthorization: Basic c2VjcmV0c2VjcmV0\r\n\r\n";
        for piece in request.chunks(45) {
            tape.segment(Direction::In, piece);
        }
        tape.segment(Direction::Out, b"HTTP/1.1 400 Bad Request\r\n\r\n");
        tape.key("CLIENT_RANDOM 00 11".to_owned());
        let not_tls = NotTls {
            kind: NotTlsKind::PlainHttp,
            received: Octets::new(request),
            answer: None,
            findings: vec![Finding::note("x", "y").at(Part::Received, request.len() - 2..request.len())],
        };
        let event = Event::NotTls(not_tls);
        tape.line(Arc::new(Line { attempt: Some(1), milliseconds: Some(0), event }));
        let attempt = tape.end();
        assert_eq!(*Secrets::Whole.attempt(&attempt), attempt);
        let shown = Secrets::Shortened.attempt(&attempt).into_owned();
        assert!(shown.key_log.is_empty());
        let segments: Vec<&[u8]> = shown.segments.iter().map(|segment| &*segment.octets).collect();
        assert_eq!(segments.concat().len(), request.len() + 28);
        assert_eq!(segments[0], &b"POST / HTTP/1.1\r\nAuthorization: Basic *******"[..]);
        assert_eq!(segments[1], b"*********\r\n\r\n");
        let Event::NotTls(not_tls) = &shown.lines[0].event else { panic!() };
        assert_eq!(not_tls.received.count, request.len());
        let received = not_tls.received.octets();
        assert!(received.ends_with("Basic c2Vj…\r\n\r\n".as_bytes()));
        assert_eq!(not_tls.findings[0].evidence.as_ref().unwrap().end, received.len());
    }
}
