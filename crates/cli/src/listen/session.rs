//! The TLS side of one connection: rustls, fed one record at a time, so that each record of the
//! client is seen by itself.

use std::fmt::Write as _;
use std::io::{self, Read as _};
use std::sync::Arc;
use std::time::Duration;

use picopost_tls::AlertDescription;
use rustls::{KeyLog, ServerConfig, ServerConnection};

use super::capture::Tape;
use super::event::{Alert, Handshake, HandshakeKind, How};
use super::names;
use super::wire::{End, Wire};

const ALERT: u8 = 21;
const HANDSHAKE: u8 = 22;
/// A ServerHello with this random is a HelloRetryRequest, RFC 9846 §4.2.3.
const HELLO_RETRY_REQUEST: [u8; 8] = [0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11];

pub(super) struct Session {
    pub(super) wire: Wire,
    tls: ServerConnection,
    alert_sent: Option<u8>,
    hello_retry_requested: bool,
}

/// What one record brought.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Received {
    /// Decrypted octets; none for handshake records.
    Plaintext(Vec<u8>),
    CloseNotify,
}

#[derive(Debug)]
pub(super) enum Failure {
    End(End),
    /// The client sent a fatal alert.
    Alert(u8),
    /// The client broke the protocol, or has nothing in common with the server.
    Tls(rustls::Error),
}

impl Failure {
    /// Half a sentence.
    pub(super) fn describe(&self, limit: Duration) -> String {
        match self {
            Self::End(end) => end.describe(limit),
            Self::Alert(number) => format!("the client sent the alert {}", alert(*number).name),
            Self::Tls(error) => format!("the client broke the protocol: {error}"),
        }
    }

    /// How the client ended its side, and the alert that it sent.
    pub(super) fn ended(&self) -> (How, Option<u8>) {
        match self {
            Self::End(end) => ((*end).into(), None),
            Self::Alert(number) => (How::Alert, Some(*number)),
            Self::Tls(_) => (How::BrokenRecord, None),
        }
    }
}

impl Session {
    /// The connection's secrets go to the wire's tape.
    pub(super) fn new(wire: Wire, config: &ServerConfig) -> Result<Self, rustls::Error> {
        let key_log = Arc::new(KeyTape(wire.tape().clone()));
        // The copy shares the sessions and the certificate with the others.
        let mut config = config.clone();
        config.key_log = key_log;
        let tls = ServerConnection::new(Arc::new(config))?;
        Ok(Self { wire, tls, alert_sent: None, hello_retry_requested: false })
    }

    /// Receives one record and handles it.
    pub(super) async fn receive(&mut self) -> Result<Received, Failure> {
        let record = self.wire.take_record().await.map_err(Failure::End)?;
        self.handle(&record).await
    }

    /// Handles one record, and sends what TLS has to say to it.
    pub(super) async fn handle(&mut self, record: &[u8]) -> Result<Received, Failure> {
        let outcome = self.process(record);
        let flushed = self.flush().await;
        let closed = outcome.map_err(|error| match error {
            rustls::Error::AlertReceived(description) => Failure::Alert(description.into()),
            error => Failure::Tls(error),
        })?;
        flushed.map_err(Failure::End)?;
        let mut plaintext = Vec::new();
        // It ends with an error where there is nothing more for now; closing is known otherwise.
        let _ = self.tls.reader().read_to_end(&mut plaintext);
        Ok(if plaintext.is_empty() && closed {
            Received::CloseNotify
        } else {
            Received::Plaintext(plaintext)
        })
    }

    /// Encrypts and sends.
    pub(super) async fn send(&mut self, plaintext: &[u8]) -> Result<(), End> {
        self.tls.set_buffer_limit(None);
        // The buffer has no limit, so nothing is refused.
        let _ = io::Write::write_all(&mut self.tls.writer(), plaintext);
        self.flush().await
    }

    /// Sends close_notify and FIN.
    pub(super) async fn close(&mut self) {
        self.tls.send_close_notify();
        // The client may be gone already; then there is nobody to tell.
        let _ = self.flush().await;
        self.wire.close().await;
    }

    pub(super) fn is_handshaking(&self) -> bool {
        self.tls.is_handshaking()
    }

    /// Whether a second ClientHello is due.
    pub(super) fn hello_retry_requested(&self) -> bool {
        self.hello_retry_requested
    }

    /// The alert that the server sent because of `error`, where it can be known: those in plain
    /// text, and one that rustls always sends encrypted.
    pub(super) fn alert_sent(&self, error: &rustls::Error) -> Option<Alert> {
        let encrypted = matches!(error, rustls::Error::NoApplicationProtocol)
            .then_some(AlertDescription::NO_APPLICATION_PROTOCOL.0);
        self.alert_sent.or(encrypted).map(alert)
    }

    /// What was agreed on.
    pub(super) fn handshake(&self) -> Handshake {
        let kind = match self.tls.handshake_kind() {
            Some(rustls::HandshakeKind::Resumed) => HandshakeKind::Resumed,
            Some(rustls::HandshakeKind::FullWithHelloRetryRequest) => {
                HandshakeKind::FullWithHelloRetryRequest
            }
            Some(rustls::HandshakeKind::Full) | None => HandshakeKind::Full,
        };
        let suite = self.tls.negotiated_cipher_suite();
        Handshake {
            version: self
                .tls
                .protocol_version()
                .map_or_else(String::new, |version| names::version(version.into())),
            cipher_suite: suite.map_or_else(String::new, |suite| names::cipher_suite(suite.suite().into())),
            group: self.tls.negotiated_key_exchange_group().map(|group| names::group(group.name().into())),
            alpn: self.tls.alpn_protocol().map(|name| String::from_utf8_lossy(name).into_owned()),
            kind,
            octets_in: self.wire.octets_in,
            octets_out: self.wire.octets_out,
        }
    }

    /// Gives a record to rustls; says whether the client has sent close_notify.
    fn process(&mut self, mut record: &[u8]) -> Result<bool, rustls::Error> {
        let mut closed = false;
        while !record.is_empty() {
            let taken =
                self.tls.read_tls(&mut record).map_err(|error| rustls::Error::General(error.to_string()))?;
            closed = self.tls.process_new_packets()?.peer_has_closed();
            if taken == 0 {
                break;
            }
        }
        Ok(closed)
    }

    async fn flush(&mut self) -> Result<(), End> {
        let mut octets = Vec::new();
        while self.tls.wants_write() {
            // Writing into memory does not fail.
            let _ = self.tls.write_tls(&mut octets);
        }
        if let Some(description) = plain_alert(&octets) {
            self.alert_sent = Some(description);
        }
        // Record header, message header, version; then the random.
        let random = octets.get(11..).unwrap_or_default();
        if octets.first() == Some(&HANDSHAKE) && random.starts_with(&HELLO_RETRY_REQUEST) {
            self.hello_retry_requested = true;
        }
        self.wire.send(&octets).await
    }
}

/// Writes the secrets of one connection down.
#[derive(Debug)]
struct KeyTape(Tape);

impl KeyLog for KeyTape {
    fn log(&self, label: &str, client_random: &[u8], secret: &[u8]) {
        // RFC 9850 §2.
        self.0.key(format!("{label} {} {}", hex(client_random), hex(secret)));
    }
}

fn hex(octets: &[u8]) -> String {
    octets.iter().fold(String::with_capacity(2 * octets.len()), |mut text, octet| {
        // Writing into a string does not fail.
        let _ = write!(text, "{octet:02x}");
        text
    })
}

/// An alert with its name and meaning.
pub(super) fn alert(number: u8) -> Alert {
    let description = AlertDescription(number);
    Alert { number, name: description.name().into(), meaning: description.meaning().into() }
}

/// The description in an alert record that is not encrypted.
fn plain_alert(record: &[u8]) -> Option<u8> {
    match record {
        [ALERT, _, _, 0, 2, _, description] => Some(*description),
        _ => None,
    }
}
