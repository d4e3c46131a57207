//! A client with a certificate: what is wrong with its files, and what a server says to it.

use std::process::Command;

use picopost_testkit::chains::{Chain, NAME, clients, shapes};
use picopost_testkit::code::alert;
use picopost_testkit::{Action, Event, Listener, Message, Script};
use tempfile::TempDir;

use crate::support::{Output, assert_fails, file, picopost};

/// The hint for whoever has another kind of key.
const MAKE_KEY: &str = "hint: make one with `openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out \
                        key.pem`, and have a certificate issued for it\n";
const KEY: &str = "hint: give the certificate's private key: PKCS #8 or SEC 1, as PEM or DER\n";
const CERTIFICATES: &str =
    "hint: give the client's own certificate and then its issuer's, as PEM, or the first as DER\n";

struct Files {
    folder: TempDir,
    anchors: String,
    certificate: String,
    key: String,
}

impl Files {
    fn new(client: &Chain) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let anchors = file(&folder, "root.pem", shapes::direct().root_pem);
        let certificate = file(&folder, "client.pem", &client.pem);
        let key = file(&folder, "key.pem", client.key.pem());
        Self { folder, anchors, certificate, key }
    }

    fn assert_fails(&self, certificate: &str, key: &str, status: i32, stderr: &str) {
        let url = "https://127.0.0.1:1/";
        let own = ["--client-cert", certificate, "--client-key", key];
        assert_fails(
            &[&[url, "--json", "{}", "--anchors", &self.anchors][..], &own].concat(),
            status,
            stderr,
        );
    }
}

#[test]
fn what_is_wrong_with_a_key() {
    let files = Files::new(&clients::good());
    let folder = &files.folder;
    let fails = |key: &str, status, rest: &str| {
        let stderr = format!("error: the client's key `{key}` {rest}");
        files.assert_fails(&files.certificate, key, status, &stderr);
    };
    let rsa = clients::rsa().key;
    let encrypted = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMAA=\n-----END ENCRYPTED PRIVATE KEY-----\n";
    let missing = folder.path().join("missing").display().to_string();
    fails(&missing, 3, &format!("cannot be read: no such file or folder\n{KEY}"));
    fails(&file(folder, "empty", ""), 2, &format!("is empty\n{KEY}"));
    fails(&file(folder, "text", "hello"), 2, &format!("holds neither PEM nor DER\n{KEY}"));
    fails(&files.certificate, 2, &format!("holds no private key\n{KEY}"));
    for (name, content) in [("rsa.pem", rsa.pem().into_bytes()), ("rsa.der", rsa.der().to_vec())] {
        let sentence = "is an RSA key, and picopost signs with P-256 alone";
        fails(&file(folder, name, content), 2, &format!("{sentence}\n{MAKE_KEY}"));
    }
    fails(
        &file(folder, "p384.pem", clients::p384().key.pem()),
        2,
        &format!("is no private key for P-256, with which alone picopost signs\n{MAKE_KEY}"),
    );
    fails(
        &file(folder, "encrypted.pem", encrypted),
        2,
        "is encrypted\nhint: decrypt it with `openssl pkey -in FILE -out key.pem`\n",
    );
    let half: String = clients::good().key.pem().split_inclusive('\n').take(2).collect();
    fails(
        &file(folder, "half.pem", half),
        2,
        "is damaged PEM: the END line of its `PRIVATE KEY` is missing\nhint: take a fresh copy\n",
    );
    let another = file(folder, "another.pem", clients::another().key.pem());
    let stderr = format!(
        "error: the client's key `{another}` is not the key of the client's certificate `{}`\n\
         hint: `openssl x509 -noout -pubkey -in FILE` and `openssl pkey -pubout -in FILE` show both\n",
        files.certificate
    );
    files.assert_fails(&files.certificate, &another, 2, &stderr);
}

#[test]
fn what_is_wrong_with_a_certificate() {
    let files = Files::new(&clients::good());
    let folder = &files.folder;
    let fails = |certificate: &str, status, rest: &str| {
        let stderr = format!("error: the client's certificate `{certificate}` {rest}");
        files.assert_fails(certificate, &files.key, status, &stderr);
    };
    let missing = folder.path().join("missing").display().to_string();
    fails(&missing, 3, &format!("cannot be read: no such file or folder\n{CERTIFICATES}"));
    fails(&file(folder, "empty", "\n"), 2, &format!("is empty\n{CERTIFICATES}"));
    fails(&files.key, 2, &format!("holds no certificate\n{CERTIFICATES}"));
    fails(
        &file(folder, "bad.der", [0x30, 0]),
        2,
        &format!("holds DER that is no certificate\n{CERTIFICATES}"),
    );
    fails(
        &file(folder, "rsa.pem", clients::rsa().pem),
        2,
        &format!("is for an RSA key that is not on P-256, with which alone picopost signs\n{MAKE_KEY}"),
    );
    fails(
        &file(folder, "p384.pem", clients::p384().pem),
        2,
        &format!("is for a key that is not on P-256, with which alone picopost signs\n{MAKE_KEY}"),
    );
    fails(
        &file(folder, "agree.pem", clients::may_not_sign().pem),
        2,
        "is for a key that may not sign: its keyUsage has no digitalSignature\n\
         hint: have one issued with digitalSignature\n",
    );
}

/// clap says which of the two is missing.
#[test]
fn one_is_not_given_without_the_other() {
    let files = Files::new(&clients::good());
    let base = ["post", "https://127.0.0.1:1/", "--json", "{}", "--anchors", &files.anchors];
    let pairs = [
        ("--client-cert", &files.certificate, "--client-key"),
        ("--client-key", &files.key, "--client-cert"),
    ];
    for (given, path, missing) in pairs {
        let output = picopost(&[&base[..], &[given, path]].concat(), b"");
        assert_eq!(output.status, 2);
        assert!(output.stderr.contains(&format!("{missing} <FILE>")), "{}", output.stderr);
    }
}

/// A server that asks for a certificate, and answers or ends with an alert.
fn post(last: Option<u8>, own: &[&str], anchors: &str) -> (Output, Vec<Event>) {
    let mut script = Script::good(shapes::direct())
        .before(Message::Certificate, [Action::Send(Message::CertificateRequest)])
        .await_data("{}");
    if let Some(description) = last {
        let end = [Action::Alert { level: 2, description }, Action::EndOfFile];
        script = script.before_response(end);
    }
    let listener = Listener::start(script);
    let port = listener.address().port();
    let (url, resolve) = (format!("https://{NAME}:{port}/"), format!("{NAME}:{port}:127.0.0.1"));
    let base = ["post", &url, "--resolve", &resolve, "--json", "{}", "--anchors", anchors];
    let output = picopost(&[&base[..], &["--now", "2026-06-01T00:00:00Z"], own].concat(), b"");
    let seen = listener.finish().remove(0);
    assert_eq!(seen.complaint, None);
    (output, seen.events)
}

#[test]
fn pem_and_der_are_sent() {
    let client = clients::good();
    let files = Files::new(&client);
    let sec1 = files.folder.path().join("sec1.pem");
    let status =
        Command::new("openssl").args(["ec", "-in", &files.key, "-out"]).arg(&sec1).output().unwrap().status;
    assert!(status.success(), "openssl makes SEC 1 of PKCS #8");
    let both = std::fs::read(&files.certificate).unwrap();
    let both = [both, std::fs::read(&files.key).unwrap()].concat();
    let both = file(&files.folder, "both.pem", both);
    let der = file(&files.folder, "client.der", &client.certificates[0]);
    let key_der = file(&files.folder, "key.der", client.key.der());
    for (certificate, key, count) in [
        (&files.certificate, &files.key, 2),
        (&both, &both, 2),
        (&der, &key_der, 1),
        (&der, &sec1.display().to_string(), 1),
    ] {
        let own = ["--client-cert", certificate, "--client-key", key];
        let (output, events) = post(None, &own, &files.anchors);
        assert_eq!(output.status, 0, "{}", output.stderr);
        assert!(events.contains(&Event::Certificates(count)), "{events:?}");
        assert!(events.contains(&Event::CertificateVerify));
    }
}

#[test]
fn a_verdict_says_what_to_do() {
    let files = Files::new(&clients::good());
    let own = ["--client-cert", &files.certificate, "--client-key", &files.key];
    let hints = [
        (
            alert::UNKNOWN_CA,
            "unknown_ca",
            "give the intermediate certificates in `--client-cert` too, or a certificate by a CA that the server knows",
        ),
        (45, "certificate_expired", "renew the certificate, or set the server's clock"),
        (
            43,
            "unsupported_certificate",
            "does it allow clientAuth (extendedKeyUsage)? `openssl x509 -noout -text -in FILE` shows it",
        ),
        (49, "access_denied", "ask the server's operator: the certificate is known, and not let in"),
        (42, "bad_certificate", "the server's log may say more"),
    ];
    for (description, name, hint) in hints {
        let (output, _) = post(Some(description), &own, &files.anchors);
        let number = 3500 + u16::from(description);
        let stderr = format!(
            "error: the server refused the client's certificate ({name}) (number {number}, stage head)\nhint: {hint}\n"
        );
        assert_eq!(output, Output { status: 1, stdout: String::new(), stderr });
    }
    let (output, events) = post(Some(116), &[], &files.anchors);
    let stderr = "error: the server wants a client certificate, and was sent none (certificate_required) \
                  (number 3616, stage head)\n\
                  hint: give it the client's certificate: `--client-cert FILE --client-key FILE`\n";
    assert_eq!(output, Output { status: 1, stdout: String::new(), stderr: stderr.to_owned() });
    assert!(events.contains(&Event::Certificate));
}
