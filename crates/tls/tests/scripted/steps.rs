//! What a step does: one public-key operation at most, and it says so.

use picopost_testkit::chains::{faulty, shapes};
#[cfg(feature = "p256")]
use picopost_testkit::code::group;
use picopost_testkit::{Action, Message as Sent, RESPONSE, Script};
use picopost_tls::{Error, Session, Stage, Step};

use crate::support::{Play, drive, play, play_with_session};

const HELLO: Stage = Stage::Hello;
const CERTIFICATE: Stage = Stage::Certificate;
const VERIFY: Stage = Stage::Verify;

/// Whatever the buffers and the records: the shared secret, each signature of the path, and that of
/// the handshake have a step each.
#[test]
fn a_step_for_each_operation_of_a_full_handshake() {
    for (chain, signatures) in
        [(shapes::direct(), 1), (shapes::gts(), 2), (shapes::cross_signed_root_from_old(), 3)]
    {
        let path = vec![CERTIFICATE; signatures];
        let expected = [&[HELLO][..], &path, &[VERIFY]].concat();
        let good = Script::good(chain);
        for script in [good.clone(), good.clone().coalesce(), good.split_handshake_every(5)] {
            for play_as in Play::default().variants() {
                let outcome = play(&script, &play_as);
                assert_eq!(outcome.result.as_deref(), Ok(RESPONSE));
                assert_eq!(outcome.computed, expected);
            }
        }
    }
}

#[test]
fn a_hello_retry_request_takes_an_operation_where_it_wants_another_group() {
    let good = |group| play(&Script::with_retry(shapes::direct(), Some(b"cookie"), group), &Play::default());
    assert_eq!(good(None).computed, [HELLO, CERTIFICATE, VERIFY]);
    #[cfg(feature = "p256")]
    assert_eq!(good(Some(group::SECP256R1)).computed, [HELLO, HELLO, CERTIFICATE, VERIFY]);
}

/// The share of ML-KEM is not kept: for the second ClientHello it is made again.
#[cfg(feature = "mlkem")]
#[test]
fn a_hello_retry_request_takes_an_operation_for_the_same_share_of_ml_kem() {
    let groups = picopost_tls::Groups::PostQuantum;
    let play_as = Play { groups, send: picopost_tls::FULL_RECEIVE_BUFFER, ..Play::default() };
    let outcome = play(&Script::with_retry(shapes::direct(), Some(b"cookie"), None), &play_as);
    assert_eq!(outcome.result.as_deref(), Ok(RESPONSE));
    assert_eq!(outcome.computed, [HELLO, HELLO, CERTIFICATE, VERIFY]);
}

#[test]
fn a_resumed_handshake_has_one_operation() {
    let script = Script::good(shapes::direct());
    let mut session = Session::new();
    let first = script.clone().after_handshake([Action::Send(Sent::NewSessionTicket)]);
    let outcome = play_with_session(&first, &Play::default(), &mut session);
    assert_eq!(outcome.computed, [HELLO, CERTIFICATE, VERIFY]);
    let again = play_with_session(&script.resume(&outcome.seen.tickets[0]), &Play::default(), &mut session);
    assert!(again.resumed);
    assert_eq!(again.computed, [HELLO]);
}

/// The signer's, of which nothing is done where the server does not ask.
#[cfg(feature = "client-auth")]
#[test]
fn a_client_certificate_takes_an_operation() {
    use crate::client_auth::Client;
    use picopost_testkit::chains::clients;

    let play_as = Play { client: Some(Client::of(clients::good())), ..Play::default() };
    let script = Script::good(shapes::direct());
    assert_eq!(play(&script, &play_as).computed, [HELLO, CERTIFICATE, VERIFY]);
    let asking = script.before(Sent::Certificate, [Action::Send(Sent::CertificateRequest)]);
    let outcome = play(&asking, &play_as);
    assert_eq!(outcome.result.as_deref(), Ok(RESPONSE));
    assert_eq!(outcome.computed, [HELLO, CERTIFICATE, VERIFY, Stage::Finished]);
}

/// A path that leads nowhere has as many steps as it has signatures that are looked at.
#[test]
fn what_is_refused_has_a_step_for_each_operation_too() {
    for (chain, signatures, error) in [
        (faulty::unknown_ca(), 0, Error::UnknownIssuer),
        (faulty::forged_intermediate(), 1, Error::CertificateSignature),
        (faulty::forged(), 2, Error::CertificateSignature),
        (faulty::impostors(), 5, Error::PathTooComplex),
    ] {
        let outcome = play(&Script::good(chain), &Play::default());
        assert_eq!(outcome.result, Err(error));
        assert_eq!(outcome.computed, [&[HELLO][..], &vec![CERTIFICATE; signatures]].concat());
    }
}

/// What a caller may do between two steps does not disturb: it looks at the space for more octets, and
/// fills it with those that are there already.
#[test]
fn the_certificates_stay_while_more_comes_in() {
    let script = Script::good(shapes::cross_signed_root_from_old()).coalesce();
    for receive in [2600, 4096, 16_645] {
        let play_as = Play { receive, ..Play::default() };
        drive(&script, &play_as, &script.chain().anchors(), None, |mut driver| {
            let mut computed = Vec::new();
            while !driver.connection.is_established() {
                let stage = driver.connection.stage();
                let step = driver.connection.step().expect("a good handshake");
                if step == Step::Computed {
                    computed.push(stage);
                }
                driver.flush();
                if step == Step::Receive || stage == CERTIFICATE && !driver.connection.incoming().is_empty() {
                    driver.receive();
                }
            }
            assert_eq!(computed, [HELLO, CERTIFICATE, CERTIFICATE, CERTIFICATE, VERIFY]);
        });
    }
}
