//! An HTTPS server over rustls: `counterpart-rustls CERT KEY [CERT KEY ...]` listens on one port of
//! the loopback for each pair of PEM files, and prints the ports, one a line. It answers with the
//! request's body, and with headers that say how it saw the connection. In the environment,
//! `COUNTERPART_ONLY_P256` makes P-256 the only group, and `COUNTERPART_CLIENT_CA` is the PEM file of
//! the authority whose clients alone are let in.

#![forbid(unsafe_code)]

use std::env;
use std::error::Error;
use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use rustls::crypto::aws_lc_rs::{default_provider, kx_group};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{HandshakeKind, RootCertStore, ServerConfig, ServerConnection, StreamOwned};

type Stream = StreamOwned<ServerConnection, TcpStream>;

const LIMIT: Duration = Duration::from_secs(20);

fn main() -> Result<(), Box<dyn Error>> {
    let files: Vec<String> = env::args().skip(1).collect();
    let mut threads = Vec::new();
    for pair in files.chunks_exact(2) {
        let config = Arc::new(config(&pair[0], &pair[1])?);
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        println!("{}", listener.local_addr()?.port());
        threads.push(std::thread::spawn(move || {
            for stream in listener.incoming() {
                let served = stream.map_err(Into::into).and_then(|stream| serve(&config, stream));
                if let Err(error) = served {
                    eprintln!("{error}");
                }
            }
        }));
    }
    for thread in threads {
        if thread.join().is_err() {
            return Err("a thread has panicked".into());
        }
    }
    Ok(())
}

fn config(certificates: &str, key: &str) -> Result<ServerConfig, Box<dyn Error>> {
    let mut provider = default_provider();
    if env::var_os("COUNTERPART_ONLY_P256").is_some() {
        provider.kx_groups = vec![kx_group::SECP256R1];
    }
    let provider = Arc::new(provider);
    let builder =
        ServerConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions()?;
    let builder = match env::var_os("COUNTERPART_CLIENT_CA") {
        Some(authority) => {
            let mut roots = RootCertStore::empty();
            roots.add(CertificateDer::from_pem_file(authority)?)?;
            let roots = Arc::new(roots);
            builder.with_client_cert_verifier(
                WebPkiClientVerifier::builder_with_provider(roots, provider).build()?,
            )
        }
        None => builder.with_no_client_auth(),
    };
    let chain = CertificateDer::pem_file_iter(certificates)?.collect::<Result<_, _>>()?;
    Ok(builder.with_single_cert(chain, PrivateKeyDer::from_pem_file(key)?)?)
}

fn serve(config: &Arc<ServerConfig>, stream: TcpStream) -> Result<(), Box<dyn Error>> {
    stream.set_read_timeout(Some(LIMIT))?;
    let mut stream = StreamOwned::new(ServerConnection::new(config.clone())?, stream);
    let body = read_body(&mut stream)?;
    let mut head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n", body.len());
    for (name, value) in view(&stream.conn)? {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str("\r\n");
    stream.write_all(head.as_bytes())?;
    stream.write_all(&body)?;
    stream.conn.send_close_notify();
    stream.flush()?;
    // The client's own close_notify: without waiting for it, TCP might say that the end was no good
    // one.
    Ok(stream.read_to_end(&mut Vec::new()).map(drop)?)
}

fn read_body(stream: &mut Stream) -> Result<Vec<u8>, Box<dyn Error>> {
    let mut request = Vec::new();
    let mut space = [0; 4096];
    loop {
        let count = stream.read(&mut space)?;
        if count == 0 {
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
        }
        request.extend(&space[..count]);
        let Some(end) = request.windows(4).position(|window| window == b"\r\n\r\n") else { continue };
        let head = str::from_utf8(&request[..end])?.to_ascii_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
        let length: usize = length.ok_or("a POST has a length")?.trim().parse()?;
        if let Some(body) = request.get(end + 4..end + 4 + length) {
            return Ok(body.to_vec());
        }
    }
}

/// rustls does not tell its own version: what cargo has noted of it.
fn version() -> Result<&'static str, &'static str> {
    const NAME: &str = "name = \"rustls\"\nversion = \"";
    let (_, version) =
        include_str!("../../../Cargo.lock").split_once(NAME).ok_or("rustls is in Cargo.lock")?;
    version.split('"').next().ok_or("a version ends")
}

/// How the server sees the connection, as headers.
fn view(connection: &ServerConnection) -> Result<Vec<(&'static str, String)>, Box<dyn Error>> {
    let resumed = connection.handshake_kind() == Some(HandshakeKind::Resumed);
    let mut view = vec![
        ("X-Counterpart", "rustls".to_owned()),
        ("X-Library", format!("rustls {}", version()?)),
        ("X-Resumed", if resumed { "yes" } else { "no" }.to_owned()),
    ];
    if let Some(group) = connection.negotiated_key_exchange_group() {
        view.push(("X-Group", format!("{:?}", group.name())));
    }
    if let Some([certificate, ..]) = connection.peer_certificates() {
        let (_, certificate) = x509_parser::parse_x509_certificate(certificate)?;
        view.push(("X-Client", certificate.subject().to_string()));
    }
    Ok(view)
}
