//! nginx, which answers with the request's body.

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;
use xtask::error::Failure;

use crate::chains::Files;
use crate::process::{Process, installed};
use crate::programs::Setting;

const CONFIGURATION: &str = include_str!("../programs/nginx.conf");
/// What all server blocks say. Where there is no client certificate, nginx leaves out its header.
const LOCATIONS: &str = "
        location / { proxy_pass http://unix:inner.sock; }
        location @echo {
            add_header X-Counterpart nginx;
            add_header X-Library 'nginx $nginx_version';
            add_header X-Resumed $resumed;
            add_header X-Group $ssl_curve;
            add_header X-Client $ssl_client_s_dn;
            return 200 $request_body;
        }";

/// nginx in a folder of its own, with a port for each of its server blocks.
pub struct Nginx {
    /// The port of each block.
    pub ports: Vec<u16>,
    _process: Process,
}

impl Nginx {
    /// Starts it with these server blocks, in which `PORT` stands for the port. Its files, and
    /// those that the blocks name, are in `folder`.
    ///
    /// # Errors
    /// It is not installed, or does not start.
    ///
    /// # Panics
    /// If there is no room for a file.
    pub fn start(folder: &TempDir, blocks: &[String]) -> Result<Self, Failure> {
        let text = |ports: &[u16]| {
            let block = |(block, port): (&String, &u16)| {
                format!("    server {{\n{}{LOCATIONS}\n    }}\n", block.replace("PORT", &port.to_string()))
            };
            let servers: String = blocks.iter().zip(ports).map(block).collect();
            CONFIGURATION.replace("SERVERS", &servers)
        };
        Self::configured(folder, blocks.len(), text)
    }

    /// Starts it with the configuration that `text` makes for so many ports.
    ///
    /// # Errors
    /// It is not installed, or does not start.
    ///
    /// # Panics
    /// If there is no room for a file.
    pub fn configured(
        folder: &TempDir,
        ports: usize,
        text: impl Fn(&[u16]) -> String,
    ) -> Result<Self, Failure> {
        let nginx = installed("nginx", "nginx")?;
        // It cannot say which port it got, so it is given one that is free. Should somebody else
        // take that in between, the next one will do.
        let attempt = || {
            let ports = free_ports(ports);
            Self::attempt(&nginx, folder.path(), &text(&ports), ports)
        };
        attempt().or_else(|_| attempt())
    }

    fn attempt(nginx: &Path, folder: &Path, text: &str, ports: Vec<u16>) -> Result<Self, Failure> {
        let file = folder.join("nginx.conf");
        fs::write(&file, text).expect("there is room for a file");
        // The folder of its socket is where it is started, not its prefix.
        let mut command = Command::new(nginx);
        command.current_dir(folder).arg("-p").arg(folder).arg("-c").arg(file).args(["-e", "stderr"]);
        let mut process = Process::start(&mut command)?;
        // It writes this when it has all its ports.
        let process_id = folder.join("nginx.pid");
        process.wait_for("ports", |_| process_id.exists().then_some(()))?;
        Ok(Self { ports, _process: process })
    }
}

/// A server block that shows this chain.
#[must_use]
pub fn tls(files: &Files) -> String {
    format!(
        "listen 127.0.0.1:PORT ssl; ssl_certificate {}; ssl_certificate_key {}; ssl_protocols TLSv1.2 TLSv1.3;",
        files.certificates.display(),
        files.key.display()
    )
}

/// What a server block says for a setting.
#[must_use]
pub fn setting(setting: &Setting<'_>) -> String {
    let group = if setting.only_p256 { " ssl_ecdh_curve prime256v1;" } else { "" };
    let clients = setting
        .client_ca
        .map(|authority| format!(" ssl_verify_client on; ssl_client_certificate {};", authority.display()));
    format!("{group}{}", clients.unwrap_or_default())
}

/// Ports of the loopback that are free now, each another one.
fn free_ports(count: usize) -> Vec<u16> {
    let open = |_| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("the loopback has a free port");
    let listeners: Vec<_> = (0..count).map(open).collect();
    listeners.iter().map(|listener| listener.local_addr().expect("it is bound").port()).collect()
}
