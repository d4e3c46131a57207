//! Clients that differ below HTTP: the handshake, whatever comes instead of it, and the end.

use std::io::{Read as _, Write as _};

use rustls::{NamedGroup, ProtocolVersion};
use serde_json::json;

use super::server::{Server, client_config, client_config_of, client_config_with, exchange, parse, post};

const GOOD: [&str; 6] = ["tcp", "client_hello", "handshake", "request", "response", "closed"];

#[test]
fn a_post_with_each_chain() {
    for (shape, certificates) in [("gts", 2), ("lets-encrypt", 2), ("rsa", 2)] {
        let server = Server::start(&["--chain", shape]);
        let mut client = server.client(shape);
        let (status, body) =
            parse(&exchange(&mut client, &post("/a?b", "Content-Type: text/plain\r\n", "hello")));
        assert_eq!((status, &body["target"], &body["body"]), (200, &json!("/a?b"), &json!("hello")));
        assert_eq!(client.conn.peer_certificates().unwrap().len(), certificates);
        let events = server.events();
        assert_eq!(events.names(), GOOD);
        let hello = events.only("client_hello");
        assert_eq!(hello["server_name"], "picopost.test");
        assert_eq!(hello["versions"], json!(["TLS 1.3", "TLS 1.2"]));
        assert!(hello["ja4"].as_str().unwrap().starts_with("t13d"), "{hello}");
        let handshake = events.only("handshake");
        assert_eq!((&handshake["version"], &handshake["kind"]), (&json!("TLS 1.3"), &json!("full")));
        let request = events.only("request");
        assert_eq!((&request["method"], &request["records"][0]), (&json!("POST"), &json!(116)));
        assert_eq!(request["findings"], json!([]));
        assert_eq!(events.only("closed")["how"], "close_notify");
        assert_eq!(
            events.text.lines().last().unwrap(),
            r#"{"event":"summary","attempts":1,"handshakes":1,"requests":1,"good_answers":1}"#
        );
    }
}

#[test]
fn tls_1_2_is_served_too() {
    let server = Server::start(&[]);
    let config = client_config_with(&["gts"], &[&rustls::version::TLS12]);
    let mut client = server.client_with(config, "localhost");
    assert_eq!(parse(&exchange(&mut client, &post("/", "Content-Type: a/b\r\n", "x"))).0, 200);
    assert_eq!(client.conn.protocol_version(), Some(ProtocolVersion::TLSv1_2));
    let events = server.events();
    assert_eq!(events.only("handshake")["version"], "TLS 1.2");
    assert_eq!(events.findings("client_hello"), ["no-tls13"]);
}

#[test]
fn a_client_that_does_not_know_the_ca_says_unknown_ca() {
    let server = Server::start(&["--chain", "rsa"]);
    let mut client = server.client("gts");
    let error = client.write_all(b"x").and_then(|()| client.read_exact(&mut [0])).unwrap_err();
    assert!(error.to_string().contains("UnknownIssuer"), "{error}");
    drop(client);
    let events = server.events();
    assert_eq!(events.names(), ["tcp", "client_hello", "handshake_failed", "closed"]);
    let failed = events.only("handshake_failed");
    assert_eq!((&failed["blame"], &failed["alert"]["name"]), (&json!("client"), &json!("unknown_ca")));
    assert!(failed["hint"].as_str().unwrap().contains("anchors.pem"));
}

#[test]
fn a_name_that_is_not_served_is_pointed_out() {
    let server = Server::start(&[]);
    let mut client = server.client_with(client_config(&["gts"]), "api.example.com");
    client.write_all(b"x").and_then(|()| client.read_exact(&mut [0])).unwrap_err();
    drop(client);
    let events = server.events();
    assert_eq!(events.findings("client_hello"), ["server-name-not-served"]);
    assert_eq!(events.only("handshake_failed")["alert"]["name"], "bad_certificate");
}

#[test]
fn a_client_that_connects_by_address_sends_no_server_name() {
    let server = Server::start(&[]);
    let mut client = server.client_with(client_config(&["gts"]), "127.0.0.1");
    assert_eq!(parse(&exchange(&mut client, &post("/", "Content-Type: a/b\r\n", "x"))).0, 200);
    let events = server.events();
    assert_eq!(events.findings("client_hello"), ["no-server-name"]);
    assert_eq!(events.only("client_hello")["server_name"], json!(null));
}

#[test]
fn a_hello_that_breaks_off_is_told() {
    let server = Server::start(&[]);
    let mut stream = server.connect();
    stream.write_all(&record(22, &client_hello(&[0, 0]))[..30]).unwrap();
    drop(stream);
    let events = server.events();
    assert_eq!(events.names(), ["tcp", "handshake_failed", "closed"]);
    assert_eq!(
        events.only("handshake_failed")["reason"],
        "no whole ClientHello came: the client closed the connection"
    );
    assert_eq!(events.findings("handshake_failed"), ["no-client-hello"]);
    assert_eq!(events.only("closed")["octets_in"], 30);
}

#[test]
fn a_name_can_be_added() {
    let server = Server::start(&["--name", "api.example.com", "--name", "192.0.2.7"]);
    let mut client = server.client_with(client_config(&["gts"]), "api.example.com");
    exchange(&mut client, b"GET / HTTP/1.1\r\nHost: api.example.com:8443\r\n\r\n");
    let events = server.events();
    assert!(events.findings("client_hello").is_empty());
    assert_eq!(events.only("response")["status"], 200);
}

#[test]
fn alpn_without_http_1_1_is_refused_with_its_alert() {
    let server = Server::start(&[]);
    let mut config = client_config(&["gts"]);
    config.alpn_protocols = vec![b"h2".to_vec()];
    let mut client = server.client_with(config, "picopost.test");
    let error = client.write_all(b"x").and_then(|()| client.read_exact(&mut [0])).unwrap_err();
    assert!(error.to_string().contains("NoApplicationProtocol"), "{error}");
    drop(client);
    let events = server.events();
    assert_eq!(events.findings("client_hello"), ["alpn-without-http11"]);
    let failed = events.only("handshake_failed");
    assert_eq!((&failed["blame"], &failed["alert"]["number"]), (&json!("server"), &json!(120)));
}

/// A ClientHello for TLS 1.3 with x25519 as its group and this key_share extension.
fn client_hello(key_share: &[u8]) -> Vec<u8> {
    client_hello_with(0x1301, 29, key_share)
}

fn client_hello_with(suite: u16, group: u8, key_share: &[u8]) -> Vec<u8> {
    let mut extensions = Vec::new();
    let mut extension = |code: u16, data: &[u8]| {
        extensions.extend_from_slice(&code.to_be_bytes());
        extensions.extend_from_slice(&u16::try_from(data.len()).unwrap().to_be_bytes());
        extensions.extend_from_slice(data);
    };
    extension(0, b"\x00\x10\x00\x00\x0dpicopost.test");
    extension(43, &[2, 3, 4]);
    extension(10, &[0, 2, 0, group]);
    extension(13, &[0, 4, 4, 3, 5, 3]);
    extension(51, key_share);
    let body = [
        &[3, 3][..],
        &[9; 32],
        &[0, 0, 2],
        &suite.to_be_bytes(),
        &[1, 0],
        &u16::try_from(extensions.len()).unwrap().to_be_bytes(),
        &extensions,
    ]
    .concat();
    [&[1, 0], &u16::try_from(body.len()).unwrap().to_be_bytes()[..], &body].concat()
}

fn record(kind: u8, fragment: &[u8]) -> Vec<u8> {
    [&[kind, 3, 1], &u16::try_from(fragment.len()).unwrap().to_be_bytes()[..], fragment].concat()
}

#[test]
fn both_hellos_around_a_hello_retry_request_are_shown() {
    let server = Server::start(&[]);
    let mut stream = server.connect();
    stream.write_all(&record(22, &client_hello(&[0, 0]))).unwrap();
    // The HelloRetryRequest, which names x25519.
    let mut header = [0; 5];
    stream.read_exact(&mut header).unwrap();
    let mut message = vec![0; usize::from(u16::from_be_bytes([header[3], header[4]]))];
    stream.read_exact(&mut message).unwrap();
    let share = [&[0, 36, 0, 29, 0, 32][..], &[9; 32]].concat();
    stream.write_all(&record(22, &client_hello(&share))).unwrap();
    drop(stream);
    let events = server.events();
    assert_eq!(events.names(), ["tcp", "client_hello", "client_hello", "handshake_failed", "closed"]);
    assert!(events.text.contains(r#""second":false"#) && events.text.contains(r#""second":true"#));
    assert!(events.text.contains(r#""code":"no-key-share""#));
    assert_eq!(events.only("handshake_failed")["blame"], "connection");
}

#[test]
fn a_hello_in_many_records_is_put_together() {
    let server = Server::start(&[]);
    let mut stream = server.connect();
    let share = [&[0, 36, 0, 29, 0, 32][..], &[9; 32]].concat();
    let hello = client_hello(&share);
    for fragment in hello.chunks(20) {
        stream.write_all(&record(22, fragment)).unwrap();
    }
    // Wait for the server's flight, then go without a word.
    stream.read_exact(&mut [0; 5]).unwrap();
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    let events = server.events();
    let told = events.only("client_hello");
    assert_eq!((&told["octets"], &told["records"]), (&json!(hello.len()), &json!(hello.len().div_ceil(20))));
    assert_eq!(events.only("handshake_failed")["reason"], "the client closed the connection");
    assert_eq!(events.findings("handshake_failed"), ["handshake-abandoned"]);
    assert_eq!(events.only("closed")["how"], "fin");
}

#[test]
fn a_client_that_stops_in_mid_handshake_is_let_go() {
    let server = Server::start(&["--timeout", "1"]);
    let mut stream = server.connect();
    let share = [&[0, 36, 0, 29, 0, 32][..], &[9; 32]].concat();
    stream.write_all(&record(22, &client_hello(&share))).unwrap();
    stream.read_to_end(&mut Vec::new()).unwrap();
    drop(stream);
    let events = server.events();
    assert_eq!(events.findings("handshake_failed"), ["handshake-timeout"]);
    assert_eq!(events.only("closed")["how"], "timed_out");
}

#[test]
fn an_alert_in_plain_text_is_understood() {
    let server = Server::start(&[]);
    let mut stream = server.connect();
    let share = [&[0, 36, 0, 29, 0, 32][..], &[9; 32]].concat();
    stream.write_all(&record(22, &client_hello(&share))).unwrap();
    stream.read_exact(&mut [0; 5]).unwrap();
    // handshake_failure, where it should be encrypted.
    stream.write_all(&record(21, &[2, 40])).unwrap();
    let events = server.events();
    assert_eq!(events.only("handshake_failed")["alert"]["name"], "handshake_failure");
    assert_eq!(events.findings("handshake_failed"), ["client-alert"]);
    assert_eq!(events.only("closed")["how"], "alert");
}

#[test]
fn a_hello_that_cannot_be_decoded_is_told_and_refused() {
    let server = Server::start(&[]);
    let mut stream = server.connect();
    let mut hello = client_hello(&[0, 0]);
    hello[38] = 33;
    stream.write_all(&record(22, &hello)).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    assert_eq!(answer, [21, 3, 3, 0, 2, 2, 50]);
    drop(stream);
    let events = server.events();
    assert_eq!(events.findings("client_hello"), ["malformed-client-hello"]);
    assert_eq!(events.only("handshake_failed")["alert"]["name"], "decode_error");
}

#[test]
fn what_client_and_server_do_not_share_is_told() {
    let mut old = client_hello(&[0, 0]);
    // The only offer in supported_versions becomes TLS 1.1.
    let versions = old.windows(7).position(|window| window == [0, 43, 0, 3, 2, 3, 4]).unwrap();
    old[versions + 6] = 2;
    let share = [&[0, 36, 0, 30, 0, 32][..], &[9; 32]].concat();
    for (hello, alert, reason) in [
        (old, "protocol_version", "the client offers neither TLS 1.3 nor TLS 1.2"),
        (client_hello_with(0x1304, 29, &[0, 0]), "handshake_failure", "no cipher suite in common"),
        (
            client_hello_with(0x1301, 30, &share),
            "handshake_failure",
            "no group for the key exchange in common",
        ),
    ] {
        let server = Server::start(&[]);
        let mut stream = server.connect();
        stream.write_all(&record(22, &hello)).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        drop(stream);
        let events = server.events();
        let failed = events.only("handshake_failed");
        assert_eq!(
            (&failed["alert"]["name"], &failed["reason"]),
            (&json!(alert), &json!(format!("the server refused: {reason}")))
        );
        assert_eq!(events.only("closed")["how"], "fin");
    }
}

#[test]
fn plain_http_is_recognised_and_answered() {
    let server = Server::start(&[]);
    let mut stream = server.connect();
    stream
        .write_all(b"POST /oauth/token HTTP/1.1\r\nHost: x\r\nAuthorization: Basic c2VjcmV0c2VjcmV0\r\n\r\n")
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    drop(stream);
    let (status, body) = parse(&answer);
    assert_eq!((status, &body["error"]), (400, &json!("plain_http_on_tls_port")));
    let events = server.events();
    assert_eq!(events.names(), ["tcp", "not_tls", "closed"]);
    assert_eq!(events.only("not_tls")["kind"], "plain_http");
    assert_eq!(events.only("not_tls")["answer"], "HTTP/1.1 400 Bad Request");
    assert!(!events.text.contains("c2VjcmV0c2VjcmV0") && events.text.contains("Basic c2Vj…"));
}

#[test]
fn a_plain_client_that_sends_much_gets_its_answer_too() {
    let server = Server::start(&[]);
    let mut stream = server.connect();
    let request = [&b"POST / HTTP/1.1\r\n\r\n"[..], &[b'a'; 40_000]].concat();
    stream.write_all(&request).unwrap();
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert_eq!(parse(&answer).0, 400);
    let events = server.events();
    assert_eq!(events.only("closed")["octets_in"], request.len());
    assert_eq!(events.only("closed")["how"], "fin");
}

#[test]
fn whatever_else_is_not_tls_is_named() {
    let cases: [(&[u8], &str, &str); 4] = [
        (b"\x80\x2e\x01\x00\x02", "ssl2", "ssl2"),
        (b"\x00\x01\x02\x03", "garbage", "not-tls"),
        (b"GE", "garbage", "not-tls"),
        (b"", "nothing", "nothing-sent"),
    ];
    for (octets, kind, finding) in cases {
        let server = Server::start(&[]);
        let mut stream = server.connect();
        stream.write_all(octets).unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        assert!(answer.is_empty());
        let events = server.events();
        assert_eq!(events.only("not_tls")["kind"], kind);
        assert_eq!(events.findings("not_tls"), [finding]);
        assert_eq!(events.only("closed")["how"], "fin");
    }
}

#[test]
fn a_silent_client_is_let_go() {
    let server = Server::start(&["--timeout", "1"]);
    let mut stream = server.connect();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let events = server.events();
    assert_eq!(events.findings("not_tls"), ["nothing-sent"]);
    assert_eq!(events.only("closed")["how"], "timed_out");
}

#[test]
fn an_alert_after_the_handshake_is_explained() {
    let server = Server::start(&[]);
    let mut config = client_config(&["gts"]);
    config.resumption = rustls::client::Resumption::disabled();
    let mut client = server.client_with(config, "picopost.test");
    while client.conn.is_handshaking() {
        client.conn.complete_io(&mut client.sock).unwrap();
    }
    client.conn.write_tls(&mut client.sock).unwrap();
    // A record that cannot be decrypted makes this client give up with an alert of its own.
    client.conn.read_tls(&mut record(23, &[0; 32]).as_slice()).unwrap();
    client.conn.process_new_packets().unwrap_err();
    client.conn.write_tls(&mut client.sock).unwrap();
    let events = server.events();
    assert_eq!(events.only("closed")["how"], "alert");
    assert_eq!(events.only("closed")["alert"]["name"], "bad_record_mac");
    assert_eq!(events.findings("closed"), ["no-request", "alert-after-handshake"]);
}

#[test]
fn sessions_are_resumed() {
    let server = Server::start_for(2, &[]);
    let config = client_config(&["gts"]);
    for _ in 0..2 {
        let mut client = server.client_with(config.clone(), "picopost.test");
        exchange(&mut client, b"GET / HTTP/1.1\r\nHost: picopost.test:8443\r\n\r\n");
    }
    let events = server.events();
    assert!(events.text.contains(r#""kind":"full""#) && events.text.contains(r#""kind":"resumed""#));
    assert!(events.text.contains(r#""pre_shared_key":true"#));
}

#[test]
fn a_post_quantum_share_is_noticed() {
    let server = Server::start(&[]);
    let mut provider = rustls::crypto::aws_lc_rs::default_provider();
    provider.kx_groups.retain(|group| group.name() == NamedGroup::X25519MLKEM768);
    let mut client = server.client_with(client_config_of(provider, &["gts"]), "picopost.test");
    exchange(&mut client, b"GET / HTTP/1.1\r\nHost: picopost.test:8443\r\n\r\n");
    let events = server.events();
    assert_eq!(events.only("client_hello")["post_quantum"], true);
    assert_eq!(events.only("handshake")["group"], "X25519MLKEM768");
}
