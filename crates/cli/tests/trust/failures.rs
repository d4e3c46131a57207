//! Hosts that are not there, that do not speak TLS, or that say no.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use picopost_testkit::chains::{NAME, shapes};

use rustls::version::{TLS12, TLS13};

use crate::server::{Server, Shows};
use crate::support::{NOW, Output, file, findings, real, report, trust};

/// Asks a server by name; the exit status, the findings, the first title and hint.
fn ask(port: u16, more: &[&str]) -> (i32, Vec<String>, String) {
    let host = format!("{NAME}:{port}");
    let resolve = format!("{host}:127.0.0.1");
    let (status, report) = report(&[&[&host, "--resolve", &resolve, "--now", NOW], more].concat());
    let first = &report["sources"][0]["findings"][0];
    let text =
        format!("{}; hint: {}", first["title"].as_str().unwrap(), first["hint"].as_str().unwrap_or("none"));
    (status, findings(&report), text)
}

/// A server that reads the ClientHello's beginning, and answers so.
fn answers(octets: &'static [u8]) -> Server {
    Server::with(move |mut stream| {
        let mut first = [0; 5];
        stream.read_exact(&mut first).unwrap_or_default();
        stream.write_all(octets).unwrap_or_default();
        let _ = stream.shutdown(std::net::Shutdown::Write);
        // Reads the rest, so that the system does not reset the connection.
        let _ = stream.read_to_end(&mut Vec::new());
    })
}

#[test]
fn nobody_listens() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let host = format!("127.0.0.1:{port}");
    assert_eq!(
        trust(&[&host, "--now", NOW]),
        Output {
            status: 3,
            stdout: format!(
                "HOST  {host}: not reached\n  error: the host refused the connection: nothing listens on this \
                 port\n    hint: HTTPS is usually on port 443: give another as `HOST:PORT`\n"
            ),
            stderr: "error: 1 host was not reached\n".to_owned(),
        }
    );
}

#[test]
fn a_port_without_tls() {
    let plain = answers(b"HTTP/1.1 400 Bad Request\r\nServer: x\r\nContent-Length: 0\r\n\r\n");
    assert_eq!(
        ask(plain.port, &[]),
        (
            1,
            vec!["E plain-http".to_owned()],
            "the answer to the ClientHello is plain HTTP, `HTTP/1.1 400 Bad Request`: no TLS on this port; hint: HTTPS \
             is usually on port 443 or 8443: give it as `HOST:PORT`"
                .to_owned()
        )
    );
    let portal = answers(b"HTTP/1.1 302 Found\r\nlocation:  http://login.hotel.example/?to=1\x1b[2J\r\n\r\n");
    assert_eq!(
        ask(portal.port, &[]),
        (
            1,
            vec!["E captive-portal".to_owned()],
            "the answer to the ClientHello is plain HTTP, `HTTP/1.1 302 Found`, that leads to \
             `http://login.hotel.example/?to=1\u{1b}[2J`; hint: a captive portal or a proxy answers in the host's \
             place: log in there, or use another network"
                .to_owned()
        )
    );
    // People see it without what would steer their terminal.
    let host = format!("127.0.0.1:{}", portal.port);
    let output = trust(&[&host, "--now", NOW]);
    assert!(output.stdout.contains("?to=1\\u{1b}[2J"), "{}", output.stdout);
    assert!(!output.stdout.contains('\u{1b}'));
    let ssh = answers(b"SSH-2.0-OpenSSH_9.2\r\n");
    assert_eq!(ask(ssh.port, &[]).1, ["E not-tls"]);
    let closes = answers(b"");
    let (status, findings, text) = ask(closes.port, &[]);
    assert_eq!((status, findings), (1, vec!["E handshake-failed".to_owned()]));
    assert!(text.starts_with("no handshake: the server closed the connection"), "{text}");
}

#[test]
fn a_server_that_says_nothing() {
    let silent = Server::with(|mut stream| {
        let _ = stream.read_to_end(&mut Vec::new());
    });
    assert_eq!(
        ask(silent.port, &["--timeout", "1"]),
        (
            1,
            vec!["E timed-out".to_owned()],
            "the handshake was not done in time; hint: `--timeout` gives it more time; a port without TLS often says \
             nothing at all"
                .to_owned()
        )
    );
}

/// An octet now and then must not keep a client busy for ever; and once is enough.
#[test]
fn a_server_that_drips() {
    let connections = Arc::new(AtomicUsize::new(0));
    let counted = connections.clone();
    let drips = Server::with(move |mut stream| {
        counted.fetch_add(1, Ordering::SeqCst);
        let _ = stream.set_read_timeout(Some(Duration::from_millis(50)));
        // A record of 16,384 octets begins. What goes on for so long would end as closed.
        let mut octets = b"\x16\x03\x03\x40\x00".iter().copied().chain([0; 60]);
        while let Some(octet) = octets.next()
            && stream.write_all(&[octet]).is_ok()
        {
            let _ = stream.read(&mut [0; 1024]);
            std::thread::sleep(Duration::from_millis(50));
        }
    });
    let (status, findings, _) = ask(drips.port, &["--timeout", "1"]);
    assert_eq!((status, findings), (1, vec!["E timed-out".to_owned()]));
    drop(drips);
    // The last one woke the server, so that it ended.
    assert_eq!(connections.load(Ordering::SeqCst), 1);
}

/// Anybody can send anybody's certificates: what counts is the key.
#[test]
fn a_server_without_the_key_of_its_certificate() {
    let folder = tempfile::tempdir().unwrap();
    let (chain, own) = (shapes::gts(), shapes::p384_server());
    let roots = file(&folder, "roots.pem", &chain.root_pem);
    let output = folder.path().join("anchors.pem").display().to_string();
    for version in [&TLS12, &TLS13] {
        let server = Server::start(Shows::stolen(&chain, &own), &[version]);
        let host = format!("{NAME}:{}", server.port);
        let resolve = format!("--resolve={host}:127.0.0.1");
        let arguments = [&host, &resolve, "--roots", &roots, "--now", NOW];
        let (status, report) = report(&arguments);
        assert_eq!(status, 1, "{report:#}");
        for attempt in report["sources"][0]["attempts"].as_array().unwrap() {
            assert_eq!(attempt["version"], serde_json::Value::Null, "{attempt:#}");
            assert!(attempt["failure"].is_string(), "{attempt:#}");
        }
        let run = trust(&[&arguments[..], &["--format", "pem", "-o", &output]].concat());
        assert_eq!(run.status, 1);
        assert!(!std::path::Path::new(&output).exists());
    }
}

/// A host that is not there hides no error, and nothing is written without it.
#[test]
fn a_host_that_is_not_reached_beside_others() {
    let folder = tempfile::tempdir().unwrap();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let nobody = format!("127.0.0.1:{port}");
    let saved = file(&folder, "saved.pem", shapes::gts().pem);
    let root = file(&folder, "root.pem", shapes::gts().root_pem);
    let output = folder.path().join("anchors.pem").display().to_string();
    let arguments = [&nobody, "--pem", &saved, "--roots", &root, "--now", NOW];
    let run = trust(&[&arguments[..], &["--format", "pem", "-o", &output]].concat());
    assert_eq!((run.status, run.stderr.as_str()), (3, "error: 1 host was not reached\n"));
    assert!(!std::path::Path::new(&output).exists());
    // With the host's chain alone it is written.
    let run = trust(&[&arguments[1..], &["--format", "pem", "-o", &output]].concat());
    assert_eq!((run.status, run.stderr.as_str()), (0, ""), "{}", run.stdout);

    let dead = real("cloudflare-inc-ecc-ca-3.pem");
    let run = trust(&["--check", &dead, &nobody, "--now", NOW]);
    assert_eq!((run.status, run.stderr.as_str()), (1, "error: 2 findings of severity error\n"));
    let run = trust(&["--check", &root, &nobody, "--now", NOW]);
    assert_eq!((run.status, run.stderr.as_str()), (3, "error: 1 host was not reached\n"));
    let (_, report) = report(&["--check", &dead, &nobody, "--now", NOW]);
    assert!(findings(&report).contains(&"E anchor-ends".to_owned()), "{report:#}");
}

#[test]
fn alerts_are_explained() {
    // A record with a fatal alert, RFC 9846 §6: handshake_failure, unrecognized_name.
    let refuses = answers(b"\x15\x03\x03\x00\x02\x02\x28");
    assert_eq!(
        ask(refuses.port, &[]),
        (
            1,
            vec!["E handshake-failed".to_owned()],
            "no handshake: the server ended it with the alert handshake_failure (40): the peer found nothing in common \
             with what was offered; hint: none"
                .to_owned()
        )
    );
    let unknown = answers(b"\x15\x03\x03\x00\x02\x02\x70");
    assert!(
        ask(unknown.port, &[]).2.contains("unrecognized_name (112): the peer serves no host of the name")
    );
}

/// What is written for a firmware comes of a host that is beyond doubt, or not at all.
#[test]
fn no_anchors_of_a_host_in_doubt() {
    let folder = tempfile::tempdir().unwrap();
    let chain = picopost_testkit::chains::faulty::wrong_name();
    let server = Server::start(Shows::one(&chain), &[&TLS13]);
    let roots = file(&folder, "roots.pem", &chain.root_pem);
    let output = folder.path().join("anchors.pem").display().to_string();
    let host = format!("127.0.0.1:{}", server.port);
    let arguments = [&host, "--roots", &roots, "--now", NOW, "--format", "pem", "-o", &output];
    let run = trust(&arguments);
    assert_eq!(run.status, 1);
    assert_eq!(run.stderr, "error: no anchors were written: see the findings\n");
    assert!(!std::path::Path::new(&output).exists());
    // The same server under its own name.
    let good = Server::start(Shows::one(&shapes::gts()), &[&TLS13]);
    let host = format!("{NAME}:{}", good.port);
    let resolve = format!("{host}:127.0.0.1");
    let roots = file(&folder, "roots.pem", shapes::gts().root_pem);
    let run = trust(&[
        &host,
        "--resolve",
        &resolve,
        "--roots",
        &roots,
        "--now",
        NOW,
        "--format",
        "pem",
        "-o",
        &output,
    ]);
    assert_eq!((run.status, run.stderr.as_str()), (0, ""));
    assert!(std::path::Path::new(&output).exists());
}
