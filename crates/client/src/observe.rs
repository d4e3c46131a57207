//! Where an exchange stands, and whoever wants to watch it.

use core::time::Duration;

use picopost_http::StatusCode;
use picopost_tls::Stage as TlsStage;

use crate::Ending;

/// The stages of an exchange in their order; an error has one too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Stage {
    /// The caller's URL, headers, buffers and trust anchors.
    Setup,
    /// The time.
    Clock,
    /// From name to address. [`crate::asynch::post`] and [`crate::blocking::post`] report this one for all
    /// of connecting; the clients tell the two apart.
    Dns,
    /// Opening the TCP connection.
    Tcp,
    /// TLS: ClientHello sent, ServerHello and EncryptedExtensions due.
    Hello,
    /// TLS: Certificate due.
    Certificate,
    /// TLS: CertificateVerify due.
    Verify,
    /// TLS: Finished due.
    Finished,
    /// Connected and verified: the request is being sent.
    Request,
    /// The request is sent: the response's head is due.
    Head,
    /// The response's body is due.
    Body,
    /// The response is whole.
    Done,
}

impl Stage {
    /// The stage in one lowercase word.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Setup => "setup",
            Self::Clock => "clock",
            Self::Dns => "dns",
            Self::Tcp => "tcp",
            Self::Hello => "hello",
            Self::Certificate => "certificate",
            Self::Verify => "verify",
            Self::Finished => "finished",
            Self::Request => "request",
            Self::Head => "head",
            Self::Body => "body",
            Self::Done => "done",
        }
    }

    /// The stage of a handshake; `traffic` is where the exchange stands behind it.
    pub(crate) const fn of_tls(stage: TlsStage, traffic: Self) -> Self {
        match stage {
            TlsStage::Setup => Self::Setup,
            TlsStage::Hello => Self::Hello,
            TlsStage::Certificate => Self::Certificate,
            TlsStage::Verify => Self::Verify,
            TlsStage::Finished => Self::Finished,
            _ => traffic,
        }
    }
}

/// How many octets an exchange has sent and received over TCP, TLS included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Octets {
    /// Sent so far.
    pub sent: usize,
    /// Received so far.
    pub received: usize,
}

/// What there is to say of an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Summary {
    /// How many octets were sent and received, TLS included.
    pub octets: Octets,
    /// Octets that came behind the response, and were dropped. More may have been on their way.
    pub excess: usize,
    /// Whether the whole request was handed to TLS: not so where the server refused it before.
    pub is_request_written: bool,
    /// Whether the server was verified by a session instead of its certificate.
    pub is_resumed: bool,
    /// The status of the response, if its head came.
    pub status: Option<StatusCode>,
}

/// One attempt of a POST, and what follows it.
#[derive(Clone, Copy, Debug)]
pub struct Attempt<'e> {
    /// Its number, from 1 on.
    pub number: u8,
    /// How it ended.
    pub ending: Ending<'e>,
    /// How long it is until the next one begins; `None` if there is none.
    pub wait: Option<Duration>,
}

/// Watches an exchange: to trace it, or to count what each stage costs. `()` watches nothing.
pub trait Observer {
    /// The exchange has come to `stage`, and has moved so many octets before it. Stages that pass
    /// within one step are left out: of a response that comes in one record, [`Stage::Body`].
    fn reached(&mut self, stage: Stage, octets: Octets) {
        let _ = (stage, octets);
    }

    /// A public-key operation was done in `stage`, millions of instructions on a small chip: a
    /// place to feed a watchdog. At most one was done since the last call; the one of
    /// [`Stage::Setup`] is the fresh key pair, which is made before the connection.
    fn computed(&mut self, stage: Stage) {
        let _ = stage;
    }

    /// An attempt of [`crate::asynch::Client`] or [`crate::blocking::Client`] is at its end, good or bad.
    fn attempt(&mut self, attempt: &Attempt<'_>) {
        let _ = attempt;
    }

    /// The exchange is at its end, good or bad. Not called where there was no connection.
    fn ended(&mut self, summary: &Summary) {
        let _ = summary;
    }
}

impl Observer for () {}

/// Tells an observer of each change of stage, once.
pub(crate) struct Watch<'o, O: ?Sized> {
    observer: &'o mut O,
    stage: Option<Stage>,
}

impl<'o, O: Observer + ?Sized> Watch<'o, O> {
    pub(crate) const fn new(observer: &'o mut O) -> Self {
        Self { observer, stage: None }
    }

    pub(crate) fn look(&mut self, stage: Stage, octets: Octets) {
        if self.stage != Some(stage) {
            self.stage = Some(stage);
            self.observer.reached(stage, octets);
        }
    }

    pub(crate) fn computed(&mut self, stage: Stage) {
        self.observer.computed(stage);
    }
}
