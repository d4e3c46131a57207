//! The server: rustls, HTTP/1.1, and what it has got.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::sync::Arc;

use picopost_testkit::chains::Chain;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection};

use crate::draw::Weather;

/// What a reading consists of: anybody can tell whether it is whole.
pub fn content(reading: u64) -> String {
    let fill = usize::try_from(reading * 37 % 160).expect("small");
    format!("{{\"reading\":{reading},\"fill\":\"{}\"}}", "x".repeat(fill))
}

/// What the server has got, whatever happens to its connections.
#[derive(Debug, Default)]
pub struct Store {
    /// How often it acted upon each reading.
    pub acted: BTreeMap<u64, u32>,
    /// The reading of each Idempotency-Key.
    keys: BTreeMap<String, u64>,
    /// Whole requests.
    pub requests: u64,
    /// Requests whose key was known: answered without acting again.
    pub replays: u64,
    /// What should never come: one line each.
    pub complaints: Vec<String>,
}

impl Store {
    /// Acts upon a request, unless it knows its key and honours it.
    fn act(&mut self, request: &Request<'_>) {
        let reading = request.body.split(|octet| !octet.is_ascii_digit()).find(|part| !part.is_empty());
        let reading = reading.and_then(|digits| str::from_utf8(digits).ok()?.parse::<u64>().ok());
        let Some(reading) = reading.filter(|reading| content(*reading).as_bytes() == request.body) else {
            self.complaints.push(format!("a request with a damaged reading: {:?}", request.head));
            return;
        };
        let honours = request.head.starts_with("POST /readings ");
        if let Some(key) = request.header("idempotency-key") {
            match self.keys.insert(key.to_owned(), reading) {
                Some(known) if known != reading => {
                    self.complaints.push(format!("readings {known} and {reading} have the same key"));
                }
                Some(_) if honours => {
                    self.replays += 1;
                    return;
                }
                _ => {}
            }
        }
        *self.acted.entry(reading).or_default() += 1;
    }
}

struct Request<'r> {
    head: &'r str,
    body: &'r [u8],
}

impl<'r> Request<'r> {
    /// The first whole request in these octets, and how many are its own.
    fn first(octets: &'r [u8]) -> Option<(Self, usize)> {
        let head = octets.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
        let mut request = Self { head: str::from_utf8(&octets[..head]).ok()?, body: &[] };
        let length: usize = request.header("content-length")?.parse().ok()?;
        request.body = octets.get(head..head + length)?;
        Some((request, head + length))
    }

    fn header(&self, name: &str) -> Option<&'r str> {
        let fields = self.head.lines().filter_map(|line| line.split_once(": "));
        fields.into_iter().find(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }
}

/// What the server's processes share until it is started again.
pub fn configuration(chain: &Chain) -> Arc<ServerConfig> {
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(chain.key.der().to_vec()));
    let mut configuration = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .expect("TLS 1.3")
        .with_no_client_auth()
        .with_single_cert(chain.certificates.clone(), key)
        .expect("a chain and its key");
    configuration.alpn_protocols = vec![b"http/1.1".to_vec()];
    configuration.ticketer = aws_lc_rs::Ticketer::new().expect("random octets");
    configuration.send_tls13_tickets = 1;
    configuration.max_fragment_size = Some(1024);
    Arc::new(configuration)
}

/// The server's side of one connection.
pub struct Session {
    tls: ServerConnection,
    received: Vec<u8>,
    has_ended: bool,
}

impl Session {
    /// A client has connected.
    pub fn new(configuration: &Arc<ServerConfig>) -> Self {
        let tls = ServerConnection::new(configuration.clone()).expect("a good configuration");
        Self { tls, received: Vec::new(), has_ended: false }
    }

    /// Takes octets, and answers what is whole. `now` is in Unix seconds.
    pub fn feed(&mut self, mut octets: &[u8], store: &mut Store, weather: Weather, now: u64) {
        while !octets.is_empty() && !self.has_ended {
            if self.tls.read_tls(&mut octets).is_err() {
                self.has_ended = true;
            }
            match self.tls.process_new_packets() {
                Ok(state) if state.peer_has_closed() => self.end(),
                Ok(_) => {}
                // The device may well refuse the server: its clock may be wrong.
                Err(rustls::Error::AlertReceived(_)) => self.has_ended = true,
                Err(error) => {
                    store.complaints.push(format!("TLS: {error}"));
                    self.has_ended = true;
                }
            }
            // Where there is nothing to read yet, that is an error.
            let _nothing = self.tls.reader().read_to_end(&mut self.received);
            while let Some((request, length)) = Request::first(&self.received) {
                store.requests += 1;
                let closes = request.header("connection") == Some("close");
                if !matches!(weather, Weather::Busy { .. } | Weather::Gateway { has_acted: false, .. }) {
                    store.act(&request);
                }
                self.tls.writer().write_all(answer(weather, now).as_bytes()).expect("memory");
                self.received.drain(..length);
                if closes {
                    self.end();
                }
            }
        }
    }

    fn end(&mut self) {
        if !self.has_ended {
            self.tls.send_close_notify();
            self.has_ended = true;
        }
    }

    /// What it sends now.
    pub fn outgoing(&mut self) -> Vec<u8> {
        let mut out = Vec::new();
        while self.tls.wants_write() {
            self.tls.write_tls(&mut out).expect("memory");
        }
        out
    }

    /// Whether it has closed the connection, behind all that it sent.
    pub fn has_ended(&self) -> bool {
        self.has_ended
    }
}

fn answer(weather: Weather, now: u64) -> String {
    let date = |seconds: u64| {
        let seconds = i64::try_from(seconds).expect("near");
        let date = jiff::Timestamp::from_second(seconds).expect("near");
        date.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
    };
    let (status, reason, header) = match weather {
        Weather::Fine => (201, "Created", String::new()),
        Weather::Busy { status, after, as_date } => {
            let value = after.map(|after| if as_date { date(now + after) } else { after.to_string() });
            (status, "Busy", value.map_or(String::new(), |value| format!("Retry-After: {value}\r\n")))
        }
        Weather::Gateway { status, .. } => (status, "Gateway", String::new()),
    };
    let date = date(now);
    format!("HTTP/1.1 {status} {reason}\r\nDate: {date}\r\n{header}Content-Length: 2\r\n\r\n{{}}")
}
