//! The test park: a server of every shape that is met, and what is recommended for it.
//!
//! The certificates are tables of the test kit (`picopost_testkit::chains`); the first row of each is
//! the root that is known, by `--roots`, unless the park says otherwise.

use std::fmt::Write as _;

use picopost_testkit::chains::{Chain, NAME, faulty, shapes};
use rustls::crypto::aws_lc_rs::cipher_suite::TLS13_AES_256_GCM_SHA384;
use rustls::version::{TLS12, TLS13};

use crate::server::{Server, Shows};
use crate::support::{NOW, anchors, file, findings, report};

/// What the command says of each server: the anchors to embed, the exit status, and the findings (E
/// error, W warning, N note).
const EXPECTED: &str = "
server                           | embed              | exit | findings
all P-256 and P-384              | root               | 0    |
Let's Encrypt's shape            | root               | 0    |
RSA alone                        | root               | 0    |
ECDSA or RSA, by the client      | root               | 0    | N chains-differ
no intermediate at all           | root               | 0    |
P-384 server key                 | root               | 0    |
cross-signed root, both known    | root               | 0    |
cross-signed root, new known     | root               | 0    |
cross-signed root, old known     | old                | 0    |
cross-signed, new one ends first | old                | 0    |
cross-signed, both last          | root               | 0    |
another root of the same name    |                    | 1    | E another-key
missing intermediate             |                    | 1    | E missing-intermediate
wrong order                      | root               | 0    | W wrong-order
an extra certificate             | root               | 0    | W extra-certificates
the root is sent                 | root               | 0    | N root-sent
self-signed                      |                    | 1    | E self-signed
private CA, root sent            |                    | 1    | E unknown-root, N root-sent
private CA, root not sent        |                    | 1    | E missing-intermediate
name constraints, kept           | root               | 0    |
name constraints, broken         |                    | 1    | E bad-path
expired root in the chain        | root               | 0    | N root-sent, W expired-in-chain, W expired-in-chain
root that ends in 30 days        | root               | 0    | W ends-soon
expired server certificate       | root               | 1    | E expired
expired intermediate             | root               | 1    | E expired-chain
not yet valid                    | root               | 1    | E not-yet-valid
for another name                 | root               | 1    | E wrong-name
not made for servers             |                    | 1    | E bad-path
a leaf as authority              |                    | 1    | E not-an-authority, W extra-certificates
a forged signature               |                    | 1    | E wrong-signature, W extra-certificates
TLS 1.2 alone                    | root               | 1    | E tls-1.2-only
another certificate without name | root               | 0    | N server-name-matters
no handshake without name        | root               | 0    | N needs-server-name
nine certificates                |                    | 1    | E bad-path
seven, five of them for nothing  | root               | 1    | E device-refuses-chain, W extra-certificates
octets that are no certificate   | root               | 1    | E unreadable-certificate
no AES-128, no ChaCha20          | root               | 1    | E device-refused
";

struct Row {
    name: &'static str,
    shows: Shows,
    /// In PEM; what `--roots` gets.
    roots: String,
    speaks: Speaks,
}

enum Speaks {
    Both,
    Tls12,
    Aes256,
}

fn row(name: &'static str, chain: &Chain) -> Row {
    Row { name, shows: Shows::one(chain), roots: chain.root_pem.clone(), speaks: Speaks::Both }
}

/// A row whose root nobody knows: an unrelated one is given instead.
fn unknown(name: &'static str, chain: &Chain) -> Row {
    Row { roots: stranger(), ..row(name, chain) }
}

fn table(name: &'static str, table: &str) -> Row {
    row(name, &Chain::from_table(table))
}

fn stranger() -> String {
    Chain::from_table("stranger p256 stranger ca\n x p256 stranger server\n send x").root_pem
}

fn park() -> Vec<Row> {
    let (gts, rsa) = (shapes::gts(), shapes::rsa());
    let cross = shapes::cross_signed_root();
    let old = shapes::cross_signed_root_from_old();
    vec![
        row("all P-256 and P-384", &gts),
        row("Let's Encrypt's shape", &shapes::lets_encrypt()),
        row("RSA alone", &rsa),
        Row {
            shows: Shows::by_scheme(&gts, &rsa),
            roots: [gts.root_pem.clone(), rsa.root_pem.clone()].concat(),
            ..row("ECDSA or RSA, by the client", &gts)
        },
        row("no intermediate at all", &shapes::direct()),
        row("P-384 server key", &shapes::p384_server()),
        Row {
            roots: [old.root_pem.clone(), cross.root_pem.clone()].concat(),
            ..row("cross-signed root, both known", &cross)
        },
        row("cross-signed root, new known", &cross),
        row("cross-signed root, old known", &old),
        cross_signed("cross-signed, new one ends first", "until:2027-01-01"),
        // Then the shorter path costs less.
        cross_signed("cross-signed, both last", "ca"),
        Row {
            roots: Chain::from_table("root p256 root ca key:another\n x p256 root server\n send x").root_pem,
            ..row("another root of the same name", &shapes::direct())
        },
        row("missing intermediate", &faulty::no_intermediate()),
        row("wrong order", &shapes::out_of_order()),
        table(
            "an extra certificate",
            "root          p384  root          ca
             intermediate  p256  root          ca:0
             stranger      p256  stranger      ca
             odd           p256  stranger      ca
             server        p256  intermediate  server dns:device.example
             send server intermediate odd",
        ),
        table(
            "the root is sent",
            "root    p256  root  ca
             server  p256  root  server dns:device.example
             send server root",
        ),
        unknown("self-signed", &faulty::self_signed()),
        unknown(
            "private CA, root sent",
            &Chain::from_table(
                "root    p256  root  ca
                 server  p256  root  server dns:device.example
                 send server root",
            ),
        ),
        unknown("private CA, root not sent", &shapes::direct()),
        row("name constraints, kept", &shapes::constrained()),
        row("name constraints, broken", &faulty::name_constraint()),
        table(
            "expired root in the chain",
            "root          p384     root          ca
             old           rsa4096  old           ca until:2026-01-01
             root/old      p384     old           ca until:2026-01-01
             intermediate  p256     root          ca:0
             server        p256     intermediate  server dns:device.example
             send server intermediate root/old old",
        ),
        table(
            "root that ends in 30 days",
            "root    p256  root  ca until:2026-07-01
             server  p256  root  server dns:device.example
             send server",
        ),
        row("expired server certificate", &faulty::expired()),
        row("expired intermediate", &faulty::expired_intermediate()),
        row("not yet valid", &faulty::not_yet_valid()),
        row("for another name", &faulty::wrong_name()),
        row("not made for servers", &faulty::client_only()),
        row("a leaf as authority", &faulty::leaf_as_ca()),
        row("a forged signature", &faulty::forged()),
        Row { speaks: Speaks::Tls12, ..row("TLS 1.2 alone", &gts) },
        Row {
            shows: Shows::by_name(NAME, &gts, &faulty::wrong_name()),
            ..row("another certificate without name", &gts)
        },
        Row { shows: Shows::only_by_name(NAME, &gts), ..row("no handshake without name", &gts) },
        row("nine certificates", &faulty::nine_certificates()),
        table(
            "seven, five of them for nothing",
            "root          p384  root          ca
             intermediate  p256  root          ca:0
             a             p256  a             ca
             b             p256  a             ca
             c             p256  a             ca
             d             p256  a             ca
             e             p256  a             ca
             server        p256  intermediate  server dns:device.example
             send server intermediate b c d e b",
        ),
        row("octets that are no certificate", &with_junk()),
        Row { speaks: Speaks::Aes256, ..row("no AES-128, no ChaCha20", &gts) },
    ]
}

/// A root on P-384 with these words, cross-signed by one on P-256; both are known.
fn cross_signed(name: &'static str, words: &str) -> Row {
    let table = |first: &str, second: &str| {
        Chain::from_table(&format!(
            "{first}
             {second}
             root/old      p384  old           ca
             intermediate  p256  root/old      ca:0
             server        p256  intermediate  server dns:device.example
             send server intermediate root/old"
        ))
    };
    let (root, old) = (format!("root p384 root ca {words}"), "old p256 old ca");
    let (chain, other) = (table(old, &root), table(&root, old));
    Row { roots: [chain.root_pem.clone(), other.root_pem].concat(), ..row(name, &chain) }
}

/// A good chain with something behind it.
fn with_junk() -> Chain {
    let mut chain = shapes::gts();
    chain.certificates.push(vec![1, 2, 3].into());
    chain
}

#[test]
fn every_server_of_the_park() {
    let folder = tempfile::tempdir().unwrap();
    let mut found =
        String::from("\nserver                           | embed              | exit | findings\n");
    for Row { name, shows, roots, speaks } in park() {
        let server = match speaks {
            Speaks::Both => Server::start(shows, &[&TLS12, &TLS13]),
            Speaks::Tls12 => Server::start(shows, &[&TLS12]),
            Speaks::Aes256 => Server::with_suite(shows, TLS13_AES_256_GCM_SHA384),
        };
        let roots = file(&folder, "roots.pem", roots);
        let host = format!("{NAME}:{}", server.port);
        let resolve = format!("{host}:127.0.0.1");
        let (status, report) =
            report(&[&host, "--resolve", &resolve, "--roots", &roots, "--now", NOW, "--timeout", "60"]);
        let names = anchors(&report, "needed").join(", ").replace("picopost test ", "");
        let line = format!("{name:<32} | {names:<18} | {status:<4} | {}", findings(&report).join(", "));
        writeln!(found, "{}", line.trim_end()).unwrap();
    }
    assert_eq!(found, EXPECTED, "\nfound:{found}");
}

/// Two hosts that one root would do for, although each alone would take another.
#[test]
fn hosts_share_an_anchor() {
    let folder = tempfile::tempdir().unwrap();
    let cross = shapes::cross_signed_root();
    let old = Chain::from_table(
        "old     rsa4096  old  ca
         server  p256     old  server dns:device.example
         send server",
    );
    let servers = [&cross, &old].map(|chain| Server::start(Shows::one(chain), &[&TLS13]));
    let roots = file(&folder, "roots.pem", [cross.root_pem, old.root_pem].concat());
    let ask = |servers: &[&Server]| {
        let hosts: Vec<String> = servers.iter().map(|server| format!("{NAME}:{}", server.port)).collect();
        let resolve: Vec<String> = hosts.iter().map(|host| format!("--resolve={host}:127.0.0.1")).collect();
        let arguments: Vec<&str> = hosts.iter().chain(&resolve).map(String::as_str).collect();
        let (status, report) = report(&[&arguments, &["--roots", &roots, "--now", NOW][..]].concat());
        assert_eq!(status, 0, "{report:#}");
        anchors(&report, "needed")
    };
    assert_eq!(ask(&[&servers[0]]), ["picopost test root"]);
    assert_eq!(ask(&[&servers[1]]), ["picopost test old"]);
    assert_eq!(ask(&[&servers[0], &servers[1]]), ["picopost test old"]);
}

/// By its address a server gets no name, and must have the address in its certificate.
#[test]
fn a_host_by_its_address() {
    let folder = tempfile::tempdir().unwrap();
    let chain = Chain::from_table(
        "root    p256  root  ca
         server  p256  root  server ip:127.0.0.1
         send server",
    );
    let server = Server::start(Shows::one(&chain), &[&TLS13]);
    let roots = file(&folder, "roots.pem", &chain.root_pem);
    let host = format!("127.0.0.1:{}", server.port);
    let (status, report) = report(&[&host, "--roots", &roots, "--now", NOW]);
    assert_eq!((status, findings(&report)), (0, vec![]));
    let attempts = report["sources"][0]["attempts"].as_array().unwrap();
    assert_eq!(attempts.len(), 4, "{attempts:#?}");
    assert!(attempts.iter().all(|attempt| attempt["server_name"] == "none, for an address"));
}
