//! One POST to a server on the loopback, by picopost's own client, and both sides' account of it.

use std::net::{Ipv4Addr, TcpStream};
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use picopost::{
    Buffers, ClientIdentity, Error, Exchange, P256Signer, Request, Response, Security, Session, Stage, Trust,
    TrustAnchor, UnixTime, Url, blocking, tls,
};
use picopost_counterparts::chains::Files;
use picopost_testkit::chains::NAME;
use pki_types::pem::PemObject as _;
use pki_types::{CertificateDer, PrivateKeyDer};
use xtask::error::Failure;

use super::servers::Started;
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
    /// The client's own certificate and key.
    pub(super) identity: Option<&'p Identity>,
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
    /// The subject of the client's certificate.
    pub(super) client: Option<String>,
}

/// A client's certificates and its key.
pub(super) struct Identity {
    certificates: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
}

/// Why there is no answer.
pub(super) enum Fault {
    /// The client ends the connection, or is told to.
    Client(Error),
    /// Something else is not as it should be.
    Other(String),
}

impl<'p> Post<'p> {
    /// Through a buffer for any record.
    pub(super) fn new(server: &'p Started, body: &'p [u8]) -> Self {
        let Started { port, anchors, .. } = server;
        let receive = tls::FULL_RECEIVE_BUFFER;
        Self { port: *port, anchors, receive, session: None, identity: None, body }
    }

    /// Makes the POST. The server must answer with status 200 and the same body.
    pub(super) fn run(self, counterpart: &str) -> Result<Answer, Fault> {
        let mut tap = Tap::new(connect(self.port)?);
        let url = format!("https://{NAME}:{}/echo", self.port);
        let url = Url::parse(&url).map_err(|error| Fault::Client(error.into()))?;
        let request = Request::json(url, self.body);
        let (mut receive, mut send) = (vec![0; self.receive], [0; 1024]);
        let mut response = vec![0; RESPONSE];
        let buffers =
            Buffers { session: self.session, ..Buffers::new(&mut receive, &mut send, &mut response) };
        let mut security = Security::from(Trust::anchors(self.anchors));
        let signer = self.identity.map(Identity::signer).transpose().map_err(Fault::Client)?;
        if let Some((identity, signer)) = self.identity.zip(signer.as_ref()) {
            security = security.with_identity(ClientIdentity::new(&identity.certificates, signer));
        }
        let exchange = Exchange::new(&request, security, now()?, buffers, &mut getrandom::SysRng);
        let mut exchange = exchange.map_err(Fault::Client)?;
        blocking::run(&mut exchange, &mut tap, &mut ()).map_err(Fault::Client)?;
        let resumed = exchange.is_resumed();
        let response = exchange.finish().map_err(Fault::Client)?;
        response.success().map_err(|error| Fault::Client(error.into()))?;
        if response.body() != self.body {
            return Err(Fault::Other("the response's body is another one".to_owned()));
        }
        if header(&response, "X-Counterpart").as_deref() != Some(counterpart) {
            return Err(Fault::Other(format!("the answer is not by {counterpart}")));
        }
        Ok(Answer { view: View::of(&response), resumed, wire: tap.into_wire() })
    }
}

impl View {
    fn of(response: &Response<'_>) -> Self {
        Self {
            library: header(response, "X-Library"),
            resumed: header(response, "X-Resumed").map(|resumed| resumed == "yes"),
            group: header(response, "X-Group"),
            client: header(response, "X-Client"),
        }
    }
}

fn header(response: &Response<'_>, name: &str) -> Option<String> {
    response.header(name).map(|value| String::from_utf8_lossy(value).into_owned())
}

fn connect(port: u16) -> Result<TcpStream, Fault> {
    let failed = |error| Fault::Other(format!("connecting: {error}"));
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).map_err(failed)?;
    stream.set_read_timeout(LIMIT).map_err(failed)?;
    stream.set_write_timeout(LIMIT).map_err(failed)?;
    Ok(stream)
}

fn now() -> Result<UnixTime, Fault> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.map(UnixTime::since_unix_epoch).map_err(|error| Fault::Other(format!("the clock: {error}")))
}

impl Identity {
    /// The identity in a client's files.
    pub(super) fn read(files: &Files) -> Result<Self, Failure> {
        let failed = |error| Failure::failed(format!("the client's files: {error}"));
        let certificates = CertificateDer::pem_file_iter(&files.certificates).map_err(failed)?;
        let certificates = certificates.collect::<Result<_, _>>().map_err(failed)?;
        let key = PrivateKeyDer::from_pem_file(&files.key).map_err(failed)?;
        Ok(Self { certificates, key })
    }

    fn signer(&self) -> Result<P256Signer, Error> {
        let signer = P256Signer::from_der(self.key.secret_der());
        signer.map_err(|error| Error::Tls { stage: Stage::Setup, error })
    }
}

/// The trust anchor in a PEM file.
pub(super) fn anchors(file: &Path) -> Result<Vec<TrustAnchor<'static>>, Failure> {
    let failed = |error: &dyn std::fmt::Display| Failure::failed(format!("{}: {error}", file.display()));
    let certificate = CertificateDer::from_pem_file(file).map_err(|error| failed(&error))?;
    let anchor = webpki::anchor_from_trusted_cert(&certificate).map_err(|error| failed(&error))?;
    Ok(vec![anchor.to_owned()])
}
