//! The content of a response, taken out of its framing without being kept.

use crate::chunked::{Chunked, Next};
use crate::framing::Framing;
use crate::{End, Error};

/// What [`crate::ResponseReader::pull`] made of some octets.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Piece<'i> {
    /// How many of the octets it took; those behind them are for the next call.
    pub taken: usize,
    /// The content among them, decoded; empty where they were head or framing.
    pub content: &'i [u8],
}

impl core::fmt::Debug for Piece<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        // What is in it may be secret.
        write!(f, "Piece({} octets taken, {} of content)", self.taken, self.content.len())
    }
}

/// How far the content has come.
#[derive(Debug)]
pub(crate) struct Body {
    form: Form,
    /// Octets of content so far, without framing.
    received: u64,
}

#[derive(Debug)]
enum Form {
    Length { total: u64 },
    Chunked(Chunked),
    CloseDelimited { has_ended: bool },
}

impl Body {
    pub(crate) const fn new(framing: Framing) -> Self {
        let form = match framing {
            Framing::Empty => Form::Length { total: 0 },
            Framing::ContentLength(total) => Form::Length { total },
            Framing::Chunked => Form::Chunked(Chunked::new()),
            Framing::CloseDelimited => Form::CloseDelimited { has_ended: false },
        };
        Self { form, received: 0 }
    }

    pub(crate) const fn is_done(&self) -> bool {
        match &self.form {
            Form::Length { total } => self.received == *total,
            Form::Chunked(chunked) => matches!(chunked.next(), Next::Done),
            Form::CloseDelimited { has_ended } => *has_ended,
        }
    }

    /// Whether the content ends without the connection's end.
    pub(crate) const fn is_self_delimited(&self) -> bool {
        !matches!(self.form, Form::CloseDelimited { .. })
    }

    /// Takes framing, and behind it at most one run of content. Of a non-empty input it takes at
    /// least one octet, unless the body is done.
    pub(crate) fn take<'i>(&mut self, input: &'i [u8]) -> Result<Piece<'i>, Error> {
        let mut framing = 0;
        let limit = match &mut self.form {
            Form::Length { total } => total.saturating_sub(self.received),
            Form::CloseDelimited { has_ended: true } => 0,
            Form::CloseDelimited { has_ended: false } => u64::MAX,
            Form::Chunked(chunked) => {
                for octet in input {
                    if chunked.next() != Next::Framing {
                        break;
                    }
                    chunked.framing(*octet)?;
                    framing += 1;
                }
                match chunked.next() {
                    Next::Content(left) => left,
                    Next::Framing | Next::Done => 0,
                }
            }
        };
        let rest = input.get(framing..).unwrap_or_default();
        let count = usize::try_from(limit).unwrap_or(usize::MAX).min(rest.len());
        let content = rest.get(..count).unwrap_or_default();
        self.received = self.received.saturating_add(to_u64(count));
        if let Form::Chunked(chunked) = &mut self.form {
            chunked.took(to_u64(count));
        }
        Ok(Piece { taken: framing.saturating_add(count), content })
    }

    /// The least that the content's size can be, as far as that is known to be more than `capacity`
    /// octets: the same however the octets were cut.
    pub(crate) fn least_size(&self, capacity: usize) -> u64 {
        match &self.form {
            Form::Length { total } => *total,
            Form::Chunked(chunked) => match chunked.next() {
                Next::Content(left) => self.received.saturating_add(left),
                Next::Framing | Next::Done => self.received,
            },
            Form::CloseDelimited { .. } => self.received.min(to_u64(capacity).saturating_add(1)),
        }
    }

    /// The connection came to its end. A body that only the end delimits is complete only by
    /// close_notify (RFC 9112 §9.8).
    pub(crate) fn end(&mut self, end: End) -> Result<(), Error> {
        if self.is_done() {
            return Ok(());
        }
        let expected = match &mut self.form {
            Form::CloseDelimited { has_ended } if end == End::CloseNotify => {
                *has_ended = true;
                return Ok(());
            }
            Form::Length { total } => Some(*total),
            Form::Chunked(_) | Form::CloseDelimited { .. } => None,
        };
        Err(Error::BodyTruncated { received: self.received, expected, end })
    }
}

pub(crate) fn to_u64(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}
