//! The whole client, before servers of three kinds.

use std::sync::LazyLock;
use std::time::Duration;

use picopost_testkit::chains::{Chain, NAME, NOW, clients, shapes};
use picopost_testkit::{Action, CountingRng, IssuedTicket, Message, Peer, Script};
use picopost_tls::{
    ClientIdentity, Config, Connection, Error, P256Signer, ServerName, Session, SignatureMemo, Trust,
    TrustAnchor, UnixTime,
};

use crate::input::{Input, cut};
use client::{Client, Network};
use scenario::Scenario;

pub(crate) mod client;
mod edits;
mod judge;
pub(crate) mod scenario;

/// The input is the size of the receive buffer, the sizes of the pieces, and what the server answers.
/// Nobody without the certificate's key gets a connection established. The verdict does not depend on
/// the pieces.
pub fn tls_random(input: &[u8]) {
    let mut input = Input::new(input);
    let receive = 1024 + input.below(16_000);
    let sizes = input.octets();
    let octets = input.rest();
    let read = |sizes| {
        with_client(&direct().anchors(), None, receive, |mut client| {
            let mut network = Network::answering(cut(octets, sizes));
            let result = client.run(&mut network);
            assert!(!client.was_established, "established without a certificate");
            result.expect_err("no end without close_notify")
        })
    };
    let whole = read(&[][..]);
    assert_eq!(whole, read(&[1]), "octet by octet");
    assert_eq!(whole, read(sizes), "in pieces of {sizes:?}");
}

/// The input is a scenario: how a scripted server that has valid keys departs from a good handshake, what
/// the network does to its octets, and what the caller does at the wrong time. `judge` says what must
/// then hold.
pub fn tls_scripted(input: &[u8]) {
    let scenario = Scenario::read(&mut Input::new(input));
    play(&scenario, None);
}

/// The same over a resumed handshake. Of a session that was stored, the server takes the ticket.
pub fn tls_resumed(input: &[u8]) {
    let scenario = Scenario::read(&mut Input::new(input));
    play(&scenario, Some(begun()));
}

fn play(scenario: &Scenario, begun: Option<&Begun>) {
    let chain = if begun.is_some() { direct().clone() } else { scenario.chain() };
    let (script, expected) = scenario.script(chain, begun.map(|begun| &begun.ticket));
    let mut session =
        begun.map(|begun| Session::import(&begun.session).expect("a session that was exported"));
    let anchors = script.chain().anchors();
    let mut config = config(&anchors);
    // A session is bound to the certificate, and these were begun without.
    if begun.is_none() && !scenario.is_anonymous {
        config = config.with_identity(identity());
    }
    with_config(config, session.as_mut(), scenario.receive, |mut client| {
        let mut network = Network::to(Peer::new(script.clone()), scenario);
        client.calls = scenario.calls.clone();
        client.is_resumable = begun.is_some();
        let result = client.run(&mut network);
        judge::judge(scenario, &expected, &client, &network, result);
    });
}

/// A full handshake that is over, and what both sides have of it.
pub(crate) struct Begun {
    pub(crate) session: [u8; Session::SIZE],
    pub(crate) ticket: IssuedTicket,
}

pub(crate) fn begun() -> &'static Begun {
    static BEGUN: LazyLock<Begun> = LazyLock::new(|| {
        let script = Script::good(direct().clone());
        let script = script.after_handshake([Action::Send(Message::NewSessionTicket)]);
        let mut session = Session::new();
        let ticket = with_client(&direct().anchors(), Some(&mut session), 16_384, |mut client| {
            let mut network = Network::to(Peer::new(script), &Scenario::plain());
            client.run(&mut network).expect("a good handshake");
            network.seen().tickets[0].clone()
        });
        Begun { session: session.export(), ticket }
    });
    &BEGUN
}

/// A chain of one certificate, the same for the whole process.
pub(crate) fn direct() -> &'static Chain {
    static DIRECT: LazyLock<Chain> = LazyLock::new(shapes::direct);
    &DIRECT
}

/// Runs a client that has just begun.
pub(crate) fn with_client<T>(
    anchors: &[TrustAnchor<'_>],
    session: Option<&mut Session>,
    receive: usize,
    act: impl FnOnce(Client<'_>) -> T,
) -> T {
    with_config(config(anchors), session, receive, act)
}

/// The same for another client than the usual.
fn with_config<T>(
    config: Config<'_>,
    session: Option<&mut Session>,
    receive: usize,
    act: impl FnOnce(Client<'_>) -> T,
) -> T {
    let (mut receive, mut send) = (vec![0; receive], vec![0; SEND_BUFFER]);
    let mut entropy = CountingRng(NOW);
    let connection = match session {
        None => Connection::new(config, &mut receive, &mut send, &mut entropy),
        Some(session) => Connection::with_session(config, session, &mut receive, &mut send, &mut entropy),
    };
    act(Client::new(connection.expect("a good configuration")))
}

/// The same for a client that remembers signatures.
pub(crate) fn with_memo<T>(
    anchors: &[TrustAnchor<'_>],
    memo: &mut SignatureMemo,
    act: impl FnOnce(Client<'_>) -> T,
) -> T {
    let (mut receive, mut send) = (vec![0; 16_384], vec![0; SEND_BUFFER]);
    let mut connection = Connection::new(config(anchors), &mut receive, &mut send, &mut CountingRng(NOW))
        .expect("a good configuration");
    connection.set_signature_memo(memo);
    act(Client::new(connection))
}

const SEND_BUFFER: usize = 1024;

/// A client's own certificates, together longer than its send buffer, and its key.
fn identity() -> ClientIdentity<'static> {
    static IDENTITY: LazyLock<(Chain, P256Signer)> = LazyLock::new(|| {
        let mut chain = clients::good();
        chain.certificates.extend(clients::good().certificates);
        let signer = P256Signer::from_der(chain.key.der()).expect("a P-256 key");
        (chain, signer)
    });
    ClientIdentity::new(&IDENTITY.0.certificates, &IDENTITY.1)
}

/// What every client of these targets asks for.
pub(crate) fn config<'a>(anchors: &'a [TrustAnchor<'a>]) -> Config<'a> {
    let now = UnixTime::since_unix_epoch(Duration::from_secs(NOW));
    Config::new(ServerName::try_from(NAME).expect("a server name"), Trust::anchors(anchors), now)
}

/// Whether an error says no more than that the caller's buffer is small.
pub(crate) fn is_about_size(error: Error) -> bool {
    matches!(error, Error::RecordTooLarge { .. } | Error::MessageTooLarge { .. })
}
