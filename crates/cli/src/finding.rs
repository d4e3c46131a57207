//! Findings: what a command has to say about somebody's octets.

use std::borrow::Cow;
use std::ops::Range;

use serde::{Deserialize, Serialize};

/// One thing that is wrong, or odd, with its reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Finding {
    /// Stable, for programs: lowercase words and hyphens.
    pub(crate) code: Cow<'static, str>,
    pub(crate) severity: Severity,
    /// The fact, as half a sentence.
    pub(crate) title: String,
    /// What to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) hint: Option<String>,
    /// The code of the finding that this one follows from: shown under it, never instead of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) depends_on: Option<Cow<'static, str>>,
    /// Where it can be seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) evidence: Option<Box<Evidence>>,
}

/// A range of octets, from `start` to before `end`, in a part of what was received.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Evidence {
    #[serde(rename = "in")]
    pub(crate) part: Part,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

/// What a range of octets is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Part {
    /// The ClientHello's handshake message, with its header of four octets.
    Hello,
    /// The first octets of a connection that is not TLS.
    Received,
    /// A request's head.
    Head,
    /// A request's content, chunks decoded.
    Body,
    /// What came after a request.
    Extra,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Severity {
    /// A real service will refuse or misread it.
    Error,
    /// Some services or edges will.
    Warning,
    /// Worth knowing.
    Note,
}

impl Finding {
    pub(crate) fn error(code: &'static str, title: impl Into<String>) -> Self {
        Self::new(code, Severity::Error, title)
    }

    pub(crate) fn warning(code: &'static str, title: impl Into<String>) -> Self {
        Self::new(code, Severity::Warning, title)
    }

    pub(crate) fn note(code: &'static str, title: impl Into<String>) -> Self {
        Self::new(code, Severity::Note, title)
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    pub(crate) fn depends_on(mut self, code: &'static str) -> Self {
        self.depends_on = Some(Cow::Borrowed(code));
        self
    }

    /// Says where it can be seen.
    pub(crate) fn at(mut self, part: Part, range: Range<usize>) -> Self {
        self.evidence = Some(Box::new(Evidence { part, start: range.start, end: range.end }));
        self
    }

    fn new(code: &'static str, severity: Severity, title: impl Into<String>) -> Self {
        Self {
            code: Cow::Borrowed(code),
            severity,
            title: title.into(),
            hint: None,
            depends_on: None,
            evidence: None,
        }
    }
}

impl Severity {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}
