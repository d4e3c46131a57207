//! Why a connection came to nothing, and what to do about it.

use std::io;
use std::time::Duration;

use embedded_io::ErrorKind;
use picopost::ConnectError;
use picopost::tls::AlertDescription;

use super::stream::Recorded;

/// Why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::trust) struct Failure {
    pub(in crate::trust) kind: FailureKind,
    /// The fact, as half a sentence.
    pub(in crate::trust) sentence: String,
    pub(in crate::trust) hint: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::trust) enum FailureKind {
    /// No TCP connection.
    Network,
    /// Nothing, or not enough, came in time.
    TimedOut,
    /// Plain HTTP.
    PlainHttp,
    /// Plain HTTP that leads elsewhere.
    CaptivePortal,
    /// Something else than TLS.
    NotTls,
    /// Another version of TLS than was asked for.
    Version,
    /// The server ended it, and said why.
    Alert(u8),
    /// The server ended it without a word.
    Closed,
    /// The client found fault with the certificates.
    Certificate,
    /// The client found fault with something else.
    Other,
}

impl FailureKind {
    /// Whether another ClientHello may fare better.
    pub(super) fn speaks_tls(self) -> bool {
        !matches!(self, Self::Network | Self::TimedOut | Self::PlainHttp | Self::CaptivePortal | Self::NotTls)
    }
}

impl Failure {
    pub(super) fn new(kind: FailureKind, sentence: impl Into<String>) -> Self {
        Self { kind, sentence: sentence.into(), hint: None }
    }

    fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// No address, or nobody there.
    pub(super) fn network(error: &ConnectError, limit: Duration) -> Self {
        let new = |sentence: String| Self::new(FailureKind::Network, sentence);
        let seconds = limit.as_secs();
        match error {
            ConnectError::Dns(ErrorKind::NotFound) => new("DNS knows no address for this name".to_owned())
                .hint("check the name, or give its address with `--resolve HOST:PORT:ADDRESS`"),
            ConnectError::Dns(ErrorKind::TimedOut) => {
                new(format!("DNS gave no answer within {seconds} seconds"))
                    .hint("is there a network? `--resolve HOST:PORT:ADDRESS` does without DNS")
            }
            ConnectError::Dns(_) => new("DNS could not be asked".to_owned())
                .hint("is there a network? `--resolve HOST:PORT:ADDRESS` does without DNS"),
            ConnectError::Tcp(ErrorKind::ConnectionRefused) => {
                new("the host refused the connection: nothing listens on this port".to_owned())
                    .hint("HTTPS is usually on port 443: give another as `HOST:PORT`")
            }
            ConnectError::Tcp(ErrorKind::TimedOut) => {
                new(format!("no TCP connection within {seconds} seconds"))
                    .hint("is there a firewall in between? `--timeout` gives it more time")
            }
            ConnectError::Tcp(kind) => new(format!("no TCP connection: {kind:?}").to_lowercase())
                .hint("check the address, the port and the way there"),
        }
    }

    /// The server's alert.
    pub(super) fn alert(number: u8) -> Self {
        let alert = AlertDescription(number);
        let sentence =
            format!("the server ended it with the alert {} ({number}): {}", alert.name(), alert.meaning());
        match alert {
            AlertDescription::PROTOCOL_VERSION => Self::new(FailureKind::Version, sentence),
            _ => Self::new(FailureKind::Alert(number), sentence),
        }
    }

    /// The stream ended, or failed.
    pub(super) fn stream(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => {
                Self::new(FailureKind::TimedOut, "the handshake was not done in time")
                    .hint("`--timeout` gives it more time; a port without TLS often says nothing at all")
            }
            io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => {
                Self::new(
                    FailureKind::Closed,
                    "the server closed the connection in the handshake, without a word",
                )
                .hint("its log may say why; something in between may have done it")
            }
            _ => Self::new(FailureKind::Other, format!("the connection failed: {error}")),
        }
    }

    /// What came is not TLS: what is it?
    pub(super) fn not_tls(stream: &mut Recorded) -> Self {
        let Some(head) = stream.plain_http() else {
            return Self::new(FailureKind::NotTls, "what came is not TLS")
                .hint("is this the port of an HTTPS server?");
        };
        let mut lines = head.lines();
        let status = lines.next().unwrap_or_default().trim();
        let location = lines.find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.trim().eq_ignore_ascii_case("location").then(|| value.trim())
        });
        match location {
            Some(place) => Self::new(
                FailureKind::CaptivePortal,
                format!("the answer to the ClientHello is plain HTTP, `{status}`, that leads to `{place}`"),
            )
            .hint("a captive portal or a proxy answers in the host's place: log in there, or use another network"),
            None => Self::new(
                FailureKind::PlainHttp,
                format!("the answer to the ClientHello is plain HTTP, `{status}`: no TLS on this port"),
            )
            .hint("HTTPS is usually on port 443 or 8443: give it as `HOST:PORT`"),
        }
    }
}
