//! What is wrong with a request's content.

use super::http::{Head, Reader};
use super::json::{self, Fault, FaultKind};
use crate::finding::{Finding, Part};

/// Looks at the content of a whole request.
pub(super) fn check(head: &Head, reader: &Reader, findings: &mut Vec<Finding>) {
    let body = reader.body();
    if body.is_empty() {
        return;
    }
    let whole = 0..body.len();
    let looks_like_json = matches!(body.trim_ascii_start().first(), Some(b'{' | b'['));
    match head.media_type().as_deref() {
        None => {
            let finding = Finding::error(
                "no-content-type",
                "a body without Content-Type: its parameters will not be seen",
            );
            findings.push(finding.hint(if looks_like_json {
                "send `Content-Type: application/json`"
            } else {
                "send the body's media type"
            }));
        }
        Some(media_type) if is_json(media_type) && looks_like_form(body) => findings.push(
            Finding::error("form-sent-as-json", "Content-Type says JSON, and the body is form encoded")
                .hint("send `Content-Type: application/x-www-form-urlencoded`, or the body as JSON")
                .at(Part::Body, whole),
        ),
        Some(media_type) if is_json(media_type) => {
            findings.extend(json::faults(body).into_iter().map(|fault| json_finding(fault, body)));
        }
        Some("application/x-www-form-urlencoded") if looks_like_json => findings.push(
            Finding::error("json-sent-as-form", "Content-Type says form encoded, and the body is JSON")
                .hint("send `Content-Type: application/json`, or the body form encoded: read what the service wants")
                .at(Part::Body, whole),
        ),
        Some(_) => {}
    }
}

/// `application/json`, and what is built on it (RFC 6839 §3.1).
pub(super) fn is_json(media_type: &str) -> bool {
    media_type == "application/json" || media_type.ends_with("+json")
}

/// A name, `=`, and no character that forms escape.
fn looks_like_form(body: &[u8]) -> bool {
    let is_form = |octet: &u8| octet.is_ascii_alphanumeric() || b"-._~*+%&=".contains(octet);
    body.contains(&b'=') && body.trim_ascii().iter().all(is_form)
}

fn json_finding(fault: Fault, body: &[u8]) -> Finding {
    let Fault { kind, range } = fault;
    let octet = range.start + 1;
    let finding = match kind {
        FaultKind::NotUtf8 => Finding::error(
            "json-not-utf8",
            format!("the body is not UTF-8 at octet {octet}"),
        )
        .hint(
            "JSON is sent in UTF-8 (RFC 8259 §8.1): was the text cut within a character, or kept in Latin-1?",
        ),
        FaultKind::ByteOrderMark => {
            Finding::error("json-byte-order-mark", "the body begins with a byte order mark")
                .hint("leave the three octets EF BB BF out (RFC 8259 §8.1)")
        }
        FaultKind::Truncated => {
            Finding::error("json-truncated", format!("the JSON breaks off after {} octets", body.len())).hint(
                "is the buffer that it is written to large enough? `snprintf` and ArduinoJson cut silently",
            )
        }
        FaultKind::TrailingComma => Finding::error(
            "json-trailing-comma",
            format!("the body is not JSON: a comma before the end of an object or array, at octet {octet}"),
        )
        .hint("leave the comma out: many parsers refuse it"),
        FaultKind::NulAtEnd => Finding::error("nul-after-body", "a NUL octet follows the JSON")
            .hint("Content-Length is `strlen(body)`, not `sizeof(body)` or `strlen(body) + 1`"),
        FaultKind::Expected(what) => {
            Finding::error("not-json", format!("the body is not JSON: {what} is expected at octet {octet}"))
        }
        FaultKind::DuplicateName(name) => Finding::warning(
            "json-duplicate-name",
            format!("the member `{name}` is there twice: which one counts differs from service to service"),
        ),
        FaultKind::MoreDuplicateNames(count) => {
            Finding::warning("json-duplicate-name", format!("{count} more members are there twice"))
        }
    };
    finding.at(Part::Body, range)
}
