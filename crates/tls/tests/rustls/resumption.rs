//! Sessions: against rustls as the server, and what a session must not survive.

use picopost_testkit::chains::{NAME, NOW, shapes};
use picopost_tls::{Config, Error, Session};

use crate::support::{Server, config};

/// A session after one full handshake.
fn session(server: &Server, config: &Config<'_>) -> Session {
    let mut session = Session::new();
    assert_eq!(server.connect(config, &mut session), Ok(false));
    assert!(session.is_available());
    session
}

#[test]
fn a_session_is_resumed_once_and_replaced() {
    let (server, anchors) = (Server::new(), shapes::gts().anchors());
    let config = config(&anchors, NAME, NOW);
    let mut session = session(&server, &config);
    let exported = session.export();
    for _ in 0..3 {
        assert_eq!(server.connect(&config, &mut session), Ok(true));
        assert_ne!(session.export(), exported, "another ticket");
    }
}

#[test]
fn it_survives_deep_sleep() {
    let (server, anchors) = (Server::new(), shapes::gts().anchors());
    let exported = session(&server, &config(&anchors, NAME, NOW)).export();
    let mut session = Session::import(&exported).unwrap();
    assert_eq!(server.connect(&config(&anchors, NAME, NOW + 3600), &mut session), Ok(true));
}

#[test]
fn a_hello_retry_request_binds_anew() {
    if !cfg!(feature = "p256") {
        return;
    }
    let anchors = shapes::gts().anchors();
    let config = config(&anchors, NAME, NOW);
    let server = Server::with_groups(&[rustls::crypto::aws_lc_rs::kx_group::SECP256R1]);
    let mut session = session(&server, &config);
    assert_eq!(server.connect(&config, &mut session), Ok(true));
}

/// A server that has forgotten its keys does a full handshake, and the next ticket is good.
#[test]
fn a_server_may_decline() {
    let anchors = shapes::gts().anchors();
    let config = config(&anchors, NAME, NOW);
    let mut session = session(&Server::new(), &config);
    let other = Server::new();
    assert_eq!(other.connect(&config, &mut session), Ok(false));
    assert_eq!(other.connect(&config, &mut session), Ok(true));
}

#[test]
fn it_is_bound_to_name_anchors_and_time() {
    let (server, anchors) = (Server::new(), shapes::gts().anchors());
    let exported = session(&server, &config(&anchors, NAME, NOW)).export();
    let more = [shapes::gts().anchors(), shapes::rsa().anchors()].concat();
    let lifetime = u64::from(u32::from_be_bytes(exported[6..10].try_into().unwrap()));
    assert!((1..=604_800).contains(&lifetime));
    for (what, config) in [
        ("another name", config(&anchors, "other.device.example", NOW)),
        ("another set of anchors", config(&more, NAME, NOW)),
        ("a clock that went back", config(&anchors, NAME, NOW - 1)),
        ("a session past its lifetime", config(&anchors, NAME, NOW + lifetime)),
    ] {
        let mut session = Session::import(&exported).unwrap();
        assert_ne!(server.connect(&config, &mut session), Ok(true), "{what}");
    }
    let mut session = Session::import(&exported).unwrap();
    let last = config(&anchors, NAME, NOW + lifetime - 1);
    // rustls measures the age by its own clock and may decline; that it was offered is what counts.
    server.connect(&last, &mut session).unwrap();
    assert_ne!(session.export(), exported);
}

#[test]
fn a_failed_connection_leaves_no_session() {
    let (server, anchors) = (Server::new(), shapes::gts().anchors());
    let mut session = session(&server, &config(&anchors, NAME, NOW));
    let wrong_name = config(&anchors, "other.example", NOW);
    assert_eq!(server.connect(&wrong_name, &mut session), Err(Error::WrongName));
    assert!(!session.is_available());
}

#[test]
fn without_tickets_there_is_no_session() {
    let server = Server::configured(|config| config.send_tls13_tickets = 0);
    let anchors = shapes::gts().anchors();
    let mut session = Session::new();
    assert_eq!(server.connect(&config(&anchors, NAME, NOW), &mut session), Ok(false));
    assert!(!session.is_available());
    assert_eq!(session.export(), [0; Session::SIZE]);
}

#[test]
fn damaged_octets_are_no_session() {
    let (server, anchors) = (Server::new(), shapes::gts().anchors());
    let exported = session(&server, &config(&anchors, NAME, NOW)).export();
    assert!(Session::import(&exported).is_ok());
    assert!(Session::import(&[0; Session::SIZE]).is_ok_and(|session| !session.is_available()));
    for at in 0..Session::SIZE {
        let mut damaged = exported;
        damaged[at] ^= 1 << (at % 8);
        assert!(matches!(Session::import(&damaged), Err(Error::Session)), "octet {at}");
    }
}
