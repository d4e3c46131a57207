//! Arguments that are wrong: a sentence, a hint, the exit status.

use picopost_testkit::chains::shapes;

use crate::support::{NOW, file, real, trust};

#[test]
fn what_is_wrong_with_the_arguments() {
    let folder = tempfile::tempdir().unwrap();
    let chain = shapes::gts();
    let root = file(&folder, "root.pem", &chain.root_pem);
    let leaf = file(&folder, "leaf.der", &chain.certificates[0]);
    let text = file(&folder, "text", "hello");
    let missing = folder.path().join("missing").display().to_string();
    let table: [(&[&str], i32, &str); 6] = [
        (&["--pem", &missing], 3, &format!("error: `{missing}` cannot be read: no such file or folder\n")),
        (
            &["--pem", &text],
            2,
            &format!(
                "error: `{text}` holds no certificate\n\
                 hint: give PEM, DER, a source file with one of them in it, or an ESP-IDF certificate bundle\n"
            ),
        ),
        (
            &["--pem", &root, "--roots", &leaf],
            2,
            &format!(
                "error: `{leaf}` holds no certificate of an authority\n\
                 hint: `--roots` takes the certificates of roots, in PEM or DER\n"
            ),
        ),
        (
            &["--pem", &root, "--format", "esp-idf"],
            2,
            "error: this format is no text, and needs a file\nhint: name it with `-o FILE`\n",
        ),
        (
            &["--pem", &root, "--format", "rust", "--json"],
            2,
            "error: `--json` and the anchors cannot both go to stdout\nhint: name a file for the anchors with `-o FILE`\n",
        ),
        (
            &["--pem", &root, "--format", "pem", "-o", "/proc/picopost", "--now", NOW],
            3,
            "error: `/proc/picopost` cannot be written: no such file or folder\n",
        ),
    ];
    for (arguments, status, stderr) in table {
        let output = trust(arguments);
        assert_eq!((output.status, output.stderr.as_str()), (status, stderr), "{arguments:?}");
    }
    // clap's own words for these.
    for arguments in [
        &[][..],
        &["--days", "1"],
        &["a b"],
        &["http://a"],
        &["a:0"],
        &["a", "--provider", "x"],
        &["a", "-o", "x"],
        &["a", "--check", "x", "--format", "pem"],
        &["a", "--minimal", "--provider", "aws"],
        &["a", "--now", "yesterday"],
        &["a", "--timeout", "0"],
    ] {
        let output = trust(arguments);
        assert_eq!((output.status, output.stdout.as_str()), (2, ""), "{arguments:?}");
    }
}

#[test]
fn der_is_for_one_certificate() {
    let folder = tempfile::tempdir().unwrap();
    let chain = real("cloudflare-gts-cross-signed.pem");
    let output = folder.path().join("root.der").display().to_string();
    let arguments = ["--pem", &chain, "--now", "2025-01-27T00:00:00Z", "--format", "der", "-o", &output];
    let run = trust(&arguments);
    assert_eq!(run.status, 2);
    assert_eq!(
        run.stderr,
        "error: DER holds one certificate, and 8 are recommended\n\
         hint: `--format pem` takes all; `--minimal` leaves the provider's other roots out\n"
    );
    let run = trust(&[&arguments[..], &["--minimal"]].concat());
    assert_eq!((run.status, run.stderr.as_str()), (0, ""));
    let (der, comment) =
        (std::fs::read(&output).unwrap(), std::fs::read_to_string(format!("{output}.txt")).unwrap());
    assert_eq!((der[0], der.len()), (0x30, 525));
    assert!(comment.contains("1. GTS Root R4 (P-384), until 2036-06-22, needed"), "{comment}");
}

/// Bisection finds one of two entries: the other root would be embedded in vain.
#[test]
fn an_esp_idf_bundle_has_one_root_of_a_name() {
    let folder = tempfile::tempdir().unwrap();
    let both = [shapes::gts().root_pem, shapes::rsa().root_pem].concat();
    let roots = file(&folder, "roots.pem", both);
    let bundle = folder.path().join("bundle").display().to_string();
    let run = trust(&["--pem", &roots, "--format", "esp-idf", "-o", &bundle, "--now", NOW]);
    assert_eq!(run.status, 2);
    assert_eq!(
        run.stderr,
        "error: ESP-IDF's bundle finds roots by their names, and two are called `picopost test root`\n\
         hint: leave one out, or take `--format pem`\n"
    );
    assert!(!std::path::Path::new(&bundle).exists());
}

#[test]
fn help_has_examples() {
    let output = trust(&["--help"]);
    assert_eq!(output.status, 0);
    assert!(output.stdout.contains("Usage: picopost trust [OPTIONS] [HOST[:PORT]]..."), "{}", output.stdout);
    assert!(
        output.stdout.contains("\n  picopost trust --check src/anchors.rs auth.example.com --days 180\n")
    );
}
