//! `openssl s_server`, which writes what it receives to stdout and sends what it reads from stdin.

use std::process::Command;

use xtask::error::Failure;

use crate::chains::Files;
use crate::process::{Process, installed};

/// A server that answers with the request's body, while somebody calls [`Self::tend`].
pub struct OpenSsl {
    /// Where it listens.
    pub port: u16,
    /// The server itself.
    pub process: Process,
    /// What is to be typed before the response: one of the commands of `s_server`.
    key_update: Option<KeyUpdate>,
    /// Octets of stdout that have been dealt with.
    done: usize,
}

/// The commands of `s_server` for KeyUpdate.
#[derive(Clone, Copy)]
pub enum KeyUpdate {
    /// `update_not_requested`
    NotRequested,
    /// `update_requested`
    Requested,
}

impl OpenSsl {
    /// Starts it with a chain and with more arguments.
    ///
    /// # Errors
    /// It is not installed, or does not start.
    pub fn start(files: &Files, arguments: &[&str]) -> Result<Self, Failure> {
        // Without stdbuf, what s_server says may wait in its buffer for what it receives next.
        let mut command = Command::new(installed("stdbuf", "coreutils")?);
        command.arg("-o0").arg(installed("openssl", "openssl")?);
        // Port 0: the system chooses, and s_server says which one.
        command.args(["s_server", "-accept", "127.0.0.1:0", "-cert"]).arg(&files.certificates);
        command.arg("-cert_chain").arg(&files.certificates).arg("-key").arg(&files.key).args(arguments);
        let mut process = Process::start(&mut command)?;
        let port = process.wait_for("port", |process| port(&process.stdout()))?;
        Ok(Self { port, process, key_update: None, done: 0 })
    }

    /// Updates its keys before it answers.
    #[must_use]
    pub fn with_key_update(self, key_update: KeyUpdate) -> Self {
        Self { key_update: Some(key_update), ..self }
    }

    /// Answers a request, if a whole one has come.
    ///
    /// # Panics
    /// If it is no POST with a length, or the server does not do as it is told.
    pub fn tend(&mut self) {
        let stdout = self.process.stdout();
        let Some((body, end)) = request_body(&stdout, self.done) else { return };
        self.done = end;
        if let Some(key_update) = self.key_update {
            let letter = match key_update {
                KeyUpdate::NotRequested => "k\n",
                KeyUpdate::Requested => "K\n",
            };
            self.process.write(letter.as_bytes());
            // It takes what is typed for a command by its first letter: the response must not be
            // read together with this one.
            let done = |process: &Process| find(&process.stdout(), b"SSL_do_handshake -> 1", end);
            self.process.wait_for("KeyUpdate", done).unwrap_or_else(|failure| panic!("{failure}"));
        }
        let head =
            format!("HTTP/1.1 200 OK\r\nX-Counterpart: openssl\r\nContent-Length: {}\r\n\r\n", body.len());
        self.process.write(&[head.as_bytes(), body].concat());
    }
}

/// From its line `ACCEPT 127.0.0.1:PORT`.
fn port(stdout: &[u8]) -> Option<u16> {
    let text = String::from_utf8_lossy(stdout);
    let (_, rest) = text.split_once("ACCEPT 127.0.0.1:")?;
    let (port, _) = rest.split_once('\n')?;
    Some(port.parse().expect("a port"))
}

/// The body of the first whole request behind `start`, and where it ends.
fn request_body(stdout: &[u8], start: usize) -> Option<(&[u8], usize)> {
    let head = find(stdout, b"POST /", start)?;
    let body = find(stdout, b"\r\n\r\n", head)? + 4;
    let head = str::from_utf8(&stdout[head..body]).expect("a head is ASCII");
    let (_, length) = head.split_once("\r\nContent-Length: ").expect("a POST has a length");
    let (length, _) = length.split_once('\r').expect("a line has an end");
    let end = body + length.parse::<usize>().expect("a length is a number");
    Some((stdout.get(body..end)?, end))
}

/// Where `sought` begins, at or behind `start`.
fn find(octets: &[u8], sought: &[u8], start: usize) -> Option<usize> {
    let found = octets.get(start..)?.windows(sought.len()).position(|window| window == sought)?;
    Some(start + found)
}
