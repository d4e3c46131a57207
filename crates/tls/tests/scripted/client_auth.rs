//! A client with a certificate of its own: RFC 9846 §4.4.2, §4.5.1 and §4.5.2 as the server sees it.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use picopost_testkit::chains::{Chain, Key, clients, shapes};
use picopost_testkit::code::{alert, extension, group, suite};
use picopost_testkit::{Action, Epoch, Event, Message as Sent, RESPONSE, Script};
use picopost_tls::{ClientIdentity, Error, Message, P256Signer, Signature, Signer, SigningFailed, Step};

use crate::support::{Outcome, Play, REQUEST, drive, play};

mod sessions;
mod setup;
mod verdicts;

/// A client's certificates, and a signer that counts.
#[derive(Clone)]
pub(crate) struct Client {
    chain: Arc<Chain>,
    signer: TestSigner,
}

impl Client {
    /// One that signs with the certificate's key.
    pub(crate) fn of(chain: Chain) -> Self {
        let key = Some(chain.key.clone());
        Self { chain: Arc::new(chain), signer: TestSigner { key, calls: Arc::default() } }
    }

    /// One whose signer fails.
    pub(crate) fn without_key(self) -> Self {
        self.with_key(None)
    }

    /// One that does not: another key, or a signer that fails.
    fn with_key(self, key: Option<Arc<Key>>) -> Self {
        Self { signer: TestSigner { key, calls: Arc::default() }, ..self }
    }

    pub(crate) fn identity(&self) -> ClientIdentity<'_> {
        ClientIdentity::new(&self.chain.certificates, &self.signer)
    }

    /// How often the signer was asked.
    fn signed(&self) -> usize {
        self.signer.calls.load(Ordering::Relaxed)
    }

    fn certificates(&self) -> Vec<Vec<u8>> {
        self.chain.certificates.iter().map(|certificate| certificate.to_vec()).collect()
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Client({} certificates)", self.chain.certificates.len())
    }
}

#[derive(Clone)]
struct TestSigner {
    /// None fails, with [`REASON`].
    key: Option<Arc<Key>>,
    calls: Arc<AtomicUsize>,
}

const REASON: u16 = 0x0f;

impl Signer for TestSigner {
    fn sign(&self, digest: &[u8; 32]) -> Result<Signature, SigningFailed> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        let key = self.key.as_ref().ok_or(SigningFailed(REASON))?;
        P256Signer::from_der(key.der()).expect("a P-256 key").sign(digest)
    }
}

/// A server that asks for a certificate.
fn asking() -> Script {
    Script::good(shapes::direct()).before(Sent::Certificate, [Action::Send(Sent::CertificateRequest)])
}

fn schemes(list: &[u8]) -> Script {
    let data = picopost_testkit::vector(2, list);
    asking().edit_certificate_request(move |request| {
        request.extensions.set(extension::SIGNATURE_ALGORITHMS, &data);
    })
}

fn with(client: &Client) -> Play {
    Play { client: Some(client.clone()), ..Play::default() }
}

const CLOSE: Event = Event::Alert { description: alert::CLOSE_NOTIFY, epoch: Epoch::Application };

/// What the client said, each record of data as one of no size.
fn events(outcome: &Outcome) -> Vec<Event> {
    let event = |event: &Event| if matches!(event, Event::Data(_)) { Event::Data(0) } else { *event };
    let mut events: Vec<_> = outcome.seen.events.iter().map(event).collect();
    events.dedup_by(|one, other| one == other && *one == Event::Data(0));
    events
}

/// The handshake succeeds, and the server has this client's certificates and its signature: the
/// test peer verifies both, and that everything comes once and in order.
fn authenticated(what: &str, outcome: &Outcome, client: &Client) {
    assert_eq!(outcome.seen.complaint, None, "{what}");
    assert_eq!(outcome.result.as_deref(), Ok(RESPONSE), "{what}");
    assert_eq!(outcome.seen.data, REQUEST, "{what}");
    assert_eq!(outcome.seen.certificates, client.certificates(), "{what}");
    let hellos = vec![Event::ClientHello; outcome.seen.hellos.len()];
    let rest = [Event::Finished, Event::Data(0), CLOSE];
    let own = [Event::Certificates(client.chain.certificates.len()), Event::CertificateVerify];
    let mut expected = [&hellos[..1], &[Event::ChangeCipherSpec], &hellos[1..], &own, &rest].concat();
    expected.dedup();
    assert_eq!(events(outcome), expected, "{what}");
}

/// The handshake succeeds, and the server has nothing but an empty list.
fn anonymous(what: &str, outcome: &Outcome) {
    assert_eq!(outcome.seen.complaint, None, "{what}");
    assert_eq!(outcome.result.as_deref(), Ok(RESPONSE), "{what}");
    let expected = [
        Event::ClientHello,
        Event::ChangeCipherSpec,
        Event::Certificate,
        Event::Finished,
        Event::Data(0),
        CLOSE,
    ];
    assert_eq!(events(outcome), expected, "{what}");
}

#[test]
fn a_server_that_asks_gets_certificate_and_signature() {
    let client = Client::of(clients::good());
    for (what, script) in [
        ("plain", asking()),
        ("in one record", asking().coalesce()),
        ("in small pieces", asking().split_handshake_every(7)),
        ("ChaCha20-Poly1305", asking().suite(suite::CHACHA20_POLY1305_SHA256)),
        #[cfg(feature = "aes-gcm")]
        ("AES-128-GCM", asking().suite(suite::AES_128_GCM_SHA256)),
        ("this scheme alone", schemes(&[4, 3])),
        ("this scheme last", schemes(&[8, 4, 8, 7, 5, 3, 4, 3])),
    ] {
        for variant in with(&client).variants() {
            authenticated(what, &play(&script, &variant), &client);
        }
    }
    assert_eq!(client.signed(), 7 * Play::default().variants().len() - unused_suites(), "once a connection");
}

const fn unused_suites() -> usize {
    if cfg!(feature = "aes-gcm") { 0 } else { 6 }
}

#[test]
fn also_after_a_hello_retry_request() {
    let client = Client::of(clients::good());
    let groups = [None, cfg!(feature = "p256").then_some(group::SECP256R1)];
    for group in groups {
        let script = Script::with_retry(shapes::direct(), Some(b"cookie"), group)
            .before(Sent::Certificate, [Action::Send(Sent::CertificateRequest)]);
        let outcome = play(&script, &with(&client));
        assert_eq!(outcome.seen.complaint, None);
        assert_eq!(outcome.result.as_deref(), Ok(RESPONSE));
        assert!(outcome.seen.events.contains(&Event::CertificateVerify));
    }
}

/// The chain is ten times as long as the send buffer; its octets enter the transcript once, or
/// Finished would be wrong.
#[test]
fn a_chain_of_any_length_goes_through_any_send_buffer() {
    let client = Client::of(clients::long());
    assert!(client.certificates().concat().len() > 10_000);
    for send in [1024, 1025, 2000, 9000, 40_000] {
        for variant in with(&client).variants() {
            let variant = Play { send, ..variant };
            let outcome = play(&asking(), &variant);
            authenticated(&format!("send buffer {send}, {} at once", variant.at_once), &outcome, &client);
            // What fits into one record is in one.
            let record = (send - 5 - 17 - 24).min(16_384).min(outcome.seen.certificates.concat().len());
            assert!(outcome.seen.longest_content >= record.min(10_000), "send buffer {send}");
        }
    }
}

/// RFC 8449 §4, RFC 6066 §4: records to the server are as small as it asks, those of Certificate
/// and CertificateVerify too.
#[test]
fn records_are_as_small_as_the_server_asks() {
    const MAX_FRAGMENT_LENGTH: u16 = 1;
    for chain in [clients::good(), clients::long()] {
        let client = Client::of(chain);
        // The extensions are in a ClientHello whose buffer is below a full record.
        let small = |receive| Play { receive, ..with(&client) };
        for limit in [64_u16, 65, 100, 1000] {
            let script = asking().edit_encrypted_extensions(move |extensions| {
                extensions.set(extension::RECORD_SIZE_LIMIT, &limit.to_be_bytes());
            });
            let outcome = play(&script, &small(4096));
            authenticated(&format!("record_size_limit {limit}"), &outcome, &client);
            assert!(outcome.seen.longest_content < usize::from(limit), "record_size_limit {limit}");
        }
        let script = asking().ignore_record_limits().edit_encrypted_extensions(|extensions| {
            extensions.set(MAX_FRAGMENT_LENGTH, &[2]);
        });
        let outcome = play(&script.split_handshake_every(512), &small(4096));
        authenticated("max_fragment_length 1,024", &outcome, &client);
        assert!(outcome.seen.longest_content <= 1024, "{}", outcome.seen.longest_content);
    }
}

#[test]
fn what_else_a_request_says_changes_nothing() {
    let client = Client::of(clients::good());
    const OID_FILTERS: [u8; 11] = [0, 9, 3, 0x55, 0x1d, 0x25, 0, 3, 1, 2, 3];
    const ANOTHER_CA: [u8; 8] = [0, 6, 0, 4, 0x30, 2, 5, 0];
    for (what, number, data) in [
        ("an unknown extension", 0xfafa, &b"unknown"[..]),
        ("certificate_authorities", extension::CERTIFICATE_AUTHORITIES, &ANOTHER_CA),
        ("oid_filters", 48, &OID_FILTERS),
        ("status_request", extension::STATUS_REQUEST, &[]),
        ("signature_algorithms_cert without its scheme", 50, &[0, 2, 8, 4]),
    ] {
        let script = asking().edit_certificate_request(move |request| request.extensions.push(number, data));
        authenticated(what, &play(&script, &with(&client)), &client);
    }
}

/// RFC 9846 §4.5.1, §4.5.2: no certificate of a scheme that was not asked for, and no signature.
#[test]
fn a_server_that_takes_other_schemes_gets_an_empty_list() {
    let client = Client::of(clients::good());
    for list in [&[8, 4][..], &[5, 3, 8, 7], &[3, 4], &[8, 4, 3, 8], &[0x04, 0x01, 0x02, 0x03]] {
        anonymous(&format!("{list:02x?}"), &play(&schemes(list), &with(&client)));
    }
    assert_eq!(client.signed(), 0);
}

/// RFC 9846 §4.5.1: a Certificate message if and only if there was a CertificateRequest.
#[test]
fn a_server_that_does_not_ask_gets_nothing() {
    let client = Client::of(clients::good());
    let outcome = play(&Script::good(shapes::direct()), &with(&client));
    assert_eq!(outcome.result.as_deref(), Ok(RESPONSE));
    let expected = [Event::ClientHello, Event::ChangeCipherSpec, Event::Finished, Event::Data(0), CLOSE];
    assert_eq!(events(&outcome), expected);
    assert_eq!(client.signed(), 0);
}

/// RFC 9846 §4.7.2: post_handshake_auth is not offered, whoever the client is.
#[test]
fn a_request_after_the_handshake_is_refused() {
    let client = Client::of(clients::good());
    let script = Script::good(shapes::direct()).before_response([Action::Send(Sent::CertificateRequest)]);
    for variant in with(&client).variants() {
        let outcome = play(&script, &variant);
        assert_eq!(outcome.result, Err(Error::PostHandshakeAuth));
        assert_eq!(outcome.seen.alert(), Some((alert::UNEXPECTED_MESSAGE, Epoch::Application)));
    }
    assert_eq!(client.signed(), 0);
}

/// The rules for a CertificateRequest hold for a client with a certificate too.
#[test]
fn a_wrong_request_is_refused() {
    let client = Client::of(clients::good());
    let message = Message::CertificateRequest;
    let without =
        |number| asking().edit_certificate_request(move |request| request.extensions.remove(number));
    let signature_algorithms = extension::SIGNATURE_ALGORITHMS;
    for (what, script, error, description) in [
        (
            "a context",
            asking().edit_certificate_request(|request| request.context = vec![0]),
            Error::IllegalParameter { message },
            alert::ILLEGAL_PARAMETER,
        ),
        (
            "no signature_algorithms",
            without(signature_algorithms),
            Error::MissingExtension { message, extension: signature_algorithms },
            alert::MISSING_EXTENSION,
        ),
        ("no scheme", schemes(&[]), Error::Malformed { message }, alert::DECODE_ERROR),
        ("half a scheme", schemes(&[4, 3, 4]), Error::Malformed { message }, alert::DECODE_ERROR),
        (
            "an extension of other messages",
            asking().edit_certificate_request(|request| request.extensions.push(extension::KEY_SHARE, &[])),
            Error::MisplacedExtension { message, extension: extension::KEY_SHARE },
            alert::ILLEGAL_PARAMETER,
        ),
        (
            "two requests",
            asking().twice(Sent::CertificateRequest),
            Error::UnexpectedMessage { message, expected: Message::Certificate },
            alert::UNEXPECTED_MESSAGE,
        ),
    ] {
        for variant in with(&client).variants() {
            let outcome = play(&script, &variant);
            assert_eq!(outcome.result, Err(error), "{what}");
            assert_eq!(outcome.seen.alert(), Some((description, Epoch::Handshake)), "{what}");
            assert!(!outcome.established && outcome.seen.certificates.is_empty(), "{what}");
        }
    }
    assert_eq!(client.signed(), 0, "nothing is signed for a server that is refused");
}

/// A server whose Finished is wrong, or who does not hold its key, learns nothing of the client.
#[test]
fn a_server_that_is_not_verified_gets_no_certificate() {
    let client = Client::of(clients::good());
    for script in [
        asking().rewrite(Sent::Finished, |body| body[0] ^= 1),
        asking().rewrite(Sent::CertificateVerify, |body| *body.last_mut().expect("a signature") ^= 1),
        asking().without(Sent::CertificateVerify),
    ] {
        let outcome = play(&script, &with(&client));
        assert!(outcome.result.is_err() && !outcome.established);
        assert!(outcome.seen.certificates.is_empty() && !outcome.seen.is_finished());
    }
    assert_eq!(client.signed(), 0);
}

/// Signing is a step of its own, and a step waits until what the last one made is sent.
#[test]
fn one_record_or_one_signature_a_step() {
    let client = Client::of(clients::long());
    let script = asking();
    drive(&script, &with(&client), &script.chain().anchors(), None, |mut driver| {
        let mut sent = Vec::new();
        while !driver.connection.is_established() {
            let before = (driver.connection.outgoing().len(), client.signed());
            let step = driver.connection.step().expect("a good handshake");
            if step == Step::Receive {
                driver.receive();
            }
            let after = (driver.connection.outgoing().len(), client.signed());
            assert!(after.1 == before.1 || step == Step::Computed, "a step signs and does not say so");
            assert!(before.0 == 0 || before == after, "a step goes on before its octets are sent");
            if driver.connection.stage() == picopost_tls::Stage::Finished && after != before {
                sent.push((after.0 - before.0, after.1));
                // Asked again, it does nothing.
                assert_eq!(driver.connection.step(), Ok(Step::Again));
                assert_eq!((driver.connection.outgoing().len(), client.signed()), after);
            }
            driver.flush();
        }
        assert!(sent.len() > 10, "{sent:?}");
        assert!(sent.iter().all(|(octets, signed)| *octets <= 1024 - 24 && *signed == 0), "{sent:?}");
        assert_eq!(client.signed(), 1);
    });
}
