//! What stays in a connection's memory, and what does not: a secret is gone as soon as nothing needs
//! it, in every copy inside the connection (RFC 9846 §E.1, forward secrecy, is worth as much as that).

use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use hmac::{Hmac, KeyInit, Mac};
use picopost_testkit::chains::{NAME, NOW, shapes};
use picopost_tls::{Connection, Error, FULL_RECEIVE_BUFFER, Groups, Parked, Session, Step};
use rand_core::{TryCryptoRng, TryRng};
use rustls::{CipherSuite, KeyLog, ServerConnection};
use sha2::{Digest, Sha256};

use crate::support::{Server, config, deliver, send};

type Secret = [u8; 32];

/// The hashes of 1, 2, 3 and so on: known to the test, and none has a part of another.
struct Hashes(u8);

impl TryRng for Hashes {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        unimplemented!("the engine asks for octets")
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        unimplemented!("the engine asks for octets")
    }

    fn try_fill_bytes(&mut self, octets: &mut [u8]) -> Result<(), Infallible> {
        self.0 += 1;
        octets.copy_from_slice(&Sha256::digest([self.0]));
        Ok(())
    }
}

impl TryCryptoRng for Hashes {}

/// The octets of a connection, or of the room for one, as they lie in memory, between its fields too.
fn memory<T>(connection: &T) -> Vec<u8> {
    let start = std::ptr::from_ref(connection).cast::<u8>();
    let octet = |at| {
        // SAFETY: `at` is within the value, which is borrowed and so neither written nor freed. Of
        // padding, and of what a variant of an enum leaves unused, the language promises no value:
        // what a move or a drop has left there is what this looks for, so each octet is read on its
        // own, volatile, and nothing but its comparison with others depends on it.
        unsafe { start.add(at).read_volatile() }
    };
    (0..size_of_val(connection)).map(octet).collect()
}

/// Whether a secret, or 16 octets of it in a row, lies in a connection.
fn holds<T>(connection: &T, secret: &[u8]) -> bool {
    let memory = memory(connection);
    secret
        .chunks_exact(16.min(secret.len()))
        .any(|part| memory.windows(part.len()).any(|window| window == part))
}

/// The secrets of one connection that rustls logs, under their names.
#[derive(Debug, Default)]
struct Log(Mutex<Vec<(String, Vec<u8>)>>);

impl KeyLog for Log {
    fn log(&self, label: &str, _client_random: &[u8], secret: &[u8]) {
        self.0.lock().expect("no test panics here").push((label.to_owned(), secret.to_vec()));
    }
}

/// Both sides of a connection to rustls, and what the test knows of it.
struct Pair<'a> {
    client: Connection<'a>,
    server: ServerConnection,
    log: Arc<Log>,
    /// The ClientHello as sent.
    hello: Vec<u8>,
    /// The private keys: for X25519, and for secp256r1 where that is offered.
    private: Vec<Secret>,
}

impl Pair<'_> {
    fn secret(&self, label: &str) -> Vec<u8> {
        let log = self.log.0.lock().expect("no test panics here");
        let found = log.iter().find(|(found, _)| found == label);
        found.unwrap_or_else(|| panic!("rustls logged no {label}")).1.clone()
    }

    fn handshake_secrets(&self) -> Vec<Vec<u8>> {
        ["CLIENT_HANDSHAKE_TRAFFIC_SECRET", "SERVER_HANDSHAKE_TRAFFIC_SECRET"]
            .map(|label| self.secret(label))
            .into()
    }

    fn traffic_secrets(&self) -> Vec<Vec<u8>> {
        ["CLIENT_TRAFFIC_SECRET_0", "SERVER_TRAFFIC_SECRET_0"].map(|label| self.secret(label)).into()
    }

    /// Which of these secrets, and of the keys and IVs of their records, lie in the client.
    fn held(&self, secrets: &[Vec<u8>]) -> Vec<bool> {
        let suite = self.server.negotiated_cipher_suite().expect("ServerHello is sent").suite();
        let key = if suite == CipherSuite::TLS13_AES_128_GCM_SHA256 { 16 } else { 32 };
        let keys = |secret: &Vec<u8>| {
            [secret.clone(), expand_label(secret, "key", &[], key), expand_label(secret, "iv", &[], 12)]
        };
        secrets.iter().flat_map(keys).map(|secret| holds(&self.client, &secret)).collect()
    }

    fn holds_private_key(&self) -> bool {
        self.private.iter().any(|private| holds(&self.client, private))
    }

    fn establish(&mut self) {
        while !self.client.is_established() {
            let step = self.client.step().expect("a good handshake");
            send(&mut self.client, &mut self.server);
            if step == Step::Receive {
                deliver(&mut self.server, &mut self.client);
            }
        }
    }

    /// What the server has to say, record by record.
    fn flight(&mut self) -> Vec<Vec<u8>> {
        send(&mut self.client, &mut self.server);
        let mut flight = Vec::new();
        while self.server.wants_write() {
            self.server.write_tls(&mut flight).expect("a vector takes octets");
        }
        let mut records = Vec::new();
        while let [_, _, _, high, low, ..] = flight[..] {
            let rest = flight.split_off(5 + usize::from(u16::from_be_bytes([high, low])));
            records.push(std::mem::replace(&mut flight, rest));
        }
        records
    }

    /// Takes one record of the server, and all that is in it.
    fn take(&mut self, record: &[u8]) -> Result<(), Error> {
        self.client.incoming()[..record.len()].copy_from_slice(record);
        self.client.received(record.len());
        while matches!(self.client.step()?, Step::Again | Step::Computed) {
            self.client.sent(usize::MAX);
        }
        Ok(())
    }
}

/// A connection whose ClientHello is not sent yet.
fn pair(server: &Server, session: Option<&mut Session>, act: impl FnOnce(Pair<'_>)) {
    pair_as(server, Begin { session, ..Begin::default() }, act);
}

/// What a connection begins with.
#[derive(Default)]
struct Begin<'b> {
    groups: Groups,
    session: Option<&'b mut Session>,
    #[cfg(feature = "client-auth")]
    identity: Option<picopost_tls::ClientIdentity<'b>>,
}

fn pair_as(server: &Server, begin: Begin<'_>, act: impl FnOnce(Pair<'_>)) {
    let log = Arc::new(Log::default());
    let mut server = rustls::ServerConfig::clone(&server.0);
    server.key_log = log.clone();
    let server = ServerConnection::new(Arc::new(server)).expect("a good configuration");
    let anchors = shapes::gts().anchors();
    let groups = begin.groups;
    let config = config(&anchors, NAME, NOW).with_groups(groups);
    let (mut receive, mut out) = ([0; FULL_RECEIVE_BUFFER], [0; 4096]);
    #[cfg(feature = "client-auth")]
    let config = match begin.identity {
        Some(identity) => config.with_identity(identity),
        None => config,
    };
    let entropy = &mut Hashes(0);
    let client = match begin.session {
        None => Connection::new(config, &mut receive, &mut out, entropy),
        Some(session) => Connection::with_session(config, session, &mut receive, &mut out, entropy),
    };
    let client = client.expect("a good configuration");
    // The random value, the session id, and then the keys.
    let mut entropy = Hashes(0);
    let more = if groups == Groups::default() { 0 } else { 2 };
    let draws = 3 + if cfg!(feature = "p256") { 1 } else { 0 } + more;
    let private = (0..draws).map(|_| {
        let mut octets = [0; 32];
        let Ok(()) = entropy.try_fill_bytes(&mut octets);
        octets
    });
    let private = private.skip(2).collect();
    let hello = client.outgoing().to_vec();
    act(Pair { client, server, log, hello, private });
}

fn hmac(key: &[u8], octets: &[u8]) -> Secret {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.update(octets);
    mac.finalize().into_bytes().into()
}

/// RFC 9846 §7.1, for up to 32 octets.
fn expand_label(secret: &[u8], label: &str, context: &[u8], length: u8) -> Vec<u8> {
    let label = [b"tls13 ", label.as_bytes()].concat();
    let octet = |length: usize| u8::try_from(length).expect("short");
    let info =
        [&[0, length, octet(label.len())], &label[..], &[octet(context.len())], context, &[1]].concat();
    hmac(secret, &info)[..length.into()].to_vec()
}

fn derive(secret: &[u8], label: &str, transcript: &[u8]) -> Vec<u8> {
    expand_label(secret, label, &Sha256::digest(transcript), 32)
}

/// The secrets of the key schedule from the Early Secret to the Main Secret, RFC 9846 §7.1.
fn schedule(psk: &Secret, shared: &[u8]) -> [Secret; 3] {
    let early = hmac(&[0; 32], psk);
    let handshake = hmac(&derive(&early, "derived", b""), shared);
    let main = hmac(&derive(&handshake, "derived", b""), &[0; 32]);
    [early, handshake, main]
}

/// Takes ServerHello, and gives it.
fn server_hello(pair: &mut Pair<'_>) -> Vec<u8> {
    let flight = pair.flight();
    pair.take(&flight[0]).expect("a good ServerHello");
    flight[0][5..].to_vec()
}

/// The server's share of a group, whose length says that it is one: in the data of key_share.
fn server_share<const N: usize>(hello: &[u8], group: u16) -> [u8; N] {
    let length = |more| u16::try_from(N + more).expect("short").to_be_bytes();
    let key_share = [[0, 51], length(4), group.to_be_bytes(), length(0)].concat();
    let at = hello.windows(8).position(|window| window == key_share).expect("a key_share");
    hello[at + 8..][..N].try_into().expect("so many octets")
}

#[test]
fn the_private_key_is_gone_after_server_hello() {
    pair(&Server::new(), None, |mut pair| {
        assert!(pair.private.iter().all(|private| holds(&pair.client, private)), "it is there before");
        server_hello(&mut pair);
        assert_eq!(pair.held(&pair.handshake_secrets()), [true; 6], "ServerHello is in");
        assert!(!pair.holds_private_key());
    });
    pair(&Server::new(), None, |mut pair| {
        pair.establish();
        assert!(!pair.holds_private_key());
    });
}

#[test]
fn handshake_secrets_are_gone_once_established() {
    pair(&Server::new(), None, |mut pair| {
        pair.establish();
        assert_eq!(pair.held(&pair.traffic_secrets()), [true; 6], "what goes on is there");
        assert_eq!(pair.held(&pair.handshake_secrets()), [false; 6]);
    });
}

/// What all of them come from, computed from the private key and the wire.
#[test]
fn the_key_schedule_is_gone_once_established() {
    pair(&Server::new(), None, |mut pair| {
        let flight = pair.flight();
        let hello = &flight[0][5..];
        let shared = x25519_dalek::x25519(pair.private[0], server_share(hello, 0x001d));
        let [_, handshake, main] = schedule(&[0; 32], &shared);
        let transcript = [&pair.hello[5..], hello].concat();
        let expected = derive(&handshake, "s hs traffic", &transcript);
        assert_eq!(expected, pair.secret("SERVER_HANDSHAKE_TRAFFIC_SECRET"), "this test computes well");
        for (number, record) in flight.iter().enumerate() {
            pair.take(record).expect("a good handshake");
            assert_eq!(holds(&pair.client, &main), !pair.client.is_established(), "record {number}");
            assert!(!holds(&pair.client, &shared) && !holds(&pair.client, &handshake), "record {number}");
        }
        assert!(pair.client.is_established());
    });
}

/// The Early Secret of a session is the key to what its next connections say.
#[test]
fn the_secret_of_a_session_is_gone_after_server_hello() {
    let server = Server::new();
    let anchors = shapes::gts().anchors();
    let mut session = Session::new();
    server.connect(&config(&anchors, NAME, NOW), &mut session).expect("a good handshake");
    // The PSK stands in front of the ticket, in the layout of crates/tls/src/session.rs.
    let psk: Secret = session.export()[62..94].try_into().expect("32 octets");
    pair(&server, Some(&mut session), |mut pair| {
        let hello = pair.hello[5..].to_vec();
        let early = schedule(&psk, &[0; 32])[0];
        let covered = &hello[..hello.len() - 35];
        let binder_key = derive(&early, "res binder", b"");
        let finished_key = expand_label(&binder_key, "finished", &[], 32);
        let binder = hmac(&finished_key, &Sha256::digest(covered));
        assert_eq!(hello[hello.len() - 32..], binder, "this is the PSK");
        assert!(holds(&pair.client, &early), "it is there before");
        for (number, record) in pair.flight().iter().enumerate() {
            pair.take(record).expect("a good handshake");
            for secret in [psk, early] {
                assert!(!holds(&pair.client, &secret), "record {number}");
            }
        }
        assert!(pair.client.is_resumed() && !pair.holds_private_key());
    });
}

/// A record of the server that does not decrypt.
const BAD: [u8; 37] = {
    let mut record = [7; 37];
    (record[0], record[1], record[2], record[3], record[4]) = (23, 3, 3, 0, 32);
    record
};

#[test]
fn a_failure_in_the_handshake_leaves_nothing() {
    // So small that each step of the handshake has a record of its own.
    let server = Server::configured(|config| config.max_fragment_size = Some(100));
    let mut cases = 0;
    let mut established = false;
    while !established {
        pair(&server, None, |mut pair| {
            let flight = pair.flight();
            let hello = flight.iter().position(|record| record[0] != 22).expect("more than ServerHello");
            let taken = cases;
            for record in &flight[..taken] {
                pair.take(record).expect("a good handshake");
            }
            established = pair.client.is_established();
            let plain = Error::UnexpectedRecord { content_type: 23 };
            let expected = if taken < hello { plain } else { Error::BadRecordMac };
            assert_eq!(pair.take(&BAD), Err(expected));
            assert!(!pair.holds_private_key(), "after {taken} records");
            for secrets in [pair.handshake_secrets(), pair.traffic_secrets()] {
                assert_eq!(pair.held(&secrets), [false; 6], "after {taken} records");
            }
        });
        cases += 1;
    }
    assert!(cases > 10, "{cases}");
}

#[test]
fn a_failure_in_traffic_leaves_nothing() {
    pair(&Server::new(), None, |mut pair| {
        pair.establish();
        assert_eq!(pair.held(&pair.traffic_secrets()), [true; 6]);
        assert_eq!(pair.take(&BAD), Err(Error::BadRecordMac));
        assert!(!pair.holds_private_key());
        for secrets in [pair.handshake_secrets(), pair.traffic_secrets()] {
            assert_eq!(pair.held(&secrets), [false; 6]);
        }
    });
}

/// A connection that is put aside leaves nothing behind, and nor does the room that it was in.
#[test]
fn a_parked_connection_is_in_one_place() {
    pair(&Server::new(), None, |mut pair| {
        pair.establish();
        send(&mut pair.client, &mut pair.server);
        while pair.server.wants_write() {
            deliver(&mut pair.server, &mut pair.client);
        }
        while pair.client.step() != Ok(Step::Receive) {}
        let secrets = pair.traffic_secrets();
        let mut place = Parked::new();
        assert!(pair.client.park(&mut place));
        assert_eq!(pair.held(&secrets), [false; 6]);
        assert!(secrets.iter().all(|secret| holds(&place, secret)));
        assert!((1..=24).contains(&place.close(&mut [0; 64])));
        assert!(!secrets.iter().any(|secret| holds(&place, secret)));
    });
}

/// The state that signs is the last that needs the secrets of the handshake.
#[cfg(feature = "client-auth")]
#[test]
fn a_client_certificate_leaves_nothing_behind() {
    use picopost_testkit::chains::clients;
    use picopost_tls::{ClientIdentity, P256Signer, Signature, Signer, SigningFailed};

    struct Fails;

    impl Signer for Fails {
        fn sign(&self, _digest: &[u8; 32]) -> Result<Signature, SigningFailed> {
            Err(SigningFailed(1))
        }
    }

    let chain = clients::good();
    let server = Server::requiring(&chain, |_| {});
    let good = P256Signer::from_der(chain.key.der()).expect("a P-256 key");
    let signers: [(&dyn Signer, bool); 2] = [(&good, true), (&Fails, false)];
    for (signer, succeeds) in signers {
        let identity = Some(ClientIdentity::new(&chain.certificates, signer));
        pair_as(&server, Begin { identity, ..Begin::default() }, |mut pair| {
            let mut result = Ok(());
            for record in pair.flight() {
                result = result.and_then(|()| pair.take(&record));
            }
            let failed = Err(Error::SigningFailed { reason: 1 });
            assert_eq!(result, if succeeds { Ok(()) } else { failed });
            assert_eq!(pair.client.is_established(), succeeds);
            assert_eq!(pair.held(&pair.traffic_secrets()), [succeeds; 6]);
            assert_eq!(pair.held(&pair.handshake_secrets()), [false; 6]);
            assert!(!pair.holds_private_key());
        });
    }
}

/// X25519MLKEM768: X25519's private key, and the seed of ML-KEM's.
#[cfg(feature = "mlkem")]
mod post_quantum {
    use ml_kem::DecapsulationKey768;
    use ml_kem::kem::Decapsulate;
    use rustls::crypto::aws_lc_rs::kx_group;

    use super::*;

    fn pair(server: &Server, act: impl FnOnce(Pair<'_>)) {
        pair_as(server, Begin { groups: Groups::PostQuantum, ..Begin::default() }, act);
    }

    #[test]
    fn private_keys_are_gone_after_server_hello() {
        for group in [kx_group::X25519MLKEM768, kx_group::X25519] {
            pair(&Server::with_groups(&[group]), |mut pair| {
                assert!(pair.private.iter().all(|private| holds(&pair.client, private)), "there before");
                server_hello(&mut pair);
                assert_eq!(pair.held(&pair.handshake_secrets()), [true; 6], "ServerHello is in");
                assert!(!pair.holds_private_key());
            });
        }
    }

    #[cfg(feature = "p256")]
    #[test]
    fn what_the_retry_does_not_need_is_gone_after_it() {
        pair(&Server::with_groups(&[kx_group::SECP256R1]), |mut pair| {
            let [x25519, secp256r1, d, z] = pair.private[..] else { panic!("four strings") };
            let retry = pair.flight().remove(0);
            pair.client.incoming()[..retry.len()].copy_from_slice(&retry);
            pair.client.received(retry.len());
            while pair.client.outgoing().is_empty() {
                assert!(matches!(pair.client.step(), Ok(Step::Again | Step::Computed)));
            }
            assert!(holds(&pair.client, &secp256r1));
            assert!(![x25519, d, z].iter().any(|private| holds(&pair.client, private)));
            server_hello(&mut pair);
            assert!(!pair.holds_private_key());
        });
    }

    #[test]
    fn the_key_schedule_is_gone_once_established() {
        pair(&Server::with_groups(&[kx_group::X25519MLKEM768]), |mut pair| {
            let flight = pair.flight();
            let hello = &flight[0][5..];
            let share: [u8; 1120] = server_share(hello, 0x11ec);
            let [.., d, z] = pair.private[..] else { panic!("four strings") };
            let seed: [u8; 64] = [d, z].concat().try_into().expect("64 octets");
            let ciphertext = share.first_chunk::<1088>().expect("the ciphertext is first");
            let ml_kem = DecapsulationKey768::from_seed(seed.into()).decapsulate(&(*ciphertext).into());
            let x25519 = *share.last_chunk().expect("32 octets");
            let x25519 = x25519_dalek::x25519(pair.private[0], x25519);
            let [_, handshake, main] = schedule(&[0; 32], &[&ml_kem[..], &x25519].concat());
            let transcript = [&pair.hello[5..], hello].concat();
            let expected = derive(&handshake, "s hs traffic", &transcript);
            assert_eq!(expected, pair.secret("SERVER_HANDSHAKE_TRAFFIC_SECRET"), "this test computes well");
            for (number, record) in flight.iter().enumerate() {
                pair.take(record).expect("a good handshake");
                assert_eq!(holds(&pair.client, &main), !pair.client.is_established(), "record {number}");
                for secret in [&ml_kem[..], &x25519, &handshake] {
                    assert!(!holds(&pair.client, secret), "record {number}");
                }
            }
            assert!(pair.client.is_established());
        });
    }

    #[test]
    fn a_failure_leaves_nothing() {
        pair(&Server::with_groups(&[kx_group::X25519MLKEM768]), |mut pair| {
            assert_eq!(pair.take(&BAD), Err(Error::UnexpectedRecord { content_type: 23 }));
            assert!(!pair.holds_private_key());
        });
    }
}
