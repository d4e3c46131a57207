//! The servers that are programs: in Go, Python, Java, JavaScript, Rust and C.
//!
//! They have one command line: pairs of a certificate's and a key's file. They print a port for
//! each pair, and answer with these headers, as far as their library tells:
//!
//! | header | value |
//! | --- | --- |
//! | `X-Counterpart` | the server's name here |
//! | `X-Library` | the TLS library and its version |
//! | `X-Resumed` | `yes` or `no` |
//! | `X-Group` | the group of the key exchange |
//! | `X-Client` | the subject of the client's certificate |

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;
use xtask::error::Failure;
use xtask::firmware::{cargo, target_folder};
use xtask::process::run;

use crate::chains::Files;
use crate::process::{Process, install, installed};

/// Longer than any compiler takes on a busy machine.
const BUILD_LIMIT: Duration = Duration::from_secs(1800);

/// What a server is set to, beside its certificates.
#[derive(Clone, Copy, Debug, Default)]
pub struct Setting<'s> {
    /// Key exchange on P-256 alone, so that a client that begins with another group gets a
    /// HelloRetryRequest.
    pub only_p256: bool,
    /// Only clients with a certificate of the authority in this PEM file are let in.
    pub client_ca: Option<&'s Path>,
}

/// How a server is started, once for each setting.
#[derive(Clone, Debug)]
pub struct Program {
    /// As in its responses' `X-Counterpart`.
    pub name: &'static str,
    file: PathBuf,
    /// What stands before the pairs of files.
    arguments: Vec<PathBuf>,
}

/// A server that runs, and the chains that it shows on its ports.
pub struct Server {
    /// As in its responses' `X-Counterpart`.
    pub name: &'static str,
    /// Each chain, and the port where it is shown.
    pub chains: Vec<(Files, u16)>,
    _process: Process,
    _folder: TempDir,
}

impl Program {
    /// Starts a server that shows these chains. Their files are in `folder`, which goes with the
    /// server.
    ///
    /// # Errors
    /// It does not start.
    pub fn start(
        &self,
        folder: TempDir,
        chains: Vec<Files>,
        setting: &Setting<'_>,
    ) -> Result<Server, Failure> {
        let mut command = Command::new(&self.file);
        command.args(&self.arguments);
        command.args(chains.iter().flat_map(|files| [&files.certificates, &files.key]));
        if setting.only_p256 {
            command.env("COUNTERPART_ONLY_P256", "yes");
        }
        if let Some(authority) = setting.client_ca {
            command.env("COUNTERPART_CLIENT_CA", authority);
        }
        let mut process = Process::start(&mut command)?;
        let ports = process.wait_for("ports", |process| ports(&process.stdout(), chains.len()))?;
        let chains = chains.into_iter().zip(ports).collect();
        Ok(Server { name: self.name, chains, _process: process, _folder: folder })
    }

    fn new(name: &'static str, file: PathBuf, arguments: Vec<PathBuf>) -> Self {
        Self { name, file, arguments }
    }
}

impl Server {
    /// The chain that a test takes where it does not matter which one, and its port.
    ///
    /// # Panics
    /// If there is none.
    pub fn any(&self) -> (&Files, u16) {
        let (files, port) = self.chains.first().expect("a server has chains");
        (files, *port)
    }
}

/// `net/http`, by the Go that is installed.
///
/// # Errors
/// Go is not installed, or does not compile.
pub fn go() -> Result<Program, Failure> {
    go_by(&installed("go", "golang-go")?)
}

/// `net/http`, by a certain Go. The standard library is all it needs: nothing is fetched. What is
/// compiled of that is kept for the next time.
///
/// # Errors
/// The program does not compile.
pub fn go_by(compiler: &Path) -> Result<Program, Failure> {
    let file = made("go", |file| {
        let mut go = Command::new(compiler);
        go.envs([("GO111MODULE", "off"), ("GOPROXY", "off"), ("GOTOOLCHAIN", "local"), ("GOFLAGS", "")]);
        go.env("GOCACHE", folder()?.join("go-cache"))
            .args(["build", "-o"])
            .args([file, &source("server.go")]);
        run("go build", &mut go, BUILD_LIMIT)
    })?;
    Ok(Program::new("go", file, Vec::new()))
}

/// `http.server` and `ssl`.
///
/// # Errors
/// Python is not installed.
pub fn python() -> Result<Program, Failure> {
    Ok(Program::new("python", installed("python3", "python3")?, vec![source("server.py")]))
}

/// `com.sun.net.httpserver`.
///
/// # Errors
/// Java is not installed.
pub fn java() -> Result<Program, Failure> {
    // A Java that runs source files comes with its compiler.
    installed("javac", "default-jdk-headless")?;
    Ok(Program::new("java", installed("java", "default-jdk-headless")?, vec![source("Server.java")]))
}

/// `https`.
///
/// # Errors
/// Node.js is not installed.
pub fn node() -> Result<Program, Failure> {
    Ok(Program::new("node", installed("node", "nodejs")?, vec![source("server.js")]))
}

/// rustls, as this package's own program.
///
/// # Errors
/// The program does not compile.
pub fn rustls() -> Result<Program, Failure> {
    const PROGRAM: &str = "counterpart-rustls";
    let mut build = cargo();
    build.args(["build", "--quiet", "--package", env!("CARGO_PKG_NAME"), "--bin", PROGRAM]);
    run("cargo build", &mut build, BUILD_LIMIT)?;
    let file = target_folder().join("debug").join(PROGRAM);
    Ok(Program::new("rustls", absolute(&file)?, Vec::new()))
}

/// GnuTLS, told by a priority string what it may speak.
///
/// # Errors
/// GnuTLS or a compiler is not installed.
pub fn gnutls(priority: &str) -> Result<Program, Failure> {
    let program = c("gnutls", "gnutls.c", "gcc libc6-dev libgnutls28-dev", |compiler| {
        compiler.arg("-lgnutls");
    })?;
    Ok(Program { arguments: vec![priority.into()], ..program })
}

/// A program in C over a library that `compiled_with` tells the compiler about.
///
/// # Errors
/// It does not compile; the hint names the packages that it needs.
pub fn c(
    name: &'static str,
    main: &str,
    packages: &str,
    compiled_with: impl FnOnce(&mut Command),
) -> Result<Program, Failure> {
    let compiler = installed("cc", packages)?;
    let file = made(name, |file| {
        let mut command = Command::new(compiler);
        command.args(["-O1", "-o"]).args([file, &source(main), &source("serve.c")]);
        compiled_with(&mut command);
        run("cc", &mut command, BUILD_LIMIT).map_err(|failure| {
            Failure::missing(failure.sentence()).hint(format!("if it lacks a header, {}", install(packages)))
        })
    })?;
    Ok(Program::new(name, file, Vec::new()))
}

/// Makes a program, under another name first: another process may run the one that is there.
fn made(name: &str, make: impl FnOnce(&Path) -> Result<(), Failure>) -> Result<PathBuf, Failure> {
    let (program, draft) = (folder()?.join(name), folder()?.join(format!("{name}-{}", std::process::id())));
    make(&draft)?;
    fs::rename(&draft, &program)
        .map_err(|error| Failure::failed(format!("{}: {error}", program.display())))?;
    Ok(program)
}

/// Where the programs are.
fn folder() -> Result<PathBuf, Failure> {
    let folder = absolute(&target_folder().join("counterparts"))?;
    let made = fs::create_dir_all(&folder);
    made.map_err(|error| Failure::failed(format!("{}: {error}", folder.display())))?;
    Ok(folder)
}

fn absolute(path: &Path) -> Result<PathBuf, Failure> {
    std::path::absolute(path).map_err(|error| Failure::failed(format!("{}: {error}", path.display())))
}

/// A file of `programs`.
fn source(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("programs").join(name)
}

/// The ports, once all lines are written.
fn ports(stdout: &[u8], count: usize) -> Option<Vec<u16>> {
    let text = str::from_utf8(stdout).ok()?.rsplit_once('\n')?.0;
    let ports: Vec<_> = text.lines().map(|line| line.parse().expect("a port")).collect();
    (ports.len() == count).then_some(ports)
}
