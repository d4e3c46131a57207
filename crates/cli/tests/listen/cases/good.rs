//! Clients that do nothing wrong: a finding here is a false alarm.

use super::acts::sends_with_port;
use super::case::Case;
use super::imitations::{Sketch, esp_http_client, http_client, json_sketch};
use super::programs::Ended;
use super::{BODY, post};
use crate::server::picopost;

/// Which is true of older versions.
const TRIPLE_DES: &[&str] = &["weak-cipher-suite"];

#[track_caller]
fn assert_answered(ended: &Ended) {
    assert_eq!(ended.status, Some(0), "{}", ended.output);
}

pub(super) fn cases() -> Vec<Case> {
    vec![
        Case::good("curl", |server, programs| {
            let url = format!("https://localhost:{}/readings", server.address.port());
            let json = ["-A", "device/1.0", "-H", "Content-Type: application/json", "-d", BODY, &url];
            assert_answered(&programs.curl(&json));
        }),
        Case::good("Python, http.client", |server, programs| {
            assert_answered(&programs.python(server, "localhost", "good"));
        }),
        Case::good("Node.js, https", |server, programs| assert_answered(&programs.node(server))),
        Case::good("Go, net/http", |server, programs| assert_answered(&programs.go(server))).also(TRIPLE_DES),
        Case::good("Java, HttpsURLConnection", |server, programs| {
            assert_answered(&programs.java(server, "picopost.test"));
        }),
        Case::good("Mbed TLS", |server, programs| {
            let request = [post("localhost", server.address.port())];
            assert_answered(&programs.c("mbedtls", server, "localhost", &[], &request));
        }),
        Case::good("BearSSL", |server, programs| {
            let request = [post("localhost", server.address.port())];
            assert_answered(&programs.c("bearssl", server, "localhost", &[], &request));
        })
        .also(TRIPLE_DES),
        Case::good("wolfSSL", |server, programs| {
            let request = [post("localhost", server.address.port())];
            assert_answered(&programs.c("wolfssl", server, "localhost", &[], &request));
        })
        .also(TRIPLE_DES),
        Case::good("picopost post", |server, programs| {
            let url = format!("https://localhost:{}/readings", server.address.port());
            let mut command = picopost(&["post", &url, "--json"]);
            command.arg(programs.file(BODY.as_bytes())).arg("--anchors").arg(programs.anchors());
            command.args(["--resolve", &format!("localhost:{}:127.0.0.1", server.address.port())]);
            let output = command.output().unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        }),
        Case::good(
            "Arduino HTTPClient's octets",
            sends_with_port(http_client(json_sketch(), "picopost.test", "/readings", BODY)),
        ),
        Case::good(
            "ESP-IDF esp_http_client's octets",
            sends_with_port(esp_http_client(Some("application/json"), "picopost.test", "/readings", BODY)),
        ),
        Case::good(
            "Arduino HTTPClient's octets, for a token",
            sends_with_port(http_client(
                Sketch {
                    fields: "Content-Type: application/x-www-form-urlencoded\r\n",
                    basic: Some("aWQ6c2VjcmV0"),
                    ..Default::default()
                },
                "picopost.test",
                "/oauth/token",
                "grant_type=client_credentials",
            )),
        ),
    ]
}
