//! The caller's receive buffer.
//!
//! ```text
//! | kept | used up | joined plaintext | (gone) | raw octets | free |
//! 0    kept      start              plain    raw          end
//! ```
//! Raw octets come in at the end. A record is decrypted where it lies, and its content joins the
//! plaintext: handshake messages, split or not, or application data. The Certificate message is
//! kept in front while its path is verified, and until CertificateVerify needs its key.

use crate::{
    MIN_RECEIVE_BUFFER,
    codec::u24,
    fault::{Failure, Fault},
    record::{HEADER, Header, OVERHEAD},
    session::Session,
};

/// A NewSessionTicket with the longest ticket that a session takes, the longest nonce, and some
/// extensions; with what protects its last record it fits into the smallest buffer.
const MAX_USEFUL_TICKET: usize = 4 + 4 + 4 + 1 + 255 + 2 + Session::MAX_TICKET + 2 + 256;
const _: () = assert!(MAX_USEFUL_TICKET + HEADER + OVERHEAD <= MIN_RECEIVE_BUFFER);

pub(crate) struct ReceiveBuffer<'a> {
    octets: &'a mut [u8],
    kept: usize,
    start: usize,
    plain: usize,
    raw: usize,
    end: usize,
}

impl<'a> ReceiveBuffer<'a> {
    pub(crate) fn new(octets: &'a mut [u8]) -> Self {
        Self { octets, kept: 0, start: 0, plain: 0, raw: 0, end: 0 }
    }

    /// Space for more raw octets.
    pub(crate) fn space(&mut self) -> &mut [u8] {
        self.compact();
        self.octets.get_mut(self.end..).unwrap_or_default()
    }

    /// The first `count` octets of the space are filled.
    pub(crate) fn filled(&mut self, count: usize) {
        self.end = self.end.saturating_add(count).min(self.octets.len());
    }

    /// Joined plaintext that is not used up.
    pub(crate) fn plaintext(&self) -> &[u8] {
        self.octets.get(self.start..self.plain).unwrap_or_default()
    }

    pub(crate) fn consume(&mut self, count: usize) {
        self.start = self.start.saturating_add(count).min(self.plain);
    }

    /// The raw octets, as they came.
    pub(crate) fn raw(&self) -> &[u8] {
        self.octets.get(self.raw..self.end).unwrap_or_default()
    }

    /// The header of the next record, once it is there.
    pub(crate) fn header(&self) -> Option<Header> {
        self.raw().first_chunk::<HEADER>().map(|octets| Header::parse(*octets))
    }

    /// Whether the record is there as a whole.
    ///
    /// # Errors
    /// It can never be: it does not fit beside what the buffer holds already.
    pub(crate) fn is_whole(&self, header: &Header) -> Result<bool, Failure> {
        self.check_room()?;
        Ok(self.raw().len() >= HEADER.saturating_add(header.length))
    }

    /// Whether the next record, or if nothing is known of it yet its header at least, fits beside what
    /// must stay in the buffer.
    pub(crate) fn check_room(&self) -> Result<(), Failure> {
        if self.record_needs() > self.capacity() { Err(Fault::RecordTooLarge.into()) } else { Ok(()) }
    }

    /// The size that the buffer needs for the next record.
    pub(crate) fn record_needs(&self) -> usize {
        let length = self.header().map_or(1, |header| header.length);
        self.kept.saturating_add(self.plaintext().len()).saturating_add(HEADER).saturating_add(length)
    }

    /// The size that the buffer needs for the next message; what is kept, where that has not begun.
    pub(crate) fn message_needs(&self) -> usize {
        let message = self.message_length().unwrap_or_default();
        self.kept.saturating_add(message)
    }

    /// The buffer's size.
    pub(crate) fn capacity(&self) -> usize {
        self.octets.len()
    }

    /// The length of the next message, header included.
    fn message_length(&self) -> Option<usize> {
        let &[_, a, b, c] = self.plaintext().first_chunk()?;
        Some(u24(a, b, c).saturating_add(4))
    }

    /// The body of a whole record.
    pub(crate) fn body(&mut self, header: &Header) -> &mut [u8] {
        let start = self.raw.saturating_add(HEADER);
        self.octets.get_mut(start..start.saturating_add(header.length)).unwrap_or_default()
    }

    /// The record is done with; the first `content` octets of its body join the plaintext.
    pub(crate) fn take_record(&mut self, header: &Header, content: usize) {
        let start = self.raw.saturating_add(HEADER);
        let content = content.min(header.length);
        self.octets.copy_within(start..start.saturating_add(content), self.plain);
        self.plain = self.plain.saturating_add(content);
        self.raw = start.saturating_add(header.length);
    }

    /// The next handshake message, header and body, once it is there as a whole.
    ///
    /// # Errors
    /// It can never be: it is larger than the buffer.
    pub(crate) fn message(&self) -> Result<Option<&[u8]>, Failure> {
        let Some(length) = self.message_length() else { return Ok(None) };
        if self.message_needs() > self.capacity() {
            return Err(Fault::MessageTooLarge.into());
        }
        Ok(self.plaintext().get(..length))
    }

    /// The size of the next message, header included, where it is a NewSessionTicket of which
    /// nothing can be kept, so that it need not be read as a whole.
    pub(crate) fn useless_ticket(&self) -> Option<usize> {
        let &[4, a, b, c] = self.plaintext().first_chunk()? else { return None };
        let size = u24(a, b, c).saturating_add(4);
        (size > MAX_USEFUL_TICKET).then_some(size)
    }

    /// Keeps the next `count` octets of the plaintext in front of the buffer.
    pub(crate) fn keep(&mut self, count: usize) {
        self.octets.copy_within(self.start..self.start.saturating_add(count).min(self.plain), 0);
        self.consume(count);
        self.kept = count;
    }

    /// What [`Self::keep`] kept. It stays in its place until [`Self::drop_kept`].
    pub(crate) fn kept(&self) -> &[u8] {
        self.octets.get(..self.kept).unwrap_or_default()
    }

    pub(crate) fn drop_kept(&mut self) {
        self.kept = 0;
    }

    /// Moves everything to the front.
    fn compact(&mut self) {
        self.octets.copy_within(self.start..self.plain, self.kept);
        self.plain = self.kept.saturating_add(self.plaintext().len());
        self.start = self.kept;
        self.octets.copy_within(self.raw..self.end, self.plain);
        self.end = self.plain.saturating_add(self.raw().len());
        self.raw = self.plain;
    }
}
