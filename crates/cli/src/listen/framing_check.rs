//! What is wrong with where a request's content begins and ends.

use super::head_check::at_field;
use super::http::{Framing, Head, Reader};
use crate::finding::{Finding, Part};

/// Looks at how a head announces the content.
pub(super) fn check(head: &Head, octets: &[u8], findings: &mut Vec<Finding>) {
    match head.framing {
        Framing::Empty if head.expects_body() => findings.push(
            Finding::error("no-content-length", format!("{} without Content-Length", head.method))
                .hint("send Content-Length, also when it is 0"),
        ),
        Framing::ContentLength(0) if head.method == "POST" => {
            let finding = Finding::warning("empty-body", "Content-Length is 0: the body is empty");
            findings.push(at_field(finding, octets, "content-length"));
        }
        Framing::Chunked if head.minor_version == 0 => {
            let finding =
                Finding::error("chunked-in-http-1.0", "HTTP/1.0 has no chunked coding (RFC 9112 §6.1)");
            let hint = "send Content-Length, or HTTP/1.1";
            findings.push(at_field(finding.hint(hint), octets, "transfer-encoding"));
        }
        Framing::Chunked => {
            let finding = Finding::note(
                "chunked-request",
                "the body is chunked: some servers want Content-Length and answer 411",
            );
            findings.push(at_field(finding, octets, "transfer-encoding"));
        }
        Framing::Empty | Framing::ContentLength(_) => {}
    }
    if head.values("content-length").count() > 1 {
        let finding =
            Finding::warning("content-length-repeated", "Content-Length is there twice, with one value");
        let hint = "send it once: some servers refuse it (RFC 9110 §8.6)";
        findings.push(at_field(finding.hint(hint), octets, "content-length"));
    }
}

/// What octets after the request mean.
pub(super) fn extra(octets: &[u8], framing: Framing) -> Option<Finding> {
    let finding = match (octets, framing) {
        ([], _) => return None,
        (_, Framing::Empty) => Finding::error(
            "body-without-length",
            format!("{} octets follow the head, and no header announces them", octets.len()),
        )
        .depends_on("no-content-length"),
        (b"\r\n", _) => Finding::error(
            "line-end-after-body",
            "CR LF follows the body and is not counted in Content-Length",
        )
        .hint("send the body with `print` or `write`, not with `println`"),
        _ => Finding::error("octets-after-body", format!("{} octets follow the body", octets.len()))
            .hint("Content-Length counts octets, not characters: is it too small?"),
    };
    Some(finding.at(Part::Extra, 0..octets.len()))
}

/// What is missing of a request that broke off: `why` is half a sentence.
pub(super) fn cut_short(reader: &Reader, why: &str) -> Finding {
    let body = reader.body().len();
    match reader.head().map(|head| head.framing) {
        None if reader.head_octets().is_empty() => {
            Finding::error("no-request", format!("no request came: {why}"))
                .hint("the handshake is done; is the request written, and flushed?")
        }
        None => Finding::error("head-never-ended", format!("the head has no end: {why}"))
            .hint("an empty line ends the head: CR LF CR LF")
            .at(Part::Head, reader.head_octets().len()..reader.head_octets().len()),
        Some(Framing::ContentLength(length)) => Finding::error(
            "body-too-short",
            format!("Content-Length says {length} octets, and {body} came: {why}"),
        )
        .hint("count the octets that are really written, after the last change to the body")
        .at(Part::Body, body..body),
        Some(Framing::Chunked | Framing::Empty) => {
            Finding::error("body-never-ended", format!("the chunked body has no end: {why}"))
                .hint("a chunk of size 0 and an empty line end it")
                .at(Part::Body, body..body)
        }
    }
}

/// Some tiny servers read once and see the head only.
pub(super) fn check_records(head: &Head, body: &[u8], records: &[usize], findings: &mut Vec<Finding>) {
    if !body.is_empty() && records.first() == Some(&head.length) {
        findings.push(
            Finding::note("head-and-body-apart", "head and body came in separate TLS records")
                .hint("write them in one go where they fit"),
        );
    }
}
