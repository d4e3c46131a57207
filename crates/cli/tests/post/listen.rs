//! Against `picopost listen`.

use picopost_testkit::chains::shapes;

use crate::support::{Listen, assert_fails, file, picopost};

/// The response's body behind its head, and the lines of the head.
fn split(response: &str) -> (Vec<&str>, &str) {
    let (head, body) = response.split_once("\n\n").unwrap();
    (head.lines().collect(), body)
}

#[test]
fn a_post_is_answered() {
    let listen = Listen::start();
    let (url, anchors) = (listen.url("/echo?a=b"), Listen::anchors());
    let output = picopost(
        &["post", &url, "--json", r#"{"hello": "world"}"#, "--anchors", &anchors, "-H", "X-Key: 7"],
        b"",
    );
    assert_eq!((output.status, output.stderr.as_str()), (0, ""));
    let (head, body) = split(&output.stdout);
    assert_eq!(head[0], "HTTP/1.1 200 OK");
    assert!(head.contains(&"Content-Type: application/json"));
    let echo: serde_json::Value = serde_json::from_str(body).unwrap();
    assert_eq!(echo["target"], "/echo?a=b");
    assert_eq!(echo["body"], r#"{"hello": "world"}"#);
    let port = listen.port;
    assert_eq!(
        echo["headers"],
        serde_json::json!([
            {"name": "Host", "value": format!("localhost:{port}")},
            {"name": "User-Agent", "value": "picopost/0.1.0"},
            {"name": "Content-Type", "value": "application/json"},
            {"name": "Connection", "value": "close"},
            {"name": "Content-Length", "value": "18"},
            {"name": "X-Key", "value": "7"},
        ])
    );

    // The body from stdin and from a file, through the buffers of a device, to another name.
    let folder = tempfile::tempdir().unwrap();
    let body = file(&folder, "body.json", "[1, 2]\n");
    for (json, stdin, expected) in [("-", b"{}".as_slice(), "{}"), (&body, b"", "[1, 2]\n")] {
        let url = format!("https://picopost.test:{port}/");
        let resolve = format!("picopost.test:{port}:127.0.0.1");
        let output = picopost(
            &[
                "post",
                &url,
                "--json",
                json,
                "--anchors",
                &anchors,
                "--resolve",
                &resolve,
                "--buffer",
                "2048",
                "--send-buffer",
                "1024",
            ],
            stdin,
        );
        assert_eq!((output.status, output.stderr.as_str()), (0, ""));
        let echo: serde_json::Value = serde_json::from_str(split(&output.stdout).1).unwrap();
        assert_eq!(echo["body"], expected);
    }
}

#[test]
fn a_status_that_is_not_2xx_is_shown_and_fails() {
    let listen = Listen::start();
    let (url, anchors) = (listen.url("/oauth/token"), Listen::anchors());
    let json = r#"{"grant_type":"password","client_id":"a","client_secret":"b"}"#;
    let output = picopost(&["post", &url, "--json", json, "--anchors", &anchors], b"");
    assert_eq!(output.status, 1);
    let (head, body) = split(&output.stdout);
    assert_eq!(head[0], "HTTP/1.1 400 Bad Request");
    assert!(body.contains("unsupported_grant_type"), "{body}");
    assert_eq!(
        output.stderr,
        "error: the server answered with status 400 (number 5400, stage status)\n\
         hint: the body says what the server misses\n"
    );
}

#[test]
fn a_trace_has_each_stage_and_json_has_them_too() {
    let listen = Listen::start();
    let (url, anchors) = (listen.url("/"), Listen::anchors());
    let output =
        picopost(&["post", &url, "--json", "{}", "--anchors", &anchors, "--trace", "--output", "json"], b"");
    assert_eq!(output.status, 0);
    let stages = ["dns", "hello", "certificate", "verify", "finished", "request", "head", "done"];
    let traced: Vec<_> = output.stderr.lines().map(|line| line[14..26].trim()).collect();
    for stage in stages.into_iter().chain(["tcp", "end"]) {
        assert!(traced.contains(&stage), "{stage} in {traced:?}");
    }
    let object: serde_json::Value = serde_json::from_str(&output.stdout).unwrap();
    assert_eq!(object["response"]["status"], 200);
    assert_eq!(object["error"], serde_json::Value::Null);
    let listed: Vec<_> = object["stages"].as_array().unwrap().iter().map(|stage| &stage["stage"]).collect();
    // The body has a stage of its own where it comes later than the head.
    let listed: Vec<_> = listed.into_iter().filter(|stage| *stage != "body").collect();
    assert_eq!(listed, stages);
    assert_eq!((&object["end"]["request_sent"], &object["end"]["excess"]), (&true.into(), &0.into()));
}

#[test]
fn certificates_that_are_refused() {
    let listen = Listen::start();
    let (url, anchors) = (listen.url("/"), Listen::anchors());
    let output = picopost(
        &[
            "post",
            &url,
            "--json",
            "{}",
            "--anchors",
            &anchors,
            "--now",
            "2045-01-01T00:00:00Z",
            "--output",
            "json",
        ],
        b"",
    );
    assert_eq!(output.status, 1);
    let object: serde_json::Value = serde_json::from_str(&output.stdout).unwrap();
    assert_eq!((&object["error"]["code"], &object["error"]["stage"]), (&3203.into(), &"certificate".into()));
    assert!(
        output.stderr.starts_with("error: a certificate of the server expired at 20"),
        "{}",
        output.stderr
    );
    assert!(
        output.stderr.contains(", and the time is 2045-01-01T00:00:00Z (number 3203, stage certificate)\n")
    );

    let folder = tempfile::tempdir().unwrap();
    let stranger = file(&folder, "stranger.pem", shapes::gts().root_pem);
    assert_fails(
        &[&url, "--json", "{}", "--anchors", &stranger],
        1,
        "error: no path leads from the server's certificate to a trust anchor (number 3206, stage certificate)\n\
         hint: the anchors file needs the root that the server's chain leads to\n",
    );

    let port = listen.port;
    let other = format!("https://other.example:{port}/");
    let resolve = format!("other.example:{port}:127.0.0.1");
    assert_fails(
        &[&other, "--json", "{}", "--anchors", &anchors, "--resolve", &resolve],
        1,
        "error: the server's certificate is for another name (number 3205, stage certificate)\n\
         hint: ask for a name that the certificate has; `--resolve` sends it to any address\n",
    );
}
