//! Prints events to stdout, as text or as JSON, one at a time.

use std::io::{self, Write as _};
use std::sync::Arc;

use tokio::sync::{Notify, mpsc};

use super::event::Line;
use super::hub::Update;
use super::render;
use super::secrets::Secrets;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Human,
    /// One object a line.
    Json,
}

/// Prints what comes, in a thread of its own; `gone` is told when nobody reads it any more.
pub(super) fn print(
    mut updates: mpsc::Receiver<Update>,
    format: Format,
    secrets: Secrets,
    gone: Arc<Notify>,
) -> std::thread::JoinHandle<()> {
    std::thread::spawn(move || {
        while let Some(update) = updates.blocking_recv() {
            if let Update::Line(line) = update
                && write(&secrets.line(&line), format).is_err()
            {
                gone.notify_one();
                break;
            }
        }
    })
}

fn write(line: &Line, format: Format) -> io::Result<()> {
    let text = match format {
        Format::Human => render::line(line),
        // These values have string keys and no floats, so this does not fail.
        Format::Json => serde_json::to_string(line).unwrap_or_default() + "\n",
    };
    let mut stdout = io::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    stdout.flush()
}
