//! What happens when: for `--trace`, and for the machine's output.

use std::time::Instant;

use picopost::{Observer, Octets, Stage, Summary};
use serde::Serialize;

/// Writes lines to stderr if it is on.
#[derive(Clone, Copy)]
pub(super) struct Trace {
    start: Instant,
    on: bool,
}

impl Trace {
    pub(super) const fn new(start: Instant, on: bool) -> Self {
        Self { start, on }
    }

    /// A line of a stage: the time since the start, the stage, what is going on.
    pub(super) fn line(&self, stage: &str, text: &str) {
        if self.on {
            anstream::eprintln!("{:>9.3} ms  {stage:<12} {text}", self.milliseconds());
        }
    }

    /// A line between stages.
    pub(super) fn note(&self, text: &str) {
        self.line("", text);
    }

    fn milliseconds(&self) -> f64 {
        self.start.elapsed().as_secs_f64() * 1000.0
    }
}

/// When a stage was reached, and how many octets were moved until then.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Reached {
    stage: &'static str,
    milliseconds: f64,
    octets_sent: usize,
    octets_received: usize,
}

/// The counts at the end, good or bad.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Ended {
    octets_sent: usize,
    octets_received: usize,
    /// Octets that came behind the response.
    excess: usize,
    /// Whether the request went out whole: not so where the server answered before, or failed.
    request_sent: bool,
}

/// Keeps what it is told, and traces it.
pub(super) struct Recorder {
    trace: Trace,
    stages: Vec<Reached>,
    ended: Option<Ended>,
}

impl Recorder {
    pub(super) const fn new(trace: Trace) -> Self {
        Self { trace, stages: Vec::new(), ended: None }
    }

    pub(super) fn stages(&self) -> &[Reached] {
        &self.stages
    }

    /// Nothing where there was no connection.
    pub(super) const fn ended(&self) -> Option<Ended> {
        self.ended
    }
}

impl Observer for Recorder {
    fn reached(&mut self, stage: Stage, octets: Octets) {
        let Octets { sent, received } = octets;
        let text = format!("{sent:>6} octets out, {received:>6} in; {}", meaning(stage));
        self.trace.line(stage.name(), &text);
        self.stages.push(Reached {
            stage: stage.name(),
            milliseconds: self.trace.milliseconds(),
            octets_sent: sent,
            octets_received: received,
        });
    }

    fn ended(&mut self, summary: &Summary) {
        let Summary { octets, excess, is_request_written: request_sent, .. } = *summary;
        let Octets { sent, received } = octets;
        let mut text = format!("{sent:>6} octets out, {received:>6} in");
        if !request_sent {
            text.push_str("; the request did not go out whole");
        }
        if excess > 0 {
            text.push_str(&format!("; {excess} octets behind the response were dropped"));
        }
        self.trace.line("end", &text);
        self.ended = Some(Ended { octets_sent: sent, octets_received: received, excess, request_sent });
    }
}

/// What a stage is about to do.
const fn meaning(stage: Stage) -> &'static str {
    match stage {
        Stage::Dns => "looking for the host's address",
        Stage::Tcp => "connecting",
        Stage::Hello => "connected; ClientHello goes out, ServerHello is due",
        Stage::Certificate => "keys agreed; Certificate is due",
        Stage::Verify => "certificate trusted; CertificateVerify is due",
        Stage::Finished => "the server holds the certificate's key; Finished is due",
        Stage::Request => "handshake done; the request goes out",
        Stage::Head => "request sent; the response's head is due",
        Stage::Body => "head read; the body is due",
        Stage::Done => "the response is whole",
        _ => "getting ready",
    }
}
