//! Clients that others wrote: those that are installed, and small programs over their libraries.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use picopost_counterparts::process::{Process, install, installed};
use tempfile::TempDir;
use xtask::firmware::target_folder;

use crate::server::{Server, ca, picopost};

/// What is compiled once for all cases.
pub(super) struct Programs {
    folder: TempDir,
    files: AtomicUsize,
}

/// How a program ended, and what it said; a case is free not to care.
pub(super) struct Ended {
    pub(super) status: Option<i32>,
    pub(super) output: String,
}

impl Programs {
    /// Compiles them, against the root that `picopost trust` writes for each.
    pub(super) fn build() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let programs = Self { folder, files: AtomicUsize::new(0) };
        let pem = pem(&fs::read(ca().join("gts/root.der")).unwrap());
        fs::write(programs.path("root.pem"), pem).unwrap();
        let mut trust = picopost(&["trust", "--format", "bearssl", "--pem"]);
        trust.arg(programs.path("root.pem")).arg("--output").arg(programs.path("anchors.h"));
        assert_succeeds(&mut trust);
        for (name, libraries) in [
            ("mbedtls", &["-lmbedtls", "-lmbedx509", "-lmbedcrypto"][..]),
            ("bearssl", &["-lbearssl"]),
            ("wolfssl", &["-lwolfssl"]),
        ] {
            let mut compile = Command::new(tool("cc", PACKAGES));
            compile.args(["-Wall", "-Wextra", "-Werror", "-O1", "-I"]).arg(programs.folder.path());
            compile.arg("-o").args([programs.path(name), source(&format!("{name}.c"))]).args(libraries);
            assert_succeeds(&mut compile);
        }
        let mut go = Command::new(tool("go", "golang-go"));
        go.envs([("GO111MODULE", "off"), ("GOPROXY", "off"), ("GOTOOLCHAIN", "local"), ("GOFLAGS", "")]);
        let cache = std::path::absolute(target_folder().join("counterparts/go-cache")).unwrap();
        go.env("GOCACHE", cache).args(["build", "-o"]).args([programs.path("go"), source("client.go")]);
        assert_succeeds(&mut go);
        let mut java = Command::new(tool("javac", "default-jdk-headless"));
        java.arg("-d").args([programs.folder.path(), &source("Client.java")]);
        assert_succeeds(&mut java);
        // Java sends no server name without a dot in it, and asks the system for addresses.
        fs::write(programs.path("hosts"), "127.0.0.1 picopost.test\n").unwrap();
        programs
    }

    /// curl, with the CA of the server.
    pub(super) fn curl(&self, arguments: &[&str]) -> Ended {
        let mut curl = Command::new(tool("curl", "curl"));
        curl.args(["--silent", "--show-error", "--noproxy", "*", "--max-time", "30", "--cacert"]);
        curl.arg(self.path("root.pem")).args(arguments);
        run(&mut curl)
    }

    /// `openssl s_client`, with an empty standard input.
    pub(super) fn s_client(&self, server: &Server, arguments: &[&str]) -> Ended {
        self.s_client_with(&self.anchors(), server, arguments)
    }

    /// The same with other anchors.
    pub(super) fn s_client_with(&self, anchors: &Path, server: &Server, arguments: &[&str]) -> Ended {
        let mut command = Command::new("sh");
        command.args(["-c", "exec openssl s_client \"$@\" < /dev/null", "sh"]);
        command.args(["-connect", &server.address.to_string(), "-verify_return_error", "-CAfile"]);
        command.arg(anchors).args(arguments);
        run(&mut command)
    }

    pub(super) fn python(&self, server: &Server, host: &str, variant: &str) -> Ended {
        let mut command = Command::new(tool("python3", "python3"));
        command.arg(source("client.py"));
        self.visit(command, server, host, &[variant.into()])
    }

    pub(super) fn node(&self, server: &Server) -> Ended {
        let mut command = Command::new(tool("node", "nodejs"));
        command.arg(source("client.js"));
        self.visit(command, server, "localhost", &[])
    }

    pub(super) fn go(&self, server: &Server) -> Ended {
        self.visit(Command::new(self.path("go")), server, "localhost", &[])
    }

    pub(super) fn java(&self, server: &Server, host: &str) -> Ended {
        let mut command = Command::new(tool("java", "default-jdk-headless"));
        command.arg(format!("-Djdk.net.hosts.file={}", self.path("hosts").display()));
        command
            .args(["-Xshare:auto", "-XX:TieredStopAtLevel=1", "-cp"])
            .arg(self.folder.path())
            .arg("Client");
        self.visit(command, server, host, &[])
    }

    /// One of the programs in C; each piece of the request is written with one call.
    pub(super) fn c(
        &self,
        name: &str,
        server: &Server,
        host: &str,
        settings: &[(&str, &str)],
        request: &[Vec<u8>],
    ) -> Ended {
        let pieces: Vec<PathBuf> = request.iter().map(|piece| self.file(piece)).collect();
        let mut command = Command::new(self.path(name));
        command.envs(settings.iter().copied());
        self.visit(command, server, host, &pieces)
    }

    /// The one over Mbed TLS, with other anchors.
    pub(super) fn mbedtls_with(&self, anchors: &Path, server: &Server, request: &[Vec<u8>]) -> Ended {
        let mut command = Command::new(self.path("mbedtls"));
        command.args([&server.address.port().to_string(), "localhost"]).arg(anchors);
        run(command.args(request.iter().map(|piece| self.file(piece))))
    }

    /// Runs `command PORT HOST ANCHORS FURTHER...`.
    fn visit(&self, mut command: Command, server: &Server, host: &str, further: &[PathBuf]) -> Ended {
        command.args([&server.address.port().to_string(), host]).arg(self.anchors()).args(further);
        run(&mut command)
    }

    pub(super) fn anchors(&self) -> PathBuf {
        self.path("root.pem")
    }

    pub(super) fn file(&self, octets: &[u8]) -> PathBuf {
        let path = self.path(&format!("file-{}", self.files.fetch_add(1, Ordering::Relaxed)));
        fs::write(&path, octets).unwrap();
        path
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

const PACKAGES: &str = "build-essential libmbedtls-dev libbearssl-dev libwolfssl-dev";

fn tool(name: &str, packages: &str) -> PathBuf {
    installed(name, packages).unwrap_or_else(|failure| panic!("{failure}"))
}

fn source(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/listen/cases/clients").join(name)
}

fn run(command: &mut Command) -> Ended {
    let mut process = Process::start(command).unwrap_or_else(|failure| panic!("{failure}"));
    let status = process.finish(|| {}).code();
    let output = String::from_utf8_lossy(&process.stdout()).into_owned() + &process.stderr();
    Ended { status, output }
}

#[track_caller]
fn assert_succeeds(command: &mut Command) {
    let ended = run(command);
    let hint = install(PACKAGES);
    assert_eq!(ended.status, Some(0), "{command:?}:\n{}\nif something is missing, {hint}", ended.output);
}

pub(super) fn pem(der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines: Vec<&str> = text.as_bytes().chunks(64).map(|line| str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", lines.join("\n"))
}
