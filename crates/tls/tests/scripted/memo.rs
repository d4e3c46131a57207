//! The memo of signatures over whole handshakes: what is verified again, what is entered, and when.

use picopost_testkit::chains::{Chain, Key, faulty, shapes};
use picopost_testkit::{Action, Message as Sent, RESPONSE, Script};
use picopost_tls::{Error, Session, SignatureMemo, Stage, TrustAnchor};

use crate::support::{Outcome, Play, drive_with_memo};

const HELLO: Stage = Stage::Hello;
const CERTIFICATE: Stage = Stage::Certificate;
const VERIFY: Stage = Stage::Verify;

fn play_with(
    script: &Script,
    play: &Play,
    anchors: &[TrustAnchor<'_>],
    session: Option<&mut Session>,
    memo: &mut SignatureMemo,
) -> Outcome {
    drive_with_memo(script, play, anchors, (session, Some(memo)), |driver| driver.play())
}

fn play(script: &Script, memo: &mut SignatureMemo) -> Outcome {
    play_with(script, &Play::default(), &script.chain().anchors(), None, memo)
}

fn good(chain: Chain) -> Script {
    Script::good(chain)
}

#[test]
fn a_second_handshake_verifies_nothing_but_the_handshake() {
    for (chain, signatures) in
        [(shapes::direct(), 1), (shapes::gts(), 2), (shapes::rsa(), 2), (shapes::out_of_order(), 3)]
    {
        let script = good(chain);
        let mut memo = SignatureMemo::new();
        let first = play(&script, &mut memo);
        assert_eq!(first.result.as_deref(), Ok(RESPONSE));
        assert_eq!(first.computed, [&[HELLO][..], &vec![CERTIFICATE; signatures], &[VERIFY]].concat());
        // Those of the path, and not that of the handshake.
        assert_eq!(memo.count(), signatures);
        for play_as in Play::default().variants() {
            // As after a deep sleep.
            memo = SignatureMemo::import(&memo.export()).expect("it was exported");
            let again = play_with(&script, &play_as, &script.chain().anchors(), None, &mut memo);
            assert_eq!(again.result.as_deref(), Ok(RESPONSE));
            assert_eq!(again.computed, [HELLO, VERIFY]);
            assert_eq!(memo.count(), signatures);
        }
    }
}

/// The same issuer, and a server's certificate that is new.
#[test]
fn a_renewed_certificate_is_verified_alone() {
    let renewed = |until| {
        good(Chain::from_table(&format!(
            "root          p384  root          ca
             intermediate  p256  root          ca:0
             server        p256  intermediate  server dns:device.example until:{until}
             send server intermediate"
        )))
    };
    // The issuer's certificate is made once: its signature would be another one each time.
    let chain = renewed("2031-01-01");
    let mut next = renewed("2032-01-01");
    let intermediate = chain.chain().certificates[1].clone();
    next = next.edit_certificate(move |message| message.entries[1].0 = intermediate.to_vec());
    let mut memo = SignatureMemo::new();
    assert_eq!(play(&chain, &mut memo).computed, [HELLO, CERTIFICATE, CERTIFICATE, VERIFY]);
    let outcome = play(&next, &mut memo);
    assert_eq!(outcome.result.as_deref(), Ok(RESPONSE));
    assert_eq!(outcome.computed, [HELLO, CERTIFICATE, VERIFY]);
    assert_eq!(memo.count(), 3);
}

/// What is remembered is the signature: everything else is looked at again.
#[test]
fn everything_but_the_signatures_is_checked_again() {
    let script = good(shapes::gts());
    let anchors = script.chain().anchors();
    let mut memo = SignatureMemo::new();
    play(&script, &mut memo);
    let full = memo.export();
    let mut refused = |play_as: Play, anchors: &[TrustAnchor<'_>], error: Error| {
        let outcome = play_with(&script, &play_as, anchors, None, &mut memo);
        assert_eq!(outcome.result, Err(error));
        assert!(!outcome.established && outcome.computed.iter().all(|stage| *stage == HELLO));
        assert_eq!(memo.export(), full);
    };
    let other = Play { name: "other.example", ..Play::default() };
    refused(other, &anchors, Error::WrongName);
    // The certificates are good until 2040-01-01T00:00:00Z.
    let not_after = 2_208_988_800;
    let late = Play { now: not_after + 1, ..Play::default() };
    refused(late, &anchors, Error::Expired { now: not_after + 1, not_after });
    // An anchor that is not configured any more.
    let stranger = Chain::from_table("stranger  p256  stranger  ca\n send stranger").anchors();
    refused(Play::default(), &stranger, Error::UnknownIssuer);
}

/// A caller who gives up when the path is verified.
fn abandon(script: &Script, memo: &mut SignatureMemo) {
    let kept = (None, Some(memo));
    drive_with_memo(script, &Play::default(), &script.chain().anchors(), kept, |mut driver| {
        while driver.connection.stage() != VERIFY {
            driver.connection.step().expect("a good handshake");
            driver.flush();
            if driver.connection.stage() == HELLO && driver.connection.outgoing().is_empty() {
                driver.receive();
            }
        }
    });
}

/// Nobody fills it who was not verified to the end.
#[test]
fn nothing_is_entered_before_the_handshake_is_done() {
    let script = good(shapes::gts());
    let failing = [
        script.clone().sign_with(Key::of("thief", "p256")),
        script.clone().tamper(Sent::Finished, |body| body[0] ^= 1),
        script.clone().without(Sent::Finished),
        good(faulty::wrong_name()),
        good(faulty::forged()),
        good(faulty::name_constraint()),
    ];
    let mut memo = SignatureMemo::new();
    for script in &failing {
        let outcome = play(script, &mut memo);
        assert!(outcome.result.is_err() && !outcome.established);
        assert_eq!(memo.export(), [0; SignatureMemo::SIZE]);
    }
    abandon(&script, &mut memo);
    assert_eq!(memo.export(), [0; SignatureMemo::SIZE]);
    // What that one left behind is not entered by the next, neither with a path of its own,
    let other_chain = good(shapes::direct());
    assert_eq!(play(&other_chain, &mut memo).result.as_deref(), Ok(RESPONSE));
    assert_eq!(memo.count(), 1);
    assert_eq!(play(&script, &mut memo.clone()).computed, [HELLO, CERTIFICATE, CERTIFICATE, VERIFY]);
    memo.clear();
    abandon(&script, &mut memo);
    // nor without one.
    let mut session = Session::new();
    let first = script.clone().after_handshake([Action::Send(Sent::NewSessionTicket)]);
    let anchors = script.chain().anchors();
    let mut other = SignatureMemo::new();
    let outcome = play_with(&first, &Play::default(), &anchors, Some(&mut session), &mut other);
    let resumed = script.resume(&outcome.seen.tickets[0]);
    let outcome = play_with(&resumed, &Play::default(), &anchors, Some(&mut session), &mut memo);
    assert!(outcome.resumed);
    assert_eq!(outcome.computed, [HELLO]);
    assert_eq!(memo.export(), [0; SignatureMemo::SIZE]);
}

/// An attacker who shows the victim's certificates has not the key to them, whatever is remembered.
#[test]
fn the_signature_of_the_handshake_is_verified_each_time() {
    let script = good(shapes::gts());
    let mut memo = SignatureMemo::new();
    for _ in 0..2 {
        assert_eq!(play(&script, &mut memo).result.as_deref(), Ok(RESPONSE));
        let outcome = play(&script.clone().sign_with(Key::of("thief", "p256")), &mut memo);
        assert_eq!(outcome.result, Err(Error::HandshakeSignature { scheme: 0x0403 }));
        // No signature of the path, and that of the handshake in the step that failed.
        assert_eq!(outcome.computed, [HELLO]);
    }
}

/// Many servers of many issuers: eight signatures are remembered, the newest ones.
#[test]
fn old_signatures_make_room_for_new_ones() {
    let scripts: Vec<_> = (0..9).map(|_| good(shapes::direct())).collect();
    let mut memo = SignatureMemo::new();
    for script in &scripts {
        assert_eq!(play(script, &mut memo).computed, [HELLO, CERTIFICATE, VERIFY]);
    }
    assert_eq!(memo.count(), SignatureMemo::ENTRIES);
    for script in scripts.iter().skip(1) {
        assert_eq!(play(script, &mut memo).computed, [HELLO, VERIFY]);
    }
    assert_eq!(play(&scripts[0], &mut memo).computed, [HELLO, CERTIFICATE, VERIFY]);
    assert_eq!(play(&scripts[1], &mut memo).computed, [HELLO, CERTIFICATE, VERIFY]);
}

/// A server that was verified to the end, and a client that did not come to its own.
#[cfg(feature = "client-auth")]
#[test]
fn nothing_is_entered_where_this_client_fails() {
    use picopost_testkit::chains::clients;

    use crate::client_auth::Client;

    let script = good(shapes::direct()).before(Sent::Certificate, [Action::Send(Sent::CertificateRequest)]);
    let anchors = script.chain().anchors();
    let client = Client::of(clients::good());
    let mut memo = SignatureMemo::new();
    let failing = Play { client: Some(client.clone().without_key()), ..Play::default() };
    let outcome = play_with(&script, &failing, &anchors, None, &mut memo);
    assert!(matches!(outcome.result, Err(Error::SigningFailed { .. })));
    assert_eq!(memo.export(), [0; SignatureMemo::SIZE]);
    let outcome =
        play_with(&script, &Play { client: Some(client), ..Play::default() }, &anchors, None, &mut memo);
    assert_eq!(outcome.result.as_deref(), Ok(RESPONSE));
    assert_eq!(memo.count(), 1);
}
