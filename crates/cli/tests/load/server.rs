//! Starts the command, and reads what it printed and what it took.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::thread::JoinHandle;

use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, RootCertStore};
use serde_json::Value;
use tempfile::TempDir;

pub(crate) struct Server {
    child: Child,
    /// Reads what the command prints; in the end it gives the report.
    reader: Option<JoinHandle<Report>>,
    pub(crate) address: SocketAddr,
    root: CertificateDer<'static>,
    /// Holds the CA and the store.
    folder: TempDir,
}

#[derive(Default)]
pub(crate) struct Report {
    pub(crate) attempts: u64,
    pub(crate) closed: u64,
    pub(crate) good_answers: u64,
    /// Attempts that are whole in the store.
    pub(crate) stored: u64,
    pub(crate) resident_kib: u64,
}

impl Server {
    /// For so many attempts.
    pub(crate) fn start(attempts: usize) -> Self {
        Self::start_with_timeout(attempts, "3")
    }

    /// With so many seconds for each stage.
    pub(crate) fn start_with_timeout(attempts: usize, timeout: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_picopost"));
        command.args([
            "listen",
            "--port",
            "0",
            "--json",
            "--timeout",
            timeout,
            "--attempts",
            &attempts.to_string(),
        ]);
        let ca = folder.path().join("ca");
        command.arg("--ca").arg(&ca).arg("--store").arg(store(&folder));
        let mut child = command.args(["--page", "127.0.0.1:0"]).stdout(Stdio::piped()).spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let listening: Value = serde_json::from_str(&line).unwrap();
        let port = u16::try_from(listening["port"].as_u64().unwrap()).unwrap();
        let root = CertificateDer::from(fs::read(listening["root"].as_str().unwrap()).unwrap());
        let id = child.id();
        let reader = std::thread::spawn(move || read(stdout, id));
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        Self { child, reader: Some(reader), address, root, folder }
    }

    /// Trusts this server; without sessions, so that each handshake is a full one.
    pub(crate) fn client_config(&self) -> Arc<ClientConfig> {
        let mut roots = RootCertStore::empty();
        roots.add(self.root.clone()).unwrap();
        let provider = rustls::crypto::aws_lc_rs::default_provider();
        let builder = ClientConfig::builder_with_provider(provider.into());
        let builder = builder.with_safe_default_protocol_versions().unwrap();
        let mut config = builder.with_root_certificates(roots).with_no_client_auth();
        config.resumption = rustls::client::Resumption::disabled();
        Arc::new(config)
    }

    /// The most memory that it had until now.
    pub(crate) fn resident_kib(&self) -> u64 {
        resident_kib(self.child.id())
    }

    /// Waits for the end of the command.
    pub(crate) fn finish(mut self) -> Report {
        let mut report = self.reader.take().unwrap().join().unwrap();
        assert!(self.child.wait().unwrap().success());
        let database = rusqlite::Connection::open(store(&self.folder)).unwrap();
        let count = "SELECT count(*) FROM attempts WHERE overview ->> 'complete'";
        report.stored = database.query_row(count, [], |row| row.get(0)).unwrap();
        report
    }
}

fn store(folder: &TempDir) -> PathBuf {
    folder.path().join("attempts.db")
}

impl Drop for Server {
    fn drop(&mut self) {
        // It has ended already, as a rule.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn read(stdout: impl std::io::BufRead, id: u32) -> Report {
    let mut report = Report::default();
    for line in stdout.lines() {
        let event: Value = serde_json::from_str(&line.unwrap()).unwrap();
        match event["event"].as_str().unwrap() {
            "closed" => {
                report.closed += 1;
                report.resident_kib = report.resident_kib.max(resident_kib(id));
            }
            "summary" => {
                report.attempts = event["attempts"].as_u64().unwrap();
                report.good_answers = event["good_answers"].as_u64().unwrap();
            }
            _ => {}
        }
    }
    report
}

/// The most memory that the process ever had (`VmHWM`); 0 where the system does not say.
fn resident_kib(id: u32) -> u64 {
    let Ok(status) = File::open(format!("/proc/{id}/status")) else { return 0 };
    let lines = BufReader::new(status).lines().map_while(Result::ok);
    let line = lines.into_iter().find(|line| line.starts_with("VmHWM:"));
    line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok()).unwrap_or_default()
}
