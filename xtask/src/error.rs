//! How a command of xtask fails: one sentence, perhaps a hint, one exit status.

use std::fmt;

/// Why a command ends with an exit status other than 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    exit: Exit,
    sentence: String,
    hint: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Exit {
    Failed = 1,
    Usage = 2,
    Missing = 3,
}

impl Failure {
    /// Something ran, and did not do what it should.
    pub fn failed(sentence: impl Into<String>) -> Self {
        Self { exit: Exit::Failed, sentence: sentence.into(), hint: None }
    }

    /// The command was called with something that it cannot take.
    pub fn usage(sentence: impl Into<String>) -> Self {
        Self { exit: Exit::Usage, sentence: sentence.into(), hint: None }
    }

    /// Something that is needed is not there.
    pub fn missing(sentence: impl Into<String>) -> Self {
        Self { exit: Exit::Missing, sentence: sentence.into(), hint: None }
    }

    /// Says what to do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The process's exit status.
    pub fn exit_status(&self) -> u8 {
        self.exit as u8
    }

    /// Whether the caller has to call differently.
    pub fn is_usage(&self) -> bool {
        self.exit == Exit::Usage
    }

    /// The sentence alone.
    pub fn sentence(&self) -> &str {
        &self.sentence
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error: {}", self.sentence)?;
        match &self.hint {
            Some(hint) => write!(f, "\nhint: {hint}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Failure {}
