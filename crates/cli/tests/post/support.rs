//! Runs the command, and the servers that it meets.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;
use std::thread;

use tempfile::TempDir;

/// What a run of the command gave.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Output {
    pub(crate) status: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

pub(crate) fn picopost(arguments: &[&str], stdin: &[u8]) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_picopost"))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // The command may end without reading it.
    let _ = child.stdin.take().unwrap().write_all(stdin);
    let output = child.wait_with_output().unwrap();
    let text = |octets: Vec<u8>| String::from_utf8(octets).unwrap();
    Output { status: output.status.code().unwrap(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

/// A run with a small body, which fails with these lines.
pub(crate) fn assert_fails(arguments: &[&str], status: i32, stderr: &str) {
    let arguments = [&["post"], arguments].concat();
    let expected = Output { status, stdout: String::new(), stderr: stderr.to_owned() };
    assert_eq!(picopost(&arguments, b""), expected, "{arguments:?}");
}

/// One CA for all tests: making RSA keys takes a while.
pub(crate) static CA: LazyLock<PathBuf> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("post-ca");
    if folder.exists() {
        std::fs::remove_dir_all(&folder).unwrap();
    }
    let output = picopost(&["listen", "--write-anchors-only", "--ca", folder.to_str().unwrap()], b"");
    assert_eq!(output.status, 0);
    folder
});

/// `picopost listen` on a free port, ended with the test.
pub(crate) struct Listen {
    child: Child,
    pub(crate) port: u16,
}

impl Listen {
    pub(crate) fn start() -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_picopost"))
            .args(["listen", "--port", "0", "--json", "--ca"])
            .arg(CA.as_path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let first: serde_json::Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
        let port = first["port"].as_u64().unwrap().try_into().unwrap();
        // What it prints is of no interest, and must not fill the pipe.
        thread::spawn(move || lines.for_each(drop));
        Self { child, port }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("https://localhost:{}{path}", self.port)
    }

    pub(crate) fn anchors() -> String {
        CA.join("anchors.pem").display().to_string()
    }
}

impl Drop for Listen {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Text in a file of its own.
pub(crate) fn file(folder: &TempDir, name: &str, content: impl AsRef<[u8]>) -> String {
    let path: PathBuf = folder.path().join(name);
    std::fs::write(&path, content).unwrap();
    path.display().to_string()
}

/// A port where each connection is given to `serve`, once.
pub(crate) fn tcp_server(serve: impl FnOnce(TcpStream) + Send + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || serve(listener.accept().unwrap().0));
    port
}
