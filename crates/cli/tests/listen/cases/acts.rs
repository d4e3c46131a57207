//! Scripted clients: what they send is written here octet by octet.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpStream};

use rustls::{ClientConnection, StreamOwned};

use super::programs::Programs;
use crate::server::{Server, close};

type Client = StreamOwned<ClientConnection, TcpStream>;

/// Sends the pieces in a TLS record each, reads the answer, and ends well.
pub(super) fn sends(pieces: Vec<Vec<u8>>) -> impl Fn(&Server, &Programs) {
    move |server, _| {
        let mut client = server.client("gts");
        write(&mut client, &pieces);
        read_answer(&mut client);
        close(&mut client);
    }
}

/// The same with a request that holds the server's port: `{port}` in a piece becomes that.
pub(super) fn sends_with_port(pieces: Vec<Vec<u8>>) -> impl Fn(&Server, &Programs) {
    move |server, programs| {
        let port = server.address.port().to_string();
        let with_port =
            |piece: &Vec<u8>| String::from_utf8_lossy(piece).replace("{port}", &port).into_bytes();
        sends(pieces.iter().map(with_port).collect())(server, programs);
    }
}

/// Sends the pieces, and says close_notify before an answer can come.
pub(super) fn sends_and_leaves(pieces: Vec<Vec<u8>>) -> impl Fn(&Server, &Programs) {
    move |server, _| {
        let mut client = server.client("gts");
        write(&mut client, &pieces);
        close(&mut client);
        // Gone when the server is done with it.
        let _ = client.sock.read_to_end(&mut Vec::new());
    }
}

/// Sends the pieces, and waits for what the server does about it.
pub(super) fn sends_and_waits(pieces: Vec<Vec<u8>>) -> impl Fn(&Server, &Programs) {
    move |server, _| {
        let mut client = server.client("gts");
        write(&mut client, &pieces);
        let _ = client.read_to_end(&mut Vec::new());
    }
}

/// Sends octets without TLS, reads to the end.
pub(super) fn sends_plain(octets: Vec<u8>) -> impl Fn(&Server, &Programs) {
    move |server, _| {
        let mut stream = server.connect();
        stream.write_all(&octets).unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        let _ = stream.read_to_end(&mut Vec::new());
    }
}

/// Says nothing until the server has had enough.
pub(super) fn says_nothing(server: &Server, _: &Programs) {
    let _ = server.connect().read_to_end(&mut Vec::new());
}

/// What a client does after its ClientHello.
#[derive(Clone, Copy)]
pub(super) enum Then {
    /// Reads what comes, and closes without a word.
    Leaves,
    /// Closes with octets unread, which makes TCP send a reset.
    Resets,
    /// Sends a fatal alert, in plain text.
    Alerts(u8),
    Waits,
}

/// Sends these octets as the beginning of a handshake, and waits for the server's first octets.
pub(super) fn greets(octets: Vec<u8>, then: Then) -> impl Fn(&Server, &Programs) {
    move |server, _| {
        let mut stream = server.connect();
        stream.write_all(&octets).unwrap();
        match then {
            Then::Leaves => {
                stream.read_exact(&mut [0; 5]).unwrap();
                stream.shutdown(Shutdown::Write).unwrap();
                let _ = stream.read_to_end(&mut Vec::new());
            }
            Then::Resets => {
                // There, and not read.
                assert_ne!(stream.peek(&mut [0; 5]).unwrap(), 0);
            }
            Then::Alerts(number) => {
                stream.read_exact(&mut [0; 5]).unwrap();
                stream.write_all(&record(ALERT, &[FATAL, number])).unwrap();
                let _ = stream.read_to_end(&mut Vec::new());
            }
            Then::Waits => {
                let _ = stream.read_to_end(&mut Vec::new());
            }
        }
    }
}

/// A handshake that is done, and then an alert instead of a request.
pub(super) fn alerts_after_the_handshake(server: &Server, _: &Programs) {
    let mut client = server.client("gts");
    while client.conn.is_handshaking() {
        client.conn.complete_io(&mut client.sock).unwrap();
    }
    client.conn.write_tls(&mut client.sock).unwrap();
    // A record that cannot be decrypted makes this client give up with an alert of its own.
    client.conn.read_tls(&mut record(23, &[0; 32]).as_slice()).unwrap();
    client.conn.process_new_packets().unwrap_err();
    client.conn.write_tls(&mut client.sock).unwrap();
}

const ALERT: u8 = 21;
const HANDSHAKE: u8 = 22;
const FATAL: u8 = 2;

pub(super) fn record(kind: u8, fragment: &[u8]) -> Vec<u8> {
    [&[kind, 3, 1], &u16::try_from(fragment.len()).unwrap().to_be_bytes()[..], fragment].concat()
}

/// What a scripted ClientHello offers.
#[derive(Clone)]
pub(super) struct Hello {
    pub(super) suites: Vec<u16>,
    /// In supported_versions; none without the extension.
    pub(super) versions: Vec<u16>,
    pub(super) groups: Vec<u16>,
    /// The groups of the key shares, 32 octets each.
    pub(super) shares: Vec<u16>,
    pub(super) signatures: Vec<u16>,
    pub(super) name: Option<&'static str>,
}

impl Hello {
    /// TLS 1.3 as a small device offers it.
    pub(super) fn small() -> Self {
        Self {
            suites: vec![0x1303, 0x1301],
            versions: vec![0x0304],
            groups: vec![29, 23],
            shares: vec![29],
            signatures: vec![0x0403, 0x0503, 0x0804],
            name: Some("picopost.test"),
        }
    }

    /// The handshake message in its record.
    pub(super) fn record(&self) -> Vec<u8> {
        record(HANDSHAKE, &self.message())
    }

    pub(super) fn message(&self) -> Vec<u8> {
        let extensions = self.extensions();
        let body =
            [&[3, 3][..], &[9; 32], &[0], &list(&self.suites), &[1, 0], &length(&extensions), &extensions]
                .concat();
        [&[1, 0], &length(&body)[..], &body].concat()
    }

    fn extensions(&self) -> Vec<u8> {
        let mut extensions = Vec::new();
        let mut extension = |code: u16, data: &[u8]| {
            extensions.extend([&code.to_be_bytes()[..], &length(data), data].concat());
        };
        if let Some(name) = self.name {
            let entry = [&[0], &length(name.as_bytes())[..], name.as_bytes()].concat();
            extension(0, &[&length(&entry)[..], &entry].concat());
        }
        if !self.versions.is_empty() {
            let versions: Vec<u8> = self.versions.iter().flat_map(|code| code.to_be_bytes()).collect();
            extension(43, &[&[u8::try_from(versions.len()).unwrap()][..], &versions].concat());
        }
        extension(10, &list(&self.groups));
        extension(13, &list(&self.signatures));
        if self.versions.contains(&0x0304) {
            let shares: Vec<u8> = self
                .shares
                .iter()
                .flat_map(|group| [&group.to_be_bytes()[..], &[0, 32], &[9; 32]].concat())
                .collect();
            extension(51, &[&length(&shares)[..], &shares].concat());
        }
        extensions
    }
}

fn list(codes: &[u16]) -> Vec<u8> {
    let octets: Vec<u8> = codes.iter().flat_map(|code| code.to_be_bytes()).collect();
    [&length(&octets)[..], &octets].concat()
}

fn length(octets: &[u8]) -> [u8; 2] {
    u16::try_from(octets.len()).unwrap().to_be_bytes()
}

fn write(client: &mut Client, pieces: &[Vec<u8>]) {
    for piece in pieces {
        // The server may have refused what came before.
        let _ = client.write_all(piece).and_then(|()| client.flush());
    }
}

/// Reads a response that has a Content-Length, or whatever comes to the end.
fn read_answer(client: &mut Client) {
    let mut answer = Vec::new();
    let mut octet = [0];
    while !is_whole(&answer) {
        match client.read(&mut octet) {
            Ok(1) => answer.extend(octet),
            _ => break,
        }
    }
}

fn is_whole(answer: &[u8]) -> bool {
    let Some(head) = answer.windows(4).position(|window| window == b"\r\n\r\n") else { return false };
    let text = String::from_utf8_lossy(&answer[..head]).to_ascii_lowercase();
    if text.starts_with("http/1.1 100") {
        return is_whole(&answer[head + 4..]);
    }
    let length = text.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap_or("0");
    answer.len() >= head + 4 + length.trim().parse::<usize>().unwrap()
}
