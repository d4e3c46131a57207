//! Clients that mean harm, or look like it: a limit and a finding for each, and never a crash.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, Error, SignatureScheme};
use serde_json::{Value, json};

use super::server::{Server, answer, client_config, close, exchange, parse, post};

const GET: &[u8] = b"GET / HTTP/1.1\r\nHost: picopost.test:8443\r\nUser-Agent: x\r\n\r\n";

/// The codes of all findings.
fn codes(text: &str) -> Vec<String> {
    let events = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let findings = events.flat_map(|event| event["findings"].as_array().cloned().unwrap_or_default());
    findings.map(|finding| finding["code"].as_str().unwrap().to_owned()).collect()
}

/// Octets that look random and are the same each time (Knuth's MMIX generator).
fn random(seed: u64, count: usize) -> Vec<u8> {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state.to_be_bytes()[0]
    };
    (0..count).map(|_| next()).collect()
}

#[test]
fn random_octets() {
    let prefixes: [&[u8]; 6] = [
        b"",
        &[22, 3, 1],
        &[22, 3, 1, 0x40, 0],
        &[22, 3, 3, 0, 9, 1, 0, 0, 5],
        &[21, 3, 3],
        b"POST / HTTP/1.1\r\n",
    ];
    let server = Server::start_for(prefixes.len() * 8, &["--timeout", "5"]);
    for (number, prefix) in prefixes.iter().cycle().take(prefixes.len() * 8).enumerate() {
        let mut stream = server.connect();
        let size = [0, 1, 100, 40_000][number % 4];
        // It may close before it has all.
        let _ = stream.write_all(&[prefix, random(number as u64, size).as_slice()].concat());
        let _ = stream.shutdown(std::net::Shutdown::Write);
        let _ = stream.read_to_end(&mut Vec::new());
    }
    let events = server.events();
    let closed = events.text.lines().filter(|line| line.contains("\"event\":\"closed\"")).count();
    assert_eq!(closed, prefixes.len() * 8);
}

#[test]
fn records_of_any_length() {
    // Longer than any may be; of 2^14 octets of nothing; without content.
    for (record, alert) in [
        (&[&[22, 3, 1, 0xff, 0xff][..], &[0; 100]].concat(), "record_overflow"),
        (&[&[22, 3, 1, 0x40, 0][..], &[1; 1 << 14]].concat(), "decode_error"),
        (&[22, 3, 1, 0, 0].to_vec(), "decode_error"),
    ] {
        let server = Server::start(&[]);
        let mut stream = server.connect();
        stream.write_all(record).unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        stream.read_to_end(&mut Vec::new()).unwrap();
        drop(stream);
        let events = server.events();
        let failed = events.only("handshake_failed");
        assert_eq!(failed["findings"][0]["code"], "tls-refused", "{alert}: {failed}");
    }
}

#[test]
fn a_hello_that_never_ends() {
    let server = Server::start(&[]);
    let mut stream = server.connect();
    stream.write_all(&[22, 3, 1, 0, 4, 1, 0xff, 0xff, 0xff]).unwrap();
    stream.read_to_end(&mut Vec::new()).unwrap();
    drop(stream);
    assert!(codes(&server.events().text).contains(&"client-hello-too-long".to_owned()));
}

#[test]
fn endless_headers_and_lengths() {
    let head =
        |fields: &str| format!("POST / HTTP/1.1\r\nHost: picopost.test:8443\r\nUser-Agent: x\r\n{fields}");
    let cases = [
        (head(&format!("X: {}", "a".repeat(70_000))), 431, "head-too-long"),
        (head(&"X-a: b\r\n".repeat(200)), 431, "too-many-headers"),
        (head("Content-Length: 1000000000\r\n\r\n"), 413, "body-too-long"),
        (head(&format!("Content-Length: {}\r\n\r\n", "9".repeat(40))), 400, "malformed-content-length"),
        (head("Content-Length: -1\r\n\r\n"), 400, "malformed-content-length"),
        (head("Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n"), 400, "malformed-chunk"),
        (head("Transfer-Encoding: chunked\r\n\r\n3b9aca00\r\n"), 413, "body-too-long"),
    ];
    let server = Server::start_for(cases.len(), &[]);
    for (request, status, _) in &cases {
        let (found, _) = parse(&exchange(&mut server.client("gts"), request.as_bytes()));
        assert_eq!(found, *status);
    }
    let found = codes(&server.events().text);
    for (_, _, code) in cases {
        assert!(found.iter().any(|found| found == code), "{code} in {found:?}");
    }
}

#[test]
fn a_client_that_drips() {
    let server = Server::start(&["--timeout", "2"]);
    let mut client = server.client("gts");
    client.conn.complete_io(&mut client.sock).unwrap();
    client.sock.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
    let mut octets = GET.iter().cycle();
    let status = loop {
        client.write_all(&[*octets.next().unwrap()]).unwrap();
        if let Ok(()) = client.read_exact(&mut [0; 9]) {
            break answer(&mut client)[..3].to_owned();
        }
    };
    assert_eq!(status, "408");
    close(&mut client);
    let events = server.events();
    assert_eq!(events.findings("request"), ["head-never-ended", "too-slow"]);
}

#[test]
fn one_connection_too_many() {
    let server = Server::start_for(3, &["--connections", "2"]);
    let mut clients: Vec<_> = (0..2).map(|_| server.client("gts")).collect();
    for client in &mut clients {
        client.conn.complete_io(&mut client.sock).unwrap();
    }
    assert_eq!(server.connect().read(&mut [0]).unwrap(), 0);
    for client in &mut clients {
        assert_eq!(parse(&exchange(client, GET)).0, 200);
    }
    let events = server.events();
    assert!(events.text.contains(r#""how":"refused""#));
    assert_eq!(codes(&events.text).iter().filter(|code| *code == "too-many-connections").count(), 1);
}

#[test]
fn idle_connections_hold_up_nobody() {
    const IDLE: usize = 300;
    let server = Server::start_for(IDLE + 1, &[]);
    let idle: Vec<TcpStream> = (0..IDLE).map(|_| server.connect()).collect();
    assert_eq!(parse(&exchange(&mut server.client("gts"), GET)).0, 200);
    drop(idle);
    let events = server.events();
    assert_eq!(codes(&events.text).iter().filter(|code| *code == "nothing-sent").count(), IDLE);
}

#[test]
fn bodies_that_take_all_memory() {
    const MOST: usize = 64;
    let server = Server::start_for(MOST + 1, &[]);
    let head = b"POST / HTTP/1.1\r\nHost: picopost.test:8443\r\nExpect: 100-continue\r\nContent-Length: 1048576\r\n\r\n";
    let mut clients = Vec::new();
    for _ in 0..MOST {
        let mut client = server.client("gts");
        client.write_all(head).unwrap();
        client.read_exact(&mut [0; 25]).unwrap();
        clients.push(client);
    }
    assert_eq!(parse(&exchange(&mut server.client("gts"), head)).0, 503);
    drop(clients);
    assert_eq!(codes(&server.events().text).iter().filter(|code| *code == "server-busy").count(), 1);
}

#[test]
fn script_in_every_field_stays_text() {
    let server = Server::start(&[]);
    let script = "<script>alert(1)</script>\u{1b}[2J";
    let fields = format!("Content-Type: text/html\r\nX-{}: <b>\r\nUser-Agent: {}\r\n", "a", "<img src=x>");
    let request = post("/../../etc/passwd?<script>", &fields, script);
    assert_eq!(parse(&exchange(&mut server.client("gts"), &request)).0, 200);
    let events = server.events();
    let request = events.only("request");
    assert_eq!(request["target"], "/../../etc/passwd?<script>");
    assert_eq!(request["body"]["text"], "<script>alert(1)</script>\\x1b[2J");
}

#[test]
fn a_client_that_does_not_come_back_to_its_session() {
    let server = Server::start_for(2, &[]);
    for _ in 0..2 {
        let mut config = client_config(&["gts"]);
        config.resumption = rustls::client::Resumption::disabled();
        exchange(&mut server.client_with(config, "picopost.test"), GET);
    }
    assert_eq!(codes(&server.events().text), ["no-resumption"]);
}

/// Believes everything: what `setInsecure()` does.
#[derive(Debug)]
struct Credulous;

impl ServerCertVerifier for Credulous {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ECDSA_NISTP256_SHA256, SignatureScheme::ECDSA_NISTP384_SHA384]
    }
}

#[test]
fn a_client_that_takes_any_certificate_is_found_out() {
    for (kind, alert, code) in [
        ("expired", "certificate_expired", "certificate-expired"),
        ("wrong-name", "bad_certificate", "certificate-refused"),
        ("unknown-ca", "unknown_ca", "unknown-ca"),
    ] {
        let server = Server::start_for(2, &["--bad-certificate", kind]);
        let mut config: ClientConfig = client_config(&["gts"]);
        config.dangerous().set_certificate_verifier(Arc::new(Credulous));
        assert_eq!(parse(&exchange(&mut server.client_with(config, "picopost.test"), GET)).0, 200);
        server.client("gts").write_all(GET).unwrap_err();
        let events = server.events();
        assert_eq!(codes(&events.text), ["certificate-not-verified", code], "{kind}");
        let failed = events.only("handshake_failed");
        assert_eq!(failed["alert"]["name"], json!(alert), "{kind}");
        assert_eq!(failed["findings"][0]["title"], failed["reason"]);
    }
}
