//! Attempts on disk, in one SQLite file: what was said to be stored is there after a crash.
//!
//! Every attempt is one row: its number, when it began, its [`Overview`] and the [`Attempt`] itself,
//! both as JSON, with secrets as `--show-secrets` says, and whether it said that they stay whole. An
//! attempt is written after each answer and when it has ended; what ends at the same time is
//! written in one transaction. Nothing is ever deleted.

use std::borrow::Cow;
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::types::Type;
use rusqlite::{Connection, OpenFlags, OptionalExtension as _, Row, params};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::capture::Attempt;
use super::event::{Event, Line, Notice};
use super::overview::Overview;
use super::secrets::Secrets;
use crate::error::{CommandError, io_reason};
use crate::finding::Finding;

mod format;
mod writer;

pub(crate) use writer::keep;

/// The longest row, in octets of JSON: SQLite takes 10^9, and whoever reads one has it in memory.
const MAX_ROW: usize = 256 * 1024 * 1024;

/// A file of attempts, open for writing. Only one process at a time has it so.
#[derive(Debug)]
pub(crate) struct Store {
    connection: Connection,
    path: PathBuf,
    /// Octets of JSON that one attempt may take.
    max_row: usize,
    /// Locked as long as this lives.
    _lock: File,
}

/// A file of attempts, open for reading, also while another process writes it.
#[derive(Debug)]
pub(crate) struct Reader {
    connection: Connection,
    path: PathBuf,
}

impl Store {
    /// Opens the file, or makes it where there is none or an empty one.
    ///
    /// # Errors
    /// It cannot be opened, is in use, damaged, of another program, or of another version.
    pub(crate) fn open(path: &Path) -> Result<Self, CommandError> {
        format::recognise(path, true)?;
        let lock = lock(path)?;
        keep_from_others(path);
        let connection =
            format::open(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE)?;
        format::prepare(&connection).map_err(|error| format::damaged(path, &error))?;
        Ok(Self { connection, path: path.to_owned(), max_row: MAX_ROW, _lock: lock })
    }

    /// The number of the latest attempt; 0 where there is none.
    ///
    /// # Errors
    /// The file cannot be read.
    pub(crate) fn latest(&self) -> Result<u64, CommandError> {
        let select = "SELECT coalesce(max(number), 0) FROM attempts";
        self.connection
            .query_row(select, [], |row| row.get(0))
            .map_err(|error| format::damaged(&self.path, &error))
    }

    /// Writes these in one transaction. When it returns, they are on the disk.
    fn write(&mut self, attempts: &[Arc<Attempt>], secrets: Secrets) -> Result<(), rusqlite::Error> {
        let transaction = self.connection.transaction()?;
        {
            let mut insert = transaction.prepare_cached(
                "INSERT OR REPLACE INTO attempts (number, started_microseconds, whole, overview, attempt)
                 VALUES (?1, ?2, ?3, ?4, ?5)",
            )?;
            for attempt in attempts {
                let (overview, shown) = row(attempt, secrets, self.max_row)?;
                let whole = secrets == Secrets::Whole;
                insert.execute(params![
                    attempt.number,
                    attempt.started_microseconds,
                    whole,
                    overview,
                    shown
                ])?;
            }
        }
        transaction.commit()
    }
}

impl Reader {
    /// Opens a file that is there.
    ///
    /// # Errors
    /// It cannot be opened, is damaged, of another program, or of another version.
    pub(crate) fn open(path: &Path) -> Result<Self, CommandError> {
        let connection = format::open(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        Ok(Self { connection, path: path.to_owned() })
    }

    /// The latest attempts before this number, the latest first.
    ///
    /// # Errors
    /// The file cannot be read.
    pub(crate) fn overviews(
        &self,
        before: u64,
        limit: usize,
        secrets: Secrets,
    ) -> Result<Vec<Overview>, rusqlite::Error> {
        let mut select = self.connection.prepare_cached(
            // An attempt is read only where its overview is to be made anew.
            "SELECT whole, overview, CASE WHEN whole THEN attempt END FROM attempts
             WHERE number < ?1 ORDER BY number DESC LIMIT ?2",
        )?;
        let before = i64::try_from(before).unwrap_or(i64::MAX);
        let rows = select.query_map(params![before, i64::try_from(limit).unwrap_or(i64::MAX)], |row| {
            if must_be_masked(row, secrets)? {
                return Ok(Overview::of(&parse(row, 2)?, secrets));
            }
            parse(row, 1)
        })?;
        rows.collect()
    }

    /// One attempt, as it may be shown.
    ///
    /// # Errors
    /// The file cannot be read.
    pub(crate) fn attempt(
        &self,
        number: u64,
        secrets: Secrets,
    ) -> Result<Option<(Attempt, Overview)>, rusqlite::Error> {
        // Larger numbers are in no file.
        let number = i64::try_from(number).unwrap_or(-1);
        let mut select = self
            .connection
            .prepare_cached("SELECT whole, overview, attempt FROM attempts WHERE number = ?1")?;
        select
            .query_row([number], |row| {
                let attempt: Attempt = parse(row, 2)?;
                if must_be_masked(row, secrets)? {
                    let overview = Overview::of(&attempt, secrets);
                    return Ok((secrets.attempt(&attempt).into_owned(), overview));
                }
                Ok((attempt, parse(row, 1)?))
            })
            .optional()
    }

    /// The same file, once more.
    ///
    /// # Errors
    /// The file cannot be opened.
    pub(crate) fn again(&self) -> Result<Self, rusqlite::Error> {
        let connection = Connection::open_with_flags(&self.path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        Ok(Self { connection, path: self.path.clone() })
    }

    /// Gives every attempt, as it may be shown, in the order of their numbers, one at a time, until
    /// `take` has an error.
    ///
    /// # Errors
    /// The file cannot be read.
    pub(crate) fn for_each<E>(
        &self,
        secrets: Secrets,
        mut take: impl FnMut(&Attempt) -> Result<(), E>,
    ) -> Result<Result<(), E>, rusqlite::Error> {
        let mut select = self
            .connection
            .prepare_cached("SELECT whole, overview, attempt FROM attempts ORDER BY number")?;
        let mut rows = select.query([])?;
        while let Some(row) = rows.next()? {
            let attempt: Attempt = parse(row, 2)?;
            let must_be_masked = must_be_masked(row, secrets)?;
            let shown = if must_be_masked { secrets.attempt(&attempt) } else { Cow::Borrowed(&attempt) };
            if let Err(error) = take(&shown) {
                return Ok(Err(error));
            }
        }
        Ok(Ok(()))
    }
}

/// The overview and the attempt for a row; of one that would be too long, what fits: without octets,
/// or without events. A finding in it says so.
fn row(attempt: &Attempt, secrets: Secrets, most: usize) -> Result<(String, String), rusqlite::Error> {
    let columns = |attempt: &Attempt| {
        Ok::<_, rusqlite::Error>((json(&Overview::of(attempt, secrets))?, json(&*secrets.attempt(attempt))?))
    };
    let whole = columns(attempt)?;
    if whole.1.len() <= most {
        return Ok(whole);
    }
    let finding = Finding::warning(
        "not-stored-whole",
        format!("the attempt takes {} octets in the store, and {most} are the most", whole.1.len()),
    )
    .hint("send less on one connection");
    drop(whole);
    let event = Event::Notice(Notice { findings: vec![finding] });
    let notice = Arc::new(Line { attempt: Some(attempt.number), milliseconds: None, event });
    let mut shortened = attempt.shortened();
    shortened.lines.push(Arc::clone(&notice));
    let without_octets = columns(&shortened)?;
    if without_octets.1.len() <= most {
        return Ok(without_octets);
    }
    shortened.lines = vec![notice];
    shortened.key_log = Vec::new();
    columns(&shortened)
}

/// Whether the row was written with its secrets, and they may not be shown now. What was shortened
/// once is left as it is.
fn must_be_masked(row: &Row<'_>, secrets: Secrets) -> Result<bool, rusqlite::Error> {
    Ok(secrets == Secrets::Shortened && row.get::<_, bool>(0)?)
}

/// What the JSON in a column says.
fn parse<T: DeserializeOwned>(row: &Row<'_>, column: usize) -> Result<T, rusqlite::Error> {
    let text = row.get_ref(column)?.as_str()?;
    serde_json::from_str(text)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(column, Type::Text, error.into()))
}

fn json<T: Serialize>(value: &T) -> Result<String, rusqlite::Error> {
    serde_json::to_string(value).map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))
}

/// A new file is for its owner alone: SQLite gives its other files the rights of this one.
fn keep_from_others(path: &Path) {
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    // Where it is there already, or cannot be made, SQLite has something to say about it.
    let _ = options.open(path);
}

/// Two processes would give the same numbers to different attempts.
fn lock(path: &Path) -> Result<File, CommandError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let failed = |error: &std::io::Error| {
        CommandError::could_not_run(format!("cannot open `{}`: {}", path.display(), io_reason(error)))
    };
    let file = File::options()
        .write(true)
        .create(true)
        .truncate(false)
        .open(name)
        .map_err(|error| failed(&error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(CommandError::could_not_run(format!(
            "`{}` is in use by another `picopost listen`",
            path.display()
        ))
        .hint("give each its own file with `--store`")),
        Err(TryLockError::Error(error)) => Err(failed(&error)),
    }
}
