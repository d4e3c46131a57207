//! Files that are explained: what they are, whether a device that embeds them works, what to embed
//! instead.

use serde_json::json;

use crate::support::{NOW, anchors, file, findings, real, report, trust};

/// The certificate of the article that picopost began with: "the second one of `s_client -showcerts`".
#[test]
fn an_intermediate_that_many_embed() {
    let path = real("cloudflare-inc-ecc-ca-3.pem");
    let output = trust(&["--pem", &path, "--now", NOW]);
    assert_eq!((output.status, output.stderr.as_str()), (1, "error: 1 finding of severity error\n"));
    let expected = format!(
        "FILE  {path}: PEM, one certificate: the intermediate `Cloudflare Inc ECC CA-3`, issued by `Baltimore CyberTrust Root`
  1 intermediate: Cloudflare Inc ECC CA-3
                P-256, signed with RSA with SHA-256 by CN=Baltimore CyberTrust Root, OU=CyberTrust,
                O=Baltimore, C=IE
                2020-01-27 to 2024-12-31, 517 days ago; 977 octets, 163 as name and key
                SHA-256 3abbe63daf756c5016b6b85f52015fd8e8acbe277c5087b127a60563a841ed8a
                embed: no: it expired on 2024-12-31, and no server has a certificate under it
  embedded      a device that embeds this can reach nobody since 2024-12-31
  error: the intermediate `Cloudflare Inc ECC CA-3` expired on 2024-12-31
    hint: embed current roots instead: see what to embed, or ask `picopost trust HOST`
    note: its issuer `Baltimore CyberTrust Root` expired on 2025-05-12, and Mozilla stopped
      trusting it for servers on 2025-04-15

EMBED
  and the other roots that Cloudflare may move to:
    GTS Root R4: P-384, 189 octets as name and key, until 2036-06-22 (Mozilla 2031-06-22)
    GTS Root R1: RSA-4096, 617 octets as name and key, until 2036-06-22 (Mozilla 2031-06-22)
    ISRG Root X2: P-384, 197 octets as name and key, until 2040-09-17 (Mozilla 2035-09-04)
"
    );
    assert!(output.stdout.starts_with(&expected), "{}", output.stdout);

    let (_, report) = report(&["--pem", &path, "--now", NOW]);
    assert_eq!(findings(&report), ["E expired", "N issuer"]);
    assert_eq!(anchors(&report, "needed"), Vec::<String>::new());
    assert_eq!(anchors(&report, "provider").len(), 8);
    assert_eq!(report["recommendation"]["provider"], "Cloudflare");
    assert_eq!(report["sources"][0]["embedded"]["works"], false);
    assert_eq!(report["sources"][0]["embedded"]["date"], "2024-12-31");
}

/// What a Cloudflare edge sent in January 2025.
#[test]
fn a_chain_with_a_cross_signed_root() {
    let path = real("cloudflare-gts-cross-signed.pem");
    let arguments = ["--pem", &path, "--now", "2025-01-27T00:00:00Z"];
    let output = trust(&arguments);
    assert_eq!((output.status, output.stderr.as_str()), (0, ""));
    for expected in [
        ": PEM, a server's chain of 3 certificates\n",
        "embed: never: it is gone in 61 days, and each renewal replaces it\n",
        "embed: not unless you control both ends: authorities replace intermediates without\n",
        "
                embed: no: the root of the same key, `GTS Root R4`, lasts until 2036-06-22; this
                copy is for clients that know only `GlobalSign Root CA`, which Mozilla stops
                trusting for servers on 2025-04-15, and ends on 2028-01-28
  paths
    ipapi.co
    └─ WE1
       ├─ GTS Root R4  [a root of Mozilla's; verified, 10.7 M instructions]
       └─ GTS Root R4, cross-signed
          └─ GlobalSign Root CA  [neither sent nor in Mozilla's set; Mozilla stops trusting it for servers on 2025-04-15]
",
        "
EMBED
  GTS Root R4
                until 2036-06-22; Mozilla is due to end its trust for servers on 2031-06-22
                P-384, 7.96 M instructions a signature; 525 octets, 189 as name and key
                SHA-256 349dfa4058c5e263123b398ae795573c4e1313c83fe68f93556cd5e8031b3c7d
",
        "
  and the other roots that Cloudflare may move to:
    GTS Root R1: RSA-4096, 617 octets as name and key, until 2036-06-22 (Mozilla 2031-06-22)
    ISRG Root X2: P-384, 197 octets as name and key, until 2040-09-17 (Mozilla 2035-09-04)
    ISRG Root X1: RSA-4096, 625 octets as name and key, until 2035-06-04 (Mozilla 2030-06-04)
    SSL.com Root Certification Authority ECC: P-384,",
        "
  until         these anchors keep working until 2036-06-22, the weakest link is `GTS Root R4`:
                Mozilla is due to stop trusting it for servers on 2031-06-22, and servers for
                browsers leave it before
",
    ] {
        assert!(output.stdout.contains(expected), "{expected}\nis not in\n{}", output.stdout);
    }
    let (_, report) = report(&arguments);
    assert_eq!(anchors(&report, "needed"), ["GTS Root R4"]);
    let anchor = &report["recommendation"]["anchors"][0];
    assert_eq!((&anchor["key"], &anchor["not_after"]), (&json!("P-384"), &json!("2036-06-22")));
    assert_eq!(report["recommendation"]["until"], "2036-06-22");
    let roles: Vec<_> = report["sources"][0]["chains"][0]["certificates"]
        .as_array()
        .unwrap()
        .iter()
        .map(|certificate| certificate["role"].as_str().unwrap())
        .collect();
    assert_eq!(roles, ["leaf", "intermediate", "cross-signed-root"]);
}

/// The same, saved long ago: its root is still what to embed.
#[test]
fn an_old_chain_still_names_its_root() {
    let path = real("cloudflare-gts-cross-signed.pem");
    let (status, report) = report(&["--pem", &path, "--now", NOW, "--minimal"]);
    assert_eq!((status, findings(&report)), (1, vec!["E expired".to_owned()]));
    assert_eq!(anchors(&report, "needed"), ["GTS Root R4"]);
}

#[test]
fn parts_of_a_chain_as_anchors() {
    let folder = tempfile::tempdir().unwrap();
    let chain = std::fs::read_to_string(real("cloudflare-gts-cross-signed.pem")).unwrap();
    let parts: Vec<&str> = chain.split_inclusive("-----END CERTIFICATE-----\n").collect();
    let explain = |name: &str, content: &str, now: &str| {
        let path = file(&folder, name, content);
        report(&["--pem", &path, "--now", now])
    };
    let then = "2025-01-27T00:00:00Z";
    let (status, leaf) = explain("leaf.pem", parts[0], then);
    assert_eq!((status, findings(&leaf)), (1, vec!["E leaf-as-anchor".to_owned()]));
    assert_eq!(leaf["sources"][0]["embedded"]["works"], false);

    let (status, intermediate) = explain("intermediate.pem", parts[1], then);
    assert_eq!((status, findings(&intermediate)), (0, vec!["W intermediate-as-anchor".to_owned()]));
    assert_eq!(intermediate["sources"][0]["embedded"]["date"], "2029-02-20");
    assert_eq!(anchors(&intermediate, "given"), ["GTS Root R4"]);
    assert_eq!(intermediate["recommendation"]["provider"], "Cloudflare");

    let (status, cross_signed) = explain("cross.pem", parts[2], NOW);
    assert_eq!((status, findings(&cross_signed)), (0, vec![]));
    assert_eq!(anchors(&cross_signed, "given"), ["GTS Root R4"]);
    // It has expired, and so has its issuer: the root of its key lives on.
    let (status, cross_signed) = explain("cross.pem", parts[2], "2029-01-01T00:00:00Z");
    assert_eq!((status, findings(&cross_signed)), (1, vec!["E expired".to_owned(), "N issuer".to_owned()]));
    assert_eq!(anchors(&cross_signed, "given"), ["GTS Root R4"]);
}

#[test]
fn roots_as_anchors() {
    let path = real("globalsign-root-ca.pem");
    let (status, before) = report(&["--pem", &path, "--now", "2025-01-27T00:00:00Z"]);
    assert_eq!((status, findings(&before)), (0, vec![]));
    let (status, after) = report(&["--pem", &path, "--now", NOW]);
    assert_eq!(status, 1);
    assert_eq!(findings(&after), ["E distrusted"]);
    assert_eq!(after["sources"][0]["embedded"]["date"], "2025-04-15");
    // One that works stays as it is: its issuer's other roots are not pushed on anybody.
    let folder = tempfile::tempdir().unwrap();
    let made = trust(&[
        "--pem",
        &real("cloudflare-gts-cross-signed.pem"),
        "--minimal",
        "--now",
        "2025-01-27T00:00:00Z",
        "--format",
        "pem",
    ]);
    assert_eq!((made.status, made.stderr.as_str()), (0, ""));
    let root = file(&folder, "root.pem", made.stdout);
    let (status, report) = report(&["--pem", &root, "--now", NOW]);
    assert_eq!((status, findings(&report)), (0, vec![]));
    assert_eq!(anchors(&report, "given"), ["GTS Root R4"]);
    assert_eq!(anchors(&report, "provider"), Vec::<String>::new());
}

#[test]
fn a_damaged_file_names_the_place() {
    let folder = tempfile::tempdir().unwrap();
    let text = std::fs::read_to_string(real("cloudflare-inc-ecc-ca-3.pem")).unwrap();
    let broken = file(&folder, "broken.pem", text.replacen("MIID", "MII#", 1));
    let output = trust(&["--pem", &broken, "--now", NOW]);
    assert_eq!(output.status, 1);
    let expected = "  error: line 2, column 4: `#` is not Base64\n    hint: take a fresh copy: `openssl s_client \
                    -showcerts` prints whole ones\n";
    assert!(output.stdout.contains(expected), "{}", output.stdout);
    // The article's own listing had lost a dash: that can be read.
    let dash = file(&folder, "dash.pem", text.replacen("-----BEGIN", "----BEGIN", 1).replace('\n', "\r\n  "));
    let (_, report) = report(&["--pem", &dash, "--now", NOW]);
    assert_eq!(findings(&report), ["N repaired", "E expired", "N issuer"]);
    let title = "line 1: the BEGIN line has 4 dashes in front instead of 5; it was read all the same";
    assert_eq!(report["sources"][0]["findings"][0]["title"], title);
}

/// An authority of a name that was a root's once: nobody trusts that any more.
#[test]
fn a_chain_that_leads_to_a_former_root() {
    use rcgen::{BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyPair};
    let params = |name: &str, names: Vec<String>| {
        let mut params = CertificateParams::new(names).unwrap();
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, name);
        params
    };
    let mut root = params("Baltimore CyberTrust Root", Vec::new());
    root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let issuer = Issuer::new(root, KeyPair::generate().unwrap());
    let server = params("server", vec!["device.example".to_owned()]);
    let server = server.signed_by(&KeyPair::generate().unwrap(), &issuer).unwrap();
    let mut other = params("other", Vec::new());
    other.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let other = other.self_signed(&KeyPair::generate().unwrap()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = file(&folder, "chain.pem", server.pem() + &other.pem());
    let (status, report) = report(&["--pem", &path, "--now", NOW]);
    assert_eq!(status, 1);
    assert_eq!(findings(&report), ["E former-root", "W extra-certificates", "N root-sent"]);
}

/// Names in certificates are whoever's made them.
#[test]
fn a_name_that_would_steer_the_terminal() {
    use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, KeyPair};
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, "\u{1b}[2Jgood\u{202e}toor */ #error\n");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let root = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = file(&folder, "evil.pem", root.pem());
    let output = trust(&["--pem", &path]);
    assert_eq!(output.status, 0, "{}", output.stdout);
    assert!(output.stdout.contains("\\u{1b}[2Jgood\\u{202e}toor */ #error\\n"), "{}", output.stdout);
    assert!(!output.stdout.contains(['\u{1b}', '\u{202e}']));
    let made = trust(&["--pem", &path, "--format", "c"]);
    assert_eq!(made.status, 0);
    assert!(
        made.stdout.contains("_[2Jgood_toor _/ _error_") || made.stdout.contains("__2Jgood_toor _/ _error_"),
        "{}",
        made.stdout
    );
    assert!(!made.stdout.contains("#error"));
}
