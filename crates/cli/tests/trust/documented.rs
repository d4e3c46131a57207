//! What the documentation shows is what happens.

use std::path::{Path, PathBuf};
use std::process::Command;

use picopost_testkit::chains::shapes;

use crate::support::real;

fn repository(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(file)
}

fn read(file: &str) -> String {
    std::fs::read_to_string(repository(file)).unwrap()
}

/// The lines behind a shell's `$ command` in a document, up to the end of the listing.
fn shown<'t>(text: &'t str, command: &str) -> &'t str {
    let start = text.find(&format!("$ {command}\n")).unwrap_or_else(|| panic!("`{command}` is not shown"));
    let (_, listing) = text[start..].split_once('\n').unwrap();
    listing.split_once("```").unwrap().0
}

#[test]
fn the_examples_are_real() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::copy(real("cloudflare-inc-ecc-ca-3.pem"), folder.path().join("seed.pem")).unwrap();
    std::fs::copy(real("cloudflare-gts-cross-signed.pem"), folder.path().join("saved.pem")).unwrap();
    for (file, command) in [
        ("README.md", "picopost trust --pem seed.pem --now 2026-11-23T00:00:00Z"),
        ("docs/trust.md", "picopost trust --pem saved.pem --now 2025-01-27T00:00:00Z"),
    ] {
        let words: Vec<&str> = command.split(' ').skip(1).collect();
        let output = Command::new(env!("CARGO_BIN_EXE_picopost"))
            .args(words)
            .current_dir(folder.path())
            .output()
            .unwrap();
        let printed = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        let text = read(file);
        assert_eq!(shown(&text, command), printed, "{file}: {command} prints\n{printed}");
    }
}

/// Every finding that the command can make has a row, and every row is a finding.
#[test]
fn every_code_is_on_its_page() {
    let sources = [
        "chain",
        "check",
        "damage",
        "fate",
        "file",
        "host",
        "input/mod",
        "input/pem",
        "mod",
        "recommend",
        "roots",
    ]
    .map(|name| read(&format!("crates/cli/src/trust/{name}.rs")))
    .concat();
    let mut codes: Vec<&str> = ["Finding::error(", "Finding::warning(", "Finding::note(", "fate.code = "]
        .iter()
        .flat_map(|start| sources.split(start).skip(1))
        .filter_map(|rest| rest.trim_start().strip_prefix('"')?.split('"').next())
        .collect();
    codes.sort_unstable();
    codes.dedup();
    assert!(codes.len() > 30, "{codes:?}");
    let page = read("docs/trust.md");
    let mut rows: Vec<&str> = page
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once("` | "))
        .map(|(code, _)| code)
        .collect();
    rows.retain(|row| !row.starts_with('-') && !FORMATS.contains(row));
    rows.sort_unstable();
    assert_eq!(rows, codes);
}

const FORMATS: [&str; 10] =
    ["rust", "pem", "der", "c", "arduino", "bearssl", "esp-idf", "zephyr", "mbedtls", "micropython"];

#[test]
fn the_build_script_works() {
    let script = read("docs/trust-build.rs");
    assert!(read("docs/trust.md").contains(&script), "docs/trust.md shows docs/trust-build.rs");
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("build");
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let compiled = Command::new(rustc)
        .args(["--edition", "2024", "-o"])
        .args([&program, &repository("docs/trust-build.rs")])
        .status();
    assert!(compiled.unwrap().success());
    std::fs::create_dir(folder.path().join("src")).unwrap();
    let build = |picopost: &str, ask_hosts: bool| {
        let mut build = Command::new(&program);
        build.current_dir(folder.path()).env("PICOPOST", picopost).env_remove("ASK_HOSTS");
        if ask_hosts {
            build.env("ASK_HOSTS", "1");
        }
        let output = build.output().unwrap();
        let text = |octets| String::from_utf8(octets).unwrap();
        (output.status.code(), text(output.stdout), text(output.stderr))
    };
    let run = |picopost: &str, anchors: &[u8]| {
        std::fs::write(folder.path().join("src/anchors.rs"), anchors).unwrap();
        build(picopost, false)
    };
    let picopost = env!("CARGO_BIN_EXE_picopost");
    let (status, stdout, _) = run(picopost, shapes::gts().root_pem.as_bytes());
    assert_eq!((status, stdout.contains("cargo:warning")), (Some(0), false), "{stdout}");
    let dead = std::fs::read(real("cloudflare-inc-ecc-ca-3.pem")).unwrap();
    let (status, _, stderr) = run(picopost, &dead);
    assert_eq!(status, Some(1));
    assert!(stderr.contains("`Cloudflare Inc ECC CA-3` expired on 2024-12-31"), "{stderr}");
    assert!(stderr.ends_with("trust auth.example.com --format rust -o src/anchors.rs\n"), "{stderr}");
    // Where no host is reached, what the calendar says counts all the same.
    let offline = folder.path().join("offline");
    let script =
        format!("#!/bin/sh\ncase \"$*\" in *auth.example.com) exit 3;; esac\nexec '{picopost}' \"$@\"\n");
    std::fs::write(&offline, script).unwrap();
    let chmod = Command::new("chmod").arg("+x").arg(&offline).status().unwrap();
    assert!(chmod.success());
    let offline = offline.display().to_string();
    let (status, _, stderr) = build(&offline, true);
    assert_eq!(status, Some(1));
    assert!(stderr.contains("`Cloudflare Inc ECC CA-3` expired on 2024-12-31"), "{stderr}");
    run(&offline, shapes::gts().root_pem.as_bytes());
    let (status, stdout, _) = build(&offline, true);
    assert_eq!((status, stdout.contains("cargo:warning")), (Some(0), true), "{stdout}");
    // Anchors that cannot be read are no host that was not reached.
    std::fs::remove_file(folder.path().join("src/anchors.rs")).unwrap();
    let (status, stdout, stderr) = build(&offline, true);
    assert_eq!((status, stdout.contains("cargo:warning")), (Some(1), false), "{stdout}");
    assert!(stderr.contains("`src/anchors.rs` cannot be read: no such file or folder"), "{stderr}");
    let (status, stdout, _) = run("/nowhere/picopost", &dead);
    assert_eq!((status, stdout.contains("cargo:warning=the trust anchors are not checked")), (Some(0), true));
}
