//! Each flag that client tests have, and what becomes of it.

use super::flags::Options;
use super::reason::Reason;

/// What becomes of a flag. A value is the argument behind it.
pub(super) enum Take {
    Set(fn(&mut Options)),
    Value(fn(&mut Options, &str) -> Result<(), Wrong>),
    /// Changes nothing for this client.
    Ignored,
    IgnoredValue,
    Skipped(Reason),
}

/// Why a flag's value cannot be taken.
pub(super) enum Wrong {
    Skipped(Reason),
    Unreadable,
}

use Take::{Ignored, IgnoredValue, Set, Skipped, Value};

/// Flags of tests that are not for a client over a stream. These tests have flags of their own,
/// which nobody needs to know.
pub(super) const OUTSIDE: &[(&str, Reason)] =
    &[("-server", Reason::Server), ("-dtls", Reason::Dtls), ("-quic", Reason::Quic)];

/// Each flag that client tests have, as in BoringSSL's `test_config.cc`.
pub(super) const FLAGS: &[(&str, Take)] = &[
    // The connection.
    ("-port", Value(|options, value| number(value).map(|port| options.port = port))),
    ("-shim-id", Value(|options, value| number(value).map(|id| options.shim_id = id))),
    ("-ipv6", Set(|options| options.ipv6 = true)),
    ("-async", Set(|options| options.trickle = true)),
    ("-write-settings", Value(|options, value| text(value).map(|prefix| options.prefix = Some(prefix)))),
    // What to do on it.
    ("-shim-writes-first", Set(|options| options.writes_first = true)),
    ("-read-with-unfinished-write", Set(|options| options.unfinished_write = true)),
    ("-shim-shuts-down", Set(|options| options.shuts_down = true)),
    ("-check-close-notify", Set(|options| options.check_close_notify = true)),
    ("-host-name", Value(|options, value| text(value).map(|name| options.host_name = Some(name)))),
    ("-cert-file", Value(|options, value| text(value).map(|file| options.certificates = Some(file)))),
    ("-key-file", Value(key)),
    ("-signing-prefs", Value(|_, value| only(value, &["1027"], Reason::ClientKey))),
    ("-verify-peer", Set(|options| options.verify_peer = true)),
    ("-verify-fail", Set(|options| options.verify_fail = true)),
    ("-resume-count", Value(|options, value| number(value).map(|count| options.resume_count = count))),
    ("-resumption-delay", Value(delay)),
    // What to expect.
    ("-expect-session-miss", Set(|options| options.expect_session_miss = true)),
    ("-expect-no-session", Set(|options| options.expect_no_session = true)),
    ("-expect-hrr", Set(|options| options.expect.retry = Some(true))),
    ("-expect-no-hrr", Set(|options| options.expect.retry = Some(false))),
    ("-expect-cipher", Value(suite)),
    ("-expect-cipher-aes", Value(suite)),
    ("-expect-cipher-no-aes", Value(suite)),
    (
        "-expect-curve-id",
        Value(|options, value| number(value).map(|group| options.expect.group = Some(group))),
    ),
    ("-expect-version", Value(|_, value| only(value, &["772"], Reason::Tls12))),
    // Versions: TLS 1.3 must be allowed, what else is does not matter.
    ("-max-version", Value(|_, value| only(value, &["772"], Reason::Tls12))),
    ("-min-version", IgnoredValue),
    ("-no-tls13", Skipped(Reason::Tls12)),
    ("-no-tls12", Ignored),
    ("-no-tls11", Ignored),
    ("-no-tls1", Ignored),
    // Choices that the engine does not leave to its caller: good where they are the engine's own.
    ("-curves", Value(group)),
    ("-verify-prefs", Value(|_, value| scheme(value))),
    ("-advertise-alpn", Value(|_, value| only(value, &["\x08http/1.1"], Reason::ApplicationProtocol))),
    ("-expect-alpn", Value(|_, value| only(value, &["http/1.1"], Reason::ApplicationProtocol))),
    // A new session takes the old one's place, and `-expect-no-session` is not there.
    ("-expect-ticket-renewal", Ignored),
    // Nothing to do: the certificate is accepted unless `-verify-fail` stands there, each of the
    // engine's calls may be repeated, a peek is what `Connection::plaintext` is, and what is
    // expected here either always holds in TLS 1.3 or is seen by the runner itself.
    ("-trust-cert", IgnoredValue),
    ("-use-custom-verify-callback", Ignored),
    ("-expect-verify-result", Ignored),
    ("-expect-peer-signature-algorithm", IgnoredValue),
    ("-implicit-handshake", Ignored),
    ("-no-op-extra-handshake", Ignored),
    ("-peek-then-read", Ignored),
    ("-renegotiate-freely", Ignored),
    ("-renegotiate-ignore", Ignored),
    ("-renegotiate-once", Ignored),
    ("-renegotiate-explicit", Ignored),
    ("-forbid-renegotiation-after-handshake", Ignored),
    ("-expect-extended-master-secret", Ignored),
    ("-expect-secure-renegotiation", Ignored),
    ("-expect-early-data-reason", Value(|_, value| only(value, &["disabled"], Reason::EarlyData))),
    ("-max-cert-list", IgnoredValue),
    ("-use-old-client-cert-callback", Ignored),
    // For QUIC, in tests without it.
    ("-quic-transport-params", Skipped(Reason::Quic)),
    ("-quic-use-legacy-codepoint", Skipped(Reason::Quic)),
    // TLS 1.2 and below.
    ("-allow-false-start-without-alpn", Skipped(Reason::Tls12)),
    ("-cbc-record-splitting", Skipped(Reason::Tls12)),
    ("-cipher", Skipped(Reason::Tls12)),
    ("-expect-certificate-types", Skipped(Reason::Tls12)),
    ("-expect-no-secure-renegotiation", Skipped(Reason::Tls12)),
    ("-expect-total-renegotiations", Skipped(Reason::Tls12)),
    ("-fallback-scsv", Skipped(Reason::Tls12)),
    ("-false-start", Skipped(Reason::Tls12)),
    ("-no-legacy-server-connect", Skipped(Reason::Tls12)),
    ("-psk", Skipped(Reason::Tls12)),
    ("-psk-identity", Skipped(Reason::Tls12)),
    ("-tls-unique", Skipped(Reason::Tls12)),
    ("-no-ticket", Skipped(Reason::Tls12)),
    // What picopost leaves out.
    ("-early-write-after-message", Skipped(Reason::EarlyData)),
    ("-enable-early-data", Skipped(Reason::EarlyData)),
    ("-expect-accept-early-data", Skipped(Reason::EarlyData)),
    ("-expect-no-offer-early-data", Skipped(Reason::EarlyData)),
    ("-expect-reject-early-data", Skipped(Reason::EarlyData)),
    ("-expect-ticket-supports-early-data", Skipped(Reason::EarlyData)),
    ("-ech-config-list", Skipped(Reason::EncryptedClientHello)),
    ("-enable-ech-grease", Skipped(Reason::EncryptedClientHello)),
    ("-expect-ech-accept", Skipped(Reason::EncryptedClientHello)),
    ("-expect-ech-name-override", Skipped(Reason::EncryptedClientHello)),
    ("-expect-ech-retry-configs", Skipped(Reason::EncryptedClientHello)),
    ("-expect-no-ech-name-override", Skipped(Reason::EncryptedClientHello)),
    ("-expect-no-ech-retry-configs", Skipped(Reason::EncryptedClientHello)),
    ("-reject-unusable-ech-config", Skipped(Reason::EncryptedClientHello)),
    ("-accepted-peer-cert-types", Skipped(Reason::RawPublicKey)),
    ("-available-client-cert-types", Skipped(Reason::RawPublicKey)),
    ("-expect-peer-certificate-type", Skipped(Reason::RawPublicKey)),
    ("-expect-peer-rpk-sha256", Skipped(Reason::RawPublicKey)),
    ("-new-rpk-credential", Skipped(Reason::RawPublicKey)),
    ("-new-spake2plusv1-credential", Skipped(Reason::Pake)),
    ("-pake-client-id", Skipped(Reason::Pake)),
    ("-pake-context", Skipped(Reason::Pake)),
    ("-pake-password", Skipped(Reason::Pake)),
    ("-pake-server-id", Skipped(Reason::Pake)),
    ("-wrong-pake-role", Skipped(Reason::Pake)),
    ("-expect-no-peer-cert", Skipped(Reason::ExternalPsk)),
    ("-new-psk-credential", Skipped(Reason::ExternalPsk)),
    ("-psk-importer-context", Skipped(Reason::ExternalPsk)),
    ("-psk-importer-identity", Skipped(Reason::ExternalPsk)),
    ("-psk-importer-key", Skipped(Reason::ExternalPsk)),
    ("-psk-importer-sha256", Skipped(Reason::ExternalPsk)),
    ("-psk-importer-sha384", Skipped(Reason::ExternalPsk)),
    ("-expect-no-peer-match-trust-anchor", Skipped(Reason::TrustAnchorIdentifiers)),
    ("-expect-peer-available-trust-anchors", Skipped(Reason::TrustAnchorIdentifiers)),
    ("-expect-peer-match-trust-anchor", Skipped(Reason::TrustAnchorIdentifiers)),
    ("-requested-trust-anchors", Skipped(Reason::TrustAnchorIdentifiers)),
    ("-install-cert-compression-algs", Skipped(Reason::CertificateCompression)),
    ("-install-one-cert-compression-alg", Skipped(Reason::CertificateCompression)),
    ("-ocsp-response", Skipped(Reason::OcspStapling)),
    ("-enable-ocsp-stapling", Skipped(Reason::OcspStapling)),
    ("-expect-ocsp-response", Skipped(Reason::OcspStapling)),
    ("-fail-ocsp-callback", Skipped(Reason::OcspStapling)),
    ("-use-ocsp-callback", Skipped(Reason::OcspStapling)),
    ("-signed-cert-timestamps", Skipped(Reason::CertificateTransparency)),
    ("-enable-signed-cert-timestamps", Skipped(Reason::CertificateTransparency)),
    ("-expect-signed-cert-timestamps", Skipped(Reason::CertificateTransparency)),
    ("-alps-use-new-codepoint", Skipped(Reason::ApplicationSettings)),
    ("-application-settings", Skipped(Reason::ApplicationSettings)),
    ("-expect-peer-application-settings", Skipped(Reason::ApplicationSettings)),
    ("-select-empty-next-proto", Skipped(Reason::NextProtocol)),
    ("-select-next-proto", Skipped(Reason::NextProtocol)),
    ("-send-channel-id", Skipped(Reason::ChannelId)),
    ("-srtp-profiles", Skipped(Reason::Srtp)),
    ("-expect-server-sent-requested-padding", Skipped(Reason::ServerPadding)),
    ("-request-server-padding", Skipped(Reason::ServerPadding)),
    ("-allow-unknown-alpn-protos", Skipped(Reason::ApplicationProtocol)),
    ("-export-context", Skipped(Reason::Exporter)),
    ("-export-keying-material", Skipped(Reason::Exporter)),
    ("-export-label", Skipped(Reason::Exporter)),
    ("-export-traffic-secrets", Skipped(Reason::Exporter)),
    ("-use-export-context", Skipped(Reason::Exporter)),
    ("-use-exporter-between-reads", Skipped(Reason::Exporter)),
    ("-enable-grease", Skipped(Reason::Grease)),
    ("-permute-extensions", Skipped(Reason::Order)),
    ("-cnsa1-202603", Skipped(Reason::Choice)),
    ("-cnsa2-202603", Skipped(Reason::Choice)),
    ("-fips-202205", Skipped(Reason::Choice)),
    ("-fips-202609", Skipped(Reason::Choice)),
    ("-wpa-202304", Skipped(Reason::Choice)),
    ("-key-shares", Skipped(Reason::Choice)),
    ("-no-key-shares", Skipped(Reason::Choice)),
    ("-server-supported-groups-hint", Skipped(Reason::Choice)),
    ("-expect-peer-verify-pref", Skipped(Reason::Choice)),
    ("-fail-cert-callback", Skipped(Reason::Callback)),
    ("-fail-cert-callback-alert", Skipped(Reason::Callback)),
    ("-expect-msg-callback", Skipped(Reason::Callback)),
    ("-expect-peer-cert-file", Skipped(Reason::Callback)),
    ("-handshake-never-done", Skipped(Reason::Callback)),
    ("-handshake-twice", Skipped(Reason::Callback)),
    ("-reverify-on-resume", Skipped(Reason::Callback)),
    ("-expect-not-resumable-across-names", Skipped(Reason::AcrossNames)),
    ("-expect-resumable-across-names", Skipped(Reason::AcrossNames)),
    ("-expect-client-ca-list", Skipped(Reason::Credentials)),
    ("-expect-selected-credential", Skipped(Reason::Credentials)),
    ("-must-match-issuer", Skipped(Reason::Credentials)),
    ("-new-x509-credential", Skipped(Reason::Credentials)),
    ("-require-any-client-certificate", Skipped(Reason::Server)),
    ("-key-update", Skipped(Reason::Call)),
    ("-key-update-before-read", Skipped(Reason::Call)),
    ("-partial-write", Skipped(Reason::Call)),
    ("-send-alert", Skipped(Reason::Call)),
    ("-write-different-record-sizes", Skipped(Reason::Call)),
    ("-repeat-shim-initial-write", Skipped(Reason::EarlyData)),
    ("-shim-initial-write", Skipped(Reason::EarlyData)),
];

/// What becomes of this flag; `None` for one that nobody has thought about.
pub(super) fn find(flag: &str) -> Option<&'static Take> {
    FLAGS.iter().find(|(name, _)| *name == flag).map(|(_, take)| take)
}

fn number<N: std::str::FromStr>(value: &str) -> Result<N, Wrong> {
    value.parse().ok().ok_or(Wrong::Unreadable)
}

#[expect(clippy::unnecessary_wraps, reason = "in the table beside values that can be wrong")]
fn text(value: &str) -> Result<String, Wrong> {
    Ok(value.to_owned())
}

fn only(value: &str, good: &[&str], otherwise: Reason) -> Result<(), Wrong> {
    if good.contains(&value) { Ok(()) } else { Err(Wrong::Skipped(otherwise)) }
}

/// `NamedGroup`s: secp256r1(23), x25519(29), X25519MLKEM768(4588).
fn group(options: &mut Options, value: &str) -> Result<(), Wrong> {
    options.hybrid |= value == "4588";
    only(value, &["23", "29", "4588"], Reason::Choice)
}

/// A private key: only one for P-256 can sign.
fn key(options: &mut Options, file: &str) -> Result<(), Wrong> {
    match super::identity::signer(file) {
        Ok(_) => {
            options.key = Some(file.to_owned());
            Ok(())
        }
        Err(_) => Err(Wrong::Skipped(Reason::ClientKey)),
    }
}

fn delay(options: &mut Options, value: &str) -> Result<(), Wrong> {
    let delay = number(value)?;
    if options.later {
        options.delay = delay;
    }
    Ok(())
}

fn suite(options: &mut Options, value: &str) -> Result<(), Wrong> {
    options.expect.suite = Some(number(value)?);
    Ok(())
}

/// `SignatureScheme`s that are offered, RFC 9846 §4.3.3.
fn scheme(value: &str) -> Result<(), Wrong> {
    let scheme: u16 = number(value)?;
    let offered = [0x0403, 0x0503, 0x0804, 0x0805, 0x0806];
    if offered.contains(&scheme) { Ok(()) } else { Err(Wrong::Skipped(Reason::Choice)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_each_flag_once() {
        for (index, (flag, _)) in FLAGS.iter().enumerate() {
            assert!(FLAGS.iter().skip(index + 1).all(|(other, _)| other != flag), "{flag} is there twice");
        }
    }
}
