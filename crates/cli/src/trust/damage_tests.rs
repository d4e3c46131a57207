//! One damaged character of Base64, anywhere in a root: never a root to embed.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use super::*;
use crate::finding::Severity;
use crate::trust::file::File;
use crate::trust::input::Input;
use crate::trust::roots::mozilla;

/// 2026-06-01T00:00:00Z.
const NOW: i64 = 1_780_272_000;

/// Explains a file with this Base64 of a certificate.
fn explain(base64: &str) -> File {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("root.pem");
    let text = format!("-----BEGIN CERTIFICATE-----\n{base64}\n-----END CERTIFICATE-----\n");
    std::fs::write(&path, text).unwrap();
    File::new(&Input::read(&path).unwrap(), &Roots::default(), NOW)
}

#[test]
fn no_damaged_root_is_embedded() {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    // P-384, RSA-4096, RSA-2048.
    for name in ["GTS Root R4", "ISRG Root X1", "Amazon Root CA 1"] {
        let root = mozilla().iter().find(|root| root.subject.short == name).unwrap();
        let base64 = BASE64_STANDARD.encode(&root.der);
        assert!(explain(&base64).source.embedded.unwrap().works);
        for at in 0..base64.trim_end_matches('=').len() {
            let place = ALPHABET.iter().position(|one| *one == base64.as_bytes()[at]).unwrap();
            let mut changed = base64.clone().into_bytes();
            // Another bit of its six each time.
            changed[at] = ALPHABET[place ^ 1 << (at % 6)];
            let changed = String::from_utf8(changed).unwrap();
            let file = explain(&changed);
            if file.certificates == [root.clone()] {
                // Bits behind the last octet, which mean nothing.
                continue;
            }
            let errors = file.source.findings.iter().filter(|finding| finding.severity == Severity::Error);
            assert!(errors.count() > 0, "{name}, character {at}: {:?}", file.source);
            assert!(file.source.embedded.is_none_or(|embedded| !embedded.works), "{name}, character {at}");
            let embeds = file.good_roots.iter().find(|good| good != &root);
            assert_eq!(embeds, None, "{name}, character {at}");
            assert!(file.in_doubt || file.good_roots.is_empty(), "{name}, character {at}");
        }
    }
}
