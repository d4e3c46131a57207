//! Servers that ask for a client's certificate: one of their authority, one of another, and none.

use std::path::Path;

use picopost_counterparts::chains::{self, Files};
use picopost_counterparts::programs::{Program, Server};
use picopost_counterparts::{nginx, programs};
use xtask::error::Failure;

use crate::post::{BODY, Post};
use crate::start;

const BAD_CERTIFICATE: u16 = 3542;
const UNKNOWN_CA: u16 = 3548;
const CERTIFICATE_REQUIRED: u16 = 3616;
/// Without an alert: the connection ends, or is reset, where an answer is due.
const CUT: [u16; 2] = [4100, 2144];

/// A client, and one of an authority that the server does not know.
fn clients(folder: &Path) -> [Files; 2] {
    [chains::client(folder), chains::strange_client(folder)]
}

/// The three cases at a server of `counterparts`; the errors are what its versions are known to lead to.
#[track_caller]
fn assert_server(program: Result<Program, Failure>, stranger: &[u16], nobody: &[u16]) {
    let folder = start::folder();
    let [client, other] = clients(folder.path());
    let server: Server = start::server_for(program, &client.anchors);
    eprintln!("{}", server.name);
    let (files, port) = server.any();
    let post = || Post::new(files, port);
    post().client(&client).run().assert_answer(server.name, BODY.as_bytes());
    // Certificate and signature through the smallest send buffer.
    post().client(&client).option("--send-buffer", "1024").run().assert_answer(server.name, BODY.as_bytes());
    post().client(&other).run().assert_not_let_in(stranger);
    post().run().assert_not_let_in(nobody);
}

#[test]
fn go() {
    // Before Go 1.21 it was bad_certificate.
    let stranger = [UNKNOWN_CA, BAD_CERTIFICATE];
    assert_server(programs::go(), &stranger, &[CERTIFICATE_REQUIRED, BAD_CERTIFICATE]);
}

#[test]
fn python() {
    assert_server(programs::python(), &[UNKNOWN_CA], &[CERTIFICATE_REQUIRED]);
}

/// Node.js lets a strange client's handshake go through, and then closes the socket.
#[test]
fn node() {
    assert_server(programs::node(), &CUT, &[CERTIFICATE_REQUIRED]);
}

/// The `HttpsServer` of Java closes the socket before its alert is sent.
#[test]
fn java() {
    assert_server(programs::java(), &CUT, &CUT);
}

#[test]
fn gnutls() {
    assert_server(programs::gnutls("NORMAL"), &[BAD_CERTIFICATE, UNKNOWN_CA], &[CERTIFICATE_REQUIRED]);
}

#[test]
fn rustls() {
    assert_server(programs::rustls(), &[UNKNOWN_CA], &[CERTIFICATE_REQUIRED]);
}

#[test]
fn openssl() {
    let folder = start::folder();
    let files = chains::gts(folder.path());
    let [client, other] = clients(folder.path());
    let authority = client.anchors.display().to_string();
    let run = |own: Option<&Files>| {
        let arguments = ["-Verify", "1", "-verify_return_error", "-CAfile", &authority];
        let mut server = start::openssl(&files, &arguments);
        let post = Post::new(&files, server.port);
        let post = own.map_or(post, |own| Post::new(&files, server.port).client(own));
        post.run_while(|| server.tend())
    };
    run(Some(&client)).assert_answer("openssl", BODY.as_bytes());
    run(Some(&other)).assert_not_let_in(&[UNKNOWN_CA]);
    run(None).assert_not_let_in(&[CERTIFICATE_REQUIRED]);
}

/// nginx lets every handshake go through, and says by the status what it misses.
#[test]
fn nginx() {
    let folder = start::folder();
    let files = chains::gts(folder.path());
    let [client, other] = clients(folder.path());
    let verify = format!("ssl_verify_client on; ssl_client_certificate {};", client.anchors.display());
    let nginx = start::nginx(&folder, &[format!("{} {verify}", nginx::tls(&files))]);
    let post = || Post::new(&files, nginx.ports[0]);
    post().client(&client).run().assert_answer("nginx", BODY.as_bytes());
    post().client(&other).run().assert_not_let_in(&[5400]);
    post().run().assert_not_let_in(&[5400]);
}
