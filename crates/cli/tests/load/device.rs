//! Devices: good ones, and the others.

use std::io::{Read as _, Write as _};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

const REQUEST: &[u8] = b"POST /readings HTTP/1.1\r\nHost: picopost.test:8443\r\nUser-Agent: load\r\n\
                         Content-Type: application/json\r\nContent-Length: 16\r\nConnection: close\r\n\r\n\
                         {\"celsius\":21.5}";

/// How a device behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Good,
    /// Sends everything, a few octets at a time.
    Slow,
    /// Connects and says nothing.
    Silent,
    /// Has no TLS.
    PlainHttp,
    /// Goes away after the server's first octets.
    GoesAway,
}

pub(crate) struct Outcome {
    pub(crate) kind: Kind,
    /// How long it took to the whole answer, where it came.
    pub(crate) answered: Option<Duration>,
}

impl Kind {
    /// Of twenty devices, one is of each other kind.
    pub(crate) fn of(number: usize) -> Self {
        match number % 20 {
            3 => Self::Slow,
            7 => Self::Silent,
            11 => Self::PlainHttp,
            15 => Self::GoesAway,
            _ => Self::Good,
        }
    }

    pub(crate) fn expects_answer(self) -> bool {
        matches!(self, Self::Good | Self::Slow)
    }
}

pub(crate) async fn run(kind: Kind, address: SocketAddr, config: Arc<ClientConfig>) -> Outcome {
    let start = Instant::now();
    let mut stream = TcpStream::connect(address).await.unwrap();
    let good = match kind {
        Kind::Good => exchange(&mut stream, config, usize::MAX).await,
        Kind::Slow => exchange(&mut stream, config, 100).await,
        Kind::Silent => {
            // Until the server has had enough.
            let _ = stream.read(&mut [0]).await;
            false
        }
        Kind::PlainHttp => {
            stream.write_all(REQUEST).await.unwrap();
            let _ = stream.read_to_end(&mut Vec::new()).await;
            false
        }
        Kind::GoesAway => {
            let mut hello = Vec::new();
            connection(config).write_tls(&mut hello).unwrap();
            stream.write_all(&hello).await.unwrap();
            let _ = stream.read(&mut [0; 16]).await;
            false
        }
    };
    Outcome { kind, answered: good.then(|| start.elapsed()) }
}

fn connection(config: Arc<ClientConfig>) -> ClientConnection {
    ClientConnection::new(config, ServerName::try_from("picopost.test").unwrap()).unwrap()
}

/// A whole POST, written `piece` octets at a time; whether the answer was good.
async fn exchange(stream: &mut TcpStream, config: Arc<ClientConfig>, piece: usize) -> bool {
    let mut tls = connection(config);
    tls.writer().write_all(REQUEST).unwrap();
    let mut answer = Vec::new();
    loop {
        let mut octets = Vec::new();
        while tls.wants_write() {
            tls.write_tls(&mut octets).unwrap();
        }
        for piece in octets.chunks(piece) {
            stream.write_all(piece).await.unwrap();
            if piece.len() < octets.len() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
        let mut received = [0; 4096];
        let count = stream.read(&mut received).await.unwrap();
        let mut received = &received[..count];
        while !received.is_empty() {
            tls.read_tls(&mut received).unwrap();
            tls.process_new_packets().unwrap();
        }
        let ended = match tls.reader().read_to_end(&mut answer) {
            Ok(_) => true,
            Err(error) => error.kind() != std::io::ErrorKind::WouldBlock,
        };
        if ended || count == 0 {
            let mut octets = Vec::new();
            tls.send_close_notify();
            tls.write_tls(&mut octets).unwrap();
            let _ = stream.write_all(&octets).await;
            return answer.starts_with(b"HTTP/1.1 200 OK\r\n") && answer.ends_with(b"}\n");
        }
    }
}
