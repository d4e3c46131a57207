//! Why a test is skipped.

/// Why the shim does not run a test. Of several reasons the first in this order is given: what
/// lies outside of picopost, then what it leaves out, then what it does not do yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "each is explained by `sentence`")]
pub enum Reason {
    Server,
    Dtls,
    Quic,
    Tls12,
    EarlyData,
    EncryptedClientHello,
    RawPublicKey,
    Pake,
    ExternalPsk,
    TrustAnchorIdentifiers,
    CertificateCompression,
    OcspStapling,
    CertificateTransparency,
    ApplicationSettings,
    NextProtocol,
    ChannelId,
    Srtp,
    ServerPadding,
    ApplicationProtocol,
    Exporter,
    Grease,
    Order,
    Choice,
    Callback,
    Call,
    AcrossNames,
    Credentials,
    ClientKey,
}

/// One row a reason: a name for files, and a sentence.
const TABLE: &[(Reason, &str, &str)] = &[
    (Reason::Server, "server", "picopost is a client"),
    (Reason::Dtls, "dtls", "DTLS: picopost speaks TLS over a stream"),
    (Reason::Quic, "quic", "QUIC: picopost speaks TLS over a stream"),
    (Reason::Tls12, "tls12", "TLS 1.2 and below: picopost speaks TLS 1.3 only"),
    (Reason::EarlyData, "early-data", "0-RTT: a POST is not safe to replay"),
    (Reason::EncryptedClientHello, "ech", "Encrypted Client Hello is not offered"),
    (Reason::RawPublicKey, "raw-public-key", "raw public keys are not offered"),
    (Reason::Pake, "pake", "password-authenticated key exchange is not offered"),
    (Reason::ExternalPsk, "external-psk", "external pre-shared keys are not offered"),
    (Reason::TrustAnchorIdentifiers, "trust-anchors", "trust anchor identifiers are not offered"),
    (Reason::CertificateCompression, "certificate-compression", "certificate compression is not offered"),
    (Reason::OcspStapling, "ocsp", "OCSP responses are neither asked for nor sent"),
    (Reason::CertificateTransparency, "sct", "signed certificate timestamps are neither asked for nor sent"),
    (Reason::ApplicationSettings, "alps", "application settings (ALPS) are not offered"),
    (Reason::NextProtocol, "npn", "next protocol negotiation (NPN) is older than TLS 1.3"),
    (Reason::ChannelId, "channel-id", "Channel ID is not offered"),
    (Reason::Srtp, "srtp", "SRTP is not offered"),
    (Reason::ServerPadding, "server-padding", "padding is not asked for"),
    (Reason::ApplicationProtocol, "alpn", "the application protocol is always http/1.1"),
    (Reason::Exporter, "exporter", "keying material and secrets are not exported"),
    (Reason::Grease, "grease", "GREASE values are not sent"),
    (Reason::Order, "order", "the order of extensions is fixed"),
    (Reason::Choice, "choice", "suites, groups and signature schemes are fixed"),
    (Reason::Callback, "callback", "the engine has no callbacks and keeps no certificates"),
    (Reason::Call, "call", "the engine has no such call: keys are updated and alerts sent when due"),
    (Reason::AcrossNames, "across-names", "sessions are bound to the server's name"),
    (
        Reason::Credentials,
        "credentials",
        "a client has one certificate, and the server's list of authorities is not looked at",
    ),
    (Reason::ClientKey, "client-key", "a client's key is on P-256 and signs with SHA-256"),
];

impl Reason {
    /// All reasons, in their order.
    pub fn all() -> impl Iterator<Item = Self> {
        TABLE.iter().map(|(reason, ..)| *reason)
    }

    /// A word for files.
    pub fn name(self) -> &'static str {
        TABLE.iter().find(|(reason, ..)| *reason == self).map_or("", |(_, name, _)| name)
    }

    /// The reason as a sentence.
    pub fn sentence(self) -> &'static str {
        TABLE.iter().find(|(reason, ..)| *reason == self).map_or("", |(_, _, sentence)| sentence)
    }

    /// The reason of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        TABLE.iter().find(|(_, known, _)| *known == name).map(|(reason, ..)| *reason)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_has_its_row_in_order() {
        let all: Vec<Reason> = Reason::all().collect();
        assert!(all.is_sorted());
        assert_eq!(all.len(), Reason::ClientKey as usize + 1);
        for reason in all {
            assert_eq!(Reason::from_name(reason.name()), Some(reason));
            assert!(!reason.sentence().is_empty());
        }
    }
}
