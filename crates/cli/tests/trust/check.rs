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
