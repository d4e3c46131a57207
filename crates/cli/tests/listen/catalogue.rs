//! The catalogue of findings, `docs/listen.md`, and the code agree; and each finding is expected by
//! a test.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Where the findings are made.
const SOURCES: &str = "src/listen";
/// What begins the tests of a source file.
const TESTS_BEGIN: &str = "#[cfg(test)]";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The text of each Rust file below a folder.
fn rust_files(folder: &Path) -> Vec<(PathBuf, String)> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            files.push((path, text));
        }
    }
    files
}

fn is_test_file(path: &Path) -> bool {
    let stem = path.file_stem().unwrap().to_str().unwrap();
    stem == "tests" || stem.ends_with("_tests")
}

/// Code and severity of each finding that the server can make.
fn in_code() -> BTreeMap<String, String> {
    let mut codes = BTreeMap::new();
    for (path, text) in rust_files(&root().join(SOURCES)) {
        if is_test_file(&path) {
            continue;
        }
        let code = text.split(TESTS_BEGIN).next().unwrap();
        for severity in ["error", "warning", "note"] {
            for made in code.split(&format!("Finding::{severity}(")).skip(1) {
                let literal = made.trim_start().strip_prefix('"').unwrap_or_else(|| {
                    panic!("{}: a code that is not written out: {:.40}", path.display(), made)
                });
                let (code, _) = literal.split_once('"').unwrap();
                let before = codes.insert(code.to_owned(), severity.to_owned());
                assert!(before.is_none_or(|before| before == severity), "`{code}` has two severities");
            }
        }
    }
    codes
}

/// Code and severity in the tables of the documentation.
fn in_docs() -> BTreeMap<String, String> {
    let text = fs::read_to_string(root().join("../../docs/listen.md")).unwrap();
    let mut codes = BTreeMap::new();
    for row in text.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<&str> = row.split(" | ").collect();
        // Other tables have no severity.
        if !matches!(cells[1], "error" | "warning" | "note") {
            continue;
        }
        let code = cells[0].trim_start_matches("| `").trim_end_matches('`');
        assert!(cells.len() >= 3 && !cells[2].trim().is_empty(), "{row}");
        assert!(codes.insert(code.to_owned(), cells[1].to_owned()).is_none(), "`{code}` is there twice");
    }
    codes
}

#[test]
fn the_documentation_names_every_finding_and_no_other() {
    let (code, docs) = (in_code(), in_docs());
    assert!(code.len() > 80, "{}", code.len());
    assert_eq!(code, docs);
}

#[test]
fn every_finding_is_expected_by_a_test() {
    let mut tests = String::new();
    for (path, text) in rust_files(&root().join(SOURCES)) {
        if is_test_file(&path) {
            tests.push_str(&text);
        } else if let Some((_, test)) = text.split_once(TESTS_BEGIN) {
            tests.push_str(test);
        }
    }
    for (_, text) in rust_files(&root().join("tests/listen")) {
        tests.push_str(&text);
    }
    // As a code by itself, or as `severity code: title`.
    let is_expected =
        |code: &String| tests.contains(&format!("\"{code}\"")) || tests.contains(&format!(" {code}: "));
    let missing: BTreeSet<String> = in_code().into_keys().filter(|code| !is_expected(code)).collect();
    assert!(missing.is_empty(), "no test expects {missing:?}");
}
