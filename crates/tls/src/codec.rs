//! Reading and writing the presentation language of RFC 9846 §3.
//!
//! What everything else is made of is kept out of line: inlined into each caller it is several
//! kilobytes of flash.

use crate::{
    fault::{Failure, Fault},
    messages::HandshakeType,
};

/// Reads one handshake message; every failure is [`Fault::Malformed`] for that message.
#[derive(Clone, Copy)]
pub(crate) struct Reader<'m> {
    fields: Fields<'m>,
    message: HandshakeType,
}

impl<'m> Reader<'m> {
    pub(crate) fn new(octets: &'m [u8], message: HandshakeType) -> Self {
        Self { fields: Fields { rest: Some(octets) }, message }
    }

    pub(crate) fn message(&self) -> HandshakeType {
        self.message
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.fields.rest.unwrap_or_default().is_empty()
    }

    /// The next fields.
    ///
    /// # Errors
    /// RFC 9846 §6: a length beyond the end of a message is a decode_error.
    pub(crate) fn read<T>(&mut self, fields: impl FnOnce(&mut Fields<'m>) -> T) -> Result<T, Failure> {
        let value = fields(&mut self.fields);
        if self.fields.rest.is_some() { Ok(value) } else { Err(self.malformed()) }
    }

    /// Fields, and nothing behind them.
    ///
    /// # Errors
    /// As [`Self::read`]; and RFC 9846 §4.3: what is left over after parsing is a decode_error.
    pub(crate) fn all<T>(mut self, fields: impl FnOnce(&mut Fields<'m>) -> T) -> Result<T, Failure> {
        let value = fields(&mut self.fields);
        if matches!(self.fields.rest, Some(&[])) { Ok(value) } else { Err(self.malformed()) }
    }

    /// A reader over a part of the same message.
    pub(crate) fn nested(&self, octets: &'m [u8]) -> Self {
        Self::new(octets, self.message)
    }

    pub(crate) fn malformed(&self) -> Failure {
        Fault::Malformed.of(self.message)
    }

    /// RFC 9846 §6: what parses, but has a value that it must not have.
    pub(crate) fn illegal(&self) -> Failure {
        Fault::IllegalParameter.of(self.message)
    }
}

/// The fields of a structure, one behind the other. What is not there reads as zero or as nothing:
/// only [`Reader::read`] and [`Reader::all`] give fields away, and they do so when all were there. So
/// none of them needs a check of its own.
#[derive(Clone, Copy)]
pub(crate) struct Fields<'m> {
    /// None where a field was not there.
    rest: Option<&'m [u8]>,
}

impl<'m> Fields<'m> {
    #[inline(never)]
    pub(crate) fn take(&mut self, count: usize) -> &'m [u8] {
        let parts = self.rest.and_then(|rest| rest.split_at_checked(count));
        self.rest = parts.map(|(_, rest)| rest);
        parts.map_or(&[], |(head, _)| head)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> [u8; N] {
        *self.array_ref()
    }

    pub(crate) fn array_ref<const N: usize>(&mut self) -> &'m [u8; N] {
        self.take(N).first_chunk().unwrap_or(const { &[0; N] })
    }

    /// A number of at most four octets.
    #[inline(never)]
    fn number(&mut self, octets: usize) -> u32 {
        self.take(octets).iter().fold(0, |number, octet| number << 8 | u32::from(*octet))
    }

    pub(crate) fn u8(&mut self) -> u8 {
        let [octet, ..] = self.number(1).to_le_bytes();
        octet
    }

    pub(crate) fn u16(&mut self) -> u16 {
        let [low, high, ..] = self.number(2).to_le_bytes();
        u16::from_le_bytes([low, high])
    }

    pub(crate) fn u32(&mut self) -> u32 {
        self.number(4)
    }

    pub(crate) fn u64(&mut self) -> u64 {
        u64::from(self.number(4)) << 32 | u64::from(self.number(4))
    }

    /// A vector behind a length of one octet: `<0..2^8-1>`.
    pub(crate) fn vector8(&mut self) -> &'m [u8] {
        self.vector(1)
    }

    /// A vector behind a length of two octets: `<0..2^16-1>`.
    pub(crate) fn vector16(&mut self) -> &'m [u8] {
        self.vector(2)
    }

    /// A vector behind a length of three octets: `<0..2^24-1>`.
    pub(crate) fn vector24(&mut self) -> &'m [u8] {
        self.vector(3)
    }

    #[inline(never)]
    fn vector(&mut self, length_octets: usize) -> &'m [u8] {
        // Where a length does not fit into a `usize`, so many octets are not there either.
        let length = usize::try_from(self.number(length_octets)).unwrap_or(usize::MAX);
        self.take(length)
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

    #[inline(never)]
    pub(crate) fn u32(&mut self, value: u32) {
        self.bytes(&value.to_be_bytes());
    }

    #[inline(never)]
    pub(crate) fn u64(&mut self, value: u64) {
        self.bytes(&value.to_be_bytes());
    }

    /// A vector of at most 255 octets behind its length.
    #[cfg(feature = "client-auth")]
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
        let at = self.skip(length_octets);
        content(self);
        self.write_length(at, length_octets);
    }

    /// Leaves space for so many octets. Where it begins.
    #[inline(never)]
    pub(crate) fn skip(&mut self, count: usize) -> usize {
        let at = self.length;
        self.length = at.saturating_add(count);
        at
    }

    /// Writes the length of a vector that begins at `at` with its length, and that is complete.
    ///
    /// The lengths that this crate writes are bounded by its own constants, and by the length of
    /// a record, which whoever sends it checks: far below what would not fit into the octets.
    #[inline(never)]
    pub(crate) fn write_length(&mut self, at: usize, octets: usize) {
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
            let mut reader = Reader::new(&whole[..cut], HandshakeType::CERTIFICATE);
            assert_eq!(reader.read(Fields::vector24), Err(Fault::Malformed.of(HandshakeType::CERTIFICATE)));
        }
        let mut reader = Reader::new(&whole, HandshakeType::CERTIFICATE);
        assert_eq!(reader.read(Fields::vector24), Ok(&[1, 2, 3][..]));
        assert_eq!(reader.all(|_| ()), Ok(()));
    }

    #[test]
    fn a_reader_sees_what_is_left_over() {
        let mut reader = Reader::new(&[1, 7, 9], HandshakeType::FINISHED);
        assert_eq!(reader.read(Fields::vector8), Ok(&[7][..]));
        assert_eq!(reader.all(|_| ()), Err(Fault::Malformed.of(HandshakeType::FINISHED)));
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
