//! That nothing of an error is lost on its way to the caller.

use super::*;

#[test]
fn every_fault_keeps_its_number() {
    for fault in FAULTS {
        assert_eq!(Failure::from(*fault).fault(), *fault);
        assert_eq!(Failure::new(*fault, u8::MAX, u16::MAX).fault(), *fault);
    }
}

/// An error says all that its fault was made of, and its details.
#[test]
fn nothing_is_lost() {
    let details = Details {
        now: 1 << 40,
        date: 1 << 50,
        first: *b"12345",
        stage: Stage::Verify,
        capacity: 1 << 20,
        needed: 1 << 24,
    };
    let error = |failure: Failure| failure.error(&details);
    let alert = AlertDescription::UNKNOWN_CA;
    let message = Message::HelloRetryRequest;
    for (failure, expected) in [
        (Fault::NotTls.into(), Error::NotTls { first: *b"12345" }),
        (Fault::CompressionMethod.with(0xff), Error::CompressionMethod { method: 0xff }),
        (Fault::CipherSuiteChanged.with(0xfafa), Error::CipherSuiteChanged { suite: 0xfafa }),
        (Fault::SigningFailed.with(u16::MAX), Error::SigningFailed { reason: u16::MAX }),
        (
            Fault::MissingExtension.at(HandshakeType::HELLO_RETRY_REQUEST, 0xfafa),
            Error::MissingExtension { message, extension: 0xfafa },
        ),
        (Fault::SecondRetry.into(), Error::UnexpectedMessage { message, expected: Message::ServerHello }),
        (Failure::record_overflow(0xffff), Error::RecordOverflow { size: 0xffff }),
        (Fault::Interleaved.with(0xff), Error::Interleaved { content_type: 0xff }),
        (Fault::Truncated.into(), Error::Truncated { stage: Stage::Verify }),
        (Fault::Expired.into(), Error::Expired { now: 1 << 40, not_after: 1 << 50 }),
        (Fault::NotYetValid.into(), Error::NotYetValid { now: 1 << 40, not_before: 1 << 50 }),
        (Fault::CookieTooLarge.into(), Error::CookieTooLarge { size: 1 << 24, capacity: 1 << 20 }),
        (Fault::SendBufferTooSmall.into(), Error::SendBufferTooSmall { size: 1 << 20, minimum: 1 << 24 }),
        (Fault::AlertReceived.with(48), Error::AlertReceived { alert, stage: Stage::Verify }),
        (Fault::NoClientCertificate.with(48), Error::ClientCertificateRefused { alert, sent: false }),
        (Fault::ClientCertificateRefused.with(48), Error::ClientCertificateRefused { alert, sent: true }),
    ] {
        assert_eq!(error(failure), expected);
    }
}

/// The number that stands for a HelloRetryRequest means nothing on the wire.
#[test]
fn a_message_of_an_unknown_type_stays_unknown() {
    for number in [0, 6, 0xff] {
        let failure = Fault::UnexpectedMessage.at(HandshakeType(number), 20);
        let expected = Message::Finished;
        assert_eq!(
            failure.error(&Details::NOTHING),
            Error::UnexpectedMessage { message: Message::Unknown(number), expected }
        );
    }
}
