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
    /// Finished.
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
    /// The receive buffer is below [`crate::MIN_RECEIVE_BUFFER`].
    ReceiveBufferTooSmall { size: usize, minimum: usize },
    /// The send buffer is below [`crate::MIN_SEND_BUFFER`], or below what this server name needs.
    SendBufferTooSmall { size: usize, minimum: usize },
    /// No trust anchors were given, so that no server could be verified.
    NoTrustAnchors,
    /// The random source failed.
    EntropyFailed,
    /// The random source gave the same octets twice.
    EntropyRepeats,
    /// The connection was used after it failed, was closed, or before it was established.
    NotOpen,

    // Hello and handshake order.
    /// The answer to the ClientHello was plain HTTP: no TLS on this port.
    PlainHttp,
    /// The answer to the ClientHello was not TLS.
    NotTls { first: [u8; 5] },
    /// The server speaks at most this `ProtocolVersion`.
    ProtocolVersion { offered: u16 },
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
    /// A handshake message does not fit into the receive buffer.
    MessageTooLarge { size: usize, capacity: usize },
    /// A handshake message goes on behind a change of keys.
    MessageAcrossKeys,
    /// The server asked for a client certificate after the handshake, which was not offered.
    PostHandshakeAuth,

    // Records.
    /// A record does not fit into the receive buffer.
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
    /// Another kind of record in the middle of a handshake message.
    Interleaved { content_type: u8 },
    /// More records without content, or more key updates, in a row than anyone has use for.
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
    /// A certificate that is no CA was used as one.
    IssuerIsNotCa,
    /// A CA's certificate was used as the server's own.
    CaAsServer,
    /// A certificate's signature is wrong.
    CertificateSignature,
    /// A certificate is signed with an algorithm, or carries a kind of key, that is not supported.
    CertificateAlgorithm,
    /// A certificate is not made for servers (extended key usage).
    KeyUsage,
    /// A certificate breaks a name constraint of its issuer.
    NameConstraint,
    /// The path is longer than one of its CAs allows, or than anyone builds.
    PathTooLong,
    /// A certificate has a critical extension that is not known.
    CriticalExtension,
    /// A certificate cannot be parsed.
    BadCertificate,

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
}
