//! What must not get into a firmware: roots that nobody knows, that have another's name, that are
//! damaged or have ended, and what a device cannot use.

use picopost_testkit::chains::{Chain, NAME, shapes};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, DnValue, IsCa, Issuer, KeyPair, string,
};
use rustls::version::TLS13;

use crate::server::{Server, Shows};
use crate::support::{NOW, anchors, file, findings, real, report, trust};

/// What is recommended for a file, and what is written: the exit status, the findings, the roots.
#[derive(Debug, PartialEq, Eq)]
struct Verdict {
    status: i32,
    findings: Vec<String>,
    embed: Vec<String>,
    is_written: bool,
}

fn verdict(arguments: &[&str]) -> Verdict {
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("anchors.pem");
    let (status, report) = report(&[arguments, &["--minimal"]].concat());
    let path = output.display().to_string();
    let written = trust(&[arguments, &["--minimal", "--format", "pem", "-o", &path]].concat());
    assert_eq!(written.status == 0, output.exists(), "{}", written.stderr);
    let embed = ["needed", "given"].map(|purpose| anchors(&report, purpose)).concat();
    Verdict { status, findings: findings(&report), embed, is_written: output.exists() }
}

fn is(status: i32, findings: &[&str], embed: &[&str], is_written: bool) -> Verdict {
    let owned = |list: &[&str]| list.iter().map(|one| (*one).to_owned()).collect();
    Verdict { status, findings: owned(findings), embed: owned(embed), is_written }
}

fn authority(name: DnValue) -> CertificateParams {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    (params.not_before, params.not_after) =
        (rcgen::date_time_ymd(2020, 1, 1), rcgen::date_time_ymd(2040, 1, 1));
    params
}

/// A path that was good once is no reason to take the root that lasts longer.
#[test]
fn a_root_behind_an_expired_certificate() {
    let folder = tempfile::tempdir().unwrap();
    let rows = [
        "root          p384  root  ca until:2030-01-01",
        "old           p256  old   ca",
        "root/old      p384  old   ca until:2026-01-01
         intermediate  p256  root  ca:0
         server        p256  intermediate  server dns:device.example
         send server intermediate root/old",
    ];
    let chain = Chain::from_table(&rows.join("\n"));
    let old = Chain::from_table(&[rows[1], rows[0], rows[2]].join("\n"));
    let saved = file(&folder, "saved.pem", &chain.pem);
    let roots = file(&folder, "roots.pem", [old.root_pem, chain.root_pem].concat());
    let found = verdict(&["--pem", &saved, "--roots", &roots, "--now", NOW]);
    assert_eq!(found, is(0, &["W expired-in-chain"], &["picopost test root"], true));
    // Where there is no other, it is named, and not written.
    let found = verdict(&["--pem", &real("cloudflare-gts-cross-signed.pem"), "--now", NOW]);
    assert_eq!(found, is(1, &["E expired"], &["GTS Root R4"], false));
}

/// P-521, which a desktop verifies with, and a device does not.
#[test]
fn a_root_that_the_device_cannot_verify_with() {
    let folder = tempfile::tempdir().unwrap();
    let (large, small) = (authority("large root".into()), authority("small root".into()));
    let large_key = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P521_SHA512).unwrap();
    let small_key = KeyPair::generate().unwrap();
    let large_root = large.self_signed(&large_key).unwrap();
    let large = Issuer::new(large, large_key);
    let cross = small.signed_by(&small_key, &large).unwrap();
    let mut ending = small.clone();
    ending.not_after = rcgen::date_time_ymd(2030, 1, 1);
    let small_root = ending.self_signed(&small_key).unwrap();
    let mut server = CertificateParams::new(vec![NAME.to_owned()]).unwrap();
    (server.not_before, server.not_after) = (small.not_before, small.not_after);
    let server = server.signed_by(&KeyPair::generate().unwrap(), &Issuer::new(small, small_key)).unwrap();

    let saved = file(&folder, "saved.pem", server.pem() + &cross.pem());
    let both = file(&folder, "both.pem", large_root.pem() + &small_root.pem());
    let large = file(&folder, "large.pem", large_root.pem());
    let found = verdict(&["--pem", &saved, "--roots", &both, "--now", NOW]);
    assert_eq!(found, is(0, &[], &["small root"], true));
    let found = verdict(&["--pem", &saved, "--roots", &large, "--now", NOW]);
    assert_eq!(found, is(1, &["E device-refuses-chain"], &["large root"], false));
    // As a file to embed it is of no use either; nor is RSA of 1,024 bits, which is a root all the same.
    assert_eq!(verdict(&["--pem", &large, "--now", NOW]), is(1, &["E unfit"], &[], false));
    let short = file(&folder, "short.pem", SHORT);
    let (status, report) = report(&["--pem", &short, "--now", "2027-01-01T00:00:00Z"]);
    assert_eq!((status, findings(&report)), (1, vec!["E unfit".to_owned()]));
    assert_eq!(report["sources"][0]["chains"][0]["certificates"][0]["role"], "root");
    let (status, report) = crate::support::report(&["--check", &short, "--now", "2027-01-01T00:00:00Z"]);
    assert_eq!((status, findings(&report)), (1, vec!["W unfit".to_owned(), "E no-anchors".to_owned()]));
}

/// A root with RSA-1024 and SHA-256, made with OpenSSL.
const SHORT: &str = "-----BEGIN CERTIFICATE-----
MIIB9zCCAWCgAwIBAgIBATANBgkqhkiG9w0BAQsFADAXMRUwEwYDVQQDDAxhIHNo
b3J0IHJvb3QwHhcNMjYxMTIzMjIwODUzWhcNNDAwODAxMjIwODUzWjAXMRUwEwYD
VQQDDAxhIHNob3J0IHJvb3QwgZ8wDQYJKoZIhvcNAQEBBQADgY0AMIGJAoGBAL1Y
tJA0SnUp38CVrYEMKbS1gp1hTjVd3uHtT5SImon1G1sgb4gkA93LCUrEzxxADD7T
QFa1goZS9q90zn8pwu9lAb0tqzzXvqc/RAyKNHYYkGxk7oG4wM3U8tUjoc/St7SM
zkoKOBMkE1Degp+ykm7ubvvJWaOnii5/na75roBFAgMBAAGjUzBRMB0GA1UdDgQW
BBSnIYAw11qY3Qq7VD9b3K3tkZl8cjAfBgNVHSMEGDAWgBSnIYAw11qY3Qq7VD9b
3K3tkZl8cjAPBgNVHRMBAf8EBTADAQH/MA0GCSqGSIb3DQEBCwUAA4GBAGCbS+4W
wYPosNJSueMbHBqW8RwOmrAkC35h3zjz010zrRCe19liPuLX/Xu7ET5/cFtntAA0
7JcFRTzWUMbsiCDrjyihF6ij1yfbyYePMVIPwaGKF9aGKyB6kSkPEtObSK0FRmFf
/oO00Ba+OsLggDha9IFxc1epDRL7iHvFT7ox
-----END CERTIFICATE-----
";

/// A root that came with a saved chain may be anybody's; one that was given alone is the giver's.
#[test]
fn a_root_that_nobody_knows() {
    let folder = tempfile::tempdir().unwrap();
    let chain = Chain::from_table(
        "root    p256  root  ca
         server  p256  root  server dns:device.example
         send server root",
    );
    let saved = file(&folder, "saved.pem", &chain.pem);
    let root = file(&folder, "root.pem", &chain.root_pem);
    let found = verdict(&["--pem", &saved, "--now", NOW]);
    assert_eq!(found, is(1, &["E unknown-root", "N root-sent"], &[], false));
    // Nor beside a chain that is good.
    let good = file(&folder, "good.pem", shapes::cross_signed_root_from_old().pem);
    let roots = file(&folder, "roots.pem", shapes::cross_signed_root_from_old().root_pem);
    let found = verdict(&["--pem", &saved, "--pem", &good, "--roots", &roots, "--now", NOW]);
    let expected = ["E unknown-root", "N root-sent"];
    assert_eq!(found, is(1, &expected, &["picopost test old"], false));
    let found = verdict(&["--pem", &root, "--now", NOW]);
    assert_eq!(found, is(0, &["W unknown-root"], &["picopost test root"], true));
    let found = verdict(&["--pem", &saved, "--roots", &root, "--now", NOW]);
    assert_eq!(found, is(0, &["N root-sent"], &["picopost test root"], true));
}

/// `GTS Root R4` is a PrintableString in the real one.
#[test]
fn a_known_root_s_name_with_another_key() {
    let folder = tempfile::tempdir().unwrap();
    for name in [
        DnValue::Utf8String("GTS Root R4".to_owned()),
        DnValue::PrintableString(string::PrintableString::try_from("GTS  Root r4").unwrap()),
    ] {
        let mut params = authority(name);
        params.distinguished_name.push(DnType::OrganizationName, "Google Trust Services LLC");
        params.distinguished_name.push(DnType::CountryName, "US");
        let key = KeyPair::generate().unwrap();
        let root = params.self_signed(&key).unwrap();
        let path = file(&folder, "root.pem", root.pem());
        assert_eq!(verdict(&["--pem", &path, "--now", NOW]), is(1, &["E another-key"], &[], false));
        // Nor is it a matter of what stands beside it.
        let known = file(&folder, "known.pem", shapes::direct().root_pem + &root.pem());
        let found = verdict(&["--pem", &known, "--now", NOW]);
        assert_eq!((found.status, found.is_written), (1, false), "{found:?}");
        let mut server = CertificateParams::new(vec![NAME.to_owned()]).unwrap();
        (server.not_before, server.not_after) = (params.not_before, params.not_after);
        let server = server.signed_by(&KeyPair::generate().unwrap(), &Issuer::new(params, key)).unwrap();
        let saved = file(&folder, "saved.pem", server.pem() + &root.pem());
        let found = verdict(&["--pem", &saved, "--now", NOW]);
        assert_eq!(found, is(1, &["E another-key", "N root-sent"], &[], false));
    }
}

/// Every place of three roots is tried in `damage_tests.rs`.
#[test]
fn a_damaged_root() {
    let folder = tempfile::tempdir().unwrap();
    let made = trust(&[
        "--pem",
        &real("cloudflare-gts-cross-signed.pem"),
        "--now",
        "2025-01-27T00:00:00Z",
        "--minimal",
        "--format",
        "pem",
    ]);
    let (comment, begin) = made.stdout.split_at(made.stdout.find("-----BEGIN").unwrap());
    let mut lines: Vec<&str> = begin.lines().collect();
    let count = lines.len();
    // The signature's last line but one.
    let other = if lines[count - 3].starts_with('A') { 'B' } else { 'A' };
    let changed = format!("{other}{}", &lines[count - 3][1..]);
    lines[count - 3] = &changed;
    let damaged = file(&folder, "damaged.pem", format!("{comment}{}\n", lines.join("\n")));
    // The real one takes its place.
    assert_eq!(verdict(&["--pem", &damaged, "--now", NOW]), is(1, &["E damaged"], &["GTS Root R4"], false));
    let (_, shown) = report(&["--pem", &damaged, "--now", NOW]);
    let real = "349dfa4058c5e263123b398ae795573c4e1313c83fe68f93556cd5e8031b3c7d";
    assert_eq!(shown["recommendation"]["anchors"][0]["sha256"], real);
    let (status, report) = report(&["--check", &damaged, "--now", NOW]);
    assert_eq!((status, findings(&report)), (1, vec!["E damaged".to_owned(), "E no-anchors".to_owned()]));
    // As a root to trust it is none, and nothing is written beside it.
    let chain = shapes::gts();
    let (saved, root) = (file(&folder, "saved.pem", chain.pem), file(&folder, "root.pem", chain.root_pem));
    let found = verdict(&["--pem", &saved, "--roots", &root, "--roots", &damaged, "--now", NOW]);
    assert_eq!(found, is(1, &["E damaged"], &["picopost test root"], false));
}

#[test]
fn a_root_that_has_ended() {
    let folder = tempfile::tempdir().unwrap();
    let chain = Chain::from_table(
        "root    p256  root  ca until:2026-05-01
         server  p256  root  server dns:device.example
         send server",
    );
    let saved = file(&folder, "saved.pem", [chain.pem.as_str(), &shapes::direct().pem].concat());
    let ended = file(&folder, "ended.pem", &chain.root_pem);
    let found = verdict(&["--pem", &saved, "--roots", &ended, "--now", NOW]);
    assert_eq!((found.status, found.is_written), (1, false));
    assert!(found.findings.contains(&"E anchor-ends".to_owned()), "{found:?}");
    // Before that day it is a root like any other.
    let found = verdict(&["--pem", &saved, "--roots", &ended, "--now", "2026-01-01T00:00:00Z"]);
    assert_eq!((found.status, found.embed.as_slice()), (0, &["picopost test root".to_owned()][..]));
    // That it was given does not make browsers trust it again.
    let old = real("globalsign-root-ca.pem");
    let found = verdict(&["--pem", &old, "--roots", &old, "--now", NOW]);
    assert_eq!((found.status, found.embed.len(), found.is_written), (1, 0, false), "{found:?}");
}

#[test]
fn an_intermediate_as_a_root() {
    let folder = tempfile::tempdir().unwrap();
    let chain = shapes::gts();
    let der = |place: usize| file(&folder, "intermediate.der", &chain.certificates[place]);
    let saved = file(&folder, "saved.pem", &chain.pem);
    let intermediate = der(1);
    let found = verdict(&["--pem", &saved, "--roots", &intermediate, "--now", NOW]);
    assert_eq!(found.findings, ["W intermediate-as-anchor"]);
    let (_, shown) = report(&["--pem", &intermediate, "--roots", &intermediate, "--now", NOW]);
    assert_eq!(shown["sources"][0]["chains"][0]["certificates"][0]["role"], "intermediate");
    let (status, checked) = report(&["--check", &intermediate, "--pem", &saved, "--now", NOW]);
    assert_eq!((status, findings(&checked)), (0, vec!["W intermediate-as-anchor".to_owned()]));
    let root = file(&folder, "root.pem", &chain.root_pem);
    let (status, checked) = report(&["--check", &root, "--pem", &saved, "--now", NOW]);
    assert_eq!((status, findings(&checked)), (0, vec![]));
}

/// `openssl req -x509` makes its own certificate an authority's.
#[test]
fn a_server_that_signed_itself_as_an_authority() {
    let chain = Chain::from_table("server p256 server ca dns:device.example\n send server");
    let server = Server::start(Shows::one(&chain), &[&TLS13]);
    let host = format!("{NAME}:{}", server.port);
    let resolve = format!("--resolve={host}:127.0.0.1");
    let (status, report) = report(&[&host, &resolve, "--now", NOW]);
    assert_eq!((status, &findings(&report)[0]), (1, &"E self-signed".to_owned()), "{report:#}");
}

#[test]
fn the_roots_of_every_provider_that_is_shown() {
    let folder = tempfile::tempdir().unwrap();
    let issued_by = |organization: &str, name: &str| {
        let mut params = authority(name.into());
        params.distinguished_name.push(DnType::OrganizationName, organization);
        let key = KeyPair::generate().unwrap();
        let root = params.self_signed(&key).unwrap().pem();
        let mut server = CertificateParams::new(vec![NAME.to_owned()]).unwrap();
        (server.not_before, server.not_after) = (params.not_before, params.not_after);
        let server = server.signed_by(&KeyPair::generate().unwrap(), &Issuer::new(params, key)).unwrap();
        let path = |what: &str| file(&folder, &format!("{organization}-{what}.pem"), "");
        let (saved, roots) = (path("saved"), path("roots"));
        std::fs::write(&saved, server.pem() + &root).unwrap();
        std::fs::write(&roots, &root).unwrap();
        (saved, roots)
    };
    let (amazon, google) = (issued_by("Amazon", "A"), issued_by("Google Trust Services", "G"));
    let arguments =
        ["--pem", &amazon.0, "--pem", &google.0, "--roots", &amazon.1, "--roots", &google.1, "--now", NOW];
    let (status, found) = report(&arguments);
    assert_eq!(status, 0, "{found:#}");
    let provided = anchors(&found, "provider");
    for root in ["Amazon Root CA 3", "Amazon Root CA 1", "GTS Root R4", "GTS Root R1"] {
        assert!(provided.contains(&root.to_owned()), "{root}: {provided:?}");
    }
    assert_eq!(found["recommendation"]["provider"], "Amazon Web Services and Google Trust Services");
    // None that has ended by then, by its own date or by Mozilla's.
    let (_, later) = report(&["--pem", &amazon.0, "--roots", &amazon.1, "--now", "2039-01-01T00:00:00Z"]);
    let provided = anchors(&later, "provider");
    assert_eq!(provided, Vec::<String>::new(), "{later:#}");
}

/// The smallest set, and no root that happens to stand above something in the chain.
#[test]
fn a_saved_chain_needs_no_root_beside_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let rows = ["root  p384  root  ca", "old  rsa4096  old  ca"];
    let rest = "root/old      p384  old           ca
                intermediate  p256  root          ca:0
                server        p256  intermediate  server dns:device.example
                send server intermediate root/old old";
    let chain = Chain::from_table(&[&rows[..], &[rest]].concat().join("\n"));
    let other = Chain::from_table(&[rows[1], rows[0], rest].join("\n"));
    let saved = file(&folder, "saved.pem", &chain.pem);
    let roots = file(&folder, "roots.pem", chain.root_pem.clone() + &other.root_pem);
    let found = verdict(&["--pem", &saved, "--roots", &roots, "--now", NOW]);
    assert_eq!((found.status, found.embed), (0, vec!["picopost test root".to_owned()]));
}

/// A name that no certificate can point to.
#[test]
fn a_root_without_a_name() {
    let folder = tempfile::tempdir().unwrap();
    let mut params = authority("x".into());
    params.distinguished_name = DistinguishedName::new();
    let root = file(&folder, "root.pem", params.self_signed(&KeyPair::generate().unwrap()).unwrap().pem());
    assert_eq!(verdict(&["--pem", &root, "--now", NOW]), is(1, &["E unfit"], &[], false));
    let chain = shapes::gts();
    let (saved, good) = (file(&folder, "saved.pem", chain.pem), file(&folder, "good.pem", chain.root_pem));
    let found = verdict(&["--pem", &saved, "--roots", &good, "--roots", &root, "--now", NOW]);
    assert_eq!(found, is(1, &["E unfit"], &["picopost test root"], false));
}
