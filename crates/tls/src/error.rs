//! Everything that can end a connection, each with a number that never changes.
//!
//! Numbers: 1000s the caller, 3000s the peer; 30xx hello and handshake order, 31xx records,
//! 32xx certificate path, 33xx CertificateVerify, 34xx Finished, 35xx + n alert n from the peer
//! (3500 to 3755).

use crate::alert::AlertDescription;

/// Where in a connection an error belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Stage {
    /// The caller's buffers, names or entropy, before anything is sent.
    Setup,
    /// ClientHello, ServerHello and EncryptedExtensions.
    Hello,
    /// Certificate: path, dates and name.
    Certificate,
    /// CertificateVerify.
    Verify,
    /// Finished, and this client's own certificate in front of its own.
    Finished,
    /// Application data and what follows the handshake.
    Traffic,
}

/// A handshake message, as named in errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Message {
    /// `server_hello(2)`
    ServerHello,
    /// `server_hello(2)` with the random value of RFC 9846 §4.2.3.
    HelloRetryRequest,
    /// `new_session_ticket(4)`
    NewSessionTicket,
    /// `encrypted_extensions(8)`
    EncryptedExtensions,
    /// `certificate(11)`
    Certificate,
    /// `certificate_request(13)`
    CertificateRequest,
    /// `certificate_verify(15)`
    CertificateVerify,
    /// `finished(20)`
    Finished,
    /// `key_update(24)`
    KeyUpdate,
    /// Any other `HandshakeType`.
    Unknown(u8),
}

/// Why a connection failed. Seconds are Unix time, sizes are octets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[expect(missing_docs, reason = "fields: sizes are octets, times Unix seconds, code points the RFC's")]
pub enum Error {
    // The caller.
    /// The receive buffer is below [`crate::MIN_RECEIVE_BUFFER`], or below what the groups need that
    /// are offered.
    ReceiveBufferTooSmall { size: usize, minimum: usize },
    /// The send buffer is below [`crate::MIN_SEND_BUFFER`], or below what this server name or the
    /// groups need that are offered.
    SendBufferTooSmall { size: usize, minimum: usize },
    /// No trust anchors were given, so that no server could be verified.
    NoTrustAnchors,
    /// The random source failed.
    EntropyFailed,
    /// The random source gave the same octets twice.
    EntropyRepeats,
    /// The connection was used after it failed, was closed, or before it was established.
    NotOpen,
    /// The octets are not a session that was exported, or they were damaged.
    Session,
    /// The octets are not a signature memo that was exported, or they were damaged.
    SignatureMemo,
    /// The client's certificates cannot be sent or used: there are none, one is empty, all are too
    /// long for a message, or the first has no P-256 key, or one that may not sign (keyUsage).
    ClientCertificate,
    /// The octets are not a private key for P-256 in PKCS #8 or SEC 1 DER.
    PrivateKey,
    /// The signer's key is not the one of the client's certificate.
    SignerKey,
    /// The signer failed, with a number of its own.
    SigningFailed { reason: u16 },
    /// A bug in this crate.
    Internal,

    // Hello and handshake order.
    /// The answer to the ClientHello was plain HTTP: no TLS on this port.
    PlainHttp,
    /// The answer to the ClientHello was not TLS.
    NotTls { first: [u8; 5] },
    /// The server speaks at most this `ProtocolVersion`.
    ProtocolVersion { offered: u16 },
    /// `supported_versions` of a ServerHello names a version that was not offered.
    VersionNotOffered { version: u16 },
    /// A ServerHello below TLS 1.3 carries the marker of RFC 9846 §4.2.3: someone in between
    /// removed TLS 1.3 from the offer.
    Downgrade,
    /// `legacy_version` of a TLS 1.3 ServerHello is not 0x0303.
    LegacyVersion { version: u16 },
    /// `legacy_session_id_echo` is not what was sent.
    SessionIdEcho,
    /// The server chose a cipher suite that was not offered.
    CipherSuiteNotOffered { suite: u16 },
    /// The server changed the cipher suite after its HelloRetryRequest.
    CipherSuiteChanged { suite: u16 },
    /// `legacy_compression_method` is not 0.
    CompressionMethod { method: u8 },
    /// A field of a message has a value that it must not have.
    IllegalParameter { message: Message },
    /// A message lacks an extension that it must have.
    MissingExtension { message: Message, extension: u16 },
    /// A message has an extension that was not asked for.
    UnsolicitedExtension { message: Message, extension: u16 },
    /// A message has an extension that was asked for, but that does not belong there.
    MisplacedExtension { message: Message, extension: u16 },
    /// A message has the same extension twice.
    RepeatedExtension { message: Message, extension: u16 },
    /// The server chose a group that was not offered.
    GroupNotOffered { group: u16 },
    /// The server's key share is not a valid public key.
    KeyShare,
    /// A HelloRetryRequest asks for nothing that would change the ClientHello.
    RetryWithoutChange,
    /// The cookie of a HelloRetryRequest does not fit into the send buffer.
    CookieTooLarge { size: usize, capacity: usize },
    /// The server chose an application protocol that was not offered.
    ApplicationProtocol,
    /// A message came when another was due.
    UnexpectedMessage { message: Message, expected: Message },
    /// A message could not be parsed.
    Malformed { message: Message },
    /// A handshake message, and what must stay beside it, needs a receive buffer of `size` octets.
    MessageTooLarge { size: usize, capacity: usize },
    /// A handshake message goes on behind a change of keys.
    MessageAcrossKeys,
    /// The server asked for a client certificate after the handshake, which was not offered.
    PostHandshakeAuth,

    // Records.
    /// A record, and what must stay beside it, needs a receive buffer of `size` octets.
    RecordTooLarge { size: usize, capacity: usize },
    /// A record is larger than RFC 9846 §5.2 allows.
    RecordOverflow { size: usize },
    /// A record did not decrypt.
    BadRecordMac,
    /// A record of a type that does not belong here.
    UnexpectedRecord { content_type: u8 },
    /// A handshake or alert record without content.
    EmptyRecord { content_type: u8 },
    /// A change_cipher_spec record that is not the single octet 1, or comes where none may come.
    ChangeCipherSpec,
    /// An alert record that is not exactly one alert.
    MalformedAlert,
    /// Another kind of record in the middle of a handshake message.
    Interleaved { content_type: u8 },
    /// More records without content or key updates in a row, or more tickets, than anyone has use for.
    TooManyEmptyRecords,
    /// The connection ended without close_notify, in the middle of this stage.
    Truncated { stage: Stage },
    /// The server closed the connection (close_notify) before the handshake was done.
    ClosedInHandshake,
    /// The keys have protected as many records as they may (RFC 9846 §5.5).
    KeysExhausted,

    // Certificate path.
    /// The Certificate message is empty.
    NoCertificate,
    /// The server sent more certificates than [`crate::MAX_CERTIFICATES`].
    TooManyCertificates { maximum: usize },
    /// A certificate is past its notAfter.
    Expired { now: u64, not_after: u64 },
    /// A certificate is before its notBefore.
    NotYetValid { now: u64, not_before: u64 },
    /// The certificate is not for the name that was asked for.
    WrongName,
    /// No path from the certificate to a trust anchor.
    UnknownIssuer,
    /// A certificate that is no CA's, or whose key may not sign certificates, was used as a CA's.
    IssuerIsNotCa,
    /// A CA's certificate was used as the server's own.
    CaAsServer,
    /// A certificate's signature is wrong.
    CertificateSignature,
    /// A certificate is signed with an algorithm, or carries a kind of key, that is not supported.
    CertificateAlgorithm,
    /// A certificate is not made for servers (extendedKeyUsage), or its key may not sign (keyUsage).
    KeyUsage,
    /// A certificate breaks a name constraint of its issuer.
    NameConstraint,
    /// The path is longer than one of its CAs allows, or than anyone builds.
    PathTooLong,
    /// A certificate has a critical extension that is not known.
    CriticalExtension,
    /// A certificate cannot be parsed.
    BadCertificate,
    /// The server's certificates need more signatures verified, or more of them tried for a path, than
    /// any good path.
    PathTooComplex,

    // CertificateVerify and Finished.
    /// CertificateVerify uses a signature scheme that was not offered.
    SchemeNotOffered { scheme: u16 },
    /// CertificateVerify uses a scheme that does not fit the certificate's key.
    SchemeForKey { scheme: u16 },
    /// The signature of CertificateVerify is wrong: the server does not hold the key.
    HandshakeSignature { scheme: u16 },
    /// The server's Finished is wrong.
    Finished,

    // Alerts.
    /// The server sent a fatal alert.
    AlertReceived { alert: AlertDescription, stage: Stage },
    /// The server refused the client's certificate, or, where none was sent, wants one.
    ClientCertificateRefused { alert: AlertDescription, sent: bool },
}

impl Error {
    /// The error's number, which never changes.
    pub fn code(&self) -> u16 {
        const ALERTS: u32 = 3500;
        // A table; of 16 bits LLVM would make none.
        let code: u32 = match self {
            Self::ReceiveBufferTooSmall { .. } => 1001,
            Self::SendBufferTooSmall { .. } => 1002,
            Self::NoTrustAnchors => 1003,
            Self::EntropyFailed => 1004,
            Self::EntropyRepeats => 1005,
            Self::NotOpen => 1006,
            Self::Session => 1007,
            Self::SignatureMemo => 1008,
            Self::ClientCertificate => 1020,
            Self::PrivateKey => 1021,
            Self::SignerKey => 1022,
            Self::SigningFailed { .. } => 1023,
            Self::Internal => 1099,

            Self::PlainHttp => 3001,
            Self::NotTls { .. } => 3002,
            Self::ProtocolVersion { .. } => 3003,
            Self::VersionNotOffered { .. } => 3004,
            Self::Downgrade => 3005,
            Self::LegacyVersion { .. } => 3006,
            Self::SessionIdEcho => 3007,
            Self::CipherSuiteNotOffered { .. } => 3008,
            Self::CipherSuiteChanged { .. } => 3009,
            Self::CompressionMethod { .. } => 3010,
            Self::IllegalParameter { .. } => 3011,
            Self::MissingExtension { .. } => 3012,
            Self::UnsolicitedExtension { .. } => 3013,
            Self::MisplacedExtension { .. } => 3014,
            Self::RepeatedExtension { .. } => 3015,
            Self::GroupNotOffered { .. } => 3016,
            Self::KeyShare => 3017,
            Self::RetryWithoutChange => 3018,
            Self::CookieTooLarge { .. } => 3019,
            Self::ApplicationProtocol => 3020,
            Self::UnexpectedMessage { .. } => 3021,
            Self::Malformed { .. } => 3022,
            Self::MessageTooLarge { .. } => 3023,
            Self::MessageAcrossKeys => 3024,
            Self::PostHandshakeAuth => 3025,

            Self::RecordTooLarge { .. } => 3101,
            Self::RecordOverflow { .. } => 3102,
            Self::BadRecordMac => 3103,
            Self::UnexpectedRecord { .. } => 3104,
            Self::EmptyRecord { .. } => 3105,
            Self::ChangeCipherSpec => 3106,
            Self::MalformedAlert => 3107,
            Self::Interleaved { .. } => 3108,
            Self::TooManyEmptyRecords => 3109,
            Self::Truncated { .. } => 3110,
            Self::ClosedInHandshake => 3111,
            Self::KeysExhausted => 3112,

            Self::NoCertificate => 3201,
            Self::TooManyCertificates { .. } => 3202,
            Self::Expired { .. } => 3203,
            Self::NotYetValid { .. } => 3204,
            Self::WrongName => 3205,
            Self::UnknownIssuer => 3206,
            Self::IssuerIsNotCa => 3207,
            Self::CaAsServer => 3208,
            Self::CertificateSignature => 3209,
            Self::CertificateAlgorithm => 3210,
            Self::KeyUsage => 3211,
            Self::NameConstraint => 3212,
            Self::PathTooLong => 3213,
            Self::CriticalExtension => 3214,
            Self::BadCertificate => 3215,
            Self::PathTooComplex => 3216,

            Self::SchemeNotOffered { .. } => 3301,
            Self::SchemeForKey { .. } => 3302,
            Self::HandshakeSignature { .. } => 3303,
            Self::Finished => 3401,
            Self::AlertReceived { .. } | Self::ClientCertificateRefused { .. } => ALERTS,
        };
        let [low, high, ..] = code.to_le_bytes();
        let code = u16::from_le_bytes([low, high]);
        match self {
            Self::AlertReceived { alert, .. } | Self::ClientCertificateRefused { alert, .. } => {
                code.saturating_add(alert.0.into())
            }
            _ => code,
        }
    }
}
