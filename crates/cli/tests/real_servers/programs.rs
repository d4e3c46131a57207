//! The servers that are programs of this folder: in Go, Python, Java, JavaScript and C.
//!
//! They have one command line: pairs of a certificate's and a key's file. They print a port for
//! each pair.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use tempfile::TempDir;

use crate::chains::{self, Files};
use crate::process::{Process, install, installed, run};

/// A server, and the chains that it shows on its ports.
pub(crate) struct Server {
    /// As in its responses' `X-Counterpart`.
    pub(crate) name: &'static str,
    pub(crate) chains: Vec<(Files, u16)>,
    _process: Process,
    _folder: TempDir,
}

impl Server {
    /// `net/http`.
    pub(crate) fn go() -> Self {
        installed("go", "golang-go");
        let program = GO.as_ref().unwrap_or_else(|failure| panic!("{failure}"));
        Self::start("go", &mut Command::new(program))
    }

    /// `http.server` and `ssl`.
    pub(crate) fn python() -> Self {
        let python = installed("python3", "python3");
        Self::start("python", Command::new(python).arg(source("server.py")))
    }

    /// `com.sun.net.httpserver`.
    pub(crate) fn java() -> Self {
        // A Java that runs source files comes with its compiler.
        installed("javac", "default-jdk-headless");
        let java = installed("java", "default-jdk-headless");
        Self::start("java", Command::new(java).arg(source("Server.java")))
    }

    /// `https`.
    pub(crate) fn node() -> Self {
        let node = installed("node", "nodejs");
        Self::start("node", Command::new(node).arg(source("server.js")))
    }

    /// GnuTLS, told by a priority string what it may speak.
    pub(crate) fn gnutls(priority: &str) -> Self {
        installed("cc", GNUTLS_PACKAGES);
        let program = GNUTLS.as_ref().unwrap_or_else(|failure| panic!("{failure}"));
        Self::start("gnutls", Command::new(program).arg(priority))
    }

    /// The chain that a test takes where it does not matter which one, and its port.
    pub(crate) fn any(&self) -> (&Files, u16) {
        let (files, port) = self.chains.first().expect("a server has chains");
        (files, *port)
    }

    fn start(name: &'static str, command: &mut Command) -> Self {
        let folder = tempfile::tempdir().expect("there is room for a folder");
        let chains = chains::all(folder.path());
        command.args(chains.iter().flat_map(|files| [&files.certificates, &files.key]));
        let mut process = Process::start(command);
        let ports = process.wait_for("ports", |process| ports(&process.stdout(), chains.len()));
        let ports = ports.unwrap_or_else(|failure| panic!("{failure}"));
        Self { name, chains: chains.into_iter().zip(ports).collect(), _process: process, _folder: folder }
    }
}

/// The server in Go, compiled once for all tests. The standard library is all it needs: nothing is
/// fetched. What is compiled of that is kept for the next time.
static GO: LazyLock<Result<PathBuf, String>> = LazyLock::new(|| {
    let program = compiled("server-go");
    let mut go = Command::new("go");
    go.envs([("GO111MODULE", "off"), ("GOPROXY", "off"), ("GOTOOLCHAIN", "local"), ("GOFLAGS", "")]);
    go.env("GOCACHE", compiled("go-cache")).args(["build", "-o"]).args([&program, &source("server.go")]);
    run(&mut go).map(|()| program)
});

/// The server in C, compiled once for all tests.
static GNUTLS: LazyLock<Result<PathBuf, String>> = LazyLock::new(|| {
    let program = compiled("server-gnutls");
    let mut compiler = Command::new("cc");
    compiler.arg("-o").args([&program, &source("server.c")]).arg("-lgnutls");
    run(&mut compiler)
        .map(|()| program)
        .map_err(|failure| format!("{failure}\nif it lacks GnuTLS, type `{}`", install(GNUTLS_PACKAGES)))
});

const GNUTLS_PACKAGES: &str = "gcc libc6-dev libgnutls28-dev";

/// A file that tests make, kept in the target directory.
fn compiled(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)
}

/// A file of `programs`.
fn source(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/real_servers/programs").join(name)
}

/// The ports, once all lines are written.
fn ports(stdout: &[u8], count: usize) -> Option<Vec<u16>> {
    let text = str::from_utf8(stdout).ok()?.rsplit_once('\n')?.0;
    let ports: Vec<_> = text.lines().map(|line| line.parse().expect("a port")).collect();
    (ports.len() == count).then_some(ports)
}
