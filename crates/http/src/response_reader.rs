//! Reading a response out of pieces of any size.

use core::fmt;

use crate::chunked::{Chunked, Next};
use crate::framing::{Framing, framing};
use crate::request::copy_into;
use crate::{End, Error, Response, StatusCode};

/// How many headers a response may have: 64.
pub const MAX_HEADERS: usize = 64;
/// How many interim responses (1xx) may come before the final one: 8.
pub const MAX_INTERIM_RESPONSES: usize = 8;

/// Reads one response to a POST into the caller's buffer: the head, then the decoded content.
///
/// Interim responses (1xx) are read and dropped. An error is final: every later call gives it
/// again.
///
/// [`fmt::Debug`] shows how far it has come, and nothing of the buffer.
pub struct ResponseReader<'b> {
    buffer: &'b mut [u8],
    /// Octets of the buffer that are in use.
    filled: usize,
    /// Octets of the head, once it is complete.
    head: usize,
    status: StatusCode,
    interim_responses: usize,
    state: State,
}

#[derive(Debug)]
enum State {
    Head,
    ContentLength { total: u64, left: u64 },
    Chunked(Chunked),
    CloseDelimited,
    Done,
    Failed(Error),
}

impl<'b> ResponseReader<'b> {
    /// A reader that waits for the first octet. The head, with at least its status line, and the
    /// content share `buffer`; an error says when it is too small.
    pub fn new(buffer: &'b mut [u8]) -> Self {
        Self { buffer, filled: 0, head: 0, status: StatusCode(0), interim_responses: 0, state: State::Head }
    }

    /// Takes the next octets and returns how many of them belong to this response: all, unless
    /// it is complete before. An empty `input` changes nothing.
    ///
    /// # Errors
    /// Octets that break the grammar of RFC 9112, framing that is faulty or has two readings, a
    /// response that does not fit into the buffer, limits: [`Error`] from 4102 to 4207.
    pub fn feed(&mut self, input: &[u8]) -> Result<usize, Error> {
        let mut rest = input;
        while !rest.is_empty() && !self.is_done() {
            let taken = self.take(rest).inspect_err(|error| self.state = State::Failed(*error))?;
            rest = rest.get(taken..).unwrap_or_default();
        }
        Ok(input.len() - rest.len())
    }

    /// The connection came to its end.
    ///
    /// # Errors
    /// [`Error::NoResponse`], [`Error::HeadTruncated`] or [`Error::BodyTruncated`] where the
    /// response is not complete by then. A body that only the end delimits is complete only by
    /// close_notify (RFC 9112 §9.8).
    pub fn end(&mut self, end: End) -> Result<(), Error> {
        let received = self.body_length();
        let error = match &self.state {
            State::Done => return Ok(()),
            State::CloseDelimited if end == End::CloseNotify => {
                self.state = State::Done;
                return Ok(());
            }
            State::Failed(error) => *error,
            State::Head if self.filled == 0 && self.interim_responses == 0 => Error::NoResponse { end },
            State::Head => Error::HeadTruncated { received: self.filled, end },
            State::ContentLength { total, .. } => {
                Error::BodyTruncated { received, expected: Some(*total), end }
            }
            State::Chunked(_) | State::CloseDelimited => {
                Error::BodyTruncated { received, expected: None, end }
            }
        };
        self.state = State::Failed(error);
        Err(error)
    }

    /// Whether the response is complete.
    pub const fn is_done(&self) -> bool {
        matches!(self.state, State::Done)
    }

    /// The status of the final response, as soon as its head is complete; also after an error in
    /// what follows.
    pub fn status(&self) -> Option<StatusCode> {
        self.has_head().then_some(self.status)
    }

    /// Whether the head of the final response is complete.
    pub const fn has_head(&self) -> bool {
        self.head != 0
    }

    /// The response.
    ///
    /// # Errors
    /// [`Error::Incomplete`] before it is complete, or the error that ended it.
    pub fn finish(self) -> Result<Response<'b>, Error> {
        match self.state {
            State::Done => {}
            State::Failed(error) => return Err(error),
            _ => return Err(Error::Incomplete),
        }
        let buffer: &'b [u8] = self.buffer;
        let (head, body) = buffer
            .get(..self.filled)
            .and_then(|used| used.split_at_checked(self.head))
            .ok_or(Error::Incomplete)?;
        Ok(Response { status: self.status, head, body })
    }

    /// Takes at least one octet of a non-empty input, and returns how many.
    fn take(&mut self, input: &[u8]) -> Result<usize, Error> {
        match &mut self.state {
            State::Head => self.take_head(input),
            State::ContentLength { total, left } => {
                let (total, before) = (*total, *left);
                let taken = self.take_content(input, before)?;
                let left = before.saturating_sub(to_u64(taken));
                self.state = if left == 0 { State::Done } else { State::ContentLength { total, left } };
                Ok(taken)
            }
            State::Chunked(chunked) => match chunked.next() {
                Next::Done => {
                    self.state = State::Done;
                    Ok(0)
                }
                Next::Framing => self.take_framing(input),
                Next::Content(left) => {
                    let taken = self.take_content(input, left)?;
                    if let State::Chunked(chunked) = &mut self.state {
                        chunked.took(to_u64(taken));
                    }
                    Ok(taken)
                }
            },
            State::CloseDelimited => self.take_content(input, to_u64(input.len())),
            State::Done => Ok(0),
            State::Failed(error) => Err(*error),
        }
    }

    /// Takes octets of the head up to the end of a line.
    fn take_head(&mut self, input: &[u8]) -> Result<usize, Error> {
        let end = input.iter().position(|octet| *octet == b'\n').map_or(input.len(), |lf| lf + 1);
        let line = input.get(..end).unwrap_or_default();
        let taken = self.append(line);
        // What does not begin as a response is said to be none while the server still waits.
        check_beginning(self.used())?;
        if taken < line.len() {
            return Err(Error::HeadTooLarge { capacity: self.buffer.len() });
        }
        // RFC 9112 §2.2: the head ends at an empty line; a line may end in LF alone.
        if self.used().ends_with(b"\n\r\n") || self.used().ends_with(b"\n\n") {
            self.end_of_head()?;
        }
        Ok(taken)
    }

    fn end_of_head(&mut self) -> Result<(), Error> {
        let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
        let mut head = httparse::Response::new(&mut headers);
        let octets = self.buffer.get(..self.filled).unwrap_or_default();
        let parsed = head.parse(octets).map_err(head_error)?;
        let status = match (parsed, head.code) {
            (httparse::Status::Complete(length), Some(code @ 100..=599)) if length == octets.len() => {
                StatusCode(code)
            }
            _ => return Err(Error::StatusLine),
        };
        if status.0 == 101 {
            return Err(Error::SwitchingProtocols);
        }
        // RFC 9110 §15.2: a client MUST be able to parse interim responses, and may ignore them.
        if status.0 < 200 {
            if self.interim_responses == MAX_INTERIM_RESPONSES {
                return Err(Error::TooManyInterimResponses { maximum: MAX_INTERIM_RESPONSES });
            }
            self.interim_responses += 1;
            self.filled = 0;
            return Ok(());
        }
        let framing = framing(head.version.unwrap_or_default(), status, head.headers)?;
        self.status = status;
        self.head = self.filled;
        self.state = match framing {
            Framing::Empty | Framing::ContentLength(0) => State::Done,
            Framing::ContentLength(total) => {
                self.check_room(total)?;
                State::ContentLength { total, left: total }
            }
            Framing::Chunked => State::Chunked(Chunked::new()),
            Framing::CloseDelimited => State::CloseDelimited,
        };
        Ok(())
    }

    /// Takes one octet of chunked framing.
    fn take_framing(&mut self, input: &[u8]) -> Result<usize, Error> {
        let (State::Chunked(chunked), Some(octet)) = (&mut self.state, input.first()) else { return Ok(0) };
        chunked.framing(*octet)?;
        match chunked.next() {
            Next::Done => self.state = State::Done,
            Next::Content(size) => self.check_room(self.body_length().saturating_add(size))?,
            Next::Framing => {}
        }
        Ok(1)
    }

    /// Takes at most `limit` octets of content.
    fn take_content(&mut self, input: &[u8], limit: u64) -> Result<usize, Error> {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX).min(input.len());
        let taken = self.append(input.get(..limit).unwrap_or_default());
        if taken < limit {
            return Err(self.too_large(self.body_length().saturating_add(1)));
        }
        Ok(taken)
    }

    fn check_room(&self, size: u64) -> Result<(), Error> {
        let capacity = self.buffer.len().saturating_sub(self.head);
        if size > to_u64(capacity) { Err(self.too_large(size)) } else { Ok(()) }
    }

    fn too_large(&self, size: u64) -> Error {
        Error::BodyTooLarge { size, capacity: self.buffer.len().saturating_sub(self.head) }
    }

    fn append(&mut self, octets: &[u8]) -> usize {
        let count = copy_into(self.buffer.get_mut(self.filled..).unwrap_or_default(), octets);
        self.filled += count;
        count
    }

    fn used(&self) -> &[u8] {
        self.buffer.get(..self.filled).unwrap_or_default()
    }

    fn body_length(&self) -> u64 {
        if self.has_head() { to_u64(self.filled.saturating_sub(self.head)) } else { 0 }
    }
}

impl fmt::Debug for ResponseReader<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseReader")
            .field("state", &self.state)
            .field("status", &self.status())
            .field("body_length", &self.body_length())
            .finish_non_exhaustive()
    }
}

/// `HTTP/1.` and a digit, as far as octets are there.
fn check_beginning(head: &[u8]) -> Result<(), Error> {
    let mismatch = head.iter().zip(b"HTTP/1.").position(|(found, expected)| found != expected);
    match mismatch.and_then(|position| head.get(position).map(|octet| (position, *octet))) {
        Some((position, octet)) => Err(Error::NotHttp { octet, position }),
        None => Ok(()),
    }
}

fn head_error(error: httparse::Error) -> Error {
    match error {
        httparse::Error::HeaderName => Error::HeaderName,
        httparse::Error::HeaderValue => Error::HeaderValue,
        httparse::Error::NewLine => Error::HeadLineEnd,
        httparse::Error::TooManyHeaders => Error::TooManyHeaders { maximum: MAX_HEADERS },
        httparse::Error::Status | httparse::Error::Version | httparse::Error::Token => Error::StatusLine,
    }
}

fn to_u64(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}
