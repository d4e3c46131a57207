//! Reading a response out of pieces of any size.

use core::fmt;
use core::ops::Range;

use crate::body::{Body, Piece, to_u64};
use crate::framing::{Method, framing};
use crate::persistence::persists;
use crate::request_writer::copy_into;
use crate::{End, Error, Head, Response, StatusCode, Url, reference};

/// How many headers a response may have: 64.
pub const MAX_HEADERS: usize = 64;
/// How many interim responses (1xx) may come before the final one: 8.
pub const MAX_INTERIM_RESPONSES: usize = 8;

/// Reads one response: the head into the caller's buffer, and the decoded content behind it
/// ([`Self::feed`]) or out of the input as it comes ([`Self::pull`]).
///
/// Interim responses (1xx) are read and dropped, and so are trailers, which are checked first. An
/// error is final: every later call gives it again.
///
/// A response as a stream, of which nothing but the head is kept:
///
/// ```
/// use picopost_http::{End, ResponseReader};
///
/// let mut head = [0; 64];
/// let mut reader = ResponseReader::new(&mut head);
/// let mut count = 0;
/// for record in [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chu".as_slice(), b"nked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"] {
///     let mut rest = record;
///     while !rest.is_empty() && !reader.is_done() {
///         let piece = reader.pull(rest)?;
///         count += piece.content.len();
///         rest = &rest[piece.taken..];
///     }
/// }
/// // Where the connection ends: an error unless the content is whole.
/// reader.end(End::CloseNotify)?;
/// assert_eq!(count, 3);
/// # Ok::<(), picopost_http::Error>(())
/// ```
///
/// [`fmt::Debug`] shows how far it has come, and nothing of the buffer.
pub struct ResponseReader<'b> {
    buffer: &'b mut [u8],
    /// Octets of the buffer that are in use.
    filled: usize,
    /// Octets of the head, once it is complete.
    head: usize,
    method: Method,
    status: StatusCode,
    interim_responses: usize,
    has_continue: bool,
    /// Whether every interim response was a status line and nothing else.
    has_plain_interims: bool,
    /// Whether octets came behind the response.
    has_excess: bool,
    state: State,
}

#[derive(Debug)]
enum State {
    Head,
    Body(Body),
    Failed(Error),
}

impl<'b> ResponseReader<'b> {
    /// A reader for the response to a POST that waits for its first octet. The head, with at
    /// least its status line, and the content share `buffer`; an error says when it is too small.
    pub fn new(buffer: &'b mut [u8]) -> Self {
        Self::for_method(Method::Post, buffer)
    }

    /// The same for the response to a request of another method.
    pub fn for_method(method: Method, buffer: &'b mut [u8]) -> Self {
        Self {
            buffer,
            filled: 0,
            head: 0,
            method,
            status: StatusCode(0),
            interim_responses: 0,
            has_continue: false,
            has_plain_interims: true,
            has_excess: false,
            state: State::Head,
        }
    }

    /// Takes the next octets, keeps the content, and returns how many of the octets belong to this
    /// response: all, unless it is complete before. An empty `input` changes nothing.
    ///
    /// # Errors
    /// Octets that break the grammar of RFC 9112, framing that is faulty or has two readings, a
    /// response that does not fit into the buffer, limits: [`Error`] from 4102 to 4207.
    pub fn feed(&mut self, input: &[u8]) -> Result<usize, Error> {
        let mut taken: usize = 0;
        while let Some(rest) = input.get(taken..).filter(|rest| !rest.is_empty()) {
            let piece = self.pull(rest)?;
            self.keep(piece.content)?;
            if piece.taken == 0 {
                break;
            }
            taken = taken.saturating_add(piece.taken);
        }
        Ok(taken)
    }

    /// Takes some of the next octets and returns the content among them. Nothing of the content is
    /// kept. Of a non-empty `input` at least one octet is taken, unless the response is complete.
    /// A call that completes the head takes nothing behind it.
    ///
    /// # Errors
    /// Those of [`Self::feed`], but none for content that does not fit.
    pub fn pull<'i>(&mut self, input: &'i [u8]) -> Result<Piece<'i>, Error> {
        let piece = match &mut self.state {
            State::Head => self.take_head(input).map(|taken| Piece { taken, content: &[] }),
            State::Body(body) => body.take(input),
            State::Failed(error) => return Err(*error),
        };
        match piece {
            Ok(piece) => {
                // Of what is not taken nothing belongs to this response.
                self.has_excess |= self.is_done() && piece.taken < input.len();
                Ok(piece)
            }
            Err(error) => self.fail(error),
        }
    }

    /// Keeps content that [`Self::pull`] gave, in the buffer behind the head. Of one response
    /// either all of the content is kept or none.
    ///
    /// # Errors
    /// [`Error::BodyTooLarge`] as soon as it is known that the content as a whole will not fit.
    pub fn keep(&mut self, content: &[u8]) -> Result<(), Error> {
        let capacity = self.buffer.len().saturating_sub(self.head);
        if let State::Body(body) = &self.state {
            let size = body.least_size(capacity);
            if size > to_u64(capacity) {
                return self.fail(Error::BodyTooLarge { size, capacity });
            }
        }
        self.append(content);
        Ok(())
    }

    /// The connection came to its end.
    ///
    /// # Errors
    /// [`Error::NoResponse`], [`Error::HeadTruncated`] or [`Error::BodyTruncated`] where the
    /// response is not complete by then. A body that only the end delimits is complete only by
    /// close_notify (RFC 9112 §9.8).
    pub fn end(&mut self, end: End) -> Result<(), Error> {
        let outcome = match &mut self.state {
            State::Body(body) => body.end(end),
            State::Failed(error) => Err(*error),
            State::Head if self.filled == 0 && self.interim_responses == 0 => Err(Error::NoResponse { end }),
            State::Head => Err(Error::HeadTruncated { received: self.filled, end }),
        };
        outcome.or_else(|error| self.fail(error))
    }

    /// Whether the response is complete.
    pub const fn is_done(&self) -> bool {
        matches!(&self.state, State::Body(body) if body.is_done())
    }

    /// Whether the connection may carry another exchange, as far as this response says (RFC 9112
    /// §9.3): it is complete and ends by itself, no octet came behind it, it is of HTTP/1.1 without
    /// `Connection: close` or of HTTP/1.0 with `Connection: keep-alive`, and nothing in it is such
    /// that another recipient could have read it differently. Interim responses with headers
    /// count as such.
    ///
    /// Content that was taken with [`Self::pull`] and dropped counts: the connection is drained.
    pub fn is_reusable(&self) -> bool {
        // RFC 9112 §9.3: to persist, a connection needs messages that say how long they are.
        let is_whole = matches!(&self.state, State::Body(body) if body.is_done() && body.is_self_delimited());
        let is_plain = self.has_plain_interims && !self.has_excess;
        is_whole && is_plain && self.head().is_some_and(persists)
    }

    /// Whether a 100 (Continue) has come: the server wants the content (RFC 9110 §15.2.1).
    pub const fn has_continue(&self) -> bool {
        self.has_continue
    }

    /// The status of the final response, as soon as its head is complete; also after an error in
    /// what follows.
    pub fn status(&self) -> Option<StatusCode> {
        self.has_head().then_some(self.status)
    }

    /// Whether a response has begun that is not interim, or not yet known to be.
    pub const fn has_begun(&self) -> bool {
        self.filled != 0
    }

    /// Whether the head of the final response is complete.
    pub const fn has_head(&self) -> bool {
        self.head != 0
    }

    /// The head of the final response, as soon as it is complete; also after an error in what
    /// follows.
    pub fn head(&self) -> Option<Head<'_>> {
        let octets = self.buffer.get(..self.head).filter(|_| self.has_head())?;
        Some(Head { status: self.status, octets })
    }

    /// Where a redirect leads: writes the URL that Location refers to, seen from `base`, into the
    /// buffer behind the head, over the content, and returns its place in the buffer. Without a fragment;
    /// [`crate::Url::parse`] takes it. The response is of no use afterwards.
    ///
    /// # Errors
    /// [`Error::RedirectWithoutLocation`], [`Error::RedirectNotHttps`], [`Error::RedirectUrl`],
    /// [`Error::RedirectTooLong`]; [`Error::Incomplete`] before the head is complete.
    pub fn resolve_location(&mut self, base: Url<'_>) -> Result<Range<usize>, Error> {
        let (head, space) = self.buffer.split_at_mut_checked(self.head).ok_or(Error::Incomplete)?;
        if head.is_empty() {
            return Err(Error::Incomplete);
        }
        let location = Head { status: self.status, octets: head }.location();
        let location = location.ok_or(Error::RedirectWithoutLocation)?;
        let length = reference::resolve(base, location, space)?;
        Ok(self.head..self.head.saturating_add(length))
    }

    /// The response.
    ///
    /// # Errors
    /// [`Error::Incomplete`] before it is complete, or the error that ended it.
    pub fn finish(self) -> Result<Response<'b>, Error> {
        if let State::Failed(error) = self.state {
            return Err(error);
        }
        if !self.is_done() {
            return Err(Error::Incomplete);
        }
        let buffer: &'b [u8] = self.buffer;
        let (octets, body) = buffer
            .get(..self.filled)
            .and_then(|used| used.split_at_checked(self.head))
            .ok_or(Error::Incomplete)?;
        Ok(Response { head: Head { status: self.status, octets }, body })
    }

    fn fail<T>(&mut self, error: Error) -> Result<T, Error> {
        self.state = State::Failed(error);
        Err(error)
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

    #[inline(never)]
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
        let minor_version = head.version.unwrap_or_default();
        // RFC 9110 §15.2: a client MUST be able to parse interim responses, and may ignore them.
        if status.0 < 200 {
            if self.interim_responses == MAX_INTERIM_RESPONSES {
                return Err(Error::TooManyInterimResponses { maximum: MAX_INTERIM_RESPONSES });
            }
            self.interim_responses += 1;
            self.has_continue |= status.0 == 100;
            self.has_plain_interims &=
                minor_version == 1 && head.headers.is_empty() && octets.ends_with(b"\r\n\r\n");
            self.filled = 0;
            return Ok(());
        }
        let framing = framing(self.method, minor_version, status, head.headers)?;
        self.status = status;
        self.head = self.filled;
        self.state = State::Body(Body::new(framing));
        Ok(())
    }

    fn append(&mut self, octets: &[u8]) -> usize {
        let count = copy_into(self.buffer.get_mut(self.filled..).unwrap_or_default(), octets);
        self.filled += count;
        count
    }

    fn used(&self) -> &[u8] {
        self.buffer.get(..self.filled).unwrap_or_default()
    }
}

impl fmt::Debug for ResponseReader<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseReader")
            .field("state", &self.state)
            .field("status", &self.status())
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
