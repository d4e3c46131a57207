//! Servers in memory, and the ways in which octets reach them.

#![allow(dead_code, reason = "each test binary uses its part")]

use std::io::{Read, Write};
use std::sync::Arc;
use std::time::Duration;

use picopost::{Action, Buffers, Error, Exchange, Request, Trust, TrustAnchor, UnixTime, Url};
use picopost_testkit::chains::{self, Chain};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls::{ServerConfig, ServerConnection};

pub(crate) const URL: &str = "https://device.example:8443/oauth/token";
pub(crate) const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// The other end of the connection.
pub(crate) trait Server {
    fn feed(&mut self, octets: &[u8]);
    /// What it sends now; the end of file comes behind the last octet.
    fn outgoing(&mut self) -> Vec<u8>;
    fn has_ended(&self) -> bool;
}

impl Server for picopost_testkit::Peer {
    fn feed(&mut self, octets: &[u8]) {
        Self::feed(self, octets);
    }

    fn outgoing(&mut self) -> Vec<u8> {
        Self::outgoing(self)
    }

    fn has_ended(&self) -> bool {
        Self::has_ended(self)
    }
}

/// How a [`Rustls`] server answers.
#[derive(Clone)]
pub(crate) struct Answer {
    pub(crate) response: Vec<u8>,
    /// Octets of the request after which it answers.
    pub(crate) after: After,
    pub(crate) close_notify: bool,
    pub(crate) end_of_file: bool,
    /// The largest record that it sends, with its overhead.
    pub(crate) record: Option<usize>,
    /// Whether it sends a 100 (Continue) behind the request's head.
    pub(crate) with_continue: bool,
}

#[derive(Clone, Copy)]
pub(crate) enum After {
    /// The request's head.
    Head,
    /// Its own Finished: the answer is there before the request is.
    Finished,
    /// The request's octet of this number.
    Octets(usize),
    /// The whole body, as Content-Length has it.
    Request,
}

impl Answer {
    pub(crate) fn with(response: &[u8]) -> Self {
        let response = response.to_vec();
        Self {
            response,
            after: After::Request,
            close_notify: true,
            end_of_file: true,
            record: Some(1024),
            with_continue: false,
        }
    }
}

/// rustls, as the server.
pub(crate) struct Rustls {
    connection: ServerConnection,
    answer: Answer,
    has_answered: bool,
    has_continued: bool,
    pub(crate) request: Vec<u8>,
    pub(crate) error: Option<rustls::Error>,
    pub(crate) saw_close_notify: bool,
}

impl Rustls {
    pub(crate) fn new(chain: &Chain, answer: Answer) -> Self {
        Self::with_config(Self::config(chain, &answer), answer)
    }

    /// What several connections to one server share: its certificate, and its sessions.
    pub(crate) fn config(chain: &Chain, answer: &Answer) -> Arc<ServerConfig> {
        Self::config_with(chain, answer, WebPkiClientVerifier::no_client_auth())
    }

    /// The same for a server that wants a client's certificate under the root of `clients`.
    pub(crate) fn requiring(chain: &Chain, clients: &Chain, answer: &Answer) -> Arc<ServerConfig> {
        let mut roots = rustls::RootCertStore::empty();
        roots.add(clients.root.clone()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
        Self::config_with(chain, answer, verifier.build().unwrap())
    }

    fn config_with(
        chain: &Chain,
        answer: &Answer,
        clients: Arc<dyn ClientCertVerifier>,
    ) -> Arc<ServerConfig> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(chain.key.der().to_vec()));
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13])
            .unwrap()
            .with_client_cert_verifier(clients)
            .with_single_cert(chain.certificates.clone(), key)
            .unwrap();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        config.max_fragment_size = answer.record;
        config.send_half_rtt_data = matches!(answer.after, After::Finished);
        Arc::new(config)
    }

    pub(crate) fn with_config(config: Arc<ServerConfig>, answer: Answer) -> Self {
        let mut connection = ServerConnection::new(config).unwrap();
        connection.set_buffer_limit(None);
        Self {
            connection,
            answer,
            has_answered: false,
            has_continued: false,
            request: Vec::new(),
            error: None,
            saw_close_notify: false,
        }
    }

    /// The client's certificates, as the server has verified them.
    pub(crate) fn client_certificates(&self) -> Vec<Vec<u8>> {
        let certificates = self.connection.peer_certificates().unwrap_or_default();
        certificates.iter().map(|certificate| certificate.to_vec()).collect()
    }

    /// How long the request's head is, if it is there.
    fn head(&self) -> Option<usize> {
        Some(self.request.windows(4).position(|window| window == b"\r\n\r\n")? + 4)
    }

    /// The request's body, as far as it has come.
    pub(crate) fn content(&self) -> &[u8] {
        self.head().map_or(&[], |head| &self.request[head..])
    }

    /// The request's body, if the request is whole.
    pub(crate) fn body(&self) -> Option<&[u8]> {
        let head = self.head()?;
        let text = std::str::from_utf8(&self.request[..head]).ok()?;
        let length = text.lines().find_map(|line| line.strip_prefix("Content-Length: "))?;
        let body = &self.request[head..];
        (body.len() == length.parse::<usize>().ok()?).then_some(body)
    }

    fn answer_if_due(&mut self) {
        if self.answer.with_continue && !self.has_continued && self.head().is_some() {
            self.has_continued = true;
            self.connection.writer().write_all(b"HTTP/1.1 100 Continue\r\n\r\n").unwrap();
        }
        let is_due = match self.answer.after {
            After::Finished => true,
            After::Head => self.head().is_some(),
            After::Octets(count) => !self.connection.is_handshaking() && self.request.len() >= count,
            After::Request => !self.connection.is_handshaking() && self.body().is_some(),
        };
        if is_due && !self.has_answered {
            self.has_answered = true;
            self.connection.writer().write_all(&self.answer.response).unwrap();
            if self.answer.close_notify {
                self.connection.send_close_notify();
            }
        }
    }
}

impl Server for Rustls {
    fn feed(&mut self, mut octets: &[u8]) {
        while !octets.is_empty() && self.error.is_none() {
            self.connection.read_tls(&mut octets).unwrap();
            match self.connection.process_new_packets() {
                Ok(state) => self.saw_close_notify |= state.peer_has_closed(),
                Err(error) => self.error = Some(error),
            }
            // An error here says that there is nothing to read yet.
            let _ = self.connection.reader().read_to_end(&mut self.request);
            self.answer_if_due();
        }
    }

    fn outgoing(&mut self) -> Vec<u8> {
        let mut out = Vec::new();
        while self.connection.wants_write() {
            self.connection.write_tls(&mut out).unwrap();
        }
        out
    }

    fn has_ended(&self) -> bool {
        self.error.is_some() || (self.has_answered && self.answer.end_of_file)
    }
}

/// How many octets the transport moves at a time, and how many it takes from the server at all.
#[derive(Clone, Copy)]
pub(crate) struct Pace {
    pub(crate) send: usize,
    pub(crate) receive: usize,
    /// After so many octets the connection is cut.
    pub(crate) cut: Option<usize>,
}

impl Default for Pace {
    fn default() -> Self {
        Self { send: usize::MAX, receive: usize::MAX, cut: None }
    }
}

/// Moves octets between an exchange and a server until the exchange is at its end.
///
/// # Panics
/// If the exchange waits for a server that has nothing to say.
pub(crate) fn drive(exchange: &mut Exchange<'_>, server: &mut impl Server, pace: Pace) -> Result<(), Error> {
    let outcome = turns(exchange, server, pace);
    if let Err(error) = outcome {
        server.feed(exchange.farewell());
        assert_eq!(exchange.next().err(), Some(error), "failure is sticky");
    } else {
        assert!(exchange.farewell().is_empty());
        assert!(matches!(exchange.next(), Ok(Action::Done)));
    }
    outcome
}

fn turns(exchange: &mut Exchange<'_>, server: &mut impl Server, pace: Pace) -> Result<(), Error> {
    let mut incoming: Vec<u8> = Vec::new();
    let mut received = 0;
    loop {
        match exchange.next()? {
            Action::Worked | Action::Computed => {}
            Action::Done => return Ok(()),
            Action::Send(octets) => {
                assert!(!octets.is_empty());
                let count = octets.len().min(pace.send);
                server.feed(&octets[..count]);
                exchange.sent(count);
            }
            Action::Receive(space) => {
                assert!(!space.is_empty());
                incoming.extend(server.outgoing());
                let left = pace.cut.map_or(usize::MAX, |cut| cut - received);
                let count = space.len().min(pace.receive).min(incoming.len()).min(left);
                assert!(count > 0 || left == 0 || server.has_ended(), "nobody has anything to say");
                space[..count].copy_from_slice(&incoming[..count]);
                incoming.drain(..count);
                received += count;
                exchange.received(count);
            }
        }
    }
}

pub(crate) fn now() -> UnixTime {
    UnixTime::since_unix_epoch(Duration::from_secs(chains::NOW))
}

/// The error's sentence, or its number alone where texts are compiled out.
pub(crate) fn assert_says(error: &Error, sentence: &str) {
    let number = format!("error {}", error.code());
    assert_eq!(error.to_string(), if cfg!(feature = "error-text") { sentence } else { &number });
}

/// The caller's memory.
pub(crate) struct Memory {
    pub(crate) receive: Vec<u8>,
    pub(crate) send: Vec<u8>,
    pub(crate) response: Vec<u8>,
}

impl Memory {
    pub(crate) fn new(receive: usize, send: usize, response: usize) -> Self {
        Self { receive: vec![0; receive], send: vec![0; send], response: vec![0; response] }
    }

    pub(crate) fn buffers(&mut self) -> Buffers<'_> {
        Buffers::new(&mut self.receive, &mut self.send, &mut self.response)
    }
}

impl Default for Memory {
    fn default() -> Self {
        Self::new(4096, 1024, 1024)
    }
}

/// What came of one POST.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) result: Result<(u16, Vec<u8>), Error>,
    pub(crate) octets: picopost::Octets,
    pub(crate) excess: usize,
    pub(crate) is_request_written: bool,
}

pub(crate) fn post(
    body: &[u8],
    anchors: &[TrustAnchor<'_>],
    mut memory: Memory,
    server: &mut impl Server,
    pace: Pace,
) -> Outcome {
    let request = Request::json(Url::parse(URL).unwrap(), body);
    let trust = Trust::anchors(anchors);
    let mut exchange =
        Exchange::new(&request, trust, now(), memory.buffers(), &mut getrandom::SysRng).unwrap();
    let driven = drive(&mut exchange, server, pace);
    let (octets, excess) = (exchange.octets(), exchange.excess());
    let is_request_written = exchange.is_request_written();
    let result = exchange.finish().map(|response| (response.status().0, response.body().to_vec()));
    assert_eq!(driven.err(), result.as_ref().err().copied());
    Outcome { result, octets, excess, is_request_written }
}
