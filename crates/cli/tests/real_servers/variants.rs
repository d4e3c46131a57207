//! What a server may be set to do, and this client must take.

use picopost_counterparts::chains::{self, Files};
use picopost_counterparts::openssl::KeyUpdate;
use picopost_counterparts::process::Process;
use picopost_counterparts::programs;

use crate::post::{BODY, Outcome, Post};
use crate::start;

/// What the large responses of the programs have: the request's body, again and again.
const LARGE: usize = 1 << 20;

/// A server with these arguments answers, and has written `evidence` by then.
fn assert_openssl(files: &Files, arguments: &[&str], evidence: &str) {
    eprintln!("{arguments:?}");
    let mut server = start::openssl(files, arguments);
    let outcome = Post::new(files, server.port).run_while(|| server.tend());
    outcome.assert_answer("openssl", BODY.as_bytes());
    assert!(contains(&server.process, evidence), "{evidence}: {}", server.process.stdout().escape_ascii());
}

/// Whether a process has written this to stdout.
fn contains(process: &Process, text: &str) -> bool {
    String::from_utf8_lossy(&process.stdout()).contains(text)
}

#[test]
fn openssl_with_each_cipher_suite() {
    let folder = start::folder();
    for files in [chains::gts(folder.path()), chains::rsa(folder.path())] {
        for suite in ["TLS_AES_128_GCM_SHA256", "TLS_CHACHA20_POLY1305_SHA256"] {
            assert_openssl(&files, &["-ciphersuites", suite], &format!("CIPHER is {suite}\n"));
        }
    }
}

#[test]
fn openssl_with_each_scheme_of_rsa() {
    let folder = start::folder();
    let files = chains::rsa(folder.path());
    for scheme in ["rsa_pss_rsae_sha256", "rsa_pss_rsae_sha384", "rsa_pss_rsae_sha512"] {
        assert_openssl(&files, &["-sigalgs", scheme], "CIPHER is");
    }
}

#[test]
fn openssl_with_settings_that_change_its_messages() {
    let folder = start::folder();
    let files = chains::gts(folder.path());
    for arguments in [
        // NewSessionTicket, RFC 9846 §4.7.1: none, and more than the usual two.
        ["-num_tickets", "0"].as_slice(),
        &["-num_tickets", "9"],
        &["-no_ticket"],
        // No change_cipher_spec, §E.4.
        &["-no_middlebox"],
        // CertificateRequest, §4.4.2: asked for, and not insisted on.
        &["-verify", "1"],
        // Messages over several records, §5.1, and padded ones, §5.4.
        &["-max_send_frag", "512"],
        &["-record_padding", "1024"],
        &["-alpn", "h2,http/1.1"],
        // The server's list of groups in EncryptedExtensions, §4.3.7.
        &["-groups", "P-256:X25519"],
    ] {
        assert_openssl(&files, arguments, "CIPHER is");
    }
}

/// secp256r1 is for whoever builds the command with it. If it is offered, then without a key share:
/// the server asks for one by HelloRetryRequest (RFC 9846 §4.2.4).
#[test]
fn servers_with_p_256_alone() {
    let folder = start::folder();
    let files = chains::gts(folder.path());
    let mut server = start::openssl(&files, &[]);
    Post::new(&files, server.port).run_while(|| server.tend()).assert_answer("openssl", BODY.as_bytes());
    let stdout = String::from_utf8_lossy(&server.process.stdout()).into_owned();
    let groups = stdout.lines().find_map(|line| line.strip_prefix("Supported groups: "));
    let offers_p_256 = groups.expect("s_server shows them").contains("secp256r1");

    let assert = |server: &str, outcome: Outcome| {
        if offers_p_256 {
            outcome.assert_answer(server, BODY.as_bytes());
        } else {
            // handshake_failure
            outcome.assert_refused(3540);
        }
    };
    let mut server = start::openssl(&files, &["-groups", "P-256"]);
    assert("openssl", Post::new(&files, server.port).run_while(|| server.tend()));
    let server = start::server(programs::gnutls("NORMAL:-GROUP-ALL:+GROUP-SECP256R1"));
    let (files, port) = server.any();
    assert("gnutls", Post::new(files, port).run());
}

/// RFC 9846 §4.7.3, in both ways.
#[test]
fn openssl_with_new_keys_before_its_response() {
    let folder = start::folder();
    let files = chains::gts(folder.path());
    for key_update in [KeyUpdate::NotRequested, KeyUpdate::Requested] {
        let mut server = start::openssl(&files, &[]).with_key_update(key_update);
        let outcome = Post::new(&files, server.port).run_while(|| server.tend());
        outcome.assert_answer("openssl", BODY.as_bytes());
        // The client's close_notify, under new keys of its own where they were asked for.
        let closed = |process: &Process| contains(process, "\nCONNECTION CLOSED\n").then_some(());
        let closed = server.process.wait_for("close_notify", closed);
        closed.unwrap_or_else(|failure| panic!("{failure}"));
        assert!(!server.process.stderr().contains("error:"), "{}", server.process.stderr());
    }
}

/// No SNI, and an address in the certificate (RFC 9525 §6.2).
#[test]
fn openssl_by_its_address() {
    let folder = start::folder();
    let files = chains::address(folder.path());
    let mut server = start::openssl(&files, &[]);
    let outcome = Post::new(&files, server.port).host("127.0.0.1").run_while(|| server.tend());
    outcome.assert_answer("openssl", BODY.as_bytes());
}

#[test]
fn gnutls_with_each_cipher_suite() {
    for suite in ["AES-128-GCM", "CHACHA20-POLY1305"] {
        eprintln!("{suite}");
        let server = start::server(programs::gnutls(&format!("NORMAL:-CIPHER-ALL:+{suite}")));
        let (files, port) = server.any();
        Post::new(files, port).run().assert_answer("gnutls", BODY.as_bytes());
    }
}

/// Go marks the end of such a body by its last chunk, Python by close_notify.
#[test]
fn large_responses_without_a_length() {
    let expected: Vec<_> = BODY.bytes().cycle().take(LARGE).collect();
    for server in [start::server(programs::go()), start::server(programs::python())] {
        eprintln!("{}", server.name);
        let (files, port) = server.any();
        let post = Post::new(files, port).path("/large").option("--response-buffer", "2000000");
        post.run().assert_answer(server.name, &expected);
    }
}

#[test]
fn a_record_for_each_octet() {
    let server = start::server(programs::python());
    let (files, port) = server.any();
    let post = Post::new(files, port).path("/dribble").option("--buffer", "4096");
    post.run().assert_answer("python", BODY.as_bytes());
}
