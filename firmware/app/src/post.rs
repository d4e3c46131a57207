//! The POST itself, and the report about it.

use embassy_net::Stack;
use heapless::Vec;
use picopost::rand_core::TryCryptoRng;
use picopost::tls::{CertificateDer, Connection};
use picopost::{
    Buffers, Device, Exchange, Observer, Octets, Request, Session, SignatureMemo, Stage, Summary, Trust,
    TrustAnchor, Url, asynch,
};
use webpki::anchor_from_trusted_cert;

use crate::tcp::Connector;
use crate::{
    Board, EXIT_FAILED, EXIT_GOOD, EXIT_PARAMETERS, MAX_ANCHORS, Malformed, Meter, Parameters, Report, token,
};

/// Records of 4 KiB: a server that honours neither record_size_limit nor max_fragment_length must
/// be told to send no larger ones.
const RECEIVE: usize = 5 + 4096 + 256;
const SEND: usize = 1024;
const RESPONSE: usize = 2048;

/// The buffers of one connection, and what is kept from one to the next, for the board to put where
/// it has room.
#[derive(Debug)]
pub struct Memory {
    session: Session,
    memo: SignatureMemo,
    tls_receive: [u8; RECEIVE],
    tls_send: [u8; SEND],
    response: [u8; RESPONSE],
    tcp_receive: [u8; 4096],
    tcp_transmit: [u8; 1024],
}

impl Memory {
    /// Empty buffers.
    #[expect(clippy::new_without_default, reason = "a default value would be built on the stack")]
    pub const fn new() -> Self {
        Self {
            session: Session::new(),
            memo: SignatureMemo::new(),
            tls_receive: [0; RECEIVE],
            tls_send: [0; SEND],
            response: [0; RESPONSE],
            tcp_receive: [0; 4096],
            tcp_transmit: [0; 1024],
        }
    }
}

/// POSTs, and reports: the exit status.
pub(crate) async fn post<E: TryCryptoRng>(
    board: Board<'_, E>,
    network: Stack<'_>,
    parameters: &Parameters<'_>,
    memory: &mut Memory,
) -> u8 {
    let Board { console, entropy, anchors: built_in, clock, instructions, peak_stack, .. } = board;
    let mut report = Report::new(console);
    let certificates: Vec<_, MAX_ANCHORS> = parameters.anchors().map(CertificateDer::from).collect();
    let anchors = match trust_anchors(&certificates) {
        Ok(anchors) => anchors,
        Err(error) => {
            report.error(Stage::Setup, error.code(), &error);
            return EXIT_PARAMETERS;
        }
    };
    let anchors = built_in.unwrap_or(&anchors);
    let Memory { session, memo, tls_receive, tls_send, response, tcp_receive, tcp_transmit } = memory;
    let mut connector = Connector::new(network, parameters.address, tcp_receive, tcp_transmit);
    let again = cfg!(feature = "again") && parameters.again;
    for post in if again { &Post::ALL[..] } else { &[Post::First] } {
        let mut buffers = Buffers::new(&mut *tls_receive, &mut *tls_send, &mut *response);
        match post {
            Post::First if again => (buffers.session, buffers.memo) = (Some(&mut *session), Some(&mut *memo)),
            Post::First => {}
            Post::Resumed => buffers.session = Some(&mut *session),
            Post::Remembered => buffers.memo = Some(&mut *memo),
        }
        let meter = Meter::new(instructions);
        let mut trace = Trace { meter: &meter, stages: Vec::new(), octets: Octets::default() };
        let outcome = meter
            .measure(async {
                let request = Request::json(Url::parse(parameters.url)?, parameters.content);
                let device = Device { connector: &mut connector, clock, entropy: &mut *entropy };
                asynch::post(&request, Trust::anchors(anchors), buffers, device, &mut trace).await
            })
            .await;
        connector.close().await;

        match post {
            Post::First => report_all(&mut report, &trace, peak_stack()),
            Post::Resumed => report.text("resumed: ").number(meter.spent()).end(),
            Post::Remembered => report.text("remembered: ").number(meter.spent()).end(),
        }
        match outcome.and_then(|response| Ok(response.success().map(|()| response)?)) {
            Ok(response) if *post == Post::First => {
                report.text("status: ").number(response.status().0.into()).end();
                token::report(&mut report, response.body());
            }
            Ok(_) => {}
            Err(error) => {
                report.error(error.stage(), error.code(), &error);
                return EXIT_FAILED;
            }
        }
        if again && let Err(error) = sleep(session, memo) {
            report.error(Stage::Setup, error.code(), &error);
            return EXIT_FAILED;
        }
    }
    EXIT_GOOD
}

/// The POSTs of one run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Post {
    /// With everything to verify.
    First,
    /// With the session of the first.
    Resumed,
    /// With everything to verify but the signatures that the first one verified.
    Remembered,
}

impl Post {
    const ALL: [Self; 3] = [Self::First, Self::Resumed, Self::Remembered];
}

/// As over a deep sleep: nothing is left but what was exported.
fn sleep(session: &mut Session, memo: &mut SignatureMemo) -> Result<(), picopost::tls::Error> {
    let kept = (session.export(), memo.export());
    session.clear();
    memo.clear();
    *session = Session::import(&kept.0)?;
    *memo = SignatureMemo::import(&kept.1)?;
    Ok(())
}

fn report_all(report: &mut Report<'_>, trace: &Trace<'_>, peak_stack: usize) {
    trace.report(report);
    let buffers = RECEIVE + SEND + RESPONSE;
    let connection = size_of::<Exchange<'_>>() + buffers;
    report.text("memory: ").size(connection).text(" octets for the connection, ");
    report.size(buffers).text(" of them buffers, ").size(size_of::<Connection<'_>>()).text(" TLS").end();
    report.text("stack: ").size(peak_stack).text(" octets at most").end();
}

fn trust_anchors<'c>(
    certificates: &'c [CertificateDer<'c>],
) -> Result<Vec<TrustAnchor<'c>, MAX_ANCHORS>, Malformed> {
    certificates
        .iter()
        .map(|certificate| anchor_from_trusted_cert(certificate).ok())
        .collect::<Option<_>>()
        .ok_or(Malformed::Anchor)
}

/// What each stage cost.
struct Trace<'m> {
    meter: &'m Meter,
    /// Each stage that was reached, with the instructions spent before it.
    stages: Vec<(Stage, u64), STAGES>,
    octets: Octets,
}

/// More than there are.
const STAGES: usize = 16;

impl Observer for Trace<'_> {
    fn reached(&mut self, stage: Stage, octets: Octets) {
        // Stages only go forward, so that there is room for each.
        let _ = self.stages.push((stage, self.meter.spent()));
        self.octets = octets;
    }

    fn ended(&mut self, summary: &Summary) {
        self.octets = summary.octets;
    }
}

impl Trace<'_> {
    fn report(&self, report: &mut Report<'_>) {
        let whole = self.meter.spent();
        let (mut stage, mut before) = (Stage::Setup, 0);
        for &(next, spent) in &self.stages {
            report.text("stage ").text(name(stage)).text(": ").number(spent - before).end();
            if next == Stage::Request {
                report.text("handshake: ").number(spent).end();
            }
            (stage, before) = (next, spent);
        }
        report.text("stage ").text(name(stage)).text(": ").number(whole - before).end();
        report.text("post: ").number(whole).end();
        report.text("step: ").number(self.meter.longest()).end();
        let Octets { sent, received } = self.octets;
        report.text("octets: ").size(sent).text(" out, ").size(received).text(" in").end();
    }
}

/// The driver reports all of connecting under the first of its steps.
fn name(stage: Stage) -> &'static str {
    if stage == Stage::Dns { "connect" } else { stage.name() }
}
