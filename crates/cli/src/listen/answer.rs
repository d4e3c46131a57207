//! What the server says: a token, an echo, or what was wrong with the HTTP.

use std::borrow::Cow;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::event::{Header, Route};
use super::http::{Framing, Head, Refusal};
use super::oauth::{self, Client};
use super::secrets::{self, Secrets};

/// A response with its content, not yet encoded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) status: u16,
    /// Empty for the status's own.
    pub(super) reason: String,
    pub(super) route: Route,
    pub(super) fields: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
    pub(super) ending: Ending,
    /// How long it is held back.
    pub(super) delay: Duration,
    /// Only so many octets of head and body are sent.
    pub(super) octets: Option<usize>,
}

/// What becomes of the connection after an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Ending {
    /// It stays open, where the client wants that too (RFC 9112 §9.3).
    #[default]
    KeepAlive,
    /// In good order: `Connection: close`, close_notify, FIN.
    Close,
    /// A TCP FIN without close_notify, as by a truncation.
    Fin,
    /// A TCP reset.
    Reset,
}

#[derive(Serialize)]
struct Problem<'a> {
    error: &'a str,
    error_description: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<&'a str>,
}

/// A request, sent back.
#[derive(Serialize, Deserialize)]
struct Echo<'a> {
    method: Cow<'a, str>,
    target: Cow<'a, str>,
    version: String,
    headers: Vec<Header>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    body: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    body_base64: Option<String>,
}

/// Answers a complete request. `random` becomes the token where one is given.
pub(super) fn answer(head: &Head, body: &[u8], only: Option<&Client>, random: [u8; 32]) -> Answer {
    if head.minor_version >= 1 && head.values("host").count() != 1 {
        // RFC 9112 §3.2.
        return problem(
            400,
            Route::Http,
            "bad_request",
            "an HTTP/1.1 request has exactly one Host header",
            None,
        );
    }
    if head.framing == Framing::Empty && head.expects_body() {
        let description = "neither Content-Length nor Transfer-Encoding says how long the body is";
        return problem(411, Route::Http, "length_required", description, None);
    }
    if head.path() != oauth::PATH {
        return echo(head, body);
    }
    if head.method != "POST" {
        let mut answer =
            problem(405, Route::Token, "method_not_allowed", "a token is asked for with POST", None);
        answer.fields.push(("Allow".to_owned(), "POST".to_owned()));
        return answer;
    }
    token(head, body, only, random)
}

/// An echo's content with the secrets of the request that it repeats shortened: they are not where
/// requests have them. None where it is no whole echo.
pub(super) fn masked_echo(content: &[u8]) -> Option<Vec<u8>> {
    let mut echo: Echo<'_> = serde_json::from_slice(content).ok()?;
    echo.target = Secrets::Shortened.mask_text(&echo.target).into();
    for Header { name, value } in &mut echo.headers {
        *value = secrets::masked_field(name, value);
    }
    echo.body = echo.body.map(|body| Secrets::Shortened.mask_text(&body).into());
    if let Some(body) = &mut echo.body_base64 {
        *body = STANDARD.encode(Secrets::Shortened.mask(&STANDARD.decode(&*body).ok()?));
    }
    Some(json(&echo))
}

/// Answers a request that could not be read.
pub(super) fn refuse(refusal: &Refusal) -> Answer {
    let Refusal { status, finding } = refusal;
    problem(*status, Route::Http, &finding.code, &finding.title, finding.hint.as_deref())
}

/// Answers a client that did not finish its request in time.
pub(super) fn timed_out(what: &str) -> Answer {
    problem(408, Route::Http, "request_timeout", what, None)
}

/// Answers a client that speaks HTTP without TLS.
pub(super) fn plain_http() -> Answer {
    problem(
        400,
        Route::Http,
        "plain_http_on_tls_port",
        "this port speaks TLS, and the request came in plain text",
        Some("use https"),
    )
}

impl Answer {
    /// Head and content to send, in answer to a request with this method and version.
    pub(super) fn encode(
        &self,
        method: &str,
        minor_version: u8,
        ending: Ending,
        now: Timestamp,
    ) -> (Vec<u8>, Vec<u8>) {
        let reason = if self.reason.is_empty() { reason(self.status) } else { &self.reason };
        let mut head = format!("HTTP/1.1 {} {reason}\r\n", self.status);
        let has = |name: &str| self.fields.iter().any(|(field, _)| field.eq_ignore_ascii_case(name));
        let mut field = |name: &str, value: &str| head.push_str(&format!("{name}: {value}\r\n"));
        if !has("Date") {
            // IMF-fixdate, RFC 9110 §5.6.7.
            field("Date", &now.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string());
        }
        if !has("Content-Type") {
            field("Content-Type", "application/json");
        }
        // RFC 9110 §8.6: not where there is never content, nor where the length is not known.
        let is_bare = self.body.is_empty()
            && (matches!(self.status, 204 | 304) || method == "HEAD" && self.route == Route::Proxy);
        if !has("Content-Length") && !has("Transfer-Encoding") && !is_bare {
            field("Content-Length", &self.body.len().to_string());
        }
        for (name, value) in &self.fields {
            field(name, value);
        }
        match ending {
            // A script may say it itself.
            _ if has("Connection") => {}
            Ending::KeepAlive if minor_version >= 1 => {}
            // An HTTP/1.0 client takes the connection for closed otherwise.
            Ending::KeepAlive => field("Connection", "keep-alive"),
            Ending::Close | Ending::Fin | Ending::Reset => field("Connection", "close"),
        }
        head.push_str("\r\n");
        // RFC 9110 §9.3.2: the head of the same answer, and nothing else.
        let body = if method == "HEAD" { Vec::new() } else { self.body.clone() };
        (head.into_bytes(), body)
    }
}

/// The reason phrase of the statuses that this server sends.
pub(super) fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        400 => "Bad Request",
        401 => "Unauthorized",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        411 => "Length Required",
        413 => "Content Too Large",
        431 => "Request Header Fields Too Large",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        _ => "",
    }
}

fn token(head: &Head, body: &[u8], only: Option<&Client>, random: [u8; 32]) -> Answer {
    // RFC 6749 §5.1 and §5.2.
    let mut fields = vec![("Cache-Control", "no-store"), ("Pragma", "no-cache")];
    let (status, body) = match oauth::token(head, body, only, random) {
        Ok(granted) => (200, json(&granted)),
        Err(denied) => {
            if denied.basic_used {
                fields.push(("WWW-Authenticate", "Basic realm=\"picopost\""));
            }
            (denied.status(), json(&denied))
        }
    };
    let fields = fields.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    Answer { status, route: Route::Token, fields, body, ..Answer::default() }
}

fn echo(head: &Head, body: &[u8]) -> Answer {
    let text = std::str::from_utf8(body).ok();
    let echo = Echo {
        method: Cow::Borrowed(&head.method),
        target: Cow::Borrowed(&head.target),
        version: format!("HTTP/1.{}", head.minor_version),
        headers: head
            .fields
            .iter()
            .map(|(name, value)| Header {
                name: name.clone(),
                value: String::from_utf8_lossy(value).into_owned(),
            })
            .collect(),
        body: text.map(Cow::Borrowed),
        body_base64: text.is_none().then(|| STANDARD.encode(body)),
    };
    Answer { status: 200, route: Route::Echo, body: json(&echo), ..Answer::default() }
}

fn problem(status: u16, route: Route, error: &str, description: &str, hint: Option<&str>) -> Answer {
    let body = json(&Problem { error, error_description: description, hint });
    // Whoever gets HTTP wrong may be read wrongly from here on.
    let ending = if route == Route::Http { Ending::Close } else { Ending::KeepAlive };
    Answer { status, route, body, ending, ..Answer::default() }
}

fn json(value: &impl Serialize) -> Vec<u8> {
    // These values have string keys and no floats, so this does not fail.
    let mut body = serde_json::to_vec(value).unwrap_or_default();
    body.push(b'\n');
    body
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::super::http::Reader;
    use super::{Answer, Ending, answer, plain_http};

    fn ask(request: &[u8]) -> Answer {
        let mut reader = Reader::default();
        reader.add(request);
        answer(reader.head().unwrap(), reader.body(), None, [0; 32])
    }

    fn text(answer: &Answer) -> String {
        encoded(answer, "POST", 1, Ending::Close)
    }

    fn encoded(answer: &Answer, method: &str, minor_version: u8, ending: Ending) -> String {
        let (head, body) = answer.encode(method, minor_version, ending, Timestamp::UNIX_EPOCH);
        String::from_utf8([head, body].concat()).unwrap()
    }

    #[test]
    fn a_response_is_exact() {
        let answer = ask(b"GET /oauth/token HTTP/1.1\r\nHost: x\r\n\r\n");
        assert_eq!(
            text(&answer),
            "HTTP/1.1 405 Method Not Allowed\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\n\
             Content-Type: application/json\r\nContent-Length: 84\r\nAllow: POST\r\nConnection: close\r\n\r\n\
             {\"error\":\"method_not_allowed\",\"error_description\":\"a token is asked for with POST\"}\n"
        );
        assert!(encoded(&answer, "HEAD", 1, Ending::Close).ends_with("\r\n\r\n"));
        assert!(!encoded(&answer, "POST", 1, Ending::KeepAlive).contains("Connection"));
        assert!(
            encoded(&answer, "POST", 0, Ending::KeepAlive).contains("\r\nConnection: keep-alive\r\n\r\n")
        );
    }

    #[test]
    fn token_answers_are_not_cached_and_name_the_scheme() {
        let answer = ask(
            b"POST /oauth/token?x HTTP/1.1\r\nHost: x\r\nAuthorization: Basic !\r\nContent-Length: 0\r\n\
              Content-Type: application/x-www-form-urlencoded\r\n\r\n",
        );
        assert_eq!(answer.status, 401);
        assert!(text(&answer).contains(
            "\r\nCache-Control: no-store\r\nPragma: no-cache\r\nWWW-Authenticate: Basic realm=\"picopost\"\r\n"
        ));
    }

    #[test]
    fn anything_else_is_echoed() {
        let answer = ask(b"PUT /a?b HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nhi!");
        assert_eq!(
            String::from_utf8_lossy(&answer.body),
            "{\"method\":\"PUT\",\"target\":\"/a?b\",\"version\":\"HTTP/1.1\",\"headers\":[{\"name\":\"Host\",\
             \"value\":\"x\"},{\"name\":\"Content-Length\",\"value\":\"3\"}],\"body\":\"hi!\"}\n"
        );
        let answer = ask(b"PUT / HTTP/1.0\r\nContent-Length: 1\r\n\r\n\xff");
        assert!(String::from_utf8_lossy(&answer.body).ends_with("\"body_base64\":\"/w==\"}\n"));
    }

    #[test]
    fn requests_without_host_or_length_are_refused() {
        assert_eq!(ask(b"POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\n").status, 400);
        assert_eq!(ask(b"GET / HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n").status, 400);
        assert_eq!(ask(b"POST / HTTP/1.0\r\n\r\n").status, 411);
        assert_eq!(plain_http().status, 400);
    }
}
