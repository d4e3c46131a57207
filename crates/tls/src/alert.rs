//! Alerts, RFC 9846 §6.

/// An `AlertDescription`, RFC 9846 §6.
///
/// Code points that this list does not name are kept as they came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AlertDescription(pub u8);

#[expect(missing_docs, reason = "the names are the RFC's; `name` gives them back, `meaning` explains them")]
impl AlertDescription {
    pub const CLOSE_NOTIFY: Self = Self(0);
    pub const UNEXPECTED_MESSAGE: Self = Self(10);
    pub const BAD_RECORD_MAC: Self = Self(20);
    pub const RECORD_OVERFLOW: Self = Self(22);
    pub const HANDSHAKE_FAILURE: Self = Self(40);
    pub const BAD_CERTIFICATE: Self = Self(42);
    pub const UNSUPPORTED_CERTIFICATE: Self = Self(43);
    pub const CERTIFICATE_REVOKED: Self = Self(44);
    pub const CERTIFICATE_EXPIRED: Self = Self(45);
    pub const CERTIFICATE_UNKNOWN: Self = Self(46);
    pub const ILLEGAL_PARAMETER: Self = Self(47);
    pub const UNKNOWN_CA: Self = Self(48);
    pub const ACCESS_DENIED: Self = Self(49);
    pub const DECODE_ERROR: Self = Self(50);
    pub const DECRYPT_ERROR: Self = Self(51);
    pub const PROTOCOL_VERSION: Self = Self(70);
    pub const INSUFFICIENT_SECURITY: Self = Self(71);
    pub const INTERNAL_ERROR: Self = Self(80);
    pub const INAPPROPRIATE_FALLBACK: Self = Self(86);
    pub const USER_CANCELED: Self = Self(90);
    pub const MISSING_EXTENSION: Self = Self(109);
    pub const UNSUPPORTED_EXTENSION: Self = Self(110);
    pub const UNRECOGNIZED_NAME: Self = Self(112);
    pub const BAD_CERTIFICATE_STATUS_RESPONSE: Self = Self(113);
    pub const UNKNOWN_PSK_IDENTITY: Self = Self(115);
    pub const CERTIFICATE_REQUIRED: Self = Self(116);
    pub const GENERAL_ERROR: Self = Self(117);
    pub const NO_APPLICATION_PROTOCOL: Self = Self(120);
}

/// One row an alert: its number, its name in the RFC, what it means to somebody who receives it.
const TABLE: &[(AlertDescription, &str, &str)] = &[
    (AlertDescription::CLOSE_NOTIFY, "close_notify", "the peer is done sending"),
    (AlertDescription::UNEXPECTED_MESSAGE, "unexpected_message", "the peer got a message out of order"),
    (AlertDescription::BAD_RECORD_MAC, "bad_record_mac", "the peer could not decrypt a record"),
    (AlertDescription::RECORD_OVERFLOW, "record_overflow", "the peer got a record larger than it takes"),
    (
        AlertDescription::HANDSHAKE_FAILURE,
        "handshake_failure",
        "the peer found nothing in common with what was offered",
    ),
    (
        AlertDescription::BAD_CERTIFICATE,
        "bad_certificate",
        "the peer found a certificate corrupt or wrongly signed",
    ),
    (
        AlertDescription::UNSUPPORTED_CERTIFICATE,
        "unsupported_certificate",
        "the peer does not take this kind of certificate",
    ),
    (
        AlertDescription::CERTIFICATE_REVOKED,
        "certificate_revoked",
        "the peer knows the certificate as revoked",
    ),
    (
        AlertDescription::CERTIFICATE_EXPIRED,
        "certificate_expired",
        "the peer found a certificate outside its dates, by the peer's clock",
    ),
    (
        AlertDescription::CERTIFICATE_UNKNOWN,
        "certificate_unknown",
        "the peer did not accept the certificate and does not say why",
    ),
    (
        AlertDescription::ILLEGAL_PARAMETER,
        "illegal_parameter",
        "the peer found a field with a value that it must not have",
    ),
    (
        AlertDescription::UNKNOWN_CA,
        "unknown_ca",
        "the peer trusts none of the authorities above the certificate",
    ),
    (AlertDescription::ACCESS_DENIED, "access_denied", "the peer took the certificate and refuses its owner"),
    (AlertDescription::DECODE_ERROR, "decode_error", "the peer could not parse a message"),
    (
        AlertDescription::DECRYPT_ERROR,
        "decrypt_error",
        "the peer found a signature or a Finished message wrong",
    ),
    (AlertDescription::PROTOCOL_VERSION, "protocol_version", "the peer does not speak TLS 1.3"),
    (
        AlertDescription::INSUFFICIENT_SECURITY,
        "insufficient_security",
        "the peer wants stronger parameters than were offered",
    ),
    (AlertDescription::INTERNAL_ERROR, "internal_error", "the peer failed for a reason of its own"),
    (
        AlertDescription::INAPPROPRIATE_FALLBACK,
        "inappropriate_fallback",
        "the peer saw a needless fallback to an older version",
    ),
    (AlertDescription::USER_CANCELED, "user_canceled", "the peer's user gave up"),
    (
        AlertDescription::MISSING_EXTENSION,
        "missing_extension",
        "the peer missed an extension that it needs, often server_name",
    ),
    (
        AlertDescription::UNSUPPORTED_EXTENSION,
        "unsupported_extension",
        "the peer got an extension that it had not asked for",
    ),
    (
        AlertDescription::UNRECOGNIZED_NAME,
        "unrecognized_name",
        "the peer serves no host of the name that was sent",
    ),
    (
        AlertDescription::BAD_CERTIFICATE_STATUS_RESPONSE,
        "bad_certificate_status_response",
        "the peer found the OCSP response invalid",
    ),
    (AlertDescription::UNKNOWN_PSK_IDENTITY, "unknown_psk_identity", "the peer does not know the session"),
    (AlertDescription::CERTIFICATE_REQUIRED, "certificate_required", "the peer wants a client certificate"),
    (AlertDescription::GENERAL_ERROR, "general_error", "the peer failed and does not say why"),
    (
        AlertDescription::NO_APPLICATION_PROTOCOL,
        "no_application_protocol",
        "the peer does not speak HTTP/1.1 here",
    ),
];

impl AlertDescription {
    /// The alert's name in RFC 9846 §6, or `unknown`.
    pub fn name(self) -> &'static str {
        self.row().map_or("unknown", |(_, name, _)| name)
    }

    /// What it means to whoever receives it: half a sentence without full stop.
    pub fn meaning(self) -> &'static str {
        self.row().map_or("the peer sent an alert that no standard names", |(_, _, meaning)| meaning)
    }

    /// Whether it is a server's verdict on a client's certificate, or on none (RFC 9846 §6.2), when
    /// that is what is left to be judged. handshake_failure is what some servers send where a check
    /// of their own fails.
    pub(crate) fn refuses_certificate(self) -> bool {
        matches!(
            self,
            Self::HANDSHAKE_FAILURE
                | Self::BAD_CERTIFICATE
                | Self::UNSUPPORTED_CERTIFICATE
                | Self::CERTIFICATE_REVOKED
                | Self::CERTIFICATE_EXPIRED
                | Self::CERTIFICATE_UNKNOWN
                | Self::UNKNOWN_CA
                | Self::ACCESS_DENIED
                | Self::CERTIFICATE_REQUIRED
        )
    }

    fn row(self) -> Option<&'static (Self, &'static str, &'static str)> {
        TABLE.iter().find(|(alert, _, _)| *alert == self)
    }
}
