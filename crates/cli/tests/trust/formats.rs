//! Every format in the hands of those who read it: their own libraries, in handshakes.
//!
//! | format | consumer | Debian's packages |
//! | --- | --- | --- |
//! | `pem`, `der` | OpenSSL, Python | `openssl`, `python3` |
//! | `c`, `mbedtls` | Mbed TLS | `libmbedtls-dev` |
//! | `arduino`, `zephyr` | what those platforms do with it, over Mbed TLS | the same, and `g++` |
//! | `esp-idf` | a reader of the bundle, over Mbed TLS | the same |
//! | `bearssl` | BearSSL | `libbearssl-dev` |
//! | `micropython` | Python, as far as it is the same language | `python3` |
//!
//! (`rust` is read by picopost itself on the emulated board: `xtask/tests/board.rs`.) What is not
//! installed fails its test, which says what to type.

use std::path::{Path, PathBuf};
use std::process::Command;

use picopost_counterparts::process::{Process, installed};
use picopost_testkit::chains::Chain;
use rustls::version::{TLS12, TLS13};
use tempfile::TempDir;

use crate::server::{Server, Shows};
use crate::support::{file, trust};

/// Three servers: two whose roots are embedded, by ECDSA and RSA, and one of a stranger.
struct Servers {
    good: [Server; 2],
    stranger: Server,
    /// The two roots in PEM.
    roots: String,
    /// The first of them alone.
    first_root: String,
    folder: TempDir,
}

impl Servers {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let chains = [
            "ecdsa-root    p384  ecdsa-root    ca
             intermediate  p256  ecdsa-root    ca:0
             server        p256  intermediate  server dns:device.example
             send server intermediate",
            "rsa-root      rsa4096  rsa-root      ca
             intermediate  rsa2048  rsa-root      ca:0
             server        rsa2048  intermediate  server dns:device.example
             send server intermediate",
            // Another authority of the same name.
            "ecdsa-root    p384  ecdsa-root    ca key:stranger
             server        p256  ecdsa-root    server dns:device.example
             send server",
        ]
        .map(Chain::from_table);
        let roots = file(&folder, "roots.pem", chains[0].root_pem.clone() + &chains[1].root_pem);
        let first_root = file(&folder, "ecdsa-root.pem", &chains[0].root_pem);
        // TLS 1.2 too: BearSSL and Debian's Mbed TLS speak no other.
        let [ecdsa, rsa, stranger] = chains.map(|chain| Server::start(Shows::one(&chain), &[&TLS12, &TLS13]));
        Self { good: [ecdsa, rsa], stranger, roots, first_root, folder }
    }

    /// The anchors in a format, in a file of this name.
    fn anchors(&self, format: &str, name: &str) -> String {
        let path = self.folder.path().join(name).display().to_string();
        let output = trust(&["--pem", &self.roots, "--format", format, "-o", &path]);
        assert_eq!((output.status, output.stderr.as_str()), (0, ""), "{}", output.stdout);
        path
    }

    /// The consumer, called with a port, verifies both servers, and refuses the stranger.
    fn assert(&self, consumer: impl Fn(u16) -> Command) {
        let [ecdsa, rsa] = &self.good;
        for (port, expected) in [(ecdsa.port, 0), (rsa.port, 0), (self.stranger.port, 1)] {
            assert_ends(&mut consumer(port), expected);
        }
    }

    /// Compiles a consumer over Mbed TLS with the anchors in `anchors.h`.
    fn mbedtls(&self, source: &str) -> PathBuf {
        let compiler = if source.ends_with(".cpp") { "c++" } else { "cc" };
        let object = self.folder.path().join("trust.o");
        let mut compile = self.compiler(compiler);
        compile.arg("-I").arg(source_file("stub")).args(["-c", "-o"]).args([&object, &source_file(source)]);
        assert_ends(&mut compile, 0);
        let program = self.folder.path().join("client");
        let mut link = self.compiler("cc");
        link.arg("-o").args([&program, &source_file("client.c"), &object]);
        link.args(["-lmbedtls", "-lmbedx509", "-lmbedcrypto"]);
        assert_ends(&mut link, 0);
        program
    }

    fn compiler(&self, name: &str) -> Command {
        const PACKAGES: &str = "build-essential libmbedtls-dev libbearssl-dev";
        let mut command =
            Command::new(installed(name, PACKAGES).unwrap_or_else(|failure| panic!("{failure}")));
        for header in ["/usr/include/mbedtls/ssl.h", "/usr/include/bearssl.h"] {
            let install = picopost_counterparts::process::install(PACKAGES);
            assert!(Path::new(header).is_file(), "{header} is not installed: {install}");
        }
        command.args(["-Wall", "-Wextra", "-Werror", "-I"]).arg(self.folder.path());
        command
    }
}

fn source_file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/trust/consumers").join(name)
}

#[track_caller]
fn assert_ends(command: &mut Command, expected: i32) {
    let mut process = Process::start(command).unwrap_or_else(|failure| panic!("{failure}"));
    let status = process.finish(|| {});
    let output = String::from_utf8_lossy(&process.stdout()).into_owned() + &process.stderr();
    assert_eq!(status.code(), Some(expected), "{command:?}:\n{output}");
}

fn python() -> Command {
    let mut command =
        Command::new(installed("python3", "python3").unwrap_or_else(|failure| panic!("{failure}")));
    command.arg(source_file("client.py"));
    command
}

/// `s_client` that ends when its stdin does.
fn openssl(port: u16) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", "exec openssl s_client \"$@\" < /dev/null", "sh"]);
    command.args(["-connect", &format!("127.0.0.1:{port}"), "-servername", "device.example"]);
    command.args(["-verify_hostname", "device.example", "-verify_return_error"]);
    command
}

#[test]
fn pem_by_openssl_and_python() {
    let servers = Servers::start();
    let anchors = servers.anchors("pem", "anchors.pem");
    servers.assert(|port| {
        let mut command = python();
        command.args([&port.to_string(), "pem", &anchors]);
        command
    });
    servers.assert(|port| {
        let mut command = openssl(port);
        command.args(["-CAfile", &anchors]);
        command
    });
}

/// One certificate: the other server is a stranger then.
#[test]
fn der_by_openssl_and_python() {
    let mut servers = Servers::start();
    servers.roots.clone_from(&servers.first_root);
    let anchors = servers.anchors("der", "anchors.der");
    let [ecdsa, rsa] = &servers.good;
    for (port, expected) in [(ecdsa.port, 0), (rsa.port, 1), (servers.stranger.port, 1)] {
        assert_ends(python().args([&port.to_string(), "der", &anchors]), expected);
        assert_ends(openssl(port).args(["-CAstore", &anchors]), expected);
    }
}

#[test]
fn micropython_by_python() {
    let servers = Servers::start();
    let anchors = servers.anchors("micropython", "anchors.py");
    servers.assert(|port| {
        let mut command = python();
        command.args([&port.to_string(), "module", &anchors]);
        command
    });
}

#[test]
fn c_headers_by_mbed_tls() {
    for (format, source) in
        [("c", "c.c"), ("mbedtls", "mbedtls.c"), ("zephyr", "zephyr.c"), ("arduino", "arduino.cpp")]
    {
        eprintln!("{format}");
        let servers = Servers::start();
        servers.anchors(format, "anchors.h");
        let program = servers.mbedtls(source);
        servers.assert(|port| {
            let mut command = Command::new(&program);
            command.arg(port.to_string());
            command
        });
    }
}

#[test]
fn esp_idf_bundle_by_a_reader_of_it() {
    let servers = Servers::start();
    let bundle = servers.anchors("esp-idf", "x509_crt_bundle");
    let program = servers.mbedtls("esp_idf.c");
    servers.assert(|port| {
        let mut command = Command::new(&program);
        command.arg(port.to_string()).env("BUNDLE", &bundle);
        command
    });
    let comment = std::fs::read_to_string(format!("{bundle}.txt")).unwrap();
    assert!(comment.contains("2. picopost test rsa-root (RSA-4096), until 2040-01-01, given"), "{comment}");
}

#[test]
fn bearssl_by_bearssl() {
    let servers = Servers::start();
    servers.anchors("bearssl", "anchors.h");
    let program = servers.folder.path().join("bearssl");
    let mut compile = servers.compiler("cc");
    compile.arg("-o").args([&program, &source_file("bearssl.c")]).arg("-lbearssl");
    assert_ends(&mut compile, 0);
    servers.assert(|port| {
        let mut command = Command::new(&program);
        command.arg(port.to_string());
        command
    });
}
