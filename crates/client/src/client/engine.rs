//! Attempts, redirects and exchanges: the client's logic.

use core::time::Duration;

use picopost_http::{Extent, Request, Response, StatusCode, Url};
use picopost_tls::{Session, SignatureMemo, UnixTime};
use rand_core::TryCryptoRng;

use super::io::{Io, Limited};
use super::link::{self, Kept};
use super::time::{self, Known};
use super::{ClockHint, KeepAlive, KeySource, Post, RequestKey, Settings};
use crate::limits::{Budget, milliseconds_of};
use crate::{
    Attempt, Buffers, Clock, Ending, Error, Exchange, Fate, IdempotencyKey, Observer, Security, Stage, drive,
    exchange, http, tls,
};

/// The client, without the memory for responses.
pub(crate) struct Engine<'c, I, K, R> {
    pub(crate) io: I,
    pub(crate) clock: K,
    pub(crate) entropy: R,
    security: Security<'c>,
    receive: &'c mut [u8],
    send: &'c mut [u8],
    session: Option<&'c mut Session>,
    memo: Option<&'c mut SignatureMemo>,
    pub(crate) settings: Settings<'c>,
    kept: Kept,
    /// What a time server has said.
    pub(super) told: Option<Known>,
    /// The Date of the last response that had one.
    dated: Option<Known>,
}

/// The client: its logic, and the memory for responses.
pub(crate) struct Core<'c, I, K, R> {
    pub(crate) engine: Engine<'c, I, K, R>,
    response: &'c mut [u8],
}

/// What one attempt has, besides its request.
pub(super) struct Trip<'t> {
    pub(super) budget: Budget,
    pub(super) observer: &'t mut dyn Observer,
    /// Whether the service may have acted on an earlier attempt.
    pub(super) may_have_arrived: bool,
}

/// Whether a host is the one that the caller's URL names: the session is its own, and so is the connection
/// that is kept.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Host {
    Own,
    Other,
}

/// An attempt that ended with a whole response, in the response buffer.
pub(super) struct Answer {
    pub(super) extent: Extent,
    pub(super) retry_after: Option<Duration>,
    /// Whether it answers the caller's request at the host that the caller named.
    pub(super) host: Host,
}

/// How an attempt ended that has no answer to the caller's request.
pub(super) struct Failed {
    pub(super) error: Error,
    pub(super) fate: Fate,
    /// Whether it failed at the host that the caller named.
    pub(super) host: Host,
    /// The answer to another request that stood in its way.
    pub(super) answer: Option<Answer>,
}

impl<E: Into<Error>> From<E> for Failed {
    /// Before anything of the request was sent.
    fn from(error: E) -> Self {
        Self { error: error.into(), fate: Fate::NotSent, host: Host::Own, answer: None }
    }
}

impl<'c, I: Io, K: Clock, R: TryCryptoRng> Core<'c, I, K, R> {
    pub(crate) fn new(security: Security<'c>, buffers: Buffers<'c>, io: I, clock: K, entropy: R) -> Self {
        let Buffers { receive, send, response, session, memo } = buffers;
        let engine = Engine {
            io,
            clock,
            entropy,
            security,
            receive,
            send,
            session,
            memo,
            settings: Settings::DEFAULT,
            kept: Kept::default(),
            told: None,
            dated: None,
        };
        Self { engine, response }
    }

    /// By reference, as what follows: each future that had it as a value would have room for a copy.
    pub(crate) async fn post(&mut self, post: &mut Post<'_>) -> Result<Response<'_>, Error> {
        let extent = self.engine.attempts(post, self.response).await?;
        Ok(extent.response(self.response).ok_or(http::Error::Incomplete)?)
    }

    pub(crate) async fn disconnect(&mut self) {
        self.engine.hang_up().await;
    }

    pub(crate) fn session(&self) -> Option<&Session> {
        self.engine.session.as_deref()
    }

    pub(crate) fn memo(&self) -> Option<&SignatureMemo> {
        self.engine.memo.as_deref()
    }

    pub(crate) fn clock_hint(&self, error: &Error) -> Option<ClockHint> {
        time::hint(error, self.engine.dated, &self.engine.io)
    }
}

impl<I: Io, K: Clock, R: TryCryptoRng> Engine<'_, I, K, R> {
    /// Tries until there is an answer, or no reason to go on.
    async fn attempts(&mut self, post: &mut Post<'_>, response: &mut [u8]) -> Result<Extent, Error> {
        let mut unwatched = ();
        let observer = post.observer.take().unwrap_or(&mut unwatched);
        let fresh = match post.key {
            KeySource::Fresh if !post.request.has_header("idempotency-key") => {
                Some(RequestKey::new(&mut self.entropy)?)
            }
            KeySource::Fresh | KeySource::Request => None,
        };
        let request = match &fresh {
            Some(key) => post.request.with_idempotency_key(key.value()?),
            None => post.request,
        };
        #[cfg(feature = "oauth")]
        let mut bearer = super::token::Bearer::new(post.tokens.take(), &request)?;
        let begun = self.io.now();
        let mut number = 0_u8;
        let mut may_have_arrived = false;
        loop {
            number = number.saturating_add(1);
            let mut trip = Trip {
                budget: Budget::new(&self.settings.limits, self.io.now()),
                observer,
                may_have_arrived,
            };
            #[cfg(feature = "oauth")]
            let outcome = self.authorized(&request, &mut bearer, response, &mut trip).await;
            #[cfg(not(feature = "oauth"))]
            let outcome = self.follow(&request, response, &mut trip).await;
            let wait = self.wait(number, &request, &outcome, self.io.now().saturating_sub(begun));
            observer.attempt(&Attempt { number, ending: ending(&outcome), wait });
            may_have_arrived |= has_perhaps_arrived(&outcome);
            match (wait, outcome) {
                (Some(wait), _) => self.io.wait(milliseconds_of(wait)).await,
                (None, Ok(answer)) => return Ok(answer.extent),
                (None, Err(failed)) => return Err(failed.error),
            }
        }
    }

    /// How long to wait before the next attempt, if there is to be one.
    fn wait(
        &mut self,
        made: u8,
        request: &Request<'_>,
        outcome: &Result<Answer, Failed>,
        elapsed: u64,
    ) -> Option<Duration> {
        let key = match outcome {
            // A token request may be repeated: see `Post::with_tokens`.
            Err(Failed { answer: Some(_), .. }) => IdempotencyKey::Present,
            // Another host got none.
            Ok(Answer { host: Host::Other, .. }) | Err(Failed { host: Host::Other, .. }) => {
                IdempotencyKey::Absent
            }
            _ if request.has_header("idempotency-key") => IdempotencyKey::Present,
            _ => IdempotencyKey::Absent,
        };
        let mut random = [0xff; 4];
        // Without randomness the wait is the longest one.
        let _drawn = self.entropy.try_fill_bytes(&mut random);
        let policy = &self.settings.retry;
        let wait = policy.wait(made, &ending(outcome), key, u32::from_be_bytes(random))?;
        (Duration::from_millis(elapsed).saturating_add(wait) <= policy.longest_in_all).then_some(wait)
    }

    /// One attempt at a request, to where it is redirected.
    pub(super) async fn follow(
        &mut self,
        request: &Request<'_>,
        response: &mut [u8],
        trip: &mut Trip<'_>,
    ) -> Result<Answer, Failed> {
        // What may have arrived is repeated for its key alone, which does not go to another origin.
        let maximum = self.settings.redirects.maximum().filter(|_| !trip.may_have_arrived);
        // The URL that the last redirect leads to is kept in the last octets of the response buffer.
        let mut kept = 0_usize;
        let mut followed = 0;
        let mut base = *request;
        loop {
            let room = response.len().saturating_sub(kept);
            let (space, url) = response.split_at_mut_checked(room).unwrap_or_default();
            let request = match core::str::from_utf8(url).ok().filter(|url| !url.is_empty()) {
                Some(url) => base.redirected(Url::parse(url)?),
                None => base,
            };
            let mut host = Host::Own;
            if request.is_elsewhere() {
                // And so it stays, wherever the next one leads.
                (host, base) = (Host::Other, base.for_others());
            }
            match self.exchange(&request, space, trip, host, maximum).await? {
                Hop::Answered(answer) => return Ok(answer),
                Hop::Redirected { .. } if Some(followed) == maximum => {
                    return Err(http::Error::TooManyRedirects { maximum: followed }.into());
                }
                Hop::Redirected { start, length } => {
                    followed = followed.saturating_add(1);
                    kept = length;
                    let place = response.len().saturating_sub(length);
                    response.copy_within(start..start.saturating_add(length), place);
                }
            }
        }
    }

    /// One request and its response, over the connection that is kept or a new one. A redirect is an answer
    /// like any other where `redirects` is `None`.
    pub(super) async fn exchange(
        &mut self,
        request: &Request<'_>,
        response: &mut [u8],
        trip: &mut Trip<'_>,
        host: Host,
        redirects: Option<u8>,
    ) -> Result<Hop, Failed> {
        let now = self.time(trip).await?;
        trip.budget.next_exchange();
        let config = exchange::config(request, self.security, now)?;
        let port = request.url().authority().port();
        let is_kept = self.kept.is_good_for(&config, port, &mut self.io);
        if !is_kept {
            self.kept.hang_up(&mut self.io, &mut trip.budget, self.send).await;
        }
        let session = match host {
            Host::Own => self.session.as_deref_mut(),
            Host::Other => None,
        };
        let memo = self.memo.as_deref_mut();
        let buffers = Buffers { receive: self.receive, send: self.send, response, session, memo };
        let name = config.server_name.clone();
        // By reference: moved out of the result, it would be in the future twice.
        let mut exchange = match is_kept {
            true => Exchange::resume(request, config, buffers, &mut self.kept.parked),
            false => Exchange::begin(request, config, buffers, &mut self.entropy),
        };
        let exchange = exchange.as_mut().map_err(|error| *error)?;
        let idle = match self.settings.keep_alive {
            KeepAlive::Idle(idle) if host == Host::Own => {
                exchange.keep_alive();
                Some(idle)
            }
            KeepAlive::Idle(_) | KeepAlive::Close => None,
        };
        let Trip { budget, observer, may_have_arrived: _ } = trip;
        let observer: &mut dyn Observer = *observer;
        if !is_kept {
            observer.computed(Stage::Setup);
            self.io.breathe().await;
            link::connect(&mut self.io, budget, observer, request.url().authority(), &name).await?;
        }
        let outcome = drive::run(exchange, &mut Limited { io: &mut self.io, budget }, observer).await;
        let fate = exchange.request_fate();
        // RFC 9110 §15.5.20: a misdirected request is to come over another connection.
        let may_stay = outcome.is_ok() && exchange.status() != Some(StatusCode(421));
        match idle.filter(|_| may_stay && exchange.park(&mut self.kept.parked)) {
            Some(idle) => {
                let named = exchange.head().and_then(|head| head.keep_alive_timeout());
                // A second less: it counts from when the server has sent its answer.
                let idle = named.map_or(idle, |named| idle.min(Duration::from_secs(named.saturating_sub(1))));
                self.kept.keep(port, self.io.now().saturating_add(milliseconds_of(idle).into()));
            }
            None => self.io.disconnect(),
        }
        let head = exchange.head();
        let retry_after = head.and_then(|head| head.retry_after(now.as_secs()));
        let retry_after = retry_after.map(|after| Duration::from_secs(after.seconds_from(now.as_secs())));
        if let Some(seconds) = head.and_then(|head| head.date(now.as_secs())) {
            self.dated = Some(Known { seconds, at: self.io.now() });
        }
        if let Err(Error::Tls {
            error: tls::Error::Expired { .. } | tls::Error::NotYetValid { .. }, ..
        }) = outcome
        {
            // A time server may have been wrong, or somebody else: it is asked again for the next POST.
            self.told = None;
        }
        outcome.map_err(|error| Failed { error, fate, host, answer: None })?;
        if let (Some(StatusCode(307 | 308)), Some(_)) = (exchange.status(), redirects) {
            let place = exchange.resolve_location(request.url())?;
            return Ok(Hop::Redirected { start: place.start, length: place.len() });
        }
        let extent = exchange.take_response()?.extent();
        Ok(Hop::Answered(Answer { extent, retry_after, host }))
    }

    /// The time, asked for where the clock does not know it.
    pub(super) async fn time(&mut self, trip: &mut Trip<'_>) -> Result<UnixTime, Error> {
        let known = time::now(&self.clock, self.told, &self.io);
        #[cfg(feature = "sntp")]
        if known.is_err() && !self.settings.time_servers.is_empty() {
            return self.ask_the_time(trip).await;
        }
        let _ = trip;
        Ok(known?)
    }

    /// Wipes what was received last: it was a secret.
    #[cfg(feature = "oauth")]
    pub(super) fn wipe_received(&mut self) {
        zeroize::Zeroize::zeroize(self.receive);
    }

    async fn hang_up(&mut self) {
        let mut budget = Budget::new(&self.settings.limits, self.io.now());
        self.kept.hang_up(&mut self.io, &mut budget, self.send).await;
    }
}

/// What came of one exchange.
pub(super) enum Hop {
    Answered(Answer),
    /// The URL that it leads to is here in the response buffer.
    Redirected {
        start: usize,
        length: usize,
    },
}

fn ending(outcome: &Result<Answer, Failed>) -> Ending<'_> {
    match outcome {
        Ok(answer) | Err(Failed { answer: Some(answer), .. }) => {
            Ending::Answered { status: answer.extent.status(), retry_after: answer.retry_after }
        }
        Err(Failed { error, fate, .. }) => Ending::Failed { error, request: *fate },
    }
}

/// Whether the service may have acted on the request: then it is repeated for its key alone.
fn has_perhaps_arrived(outcome: &Result<Answer, Failed>) -> bool {
    match outcome {
        Ok(answer) => match answer.extent.status().0 {
            408 | 421 | 425 | 429 => false,
            503 => answer.retry_after.is_none(),
            _ => true,
        },
        Err(failed) => failed.fate == Fate::Unknown,
    }
}
