//! What is odd about a ClientHello: what a real edge would not take, or takes differently.

use std::net::IpAddr;

use super::event::ClientHello;
use crate::ca::{Shape, SubjectName};
use crate::finding::Finding;

/// What the hello is held against.
#[derive(Debug)]
pub(super) struct Served<'a> {
    /// This machine's address on the connection.
    pub(super) address: IpAddr,
    pub(super) shape: Shape,
    pub(super) names: &'a [SubjectName],
}

/// Octets of payload in the first TCP segment over Ethernet.
const FIRST_SEGMENT: usize = 1460;

/// Looks at a decoded hello, and adds findings to those of decoding.
pub(super) fn check(hello: &mut ClientHello, served: &Served<'_>) {
    let mut findings = std::mem::take(&mut hello.findings);
    // The checks below would only repeat that nothing could be read.
    if !findings.iter().any(|finding| finding.code == "malformed-client-hello") {
        check_server_name(hello, served, &mut findings);
        check_versions(hello, &mut findings);
        check_suites(hello, &mut findings);
        check_signatures(hello, served.shape, &mut findings);
        check_alpn(hello, &mut findings);
        check_sizes(hello, &mut findings);
    }
    hello.findings = findings;
}

fn check_server_name(hello: &ClientHello, served: &Served<'_>, findings: &mut Vec<Finding>) {
    let Some(name) = &hello.server_name else {
        findings.push(Finding::error("no-server-name", "no server name (SNI)").hint(
            "connect by host name, not by address: an edge that serves many hosts answers with a fatal alert",
        ));
        if !served.names.contains(&SubjectName::Ip(served.address)) {
            findings.push(
                Finding::warning(
                    "address-not-served",
                    format!("the certificate here is not for the address `{}`", served.address),
                )
                .depends_on("no-server-name")
                .hint(format!("start with `--name {}`", served.address)),
            );
        }
        return;
    };
    match name.parse::<SubjectName>() {
        Ok(SubjectName::Ip(_)) => findings.push(
            Finding::error(
                "server-name-is-address",
                format!("the server name (SNI) is the address `{name}`"),
            )
            .hint("SNI carries host names only (RFC 6066 §3): connect by host name"),
        ),
        Ok(name) if served.names.contains(&name) => {}
        _ => findings.push(
            Finding::warning(
                "server-name-not-served",
                format!("the certificate here is not for the server name `{name}`"),
            )
            .hint(format!("start with `--name {name}`")),
        ),
    }
}

fn check_versions(hello: &ClientHello, findings: &mut Vec<Finding>) {
    if !hello.versions.iter().any(|version| version == "TLS 1.3") {
        findings.push(Finding::note("no-tls13", "no TLS 1.3"));
        if !hello.versions.iter().any(|version| version == "TLS 1.2") {
            findings.push(
                Finding::error("no-tls12", "neither TLS 1.3 nor TLS 1.2 is offered")
                    .depends_on("no-tls13")
                    .hint("edges have switched older versions off: update the TLS library"),
            );
        }
    } else if !hello.groups.is_empty() && hello.key_shares.is_empty() && !hello.pre_shared_key {
        findings.push(Finding::note("no-key-share", "no key share: costs a HelloRetryRequest round trip"));
    }
}

/// Parts of the names of cipher suites that were broken long ago (RFC 9325 §4.2).
const WEAK: [&str; 9] =
    ["_RC4_", "_3DES_", "_DES_", "_DES40_", "_RC2_", "_NULL_", "_EXPORT_", "_anon_", "_MD5"];
/// Parts of the names of those that are not (RFC 9325 §4.1): AEAD.
const STRONG: [&str; 3] = ["_GCM_", "_CCM", "_CHACHA20_"];

fn check_suites(hello: &ClientHello, findings: &mut Vec<Finding>) {
    let has = |suite: &str, parts: &[&str]| parts.iter().any(|part| suite.contains(part));
    let weak: Vec<&str> =
        hello.cipher_suites.iter().map(String::as_str).filter(|suite| has(suite, &WEAK)).collect();
    if let [first, ..] = weak.as_slice() {
        findings.push(
            Finding::warning(
                "weak-cipher-suite",
                format!("`{first}` is offered, which is broken ({} such)", weak.len()),
            )
            .hint("leave it out of the TLS library's build: some edges refuse hellos that offer it"),
        );
    }
    if !hello.cipher_suites.is_empty() && !hello.cipher_suites.iter().any(|suite| has(suite, &STRONG)) {
        findings.push(
            Finding::warning(
                "no-aead-suite",
                "no cipher suite with GCM, CCM or ChaCha20-Poly1305 is offered",
            )
            .hint("compile AES-GCM or ChaCha20-Poly1305 in: edges switch the others off"),
        );
    }
}

/// For a client that has been here before: it was given a session, and does not come back to it.
pub(super) fn check_resumption(hello: &mut ClientHello) {
    let offers_ticket = hello.extensions.iter().any(|name| name == "session_ticket");
    let is_tls13 = hello.versions.iter().any(|version| version == "TLS 1.3");
    let resumes = hello.pre_shared_key || (!is_tls13 && (offers_ticket || hello.session_id_octets > 0));
    if !hello.second && !resumes {
        hello.findings.push(
            Finding::note("no-resumption", "this client was here before and does not resume its session")
                .hint("keep the session: the next handshake then needs no certificate, and a fraction of the time"),
        );
    }
}

/// A chain whose signatures the client did not offer fails later, with an alert that seldom says
/// so (IDF#14239: SHA-384 compiled out).
fn check_signatures(hello: &ClientHello, shape: Shape, findings: &mut Vec<Finding>) {
    // signature_algorithms_cert may name more for certificates (RFC 9846 §4.3.3).
    let other_list = hello.extensions.iter().any(|name| name == "signature_algorithms_cert");
    if hello.signature_algorithms.is_empty() || other_list {
        return;
    }
    for (scheme, what) in shape.signature_schemes() {
        if !hello.signature_algorithms.iter().any(|offered| offered == scheme) {
            findings.push(
                Finding::warning(
                    "signature-not-offered",
                    format!("`{scheme}` is not offered, and {what} of chain {} needs it", shape.name()),
                )
                .hint("is it compiled out of the firmware?"),
            );
        }
    }
}

fn check_alpn(hello: &ClientHello, findings: &mut Vec<Finding>) {
    if !hello.alpn.is_empty() && !hello.alpn.iter().any(|name| name == "http/1.1") {
        findings.push(
            Finding::error("alpn-without-http11", format!("ALPN offers {} only", hello.alpn.join(", ")))
                .hint("offer `http/1.1`, or leave ALPN out"),
        );
    }
}

fn check_sizes(hello: &ClientHello, findings: &mut Vec<Finding>) {
    if hello.post_quantum && hello.octets > FIRST_SEGMENT {
        findings.push(Finding::note(
            "post-quantum-hello",
            format!(
                "a post-quantum key share makes the ClientHello {} octets, two TCP segments; a small device's has \
                 about 300",
                hello.octets
            ),
        ));
    }
    if let Some(limit) = hello.record_size_limit.or(hello.max_fragment_length)
        && limit < 16_384
    {
        findings.push(Finding::note(
            "asks-for-small-records",
            format!("asks for records of at most {limit} octets: this server does not agree to that, like most edges"),
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::super::event::{ClientHello, KeyShare};
    use super::{Served, check};
    use crate::ca::{Shape, SubjectName};

    const AES_GCM: &str = "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256";

    fn good() -> ClientHello {
        let strings = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        ClientHello {
            octets: 240,
            records: 1,
            server_name: Some("picopost.test".to_owned()),
            versions: strings(&["TLS 1.3"]),
            groups: strings(&["x25519"]),
            key_shares: vec![KeyShare { group: "x25519".to_owned(), octets: 32 }],
            signature_algorithms: strings(&["ecdsa_secp256r1_sha256", "ecdsa_secp384r1_sha384"]),
            alpn: strings(&["http/1.1"]),
            ..ClientHello::default()
        }
    }

    fn codes(change: impl FnOnce(&mut ClientHello)) -> Vec<String> {
        let mut hello = good();
        change(&mut hello);
        let address = "127.0.0.1".parse().unwrap();
        check(&mut hello, &Served { shape: Shape::Gts, names: &SubjectName::always(), address });
        hello.findings.iter().map(|finding| finding.code.to_string()).collect()
    }

    #[test]
    fn an_address_of_the_network_is_not_in_the_certificate() {
        let mut hello = ClientHello { server_name: None, ..good() };
        let address = "192.0.2.7".parse().unwrap();
        check(&mut hello, &Served { shape: Shape::Gts, names: &SubjectName::always(), address });
        assert_eq!(hello.findings[1].code, "address-not-served");
        assert_eq!(hello.findings[1].hint.as_deref(), Some("start with `--name 192.0.2.7`"));
    }

    #[test]
    fn each_oddity_is_found_alone() {
        assert_eq!(codes(|_| {}), [""; 0]);
        assert_eq!(codes(|hello| hello.server_name = None), ["no-server-name"]);
        assert_eq!(codes(|hello| hello.server_name = Some("127.0.0.1".into())), ["server-name-is-address"]);
        assert_eq!(
            codes(|hello| hello.server_name = Some("api.example.com".into())),
            ["server-name-not-served"]
        );
        assert_eq!(codes(|hello| hello.versions = vec!["TLS 1.2".into()]), ["no-tls13"]);
        assert_eq!(codes(|hello| hello.versions = vec!["TLS 1.1".into()]), ["no-tls13", "no-tls12"]);
        assert_eq!(codes(|hello| hello.key_shares.clear()), ["no-key-share"]);
        assert_eq!(codes(|hello| hello.signature_algorithms.truncate(1)), ["signature-not-offered"]);
        assert_eq!(codes(|hello| hello.alpn = vec!["h2".into()]), ["alpn-without-http11"]);
        assert_eq!(
            codes(|hello| hello.cipher_suites = vec!["TLS_RSA_WITH_RC4_128_MD5".into(), AES_GCM.into()]),
            ["weak-cipher-suite"]
        );
        assert_eq!(
            codes(|hello| hello.cipher_suites = vec!["TLS_RSA_WITH_AES_128_CBC_SHA".into()]),
            ["no-aead-suite"]
        );
        assert_eq!(codes(|hello| hello.cipher_suites = vec![AES_GCM.into()]), [""; 0]);
        assert_eq!(codes(super::check_resumption), ["no-resumption"]);
        assert_eq!(
            codes(|hello| {
                hello.pre_shared_key = true;
                super::check_resumption(hello);
            }),
            [""; 0]
        );
        assert_eq!(codes(|hello| hello.record_size_limit = Some(1024)), ["asks-for-small-records"]);
        assert_eq!(codes(|hello| hello.record_size_limit = Some(16_385)), [""; 0]);
        assert_eq!(
            codes(|hello| {
                hello.post_quantum = true;
                hello.octets = 1600;
            }),
            ["post-quantum-hello"]
        );
    }
}
