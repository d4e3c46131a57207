//! What happens inside an established TLS connection: requests, their answers, and the end.

use jiff::Timestamp;

use super::answer::{self, Answer, Ending};
use super::attempt::Service;
use super::event::{Closed, Event, How, Response, Route};
use super::framing_check;
use super::hints;
use super::http::Framing;
use super::hub::Recorder;
use super::octets::Octets;
use super::reading::{Ended, MAX_EXCHANGES, Next, Reading, read_request};
use super::request_check::{Context, Outcome};
use super::session::{self, Received, Session};
use crate::ca::CertificateFault;
use crate::finding::Finding;

/// Octets of one connection, both ways, after which it ends with the next answer: its events stay in
/// memory as long as it is open, and are one row of the store.
const MAX_OPEN_OCTETS: u64 = 4 * 1024 * 1024;
/// Octets that are read after the request.
const MAX_EXTRA: usize = 64 * 1024;

/// Reads requests, answers each, and sees how the client ends the connection.
pub(super) async fn serve(
    session: &mut Session,
    context: &Context<'_>,
    service: &Service,
    recorder: &Recorder,
) {
    let mut next = Next { octets: Vec::new(), after: None };
    for number in 1..=MAX_EXCHANGES {
        let after = next.after;
        let reading = read_request(session, next, &service.bodies).await;
        let mut findings = reading.check(context);
        if reading.is_none() {
            session.close().await;
            let late = reading.reader.head_octets().to_vec();
            let findings = if after.is_some() { Vec::new() } else { findings };
            let end = End { ended: reading.ended, late, after, findings };
            return finish(session, end, service, recorder).await;
        }
        if let (Some(fault), 1) = (service.fault, number) {
            findings.push(not_verified(fault));
        }
        recorder.event(Event::Request(Box::new(reading.describe(findings)))).await;
        let ending = respond(session, &reading, number, service, recorder).await;
        match ending {
            Ending::KeepAlive => {
                next = reading.next();
                continue;
            }
            Ending::Close => session.close().await,
            Ending::Fin => session.wire.close().await,
            Ending::Reset => {
                session.wire.reset_on_close();
                return closed(session, How::ServerReset, None, Vec::new(), recorder).await;
            }
        }
        // Only after a whole request are further octets too many.
        let after = reading.head().filter(|_| reading.outcome == Outcome::Complete);
        let after = after.map(|head| head.framing);
        let end = End { ended: reading.ended, late: Vec::new(), after, findings: Vec::new() };
        return finish(session, end, service, recorder).await;
    }
}

/// The request came although the certificate is one that nobody may take.
fn not_verified(fault: CertificateFault) -> Finding {
    let title = format!("the client sent its request to a server whose certificate {}", fault.describe());
    Finding::error("certificate-not-verified", title).hint(
        "whoever is on the way can read and change everything: switch verification on (`setInsecure()` and \
         `MBEDTLS_SSL_VERIFY_NONE` switch it off)",
    )
}

async fn respond(
    session: &mut Session,
    reading: &Reading,
    number: usize,
    service: &Service,
    recorder: &Recorder,
) -> Ending {
    let Some(mut answer) = answer_to(reading, service) else { return Ending::Close };
    // What cannot be read or is refused here is not passed on, and neither is what a script answers.
    if let (Some(proxy), Some(head), Route::Token | Route::Echo) =
        (&service.proxy, reading.head(), answer.route)
    {
        let (upstream, passed) = proxy.pass_on(head, reading.reader.body(), service.timeout).await;
        recorder.event(Event::Upstream(Box::new(upstream))).await;
        answer = passed;
    }
    let method = reading.head().map_or("", |head| head.method.as_str());
    let carried = session.wire.octets_in.saturating_add(session.wire.octets_out);
    let ending = match answer.ending {
        Ending::KeepAlive if carried >= MAX_OPEN_OCTETS => Ending::Close,
        Ending::KeepAlive => reading.ending(number),
        other => other,
    };
    let minor_version = reading.head().map_or(1, |head| head.minor_version);
    tokio::time::sleep(answer.delay).await;
    let (head, body) = answer.encode(method, minor_version, ending, Timestamp::now());
    let most = answer.octets.unwrap_or(usize::MAX);
    let head = head.get(..most).unwrap_or(&head);
    let body = body.get(..most - head.len()).unwrap_or(&body);
    session.wire.begin_stage();
    if session.send(&[head, body].concat()).await.is_err() {
        return Ending::Close;
    }
    let reason = if answer.reason.is_empty() { answer::reason(answer.status) } else { &answer.reason };
    let response = Response {
        status: answer.status,
        reason: reason.to_owned(),
        route: answer.route,
        octets: head.len() + body.len(),
        head: Octets::new(head),
        body: Octets::new(body),
    };
    recorder.event(Event::Response(response)).await;
    ending
}

fn answer_to(reading: &Reading, service: &Service) -> Option<Answer> {
    match (&reading.outcome, reading.head()) {
        (Outcome::Complete, Some(head)) => {
            if let Some(answer) = service.script.as_ref().and_then(|script| script.answer(head)) {
                return Some(answer);
            }
            let mut random = [0; 32];
            // A server without randomness has not come as far as this: TLS needs it too.
            getrandom::fill(&mut random).ok()?;
            Some(answer::answer(head, reading.reader.body(), service.client.as_ref(), random))
        }
        (Outcome::Refused(refusal), _) => Some(answer::refuse(refusal)),
        (Outcome::CutShort(why) | Outcome::TooSlow(why), _)
            if matches!(reading.ended, Some((How::TimedOut, _))) =>
        {
            Some(answer::timed_out(why))
        }
        (Outcome::CutShort(_) | Outcome::TooSlow(_) | Outcome::Complete, _) => None,
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
    findings.extend(end.after.and_then(|framing| framing_check::extra(&end.late, framing)));
    if let Some(number) = alert {
        let title = format!("the client sent the alert {} after the handshake", session::alert(number).name);
        let mut finding = Finding::error("alert-after-handshake", title);
        finding.hint = hints::for_client_alert(number, &service.anchors);
        findings.push(finding);
    }
    closed(session, how, alert, findings, recorder).await;
}

async fn closed(session: &Session, how: How, alert: Option<u8>, findings: Vec<Finding>, recorder: &Recorder) {
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
