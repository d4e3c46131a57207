//! The report for people.

use super::catalogue::{Catalogue, Entry, Platform};
use super::report::{Found, Report};
use crate::trust::wrapped;

/// Columns of a line.
const WIDTH: usize = 100;
/// Where a row's value begins.
const COLUMN: usize = 11;

/// All of it, with colours that `anstream` takes away where there is no terminal for them.
pub(super) fn text(catalogue: &Catalogue, report: &Report, platform: Option<Platform>) -> String {
    let mut out = String::new();
    let causes = report.errors.iter().filter(|found| found.follows.is_none());
    for found in causes {
        if !out.is_empty() {
            out.push('\n');
        }
        error(&mut out, catalogue, found, platform);
    }
    let consequences: Vec<&Found> = report.errors.iter().filter(|found| found.follows.is_some()).collect();
    if !consequences.is_empty() {
        out.push_str("\nwhat only follows from it:\n");
    }
    for found in consequences {
        let entry = &catalogue.entries[found.entries[0]];
        let stack = &catalogue.stacks[entry.stack].title;
        let cause = found.follows.map_or("", |at| report.errors[at].written.as_str());
        let of = format!("{stack}: {}; from `{cause}`", entry.name());
        row(&mut out, &at_lines(&found.lines), &format!("`{}`, {of}", found.written));
    }
    out
}

fn error(out: &mut String, catalogue: &Catalogue, found: &Found, platform: Option<Platform>) {
    if let Some(excerpt) = &found.excerpt {
        out.push_str(&format!("{}: {excerpt}\n", at_lines(&found.lines)));
    }
    let (shown, others) = found.entries.split_at(if found.sum { 2 } else { 1 });
    if found.sum {
        let names: Vec<&str> = shown.iter().filter_map(|at| catalogue.entries[*at].code.as_deref()).collect();
        out.push_str(&format!("{} is the sum of two errors: {}\n\n", found.written, names.join(" and ")));
    }
    for (at, entry) in shown.iter().enumerate() {
        if at > 0 {
            out.push('\n');
        }
        meaning(out, catalogue, &found.written, *entry, platform);
    }
    if !others.is_empty() {
        let own = &catalogue.stacks[catalogue.entries[shown[0]].stack];
        out.push_str(&format!("\n`{}` has other meanings too; how to tell:\n", found.written));
        row(out, &own.id, &own.tell);
        for at in others {
            let entry = &catalogue.entries[*at];
            let stack = &catalogue.stacks[entry.stack];
            let name = if entry.names.is_empty() { String::new() } else { format!("{}: ", entry.name()) };
            row(out, &stack.id, &format!("{name}{}", entry.means));
            row(out, "", &stack.tell);
        }
        let next = &catalogue.stacks[catalogue.entries[others[0]].stack].id;
        out.push_str(&format!("  `--stack {next}` shows that one in full\n"));
    }
}

fn meaning(out: &mut String, catalogue: &Catalogue, written: &str, at: usize, platform: Option<Platform>) {
    let entry = &catalogue.entries[at];
    let stack = &catalogue.stacks[entry.stack];
    let code = entry.code.as_deref().unwrap_or(written);
    let title = if entry.names.is_empty() {
        stack.title.clone()
    } else {
        format!("{}: {}", stack.title, entry.name())
    };
    out.push_str(&format!("\x1b[1m{code}\x1b[0m  {title}\n"));
    row(out, "means", &entry.means);
    if let Some(problem) = catalogue.problem(entry) {
        row(out, "problem", &problem.title);
    }
    for (number, cause) in catalogue.causes(entry).enumerate() {
        row(out, if number == 0 { "causes" } else { "" }, &format!("{}. {cause}", number + 1));
    }
    for (number, way) in catalogue.tell(entry).enumerate() {
        row(out, if number == 0 { "tell apart" } else { "" }, way);
    }
    row(out, "fix", catalogue.fix(entry));
    for (one, snippet) in catalogue.snippets(entry) {
        if platform.is_none_or(|only| only == one) {
            out.push_str(&format!("  in {}\n", one.title()));
            for line in snippet.trim_end().lines() {
                out.push_str(format!("      {line}").trim_end());
                out.push('\n');
            }
        }
    }
    if !entry.see.is_empty() {
        row(out, "see", &entry.see.join(", "));
    }
    row(out, "source", &entry.source);
}

fn at_lines(lines: &[usize]) -> String {
    const MOST: usize = 5;
    let shown: Vec<String> = lines.iter().take(MOST).map(ToString::to_string).collect();
    let more = if lines.len() > MOST { format!(" and {} more", lines.len() - MOST) } else { String::new() };
    match lines {
        [] => String::new(),
        [_] => format!("line {}", shown.join("")),
        _ => format!("lines {}{more}", shown.join(", ")),
    }
}

/// What it is, and its value, which may take several lines.
fn row(out: &mut String, name: &str, value: &str) {
    let mut start = format!("  {name:<width$} ", width = COLUMN - 1);
    for line in wrapped(value, WIDTH - COLUMN - 2) {
        out.push_str(format!("{start}{line}").trim_end());
        out.push('\n');
        start = " ".repeat(COLUMN + 2);
    }
}

/// All that is known, or all of one stack: a line each.
pub(super) fn list(catalogue: &Catalogue, only: Option<usize>) -> String {
    let mut out = String::new();
    for (place, stack) in catalogue.stacks.iter().enumerate() {
        if only.is_some_and(|only| only != place) {
            continue;
        }
        if !out.is_empty() {
            out.push('\n');
        }
        out.push_str(&format!("\x1b[1m{}\x1b[0m  {}\n", stack.id, stack.title));
        for line in wrapped(&stack.about, WIDTH - 2) {
            out.push_str(&format!("  {line}\n"));
        }
        let mut entries: Vec<&Entry> =
            catalogue.entries.iter().filter(|entry| entry.stack == place).collect();
        entries.sort_by_key(|entry| entry.number.map(i64::abs));
        for entry in entries {
            let code = entry.code.as_deref().unwrap_or_default();
            let name = entry.names.first().map_or(String::new(), |name| format!("{name}: "));
            row(&mut out, code, &format!("{name}{}", entry.means));
        }
    }
    out
}
