//! Every target over its seeds and over what was found with it.

use std::fs;
use std::panic;
use std::path::{Path, PathBuf};

use picopost_fuzz_targets::TARGETS;

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name)
}

/// The files of a folder, in an order that is always the same.
fn files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut files: Vec<_> = entries.map(|entry| entry.expect("a readable folder").path()).collect();
    files.sort();
    files
}

#[test]
fn seeds_and_regressions() {
    for (name, target) in TARGETS {
        target(b"");
        let seeds = files(&folder("seeds").join(name));
        assert!(!seeds.is_empty(), "{name} has no seeds");
        for file in seeds.into_iter().chain(files(&folder("regressions").join(name))) {
            let input = fs::read(&file).expect("a readable file");
            if panic::catch_unwind(|| target(&input)).is_err() {
                panic!("{name} does not hold for {}", file.display());
            }
        }
    }
}

/// The wrappers are not built here, since they need libFuzzer: so at least they say what they should,
/// and there is none without a target.
#[test]
fn each_target_has_its_wrapper() {
    let manifest = fs::read_to_string(folder("Cargo.toml")).expect("a readable file");
    for (name, _) in TARGETS {
        let wrapper = fs::read_to_string(folder("fuzz_targets").join(format!("{name}.rs")));
        let expected = format!(
            "#![no_main]\n\nlibfuzzer_sys::fuzz_target!(|input: &[u8]| picopost_fuzz_targets::{name}(input));\n"
        );
        assert_eq!(wrapper.expect("a readable file"), expected);
        assert!(manifest.contains(&format!("path = \"fuzz_targets/{name}.rs\"")), "{name}");
    }
    assert_eq!(manifest.matches("[[bin]]").count(), TARGETS.len());
    for folder in ["fuzz_targets", "seeds", "regressions"].map(folder) {
        for file in files(&folder) {
            let name = file.file_stem().expect("a file has a name").to_string_lossy().into_owned();
            let known = TARGETS.iter().any(|(target, _)| *target == name) || name == "README";
            assert!(known, "{} belongs to no target", file.display());
        }
    }
}
