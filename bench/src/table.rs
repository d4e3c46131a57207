//! The table: on the terminal, and in the documentation.

use std::fs;
use std::path::Path;

use xtask::error::Failure;
use xtask::firmware::workspace;

use crate::chains::Shape;
use crate::results::{Post, Results, Row};

/// The files that show the table.
const PAGES: [&str; 2] = ["README.md", "bench/README.md"];
/// Lines around it; what stands between them is written by the bench.
const BEGIN: &str = "<!-- the bench's table: `cargo bench-chip` writes it -->";
const END: &str = "<!-- end of the bench's table -->";

const HEAD: [&str; 12] = [
    "stack",
    "TLS",
    "A",
    "B",
    "C",
    "A resumed",
    "RAM A",
    "RAM C",
    "flash",
    "allocations",
    "round trips",
    "octets A",
];
const UNITS: &str = "A, B, C: million instructions of a whole POST; RAM and flash in KB (1,000 octets); \
                     round trips full, resumed; octets over TCP out + in";

/// For the terminal.
#[must_use]
pub fn text(results: &Results) -> String {
    let rows: Vec<_> =
        std::iter::once(HEAD.map(str::to_owned)).chain(results.stacks.iter().map(cells)).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<_> = (0..HEAD.len()).map(width).collect();
    let mut text = String::new();
    for row in rows {
        for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
            // Names to the left, numbers to the right.
            let padded = if column == 0 { format!("{cell:<width$}") } else { format!("  {cell:>width$}") };
            text.push_str(&padded);
        }
        text.truncate(text.trim_end().len());
        text.push('\n');
    }
    text + UNITS + "\n"
}

/// For the documentation.
#[must_use]
pub fn markdown(results: &Results) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let mut text = line(&HEAD.map(str::to_owned));
    text.push_str(&line(&[0; HEAD.len()].map(|_| "---".to_owned())));
    for row in &results.stacks {
        text.push_str(&line(&cells(row)));
    }
    format!("{text}\n{UNITS}.\n")
}

fn cells(row: &Row) -> [String; 12] {
    let posts = |shape: Shape| row.chains.get(shape.name());
    let full = |shape| posts(shape).map(|posts| &posts.full);
    let resumed = |shape| posts(shape).and_then(|posts| posts.resumed.as_ref());
    let instructions = |post: Option<&Post>| show(post, |post| tenths(post.instructions(), 1_000_000));
    let ram = |shape| show(full(shape), |post| tenths(row.ram(post).into(), 1000));
    let a = full(Shape::Gts);
    let trips = |post: Option<&Post>| show(post, |post| post.round_trips.to_string());
    [
        row.name.clone(),
        row.tls.clone(),
        instructions(a),
        instructions(full(Shape::LetsEncrypt)),
        instructions(full(Shape::Rsa)),
        instructions(resumed(Shape::Gts)),
        ram(Shape::Gts),
        ram(Shape::Rsa),
        tenths(row.flash.into(), 1000),
        show(a, |post| post.allocations.to_string()),
        format!("{}, {}", trips(a), trips(resumed(Shape::Gts))),
        show(a, |post| format!("{} + {}", post.octets_out, post.octets_in)),
    ]
}

fn show(post: Option<&Post>, cell: impl FnOnce(&Post) -> String) -> String {
    post.map_or_else(|| "–".to_owned(), cell)
}

/// A number in units, with one decimal, rounded.
pub(crate) fn tenths(number: u64, unit: u64) -> String {
    let tenths = (number * 10 + unit / 2) / unit;
    format!("{}.{}", tenths / 10, tenths % 10)
}

/// Writes the table into the documentation.
///
/// # Errors
/// A page has no place for it, or cannot be written.
pub fn store(results: &Results) -> Result<(), Failure> {
    for page in PAGES {
        let file = workspace().join(page);
        let failed = |error| Failure::missing(format!("{}: {error}", file.display()));
        let text = fs::read_to_string(&file).map_err(failed)?;
        let text = with_table(&text, results).ok_or_else(|| no_place(&file))?;
        fs::write(&file, text).map_err(failed)?;
    }
    Ok(())
}

fn no_place(file: &Path) -> Failure {
    Failure::failed(format!("{} has no place for the table", file.display()))
        .hint(format!("it goes between the lines `{BEGIN}` and `{END}`"))
}

fn with_table(page: &str, results: &Results) -> Option<String> {
    let (before, rest) = page.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}\n{}{END}{after}", markdown(results)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::Posts;
    use std::collections::BTreeMap;

    fn results() -> Results {
        let post = Post {
            handshake: 21_000_000,
            post: 949_999,
            stack: 7000,
            heap: 0,
            round_trips: 2,
            octets_out: 588,
            octets_in: 1758,
            ..Post::default()
        };
        let resumed = Some(Post { handshake: 7_900_000, ..post.clone() });
        let posts = Posts { full: post, resumed };
        let row = Row {
            id: "picopost".into(),
            name: "picopost".into(),
            tls: "1.3".into(),
            compiler: "rustc 1".into(),
            flash: 84_949,
            memory: 50,
            chains: BTreeMap::from([("gts".to_owned(), posts)]),
        };
        Results { stacks: vec![row] }
    }

    #[test]
    fn on_the_terminal() {
        let expected = "\
stack     TLS     A  B  C  A resumed  RAM A  RAM C  flash  allocations  round trips    octets A
picopost  1.3  21.9  –  –        8.8    7.1      –   84.9            0         2, 2  588 + 1758
";
        assert_eq!(text(&results()), format!("{expected}{UNITS}\n"));
    }

    #[test]
    fn in_the_documentation() {
        let page = format!("before\n{BEGIN}\nold\n{END}\nafter\n");
        let page = with_table(&page, &results()).unwrap();
        assert!(page.starts_with(&format!("before\n{BEGIN}\n| stack | TLS |")), "{page}");
        assert!(
            page.contains("| picopost | 1.3 | 21.9 | – | – | 8.8 | 7.1 | – | 84.9 | 0 | 2, 2 | 588 + 1758 |")
        );
        assert!(page.ends_with(&format!("{END}\nafter\n")) && !page.contains("old"));
        assert_eq!(with_table(&page, &results()).as_ref(), Some(&page));
        assert_eq!(with_table("no place", &results()), None);
    }

    #[test]
    fn the_pages_show_what_is_stored() {
        let stored = Results::load(&Results::file()).unwrap();
        assert!(!stored.stacks.is_empty());
        for page in PAGES {
            let text = fs::read_to_string(workspace().join(page)).unwrap();
            assert_eq!(with_table(&text, &stored).as_ref(), Some(&text), "{page}: type `cargo bench-chip`");
        }
    }
}
