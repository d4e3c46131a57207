//! The events as text for people. Everything shown here is in `--json` too.

use std::net::SocketAddr;

use super::event::{
    Alert, Anchors, Blame, ClientHello, Closed, Event, Handshake, HandshakeFailed, HandshakeKind, How, Line,
    Listening, NotTls, NotTlsKind, Request, Response, Route, Summary, Upstream,
};
use super::octets::{Octets, escape};
use crate::finding::{Evidence, Finding, Part};

/// Lines of one attempt begin with its number and its time.
pub(super) fn line(line: &Line) -> String {
    let mut text = Text::default();
    if let (Some(attempt), Some(milliseconds)) = (line.attempt, line.milliseconds) {
        text.start = format!("#{attempt} {milliseconds:>5} ms  ");
    }
    match &line.event {
        Event::Anchors(anchors) => text.anchors(anchors),
        Event::Listening(listening) => text.listening(listening),
        Event::Notice(notice) => text.findings(&notice.findings),
        Event::Tcp(tcp) => text.title("TCP", &format!("from {}", tcp.peer)),
        Event::ClientHello(hello) => text.client_hello(hello),
        Event::NotTls(not_tls) => text.not_tls(not_tls),
        Event::Handshake(handshake) => text.handshake(handshake),
        Event::HandshakeFailed(failed) => text.handshake_failed(failed),
        Event::Request(request) => text.request(request),
        Event::Upstream(upstream) => text.upstream(upstream),
        Event::Response(response) => text.response(response),
        Event::Closed(closed) => text.closed(closed),
        Event::Summary(summary) => text.summary(*summary),
    }
    text.out
}

/// How many octets are shown of a head, a body, …
const SHOWN: usize = 16 * 1024;
/// Octets that are shown on either side of a caret.
const CARET_COLUMN: usize = 40;
/// Columns of a list beside its name.
const LIST_WIDTH: usize = 78;

#[derive(Default)]
struct Text {
    start: String,
    out: String,
}

impl Text {
    fn title(&mut self, stage: &str, what: &str) {
        self.push(&format!("{}{stage:<12} {what}", self.start));
    }

    /// An indented row: what it is, and its value.
    fn row(&mut self, name: &str, value: &str) {
        self.push(&format!("    {name:<14} {value}"));
    }

    fn list(&mut self, name: &str, values: &[String]) {
        let mut values = values.iter().peekable();
        let mut name = name;
        while values.peek().is_some() {
            let mut line = String::new();
            while let Some(value) =
                values.next_if(|value| line.is_empty() || line.len() + value.len() < LIST_WIDTH)
            {
                line.push_str(value);
                line.push_str(", ");
            }
            if values.peek().is_none() {
                line.truncate(line.len() - 2);
            }
            self.row(name, &line);
            name = "";
        }
    }

    /// Octets line by line, as they were received.
    fn octets(&mut self, octets: &Octets) {
        let all = octets.octets();
        let shown = all.get(..SHOWN).unwrap_or(all);
        for line in escape(shown).split_inclusive("\\n") {
            self.push(&format!("    | {line}"));
        }
        let omitted = all.len() - shown.len() + octets.omitted;
        if omitted > 0 {
            self.push(&format!("    … and {omitted} octets more"));
        }
    }

    fn findings(&mut self, findings: &[Finding]) {
        findings.iter().for_each(|finding| self.finding(finding));
    }

    fn finding(&mut self, finding: &Finding) {
        // What follows from another finding stands under it.
        let indent = if finding.depends_on.is_some() { "      " } else { "    " };
        self.push(&format!("{indent}{}: {}", finding.severity.name(), finding.title));
        if let Some(hint) = &finding.hint {
            self.push(&format!("{indent}  hint: {hint}"));
        }
    }

    /// The line around a place, and a caret under it; nothing where all of it is meant.
    fn caret(&mut self, octets: &[u8], evidence: &Evidence) {
        let Evidence { start, end, .. } = *evidence;
        if start == 0 && end >= octets.len() {
            return;
        }
        let (before, after) = octets.split_at_checked(start).unwrap_or((octets, &[]));
        let before = before.rsplit(|octet| *octet == b'\n').next().unwrap_or_default();
        let before = before.get(before.len().saturating_sub(CARET_COLUMN)..).unwrap_or_default();
        let after = after.split(|octet| *octet == b'\n').next().unwrap_or_default();
        let after = after.get(..CARET_COLUMN).unwrap_or(after);
        let before = escape(before);
        self.push(&format!("      | {before}{}", escape(after)));
        self.push(&format!("      | {}^", " ".repeat(before.chars().count())));
    }

    /// One line. What clients send ends up here, and must not steer the terminal.
    fn push(&mut self, line: &str) {
        for character in line.trim_end().chars() {
            if character.is_control() {
                self.out.extend(character.escape_default());
            } else {
                self.out.push(character);
            }
        }
        self.out.push('\n');
    }

    fn anchors(&mut self, anchors: &Anchors) {
        self.row("anchors", &anchors.anchors);
        self.row("root", &anchors.root);
        if anchors.new_ca {
            self.push("    a new CA: build its anchors into the firmware");
        }
    }

    fn listening(&mut self, listening: &Listening) {
        self.push(&format!("listening on {} ({})", listening.url, listening.address));
        self.row("chain", &format!("{}: {}", listening.chain.name(), listening.keys));
        self.list("names", &listening.names);
        if let Some(page) = &listening.page {
            self.row("page", page);
        }
        if let Some(store) = &listening.store {
            self.row("store", store);
        }
        self.anchors(&listening.anchors);
        self.list("anchors files", &listening.anchors_files);
        self.network(listening);
        if let Some(snippet) = &listening.snippet {
            self.push("");
            for line in snippet.lines() {
                self.push(line);
            }
            self.push("");
        }
    }

    /// Where devices find the server, or why they do not.
    fn network(&mut self, listening: &Listening) {
        let (bound, port) = (listening.address.ip(), listening.port);
        let reached = listening.addresses.iter().filter(|address| bound.is_ipv6() || address.is_ipv4());
        let urls: Vec<String> =
            reached.map(|address| format!("https://{}", SocketAddr::new(*address, port))).collect();
        if bound.is_unspecified() {
            self.list("for devices", &urls);
        } else if let (true, Some(address)) = (bound.is_loopback(), listening.addresses.first()) {
            self.row("for devices", &format!("not reachable: `--bind 0.0.0.0` lets them in, at {address}"));
        }
    }

    fn client_hello(&mut self, hello: &ClientHello) {
        let which = if hello.second { "the second, " } else { "" };
        self.title(
            "ClientHello",
            &format!("{which}{} octets in {}", hello.octets, count(hello.records, "record")),
        );
        self.row("server name", hello.server_name.as_deref().unwrap_or("none"));
        self.list("versions", &hello.versions);
        self.list("cipher suites", &hello.cipher_suites);
        self.list("groups", &hello.groups);
        let shares: Vec<String> = hello
            .key_shares
            .iter()
            .map(|share| format!("{} ({} octets)", share.group, share.octets))
            .collect();
        self.list("key shares", &shares);
        self.list("signatures", &hello.signature_algorithms);
        self.row("ALPN", &if hello.alpn.is_empty() { "none".to_owned() } else { hello.alpn.join(", ") });
        self.row("session id", &count(hello.session_id_octets, "octet"));
        if let Some(limit) = hello.record_size_limit {
            self.row("record limit", &format!("{limit} octets (record_size_limit)"));
        }
        if let Some(length) = hello.max_fragment_length {
            self.row("fragment limit", &format!("{length} octets (max_fragment_length)"));
        }
        if hello.pre_shared_key {
            self.row("resumption", "offers an earlier session (pre_shared_key)");
        }
        self.list("extensions", &hello.extensions);
        if let Some(ja4) = &hello.ja4 {
            self.row("JA4", ja4);
        }
        self.findings(&hello.findings);
    }

    fn not_tls(&mut self, not_tls: &NotTls) {
        let what = match not_tls.kind {
            NotTlsKind::PlainHttp => "plain HTTP",
            NotTlsKind::Ssl2 => "an SSL 2 hello",
            NotTlsKind::Nothing => "nothing came",
            NotTlsKind::Garbage => "something else",
        };
        self.title("not TLS", &format!("{what}, {}", count(not_tls.received.count, "octet")));
        self.octets(&not_tls.received);
        if let Some(answer) = &not_tls.answer {
            self.row("answered", answer);
        }
        self.findings(&not_tls.findings);
    }

    fn handshake(&mut self, handshake: &Handshake) {
        let Handshake { version, cipher_suite, group, alpn, kind, octets_in, octets_out } = handshake;
        let group = group.as_deref().unwrap_or("no group");
        let alpn = alpn.as_deref().map_or_else(|| "no ALPN".to_owned(), |alpn| format!("ALPN {alpn}"));
        let kind = match kind {
            HandshakeKind::Full => "",
            HandshakeKind::FullWithHelloRetryRequest => ", after a HelloRetryRequest",
            HandshakeKind::Resumed => ", resumed",
        };
        self.title("handshake", &format!("done: {version}, {cipher_suite}, {group}, {alpn}{kind}"));
        self.row("octets", &format!("{octets_in} in, {octets_out} out"));
    }

    fn handshake_failed(&mut self, failed: &HandshakeFailed) {
        self.title("handshake", &format!("failed: {}", failed.reason));
        if let Some(alert) = &failed.alert {
            self.alert(alert, failed.blame);
        }
        if let Some(hint) = &failed.hint {
            self.push(&format!("      hint: {hint}"));
        }
    }

    fn alert(&mut self, alert: &Alert, from: Blame) {
        let Alert { number, name, meaning } = alert;
        match from {
            // The meaning is written for the side that receives the alert, which is this one.
            Blame::Client => self.row("alert received", &format!("{name} ({number}): {meaning}")),
            Blame::Server | Blame::Connection => self.row("alert sent", &format!("{name} ({number})")),
        }
    }

    fn request(&mut self, request: &Request) {
        let line = if request.method.is_empty() {
            "not understood".to_owned()
        } else {
            format!("{} {} {}", request.method, request.target, request.version)
        };
        self.title("request", &line);
        let records: Vec<String> = request.records.iter().map(ToString::to_string).collect();
        self.row(
            "octets",
            &format!(
                "head {}, body {}, in {} ({})",
                request.head.count,
                request.body.count,
                count(records.len(), "record"),
                shortened(&records)
            ),
        );
        self.octets(&request.head);
        self.octets(&request.body);
        if request.extra.count > 0 {
            self.row("then", &count(request.extra.count, "octet"));
            self.octets(&request.extra);
        }
        for finding in &request.findings {
            self.finding(finding);
            if let Some(evidence) = finding.evidence.as_deref().filter(|evidence| evidence.part == Part::Body)
            {
                self.caret(request.body.octets(), evidence);
            }
        }
    }

    fn upstream(&mut self, upstream: &Upstream) {
        let milliseconds = upstream.microseconds / 1000;
        let what = match upstream.status {
            Some(status) => format!("answered {status} after {milliseconds} ms"),
            None => format!("gave no answer in {milliseconds} ms"),
        };
        self.title("service", &format!("{} {what}", upstream.authority));
        self.octets(&upstream.request);
        if upstream.status.is_some() {
            self.row("then", &format!("its answer, {}", count(upstream.body.count, "octet")));
            self.octets(&upstream.head);
        }
        self.findings(&upstream.findings);
    }

    fn response(&mut self, response: &Response) {
        let what = match response.route {
            Route::Token => "the token endpoint",
            Route::Echo => "an echo",
            Route::Proxy => "from the service",
            Route::Script => "as the script says",
            Route::Http => "the request was refused",
        };
        let Response { status, reason, octets, .. } = response;
        self.title("answer", &format!("{status} {reason}, {octets} octets: {what}"));
        // An echo repeats the request.
        if response.route != Route::Echo {
            self.push(&format!("    | {}", String::from_utf8_lossy(response.body.octets()).trim_end()));
        }
    }

    fn closed(&mut self, closed: &Closed) {
        let how = match closed.how {
            How::CloseNotify => "by the client, with close_notify",
            How::Fin => "by the client, without close_notify",
            How::Reset => "by the client, with a reset",
            How::Alert => "by the client, with an alert",
            How::BrokenRecord => "after a broken record of the client",
            How::TimedOut => "by the server: the client was silent",
            How::ServerReset => "by the server, with a reset, as the script says",
            How::Refused => "by the server: it has no room for more",
            How::KeptSending => "by the server: the client kept sending",
        };
        self.title("closed", &format!("{how}; {} octets in, {} out", closed.octets_in, closed.octets_out));
        if let Some(alert) = &closed.alert {
            self.alert(alert, Blame::Client);
        }
        self.findings(&closed.findings);
    }

    fn summary(&mut self, summary: Summary) {
        let Summary { attempts, handshakes, requests, good_answers } = summary;
        self.push(&format!(
            "{}, {handshakes} with a handshake, {requests} with a request, {good_answers} with a good answer",
            count(usize::try_from(attempts).unwrap_or(usize::MAX), "attempt")
        ));
    }
}

fn count(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

/// A list that does not fill the screen.
fn shortened(values: &[String]) -> String {
    match values.get(..8) {
        Some(first) if values.len() > 8 => format!("{}, …", first.join(", ")),
        _ => values.join(", "),
    }
}

#[cfg(test)]
#[path = "render_tests.rs"]
mod tests;
