//! The server itself: runs a [`Script`], and judges what the client sends.

use crate::code::suite;
use crate::crypto::{KeySchedule, Protection, Secret, TrafficSecrets};
use crate::script::Script;
use crate::seen::{Epoch, Seen};
use crate::wire::Complaint;

mod client_certificate;
mod make;
mod receive;
mod send;

/// A TLS 1.3 server without I/O: octets in through [`Self::feed`], octets out through
/// [`Self::outgoing`].
pub struct Peer {
    script: Script,
    /// The next action.
    at: usize,
    /// Octets of the client that make no whole record yet.
    incoming: Vec<u8>,
    out: Vec<u8>,
    /// How many octets have gone into `out`, ever.
    sent: usize,
    /// How many of them when the application keys came.
    sent_in_handshake: Option<usize>,
    ended: bool,
    /// Handshake octets that are in no record yet.
    pending: Vec<u8>,
    transcript: Vec<u8>,
    shared_secret: Vec<u8>,
    schedule: Option<KeySchedule>,
    handshake_secrets: Option<TrafficSecrets>,
    application_secrets: Option<TrafficSecrets>,
    /// What tickets stand for.
    resumption_secret: Option<Secret>,
    /// The schemes of the CertificateRequest, as sent, if there was one in the handshake.
    requested_schemes: Option<Vec<u16>>,
    suite: u16,
    write: Option<Protection>,
    read: Option<Protection>,
    read_epoch: Epoch,
    /// The client's handshake octets that make no whole message yet.
    reassembly: Vec<u8>,
    hellos_used: usize,
    seen: Seen,
}

impl Peer {
    /// A server that waits for its client.
    pub fn new(script: Script) -> Self {
        Self {
            script,
            at: 0,
            incoming: Vec::new(),
            out: Vec::new(),
            sent: 0,
            sent_in_handshake: None,
            ended: false,
            pending: Vec::new(),
            transcript: Vec::new(),
            shared_secret: Vec::new(),
            schedule: None,
            handshake_secrets: None,
            application_secrets: None,
            resumption_secret: None,
            requested_schemes: None,
            suite: suite::CHACHA20_POLY1305_SHA256,
            write: None,
            read: None,
            read_epoch: Epoch::Plain,
            reassembly: Vec::new(),
            hellos_used: 0,
            seen: Seen::default(),
        }
    }

    /// Takes octets of the client, in pieces of any size, and goes on with the script. A client that breaks a rule
    /// gets no further answer; [`Seen::complaint`] says why.
    pub fn feed(&mut self, octets: &[u8]) {
        self.incoming.extend(octets);
        if self.seen.complaint.is_none() {
            self.seen.complaint = self.progress().err();
        }
    }

    /// What is to be sent to the client since the last call.
    pub fn outgoing(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.out)
    }

    /// Whether the server has ended the connection: behind what [`Self::outgoing`] gives, the client
    /// reads end of file.
    pub fn has_ended(&self) -> bool {
        self.ended
    }

    /// What the client has sent so far.
    pub fn seen(&self) -> &Seen {
        &self.seen
    }

    fn progress(&mut self) -> Result<(), Complaint> {
        while let Some(header) = self.incoming.first_chunk::<5>().copied() {
            let length = usize::from(u16::from_be_bytes([header[3], header[4]]));
            if self.incoming.len() < 5 + length {
                break;
            }
            let rest = self.incoming.split_off(5 + length);
            let record = std::mem::replace(&mut self.incoming, rest);
            self.receive_record(header, &record[5..])?;
            // The script may change keys between two records of the client.
            self.run()?;
        }
        self.run()
    }
}
