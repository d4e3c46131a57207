//! What stdout gets: the response as it came, or one JSON object about it.

use std::io::{self, IsTerminal as _, Write};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use picopost::Response;
use serde::Serialize;

use super::explain::Failure;
use super::trace::{Ended, Reached};
use crate::error::{CommandError, io_reason};

/// The renderers of `--output`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Format {
    /// Status line, headers, empty line, body; nothing where there is no whole response.
    Text,
    /// One JSON object, also for a failure.
    Json,
}

/// What came of the POST.
pub(super) struct Answer<'a> {
    pub(super) response: Option<&'a Response<'a>>,
    pub(super) failure: Option<&'a Failure>,
    pub(super) stages: &'a [Reached],
    pub(super) end: Option<Ended>,
}

/// Writes the answer to stdout.
pub(super) fn write(format: Format, answer: &Answer<'_>) -> Result<(), CommandError> {
    let stdout = io::stdout();
    let ending = if stdout.is_terminal() { "\n" } else { "" };
    let mut out = stdout.lock();
    match (format, answer.response) {
        (Format::Text, Some(response)) => text(&mut out, response, ending),
        (Format::Text, None) => Ok(()),
        (Format::Json, _) => json(&mut out, answer),
    }
    .and_then(|()| out.flush())
    .map_err(|error| CommandError::could_not_run(format!("stdout cannot be written: {}", io_reason(&error))))
}

/// The response; `ending` behind the body, for a terminal.
fn text(out: &mut impl Write, response: &Response<'_>, ending: &str) -> io::Result<()> {
    out.write_all(response.status_line())?;
    out.write_all(b"\n")?;
    for (name, value) in response.headers() {
        write!(out, "{name}: ")?;
        out.write_all(value)?;
        out.write_all(b"\n")?;
    }
    out.write_all(b"\n")?;
    out.write_all(response.body())?;
    out.write_all(ending.as_bytes())
}

#[derive(Serialize)]
struct Object<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    response: Option<ResponseObject<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a Failure>,
    stages: &'a [Reached],
    #[serde(skip_serializing_if = "Option::is_none")]
    end: Option<Ended>,
}

#[derive(Serialize)]
struct ResponseObject<'a> {
    status: u16,
    headers: Vec<HeaderObject<'a>>,
    /// The body where it is UTF-8.
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<&'a str>,
    /// The body where it is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    body_base64: Option<String>,
}

#[derive(Serialize)]
struct HeaderObject<'a> {
    name: &'a str,
    value: String,
}

fn json(out: &mut impl Write, answer: &Answer<'_>) -> io::Result<()> {
    let response = answer.response.map(|response| {
        let body = std::str::from_utf8(response.body());
        ResponseObject {
            status: response.status().0,
            headers: response
                .headers()
                .map(|(name, value)| HeaderObject {
                    name,
                    value: String::from_utf8_lossy(value).into_owned(),
                })
                .collect(),
            body: body.ok(),
            body_base64: body.is_err().then(|| BASE64_STANDARD.encode(response.body())),
        }
    });
    let object = Object { response, error: answer.failure, stages: answer.stages, end: answer.end };
    serde_json::to_writer(&mut *out, &object)?;
    out.write_all(b"\n")
}

#[cfg(test)]
mod tests {
    use picopost::http::ResponseReader;

    use super::*;

    fn with_response(input: &[u8], check: impl FnOnce(&Response<'_>)) {
        let mut buffer = [0; 256];
        let mut reader = ResponseReader::new(&mut buffer);
        reader.feed(input).unwrap();
        check(&reader.finish().unwrap());
    }

    #[test]
    fn the_response_as_text() {
        let input = b"HTTP/1.1 201 Created\r\nContent-Length:  3\r\nX-Empty:\r\n\r\n{}\n";
        with_response(input, |response| {
            let mut out = Vec::new();
            text(&mut out, response, "").unwrap();
            assert_eq!(
                String::from_utf8(out).unwrap(),
                "HTTP/1.1 201 Created\nContent-Length: 3\nX-Empty: \n\n{}\n"
            );
        });
    }

    #[test]
    fn the_response_as_json() {
        let answer = |input: &[u8]| {
            let mut out = Vec::new();
            with_response(input, |response| {
                json(&mut out, &Answer { response: Some(response), failure: None, stages: &[], end: None })
                    .unwrap();
            });
            String::from_utf8(out).unwrap()
        };
        assert_eq!(
            answer(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"),
            "{\"response\":{\"status\":200,\"headers\":[{\"name\":\"Content-Length\",\"value\":\"2\"}],\
             \"body\":\"{}\"},\"stages\":[]}\n"
        );
        assert_eq!(
            answer(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n\xff\xfe"),
            "{\"response\":{\"status\":200,\"headers\":[{\"name\":\"Content-Length\",\"value\":\"2\"}],\
             \"body_base64\":\"//4=\"},\"stages\":[]}\n"
        );
    }
}
