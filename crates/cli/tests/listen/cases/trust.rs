//! The client does not believe the certificate, or should not.

use std::fs;

use super::acts::{Hello, Then, greets};
use super::case::Case;
use super::programs::pem;
use super::{BODY, post};
use crate::server::{Server, ca, client_config, exchange};

/// The clients know the root of `gts` alone.
const STRANGER: &[&str] = &["--chain", "rsa"];
/// These send no alert.
const SILENT: &str = "cannot take the certificate";

pub(super) fn cases() -> Vec<Case> {
    let mut cases = unknown_roots();
    cases.extend(clocks_and_names());
    cases
}

fn unknown_roots() -> Vec<Case> {
    const ALERT: &str = "the root is not in the firmware";
    vec![
        Case::new(ALERT, "curl", "unknown-ca", |server, programs| {
            let url = format!("https://localhost:{}/", server.address.port());
            assert_eq!(programs.curl(&["-d", "x", &url]).status, Some(60));
        })
        .with(STRANGER),
        Case::new("the same, `ssl.SSLCertVerificationError`", "Python", "unknown-ca", |server, programs| {
            assert_eq!(programs.python(server, "localhost", "good").status, Some(1));
        })
        .with(STRANGER),
        Case::new("the same, -0x2700", "Mbed TLS", "unknown-ca", |server, programs| {
            let ended = programs.c("mbedtls", server, "localhost", &[], &[post("localhost", 1)]);
            assert!(ended.output.contains("-0x2700"), "{}", ended.output);
        })
        .with(STRANGER),
        Case::new("the same, BearSSL's error 62", "BearSSL", "handshake-abandoned", |server, programs| {
            let ended = programs.c("bearssl", server, "localhost", &[], &[post("localhost", 1)]);
            assert!(ended.output.contains("handshake: 62"), "{}", ended.output);
        })
        .saying(SILENT)
        .with(STRANGER),
        Case::new("the same, ASN_NO_SIGNER_E", "wolfSSL", "unknown-ca", |server, programs| {
            let ended = programs.c("wolfssl", server, "localhost", &[], &[post("localhost", 1)]);
            assert!(ended.output.contains("handshake: -188"), "{}", ended.output);
        })
        .with(STRANGER),
        Case::new("the same, x509.UnknownAuthorityError", "Go", "certificate-refused", |server, programs| {
            assert_eq!(programs.go(server).status, Some(1));
        })
        .with(STRANGER),
        Case::new(
            "the same, PKIX path building failed",
            "Java",
            "certificate-refused",
            |server, programs| {
                assert_eq!(programs.java(server, "picopost.test").status, Some(1));
            },
        )
        .with(STRANGER),
        Case::new(
            "the same, unable to get local issuer",
            "Node.js",
            "handshake-abandoned",
            |server, programs| {
                assert_eq!(programs.node(server).status, Some(1));
            },
        )
        .saying(SILENT)
        .with(STRANGER),
        Case::new(
            "the leaf was embedded, and renewed since",
            "Mbed TLS",
            "unknown-ca",
            |server, programs| {
                let leaf = programs.file(pem(&leaf_of_another_day()).as_bytes());
                let ended = programs.mbedtls_with(&leaf, server, &[post("localhost", 1)]);
                assert!(ended.output.contains("-0x2700"), "{}", ended.output);
            },
        ),
        Case::new(
            "the anchor has the root's name and another key",
            "scripted",
            "client-alert",
            greets(Hello::small().record(), Then::Alerts(51)),
        )
        .saying("same name with another key"),
        Case::new(
            "the second certificate of -showcerts was embedded",
            "openssl s_client",
            "unknown-ca",
            |server, programs| {
                let intermediate = fs::read(ca().join("gts/intermediate.der")).unwrap();
                let anchors = programs.file(pem(&intermediate).as_bytes());
                let ended = programs.s_client_with(&anchors, server, &["-servername", "localhost"]);
                assert!(ended.output.contains("unable to get issuer certificate"), "{}", ended.output);
            },
        ),
    ]
}

fn clocks_and_names() -> Vec<Case> {
    vec![
        Case::new(
            "the clock says 1970: validity starts in the future",
            "openssl s_client",
            "certificate-refused",
            |server, programs| {
                let ended = programs.s_client(server, &["-servername", "localhost", "-attime", "0"]);
                assert!(ended.output.contains("not yet valid"), "{}", ended.output);
            },
        ),
        Case::new(
            "the clock is far ahead: expired",
            "openssl s_client",
            "certificate-expired",
            |server, programs| {
                let ended = programs.s_client(server, &["-servername", "localhost", "-attime", "4000000000"]);
                assert!(ended.output.contains("expired"), "{}", ended.output);
            },
        ),
        Case::new("the same, BearSSL's error 54", "BearSSL", "handshake-abandoned", |server, programs| {
            let settings = [("CLOCK", "0")];
            let ended = programs.c("bearssl", server, "localhost", &settings, &[post("localhost", 1)]);
            assert!(ended.output.contains("handshake: 54"), "{}", ended.output);
        })
        .saying(SILENT),
        Case::new("another host's name", "curl", "server-name-not-served", |server, programs| {
            let port = server.address.port();
            let to = format!("device.example:{port}:127.0.0.1:{port}");
            let url = format!("https://device.example:{port}/");
            assert_eq!(programs.curl(&["--connect-to", &to, "-d", "x", &url]).status, Some(60));
        })
        .also(&["certificate-refused", "no-request"]),
        Case::new(
            "\"works\", insecurely: setInsecure()",
            "curl --insecure",
            "certificate-not-verified",
            |server, programs| {
                let url = format!("https://localhost:{}/readings", server.address.port());
                programs.curl(&["--insecure", "-H", "Content-Type: application/json", "-d", BODY, &url]);
            },
        )
        .with(&["--bad-certificate", "expired"]),
        Case::new(
            "the same: verify_mode = CERT_NONE",
            "Python",
            "certificate-not-verified",
            |server, programs| {
                programs.python(server, "localhost", "unverified");
            },
        )
        .with(&["--bad-certificate", "unknown-ca"]),
        Case::new(
            "the new chain uses SHA-384, which is compiled out",
            "scripted",
            "signature-not-offered",
            greets(Hello { signatures: vec![0x0403, 0x0804], ..Hello::small() }.record(), Then::Alerts(43)),
        )
        .also(&["certificate-refused", "no-request"]),
    ]
}

/// The leaf is made anew at each start.
fn leaf_of_another_day() -> Vec<u8> {
    let server = Server::start(&[]);
    let mut client = server.client_with(client_config(&["gts"]), "picopost.test");
    exchange(&mut client, b"GET / HTTP/1.1\r\nHost: picopost.test\r\nConnection: close\r\n\r\n");
    client.conn.peer_certificates().unwrap()[0].to_vec()
}
