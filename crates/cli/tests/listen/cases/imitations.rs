//! The octets that the two usual HTTP clients of ESP32 send, write by write.
//!
//! Read off their sources, not copied from them:
//!
//! - Arduino's HTTPClient (`POST(String)`): espressif/arduino-esp32,
//!   `libraries/HTTPClient/src/HTTPClient.cpp`, `sendRequest`, `addHeader` and `sendHeader`, and the
//!   defaults in `HTTPClient.h`, commits 79928f9a and 605db20d. One write for the head, one for the body;
//!   Content-Length only for a body that is not empty; fields of the sketch after the library's own.
//! - ESP-IDF's esp_http_client (`esp_http_client_perform`): espressif/esp-idf,
//!   `components/esp_http_client/esp_http_client.c`, `esp_http_client_init`,
//!   `http_client_prepare_first_line` and `esp_http_client_request_send`, and `lib/http_header.c`, commit
//!   10212290 (6.1-dev). Fields in the order in which they were first set; a body without Content-Type
//!   becomes a form (`esp_http_client_set_post_field`); one write for a head that fits in `buffer_size_tx`
//!   (512 octets), one for the body.

/// What a sketch sets before its `POST`.
#[derive(Clone, Copy, Default)]
pub(super) struct Sketch<'s> {
    /// `useHTTP10(true)`
    pub(super) http_1_0: bool,
    /// `addHeader`, in the order of the calls, each with CR LF.
    pub(super) fields: &'s str,
    /// `setAuthorization`, already encoded.
    pub(super) basic: Option<&'s str>,
}

const JSON: &str = "Content-Type: application/json\r\n";

/// A sketch that posts JSON as the examples do.
pub(super) fn json_sketch() -> Sketch<'static> {
    Sketch { fields: JSON, ..Sketch::default() }
}

/// Arduino's HTTPClient on the server's port, which is written `{port}`.
pub(super) fn http_client(sketch: Sketch<'_>, host: &str, path: &str, body: &str) -> Vec<Vec<u8>> {
    let version = if sketch.http_1_0 { "1.0" } else { "1.1" };
    let mut head = format!(
        "POST {path} HTTP/{version}\r\nHost: {host}:{{port}}\r\nUser-Agent: ESP32HTTPClient\r\n\
         Connection: keep-alive\r\n"
    );
    if !sketch.http_1_0 {
        head.push_str("Accept-Encoding: identity;q=1,chunked;q=0.1,*;q=0\r\n");
    }
    if let Some(basic) = sketch.basic {
        head.push_str(&format!("Authorization: Basic {basic}\r\n"));
    }
    head.push_str(sketch.fields);
    if !body.is_empty() {
        head.push_str(&format!("Content-Length: {}\r\n", body.len()));
    }
    head.push_str("\r\n");
    pieces(&head, body)
}

/// ESP-IDF's esp_http_client: `content_type` as set with `esp_http_client_set_header`.
pub(super) fn esp_http_client(
    content_type: Option<&str>,
    host: &str,
    path: &str,
    body: &str,
) -> Vec<Vec<u8>> {
    let length = body.len();
    esp_http_client_open(
        content_type.unwrap_or("application/x-www-form-urlencoded"),
        host,
        path,
        length,
        body,
    )
}

/// `esp_http_client_open(client, length)` and `esp_http_client_write` of another length.
pub(super) fn esp_http_client_open(
    content_type: &str,
    host: &str,
    path: &str,
    length: usize,
    body: &str,
) -> Vec<Vec<u8>> {
    let head = format!(
        "POST {path} HTTP/1.1\r\nUser-Agent: ESP32 HTTP Client/1.0\r\nHost: {host}:{{port}}\r\n\
         Content-Type: {content_type}\r\nContent-Length: {length}\r\n\r\n"
    );
    pieces(&head, body)
}

fn pieces(head: &str, body: &str) -> Vec<Vec<u8>> {
    [head, body].iter().filter(|piece| !piece.is_empty()).map(|piece| piece.as_bytes().to_vec()).collect()
}
