//! The content of both messages: when the request's is sent, and where the response's goes.

use picopost_http::{Error, Head, ResponseReader, StatusCode};

use super::Exchange;
use crate::Channel;

/// Takes the content of a response as it comes: into a file, a parser, a hash.
///
/// Set by [`Exchange::with_sink`]. It gets the content of a 2xx response; any other is kept
/// in the response buffer as always, since it is about the error and not what was asked for.
///
/// What it took is the whole content only if the exchange ends well: one that was cut off ends in
/// [`Error::BodyTruncated`].
pub trait Sink {
    /// Takes the next octets of the content, never empty: at most one record's. `head` is the
    /// response's.
    ///
    /// # Errors
    /// [`SinkRefused`] ends the exchange with [`Error::ContentRefused`].
    fn take(&mut self, head: Head<'_>, content: &[u8]) -> Result<(), SinkRefused>;
}

/// A [`Sink`] takes no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SinkRefused;

impl<'a, C: Channel> Exchange<'a, C> {
    /// The same exchange, whose content goes to `sink` as it comes if the status is 2xx. The
    /// response buffer then holds the head alone, and so does what [`Self::finish`] gives.
    #[must_use]
    pub fn with_sink(mut self, sink: &'a mut dyn Sink) -> Self {
        self.outlet.sink = Some(sink);
        self
    }

    /// The head of the response, as soon as it is there; also after an error in what follows.
    pub fn head(&self) -> Option<Head<'_>> {
        self.response.head()
    }

    /// Whether the request's content waits for a 100 (Continue), as
    /// [`crate::Request::with_expect_continue`] has it. Not for long (RFC 9110 §10.1.1): a driver that
    /// measures time calls [`Self::proceed`] when it has waited enough, and one that does not
    /// leaves that to the transport's own time limit ([`Self::receive_failed`]).
    pub fn is_waiting(&self) -> bool {
        self.failure.is_none() && self.request.is_waiting() && !self.response.has_head()
    }

    /// The content waits no longer for a 100 (Continue), and is sent. Nothing where none waits.
    pub fn proceed(&mut self) {
        if self.is_waiting() {
            self.request.proceed();
        }
    }

    /// Lets the content go where the server wants it: by a 100 (Continue), or by a success, which
    /// is about the whole request or none. An error makes it stay where it is.
    pub(super) fn release_content(&mut self) {
        if self.response.has_continue() || self.status().is_some_and(StatusCode::is_success) {
            self.request.proceed();
        }
    }
}

/// A sink, if there is one, and how much it took.
#[derive(Default)]
pub(super) struct Outlet<'a> {
    pub(super) sink: Option<&'a mut dyn Sink>,
    taken: u64,
}

impl Outlet<'_> {
    /// Lets the response take these octets; the content goes where it belongs. Returns how many
    /// octets are the response's.
    pub(super) fn feed(&mut self, response: &mut ResponseReader<'_>, octets: &[u8]) -> Result<usize, Error> {
        let Some(sink) = &mut self.sink else { return response.feed(octets) };
        let mut taken: usize = 0;
        while let Some(rest) = octets.get(taken..).filter(|rest| !rest.is_empty()) {
            let piece = response.pull(rest)?;
            match response.head().filter(|head| head.status().is_success()) {
                Some(_) if piece.content.is_empty() => {}
                Some(head) => {
                    let refused = |SinkRefused| Error::ContentRefused { taken: self.taken };
                    sink.take(head, piece.content).map_err(refused)?;
                    let count = u64::try_from(piece.content.len()).unwrap_or(u64::MAX);
                    self.taken = self.taken.saturating_add(count);
                }
                None => response.keep(piece.content)?,
            }
            if piece.taken == 0 {
                break;
            }
            taken = taken.saturating_add(piece.taken);
        }
        Ok(taken)
    }
}
