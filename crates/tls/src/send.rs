//! The caller's send buffer: records that wait to be sent.
//!
//! A record of application data is composed where it lies, behind space for a KeyUpdate record
//! that may have to go before it:
//!
//! ```text
//! | KeyUpdate | header | plaintext … | type, tag | reserve for an alert |
//! ```

use crate::{
    codec::Writer,
    fault::{Failure, Fault},
    record::{ContentType, HEADER, MAX_CONTENT, OVERHEAD, RecordKeys},
};

/// A KeyUpdate record: a message of 5 octets, protected.
const KEY_UPDATE: usize = HEADER + 5 + OVERHEAD;
/// An alert record, protected.
const ALERT: usize = HEADER + 2 + OVERHEAD;
/// Where composed plaintext begins.
const PLAINTEXT: usize = KEY_UPDATE + HEADER;

pub(crate) struct SendBuffer<'a> {
    octets: &'a mut [u8],
    start: usize,
    end: usize,
    /// How many octets the last record that was refused needed, and how many there were.
    refused: (usize, usize),
}

impl<'a> SendBuffer<'a> {
    pub(crate) fn new(octets: &'a mut [u8]) -> Self {
        Self { octets, start: 0, end: 0, refused: (0, 0) }
    }

    pub(crate) fn pending(&self) -> &[u8] {
        self.octets.get(self.start..self.end).unwrap_or_default()
    }

    pub(crate) fn sent(&mut self, count: usize) {
        self.start = self.start.saturating_add(count).min(self.end);
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
        }
    }

    /// Forgets what waits to be sent.
    pub(crate) fn clear(&mut self) {
        (self.start, self.end) = (0, 0);
    }

    /// Space for at most `limit` octets of plaintext; empty while records wait.
    pub(crate) fn plaintext_space(&mut self, limit: usize) -> &mut [u8] {
        if !self.pending().is_empty() {
            return &mut [];
        }
        let end = self.octets.len().saturating_sub(OVERHEAD + ALERT);
        self.octets.get_mut(PLAINTEXT..end.min(PLAINTEXT.saturating_add(limit))).unwrap_or_default()
    }

    /// Protects the first `count` octets of the plaintext space as a record of application data.
    pub(crate) fn seal(&mut self, keys: &mut RecordKeys, count: usize) -> Result<(), Failure> {
        let record = KEY_UPDATE..PLAINTEXT.saturating_add(count).saturating_add(OVERHEAD);
        let octets = self.octets.get_mut(record.clone()).ok_or(Fault::Internal)?;
        keys.seal(ContentType::ApplicationData, octets)?;
        (self.start, self.end) = (record.start, record.end);
        Ok(())
    }

    /// Protects a KeyUpdate message in front of where plaintext is composed.
    pub(crate) fn key_update_before_plaintext(
        &mut self,
        keys: &mut RecordKeys,
        message: &[u8; 5],
    ) -> Result<(), Failure> {
        let octets = self.octets.get_mut(..KEY_UPDATE).ok_or(Fault::Internal)?;
        write_content(octets, message)?;
        keys.seal(ContentType::Handshake, octets)
    }

    /// The record before the composed one goes out too.
    pub(crate) fn include_key_update(&mut self) {
        self.start = 0;
    }

    /// Appends a handshake record without protection. Returns its content.
    ///
    /// # Errors
    /// [`Fault::SendBufferTooSmall`]; [`Self::refused`] then has the size that would do.
    pub(crate) fn push_handshake(
        &mut self,
        version: u16,
        content: impl FnOnce(&mut Writer<'_>),
    ) -> Result<&mut [u8], Failure> {
        let start = self.end;
        let mut writer = Writer::new(self.octets.get_mut(start..).unwrap_or_default());
        writer.u8(ContentType::Handshake.octet());
        writer.u16(version);
        writer.vector16(content);
        let end = start.saturating_add(writer.length());
        // The reserve for an alert stays free, in case this very record provokes one.
        let minimum = end.saturating_add(ALERT);
        if minimum > self.size() {
            return Err(self.refuse(minimum));
        }
        self.end = end;
        Ok(self.octets.get_mut(start.saturating_add(HEADER)..end).unwrap_or_default())
    }

    /// Space for the content of a record behind what waits: at most `limit` octets, and as many as
    /// leave room for an alert.
    pub(crate) fn content_space(&mut self, limit: usize) -> &mut [u8] {
        let start = self.end.saturating_add(HEADER);
        let end = self.octets.len().saturating_sub(OVERHEAD + ALERT).min(start.saturating_add(limit));
        self.octets.get_mut(start..end).unwrap_or_default()
    }

    /// Protects the first `count` octets of [`Self::content_space`] as a record, which then waits.
    pub(crate) fn seal_content(
        &mut self,
        keys: &mut RecordKeys,
        content_type: ContentType,
        count: usize,
    ) -> Result<(), Failure> {
        let end = self.end.saturating_add(HEADER + OVERHEAD).saturating_add(count);
        let octets = self.octets.get_mut(self.end..end).ok_or(Fault::Internal)?;
        keys.seal(content_type, octets)?;
        self.end = end;
        Ok(())
    }

    /// How many octets the last record that was refused needed, and how many there were.
    pub(crate) fn refused(&self) -> (usize, usize) {
        self.refused
    }

    /// Goes back to what [`Self::refused`] said before.
    pub(crate) fn set_refused(&mut self, refused: (usize, usize)) {
        self.refused = refused;
    }

    fn refuse(&mut self, minimum: usize) -> Failure {
        self.refused = (minimum, self.size());
        Fault::SendBufferTooSmall.into()
    }

    /// The end of the buffer, or of the longest record behind what waits: RFC 9846 §5.1, a record
    /// has at most 2^14 octets, however large the buffer.
    fn size(&self) -> usize {
        self.octets.len().min(self.end.saturating_add(HEADER + MAX_CONTENT + ALERT))
    }

    /// Appends an alert record without protection.
    pub(crate) fn push_plain_alert(&mut self, alert: [u8; 2]) -> Result<(), Failure> {
        let [level, description] = alert;
        self.push(&[ContentType::Alert.octet(), 3, 3, 0, 2, level, description], 0)
    }

    /// RFC 9846 §E.4: compatibility mode sends one such record before its second flight. The reserve for
    /// an alert stays free.
    pub(crate) fn push_change_cipher_spec(&mut self) -> Result<(), Failure> {
        self.push(&[ContentType::ChangeCipherSpec.octet(), 3, 3, 0, 1, 1], ALERT)
    }

    /// Appends a whole record, behind which so many octets must be left.
    #[inline(never)]
    fn push(&mut self, record: &[u8], reserve: usize) -> Result<(), Failure> {
        let end = self.end.saturating_add(record.len());
        let (minimum, size) = (end.saturating_add(reserve), self.size());
        match self.octets.get_mut(self.end..end) {
            Some(space) if minimum <= size => space.copy_from_slice(record),
            _ => return Err(self.refuse(minimum)),
        }
        self.end = end;
        Ok(())
    }

    /// Appends a record with protection.
    pub(crate) fn push_sealed(
        &mut self,
        keys: &mut RecordKeys,
        content_type: ContentType,
        content: &[u8],
    ) -> Result<(), Failure> {
        let minimum = self.end.saturating_add(HEADER + OVERHEAD).saturating_add(content.len());
        let Some(octets) = self.octets.get_mut(self.end..minimum) else { return Err(self.refuse(minimum)) };
        write_content(octets, content)?;
        keys.seal(content_type, octets)?;
        self.end = minimum;
        Ok(())
    }
}

fn write_content(record: &mut [u8], content: &[u8]) -> Result<(), Failure> {
    let end = HEADER.saturating_add(content.len());
    record.get_mut(HEADER..end).ok_or(Fault::Internal)?.copy_from_slice(content);
    Ok(())
}
