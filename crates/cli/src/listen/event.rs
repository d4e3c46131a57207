//! What the test server has to tell: one serialisable value for each thing that happens. Human
//! text and `--json` are two renderings of these values.

use std::borrow::Cow;
use std::net::{IpAddr, SocketAddr};

use serde::{Deserialize, Serialize};

use super::octets::Octets;
use crate::ca::Shape;
use crate::finding::Finding;

/// One event, and where it belongs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Line {
    /// Counts connections from 1; none for what concerns the server as a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) attempt: Option<u64>,
    /// Milliseconds since the TCP connection was accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) milliseconds: Option<u64>,
    #[serde(flatten)]
    pub(crate) event: Event,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub(crate) enum Event {
    /// `--write-anchors-only`: where the anchors are.
    Anchors(Anchors),
    Listening(Listening),
    Notice(Notice),
    Tcp(Tcp),
    ClientHello(Box<ClientHello>),
    NotTls(NotTls),
    Handshake(Handshake),
    HandshakeFailed(HandshakeFailed),
    Request(Box<Request>),
    Upstream(Box<Upstream>),
    Response(Response),
    Closed(Closed),
    Summary(Summary),
}

impl Event {
    /// What is wrong, or odd, with it.
    pub(crate) fn findings(&self) -> &[Finding] {
        match self {
            Self::ClientHello(hello) => &hello.findings,
            Self::NotTls(not_tls) => &not_tls.findings,
            Self::HandshakeFailed(failed) => &failed.findings,
            Self::Request(request) => &request.findings,
            Self::Upstream(upstream) => &upstream.findings,
            Self::Closed(closed) => &closed.findings,
            Self::Notice(notice) => &notice.findings,
            Self::Anchors(_)
            | Self::Listening(_)
            | Self::Tcp(_)
            | Self::Handshake(_)
            | Self::Response(_)
            | Self::Summary(_) => &[],
        }
    }

    pub(crate) fn findings_mut(&mut self) -> &mut [Finding] {
        match self {
            Self::ClientHello(hello) => &mut hello.findings,
            Self::NotTls(not_tls) => &mut not_tls.findings,
            Self::HandshakeFailed(failed) => &mut failed.findings,
            Self::Request(request) => &mut request.findings,
            Self::Upstream(upstream) => &mut upstream.findings,
            Self::Closed(closed) => &mut closed.findings,
            Self::Notice(notice) => &mut notice.findings,
            Self::Anchors(_)
            | Self::Listening(_)
            | Self::Tcp(_)
            | Self::Handshake(_)
            | Self::Response(_)
            | Self::Summary(_) => &mut [],
        }
    }

    /// Roughly how many octets of memory it takes.
    pub(crate) fn weight(&self) -> usize {
        match self {
            Self::ClientHello(hello) => 4 * hello.octets,
            Self::NotTls(not_tls) => not_tls.received.octets().len(),
            // The fields are in the head, and once more in the list.
            Self::Request(request) => {
                3 * request.head.octets().len()
                    + request.body.octets().len()
                    + request.extra.octets().len()
                    + 16 * request.records.len()
            }
            Self::Upstream(upstream) => [&upstream.request, &upstream.head, &upstream.body]
                .map(|part| part.octets().len())
                .iter()
                .sum(),
            Self::Response(response) => response.head.octets().len() + response.body.octets().len(),
            _ => 0,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Anchors {
    /// PEM with the roots of all chain shapes.
    pub(crate) anchors: String,
    /// The root of the chain that is served, in DER.
    pub(crate) root: String,
    /// Whether the CA was made just now.
    pub(crate) new_ca: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Listening {
    pub(crate) url: String,
    pub(crate) address: SocketAddr,
    pub(crate) port: u16,
    pub(crate) chain: Shape,
    pub(crate) keys: String,
    pub(crate) names: Vec<String>,
    /// Where the live page is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) page: Option<String>,
    /// The file that keeps the attempts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) store: Option<String>,
    #[serde(flatten)]
    pub(crate) anchors: Anchors,
    /// `--anchors`: what was written.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) anchors_files: Vec<String>,
    /// This machine's on its networks.
    #[serde(default)]
    pub(crate) addresses: Vec<IpAddr>,
    /// `--snippet`: a program that posts to the server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) snippet: Option<String>,
}

/// What is wrong with the server's own surroundings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Notice {
    pub(crate) findings: Vec<Finding>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Tcp {
    pub(crate) peer: SocketAddr,
    /// This machine's end of the connection.
    pub(crate) local: SocketAddr,
}

/// A ClientHello (RFC 9846 §4.2.2, RFC 5246 §7.4.1.2), whether or not the handshake then succeeds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct ClientHello {
    /// The second one, after a HelloRetryRequest.
    pub(crate) second: bool,
    /// The handshake message with its header.
    pub(crate) octets: usize,
    pub(crate) records: usize,
    pub(crate) server_name: Option<String>,
    pub(crate) versions: Vec<String>,
    pub(crate) cipher_suites: Vec<String>,
    pub(crate) groups: Vec<String>,
    pub(crate) key_shares: Vec<KeyShare>,
    pub(crate) signature_algorithms: Vec<String>,
    pub(crate) alpn: Vec<String>,
    pub(crate) session_id_octets: usize,
    pub(crate) record_size_limit: Option<u16>,
    /// In octets, not as the code point (RFC 6066 §4).
    pub(crate) max_fragment_length: Option<u16>,
    /// Offers to resume a session.
    pub(crate) pre_shared_key: bool,
    /// A post-quantum key share is among them.
    pub(crate) post_quantum: bool,
    /// In the order sent.
    pub(crate) extensions: Vec<String>,
    /// FoxIO's fingerprint of the client's TLS library and its setting; none where the hello cannot
    /// be decoded.
    pub(crate) ja4: Option<String>,
    /// The same as numbers.
    pub(crate) code_points: CodePoints,
    pub(crate) findings: Vec<Finding>,
}

/// What a ClientHello offers, as the numbers in it, in the order sent, GREASE among them: what
/// fingerprints are made of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct CodePoints {
    pub(crate) legacy_version: u16,
    /// Of supported_versions; empty without it.
    pub(crate) versions: Vec<u16>,
    pub(crate) cipher_suites: Vec<u16>,
    pub(crate) groups: Vec<u16>,
    pub(crate) key_shares: Vec<u16>,
    pub(crate) signature_algorithms: Vec<u16>,
    pub(crate) extensions: Vec<u16>,
    /// The names as their octets.
    pub(crate) alpn: Vec<Vec<u8>>,
    pub(crate) psk_key_exchange_modes: Vec<u8>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct KeyShare {
    pub(crate) group: String,
    pub(crate) octets: usize,
}

/// The first octets were no TLS record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct NotTls {
    pub(crate) kind: NotTlsKind,
    pub(crate) received: Octets,
    /// What was sent back.
    pub(crate) answer: Option<String>,
    pub(crate) findings: Vec<Finding>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum NotTlsKind {
    PlainHttp,
    Ssl2,
    Nothing,
    Garbage,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Handshake {
    pub(crate) version: String,
    pub(crate) cipher_suite: String,
    pub(crate) group: Option<String>,
    pub(crate) alpn: Option<String>,
    pub(crate) kind: HandshakeKind,
    /// TCP octets until here, both ways.
    pub(crate) octets_in: u64,
    pub(crate) octets_out: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum HandshakeKind {
    Full,
    FullWithHelloRetryRequest,
    Resumed,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct HandshakeFailed {
    pub(crate) blame: Blame,
    pub(crate) reason: String,
    /// Received from the client, or sent to it: by `blame`.
    pub(crate) alert: Option<Alert>,
    pub(crate) hint: Option<String>,
    /// One: the reason and the hint, with a code.
    pub(crate) findings: Vec<Finding>,
}

impl HandshakeFailed {
    pub(crate) fn new(blame: Blame, alert: Option<Alert>, finding: Finding) -> Self {
        let (reason, hint) = (finding.title.clone(), finding.hint.clone());
        Self { blame, reason, alert, hint, findings: vec![finding] }
    }
}

/// Who ended the handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Blame {
    Client,
    Server,
    Connection,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Alert {
    pub(crate) number: u8,
    pub(crate) name: Cow<'static, str>,
    pub(crate) meaning: Cow<'static, str>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Request {
    /// Empty where the head could not be parsed.
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) version: String,
    pub(crate) headers: Vec<Header>,
    /// The head as received, with the empty line.
    pub(crate) head: Octets,
    /// The content, chunks decoded.
    pub(crate) body: Octets,
    /// What came after the request.
    pub(crate) extra: Octets,
    /// Plaintext octets in each TLS record; of more than 4,096 the last stands for the rest.
    pub(crate) records: Vec<usize>,
    /// When each record was complete: microseconds since TCP was accepted.
    pub(crate) record_microseconds: Vec<u64>,
    pub(crate) findings: Vec<Finding>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Header {
    pub(crate) name: String,
    pub(crate) value: String,
}

/// What happened on the other side, with the service that the request was passed on to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Upstream {
    /// The service, as in Host.
    pub(crate) authority: String,
    /// The head that it was sent; the content is the request's.
    pub(crate) request: Octets,
    /// None where no answer came.
    pub(crate) status: Option<u16>,
    /// The answer's head, as received.
    pub(crate) head: Octets,
    /// The answer's content, chunks decoded.
    pub(crate) body: Octets,
    /// How long it took, connection and all.
    pub(crate) microseconds: u64,
    pub(crate) findings: Vec<Finding>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) reason: String,
    pub(crate) route: Route,
    /// Head and body.
    pub(crate) octets: usize,
    /// As sent, with the empty line.
    pub(crate) head: Octets,
    /// The content as sent.
    pub(crate) body: Octets,
}

/// Which part of the server answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Route {
    Token,
    #[default]
    Echo,
    /// The answer of a script (`--respond`).
    Script,
    /// The service that the request was passed on to (`--proxy`), or nobody: it was not reached.
    Proxy,
    /// The request was refused before anybody looked at its target.
    Http,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Closed {
    pub(crate) how: How,
    pub(crate) alert: Option<Alert>,
    pub(crate) octets_in: u64,
    pub(crate) octets_out: u64,
    pub(crate) findings: Vec<Finding>,
}

/// How the client ended its side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum How {
    CloseNotify,
    /// A TCP FIN without close_notify before it.
    Fin,
    Reset,
    Alert,
    /// A record that breaks the protocol.
    BrokenRecord,
    /// It did not: the server let it go.
    TimedOut,
    /// It did not, and went on sending.
    KeptSending,
    /// The server was full, and let it go at once.
    Refused,
    /// The server reset the connection, as its script says.
    ServerReset,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Summary {
    pub(crate) attempts: u64,
    pub(crate) handshakes: u64,
    pub(crate) requests: u64,
    pub(crate) good_answers: u64,
}
