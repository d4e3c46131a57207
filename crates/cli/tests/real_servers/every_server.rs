//! Each server with each chain, and what a client must refuse of each.

use crate::chains::{self, Files};
use crate::nginx::{self, Nginx};
use crate::openssl::OpenSsl;
use crate::post::{BODY, Post};
use crate::programs::Server;

#[test]
fn go() {
    assert_all(&Server::go());
}

#[test]
fn python() {
    assert_all(&Server::python());
}

#[test]
fn java() {
    assert_all(&Server::java());
}

#[test]
fn node() {
    assert_all(&Server::node());
}

#[test]
fn gnutls() {
    assert_all(&Server::gnutls("NORMAL"));
}

#[test]
fn nginx() {
    let folder = tempfile::tempdir().expect("there is room for a folder");
    let chains = chains::all(folder.path());
    let blocks: Vec<_> = chains.iter().map(nginx::tls).collect();
    let nginx = Nginx::start(&folder, &blocks);
    for (files, port) in chains.iter().zip(&nginx.ports) {
        assert_chain("nginx", files, *port, &mut || {});
    }
    assert_long_body("nginx", &chains[0], nginx.ports[0]);
}

#[test]
fn openssl() {
    let folder = tempfile::tempdir().expect("there is room for a folder");
    for files in chains::all(folder.path()) {
        let mut server = OpenSsl::start(&files, &[]);
        let port = server.port;
        assert_chain("openssl", &files, port, &mut || server.tend());
    }
}

fn assert_all(server: &Server) {
    for (files, port) in &server.chains {
        assert_chain(server.name, files, *port, &mut || {});
    }
    let (files, port) = server.any();
    assert_long_body(server.name, files, port);
}

/// A POST through a buffer for any record and through a device's; no POST to whom the client does
/// not trust, nor to whom it did not ask for.
fn assert_chain(server: &str, files: &Files, port: u16, tend: &mut dyn FnMut()) {
    eprintln!("{server}, {}", files.name);
    let post = || Post::new(files, port);
    post().run_while(&mut *tend).assert_answer(server, BODY.as_bytes());
    let device = post().option("--buffer", "4096").option("--send-buffer", "1024");
    device.run_while(&mut *tend).assert_answer(server, BODY.as_bytes());

    let folder = files.anchors.parent().expect("a file is in a folder");
    post().anchors(&chains::stranger(folder)).run_while(&mut *tend).assert_refused(3206);
    post().host("other.example").run_while(tend).assert_refused(3205);
}

/// A body of many records in both directions.
fn assert_long_body(server: &str, files: &Files, port: u16) {
    let body = format!("[{}0]", "123456789,".repeat(10_000));
    Post::new(files, port).body(&body).run().assert_answer(server, body.as_bytes());
}
