//! The connection: records in, records out, and the caller's four operations.

use pki_types::ServerName;
use rand_core::TryCryptoRng;

use crate::{
    AlertDescription, Config, Step, TrustKind,
    error::{Error, Stage},
    extensions::Offered,
    fault::{Details, Failure, Fault},
    handshake::{ExpectServerHello, Keys, Received, Shared, State},
    hello::ClientHello,
    identity::ClientIdentity,
    key_exchange::{KeyExchange, draw},
    key_schedule::{self, Transcript},
    limits::{Agreed, Wanted},
    memo::SignatureMemo,
    messages::HandshakeType,
    path::PathVerification,
    receive::ReceiveBuffer,
    record::ContentType,
    send::SendBuffer,
    session::Session,
};

mod incoming;
mod parked;

pub use parked::Parked;

/// One TLS connection over the caller's two buffers.
///
/// The caller sends what [`Self::outgoing`] shows, reads into [`Self::incoming`] when
/// [`Self::step`] asks for it, and after the handshake exchanges plaintext through
/// [`Self::plaintext`] and [`Self::plaintext_space`]. Nothing here waits, and nothing is kept
/// outside of `self` and the two buffers.
pub struct Connection<'a> {
    state: State,
    shared: Shared<'a>,
    receive: ReceiveBuffer<'a>,
    /// The server's end of file was seen.
    ended: bool,
    idle: u8,
    tickets: u8,
}

impl<'a> Connection<'a> {
    /// Starts a connection: the ClientHello then waits in [`Self::outgoing`].
    /// One public-key operation; with X25519MLKEM768 two.
    ///
    /// # Errors
    /// A buffer too small, no trust anchors, a client's certificate that cannot be used, entropy that
    /// fails or repeats.
    pub fn new<R: TryCryptoRng + ?Sized>(
        config: Config<'a>,
        receive: &'a mut [u8],
        send: &'a mut [u8],
        entropy: &mut R,
    ) -> Result<Self, Error> {
        Self::start(config, None, receive, send, entropy)
    }

    /// The same with a session: what is in it is offered to the server, and a ticket that the
    /// server sends takes its place. [`Self::is_resumed`] then says whether the server took it;
    /// if not, its certificate was verified as usual.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn with_session<R: TryCryptoRng + ?Sized>(
        config: Config<'a>,
        session: &'a mut Session,
        receive: &'a mut [u8],
        send: &'a mut [u8],
        entropy: &mut R,
    ) -> Result<Self, Error> {
        Self::start(config, Some(session), receive, send, entropy)
    }

    fn start<R: TryCryptoRng + ?Sized>(
        config: Config<'a>,
        session: Option<&'a mut Session>,
        receive: &'a mut [u8],
        send: &'a mut [u8],
        entropy: &mut R,
    ) -> Result<Self, Error> {
        check_setup(&config, receive.len(), send.len())?;
        // One value, built where the caller will have it and changed there: a part that is moved
        // into it, or the whole that is moved out, would be on the stack twice.
        let mut connection = Ok(Self::blank(config, session, receive, send));
        let failed = connection.as_mut().ok().and_then(|begun: &mut Self| {
            let failure = begun.begin(entropy).err()?;
            Some(begun.error(failure, Stage::Setup))
        });
        if let Some(error) = failed {
            connection = Err(error);
        }
        connection
    }

    /// A connection that has not begun.
    #[inline(always)]
    fn blank(
        config: Config<'a>,
        session: Option<&'a mut Session>,
        receive: &'a mut [u8],
        send: &'a mut [u8],
    ) -> Self {
        Self {
            state: State::Failed(Fault::Internal.into(), Stage::Setup),
            shared: Shared {
                offered: Offered {
                    server_name: matches!(config.server_name, ServerName::DnsName(_)),
                    limits: Wanted::for_buffer(receive.len()),
                    psk_modes: session.is_some(),
                    pre_shared_key: false,
                },
                session,
                config,
                hello: ClientHello { random: [0; 32], session_id: [0; 32] },
                verified: 0,
                limits: Agreed::NOTHING,
                transcript: Transcript::new(),
                send: SendBuffer::new(send),
                keys: Keys::default(),
                path: PathVerification::new(),
                memo: None,
                computed: false,
            },
            receive: ReceiveBuffer::new(receive),
            ended: false,
            idle: 0,
            tickets: 0,
        }
    }

    /// Draws the keys and writes the ClientHello.
    #[inline(never)]
    fn begin<R: TryCryptoRng + ?Sized>(&mut self, entropy: &mut R) -> Result<(), Failure> {
        let Self { state, shared, .. } = self;
        let ClientHello { random, session_id } = &mut shared.hello;
        draw(entropy, random)?;
        draw(entropy, session_id)?;
        // The private key is drawn last, into its place: values that are built after it would
        // take what it leaves on the stack along in their unused octets.
        let groups = shared.config.groups;
        let exchange = shared.keys.exchange.insert(KeyExchange::new(groups));
        exchange.generate(entropy, [random, session_id])?;
        *state = State::ExpectServerHello(ExpectServerHello::start(shared)?);
        Ok(())
    }

    /// Lets the connection skip the verification of signatures that this memo knows, and add to it.
    /// To be called before the first step; what is verified already is not added.
    pub fn set_signature_memo(&mut self, memo: &'a mut SignatureMemo) {
        // What an earlier connection noted and never came to enter. This one notes only what its own
        // path is made of.
        memo.retain_noted(|_| false);
        self.shared.memo = Some(memo);
    }

    /// Octets to send to the server, in order; empty when there is nothing to send. After an
    /// error, the alert that tells the server of it.
    pub fn outgoing(&self) -> &[u8] {
        self.shared.send.pending()
    }

    /// The first `count` octets of [`Self::outgoing`] are sent. Counts beyond it are cut to it.
    pub fn sent(&mut self, count: usize) {
        self.shared.send.sent(count);
    }

    /// Space for octets from the server. Never empty after [`Self::step`] said
    /// [`Step::Receive`]; at other times it may be.
    pub fn incoming(&mut self) -> &mut [u8] {
        self.receive.space()
    }

    /// The first `count` octets of [`Self::incoming`] are filled. 0 means end of file, nothing
    /// more will come from the transport, unless there was no space at all. After a failure nothing is taken.
    pub fn received(&mut self, count: usize) {
        // The error is told from what is there.
        if matches!(self.state, State::Failed(..)) {
            return;
        }
        self.receive.filled(count);
        self.ended |= count == 0 && !self.incoming().is_empty();
    }

    /// Takes the connection one step further: at most one record, one handshake message, or one
    /// signature of the server's certificates. A step does at most one public-key operation, and
    /// says so by [`Step::Computed`]. X25519MLKEM768 counts as one: its X25519 and its ML-KEM part
    /// are in the same step.
    ///
    /// # Errors
    /// Whatever ends the connection. The error stays: every later call gives it again.
    pub fn step(&mut self) -> Result<Step, Error> {
        if let State::Failed(failure, stage) = self.state {
            return Err(self.error(failure, stage));
        }
        let stage = self.stage();
        self.shared.computed = false;
        match self.advance() {
            Ok(Step::Again) if self.shared.computed => Ok(Step::Computed),
            Ok(step) => Ok(step),
            Err(failure) => {
                self.fail(failure, stage);
                Err(self.error(failure, stage))
            }
        }
    }

    /// Whether the handshake is done (certificate, signature and Finished verified) and the
    /// connection has not failed.
    pub fn is_established(&self) -> bool {
        matches!(self.state, State::Traffic(_))
    }

    /// Whether the server was verified by a session instead of its certificate; only once the
    /// handshake is done.
    pub fn is_resumed(&self) -> bool {
        matches!(&self.state, State::Traffic(traffic) if traffic.is_resumed())
    }

    /// The stage that the connection is in.
    pub fn stage(&self) -> Stage {
        self.state.stage()
    }

    /// The body of the server's Certificate message (RFC 9846 §4.5.1) as it came, for a report of
    /// what a server sends. Nothing in it is verified, nor even known to be well formed.
    ///
    /// It is there from the step that reads it until the step that takes CertificateVerify, and
    /// after either of them failed; empty at all other times.
    pub fn certificate_message(&self) -> &[u8] {
        let message = match (self.stage(), self.receive.kept()) {
            (Stage::Certificate, &[]) => self.receive.message().unwrap_or_default().unwrap_or_default(),
            (Stage::Certificate | Stage::Verify, kept) => kept,
            _ => &[],
        };
        match message.split_first_chunk() {
            Some(([kind, _, _, _], body)) if HandshakeType(*kind) == HandshakeType::CERTIFICATE => body,
            _ => &[],
        }
    }

    /// Decrypted octets from the server; empty during the handshake.
    pub fn plaintext(&self) -> &[u8] {
        match self.state {
            State::Traffic(ref traffic) if !traffic.joining => self.receive.plaintext(),
            _ => &[],
        }
    }

    /// The first `count` octets of [`Self::plaintext`] are used up. Counts beyond it are cut.
    pub fn consume(&mut self, count: usize) {
        let count = count.min(self.plaintext().len());
        self.receive.consume(count);
    }

    /// Space for plaintext to be sent, in the send buffer itself. Empty while the handshake goes
    /// on, while [`Self::outgoing`] has octets left, and after [`Self::close`].
    pub fn plaintext_space(&mut self) -> &mut [u8] {
        match self.state {
            State::Traffic(ref traffic) if !traffic.write_closed => {
                self.shared.send.plaintext_space(self.shared.limits.send())
            }
            _ => &mut [],
        }
    }

    /// Encrypts the first `count` octets of [`Self::plaintext_space`], in place, as one record,
    /// which then waits in [`Self::outgoing`]. A count of 0 does nothing.
    ///
    /// # Errors
    /// [`Error::NotOpen`] before the handshake is done, after closing, while octets wait in
    /// [`Self::outgoing`], or for a count beyond the space; the connection stays as it was.
    pub fn seal(&mut self, count: usize) -> Result<(), Error> {
        self.seal_plaintext(count).map_err(|failure| self.error(failure, Stage::Traffic))
    }

    fn seal_plaintext(&mut self, count: usize) -> Result<(), Failure> {
        if count > self.plaintext_space().len() {
            return Err(Fault::NotOpen.into());
        }
        let State::Traffic(traffic) = &mut self.state else { return Err(Fault::NotOpen.into()) };
        if traffic.write_closed {
            return Err(Fault::NotOpen.into());
        }
        if count == 0 {
            return Ok(());
        }
        let Shared { send, keys, .. } = &mut self.shared;
        let (Some(write), Some(secret)) = (&mut keys.write, &mut keys.client_traffic) else {
            return Err(Fault::Internal.into());
        };
        // RFC 9846 §4.7.3: a KeyUpdate that is owed goes before application data; §5.5: worn
        // keys are replaced by one of our own accord. Neither asks for the server's.
        let update = traffic.update_owed || write.worn();
        if update {
            send.key_update_before_plaintext(write, &[24, 0, 0, 1, 0])?;
            *secret = key_schedule::next_generation(secret);
            *write = write.renewed(secret);
            traffic.update_owed = false;
        }
        send.seal(write, count)?;
        if update {
            send.include_key_update();
        }
        Ok(())
    }

    /// Queues close_notify (RFC 9846 §6.1); nothing can be sealed afterwards, but reading goes on.
    ///
    /// # Errors
    /// [`Error::NotOpen`] before the handshake is done, or when closed already;
    /// [`Error::SendBufferTooSmall`] where too much waits in [`Self::outgoing`].
    pub fn close(&mut self) -> Result<(), Error> {
        self.close_write().map_err(|failure| self.error(failure, Stage::Traffic))
    }

    fn close_write(&mut self) -> Result<(), Failure> {
        match &mut self.state {
            State::Traffic(traffic) if !traffic.write_closed => {
                let write = self.shared.keys.write.as_mut().ok_or(Fault::Internal)?;
                let alert = [WARNING, AlertDescription::CLOSE_NOTIFY.0];
                self.shared.send.push_sealed(write, ContentType::Alert, &alert)?;
                traffic.write_closed = true;
                Ok(())
            }
            _ => Err(Fault::NotOpen.into()),
        }
    }

    fn advance(&mut self) -> Result<Step, Failure> {
        match &self.state {
            State::Traffic(traffic) => {
                if !self.plaintext().is_empty() {
                    return Ok(Step::Plaintext);
                }
                // RFC 9846 §6.1: what comes after close_notify is ignored.
                if traffic.read_closed {
                    return Ok(Step::Closed);
                }
            }
            // What the server says next answers what still waits to be sent.
            _ if !self.outgoing().is_empty() => return Ok(Step::Again),
            state if state.is_sending() => return self.send_due(),
            _ => {}
        }
        if self.verify_path()? || self.take_message()? || self.take_record()? {
            return Ok(Step::Again);
        }
        if self.ended {
            return Err(Fault::Truncated.into());
        }
        self.receive.check_room()?;
        Ok(Step::Receive)
    }

    /// Verifies the next signature of the server's certificates, where the handshake is at that.
    #[inline(never)]
    fn verify_path(&mut self) -> Result<bool, Failure> {
        let State::VerifyPath(state) = &self.state else { return Ok(false) };
        if let Some(next) = state.step(self.receive.kept(), &mut self.shared)? {
            self.state = next;
        }
        Ok(true)
    }

    /// Sends what the state has to send next.
    #[inline(never)]
    fn send_due(&mut self) -> Result<Step, Failure> {
        // A transition that fails leaves no state behind; `fail` puts the error there.
        let failed = State::Failed(Fault::Internal.into(), self.stage());
        let state = core::mem::replace(&mut self.state, failed);
        self.state = state.send(&mut self.shared)?;
        Ok(Step::Again)
    }

    /// Takes the next handshake message, if it is there as a whole.
    #[inline(never)]
    fn take_message(&mut self) -> Result<bool, Failure> {
        if self.skip_ticket()? {
            return Ok(true);
        }
        let Some(octets) = self.receive.message()? else { return Ok(false) };
        let size = octets.len();
        let kind = HandshakeType(octets.first().copied().unwrap_or_default());
        let more_behind = self.receive.plaintext().len() > size;
        let certificate = self.receive.kept();
        let message = Received { kind, octets, more_behind, certificate };

        if let State::Traffic(traffic) = &mut self.state {
            traffic.message(&message, &mut self.shared)?;
            traffic.joining = more_behind;
            self.receive.consume(size);
            // Tickets have a count of their own: an edge sends some, and then what it likes.
            if kind == HandshakeType::NEW_SESSION_TICKET {
                self.count_ticket()?;
            } else {
                self.count_idle()?;
            }
            return Ok(true);
        }
        // A transition that fails leaves no state behind; `fail` puts the error there.
        let stage = self.stage();
        let state = core::mem::replace(&mut self.state, State::Failed(Fault::Internal.into(), stage));
        self.state = state.next(&message, &mut self.shared)?;
        match (stage, &self.state) {
            (_, State::VerifyPath(_)) => self.receive.keep(size),
            (Stage::Verify, State::ExpectFinished(_)) => {
                self.receive.drop_kept();
                self.receive.consume(size);
            }
            _ => self.receive.consume(size),
        }
        // The records of the handshake are not counted against those of the traffic.
        if stage == Stage::Finished {
            self.idle = 0;
        }
        Ok(true)
    }

    /// RFC 9846 §4.7.1: a ticket that is of no use is ignored, also one that is larger than the
    /// receive buffer. Whether octets of such a one were passed over.
    fn skip_ticket(&mut self) -> Result<bool, Failure> {
        let State::Traffic(traffic) = &mut self.state else { return Ok(false) };
        let size = self.receive.useless_ticket().filter(|_| traffic.skipping == 0);
        if let Some(size) = size {
            traffic.skipping = size;
            if let Some(session) = &mut self.shared.session {
                session.refuse(size);
            }
        }
        let count = traffic.skipping.min(self.receive.plaintext().len());
        self.receive.consume(count);
        traffic.skipping = traffic.skipping.saturating_sub(count);
        traffic.joining = traffic.skipping > 0 || !self.receive.plaintext().is_empty();
        if size.is_some() {
            self.count_ticket()?;
        }
        Ok(count > 0)
    }

    /// What the caller is told, with what the buffers and the path know of it: the same each time,
    /// since nothing is done to them after a failure.
    #[inline(never)]
    fn error(&self, failure: Failure, stage: Stage) -> Error {
        let Self { shared: Shared { config, path, send, .. }, receive, .. } = self;
        let (needed, capacity) = match failure.fault() {
            Fault::MessageTooLarge => (receive.message_needs(), receive.capacity()),
            Fault::RecordTooLarge => (receive.record_needs(), receive.capacity()),
            _ => send.refused(),
        };
        let first = receive.raw().first_chunk().copied().unwrap_or_default();
        failure.error(&Details { first, stage, capacity, needed, ..path.details(config) })
    }

    /// RFC 9846 §6.2: tells the server why, and forgets every key.
    #[inline(never)]
    fn fail(&mut self, failure: Failure, stage: Stage) {
        let Shared { send, keys, .. } = &mut self.shared;
        if failure.is_alert() {
            // RFC 9846 §6: no further data is sent after an alert has come.
            send.clear();
        }
        // RFC 9846 §6.1: nothing follows this side's close_notify.
        let write_closed = matches!(&self.state, State::Traffic(traffic) if traffic.write_closed);
        if let Some(alert) = failure.alert().filter(|_| !write_closed) {
            let alert = [FATAL, alert.0];
            let refused = send.refused();
            // Where there is no room left in the send buffer, the alert is not sent: it is a
            // courtesy, the connection ends all the same.
            let _sent = match &mut keys.write {
                Some(write) => send.push_sealed(write, ContentType::Alert, &alert),
                None => send.push_plain_alert(alert),
            };
            // The error tells of what failed before it.
            send.set_refused(refused);
        }
        self.shared.keys = Keys::default();
        if let Some(session) = &mut self.shared.session {
            session.clear();
        }
        self.state = State::Failed(failure, stage);
    }
}

const WARNING: u8 = 1;
const FATAL: u8 = 2;

fn check_setup(config: &Config<'_>, receive: usize, send: usize) -> Result<(), Error> {
    let (minimum_receive, minimum_send) = config.groups.minimum_buffers();
    if receive < minimum_receive {
        return Err(Error::ReceiveBufferTooSmall { size: receive, minimum: minimum_receive });
    }
    if send < minimum_send {
        return Err(Error::SendBufferTooSmall { size: send, minimum: minimum_send });
    }
    if matches!(config.trust.0, TrustKind::Anchors([])) {
        return Err(Error::NoTrustAnchors);
    }
    config.client().map_or(Ok(()), ClientIdentity::validate)
}
