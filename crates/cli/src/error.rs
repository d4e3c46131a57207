//! How a command fails: one sentence, at most one hint, one exit status.

use std::fmt;
use std::io;
use std::process::ExitCode;

/// Why a command ends with an exit status other than 0.
///
/// The sentence states the fact, lowercase and without full stop; only the hint says what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CommandError {
    exit: Exit,
    sentence: String,
    hint: Option<String>,
}

/// The exit statuses beside 0. clap ends with 2 by itself for whatever it finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Exit {
    Findings = 1,
    Usage = 2,
    CouldNotRun = 3,
}

impl CommandError {
    /// The command ran, and found something wrong.
    #[allow(dead_code, reason = "for the commands that report findings")]
    pub(crate) fn findings(sentence: impl Into<String>) -> Self {
        Self { exit: Exit::Findings, sentence: sentence.into(), hint: None }
    }

    /// The command was called with something that it cannot take.
    pub(crate) fn usage(sentence: impl Into<String>) -> Self {
        Self { exit: Exit::Usage, sentence: sentence.into(), hint: None }
    }

    /// The command could not do its work: a file, a port, a network that is not there.
    pub(crate) fn could_not_run(sentence: impl Into<String>) -> Self {
        Self { exit: Exit::CouldNotRun, sentence: sentence.into(), hint: None }
    }

    /// Says what to do about it.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Prints `error: …` and `hint: …` to stderr, in colour where stderr is a terminal and
    /// `NO_COLOR` is not set.
    pub(crate) fn print(&self) {
        anstream::eprintln!("\x1b[1;31merror:\x1b[0m {}", self.sentence);
        if let Some(hint) = &self.hint {
            anstream::eprintln!("\x1b[1;36mhint:\x1b[0m {hint}");
        }
    }

    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.exit as u8)
    }
}

impl fmt::Display for CommandError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sentence)
    }
}

/// An I/O error's reason in a few lowercase words, without the system's number.
pub(crate) fn io_reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "no such file or folder".to_owned(),
        io::ErrorKind::AddrInUse => "the address is in use".to_owned(),
        io::ErrorKind::AddrNotAvailable => "the address is not this machine's".to_owned(),
        // Kinds without words of their own keep the system's.
        io::ErrorKind::Other => error.to_string(),
        kind if kind.to_string() == "uncategorized error" => error.to_string(),
        kind => kind.to_string(),
    }
}
