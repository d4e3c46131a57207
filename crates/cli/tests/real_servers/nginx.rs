//! nginx, which answers with the request's body.

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use crate::chains::Files;
use crate::process::{Process, installed};

const CONFIGURATION: &str = include_str!("programs/nginx.conf");
/// What all server blocks say.
const LOCATIONS: &str = "
        location / { proxy_pass http://unix:inner.sock; }
        location @echo {
            add_header X-Counterpart nginx;
            return 200 $request_body;
        }";

/// nginx in a folder of its own, with a port for each of its server blocks.
pub(crate) struct Nginx {
    pub(crate) ports: Vec<u16>,
    _process: Process,
}

impl Nginx {
    /// Starts it with these server blocks, in which `PORT` stands for the port. Its files, and
    /// those that the blocks name, are in `folder`.
    pub(crate) fn start(folder: &TempDir, blocks: &[String]) -> Self {
        let nginx = installed("nginx", "nginx");
        // It cannot say which port it got, so it is given one that is free. Should somebody else
        // take that in between, the next one will do.
        let attempt = || Self::attempt(&nginx, folder.path(), blocks);
        attempt().or_else(|_| attempt()).unwrap_or_else(|failure| panic!("{failure}"))
    }

    fn attempt(nginx: &Path, folder: &Path, blocks: &[String]) -> Result<Self, String> {
        let ports = free_ports(blocks.len());
        let servers: String = blocks
            .iter()
            .zip(&ports)
            .map(|(block, port)| {
                format!("    server {{\n{}{LOCATIONS}\n    }}\n", block.replace("PORT", &port.to_string()))
            })
            .collect();
        let file = folder.join("nginx.conf");
        let text = CONFIGURATION.replace("SERVERS", &servers);
        fs::write(&file, text).expect("there is room for a file");
        // The folder of its socket is where it is started, not its prefix.
        let mut command = Command::new(nginx);
        command.current_dir(folder).arg("-p").arg(folder).arg("-c").arg(file).args(["-e", "stderr"]);
        let mut process = Process::start(&mut command);
        // It writes this when it has all its ports.
        let process_id = folder.join("nginx.pid");
        process.wait_for("ports", |_| process_id.exists().then_some(()))?;
        Ok(Self { ports, _process: process })
    }
}

/// A server block that shows this chain.
pub(crate) fn tls(files: &Files) -> String {
    format!(
        "listen 127.0.0.1:PORT ssl; ssl_certificate {}; ssl_certificate_key {}; ssl_protocols TLSv1.2 TLSv1.3;",
        files.certificates.display(),
        files.key.display()
    )
}

/// Ports of the loopback that are free now, each another one.
fn free_ports(count: usize) -> Vec<u16> {
    let open = |_| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("the loopback has a free port");
    let listeners: Vec<_> = (0..count).map(open).collect();
    listeners.iter().map(|listener| listener.local_addr().expect("it is bound").port()).collect()
}
