//! The command, and what came of it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use picopost_counterparts::chains::Files;
use picopost_counterparts::process::Process;
use picopost_testkit::chains::NAME;

/// A body with characters of several octets, and with white space that must not get lost.
pub(crate) const BODY: &str =
    "{\"device\": \"Füllstand Nord\", \"values\":\t[1, -2.5e3, null],\n \"unit\": \"°C 🌡\"}\n";
/// 2026-06-01T00:00:00Z: the time at which the test kit's chains are valid.
const NOW: &str = "2026-06-01T00:00:00Z";

/// One POST to the loopback.
pub(crate) struct Post {
    port: u16,
    host: String,
    path: String,
    anchors: PathBuf,
    body: String,
    options: Vec<String>,
}

impl Post {
    /// To this port, where a server shows this chain.
    pub(crate) fn new(files: &Files, port: u16) -> Self {
        Self {
            port,
            host: NAME.to_owned(),
            path: "/echo".to_owned(),
            anchors: files.anchors.clone(),
            body: BODY.to_owned(),
            options: Vec::new(),
        }
    }

    /// To another name or address of the server.
    pub(crate) fn host(self, host: &str) -> Self {
        Self { host: host.to_owned(), ..self }
    }

    /// To another path than `/echo`.
    pub(crate) fn path(self, path: &str) -> Self {
        Self { path: path.to_owned(), ..self }
    }

    /// With other trust.
    pub(crate) fn anchors(self, anchors: &Path) -> Self {
        Self { anchors: anchors.to_owned(), ..self }
    }

    /// With another body than [`BODY`].
    pub(crate) fn body(self, body: &str) -> Self {
        Self { body: body.to_owned(), ..self }
    }

    /// As a client with this certificate.
    pub(crate) fn client(self, client: &Files) -> Self {
        let path = |path: &Path| path.display().to_string();
        self.option("--client-cert", &path(&client.certificates)).option("--client-key", &path(&client.key))
    }

    /// With an option of the command.
    pub(crate) fn option(mut self, name: &str, value: &str) -> Self {
        self.options.extend([name.to_owned(), value.to_owned()]);
        self
    }

    /// Runs the command.
    pub(crate) fn run(&self) -> Outcome {
        self.run_while(|| {})
    }

    /// Runs the command, and does something else meanwhile, again and again.
    pub(crate) fn run_while(&self, meanwhile: impl FnMut()) -> Outcome {
        let Self { port, host, path, anchors, body, options } = self;
        let folder = tempfile::tempdir().expect("there is room for a folder");
        let file = folder.path().join("body.json");
        fs::write(&file, body).expect("there is room for a file");
        let mut command = Command::new(env!("CARGO_BIN_EXE_picopost"));
        command.args(["post", &format!("https://{host}:{port}{path}"), "--now", NOW, "--timeout", "60"]);
        command.args(["--resolve", &format!("{host}:{port}:127.0.0.1")]).args(options);
        command.arg("--anchors").arg(anchors).arg("--json").arg(file);
        let process = Process::start(&mut command);
        let mut process = process.unwrap_or_else(|failure| panic!("{failure}"));
        let status = process.finish(meanwhile);
        Outcome { exit: status.code(), stdout: process.stdout(), stderr: process.stderr() }
    }
}

/// What the command says.
pub(crate) struct Outcome {
    exit: Option<i32>,
    stdout: Vec<u8>,
    stderr: String,
}

impl Outcome {
    /// Asserts that a counterpart has answered with status 200 and exactly this body.
    #[track_caller]
    pub(crate) fn assert_answer(&self, counterpart: &str, body: &[u8]) {
        let (head, found) = self.answer();
        assert!(head.contains(" 200 OK\n"), "{head}");
        // Not every server writes names of headers as it was told to.
        let header = format!("\nx-counterpart: {counterpart}\n");
        assert!(head.to_ascii_lowercase().contains(&header), "{head}");
        assert_body(found, body);
    }

    /// Head and body of a good answer.
    #[track_caller]
    fn answer(&self) -> (&str, &[u8]) {
        assert_eq!(self.exit, Some(0), "{}", self.stderr);
        let end = self.stdout.windows(2).position(|window| window == b"\n\n").expect("an empty line");
        let (head, body) = self.stdout.split_at(end + 2);
        (str::from_utf8(head).expect("the counterparts' heads are ASCII"), body)
    }

    /// Asserts that it has failed with one of these errors; where that is an alert, the sentence says
    /// that it is about the client's certificate, or about there being none.
    #[track_caller]
    pub(crate) fn assert_not_let_in(&self, numbers: &[u16]) {
        let number = numbers.iter().find(|number| self.stderr.contains(&format!("(number {number}, ")));
        let number = number.unwrap_or_else(|| panic!("expected one of {numbers:?}: {}", self.stderr));
        if (3500..3756).contains(number) {
            let named =
                ["refused the client's certificate (", "wants a client certificate, and was sent none ("];
            assert!(named.iter().any(|words| self.stderr.contains(words)), "{}", self.stderr);
        }
        assert_ne!(self.exit, Some(0), "{}", self.stderr);
    }

    /// Asserts that the command has refused the server, or its answer, with this error.
    #[track_caller]
    pub(crate) fn assert_refused(&self, number: u16) {
        let stdout = String::from_utf8_lossy(&self.stdout);
        let named = format!("(number {number}, ");
        assert!(self.stderr.contains(&named), "expected number {number}: {}{stdout}", self.stderr);
        assert_eq!(self.exit, Some(1), "{}", self.stderr);
    }
}

/// Compares without printing a mebibyte.
#[track_caller]
fn assert_body(found: &[u8], expected: &[u8]) {
    let difference = found.iter().zip(expected).position(|(found, expected)| found != expected);
    assert_eq!((found.len(), difference), (expected.len(), None), "length and first difference");
}
