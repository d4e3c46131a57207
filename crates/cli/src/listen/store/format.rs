//! The file's format, and how another one is told from it.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags};

use crate::error::{CommandError, io_reason};

/// "pico", in the field of SQLite's header that says whose a file is.
const APPLICATION_ID: i32 = 0x7069_636f;
/// The only format so far.
const VERSION: i32 = 1;
/// How every SQLite file begins.
const MAGIC: &[u8] = b"SQLite format 3\0";
/// A reader may be in the way of a checkpoint for a moment.
const BUSY_LIMIT: Duration = Duration::from_secs(10);

const SCHEMA: &str = "
    BEGIN IMMEDIATE;
    CREATE TABLE attempts (
        number INTEGER PRIMARY KEY,
        started_microseconds INTEGER NOT NULL,
        whole INTEGER NOT NULL,
        overview TEXT NOT NULL,
        attempt TEXT NOT NULL
    ) STRICT;
    PRAGMA application_id = 1885954927;
    PRAGMA user_version = 1;
    COMMIT;";

/// Opens a file and makes sure that it is one of these, sound, or (for writing) not yet anything.
pub(super) fn open(path: &Path, flags: OpenFlags) -> Result<Connection, CommandError> {
    recognise(path, flags.contains(OpenFlags::SQLITE_OPEN_CREATE))?;
    let connection = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)
        .map_err(|error| damaged(path, &error))?;
    let checked = check(&connection).map_err(|error| damaged(path, &error))?;
    let of = |what: String| CommandError::could_not_run(format!("`{}` {what}", path.display()));
    let other = "give another file with `--store`; it is made where there is none";
    match checked {
        Check::Good => Ok(connection),
        Check::Foreign => Err(of("is a database of another program".to_owned()).hint(other)),
        Check::Version(version) if version > VERSION => Err(of(format!(
            "was made by a newer picopost: its format is {version}, and this one knows {VERSION}"
        ))
        .hint("update picopost, or give another file with `--store`")),
        Check::Version(version) => Err(of(format!(
            "was made by an older picopost: its format is {version}, and this one knows {VERSION}"
        ))
        .hint(other)),
        Check::Damaged(what) => Err(of(format!("is damaged: {what}"))
            .hint("`sqlite3 FILE .recover` gets out what is left; give another file with `--store`")),
    }
}

/// Makes the table where there is none, and sets how commits are made.
pub(super) fn prepare(connection: &Connection) -> Result<(), rusqlite::Error> {
    // Readers and the writer do not wait for each other, and a commit is one write.
    connection.pragma_update(None, "journal_mode", "WAL")?;
    // Each commit is on the disk before it returns: it survives the process, and the power too.
    connection.pragma_update(None, "synchronous", "FULL")?;
    if application_id(connection)? == 0 {
        connection.execute_batch(SCHEMA)?;
    }
    Ok(())
}

/// The error of a file that SQLite cannot work with.
pub(super) fn damaged(path: &Path, error: &rusqlite::Error) -> CommandError {
    let path = path.display();
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            CommandError::could_not_run(format!("`{path}` is damaged: {error}"))
                .hint("`sqlite3 FILE .recover` gets out what is left; give another file with `--store`")
        }
        _ => CommandError::could_not_run(format!("cannot use `{path}` as a store: {error}")),
    }
}

enum Check {
    Good,
    Foreign,
    Version(i32),
    Damaged(String),
}

fn check(connection: &Connection) -> Result<Check, rusqlite::Error> {
    connection.busy_timeout(BUSY_LIMIT)?;
    let id = application_id(connection)?;
    let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if id == 0 && tables == 0 {
        return Ok(Check::Good);
    }
    if id != APPLICATION_ID {
        return Ok(Check::Foreign);
    }
    let version: i32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if version != VERSION {
        return Ok(Check::Version(version));
    }
    let sound: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    Ok(if sound == "ok" { Check::Good } else { Check::Damaged(sound) })
}

fn application_id(connection: &Connection) -> Result<i32, rusqlite::Error> {
    connection.pragma_query_value(None, "application_id", |row| row.get(0))
}

/// Something that is no SQLite file is not touched: SQLite itself would say so only later.
pub(super) fn recognise(path: &Path, may_be_new: bool) -> Result<(), CommandError> {
    let mut begin = Vec::new();
    let read = File::open(path).and_then(|file| file.take(16).read_to_end(&mut begin));
    match read {
        Ok(0) if may_be_new => Ok(()),
        Ok(_) if begin == MAGIC => Ok(()),
        Ok(_) => Err(CommandError::could_not_run(format!("`{}` is no SQLite database", path.display()))
            .hint("give another file with `--store`; it is made where there is none")),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && may_be_new => Ok(()),
        Err(error) => Err(CommandError::could_not_run(format!(
            "cannot open `{}`: {}",
            path.display(),
            io_reason(&error)
        ))),
    }
}
