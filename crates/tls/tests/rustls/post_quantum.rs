//! X25519MLKEM768 with aws-lc-rs on the other side.

use picopost_testkit::chains::{NAME, NOW, shapes};
use picopost_tls::{Groups, Session};
use rustls::crypto::aws_lc_rs::kx_group::{SECP256R1, X25519, X25519MLKEM768};

use crate::support::{Server, config};

#[test]
fn rustls_takes_the_hybrid_and_resumes_with_it() {
    let anchors = shapes::gts().anchors();
    let config = config(&anchors, NAME, NOW).with_groups(Groups::PostQuantum);
    let hybrid_alone = Server::with_groups(&[X25519MLKEM768]);
    let mut session = Session::new();
    assert_eq!(hybrid_alone.connect(&config, &mut session), Ok(false));
    assert_eq!(hybrid_alone.connect(&config, &mut session), Ok(true));
}

#[test]
fn a_server_without_it_takes_what_is_beside_it() {
    let anchors = shapes::gts().anchors();
    let config = config(&anchors, NAME, NOW).with_groups(Groups::PostQuantum);
    let servers: &[_] = if cfg!(feature = "p256") { &[X25519, SECP256R1] } else { &[X25519] };
    for group in servers {
        let server = Server::with_groups(&[*group]);
        let mut session = Session::new();
        assert_eq!(server.connect(&config, &mut session), Ok(false));
        assert_eq!(server.connect(&config, &mut session), Ok(true));
    }
}
