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
        /// What it wrote.
        lines: Vec<String>,
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
            Self::Native { good, .. } => *good,
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
            Device::Native { lines, .. } => {
                let why = self.why_native.unwrap_or("asked for");
                writeln!(f, "\nDEVICE  the same client code as a native process ({why})")?;
                for line in lines {
                    row(f, "", line)?;
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

fn row(f: &mut fmt::Formatter<'_>, key: &str, text: &str) -> fmt::Result {
    let room = WIDTH - INDENT;
    let cut: String = text.chars().take(room).collect();
    let line = if cut.len() == text.len() {
        format!("  {key:<13} {text}")
    } else {
        let kept: String = text.chars().take(room - 1).collect();
        format!("  {key:<13} {kept}…")
    };
    writeln!(f, "{}", line.trim_end())
}

/// A line of the board's report. Counts get their separators here: the board has better things to
/// do with its flash.
fn device_line(f: &mut fmt::Formatter<'_>, line: &str) -> fmt::Result {
    match line.split_once(": ") {
        Some(("board", _)) => Ok(()),
        Some((key, value)) => match key.strip_prefix("stage ") {
            Some(stage) => row(f, stage, &format!("{:>12} instructions", grouped(value))),
            None => row(f, key, &grouped(value)),
        },
        None => row(f, "", line),
    }
}

/// The text with a comma at every thousand of its numbers of five digits and more.
fn grouped(text: &str) -> String {
    let mut output = String::with_capacity(text.len() + 8);
    let words = text.split_inclusive(|character: char| !character.is_ascii_alphanumeric());
    for word in words {
        let digits = word.bytes().take_while(u8::is_ascii_digit).count();
        // A word such as `3fa9` is no number.
        let is_number = digits >= 5 && !word[digits..].starts_with(|c: char| c.is_ascii_alphanumeric());
        for (index, character) in word.chars().enumerate() {
            if is_number && index > 0 && index < digits && (digits - index).is_multiple_of(3) {
                output.push(',');
            }
            output.push(character);
        }
    }
    output
}

fn server_event(f: &mut fmt::Formatter<'_>, event: &Value) -> fmt::Result {
    match text(event, "event").as_str() {
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
