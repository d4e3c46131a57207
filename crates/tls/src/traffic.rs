//! After the handshake: tickets, key updates, and the two ends of the connection.

use crate::{
    AlertDescription,
    fault::{Failure, Fault},
    handshake::{Answer, FinishedVerified, Identity, Keys, Received, Shared},
    key_schedule,
    messages::HandshakeType,
    record::CipherSuite,
    session::{Origin, Ticket},
};

/// The handshake is done.
pub(crate) struct Traffic {
    /// RFC 9846 §4.7.3: a KeyUpdate is owed before the next application data.
    pub(crate) update_owed: bool,
    /// Whether the server said close_notify.
    pub(crate) read_closed: bool,
    /// Whether this client said close_notify.
    pub(crate) write_closed: bool,
    /// Whether the joined plaintext is a handshake message, not application data.
    pub(crate) joining: bool,
    /// Octets of a ticket that is passed over.
    pub(crate) skipping: usize,
    suite: CipherSuite,
    server: Identity,
    /// How this client answered when it was asked for its certificate.
    answer: Answer,
    _finished: FinishedVerified,
}

impl Traffic {
    pub(crate) fn new(
        suite: CipherSuite,
        server: Identity,
        finished: FinishedVerified,
        answer: Answer,
    ) -> Self {
        Self {
            update_owed: false,
            read_closed: false,
            write_closed: false,
            joining: false,
            skipping: 0,
            suite,
            server,
            answer,
            _finished: finished,
        }
    }

    /// A handshake message after the handshake, RFC 9846 §4.7.
    pub(crate) fn message(&mut self, message: &Received<'_>, shared: &mut Shared<'_>) -> Result<(), Failure> {
        match message.kind {
            HandshakeType::NEW_SESSION_TICKET => self.ticket(message.body(), shared),
            HandshakeType::KEY_UPDATE => {
                message.ends_record()?;
                self.key_update(message.body(), &mut shared.keys)
            }
            // RFC 9846 §4.7.2: post_handshake_auth was not offered.
            HandshakeType::CERTIFICATE_REQUEST => Err(Fault::PostHandshakeAuth.into()),
            kind => Err(Fault::UnexpectedMessage.at(kind, u16::from(HandshakeType::NEW_SESSION_TICKET.0))),
        }
    }

    /// RFC 9846 §4.7.1: kept where there is room for one, else read and forgotten.
    fn ticket(&self, body: &[u8], shared: &mut Shared<'_>) -> Result<(), Failure> {
        let ticket = Ticket::parse(body)?;
        if let (Some(session), Some(secret)) = (&mut shared.session, &shared.keys.resumption) {
            let verified = shared.verified;
            session.store(&ticket, &Origin { config: &shared.config, suite: self.suite, secret, verified });
        }
        Ok(())
    }

    /// RFC 9846 §4.5.1.3: a server judges the client's certificate when the client has done its part
    /// already, so its verdict comes now. Nothing but a client's certificate is left to be judged.
    pub(crate) fn alert(&self, alert: AlertDescription) -> Failure {
        match self.answer {
            Answer::Empty if alert.refuses_certificate() => Fault::NoClientCertificate.with(alert.0.into()),
            // decrypt_error: the signature in CertificateVerify (§4.5.2).
            Answer::Certificate
                if alert.refuses_certificate() || alert == AlertDescription::DECRYPT_ERROR =>
            {
                Fault::ClientCertificateRefused.with(alert.0.into())
            }
            _ => Fault::AlertReceived.with(alert.0.into()),
        }
    }

    /// Whether the connection is open in both directions, and not within a message. A KeyUpdate that is
    /// owed is no obstacle: it goes before the next application data.
    pub(crate) fn is_open(&self) -> bool {
        !self.read_closed && !self.write_closed && !self.joining && self.skipping == 0
    }

    /// Whether the server was verified by a session.
    pub(crate) fn is_resumed(&self) -> bool {
        matches!(self.server, Identity::Session(_))
    }

    /// RFC 9846 §4.7.3.
    fn key_update(&mut self, body: &[u8], keys: &mut Keys) -> Result<(), Failure> {
        let message = HandshakeType::KEY_UPDATE;
        match body {
            [0] => {}
            [1] => self.update_owed = true,
            [_] => return Err(Fault::IllegalParameter.of(message)),
            _ => return Err(Fault::Malformed.of(message)),
        }
        let (Some(read), Some(secret)) = (&mut keys.read, &mut keys.server_traffic) else {
            return Err(Fault::Internal.into());
        };
        *secret = key_schedule::next_generation(secret);
        *read = read.renewed(secret);
        Ok(())
    }
}
