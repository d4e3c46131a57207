//! `--check`: what a firmware embeds, against its hosts and the calendar.

use picopost_testkit::chains::{Chain, NAME, shapes};
use rustls::version::TLS13;

use crate::server::{Server, Shows};
use crate::support::{NOW, file, findings, real, report, trust};

const THEN: &str = "2025-01-27T00:00:00Z";

/// A firmware's file, made by the command in each format that it can read again: all of them.
fn made(folder: &tempfile::TempDir, format: &str) -> String {
    let output = folder.path().join(format!("anchors.{format}")).display().to_string();
    let chain = real("cloudflare-gts-cross-signed.pem");
    let run = trust(&["--pem", &chain, "--now", THEN, "--minimal", "--format", format, "-o", &output]);
    assert_eq!((run.status, run.stderr.as_str()), (0, ""), "{format}");
    output
}

#[test]
fn every_format_against_a_saved_chain() {
    let folder = tempfile::tempdir().unwrap();
    let chain = real("cloudflare-gts-cross-signed.pem");
    for format in
        ["rust", "pem", "der", "c", "arduino", "bearssl", "esp-idf", "zephyr", "mbedtls", "micropython"]
    {
        let anchors = made(&folder, format);
        let (status, report) = report(&["--check", &anchors, "--pem", &chain, "--now", THEN]);
        assert_eq!((status, findings(&report)), (0, vec![]), "{format}");
        assert_eq!(report["check"]["hosts"][0]["by"], "GTS Root R4", "{format}");
        assert_eq!(report["check"]["until"], "2031-06-22", "{format}");
    }
}

#[test]
fn anchors_that_do_not_verify() {
    let folder = tempfile::tempdir().unwrap();
    let chain = real("cloudflare-gts-cross-signed.pem");
    let stranger = file(&folder, "stranger.pem", shapes::gts().root_pem);
    let (status, report) = report(&["--check", &stranger, "--pem", &chain, "--now", THEN]);
    assert_eq!((status, findings(&report)), (1, vec!["E anchors-do-not-verify".to_owned()]));
    assert_eq!(report["check"]["hosts"][0]["verified"], false);
    assert_eq!(
        report["check"]["hosts"][0]["by"],
        "no path leads from the server's certificate to a trust anchor (number 3206)"
    );

    // A server's own certificate is no anchor.
    let leaf = file(&folder, "leaf.der", &shapes::gts().certificates[0]);
    let (status, report) = crate::support::report(&["--check", &leaf, "--now", NOW]);
    assert_eq!((status, findings(&report)), (1, vec!["E no-anchors".to_owned()]));
}

#[test]
fn anchors_that_end() {
    let folder = tempfile::tempdir().unwrap();
    let anchors = made(&folder, "rust");
    let days = |days: &str| report(&["--check", &anchors, "--now", "2031-06-01T00:00:00Z", "--days", days]);
    let (status, report) = days("21");
    assert_eq!((status, findings(&report)), (0, vec![]));
    let (status, report) = days("22");
    assert_eq!((status, findings(&report)), (1, vec!["E anchor-ends".to_owned()]));
    assert_eq!(
        report["findings"][0]["title"],
        "`GTS Root R4` comes to its end: Mozilla is due to stop trusting it for servers on 2031-06-22"
    );
    // Without a host to hold it against, one anchor that lasts is enough.
    let both = std::fs::read_to_string(&anchors).unwrap()
        + &std::fs::read_to_string({
            let path = folder.path().join("sectigo.rs").display().to_string();
            let dead = real("cloudflare-inc-ecc-ca-3.pem");
            trust(&["--pem", &dead, "--now", NOW, "--format", "rust", "-o", &path]);
            path
        })
        .unwrap();
    let both = file(&folder, "both.rs", both);
    let (status, report) = crate::support::report(&["--check", &both, "--now", "2031-06-01T00:00:00Z"]);
    assert_eq!(status, 0);
    assert!(findings(&report).contains(&"W anchor-ends".to_owned()));
}

#[test]
fn a_host_and_the_anchors_of_its_own_authority() {
    let folder = tempfile::tempdir().unwrap();
    let chain = Chain::from_table(
        "root          p384  root          ca until:2026-07-15
         intermediate  p256  root          ca:0
         server        p256  intermediate  server dns:device.example
         send server intermediate",
    );
    let server = Server::start(Shows::one(&chain), &[&TLS13]);
    let host = format!("{NAME}:{}", server.port);
    let resolve = format!("{host}:127.0.0.1");
    let root = file(&folder, "root.pem", &chain.root_pem);
    let check = |more: &[&str]| {
        report(&[&["--check", &root, &host, "--resolve", &resolve, "--now", NOW], more].concat())
    };
    // 44 days.
    let (status, report) = check(&["--days", "40", "--roots", &root]);
    assert_eq!((status, findings(&report)), (0, vec![]), "{report:#}");
    let (status, report) = check(&["--days", "50", "--roots", &root]);
    assert_eq!((status, findings(&report)), (1, vec!["E anchor-ends".to_owned()]));
    // That Mozilla does not know the root is no matter: the firmware's owner does.
    let (status, report) = check(&["--days", "40"]);
    assert_eq!((status, report["check"]["hosts"][0]["verified"].clone()), (0, true.into()), "{report:#}");
}

/// The anchor may issue for `example` alone, as a certificate or as picopost keeps it.
#[test]
fn anchors_with_name_constraints() {
    let folder = tempfile::tempdir().unwrap();
    let table = |name: &str| {
        Chain::from_table(&format!(
            "root          p256  root          ca permit:example
             intermediate  p256  root          ca:0
             server        p256  intermediate  server dns:{name}
             send server intermediate"
        ))
    };
    let [within, beyond] = ["device.example", "device.test"].map(|name| {
        let path = file(&folder, &format!("{name}.pem"), table(name).pem);
        (path, name)
    });
    let certificate = file(&folder, "root.pem", table("device.example").root_pem);
    let rust = folder.path().join("anchors.rs").display().to_string();
    let arguments = ["--pem", &within.0, "--roots", &certificate, "--now", NOW, "--format"];
    let made = trust(&[&arguments[..], &["rust", "-o", &rust]].concat());
    assert_eq!((made.status, made.stderr.as_str()), (0, ""), "{}", made.stdout);
    for anchors in [&certificate, &rust] {
        let (status, report) = report(&["--check", anchors, "--pem", &within.0, "--now", NOW]);
        assert_eq!((status, &report["check"]["hosts"][0]["verified"]), (0, &true.into()), "{report:#}");
        let (status, report) =
            crate::support::report(&["--check", anchors, "--pem", &beyond.0, "--now", NOW]);
        assert_eq!((status, &report["check"]["hosts"][0]["verified"]), (1, &false.into()), "{anchors}");
    }
    // A format that would lose them is refused.
    let bundle = folder.path().join("bundle").display().to_string();
    for format in ["bearssl", "esp-idf"] {
        let run = trust(&[&arguments[..], &[format, "-o", &bundle]].concat());
        assert_eq!(run.status, 2);
        assert_eq!(
            run.stderr,
            "error: this format keeps a name and a key alone, and `picopost test root` may issue for some names only: \
             with it the device would take its word for all\n\
             hint: leave it out, or take `--format pem`\n"
        );
        assert!(!std::path::Path::new(&bundle).exists());
    }
}

/// What nobody knows stays an error where the firmware's anchors do not verify it either.
#[test]
fn a_host_of_an_authority_that_neither_side_knows() {
    let folder = tempfile::tempdir().unwrap();
    let chain = Chain::from_table(
        "root    p256  root  ca
         server  p256  root  server dns:device.example
         send server root",
    );
    let server = Server::start(Shows::one(&chain), &[&TLS13]);
    let host = format!("{NAME}:{}", server.port);
    let resolve = format!("--resolve={host}:127.0.0.1");
    let stranger = file(
        &folder,
        "stranger.pem",
        Chain::from_table("stranger p256 stranger ca\n x p256 stranger server\n send x").root_pem,
    );
    let (status, found) = report(&["--check", &stranger, &host, &resolve, "--now", NOW]);
    let expected = ["E unknown-root", "N root-sent", "E anchors-do-not-verify"].map(str::to_owned);
    assert_eq!((status, findings(&found)), (1, expected.to_vec()));
    let root = file(&folder, "root.pem", &chain.root_pem);
    let (status, found) = report(&["--check", &root, &host, &resolve, "--now", NOW]);
    assert_eq!((status, findings(&found)), (0, vec!["N root-sent".to_owned()]));
}

/// The command in a file's comment does what it says.
#[test]
fn the_comment_says_how_to_check() {
    let folder = tempfile::tempdir().unwrap();
    let anchors = made(&folder, "rust");
    let text = std::fs::read_to_string(&anchors).unwrap();
    let command = text.lines().find_map(|line| line.split_once("--check THIS_FILE ")).unwrap().1;
    assert_eq!(command, format!("--pem {}", real("cloudflare-gts-cross-signed.pem")));
    // The day on which it was made is not the one that was asked about.
    let line = text.lines().find(|line| line.starts_with("// made on ")).unwrap();
    assert!(!line.contains("made on 2025-01-27"), "{line}");
    // A root alone is nothing to hold a file against.
    let root = made(&folder, "pem");
    let again = trust(&["--pem", &root, "--now", NOW, "--format", "pem"]);
    assert!(again.stdout.contains("trust --check THIS_FILE\n"), "{}", again.stdout);
}
