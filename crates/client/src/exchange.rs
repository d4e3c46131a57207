//! One POST over TLS, without I/O.

use core::ops::Range;
use core::{fmt, mem};

use embedded_io::ErrorKind;
use picopost_http::{End, Request, RequestWriter, Response, ResponseReader, StatusCode, Url};
use picopost_tls::{Config, Connection, ServerName, Session, SignatureMemo, Step, UnixTime};
use rand_core::TryCryptoRng;

use content::Outlet;
pub use content::{Sink, SinkRefused};
use keep_alive::Ending;

use crate::{Channel, Direction, Error, Fate, Octets, Security, Stage, Summary, tls};

mod content;
mod keep_alive;

/// The caller's memory for one exchange.
///
/// [`fmt::Debug`] shows its sizes: what was in it before may be secret.
pub struct Buffers<'a> {
    /// Takes TLS records: at least [`tls::MIN_RECEIVE_BUFFER`] octets, 1,221 with X25519MLKEM768; with
    /// [`tls::FULL_RECEIVE_BUFFER`] any record of any server.
    pub receive: &'a mut [u8],
    /// Gives TLS records: at least [`tls::MIN_SEND_BUFFER`] octets, 2,246 with X25519MLKEM768. A
    /// request that does not fit
    /// goes out in several records.
    pub send: &'a mut [u8],
    /// Holds the response: its head and, behind it, its whole decoded body.
    pub response: &'a mut [u8],
    /// A session of an earlier exchange with the same server, and room for the next one: with it,
    /// a handshake does no certificate work. Kept over a deep sleep by [`Session::export`].
    pub session: Option<&'a mut Session>,
    /// What is known of servers' certificates from earlier exchanges, and room for more: with it,
    /// a full handshake verifies only the signatures that are new. Kept over a deep sleep by
    /// [`SignatureMemo::export`], where the trust anchors are kept: whoever can write there can
    /// make the device trust a certificate.
    pub memo: Option<&'a mut SignatureMemo>,
}

impl<'a> Buffers<'a> {
    /// These three, and nothing kept from one exchange to the next.
    pub const fn new(receive: &'a mut [u8], send: &'a mut [u8], response: &'a mut [u8]) -> Self {
        Self { receive, send, response, session: None, memo: None }
    }
}

impl fmt::Debug for Buffers<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Buffers")
            .field("receive", &self.receive.len())
            .field("send", &self.send.len())
            .field("response", &self.response.len())
            .field("session", &self.session)
            .field("memo", &self.memo)
            .finish()
    }
}

/// What [`Exchange::next`] wants of its driver. [`fmt::Debug`] shows sizes only, since the space
/// to receive into holds what was received before.
pub enum Action<'e> {
    /// Send some of these octets, never empty, and report how many to [`Exchange::sent`].
    Send(&'e [u8]),
    /// Receive into this space, never empty, and report how many octets to
    /// [`Exchange::received`]. Everything sent so far must be on its way by then.
    Receive(&'e mut [u8]),
    /// Something small was done: call again.
    Worked,
    /// A public-key operation was done, millions of instructions on a small chip: call again. A
    /// good place to let others run, and to feed a watchdog. No action takes two of them.
    Computed,
    /// The response is whole, and the server was told that the connection ends.
    Done,
}

impl fmt::Debug for Action<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Send(octets) => write!(f, "Send({} octets)", octets.len()),
            Self::Receive(space) => write!(f, "Receive({} octets)", space.len()),
            Self::Worked => f.write_str("Worked"),
            Self::Computed => f.write_str("Computed"),
            Self::Done => f.write_str("Done"),
        }
    }
}

/// One POST and its response over one TLS connection.
///
/// The driver repeats: [`Self::next`], do what it says, report. After an error it sends
/// [`Self::farewell`] if it can. In the end [`Self::finish`] gives the response.
///
/// The server may answer before the request is wholly sent (RFC 9112 §9.5): what is received is
/// looked at before more is sent, and when the response is whole and no success, sending stops. A
/// success counts only with the whole request: what is left of it is sent, and if that fails, so
/// does the exchange. A transport that fails to send is read from all the same, since a server
/// that has answered and closed looks like that.
///
/// ```
/// use std::time::Duration;
///
/// use picopost::{Action, Buffers, Exchange, Request, Trust, UnixTime, Url};
/// use picopost_testkit::{Peer, Script, chains};
///
/// // A server for `device.example`, in memory.
/// let chain = chains::shapes::gts();
/// let anchors = chain.anchors();
/// let mut server = Peer::new(Script::good(chain));
///
/// let request = Request::json(Url::parse("https://device.example/token")?, b"{}");
/// let now = UnixTime::since_unix_epoch(Duration::from_secs(chains::NOW));
/// let (mut receive, mut send, mut response) = ([0; 4096], [0; 1024], [0; 512]);
/// let buffers = Buffers::new(&mut receive, &mut send, &mut response);
/// let trust = Trust::anchors(&anchors);
/// let mut exchange = Exchange::new(&request, trust, now, buffers, &mut getrandom::SysRng)?;
///
/// let mut from_server = Vec::new();
/// loop {
///     match exchange.next()? {
///         Action::Send(octets) => {
///             server.feed(octets);
///             let count = octets.len();
///             exchange.sent(count);
///         }
///         Action::Receive(space) => {
///             from_server.extend(server.outgoing());
///             // 0 where the server has ended the connection.
///             let count = space.len().min(from_server.len());
///             space[..count].copy_from_slice(&from_server[..count]);
///             from_server.drain(..count);
///             exchange.received(count);
///         }
///         Action::Worked | Action::Computed => {}
///         Action::Done => break,
///     }
/// }
/// let response = exchange.finish()?;
/// response.success()?;
/// assert_eq!(response.body(), b"ok");
/// # Ok::<(), picopost::Error>(())
/// ```
pub struct Exchange<'a, C = Connection<'a>> {
    channel: C,
    request: RequestWriter<'a>,
    response: ResponseReader<'a>,
    outlet: Outlet<'a>,
    octets: Octets,
    excess: usize,
    /// Whether the handshake was ever done: TLS itself says no again after an error.
    established: bool,
    /// Why nothing can be sent any more.
    send_failure: Option<Error>,
    /// Whether close_notify was queued.
    closed: bool,
    failure: Option<Error>,
    /// Whether a record with octets of the request is there, and whether it was given away.
    request_sealed: bool,
    request_given: bool,
    ending: Ending,
}

/// An [`Action`] without its borrow.
enum Turn {
    Send,
    Receive,
    Worked,
    Computed,
    Done,
}

impl<'a> Exchange<'a> {
    /// Prepares everything up to the first octet to be sent. One public-key operation; with
    /// X25519MLKEM768 two.
    ///
    /// `now` is believed: [`crate::Clock`] and the drivers guard against a clock that is not set.
    ///
    /// # Errors
    /// A host that is no name, buffers too small, no trust anchors, a random source that fails.
    pub fn new<R: TryCryptoRng + ?Sized>(
        request: &Request<'a>,
        security: impl Into<Security<'a>>,
        now: UnixTime,
        buffers: Buffers<'a>,
        entropy: &mut R,
    ) -> Result<Self, Error> {
        let config = config(request, security.into(), now)?;
        Self::begin(request, config, buffers, entropy)
    }

    /// The same with a configuration that is there already.
    #[inline(never)]
    pub(crate) fn begin<R: TryCryptoRng + ?Sized>(
        request: &Request<'a>,
        config: Config<'a>,
        buffers: Buffers<'a>,
        entropy: &mut R,
    ) -> Result<Self, Error> {
        let Buffers { receive, send, response, session, memo } = buffers;
        let mut connection = match session {
            Some(session) => Connection::with_session(config, session, receive, send, entropy),
            None => Connection::new(config, receive, send, entropy),
        };
        if let (Ok(connection), Some(memo)) = (&mut connection, memo) {
            connection.set_signature_memo(memo);
        }
        match connection {
            Ok(connection) => Ok(Self::over(connection, request, response)),
            Err(error) => Err(Error::Tls { stage: Stage::Setup, error }),
        }
    }
}

impl<'a, C: Channel> Exchange<'a, C> {
    /// An exchange over a channel that is there already, such as one of another TLS stack
    /// ([`crate::Secured`]). It goes to the server that the channel was opened to, whatever the
    /// request's URL says. One exchange a channel: it is closed in the end.
    pub fn over(channel: C, request: &Request<'a>, response: &'a mut [u8]) -> Self {
        Self {
            channel,
            request: RequestWriter::new(request),
            response: ResponseReader::new(response),
            outlet: Outlet::default(),
            octets: Octets::default(),
            excess: 0,
            established: false,
            send_failure: None,
            closed: false,
            failure: None,
            request_sealed: false,
            request_given: false,
            ending: Ending::Close,
        }
    }

    /// What is to be done next. [`Action::Done`] stays, and so does an error.
    ///
    /// # Errors
    /// Whatever ends the exchange without a whole response.
    #[expect(clippy::should_implement_trait, reason = "an iterator cannot lend what it holds")]
    pub fn next(&mut self) -> Result<Action<'_>, Error> {
        if let Some(error) = self.failure {
            return Err(error);
        }
        match self.turn() {
            Ok(Turn::Send) => {
                self.request_given |= self.request_sealed;
                Ok(Action::Send(self.channel.outgoing()))
            }
            Ok(Turn::Receive) => Ok(Action::Receive(self.channel.incoming())),
            Ok(Turn::Worked) => Ok(Action::Worked),
            Ok(Turn::Computed) => Ok(Action::Computed),
            Ok(Turn::Done) => Ok(Action::Done),
            Err(error) => {
                self.fail(error);
                Err(error)
            }
        }
    }

    /// The first `count` octets of [`Action::Send`] are sent.
    pub fn sent(&mut self, count: usize) {
        self.octets.sent = self.octets.sent.saturating_add(count);
        self.channel.sent(count);
    }

    /// The first `count` octets of [`Action::Receive`] are filled; 0 means end of file.
    pub fn received(&mut self, count: usize) {
        self.octets.received = self.octets.received.saturating_add(count);
        self.channel.received(count);
    }

    /// The transport sends no more. In the handshake that ends the exchange; later the server
    /// may have answered already, so receiving goes on.
    pub fn send_failed(&mut self, kind: ErrorKind) {
        let error = Error::Transport { stage: self.stage(), direction: Direction::Send, kind };
        let first = *self.send_failure.get_or_insert(error);
        if !self.established {
            self.fail(first);
        }
    }

    /// The transport receives no more: this ends the exchange, unless the response is whole, or
    /// the time was up while the content waited for a 100 (Continue): then [`Self::proceed`].
    pub fn receive_failed(&mut self, kind: ErrorKind) {
        if kind == ErrorKind::TimedOut && self.is_waiting() {
            self.proceed();
        } else if !self.response.is_done() {
            // Where sending has failed before, that was the beginning of it.
            let error = Error::Transport { stage: self.stage(), direction: Direction::Receive, kind };
            self.fail(self.send_failure.unwrap_or(error));
        }
    }

    /// Whether nothing of a response has come yet that is not interim, or not known to be.
    pub(crate) fn is_unanswered(&self) -> bool {
        !self.response.has_begun()
    }

    /// Ends the exchange for a reason of the driver's own.
    pub(crate) fn give_up(&mut self, error: Error) {
        self.fail(error);
    }

    /// Where a redirect leads: see [`ResponseReader::resolve_location`].
    pub(crate) fn resolve_location(&mut self, base: Url<'_>) -> Result<Range<usize>, Error> {
        Ok(self.response.resolve_location(base)?)
    }

    /// After an error: octets that tell the server about it, an alert or close_notify. They are
    /// to be sent if that is possible, and reported to [`Self::sent`]. May be empty.
    pub fn farewell(&self) -> &[u8] {
        // A request of which nothing was given away stays here: it has failed, and is no farewell.
        let is_kept = self.request_sealed && !self.request_given;
        if self.failure.is_some() && self.send_failure.is_none() && !is_kept {
            self.channel.outgoing()
        } else {
            &[]
        }
    }

    /// How far the exchange has come: after an error, how far it had come.
    pub fn stage(&self) -> Stage {
        if let Some(error) = self.failure {
            return error.stage();
        }
        if !self.established {
            return Stage::of_tls(self.channel.stage(), Stage::Request);
        }
        let is_done = self.response.is_done() && !self.owes_request();
        match (is_done, self.response.has_head(), self.request.is_done()) {
            (true, _, _) => Stage::Done,
            (false, true, _) => Stage::Body,
            (false, false, true) => Stage::Head,
            (false, false, false) => Stage::Request,
        }
    }

    /// The status of the response, as soon as its head is there; also after an error in what
    /// follows, such as a body that is larger than the buffer.
    pub fn status(&self) -> Option<StatusCode> {
        self.response.status()
    }

    /// Whether the server was verified by a session instead of its certificate.
    pub fn is_resumed(&self) -> bool {
        self.channel.is_resumed()
    }

    /// How many octets were sent and received so far.
    pub const fn octets(&self) -> Octets {
        self.octets
    }

    /// Octets that came behind the response, and were dropped. More may have been on their way.
    pub const fn excess(&self) -> usize {
        self.excess
    }

    /// Whether the whole request was handed to TLS: not so where the server refused it before.
    pub fn is_request_written(&self) -> bool {
        self.request.is_done()
    }

    /// What can have become of the request, should this be the end.
    pub const fn request_fate(&self) -> Fate {
        if self.request_given { Fate::Unknown } else { Fate::NotSent }
    }

    /// All of this in one value.
    pub fn summary(&self) -> Summary {
        Summary {
            octets: self.octets,
            excess: self.excess,
            is_request_written: self.is_request_written(),
            is_resumed: self.is_resumed(),
            status: self.status(),
        }
    }

    /// The response, once [`Action::Done`] was seen.
    ///
    /// # Errors
    /// The exchange's error, or [`picopost_http::Error::Incomplete`] before its end.
    pub fn finish(mut self) -> Result<Response<'a>, Error> {
        self.take_response()
    }

    /// The same for a driver that keeps the exchange where it is: as a value it is large.
    pub(crate) fn take_response(&mut self) -> Result<Response<'a>, Error> {
        match self.failure {
            Some(error) => Err(error),
            // A success counts only with the whole request.
            None if self.owes_request() => Err(picopost_http::Error::Incomplete.into()),
            None => Ok(mem::replace(&mut self.response, ResponseReader::new(&mut [])).finish()?),
        }
    }

    #[inline(never)]
    fn turn(&mut self) -> Result<Turn, Error> {
        self.established |= self.channel.is_established();
        self.release_content();
        let can_send = self.send_failure.is_none();
        if can_send && !self.channel.outgoing().is_empty() {
            return Ok(Turn::Send);
        }
        if self.response.is_done() {
            return match self.send_failure {
                Some(error) if self.owes_request() => Err(error),
                None if self.owes_request() => self.write_request(),
                None if self.may_be_kept() => Ok(self.settle()),
                _ => self.close(can_send),
            };
        }
        // A step that fails leaves no stage behind.
        let stage = self.stage();
        match self.channel.step() {
            Ok(Step::Again) => Ok(Turn::Worked),
            Ok(Step::Computed) => Ok(Turn::Computed),
            Ok(Step::Plaintext) => self.read_plaintext(),
            Ok(Step::Receive) if can_send && self.wants_to_write() => self.write_request(),
            Ok(Step::Receive) => Ok(Turn::Receive),
            Ok(Step::Closed) => self.end(End::CloseNotify),
            // The response says best what is missing where a connection is cut.
            Err(tls::Error::Truncated { stage: tls::Stage::Traffic }) => self.end(End::Truncated),
            Err(error) => Err(Error::Tls { stage, error }),
        }
    }

    fn wants_to_write(&self) -> bool {
        self.established && !self.request.is_done() && !self.request.is_waiting()
    }

    /// Whether the server has accepted a request that was not sent as a whole: then its answer is
    /// not about that request. RFC 9112 §9.5 has a client cease to send for an error only.
    fn owes_request(&self) -> bool {
        let is_stuck = !self.closed && !self.channel.outgoing().is_empty();
        let is_accepted = self.response.is_done() && self.status().is_some_and(StatusCode::is_success);
        is_accepted && (is_stuck || !self.request.is_done())
    }

    /// Fills one record with the request's next octets.
    fn write_request(&mut self) -> Result<Turn, Error> {
        let count = self.request.write(self.channel.plaintext_space())?;
        self.channel.seal(count).map_err(|error| Error::Tls { stage: Stage::Request, error })?;
        self.request_sealed |= count > 0;
        Ok(Turn::Worked)
    }

    fn read_plaintext(&mut self) -> Result<Turn, Error> {
        // RFC 9112 §9.2: what comes while no request is outstanding answers none.
        if !self.request_given {
            return Err(picopost_http::Error::ResponseBeforeRequest.into());
        }
        let plaintext = self.channel.plaintext();
        let length = plaintext.len();
        let taken = self.outlet.feed(&mut self.response, plaintext)?;
        self.channel.consume(length);
        self.excess = self.excess.saturating_add(length.saturating_sub(taken));
        Ok(Turn::Worked)
    }

    /// The server's octets have come to their end, and the response with them or not.
    fn end(&mut self, end: End) -> Result<Turn, Error> {
        match self.response.end(end) {
            Ok(()) => Ok(Turn::Worked),
            // The server went away while it was sent to: that was the beginning of it.
            Err(error) => Err(self.send_failure.unwrap_or(Error::Http(error))),
        }
    }

    /// Says goodbye (RFC 9846 §6.1) without waiting for the server's own, which may never come:
    /// the response is whole.
    fn close(&mut self, can_send: bool) -> Result<Turn, Error> {
        if self.closed || !can_send {
            return Ok(Turn::Done);
        }
        self.closed = true;
        self.channel.close().map_err(|error| Error::Tls { stage: Stage::Done, error })?;
        Ok(Turn::Worked)
    }

    /// The first failure stays: what a caller reports behind it is its consequence.
    fn fail(&mut self, error: Error) {
        if self.failure.is_some() {
            return;
        }
        self.failure = Some(error);
        // TLS queues an alert for its own errors. For all others the connection is sound: end it
        // in good order, if it was open at all and nothing else waits.
        if matches!(error, Error::Http(_)) && self.channel.outgoing().is_empty() && !self.closed {
            self.closed = self.channel.close().is_ok();
        }
    }
}

impl<C: Channel> fmt::Debug for Exchange<'_, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exchange")
            .field("stage", &self.stage())
            .field("octets", &self.octets)
            .finish_non_exhaustive()
    }
}

/// Whom a request goes to, and how that is verified.
pub(crate) fn config<'a>(
    request: &Request<'a>,
    security: Security<'a>,
    now: UnixTime,
) -> Result<Config<'a>, Error> {
    Ok(security.config(server_name(request.url().authority().host())?, now))
}

/// The name that the certificate must be for. The final dot of an absolute name is no part of it
/// (RFC 6066 §3); an address has none, and a name only one.
fn server_name(host: &str) -> Result<ServerName<'_>, Error> {
    let name = host.strip_suffix('.').unwrap_or(host);
    let has_dot = name.len() < host.len();
    match ServerName::try_from(name) {
        Ok(ServerName::IpAddress(_)) if has_dot => Err(Error::ServerName),
        Ok(_) if name.ends_with('.') => Err(Error::ServerName),
        Ok(name) => Ok(name),
        // The parser's error says no more than that it failed.
        Err(_) => Err(Error::ServerName),
    }
}
