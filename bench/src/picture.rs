//! The picture: three columns of bars, readable on light and on dark: it has a ground of its own.

use std::fmt::Write;
use std::fs;

use xtask::error::Failure;
use xtask::firmware::workspace;

use crate::chains::Shape;
use crate::results::{Results, Row};
use crate::stacks::STACKS;
use crate::table::tenths;

const FILE: &str = "docs/bench.svg";

const NAME_WIDTH: u64 = 290;
const COLUMN: u64 = 210;
/// Of the longest bar; the rest of the column is for its number.
const BAR: u64 = 145;
const ROW: u64 = 24;
const HEAD: u64 = 58;

/// A column of the picture: its title, and a row's value in units of its last digit shown.
type Column = (&'static str, fn(&Row) -> Option<u64>, u64);

const COLUMNS: [Column; 3] = [
    (
        "million instructions, chain A",
        |row| Some(row.chains.get(Shape::Gts.name())?.full.instructions()),
        1_000_000,
    ),
    ("flash, KB", |row| Some(row.flash.into()), 1000),
    ("RAM, KB, chain A", |row| Some(row.ram(&row.chains.get(Shape::Gts.name())?.full).into()), 1000),
];

/// The picture as SVG.
#[must_use]
pub fn svg(results: &Results) -> String {
    let rows = &results.stacks;
    let count = u64::try_from(rows.len()).unwrap_or_default();
    let (width, height) = (NAME_WIDTH + COLUMN * 3, HEAD + ROW * count + 12);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" \
         height=\"{height}\" role=\"img\" aria-label=\"What a verified POST costs, by TLS stack: shorter \
         is better\" font-family=\"system-ui, sans-serif\" font-size=\"13\">\n<style>\n  \
         text {{ fill: #1f2328 }} .ground {{ fill: #ffffff }} .peer {{ fill: #8c959f }} .ours {{ fill: #0969da }} .strong {{ font-weight: 600 }}\n  \
         @media (prefers-color-scheme: dark) {{ text {{ fill: #e6edf3 }} .ground {{ fill: #0d1117 }} .peer {{ fill: #6e7681 }} \
         .ours {{ fill: #4493f8 }} }}\n</style>\n\
         <rect width=\"{width}\" height=\"{height}\" rx=\"6\" class=\"ground\"/>\n"
    );
    // Writing to a string does not fail.
    let _ =
        writeln!(svg, "<text x=\"12\" y=\"22\" class=\"strong\">One verified POST: shorter is better</text>");
    for (index, row) in (0..).zip(rows) {
        let y = HEAD + ROW * index + 14;
        let class = if is_ours(row) { " class=\"strong\"" } else { "" };
        // What most speak is not said.
        let tls = if row.tls == "1.3" { String::new() } else { format!(", TLS {}", row.tls) };
        let _ = writeln!(svg, "<text x=\"12\" y=\"{y}\"{class}>{}{tls}</text>", escaped(&row.name));
    }
    for (index, column) in (0..).zip(&COLUMNS) {
        bars(&mut svg, rows, column, NAME_WIDTH + COLUMN * index);
    }
    svg + "</svg>\n"
}

fn bars(svg: &mut String, rows: &[Row], (title, value, unit): &Column, x: u64) {
    let most = rows.iter().filter_map(value).max().unwrap_or(1).max(1);
    let _ = writeln!(svg, "<text x=\"{x}\" y=\"46\">{title}</text>");
    for (index, row) in (0..).zip(rows) {
        let Some(number) = value(row) else { continue };
        let y = HEAD + ROW * index;
        let width = (number * BAR).div_ceil(most);
        let (class, strong) = if is_ours(row) { ("ours", " class=\"strong\"") } else { ("peer", "") };
        let _ = writeln!(
            svg,
            "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"18\" rx=\"2\" class=\"{class}\"/>\
             <text x=\"{}\" y=\"{}\"{strong}>{}</text>",
            x + width + 6,
            y + 14,
            tenths(number, *unit),
        );
    }
}

fn is_ours(row: &Row) -> bool {
    STACKS.iter().any(|stack| stack.id == row.id && stack.is_ours())
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

/// Writes the picture into the documentation.
///
/// # Errors
/// It cannot be written.
pub fn store(results: &Results) -> Result<(), Failure> {
    let file = workspace().join(FILE);
    fs::write(&file, svg(results)).map_err(|error| Failure::missing(format!("{}: {error}", file.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_picture_shows_what_is_stored() {
        let stored = Results::load(&Results::file()).unwrap();
        let picture = fs::read_to_string(workspace().join(FILE)).unwrap();
        assert_eq!(svg(&stored), picture, "type `cargo bench-chip`");
    }

    #[test]
    fn names_are_escaped() {
        assert_eq!(escaped("a<b & c"), "a&lt;b &amp; c");
    }
}
