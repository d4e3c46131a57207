//! The server that every program POSTs to: rustls, TLS 1.3 and 1.2, always the same answer.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use picopost_testkit::chains::Chain;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{HandshakeKind, ServerConfig, ServerConnection};
use xtask::error::Failure;

use crate::stacks::{Group, Stack};

/// What every program sends.
pub const REQUEST: &[u8] = include_bytes!("../chip/request.txt");
/// The content of the answer.
pub const CONTENT: &[u8] =
    br#"{"access_token":"bench-token-0123456789abcdef","token_type":"Bearer","expires_in":3600}"#;

/// Between looks at whether the server shall end.
const POLL: Duration = Duration::from_millis(2);
/// A client that is silent for so long is gone.
const LIMIT: Duration = Duration::from_secs(60);

/// What the server saw of one connection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// Octets over TCP, from the client.
    pub received: u64,
    /// Octets over TCP, to the client.
    pub sent: u64,
    /// Whether it was resumed.
    pub resumed: bool,
    /// What was agreed on, as `TLS 1.3, TLS_AES_128_GCM_SHA256, X25519`.
    pub agreed: String,
    /// Why it went wrong, if it did.
    pub error: Option<String>,
}

/// A running server; it ends when dropped.
#[derive(Debug)]
pub struct Server {
    /// The port on the loopback.
    pub port: u16,
    ends: Arc<AtomicBool>,
    thread: Option<JoinHandle<Vec<Seen>>>,
}

/// What is spoken above TCP.
#[derive(Clone, Debug)]
pub enum Protocol {
    /// TLS with these certificates.
    Tls(Arc<ServerConfig>),
    /// Clear text.
    Plain,
}

impl Protocol {
    /// TLS 1.3 and 1.2, two tickets, sessions kept; group and records as the stack wants them.
    ///
    /// # Errors
    /// rustls does not take the certificates.
    pub fn tls(chain: &Chain, stack: &Stack) -> Result<Self, Failure> {
        let failed = |error: rustls::Error| Failure::failed(format!("the server cannot be set up: {error}"));
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(chain.key.der().to_vec()));
        let mut provider = aws_lc_rs::default_provider();
        provider.kx_groups = vec![match stack.group {
            Group::X25519 => aws_lc_rs::kx_group::X25519,
            Group::Secp256r1 => aws_lc_rs::kx_group::SECP256R1,
        }];
        let mut config = ServerConfig::builder_with_provider(Arc::new(provider))
            .with_safe_default_protocol_versions()
            .map_err(failed)?
            .with_no_client_auth()
            .with_single_cert(chain.certificates.clone(), key)
            .map_err(failed)?;
        // rustls counts the record's header in.
        config.max_fragment_size = stack.largest_record.map(|octets| octets + 5);
        config.send_tls13_tickets = 2;
        Ok(Self::Tls(Arc::new(config)))
    }
}

impl Server {
    /// Starts to serve, one connection after the other.
    ///
    /// # Errors
    /// There is no free port.
    pub fn start(protocol: Protocol) -> Result<Self, Failure> {
        let failed = |error: io::Error| Failure::failed(format!("the server cannot listen: {error}"));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(failed)?;
        listener.set_nonblocking(true).map_err(failed)?;
        let port = listener.local_addr().map_err(failed)?.port();
        let ends = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&ends);
        let thread = Some(thread::spawn(move || serve(&listener, &protocol, &flag)));
        Ok(Self { port, ends, thread })
    }

    /// Ends: what was seen of each connection.
    #[must_use]
    pub fn finish(mut self) -> Vec<Seen> {
        self.ends.store(true, Ordering::Relaxed);
        self.thread.take().and_then(|thread| thread.join().ok()).unwrap_or_default()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::Relaxed);
    }
}

fn serve(listener: &TcpListener, protocol: &Protocol, ends: &AtomicBool) -> Vec<Seen> {
    let mut all = Vec::new();
    while !ends.load(Ordering::Relaxed) {
        match listener.accept() {
            Ok((stream, _)) => all.push(attend(stream, protocol)),
            Err(error) if error.kind() == ErrorKind::WouldBlock => thread::sleep(POLL),
            Err(_) => break,
        }
    }
    all
}

fn attend(stream: TcpStream, protocol: &Protocol) -> Seen {
    let mut seen = Seen::default();
    let mut wire = Wire { stream, received: 0, sent: 0 };
    let outcome = match protocol {
        Protocol::Plain => exchange(&mut wire),
        Protocol::Tls(config) => over_tls(&mut wire, config, &mut seen),
    };
    // Until the client has closed: what it says last counts too.
    let outcome = outcome.and_then(|()| wire.drain());
    (seen.received, seen.sent) = (wire.received, wire.sent);
    seen.error = outcome.err().map(|error| error.to_string());
    seen
}

fn over_tls(wire: &mut Wire, config: &Arc<ServerConfig>, seen: &mut Seen) -> io::Result<()> {
    let mut tls = ServerConnection::new(Arc::clone(config)).map_err(io::Error::other)?;
    wire.set_up()?;
    let outcome = exchange(&mut rustls::Stream::new(&mut tls, wire));
    seen.resumed = tls.handshake_kind() == Some(HandshakeKind::Resumed);
    let names = [
        tls.protocol_version().map(|version| format!("{version:?}").replace("TLSv1_", "TLS 1.")),
        tls.negotiated_cipher_suite().map(|suite| format!("{:?}", suite.suite()).replace("TLS13_", "TLS_")),
        tls.negotiated_key_exchange_group().map(|group| format!("{:?}", group.name())),
    ];
    seen.agreed = names.into_iter().flatten().collect::<Vec<_>>().join(", ");
    tls.send_close_notify();
    while tls.wants_write() {
        tls.write_tls(wire)?;
    }
    wire.stream.shutdown(std::net::Shutdown::Write)?;
    outcome
}

/// Takes the request, which must be the bench's, and answers.
fn exchange(stream: &mut (impl Read + Write)) -> io::Result<()> {
    let mut request = vec![0; REQUEST.len()];
    stream.read_exact(&mut request)?;
    if request != REQUEST {
        return Err(io::Error::other("this is not the bench's request"));
    }
    stream.write_all(&answer())?;
    stream.flush()
}

/// The whole answer.
#[must_use]
pub fn answer() -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
        CONTENT.len()
    );
    [head.as_bytes(), CONTENT].concat()
}

/// The connection, counted.
struct Wire {
    stream: TcpStream,
    received: u64,
    sent: u64,
}

impl Wire {
    fn set_up(&self) -> io::Result<()> {
        self.stream.set_nonblocking(false)?;
        self.stream.set_nodelay(true)?;
        self.stream.set_read_timeout(Some(LIMIT))
    }

    fn drain(&mut self) -> io::Result<()> {
        let mut space = [0; 1024];
        while self.read(&mut space)? > 0 {}
        Ok(())
    }
}

impl Read for Wire {
    fn read(&mut self, space: &mut [u8]) -> io::Result<usize> {
        let count = self.stream.read(space)?;
        self.received += u64::try_from(count).unwrap_or_default();
        Ok(count)
    }
}

impl Write for Wire {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        let count = self.stream.write(octets)?;
        self.sent += u64::try_from(count).unwrap_or_default();
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}
