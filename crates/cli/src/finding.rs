//! Findings: what a command has to say about somebody's octets.

use serde::Serialize;

/// One thing that is wrong, or odd, with its reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Finding {
    /// Stable, for programs: lowercase words and hyphens.
    pub(crate) code: &'static str,
    pub(crate) severity: Severity,
    /// The fact, as half a sentence.
    pub(crate) title: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) hint: Option<String>,
    /// The code of the finding that this one follows from: shown under it, never instead of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) depends_on: Option<&'static str>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
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
        self.depends_on = Some(code);
        self
    }

    fn new(code: &'static str, severity: Severity, title: impl Into<String>) -> Self {
        Self { code, severity, title: title.into(), hint: None, depends_on: None }
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
