//! Everything that can end a POST, with its stage and its number.
//!
//! Numbers: 1000s the caller (1100s the clock, 1200s URL and headers), 2000s DNS, 2100s TCP (2180s time
//! limits), 3000s TLS, 4000s HTTP, 5000 + status an answer that says no. The 2000s end in the kind of I/O error,
//! see [`Error::code`].

use core::fmt;

use embedded_io::ErrorKind;

use crate::{ClockError, ConnectError, Octets, Stage, TimePart, http, tls};

/// Which way octets were going when the transport failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// To the server.
    Send,
    /// From the server.
    Receive,
}

/// Why a POST did not end with a whole response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// The URL's host is neither a DNS name nor an IP address.
    ServerName,
    /// The time is not known, or known to be wrong.
    Clock(ClockError),
    /// There is no TCP connection.
    Connect(ConnectError),
    /// The TCP connection failed at this stage.
    Transport {
        /// How far the exchange had come.
        stage: Stage,
        /// Which way octets were going.
        direction: Direction,
        /// What the transport said.
        kind: ErrorKind,
    },
    /// A time limit of [`crate::TimeLimits`] was up.
    TimedOut {
        /// Which one.
        part: TimePart,
        /// How far the exchange had come.
        stage: Stage,
        /// How long that part had waited, or, for [`TimePart::Whole`], taken.
        after_milliseconds: u32,
        /// How many octets the exchange had sent and received, TLS included.
        octets: Octets,
    },
    /// TLS failed at this stage.
    Tls {
        /// How far the exchange had come.
        stage: Stage,
        /// What failed.
        error: tls::Error,
    },
    /// The URL, a header, the response or its status.
    Http(http::Error),
    /// There is no access token.
    #[cfg(feature = "oauth")]
    Token(crate::oauth::TokenError),
}

impl Error {
    /// The error's stable number. 2000 (DNS), 2100 (connecting), 2120 (sending) and 2140
    /// (receiving) plus: 0 another reason, 1 not found, 2 permission denied, 3 refused, 4 reset,
    /// 5 aborted, 6 not connected, 7 address in use, 8 address not available, 9 broken pipe,
    /// 10 invalid data, 11 timed out, 12 unsupported, 13 out of memory, 14 nothing written.
    pub fn code(&self) -> u16 {
        match self {
            Self::ServerName => 1220,
            Self::Clock(error) => error.code(),
            Self::Connect(ConnectError::Dns(kind)) => 2000 + kind_number(*kind),
            Self::Connect(ConnectError::Tcp(kind)) => 2100 + kind_number(*kind),
            Self::Transport { direction: Direction::Send, kind, .. } => 2120 + kind_number(*kind),
            Self::Transport { direction: Direction::Receive, kind, .. } => 2140 + kind_number(*kind),
            Self::TimedOut { part, .. } => part.code(),
            Self::Tls { error, .. } => error.code(),
            Self::Http(error) => error.code(),
            #[cfg(feature = "oauth")]
            Self::Token(error) => error.code(),
        }
    }

    /// How far the exchange had come.
    pub fn stage(&self) -> Stage {
        match self {
            Self::ServerName => Stage::Setup,
            Self::Clock(_) => Stage::Clock,
            Self::Connect(ConnectError::Dns(_)) => Stage::Dns,
            Self::Connect(ConnectError::Tcp(_)) => Stage::Tcp,
            Self::Transport { stage, .. } | Self::TimedOut { stage, .. } | Self::Tls { stage, .. } => *stage,
            Self::Http(error) => match error.stage() {
                http::Stage::Content => Stage::Request,
                http::Stage::Head => Stage::Head,
                http::Stage::Body => Stage::Body,
                http::Stage::Status => Stage::Done,
                _ => Stage::Setup,
            },
            #[cfg(feature = "oauth")]
            Self::Token(crate::oauth::TokenError::RequestTooLarge { .. }) => Stage::Setup,
            // The exchange with the token endpoint is over.
            #[cfg(feature = "oauth")]
            Self::Token(_) => Stage::Done,
        }
    }
}

impl From<http::Error> for Error {
    fn from(error: http::Error) -> Self {
        Self::Http(error)
    }
}

#[cfg(feature = "oauth")]
impl From<crate::oauth::TokenError> for Error {
    fn from(error: crate::oauth::TokenError) -> Self {
        Self::Token(error)
    }
}

impl From<ClockError> for Error {
    fn from(error: ClockError) -> Self {
        Self::Clock(error)
    }
}

impl From<ConnectError> for Error {
    fn from(error: ConnectError) -> Self {
        Self::Connect(error)
    }
}

impl core::error::Error for Error {}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Clock(error) => error.fmt(f),
            Self::Tls { error, .. } => error.fmt(f),
            Self::Http(error) => error.fmt(f),
            #[cfg(feature = "oauth")]
            Self::Token(error) => error.fmt(f),
            _ if !cfg!(feature = "error-text") => write!(f, "error {}", self.code()),
            Self::ServerName => f.write_str("the URL's host is neither a DNS name nor an IP address"),
            Self::Connect(ConnectError::Dns(kind)) => {
                write!(f, "the host's name could not be resolved: {}", kind_text(*kind))
            }
            Self::Connect(ConnectError::Tcp(kind)) => {
                write!(f, "no TCP connection to the host: {}", kind_text(*kind))
            }
            Self::TimedOut { part, after_milliseconds, octets, .. } => write!(
                f,
                "{} took longer than {after_milliseconds} ms, with {} octets sent and {} received",
                part.text(),
                octets.sent,
                octets.received
            ),
            Self::Transport { direction: Direction::Send, kind, .. } => {
                write!(f, "sending failed: {}", kind_text(*kind))
            }
            Self::Transport { direction: Direction::Receive, kind, .. } => {
                write!(f, "receiving failed: {}", kind_text(*kind))
            }
        }
    }
}

const fn kind_number(kind: ErrorKind) -> u16 {
    match kind {
        ErrorKind::NotFound => 1,
        ErrorKind::PermissionDenied => 2,
        ErrorKind::ConnectionRefused => 3,
        ErrorKind::ConnectionReset => 4,
        ErrorKind::ConnectionAborted => 5,
        ErrorKind::NotConnected => 6,
        ErrorKind::AddrInUse => 7,
        ErrorKind::AddrNotAvailable => 8,
        ErrorKind::BrokenPipe => 9,
        ErrorKind::InvalidData => 10,
        ErrorKind::TimedOut => 11,
        ErrorKind::Unsupported => 12,
        ErrorKind::OutOfMemory => 13,
        ErrorKind::WriteZero => 14,
        _ => 0,
    }
}

pub(crate) const fn kind_text(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::NotFound => "not found",
        ErrorKind::PermissionDenied => "permission denied",
        ErrorKind::ConnectionRefused => "connection refused",
        ErrorKind::ConnectionReset => "connection reset",
        ErrorKind::ConnectionAborted => "connection aborted",
        ErrorKind::NotConnected => "not connected",
        ErrorKind::AddrInUse => "address in use",
        ErrorKind::AddrNotAvailable => "address not available",
        ErrorKind::BrokenPipe => "the server has closed the connection",
        ErrorKind::InvalidData => "invalid data",
        ErrorKind::TimedOut => "timed out",
        ErrorKind::Unsupported => "not supported",
        ErrorKind::OutOfMemory => "out of memory",
        ErrorKind::WriteZero => "the transport takes no octets",
        _ => "no reason given",
    }
}
