//! What both sides of a demonstration have to tell, on one screen.

use std::fmt;

use serde_json::Value;

use crate::demo::Chain;
use crate::emulator::Report;

/// The device's side.
#[derive(Clone, Debug)]
pub enum Device {
    /// A board in the emulator: `key: value` lines.
    Board(Report),
    /// A process on the host.
    Native {
        /// Its trace.
        trace: Vec<String>,
        /// Its answer's token.
        token: Option<String>,
        /// Whether it got its answer.
        good: bool,
    },
}

impl Device {
    /// Whether the device got its token.
    #[must_use]
    pub fn is_good(&self) -> bool {
        match self {
            Self::Board(report) => report.exit_status == 0 && report.value("token").is_some(),
            Self::Native { good, token, .. } => *good && token.is_some(),
        }
    }
}

/// Both sides of one attempt.
#[derive(Debug)]
pub struct Story<'a> {
    /// The server's certificates.
    pub chain: Chain,
    /// The device's side.
    pub device: Device,
    /// Why the device is a native process, if it is.
    pub why_native: Option<&'a str>,
    /// The server's side: the events of `picopost listen --json`.
    pub events: Vec<Value>,
}

impl fmt::Display for Story<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.device {
            Device::Board(report) => {
                let board = report.value("board").unwrap_or("unknown");
                writeln!(f, "\nDEVICE  {board}, an emulated chip without operating system")?;
                for line in &report.lines {
                    device_line(f, line)?;
                }
            }
            Device::Native { trace, token, .. } => {
                let why = self.why_native.unwrap_or("asked for");
                writeln!(f, "\nDEVICE  the same client code as a native process ({why})")?;
                for line in trace {
                    writeln!(f, "  {}", cut(line, WIDTH - 2))?;
                }
                if let Some(token) = token {
                    let shown: String = token.chars().take(SHOWN).collect();
                    row(f, "token", &format!("{shown}... ({} characters)", token.chars().count()))?;
                }
            }
        }
        writeln!(f, "\nSERVER  picopost listen --chain {}", self.chain.name())?;
        for event in &self.events {
            server_event(f, event)?;
        }
        let end = match (self.device.is_good(), &self.device) {
            (true, _) => "The device got its token, from a server that it had verified.",
            (false, Device::Board(report)) => {
                return writeln!(
                    f,
                    "\nThe device got no token; it ended with status {}.",
                    report.exit_status
                );
            }
            (false, Device::Native { .. }) => "The device got no token.",
        };
        writeln!(f, "\n{end}")
    }
}

/// The widest line of a story, in characters.
const WIDTH: usize = 96;
/// Where the second column begins.
const INDENT: usize = 16;

/// How much of a token is shown, in characters.
const SHOWN: usize = 8;

fn row(f: &mut fmt::Formatter<'_>, key: &str, text: &str) -> fmt::Result {
    let line = format!("  {key:<13} {}", cut(text, WIDTH - INDENT));
    writeln!(f, "{}", line.trim_end())
}

/// At most so many characters of a text; an ellipsis stands for the rest.
fn cut(text: &str, room: usize) -> String {
    if text.chars().count() <= room {
        return text.to_owned();
    }
    let kept: String = text.chars().take(room - 1).collect();
    format!("{kept}…")
}

/// A line of the board's report, made readable here: the board has better things to do with its
/// flash.
fn device_line(f: &mut fmt::Formatter<'_>, line: &str) -> fmt::Result {
    let Some((key, value)) = line.split_once(": ") else { return row(f, "", line) };
    match (key, key.strip_prefix("stage ")) {
        (_, Some(stage)) => count(f, stage, value, meaning(stage)),
        ("handshake", _) => count(f, key, value, "all until here"),
        ("post", _) => count(f, key, value, "all until here"),
        ("step", _) => count(f, "longest step", value, "for so long nothing else ran"),
        ("resumed", _) => count(f, key, value, "the same POST with the session of the first"),
        ("remembered", _) => count(f, key, value, "in full, with the memo of its signatures"),
        ("octets" | "memory" | "stack", _) => row(f, key, &grouped(value)),
        ("clock", _) => row(f, key, &value.parse().map_or_else(|_| value.to_owned(), utc)),
        // It stands in the heading.
        ("board", _) => Ok(()),
        _ => row(f, key, value),
    }
}

fn count(f: &mut fmt::Formatter<'_>, key: &str, instructions: &str, meaning: &str) -> fmt::Result {
    row(f, key, &format!("{:>11}  {meaning}", grouped(instructions)))
}

/// What a board does in a stage.
fn meaning(stage: &str) -> &'static str {
    match stage {
        "setup" => "instructions, for a fresh key pair",
        "connect" => "TCP",
        "hello" => "keys agreed",
        "certificate" => "the certificate's path, dates and name verified",
        "verify" => "the server's signature verified: it holds the certificate's key",
        "finished" => "both sides have seen the same handshake",
        "request" => "sent",
        "head" | "body" => "the answer is coming",
        "done" => "closed in good order",
        _ => "",
    }
}

/// The text with a comma at every thousand.
pub(crate) fn grouped(text: &str) -> String {
    let mut output = String::with_capacity(text.len() + 8);
    // Digits that the current number still has, this one included.
    for (index, character) in text.char_indices() {
        let left = text[index..].bytes().take_while(u8::is_ascii_digit).count();
        let follows_digit = text[..index].ends_with(|before: char| before.is_ascii_digit());
        if left > 0 && left.is_multiple_of(3) && follows_digit {
            output.push(',');
        }
        output.push(character);
    }
    output
}

/// Seconds since 1970 as a date and time of day.
fn utc(seconds: u64) -> String {
    const DAY: u64 = 24 * 60 * 60;
    let (mut year, mut day) = (1970, seconds / DAY);
    let is_leap =
        |year: u64| year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    while day >= 365 + u64::from(is_leap(year)) {
        day -= 365 + u64::from(is_leap(year));
        year += 1;
    }
    let february = 28 + u64::from(is_leap(year));
    let mut month = 1;
    for days in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30] {
        if day < days {
            break;
        }
        day -= days;
        month += 1;
    }
    let minutes = seconds % DAY / 60;
    format!("{year}-{month:02}-{:02} {:02}:{:02} UTC", day + 1, minutes / 60, minutes % 60)
}

fn server_event(f: &mut fmt::Formatter<'_>, event: &Value) -> fmt::Result {
    // Of what comes behind the first attempt, the kind of handshake is all that is new.
    let is_first = event.get("attempt").and_then(Value::as_u64).is_none_or(|attempt| attempt <= 1);
    match text(event, "event").as_str() {
        "handshake" if !is_first => row(f, "again", &format!("{} handshake", text(event, "kind"))),
        "handshake_failed" if !is_first => row(f, "again", &format!("failed: {}", text(event, "reason"))),
        _ if !is_first => Ok(()),
        "tcp" => row(f, "tcp", &format!("connected from {}", text(event, "peer"))),
        "client_hello" => {
            let what = format!(
                "for {}: {}; {}; {}",
                text(event, "server_name"),
                list(event, "versions"),
                list(event, "groups"),
                list(event, "alpn")
            );
            row(f, "hello", &what)
        }
        "not_tls" => row(f, "hello", &format!("not TLS: {}", text(event, "kind"))),
        "handshake" => {
            let what = ["version", "cipher_suite", "group", "alpn"].map(|key| text(event, key)).join(", ");
            row(f, "handshake", &what)
        }
        "handshake_failed" => {
            row(f, "handshake", &format!("failed: {}", text(event, "reason")))?;
            match event.get("alert").filter(|alert| alert.is_object()) {
                Some(alert) => {
                    row(f, "alert", &format!("{} ({})", text(alert, "name"), text(alert, "meaning")))
                }
                None => Ok(()),
            }
        }
        "request" => {
            let octets = event.get("body").map(|body| text(body, "count")).unwrap_or_default();
            let records = event.get("records").and_then(Value::as_array).map_or(0, Vec::len);
            let what = format!("{} {}", text(event, "method"), text(event, "target"));
            row(f, "request", &format!("{what}, {octets} octets of content, {records} TLS record(s)"))?;
            event.get("findings").and_then(Value::as_array).into_iter().flatten().try_for_each(|finding| {
                row(f, "", &format!("{}: {}", text(finding, "severity"), text(finding, "title")))
            })
        }
        "response" => {
            let what = format!("{} {}", text(event, "status"), text(event, "reason"));
            row(f, "answer", &format!("{what}, {} octets", text(event, "octets")))
        }
        "closed" => {
            let octets = format!("{} octets in, {} out", text(event, "octets_in"), text(event, "octets_out"));
            row(f, "closed", &format!("by {}; {}", text(event, "how"), grouped(&octets)))
        }
        // `listening` and `summary` are about the server, not about this attempt.
        _ => Ok(()),
    }
}

/// A member as text; `-` where there is none.
fn text(value: &Value, key: &str) -> String {
    match value.get(key) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Null) | None => "-".to_owned(),
        Some(other) => other.to_string(),
    }
}

fn list(value: &Value, key: &str) -> String {
    let members = value.get(key).and_then(Value::as_array);
    let words: Vec<&str> = members.into_iter().flatten().filter_map(Value::as_str).collect();
    if words.is_empty() { "-".to_owned() } else { words.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn events() -> Vec<Value> {
        vec![
            json!({"event": "tcp", "attempt": 1, "peer": "127.0.0.1:4711"}),
            json!({"event": "client_hello", "server_name": "picopost.test", "versions": ["TLS 1.3"],
                   "groups": ["x25519"], "alpn": ["http/1.1"]}),
            json!({"event": "handshake", "version": "TLS 1.3", "cipher_suite": "TLS_AES_128_GCM_SHA256",
                   "group": "x25519", "alpn": null}),
            json!({"event": "request", "method": "POST", "target": "/oauth/token", "body": {"count": 108},
                   "records": [300], "findings": [{"severity": "note", "title": "something odd"}]}),
            json!({"event": "response", "status": 200, "reason": "OK", "octets": 274}),
            json!({"event": "closed", "how": "close_notify", "octets_in": 577, "octets_out": 1756}),
            json!({"event": "tcp", "attempt": 2, "peer": "127.0.0.1:4712"}),
            json!({"event": "handshake", "attempt": 2, "kind": "resumed", "version": "TLS 1.3"}),
            json!({"event": "handshake_failed", "attempt": 3, "reason": "the client ended it"}),
            json!({"event": "summary", "attempts": 3}),
        ]
    }

    fn board(lines: &[&str], exit_status: i32) -> Device {
        Device::Board(Report { lines: lines.iter().map(|line| (*line).to_owned()).collect(), exit_status })
    }

    #[test]
    fn both_sides_of_a_good_attempt() {
        let lines = [
            "board: QEMU virt, riscv32imac",
            "address: 10.0.2.15/24",
            "clock: 1795448569",
            "stage setup: 3646294",
            "stage connect: 1412",
            "handshake: 75835434",
            "step: 8012345",
            "resumed: 7900000",
            "remembered: 10900000",
            "octets: 553 out, 1756 in",
            "status: 200",
            "token: 12345678... (43 characters)",
        ];
        let device = board(&lines, 0);
        assert!(device.is_good());
        let story = Story { chain: Chain::Gts, device, why_native: None, events: events() };
        let expected = "
DEVICE  QEMU virt, riscv32imac, an emulated chip without operating system
  address       10.0.2.15/24
  clock         2026-11-23 15:42 UTC
  setup           3,646,294  instructions, for a fresh key pair
  connect             1,412  TCP
  handshake      75,835,434  all until here
  longest step    8,012,345  for so long nothing else ran
  resumed         7,900,000  the same POST with the session of the first
  remembered     10,900,000  in full, with the memo of its signatures
  octets        553 out, 1,756 in
  status        200
  token         12345678... (43 characters)

SERVER  picopost listen --chain gts
  tcp           connected from 127.0.0.1:4711
  hello         for picopost.test: TLS 1.3; x25519; http/1.1
  handshake     TLS 1.3, TLS_AES_128_GCM_SHA256, x25519, -
  request       POST /oauth/token, 108 octets of content, 1 TLS record(s)
                note: something odd
  answer        200 OK, 274 octets
  closed        by close_notify; 577 octets in, 1,756 out
  again         resumed handshake
  again         failed: the client ended it

The device got its token, from a server that it had verified.
";
        assert_eq!(story.to_string(), expected);
    }

    #[test]
    fn both_sides_of_a_refused_certificate() {
        let device = board(&["board: B", "error: certificate 3205: unknown issuer"], 1);
        assert!(!device.is_good());
        let alert = json!({"name": "unknown_ca", "meaning": "the issuer is unknown"});
        let failed = json!({"event": "handshake_failed", "reason": "the client ended it", "alert": alert});
        let story = Story { chain: Chain::Rsa, device, why_native: None, events: vec![failed] };
        let expected = "
DEVICE  B, an emulated chip without operating system
  error         certificate 3205: unknown issuer

SERVER  picopost listen --chain rsa
  handshake     failed: the client ended it
  alert         unknown_ca (the issuer is unknown)

The device got no token; it ended with status 1.
";
        assert_eq!(story.to_string(), expected);
    }

    #[test]
    fn a_native_device_says_why() {
        let trace = vec!["0.155 ms  tcp  connecting".into(), "x".repeat(100)];
        let device = Device::Native { trace, token: Some("0123456789abcdef".into()), good: true };
        let why = Some("there is no emulator");
        let story = Story { chain: Chain::Gts, device, why_native: why, events: Vec::new() }.to_string();
        assert!(story.contains("as a native process (there is no emulator)\n  0.155 ms  tcp  connecting\n"));
        assert!(
            story.contains(&format!("{}…\n  token         01234567... (16 characters)\n", "x".repeat(93))),
            "{story}"
        );
    }

    #[test]
    fn a_status_of_0_without_a_token_is_not_good() {
        assert!(!board(&["status: 204"], 0).is_good());
        assert!(!board(&["token: x"], 1).is_good());
    }

    #[test]
    fn thousands() {
        for (text, expected) in [
            ("0", "0"),
            ("999 of 1000", "999 of 1,000"),
            ("1234567", "1,234,567"),
            ("(7429 of it), 102400", "(7,429 of it), 102,400"),
        ] {
            assert_eq!(grouped(text), expected);
        }
    }

    #[test]
    fn dates() {
        for (seconds, expected) in [
            (0, "1970-01-01 00:00 UTC"),
            (951_782_399, "2000-02-28 23:59 UTC"),
            (951_782_400, "2000-02-29 00:00 UTC"),
            (1_735_689_599, "2024-12-31 23:59 UTC"),
            (1_735_689_600, "2025-01-01 00:00 UTC"),
            (4_107_542_400, "2100-03-01 00:00 UTC"),
        ] {
            assert_eq!(utc(seconds), expected);
        }
    }
}
