//! One POST to a server on the loopback, by picopost's own client, and both sides' account of it.

use std::net::{Ipv4Addr, TcpStream};
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use picopost::{Buffers, Error, Exchange, Request, Session, Trust, TrustAnchor, UnixTime, Url, blocking};
use picopost_testkit::chains::NAME;
use pki_types::CertificateDer;
use pki_types::pem::PemObject as _;
use xtask::error::Failure;

use super::wire::{Tap, Wire};

/// Longer than any server takes on a busy machine.
const LIMIT: Option<Duration> = Some(Duration::from_secs(60));
/// Room for the response.
const RESPONSE: usize = 64 * 1024;

/// What a POST is made with.
pub(super) struct Post<'p> {
    pub(super) port: u16,
    pub(super) anchors: &'p [TrustAnchor<'p>],
    /// Octets of the receive buffer.
    pub(super) receive: usize,
    pub(super) session: Option<&'p mut Session>,
    pub(super) body: &'p [u8],
}

/// What came of it, when it was answered.
pub(super) struct Answer {
    pub(super) view: View,
    /// As the client sees it.
    pub(super) resumed: bool,
    pub(super) wire: Wire,
}

/// How the server saw the connection: its headers. What it does not tell is `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct View {
    pub(super) library: Option<String>,
    pub(super) resumed: Option<bool>,
    pub(super) group: Option<String>,
}

/// Why there is no answer.
pub(super) enum Fault {
    /// The client ends the connection, or is told to.
    Client(Error),
    /// Something else is not as it should be.
    Other(String),
}

impl Post<'_> {
    /// Makes the POST. The server must answer with status 200 and the same body.
    pub(super) fn run(self, counterpart: &str) -> Result<Answer, Fault> {
        let other = |what: &str, error: &dyn std::fmt::Display| Fault::Other(format!("{what}: {error}"));
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port));
        let stream = stream.map_err(|error| other("connecting", &error))?;
        for limit in [TcpStream::set_read_timeout, TcpStream::set_write_timeout] {
            limit(&stream, LIMIT).map_err(|error| other("a time limit", &error))?;
        }
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_err(|error| other("the clock", &error))?;
        let now = UnixTime::since_unix_epoch(now);

        let url = format!("https://{NAME}:{}/echo", self.port);
        let url = Url::parse(&url).map_err(|error| Fault::Client(error.into()))?;
        let request = Request::json(url, self.body);
        let (mut receive, mut send) = (vec![0; self.receive], [0; 1024]);
        let mut response = vec![0; RESPONSE];
        let buffers = Buffers {
            receive: &mut receive,
            send: &mut send,
            response: &mut response,
            session: self.session,
        };
        let trust = Trust::anchors(self.anchors);
        let mut exchange =
            Exchange::new(&request, trust, now, buffers, &mut getrandom::SysRng).map_err(Fault::Client)?;
        let mut tap = Tap::new(stream);
        blocking::run(&mut exchange, &mut tap, &mut ()).map_err(Fault::Client)?;
        let resumed = exchange.is_resumed();
        let response = exchange.finish().map_err(Fault::Client)?;
        response.success().map_err(|error| Fault::Client(error.into()))?;
        if response.body() != self.body {
            return Err(Fault::Other("the response's body is another one".to_owned()));
        }
        let header =
            |name: &str| response.header(name).map(|value| String::from_utf8_lossy(value).into_owned());
        if header("X-Counterpart").as_deref() != Some(counterpart) {
            return Err(Fault::Other(format!("the answer is not by {counterpart}")));
        }
        let view = View {
            library: header("X-Library"),
            resumed: header("X-Resumed").map(|resumed| resumed == "yes"),
            group: header("X-Group"),
        };
        Ok(Answer { view, resumed, wire: tap.into_wire() })
    }
}

/// The trust anchor in a PEM file.
pub(super) fn anchors(file: &Path) -> Result<Vec<TrustAnchor<'static>>, Failure> {
    let failed = |error: &dyn std::fmt::Display| Failure::failed(format!("{}: {error}", file.display()));
    let certificate = CertificateDer::from_pem_file(file).map_err(|error| failed(&error))?;
    let anchor = webpki::anchor_from_trusted_cert(&certificate).map_err(|error| failed(&error))?;
    Ok(vec![anchor.to_owned()])
}
