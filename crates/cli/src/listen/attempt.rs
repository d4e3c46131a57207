//! One attempt, from the TCP connection to the end of its handshake: each stage reads, tells, and
//! hands on.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::net::TcpStream;
use tokio::sync::Semaphore;

use super::answer::{self, Ending};
use super::event::{Blame, ClientHello, Closed, Event, HandshakeFailed, How, NotTls, NotTlsKind};
use super::exchange;
use super::hello::{self, Assembler};
use super::hello_check::{self, Served};
use super::hints;
use super::hub::Recorder;
use super::oauth;
use super::octets::Octets;
use super::proxy::Proxy;
use super::request_check::Context;
use super::respond::Script;
use super::session::{self, Failure, Session};
use super::sessions::{Client, Sessions};
use super::wire::{End, Wire};
use crate::ca::{CertificateFault, Shape, SubjectName};
use crate::finding::{Finding, Part};

/// What every attempt is served with.
pub(super) struct Service {
    pub(super) config: rustls::ServerConfig,
    pub(super) shape: Shape,
    pub(super) names: Vec<SubjectName>,
    pub(super) anchors: String,
    pub(super) client: Option<oauth::Client>,
    pub(super) timeout: Duration,
    /// What is wrong with the certificate, where that was asked for.
    pub(super) fault: Option<CertificateFault>,
    /// Octets that bodies may take, all together.
    pub(super) bodies: Arc<Semaphore>,
    pub(super) sessions: Sessions,
    pub(super) script: Option<Script>,
    pub(super) proxy: Option<Proxy>,
}

/// Octets that are read of something that is not TLS.
const MAX_EXTRA: usize = 64 * 1024;
const HANDSHAKE: u8 = 22;
const RECORD_HEADER: usize = 5;

/// Serves one connection to its end.
pub(super) async fn serve(
    stream: TcpStream,
    peer: SocketAddr,
    local: SocketAddr,
    service: &Service,
    recorder: Recorder,
) {
    let mut wire = Wire::new(stream, service.timeout, recorder.tape());
    let mut end = None;
    while wire.buffer().len() < 3 && end.is_none() {
        end = wire.fill().await.err();
    }
    // Boxed, so that a connection that has sent nothing yet does not take the room for it.
    match recognise(wire.buffer()) {
        None => Box::pin(serve_tls(wire, peer.ip(), local, service, &recorder)).await,
        Some(kind) => Box::pin(serve_not_tls(wire, kind, end, &recorder)).await,
    }
    recorder.end().await;
}

/// None for TLS: a handshake record, or an alert.
fn recognise(octets: &[u8]) -> Option<NotTlsKind> {
    match octets {
        [] => Some(NotTlsKind::Nothing),
        [21 | HANDSHAKE, 3, ..] => None,
        [first, _, 1, ..] if first & 0x80 != 0 => Some(NotTlsKind::Ssl2),
        [one, two, three, ..] if [one, two, three].iter().all(|octet| octet.is_ascii_uppercase()) => {
            Some(NotTlsKind::PlainHttp)
        }
        _ => Some(NotTlsKind::Garbage),
    }
}

async fn serve_not_tls(mut wire: Wire, kind: NotTlsKind, mut end: Option<End>, recorder: &Recorder) {
    let mut answer = None;
    if kind == NotTlsKind::PlainHttp {
        let ends =
            |octets: &[u8]| octets.windows(4).any(|window| window == b"\r\n\r\n") || octets.len() > MAX_EXTRA;
        while !ends(wire.buffer()) && end.is_none() {
            end = wire.fill().await.err();
        }
        let (head, body) = answer::plain_http().encode("", 1, Ending::Close, Timestamp::now());
        wire.begin_stage();
        if wire.send(&[head.as_slice(), &body].concat()).await.is_ok() {
            answer = head
                .split(|octet| *octet == b'\r')
                .next()
                .map(|line| String::from_utf8_lossy(line).into_owned());
        }
    }
    let received = Octets::new(wire.buffer());
    let finding = not_tls_finding(kind, end, wire.limit()).at(Part::Received, 0..wire.buffer().len());
    let findings = vec![finding];
    recorder.event(Event::NotTls(NotTls { kind, received, answer, findings })).await;
    wire.close().await;
    let how = match end {
        Some(end) => end.into(),
        None => wire.drain().await,
    };
    closed(&wire, how, recorder).await;
}

fn not_tls_finding(kind: NotTlsKind, end: Option<End>, limit: Duration) -> Finding {
    match kind {
        NotTlsKind::PlainHttp => Finding::error("plain-http", "HTTP without TLS on a TLS port")
            .hint("use an `https` URL, and a client that has TLS under it"),
        NotTlsKind::Ssl2 => Finding::error("ssl2", "an SSL 2 hello, which no server takes any more")
            .hint("update the client's TLS library"),
        NotTlsKind::Garbage => Finding::error("not-tls", "the first octets are neither TLS nor HTTP")
            .hint("is the port the right one, and is TLS switched on in the client?"),
        NotTlsKind::Nothing => Finding::error(
            "nothing-sent",
            format!("no octet came: {}", end.unwrap_or(End::Fin).describe(limit)),
        )
        .hint("TCP works; did the client start TLS?"),
    }
}

async fn serve_tls(wire: Wire, peer: IpAddr, local: SocketAddr, service: &Service, recorder: &Recorder) {
    let mut session = match Session::new(wire, &service.config) {
        Ok(session) => session,
        Err(error) => {
            let reason = format!("the server is not able to start TLS: {error}");
            let finding = Finding::error("tls-refused", reason);
            let failed = HandshakeFailed::new(Blame::Server, None, finding);
            recorder.event(Event::HandshakeFailed(failed)).await;
            return;
        }
    };
    let mut greeting = None;
    match handshake(&mut session, &mut greeting, (peer, local.ip()), service, recorder).await {
        Ok(()) => {
            recorder.event(Event::Handshake(session.handshake())).await;
            if let Some(client) = greeting.as_ref().and_then(|greeting| greeting.client.clone()) {
                service.sessions.remember(client);
            }
            let server_name = greeting.as_ref().and_then(|greeting| greeting.server_name.as_deref());
            let context = Context { server_name, port: local.port() };
            exchange::serve(&mut session, &context, service, recorder).await;
        }
        Err(failure) => {
            let failed = handshake_failed(&failure, &session, greeting.as_ref(), service);
            recorder.event(Event::HandshakeFailed(failed)).await;
            session.wire.close().await;
            let how = match failure {
                Failure::End(end) => end.into(),
                Failure::Alert(_) => How::Alert,
                Failure::Tls(_) => session.wire.drain().await,
            };
            closed(&session.wire, how, recorder).await;
        }
    }
}

/// What is remembered of a ClientHello that came whole.
struct Greeting {
    server_name: Option<String>,
    client: Option<Client>,
    /// A HelloRetryRequest was the answer; a second ClientHello has to come.
    asked_again: bool,
}

async fn handshake(
    session: &mut Session,
    greeting: &mut Option<Greeting>,
    (peer, local): (IpAddr, IpAddr),
    service: &Service,
    recorder: &Recorder,
) -> Result<(), Failure> {
    let served = Served { shape: service.shape, names: &service.names, address: local };
    let mut assembler = Some(Assembler::default());
    let mut second = false;
    while session.is_handshaking() {
        let record = session.wire.take_record().await.map_err(Failure::End)?;
        if let (Some(hello), [HANDSHAKE, ..]) = (&mut assembler, record.as_slice()) {
            let complete = match hello.add(record.get(RECORD_HEADER..).unwrap_or_default()) {
                Ok(None) => None,
                Ok(Some((message, records))) => Some(hello::decode(&message, records)),
                Err(finding) => Some(ClientHello { findings: vec![finding], ..ClientHello::default() }),
            };
            if let Some(mut hello) = complete {
                hello.second = second;
                hello_check::check(&mut hello, &served);
                let client = Client::of(peer, &hello);
                if client.as_ref().is_some_and(|client| service.sessions.has(client)) {
                    hello_check::check_resumption(&mut hello);
                }
                let server_name = hello.server_name.clone();
                *greeting = Some(Greeting { server_name, client, asked_again: false });
                recorder.event(Event::ClientHello(Box::new(hello))).await;
                assembler = None;
                session.wire.begin_stage();
            }
        }
        session.handle(&record).await?;
        if session.hello_retry_requested() && !second {
            second = true;
            assembler = Some(Assembler::default());
            if let Some(greeting) = greeting {
                greeting.asked_again = true;
            }
        }
    }
    Ok(())
}

/// Whose fault it was, and what it means.
fn handshake_failed(
    failure: &Failure,
    session: &Session,
    greeting: Option<&Greeting>,
    service: &Service,
) -> HandshakeFailed {
    match failure {
        Failure::Alert(number) => {
            let mut finding = hints::client_alert(*number);
            finding.hint = hints::for_client_alert(*number, &service.anchors);
            HandshakeFailed::new(Blame::Client, Some(session::alert(*number)), finding)
        }
        Failure::Tls(error) => {
            let alert = session.alert_sent(error);
            let title = format!("the server refused: {}", hints::refusal(error));
            let mut finding = Finding::error("tls-refused", title);
            finding.hint = alert.as_ref().and_then(|alert| hints::for_server_alert(alert.number));
            HandshakeFailed::new(Blame::Server, alert, finding)
        }
        Failure::End(end) => {
            let why = end.describe(session.wire.limit());
            let finding = match (greeting, end) {
                (None, _) => Finding::error("no-client-hello", format!("no whole ClientHello came: {why}")),
                (Some(Greeting { asked_again: true, .. }), _) => {
                    Finding::error("hello-retry-not-answered", format!("asked for another key share, {why}"))
                        .hint(hints::NO_HELLO_RETRY)
                }
                (Some(_), End::TimedOut | End::TooSlow) => {
                    Finding::error("handshake-timeout", why).hint(hints::WENT_AWAY)
                }
                (Some(_), End::Fin | End::Reset) => {
                    Finding::error("handshake-abandoned", why).hint(hints::WENT_AWAY)
                }
            };
            HandshakeFailed::new(Blame::Connection, None, finding)
        }
    }
}

async fn closed(wire: &Wire, how: How, recorder: &Recorder) {
    let Wire { octets_in, octets_out, .. } = *wire;
    recorder
        .event(Event::Closed(Closed { how, alert: None, octets_in, octets_out, findings: Vec::new() }))
        .await;
}
