//! The command line: what it refuses, with which exit status, and what it prints for people.

use std::fs;
use std::net::TcpListener;
use std::process::{Command, Output, Stdio};

use super::server::{Server, ca, exchange, picopost, post};

/// Runs to the end and gives the exit status and stderr.
fn fails(arguments: &[&str]) -> (Option<i32>, String) {
    let Output { status, stderr, stdout } = picopost(arguments).output().unwrap();
    assert!(stdout.is_empty(), "stdout is for data: {}", String::from_utf8_lossy(&stdout));
    (status.code(), String::from_utf8(stderr).unwrap())
}

#[test]
fn a_port_in_use() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    assert_eq!(
        fails(&["listen", "--port", &port.to_string(), "--ca", ca().to_str().unwrap()]),
        (
            Some(3),
            format!(
                "error: cannot listen on `127.0.0.1:{port}`: the address is in use\n\
                 hint: end the program that uses the port, or choose another with `--port`; 0 takes a free one\n"
            )
        )
    );
}

#[test]
fn an_address_of_another_machine() {
    assert_eq!(
        fails(&["listen", "--port", "0", "--bind", "192.0.2.1", "--ca", ca().to_str().unwrap()]),
        (
            Some(3),
            "error: cannot listen on `192.0.2.1:0`: the address is not this machine's\n\
             hint: `--bind` takes an address of this machine; 0.0.0.0 is all of them\n"
                .to_owned()
        )
    );
}

#[test]
fn folders_that_cannot_hold_a_ca() {
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("file");
    fs::write(&file, "x").unwrap();
    let file = file.display();
    assert_eq!(
        fails(&["listen", "--ca", &file.to_string()]),
        (
            Some(3),
            format!(
                "error: the CA folder `{file}` cannot be read: not a directory\nhint: name a folder with `--ca DIR`\n"
            )
        )
    );
    assert_eq!(
        fails(&["listen", "--ca", &format!("{file}/below")]),
        (
            Some(3),
            format!(
                "error: the CA folder `{file}/below` cannot be read: not a directory\n\
                 hint: name a folder with `--ca DIR`\n"
            )
        )
    );
    let other = place.path().display();
    assert_eq!(
        fails(&["listen", "--ca", &other.to_string()]),
        (
            Some(3),
            format!(
                "error: `{other}` is not a CA folder of picopost: it holds other things and no `anchors.pem`\n\
                 hint: name a folder that is empty or not there yet with `--ca DIR`\n"
            )
        )
    );
}

#[cfg(target_os = "linux")]
#[test]
fn a_folder_that_cannot_be_written() {
    // Nobody makes folders in /proc, not even root.
    let (status, stderr) = fails(&["listen", "--ca", "/proc/picopost"]);
    assert_eq!(status, Some(3));
    assert!(stderr.starts_with("error: the CA folder `/proc/picopost` cannot be made: "), "{stderr}");
    assert!(stderr.ends_with("\nhint: name a folder that can be written with `--ca DIR`\n"), "{stderr}");
}

#[test]
fn wrong_arguments_are_usage_errors() {
    for (arguments, expected) in [
        (&["listen", "--name", "a b"][..], "neither a host name nor an IP address"),
        (&["listen", "--client", "id"], "not of the form `ID:SECRET`"),
        (&["listen", "--attempts", "0"], "invalid value '0' for '--attempts <N>'"),
        (&["listen", "--once", "--attempts", "2"], "cannot be used with"),
        (&["listen", "--chain", "x"], "possible values: gts, lets-encrypt, rsa"),
        (&["listen", "--port", "65536"], "invalid value '65536' for '--port <PORT>'"),
    ] {
        let (status, stderr) = fails(arguments);
        assert_eq!(status, Some(2), "{stderr}");
        assert!(stderr.contains(expected), "{stderr}");
    }
}

#[test]
fn the_anchors_can_be_had_without_serving() {
    let Output { status, stdout, .. } =
        picopost(&["listen", "--write-anchors-only", "--chain", "rsa", "--ca"]).arg(ca()).output().unwrap();
    assert!(status.success());
    assert_eq!(
        String::from_utf8(stdout).unwrap(),
        format!("    anchors        {0}/anchors.pem\n    root           {0}/rsa/root.der\n", ca().display())
    );
    let output = picopost(&["listen", "--write-anchors-only", "--json", "--ca"]).arg(ca()).output().unwrap();
    assert_eq!(
        String::from_utf8(output.stdout).unwrap(),
        format!(
            "{{\"event\":\"anchors\",\"anchors\":\"{0}/anchors.pem\",\"root\":\"{0}/gts/root.der\",\"new_ca\":false}}\n",
            ca().display()
        )
    );
    let anchors = fs::read_to_string(ca().join("anchors.pem")).unwrap();
    let comments: Vec<_> = anchors.lines().filter(|line| line.starts_with('#')).collect();
    assert_eq!(comments.len(), 3);
    assert!(
        comments[2].starts_with("# rsa: RSA-4096 root of the picopost test CA, expires 20"),
        "{}",
        comments[2]
    );
}

#[cfg(target_os = "linux")]
#[test]
fn two_that_start_at_once_agree_on_one_ca() {
    let place = tempfile::tempdir().unwrap();
    let start = || {
        picopost(&["listen", "--write-anchors-only", "--json"])
            .env("XDG_DATA_HOME", place.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap()
    };
    let outputs = [start(), start()].map(|child| child.wait_with_output().unwrap());
    let texts = outputs.map(|output| {
        assert!(output.status.success());
        String::from_utf8(output.stdout).unwrap()
    });
    let anchors = place.path().join("picopost/ca/anchors.pem");
    assert!(texts.iter().all(|text| text.contains(anchors.to_str().unwrap())), "{texts:?}");
    assert_eq!(texts.iter().filter(|text| text.contains("\"new_ca\":true")).count(), 1, "{texts:?}");
    assert_eq!(fs::read_dir(place.path().join("picopost")).unwrap().count(), 1, "no draft is left");
}

#[test]
fn the_ca_is_the_same_in_the_next_run() {
    let root = fs::read(ca().join("gts/root.der")).unwrap();
    for _ in 0..2 {
        let server = Server::start(&[]);
        exchange(&mut server.client("gts"), b"GET / HTTP/1.1\r\nHost: picopost.test:8443\r\n\r\n");
        server.events();
    }
    assert_eq!(fs::read(ca().join("gts/root.der")).unwrap(), root);
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_with_a_summary() {
    for signal in ["-INT", "-TERM"] {
        ends_with_a_summary(signal);
    }
}

#[cfg(unix)]
fn ends_with_a_summary(signal: &str) {
    let mut server = Server::start_for(9, &[]);
    exchange(&mut server.client("gts"), b"GET / HTTP/1.1\r\nHost: picopost.test:8443\r\n\r\n");
    while server.next_event()["event"] != "closed" {}
    assert!(Command::new("kill").args([signal, &server.id().to_string()]).status().unwrap().success());
    let events = server.events();
    assert_eq!(
        events.text,
        "{\"event\":\"summary\",\"attempts\":1,\"handshakes\":1,\"requests\":1,\"good_answers\":1}\n"
    );
}

#[test]
fn what_people_see() {
    let place = tempfile::tempdir().unwrap();
    let output = place.path().join("output");
    let mut child = picopost(&["listen", "--once", "--port", "0", "--ca"])
        .arg(ca())
        .stdout(fs::File::create(&output).unwrap())
        .spawn()
        .unwrap();
    let port = loop {
        let text = fs::read_to_string(&output).unwrap();
        if let Some((line, _)) = text.split_once('\n') {
            break line.rsplit_once(':').unwrap().1.trim_end_matches(')').parse::<u16>().unwrap();
        }
        assert!(child.try_wait().unwrap().is_none());
        std::thread::yield_now();
    };
    let mut server = super::server::tls_client(port);
    let request = post("/echo", "Content-Type: application/json\r\n", "{\"client_secret\":\"x\"}");
    exchange(&mut server, &request);
    assert!(child.wait().unwrap().success());
    let text = fs::read_to_string(&output).unwrap();
    let expected = [
        &format!("listening on https://localhost:{port} (127.0.0.1:{port})\n"),
        "    chain          gts: P-256 leaf, P-256 intermediate, P-384 root\n",
        " ms  TCP          from 127.0.0.1:",
        " ms  ClientHello  ",
        "    server name    picopost.test\n",
        " ms  handshake    done: TLS 1.3, ",
        " ms  request      POST /echo HTTP/1.1\n",
        &format!(
            "    octets         head {}, body 21, in 1 record ({})\n",
            request.len() - 21,
            request.len()
        ),
        "    | POST /echo HTTP/1.1\\r\\n\n",
        "    | {\"client_secret\":\"…\"}\n",
        " ms  answer       200 OK, ",
        " ms  closed       by the client, with close_notify; ",
        "\n1 attempt, 1 with a handshake, 1 with a request, 1 with a good answer\n",
    ];
    let mut rest = text.as_str();
    for part in expected {
        let at = rest.find(part).unwrap_or_else(|| panic!("`{part}` is not in order in\n{text}"));
        rest = &rest[at + part.len()..];
    }
    assert_eq!(rest, "");
    assert!(!text.contains('\u{1b}'));
}
