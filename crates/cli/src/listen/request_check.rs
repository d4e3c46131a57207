//! What is wrong with a request: what a real service or its edge would refuse or misread.

use super::http::{Framing, Head, Reader, Refusal};
use crate::finding::Finding;

/// How the reading of a request ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Complete,
    Refused(Refusal),
    /// Why no more octets came: half a sentence.
    CutShort(String),
}

/// All that is wrong with what was received.
pub(super) fn check(
    reader: &Reader,
    outcome: &Outcome,
    records: &[usize],
    server_name: Option<&str>,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    match outcome {
        Outcome::Refused(refusal) => findings.push(refusal.finding.clone()),
        Outcome::CutShort(why) => findings.push(cut_short(reader, why)),
        Outcome::Complete => {}
    }
    let Some(head) = reader.head() else { return findings };
    check_head(head, server_name, &mut findings);
    check_line_ends(reader.head_octets(), &mut findings);
    check_framing(head, &mut findings);
    if *outcome == Outcome::Complete {
        findings.extend(extra(reader.extra(), head.framing));
        check_content(head, reader, &mut findings);
        check_records(head, reader.body(), records, &mut findings);
    }
    findings
}

/// What octets after the request mean.
pub(super) fn extra(octets: &[u8], framing: Framing) -> Option<Finding> {
    match (octets, framing) {
        ([], _) => None,
        (_, Framing::Empty) => Some(
            Finding::error(
                "body-without-length",
                format!("{} octets follow the head, and no header announces them", octets.len()),
            )
            .depends_on("no-content-length"),
        ),
        (b"\r\n", _) => Some(
            Finding::error(
                "line-end-after-body",
                "CR LF follows the body and is not counted in Content-Length",
            )
            .hint("send the body with `print` or `write`, not with `println`"),
        ),
        _ => Some(
            Finding::error("octets-after-body", format!("{} octets follow the body", octets.len()))
                .hint("Content-Length counts octets, not characters: is it too small?"),
        ),
    }
}

fn cut_short(reader: &Reader, why: &str) -> Finding {
    match reader.head().map(|head| head.framing) {
        None if reader.head_octets().is_empty() => {
            Finding::error("no-request", format!("no request came: {why}"))
                .hint("the handshake is done; is the request written, and flushed?")
        }
        None => Finding::error("head-never-ended", format!("the head has no end: {why}"))
            .hint("an empty line ends the head: CR LF CR LF"),
        Some(Framing::ContentLength(length)) => Finding::error(
            "body-too-short",
            format!("Content-Length says {length} octets, and {} came: {why}", reader.body().len()),
        )
        .hint("count the octets that are really written, after the last change to the body"),
        Some(Framing::Chunked | Framing::Empty) => {
            Finding::error("body-never-ended", format!("the chunked body has no end: {why}"))
                .hint("a chunk of size 0 and an empty line end it")
        }
    }
}

fn check_head(head: &Head, server_name: Option<&str>, findings: &mut Vec<Finding>) {
    if head.minor_version == 0 {
        findings.push(
            Finding::warning("http-1.0", "HTTP/1.0: some edges answer 426")
                .hint("HTTP/1.1 with `Connection: close` does the same"),
        );
    }
    check_host(head, server_name, findings);
    if head.value("user-agent").is_none() {
        findings.push(
            Finding::note("no-user-agent", "no User-Agent: some edges answer 403")
                .hint("name the device and its version"),
        );
    }
    let mut names: Vec<String> = head.fields.iter().map(|(name, _)| name.to_ascii_lowercase()).collect();
    names.sort();
    for pair in names.chunk_by(|one, other| one == other) {
        if let [name, _, ..] = pair
            && name != "host"
        {
            findings.push(Finding::warning("header-twice", format!("the header `{name}` is there twice")));
        }
    }
}

fn check_host(head: &Head, server_name: Option<&str>, findings: &mut Vec<Finding>) {
    let hosts: Vec<&[u8]> = head.values("host").collect();
    match hosts.as_slice() {
        [] => findings.push(Finding::error("no-host", "no Host header").hint("send the URL's host and port")),
        [host] => {
            let host = String::from_utf8_lossy(host);
            let name = host.rsplit_once(':').map_or(host.as_ref(), |(name, _)| name);
            if let Some(server_name) = server_name
                && !name.eq_ignore_ascii_case(server_name)
            {
                findings.push(
                    Finding::warning(
                        "host-is-not-server-name",
                        format!(
                            "Host is `{host}`, and the server name (SNI) was `{server_name}`: edges answer 421 or 403"
                        ),
                    )
                    .hint("make them equal"),
                );
            }
        }
        _ => findings.push(Finding::error("host-twice", "more than one Host header")),
    }
}

fn check_line_ends(head: &[u8], findings: &mut Vec<Finding>) {
    let bare = head
        .split_inclusive(|octet| *octet == b'\n')
        .any(|line| line.ends_with(b"\n") && !line.ends_with(b"\r\n"));
    if bare {
        findings.push(
            Finding::warning("bare-line-feed", "a line of the head ends with LF alone")
                .hint("end each line with CR LF: many servers refuse anything else"),
        );
    }
}

fn check_framing(head: &Head, findings: &mut Vec<Finding>) {
    match head.framing {
        Framing::Empty if head.expects_body() => findings.push(
            Finding::error("no-content-length", format!("{} without Content-Length", head.method))
                .hint("send Content-Length, also when it is 0"),
        ),
        Framing::ContentLength(0) if head.method == "POST" => {
            findings.push(Finding::warning("empty-body", "Content-Length is 0: the body is empty"));
        }
        Framing::Chunked => findings.push(Finding::note(
            "chunked-request",
            "the body is chunked: some servers want Content-Length and answer 411",
        )),
        Framing::Empty | Framing::ContentLength(_) => {}
    }
}

fn check_content(head: &Head, reader: &Reader, findings: &mut Vec<Finding>) {
    let body = reader.body();
    if body.is_empty() {
        return;
    }
    let json = serde_json::from_slice::<serde::de::IgnoredAny>(body);
    let looks_like_json = matches!(body.trim_ascii_start().first(), Some(b'{' | b'['));
    match head.media_type().as_deref() {
        None => findings.push(
            Finding::error("no-content-type", "a body without Content-Type: its parameters will not be seen").hint(
                if looks_like_json {
                    "send `Content-Type: application/json`"
                } else {
                    "send the body's media type"
                },
            ),
        ),
        Some("application/json") => {
            if let Err(error) = json {
                findings.push(Finding::error("not-json", format!("the body is not JSON: {error}")));
            }
        }
        Some("application/x-www-form-urlencoded") if looks_like_json => findings.push(
            Finding::error("json-sent-as-form", "Content-Type says form encoded, and the body is JSON")
                .hint("send `Content-Type: application/json`, or the body form encoded: read what the service wants"),
        ),
        Some(_) => {}
    }
}

/// Some tiny servers read once and see the head only.
fn check_records(head: &Head, body: &[u8], records: &[usize], findings: &mut Vec<Finding>) {
    if !body.is_empty() && records.first() == Some(&head.length) {
        findings.push(
            Finding::note("head-and-body-apart", "head and body came in separate TLS records")
                .hint("write them in one go where they fit"),
        );
    }
}

#[cfg(test)]
#[path = "request_check_tests.rs"]
mod tests;
