//! The handshake, RFC 9846 §A.1: a struct for each state, consumed by the one message that may
//! come in it, or by sending what is due in it.
//!
//! ```text
//! ExpectServerHello ── HelloRetryRequest, once ──┐
//!     │      └─────────────────────────────────◄─┘
//!     ▼ ServerHello
//! ExpectEncryptedExtensions ── EncryptedExtensions of a resumed session ──┐
//!     ▼ EncryptedExtensions                                               │
//! ExpectCertificate ── CertificateRequest, once ──┐
//!     │      └──────────────────────────────────◄─┘
//!     ▼ Certificate
//! VerifyPath ── a signature a step, without a message ──┐
//!     │      └────────────────────────────────────────◄─┘
//!     ▼                          makes CertVerified
//! ExpectCertificateVerify
//!     ▼ CertificateVerify        makes SignatureVerified
//! ExpectFinished ◄── with the proof Resumed, made when it was offered ────┘
//!     │ Finished                 makes FinishedVerified
//!     ├─ where this client has no certificate to send ───────────────┐
//!     ▼                                                              │
//! SendCertificate ── a record, and there are more ──┐                │
//!     │      └────────────────────────────────────◄─┘                │
//!     ▼ its last record                                              │
//! SendCertificateVerify                                              │
//!     ▼ CertificateVerify                                            ▼
//! Traffic                        cannot be made without the proofs
//! ```

use crate::{
    Config,
    codec::Reader,
    error::Stage,
    extensions::Offered,
    fault::{Failure, Fault},
    hello::{BINDERS, ClientHello, More, Offer, ServerHello},
    key_exchange::{KeyExchange, NamedGroup, SharedSecret},
    key_schedule::{self, HandshakeSecrets, Secret, Transcript},
    limits::Agreed,
    memo::SignatureMemo,
    messages::{self, CertificateRequest, HandshakeType},
    path::{
        CertVerified, CertificateList, PathVerification, Progress, SignatureVerified,
        verify_handshake_signature,
    },
    record::{CipherSuite, RecordKeys},
    send::SendBuffer,
    session::{Resumed, Session},
    traffic::Traffic,
};

pub(crate) use own_flight::Answer;
use own_flight::{OwnFlight, SendCertificate, SendCertificateVerify};

mod own_flight;

/// Proof that the server's Finished fits the transcript. Made in [`ExpectFinished::finished`] alone.
pub(crate) struct FinishedVerified(());

/// What the states share: the configuration, the transcript, the keys, and the way out.
pub(crate) struct Shared<'a> {
    pub(crate) config: Config<'a>,
    /// What the ClientHello asks for.
    pub(crate) offered: Offered,
    /// What is drawn for it.
    pub(crate) hello: ClientHello,
    /// When the server's certificate was verified, in Unix seconds: in this connection, or in the one
    /// that the session is from which is offered.
    pub(crate) verified: u64,
    /// How large records may be.
    pub(crate) limits: Agreed,
    /// The caller's session, and room for the next.
    pub(crate) session: Option<&'a mut Session>,
    pub(crate) transcript: Transcript,
    pub(crate) send: SendBuffer<'a>,
    pub(crate) keys: Keys,
    /// How far [`VerifyPath`] has come. It is not in the state, since each new state would carry
    /// octets of the stack along in its place, and there are secrets among those.
    pub(crate) path: PathVerification,
    /// The caller's memo of signatures.
    pub(crate) memo: Option<&'a mut SignatureMemo>,
    /// Whether the current step has done its public-key operation.
    pub(crate) computed: bool,
}

impl Shared<'_> {
    /// To be called with each public-key operation: a step has one at most.
    pub(crate) fn compute(&mut self) {
        debug_assert!(!self.computed, "two public-key operations in one step");
        self.computed = true;
    }
}

/// The keys of both directions; none before ServerHello, and none after a failure.
///
/// Secrets stay where they are here: they do not move with the states, since a move leaves a copy
/// behind that nothing wipes. Each is dropped, and so zeroized, by `None` in its place.
#[derive(Default)]
pub(crate) struct Keys {
    /// Until ServerHello.
    pub(crate) exchange: Option<KeyExchange>,
    /// The Early Secret of the session that is offered, until ServerHello.
    pub(crate) early: Option<Secret>,
    /// From ServerHello to Finished.
    pub(crate) handshake: Option<HandshakeSecrets>,
    pub(crate) read: Option<RecordKeys>,
    pub(crate) write: Option<RecordKeys>,
    /// What a KeyUpdate makes the next keys from.
    pub(crate) server_traffic: Option<Secret>,
    pub(crate) client_traffic: Option<Secret>,
    /// What tickets stand for, where there is room for one.
    pub(crate) resumption: Option<Secret>,
}

/// One whole handshake message.
pub(crate) struct Received<'m> {
    pub(crate) kind: HandshakeType,
    /// Header and body, as they enter the transcript.
    pub(crate) octets: &'m [u8],
    /// Whether the record layer holds more octets of the same keys behind it.
    pub(crate) more_behind: bool,
    /// The Certificate message, in [`ExpectCertificateVerify`].
    pub(crate) certificate: &'m [u8],
}

impl<'m> Received<'m> {
    pub(crate) fn body(&self) -> &'m [u8] {
        body(self.octets)
    }

    fn require(&self, expected: HandshakeType) -> Result<(), Failure> {
        // RFC 9846 §4: any message out of order is an unexpected_message.
        if self.kind == expected {
            Ok(())
        } else {
            Err(Fault::UnexpectedMessage.at(self.kind, u16::from(expected.0)))
        }
    }

    /// RFC 9846 §5.1: a message before a change of keys ends its record.
    pub(crate) fn ends_record(&self) -> Result<(), Failure> {
        if self.more_behind { Err(Fault::MessageAcrossKeys.into()) } else { Ok(()) }
    }
}

fn body(message: &[u8]) -> &[u8] {
    message.get(4..).unwrap_or_default()
}

/// Where a connection is.
pub(crate) enum State {
    ExpectServerHello(ExpectServerHello),
    ExpectEncryptedExtensions(ExpectEncryptedExtensions),
    ExpectCertificate(ExpectCertificate),
    VerifyPath(VerifyPath),
    ExpectCertificateVerify(ExpectCertificateVerify),
    ExpectFinished(ExpectFinished),
    SendCertificate(SendCertificate),
    SendCertificateVerify(SendCertificateVerify),
    Traffic(Traffic),
    /// Why, and the stage that it came in.
    Failed(Failure, Stage),
}

impl State {
    /// The transition for a handshake message. Messages after the handshake are not handled here.
    pub(crate) fn next(self, message: &Received<'_>, shared: &mut Shared<'_>) -> Result<Self, Failure> {
        match self {
            Self::ExpectServerHello(state) => state.server_hello(message, shared),
            Self::ExpectEncryptedExtensions(state) => state.encrypted_extensions(message, shared),
            Self::ExpectCertificate(state) => state.certificate(message, shared),
            Self::ExpectCertificateVerify(state) => state.certificate_verify(message, shared),
            Self::ExpectFinished(state) => state.finished(message, shared),
            // These take no message here.
            Self::VerifyPath(_)
            | Self::SendCertificate(_)
            | Self::SendCertificateVerify(_)
            | Self::Traffic(_) => Err(Fault::Internal.into()),
            Self::Failed(..) => Err(Fault::Internal.into()),
        }
    }

    /// Whether it is this client's turn: no message is due before [`Self::send`].
    pub(crate) fn is_sending(&self) -> bool {
        matches!(self, Self::SendCertificate(_) | Self::SendCertificateVerify(_))
    }

    /// The transition for sending what is due, once everything before it is sent.
    pub(crate) fn send(self, shared: &mut Shared<'_>) -> Result<Self, Failure> {
        match self {
            Self::SendCertificate(state) => state.next(shared),
            Self::SendCertificateVerify(state) => state.next(shared),
            _ => Err(Fault::Internal.into()),
        }
    }

    pub(crate) fn stage(&self) -> Stage {
        match self {
            Self::ExpectServerHello(_) | Self::ExpectEncryptedExtensions(_) => Stage::Hello,
            Self::ExpectCertificate(_) | Self::VerifyPath(_) => Stage::Certificate,
            Self::ExpectCertificateVerify(_) => Stage::Verify,
            Self::ExpectFinished(_) | Self::SendCertificate(_) | Self::SendCertificateVerify(_) => {
                Stage::Finished
            }
            Self::Traffic(_) => Stage::Traffic,
            Self::Failed(_, stage) => *stage,
        }
    }
}

/// The ClientHello is on its way.
pub(crate) struct ExpectServerHello {
    retried: Option<CipherSuite>,
    /// What the server's choice of the session that is offered would prove.
    session: Option<Resumed>,
}

impl ExpectServerHello {
    pub(crate) fn start(shared: &mut Shared<'_>) -> Result<Self, Failure> {
        let Shared { session: slot, config, keys, verified, .. } = shared;
        let session = slot.as_mut().and_then(|session| session.offer(config, &mut keys.early, verified));
        shared.offered.pre_shared_key = session.is_some();
        let state = Self { retried: None, session };
        // RFC 9846 §5.1: the record of the first ClientHello says 0x0301.
        state.send_hello(0x0301, None, shared)?;
        Ok(state)
    }

    /// Writes a ClientHello into the send buffer, its binder into it, and both into the
    /// transcript.
    fn send_hello(
        &self,
        version: u16,
        cookie: Option<&[u8]>,
        shared: &mut Shared<'_>,
    ) -> Result<(), Failure> {
        let Shared { config, offered, hello, send, transcript, session: slot, keys, .. } = shared;
        let session = slot.as_ref().filter(|_| self.session.is_some());
        let more = More {
            key_exchange: keys.exchange.as_ref().ok_or(Fault::Internal)?,
            cookie,
            limits: offered.limits,
            psk_modes: slot.is_some(),
            ticket: session.and_then(|session| session.ticket(config.now)),
        };
        let message = send.push_handshake(version, |out| {
            hello.write(out, config, &more);
        })?;
        if let Some(early) = &keys.early {
            // RFC 9846 §4.3.11.2: over everything but the list of binders, which ends the message.
            let covered = message.len().saturating_sub(BINDERS);
            let mut truncated = transcript.clone();
            truncated.add(message.get(..covered).ok_or(Fault::Internal)?);
            let binder = key_schedule::binder(early, &truncated.hash());
            *message.last_chunk_mut().ok_or(Fault::Internal)? = binder;
        }
        transcript.add(message);
        Ok(())
    }

    #[inline(never)]
    fn server_hello(self, message: &Received<'_>, shared: &mut Shared<'_>) -> Result<State, Failure> {
        message.require(HandshakeType::SERVER_HELLO)?;
        let offer = Offer {
            session_id: &shared.hello.session_id,
            offered: shared.offered,
            retried: self.retried,
            groups: shared.config.groups,
            shares: shared.keys.exchange.as_ref().ok_or(Fault::Internal)?.shares(),
        };
        match ServerHello::parse(message.body(), &offer)? {
            ServerHello::Retry { suite, group, cookie } => {
                message.ends_record()?;
                self.retry(suite, group, cookie, message, shared)
            }
            ServerHello::Hello { suite, group, public_key, resumed } => {
                message.ends_record()?;
                let session = if resumed { self.session } else { None };
                let this = Self { session, ..self };
                this.key_exchange(suite, (group, public_key), message, shared)
            }
        }
    }

    /// RFC 9846 §4.2.4. One public-key operation at most: a new share, or the same one again.
    fn retry(
        self,
        suite: CipherSuite,
        group: Option<NamedGroup>,
        cookie: Option<&[u8]>,
        message: &Received<'_>,
        shared: &mut Shared<'_>,
    ) -> Result<State, Failure> {
        let exchange = shared.keys.exchange.as_mut().ok_or(Fault::Internal)?;
        if let Some(group) = group {
            exchange.retry(group)?;
        }
        if group.is_some() || exchange.computes_share() {
            shared.compute();
        }
        shared.transcript.replace_by_message_hash();
        shared.transcript.add(message.octets);
        // RFC 9846 §E.4: before the second flight, which begins here.
        shared.send.push_change_cipher_spec()?;
        self.send_hello(0x0303, cookie, shared).map_err(|failure| match failure.fault() {
            Fault::SendBufferTooSmall => Fault::CookieTooLarge.into(),
            _ => failure,
        })?;
        Ok(State::ExpectServerHello(Self { retried: Some(suite), ..self }))
    }

    /// RFC 9846 §7.1. One public-key operation; X25519MLKEM768 is two.
    #[inline(never)]
    fn key_exchange(
        self,
        suite: CipherSuite,
        (group, public_key): (NamedGroup, &[u8]),
        message: &Received<'_>,
        shared: &mut Shared<'_>,
    ) -> Result<State, Failure> {
        shared.compute();
        let mut secret = SharedSecret::new([0; _]);
        let exchange = shared.keys.exchange.as_ref().ok_or(Fault::Internal)?;
        let secret = exchange.shared_secret(group, public_key, &mut secret)?;
        shared.transcript.add(message.octets);
        if self.retried.is_none() {
            shared.send.push_change_cipher_spec()?;
        }
        // The ticket is used, or of no use.
        if let Some(session) = &mut shared.session {
            session.clear();
        }
        let keys = &mut shared.keys;
        if self.session.is_none() {
            keys.early = Some(key_schedule::early_secret(&[0; 32]));
        }
        let early = keys.early.as_ref().ok_or(Fault::Internal)?;
        let secrets = keys.handshake.insert(HandshakeSecrets::new(early, secret, &shared.transcript.hash()));
        keys.read = Some(RecordKeys::new(suite, &secrets.server));
        keys.write = Some(RecordKeys::new(suite, &secrets.client));
        keys.early = None;
        keys.exchange = None;
        let resumed = self.session;
        Ok(State::ExpectEncryptedExtensions(ExpectEncryptedExtensions { suite, resumed }))
    }
}

/// ServerHello is in; from here on everything is encrypted.
pub(crate) struct ExpectEncryptedExtensions {
    suite: CipherSuite,
    resumed: Option<Resumed>,
}

impl ExpectEncryptedExtensions {
    fn encrypted_extensions(self, message: &Received<'_>, shared: &mut Shared<'_>) -> Result<State, Failure> {
        message.require(HandshakeType::ENCRYPTED_EXTENSIONS)?;
        messages::encrypted_extensions(message.body(), shared.offered, &mut shared.limits)?;
        shared.transcript.add(message.octets);
        let Self { suite, resumed } = self;
        let requested = None;
        Ok(match resumed {
            // RFC 9846 §4.5: no Certificate, no CertificateVerify; §4.4.2: nor a request for one.
            Some(resumed) => {
                let server = Identity::Session(resumed);
                State::ExpectFinished(ExpectFinished { suite, requested, server })
            }
            None => State::ExpectCertificate(ExpectCertificate { suite, requested }),
        })
    }
}

/// Next the server's certificates, perhaps after a request for one of the client's.
pub(crate) struct ExpectCertificate {
    suite: CipherSuite,
    requested: Option<CertificateRequest>,
}

impl ExpectCertificate {
    /// Certificate: only read here.
    #[inline(never)]
    fn certificate(self, message: &Received<'_>, shared: &mut Shared<'_>) -> Result<State, Failure> {
        // RFC 9846 §4.4.2: a CertificateRequest follows EncryptedExtensions, once.
        if message.kind == HandshakeType::CERTIFICATE_REQUEST && self.requested.is_none() {
            let requested = Some(CertificateRequest::parse(message.body())?);
            shared.transcript.add(message.octets);
            return Ok(State::ExpectCertificate(Self { requested, ..self }));
        }
        message.require(HandshakeType::CERTIFICATE)?;
        CertificateList::parse(message.body(), shared.offered)?;
        shared.transcript.add(message.octets);
        let Self { suite, requested } = self;
        shared.path.restart();
        Ok(State::VerifyPath(VerifyPath { suite, requested }))
    }
}

/// The server's certificates are there, and their path is being verified.
pub(crate) struct VerifyPath {
    suite: CipherSuite,
    requested: Option<CertificateRequest>,
}

impl VerifyPath {
    /// One public-key operation at most. `message` is the Certificate message, in the same place
    /// each time. The next state, once the path is verified.
    pub(crate) fn step(&self, message: &[u8], shared: &mut Shared<'_>) -> Result<Option<State>, Failure> {
        let list = CertificateList::parse(body(message), shared.offered)?;
        match shared.path.step(list.as_slice(), &shared.config, shared.memo.as_deref_mut())? {
            Progress::Remembered => Ok(None),
            Progress::Computed => {
                shared.compute();
                Ok(None)
            }
            Progress::Done(certificate) => {
                shared.verified = shared.config.now.as_secs();
                let Self { suite, requested } = *self;
                let state = ExpectCertificateVerify { suite, requested, certificate };
                Ok(Some(State::ExpectCertificateVerify(state)))
            }
        }
    }
}

/// The path is verified; next the proof that the server holds the key.
pub(crate) struct ExpectCertificateVerify {
    suite: CipherSuite,
    requested: Option<CertificateRequest>,
    certificate: CertVerified,
}

impl ExpectCertificateVerify {
    /// One public-key operation.
    #[inline(never)]
    fn certificate_verify(self, message: &Received<'_>, shared: &mut Shared<'_>) -> Result<State, Failure> {
        message.require(HandshakeType::CERTIFICATE_VERIFY)?;
        let reader = Reader::new(message.body(), message.kind);
        let (scheme, signature) = reader.all(|fields| (fields.u16(), fields.vector16()))?;
        let list = CertificateList::parse(body(message.certificate), shared.offered)?;
        let transcript = shared.transcript.hash();
        shared.compute();
        let signature = verify_handshake_signature(list.server()?, &transcript, scheme, signature)?;
        shared.transcript.add(message.octets);
        let Self { suite, requested, certificate } = self;
        let server = Identity::Certificate(certificate, signature);
        Ok(State::ExpectFinished(ExpectFinished { suite, requested, server }))
    }
}

/// The server is who it says; next the proof that nobody changed the handshake.
pub(crate) struct ExpectFinished {
    suite: CipherSuite,
    requested: Option<CertificateRequest>,
    server: Identity,
}

/// How it is known who the server is.
pub(crate) enum Identity {
    /// By its certificate, and its signature in this handshake.
    Certificate(CertVerified, SignatureVerified),
    /// By a session that began with them.
    Session(Resumed),
}

impl ExpectFinished {
    #[inline(never)]
    fn finished(self, message: &Received<'_>, shared: &mut Shared<'_>) -> Result<State, Failure> {
        message.require(HandshakeType::FINISHED)?;
        message.ends_record()?;
        let Shared { transcript, keys, .. } = shared;
        let secrets = keys.handshake.as_ref().ok_or(Fault::Internal)?;
        let verify_data = key_schedule::finished(&secrets.server, &transcript.hash());
        // RFC 9846 §4.5.3: the length is the hash's; anything else cannot be parsed.
        if message.body().len() != verify_data.len() {
            return Err(Fault::Malformed.of(message.kind));
        }
        if !key_schedule::equal(message.body(), &verify_data) {
            return Err(Fault::Finished.into());
        }
        let finished = FinishedVerified(());
        transcript.add(message.octets);
        let (client, server) = secrets.application(&transcript.hash());
        keys.read = Some(RecordKeys::new(self.suite, &server));
        keys.server_traffic = Some(server);
        keys.client_traffic = Some(client);
        let Self { suite, requested, server } = self;
        OwnFlight { suite, requested, server, finished }.begin(shared)
    }
}
