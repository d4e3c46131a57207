//! What a [`crate::Peer`] saw of its client.

use crate::client_hello::ClientHello;
use crate::code::alert;
use crate::messages::IssuedTicket;
use crate::wire::Complaint;

/// Which keys protected what the client sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Epoch {
    /// None.
    #[default]
    Plain,
    /// `client_handshake_traffic_secret`.
    Handshake,
    /// `client_application_traffic_secret` of some generation.
    Application,
}

/// One thing that the client sent, decrypted and found to be in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// A ClientHello.
    ClientHello,
    /// A change_cipher_spec record of the one octet 1.
    ChangeCipherSpec,
    /// A Certificate message without a certificate.
    Certificate,
    /// A Certificate message with so many certificates; they are in [`Seen::certificates`].
    Certificates(usize),
    /// A CertificateVerify with the key of the first of them.
    CertificateVerify,
    /// The right Finished.
    Finished,
    /// A record with so many octets of application data.
    Data(usize),
    /// A KeyUpdate with this `request_update`; the keys follow it.
    KeyUpdate(u8),
    /// An alert.
    Alert {
        /// `AlertDescription`.
        description: u8,
        /// The keys that it came under.
        epoch: Epoch,
    },
}

/// Everything that the client sent.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// The ClientHello, and the second one if there was a HelloRetryRequest.
    pub hellos: Vec<ClientHello>,
    /// All of it in order.
    pub events: Vec<Event>,
    /// The application data.
    pub data: Vec<u8>,
    /// The certificates, as DER.
    pub certificates: Vec<Vec<u8>>,
    /// The longest content of a protected record in octets.
    pub longest_content: usize,
    /// The tickets that it was sent.
    pub tickets: Vec<IssuedTicket>,
    /// The first rule that the client broke.
    pub complaint: Option<Complaint>,
    /// Whether an encrypted record has come.
    pub(crate) encrypted: bool,
    /// `legacy_record_version` of the last plaintext record.
    pub(crate) record_version: u16,
}

impl Seen {
    /// Whether the client's Finished came and was right.
    pub fn is_finished(&self) -> bool {
        self.events.contains(&Event::Finished)
    }

    /// The first alert that the client sent, close_notify included.
    pub fn alert(&self) -> Option<(u8, Epoch)> {
        self.events.iter().find_map(|event| match event {
            Event::Alert { description, epoch } => Some((*description, *epoch)),
            _ => None,
        })
    }

    /// Whether the client is done sending: any alert says so (RFC 9846 §6) but user_canceled, which
    /// a close_notify follows.
    pub fn is_closed(&self) -> bool {
        self.events.iter().any(
            |event| matches!(event, Event::Alert { description, .. } if *description != alert::USER_CANCELED),
        )
    }
}
