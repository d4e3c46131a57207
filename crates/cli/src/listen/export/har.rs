//! HAR 1.2 (W3C, "HTTP Archive (HAR) format"): an entry for each request that came, with its answer.
//!
//! Fields that begin with `_` are ours, as the format allows.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde::Serialize;

use super::super::capture::Attempt;
use super::super::event::{Event, Header, Request, Response};
use super::super::octets::Octets;
use super::super::parameters;
use crate::finding::Finding;

/// What comes after the entries.
pub(super) const TAIL: &[u8] = b"\n]}}\n";

/// What comes before them.
pub(super) fn head() -> Vec<u8> {
    let version = env!("CARGO_PKG_VERSION");
    format!(
        "{{\"log\":{{\"version\":\"1.2\",\"creator\":{{\"name\":\"picopost listen\",\"version\":\"{version}\"}},\
         \"entries\":["
    )
    .into_bytes()
}

/// The requests of one attempt, a line each; `first` says that none came before.
pub(super) fn entries(attempt: &Attempt, mut first: bool) -> Vec<u8> {
    let mut octets = Vec::new();
    for entry in exchanges(attempt) {
        octets.extend_from_slice(if first { b"\n" } else { b",\n" });
        first = false;
        // These values have string keys and no floats, so this does not fail.
        octets.extend(serde_json::to_vec(&entry).unwrap_or_default());
    }
    octets
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    started_date_time: String,
    /// Milliseconds, as all times here.
    time: u64,
    request: RequestOf,
    response: ResponseOf,
    cache: Empty,
    timings: Timings,
    #[serde(rename = "serverIPAddress")]
    server_ip_address: String,
    /// The attempt's number.
    connection: String,
    #[serde(rename = "_findings")]
    findings: Vec<Finding>,
}

#[derive(Serialize)]
struct Empty {}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RequestOf {
    method: String,
    url: String,
    http_version: String,
    cookies: Vec<Pair>,
    headers: Vec<Pair>,
    query_string: Vec<Pair>,
    #[serde(skip_serializing_if = "Option::is_none")]
    post_data: Option<PostData>,
    headers_size: usize,
    body_size: usize,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PostData {
    mime_type: String,
    text: String,
    /// Where the text is not the body: HAR has no words for requests that are no UTF-8.
    #[serde(rename = "_base64", skip_serializing_if = "Option::is_none")]
    base64: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ResponseOf {
    /// 0 where no response was sent.
    status: u16,
    status_text: String,
    http_version: String,
    cookies: Vec<Pair>,
    headers: Vec<Pair>,
    content: Content,
    #[serde(rename = "redirectURL")]
    redirect_url: String,
    headers_size: i64,
    body_size: i64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Content {
    size: usize,
    mime_type: String,
    text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    encoding: Option<&'static str>,
}

#[derive(Serialize)]
struct Pair {
    name: String,
    value: String,
}

/// −1 is for what does not apply. `ssl` is a part of `connect`.
#[derive(Serialize)]
struct Timings {
    blocked: i64,
    dns: i64,
    connect: i64,
    ssl: i64,
    send: u64,
    wait: u64,
    receive: u64,
}

/// Each request, with the response that came before the next one.
fn exchanges(attempt: &Attempt) -> Vec<Entry> {
    let mut entries = Vec::new();
    let mut handshake = None;
    let mut lines = attempt.lines.iter().peekable();
    while let Some(line) = lines.next() {
        let at = line.milliseconds.unwrap_or_default();
        match &line.event {
            Event::Handshake(_) => handshake = Some(at),
            Event::Request(request) => {
                let answer = lines.peek().and_then(|next| match &next.event {
                    Event::Response(response) => Some((response, next.milliseconds.unwrap_or_default())),
                    _ => None,
                });
                // The connection was made for the first request.
                entries.push(entry(attempt, request, at, answer, handshake.take()));
            }
            _ => {}
        }
    }
    entries
}

fn entry(
    attempt: &Attempt,
    request: &Request,
    at: u64,
    answer: Option<(&Response, u64)>,
    handshake: Option<u64>,
) -> Entry {
    let first_octet = request.record_microseconds.first().map_or(at, |microseconds| microseconds / 1000);
    let connect = handshake.map_or(-1, |at| i64::try_from(at).unwrap_or(i64::MAX));
    let (send, wait) =
        (at.saturating_sub(first_octet), answer.map_or(0, |(_, sent)| sent.saturating_sub(at)));
    Entry {
        started_date_time: time(attempt.started_microseconds + first_octet * 1000),
        time: send + wait + handshake.unwrap_or_default(),
        request: request_of(attempt, request),
        response: response_of(answer.map(|(response, _)| response)),
        cache: Empty {},
        timings: Timings { blocked: -1, dns: -1, connect, ssl: connect, send, wait, receive: 0 },
        server_ip_address: attempt.local.ip().to_canonical().to_string(),
        connection: attempt.number.to_string(),
        findings: request.findings.clone(),
    }
}

fn time(microseconds: u64) -> String {
    let time = i64::try_from(microseconds).ok().and_then(|time| Timestamp::from_microsecond(time).ok());
    format!("{:.3}", time.unwrap_or_default())
}

fn request_of(attempt: &Attempt, request: &Request) -> RequestOf {
    let field = |name: &str| {
        request.headers.iter().find(|field| field.name.eq_ignore_ascii_case(name)).map(|field| &field.value)
    };
    let query = request.target.split_once('?').map_or("", |(_, query)| query);
    let cookies = field("cookie").map_or("", String::as_str);
    let mime_type = field("content-type").cloned().unwrap_or_default();
    RequestOf {
        method: request.method.clone(),
        url: url(attempt, field("host").map(String::as_str), &request.target),
        http_version: request.version.clone(),
        cookies: pairs(cookies, ';'),
        headers: headers(&request.headers),
        query_string: pairs(query, '&')
            .into_iter()
            .map(|Pair { name, value }| Pair { name: decoded(name), value: decoded(value) })
            .collect(),
        post_data: (request.body.count > 0).then(|| post_data(mime_type, &request.body)),
        headers_size: request.head.count,
        body_size: request.body.count,
    }
}

fn post_data(mime_type: String, body: &Octets) -> PostData {
    let (text, base64) = match str::from_utf8(body.octets()) {
        Ok(text) => (text.to_owned(), None),
        Err(_) => (String::from_utf8_lossy(body.octets()).into_owned(), Some(STANDARD.encode(body.octets()))),
    };
    PostData { mime_type, text, base64 }
}

fn response_of(response: Option<&Response>) -> ResponseOf {
    let mut fields = [httparse::EMPTY_HEADER; 64];
    let mut parsed = httparse::Response::new(&mut fields);
    if let Some(response) = response {
        // Whatever cannot be parsed leaves out the rest of the fields, not the answer.
        let _ = parsed.parse(response.head.octets());
    }
    let headers: Vec<Pair> = parsed
        .headers
        .iter()
        .map(|field| Pair {
            name: field.name.to_owned(),
            value: String::from_utf8_lossy(field.value).into_owned(),
        })
        .collect();
    let field = |name: &str| {
        headers.iter().find(|field| field.name.eq_ignore_ascii_case(name)).map_or("", |field| &field.value)
    };
    let body = response.map_or(&[][..], |response| response.body.octets());
    let (text, encoding) = match str::from_utf8(body) {
        Ok(text) => (text.to_owned(), None),
        Err(_) => (STANDARD.encode(body), Some("base64")),
    };
    // −1 is for a size that is not known.
    let size = |octets: fn(&Response) -> &Octets| {
        response.map_or(-1, |response| i64::try_from(octets(response).count).unwrap_or(i64::MAX))
    };
    ResponseOf {
        status: response.map_or(0, |response| response.status),
        status_text: response.map_or_else(String::new, |response| response.reason.clone()),
        http_version: parsed.version.map_or_else(String::new, |minor| format!("HTTP/1.{minor}")),
        cookies: Vec::new(),
        content: Content {
            size: response.map_or(0, |response| response.body.count),
            mime_type: field("content-type").to_owned(),
            text,
            encoding,
        },
        redirect_url: field("location").to_owned(),
        headers_size: size(|response| &response.head),
        body_size: size(|response| &response.body),
        headers,
    }
}

fn headers(headers: &[Header]) -> Vec<Pair> {
    headers.iter().map(|Header { name, value }| Pair { name: name.clone(), value: value.clone() }).collect()
}

/// `a=b` pairs.
fn pairs(text: &str, separator: char) -> Vec<Pair> {
    let pairs = text.split(separator).map(str::trim).filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Pair { name: name.to_owned(), value: value.to_owned() }
        })
        .collect()
}

/// Without percent-encoding; as it came where that is broken.
fn decoded(text: String) -> String {
    parameters::percent_decode(&text).unwrap_or(text)
}

/// The URL that the client asked for. What cannot stand in one is percent-encoded (RFC 3986 §2.1), and a
/// Host that is none is replaced by this machine's address.
fn url(attempt: &Attempt, host: Option<&str>, target: &str) -> String {
    let is_host = |host: &&str| {
        let allowed = |octet: u8| octet.is_ascii_alphanumeric() || b"-._:".contains(&octet);
        let (name, port) = host.rsplit_once(':').unwrap_or((host, "0"));
        !name.is_empty() && !name.contains(':') && host.bytes().all(allowed) && port.parse::<u16>().is_ok()
    };
    let authority = host.filter(is_host).map_or_else(|| attempt.local.to_string(), str::to_owned);
    let path = if target.starts_with('/') { "" } else { "/" };
    let mut url = format!("https://{authority}{path}");
    for octet in target.bytes() {
        if octet.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@/?%".contains(&octet) {
            url.push(char::from(octet));
        } else {
            url.push_str(&format!("%{octet:02X}"));
        }
    }
    url
}
