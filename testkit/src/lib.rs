//! What the tests share: a scripted TLS 1.3 server that misbehaves on request, and certificate chains.
//!
//! The server ([`Peer`]) is written apart from picopost's own engine, over aws-lc-rs, so that the
//! two do not share mistakes; that a good [`Script`] succeeds with rustls and OpenSSL is a test of
//! its own. It does no I/O: [`Peer::feed`] and [`Peer::outgoing`] move octets, and [`Listener`]
//! puts it on a TCP port.
//!
//! ```
//! use picopost_testkit::{Message, Peer, Script, chains::shapes};
//!
//! // A server that proves nothing: no client may go on with it.
//! let script = Script::good(shapes::gts()).without(Message::CertificateVerify);
//! let mut peer = Peer::new(script);
//! peer.feed(b"\x16\x03\x01");
//! assert!(peer.outgoing().is_empty());
//! ```

pub use client_hello::{ClientHello, PreSharedKey};
pub use entropy::CountingRng;
pub use flash::{Flash, FlashError, HALF_ERASED};
pub use messages::{
    Certificate, CertificateRequest, CertificateVerify, DOWNGRADE_TO_1_1, DOWNGRADE_TO_1_2, Extensions,
    IssuedTicket, NewSessionTicket, RETRY_RANDOM, ServerHello,
};
pub use peer::Peer;
pub use script::{Action, Keys, Message, RESPONSE, Script};
pub use seen::{Epoch, Event, Seen};
pub use tcp::Listener;
pub use wire::{Complaint, handshake, record, vector};

pub mod chains;
mod client_hello;
pub mod code;
mod crypto;
mod entropy;
mod flash;
mod keys;
mod messages;
mod peer;
mod script;
mod seen;
mod tcp;
mod wire;
