//! The POST itself, and the report about it.

use core::fmt::{self, Write};

use embassy_net::Stack;
use heapless::Vec;
use picopost::rand_core::TryCryptoRng;
use picopost::tls::CertificateDer;
use picopost::{Buffers, Device, Exchange, Observer, Octets, Request, Response, Stage, Trust, asynch};
use picopost::{TrustAnchor, Url};
use webpki::anchor_from_trusted_cert;

use crate::tcp::Connector;
use crate::{
    Board, EXIT_FAILED, EXIT_GOOD, EXIT_PARAMETERS, MAX_ANCHORS, Malformed, Meter, Parameters, report_error,
    token,
};

/// Records of 4 KiB: a server that honours neither record_size_limit nor max_fragment_length must
/// be told to send no larger ones.
const RECEIVE: usize = 5 + 4096 + 256;
const SEND: usize = 1024;
const RESPONSE: usize = 2048;

/// The buffers of one connection, for the board to put where it has room.
#[derive(Debug)]
pub struct Memory {
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
) -> Result<u8, fmt::Error> {
    let Board { console, entropy, clock, instructions, peak_stack, .. } = board;
    let certificates: Vec<_, MAX_ANCHORS> = parameters.anchors().map(CertificateDer::from).collect();
    let anchors = match trust_anchors(&certificates) {
        Ok(anchors) => anchors,
        Err(error) => {
            report_error(console, Stage::Setup, error.code(), &error)?;
            return Ok(EXIT_PARAMETERS);
        }
    };
    let Memory { tls_receive, tls_send, response, tcp_receive, tcp_transmit } = memory;
    let buffers = Buffers { receive: tls_receive, send: tls_send, response, session: None };
    let mut connector = Connector::new(network, parameters.address, tcp_receive, tcp_transmit);
    let meter = Meter::new(instructions);
    let mut trace = Trace { meter: &meter, stages: Vec::new(), octets: Octets::default() };

    let outcome = meter
        .measure(async {
            let request = Request::json(Url::parse(parameters.url)?, parameters.content);
            let device = Device { connector: &mut connector, clock, entropy };
            asynch::post(&request, Trust::anchors(&anchors), buffers, device, &mut trace).await
        })
        .await;
    connector.close().await;

    trace.report(console)?;
    let buffers = RECEIVE + SEND + RESPONSE;
    let connection = size_of::<Exchange<'_>>() + buffers;
    writeln!(console, "memory: {connection} octets for the connection, {buffers} of them buffers")?;
    writeln!(console, "stack: {} octets at most", peak_stack())?;
    match outcome.and_then(|response| Ok(response.success().map(|()| response)?)) {
        Ok(response) => report_response(console, &response).map(|()| EXIT_GOOD),
        Err(error) => {
            report_error(console, error.stage(), error.code(), &error)?;
            Ok(EXIT_FAILED)
        }
    }
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

fn report_response(console: &mut dyn Write, response: &Response<'_>) -> fmt::Result {
    writeln!(console, "status: {}", response.status())?;
    match token::preview(response.body()) {
        Some((shown, length)) => writeln!(console, "token: {shown}... ({length} characters)"),
        None => writeln!(console, "content: {} octets, without a token", response.body().len()),
    }
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

    fn ended(&mut self, exchange: &Exchange<'_>) {
        self.octets = exchange.octets();
    }
}

impl Trace<'_> {
    fn report(&self, console: &mut dyn Write) -> fmt::Result {
        let whole = self.meter.spent();
        let (mut stage, mut before) = (Stage::Setup, 0);
        for &(next, spent) in &self.stages {
            writeln!(console, "stage {}: {}", name(stage), spent - before)?;
            if next == Stage::Request {
                writeln!(console, "handshake: {spent}")?;
            }
            (stage, before) = (next, spent);
        }
        writeln!(console, "stage {}: {}", name(stage), whole - before)?;
        writeln!(console, "post: {whole}")?;
        writeln!(console, "octets: {} out, {} in", self.octets.sent, self.octets.received)
    }
}

/// The driver reports all of connecting under the first of its steps.
fn name(stage: Stage) -> &'static str {
    if stage == Stage::Dns { "connect" } else { stage.name() }
}
