//! Each server with each chain, and what a client must refuse of each.

use picopost_counterparts::chains::{self, Files};
use picopost_counterparts::nginx;
use picopost_counterparts::programs::{self, Server};

use crate::post::{BODY, Post};
use crate::start;

#[test]
fn go() {
    assert_all(&start::server(programs::go()), Records::AsItLikes);
}

#[test]
fn python() {
    assert_all(&start::server(programs::python()), Records::AsAsked);
}

#[test]
fn java() {
    assert_all(&start::server(programs::java()), Records::AsAsked);
}

#[test]
fn node() {
    assert_all(&start::server(programs::node()), Records::AsAsked);
}

#[test]
fn gnutls() {
    assert_all(&start::server(programs::gnutls("NORMAL")), Records::AsAsked);
}

#[test]
fn nginx() {
    let folder = start::folder();
    let chains = chains::all(folder.path());
    let blocks: Vec<_> = chains.iter().map(nginx::tls).collect();
    let nginx = start::nginx(&folder, &blocks);
    for (files, port) in chains.iter().zip(&nginx.ports) {
        assert_chain("nginx", files, *port, &mut || {});
    }
    assert_long_body("nginx", &chains[0], nginx.ports[0], Records::AsAsked);
}

#[test]
fn openssl() {
    let folder = start::folder();
    for files in chains::all(folder.path()) {
        let mut server = start::openssl(&files, &[]);
        let port = server.port;
        assert_chain("openssl", &files, port, &mut || server.tend());
    }
}

/// How large a server makes its records where the client asks for small ones: GnuTLS heeds
/// record_size_limit (RFC 8449), OpenSSL and Java max_fragment_length (RFC 6066 §4), Go neither.
#[derive(Clone, Copy)]
enum Records {
    AsAsked,
    AsItLikes,
}

fn assert_all(server: &Server, records: Records) {
    for (files, port) in &server.chains {
        assert_chain(server.name, files, *port, &mut || {});
    }
    let (files, port) = server.any();
    assert_long_body(server.name, files, port, records);
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

/// A body of many records in both directions, through a buffer for any record and a small one.
fn assert_long_body(server: &str, files: &Files, port: u16, records: Records) {
    let body = format!("[{}0]", "123456789,".repeat(10_000));
    let post = Post::new(files, port).body(&body);
    post.run().assert_answer(server, body.as_bytes());
    let outcome = post.option("--buffer", "2048").run();
    match records {
        Records::AsAsked => outcome.assert_answer(server, body.as_bytes()),
        // It begins with records of about a packet, and makes them larger later on.
        Records::AsItLikes => outcome.assert_refused(3101),
    }
}
