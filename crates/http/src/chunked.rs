//! The chunked transfer coding, RFC 9112 §7.1, one octet of framing at a time.
//!
//! Strict: a size has a digit, lines end in CRLF, extensions and trailers follow the grammar and
//! are bounded. One leniency: white space at the end of a size line, which servers in the field
//! send and which has one reading only.

use crate::Error;
use crate::field::{is_field_octet, is_token};

/// Hexadecimal digits of a chunk's size, leading zeros included: what fits into 64 bits.
const MAX_SIZE_DIGITS: usize = 16;
/// Octets of one chunk's extensions.
const MAX_EXTENSION: usize = 256;
/// Octets of the trailer section. They are checked and dropped (RFC 9110 §6.5.1).
const MAX_TRAILERS: usize = 4096;

/// What is next in the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// An octet of framing: give it to [`Chunked::framing`].
    Framing,
    /// So many octets of content; report those taken to [`Chunked::took`].
    Content(u64),
    /// Nothing: the last chunk and the trailer section are complete.
    Done,
}

#[derive(Clone, Debug)]
pub(crate) struct Chunked {
    state: State,
    /// The chunk's size, then what is left of it.
    size: u64,
    /// Octets counted against the state's bound: digits, extension or trailers.
    count: usize,
}

/// What the next octet is, or follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// `chunk-size`.
    Size,
    /// Behind the size or an extension: BWS, `;` or CR.
    Extension,
    /// Behind `;`: BWS, or the first octet of `chunk-ext-name`.
    ExtensionNameStart,
    ExtensionName,
    /// BWS behind the name: `=`, `;` or CR may follow.
    ExtensionNameEnd,
    /// Behind `=`: BWS, `"`, or the first octet of a token.
    ExtensionValueStart,
    ExtensionValue,
    Quoted,
    /// Behind the backslash of a `quoted-pair`.
    QuotedPair,
    /// LF behind a size line's CR.
    SizeLf,
    Content,
    /// CR, then LF behind a chunk's content.
    ContentCr,
    ContentLf,
    /// A trailer's first octet, or the CR of the empty line.
    TrailerStart,
    TrailerName,
    TrailerValue,
    TrailerLf,
    /// LF of the empty line.
    LastLf,
    Done,
}

impl Chunked {
    pub(crate) const fn new() -> Self {
        Self { state: State::Size, size: 0, count: 0 }
    }

    pub(crate) const fn next(&self) -> Next {
        match self.state {
            State::Done => Next::Done,
            State::Content => Next::Content(self.size),
            _ => Next::Framing,
        }
    }

    /// `count` octets of content were taken, at most as many as [`Next::Content`] said.
    pub(crate) fn took(&mut self, count: u64) {
        self.size = self.size.saturating_sub(count);
        if self.state == State::Content && self.size == 0 {
            self.state = State::ContentCr;
        }
    }

    /// Takes one octet of framing.
    pub(crate) fn framing(&mut self, octet: u8) -> Result<(), Error> {
        self.state = match self.state {
            State::Size => return self.size_octet(octet),
            State::SizeLf => self.end_of_size_line(octet)?,
            State::Extension
            | State::ExtensionNameStart
            | State::ExtensionName
            | State::ExtensionNameEnd
            | State::ExtensionValueStart
            | State::ExtensionValue
            | State::Quoted
            | State::QuotedPair => self.extension_octet(octet)?,
            State::ContentCr if octet == b'\r' => State::ContentLf,
            State::ContentLf if octet == b'\n' => {
                *self = Self::new();
                return Ok(());
            }
            State::ContentCr | State::ContentLf => return Err(Error::ChunkEnd { octet }),
            State::TrailerStart
            | State::TrailerName
            | State::TrailerValue
            | State::TrailerLf
            | State::LastLf => self.trailer_octet(octet)?,
            // Not framing: the caller asks `next` first.
            State::Content | State::Done => self.state,
        };
        Ok(())
    }

    fn size_octet(&mut self, octet: u8) -> Result<(), Error> {
        let Some(digit) = char::from(octet).to_digit(16) else {
            // `chunk-size = 1*HEXDIG`: an empty one is not 0.
            if self.count == 0 {
                return Err(Error::ChunkSize { octet });
            }
            self.count = 0;
            self.state = self.extension_end(octet)?;
            return Ok(());
        };
        if self.count == MAX_SIZE_DIGITS {
            return Err(Error::ChunkSizeTooLong { maximum: MAX_SIZE_DIGITS });
        }
        self.count += 1;
        // 16 digits of 4 bits cannot overflow.
        self.size = (self.size << 4) | u64::from(digit);
        Ok(())
    }

    fn end_of_size_line(&mut self, octet: u8) -> Result<State, Error> {
        self.count = 0;
        match (octet, self.size) {
            (b'\n', 0) => Ok(State::TrailerStart),
            (b'\n', _) => Ok(State::Content),
            _ => Err(Error::ChunkSize { octet }),
        }
    }

    /// `chunk-ext = *( BWS ";" BWS chunk-ext-name [ BWS "=" BWS chunk-ext-val ] )`, §7.1.1.
    fn extension_octet(&mut self, octet: u8) -> Result<State, Error> {
        self.count += 1;
        if self.count > MAX_EXTENSION {
            return Err(Error::ChunkExtensionTooLong { maximum: MAX_EXTENSION });
        }
        match (self.state, octet) {
            (State::ExtensionNameStart | State::ExtensionValueStart, b' ' | b'\t') => Ok(self.state),
            (State::ExtensionNameStart | State::ExtensionName, _) if is_token(octet) => {
                Ok(State::ExtensionName)
            }
            (State::ExtensionName | State::ExtensionNameEnd, b'=') => Ok(State::ExtensionValueStart),
            (State::ExtensionName | State::ExtensionNameEnd, b' ' | b'\t') => Ok(State::ExtensionNameEnd),
            (State::ExtensionValueStart, b'"') => Ok(State::Quoted),
            (State::ExtensionValueStart | State::ExtensionValue, _) if is_token(octet) => {
                Ok(State::ExtensionValue)
            }
            // `quoted-string`, RFC 9110 §5.6.4: a `;` in it ends nothing.
            (State::Quoted, b'"') => Ok(State::Extension),
            (State::Quoted, b'\\') => Ok(State::QuotedPair),
            (State::Quoted | State::QuotedPair, _) if is_field_octet(octet) => Ok(State::Quoted),
            (
                State::Extension | State::ExtensionName | State::ExtensionNameEnd | State::ExtensionValue,
                _,
            ) => self.extension_end(octet),
            _ => Err(Error::ChunkSize { octet }),
        }
    }

    /// What may follow a size or a complete extension.
    fn extension_end(&self, octet: u8) -> Result<State, Error> {
        match octet {
            b';' => Ok(State::ExtensionNameStart),
            b' ' | b'\t' => Ok(State::Extension),
            b'\r' => Ok(State::SizeLf),
            _ => Err(Error::ChunkSize { octet }),
        }
    }

    /// `trailer-section = *( field-line CRLF )` and the CRLF that ends the body, §7.1.2.
    fn trailer_octet(&mut self, octet: u8) -> Result<State, Error> {
        self.count += 1;
        if self.count > MAX_TRAILERS {
            return Err(Error::TrailerTooLong { maximum: MAX_TRAILERS });
        }
        match (self.state, octet) {
            (State::TrailerStart, b'\r') => Ok(State::LastLf),
            (State::TrailerStart | State::TrailerName, _) if is_token(octet) => Ok(State::TrailerName),
            (State::TrailerName, b':') => Ok(State::TrailerValue),
            (State::TrailerValue, b'\r') => Ok(State::TrailerLf),
            (State::TrailerValue, _) if is_field_octet(octet) => Ok(State::TrailerValue),
            (State::TrailerLf, b'\n') => Ok(State::TrailerStart),
            (State::LastLf, b'\n') => Ok(State::Done),
            _ => Err(Error::Trailer { octet }),
        }
    }
}
