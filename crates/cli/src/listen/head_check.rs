//! What is wrong with a request's head.

use std::ops::Range;

use super::http::{Framing, Head};
use super::request_check::Context;
use crate::finding::{Finding, Part};

/// The port that a URL need not name.
const HTTPS: u16 = 443;

/// Looks at a head that was parsed; `octets` are those that it came in.
pub(super) fn check(head: &Head, octets: &[u8], context: &Context<'_>, findings: &mut Vec<Finding>) {
    if head.minor_version == 0 {
        let line = octets.iter().position(|octet| *octet == b'\r').unwrap_or(octets.len());
        findings.push(
            Finding::warning("http-1.0", "HTTP/1.0: some edges answer 426")
                .hint("HTTP/1.1 with `Connection: close` does the same")
                .at(Part::Head, line.saturating_sub(8)..line),
        );
    }
    check_host(head, octets, context, findings);
    if head.value("user-agent").is_none() {
        findings.push(
            Finding::note("no-user-agent", "no User-Agent: some edges answer 403")
                .hint("name the device and its version"),
        );
    }
    check_accept_encoding(head, octets, findings);
    check_repetitions(head, octets, findings);
    check_line_ends(octets, findings);
}

/// Looks for the reason why a head could not be parsed.
pub(super) fn check_malformed(octets: &[u8], findings: &mut Vec<Finding>) {
    let lines = lines(octets).skip(1).filter(|line| !octets.get(line.clone()).unwrap_or_default().is_empty());
    for line in lines {
        match octets.get(line.clone()).unwrap_or_default() {
            [b'{' | b'[', ..] => {
                findings.push(
                    Finding::error("no-empty-line", "the body follows the head without an empty line")
                        .depends_on("malformed-head")
                        .hint("an empty line ends the head: CR LF CR LF")
                        .at(Part::Head, line),
                );
                return;
            }
            text if !text.contains(&b':') => {
                findings.push(
                    Finding::error(
                        "line-end-in-value",
                        "a line of the head has no colon: it goes on from the line before",
                    )
                    .depends_on("malformed-head")
                    .hint(
                        "a value must have no line end: base64 with line breaks, or a text read from a file?",
                    )
                    .at(Part::Head, line),
                );
                return;
            }
            _ => {}
        }
    }
}

/// An empty line where it should not be: what follows it looks like a field. A line end at the end
/// of a value does this, and header injection by an attacker does it too.
pub(super) fn check_early_end(head: &Head, after: &[u8], part: Part, findings: &mut Vec<Finding>) {
    let line = after.split(|octet| *octet == b'\r').next().unwrap_or_default();
    let Some(colon) = line.windows(2).position(|two| two == b": ") else { return };
    let name = line.get(..colon).unwrap_or_default();
    let is_name = name.iter().all(|octet| octet.is_ascii_alphanumeric() || *octet == b'-');
    if is_name && !name.is_empty() && after.len() > line.len() {
        let last = head.fields.last().map_or("the request line", |(name, _)| name);
        findings.push(
            Finding::error(
                "head-ended-early",
                format!(
                    "a header field stands after the empty line that ends the head, which follows `{last}`"
                ),
            )
            .hint("a value that ends with a line end does this: trim what is read from a file or typed in")
            .at(part, 0..line.len()),
        );
    }
}

fn check_host(head: &Head, octets: &[u8], context: &Context<'_>, findings: &mut Vec<Finding>) {
    let hosts: Vec<&[u8]> = head.values("host").collect();
    let [host] = hosts.as_slice() else {
        findings.push(match hosts.as_slice() {
            [] => Finding::error("no-host", "no Host header").hint("send the URL's host and port"),
            _ => at_field(Finding::error("host-twice", "more than one Host header"), octets, "host"),
        });
        return;
    };
    let host = String::from_utf8_lossy(host);
    let (name, port) = split_port(&host);
    if let Some(server_name) = context.server_name
        && !name.eq_ignore_ascii_case(server_name)
    {
        let finding = Finding::warning(
            "host-is-not-server-name",
            format!(
                "Host is `{host}`, and the server name (SNI) was `{server_name}`: edges answer 421 or 403"
            ),
        );
        findings.push(at_field(finding.hint("make them equal"), octets, "host"));
    }
    if port.is_none() && context.port != HTTPS {
        let finding = Finding::note(
            "host-without-port",
            format!("Host lacks the port: the URL here has {}", context.port),
        );
        let hint = "Host carries the port where it is not 443 (RFC 9110 §7.2)";
        findings.push(at_field(finding.hint(hint), octets, "host"));
    }
}

/// `uri-host [ ":" port ]`, RFC 9110 §7.2.
fn split_port(host: &str) -> (&str, Option<&str>) {
    match host.rsplit_once(':') {
        // A colon within the brackets of an IPv6 address is none before a port.
        Some((name, port)) if !port.contains(']') => (name, Some(port)),
        _ => (host, None),
    }
}

fn check_accept_encoding(head: &Head, octets: &[u8], findings: &mut Vec<Finding>) {
    let value = head.values("accept-encoding").collect::<Vec<_>>().join(&b","[..]);
    let value = String::from_utf8_lossy(&value).to_ascii_lowercase();
    let codings: Vec<&str> = value
        .split(',')
        .filter(|coding| !coding.replace(' ', "").ends_with(";q=0"))
        .map(|coding| coding.split(';').next().unwrap_or_default().trim())
        .filter(|coding| matches!(*coding, "gzip" | "x-gzip" | "deflate" | "br" | "zstd" | "compress"))
        .collect();
    if !codings.is_empty() {
        let finding = Finding::note(
            "asks-for-compression",
            format!("Accept-Encoding asks for {}: the answer may come compressed", codings.join(", ")),
        );
        let hint = "leave the field out, or send `identity`, where the client cannot decode it";
        findings.push(at_field(finding.hint(hint), octets, "accept-encoding"));
    }
}

fn check_repetitions(head: &Head, octets: &[u8], findings: &mut Vec<Finding>) {
    let mut names: Vec<String> = head.fields.iter().map(|(name, _)| name.to_ascii_lowercase()).collect();
    names.sort();
    for pair in names.chunk_by(|one, other| one == other) {
        let [name, _, ..] = pair else { continue };
        // Of Host and Content-Length more is said elsewhere.
        if name != "host" && !(name == "content-length" && head.framing != Framing::Empty) {
            let finding = Finding::warning("header-twice", format!("the header `{name}` is there twice"));
            findings.push(at_field(finding, octets, name));
        }
    }
}

fn check_line_ends(octets: &[u8], findings: &mut Vec<Finding>) {
    let mut at = 0;
    for line in octets.split_inclusive(|octet| *octet == b'\n') {
        at += line.len();
        if line.ends_with(b"\n") && !line.ends_with(b"\r\n") {
            findings.push(
                Finding::warning("bare-line-feed", "a line of the head ends with LF alone")
                    .hint("end each line with CR LF: many servers refuse anything else")
                    .at(Part::Head, at - 1..at),
            );
            return;
        }
    }
}

/// Points at the last field of this name.
pub(super) fn at_field(finding: Finding, octets: &[u8], name: &str) -> Finding {
    let field = lines(octets).filter(|line| {
        let line = octets.get(line.clone()).unwrap_or_default();
        let colon = line.iter().position(|octet| *octet == b':');
        colon
            .and_then(|colon| line.get(..colon))
            .is_some_and(|found| found.eq_ignore_ascii_case(name.as_bytes()))
    });
    match field.last() {
        Some(line) => finding.at(Part::Head, line),
        None => finding,
    }
}

/// Where each line is, without its end.
fn lines(octets: &[u8]) -> impl Iterator<Item = Range<usize>> {
    let mut at = 0;
    octets.split_inclusive(|octet| *octet == b'\n').map(move |line| {
        let start = at;
        at += line.len();
        let text = line.strip_suffix(b"\n").unwrap_or(line);
        start..start + text.strip_suffix(b"\r").unwrap_or(text).len()
    })
}
