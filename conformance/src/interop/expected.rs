//! What each cell is expected to say, and why one says less than others: `data/interop.txt`.

use std::collections::BTreeMap;

use super::cells::Column;
use super::servers::NAMES;

const FILE: &str = include_str!("../../data/interop.txt");

/// The expectations.
pub(super) struct Expected {
    cells: BTreeMap<(&'static str, &'static str), &'static str>,
    notes: BTreeMap<(&'static str, &'static str), &'static str>,
}

impl Expected {
    /// What the file says.
    ///
    /// # Errors
    /// It cannot be read: the line, and why.
    pub(super) fn read() -> Result<Self, String> {
        Self::of(FILE)
    }

    /// The expected text of a cell.
    pub(super) fn cell(&self, server: &'static str, column: Column) -> &'static str {
        self.cells.get(&(server, column.name())).copied().unwrap_or_default()
    }

    /// Why a cell says what it says.
    pub(super) fn note(&self, server: &'static str, column: Column) -> Option<&'static str> {
        self.notes.get(&(server, column.name())).copied()
    }

    /// A line of cells begins with a server's name and `|`, a note with `note SERVER, COLUMN:`.
    fn of(text: &'static str) -> Result<Self, String> {
        let mut expected = Self { cells: BTreeMap::new(), notes: BTreeMap::new() };
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        for line in lines {
            match line.strip_prefix("note ") {
                Some(note) => expected.add_note(note),
                None => expected.add_cells(line),
            }
            .ok_or_else(|| format!("data/interop.txt: `{line}` cannot be read"))?;
        }
        expected.check()?;
        Ok(expected)
    }

    fn add_cells(&mut self, line: &'static str) -> Option<()> {
        let mut parts = line.split('|').map(str::trim);
        let name = parts.next()?;
        let name = NAMES.into_iter().find(|known| *known == name)?;
        for column in Column::ALL {
            if self.cells.insert((name, column.name()), parts.next()?).is_some() {
                return None;
            }
        }
        parts.next().is_none().then_some(())
    }

    fn add_note(&mut self, note: &'static str) -> Option<()> {
        let (place, text) = note.split_once(": ")?;
        let (server, column) = place.split_once(", ")?;
        let server = NAMES.into_iter().find(|known| *known == server)?;
        let column = Column::ALL.into_iter().find(|known| known.name() == column)?;
        self.notes.insert((server, column.name()), text).is_none().then_some(())
    }

    /// Every server has its line; what falls short of the best has its reason, and nothing else has.
    fn check(&self) -> Result<(), String> {
        for server in NAMES {
            for column in Column::ALL {
                let (cell, note) = (self.cell(server, column), self.note(server, column));
                let place = format!("{server}, {}", column.name());
                match (cell, note) {
                    ("", _) => return Err(format!("data/interop.txt: nothing for {place}")),
                    (cell, None) if !is_best(cell) => {
                        return Err(format!("data/interop.txt: no reason for `{cell}` of {place}"));
                    }
                    (cell, Some(_)) if is_best(cell) => {
                        return Err(format!("data/interop.txt: a reason for `{cell}` of {place}"));
                    }
                    _ => {}
                }
            }
        }
        Ok(())
    }
}

fn is_best(cell: &str) -> bool {
    cell == "yes" || cell.starts_with("1,024, ") && !cell.ends_with("neither")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_whole() {
        assert_eq!(Expected::read().map(drop), Ok(()));
    }

    #[test]
    fn what_cannot_be_meant() {
        for (text, complaint) in [
            ("telnet | yes | yes | yes | yes", "`telnet | yes | yes | yes | yes` cannot be read"),
            ("go | yes", "`go | yes` cannot be read"),
            ("note go, colour: red", "`note go, colour: red` cannot be read"),
            ("", "nothing for openssl, full handshake"),
        ] {
            assert_eq!(Expected::of(text).map(drop), Err(format!("data/interop.txt: {complaint}")));
        }
    }
}
