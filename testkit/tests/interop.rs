//! The scripted server is only worth something if good scripts succeed with clients that others
//! wrote: rustls and OpenSSL.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use picopost_testkit::chains::{Chain, NAME, NOW, clients, faulty, shapes};
use picopost_testkit::code::{alert, group, suite};
use picopost_testkit::{Action, Epoch, Event, Listener, Message, RESPONSE, Script};
use rustls::client::WebPkiServerVerifier;
use rustls::crypto::CryptoProvider;
use rustls::crypto::aws_lc_rs::kx_group::{X25519, X25519MLKEM768};
use rustls::crypto::aws_lc_rs::sign::any_supported_type;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer, UnixTime};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::time_provider::TimeProvider;
use rustls::{ClientConfig, ClientConnection, RootCertStore, Stream};

const REQUEST: &[u8] = b"POST / HTTP/1.1\r\nHost: device.example\r\nContent-Length: 2\r\n\r\nhi";

/// Every good script: what it is, and how it is made.
fn good_scripts() -> Vec<(&'static str, Script)> {
    let good = || Script::good(shapes::gts());
    vec![
        ("gts", good()),
        ("lets-encrypt", Script::good(shapes::lets_encrypt())),
        ("rsa", Script::good(shapes::rsa())),
        ("P-384", Script::good(shapes::p384_server())),
        ("direct", Script::good(shapes::direct())),
        ("cross-signed root", Script::good(shapes::cross_signed_root())),
        ("cross-signed root from the old root", Script::good(shapes::cross_signed_root_from_old())),
        ("out of order", Script::good(shapes::out_of_order())),
        ("constrained", Script::good(shapes::constrained())),
        ("several names", Script::good(shapes::several_names())),
        ("AES-128-GCM", good().suite(suite::AES_128_GCM_SHA256)),
        ("ChaCha20-Poly1305", good().suite(suite::CHACHA20_POLY1305_SHA256)),
        ("coalesced", good().coalesce()),
        ("split", good().split_handshake_every(11)),
        ("coalesced and split", good().coalesce().split_handshake_every(300)),
        ("padded", good().pad(77)),
        ("cookie", Script::with_retry(shapes::gts(), Some(b"cookie"), None)),
        (
            "certificate request",
            good().before(Message::Certificate, [Action::Send(Message::CertificateRequest)]),
        ),
        (
            "tickets",
            good()
                .after_handshake([Action::Send(Message::NewSessionTicket)])
                .twice(Message::NewSessionTicket),
        ),
        ("key update", good().before_response(Action::key_update(0))),
        ("key update requested", good().before_response(Action::key_update(1))),
        ("small records", good().record_size(7)),
    ]
}

/// Faults that every client refuses; which alert it chooses is for its own tests.
fn bad_scripts() -> Vec<(&'static str, Script)> {
    let good = || Script::good(shapes::gts());
    vec![
        ("expired", Script::good(faulty::expired())),
        ("expired intermediate", Script::good(faulty::expired_intermediate())),
        ("not yet valid", Script::good(faulty::not_yet_valid())),
        ("wrong name", Script::good(faulty::wrong_name())),
        ("no name", Script::good(faulty::no_name())),
        ("wildcard for no label", Script::good(shapes::wildcard())),
        ("client only", Script::good(faulty::client_only())),
        ("critical extension", Script::good(faulty::critical_extension())),
        ("forged", Script::good(faulty::forged())),
        ("forged intermediate", Script::good(faulty::forged_intermediate())),
        ("unknown CA", Script::good(faulty::unknown_ca())),
        ("no intermediate", Script::good(faulty::no_intermediate())),
        ("self-signed", Script::good(faulty::self_signed())),
        ("leaf as CA", Script::good(faulty::leaf_as_ca())),
        ("path length", Script::good(faulty::path_length())),
        ("name constraint", Script::good(faulty::name_constraint())),
        ("no Certificate", good().without(Message::Certificate)),
        ("no CertificateVerify", good().without(Message::CertificateVerify)),
        (
            "wrong key",
            good().sign_with(faulty::unknown_ca().key).tamper(Message::CertificateVerify, |octets| {
                *octets.last_mut().expect("a signature") ^= 1;
            }),
        ),
        ("zero share", good().zero_key_share()),
        ("wrong Finished", good().rewrite(Message::Finished, |body| body[0] ^= 1)),
    ]
}

#[test]
fn good_scripts_succeed_with_rustls() {
    for (name, script) in good_scripts() {
        let chain = script.chain().clone();
        let listener = Listener::start(script);
        let answer = rustls_post(&chain, &listener);
        assert_eq!(answer.expect(name), RESPONSE, "{name}");
        let seen = listener.finish().remove(0);
        assert_eq!(seen.complaint, None, "{name}");
        assert_eq!(seen.data, REQUEST, "{name}");
        let requested = name == "key update requested";
        assert_eq!(seen.events.contains(&Event::KeyUpdate(0)), requested, "{name}: {:?}", seen.events);
    }
}

/// rustls has a share of X25519 beside the hybrid one; the server takes either.
#[test]
fn rustls_agrees_on_x25519mlkem768() {
    for group in [group::X25519MLKEM768, group::X25519] {
        let script = Script::good(shapes::direct()).group(group);
        let mut provider = rustls::crypto::aws_lc_rs::default_provider();
        provider.kx_groups = vec![X25519MLKEM768, X25519];
        let config = rustls_config_with(script.chain(), provider);
        let listener = Listener::start(script);
        assert_eq!(rustls_post_with(&config, &listener).expect("a good server"), RESPONSE, "{group:#06x}");
        let seen = listener.finish().remove(0);
        assert_eq!(seen.complaint, None);
        let shares: Vec<_> = seen.hellos[0].key_shares.iter().map(|(group, _)| *group).collect();
        assert_eq!(shares, [group::X25519MLKEM768, group::X25519]);
    }
}

#[test]
fn good_scripts_succeed_with_openssl() {
    for (name, script) in good_scripts() {
        let chain = script.chain().clone();
        let listener = Listener::start(script);
        let Some(answer) = openssl_post(&chain, &listener) else {
            eprintln!("no `openssl` on this machine: not tried");
            return;
        };
        assert!(answer.ends_with(RESPONSE), "{name}: {}", String::from_utf8_lossy(&answer));
        let seen = listener.finish().remove(0);
        assert_eq!(seen.complaint, None, "{name}");
        assert_eq!(seen.data, REQUEST, "{name}");
    }
}

#[test]
fn bad_scripts_fail_with_rustls() {
    for (name, script) in bad_scripts() {
        let chain = script.chain().clone();
        let listener = Listener::start(script);
        let answer = rustls_post(&chain, &listener);
        assert!(answer.is_err(), "{name}");
        let seen = listener.finish().remove(0);
        assert_eq!(seen.complaint, None, "{name}");
        assert!(seen.data.is_empty(), "{name}");
        let (alert, epoch) = seen.alert().expect(name);
        assert_ne!(alert, alert::CLOSE_NOTIFY, "{name}");
        let plain = name == "zero share";
        assert_eq!(epoch == Epoch::Plain, plain, "{name}: {epoch:?}");
    }
}

#[test]
fn bad_scripts_fail_with_openssl() {
    for (name, script) in bad_scripts() {
        let chain = script.chain().clone();
        let listener = Listener::start(script);
        let Some(answer) = openssl_post(&chain, &listener) else {
            eprintln!("no `openssl` on this machine: not tried");
            return;
        };
        assert!(!answer.ends_with(RESPONSE), "{name}");
        let seen = listener.finish().remove(0);
        assert_eq!(seen.complaint, None, "{name}");
        assert!(seen.data.is_empty(), "{name}");
        assert!(seen.alert().is_some_and(|(alert, _)| alert != alert::CLOSE_NOTIFY), "{name}");
    }
}

/// A client that is told to retry with a group for which it sent no share.
#[test]
fn retry_for_a_group_succeeds_with_rustls() {
    let chain = shapes::gts();
    let listener = Listener::start(Script::with_retry(chain.clone(), Some(b"x"), Some(group::SECP256R1)));
    assert_eq!(rustls_post(&chain, &listener).expect("a good answer"), RESPONSE);
    let seen = listener.finish().remove(0);
    assert_eq!(seen.complaint, None);
    assert_eq!(seen.hellos.len(), 2);
}

#[derive(Debug)]
struct At;

impl TimeProvider for At {
    fn current_time(&self) -> Option<UnixTime> {
        Some(UnixTime::since_unix_epoch(Duration::from_secs(NOW)))
    }
}

/// A client that offers the ticket of its first connection in its second one: the server's binder and
/// key schedule are those of rustls.
#[test]
fn a_ticket_is_resumed_by_rustls() {
    let retry = || Script::with_retry(shapes::gts(), Some(b"cookie"), None);
    let again: [fn() -> Script; 2] = [|| Script::good(shapes::gts()), retry];
    for second in again {
        let config = rustls_config(&shapes::gts());
        let ticket = [Action::Send(Message::NewSessionTicket)];
        let first = Listener::start(Script::good(shapes::gts()).after_handshake(ticket));
        assert_eq!(rustls_post_with(&config, &first).expect("a good answer"), RESPONSE);
        let ticket = first.finish().remove(0).tickets.remove(0);
        let second = Listener::start(second().resume(&ticket));
        assert_eq!(rustls_post_with(&config, &second).expect("a good answer"), RESPONSE);
        let seen = second.finish().remove(0);
        assert_eq!(seen.complaint, None);
        assert_eq!(seen.data, REQUEST);
    }
}

/// A client with a certificate: what the server reads and verifies is what rustls sends and signs, and
/// a signature by another key is found out.
#[test]
fn a_client_certificate_of_rustls_is_verified() {
    let request = [Action::Send(Message::CertificateRequest)];
    let script = Script::good(shapes::gts()).before(Message::Certificate, request);
    for is_own in [true, false] {
        let chain = clients::good();
        let key = if is_own { chain.key.clone() } else { clients::another().key };
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.der().to_vec()));
        let key = any_supported_type(&key).expect("a key");
        let certified = CertifiedKey::new(chain.certificates.clone(), key);
        let mut config = ClientConfig::clone(&rustls_config(&shapes::gts()));
        config.client_auth_cert_resolver = Arc::new(SingleCertAndKey::from(certified));
        let listener = Listener::start(script.clone());
        let answer = rustls_post_with(&Arc::new(config), &listener);
        let seen = listener.finish().remove(0);
        let sent: Vec<_> = chain.certificates.iter().map(|certificate| certificate.to_vec()).collect();
        assert_eq!(seen.certificates, sent);
        assert_eq!(seen.events.contains(&Event::CertificateVerify), is_own);
        let complaint = "the signature of CertificateVerify is wrong (RFC 9846 §4.5.2)";
        assert_eq!(seen.complaint.map(|complaint| complaint.0), (!is_own).then(|| complaint.to_owned()));
        assert_eq!(answer.is_ok_and(|answer| answer == RESPONSE), is_own);
    }
}

/// Posts with rustls, and reads to close_notify.
fn rustls_post(chain: &Chain, listener: &Listener) -> std::io::Result<Vec<u8>> {
    rustls_post_with(&rustls_config(chain), listener)
}

fn rustls_config(chain: &Chain) -> Arc<ClientConfig> {
    rustls_config_with(chain, rustls::crypto::aws_lc_rs::default_provider())
}

fn rustls_config_with(chain: &Chain, provider: CryptoProvider) -> Arc<ClientConfig> {
    let provider = Arc::new(provider);
    let mut roots = RootCertStore::empty();
    roots.add(chain.root.clone()).expect("the root is a certificate");
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider.clone()).build();
    let mut config = ClientConfig::builder_with_details(provider, Arc::new(At))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .expect("the provider speaks TLS 1.3")
        .with_webpki_verifier(verifier.expect("there is a root"))
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Arc::new(config)
}

fn rustls_post_with(config: &Arc<ClientConfig>, listener: &Listener) -> std::io::Result<Vec<u8>> {
    let name = NAME.try_into().expect("a DNS name");
    let mut connection = ClientConnection::new(config.clone(), name).expect("a good configuration");
    let mut tcp = TcpStream::connect(listener.address())?;
    let mut stream = Stream::new(&mut connection, &mut tcp);
    stream.write_all(REQUEST)?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    // A KeyUpdate that the server asked for goes out with the next octets, here with close_notify.
    stream.conn.send_close_notify();
    stream.flush()?;
    Ok(answer)
}

/// Posts with `openssl s_client`; nothing if there is none.
fn openssl_post(chain: &Chain, listener: &Listener) -> Option<Vec<u8>> {
    let folder = tempfile::tempdir().expect("there is room for a file");
    let roots = folder.path().join("root.pem");
    std::fs::write(&roots, &chain.root_pem).expect("the file can be written");
    let address = listener.address().to_string();
    let now = NOW.to_string();
    let mut client = Command::new("openssl")
        .args(["s_client", "-connect", &address, "-servername", NAME, "-verify_hostname", NAME])
        .args(["-verify_return_error", "-attime", &now, "-tls1_3", "-alpn", "http/1.1", "-quiet", "-CAfile"])
        .arg(&roots)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let mut stdin = client.stdin.take().expect("stdin is a pipe");
    // It has gone away early where the handshake failed.
    drop(stdin.write_all(REQUEST));
    let output = client.wait_with_output().expect("s_client ends");
    drop(stdin);
    Some(output.stdout)
}
