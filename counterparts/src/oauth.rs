//! Two OAuth 2.0 authorisation servers, and nginx as the edge before them.
//!
//! `oidc-provider` takes forms; `django-oauth-toolkit` has one endpoint for JSON, and one for Basic authentication
//! alone. Each has a resource beside it that takes its tokens.
//! They are installed from npm and PyPI into the target folder, once, with the versions that are pinned in
//! `programs`.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;
use xtask::error::Failure;
use xtask::firmware::workspace;
use xtask::process;

use crate::chains;
use crate::nginx::Nginx;
use crate::process::{Process, installed};

/// The secret of all clients: it has what a form must escape.
pub const SECRET: &str = "s3cr&t=+ %/~";
/// The client of oidc-provider that is registered for Basic authentication.
pub const BASIC: &str = "basic device";
/// The client of oidc-provider that is registered for its credentials in the form.
pub const FORM: &str = "form device";
/// The client of django-oauth-toolkit.
pub const DJANGO: &str = "django device";

const PACKAGE: &str = include_str!("../programs/oidc-provider/package.json");
const PACKAGE_LOCK: &str = include_str!("../programs/oidc-provider/package-lock.json");
const NODE_SERVER: &str = include_str!("../programs/oidc-provider/server.js");
const REQUIREMENTS: &str = include_str!("../programs/oauth-toolkit/requirements.txt");
const PYTHON_SERVER: &str = include_str!("../programs/oauth-toolkit/server.py");
const EDGE: &str = include_str!("../programs/edge.conf");

const INSTALL_LIMIT: Duration = Duration::from_secs(600);

/// The servers, and their edge. They end when this is dropped.
pub struct Servers {
    /// The edge's port on the loopback. The certificate is for `device.example`, under the root of
    /// [`picopost_testkit::chains::shapes::direct`].
    pub port: u16,
    _edge: Nginx,
    _servers: [Process; 2],
    /// A port that takes connections, and never answers.
    _silent: TcpListener,
    _folder: TempDir,
}

impl Servers {
    /// Gets them where they are not there yet, and starts them.
    ///
    /// # Errors
    /// Something cannot be had, or a server does not start.
    ///
    /// # Panics
    /// If there is no room for a file.
    pub fn start() -> Result<Self, Failure> {
        let (node, python) = (node_modules()?, virtual_environment()?);
        let folder = tempfile::tempdir().expect("there is room for a folder");
        let socket = folder.path().join("node.sock");
        let mut command = Command::new(installed("node", "nodejs")?);
        let mut oidc = Process::start(command.current_dir(&node).arg("server.js").arg(&socket))?;
        let mut command = Command::new(python.join("bin/python"));
        let database = folder.path().join("django.sqlite");
        let mut toolkit = Process::start(command.arg(python.join("server.py")).arg(database))?;
        oidc.wait_for("socket", |it| it.stdout().starts_with(b"ready").then_some(()))?;
        let port = toolkit.wait_for("port", |it| {
            let text = String::from_utf8(it.stdout()).ok()?;
            text.strip_suffix('\n')?.parse::<u16>().ok()
        })?;
        let silent = TcpListener::bind("127.0.0.1:0").expect("the loopback has a free port");
        let silent_port = silent.local_addr().expect("it is bound").port();
        let files = chains::direct(folder.path());
        let text = |ports: &[u16]| {
            EDGE.replace("PORT", &ports[0].to_string())
                .replace("CERTIFICATES", &files.certificates.display().to_string())
                .replace("KEY", &files.key.display().to_string())
                .replace("NODE", &socket.display().to_string())
                .replace("DJANGO", &port.to_string())
                .replace("SILENT", &silent_port.to_string())
        };
        let edge = Nginx::configured(&folder, 1, text)?;
        Ok(Self {
            port: edge.ports[0],
            _edge: edge,
            _servers: [oidc, toolkit],
            _silent: silent,
            _folder: folder,
        })
    }
}

/// The folder with oidc-provider and its server.
fn node_modules() -> Result<PathBuf, Failure> {
    let folder = folder("oidc-provider");
    write(&folder, "server.js", NODE_SERVER);
    let npm = || installed("npm", "npm");
    install(&folder, "package-lock.json", PACKAGE_LOCK, || {
        write(&folder, "package.json", PACKAGE);
        let mut command = Command::new(npm()?);
        command.current_dir(&folder).args([
            "ci",
            "--ignore-scripts",
            "--no-audit",
            "--no-fund",
            "--loglevel=error",
        ]);
        missing("npm ci", process::run("npm", &mut command, INSTALL_LIMIT))
    })?;
    Ok(folder)
}

/// The folder with django-oauth-toolkit and its server.
fn virtual_environment() -> Result<PathBuf, Failure> {
    let folder = folder("oauth-toolkit");
    write(&folder, "server.py", PYTHON_SERVER);
    install(&folder, "requirements.txt", REQUIREMENTS, || {
        let mut command = Command::new(installed("python3", "python3")?);
        let made = process::run("python3", command.args(["-m", "venv"]).arg(&folder), INSTALL_LIMIT);
        missing("python3 -m venv", made)
            .map_err(|failure| failure.hint("type: sudo apt-get install -y python3-venv"))?;
        let mut command = Command::new(folder.join("bin/python"));
        command.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "-r"]);
        command.arg(folder.join("requirements.txt"));
        missing("pip install", process::run("pip", &mut command, INSTALL_LIMIT))
    })?;
    Ok(folder)
}

/// A folder of its own in the target folder.
fn folder(name: &str) -> PathBuf {
    let folder = workspace().join("target/oauth").join(name);
    fs::create_dir_all(&folder).expect("there is room for a folder");
    folder
}

fn write(folder: &Path, name: &str, text: &str) {
    fs::write(folder.join(name), text).expect("there is room for a file");
}

/// Installs, unless what this lock file says is there already.
fn install(
    folder: &Path,
    name: &str,
    lock: &str,
    install: impl FnOnce() -> Result<(), Failure>,
) -> Result<(), Failure> {
    let done = folder.join("installed");
    if fs::read_to_string(&done).is_ok_and(|text| text == lock) {
        return Ok(());
    }
    write(folder, name, lock);
    install()?;
    write(folder, "installed", lock);
    Ok(())
}

/// What cannot be installed is missing: nothing was found wrong.
fn missing(what: &str, outcome: Result<(), Failure>) -> Result<(), Failure> {
    outcome.map_err(|failure| Failure::missing(format!("`{what}`: {}", failure.sentence())))
}
