//! TCP, the ClientHello, the handshake, and what comes instead of it.

use super::acts::{Hello, Then, alerts_after_the_handshake, greets, record, says_nothing, sends_plain};
use super::case::Case;
use super::{BODY, post};
use crate::server::{client_config_of, exchange};

const SHORT: &[&str] = &["--timeout", "1"];
const BUFFER: &str = "receive buffer";

pub(super) fn cases() -> Vec<Case> {
    let mut cases = names();
    cases.extend(offers());
    cases.extend(buffers_and_breaks());
    cases.extend(not_tls());
    cases
}

fn names() -> Vec<Case> {
    const ADDRESS: &str = "connected by address: Cloudflare answers -0x7780";
    vec![
        Case::new(ADDRESS, "curl", "no-server-name", |server, programs| {
            let url = format!("https://127.0.0.1:{}/readings", server.address.port());
            programs.curl(&["-H", "Content-Type: application/json", "-d", BODY, &url]);
        }),
        Case::new(ADDRESS, "Mbed TLS", "no-server-name", |server, programs| {
            let request = [post("localhost", server.address.port())];
            programs.c("mbedtls", server, "localhost", &[("NO_NAME", "1")], &request);
        }),
        Case::new("an address as server name", "Mbed TLS", "server-name-is-address", |server, programs| {
            // Debian's Mbed TLS compares names only.
            programs.c("mbedtls", server, "127.0.0.1", &[], &[post("127.0.0.1", 1)]);
        })
        .also(&["unknown-ca", "certificate-refused"]),
        Case::new(
            "a host name without a dot: Java sends none",
            "Java",
            "no-server-name",
            |server, programs| {
                programs.java(server, "localhost");
            },
        ),
    ]
}

fn offers() -> Vec<Case> {
    vec![
        Case::new("only TLS 1.2", "curl", "no-tls13", |server, programs| {
            let url = format!("https://localhost:{}/", server.address.port());
            let json = ["-H", "Content-Type: application/json", "-d", BODY, "--tls-max", "1.2", &url];
            assert_eq!(programs.curl(&json).status, Some(0));
        }),
        Case::new(
            "only TLS 1.1",
            "scripted",
            "no-tls12",
            greets(Hello { versions: vec![0x0302], ..Hello::small() }.record(), Then::Waits),
        )
        .also(&["tls-refused"]),
        Case::new("only suites that edges switched off", "curl", "tls-refused", |server, programs| {
            let url = format!("https://localhost:{}/", server.address.port());
            programs.curl(&["--tls-max", "1.2", "--ciphers", "AES128-SHA", "-d", "x", &url]);
        })
        .saying("no cipher suite"),
        Case::new(
            "a library of another decade: RC4 and export suites",
            "scripted",
            "weak-cipher-suite",
            greets(Hello { suites: vec![0x1301, 0x0005, 0x0003], ..Hello::small() }.record(), Then::Leaves),
        )
        .also(&["handshake-abandoned"]),
        Case::new("only P-521", "curl", "tls-refused", |server, programs| {
            let url = format!("https://localhost:{}/", server.address.port());
            programs.curl(&["--curves", "secp521r1", "-d", "x", &url]);
        })
        .saying("no group"),
        Case::new(
            "only RSA signatures, and the key is ECDSA",
            "scripted",
            "tls-refused",
            greets(Hello { signatures: vec![0x0804], ..Hello::small() }.record(), Then::Waits),
        )
        .saying("no signature algorithm"),
        Case::new("only HTTP/2 in ALPN", "openssl s_client", "alpn-without-http11", |server, programs| {
            programs.s_client(server, &["-servername", "localhost", "-alpn", "h2"]);
        })
        .also(&["tls-refused"]),
        Case::new(
            "dies after ServerHello: no HelloRetryRequest",
            "scripted",
            "hello-retry-not-answered",
            greets(Hello { shares: vec![30], groups: vec![30, 29], ..Hello::small() }.record(), Then::Leaves),
        ),
        Case::new(
            "costs one more round trip",
            "scripted",
            "no-key-share",
            greets(Hello { shares: Vec::new(), ..Hello::small() }.record(), Then::Leaves),
        )
        .also(&["hello-retry-not-answered"]),
        Case::new("works on the laptop only: two segments", "rustls", "post-quantum-hello", |server, _| {
            let mut provider = rustls::crypto::aws_lc_rs::default_provider();
            provider.kx_groups.sort_by_key(|group| group.name() != rustls::NamedGroup::X25519MLKEM768);
            let mut client = server.client_with(client_config_of(provider, &["gts"]), "picopost.test");
            exchange(&mut client, &close(post("picopost.test", server.address.port())));
        }),
        Case::new(
            "asks for small records, and edges do not agree",
            "Mbed TLS",
            "asks-for-small-records",
            |server, programs| {
                let request = [post("localhost", server.address.port())];
                programs.c("mbedtls", server, "localhost", &[("FRAGMENT", "1")], &request);
            },
        ),
        Case::new(
            "every POST pays for a full handshake",
            "curl, twice",
            "no-resumption",
            |server, programs| {
                let url = format!("https://localhost:{}/readings", server.address.port());
                for _ in 0..2 {
                    let json = ["-A", "device/1.0", "-H", "Content-Type: application/json", "-d", BODY, &url];
                    assert_eq!(programs.curl(&json).status, Some(0));
                }
            },
        )
        .attempts(2),
        Case::new(
            "a hello with a broken length",
            "scripted",
            "malformed-client-hello",
            greets(broken_hello(), Then::Waits),
        )
        .also(&["tls-refused"]),
    ]
}

fn buffers_and_breaks() -> Vec<Case> {
    let alert = |number| greets(Hello::small().record(), Then::Alerts(number));
    vec![
        Case::new("-0x7200: a record larger than the buffer", "scripted", "client-alert", alert(22))
            .saying(BUFFER),
        Case::new("a message larger than the buffer", "scripted", "client-alert", alert(50)).saying(BUFFER),
        Case::new("-0x7F00: out of memory", "scripted", "client-alert", alert(80)).saying("out of memory"),
        Case::new("-0x7780 the other way round", "scripted", "client-alert", alert(40))
            .saying("what the ClientHello offers"),
        Case::new(
            "-0x7B00: a session ticket is taken for an error",
            "rustls",
            "alert-after-handshake",
            alerts_after_the_handshake,
        )
        .also(&["no-request"]),
        Case::new(
            "handshake hangs",
            "scripted",
            "handshake-timeout",
            greets(Hello::small().record(), Then::Waits),
        )
        .with(SHORT),
        Case::new(
            "-0x0050: reset in mid certificate",
            "scripted",
            "handshake-abandoned",
            greets(Hello::small().record(), Then::Resets),
        )
        .saying("reset"),
        Case::new(
            "-0x7280: closed in mid certificate",
            "scripted",
            "handshake-abandoned",
            greets(Hello::small().record(), Then::Leaves),
        ),
        Case::new(
            "half a ClientHello",
            "scripted",
            "no-client-hello",
            sends_plain(Hello::small().record()[..60].to_vec()),
        ),
    ]
}

fn not_tls() -> Vec<Case> {
    vec![
        Case::new("`http://` on the TLS port", "curl", "plain-http", |server, programs| {
            let url = format!("http://localhost:{}/readings", server.address.port());
            programs.curl(&["-d", BODY, &url]);
        }),
        Case::new("no TLS under the client", "scripted", "plain-http", |server, programs| {
            sends_plain(post("picopost.test", server.address.port()))(server, programs);
        }),
        Case::new(
            "another protocol: MQTT's CONNECT",
            "scripted",
            "not-tls",
            sends_plain(b"\x10\x10\x00\x04MQTT\x04\x02\x00\x3c\x00\x04dev1".to_vec()),
        ),
        Case::new("an SSL 2 hello", "scripted", "ssl2", sends_plain(b"\x80\x2e\x01\x00\x02".to_vec())),
        Case::new("connects and goes: a port probe", "scripted", "nothing-sent", sends_plain(Vec::new())),
        Case::new("connects and hangs", "scripted", "nothing-sent", says_nothing).with(SHORT),
    ]
}

/// The list of cipher suites says more octets than there are.
fn broken_hello() -> Vec<u8> {
    let mut message = Hello::small().message();
    message[4 + 2 + 32 + 1] = 0xff;
    record(22, &message)
}

fn close(request: Vec<u8>) -> Vec<u8> {
    let text = String::from_utf8(request).unwrap();
    text.replacen("\r\n", "\r\nConnection: close\r\n", 1).into_bytes()
}
