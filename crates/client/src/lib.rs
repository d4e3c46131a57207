//! A verified HTTPS POST from a microcontroller.
//!
//! `verify ← tls ← client`, `http ← client`: this crate puts the TLS engine and the HTTP exchange
//! together. [`Exchange`] is the whole POST without I/O: it says what to send and where to
//! receive. [`blocking`] and [`asynch`] each drive it with one short loop over a stream of
//! `embedded-io` or `embedded-io-async`.
//!
//! What it needs of the device:
//!
//! - a TCP stream, behind [`blocking::Connect`] or [`asynch::Connect`], with time limits of its
//!   own: nothing here measures time, so nothing here gives up waiting;
//! - a [`Clock`]: without the time no certificate can be verified, and nothing is sent;
//! - a cryptographic random source ([`rand_core::TryCryptoRng`]);
//! - three [`Buffers`] of the caller's.
//!
//! No step takes longer than one public-key operation; X25519MLKEM768 counts as one. Behind each the async driver yields to its
//! executor, and both drivers call [`Observer::computed`], the place to feed a watchdog.
//!
//! The response is `Ok` whatever its status, once its body came whole; [`Response::success`]
//! tells 2xx from the rest. Every other end is an [`Error`] with a number and a [`Stage`].
//!
//! There is no way to send in clear text: no [`Url`] has another scheme than `https`.
//!
//! ```no_run
//! use picopost::{Buffers, Clock, Device, Error, Request, Trust, TrustAnchor, Url, blocking};
//!
//! fn token<C: blocking::Connect, R: picopost::rand_core::TryCryptoRng>(
//!     device: Device<'_, C, impl Clock, R>,
//!     anchors: &[TrustAnchor<'_>],
//! ) -> Result<u16, Error> {
//!     let url = Url::parse("https://auth.example.com/oauth/token")?;
//!     let request = Request::json(url, br#"{"grant_type":"client_credentials"}"#);
//!     let (mut receive, mut send, mut response) = ([0; 5 * 1024], [0; 1024], [0; 2 * 1024]);
//!     let buffers = Buffers::new(&mut receive, &mut send, &mut response);
//!     let response = blocking::post(&request, Trust::anchors(anchors), buffers, device, &mut ())?;
//!     response.success()?;
//!     Ok(response.status().0)
//! }
//! ```

#![no_std]
#![forbid(unsafe_code)]

pub use channel::{Channel, Secured};
pub use clock::{CLOCK_FLOOR, Clock, ClockError};
pub use connect::{ConnectError, Device};
pub use error::{Direction, Error};
pub use exchange::{Action, Buffers, Exchange, Sink, SinkRefused};
pub use observe::{Observer, Octets, Stage, Summary};
pub use picopost_http as http;
pub use picopost_http::{FieldValue, Header, Request, Response, Source, SourceFailed, StatusCode, Url};
#[cfg(feature = "outbox")]
pub use picopost_outbox as outbox;
pub use picopost_tls as tls;
#[cfg(feature = "client-auth")]
pub use picopost_tls::{ClientIdentity, P256Signer, Signature, Signer, SigningFailed};
pub use picopost_tls::{Der, Groups, Session, SignatureMemo, Trust, TrustAnchor, UnixTime};
pub use retry::{Ending, Fate, IdempotencyKey, RetryPolicy};
pub use security::Security;
pub use {embedded_io, embedded_io_async, rand_core};

pub mod asynch;
pub mod blocking;
mod channel;
mod clock;
mod connect;
mod error;
mod exchange;
#[cfg(feature = "oauth")]
pub mod oauth;
mod observe;
mod retry;
mod security;
