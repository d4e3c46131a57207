//! Exports in the hands of those who read them: Wireshark's tshark, and the schema of HAR 1.2.

use std::fs;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::LazyLock;

use picopost_counterparts::process::installed;
use rustls::version::TLS12;
use serde_json::Value;
use tempfile::TempDir;
use xtask::firmware::target_folder;

use super::server::{Server, ca, client_config_with, exchange, picopost, post};

const SECRET: &str = "0123456789abcdef";

/// The files of one run of the server.
struct Files {
    folder: TempDir,
}

impl Files {
    /// A POST with TLS 1.3, one with 1.2, one without TLS, and one that came to nothing; and `arguments`.
    fn new(arguments: &[&str]) -> Self {
        let files = Self { folder: tempfile::tempdir().unwrap() };
        let exports =
            ["har", "ndjson", "pcapng"].map(|kind| format!("{kind}={}", files.path(kind).display()));
        let mut all: Vec<&str> = exports.iter().flat_map(|export| ["--export", export]).collect();
        all.extend(arguments);
        let server = Server::start_for(4, &all);
        let body = format!("{{\"client_secret\":\"{SECRET}\"}}");
        let request = post("/readings?a=b", "Content-Type: application/json\r\nConnection: close\r\n", &body);
        exchange(&mut server.client("gts"), &request);
        let old = client_config_with(&["gts"], &[&TLS12]);
        let request = post("/old", "Content-Type: application/json\r\nConnection: close\r\n", "{}");
        exchange(&mut server.client_with(old, "picopost.test"), &request);
        let mut plain = server.connect();
        let request = format!("POST /plain HTTP/1.1\r\nHost: \"<>\r\nAuthorization: Bearer {SECRET}\r\n\r\n");
        plain.write_all(request.as_bytes()).unwrap();
        plain.read_to_end(&mut Vec::new()).unwrap();
        drop(plain);
        drop(server.connect());
        server.events();
        files
    }

    fn path(&self, kind: &str) -> PathBuf {
        self.folder.path().join(kind)
    }

    fn read(&self, kind: &str) -> String {
        String::from_utf8_lossy(&fs::read(self.path(kind)).unwrap()).into_owned()
    }
}

static WHOLE: LazyLock<Files> = LazyLock::new(|| Files::new(&["--show-secrets"]));
static MASKED: LazyLock<Files> = LazyLock::new(|| Files::new(&[]));

/// tshark on a capture: the lines of its output, sorted.
fn tshark(file: &Path, arguments: &[&str]) -> Vec<String> {
    let mut command =
        Command::new(installed("tshark", "tshark").unwrap_or_else(|failure| panic!("{failure}")));
    // Checksums are not looked at by default: real captures have them left to the network card.
    command.args(["-o", "tcp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE", "-r"]);
    let Output { status, stdout, stderr } = command.arg(file).args(arguments).output().unwrap();
    assert!(status.success(), "{}", String::from_utf8_lossy(&stderr));
    let mut lines: Vec<String> = String::from_utf8(stdout).unwrap().lines().map(str::to_owned).collect();
    // Attempts are in the order in which they ended.
    lines.sort();
    lines
}

const REQUESTS: [&str; 7] = ["-Y", "http.request", "-T", "fields", "-e", "http.request.uri", "-e"];

#[test]
fn wireshark_reads_the_requests_by_the_secrets_in_the_capture() {
    let capture = WHOLE.path("pcapng");
    let requests = tshark(&capture, &[&REQUESTS[..], &["http.file_data"]].concat());
    assert_eq!(
        requests,
        [
            "/old\t{}".to_owned(),
            "/plain\t".to_owned(),
            format!("/readings?a=b\t{{\"client_secret\":\"{SECRET}\"}}")
        ]
    );
    let answers = tshark(&capture, &["-Y", "http.response", "-T", "fields", "-e", "http.response.code"]);
    assert_eq!(answers, ["200", "200", "400"]);
}

#[test]
fn wireshark_finds_nothing_wrong_with_the_packets() {
    for files in [&WHOLE, &MASKED] {
        let capture = files.path("pcapng");
        let wrong =
            "tcp.checksum.status != 1 || ip.checksum.status != 1 || tcp.analysis.flags || _ws.malformed";
        assert_eq!(tshark(&capture, &["-Y", wrong]), [""; 0]);
        let opened = tshark(&capture, &["-Y", "tcp.flags.syn == 1 && tcp.flags.ack == 0"]);
        assert_eq!(opened.len(), 4);
    }
}

#[test]
fn without_show_secrets_the_capture_has_no_keys() {
    let capture = MASKED.path("pcapng");
    // What came without TLS is there, but for its secret.
    let requests = tshark(&capture, &[&REQUESTS[..], &["http.authorization"]].concat());
    assert_eq!(requests, [format!("/plain\tBearer {}", "*".repeat(SECRET.len()))]);
    assert!(!tshark(&capture, &["-Y", "tls.handshake.type == 1"]).is_empty());
    assert!(MASKED.read("pcapng").contains("--show-secrets puts them in"));
}

#[test]
fn no_export_has_a_secret_unless_told_to() {
    for kind in ["har", "ndjson", "pcapng"] {
        assert!(!MASKED.read(kind).contains(SECRET), "{kind}");
        assert!(!MASKED.read(kind).contains("TRAFFIC_SECRET"), "{kind}");
    }
    for kind in ["har", "ndjson"] {
        assert!(WHOLE.read(kind).contains(SECRET), "{kind}");
    }
}

#[test]
fn ndjson_has_a_line_for_each_attempt() {
    let numbers = |files: &Files| -> Vec<u64> {
        let text = files.read("ndjson");
        let attempts = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let mut numbers: Vec<u64> = attempts.map(|attempt| attempt["number"].as_u64().unwrap()).collect();
        numbers.sort_unstable();
        numbers
    };
    assert_eq!((numbers(&WHOLE), numbers(&MASKED)), (vec![1, 2, 3, 4], vec![1, 2, 3, 4]));
}

/// By the packages `har-schema` and `ajv`, which npm puts into the target folder once.
#[test]
fn the_har_is_valid() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/listen/har");
    let folder = std::path::absolute(target_folder().join("listen-har")).unwrap();
    fs::create_dir_all(&folder).unwrap();
    if !folder.join("node_modules/har-schema").is_dir() {
        for file in ["package.json", "package-lock.json"] {
            fs::copy(source.join(file), folder.join(file)).unwrap();
        }
        let mut npm = Command::new(installed("npm", "npm").unwrap_or_else(|failure| panic!("{failure}")));
        npm.args(["ci", "--no-audit", "--no-fund", "--ignore-scripts"]).current_dir(&folder);
        let output = npm.output().unwrap();
        assert!(output.status.success(), "npm ci: {}", String::from_utf8_lossy(&output.stderr));
    }
    let check = |file: &Path| {
        let mut node =
            Command::new(installed("node", "nodejs").unwrap_or_else(|failure| panic!("{failure}")));
        node.arg(source.join("check.js")).arg(file).current_dir(&folder).output().unwrap()
    };
    for files in [&WHOLE, &MASKED] {
        let output = check(&files.path("har"));
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let har: Value = serde_json::from_str(&files.read("har")).unwrap();
        assert_eq!(har["log"]["entries"].as_array().unwrap().len(), 2);
    }
    // The check is one.
    let broken = WHOLE.folder.path().join("broken.har");
    fs::write(&broken, WHOLE.read("har").replace("\"httpVersion\"", "\"version\"")).unwrap();
    assert!(!check(&broken).status.success());
}

#[test]
fn a_key_log_opens_a_capture_of_others() {
    let folder = tempfile::tempdir().unwrap();
    let [keys, capture] = ["keys", "capture"].map(|name| folder.path().join(name));
    fs::write(&keys, "# kept\n").unwrap();
    let export = format!("pcapng={}", capture.display());
    let server = Server::start(&["--keylog", keys.to_str().unwrap(), "--export", &export]);
    let request = post("/logged", "Content-Type: application/json\r\nConnection: close\r\n", "{}");
    exchange(&mut server.client("gts"), &request);
    server.events();
    let log = fs::read_to_string(&keys).unwrap();
    let labels: Vec<&str> = log.lines().map(|line| line.split(' ').next().unwrap()).collect();
    assert_eq!(labels[0], "#", "what was in the file stays");
    assert!(
        labels.contains(&"CLIENT_TRAFFIC_SECRET_0") && labels.contains(&"SERVER_TRAFFIC_SECRET_0"),
        "{log}"
    );
    assert_eq!(tshark(&capture, &[&REQUESTS[..], &["http.host"]].concat()), [""; 0]);
    let preference = format!("tls.keylog_file:{}", keys.display());
    let requests = tshark(&capture, &[&["-o", &preference][..], &REQUESTS, &["http.host"]].concat());
    assert_eq!(requests, ["/logged\tpicopost.test:8443"]);
}

/// Only where it is asked for.
#[test]
fn the_variable_for_key_logs_counts_with_the_option_alone() {
    let folder = tempfile::tempdir().unwrap();
    let keys = folder.path().join("keys");
    let run = |arguments: &[&str]| {
        let mut command = picopost(&["listen", "--write-anchors-only", "--ca"]);
        command.arg(ca()).args(arguments).env("SSLKEYLOGFILE", &keys).output().unwrap()
    };
    assert!(run(&[]).status.success() && !keys.exists());
    assert!(run(&["--keylog"]).status.success() && keys.exists());
}

#[test]
fn files_that_cannot_be_written_are_told_at_the_start() {
    let run = |arguments: &[&str]| {
        let mut command = picopost(&["listen", "--port", "0", "--ca"]);
        command.arg(ca()).args(arguments).env_remove("SSLKEYLOGFILE");
        let Output { status, stderr, .. } = command.output().unwrap();
        (status.code(), String::from_utf8(stderr).unwrap())
    };
    let cannot = "error: `/nowhere/x` cannot be written: no such file or folder\n".to_owned();
    assert_eq!(run(&["--export", "har=/nowhere/x"]), (Some(3), cannot.clone()));
    assert_eq!(run(&["--keylog", "/nowhere/x"]), (Some(3), cannot.clone()));
    assert_eq!(run(&["--anchors", "pem=/nowhere/x"]), (Some(3), cannot));
    let (status, stderr) = run(&["--keylog"]);
    assert_eq!(
        (status, stderr.as_str()),
        (
            Some(2),
            "error: `--keylog` has no file, and SSLKEYLOGFILE is not set\nhint: name one: `--keylog FILE`\n"
        )
    );
    let (status, stderr) = run(&["--export", "pdf=x"]);
    assert!(status == Some(2) && stderr.contains("`pdf` is none of har, ndjson, pcapng"), "{stderr}");
}

#[test]
fn what_is_in_the_store_is_exported_without_serving() {
    let folder = tempfile::tempdir().unwrap();
    let [store, har, none] =
        ["store", "har", "none"].map(|name| folder.path().join(name).display().to_string());
    let server = Server::start(&["--store", &store]);
    let body = format!("{{\"client_secret\":\"{SECRET}\"}}");
    exchange(
        &mut server.client("gts"),
        &post("/kept", "Content-Type: application/json\r\nConnection: close\r\n", &body),
    );
    server.events();
    let run = |store: &str, further: &[&str]| {
        let export = format!("har={har}");
        let mut command = picopost(&["listen", "--store", store, "--export", &export, "--export-only"]);
        let Output { status, stdout, .. } = command.args(further).output().unwrap();
        assert!(stdout.is_empty());
        status.code()
    };
    // Secrets that were not kept cannot be shown.
    for further in [&[][..], &["--show-secrets"]] {
        assert_eq!(run(&store, further), Some(0));
        let text = fs::read_to_string(&har).unwrap();
        let entries: Value = serde_json::from_str(&text).unwrap();
        assert!(
            entries["log"]["entries"][0]["request"]["url"].as_str().unwrap().ends_with("/kept"),
            "{text}"
        );
        assert!(!text.contains(SECRET));
    }
    assert_eq!(run(&none, &[]), Some(3));
    assert!(fs::read_to_string(&har).unwrap().contains("/kept"), "it is still there");
    let missing = picopost(&["listen", "--export-only"]).output().unwrap();
    assert_eq!(missing.status.code(), Some(2));
}
