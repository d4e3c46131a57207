//! Exports while the server runs: files that are whole after each attempt.

use std::fs::File;
use std::io::{self, Seek as _, SeekFrom, Write as _};

use super::super::capture::Attempt;
use super::{Export, Kind};
use crate::listen::secrets::Secrets;

/// A file that grows by each attempt that has ended.
#[derive(Debug)]
pub(crate) struct ExportedFile {
    file: File,
    export: Export,
    /// Where the tail begins: the next attempt goes there.
    end: u64,
}

impl ExportedFile {
    /// A whole file without attempts.
    ///
    /// # Errors
    /// Those of the file.
    pub(crate) fn new(mut file: File, kind: Kind, secrets: Secrets) -> io::Result<Self> {
        let export = Export::new(kind, secrets);
        let head = export.head();
        file.write_all(&head)?;
        file.write_all(export.tail())?;
        Ok(Self { file, export, end: u64::try_from(head.len()).unwrap_or(u64::MAX) })
    }

    /// Adds an attempt that has ended. The file is whole again when this returns.
    ///
    /// # Errors
    /// Those of the file.
    pub(crate) fn add(&mut self, attempt: &Attempt) -> io::Result<()> {
        let part = self.export.attempt(attempt);
        if part.is_empty() {
            return Ok(());
        }
        self.file.seek(SeekFrom::Start(self.end))?;
        // In one write, as far as the system allows: a reader sees half of it as seldom as can be.
        self.file.write_all(&[part.as_slice(), self.export.tail()].concat())?;
        self.end += u64::try_from(part.len()).unwrap_or(u64::MAX);
        Ok(())
    }
}
