//! Connections that outlive their exchange: RFC 9112 §9.3.

use picopost_http::Request;
use picopost_tls::{Config, Connection, Parked, Step};

use super::{Buffers, Exchange, Turn};
use crate::{Channel, Error, Stage};

/// What becomes of the connection when the response is whole.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// It is closed.
    Close,
    /// It stays open, if nothing speaks against it.
    Keep,
    /// It stays open: everything that came is used up.
    Kept,
}

impl<'a> Exchange<'a> {
    /// An exchange over a connection that was kept, and is for this configuration.
    #[inline(never)]
    pub(crate) fn resume(
        request: &Request<'a>,
        config: Config<'a>,
        buffers: Buffers<'a>,
        place: &mut Parked,
    ) -> Result<Self, Error> {
        let Buffers { receive, send, response, session, memo: _ } = buffers;
        match Connection::unpark(place, config, session, receive, send) {
            Ok(connection) => Ok(Self::over(connection, request, response)),
            Err(error) => Err(Error::Tls { stage: Stage::Setup, error }),
        }
    }

    /// Puts the connection aside, if it is one that was kept ([`Self::with_keep_alive`]) and can be used
    /// again: whether it was.
    pub fn park(&mut self, place: &mut Parked) -> bool {
        self.ending == Ending::Kept && self.failure.is_none() && self.channel.park(place)
    }
}

impl<C: Channel> Exchange<'_, C> {
    /// The same exchange, which leaves the connection open in the end if it can be used again
    /// ([`picopost_http::ResponseReader::is_reusable`], and nothing of the server's is left over). To be
    /// called before the first [`Self::next`]. Whoever does not [`Self::park`] it then leaves a server
    /// waiting.
    #[must_use]
    pub fn with_keep_alive(mut self) -> Self {
        self.keep_alive();
        self
    }

    pub(crate) fn keep_alive(&mut self) {
        self.request.keep_alive();
        self.ending = Ending::Keep;
    }

    /// Whether the connection may carry another exchange: RFC 9112 §9.3, and both messages are whole.
    pub(super) fn may_be_kept(&self) -> bool {
        self.ending != Ending::Close && self.request.is_done() && !self.closed && self.response.is_reusable()
    }

    /// Uses up what came behind the response: tickets, say. Anything else is a reason to close.
    pub(super) fn settle(&mut self) -> Turn {
        match self.channel.step() {
            Ok(Step::Again) => Turn::Worked,
            Ok(Step::Computed) => Turn::Computed,
            Ok(Step::Receive) => {
                self.ending = Ending::Kept;
                Turn::Done
            }
            // RFC 9112 §9.2: more than was asked for, or the server's own close; or TLS has failed,
            // which is of no interest to a response that is whole.
            Ok(Step::Plaintext) => {
                self.excess = self.excess.saturating_add(self.channel.plaintext().len());
                self.ending = Ending::Close;
                Turn::Worked
            }
            Ok(Step::Closed) => {
                self.ending = Ending::Close;
                Turn::Worked
            }
            Err(_) => {
                (self.ending, self.closed) = (Ending::Close, true);
                Turn::Worked
            }
        }
    }
}
