//! RFC 8448's traces, octet for octet: key exchange, key schedule, Finished, binder and records as
//! this crate computes them. `docs/conformance.md` says which traces do not apply.

extern crate std;

use core::convert::Infallible;
use std::{string::String, vec::Vec};

use rand_core::{TryCryptoRng, TryRng};

use crate::{
    fault::Fault,
    hello::BINDERS,
    key_exchange::{Groups, KeyExchange, NamedGroup, SharedSecret},
    key_schedule::{self, HandshakeSecrets, Secret, Transcript},
    record::{CipherSuite, ContentType, HEADER, Header, OVERHEAD, RecordKeys},
};

const SUITE: CipherSuite = CipherSuite::Aes128Gcm;
/// RFC 9846 §7.1: no PSK.
const NO_PSK: [u8; 32] = [0; 32];

/// The octets under this name in the file of the RFC's values.
fn value(name: &str) -> Vec<u8> {
    let file = include_str!("../tests/data/rfc8448.txt");
    let mut lines = file.lines().skip_while(|line| line.strip_suffix(':') != Some(name));
    assert!(lines.next().is_some(), "no value `{name}`");
    let hex: String = lines.map_while(|line| line.strip_prefix("  ")).collect();
    let octet = |at| u8::from_str_radix(&hex[at..at + 2], 16).expect("hexadecimal digits");
    (0..hex.len()).step_by(2).map(octet).collect()
}

fn secret(name: &str) -> Secret {
    Secret::new(value(name).try_into().expect("32 octets"))
}

/// A record without its header: a message in the clear.
fn message(name: &str) -> Vec<u8> {
    value(name).split_off(HEADER)
}

/// Opens a record of the trace. Returns its content and type.
fn open(keys: &mut RecordKeys, name: &str) -> (Vec<u8>, u8) {
    let record = value(name);
    let (header, body) = record.split_first_chunk().expect("a header");
    let mut body = body.to_vec();
    let inner = keys.open(&Header::parse(*header), &mut body).expect("it decrypts");
    let (content_type, content) = inner.split_last().expect("a type");
    (content.to_vec(), *content_type)
}

/// A record with this content, sealed.
fn seal(keys: &mut RecordKeys, content_type: ContentType, content: &[u8]) -> Vec<u8> {
    let mut record = [&[0; HEADER][..], content, &[0; OVERHEAD]].concat();
    keys.seal(content_type, &mut record).expect("a record of its size");
    record
}

fn finished(verify_data: &[u8]) -> Vec<u8> {
    [&[20, 0, 0, 32][..], verify_data].concat()
}

fn transcript(messages: &[&[u8]]) -> Transcript {
    let mut transcript = Transcript::new();
    messages.iter().for_each(|message| transcript.add(message));
    transcript
}

/// Gives these strings, one a draw.
struct Strings<'s>(&'s [[u8; 32]]);

impl TryRng for Strings<'_> {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        unimplemented!("the engine asks for octets")
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        unimplemented!("the engine asks for octets")
    }

    fn try_fill_bytes(&mut self, octets: &mut [u8]) -> Result<(), Infallible> {
        let (first, rest) = self.0.split_first().expect("a string for each draw");
        octets.copy_from_slice(first);
        self.0 = rest;
        Ok(())
    }
}

impl TryCryptoRng for Strings<'_> {}

/// A key exchange with these private keys, for X25519 and for secp256r1.
fn exchange(x25519: [u8; 32], secp256r1: [u8; 32]) -> KeyExchange {
    let mut exchange = KeyExchange::new(Groups::Classical);
    exchange.generate(&mut Strings(&[x25519, secp256r1]), [&[1; 32], &[2; 32]]).expect("good keys");
    exchange
}

fn shared_secret(exchange: &KeyExchange, group: NamedGroup, public_key: &[u8]) -> Vec<u8> {
    let mut secret = SharedSecret::new([0; _]);
    exchange.shared_secret(group, public_key, &mut secret).expect("a good public key").to_vec()
}

/// From the messages up to ServerHello to the client's Finished: the same in each trace but for
/// its first messages. Returns the keys for application data of client and server.
fn handshake(section: &str, shared: &[u8], mut transcript: Transcript) -> [RecordKeys; 2] {
    let name = |what| std::format!("{section} {what}");
    assert_eq!(shared, value(&name("shared secret")));
    let early = key_schedule::early_secret(&NO_PSK);
    let secrets = HandshakeSecrets::new(&early, shared, &transcript.hash());
    assert_eq!(*secrets.client, *secret(&name("client handshake traffic secret")));
    assert_eq!(*secrets.server, *secret(&name("server handshake traffic secret")));

    // EncryptedExtensions to Finished, in one record.
    let mut server = RecordKeys::new(SUITE, &secrets.server);
    let (flight, content_type) = open(&mut server, &name("server flight record"));
    assert_eq!(content_type, 22);
    let (before, last) = flight.split_at(flight.len() - 36);
    transcript.add(before);
    let verify_data = key_schedule::finished(&secrets.server, &transcript.hash());
    assert_eq!(verify_data[..], value(&name("server Finished")));
    assert_eq!(last, finished(&verify_data));
    transcript.add(last);

    let (client, server) = secrets.application(&transcript.hash());
    assert_eq!(*client, *secret(&name("client application traffic secret")));
    assert_eq!(*server, *secret(&name("server application traffic secret")));

    let verify_data = key_schedule::finished(&secrets.client, &transcript.hash());
    assert_eq!(verify_data[..], value(&name("client Finished")));
    let own = finished(&verify_data);
    let mut keys = RecordKeys::new(SUITE, &secrets.client);
    let record = seal(&mut keys, ContentType::Handshake, &own);
    assert_eq!(record, value(&name("client flight record")));
    transcript.add(&own);
    assert_eq!(*secrets.resumption(&transcript.hash()), *secret(&name("resumption secret")));
    [RecordKeys::new(SUITE, &client), RecordKeys::new(SUITE, &server)]
}

/// §3: a full handshake, a ticket, data both ways, close_notify both ways.
#[test]
fn simple_1_rtt_handshake() {
    let private = secret("3 client private key");
    let exchange = exchange(*private, [7; 32]);
    let shared = shared_secret(&exchange, NamedGroup::X25519, &value("3 server public key"));
    let (hello, server_hello) = (message("3 ClientHello record"), message("3 ServerHello record"));
    let [mut client, mut server] = handshake("3", &shared, transcript(&[&hello, &server_hello]));

    let (ticket, content_type) = open(&mut server, "3 ticket record");
    assert_eq!(content_type, 22);
    // Type and length, lifetime, age_add, the nonce of two octets, the ticket.
    let nonce = ticket.get(13..15).expect("a nonce");
    let psk: Secret = key_schedule::expand_label(&secret("3 resumption secret"), b"resumption", nonce);
    assert_eq!(*psk, *secret("3 resumption PSK"));
    assert!(ticket.windows(178).any(|window| window == value("4 ticket")));

    let data = seal(&mut client, ContentType::ApplicationData, &value("3 client data"));
    assert_eq!(data, value("3 client data record"));
    assert_eq!(open(&mut server, "3 server data record"), (value("3 server data"), 23));
    assert_eq!(seal(&mut client, ContentType::Alert, &[1, 0]), value("3 client alert record"));
    assert_eq!(open(&mut server, "3 server alert record"), ([1, 0].to_vec(), 21));
}

/// §4: the binder of the ClientHello that offers §3's ticket.
#[test]
fn resumed_handshake() {
    assert_eq!(*secret("4 PSK"), *secret("3 resumption PSK"));
    let hello = value("4 ClientHello");
    let (covered, binders) = hello.split_at(hello.len() - BINDERS);
    let early = key_schedule::early_secret(&secret("4 PSK"));
    let binder = key_schedule::binder(&early, &transcript(&[covered]).hash());
    assert_eq!(binders, [&[0, 33, 32][..], &binder].concat());
}

/// §5: another group and a cookie, so that the transcript begins with a message_hash.
#[cfg(feature = "p256")]
#[test]
fn hello_retry_request() {
    let mut exchange = exchange([7; 32], *secret("5 client private key"));
    exchange.retry(NamedGroup::Secp256r1).expect("a good key");
    let mut share = [0; 65];
    exchange.write_share(NamedGroup::Secp256r1, &mut crate::codec::Writer::new(&mut share));
    let second = message("5 second ClientHello record");
    assert!(second.windows(65).any(|window| window == share), "the share that was asked for");
    let shared = shared_secret(&exchange, NamedGroup::Secp256r1, &value("5 server public key"));

    let mut transcript = transcript(&[&message("5 first ClientHello record")]);
    transcript.replace_by_message_hash();
    transcript.add(&message("5 HelloRetryRequest record"));
    transcript.add(&second);
    transcript.add(&message("5 ServerHello record"));
    let [mut client, mut server] = handshake("5", &shared, transcript);
    assert_eq!(seal(&mut client, ContentType::Alert, &[1, 0]), value("5 client alert record"));
    assert_eq!(open(&mut server, "5 server alert record"), ([1, 0].to_vec(), 21));
}

/// RFC 9846 §5.2: nothing of a record may be changed, its header included.
#[test]
fn a_flipped_bit_in_each_octet_of_a_record() {
    let record = value("3 ticket record");
    let server = secret("3 server application traffic secret");
    for at in 0..record.len() {
        let mut record = record.clone();
        record[at] ^= 1 << (at % 8);
        let (header, body) = record.split_first_chunk_mut().expect("a header");
        let opened = RecordKeys::new(SUITE, &server).open(&Header::parse(*header), body);
        assert_eq!(opened, Err(Fault::BadRecordMac.into()), "octet {at}");
    }
}
