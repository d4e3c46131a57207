//! What a device's owner gets at the start: anchors for the firmware, and a program that posts.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use picopost::{ConnectError, Device, Stage, UnixTime, blocking};
use picopost_counterparts::process::installed;
use serde_json::{Value, json};

use super::server::{Server, ca};

// As a compiler takes it; `crate::anchors` is what it is built against.
#[allow(unreachable_pub, reason = "the program is public where it goes")]
#[path = "../../src/listen/snippets/rust.rs"]
mod snippet;

/// A server with anchors in a file and a program, and what it says of itself at the start.
struct Started {
    folder: tempfile::TempDir,
    server: Server,
}

impl Started {
    fn new(anchors: &str, file: &str, snippet: &str, further: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let option = format!("{anchors}={}", folder.path().join(file).display());
        let server = Server::start(&[&["--anchors", &option, "--snippet", snippet], further].concat());
        Self { folder, server }
    }

    fn snippet(&self) -> &str {
        self.server.listening["snippet"].as_str().unwrap()
    }

    /// Runs it in the folder with the anchors, beside the program under this name.
    #[track_caller]
    fn assert_succeeds(&self, name: &str, program: &str, packages: &str, arguments: &[&str]) {
        fs::write(self.folder.path().join(name), self.snippet()).unwrap();
        let mut command =
            Command::new(installed(program, packages).unwrap_or_else(|failure| panic!("{failure}")));
        let output = command.args(arguments).arg(name).current_dir(self.folder.path()).output().unwrap();
        let text = [output.stdout, output.stderr].concat();
        assert!(output.status.success(), "{}\n{}", String::from_utf8_lossy(&text), self.snippet());
    }
}

fn stub() -> String {
    format!("-I{}", Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/listen/snippets/stub").display())
}

#[test]
fn the_anchors_are_the_served_root() {
    for shape in ["gts", "rsa"] {
        let started = Started::new("der", "root.der", "rust", &["--chain", shape]);
        let file = started.folder.path().join("root.der");
        assert_eq!(fs::read(&file).unwrap(), fs::read(ca().join(shape).join("root.der")).unwrap());
        assert_eq!(started.server.listening["anchors_files"], json!([file.display().to_string()]));
    }
    let started = Started::new("c", "anchors.h", "rust", &["--chain", "lets-encrypt"]);
    let text = fs::read_to_string(started.folder.path().join("anchors.h")).unwrap();
    assert!(text.starts_with("// Trust anchor for picopost listen --chain lets-encrypt\n"), "{text}");
    assert!(text.contains("picopost_anchors_pem[] PROGMEM"), "{text}");
}

#[test]
fn a_device_is_told_where_to_go() {
    let started = Started::new("pem", "x", "esp-idf", &["--name", "device.example"]);
    let url = format!("https://device.example:{}/readings", started.server.address.port());
    assert!(started.snippet().contains(&url), "{}", started.snippet());
    let started = Started::new("pem", "x", "esp-idf", &[]);
    let url = format!("https://localhost:{}/readings", started.server.address.port());
    assert!(started.snippet().contains(&url), "{}", started.snippet());
    assert!(started.server.listening["addresses"].is_array());
}

/// Whoever is let in from the network finds its address in the certificate.
#[test]
fn the_addresses_on_the_network_are_in_the_certificate() {
    let server = Server::start(&["--bind", "0.0.0.0"]);
    let strings = |name: &str| -> Vec<Value> { server.listening[name].as_array().unwrap().clone() };
    let names = strings("names");
    assert!(strings("addresses").iter().all(|address| names.contains(address)), "{}", server.listening);
}

#[test]
fn micropython_posts() {
    let started = Started::new("micropython", "anchors.py", "micropython", &["--name", "127.0.0.1"]);
    started.assert_succeeds("main.py", "python3", "python3", &[]);
    let events = started.server.events();
    assert_eq!(events.only("response")["status"], 200);
    assert_eq!(events.findings("request"), [""; 0]);
}

#[test]
fn arduino_compiles() {
    let started = Started::new("arduino", "anchors.h", "arduino", &[]);
    let options =
        ["-Wall", "-Wextra", "-Werror", "-fsyntax-only", "-x", "c++", "-include", "Arduino.h", &stub()];
    started.assert_succeeds("sketch.ino", "c++", "build-essential", &options);
}

#[test]
fn esp_idf_compiles() {
    let started = Started::new("c", "anchors.h", "esp-idf", &[]);
    // The header has the anchors in DER too.
    let options = [
        "-Wall",
        "-Wextra",
        "-Werror",
        "-Wno-unused-variable",
        "-Wno-unused-const-variable",
        "-fsyntax-only",
        &stub(),
    ];
    started.assert_succeeds("post.c", "cc", "build-essential", &options);
}

/// The program for a device goes as far as its TCP here.
#[test]
fn rust_compiles() {
    struct NoNetwork(Vec<(String, u16)>);
    struct NoStream;
    impl embedded_io::ErrorType for NoStream {
        type Error = embedded_io::ErrorKind;
    }
    impl embedded_io::Read for NoStream {
        fn read(&mut self, _: &mut [u8]) -> Result<usize, Self::Error> {
            Ok(0)
        }
    }
    impl embedded_io::Write for NoStream {
        fn write(&mut self, _: &[u8]) -> Result<usize, Self::Error> {
            Ok(0)
        }
        fn flush(&mut self) -> Result<(), Self::Error> {
            Ok(())
        }
    }
    impl blocking::Connect for NoNetwork {
        type Stream<'s> = NoStream;
        fn connect(&mut self, host: &str, port: u16) -> Result<NoStream, ConnectError> {
            self.0.push((host.to_owned(), port));
            Err(ConnectError::Tcp(embedded_io::ErrorKind::ConnectionRefused))
        }
    }
    let mut connector = NoNetwork(Vec::new());
    let clock = UnixTime::since_unix_epoch(std::time::Duration::from_secs(1_800_000_000));
    let device = Device { connector: &mut connector, clock: &clock, entropy: &mut getrandom::SysRng };
    let error = snippet::post_reading(device).unwrap_err();
    assert_eq!((error.stage(), connector.0.as_slice()), (Stage::Tcp, &[("192.0.2.7".to_owned(), 8443)][..]));
    let started = Started::new("rust", "anchors.rs", "rust", &[]);
    let file: PathBuf = started.folder.path().join("anchors.rs");
    assert!(
        fs::read_to_string(file).unwrap().contains("pub static ANCHORS: &[::picopost::TrustAnchor<'static>]")
    );
}
