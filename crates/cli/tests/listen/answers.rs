//! Answers by a script, and by the real service.

use std::fs;
use std::io::{ErrorKind, Read as _, Write as _};

use serde_json::json;

use super::server::{Server, answer, ca, close, exchange, parse, picopost, post};

const SECRET: &str = "0123456789abcdef";
const JSON: &str = "Content-Type: application/json\r\n";

#[test]
fn a_script_answers() {
    let place = tempfile::tempdir().unwrap();
    let script = place.path().join("script.json");
    let text = r#"{"answers": [
        {"method": "POST", "path": "/a", "nth": 1, "status": 503, "headers": [["Retry-After", "1"]],
         "json": {"error": "busy"}},
        {"path": "/cut", "body": "0123456789", "headers": [["Date", "x"]], "octets": 100, "end": "fin"},
        {"path": "/gone", "delay_milliseconds": 10, "octets": 0, "end": "reset"}
    ]}"#;
    fs::write(&script, text).unwrap();
    let server = Server::start_for(3, &["--respond", script.to_str().unwrap()]);

    let mut client = server.client("gts");
    client.write_all(&post("/a", JSON, "{}")).unwrap();
    let first = answer(&mut client);
    assert!(
        first.starts_with("HTTP/1.1 503 Service Unavailable\r\n") && first.contains("\r\nRetry-After: 1\r\n")
    );
    assert_eq!(parse(&first).1, json!({"error": "busy"}));
    // The second has no rule: the echo, on the same connection.
    client.write_all(&post("/a", JSON, "{}")).unwrap();
    assert_eq!(parse(&answer(&mut client)).1["body"], "{}");
    close(&mut client);
    drop(client);

    let mut client = server.client("gts");
    client.write_all(&post("/cut", JSON, "{}")).unwrap();
    let mut cut = Vec::new();
    assert_eq!(client.read_to_end(&mut cut).unwrap_err().kind(), ErrorKind::UnexpectedEof, "no close_notify");
    let whole = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 10\r\nDate: x\r\n\
                 Connection: close\r\n\r\n0123456789";
    assert_eq!(String::from_utf8(cut).unwrap(), whole[..100]);
    drop(client);

    let mut client = server.client("gts");
    client.write_all(&post("/gone", JSON, "{}")).unwrap();
    assert_eq!(client.read(&mut [0]).unwrap_err().kind(), ErrorKind::ConnectionReset);
    let events = server.events();
    assert!(events.text.contains(r#""route":"script","octets":100,"#));
    assert!(events.text.contains(r#""how":"server_reset""#));
}

#[test]
fn a_script_that_is_none_is_a_usage_error() {
    let place = tempfile::tempdir().unwrap();
    let script = place.path().join("script.json");
    for (text, reason) in [
        ("{\"answers\": [{\"nth\": 0}]}", "answer 1: `nth` counts from 1"),
        ("{}", "missing field `answers` at line 1 column 2"),
    ] {
        fs::write(&script, text).unwrap();
        let arguments = ["listen", "--port", "0", "--ca", ca().to_str().unwrap(), "--respond"];
        let output = picopost(&arguments).arg(&script).output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        assert_eq!(
            String::from_utf8(output.stderr).unwrap(),
            format!(
                "error: the script `{}` is not understood: {reason}\nhint: docs/listen.md has its form\n",
                script.display()
            )
        );
    }
}

#[test]
fn the_real_service_answers() {
    let service = Server::start_for(2, &[]);
    let url = format!("https://localhost:{}", service.address.port());
    let anchors = ca().join("anchors.pem");
    let server = Server::start(&["--proxy", &url, "--proxy-anchors", anchors.to_str().unwrap()]);
    let mut client = server.client("gts");
    let content = format!("{{\"client_secret\":\"{SECRET}\"}}");
    let fields = format!("{JSON}Connection: x-hop\r\nX-Hop: 1\r\nX-End: 2\r\n");
    client.write_all(&post("/readings?a=b", &fields, &content)).unwrap();
    let (status, echo) = parse(&answer(&mut client));
    assert_eq!((status, &echo["target"], &echo["body"]), (200, &json!("/readings?a=b"), &json!(content)));
    let seen = echo["headers"].to_string();
    assert!(seen.contains("X-End") && !seen.contains("X-Hop") && seen.contains("1.1 picopost"), "{seen}");
    assert!(seen.contains(&format!("localhost:{}", service.address.port())), "{seen}");
    // Errors of the service come back as they are; what it should not see does not reach it.
    client.write_all(&post("/oauth/token", JSON, &content)).unwrap();
    assert_eq!(parse(&answer(&mut client)).0, 401);
    close(&mut client);
    drop(client);
    let events = server.events();
    let names = ["tcp", "client_hello", "handshake", "request", "upstream", "response"];
    assert_eq!(events.names()[..6], names);
    assert!(events.text.contains(r#""status":401,"#) && events.text.contains(r#""route":"proxy""#));
    assert!(!events.text.contains(SECRET));
    assert!(service.events().text.ends_with("\"requests\":2,\"good_answers\":1}\n"));
}

#[test]
fn a_service_that_cannot_be_had_is_told() {
    let service = Server::start(&[]);
    let url = format!("https://localhost:{}", service.address.port());
    // Mozilla's roots do not know the test server's CA.
    let server = Server::start(&["--proxy", &url]);
    let (status, body) = parse(&exchange(&mut server.client("gts"), &post("/", JSON, "{}")));
    assert_eq!((status, &body["error"]), (502, &json!("bad_gateway")));
    let events = server.events();
    assert_eq!(events.findings("upstream"), ["proxy-failed"]);
    let title = events.only("upstream")["findings"][0]["title"].as_str().unwrap();
    assert!(title.starts_with("TLS with `localhost:") && title.contains("UnknownIssuer"), "{title}");
    assert_eq!(service.events().findings("handshake_failed"), ["unknown-ca"]);
}
