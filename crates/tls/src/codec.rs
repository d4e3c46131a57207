//! Reading and writing the presentation language of RFC 9846 §3.
//!
//! What everything else is made of is kept out of line: inlined into each caller it is several
//! kilobytes of flash.

use crate::error::{Error, Message};

/// Reads one handshake message; every failure is [`Error::Malformed`] for that message.
#[derive(Clone)]
pub(crate) struct Reader<'m> {
    rest: &'m [u8],
    message: Message,
}

impl<'m> Reader<'m> {
    pub(crate) fn new(octets: &'m [u8], message: Message) -> Self {
        Self { rest: octets, message }
    }

    pub(crate) fn message(&self) -> Message {
        self.message
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// RFC 9846 §6: a length beyond the end of a message is a decode_error.
    #[inline(never)]
    pub(crate) fn take(&mut self, count: usize) -> Result<&'m [u8], Error> {
        let (head, rest) = self.rest.split_at_checked(count).ok_or_else(|| self.malformed())?;
        self.rest = rest;
        Ok(head)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        self.array_ref().copied()
    }

    pub(crate) fn array_ref<const N: usize>(&mut self) -> Result<&'m [u8; N], Error> {
        self.take(N)?.first_chunk().ok_or_else(|| self.malformed())
    }

    #[inline(never)]
    pub(crate) fn u8(&mut self) -> Result<u8, Error> {
        self.array().map(u8::from_be_bytes)
    }

    #[inline(never)]
    pub(crate) fn u16(&mut self) -> Result<u16, Error> {
        self.array().map(u16::from_be_bytes)
    }

    pub(crate) fn u32(&mut self) -> Result<u32, Error> {
        self.array().map(u32::from_be_bytes)
    }

    /// A vector behind a length of one octet: `<0..2^8-1>`.
    #[inline(never)]
    pub(crate) fn vector8(&mut self) -> Result<&'m [u8], Error> {
        let length = self.u8()?;
        self.take(usize::from(length))
    }

    /// A vector behind a length of two octets: `<0..2^16-1>`.
    #[inline(never)]
    pub(crate) fn vector16(&mut self) -> Result<&'m [u8], Error> {
        let length = self.u16()?;
        self.take(usize::from(length))
    }

    /// A vector behind a length of three octets: `<0..2^24-1>`.
    pub(crate) fn vector24(&mut self) -> Result<&'m [u8], Error> {
        let [a, b, c] = self.array()?;
        self.take(u24(a, b, c))
    }

    /// A reader over a part of the same message.
    pub(crate) fn nested(&self, octets: &'m [u8]) -> Self {
        Self::new(octets, self.message)
    }

    /// RFC 9846 §4.3: what is left over after parsing is a decode_error.
    pub(crate) fn end(&self) -> Result<(), Error> {
        if self.rest.is_empty() { Ok(()) } else { Err(self.malformed()) }
    }

    pub(crate) fn malformed(&self) -> Error {
        Error::Malformed { message: self.message }
    }

    /// RFC 9846 §6: what parses, but has a value that it must not have.
    pub(crate) fn illegal(&self) -> Error {
        Error::IllegalParameter { message: self.message }
    }
}

/// The 24-bit length of a handshake message or certificate.
pub(crate) fn u24(a: u8, b: u8, c: u8) -> usize {
    usize::from(a) << 16 | usize::from(b) << 8 | usize::from(c)
}

/// Writes into a buffer, and goes on counting where the buffer ends, so that an error can say how
/// many octets were wanted.
pub(crate) struct Writer<'b> {
    buffer: &'b mut [u8],
    length: usize,
}

impl<'b> Writer<'b> {
    pub(crate) fn new(buffer: &'b mut [u8]) -> Self {
        Self { buffer, length: 0 }
    }

    /// How many octets were written, or would have been in a buffer without end.
    pub(crate) fn length(&self) -> usize {
        self.length
    }

    #[inline(never)]
    pub(crate) fn bytes(&mut self, octets: &[u8]) {
        let end = self.length.saturating_add(octets.len());
        if let Some(space) = self.buffer.get_mut(self.length..end) {
            space.copy_from_slice(octets);
        }
        self.length = end;
    }

    #[inline(never)]
    pub(crate) fn u8(&mut self, value: u8) {
        self.bytes(&[value]);
    }

    #[inline(never)]
    pub(crate) fn u16(&mut self, value: u16) {
        self.bytes(&value.to_be_bytes());
    }

    /// A vector of at most 255 octets behind its length.
    pub(crate) fn vector8(&mut self, content: impl FnOnce(&mut Self)) {
        self.vector(1, content);
    }

    /// A vector of at most 65,535 octets behind its length.
    pub(crate) fn vector16(&mut self, content: impl FnOnce(&mut Self)) {
        self.vector(2, content);
    }

    /// A vector of at most 2^24 - 1 octets behind its length.
    pub(crate) fn vector24(&mut self, content: impl FnOnce(&mut Self)) {
        self.vector(3, content);
    }

    fn vector(&mut self, length_octets: usize, content: impl FnOnce(&mut Self)) {
        let at = self.length;
        self.length = at.saturating_add(length_octets);
        content(self);
        self.write_length(at, length_octets);
    }

    /// Writes the length of a vector that begins at `at` with its length, and that is complete.
    ///
    /// The lengths that this crate writes are bounded by its own constants, and by the length of
    /// a record, which whoever sends it checks: far below what would not fit into the octets.
    #[inline(never)]
    fn write_length(&mut self, at: usize, octets: usize) {
        let start = at.saturating_add(octets);
        let mut length = self.length.saturating_sub(start);
        // Only where all of it fits, as with everything else that is written.
        for octet in self.buffer.get_mut(at..start).unwrap_or_default().iter_mut().rev() {
            *octet = length.to_le_bytes().first().copied().unwrap_or_default();
            length >>= 8;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_refuses_every_cut() {
        let whole = [0, 0, 3, 1, 2, 3];
        for cut in 0..whole.len() {
            let mut reader = Reader::new(&whole[..cut], Message::Certificate);
            assert_eq!(reader.vector24(), Err(Error::Malformed { message: Message::Certificate }));
        }
        let mut reader = Reader::new(&whole, Message::Certificate);
        assert_eq!(reader.vector24(), Ok(&[1, 2, 3][..]));
        assert_eq!(reader.end(), Ok(()));
    }

    #[test]
    fn a_reader_sees_what_is_left_over() {
        let mut reader = Reader::new(&[1, 7, 9], Message::Finished);
        assert_eq!(reader.vector8(), Ok(&[7][..]));
        assert_eq!(reader.end(), Err(Error::Malformed { message: Message::Finished }));
    }

    #[test]
    fn a_writer_counts_beyond_its_buffer() {
        let mut buffer = [0; 4];
        let mut writer = Writer::new(&mut buffer);
        writer.vector16(|w| w.bytes(&[1, 2]));
        assert_eq!(writer.length(), 4);
        writer.u16(7);
        assert_eq!(writer.length(), 6);
        assert_eq!(buffer, [0, 2, 1, 2]);
    }
}
