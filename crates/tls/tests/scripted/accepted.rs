//! What a client must accept.

use picopost_testkit::chains::{Chain, shapes};
use picopost_testkit::code::{alert, content, extension, group, suite};
use picopost_testkit::{Action, Epoch, Event, Keys, Message, RESPONSE, Script};

use crate::support::{Play, REQUEST, drive, play};

/// Plays a script in all variants: it must succeed, and the client must say exactly these things.
pub(crate) fn accepted(what: &str, script: &Script, base: &Play, events: &[Event]) {
    for variant in base.variants() {
        let outcome = play(script, &variant);
        let case = format!("{what}, receive buffer {}, {} at once", variant.receive, variant.at_once);
        assert_eq!(outcome.seen.complaint, None, "{case}");
        assert_eq!(outcome.result.as_deref(), Ok(RESPONSE), "{case}");
        assert!(outcome.established, "{case}");
        assert_eq!(outcome.seen.data, base.requests.concat(), "{case}");
        assert_eq!(without_sizes(&outcome.seen.events), events, "{case}");
        assert!(outcome.seen.hellos.iter().all(|hello| hello.session_id.len() == 32), "{case}");
    }
}

/// One event for data that follow each other, whatever their records.
fn without_sizes(events: &[Event]) -> Vec<Event> {
    let mut events: Vec<_> = events
        .iter()
        .map(|event| if matches!(event, Event::Data(_)) { Event::Data(0) } else { *event })
        .collect();
    events.dedup_by(|one, other| matches!((one, other), (Event::Data(_), Event::Data(_))));
    events
}

pub(crate) const CLOSE: Event = Event::Alert { description: alert::CLOSE_NOTIFY, epoch: Epoch::Application };
pub(crate) const USUAL: [Event; 5] =
    [Event::ClientHello, Event::ChangeCipherSpec, Event::Finished, Event::Data(0), CLOSE];

fn good() -> Script {
    Script::good(shapes::gts())
}

fn usual(what: &str, script: &Script) {
    accepted(what, script, &Play::default(), &USUAL);
}

#[test]
fn every_shape_of_chain() {
    let shapes: [(&str, Chain); 10] = [
        ("gts", shapes::gts()),
        ("lets-encrypt", shapes::lets_encrypt()),
        ("rsa", shapes::rsa()),
        ("a P-384 key", shapes::p384_server()),
        ("no intermediate", shapes::direct()),
        ("an appended cross-signed root", shapes::cross_signed_root()),
        ("a cross-signed root under the old root", shapes::cross_signed_root_from_old()),
        ("out of order", shapes::out_of_order()),
        ("name constraints that are kept", shapes::constrained()),
        ("several names and usages", shapes::several_names()),
    ];
    for (what, chain) in shapes {
        usual(what, &Script::good(chain));
    }
}

#[test]
fn other_kinds_of_names() {
    let wildcard = Play { name: "one.device.example", ..Play::default() };
    accepted("a wildcard", &Script::good(shapes::wildcard()), &wildcard, &USUAL);
    for name in ["192.0.2.7", "2001:db8::7"] {
        let script = Script::good(shapes::address());
        let address = Play { name, ..Play::default() };
        accepted(name, &script, &address, &USUAL);
        let hello = play(&script, &address).seen.hellos.remove(0);
        assert_eq!(hello.server_name, None, "RFC 6066 §3: no address in server_name");
    }
}

#[test]
fn the_client_hello_offers_what_the_design_says() {
    let hello = play(&good(), &Play::default()).seen.hellos.remove(0);
    assert_eq!(hello.record_version, 0x0301);
    assert_eq!(hello.versions, [0x0304]);
    assert_eq!(hello.server_name.as_deref(), Some("device.example"));
    assert_eq!(hello.protocols, [b"http/1.1"]);
    let groups = [group::X25519, group::SECP256R1];
    let offered = if cfg!(feature = "p256") { 2 } else { 1 };
    assert_eq!(hello.groups, groups[..offered]);
    let shares: Vec<_> = hello.key_shares.iter().map(|(group, _)| *group).collect();
    assert_eq!(shares, [group::X25519]);
    let suites = [suite::CHACHA20_POLY1305_SHA256, suite::AES_128_GCM_SHA256];
    let offered = if cfg!(feature = "aes-gcm") { 2 } else { 1 };
    assert_eq!(hello.cipher_suites, suites[..offered]);
}

#[test]
fn both_suites() {
    if cfg!(feature = "aes-gcm") {
        usual("AES-128-GCM", &good().suite(suite::AES_128_GCM_SHA256));
    }
    usual("ChaCha20-Poly1305", &good().suite(suite::CHACHA20_POLY1305_SHA256));
}

#[test]
fn every_layout_of_records() {
    usual("coalesced", &good().coalesce());
    usual("split", &good().split_handshake_every(1));
    usual("split unevenly", &good().split_handshake_every(11));
    usual("coalesced and split", &good().coalesce().split_handshake_every(300));
    usual("padded", &good().pad(200));
    usual("split and padded", &good().split_handshake_every(50).pad(1));
    usual("an octet a record", &good().record_size(1));
    usual("small padded records", &good().record_size(7).pad(30));
}

#[test]
fn a_message_split_at_each_octet() {
    let base = Play::default();
    // The lengths are those of the smallest such messages; a later split is like an earlier one.
    let messages = [
        (Message::ServerHello, 90),
        (Message::EncryptedExtensions, 6),
        (Message::Certificate, 20),
        (Message::CertificateVerify, 20),
        (Message::Finished, 36),
    ];
    for (message, octets) in messages {
        for at in 1..octets {
            let script = Script::good(shapes::direct()).split(message, at, []);
            let outcome = play(&script, &base);
            assert_eq!(outcome.result.as_deref(), Ok(RESPONSE), "{message:?} split at {at}");
        }
    }
}

#[test]
fn a_record_of_the_largest_size() {
    let body = [RESPONSE, &[b'.'; 16_384 - RESPONSE.len()]].concat();
    let outcome = play(&good().response(body.clone()), &Play::default());
    assert_eq!(outcome.result, Ok(body.clone()));
    // All of TLSInnerPlaintext: 2^14 + 1 octets, some of them padding.
    let outcome = play(&good().response(&body[..16_000]).pad(384), &Play::default());
    assert_eq!(outcome.result.as_deref(), Ok(&body[..16_000]));
}

#[test]
fn more_data_than_the_receive_buffer_holds() {
    let body: Vec<u8> = (0..50_000_u32).map(|number| number.to_le_bytes()[0]).collect();
    for variant in Play::default().variants() {
        let outcome = play(&good().response(body.clone()).record_size(1000), &variant);
        assert_eq!(outcome.result.as_ref(), Ok(&body));
    }
}

#[test]
fn hello_retry_request() {
    use Event::{ChangeCipherSpec, ClientHello, Data, Finished};
    let events = [ClientHello, ChangeCipherSpec, ClientHello, Finished, Data(0), CLOSE];
    let retry = |cookie: &[u8]| Script::with_retry(shapes::gts(), Some(cookie), None);
    accepted("a cookie", &retry(b"c"), &Play::default(), &events);
    accepted("a long cookie", &retry(&[7; 255]), &Play::default(), &events);
    if cfg!(feature = "p256") {
        for cookie in [None, Some(&b"cookie"[..])] {
            let script = Script::with_retry(shapes::gts(), cookie, Some(group::SECP256R1));
            accepted("a group without a share", &script, &Play::default(), &events);
        }
    }
}

/// RFC 9846 §5.1: legacy_record_version is ignored for all purposes.
#[test]
fn any_version_in_a_record_without_protection() {
    for version in [[0, 0], [3, 0], [3, 1], [3, 4], [0xff, 0xff]] {
        let script = good();
        let outcome = drive(&script, &Play::default(), &script.chain().anchors(), None, |mut driver| {
            driver.flush();
            let record: Vec<u8> = driver.network.iter().take(3).copied().collect();
            assert_eq!(record, [22, 3, 3], "the one with the ServerHello");
            (driver.network[1], driver.network[2]) = version.into();
            driver.play()
        });
        assert_eq!(outcome.result.as_deref(), Ok(RESPONSE), "{version:02x?}");
    }
}

#[test]
fn change_cipher_spec_wherever_it_may_come() {
    let ccs = Action::change_cipher_spec;
    usual("before ServerHello", &good().before(Message::ServerHello, [ccs()]));
    usual("before Certificate", &good().before(Message::Certificate, [ccs()]));
    usual("before Finished", &good().before(Message::Finished, [ccs(), ccs(), ccs()]));
    let none = good().edit_actions(|actions| {
        actions.retain(|action| !matches!(action, Action::Wire(_)));
    });
    usual("none at all", &none);
}

#[test]
fn optional_messages_and_extensions() {
    let request = Action::Send(Message::CertificateRequest);
    let events = [
        Event::ClientHello,
        Event::ChangeCipherSpec,
        Event::Certificate,
        Event::Finished,
        Event::Data(0),
        CLOSE,
    ];
    let asked = good().before(Message::Certificate, [request]);
    accepted("CertificateRequest", &asked, &Play::default(), &events);
    let asked = asked.edit_certificate_request(|request| request.extensions.push(0xfafa, b"unknown"));
    accepted("CertificateRequest with an unknown extension", &asked, &Play::default(), &events);

    usual("no ALPN", &good().edit_encrypted_extensions(|extensions| extensions.remove(extension::ALPN)));
    usual("no extensions", &good().edit_encrypted_extensions(|extensions| extensions.0.clear()));
    let groups = [0, 4, 0, 0x1d, 0, 0x17];
    usual(
        "supported_groups from the server",
        &good().edit_encrypted_extensions(move |extensions| {
            extensions.push(extension::SUPPORTED_GROUPS, &groups);
        }),
    );
}

#[test]
fn tickets() {
    let ticket = || Action::Send(Message::NewSessionTicket);
    usual("a ticket", &good().after_handshake([ticket()]));
    usual("two tickets in one record", &good().after_handshake([ticket(), ticket()]).coalesce());
    usual("a ticket before the answer", &good().before_response([ticket()]));
    let split = good().after_handshake([ticket()]).split(Message::NewSessionTicket, 3, []);
    usual("a ticket in two records", &split);
    let unknown = good().after_handshake([ticket()]).edit_ticket(|ticket| {
        ticket.extensions.push(0xfafa, b"unknown");
        ticket.extensions.push(extension::EARLY_DATA, &[0, 0, 4, 0]);
        ticket.lifetime = 0;
    });
    usual("a ticket with unknown extensions", &unknown);
}

#[test]
fn key_updates() {
    usual("not requested", &good().before_response(Action::key_update(0)));
    // Nothing is sent after it, so that the client's own update is not due.
    usual("requested, with nothing more to send", &good().before_response(Action::key_update(1)));
    let several = [Action::key_update(0), Action::key_update(0), Action::key_update(0)].concat();
    usual("several", &good().before_response(several));
    usual("right after the handshake", &good().after_handshake(Action::key_update(0)));
}

/// RFC 9846 §4.7.3: an update that was asked for goes out before the next application data, once.
#[test]
fn a_key_update_is_answered_before_the_next_data() {
    use Event::{ChangeCipherSpec, ClientHello, Data, Finished, KeyUpdate};
    let two = Play { requests: vec![b"first", b"second"], ..Play::default() };
    let events = [ClientHello, ChangeCipherSpec, Finished, Data(0), KeyUpdate(0), Data(0), CLOSE];
    let (head, tail) = RESPONSE.split_at(10);
    for updates in [Action::key_update(1).to_vec(), [Action::key_update(1), Action::key_update(1)].concat()] {
        let script =
            good().await_data("first").response(head).before_response(updates).edit_actions(|actions| {
                let at = actions.len() - 2;
                let rest = [
                    Action::AwaitData(b"second".to_vec()),
                    Action::AwaitKeyUpdate,
                    Action::Data(tail.to_vec()),
                ];
                actions.splice(at..at, rest);
            });
        accepted("an update before the second request", &script, &two, &events);
    }
}

#[test]
fn empty_records_of_application_data() {
    let empty = || Action::Record { content_type: content::APPLICATION_DATA, fragment: Vec::new() };
    usual("empty", &good().before_response([empty(), empty()]));
    usual("empty and padded", &good().before_response([empty()]).pad(40));
}

#[test]
fn data_behind_close_notify_are_ignored() {
    let more = [Action::close_notify(), Action::Data(b"more".to_vec()), Action::EndOfFile];
    usual("data", &good().after_response(more));
    let noise = [Action::close_notify(), Action::Wire(b"no record".to_vec()), Action::EndOfFile];
    usual("noise", &good().after_response(noise));
}

#[test]
fn user_canceled_is_no_error() {
    let canceled = [
        Action::Alert { level: 1, description: alert::USER_CANCELED },
        Action::close_notify(),
        Action::EndOfFile,
    ];
    usual("user_canceled", &good().after_response(canceled));
}

/// The server's first data need not wait for the client's Finished (RFC 9846 §4.5.3).
#[test]
fn data_that_come_early() {
    let script = good().edit_actions(|actions| {
        let data = actions.iter().position(|action| matches!(action, Action::Data(_))).expect("an answer");
        let data = actions.remove(data);
        let keys = |action: &Action| matches!(action, Action::Keys(Keys::Application));
        let at = actions.iter().position(keys).expect("a change of keys");
        actions.insert(at + 1, data);
    });
    usual("before the request", &script);
    let outcome = play(&script, &Play { requests: vec![REQUEST], ..Play::default() });
    assert_eq!(outcome.seen.data, REQUEST);
}
