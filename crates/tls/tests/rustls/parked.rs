//! Connections that are taken out of their buffers and put back.

use std::io::{Read, Write};

use picopost_testkit::CountingRng;
use picopost_testkit::chains::{NAME, NOW, shapes};
use picopost_tls::{Config, Connection, Error, FULL_RECEIVE_BUFFER, Parked, Session, Step};
use rustls::ServerConnection;

use crate::support::{Server, config, deliver, send};

/// Both sides, as soon as the handshake is done.
fn established<'a>(
    server: &Server,
    config: &Config<'a>,
    receive: &'a mut [u8],
    out: &'a mut [u8],
) -> (Connection<'a>, ServerConnection) {
    let mut client = Connection::new(config.clone(), receive, out, &mut CountingRng(7)).unwrap();
    let mut server = ServerConnection::new(server.0.clone()).unwrap();
    while !client.is_established() || !client.outgoing().is_empty() {
        send(&mut client, &mut server);
        if client.step() == Ok(Step::Receive) && server.wants_write() {
            deliver(&mut server, &mut client);
        }
    }
    (client, server)
}

/// Takes what the server has sent, to the last octet: the plaintext.
fn settle(client: &mut Connection<'_>, server: &mut ServerConnection) -> Vec<u8> {
    let mut plaintext = Vec::new();
    loop {
        match client.step().unwrap() {
            Step::Again | Step::Computed => {}
            Step::Plaintext => {
                plaintext.extend_from_slice(client.plaintext());
                client.consume(usize::MAX);
            }
            Step::Receive if server.wants_write() => deliver(server, client),
            Step::Receive | Step::Closed => return plaintext,
        }
    }
}

fn say(client: &mut Connection<'_>, server: &mut ServerConnection, text: &[u8]) {
    client.plaintext_space()[..text.len()].copy_from_slice(text);
    client.seal(text.len()).unwrap();
    send(client, server);
    let mut heard = vec![0; text.len()];
    server.reader().read_exact(&mut heard).unwrap();
    assert_eq!(heard, text);
}

#[test]
fn a_connection_goes_on_in_other_buffers() {
    let (server, anchors) = (Server::new(), shapes::gts().anchors());
    let config = config(&anchors, NAME, NOW);
    let (mut receive, mut out) = ([0; FULL_RECEIVE_BUFFER], [0; 2048]);
    let mut place = Parked::new();
    let (mut client, mut server) = established(&server, &config, &mut receive, &mut out);
    say(&mut client, &mut server, b"one");
    settle(&mut client, &mut server);
    assert!(client.park(&mut place));
    assert_eq!(client.step(), Err(Error::NotOpen), "it is used up");
    for round in 0..3 {
        let (mut receive, mut out) = (vec![0xaa; 4096], vec![0xaa; 1024]);
        let mut session = Session::new();
        let mut client =
            Connection::unpark(&mut place, config.clone(), Some(&mut session), &mut receive, &mut out)
                .unwrap();
        assert!(client.is_established() && !place.is_occupied());
        say(&mut client, &mut server, b"more");
        // New keys in both directions go along.
        if round == 1 {
            server.refresh_traffic_keys().unwrap();
        }
        server.writer().write_all(b"answer").unwrap();
        assert_eq!(settle(&mut client, &mut server), b"answer");
        assert!(client.park(&mut place));
    }
    let mut space = [0; 64];
    let length = place.close(&mut space);
    assert!((1..=24).contains(&length));
    server.read_tls(&mut &space[..length]).unwrap();
    assert!(server.process_new_packets().unwrap().peer_has_closed());
    assert_eq!(place.close(&mut space), 0);
}

/// RFC 9846 §4.7.3: what the server asked for before is not forgotten.
#[test]
fn a_key_update_that_is_owed_stays_owed() {
    let (server, anchors) = (Server::new(), shapes::gts().anchors());
    let config = config(&anchors, NAME, NOW);
    let (mut receive, mut out) = ([0; FULL_RECEIVE_BUFFER], [0; 2048]);
    let mut place = Parked::new();
    let (mut client, mut server) = established(&server, &config, &mut receive, &mut out);
    server.refresh_traffic_keys().unwrap();
    settle(&mut client, &mut server);
    assert!(client.park(&mut place));
    let (mut receive, mut out) = ([0; FULL_RECEIVE_BUFFER], [0; 2048]);
    let mut client = Connection::unpark(&mut place, config, None, &mut receive, &mut out).unwrap();
    client.seal(1).unwrap();
    // A KeyUpdate of 5 octets, and one octet of application data: each with a header, type and tag.
    assert_eq!(client.outgoing().len(), (5 + 5 + 17) + (5 + 1 + 17));
    send(&mut client, &mut server);
    server.reader().read_exact(&mut [0]).unwrap();
    // What is refused leaves nothing of the one before.
    assert!(client.park(&mut place) && place.is_occupied());
    assert!(!client.park(&mut place) && !place.is_occupied());
}

#[test]
fn only_an_idle_connection_is_parked() {
    let (server, anchors) = (Server::new(), shapes::gts().anchors());
    let config = config(&anchors, NAME, NOW);
    let mut place = Parked::new();
    let mut refused = |prepare: &dyn Fn(&mut Connection<'_>, &mut ServerConnection)| {
        let (mut receive, mut out) = ([0; FULL_RECEIVE_BUFFER], [0; 2048]);
        let (mut client, mut server) = established(&server, &config, &mut receive, &mut out);
        settle(&mut client, &mut server);
        prepare(&mut client, &mut server);
        assert!(!client.park(&mut place) && !place.is_occupied());
        assert_ne!(client.step(), Err(Error::NotOpen), "it is as it was");
    };
    // Octets to be sent; closed by this side, or by the server.
    refused(&|client, _| client.seal(1).unwrap());
    refused(&|client, server| {
        client.close().unwrap();
        send(client, server);
    });
    refused(&|client, server| {
        server.send_close_notify();
        settle(client, server);
    });
    // Something of the server's is there: a record, a part of one, plaintext, the end of file.
    refused(&|client, server| {
        server.writer().write_all(b"x").unwrap();
        deliver(server, client);
    });
    refused(&|client, server| {
        server.writer().write_all(b"x").unwrap();
        let mut record = Vec::new();
        server.write_tls(&mut record).unwrap();
        client.incoming()[..3].copy_from_slice(&record[..3]);
        client.received(3);
        assert_eq!(client.step(), Ok(Step::Receive));
    });
    refused(&|client, server| {
        server.writer().write_all(b"x").unwrap();
        deliver(server, client);
        while client.step() != Ok(Step::Plaintext) {}
    });
    refused(&|client, _| client.received(0));
    // And not before the handshake is done.
    let (mut receive, mut out) = ([0; FULL_RECEIVE_BUFFER], [0; 2048]);
    let mut client = Connection::new(config.clone(), &mut receive, &mut out, &mut CountingRng(7)).unwrap();
    assert!(!client.park(&mut place));
}

#[test]
fn a_parked_connection_is_for_its_server_and_its_trust_alone() {
    let (server, anchors) = (Server::new(), shapes::gts().anchors());
    let others = shapes::rsa().anchors();
    let own = config(&anchors, NAME, NOW);
    let (mut receive, mut out) = ([0; FULL_RECEIVE_BUFFER], [0; 2048]);
    let mut place = Parked::new();
    let empty = Parked::default();
    assert!(!empty.is_for(&own));
    let (mut client, mut server) = established(&server, &own, &mut receive, &mut out);
    settle(&mut client, &mut server);
    assert!(client.park(&mut place));
    let (mut receive, mut out) = ([0; FULL_RECEIVE_BUFFER], [0; 2048]);
    for other in [config(&anchors, "other.example", NOW), config(&others, NAME, NOW)] {
        assert!(!place.is_for(&other));
        let outcome = Connection::unpark(&mut place, other, None, &mut receive, &mut out);
        assert_eq!(outcome.err(), Some(Error::NotOpen));
    }
    // The time is none of its business.
    assert!(place.is_for(&config(&anchors, NAME, NOW + 1)));
    let mut tiny = [0; 9];
    let small = Connection::unpark(&mut place, own.clone(), None, &mut tiny, &mut out);
    assert!(matches!(small.err(), Some(Error::ReceiveBufferTooSmall { .. })));
    assert!(place.is_occupied(), "it is still there");
    assert!(Connection::unpark(&mut place, own, None, &mut receive, &mut out).is_ok());
    assert_eq!(format!("{place:?}"), "Parked { is_occupied: false, .. }");
}
