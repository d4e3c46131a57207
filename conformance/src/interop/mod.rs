//! Interoperability: picopost's own client against the servers of others, in one table.
//!
//! `wire ← post ← cells ← this`, `libraries ← servers ← cells`: each uses what stands left of it.

mod cells;
mod expected;
mod libraries;
mod page;
mod post;
mod servers;
mod wire;

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use xtask::error::Failure;
use xtask::firmware::{target_folder, workspace};

use crate::sources::{told, write};
use cells::{Cell, Column};
use expected::Expected;
use servers::{NAMES, Ready};

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode<'m> {
    /// All servers; the page must say what happened, but for the servers' versions.
    Check,
    /// All servers; the page is written anew.
    Write,
    /// One server, without the page.
    One(&'m str),
}

/// What came of it.
#[derive(Debug, Default)]
pub struct Report {
    /// Cells, and perhaps the page, that are not as they should be.
    pub complaints: Vec<String>,
    /// Servers that are not to be had on this machine: why, and what to type.
    pub missing: Vec<String>,
}

/// A server, and what came of each cell.
struct Row {
    name: &'static str,
    cells: Vec<Cell>,
}

/// Runs all cells of the servers, and prints each as it comes.
///
/// # Errors
/// The expectations or the page cannot be read or written; there is no such server.
pub fn run(mode: Mode<'_>) -> Result<Report, Failure> {
    let names: Vec<_> = NAMES.into_iter().filter(|name| mode.is_for(name)).collect();
    if names.is_empty() {
        return Err(Failure::usage("there is no such server").hint(NAMES.join(", ")));
    }
    let expected = Expected::read().map_err(Failure::failed)?;
    let folder = target_folder().join("conformance").join("interop");
    let folder = std::path::absolute(&folder).map_err(|error| told(&folder, &error))?;
    servers::install();
    let mut report = Report::default();
    let mut rows = Vec::new();
    for name in names {
        match row(name, &folder) {
            Ok(row) => {
                row.compare(&expected, &mut report.complaints);
                rows.push(row);
            }
            Err(failure) if failure.sentence() == "interrupted" => return Err(failure),
            Err(failure) => {
                println!("{name}: not to be had");
                report.missing.push(format!("{name}: {failure}"));
            }
        }
    }
    // A page without some rows would be no page.
    if report.missing.is_empty() {
        keep(mode, &page::render(&rows, &expected), &mut report.complaints)?;
    }
    Ok(report)
}

fn row(name: &'static str, folder: &Path) -> Result<Row, Failure> {
    let ready = Ready::new(name, folder)?;
    let mut cells = Vec::new();
    for column in Column::ALL {
        let cell = cells::run(column, name, &ready)?;
        println!("{name}, {}: {}", column.name(), cell.outcome);
        for detail in &cell.details {
            println!("    {detail}");
        }
        cells.push(cell);
    }
    Ok(Row { name, cells })
}

/// Writes the page, or compares it.
fn keep(mode: Mode<'_>, page: &str, complaints: &mut Vec<String>) -> Result<(), Failure> {
    let file = workspace().join(page::PAGE);
    match mode {
        Mode::One(_) => return Ok(()),
        Mode::Write => return write(&file, page),
        Mode::Check => {}
    }
    let kept = match fs::read_to_string(&file) {
        Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
        kept => kept.map_err(|error| told(&file, &error))?,
    };
    if page::without_versions(&kept) != page::without_versions(page) {
        let how = "`cargo conformance interop --write` writes it";
        complaints.push(format!("{} does not say what happened: {how}", page::PAGE));
    }
    Ok(())
}

impl Mode<'_> {
    fn is_for(self, name: &str) -> bool {
        match self {
            Self::One(wanted) => name == wanted,
            Self::Check | Self::Write => true,
        }
    }
}

impl Row {
    /// The server's name as people write it.
    fn title(&self) -> &'static str {
        match self.name {
            "openssl" => "OpenSSL",
            "boringssl" => "BoringSSL",
            "gnutls" => "GnuTLS",
            "nss" => "NSS",
            "wolfssl" => "wolfSSL",
            "mbedtls" => "Mbed TLS",
            "go" => "Go",
            "java" => "Java",
            "node" => "Node.js",
            "python" => "Python",
            name => name,
        }
    }

    /// As the server itself says.
    fn version(&self) -> &str {
        self.cells.iter().find_map(|cell| cell.library.as_deref()).unwrap_or("not told")
    }

    fn compare(&self, expected: &Expected, complaints: &mut Vec<String>) {
        for (column, cell) in Column::ALL.into_iter().zip(&self.cells) {
            let (found, wanted) = (cell.outcome.to_string(), expected.cell(self.name, column));
            if found != wanted {
                let (name, column) = (self.name, column.name());
                complaints.push(format!("{name}, {column}: `{found}`, and `{wanted}` was expected"));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cells::Outcome;

    /// Go's row with this outcome for the small buffer, which should say that Go heeds nothing.
    fn complaints(outcome: Outcome) -> Vec<String> {
        let cell = |outcome| Cell { outcome, details: Vec::new(), library: None };
        let mut cells: Vec<_> = Column::ALL.map(|_| cell(Outcome::Yes)).into();
        cells.pop();
        cells.push(cell(outcome));
        let mut complaints = Vec::new();
        Row { name: "go", cells }.compare(&Expected::read().unwrap(), &mut complaints);
        complaints
    }

    #[test]
    fn worse_and_better_than_expected_are_failures() {
        let neither = wire::Heeded::Neither;
        assert_eq!(complaints(Outcome::Buffer(16_645, neither)), [""; 0]);
        let expected = "and `16,645, neither` was expected";
        let worse = complaints(Outcome::Error(3103));
        assert_eq!(worse, [format!("go, small buffer: `error 3103`, {expected}")]);
        let better = complaints(Outcome::Buffer(1024, wire::Heeded::RecordSizeLimit));
        assert_eq!(better, [format!("go, small buffer: `1,024, record_size_limit`, {expected}")]);
    }
}
