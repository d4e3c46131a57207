//! Requests as bearer of a token: RFC 6749 §4.4, RFC 6750.

use picopost_http::{FieldValue, Header, Request, Response};
use rand_core::TryCryptoRng;
use zeroize::Zeroize;

use super::engine::{Answer, Engine, Failed, Hop, Host, Trip};
use super::io::Io;
use crate::oauth::{TokenError, TokenRequest, TokenSource};
use crate::{Clock, Error, Fate, http};

/// A [`TokenSource`], whatever it borrows.
pub(crate) trait Tokens {
    fn authorization(&self, now: u64) -> Option<&str>;
    fn request_size(&self) -> usize;
    fn request<'t>(&'t self, memory: &'t mut [u8]) -> Result<TokenRequest<'t>, TokenError>;
    fn take(&mut self, response: &Response<'_>, now: u64) -> Result<(), TokenError>;
    fn discard(&mut self);
}

impl Tokens for TokenSource<'_> {
    fn authorization(&self, now: u64) -> Option<&str> {
        self.authorization(now)
    }

    fn request_size(&self) -> usize {
        self.request_size()
    }

    fn request<'t>(&'t self, memory: &'t mut [u8]) -> Result<TokenRequest<'t>, TokenError> {
        self.request(memory)
    }

    fn take(&mut self, response: &Response<'_>, now: u64) -> Result<(), TokenError> {
        self.take(response, now)
    }

    fn discard(&mut self) {
        self.discard();
    }
}

/// The tokens of one POST, if it has any.
pub(super) struct Bearer<'b> {
    tokens: Option<&'b mut (dyn Tokens + 'b)>,
    /// Whether a token was refused before: once only.
    is_renewed: bool,
}

impl<'b> Bearer<'b> {
    /// # Errors
    /// The request has an Authorization of its own.
    pub(super) fn new(
        tokens: Option<&'b mut (dyn Tokens + 'b)>,
        request: &Request<'_>,
    ) -> Result<Self, Error> {
        const NAME: &str = "authorization";
        if tokens.is_some() && request.has_header(NAME) {
            return Err(http::Error::FieldReserved { name: NAME }.into());
        }
        Ok(Self { tokens, is_renewed: false })
    }
}

impl<I: Io, K: Clock, R: TryCryptoRng> Engine<'_, I, K, R> {
    /// One attempt, as bearer of a token where there is a source of them.
    pub(super) async fn authorized(
        &mut self,
        request: &Request<'_>,
        bearer: &mut Bearer<'_>,
        response: &mut [u8],
        trip: &mut Trip<'_>,
    ) -> Result<Answer, Failed> {
        let Some(tokens) = bearer.tokens.as_deref_mut() else {
            return self.follow(request, response, trip).await;
        };
        loop {
            let now = self.time(trip).await?.as_secs();
            if tokens.authorization(now).is_none() {
                self.fetch_token(request, tokens, response, trip).await?;
            }
            let value = tokens.authorization(now).ok_or(Error::Token(TokenError::Missing))?;
            let authorized = request.with_authorization(FieldValue::new(value).map_err(Error::Http)?);
            let answer = self.follow(&authorized, response, trip).await?;
            if bearer.is_renewed || !is_refused(&answer, response) {
                return Ok(answer);
            }
            // RFC 6750 §3.1: `invalid_token` says that another one may do, and that nothing was done.
            bearer.is_renewed = true;
            tokens.discard();
        }
    }

    /// A token request, and its answer into the source. What secrets it leaves in the buffers is wiped.
    async fn fetch_token(
        &mut self,
        request: &Request<'_>,
        tokens: &mut dyn Tokens,
        response: &mut [u8],
        trip: &mut Trip<'_>,
    ) -> Result<(), Failed> {
        let (size, capacity) = (tokens.request_size(), response.len());
        // The token request is written behind the room for its answer.
        let parts = response.split_at_mut_checked(capacity.saturating_sub(size));
        let (space, scratch) = parts.unwrap_or_default();
        let outcome = {
            let written = tokens.request(scratch).map_err(Error::Token)?;
            let header: Option<Header<'_>> = written.header().map_err(Error::Http)?;
            let token_request = written.as_request(header.as_slice());
            let is_own = token_request.url().authority().is_same_origin(&request.url().authority());
            let host = if is_own { Host::Own } else { Host::Other };
            self.exchange(&token_request, space, trip, host, None).await
        };
        let outcome = match outcome {
            Ok(Hop::Answered(answer)) => self.take_token(answer, tokens, space),
            // It is an answer like any other.
            Ok(Hop::Redirected { .. }) => Err(Error::Token(TokenError::Missing).into()),
            // The caller's request has not been sent.
            Err(failed) => Err(Failed { fate: Fate::NotSent, host: Host::Own, ..failed }),
        };
        space.zeroize();
        self.wipe_received();
        outcome
    }

    fn take_token(&self, answer: Answer, tokens: &mut dyn Tokens, space: &[u8]) -> Result<(), Failed> {
        let response = answer.extent.response(space).ok_or(Error::Http(http::Error::Incomplete))?;
        let now = super::time::now(&self.clock, self.told, &self.io)?.as_secs();
        match tokens.take(&response, now) {
            Ok(()) => Ok(()),
            // An answer of another kind may be one that passes: 429, 503.
            Err(error @ TokenError::Status { .. }) => {
                Err(Failed { answer: Some(answer), ..Error::Token(error).into() })
            }
            Err(error) => Err(Error::Token(error).into()),
        }
    }
}

/// Whether this is a 401 of the caller's own host that a new token can help against.
fn is_refused(answer: &Answer, buffer: &[u8]) -> bool {
    answer.host == Host::Own
        && answer.extent.status().0 == 401
        && answer
            .extent
            .response(buffer)
            .is_some_and(|response| response.head().bearer_error() == Some("invalid_token"))
}
