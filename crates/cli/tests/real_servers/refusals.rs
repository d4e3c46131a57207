//! Servers that refuse this client, or that it must refuse: each says why.

use picopost_counterparts::{chains, nginx, programs};

use crate::post::Post;
use crate::start;

/// The alert of this description, received (RFC 9846 §6.2).
const fn alert(description: u16) -> u16 {
    3500 + description
}

const HANDSHAKE_FAILURE: u16 = alert(40);
const PROTOCOL_VERSION: u16 = alert(70);
const CERTIFICATE_REQUIRED: u16 = alert(116);
const NO_APPLICATION_PROTOCOL: u16 = alert(120);

#[test]
fn openssl_without_anything_in_common() {
    for (arguments, number) in [
        // RFC 9846 §4.3.1: a server that knows supported_versions does not answer with TLS 1.2
        // where that is not in the list.
        (["-tls1_2"].as_slice(), PROTOCOL_VERSION),
        (&["-groups", "P-521"], HANDSHAKE_FAILURE),
        (&["-ciphersuites", "TLS_AES_256_GCM_SHA384"], HANDSHAKE_FAILURE),
        (&["-alpn", "h2"], NO_APPLICATION_PROTOCOL),
        (&["-Verify", "1"], CERTIFICATE_REQUIRED),
    ] {
        eprintln!("{arguments:?}");
        let folder = start::folder();
        let files = chains::gts(folder.path());
        let mut server = start::openssl(&files, arguments);
        Post::new(&files, server.port).run_while(|| server.tend()).assert_refused(number);
    }
}

#[test]
fn gnutls_without_anything_in_common() {
    for (priority, number) in [
        // GnuTLS sees first that there is no suite of TLS 1.2 in the ClientHello.
        ("NORMAL:-VERS-ALL:+VERS-TLS1.2", HANDSHAKE_FAILURE),
        ("NORMAL:-GROUP-ALL:+GROUP-SECP521R1", HANDSHAKE_FAILURE),
        ("NORMAL:-CIPHER-ALL:+AES-256-GCM", HANDSHAKE_FAILURE),
    ] {
        eprintln!("{priority}");
        let server = start::server(programs::gnutls(priority));
        let (files, port) = server.any();
        Post::new(files, port).run().assert_refused(number);
    }
}

#[test]
fn nginx_set_to_other_things() {
    let folder = start::folder();
    let files = chains::gts(folder.path());
    let anchors = files.anchors.display();
    let blocks = [
        "listen 127.0.0.1:PORT;".to_owned(),
        format!("{} ssl_verify_client on; ssl_client_certificate {anchors};", nginx::tls(&files)),
        nginx::tls(&files).replace("TLSv1.3", ""),
    ];
    let nginx = start::nginx(&folder, &blocks);
    let [plain, client_certificate, tls_1_2] = nginx.ports[..] else { panic!("a port for each block") };

    // No TLS on this port.
    Post::new(&files, plain).run().assert_refused(3001);
    // nginx lets the handshake go through, and says what it misses by the status.
    Post::new(&files, client_certificate).run().assert_refused(5400);
    Post::new(&files, tls_1_2).run().assert_refused(PROTOCOL_VERSION);
}

/// Python's server, as it is, ends a connection without close_notify: fine where the body has a
/// length, and a cut where it has none.
#[test]
fn the_end_of_a_body_that_only_tcp_marks() {
    let server = start::server(programs::python());
    let (files, port) = server.any();
    Post::new(files, port).path("/cut").run().assert_refused(4201);
}

#[test]
fn a_response_over_the_buffer() {
    let server = start::server(programs::go());
    let (files, port) = server.any();
    Post::new(files, port).path("/large").option("--response-buffer", "100000").run().assert_refused(4200);
}
