//! The table as a page of the documentation.

use std::fmt::Write as _;

use super::Row;
use super::cells::Column;
use super::expected::Expected;

/// Where the page is, in the repository.
pub(super) const PAGE: &str = "docs/interoperability.md";

const BEFORE: &str = "# Interoperability

picopost's own client against the servers of others, over the loopback. `cargo conformance interop` starts
each server, makes the POSTs, and compares what happened with this page and with what
[interop.txt](../conformance/data/interop.txt) expects; `cargo conformance interop --write` writes this page.
The servers' programs are in [counterparts](../counterparts).

";

const BEHIND: &str = "
A cell says what came of it:

- **full handshake**: a POST is answered with its own body. Neither side sees a resumed session or a
  HelloRetryRequest. The chain is a P-256 leaf, a P-256 intermediate and a P-384 root.
- **resumed**: the second of two POSTs with one `Session`. *yes*: the client is resumed, and the server says
  so too; *yes, untold*: the server has no way to say.
- **HelloRetryRequest**: the server is set to secp256r1 alone, and the client begins with X25519. The
  HelloRetryRequest is seen on the wire; servers that tell the group must name secp256r1.
- **client certificate**: the server lets in only clients with a certificate of one authority, on P-256.
  Without one the POST fails; with one it is answered, and the server names the certificate's subject.
- **small buffer**: a response of 20,000 octets, through a receive buffer of 1,024 octets, else of 2,048, 4,096
  or 16,645 octets; the first that does is in the cell. Behind it is the extension that the server heeds, as the
  size of its largest record tells: record_size_limit (RFC 8449) or max_fragment_length (RFC 6066 §4). Where it
  heeds neither, the client's error 3101 with every smaller buffer names both sizes, the record's and the
  buffer's. The chain is a P-256 leaf under a P-256 root.
";

/// The page for these rows.
pub(super) fn render(rows: &[Row], expected: &Expected) -> String {
    let mut page = String::from(BEFORE);
    let columns = Column::ALL.map(Column::name).join(" | ");
    let _infallible = writeln!(page, "| server | version | {columns} |");
    let _infallible = writeln!(page, "| --- | --- |{}", " --- |".repeat(Column::ALL.len()));
    let mut notes = Vec::new();
    for row in rows {
        let _infallible = write!(page, "| {} | {} |", row.title(), row.version());
        for (column, cell) in Column::ALL.into_iter().zip(&row.cells) {
            let _infallible = write!(page, " {}", cell.outcome);
            if let Some(note) = expected.note(row.name, column) {
                let number = notes.iter().position(|known| *known == note).unwrap_or_else(|| {
                    notes.push(note);
                    notes.len() - 1
                });
                let _infallible = write!(page, "[^{}]", number + 1);
            }
            page.push_str(" |");
        }
        page.push('\n');
    }
    page.push('\n');
    for (number, note) in notes.iter().enumerate() {
        let _infallible = writeln!(page, "[^{}]: {note}", number + 1);
    }
    page.push_str(BEHIND);
    page
}

/// The page but for the servers' versions, which differ from machine to machine.
pub(super) fn without_versions(page: &str) -> String {
    let line = |line: &str| match line.split(" | ").collect::<Vec<_>>()[..] {
        [server, _, ref cells @ ..] if server.starts_with("| ") => {
            format!("{server} | {}\n", cells.join(" | "))
        }
        _ => format!("{line}\n"),
    };
    page.lines().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::interop::servers::NAMES;

    /// Without the servers: the page that is kept says what is expected.
    #[test]
    fn the_page_is_that_of_the_expectations() {
        let page = include_str!("../../../docs/interoperability.md");
        let expected = Expected::read().unwrap();
        let rows: Vec<_> = page.lines().filter(|line| line.starts_with("| ")).skip(2).collect();
        assert_eq!(rows.len(), NAMES.len());
        for (name, row) in NAMES.into_iter().zip(rows) {
            let cells: Vec<_> = row.trim_matches(['|', ' ']).split(" | ").skip(2).collect();
            for (column, cell) in Column::ALL.into_iter().zip(cells) {
                let (cell, note) = cell.split_once("[^").unwrap_or((cell, ""));
                assert_eq!(cell, expected.cell(name, column), "{name}, {}", column.name());
                let note = note.strip_suffix(']').map(|number| {
                    let text = page.lines().find_map(|line| line.strip_prefix(&format!("[^{number}]: ")));
                    text.expect("a mark has its note")
                });
                assert_eq!(note, expected.note(name, column), "{name}, {}", column.name());
            }
        }
    }

    #[test]
    fn versions_alone_do_not_matter() {
        let page = |version: &str, cell: &str| format!("# T\n| Go | {version} | {cell} | yes |\n\nText\n");
        let masked = |version, cell| without_versions(&page(version, cell));
        assert_eq!(masked("1.19", "yes"), "# T\n| Go | yes | yes |\n\nText\n");
        assert_eq!(masked("1.19", "yes"), masked("1.27", "yes"));
        assert_ne!(masked("1.19", "yes"), masked("1.19", "no"));
    }
}
