//! Starts the command, and clients for it.

use std::fs;
use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::{Arc, LazyLock};

use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use serde_json::Value;

/// One CA for all tests: making RSA keys takes a while.
static CA: LazyLock<PathBuf> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("listen-ca");
    if folder.exists() {
        fs::remove_dir_all(&folder).unwrap();
    }
    let status =
        picopost(&["listen", "--write-anchors-only", "--ca"]).arg(&folder).stdout(Stdio::null()).status();
    assert!(status.unwrap().success());
    folder
});

/// The command, not yet started.
pub(crate) fn picopost(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_picopost"));
    command.args(arguments).env("NO_COLOR", "1");
    command
}

pub(crate) fn ca() -> &'static Path {
    &CA
}

/// A running `picopost listen`; killed when dropped.
pub(crate) struct Server {
    child: Child,
    stdout: BufReader<ChildStdout>,
    pub(crate) address: SocketAddr,
    /// Its first event.
    pub(crate) listening: Value,
}

impl Server {
    /// For one attempt, with `--json`.
    pub(crate) fn start(arguments: &[&str]) -> Self {
        Self::start_for(1, arguments)
    }

    pub(crate) fn start_for(attempts: usize, arguments: &[&str]) -> Self {
        let attempts = attempts.to_string();
        let mut command =
            picopost(&["listen", "--port", "0", "--json", "--no-page", "--attempts", &attempts]);
        command.args(arguments).arg("--ca").arg(ca());
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut first = String::new();
        stdout.read_line(&mut first).unwrap();
        let first: Value = serde_json::from_str(&first).unwrap();
        assert_eq!(first["event"], "listening");
        let port = u16::try_from(first["port"].as_u64().unwrap()).unwrap();
        Self { child, stdout, address: SocketAddr::from(([127, 0, 0, 1], port)), listening: first }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).unwrap()
    }

    /// A TLS client that trusts this chain shape's root.
    pub(crate) fn client(&self, shape: &str) -> StreamOwned<ClientConnection, TcpStream> {
        self.client_with(client_config(&[shape]), "picopost.test")
    }

    pub(crate) fn client_with(
        &self,
        config: ClientConfig,
        name: &'static str,
    ) -> StreamOwned<ClientConnection, TcpStream> {
        let name = ServerName::try_from(name).unwrap();
        StreamOwned::new(ClientConnection::new(Arc::new(config), name).unwrap(), self.connect())
    }

    /// One more event.
    pub(crate) fn next_event(&mut self) -> Value {
        let mut line = String::new();
        self.stdout.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap()
    }

    /// All further events, to the summary; the command must end well.
    pub(crate) fn events(mut self) -> Events {
        let mut text = String::new();
        self.stdout.read_to_string(&mut text).unwrap();
        assert!(self.child.wait().unwrap().success());
        let events: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(events.last().unwrap()["event"], "summary");
        Events { text, events }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It has ended already, as a rule.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What the server told.
pub(crate) struct Events {
    pub(crate) text: String,
    events: Vec<Value>,
}

impl Events {
    /// The names of the events, in order, without the summary.
    pub(crate) fn names(&self) -> Vec<&str> {
        let names = self.events.iter().map(|event| event["event"].as_str().unwrap());
        names.filter(|name| *name != "summary").collect()
    }

    /// All of them, in order.
    pub(crate) fn all(&self) -> &[Value] {
        &self.events
    }

    /// The only event of this name.
    pub(crate) fn only(&self, name: &str) -> &Value {
        let mut found = self.events.iter().filter(|event| event["event"] == name);
        let event = found.next().unwrap_or_else(|| panic!("no {name} in {}", self.text));
        assert!(found.next().is_none(), "more than one {name} in {}", self.text);
        event
    }

    /// The codes of an event's findings.
    pub(crate) fn findings(&self, name: &str) -> Vec<&str> {
        let findings = self.only(name)["findings"].as_array().unwrap();
        findings.iter().map(|finding| finding["code"].as_str().unwrap()).collect()
    }
}

pub(crate) fn client_config(shapes: &[&str]) -> ClientConfig {
    client_config_with(shapes, rustls::DEFAULT_VERSIONS)
}

pub(crate) fn client_config_with(
    shapes: &[&str],
    versions: &[&'static rustls::SupportedProtocolVersion],
) -> ClientConfig {
    let provider = rustls::crypto::aws_lc_rs::default_provider();
    let builder =
        ClientConfig::builder_with_provider(provider.into()).with_protocol_versions(versions).unwrap();
    builder.with_root_certificates(roots(shapes)).with_no_client_auth()
}

pub(crate) fn client_config_of(provider: CryptoProvider, shapes: &[&str]) -> ClientConfig {
    let builder = ClientConfig::builder_with_provider(provider.into()).with_safe_default_protocol_versions();
    builder.unwrap().with_root_certificates(roots(shapes)).with_no_client_auth()
}

fn roots(shapes: &[&str]) -> RootCertStore {
    let mut roots = RootCertStore::empty();
    for shape in shapes {
        roots.add(CertificateDer::from(fs::read(ca().join(shape).join("root.der")).unwrap())).unwrap();
    }
    roots
}

/// A TLS client that trusts the gts root, for a server that was started otherwise.
pub(crate) fn tls_client(port: u16) -> StreamOwned<ClientConnection, TcpStream> {
    let name = ServerName::try_from("picopost.test").unwrap();
    let connection = ClientConnection::new(Arc::new(client_config(&["gts"])), name).unwrap();
    StreamOwned::new(connection, TcpStream::connect(("127.0.0.1", port)).unwrap())
}

/// Sends a request and reads its answer; says close_notify.
pub(crate) fn exchange(stream: &mut StreamOwned<ClientConnection, TcpStream>, request: &[u8]) -> String {
    stream.write_all(request).unwrap();
    stream.flush().unwrap();
    let answer = answer(stream);
    close(stream);
    answer
}

/// Reads one answer, as long as it says to be.
pub(crate) fn answer(stream: &mut impl Read) -> String {
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        let mut octet = [0];
        stream.read_exact(&mut octet).unwrap();
        answer.extend_from_slice(&octet);
    }
    let head = String::from_utf8(answer).unwrap();
    let length = head.split("Content-Length: ").nth(1).and_then(|rest| rest.split('\r').next()).unwrap();
    let mut body = vec![0; length.parse().unwrap()];
    stream.read_exact(&mut body).unwrap();
    head + std::str::from_utf8(&body).unwrap()
}

pub(crate) fn close(stream: &mut StreamOwned<ClientConnection, TcpStream>) {
    stream.conn.send_close_notify();
    stream.flush().unwrap();
}

/// A POST with this Content-Type and body.
pub(crate) fn post(target: &str, fields: &str, body: &str) -> Vec<u8> {
    format!(
        "POST {target} HTTP/1.1\r\nHost: picopost.test:8443\r\nUser-Agent: test\r\n{fields}Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// The status of an answer, and its body as JSON.
pub(crate) fn parse(answer: &str) -> (u16, Value) {
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, serde_json::from_str(body).unwrap())
}
