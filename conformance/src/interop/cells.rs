//! The cells of a row: what is asked of each server, and what came of it.

use std::fmt;

use picopost::{Session, tls};
use picopost_counterparts::chains;
use picopost_counterparts::programs::Setting;
use xtask::error::Failure;

use super::post::{Answer, Fault, Identity, Post};
use super::servers::Ready;
use super::wire::Heeded;

/// What is asked of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Column {
    Full,
    Resumed,
    Retry,
    ClientCertificate,
    SmallBuffer,
}

impl Column {
    pub(super) const ALL: [Self; 5] =
        [Self::Full, Self::Resumed, Self::Retry, Self::ClientCertificate, Self::SmallBuffer];

    /// The column's head.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Full => "full handshake",
            Self::Resumed => "resumed",
            Self::Retry => "HelloRetryRequest",
            Self::ClientCertificate => "client certificate",
            Self::SmallBuffer => "small buffer",
        }
    }
}

/// What came of it. Its text is the cell's, and that of the expectations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It works, and the server sees it in the same way.
    Yes,
    /// It works, and the server does not tell how it sees it.
    Untold,
    /// The smallest receive buffer that did, in octets, and by which extension.
    Buffer(usize, Heeded),
    /// The server gives no ticket.
    NoTicket,
    /// The server gives tickets, and they are too large to be kept.
    LargeTicket,
    /// The client ends with this number.
    Error(u16),
    /// Anything else, in words.
    Wrong(String),
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Yes => f.write_str("yes"),
            Self::Untold => f.write_str("yes, untold"),
            Self::Buffer(size, Heeded::RecordSizeLimit) => {
                write!(f, "{}, record_size_limit", Thousands(*size))
            }
            Self::Buffer(size, Heeded::MaxFragmentLength) => {
                write!(f, "{}, max_fragment_length", Thousands(*size))
            }
            Self::Buffer(size, Heeded::Neither) => write!(f, "{}, neither", Thousands(*size)),
            Self::NoTicket => f.write_str("no ticket"),
            Self::LargeTicket => f.write_str("ticket too large"),
            Self::Error(number) => write!(f, "error {number}"),
            Self::Wrong(what) => write!(f, "wrong: {what}"),
        }
    }
}

/// A number below a million as people read it.
struct Thousands(usize);

impl fmt::Display for Thousands {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            small @ ..1000 => write!(f, "{small}"),
            large => write!(f, "{},{:03}", large / 1000, large % 1000),
        }
    }
}

/// One cell's outcome, with what is worth telling beside it.
pub(super) struct Cell {
    pub(super) outcome: Outcome,
    pub(super) details: Vec<String>,
    /// The server's library, as it calls itself.
    pub(super) library: Option<String>,
}

const BODY: &[u8] = b"{\"device\": \"boiler room\", \"celsius\": 61.5}";
/// Longer than the largest record (RFC 9846 §5.1), so that a server which limits nothing is seen
/// to.
const LONG_BODY: usize = 20_000;
/// Buffers from the smallest on, and one that takes any record.
const BUFFERS: [usize; 4] = [tls::MIN_RECEIVE_BUFFER, 2048, 4096, tls::FULL_RECEIVE_BUFFER];
/// Records larger than the buffer, and larger than what the server has agreed to.
const RECORD_TOO_LARGE: u16 = 3101;
const RECORD_OVERFLOW: u16 = 3102;
/// P-256, by the names that libraries have for it.
const P256: [&str; 4] = ["secp256r1", "prime256v1", "p-256", "p256"];

/// Finds out. Everything about the server is in the outcome; a failure is about this machine.
pub(super) fn run(column: Column, name: &str, ready: &Ready) -> Result<Cell, Failure> {
    let mut cell = Cell { outcome: Outcome::Yes, details: Vec::new(), library: None };
    let outcome = match column {
        Column::Full => full(name, ready, &mut cell),
        Column::Resumed => resumed(name, ready, &mut cell),
        Column::Retry => retry(name, ready, &mut cell),
        Column::ClientCertificate => client_certificate(name, ready, &mut cell),
        Column::SmallBuffer => small_buffer(name, ready, &mut cell),
    }?;
    cell.outcome = outcome.unwrap_or_else(|ended| ended);
    Ok(cell)
}

/// An outcome, also by `?` where it is clear before the end.
type Ended = Result<Outcome, Outcome>;

fn full(name: &str, ready: &Ready, cell: &mut Cell) -> Result<Ended, Failure> {
    let server = ready.start(chains::gts, &Setting::default())?;
    Ok(cell.post(name, Post::new(&server, BODY)).map(|answer| {
        let is_full = !answer.resumed && !answer.wire.is_retried() && answer.view.resumed != Some(true);
        if is_full { Outcome::Yes } else { Outcome::Wrong("not a full handshake".to_owned()) }
    }))
}

fn resumed(name: &str, ready: &Ready, cell: &mut Cell) -> Result<Ended, Failure> {
    let server = ready.start(chains::gts, &Setting::default())?;
    let mut session = Session::new();
    let first = Post { session: Some(&mut session), ..Post::new(&server, BODY) };
    Ok(cell.post(name, first).and_then(|_| {
        match session.refused_ticket() {
            _ if session.is_available() => {}
            Some(size) => {
                let room = Session::MAX_TICKET;
                cell.details.push(format!("a ticket of {size} octets, and room for {room}"));
                return Err(Outcome::LargeTicket);
            }
            None => return Err(Outcome::NoTicket),
        }
        let second = Post { session: Some(&mut session), ..Post::new(&server, BODY) };
        let answer = cell.post(name, second)?;
        Ok(match (answer.resumed, answer.view.resumed) {
            (true, Some(true)) => Outcome::Yes,
            (true, None) => Outcome::Untold,
            (client, server) => Outcome::Wrong(format!("client: {client}, server: {server:?}")),
        })
    }))
}

fn retry(name: &str, ready: &Ready, cell: &mut Cell) -> Result<Ended, Failure> {
    let setting = Setting { only_p256: true, ..Setting::default() };
    let server = ready.start(chains::gts, &setting)?;
    Ok(cell.post(name, Post::new(&server, BODY)).map(|answer| {
        let group = answer.view.group.map(|group| group.to_ascii_lowercase());
        match group {
            _ if !answer.wire.is_retried() => Outcome::Wrong("no HelloRetryRequest".to_owned()),
            Some(group) if !P256.contains(&group.as_str()) => Outcome::Wrong(format!("the group is {group}")),
            // That the server has asked for P-256 is seen on the wire.
            Some(_) | None => Outcome::Yes,
        }
    }))
}

fn client_certificate(name: &str, ready: &Ready, cell: &mut Cell) -> Result<Ended, Failure> {
    let folder = tempfile::tempdir().map_err(|error| Failure::failed(format!("no folder: {error}")))?;
    let files = chains::client(folder.path());
    let identity = Identity::read(&files)?;
    let setting = Setting { client_ca: Some(&files.anchors), ..Setting::default() };
    let server = ready.start(chains::gts, &setting)?;
    // Only a server that insists on a certificate proves anything.
    match Post::new(&server, BODY).run(name) {
        Err(Fault::Client(error)) => cell.details.push(format!("without a certificate: {error}")),
        Err(other) => return Ok(Err(cell.fault(other))),
        Ok(_) => return Ok(Err(Outcome::Wrong("the server lets in anyone".to_owned()))),
    }
    let post = Post { identity: Some(&identity), ..Post::new(&server, BODY) };
    Ok(cell.post(name, post).map(|answer| match answer.view.client {
        Some(client) if client.contains(chains::CLIENT) => Outcome::Yes,
        Some(client) => Outcome::Wrong(format!("the client is {client}")),
        None => Outcome::Untold,
    }))
}

fn small_buffer(name: &str, ready: &Ready, cell: &mut Cell) -> Result<Ended, Failure> {
    // One certificate, on P-256: it fits into the smallest buffer.
    let server = ready.start(chains::direct, &Setting::default())?;
    let body = vec![b'x'; LONG_BODY];
    for receive in BUFFERS {
        let fault = match (Post { receive, ..Post::new(&server, &body) }).run(name) {
            Ok(answer) => {
                cell.library = answer.view.library;
                let largest = answer.wire.largest();
                cell.details.push(format!("buffer of {receive} octets: records of {largest} octets at most"));
                let heeded = answer.wire.heeded();
                return Ok(heeded.map(|heeded| Outcome::Buffer(receive, heeded)).map_err(Outcome::Wrong));
            }
            Err(fault) => fault,
        };
        match fault {
            // This error must name both sizes.
            Fault::Client(error) if error.code() == RECORD_TOO_LARGE => match sizes(error) {
                Some((size, capacity)) if size > capacity && capacity <= receive => {
                    cell.details.push(format!("buffer of {receive} octets: {error}"));
                }
                _ => return Ok(Err(Outcome::Wrong(format!("the sizes in `{error}`")))),
            },
            Fault::Client(error) if error.code() == RECORD_OVERFLOW => {
                cell.details.push(format!("buffer of {receive} octets: {error}"));
            }
            other => return Ok(Err(cell.fault(other))),
        }
    }
    Ok(Err(Outcome::Error(RECORD_TOO_LARGE)))
}

/// The record's size and the room for it, in octets.
fn sizes(error: picopost::Error) -> Option<(usize, usize)> {
    match error {
        picopost::Error::Tls { error: tls::Error::RecordTooLarge { size, capacity }, .. } => {
            Some((size, capacity))
        }
        _ => None,
    }
}

impl Cell {
    /// A POST that must be answered.
    fn post(&mut self, name: &str, post: Post<'_>) -> Result<Answer, Outcome> {
        let answer = post.run(name).map_err(|fault| self.fault(fault))?;
        self.library.clone_from(&answer.view.library);
        Ok(answer)
    }

    fn fault(&mut self, fault: Fault) -> Outcome {
        match fault {
            Fault::Client(error) => {
                self.details.push(error.to_string());
                Outcome::Error(error.code())
            }
            Fault::Other(what) => Outcome::Wrong(what),
        }
    }
}
