//! docs/explain: a page for each stack, made of the catalogue. This test fails where a page differs;
//! with `PICOPOST_WRITE_PAGES=1` it writes them.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::{env, fs};

use super::catalogue::{Catalogue, Entry, Platform, Problem, Stack};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/explain")
}

#[test]
fn the_pages_are_those_of_the_catalogue() {
    let catalogue = Catalogue::new().unwrap();
    let mut pages = vec![("README.md".to_owned(), contents(&catalogue))];
    pages.push(("problems.md".to_owned(), problems(&catalogue)));
    for (place, stack) in catalogue.stacks.iter().enumerate() {
        pages.push((format!("{}.md", stack.id), page(&catalogue, place)));
    }
    if env::var_os("PICOPOST_WRITE_PAGES").is_some() {
        fs::create_dir_all(folder()).unwrap();
        for (name, text) in &pages {
            fs::write(folder().join(name), text).unwrap();
        }
    }
    for (name, text) in &pages {
        let there = fs::read_to_string(folder().join(name)).unwrap_or_default();
        assert!(
            there == *text,
            "docs/explain/{name} is not what the catalogue says; this writes it:\n\
             PICOPOST_WRITE_PAGES=1 cargo test -p picopost-cli --bin picopost the_pages_are"
        );
    }
    let files = fs::read_dir(folder()).unwrap();
    assert_eq!(files.count(), pages.len(), "docs/explain has a page of no stack");
}

/// picopost's own numbers are counted nowhere here: `docs/errors.md` is their page, and grows.
fn contents(catalogue: &Catalogue) -> String {
    let of = |place: usize| catalogue.entries.iter().filter(|entry| entry.stack == place).count();
    let is_own = |place: usize| !catalogue.stacks[place].layer.is_empty();
    let total: usize = (0..catalogue.stacks.len()).filter(|place| !is_own(*place)).map(of).sum();
    let mut out = format!(
        "# Errors explained\n\n\
         What `picopost explain CODE…` knows: all of [picopost's own numbers](../errors.md), and {total} errors of\n\
         {} other stacks. These pages are made of the same data, `crates/cli/data/explain`; a test holds the two\n\
         together.\n\n\
         | stack | errors | how to tell |\n|---|---|---|\n",
        catalogue.stacks.len() - 1
    );
    for (place, stack) in catalogue.stacks.iter().enumerate() {
        let count = if is_own(place) { "all".to_owned() } else { of(place).to_string() };
        let _ = writeln!(out, "| [{}]({}.md) | {count} | {} |", stack.title, stack.id, cell(&stack.tell));
    }
    out.push_str("\nWhat errors of several stacks have in common, with causes, ways to tell and fixes: [problems](problems.md).\n");
    out
}

/// What is behind our own numbers; what each means stands in `docs/errors.md`.
fn own(catalogue: &Catalogue, stack: &Stack) -> String {
    let link = |id: &str| {
        let problem = catalogue.problems.iter().find(|problem| problem.id == id).unwrap();
        format!("[{}](problems.md#{})", problem.title, anchor(problem))
    };
    let mut out = "\nWhat each means: [errors.md](../errors.md). What is behind it:\n\n\
        | numbers | problem |\n|---|---|\n"
        .to_owned();
    for group in &stack.group {
        let codes: Vec<String> = group.codes.iter().map(ToString::to_string).collect();
        let _ = writeln!(out, "| {} | {} |", codes.join(", "), link(&group.problem));
    }
    for layer in &stack.layer {
        let _ = writeln!(out, "| {}–{}, all others | {} |", layer.from, layer.to, link(&layer.problem));
    }
    for direction in &stack.direction {
        for (kind, problem) in &direction.kinds {
            let number = direction.base + kind.parse::<i64>().unwrap();
            let _ = writeln!(out, "| {number} | {} |", link(problem));
        }
    }
    out.push_str(
        "| 3500 + alert | as the [alert](tls-alert.md)'s |\n| 5000 + status | as the [status](http.md)'s |\n",
    );
    out
}

fn problems(catalogue: &Catalogue) -> String {
    let mut out = "# Problems\n\n\
        What is behind the errors: the usual causes, the most frequent first, how to tell them apart, and the fix.\n"
        .to_owned();
    for problem in &catalogue.problems {
        let _ = write!(out, "\n## {}\n\n", problem.title);
        list(&mut out, "Causes", problem.causes.iter().map(String::as_str));
        bullets(&mut out, "Telling them apart", problem.tell.iter().map(String::as_str));
        let _ = writeln!(out, "**Fix**: {}", problem.fix);
        for (platform, snippet) in &problem.snippets {
            let language = match platform {
                Platform::Rust => "rust",
                Platform::Arduino => "cpp",
                Platform::EspIdf => "c",
                Platform::MicroPython => "python",
            };
            let _ = write!(out, "\n{}:\n\n```{language}\n{}\n```\n", platform.title(), snippet.trim());
        }
    }
    out
}

fn page(catalogue: &Catalogue, place: usize) -> String {
    let stack = &catalogue.stacks[place];
    let mut out = format!("# {}\n\n{}\n\nHow to tell: {}\n", stack.title, stack.about, stack.tell);
    if !stack.layer.is_empty() {
        return out + &own(catalogue, stack);
    }
    let mut entries: Vec<&Entry> = catalogue.entries.iter().filter(|entry| entry.stack == place).collect();
    entries.sort_by_key(|entry| entry.number.map(i64::abs));
    for entry in entries {
        let code = entry.code.as_deref().unwrap_or_default();
        let title = match (code, entry.names.first()) {
            ("", Some(name)) => format!("`{name}`"),
            (code, Some(name)) => format!("`{code}`: {name}"),
            (code, None) => format!("`{code}`"),
        };
        let _ = write!(out, "\n## {title}\n\n{}\n\n", entry.means);
        if let [_, others @ ..] = entry.names.as_slice()
            && !others.is_empty()
        {
            let _ = write!(out, "Also {}.\n\n", quoted(others));
        }
        if !entry.texts.is_empty() {
            let _ = write!(out, "In a log: {}.\n\n", quoted(&entry.texts));
        }
        list(&mut out, "Causes", entry.causes.iter().map(String::as_str));
        bullets(&mut out, "Telling them apart", entry.tell.iter().map(String::as_str));
        let problem = catalogue.problem(entry);
        if problem.is_none_or(|problem| problem.fix != catalogue.fix(entry)) {
            let _ = write!(out, "**Fix**: {}\n\n", catalogue.fix(entry));
        }
        if let Some(problem) = problem {
            let more = "causes, how to tell them apart, the fix";
            let _ = write!(out, "Problem: [{}](problems.md#{}): {more}.\n\n", problem.title, anchor(problem));
        }
        let _ = writeln!(out, "Source: {}", entry.source);
    }
    out
}

/// The heading's name in a link, as GitHub makes it.
fn anchor(problem: &Problem) -> String {
    let kept = problem.title.chars().filter(|one| one.is_alphanumeric() || " -_".contains(*one));
    kept.collect::<String>().to_lowercase().replace(' ', "-")
}

fn list<'a>(out: &mut String, title: &str, items: impl Iterator<Item = &'a str>) {
    let lines: Vec<String> = items.enumerate().map(|(at, item)| format!("{}. {item}\n", at + 1)).collect();
    if !lines.is_empty() {
        let _ = write!(out, "{title}:\n\n{}\n", lines.concat());
    }
}

fn bullets<'a>(out: &mut String, title: &str, items: impl Iterator<Item = &'a str>) {
    let lines: Vec<String> = items.map(|item| format!("- {item}\n")).collect();
    if !lines.is_empty() {
        let _ = write!(out, "{title}:\n\n{}\n", lines.concat());
    }
}

fn quoted(texts: &[String]) -> String {
    texts.iter().map(|text| format!("`{text}`")).collect::<Vec<String>>().join(", ")
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}
