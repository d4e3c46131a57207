//! Where events go: to stdout, as text or as JSON, one at a time.

use std::io::{self, Write as _};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::event::{Event, Line, Summary};
use super::render;

/// Prints events, and counts them for the summary.
#[derive(Debug)]
pub(super) struct Log {
    format: Format,
    summary: Mutex<Summary>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Human,
    /// One object a line.
    Json,
}

/// Tells the events of one attempt.
#[derive(Debug)]
pub(super) struct Recorder<'a> {
    log: &'a Log,
    attempt: u64,
    start: Instant,
}

impl Log {
    pub(super) fn new(format: Format) -> Self {
        Self { format, summary: Mutex::new(Summary::default()) }
    }

    /// An event that concerns the server as a whole.
    pub(super) fn event(&self, event: Event) {
        self.print(&Line { attempt: None, milliseconds: None, event });
    }

    /// The next attempt begins now.
    pub(super) fn begin_attempt(&self) -> Recorder<'_> {
        let mut summary = self.lock();
        summary.attempts += 1;
        Recorder { log: self, attempt: summary.attempts, start: Instant::now() }
    }

    /// Prints the summary, and nothing after it.
    pub(super) fn end(&self) -> MutexGuard<'_, Summary> {
        let summary = self.lock();
        self.write(&Line { attempt: None, milliseconds: None, event: Event::Summary(*summary) });
        summary
    }

    fn print(&self, line: &Line) {
        let mut summary = self.lock();
        match &line.event {
            Event::Handshake(_) => summary.handshakes += 1,
            Event::Request(_) => summary.requests += 1,
            Event::Response(response) if (200..300).contains(&response.status) => summary.good_answers += 1,
            _ => {}
        }
        self.write(line);
    }

    /// To be called with the summary locked, so that events do not mix.
    fn write(&self, line: &Line) {
        let text = match self.format {
            Format::Human => render::line(line),
            // These values have string keys and no floats, so this does not fail.
            Format::Json => serde_json::to_string(line).unwrap_or_default() + "\n",
        };
        let mut stdout = io::stdout().lock();
        if stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()).is_err() {
            // Whoever read this has gone, so there is nobody left to serve.
            std::process::exit(0);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Summary> {
        // The counters are whole at any time, also when another thread has panicked.
        self.summary.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Recorder<'_> {
    pub(super) fn event(&self, event: Event) {
        let milliseconds = u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.log.print(&Line { attempt: Some(self.attempt), milliseconds: Some(milliseconds), event });
    }
}
