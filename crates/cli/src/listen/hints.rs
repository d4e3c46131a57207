//! Why a handshake failed, in words, and what to do about it.

use rustls::{Error, PeerIncompatible};

use crate::finding::Finding;

/// Why the server refused a client. What rustls says in its own words stays so.
pub(super) fn refusal(error: &Error) -> String {
    let reason = match error {
        Error::NoApplicationProtocol => "ALPN has no protocol in common",
        Error::PeerIncompatible(
            PeerIncompatible::Tls12NotOffered | PeerIncompatible::Tls12NotOfferedOrEnabled,
        ) => "the client offers neither TLS 1.3 nor TLS 1.2",
        Error::PeerIncompatible(PeerIncompatible::SignatureAlgorithmsExtensionRequired) => {
            "the client offers no signature algorithms"
        }
        Error::PeerIncompatible(PeerIncompatible::NoSignatureSchemesInCommon) => {
            "the client offers no signature algorithm that the certificate's key can make"
        }
        Error::PeerIncompatible(PeerIncompatible::NoCipherSuitesInCommon) => "no cipher suite in common",
        Error::PeerIncompatible(
            PeerIncompatible::NoKxGroupsInCommon | PeerIncompatible::NamedGroupsExtensionRequired,
        ) => "no group for the key exchange in common",
        Error::PeerIncompatible(PeerIncompatible::KeyShareExtensionRequired) => {
            "the client offers TLS 1.3 without the key_share extension"
        }
        other => return other.to_string(),
    };
    reason.to_owned()
}

/// A handshake that the client broke off.
pub(super) fn client_alert(number: u8) -> Finding {
    let reason = "the client broke off with an alert";
    match number {
        // unknown_ca
        48 => Finding::error("unknown-ca", reason),
        // certificate_expired
        45 => Finding::error("certificate-expired", reason),
        // bad_certificate, unsupported_certificate, certificate_revoked, certificate_unknown
        42..=44 | 46 => Finding::error("certificate-refused", reason),
        _ => Finding::error("client-alert", reason),
    }
}

/// What a client that sends this alert needs. `anchors` is the file that it should trust.
pub(super) fn for_client_alert(number: u8, anchors: &str) -> Option<String> {
    Some(match number {
        // bad_certificate, certificate_unknown
        42 | 46 => format!(
            "the client may not know this CA: build `{anchors}` into it; or its clock, or the name that it \
             verifies, is wrong"
        ),
        // unsupported_certificate
        43 => "are the chain's algorithms compiled into the client? try another `--chain`".to_owned(),
        // certificate_expired
        45 => "set the client's clock before it connects: a device starts in 1970".to_owned(),
        // unknown_ca
        48 => format!("build the roots in `{anchors}` into the client as trust anchors"),
        // decode_error, record_overflow
        22 | 50 => "is the client's receive buffer large enough for a record of 16 KiB?".to_owned(),
        // decrypt_error
        51 => "does the client have an anchor of the same name with another key? take a fresh copy of the anchors"
            .to_owned(),
        // internal_error
        80 => "it is often out of memory: look at the largest free block, not at the sum".to_owned(),
        // handshake_failure, protocol_version, insufficient_security
        40 | 70 | 71 => "compare what the ClientHello offers with what was agreed on".to_owned(),
        _ => return None,
    })
}

/// What a client needs that the server refused with this alert.
pub(super) fn for_server_alert(number: u8) -> Option<String> {
    Some(match number {
        40 => "client and server have no cipher suite, group or signature algorithm in common".to_owned(),
        70 => "the client must speak TLS 1.2 or TLS 1.3".to_owned(),
        120 => "offer `http/1.1` in ALPN, or leave ALPN out".to_owned(),
        _ => return None,
    })
}

/// What a client's silence in mid-handshake may mean.
pub(super) const WENT_AWAY: &str = "a client that cannot take the certificate, or runs out of memory or time, often \
                                    goes without an alert: look at its own error";

/// What a client needs that stops at a HelloRetryRequest (RFC 9846 §4.2.4).
pub(super) const NO_HELLO_RETRY: &str = "a TLS library without HelloRetryRequest needs a server that takes its first \
                                         key share: offer x25519 or secp256r1 at once, or update it";
