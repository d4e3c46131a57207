//! What happens inside an established TLS connection: requests, their answers, and the end.

use jiff::Timestamp;

use super::answer::{self, Answer, Persistence};
use super::attempt::Service;
use super::event::{Closed, Event, Header, How, Request, Response};
use super::hints;
use super::http::{Framing, Head, Progress, Reader};
use super::hub::Recorder;
use super::octets::Octets;
use super::request_check::{self, Outcome};
use super::session::{self, Received, Session};
use crate::finding::Finding;

/// Octets that are read after the request.
const MAX_EXTRA: usize = 64 * 1024;
/// Requests that one connection may bring.
const MAX_EXCHANGES: usize = 100;

/// Reads requests, answers each, and sees how the client ends the connection.
pub(super) async fn serve(
    session: &mut Session,
    server_name: Option<&str>,
    service: &Service,
    recorder: &Recorder,
) {
    let mut next = Next { octets: Vec::new(), after: None };
    for number in 1..=MAX_EXCHANGES {
        let after = next.after;
        let reading = read_request(session, next).await;
        let findings = reading.check(server_name);
        if reading.is_none() {
            session.close().await;
            let late = reading.reader.head_octets().to_vec();
            let findings = if after.is_some() { Vec::new() } else { findings };
            let end = End { ended: reading.ended, late, after, findings };
            return finish(session, end, service, recorder).await;
        }
        recorder.event(Event::Request(Box::new(reading.describe(findings)))).await;
        match respond(session, &reading, number, service, recorder).await {
            Persistence::KeepAlive => next = reading.next(),
            Persistence::Close => {
                session.close().await;
                // Only after a whole request are further octets too many.
                let after = reading.head().filter(|_| reading.outcome == Outcome::Complete);
                let after = after.map(|head| head.framing);
                let end = End { ended: reading.ended, late: Vec::new(), after, findings: Vec::new() };
                return finish(session, end, service, recorder).await;
            }
        }
    }
}

/// Where the next request begins.
struct Next {
    /// What came of it with the one before.
    octets: Vec<u8>,
    /// The framing of the request before, where there was one.
    after: Option<Framing>,
}

/// A request as far as it came.
struct Reading {
    reader: Reader,
    outcome: Outcome,
    ended: Ended,
    /// Plaintext octets of each record, and when it was complete.
    records: Vec<(usize, u64)>,
    /// Whether this follows another request on the same connection.
    is_later: bool,
}

/// How the client ended its side, and the alert that it sent.
type Ended = Option<(How, Option<u8>)>;

async fn read_request(session: &mut Session, next: Next) -> Reading {
    session.wire.begin_stage();
    let mut reading = Reading {
        reader: Reader::default(),
        outcome: Outcome::Complete,
        ended: None,
        records: Vec::new(),
        is_later: next.after.is_some(),
    };
    let mut octets = next.octets;
    loop {
        if !octets.is_empty() {
            reading.records.push((octets.len(), session.wire.tape().microseconds()));
            if let Some(outcome) = add(session, &mut reading, &octets).await {
                reading.outcome = outcome;
                return reading;
            }
        }
        octets = match session.receive().await {
            Ok(Received::Plaintext(octets)) => octets,
            Ok(Received::CloseNotify) => {
                reading.ended = Some((How::CloseNotify, None));
                reading.outcome = Outcome::CutShort("the client sent close_notify".to_owned());
                return reading;
            }
            Err(failure) => {
                reading.outcome = Outcome::CutShort(failure.describe(session.wire.limit()));
                reading.ended = Some(failure.ended());
                return reading;
            }
        };
    }
}

/// Adds octets to a request; gives the outcome when there is one.
async fn add(session: &mut Session, reading: &mut Reading, octets: &[u8]) -> Option<Outcome> {
    let had_head = reading.reader.head().is_some();
    match reading.reader.add(octets) {
        Progress::Complete => return Some(Outcome::Complete),
        Progress::Refused(refusal) if reading.is_none() => {
            return Some(Outcome::CutShort(refusal.finding.title));
        }
        Progress::Refused(refusal) => return Some(Outcome::Refused(refusal)),
        Progress::NeedsHead => return None,
        Progress::NeedsBody if had_head => return None,
        Progress::NeedsBody => {}
    }
    session.wire.begin_stage();
    // RFC 9110 §10.1.1: the client holds the body back until it gets this.
    let expects = reading.head().and_then(|head| head.value("expect"));
    if expects.is_some_and(|value| value.eq_ignore_ascii_case("100-continue"))
        && let Err(end) = session.send(b"HTTP/1.1 100 Continue\r\n\r\n").await
    {
        reading.ended = Some((end.into(), None));
        return Some(Outcome::CutShort(end.describe(session.wire.limit())));
    }
    None
}

impl Reading {
    fn head(&self) -> Option<&Head> {
        self.reader.head()
    }

    /// Nothing came, or after another request nothing that begins like one.
    fn is_none(&self) -> bool {
        let octets = self.reader.head_octets();
        self.head().is_none() && if self.is_later { !begins_request(octets) } else { octets.is_empty() }
    }

    fn check(&self, server_name: Option<&str>) -> Vec<Finding> {
        let records: Vec<usize> = self.records.iter().map(|(octets, _)| *octets).collect();
        request_check::check(&self.reader, &self.outcome, &records, server_name)
    }

    fn describe(&self, findings: Vec<Finding>) -> Request {
        let head = self.head();
        let (records, record_microseconds) = self.records.iter().copied().unzip();
        Request {
            method: head.map_or_else(String::new, |head| head.method.clone()),
            target: head.map_or_else(String::new, |head| head.target.clone()),
            version: head.map_or_else(String::new, |head| format!("HTTP/1.{}", head.minor_version)),
            headers: head.map(Head::headers).unwrap_or_default(),
            head: Octets::new(self.reader.head_octets()),
            body: Octets::new(self.reader.body()),
            extra: Octets::new(self.reader.extra()),
            records,
            record_microseconds,
            findings,
        }
    }

    /// The request after this one, which was whole.
    fn next(&self) -> Next {
        Next { octets: self.reader.extra().to_vec(), after: self.head().map(|head| head.framing) }
    }

    /// Whether the connection can stay open after the answer.
    fn persistence(&self, number: usize) -> Persistence {
        let extra = self.reader.extra();
        let fits = extra.is_empty() || (extra != b"\r\n" && begins_request(extra));
        match self.head() {
            Some(head) if self.outcome == Outcome::Complete && number < MAX_EXCHANGES && fits => {
                head.persistence()
            }
            _ => Persistence::Close,
        }
    }
}

/// Whether octets after a request may be another: empty lines (RFC 9112 §2.2), and then a method.
fn begins_request(octets: &[u8]) -> bool {
    let is_line_end = |octet: &u8| matches!(octet, b'\r' | b'\n');
    let start = octets.iter().position(|octet| !is_line_end(octet)).unwrap_or(octets.len());
    let method = octets.get(start..).unwrap_or_default().split(|octet| *octet == b' ').next();
    let method = method.unwrap_or_default();
    (1..=16).contains(&method.len()) && method.iter().all(u8::is_ascii_uppercase)
}

async fn respond(
    session: &mut Session,
    reading: &Reading,
    number: usize,
    service: &Service,
    recorder: &Recorder,
) -> Persistence {
    let Some(answer) = answer_to(reading, service) else { return Persistence::Close };
    let method = reading.head().map_or("", |head| head.method.as_str());
    let persistence = match answer.persistence {
        Persistence::KeepAlive => reading.persistence(number),
        Persistence::Close => Persistence::Close,
    };
    let minor_version = reading.head().map_or(1, |head| head.minor_version);
    let (head, body) = answer.encode(method, minor_version, persistence, Timestamp::now());
    session.wire.begin_stage();
    if session.send(&[head.as_slice(), &body].concat()).await.is_err() {
        return Persistence::Close;
    }
    let response = Response {
        status: answer.status,
        reason: answer::reason(answer.status).to_owned(),
        route: answer.route,
        octets: head.len() + body.len(),
        head: Octets::new(&head),
        body: Octets::new(&body),
    };
    recorder.event(Event::Response(response)).await;
    persistence
}

fn answer_to(reading: &Reading, service: &Service) -> Option<Answer> {
    match (&reading.outcome, reading.head()) {
        (Outcome::Complete, Some(head)) => {
            let mut random = [0; 32];
            // A server without randomness has not come as far as this: TLS needs it too.
            getrandom::fill(&mut random).ok()?;
            Some(answer::answer(head, reading.reader.body(), service.client.as_ref(), random))
        }
        (Outcome::Refused(refusal), _) => Some(answer::refuse(refusal)),
        (Outcome::CutShort(why), _) if matches!(reading.ended, Some((How::TimedOut, _))) => {
            Some(answer::timed_out(why))
        }
        (Outcome::CutShort(_) | Outcome::Complete, _) => None,
    }
}

/// What is known when the server has said its last.
struct End {
    ended: Ended,
    /// What came after the last request.
    late: Vec<u8>,
    /// The framing of the last request, where it was whole.
    after: Option<Framing>,
    findings: Vec<Finding>,
}

/// Waits for the client to end its side, and tells how it did.
async fn finish(session: &mut Session, mut end: End, service: &Service, recorder: &Recorder) {
    session.wire.begin_stage();
    let (how, alert) = loop {
        if let Some(ended) = end.ended {
            break ended;
        }
        end.ended = match session.receive().await {
            Ok(Received::Plaintext(octets)) => {
                end.late.extend_from_slice(&octets);
                (end.late.len() > MAX_EXTRA).then_some((How::KeptSending, None))
            }
            Ok(Received::CloseNotify) => Some((How::CloseNotify, None)),
            Err(failure) => Some(failure.ended()),
        };
    };
    let mut findings = end.findings;
    findings.extend(end.after.and_then(|framing| request_check::extra(&end.late, framing)));
    if let Some(number) = alert {
        let title = format!("the client sent the alert {} after the handshake", session::alert(number).name);
        let mut finding = Finding::error("alert-after-handshake", title);
        finding.hint = hints::for_client_alert(number, &service.anchors);
        findings.push(finding);
    }
    let wire = &session.wire;
    let closed = Closed {
        how,
        alert: alert.map(session::alert),
        octets_in: wire.octets_in,
        octets_out: wire.octets_out,
        findings,
    };
    recorder.event(Event::Closed(closed)).await;
}

impl Head {
    /// The fields as they are shown.
    fn headers(&self) -> Vec<Header> {
        let header = |(name, value): &(String, Vec<u8>)| Header {
            name: name.clone(),
            value: String::from_utf8_lossy(value).into_owned(),
        };
        self.fields.iter().map(header).collect()
    }

    /// RFC 9112 §9.3.
    fn persistence(&self) -> Persistence {
        let has = |option: &str| {
            self.values("connection")
                .flat_map(|value| value.split(|octet| *octet == b','))
                .any(|value| value.trim_ascii().eq_ignore_ascii_case(option.as_bytes()))
        };
        if !has("close") && (self.minor_version >= 1 || has("keep-alive")) {
            Persistence::KeepAlive
        } else {
            Persistence::Close
        }
    }
}

#[cfg(test)]
mod tests {
    use super::begins_request;

    #[test]
    fn requests_are_told_from_other_octets() {
        for octets in ["GET / HTTP/1.1", "\r\n\r\nPOST /", "P"] {
            assert!(begins_request(octets.as_bytes()), "{octets}");
        }
        for octets in ["", "\r\n", "{\"a\":1}", "get /", " GET /", "AAAAAAAAAAAAAAAAA", "\u{16}"] {
            assert!(!begins_request(octets.as_bytes()), "{octets}");
        }
    }
}
