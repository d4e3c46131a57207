//! What is written can be read again, by the reader of everything; the real consumers are in
//! `tests/trust/`.

use clap::ValueEnum as _;

use super::*;
use crate::trust::input::{Input, Item};
use crate::trust::roots::mozilla;

fn roots() -> Vec<&'static Certificate> {
    // P-384, RSA-4096, RSA-2048, P-256.
    ["GTS Root R4", "ISRG Root X1", "Amazon Root CA 1", "Amazon Root CA 3"]
        .map(|name| mozilla().iter().find(|root| root.subject.short == name).unwrap())
        .to_vec()
}

#[test]
fn every_format_can_be_read_again() {
    let contents = Contents { roots: roots(), comment: vec!["GTS Root R4 0x30, 0x82".to_owned()] };
    let folder = tempfile::tempdir().unwrap();
    for format in Format::value_variants() {
        let path = folder.path().join("file");
        std::fs::write(&path, contents.file(*format)).unwrap();
        let input = Input::read(&path).unwrap();
        assert_eq!(input.findings, [], "{format:?}");
        let mut keys: Vec<&[u8]> = input
            .items
            .iter()
            .map(|item| match item {
                Item::Certificate(certificate) => certificate.spki.as_slice(),
                Item::Anchor(anchor) => anchor.spki.as_slice(),
            })
            .collect();
        let mut expected: Vec<&[u8]> = contents.roots.iter().map(|root| root.spki.as_slice()).collect();
        // The bundle is sorted by name.
        keys.sort_unstable();
        expected.sort_unstable();
        assert_eq!(keys, expected, "{format:?}");
    }
}

#[test]
fn names_cannot_break_out_of_comments() {
    let mut evil = roots()[0].clone();
    evil.subject.short = "x */ #error \\\n// \"\"\"\u{1b}[2J".to_owned();
    let contents = Contents { roots: vec![&evil], comment: Vec::new() };
    for format in Format::value_variants().iter().filter(|format| !format.is_binary()) {
        let text = String::from_utf8(contents.file(*format)).unwrap();
        assert!(!text.contains("#error"), "{format:?}");
        assert!(!text.contains('\u{1b}'), "{format:?}");
    }
}
