//! rustls as the server, without sockets.

use std::io::{Read, Write};
use std::sync::Arc;
use std::time::Duration;

use picopost_testkit::CountingRng;
use picopost_testkit::chains::shapes;
use picopost_tls::{
    Config, Connection, Error, FULL_RECEIVE_BUFFER, ServerName, Session, Step, Trust, TrustAnchor, UnixTime,
};
use rustls::crypto::{CryptoProvider, SupportedKxGroup, aws_lc_rs};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls::{HandshakeKind, ServerConfig, ServerConnection};

/// A server with tickets of its own making, as an edge has them.
pub(crate) struct Server(pub(crate) Arc<ServerConfig>);

impl Server {
    pub(crate) fn new() -> Self {
        Self::configured(|_| {})
    }

    /// A server that knows these groups alone.
    pub(crate) fn with_groups(groups: &[&'static dyn SupportedKxGroup]) -> Self {
        let provider = CryptoProvider { kx_groups: groups.to_vec(), ..aws_lc_rs::default_provider() };
        Self::built(provider, WebPkiClientVerifier::no_client_auth(), |_| {})
    }

    pub(crate) fn configured(edit: impl FnOnce(&mut ServerConfig)) -> Self {
        Self::built(aws_lc_rs::default_provider(), WebPkiClientVerifier::no_client_auth(), edit)
    }

    /// One that wants a client's certificate under the root of this chain.
    #[cfg(feature = "client-auth")]
    pub(crate) fn requiring(
        clients: &picopost_testkit::chains::Chain,
        edit: impl FnOnce(&mut ServerConfig),
    ) -> Self {
        let mut roots = rustls::RootCertStore::empty();
        roots.add(clients.root.clone()).unwrap();
        let provider = aws_lc_rs::default_provider();
        let verifier =
            WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::new(provider.clone()));
        Self::built(provider, verifier.build().unwrap(), edit)
    }

    fn built(
        provider: CryptoProvider,
        verifier: Arc<dyn ClientCertVerifier>,
        edit: impl FnOnce(&mut ServerConfig),
    ) -> Self {
        let chain = shapes::gts();
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(chain.key.der().to_vec()));
        let mut config = ServerConfig::builder_with_provider(Arc::new(provider))
            .with_protocol_versions(&[&rustls::version::TLS13])
            .unwrap()
            .with_client_cert_verifier(verifier)
            .with_single_cert(chain.certificates, key)
            .unwrap();
        config.ticketer = aws_lc_rs::Ticketer::new().unwrap();
        edit(&mut config);
        Self(Arc::new(config))
    }

    /// One connection with this session. Returns whether it was resumed, by what each side says.
    pub(crate) fn connect(&self, config: &Config<'_>, session: &mut Session) -> Result<bool, Error> {
        let (mut receive, mut out) = ([0; FULL_RECEIVE_BUFFER], [0; 4096]);
        let mut client =
            Connection::with_session(config.clone(), session, &mut receive, &mut out, &mut CountingRng(7))?;
        let mut server = ServerConnection::new(Arc::clone(&self.0)).unwrap();
        let mut said_hello = false;
        loop {
            send(&mut client, &mut server);
            if !server.is_handshaking() && !said_hello {
                said_hello = true;
                server.writer().write_all(b"hello").unwrap();
                server.send_close_notify();
            }
            match client.step()? {
                Step::Again | Step::Computed => {}
                Step::Receive => deliver(&mut server, &mut client),
                Step::Plaintext => {
                    let count = client.plaintext().len();
                    client.consume(count);
                }
                Step::Closed => break,
            }
        }
        let resumed = client.is_resumed();
        assert_eq!(resumed, server.handshake_kind() == Some(HandshakeKind::Resumed));
        let _ = server.reader().read(&mut []);
        Ok(resumed)
    }
}

/// Moves what the server has to say to the client; nothing is end of file.
pub(crate) fn deliver(server: &mut ServerConnection, client: &mut Connection<'_>) {
    let mut space = client.incoming();
    let size = space.len();
    while !space.is_empty() && server.wants_write() {
        server.write_tls(&mut space).expect("a slice takes octets");
    }
    let count = size - space.len();
    client.received(count);
}

/// Moves what the client has to say to the server.
pub(crate) fn send(client: &mut Connection<'_>, server: &mut ServerConnection) {
    while !client.outgoing().is_empty() {
        let count = server.read_tls(&mut client.outgoing()).expect("a slice gives octets");
        client.sent(count);
        server.process_new_packets().expect("the client keeps to the protocol");
    }
}

pub(crate) fn config<'a>(anchors: &'a [TrustAnchor<'a>], name: &'a str, now: u64) -> Config<'a> {
    let now = UnixTime::since_unix_epoch(Duration::from_secs(now));
    Config::new(ServerName::try_from(name).unwrap(), Trust::anchors(anchors), now)
}
