//! Files that are written while the server runs: exports, and the key log.
//!
//! One thread gets every attempt, and connections wait for it when it is slow: nothing is lost.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;

use tokio::sync::{Notify, mpsc};

use super::capture::Attempt;
use super::export::ExportedFile;
use super::hub::Update;
use super::secrets::Secrets;
use super::startup::{ExportFile, cannot_write};
use super::store::Reader;
use crate::error::CommandError;

/// The options for it.
#[derive(Debug, clap::Args)]
pub(super) struct FileArgs {
    /// Write the attempts to this file too, as `har`, `ndjson` or `pcapng`; it is whole after each
    /// attempt, and replaced at the next start. May be given several times.
    #[arg(long = "export", value_name = "KIND=FILE", value_parser = ExportFile::parse)]
    exports: Vec<ExportFile>,
    /// Append the TLS secrets to this file, as Wireshark reads them; without FILE to the one that the
    /// variable SSLKEYLOGFILE names. Whoever has it can read what was sent.
    #[arg(long, value_name = "FILE", num_args = 0..=1)]
    keylog: Option<Option<PathBuf>>,
    /// Write the exports of what is in the store, and end: nothing is served.
    #[arg(long, requires_all = ["store", "exports"])]
    pub(super) export_only: bool,
}

/// The open files.
#[derive(Debug)]
pub(super) struct Files {
    exports: Vec<(PathBuf, ExportedFile)>,
    key_log: Option<(PathBuf, File)>,
    /// Attempts that have not ended, and how many lines of their key logs are written.
    open: BTreeMap<u64, (Arc<Attempt>, usize)>,
}

impl Files {
    /// Opens what is asked for; none where nothing is.
    ///
    /// # Errors
    /// A file cannot be written, or `--keylog` has no name.
    pub(super) fn open(args: &FileArgs, secrets: Secrets) -> Result<Option<Self>, CommandError> {
        let mut exports = Vec::new();
        for ExportFile { kind, path } in &args.exports {
            let mut options = OpenOptions::new();
            options.create(true).write(true).truncate(true);
            let file = create(&options, path, secrets)
                .and_then(|file| ExportedFile::new(file, *kind, secrets))
                .map_err(|error| cannot_write(path, &error))?;
            exports.push((path.clone(), file));
        }
        let key_log = match &args.keylog {
            None => None,
            Some(path) => {
                let path =
                    key_log_path(path.as_deref(), std::env::var_os("SSLKEYLOGFILE").map(PathBuf::from))?;
                let file = create(OpenOptions::new().create(true).append(true), &path, Secrets::Whole)
                    .map_err(|error| cannot_write(&path, &error))?;
                Some((path, file))
            }
        };
        let nothing = exports.is_empty() && key_log.is_none();
        Ok((!nothing).then_some(Self { exports, key_log, open: BTreeMap::new() }))
    }

    /// Writes everything that is in a store, secrets as they are in there at most.
    ///
    /// # Errors
    /// The store cannot be read, or a file cannot be written.
    pub(super) fn copy(args: &FileArgs, store: &Path, secrets: Secrets) -> Result<(), CommandError> {
        // First of all: without a store, the files of an earlier run stay as they are.
        let store = Reader::open(store)?;
        let Some(mut files) = Self::open(args, secrets)? else { return Ok(()) };
        store
            .for_each(secrets, |attempt| files.export(attempt))
            .map_err(|error| CommandError::could_not_run(format!("the store cannot be read: {error}")))?
    }

    /// Writes what comes, in a thread of its own. `gone` is told when that is not possible any more: a
    /// server whose files have holes would be believed.
    pub(super) fn record(
        mut self,
        mut updates: mpsc::Receiver<Update>,
        gone: Arc<Notify>,
    ) -> JoinHandle<Result<(), CommandError>> {
        std::thread::spawn(move || {
            let outcome = self.record_all(&mut updates);
            if outcome.is_err() {
                gone.notify_one();
            }
            outcome
        })
    }

    fn record_all(&mut self, updates: &mut mpsc::Receiver<Update>) -> Result<(), CommandError> {
        while let Some(update) = updates.blocking_recv() {
            if let Update::Attempt(attempt) = update {
                self.take(&attempt)?;
            }
        }
        // Those that were cut off by the end of the server.
        for (attempt, _) in std::mem::take(&mut self.open).into_values() {
            self.export(&attempt)?;
        }
        Ok(())
    }

    fn take(&mut self, attempt: &Arc<Attempt>) -> Result<(), CommandError> {
        let written = self.open.remove(&attempt.number).map_or(0, |(_, written)| written);
        self.write_keys(attempt.key_log.get(written..).unwrap_or_default())?;
        if attempt.complete {
            return self.export(attempt);
        }
        self.open.insert(attempt.number, (Arc::clone(attempt), attempt.key_log.len()));
        Ok(())
    }

    fn export(&mut self, attempt: &Attempt) -> Result<(), CommandError> {
        for (path, file) in &mut self.exports {
            file.add(attempt).map_err(|error| cannot_write(path, &error))?;
        }
        Ok(())
    }

    fn write_keys(&mut self, lines: &[String]) -> Result<(), CommandError> {
        let Some((path, file)) = &mut self.key_log else { return Ok(()) };
        let lines: String = lines.iter().flat_map(|line| [line.as_str(), "\n"]).collect();
        file.write_all(lines.as_bytes()).map_err(|error| cannot_write(path, &error))
    }
}

fn key_log_path(given: Option<&Path>, variable: Option<PathBuf>) -> Result<PathBuf, CommandError> {
    given.map(Path::to_owned).or(variable.filter(|path| !path.as_os_str().is_empty())).ok_or_else(|| {
        CommandError::usage("`--keylog` has no file, and SSLKEYLOGFILE is not set")
            .hint("name one: `--keylog FILE`")
    })
}

/// A new file with secrets in it is for its owner alone.
fn create(options: &OpenOptions, path: &Path, secrets: Secrets) -> io::Result<File> {
    let mut options = options.clone();
    #[cfg(unix)]
    if secrets == Secrets::Whole {
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    }
    #[cfg(not(unix))]
    let _ = secrets;
    options.open(path)
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use super::key_log_path;

    #[test]
    fn the_variable_counts_only_where_no_file_is_named() {
        let variable = || Some(PathBuf::from("variable"));
        assert_eq!(key_log_path(Some(Path::new("given")), variable()).unwrap(), Path::new("given"));
        assert_eq!(key_log_path(None, variable()).unwrap(), Path::new("variable"));
        for nothing in [None, Some(PathBuf::new())] {
            let error = key_log_path(None, nothing).unwrap_err();
            assert_eq!(error.to_string(), "`--keylog` has no file, and SSLKEYLOGFILE is not set");
        }
    }
}
