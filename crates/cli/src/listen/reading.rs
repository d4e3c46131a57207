//! Reading one request after the other out of an established TLS connection.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::answer::Ending;
use super::event::{Header, How, Request};
use super::http::{Framing, Head, Progress, Reader, Refusal};
use super::octets::Octets;
use super::request_check::{self, Context, Outcome};
use super::session::{Failure, Received, Session};
use super::wire;
use crate::finding::Finding;

/// Records of one request that are told one by one.
const MAX_RECORDS: usize = 4096;
/// Requests that one connection may bring.
pub(super) const MAX_EXCHANGES: usize = 100;

/// Where the next request begins.
pub(super) struct Next {
    /// What came of it with the one before.
    pub(super) octets: Vec<u8>,
    /// The framing of the request before, where there was one.
    pub(super) after: Option<Framing>,
}

/// A request as far as it came.
pub(super) struct Reading {
    pub(super) reader: Reader,
    pub(super) outcome: Outcome,
    pub(super) ended: Ended,
    /// Plaintext octets of each record, and when it was complete.
    records: Vec<(usize, u64)>,
    /// Whether this follows another request on the same connection.
    is_later: bool,
    /// The memory that its content may take.
    room: Option<OwnedSemaphorePermit>,
}

/// A body of up to this many octets needs no room of its own.
const SMALL_BODY: usize = 16 * 1024;

/// How the client ended its side, and the alert that it sent.
pub(super) type Ended = Option<(How, Option<u8>)>;

pub(super) async fn read_request(session: &mut Session, next: Next, bodies: &Arc<Semaphore>) -> Reading {
    session.wire.begin_stage();
    let mut reading = Reading {
        reader: Reader::default(),
        outcome: Outcome::Complete,
        ended: None,
        records: Vec::new(),
        is_later: next.after.is_some(),
        room: None,
    };
    let mut octets = next.octets;
    loop {
        if !octets.is_empty() {
            reading.count(octets.len(), session.wire.tape().microseconds());
            if let Some(outcome) = add(session, &mut reading, &octets, bodies).await {
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
                let why = failure.describe(session.wire.limit());
                reading.outcome = match failure {
                    Failure::End(wire::End::TooSlow) => Outcome::TooSlow(why),
                    _ => Outcome::CutShort(why),
                };
                reading.ended = Some(failure.ended());
                return reading;
            }
        };
    }
}

/// Adds octets to a request; gives the outcome when there is one.
async fn add(
    session: &mut Session,
    reading: &mut Reading,
    octets: &[u8],
    bodies: &Arc<Semaphore>,
) -> Option<Outcome> {
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
    let most = reading.reader.most();
    if most > SMALL_BODY {
        match Arc::clone(bodies).try_acquire_many_owned(u32::try_from(most).unwrap_or(u32::MAX)) {
            Ok(room) => reading.room = Some(room),
            Err(_) => return Some(Outcome::Refused(no_room())),
        }
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

/// All clients together send more than there is memory for.
fn no_room() -> Refusal {
    let title = "the server is busy: the bodies that come at the same time take too much memory";
    Refusal { status: 503, finding: Finding::warning("server-busy", title).hint("try again in a second") }
}

impl Reading {
    pub(super) fn head(&self) -> Option<&Head> {
        self.reader.head()
    }

    /// A record more; of very many the last stands for the rest.
    fn count(&mut self, octets: usize, microseconds: u64) {
        let many = self.records.len() >= MAX_RECORDS;
        match self.records.last_mut() {
            Some(last) if many => *last = (last.0 + octets, microseconds),
            _ => self.records.push((octets, microseconds)),
        }
    }

    /// Nothing came, or after another request nothing that begins like one.
    pub(super) fn is_none(&self) -> bool {
        let octets = self.reader.head_octets();
        self.head().is_none() && if self.is_later { !begins_request(octets) } else { octets.is_empty() }
    }

    pub(super) fn check(&self, context: &Context<'_>) -> Vec<Finding> {
        let records: Vec<usize> = self.records.iter().map(|(octets, _)| *octets).collect();
        request_check::check(&self.reader, &self.outcome, &records, context)
    }

    pub(super) fn describe(&self, findings: Vec<Finding>) -> Request {
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
    pub(super) fn next(&self) -> Next {
        Next { octets: self.reader.extra().to_vec(), after: self.head().map(|head| head.framing) }
    }

    /// Whether the connection can stay open after the answer.
    pub(super) fn ending(&self, number: usize) -> Ending {
        let extra = self.reader.extra();
        let fits = extra.is_empty() || (extra != b"\r\n" && begins_request(extra));
        match self.head() {
            Some(head) if self.outcome == Outcome::Complete && number < MAX_EXCHANGES && fits => {
                head.ending()
            }
            _ => Ending::Close,
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
    fn ending(&self) -> Ending {
        let has = |option: &str| {
            self.values("connection")
                .flat_map(|value| value.split(|octet| *octet == b','))
                .any(|value| value.trim_ascii().eq_ignore_ascii_case(option.as_bytes()))
        };
        if !has("close") && (self.minor_version >= 1 || has("keep-alive")) {
            Ending::KeepAlive
        } else {
            Ending::Close
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{MAX_RECORDS, Outcome, Reader, Reading, begins_request};

    #[test]
    fn records_without_end_take_no_memory() {
        let mut reading = Reading {
            reader: Reader::default(),
            outcome: Outcome::Complete,
            ended: None,
            records: Vec::new(),
            is_later: false,
            room: None,
        };
        for record in 0..MAX_RECORDS + 3 {
            reading.count(2, u64::try_from(record).unwrap());
        }
        assert_eq!(reading.records.len(), MAX_RECORDS);
        assert_eq!(reading.records.last(), Some(&(8, 4098)));
    }

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
