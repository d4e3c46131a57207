//! Errors as sentences.

use core::fmt;

use crate::error::{Error, Message, Stage};

impl core::error::Error for Error {}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Setup => "setup",
            Self::Hello => "hello",
            Self::Certificate => "certificate",
            Self::Verify => "verify",
            Self::Finished => "finished",
            Self::Traffic => "traffic",
        })
    }
}

impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ServerHello => "ServerHello",
            Self::HelloRetryRequest => "HelloRetryRequest",
            Self::NewSessionTicket => "NewSessionTicket",
            Self::EncryptedExtensions => "EncryptedExtensions",
            Self::Certificate => "Certificate",
            Self::CertificateRequest => "CertificateRequest",
            Self::CertificateVerify => "CertificateVerify",
            Self::Finished => "Finished",
            Self::KeyUpdate => "KeyUpdate",
            Self::Unknown(number) => return write!(f, "handshake message {number}"),
        })
    }
}

#[cfg(not(feature = "error-text"))]
impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error {}", self.code())
    }
}

#[cfg(feature = "error-text")]
impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.code() {
            ..=1999 => setup(self, f),
            3000..=3099 => hello(self, f),
            3100..=3199 => record(self, f),
            _ => authentication(self, f),
        }
    }
}

#[cfg(feature = "error-text")]
fn setup(error: &Error, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match error {
        Error::ReceiveBufferTooSmall { size, minimum } => {
            write!(f, "the receive buffer has {size} octets and needs {minimum} at least")
        }
        Error::SendBufferTooSmall { size, minimum } => {
            write!(f, "the send buffer has {size} octets and needs {minimum} at least")
        }
        Error::NoTrustAnchors => f.write_str("no trust anchors were given, so no server can be verified"),
        Error::EntropyFailed => f.write_str("the random source failed"),
        Error::EntropyRepeats => f.write_str("the random source gave the same octets twice"),
        Error::NotOpen => f.write_str("the connection is not open for sending"),
        Error::Session => f.write_str("the stored session is none, or was damaged"),
        Error::SignatureMemo => f.write_str("the stored signature memo is none, or was damaged"),
        Error::ClientCertificate => {
            f.write_str("the client's certificate is none of a P-256 key that may sign")
        }
        Error::PrivateKey => f.write_str("the private key is none for P-256 in PKCS #8 or SEC 1 DER"),
        Error::SignerKey => f.write_str("the signer's key is not the client certificate's"),
        Error::SigningFailed { reason } => {
            write!(f, "the signer of the client's certificate failed: its error {reason}")
        }
        _ => f.write_str("a bug in picopost"),
    }
}

#[cfg(feature = "error-text")]
fn hello(error: &Error, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match error {
        Error::PlainHttp => f.write_str("the server answered in plain HTTP: this port does not speak TLS"),
        Error::NotTls { first } => {
            f.write_str("the server's answer is not TLS; it begins with")?;
            first.iter().try_for_each(|octet| write!(f, " {octet:02x}"))
        }
        Error::ProtocolVersion { offered: 0x0303 } => {
            f.write_str("the server speaks TLS 1.2 at most, and TLS 1.3 is needed")
        }
        Error::ProtocolVersion { offered } => {
            write!(f, "the server speaks protocol version 0x{offered:04x} at most, and TLS 1.3 is needed")
        }
        Error::VersionNotOffered { version } => {
            write!(f, "the server chose protocol version 0x{version:04x}, which was not offered")
        }
        Error::Downgrade => f.write_str(
            "the server can speak TLS 1.3, but someone in between made it choose an older version",
        ),
        Error::LegacyVersion { version } => {
            write!(f, "the server's ServerHello has legacy_version 0x{version:04x} instead of 0x0303")
        }
        Error::SessionIdEcho => f.write_str("the server did not echo the session identifier"),
        Error::CipherSuiteNotOffered { suite } => {
            write!(f, "the server chose cipher suite 0x{suite:04x}, which was not offered")
        }
        Error::CipherSuiteChanged { suite } => {
            write!(f, "the server changed to cipher suite 0x{suite:04x} after its HelloRetryRequest")
        }
        Error::CompressionMethod { method } => {
            write!(f, "the server chose compression method {method}, which TLS 1.3 does not have")
        }
        Error::IllegalParameter { message } => {
            write!(f, "the server's {message} has a field with a value that it must not have")
        }
        Error::MissingExtension { message, extension } => {
            write!(f, "the server's {message} lacks extension {extension}")
        }
        Error::UnsolicitedExtension { message, extension } => {
            write!(f, "the server's {message} has extension {extension}, which was not asked for")
        }
        Error::MisplacedExtension { message, extension } => {
            write!(f, "the server's {message} has extension {extension}, which does not belong there")
        }
        Error::RepeatedExtension { message, extension } => {
            write!(f, "the server's {message} has extension {extension} twice")
        }
        Error::GroupNotOffered { group } => {
            write!(f, "the server chose group 0x{group:04x}, which was not offered")
        }
        Error::KeyShare => f.write_str("the server's key share is not a valid public key"),
        Error::RetryWithoutChange => {
            f.write_str("the server's HelloRetryRequest asks for nothing that it did not have already")
        }
        Error::CookieTooLarge { size, capacity } => write!(
            f,
            "with the server's cookie the ClientHello needs a send buffer of {size} octets, and it has {capacity}"
        ),
        Error::ApplicationProtocol => {
            f.write_str("the server chose an application protocol other than http/1.1")
        }
        Error::UnexpectedMessage { message, expected } => {
            write!(f, "the server sent {message} when {expected} was due")
        }
        Error::Malformed { message } => write!(f, "the server's {message} cannot be parsed"),
        Error::MessageTooLarge { size, capacity } => write!(
            f,
            "the server's handshake message needs a receive buffer of {size} octets, and it has {capacity}"
        ),
        Error::MessageAcrossKeys => f.write_str("a handshake message goes on behind a change of keys"),
        _ => f.write_str("the server asked for a client certificate after the handshake"),
    }
}

#[cfg(feature = "error-text")]
fn record(error: &Error, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match error {
        Error::RecordTooLarge { size, capacity } => {
            write!(f, "the server's record needs a receive buffer of {size} octets, and it has {capacity}")
        }
        Error::RecordOverflow { size } => {
            write!(f, "the server sent a record of {size} octets, which is more than TLS allows")
        }
        Error::BadRecordMac => f.write_str("a record from the server did not decrypt"),
        Error::UnexpectedRecord { content_type } => {
            write!(f, "the server sent a record of type {content_type}, which does not belong here")
        }
        Error::EmptyRecord { content_type } => {
            write!(f, "the server sent an empty record of type {content_type}")
        }
        Error::ChangeCipherSpec => f.write_str("the server's change_cipher_spec record is not the octet 1"),
        Error::MalformedAlert => f.write_str("the server sent an alert record that is not one alert"),
        Error::Interleaved { content_type } => {
            write!(f, "the server sent a record of type {content_type} in the middle of a handshake message")
        }
        Error::TooManyEmptyRecords => {
            f.write_str("the server sent too many records in a row that carry no application data")
        }
        Error::Truncated { stage: Stage::Traffic } => {
            f.write_str("the connection ended without close_notify: what came may be cut short")
        }
        Error::Truncated { stage } => write!(f, "the server ended the connection in the handshake ({stage})"),
        Error::ClosedInHandshake => f.write_str("the server closed the connection in the handshake"),
        _ => f.write_str("the connection's keys are used up"),
    }
}

#[cfg(feature = "error-text")]
fn authentication(error: &Error, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match error {
        Error::NoCertificate => f.write_str("the server sent no certificate"),
        Error::TooManyCertificates { maximum } => {
            write!(f, "the server sent more than {maximum} certificates")
        }
        Error::Expired { now, not_after } => write!(
            f,
            "a certificate expired at Unix time {not_after}, and by this device's clock it is {now}"
        ),
        Error::NotYetValid { now, not_before } => write!(
            f,
            "a certificate is valid from Unix time {not_before}, and by this device's clock it is {now}"
        ),
        Error::WrongName => f.write_str("the server's certificate is for another name"),
        Error::UnknownIssuer => f.write_str("no path leads from the server's certificate to a trust anchor"),
        Error::IssuerIsNotCa => {
            f.write_str("a certificate was issued by one that may not issue certificates")
        }
        Error::CaAsServer => f.write_str("the server's certificate is a CA's"),
        Error::CertificateSignature => f.write_str("the signature of a certificate is wrong"),
        Error::CertificateAlgorithm => {
            f.write_str("a certificate uses a kind of key or signature that is not supported")
        }
        Error::KeyUsage => f.write_str("a certificate is not made for servers, or its key not for signing"),
        Error::NameConstraint => f.write_str("a certificate has a name that its issuer may not issue for"),
        Error::PathTooLong => f.write_str("the certificate path is longer than a CA on it allows"),
        Error::CriticalExtension => f.write_str("a certificate has a critical extension that is not known"),
        Error::PathTooComplex => f.write_str("the server's certificates take more work than any good path"),
        Error::BadCertificate => f.write_str("a certificate cannot be parsed"),
        Error::SchemeNotOffered { scheme } => {
            write!(f, "the server signed with scheme 0x{scheme:04x}, which was not offered")
        }
        Error::SchemeForKey { scheme } => {
            write!(
                f,
                "the server signed with scheme 0x{scheme:04x}, which does not fit its certificate's key"
            )
        }
        Error::HandshakeSignature { scheme } => write!(
            f,
            "the server's signature (scheme 0x{scheme:04x}) is wrong: it does not hold its certificate's key"
        ),
        Error::Finished => f.write_str("the server's Finished is wrong: the handshake was tampered with"),
        Error::AlertReceived { alert, stage } => {
            write!(f, "the server sent the alert {} ({stage}): {}", alert.name(), alert.meaning())
        }
        Error::ClientCertificateRefused { alert, sent: true } => {
            write!(f, "the server refused the client's certificate ({})", alert.name())
        }
        Error::ClientCertificateRefused { alert, sent: false } => {
            write!(f, "the server wants a client certificate, and was sent none ({})", alert.name())
        }
        _ => f.write_str("a bug in picopost"),
    }
}
