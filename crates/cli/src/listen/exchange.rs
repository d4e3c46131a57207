//! What happens inside an established TLS connection: one request, its answer, and the end.

use jiff::Timestamp;

use super::answer::{self, Answer};
use super::attempt::Service;
use super::event::{Closed, Event, Header, How, Request, Response, Route};
use super::hints;
use super::http::{Framing, Progress, Reader};
use super::log::Recorder;
use super::octets::Octets;
use super::request_check::{self, Outcome};
use super::secrets::Secrets;
use super::session::{self, Received, Session};
use crate::finding::Finding;

/// Octets that are read after the request.
const MAX_EXTRA: usize = 64 * 1024;

/// Reads a request, answers it, and sees how the client ends the connection.
pub(super) fn serve(
    session: &mut Session,
    server_name: Option<&str>,
    service: &Service,
    recorder: &Recorder<'_>,
) {
    let mut reader = Reader::default();
    let mut records = Vec::new();
    let (outcome, ended) = read_request(session, &mut reader, &mut records);
    let findings = request_check::check(&reader, &outcome, &records, server_name);
    if records.is_empty() {
        session.close();
        finish(session, ended, findings, None, service, recorder);
        return;
    }
    recorder.event(Event::Request(Box::new(describe_request(&reader, records, findings, service.secrets))));
    let method = reader.head().map_or("", |head| head.method.as_str()).to_owned();
    if let Some(answer) = answer_to(&outcome, &ended, &reader, service) {
        let octets = answer.encode(&method, Timestamp::now());
        session.wire.begin_stage();
        if session.send(&octets).is_ok() {
            let body = (answer.route != Route::Echo)
                .then(|| service.secrets.mask_text(String::from_utf8_lossy(&answer.body).trim_end()));
            recorder.event(Event::Response(Response {
                status: answer.status,
                reason: answer::reason(answer.status).to_owned(),
                route: answer.route,
                octets: octets.len(),
                body,
            }));
        }
    }
    session.close();
    // Only after a whole request are further octets too many.
    let framing = reader.head().filter(|_| outcome == Outcome::Complete).map(|head| head.framing);
    finish(session, ended, Vec::new(), framing, service, recorder);
}

/// How the client ended its side, and the alert that it sent.
type Ended = Option<(How, Option<u8>)>;

fn read_request(session: &mut Session, reader: &mut Reader, records: &mut Vec<usize>) -> (Outcome, Ended) {
    session.wire.begin_stage();
    loop {
        let octets = match session.receive() {
            Ok(Received::Plaintext(octets)) if octets.is_empty() => continue,
            Ok(Received::Plaintext(octets)) => octets,
            Ok(Received::CloseNotify) => {
                let why = "the client sent close_notify".to_owned();
                return (Outcome::CutShort(why), Some((How::CloseNotify, None)));
            }
            Err(failure) => {
                let why = failure.describe(session.wire.limit());
                return (Outcome::CutShort(why), Some(failure.ended()));
            }
        };
        records.push(octets.len());
        let had_head = reader.head().is_some();
        match reader.add(&octets) {
            Progress::Complete => return (Outcome::Complete, None),
            Progress::Refused(refusal) => return (Outcome::Refused(refusal), None),
            Progress::NeedsHead => {}
            Progress::NeedsBody if had_head => {}
            Progress::NeedsBody => {
                session.wire.begin_stage();
                // RFC 9110 §10.1.1: the client holds the body back until it gets this.
                let expects = reader.head().and_then(|head| head.value("expect"));
                if expects.is_some_and(|value| value.eq_ignore_ascii_case("100-continue"))
                    && let Err(end) = session.send(b"HTTP/1.1 100 Continue\r\n\r\n")
                {
                    let why = end.describe(session.wire.limit());
                    return (Outcome::CutShort(why), Some((end.into(), None)));
                }
            }
        }
    }
}

fn answer_to(outcome: &Outcome, ended: &Ended, reader: &Reader, service: &Service) -> Option<Answer> {
    match (outcome, reader.head()) {
        (Outcome::Complete, Some(head)) => {
            let mut random = [0; 32];
            // A server without randomness has not come as far as this: TLS needs it too.
            getrandom::fill(&mut random).ok()?;
            Some(answer::answer(head, reader.body(), service.client.as_ref(), random))
        }
        (Outcome::Refused(refusal), _) => Some(answer::refuse(refusal)),
        (Outcome::CutShort(why), _) if matches!(ended, Some((How::TimedOut, _))) => {
            Some(answer::timed_out(why))
        }
        (Outcome::CutShort(_) | Outcome::Complete, _) => None,
    }
}

fn describe_request(
    reader: &Reader,
    records: Vec<usize>,
    findings: Vec<Finding>,
    secrets: Secrets,
) -> Request {
    let shown = |octets: &[u8]| Octets::new(&secrets.mask(octets), octets.len());
    let head = reader.head();
    Request {
        method: head.map_or_else(String::new, |head| head.method.clone()),
        target: head.map_or_else(String::new, |head| secrets.mask_text(&head.target)),
        version: head.map_or_else(String::new, |head| format!("HTTP/1.{}", head.minor_version)),
        headers: head
            .map(|head| head.fields.as_slice())
            .unwrap_or_default()
            .iter()
            .map(|(name, value)| Header { name: name.clone(), value: secrets.mask_field(name, value) })
            .collect(),
        head: shown(reader.head_octets()),
        body: shown(reader.body()),
        extra: shown(reader.extra()),
        records,
        findings,
    }
}

/// Waits for the client to end its side, and tells how it did.
fn finish(
    session: &mut Session,
    mut ended_as: Ended,
    mut findings: Vec<Finding>,
    framing: Option<Framing>,
    service: &Service,
    recorder: &Recorder<'_>,
) {
    session.wire.begin_stage();
    let mut late = Vec::new();
    let (how, alert) = loop {
        if let Some(ended) = ended_as {
            break ended;
        }
        ended_as = match session.receive() {
            Ok(Received::Plaintext(octets)) => {
                late.extend_from_slice(&octets);
                (late.len() > MAX_EXTRA).then_some((How::KeptSending, None))
            }
            Ok(Received::CloseNotify) => Some((How::CloseNotify, None)),
            Err(failure) => Some(failure.ended()),
        };
    };
    findings.extend(framing.and_then(|framing| request_check::extra(&late, framing)));
    if let Some(number) = alert {
        let title = format!("the client sent the alert {} after the handshake", session::alert(number).name);
        let mut finding = Finding::error("alert-after-handshake", title);
        finding.hint = hints::for_client_alert(number, &service.anchors);
        findings.push(finding);
    }
    let wire = &session.wire;
    recorder.event(Event::Closed(Closed {
        how,
        alert: alert.map(session::alert),
        octets_in: wire.octets_in,
        octets_out: wire.octets_out,
        findings,
    }));
}
