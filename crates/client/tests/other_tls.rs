//! The HTTP exchange over another TLS stack: rustls on both sides, under this library's driver.

use std::io::{Read as _, Write as _};
use std::sync::Arc;

use picopost::embedded_io::{self, ErrorKind, ErrorType, Read, Write};
use picopost::{Error, Exchange, Fate, Request, Secured, Url, blocking};
use picopost_testkit::chains::{Chain, faulty, shapes};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, RootCertStore};
use support::{Answer, OK, Rustls, Server, URL};

mod support;

/// rustls as the client, with its server at the other end.
struct Stream {
    client: ClientConnection,
    server: Rustls,
    /// After so many octets from the server the connection is cut.
    cut: usize,
    failed: bool,
}

#[derive(Debug)]
struct Failed(std::io::ErrorKind);

impl std::fmt::Display for Failed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Failed {}

impl embedded_io::Error for Failed {
    fn kind(&self) -> ErrorKind {
        match self.0 {
            std::io::ErrorKind::UnexpectedEof => ErrorKind::ConnectionAborted,
            std::io::ErrorKind::InvalidData => ErrorKind::InvalidData,
            _ => ErrorKind::Other,
        }
    }
}

impl Stream {
    fn new(chain: &Chain, answer: Answer) -> Self {
        let mut roots = RootCertStore::empty();
        roots.add(chain.root.clone()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS12, &rustls::version::TLS13])
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let name = ServerName::try_from("device.example").unwrap();
        let client = ClientConnection::new(Arc::new(config), name).unwrap();
        Self { client, server: Rustls::new(chain, answer), cut: usize::MAX, failed: false }
    }

    /// Moves what there is, both ways: whether anything came.
    fn pump(&mut self) -> Result<bool, Failed> {
        let mut out = Vec::new();
        while self.client.wants_write() {
            self.client.write_tls(&mut out).unwrap();
        }
        self.server.feed(&out);
        let mut incoming = self.server.outgoing();
        incoming.truncate(self.cut);
        self.cut -= incoming.len();
        let came = !incoming.is_empty();
        let mut incoming = incoming.as_slice();
        while !incoming.is_empty() {
            self.client.read_tls(&mut incoming).unwrap();
            self.failed |= self.client.process_new_packets().is_err();
        }
        if self.failed {
            return Err(Failed(std::io::ErrorKind::InvalidData));
        }
        if self.cut == 0 {
            self.client.read_tls(&mut std::io::empty()).unwrap();
        }
        Ok(came)
    }
}

impl ErrorType for Stream {
    type Error = Failed;
}

impl Read for Stream {
    fn read(&mut self, space: &mut [u8]) -> Result<usize, Failed> {
        loop {
            match self.client.reader().read(space) {
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
                    assert!(self.pump()? || self.cut == 0, "nobody has anything to say");
                }
                outcome => return outcome.map_err(|error| Failed(error.kind())),
            }
        }
    }
}

impl Write for Stream {
    fn write(&mut self, octets: &[u8]) -> Result<usize, Failed> {
        let count = self.client.writer().write(octets).map_err(|error| Failed(error.kind()))?;
        self.pump()?;
        Ok(count)
    }

    fn flush(&mut self) -> Result<(), Failed> {
        self.pump().map(|_| ())
    }
}

fn post(stream: &mut Stream, body: &[u8]) -> (Result<(u16, Vec<u8>), Error>, Fate) {
    let request = Request::json(Url::parse(URL).unwrap(), body);
    // Much smaller than a record of TLS: there are none here.
    let (mut receive, mut send, mut response) = ([0; 7], [0; 50], [0; 256]);
    let channel = Secured::danger_assume_verified(&mut receive, &mut send).unwrap();
    let mut exchange = Exchange::over(channel, &request, &mut response);
    let outcome = blocking::run(&mut exchange, stream, &mut ());
    let fate = exchange.request_fate();
    let outcome = outcome
        .and_then(|()| exchange.finish())
        .map(|response| (response.status().0, response.body().to_vec()));
    (outcome, fate)
}

#[test]
fn a_post_over_rustls() {
    let chain = shapes::gts();
    let body = vec![b'x'; 5_000];
    let mut stream = Stream::new(&chain, Answer::with(OK));
    assert_eq!(post(&mut stream, &body), (Ok((200, b"ok".to_vec())), Fate::Unknown));
    assert_eq!(stream.server.body(), Some(body.as_slice()));
}

#[test]
fn its_end_of_file_is_close_notify_and_a_cut_is_a_failure() {
    let chain = shapes::gts();
    let until_close = b"HTTP/1.1 200 OK\r\n\r\nall of it";
    let mut stream = Stream::new(&chain, Answer::with(until_close));
    assert_eq!(post(&mut stream, b"{}").0, Ok((200, b"all of it".to_vec())));

    let mut answer = Answer::with(until_close);
    answer.close_notify = false;
    let mut stream = Stream::new(&chain, answer);
    // The whole of what the server has, and then nothing.
    while stream.client.is_handshaking() {
        stream.pump().unwrap();
    }
    stream.pump().unwrap();
    stream.cut = "HTTP/1.1 200 OK\r\n\r\nall of it".len() + 22;
    let (outcome, fate) = post(&mut stream, b"{}");
    let error = outcome.unwrap_err();
    assert!(matches!(error, Error::Transport { kind: ErrorKind::ConnectionAborted, .. }), "{error:?}");
    assert_eq!(fate, Fate::Unknown);
}

#[test]
fn a_handshake_that_fails_there_sends_nothing_of_the_request() {
    let mut stream = Stream::new(&shapes::gts(), Answer::with(OK));
    stream.server = Rustls::new(&faulty::wrong_name(), Answer::with(OK));
    let (outcome, _) = post(&mut stream, b"{}");
    assert!(matches!(outcome, Err(Error::Transport { kind: ErrorKind::InvalidData, .. })), "{outcome:?}");
    assert_eq!(stream.server.request, b"");
}

#[test]
fn buffers_without_room() {
    let error = Secured::danger_assume_verified(&mut [], &mut [0]).unwrap_err();
    assert_eq!(error.code(), 1001);
    let error = Secured::danger_assume_verified(&mut [0], &mut []).unwrap_err();
    assert_eq!(error.code(), 1002);
}
