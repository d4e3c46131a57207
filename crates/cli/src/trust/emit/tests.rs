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

/// A name may say anything, also what begins PEM: to Mbed TLS, and to the reader of everything.
#[test]
fn names_cannot_begin_pem() {
    for name in ["-----BEGIN CERTIFICATE-----", "-BEGIN CERTIFICATE", "x -----END CERTIFICATE-----"] {
        let mut evil = roots()[0].clone();
        evil.subject.short = name.to_owned();
        let chosen = [Chosen { root: evil, purpose: Purpose::Needed, sources: vec![name.to_owned()] }];
        let recommendation = crate::trust::recommend::shown(&chosen, &[], 0);
        let made = Made { command: name, on: 0 };
        let contents = Contents::new(&chosen, &recommendation, &[name.to_owned()], name, &made);
        for format in Format::value_variants().iter().filter(|format| !format.is_binary()) {
            let file = tempfile::NamedTempFile::new().unwrap();
            std::fs::write(file.path(), contents.file(*format)).unwrap();
            let input = Input::read(file.path()).unwrap();
            assert_eq!((input.items.len(), input.findings), (1, vec![]), "{format:?}: {name}");
        }
    }
}

/// A root for these names alone.
fn constrained() -> Certificate {
    use picopost_testkit::chains::Chain;
    let chain = Chain::from_table(
        "root p256 root ca permit:example\n server p256 root server dns:device.example\n send server",
    );
    Certificate::from_der(&chain.root).unwrap().0
}

#[test]
fn name_constraints_are_kept_or_the_format_is_refused() {
    let root = constrained();
    let constraints = root.name_constraints().unwrap();
    assert!(constraints.is_some());
    let contents = Contents { roots: vec![roots()[0], &root, roots()[1]], comment: Vec::new() };
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), contents.file(Format::Rust)).unwrap();
    let input = Input::read(file.path()).unwrap();
    let read: Vec<_> = input.anchors().map(|anchor| anchor.constraints.clone()).collect();
    assert_eq!(read, [None, constraints, None]);
    for format in Format::value_variants() {
        let refusal = format.refusal(&[&root]);
        let is_lossy = matches!(format, Format::Bearssl | Format::EspIdf);
        assert_eq!(refusal.is_some(), is_lossy, "{format:?}");
        assert!(refusal.is_none_or(|refusal| refusal.sentence.contains("`picopost test root`")));
    }
}

/// An array without its root would be a file that verifies nobody.
#[test]
fn a_key_that_a_format_cannot_hold_is_refused() {
    let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P521_SHA512).unwrap();
    let mut params = rcgen::CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let (root, _) = Certificate::from_der(params.self_signed(&key).unwrap().der())
        .map(|(root, rest)| (root, rest.len()))
        .unwrap();
    let refusal = Format::Bearssl.refusal(&[roots()[0], &root]).unwrap();
    assert!(refusal.sentence.ends_with("`: P-521"), "{refusal:?}");
    assert_eq!(Format::Bearssl.refusal(&roots()), None);
    // And what webpki cannot read, for picopost: a certificate that was cut.
    let mut cut = root;
    cut.der.truncate(100);
    assert!(Format::Rust.refusal(&[&cut]).is_some());
}

/// ESP-IDF finds a root by bisection.
#[test]
fn the_bundle_of_esp_idf_is_sorted() {
    let mut roots = roots();
    roots.sort_by(|one, other| other.subject.der.cmp(&one.subject.der));
    let contents = Contents { roots: roots.clone(), comment: Vec::new() };
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), contents.file(Format::EspIdf)).unwrap();
    let input = Input::read(file.path()).unwrap();
    let names: Vec<&[u8]> = input.anchors().map(|anchor| anchor.subject.der.as_slice()).collect();
    assert_eq!(names.len(), 4);
    assert!(names.is_sorted());
}
