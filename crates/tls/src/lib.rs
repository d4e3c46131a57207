//! A TLS 1.3 client (RFC 9846) for small devices: no I/O, no heap, no clock, no random source of
//! its own, and nothing but TLS 1.3.
//!
//! `verify ← tls ← client`: this crate verifies through `picopost-verify` and rustls-webpki, and
//! the crate `picopost` drives it.

#![no_std]
#![forbid(unsafe_code)]

pub use alert::AlertDescription;
pub use error::{Error, Message, Stage};
pub use pki_types::{CertificateDer, ServerName, TrustAnchor, UnixTime};
use rand_core::TryCryptoRng;

mod alert;
mod error;

/// The smallest receive buffer: 1,024 octets.
pub const MIN_RECEIVE_BUFFER: usize = 1024;
/// A receive buffer that takes any record: 5 + 16,384 + 256 octets.
pub const FULL_RECEIVE_BUFFER: usize = 5 + 16_384 + 256;
/// The smallest send buffer: 512 octets, enough for a ClientHello with a long server name.
pub const MIN_SEND_BUFFER: usize = 512;
/// How many certificates a server may send: its own and seven more.
pub const MAX_CERTIFICATES: usize = 8;

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

/// Whom to connect to, and what is needed to verify it.
#[derive(Clone, Debug)]
pub struct Config<'a> {
    /// The name that the certificate must be for; sent as SNI where it is a DNS name.
    pub server_name: ServerName<'a>,
    /// The trust anchors.
    pub trust: Trust<'a>,
    /// The current time.
    pub now: UnixTime,
}

/// What [`Connection::step`] did, or needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Something was done: call again (after sending what [`Connection::outgoing`] shows).
    Again,
    /// Octets from the server are needed: read into [`Connection::incoming`].
    Receive,
    /// Decrypted octets wait in [`Connection::plaintext`].
    Plaintext,
    /// The server sent close_notify, and all plaintext is consumed.
    Closed,
}

/// One TLS connection over the caller's two buffers.
pub struct Connection<'a> {
    _config: Config<'a>,
}

impl<'a> Connection<'a> {
    /// Starts a connection: the ClientHello then waits in [`Self::outgoing`].
    /// One public-key operation.
    ///
    /// # Errors
    /// A buffer too small, no trust anchors, entropy that fails or repeats.
    pub fn new<R: TryCryptoRng + ?Sized>(
        config: Config<'a>,
        receive: &'a mut [u8],
        send: &'a mut [u8],
        entropy: &mut R,
    ) -> Result<Self, Error> {
        let _ = (receive, send, entropy);
        Ok(Self { _config: config })
    }

    /// Octets to send to the server, in order; empty when there is nothing to send. After an
    /// error, the alert that tells the server of it.
    pub fn outgoing(&self) -> &[u8] {
        unimplemented!()
    }

    /// The first `count` octets of [`Self::outgoing`] are sent.
    pub fn sent(&mut self, count: usize) {
        let _ = count;
    }

    /// Space for octets from the server. Never empty while [`Self::step`] says [`Step::Receive`].
    pub fn incoming(&mut self) -> &mut [u8] {
        unimplemented!()
    }

    /// The first `count` octets of [`Self::incoming`] are filled. 0 means end of file: nothing
    /// more will come from the transport.
    pub fn received(&mut self, count: usize) {
        let _ = count;
    }

    /// Takes the connection one step further: at most one record, one message.
    ///
    /// # Errors
    /// Whatever ends the connection. The error stays: every later call gives it again.
    pub fn step(&mut self) -> Result<Step, Error> {
        unimplemented!()
    }

    /// Whether the handshake is done: certificate, signature and Finished verified.
    pub fn is_established(&self) -> bool {
        unimplemented!()
    }

    /// Decrypted octets from the server.
    pub fn plaintext(&self) -> &[u8] {
        unimplemented!()
    }

    /// The first `count` octets of [`Self::plaintext`] are used up.
    pub fn consume(&mut self, count: usize) {
        let _ = count;
    }

    /// Space for plaintext to be sent, in the send buffer itself; empty while the handshake goes
    /// on, or while [`Self::outgoing`] has octets left.
    pub fn plaintext_space(&mut self) -> &mut [u8] {
        unimplemented!()
    }

    /// Encrypts the first `count` octets of [`Self::plaintext_space`], in place, as one record,
    /// which then waits in [`Self::outgoing`].
    ///
    /// # Errors
    /// [`Error::NotOpen`] before the handshake is done or after closing; key limits.
    pub fn seal(&mut self, count: usize) -> Result<(), Error> {
        let _ = count;
        unimplemented!()
    }

    /// Queues close_notify; nothing can be sent afterwards. To be called with nothing left in
    /// [`Self::outgoing`].
    ///
    /// # Errors
    /// [`Error::NotOpen`] before the handshake is done, or when closed already.
    pub fn close(&mut self) -> Result<(), Error> {
        unimplemented!()
    }
}
