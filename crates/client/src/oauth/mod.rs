//! OAuth 2.0 access tokens by client credentials (RFC 6749 §4.4), for requests as bearer of one
//! (RFC 6750 §2.1).
//!
//! [`TokenSource`] holds the credentials and, in the caller's memory, the token. With a client, that is all:
//! [`crate::Post::with_tokens`] has it get a token where there is none and renew one that is refused.
//!
//! The source sends nothing itself: it writes the token request, takes the answer, and says whether the token
//! is still good. Without a client, two POSTs, then:
//!
//! ```no_run
//! use picopost::oauth::{Authentication, ClientCredentials, TokenSource};
//! use picopost::rand_core::TryCryptoRng;
//! use picopost::{Buffers, Clock, Device, Error, Header, Request, Trust, Url, blocking};
//!
//! /// Sends a reading: the status of the answer.
//! fn send<C: blocking::Connect, R: TryCryptoRng>(
//!     reading: &[u8],
//!     tokens: &mut TokenSource<'_>,
//!     trust: Trust<'_>,
//!     memory: &mut [[u8; 5 * 1024]; 3],
//!     connector: &mut C,
//!     clock: &impl Clock,
//!     entropy: &mut R,
//! ) -> Result<u16, Error> {
//!     let now = clock.now().map_or(0, |now| now.as_secs());
//!     let [receive, send, response] = memory;
//!     if tokens.authorization(now).is_none() {
//!         let mut scratch = [0; 512];
//!         let request = tokens.request(&mut scratch)?;
//!         let header = request.header()?;
//!         let request = request.as_request(header.as_slice());
//!         let buffers = Buffers::new(receive, send, response);
//!         let device = Device { connector: &mut *connector, clock, entropy: &mut *entropy };
//!         let answer = blocking::post(&request, trust, buffers, device, &mut ())?;
//!         tokens.take(&answer, now)?;
//!     }
//!     let bearer = tokens.authorization(now).map(|value| Header::new("Authorization", value)).transpose()?;
//!     let url = Url::parse("https://api.example.com/readings")?;
//!     let request = Request::json(url, reading).with_headers(bearer.as_slice());
//!     let buffers = Buffers::new(receive, send, response);
//!     let answer = blocking::post(&request, trust, buffers, Device { connector, clock, entropy }, &mut ())?;
//!     let status = answer.status().0;
//!     // RFC 6750 §3.1: the next reading gets a new token.
//!     if status == 401 {
//!         tokens.discard();
//!     }
//!     Ok(status)
//! }
//!
//! # let mut memory = [0; 1024];
//! let credentials = ClientCredentials {
//!     token_url: Url::parse("https://auth.example.com/oauth/token")?,
//!     client_id: "device-7",
//!     client_secret: "secret",
//!     authentication: Authentication::Basic,
//!     parameters: &[("scope", "readings:write")],
//! };
//! let tokens = TokenSource::new(credentials, &mut memory);
//! # let _ = tokens;
//! # Ok::<(), Error>(())
//! ```

use core::fmt;

use picopost_http::{Response, Url};
use zeroize::Zeroize;

pub use error::{ErrorCode, TokenError};
pub use request::TokenRequest;

mod error;
mod request;
mod response;

/// How the client authenticates at the token endpoint, RFC 6749 §2.3.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Authentication {
    /// `Authorization: Basic`, and a form body. What every server of RFC 6749 must support.
    Basic,
    /// `client_id` and `client_secret` in the form body.
    Form,
    /// Everything in a JSON body: no standard, but what some services want.
    Json,
}

/// A client's credentials, and where they are good for a token.
#[derive(Clone, Copy)]
pub struct ClientCredentials<'c> {
    /// The token endpoint.
    pub token_url: Url<'c>,
    /// The client identifier (RFC 6749 §2.2).
    pub client_id: &'c str,
    /// The client's password.
    pub client_secret: &'c str,
    /// How they are sent.
    pub authentication: Authentication,
    /// Further parameters of the request, such as `scope` and `audience`: name and value.
    pub parameters: &'c [(&'c str, &'c str)],
}

impl fmt::Debug for ClientCredentials<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientCredentials")
            .field("token_endpoint", &self.token_url.authority())
            .field("client_id", &self.client_id)
            .field("authentication", &self.authentication)
            .finish_non_exhaustive()
    }
}

/// Credentials, and the token that they were last exchanged for.
///
/// The token is wiped when it is replaced, when it is refused, and when the source is dropped.
pub struct TokenSource<'c> {
    credentials: ClientCredentials<'c>,
    /// `Bearer `, and the token.
    memory: &'c mut [u8],
    held: Option<Held>,
}

/// A token in memory.
#[derive(Clone, Copy)]
struct Held {
    /// Of `Bearer ` and the token, octets.
    length: usize,
    /// Unix seconds from which it is not used any more; `None` where the server did not say.
    renew_at: Option<u64>,
}

/// What precedes the token in the Authorization header (RFC 6750 §2.1).
const BEARER: &[u8] = b"Bearer ";
/// How long before its end a token is renewed, in seconds: the request has a way to go. At most a
/// tenth of its lifetime.
const MARGIN: u64 = 60;

impl<'c> TokenSource<'c> {
    /// A source without a token yet. `memory` takes the token with 7 octets before it: 1 KiB is
    /// enough for most services, some send tokens of 2 KiB and more.
    pub fn new(credentials: ClientCredentials<'c>, memory: &'c mut [u8]) -> Self {
        Self { credentials, memory, held: None }
    }

    /// The value of the Authorization header, unless there is no token, or it is at its end.
    pub fn authorization(&self, now: u64) -> Option<&str> {
        let held = self.held.filter(|held| held.renew_at.is_none_or(|renew_at| now < renew_at))?;
        core::str::from_utf8(self.memory.get(..held.length)?).ok()
    }

    /// How many octets of memory [`Self::request`] needs.
    pub fn request_size(&self) -> usize {
        request::size(&self.credentials)
    }

    /// The token request, written into `memory`, which is wiped when the request is dropped. Of
    /// the size that [`Self::request_size`] says, or larger.
    ///
    /// # Errors
    /// [`TokenError::RequestTooLarge`].
    pub fn request<'t>(&self, memory: &'t mut [u8]) -> Result<TokenRequest<'t>, TokenError>
    where
        'c: 't,
    {
        request::write(&self.credentials, memory)
    }

    /// Takes the token out of the token endpoint's answer. The buffer of the answer holds it too,
    /// until the next one takes its place.
    ///
    /// # Errors
    /// The server's own error (RFC 6749 §5.2), an answer that is none, a token that does not fit
    /// or could not be sent.
    pub fn take(&mut self, response: &Response<'_>, now: u64) -> Result<(), TokenError> {
        self.discard();
        let answer = response::parse(response, self.memory);
        self.memory.zeroize();
        let answer = answer?;
        let (prefix, rest) = self.memory.split_at_mut_checked(BEARER.len()).unwrap_or_default();
        let capacity = rest.len();
        let length = match answer.copy_token(rest) {
            Some(Ok(length)) if prefix.len() == BEARER.len() => BEARER.len() + length,
            refused => {
                // The beginning of it may be there.
                rest.zeroize();
                return Err(match refused {
                    Some(Err(error)) => error,
                    _ => TokenError::TooLarge { size: answer.token_length(), capacity },
                });
            }
        };
        prefix.copy_from_slice(BEARER);
        // One that is at its end already is good for the request that it was fetched for.
        let renew_at = answer
            .expires_in
            .map(|lifetime| now.saturating_add(lifetime.saturating_sub(MARGIN.min(lifetime / 10)).max(1)));
        self.held = Some(Held { length, renew_at });
        Ok(())
    }

    /// Wipes the token.
    pub fn discard(&mut self) {
        self.held = None;
        self.memory.zeroize();
    }
}

impl Drop for TokenSource<'_> {
    fn drop(&mut self) {
        self.discard();
    }
}

impl fmt::Debug for TokenSource<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenSource")
            .field("credentials", &self.credentials)
            .field("has_token", &self.held.is_some())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
