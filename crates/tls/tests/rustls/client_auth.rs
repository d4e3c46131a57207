//! rustls asks for a certificate, and judges what it gets.

use std::sync::Arc;

use picopost_testkit::CountingRng;
use picopost_testkit::chains::{Chain, NAME, NOW, clients, shapes};
use picopost_tls::{
    AlertDescription, ClientIdentity, Connection, Error, FULL_RECEIVE_BUFFER, P256Signer, Session, Step,
};
use rustls::ServerConnection;
use rustls::server::{ProducesTickets, ServerSessionMemoryCache};

use crate::support::{Server, config, deliver};

/// Whether a connection was resumed, and whom the server takes the client for.
type End = (bool, Vec<Vec<u8>>);

/// One connection to its end.
fn connect(server: &Server, client: Option<&Chain>, session: &mut Session) -> Result<End, Error> {
    let anchors = shapes::gts().anchors();
    let (mut config, entropy) = (config(&anchors, NAME, NOW), &mut CountingRng(7));
    let (mut receive, mut out) = ([0; FULL_RECEIVE_BUFFER], [0; 1024]);
    let signer = client.map(|chain| P256Signer::from_der(chain.key.der()).expect("a P-256 key"));
    if let Some((chain, signer)) = client.zip(signer.as_ref()) {
        config = config.with_identity(ClientIdentity::new(&chain.certificates, signer));
    }
    let mut client = Connection::with_session(config, session, &mut receive, &mut out, entropy)?;
    let mut server = ServerConnection::new(Arc::clone(&server.0)).expect("a good configuration");
    loop {
        while !client.outgoing().is_empty() {
            let count = server.read_tls(&mut client.outgoing()).expect("a slice gives octets");
            client.sent(count);
            match server.process_new_packets() {
                Ok(_) if !server.is_handshaking() => server.send_close_notify(),
                // What it does not like it says by an alert, which the client then reads.
                Ok(_) | Err(_) => {}
            }
        }
        match client.step()? {
            Step::Again | Step::Computed => {}
            Step::Receive => deliver(&mut server, &mut client),
            other => {
                assert_eq!(other, Step::Closed);
                let seen = server.peer_certificates().unwrap_or_default();
                let certificates = seen.iter().map(|certificate| certificate.to_vec()).collect();
                return Ok((client.is_resumed(), certificates));
            }
        }
    }
}

fn certificates(chain: &Chain) -> Vec<Vec<u8>> {
    chain.certificates.iter().map(|certificate| certificate.to_vec()).collect()
}

#[test]
fn a_certificate_is_accepted() {
    for chain in [clients::good(), clients::long()] {
        let server = Server::requiring(&chain, |_| {});
        assert_eq!(connect(&server, Some(&chain), &mut Session::new()), Ok((false, certificates(&chain))));
    }
}

/// With a store of its own, rustls sends tickets that are names for what is in there.
#[test]
fn a_resumed_session_is_still_the_same_client() {
    let chain = clients::good();
    let server = Server::requiring(&chain, |config| {
        config.ticketer = Arc::new(NoTicketer);
        config.session_storage = ServerSessionMemoryCache::new(8);
    });
    let mut session = Session::new();
    for resumed in [false, true, true] {
        assert_eq!(connect(&server, Some(&chain), &mut session), Ok((resumed, certificates(&chain))));
        assert!(session.is_available());
    }
    // To another client it is of no use.
    let (exported, another) = (session.export(), clients::another());
    assert_eq!(connect(&server, Some(&another), &mut session), Ok((false, certificates(&another))));
    assert_ne!(session.export(), exported);
}

/// Without one, it puts the client's certificates into the ticket, which no session has room for.
#[test]
fn a_ticket_with_the_certificates_in_it_is_too_large() {
    let chain = clients::good();
    let (server, mut session) = (Server::requiring(&chain, |_| {}), Session::new());
    assert_eq!(connect(&server, Some(&chain), &mut session), Ok((false, certificates(&chain))));
    assert!(!session.is_available());
    assert!(session.refused_ticket().is_some_and(|size| size > Session::MAX_TICKET));
}

#[derive(Debug)]
struct NoTicketer;

impl ProducesTickets for NoTicketer {
    fn enabled(&self) -> bool {
        false
    }

    fn lifetime(&self) -> u32 {
        0
    }

    fn encrypt(&self, _plain: &[u8]) -> Option<Vec<u8>> {
        None
    }

    fn decrypt(&self, _cipher: &[u8]) -> Option<Vec<u8>> {
        None
    }
}

#[test]
fn a_refusal_is_the_servers_verdict() {
    let server = Server::requiring(&clients::good(), |_| {});
    let refused = |alert, sent| Err(Error::ClientCertificateRefused { alert, sent });
    let required = refused(AlertDescription::CERTIFICATE_REQUIRED, false);
    assert_eq!(connect(&server, None, &mut Session::new()), required);
    let unknown = refused(AlertDescription::UNKNOWN_CA, true);
    assert_eq!(connect(&server, Some(&clients::stranger()), &mut Session::new()), unknown);
    // A key that is another's.
    let mut mixed = clients::good();
    mixed.key = clients::another().key;
    let wrong = refused(AlertDescription::DECRYPT_ERROR, true);
    assert_eq!(connect(&server, Some(&mixed), &mut Session::new()), wrong);
}
