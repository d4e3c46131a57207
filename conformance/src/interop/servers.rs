//! The servers, and how each is started.

use std::any::Any;
use std::path::Path;
use std::process::Command;

use picopost::TrustAnchor;
use picopost_counterparts::chains::Files;
use picopost_counterparts::nginx::{self, Nginx};
use picopost_counterparts::programs::{self, Program, Setting};
use xtask::error::Failure;
use xtask::setup;

use super::libraries::{self, Library};
use super::post;
use crate::sources;

/// As in the expectations and in `X-Counterpart`, in the table's order.
pub(super) const NAMES: [&str; 12] = [
    "openssl",
    "boringssl",
    "gnutls",
    "nss",
    "wolfssl",
    "mbedtls",
    "rustls",
    "go",
    "java",
    "nginx",
    "node",
    "python",
];

/// What the programs in C are compiled with: a file of each Debian package.
const HEADERS: [(&str, &str); 3] = [
    ("/usr/include/openssl/ssl.h", "libssl-dev"),
    ("/usr/include/nss/ssl.h", "libnss3-dev"),
    ("/usr/include/wolfssl/ssl.h", "libwolfssl-dev"),
];

/// Installs what is not there and may be installed; says so where it may not, and goes on.
pub(super) fn install() {
    let mut missing: Vec<&str> = HEADERS
        .iter()
        .filter(|(header, _)| !Path::new(header).is_file())
        .map(|(_, package)| *package)
        .collect();
    if setup::on_path("cmake").is_none() {
        missing.push("cmake");
    }
    let more = if missing.is_empty() { Ok(()) } else { setup::install(&missing) };
    for outcome in [setup::counterparts(), more] {
        if let Err(failure) = outcome {
            eprintln!("{failure}");
        }
    }
}

/// A server that is ready to be started, for each cell of its row anew.
pub(super) enum Ready {
    Program(Program),
    Nginx,
}

/// A server that runs until this is dropped.
pub(super) struct Started {
    pub(super) port: u16,
    pub(super) anchors: Vec<TrustAnchor<'static>>,
    _running: Box<dyn Any>,
}

impl Ready {
    /// Gets the server of this name ready. What is built stays in `folder`.
    pub(super) fn new(name: &'static str, folder: &Path) -> Result<Self, Failure> {
        Ok(Self::Program(match name {
            "openssl" => programs::c(name, "openssl.c", "gcc libc6-dev libssl-dev", |compiler| {
                compiler.args(["-DNAME=\"openssl\"", "-lssl", "-lcrypto"]);
            })?,
            "boringssl" => boringssl(name, &libraries::boringssl(folder)?)?,
            "gnutls" => programs::gnutls("NORMAL")?,
            "nss" => programs::c(name, "nss.c", "gcc libc6-dev libnss3-dev", |compiler| {
                compiler.args(["-I/usr/include/nss", "-I/usr/include/nspr", "-lssl3", "-lnss3", "-lnspr4"]);
            })?,
            "wolfssl" => programs::c(name, "wolfssl.c", "gcc libc6-dev libwolfssl-dev", |compiler| {
                compiler.arg("-lwolfssl");
            })?,
            "mbedtls" => mbedtls(name, &libraries::mbedtls(folder)?)?,
            "rustls" => programs::rustls()?,
            "go" => programs::go_by(&sources::go()?)?,
            "java" => programs::java()?,
            "node" => programs::node()?,
            "python" => programs::python()?,
            "nginx" => return Ok(Self::Nginx),
            other => return Err(Failure::usage(format!("there is no server `{other}`"))),
        }))
    }

    /// Starts it with the chain that `make` writes into a folder.
    pub(super) fn start(&self, make: fn(&Path) -> Files, setting: &Setting<'_>) -> Result<Started, Failure> {
        let folder = tempfile::tempdir().map_err(|error| Failure::failed(format!("no folder: {error}")))?;
        let files = make(folder.path());
        let anchors = post::anchors(&files.anchors)?;
        match self {
            Self::Program(program) => {
                let server = program.start(folder, vec![files], setting)?;
                let (_, port) = server.any();
                Ok(Started { port, anchors, _running: Box::new(server) })
            }
            Self::Nginx => {
                let block = nginx::tls(&files) + &nginx::setting(setting);
                let server = Nginx::start(&folder, &[block])?;
                let port = server.ports[0];
                // The folder is removed behind the server.
                Ok(Started { port, anchors, _running: Box::new((server, folder)) })
            }
        }
    }
}

fn boringssl(name: &'static str, library: &Library) -> Result<Program, Failure> {
    let version = format!("-DLIBRARY=\"BoringSSL of boring-sys {}\"", sources::BORING_SYS);
    programs::c(name, "openssl.c", "build-essential", |compiler| {
        compiler.args(["-DNAME=\"boringssl\"", &version]);
        link(compiler, library).args(["-lstdc++", "-lpthread"]);
    })
}

fn mbedtls(name: &'static str, library: &Library) -> Result<Program, Failure> {
    programs::c(name, "mbedtls.c", "build-essential", |compiler| {
        compiler.arg(libraries::MBEDTLS_SETTING);
        link(compiler, library);
    })
}

fn link<'c>(compiler: &'c mut Command, library: &Library) -> &'c mut Command {
    compiler.arg("-I").arg(&library.include).args(&library.archives)
}
