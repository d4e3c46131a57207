//! A verified HTTPS POST from a microcontroller.
//!
//! `verify ← tls ← client`, `http ← client`: this crate puts the TLS engine and the HTTP exchange
//! together. [`Exchange`] is the whole POST without I/O: it says what to send and where to
//! receive. One short loop drives it, over a stream of `embedded-io` ([`blocking`]) or
//! `embedded-io-async` ([`asynch`]).
//!
//! [`asynch::Client`] and [`blocking::Client`] do what a device in the field needs around it: they give
//! up in time ([`TimeLimits`]), try again where nothing can be done twice ([`RetryPolicy`]), keep the
//! connection between POSTs, get access tokens (feature `oauth`), follow redirects where they may, and ask
//! for the time where there is no clock (feature `sntp`). Both are the same logic.
//!
//! What a client needs of the device:
//!
//! - a [`Platform`]: a TCP socket behind [`asynch::Transport`] or [`blocking::Transport`], `DelayNs`, the
//!   milliseconds since it was started ([`Uptime`]), a [`Clock`], since without the time no certificate can
//!   be verified, and a cryptographic random source ([`rand_core::TryCryptoRng`]);
//! - three [`Buffers`] of the caller's.
//!
//! ```
//! use picopost::embedded_hal_async::delay::DelayNs;
//! use picopost::{
//!     Buffers, Clock, Error, Platform, Post, Request, Trust, TrustAnchor, Uptime, Url, asynch, rand_core,
//! };
//!
//! /// Sends a reading: the service knows it again, should it come twice.
//! async fn send<T, D, U, K, R>(
//!     client: &mut asynch::Client<'_, T, D, U, K, R>,
//!     reading: &[u8],
//! ) -> Result<(), Error>
//! where
//!     T: asynch::Transport,
//!     D: DelayNs,
//!     U: Uptime,
//!     K: Clock,
//!     R: rand_core::TryCryptoRng,
//! {
//!     let request = Request::json(Url::parse("https://api.example.com/readings")?, reading);
//!     client.post(Post::from(&request).with_fresh_key()).await?.success()?;
//!     Ok(())
//! }
//!
//! /// Once, when the device starts.
//! async fn start<T: asynch::Transport>(
//!     platform: Platform<T, impl DelayNs, impl Uptime, impl Clock, impl rand_core::TryCryptoRng>,
//!     anchors: &[TrustAnchor<'_>],
//! ) -> Result<(), Error> {
//!     let (mut receive, mut request, mut response) = ([0; 5 * 1024], [0; 1024], [0; 2 * 1024]);
//!     let buffers = Buffers::new(&mut receive, &mut request, &mut response);
//!     let mut client = asynch::Client::new(Trust::anchors(anchors), buffers, platform);
//!     send(&mut client, b"{\"celsius\":21.5}").await
//! }
//! ```
//!
//! Below the clients, [`asynch::post`] and [`blocking::post`] make one attempt over one connection, and
//! leave time to the stream.
//!
//! No step takes longer than one public-key operation; X25519MLKEM768 counts as one. Behind each the async
//! driver yields to its executor, and both drivers call [`Observer::computed`], the place to feed a watchdog.
//!
//! The response is `Ok` whatever its status, once its body came whole; [`Response::success`]
//! tells 2xx from the rest. Every other end is an [`Error`] with a number and a [`Stage`].
//!
//! There is no way to send in clear text: no [`Url`] has another scheme than `https`.

#![no_std]
#![forbid(unsafe_code)]

pub use channel::{Channel, Secured};
pub use client::{Addresses, ClockHint, KeepAlive, Platform, Post, Redirects, RequestKey, Settings, Uptime};
pub use clock::{CLOCK_FLOOR, Clock, ClockError, TimeServerError};
pub use connect::{ConnectError, Device};
pub use error::{Direction, Error};
pub use exchange::{Action, Buffers, Exchange, Sink, SinkRefused};
pub use limits::{TimeLimits, TimePart};
pub use observe::{Attempt, Observer, Octets, Stage, Summary};
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
pub use {embedded_hal, embedded_hal_async, embedded_io, embedded_io_async, rand_core};

pub mod asynch;
pub mod blocking;
mod channel;
mod client;
mod clock;
mod connect;
mod drive;
mod error;
mod exchange;
mod limits;
#[cfg(feature = "oauth")]
pub mod oauth;
mod observe;
mod retry;
mod security;
