//! An attempt in one line: what the page's list shows of it, and what the store finds it by.

use std::borrow::Cow;
use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

use super::capture::Attempt;
use super::event::{Closed, Event, How};
use super::secrets::Secrets;
use crate::finding::{Finding, Severity};

/// One attempt, so far.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Overview {
    pub(crate) number: u64,
    /// When TCP was accepted: microseconds since 1970-01-01T00:00:00Z.
    pub(crate) started_microseconds: u64,
    pub(crate) peer: SocketAddr,
    /// The highest layer that was reached.
    pub(crate) reached: Step,
    /// Whether it broke on the way to the next one.
    pub(crate) failed: bool,
    /// Whether the connection has ended.
    pub(crate) complete: bool,
    /// Of how many events this is told: of two overviews of an attempt, the one with more is later.
    pub(crate) lines: usize,
    pub(crate) server_name: Option<String>,
    /// What came of it, in a few words.
    pub(crate) title: String,
    pub(crate) severities: Severities,
    /// The codes of its findings, each once.
    pub(crate) codes: Vec<Cow<'static, str>>,
}

/// The layers, in the order in which an attempt reaches them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Step {
    Tcp,
    /// A ClientHello that came whole.
    Hello,
    Handshake,
    Request,
    Answered,
    /// Both sides closed in good order after an answer.
    End,
}

/// How many findings there are of each severity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Severities {
    pub(crate) error: usize,
    pub(crate) warning: usize,
    pub(crate) note: usize,
}

/// Characters of a title and of a name. What a client sends may be longer; it is in the attempt.
const MAX_CHARACTERS: usize = 160;

impl Overview {
    /// Of an attempt as it was received; secrets in it are shown as `secrets` says.
    pub(crate) fn of(attempt: &Attempt, secrets: Secrets) -> Self {
        let overview = Self {
            number: attempt.number,
            started_microseconds: attempt.started_microseconds,
            peer: attempt.peer,
            reached: Step::Tcp,
            failed: false,
            complete: attempt.complete,
            lines: attempt.lines.len(),
            server_name: None,
            title: String::new(),
            severities: Severities::default(),
            codes: Vec::new(),
        };
        let mut reader = Reader { overview, request: String::new(), first_error: None, secrets };
        for line in &attempt.lines {
            reader.event(&line.event);
        }
        reader.finish()
    }
}

/// Reads the events of an attempt, one after the other.
struct Reader {
    overview: Overview,
    /// Method and target of the latest request.
    request: String,
    /// What the owner has come for.
    first_error: Option<String>,
    secrets: Secrets,
}

impl Reader {
    fn event(&mut self, event: &Event) {
        match event {
            Event::Tcp(_) => self.reach(Step::Tcp, "connected"),
            Event::ClientHello(hello) => {
                self.reach(Step::Hello, "a ClientHello, and nothing after it");
                self.overview.server_name = hello.server_name.as_deref().map(bounded);
            }
            // Its finding says what it was.
            Event::NotTls(_) => self.fail(""),
            Event::Handshake(_) => self.reach(Step::Handshake, "TLS, but no request"),
            Event::HandshakeFailed(failed) => match &failed.alert {
                Some(alert) => self.fail(&format!("{}: {}", failed.reason, alert.name)),
                None => self.fail(&failed.reason),
            },
            Event::Request(request) => {
                self.request =
                    bounded(&format!("{} {}", request.method, self.secrets.mask_text(&request.target)));
                self.reach(Step::Request, &format!("{}: no answer", self.request));
            }
            Event::Response(response) => {
                let title = format!("{}: {} {}", self.request, response.status, response.reason);
                self.reach(Step::Answered, &title);
            }
            Event::Closed(closed) => self.closed(closed),
            _ => {}
        }
        for finding in event.findings() {
            self.finding(finding);
        }
        // The title of a failed handshake says its finding already.
        if self.first_error.is_none() && !matches!(event, Event::HandshakeFailed(_)) {
            let error = event.findings().iter().find(|finding| finding.severity == Severity::Error);
            self.first_error = error.map(|finding| finding.title.clone());
        }
    }

    fn reach(&mut self, step: Step, title: &str) {
        self.overview.reached = self.overview.reached.max(step);
        title.clone_into(&mut self.overview.title);
    }

    fn fail(&mut self, title: &str) {
        self.overview.failed = true;
        title.clone_into(&mut self.overview.title);
    }

    fn closed(&mut self, closed: &Closed) {
        let in_good_order = matches!(closed.how, How::CloseNotify | How::Fin);
        if self.overview.reached >= Step::Answered && in_good_order {
            self.overview.reached = Step::End;
        } else {
            self.overview.failed = true;
        }
    }

    fn finding(&mut self, finding: &Finding) {
        let Severities { error, warning, note } = &mut self.overview.severities;
        match finding.severity {
            Severity::Error => *error += 1,
            Severity::Warning => *warning += 1,
            Severity::Note => *note += 1,
        }
        if !self.overview.codes.contains(&finding.code) {
            self.overview.codes.push(finding.code.clone());
        }
    }

    fn finish(mut self) -> Overview {
        let parts = [Some(self.overview.title.as_str()), self.first_error.as_deref()];
        let parts: Vec<&str> = parts.into_iter().flatten().filter(|part| !part.is_empty()).collect();
        self.overview.title = bounded(&parts.join(" · "));
        self.overview
    }
}

fn bounded(text: &str) -> String {
    match text.char_indices().nth(MAX_CHARACTERS) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::event::{ClientHello, Event};
    use super::super::secrets::Secrets;
    use super::{MAX_CHARACTERS, Overview, Severities, Step};
    use crate::finding::Finding;

    fn overview(events: &[Value]) -> Overview {
        let lines: Vec<Value> = events
            .iter()
            .map(|event| {
                let mut line = event.clone();
                line["attempt"] = json!(7);
                line["milliseconds"] = json!(1);
                line
            })
            .collect();
        let attempt = json!({
            "number": 7, "started_microseconds": 5, "peer": "192.0.2.1:4711", "local": "192.0.2.2:8443",
            "lines": lines, "segments": [], "segments_omitted": 0, "key_log": [], "complete": true,
        });
        Overview::of(&serde_json::from_value(attempt).unwrap(), Secrets::Shortened)
    }

    fn tcp() -> Value {
        json!({"event": "tcp", "peer": "192.0.2.1:4711", "local": "192.0.2.2:8443"})
    }

    fn hello(findings: Vec<Finding>) -> Value {
        let server_name = Some("picopost.test".to_owned());
        let hello = ClientHello { server_name, findings, ..ClientHello::default() };
        serde_json::to_value(Event::ClientHello(Box::new(hello))).unwrap()
    }

    fn handshake() -> Value {
        json!({"event": "handshake", "version": "TLS 1.3", "cipher_suite": "x", "group": null, "alpn": null,
            "kind": "full", "octets_in": 1, "octets_out": 1})
    }

    fn request(target: &str, findings: &[Finding]) -> Value {
        let none = json!({"count": 0, "text": "", "omitted": 0});
        json!({"event": "request", "method": "POST", "target": target, "version": "HTTP/1.1", "headers": [],
            "head": none, "body": none, "extra": none, "records": [], "record_microseconds": [],
            "findings": findings})
    }

    fn response() -> Value {
        let none = json!({"count": 0, "text": "", "omitted": 0});
        json!({"event": "response", "status": 200, "reason": "OK", "route": "echo", "octets": 0, "head": none,
            "body": none})
    }

    fn closed(how: &str) -> Value {
        json!({"event": "closed", "how": how, "alert": null, "octets_in": 1, "octets_out": 1, "findings": []})
    }

    fn reached(events: &[Value]) -> (Step, bool, String) {
        let Overview { reached, failed, title, .. } = overview(events);
        (reached, failed, title)
    }

    #[test]
    fn each_step_is_told_and_where_it_broke() {
        let title = |title: &str| title.to_owned();
        let all = [tcp(), hello(vec![]), handshake(), request("/a", &[]), response()];
        assert_eq!(reached(&all[..1]), (Step::Tcp, false, title("connected")));
        assert_eq!(reached(&all[..2]), (Step::Hello, false, title("a ClientHello, and nothing after it")));
        assert_eq!(reached(&all[..3]), (Step::Handshake, false, title("TLS, but no request")));
        assert_eq!(reached(&all[..4]), (Step::Request, false, title("POST /a: no answer")));
        assert_eq!(reached(&all), (Step::Answered, false, title("POST /a: 200 OK")));
        for (how, end) in [
            ("close_notify", (Step::End, false)),
            ("fin", (Step::End, false)),
            ("reset", (Step::Answered, true)),
            ("timed_out", (Step::Answered, true)),
        ] {
            let (step, failed, _) = reached(&[&all[..], &[closed(how)]].concat());
            assert_eq!((step, failed), end, "{how}");
            // Without an answer there is no good end.
            let (step, failed, _) = reached(&[&all[..3], &[closed(how)]].concat());
            assert_eq!((step, failed), (Step::Handshake, true), "{how}");
        }
        let alert = json!({"number": 48, "name": "unknown_ca", "meaning": "x"});
        let refused = json!({"event": "handshake_failed", "blame": "client", "reason": "broke off",
            "alert": alert, "hint": null, "findings": [Finding::error("a", "broke off")]});
        let refused = reached(&[tcp(), hello(vec![]), refused]);
        assert_eq!(refused, (Step::Hello, true, title("broke off: unknown_ca")));
    }

    #[test]
    fn findings_are_counted_and_the_first_error_is_in_the_title() {
        let found = overview(&[
            tcp(),
            hello(vec![Finding::note("a", "a note"), Finding::error("b", "the first error")]),
            handshake(),
            request("/a", &[Finding::error("c", "another"), Finding::error("b", "again")]),
        ]);
        assert_eq!(found.severities, Severities { error: 3, warning: 0, note: 1 });
        assert_eq!(found.codes, ["a", "b", "c"]);
        assert_eq!(found.title, "POST /a: no answer · the first error");
        assert_eq!((found.lines, found.server_name.as_deref()), (4, Some("picopost.test")));
    }

    #[test]
    fn titles_are_short_and_without_secrets() {
        let found = overview(&[tcp(), request("/?code=0123456789ab&x=1", &[])]);
        assert_eq!(found.title, "POST /?code=0123…&x=1: no answer");
        let found = overview(&[tcp(), request(&"☃".repeat(10_000), &[])]);
        assert_eq!(found.title.chars().count(), MAX_CHARACTERS + 1);
    }
}
