//! A TLS 1.3 client (RFC 9846) for small devices: no I/O, no heap, no clock, no random source of
//! its own, and nothing but TLS 1.3.
//!
//! `verify ← tls ← client`: this crate verifies through `picopost-verify` and rustls-webpki, and
//! the crate `picopost` drives it.

#![no_std]
#![forbid(unsafe_code)]
// Nothing that a server sends may panic.
#![cfg_attr(
    not(test),
    deny(
        clippy::arithmetic_side_effects,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::unreachable,
        clippy::unwrap_used
    )
)]

pub use alert::AlertDescription;
pub use error::{Error, Message, Stage};
pub use pki_types::{CertificateDer, Der, IpAddr, ServerName, TrustAnchor, UnixTime};

pub use connection::{Connection, Parked};
pub use key_exchange::Groups;
pub use memo::SignatureMemo;
pub use path::{CertVerified, verify_server_path};
pub use session::Session;
#[cfg(feature = "client-auth")]
pub use {
    identity::ClientIdentity,
    p256_signer::P256Signer,
    signer::{Signature, Signer, SigningFailed},
};

#[cfg(not(feature = "client-auth"))]
use identity::ClientIdentity;

mod alert;
mod codec;
mod connection;
mod error;
mod error_text;
mod extensions;
mod fault;
mod handshake;
mod hello;
#[cfg_attr(not(feature = "client-auth"), path = "no_identity.rs")]
mod identity;
mod key_exchange;
mod key_schedule;
mod key_usage;
mod limits;
mod memo;
mod messages;
#[cfg(feature = "mlkem")]
mod ml_kem;
#[cfg(feature = "client-auth")]
mod p256_signer;
mod path;
mod receive;
mod record;
#[cfg(all(test, feature = "aes-gcm"))]
mod rfc8448;
mod send;
mod session;
#[cfg(feature = "client-auth")]
mod signer;
mod traffic;

/// The smallest receive buffer: 1,024 octets.
pub const MIN_RECEIVE_BUFFER: usize = 1024;
/// A receive buffer that takes any record: 5 + 16,384 + 256 octets.
pub const FULL_RECEIVE_BUFFER: usize = 5 + 16_384 + 256;
/// The smallest send buffer: 1,024 octets, enough for a ClientHello with a long server
/// name and a session.
pub const MIN_SEND_BUFFER: usize = 1024;
/// The smallest receive buffer with [`Groups::PostQuantum`]: 1,221 octets, a record with a
/// ServerHello that has the server's share of X25519MLKEM768.
#[cfg(feature = "mlkem")]
pub const MIN_RECEIVE_BUFFER_POST_QUANTUM: usize = 5 + hello::LONGEST_SERVER_HELLO;
/// The smallest send buffer with [`Groups::PostQuantum`]: 2,246 octets, [`MIN_SEND_BUFFER`] and the
/// client's share of X25519MLKEM768.
#[cfg(feature = "mlkem")]
pub const MIN_SEND_BUFFER_POST_QUANTUM: usize = MIN_SEND_BUFFER + hello::MORE_FOR_ML_KEM;
/// How many certificates a server may send: its own and five more.
pub const MAX_CERTIFICATES: usize = 6;

/// How a server is verified.
#[derive(Clone, Copy, Debug)]
pub struct Trust<'a>(TrustKind<'a>);

#[derive(Clone, Copy, Debug)]
enum TrustKind<'a> {
    Anchors(&'a [TrustAnchor<'a>]),
    #[cfg(feature = "danger-no-verification")]
    DangerAnyCertificate,
}

impl<'a> Trust<'a> {
    /// The path must end at one of these anchors.
    pub const fn anchors(anchors: &'a [TrustAnchor<'a>]) -> Self {
        Self(TrustKind::Anchors(anchors))
    }

    /// Danger: accepts any certificate for any name at any time. The server still has to prove
    /// that it holds the certificate's key; anyone can make such a certificate.
    #[cfg(feature = "danger-no-verification")]
    pub const fn danger_accept_any_certificate() -> Self {
        Self(TrustKind::DangerAnyCertificate)
    }
}

/// Whom to connect to, and what is needed to verify it: made by [`Self::new`], since features add
/// fields.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Config<'a> {
    /// The name that the certificate must be for; sent as SNI where it is a DNS name.
    pub server_name: ServerName<'a>,
    /// The trust anchors.
    pub trust: Trust<'a>,
    /// The current time.
    pub now: UnixTime,
    /// What is offered for the key exchange.
    pub groups: Groups,
    /// Who the client is, for a server that asks.
    #[cfg(feature = "client-auth")]
    pub identity: Option<ClientIdentity<'a>>,
}

impl<'a> Config<'a> {
    /// A connection to this server, verified so, at this time; everything else as it is by default.
    pub const fn new(server_name: ServerName<'a>, trust: Trust<'a>, now: UnixTime) -> Self {
        Self {
            server_name,
            trust,
            now,
            groups: Groups::Classical,
            #[cfg(feature = "client-auth")]
            identity: None,
        }
    }

    /// The same with these groups for the key exchange.
    #[must_use]
    pub fn with_groups(self, groups: Groups) -> Self {
        Self { groups, ..self }
    }

    /// The same for a client that has a certificate, which a server that asks for one gets.
    ///
    /// It goes out in as many records as it needs, one a step, and signing is a step of its own.
    /// Where the server asks for none, or takes no `ecdsa_secp256r1_sha256`, nothing is sent of it
    /// and nothing signed.
    #[cfg(feature = "client-auth")]
    #[must_use]
    pub fn with_identity(self, identity: ClientIdentity<'a>) -> Self {
        Self { identity: Some(identity), ..self }
    }

    /// Who the client is, if it is somebody.
    pub(crate) fn client(&self) -> Option<&ClientIdentity<'a>> {
        #[cfg(feature = "client-auth")]
        return self.identity.as_ref();
        #[cfg(not(feature = "client-auth"))]
        return None;
    }
}

/// What [`Connection::step`] did, or needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Something was done: call again (after sending what [`Connection::outgoing`] shows).
    Again,
    /// As [`Self::Again`], and a public-key operation was done: millions of instructions on a
    /// small chip. A good place to let others run, and to feed a watchdog.
    Computed,
    /// Octets from the server are needed: read into [`Connection::incoming`].
    Receive,
    /// Decrypted octets wait in [`Connection::plaintext`].
    Plaintext,
    /// The server sent close_notify, and all plaintext is consumed.
    Closed,
}
