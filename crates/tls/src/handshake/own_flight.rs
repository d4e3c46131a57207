//! This client's last flight, RFC 9846 §4.5: Certificate and CertificateVerify where the server asked
//! for them and there is an identity that suits it, and Finished.

use super::{FinishedVerified, Identity, Shared, State};
use crate::{
    fault::{Failure, Fault},
    key_schedule,
    messages::CertificateRequest,
    record::{CipherSuite, ContentType, RecordKeys},
    traffic::Traffic,
};

/// How a CertificateRequest was answered, RFC 9846 §4.5.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// There was none.
    NotRequested,
    /// By a Certificate message without a certificate.
    Empty,
    /// By a certificate, and a signature of its key.
    Certificate,
}

/// The server's Finished is verified, and the flight not yet sent.
pub(crate) struct OwnFlight {
    pub(super) suite: CipherSuite,
    pub(super) requested: Option<CertificateRequest>,
    pub(super) server: Identity,
    pub(super) finished: FinishedVerified,
}

impl OwnFlight {
    pub(super) fn begin(self, shared: &mut Shared<'_>) -> Result<State, Failure> {
        let Some(request) = &self.requested else { return self.finish(Answer::NotRequested, shared) };
        // RFC 9846 §4.5.2: the signature's scheme must be one of the request's.
        if request.takes_ecdsa_secp256r1_sha256 && shared.config.client().is_some() {
            return Ok(State::SendCertificate(SendCertificate { flight: self, sent: 0 }));
        }
        // RFC 9846 §4.5.1: a client without a suitable certificate sends an empty list, and
        // (§4.5.2) no CertificateVerify.
        self.send(&[11, 0, 0, 4, 0, 0, 0, 0], shared)?;
        self.finish(Answer::Empty, shared)
    }

    /// Finished, and then the keys for application data in the direction of the server.
    fn finish(self, answer: Answer, shared: &mut Shared<'_>) -> Result<State, Failure> {
        let secrets = shared.keys.handshake.as_ref().ok_or(Fault::Internal)?;
        let data = key_schedule::finished(&secrets.client, &shared.transcript.hash());
        let mut message = [0; 36];
        for (to, from) in message.iter_mut().zip([20, 0, 0, 32].iter().chain(&data)) {
            *to = *from;
        }
        self.send(&message, shared)?;

        let Shared { transcript, keys, session, memo, .. } = shared;
        if session.is_some() {
            let secrets = keys.handshake.as_ref().ok_or(Fault::Internal)?;
            keys.resumption = Some(secrets.resumption(&transcript.hash()));
        }
        keys.handshake = None;
        let client = keys.client_traffic.as_ref().ok_or(Fault::Internal)?;
        keys.write = Some(RecordKeys::new(self.suite, client));
        // Only now, so that nobody but a server that was verified can fill it.
        if let Some(memo) = memo {
            memo.enter_noted();
        }
        Ok(State::Traffic(Traffic::new(self.suite, self.server, self.finished, answer)))
    }

    /// One short message, into the transcript and out, in records as small as the server wants them.
    fn send(&self, message: &[u8], shared: &mut Shared<'_>) -> Result<(), Failure> {
        let Shared { transcript, send, keys, limits, .. } = shared;
        let write = keys.write.as_mut().ok_or(Fault::Internal)?;
        transcript.add(message);
        for fragment in message.chunks(limits.send().max(1)) {
            send.push_sealed(write, ContentType::Handshake, fragment)?;
        }
        Ok(())
    }
}

/// The Certificate message is on its way, as many octets of it as fit into a record at a time.
pub(crate) struct SendCertificate {
    flight: OwnFlight,
    /// Octets of the message that are in records and in the transcript.
    sent: usize,
}

impl SendCertificate {
    /// One record.
    pub(super) fn next(self, shared: &mut Shared<'_>) -> Result<State, Failure> {
        let Shared { config, transcript, send, keys, limits, .. } = shared;
        let identity = config.client().ok_or(Fault::Internal)?;
        let write = keys.write.as_mut().ok_or(Fault::Internal)?;
        let content = identity.copy_message(self.sent, send.content_space(limits.send()));
        transcript.add(content);
        let count = content.len();
        send.seal_content(write, ContentType::Handshake, count)?;
        let sent = self.sent.saturating_add(count);
        let flight = self.flight;
        Ok(if sent < identity.message_length() {
            State::SendCertificate(Self { flight, sent })
        } else {
            State::SendCertificateVerify(SendCertificateVerify { flight })
        })
    }
}

/// The Certificate message is sent; next the proof that this client holds the key.
pub(crate) struct SendCertificateVerify {
    flight: OwnFlight,
}

impl SendCertificateVerify {
    /// CertificateVerify and Finished. One public-key operation, the signer's.
    pub(super) fn next(self, shared: &mut Shared<'_>) -> Result<State, Failure> {
        let transcript = shared.transcript.hash();
        shared.compute();
        let identity = shared.config.client().ok_or(Fault::Internal)?;
        let message = identity.certificate_verify(&transcript)?;
        self.flight.send(message.octets(), shared)?;
        self.flight.finish(Answer::Certificate, shared)
    }
}
