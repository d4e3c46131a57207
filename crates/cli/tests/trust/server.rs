//! Servers over rustls, in threads of the test: they do a handshake and end the connection. The
//! thread ends with the server.

use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use picopost_testkit::chains::Chain;
use rustls::crypto::CryptoProvider;
use rustls::crypto::aws_lc_rs::{default_provider, sign::any_supported_type};
use rustls::pki_types::PrivateKeyDer;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::version::TLS13;
use rustls::{
    ServerConfig, ServerConnection, SignatureScheme, SupportedCipherSuite, SupportedProtocolVersion,
};

/// What a server shows to whom.
#[derive(Debug)]
pub(crate) struct Shows {
    chains: Vec<Arc<CertifiedKey>>,
    when: When,
}

#[derive(Debug)]
enum When {
    /// The first one.
    Always,
    /// The first one to clients that take ECDSA, the second one to others.
    ByScheme,
    /// The first one to clients that ask for the name, the second one to others.
    ByName(&'static str),
}

impl Shows {
    pub(crate) fn one(chain: &Chain) -> Self {
        Self { chains: vec![certified(chain)], when: When::Always }
    }

    pub(crate) fn by_scheme(ecdsa: &Chain, rsa: &Chain) -> Self {
        Self { chains: vec![certified(ecdsa), certified(rsa)], when: When::ByScheme }
    }

    /// The certificates of a server whose key this one does not have.
    pub(crate) fn stolen(chain: &Chain, own: &Chain) -> Self {
        let key = PrivateKeyDer::Pkcs8(own.key.der().to_vec().into());
        let certified = CertifiedKey::new(chain.certificates.clone(), any_supported_type(&key).unwrap());
        Self { chains: vec![Arc::new(certified)], when: When::Always }
    }

    /// Nothing to clients that do not ask for the name.
    pub(crate) fn only_by_name(name: &'static str, chain: &Chain) -> Self {
        Self { chains: vec![certified(chain)], when: When::ByName(name) }
    }

    pub(crate) fn by_name(name: &'static str, this: &Chain, others: &Chain) -> Self {
        Self { chains: vec![certified(this), certified(others)], when: When::ByName(name) }
    }
}

fn certified(chain: &Chain) -> Arc<CertifiedKey> {
    let key = PrivateKeyDer::Pkcs8(chain.key.der().to_vec().into());
    Arc::new(CertifiedKey::new(chain.certificates.clone(), any_supported_type(&key).unwrap()))
}

impl ResolvesServerCert for Shows {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let ecdsa = [SignatureScheme::ECDSA_NISTP256_SHA256, SignatureScheme::ECDSA_NISTP384_SHA384];
        let first = match self.when {
            When::Always => true,
            When::ByScheme => hello.signature_schemes().iter().any(|scheme| ecdsa.contains(scheme)),
            When::ByName(name) => hello.server_name() == Some(name),
        };
        self.chains.get(usize::from(!first)).cloned()
    }
}

/// A server on a port of the loopback.
pub(crate) struct Server {
    pub(crate) port: u16,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    pub(crate) fn start(shows: Shows, versions: &[&'static SupportedProtocolVersion]) -> Self {
        Self::with_provider(shows, default_provider(), versions)
    }

    fn with_provider(
        shows: Shows,
        provider: CryptoProvider,
        versions: &[&'static SupportedProtocolVersion],
    ) -> Self {
        let config = ServerConfig::builder_with_provider(Arc::new(provider))
            .with_protocol_versions(versions)
            .unwrap()
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(shows));
        let config = Arc::new(config);
        Self::with(move |stream| handshake(stream, config.clone()))
    }

    /// One that takes this cipher suite of TLS 1.3 alone.
    pub(crate) fn with_suite(shows: Shows, suite: SupportedCipherSuite) -> Self {
        let provider = CryptoProvider { cipher_suites: vec![suite], ..default_provider() };
        Self::with_provider(shows, provider, &[&TLS13])
    }

    /// A server that does this with each connection.
    pub(crate) fn with(serve: impl Fn(TcpStream) + Send + 'static) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = stop.clone();
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if stopped.load(Ordering::SeqCst) {
                    break;
                }
                serve(stream.unwrap());
            }
        });
        Self { port, stop, thread: Some(thread) }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        // Wakes it; if nobody listens any more, there is nobody to wake.
        drop(TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)));
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn handshake(mut stream: TcpStream, config: Arc<ServerConfig>) {
    // A client that hangs must not hang the test for ever.
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let mut connection = ServerConnection::new(config).unwrap();
    while connection.is_handshaking() {
        if connection.complete_io(&mut stream).is_err() {
            // The alert.
            let _ = connection.write_tls(&mut stream);
            break;
        }
    }
    connection.send_close_notify();
    let _ = connection.write_tls(&mut stream);
    // Until the client is done: a connection that is reset loses what was sent.
    while connection.read_tls(&mut stream).is_ok_and(|count| count > 0) {}
}
