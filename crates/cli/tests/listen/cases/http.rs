//! The request: its head, its framing, its body, and what the token endpoint wants.

use super::BODY;
use super::acts::{sends, sends_and_leaves, sends_and_waits, sends_with_port};
use super::case::Case;
use super::imitations::{Sketch, esp_http_client, esp_http_client_open, http_client, json_sketch};

const HOST: &str = "picopost.test";
const SHORT: &[&str] = &["--timeout", "1"];
const ARDUINO: &str = "Arduino HTTPClient's octets";
const ESP_IDF: &str = "ESP-IDF esp_http_client's octets";

pub(super) fn cases() -> Vec<Case> {
    let mut cases = heads();
    cases.extend(framing());
    cases.extend(bodies());
    cases.extend(tokens());
    cases
}

/// A head as it is written by hand, with these fields and the right length.
fn request(fields: &str, body: &str) -> Vec<Vec<u8>> {
    framed(&format!("Host: picopost.test:{{port}}\r\n{fields}Content-Length: {}\r\n", body.len()), body)
}

fn framed(fields: &str, body: &str) -> Vec<Vec<u8>> {
    vec![format!("POST /readings HTTP/1.1\r\nUser-Agent: device/1.0\r\n{fields}\r\n{body}").into_bytes()]
}

/// A request whose fields, and whatever follows them, are all that it has.
fn bare(rest: &str) -> Vec<Vec<u8>> {
    vec![format!("POST / HTTP/1.1\r\n{rest}").into_bytes()]
}

const JSON: &str = "Content-Type: application/json\r\n";

fn heads() -> Vec<Case> {
    let with_json = |fields: &str| request(&format!("{fields}{JSON}"), BODY);
    vec![
        Case::new(
            "426 behind Envoy: HTTP/1.0",
            ARDUINO,
            "http-1.0",
            sends_with_port(http_client(Sketch { http_1_0: true, ..json_sketch() }, HOST, "/readings", BODY)),
        ),
        Case::new(
            "421: SNI and Host differ",
            ARDUINO,
            "host-is-not-server-name",
            sends_with_port(http_client(json_sketch(), "api.example.com", "/readings", BODY)),
        ),
        Case::new(
            "a header twice: Accept-Encoding",
            ARDUINO,
            "header-twice",
            sends_with_port(http_client(
                Sketch {
                    fields: "Content-Type: application/json\r\nAccept-Encoding: identity\r\n",
                    ..json_sketch()
                },
                HOST,
                "/readings",
                BODY,
            )),
        ),
        Case::new(
            "hexadecimal numbers in the answer: gzip asked for",
            "curl --compressed",
            "asks-for-compression",
            |server, programs| {
                let url = format!("https://localhost:{}/", server.address.port());
                programs.curl(&["--compressed", "-H", "Content-Type: application/json", "-d", BODY, &url]);
            },
        ),
        Case::new("403, 1010: no User-Agent", "curl", "no-user-agent", |server, programs| {
            let url = format!("https://localhost:{}/", server.address.port());
            programs.curl(&["-H", "User-Agent:", "-H", "Content-Type: application/json", "-d", BODY, &url]);
        }),
        Case::new(
            "Host without its port",
            "scripted",
            "host-without-port",
            sends(framed(&format!("Host: picopost.test\r\n{JSON}Content-Length: {}\r\n", BODY.len()), BODY)),
        ),
        Case::new(
            "400: no Host",
            "scripted",
            "no-host",
            sends(framed(&format!("{JSON}Content-Length: {}\r\n", BODY.len()), BODY)),
        ),
        Case::new(
            "400: two Host headers",
            "scripted",
            "host-twice",
            sends_with_port(with_json("Host: other.example\r\n")),
        ),
        Case::new(
            "header block never ends: no blank line before the body",
            "scripted",
            "no-empty-line",
            sends_and_waits(bare("Host: picopost.test\r\nContent-Length: 2\r\n{}")),
        )
        .also(&["malformed-head", "head-never-ended"])
        .with(SHORT),
        Case::new(
            "header block never ends: no blank line, no body",
            "scripted",
            "head-never-ended",
            sends_and_waits(bare("Host: picopost.test\r\nContent-Length: 0\r\n")),
        )
        .with(SHORT),
        Case::new(
            "base64 with line breaks in Authorization",
            "scripted",
            "line-end-in-value",
            sends(bare(&format!(
                "Host: picopost.test\r\nAuthorization: Basic aWQ6c2Vj\n\tcmV0\r\n\
                 Content-Length: 14\r\n\r\n{BODY}"
            ))),
        )
        .also(&["malformed-head", "bare-line-feed", "no-content-type"]),
        Case::new(
            "lines end with LF alone",
            "scripted",
            "bare-line-feed",
            sends(vec![
                b"POST / HTTP/1.1\nHost: picopost.test\nContent-Type: application/json\n\
                  Content-Length: 2\n\n{}"
                    .to_vec(),
            ]),
        ),
        Case::new(
            "a token with a line end at its end",
            "scripted",
            "head-ended-early",
            sends(bare(&format!(
                "Host: picopost.test\r\nAuthorization: Bearer abc\r\n\r\n\
                 Content-Type: application/json\r\nContent-Length: 14\r\n\r\n{BODY}"
            ))),
        )
        .also(&["no-content-length", "body-without-length"]),
        Case::new(
            "a token longer than a buffer",
            "scripted",
            "head-too-long",
            sends(bare(&format!("Host: picopost.test\r\nAuthorization: Bearer {}", "a".repeat(70_000)))),
        ),
        Case::new(
            "two records for one request",
            ARDUINO,
            "head-and-body-apart",
            sends_with_port(http_client(json_sketch(), HOST, "/readings", BODY)),
        ),
    ]
}

fn framing() -> Vec<Case> {
    let host = "Host: picopost.test:{port}\r\n";
    vec![
        Case::new(
            "411: an empty POST has no length",
            ARDUINO,
            "no-content-length",
            sends_with_port(http_client(json_sketch(), HOST, "/readings", "")),
        ),
        Case::new("411: no length", "curl -X POST", "no-content-length", |server, programs| {
            let url = format!("https://localhost:{}/", server.address.port());
            programs.curl(&["-X", "POST", &url]);
        }),
        Case::new(
            "400: `open(client, 0)`",
            ESP_IDF,
            "octets-after-body",
            sends_with_port(esp_http_client_open("application/json", HOST, "/readings", 0, BODY)),
        )
        .also(&["empty-body", "body-without-length"]),
        Case::new(
            "a body without a length",
            "scripted",
            "body-without-length",
            sends_with_port(framed(&format!("{host}{JSON}"), BODY)),
        )
        .also(&["no-content-length"]),
        Case::new(
            "the body is rejected: println",
            "scripted",
            "line-end-after-body",
            sends_with_port(vec![[request(JSON, BODY).concat(), b"\r\n".to_vec()].concat()]),
        ),
        Case::new(
            "the service waits: length too large",
            ESP_IDF,
            "body-too-short",
            sends_with_port_and_waits(esp_http_client_open(
                "application/json",
                HOST,
                "/readings",
                BODY.len() + 2,
                BODY,
            )),
        )
        .with(SHORT),
        Case::new(
            "the same, and the device hangs up",
            "scripted",
            "body-too-short",
            sends_and_leaves(framed(&format!("Host: picopost.test\r\n{JSON}Content-Length: 99\r\n"), BODY)),
        ),
        Case::new(
            "length in characters, not in octets",
            "scripted",
            "octets-after-body",
            sends_with_port(framed(&format!("{host}{JSON}Content-Length: 15\r\n"), "{\"place\":\"Zürich\"}")),
        )
        .also(&["json-truncated"]),
        Case::new(
            "Content-Length twice",
            "scripted",
            "content-length-twice",
            sends_with_port(framed(
                &format!("{host}{JSON}Content-Length: 14\r\nContent-Length: 15\r\n"),
                BODY,
            )),
        ),
        Case::new(
            "Content-Length is no number",
            "scripted",
            "malformed-content-length",
            sends_with_port(framed(&format!("{host}{JSON}Content-Length: 14 bytes\r\n"), BODY)),
        ),
        Case::new(
            "length and chunks at once",
            "scripted",
            "length-and-chunked",
            sends_with_port(framed(
                &format!("{host}{JSON}Content-Length: 14\r\nTransfer-Encoding: chunked\r\n"),
                "e\r\n{\"reading\":21}\r\n0\r\n\r\n",
            )),
        ),
        Case::new("411 from some servers: chunked", "curl", "chunked-request", |server, programs| {
            let url = format!("https://localhost:{}/", server.address.port());
            let chunked = ["-H", "Transfer-Encoding: chunked", "-H", "Content-Type: application/json"];
            programs.curl(&[&chunked[..], &["-d", BODY, &url]].concat());
        }),
        Case::new(
            "chunks without an end",
            "scripted",
            "body-never-ended",
            sends_and_leaves(framed(
                &format!("Host: picopost.test\r\n{JSON}Transfer-Encoding: chunked\r\n"),
                "e\r\n{\"reading\":21}\r\n",
            )),
        ),
        Case::new("connected, and nothing comes", "rustls", "no-request", sends_and_waits(Vec::new()))
            .with(SHORT),
    ]
}

fn sends_with_port_and_waits(pieces: Vec<Vec<u8>>) -> impl Fn(&crate::server::Server, &super::Programs) {
    move |server, programs| {
        let port = server.address.port().to_string();
        let pieces: Vec<Vec<u8>> = pieces
            .iter()
            .map(|piece| String::from_utf8_lossy(piece).replace("{port}", &port).into_bytes())
            .collect();
        sends_and_waits(pieces)(server, programs);
    }
}

fn bodies() -> Vec<Case> {
    let json = |body: &str| sends_with_port(request(JSON, body));
    vec![
        Case::new("parameters missing: no Content-Type", "Python", "no-content-type", |server, programs| {
            programs.python(server, "localhost", "no-type");
        }),
        Case::new(
            "the same",
            ARDUINO,
            "no-content-type",
            sends_with_port(http_client(Sketch::default(), HOST, "/readings", BODY)),
        ),
        Case::new(
            "parameters missing: JSON called a form",
            ESP_IDF,
            "json-sent-as-form",
            sends_with_port(esp_http_client(None, HOST, "/readings", BODY)),
        ),
        Case::new("the same", "curl -d", "json-sent-as-form", |server, programs| {
            let url = format!("https://localhost:{}/", server.address.port());
            programs.curl(&["-d", BODY, &url]);
        }),
        Case::new(
            "415: a form called JSON",
            ESP_IDF,
            "form-sent-as-json",
            sends_with_port(esp_http_client(Some("application/json"), HOST, "/readings", "reading=21")),
        ),
        Case::new("400: Content-Length 0", "curl", "empty-body", |server, programs| {
            let url = format!("https://localhost:{}/", server.address.port());
            programs.curl(&["-H", "Content-Type: application/json", "-d", "", &url]);
        }),
        Case::new(
            "JSON cut off by a buffer",
            "scripted",
            "json-truncated",
            json("{\"reading\":21,\"place\":\"Zü"),
        ),
        Case::new("a comma too many", "scripted", "json-trailing-comma", json("{\"reading\":21,}")),
        Case::new(
            "a member twice",
            "scripted",
            "json-duplicate-name",
            json("{\"reading\":21,\"reading\":22}"),
        ),
        Case::new(
            "the NUL of a C string is sent too",
            "scripted",
            "nul-after-body",
            json("{\"reading\":21}\0"),
        ),
        Case::new(
            "saved as UTF-8 with BOM",
            "scripted",
            "json-byte-order-mark",
            json("\u{feff}{\"reading\":21}"),
        ),
        Case::new("single quotes", "scripted", "not-json", json("{'reading':21}")),
        Case::new("nan from printf", "scripted", "not-json", json("{\"reading\":nan}")),
        Case::new(
            "Latin-1",
            "scripted",
            "json-not-utf8",
            sends(vec![
                b"POST / HTTP/1.1\r\nHost: picopost.test\r\nUser-Agent: x\r\n\
                  Content-Type: application/json\r\nContent-Length: 18\r\n\r\n{\"place\":\"Z\xfcrich\"}"
                    .to_vec(),
            ]),
        ),
    ]
}

/// JSON for the token endpoint, as it is written by hand.
fn token_request(body: &str) -> Vec<Vec<u8>> {
    let text = String::from_utf8(request(JSON, body).concat()).unwrap();
    vec![text.replacen("/readings", "/oauth/token", 1).into_bytes()]
}

fn tokens() -> Vec<Case> {
    let form = "Content-Type: application/x-www-form-urlencoded\r\n";
    let token =
        |sketch: Sketch<'_>, body: &str| sends_with_port(http_client(sketch, HOST, "/oauth/token", body));
    vec![
        Case::new(
            "missing grant_type",
            ARDUINO,
            "no-grant-type",
            token(Sketch { fields: form, basic: Some("aWQ6c2VjcmV0"), ..Sketch::default() }, "scope=a"),
        ),
        Case::new(
            "missing grant_type: JSON where RFC 6749 wants a form",
            ARDUINO,
            "json-token-request",
            token(
                json_sketch(),
                "{\"grant_type\":\"client_credentials\",\"client_id\":\"id\",\"client_secret\":\"secret\"}",
            ),
        ),
        Case::new(
            "a parameter that is a number",
            "scripted",
            "parameter-not-string",
            sends_with_port(token_request("{\"grant_type\":\"client_credentials\",\"client_id\":17}")),
        ),
    ]
}
