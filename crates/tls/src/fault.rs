//! What goes wrong, as it travels through this crate.
//!
//! [`Error`], which the caller gets, is 24 octets, and with it each `?` is a copy through memory:
//! kilobytes of flash in all. A [`Failure`] is one register. What an [`Error`] says beyond it are
//! sizes, dates and octets that the connection still has, and [`Failure::error`], the one place
//! where the two meet, is told of them as [`Details`].

use core::num::NonZeroU32;

use crate::{
    AlertDescription, MAX_CERTIFICATES,
    error::{Error, Message, Stage},
    messages::HandshakeType,
};

#[cfg(test)]
mod tests;

macro_rules! faults {
    ($($(#[$attribute:meta])* $fault:ident,)*) => {
        /// Why a connection failed: [`Error`] has the explanations.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u8)]
        pub(crate) enum Fault {
            $($(#[$attribute])* $fault,)*
        }

        /// Every fault, at its own number.
        const FAULTS: &[Fault] = &[$(Fault::$fault,)*];
    };
}

faults! {
    // The caller, as far as it is not seen before there is a connection.
    SendBufferTooSmall,
    EntropyFailed,
    EntropyRepeats,
    NotOpen,
    SigningFailed,
    Internal,
    // Hello and handshake order.
    PlainHttp,
    NotTls,
    ProtocolVersion,
    VersionNotOffered,
    Downgrade,
    LegacyVersion,
    SessionIdEcho,
    CipherSuiteNotOffered,
    CipherSuiteChanged,
    CompressionMethod,
    IllegalParameter,
    MissingExtension,
    UnsolicitedExtension,
    MisplacedExtension,
    RepeatedExtension,
    GroupNotOffered,
    KeyShare,
    RetryWithoutChange,
    CookieTooLarge,
    ApplicationProtocol,
    UnexpectedMessage,
    /// A HelloRetryRequest where a ServerHello is due: an [`Error::UnexpectedMessage`].
    SecondRetry,
    Malformed,
    MessageTooLarge,
    MessageAcrossKeys,
    PostHandshakeAuth,
    // Records.
    RecordTooLarge,
    RecordOverflow,
    BadRecordMac,
    UnexpectedRecord,
    EmptyRecord,
    ChangeCipherSpec,
    MalformedAlert,
    Interleaved,
    TooManyEmptyRecords,
    Truncated,
    ClosedInHandshake,
    KeysExhausted,
    // Certificate path.
    NoCertificate,
    TooManyCertificates,
    Expired,
    NotYetValid,
    WrongName,
    UnknownIssuer,
    IssuerIsNotCa,
    CaAsServer,
    CertificateSignature,
    CertificateAlgorithm,
    KeyUsage,
    NameConstraint,
    PathTooLong,
    CriticalExtension,
    BadCertificate,
    PathTooComplex,
    // CertificateVerify and Finished.
    SchemeNotOffered,
    SchemeForKey,
    HandshakeSignature,
    Finished,
    // Alerts.
    AlertReceived,
    /// The one that was sent.
    ClientCertificateRefused,
    /// One that was not sent: an [`Error::ClientCertificateRefused`] too.
    NoClientCertificate,
}

const _: () = assert!(FAULTS.len() <= 128, "seven bits");

impl Fault {
    /// In a message of this type.
    pub(crate) fn of(self, message: HandshakeType) -> Failure {
        self.at(message, 0)
    }

    /// In a message of this type, where an extension is wrong or another message is due.
    pub(crate) fn at(self, message: HandshakeType, number: u16) -> Failure {
        Failure::new(self, message.0, number)
    }

    /// A code point that was not offered, the number of a signer, a size, an alert.
    pub(crate) fn with(self, number: u16) -> Failure {
        Failure::new(self, 0, number)
    }

    /// As the caller gets it, where there is nothing more to say: a table, since nothing in it is
    /// computed.
    fn error(self) -> Error {
        match self {
            Self::EntropyFailed => Error::EntropyFailed,
            Self::EntropyRepeats => Error::EntropyRepeats,
            Self::NotOpen => Error::NotOpen,
            Self::Internal => Error::Internal,
            Self::PlainHttp => Error::PlainHttp,
            Self::Downgrade => Error::Downgrade,
            Self::SessionIdEcho => Error::SessionIdEcho,
            Self::KeyShare => Error::KeyShare,
            Self::RetryWithoutChange => Error::RetryWithoutChange,
            Self::ApplicationProtocol => Error::ApplicationProtocol,
            Self::MessageAcrossKeys => Error::MessageAcrossKeys,
            Self::PostHandshakeAuth => Error::PostHandshakeAuth,
            Self::BadRecordMac => Error::BadRecordMac,
            Self::ChangeCipherSpec => Error::ChangeCipherSpec,
            Self::MalformedAlert => Error::MalformedAlert,
            Self::TooManyEmptyRecords => Error::TooManyEmptyRecords,
            Self::ClosedInHandshake => Error::ClosedInHandshake,
            Self::KeysExhausted => Error::KeysExhausted,
            Self::NoCertificate => Error::NoCertificate,
            Self::WrongName => Error::WrongName,
            Self::UnknownIssuer => Error::UnknownIssuer,
            Self::IssuerIsNotCa => Error::IssuerIsNotCa,
            Self::CaAsServer => Error::CaAsServer,
            Self::CertificateSignature => Error::CertificateSignature,
            Self::CertificateAlgorithm => Error::CertificateAlgorithm,
            Self::KeyUsage => Error::KeyUsage,
            Self::NameConstraint => Error::NameConstraint,
            Self::PathTooLong => Error::PathTooLong,
            Self::CriticalExtension => Error::CriticalExtension,
            Self::BadCertificate => Error::BadCertificate,
            Self::PathTooComplex => Error::PathTooComplex,
            Self::Finished => Error::Finished,
            // Those that say more.
            Self::SendBufferTooSmall
            | Self::SigningFailed
            | Self::NotTls
            | Self::ProtocolVersion
            | Self::VersionNotOffered
            | Self::LegacyVersion
            | Self::CipherSuiteNotOffered
            | Self::CipherSuiteChanged
            | Self::CompressionMethod
            | Self::IllegalParameter
            | Self::MissingExtension
            | Self::UnsolicitedExtension
            | Self::MisplacedExtension
            | Self::RepeatedExtension
            | Self::GroupNotOffered
            | Self::CookieTooLarge
            | Self::UnexpectedMessage
            | Self::SecondRetry
            | Self::Malformed
            | Self::MessageTooLarge
            | Self::RecordTooLarge
            | Self::RecordOverflow
            | Self::UnexpectedRecord
            | Self::EmptyRecord
            | Self::Interleaved
            | Self::Truncated
            | Self::TooManyCertificates
            | Self::Expired
            | Self::NotYetValid
            | Self::SchemeNotOffered
            | Self::SchemeForKey
            | Self::HandshakeSignature
            | Self::AlertReceived
            | Self::ClientCertificateRefused
            | Self::NoClientCertificate => Error::Internal,
        }
    }
}

/// A fault, and what the [`Error`] says of it as far as it fits: in one register, as is a `Result`
/// with nothing in its other hand.
///
/// ```text
/// | number: 16 | message: 8 | fault: 7 | 1 |
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Failure(NonZeroU32);

const _: () = assert!(size_of::<Result<(), Failure>>() == 4);

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        Self::new(fault, 0, 0)
    }
}

/// What an [`Error`] says beyond its fault: sizes in octets, times in Unix seconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Details {
    /// The time that the server's certificates were verified at.
    pub(crate) now: u64,
    /// The date of theirs that does not fit it.
    pub(crate) date: u64,
    /// The first octets that came in.
    pub(crate) first: [u8; 5],
    /// Where the connection was.
    pub(crate) stage: Stage,
    /// A buffer's size, and the size that was needed.
    pub(crate) capacity: usize,
    pub(crate) needed: usize,
}

impl Details {
    pub(crate) const NOTHING: Self =
        Self { now: 0, date: 0, first: [0; 5], stage: Stage::Setup, capacity: 0, needed: 0 };
}

impl Failure {
    fn new(fault: Fault, message: u8, number: u16) -> Self {
        let (message, number) = (u32::from(message) << 8, u32::from(number) << 16);
        Self(NonZeroU32::MIN | (fault as u32) << 1 | message | number)
    }

    /// Without what it is about.
    pub(crate) fn fault(self) -> Fault {
        FAULTS.get(usize::from(self.number())).copied().unwrap_or(Fault::Internal)
    }

    /// The fault's number, an index into [`FAULTS`].
    fn number(self) -> u8 {
        let [fault, ..] = self.0.get().to_le_bytes();
        fault >> 1
    }

    /// Whether it is an alert of the server's.
    pub(crate) fn is_alert(self) -> bool {
        use Fault::{AlertReceived, ClientCertificateRefused, NoClientCertificate};
        matches!(self.fault(), AlertReceived | ClientCertificateRefused | NoClientCertificate)
    }

    /// A record that is too large, of this many octets: its header has two for them.
    pub(crate) fn record_overflow(size: usize) -> Self {
        Fault::RecordOverflow.with(u16::try_from(size).unwrap_or(u16::MAX))
    }

    /// As the caller gets it.
    #[inline(never)]
    pub(crate) fn error(self, details: &Details) -> Error {
        let Details { now, date, first, stage, capacity, needed } = *details;
        let [_, kind, low, high] = self.0.get().to_le_bytes();
        let (kind, number) = (HandshakeType(kind), u16::from_le_bytes([low, high]));
        let (message, alert) = (kind.parsed(), AlertDescription(low));
        match self.fault() {
            Fault::SendBufferTooSmall => Error::SendBufferTooSmall { size: capacity, minimum: needed },
            Fault::SigningFailed => Error::SigningFailed { reason: number },
            Fault::NotTls => Error::NotTls { first },
            Fault::ProtocolVersion => Error::ProtocolVersion { offered: number },
            Fault::VersionNotOffered => Error::VersionNotOffered { version: number },
            Fault::LegacyVersion => Error::LegacyVersion { version: number },
            Fault::CipherSuiteNotOffered => Error::CipherSuiteNotOffered { suite: number },
            Fault::CipherSuiteChanged => Error::CipherSuiteChanged { suite: number },
            Fault::CompressionMethod => Error::CompressionMethod { method: low },
            Fault::IllegalParameter => Error::IllegalParameter { message },
            Fault::MissingExtension => Error::MissingExtension { message, extension: number },
            Fault::UnsolicitedExtension => Error::UnsolicitedExtension { message, extension: number },
            Fault::MisplacedExtension => Error::MisplacedExtension { message, extension: number },
            Fault::RepeatedExtension => Error::RepeatedExtension { message, extension: number },
            Fault::GroupNotOffered => Error::GroupNotOffered { group: number },
            Fault::CookieTooLarge => Error::CookieTooLarge { size: needed, capacity },
            Fault::UnexpectedMessage => {
                Error::UnexpectedMessage { message: kind.received(), expected: HandshakeType(low).parsed() }
            }
            Fault::SecondRetry => Error::UnexpectedMessage {
                message: Message::HelloRetryRequest,
                expected: Message::ServerHello,
            },
            Fault::Malformed => Error::Malformed { message },
            Fault::MessageTooLarge => Error::MessageTooLarge { size: needed, capacity },
            Fault::RecordTooLarge => Error::RecordTooLarge { size: needed, capacity },
            Fault::RecordOverflow => Error::RecordOverflow { size: number.into() },
            Fault::UnexpectedRecord => Error::UnexpectedRecord { content_type: low },
            Fault::EmptyRecord => Error::EmptyRecord { content_type: low },
            Fault::Interleaved => Error::Interleaved { content_type: low },
            Fault::Truncated => Error::Truncated { stage },
            Fault::TooManyCertificates => Error::TooManyCertificates { maximum: MAX_CERTIFICATES },
            Fault::Expired => Error::Expired { now, not_after: date },
            Fault::NotYetValid => Error::NotYetValid { now, not_before: date },
            Fault::SchemeNotOffered => Error::SchemeNotOffered { scheme: number },
            Fault::SchemeForKey => Error::SchemeForKey { scheme: number },
            Fault::HandshakeSignature => Error::HandshakeSignature { scheme: number },
            Fault::AlertReceived => Error::AlertReceived { alert, stage },
            Fault::ClientCertificateRefused => Error::ClientCertificateRefused { alert, sent: true },
            Fault::NoClientCertificate => Error::ClientCertificateRefused { alert, sent: false },
            plain => plain.error(),
        }
    }

    /// The alert that tells the server of it, if there is one.
    pub(crate) fn alert(self) -> Option<AlertDescription> {
        ALERTS.get(usize::from(self.number())).copied().filter(|alert| *alert != NO_ALERT)
    }
}

/// Stands for none: no failure is told by a close_notify.
const NO_ALERT: AlertDescription = AlertDescription::CLOSE_NOTIFY;

/// The alert of each fault: as a table it is an octet for each, as code ten.
#[expect(clippy::indexing_slicing, reason = "at compile time")]
const ALERTS: [AlertDescription; FAULTS.len()] = {
    let mut alerts = [NO_ALERT; FAULTS.len()];
    let mut at = 0;
    while at < FAULTS.len() {
        alerts[at] = FAULTS[at].alert();
        at += 1;
    }
    alerts
};

impl Fault {
    /// The alert that tells the server of this fault (RFC 9846 §6.2, and the section that
    /// demands each); none where nothing is wrong with what the server said, or nobody listens.
    const fn alert(self) -> AlertDescription {
        use AlertDescription as A;
        match self {
            Self::SendBufferTooSmall
            | Self::EntropyFailed
            | Self::EntropyRepeats
            | Self::NotOpen
            | Self::Truncated
            | Self::ClosedInHandshake
            | Self::AlertReceived
            | Self::ClientCertificateRefused
            | Self::NoClientCertificate => NO_ALERT,

            // §6.2: unrelated to the peer, such as memory.
            Self::Internal
            | Self::SigningFailed
            | Self::KeysExhausted
            | Self::CookieTooLarge
            | Self::MessageTooLarge
            | Self::RecordTooLarge => A::INTERNAL_ERROR,

            // §4.2.3: too old; §4.3.1: not what was offered.
            Self::ProtocolVersion | Self::LegacyVersion => A::PROTOCOL_VERSION,
            Self::VersionNotOffered
            | Self::Downgrade
            | Self::SessionIdEcho
            | Self::CipherSuiteNotOffered
            | Self::CipherSuiteChanged
            | Self::CompressionMethod
            | Self::IllegalParameter
            | Self::MisplacedExtension
            | Self::RepeatedExtension
            | Self::GroupNotOffered
            | Self::KeyShare
            | Self::RetryWithoutChange
            | Self::ApplicationProtocol
            | Self::SchemeNotOffered
            | Self::SchemeForKey => A::ILLEGAL_PARAMETER,
            Self::MissingExtension => A::MISSING_EXTENSION,
            Self::UnsolicitedExtension => A::UNSUPPORTED_EXTENSION,

            // §4, §5, §5.1, §5.4, §4.7.2
            Self::PlainHttp
            | Self::NotTls
            | Self::UnexpectedMessage
            | Self::SecondRetry
            | Self::MessageAcrossKeys
            | Self::PostHandshakeAuth
            | Self::UnexpectedRecord
            | Self::EmptyRecord
            | Self::ChangeCipherSpec
            | Self::Interleaved
            | Self::TooManyEmptyRecords => A::UNEXPECTED_MESSAGE,
            // §6; §4.5.1.3
            Self::Malformed | Self::MalformedAlert | Self::NoCertificate => A::DECODE_ERROR,
            Self::RecordOverflow => A::RECORD_OVERFLOW,
            Self::BadRecordMac => A::BAD_RECORD_MAC,

            Self::Expired | Self::NotYetValid => A::CERTIFICATE_EXPIRED,
            Self::UnknownIssuer => A::UNKNOWN_CA,
            Self::KeyUsage | Self::CriticalExtension => A::UNSUPPORTED_CERTIFICATE,
            Self::TooManyCertificates
            | Self::WrongName
            | Self::IssuerIsNotCa
            | Self::CaAsServer
            | Self::CertificateSignature
            // §4.5.1.3: so for MD5 and SHA-1, which are not told apart from other unknown ones.
            | Self::CertificateAlgorithm
            | Self::NameConstraint
            | Self::PathTooLong
            | Self::PathTooComplex
            | Self::BadCertificate => A::BAD_CERTIFICATE,
            // §4.5.2, §4.5.3
            Self::HandshakeSignature | Self::Finished => A::DECRYPT_ERROR,
        }
    }
}
