//! Sessions that a device has kept.

use picopost_testkit::{Peer, Script};
use picopost_tls::{Error, Session};
use sha2::{Digest, Sha256};

use crate::input::{self, Change, Input};
use crate::tls::{begun, client::Network, direct, scenario::Scenario, with_client};

/// Where the checksum is, as the format in `crates/tls/src/session.rs` has it.
const CHECKSUM: usize = Session::SIZE - 8;

/// The input is what the memory holds after a deep sleep: octets of its own, or changes to a session that
/// was exported, perhaps with a checksum that fits again. What is imported is exported unchanged, and
/// whatever it holds, a full handshake with a server that does not know it goes through.
pub fn session_import(input: &[u8]) {
    let mut input = Input::new(input);
    let mut octets = begun().session.to_vec();
    let kind = input.u8();
    if kind & 1 == 1 {
        input::apply(&Change::read_some(&mut input, 6), &mut octets);
    } else {
        octets = input.rest().to_vec();
    }
    octets.resize(Session::SIZE, 0);
    if kind & 2 == 2 {
        let hash = Sha256::digest(&octets[..CHECKSUM]);
        octets[CHECKSUM..].copy_from_slice(&hash[..8]);
    }
    let octets: [u8; Session::SIZE] = octets.try_into().expect("resized");
    let checked = Sha256::digest(&octets[..CHECKSUM])[..8] == octets[CHECKSUM..];
    match Session::import(&octets) {
        Ok(session) => {
            assert!(checked || octets == [0; Session::SIZE], "a checksum that does not fit");
            assert_eq!(session.export(), octets);
            use_it(session);
        }
        Err(error) => assert_eq!(error, Error::Session),
    }
}

fn use_it(mut session: Session) {
    let was_available = session.is_available();
    let script = Script::good(direct().clone());
    let was_offered = with_client(&direct().anchors(), Some(&mut session), 16_384, |mut client| {
        let mut network = Network::to(Peer::new(script), &Scenario::plain());
        client.is_resumable = true;
        client.run(&mut network).expect("a full handshake");
        assert!(client.was_established && !client.was_resumed);
        assert_eq!(network.seen().complaint, None);
        network.seen().hellos[0].pre_shared_key.is_some()
    });
    assert!(was_available || !was_offered, "offered, and there was nothing");
    assert!(!session.is_available(), "a ticket that was not taken is still there");
}
