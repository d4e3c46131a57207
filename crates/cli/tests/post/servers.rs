//! Servers that are none, and servers that break off or cheat.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;

use picopost_testkit::chains::{faulty, shapes};
use picopost_testkit::code::group;
use picopost_testkit::{Action, Listener, Script};

use crate::support::{Output, assert_fails, file, picopost, tcp_server};

#[test]
fn servers_that_are_none() {
    let folder = tempfile::tempdir().unwrap();
    let anchors = file(&folder, "root.pem", shapes::gts().root_pem);
    let fails = |port: u16, more: &[&str], status, stderr: &str| {
        let url = format!("https://127.0.0.1:{port}/");
        assert_fails(&[&[&url, "--json", "{}", "--anchors", &anchors], more].concat(), status, stderr);
    };

    // A port that was free a moment ago.
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    fails(
        closed,
        &[],
        3,
        "error: no TCP connection to the host: connection refused (number 2103, stage tcp)\n\
         hint: does the server listen on this port?\n",
    );

    let plain = tcp_server(|mut stream| {
        let mut first = [0; 5];
        stream.read_exact(&mut first).unwrap();
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").unwrap();
        // Reads the alert, so that the system does not reset the connection before.
        let _ = stream.read_to_end(&mut Vec::new());
    });
    fails(
        plain,
        &[],
        1,
        "error: the server answered in plain HTTP: this port does not speak TLS (number 3001, stage hello)\n\
         hint: is it the right port? the HTTPS port of a web server is usually 443 or 8443\n",
    );

    // It says nothing until the command gives up.
    let silent = tcp_server(|mut stream| {
        let _ = stream.read_to_end(&mut Vec::new());
    });
    fails(
        silent,
        &["--timeout", "1"],
        3,
        "error: receiving failed: timed out (number 2151, stage hello)\n\
         hint: is there a firewall in between? `--timeout` gives it more time\n",
    );
}

#[test]
fn answers_that_are_cut_short_or_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let chain = shapes::gts();
    let anchors = file(&folder, "root.pem", &chain.root_pem);
    let run = |script: Script, anchors: &str| {
        let listener = Listener::start(script);
        let address = listener.address();
        let url = format!("https://device.example:{}/", address.port());
        let resolve = format!("device.example:{}:{}", address.port(), address.ip());
        // The chains are made to be verified at this time.
        let now = "2026-06-01T00:00:00Z";
        let output = picopost(
            &["post", &url, "--json", "{}", "--anchors", anchors, "--resolve", &resolve, "--now", now],
            b"",
        );
        drop(listener.finish());
        output
    };
    assert_eq!(run(Script::good(chain.clone()), &anchors).status, 0);

    let cut = Script::good(chain.clone())
        .response(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n01234")
        .edit_actions(|actions| actions.retain(|action| !matches!(action, Action::Alert { .. })));
    assert_eq!(
        run(cut, &anchors),
        Output {
            status: 1,
            stdout: String::new(),
            stderr: "error: the connection ended without close_notify after 5 of the body's 10 octets \
                     (number 4201, stage body)\n\
                     hint: the connection broke, or the server gave up: what came is not the whole answer\n"
                .to_owned(),
        }
    );

    let leaf = faulty::leaf_as_ca();
    let root = file(&folder, "leaf-as-ca.pem", &leaf.root_pem);
    let output = run(Script::good(leaf), &root);
    assert_eq!(output.status, 1);
    assert!(output.stderr.contains("stage certificate"), "{}", output.stderr);
}

#[test]
fn x25519mlkem768_is_offered_where_it_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let chain = shapes::direct();
    let anchors = file(&folder, "root.pem", &chain.root_pem);
    let shares = |options: &[&str], taken: u16| {
        let listener = Listener::start(Script::good(chain.clone()).group(taken));
        let address = listener.address();
        let url = format!("https://device.example:{}/", address.port());
        let resolve = format!("device.example:{}:{}", address.port(), address.ip());
        let now = "2026-06-01T00:00:00Z";
        let usual =
            ["post", &url, "--json", "{}", "--anchors", &anchors, "--resolve", &resolve, "--now", now];
        let output = picopost(&[&usual, options].concat(), b"");
        assert_eq!((output.status, &output.stderr[..]), (0, ""));
        let seen = listener.finish().remove(0);
        assert_eq!(seen.complaint, None);
        seen.hellos[0].key_shares.iter().map(|(group, _)| *group).collect::<Vec<_>>()
    };
    assert_eq!(shares(&[], group::X25519), [group::X25519]);
    for taken in [group::X25519MLKEM768, group::X25519] {
        let offered = shares(&["--post-quantum", "--send-buffer", "2246"], taken);
        assert_eq!(offered, [group::X25519MLKEM768, group::X25519]);
    }
}
