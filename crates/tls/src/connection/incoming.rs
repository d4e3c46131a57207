//! What comes in: records, what protects them, and what is in them.

use super::Connection;
use crate::{
    AlertDescription,
    fault::{Failure, Fault},
    handshake::State,
    record::{ContentType, Header},
};

/// How many records without application data and key updates are taken in a row, and how many
/// tickets in all: nobody has use for more, and each costs time.
const MAX_IDLE_RECORDS: u8 = 32;

impl Connection<'_> {
    /// Takes the next record, if it is there as a whole.
    #[inline(never)]
    pub(super) fn take_record(&mut self) -> Result<bool, Failure> {
        let protected = self.shared.keys.read.is_some();
        if !protected {
            refuse_other_protocols(self.receive.raw())?;
        }
        let Some(header) = self.receive.header() else { return Ok(false) };
        let outer = ContentType::from_octet(header.content_type);
        self.check_outer_type(outer, &header)?;
        header.check_length(protected && outer == Some(ContentType::ApplicationData))?;
        if !self.receive.is_whole(&header)? {
            return Ok(false);
        }
        match outer {
            Some(ContentType::ChangeCipherSpec) => {
                // RFC 9846 §5: a single octet 1, to be dropped at any time until the server's
                // Finished: that is also in the middle of a split message, where §5.1 forbids the
                // server to send it.
                if self.receive.body(&header) != [1] {
                    return Err(Fault::ChangeCipherSpec.into());
                }
                self.receive.take_record(&header, 0);
                self.count_idle()?;
            }
            Some(outer) => {
                let (inner, length) = self.open(outer, &header)?;
                self.take_content(inner, length, &header)?;
            }
            None => return Err(Fault::UnexpectedRecord.with(header.content_type.into())),
        }
        Ok(true)
    }

    /// Which types of record may come, by what their header says.
    fn check_outer_type(&self, outer: Option<ContentType>, header: &Header) -> Result<(), Failure> {
        let protected = self.shared.keys.read.is_some();
        let fits = match outer {
            // RFC 9846 §5: until the server's Finished.
            Some(ContentType::ChangeCipherSpec) => !self.is_established(),
            // RFC 9846 §5.2: protected records say application_data, and are so from ServerHello on.
            Some(ContentType::ApplicationData) => protected,
            Some(ContentType::Handshake | ContentType::Alert) => !protected,
            None => false,
        };
        if fits { Ok(()) } else { Err(Fault::UnexpectedRecord.with(header.content_type.into())) }
    }

    /// Removes a record's protection, where there is one. Returns the type and the length of its
    /// content.
    #[inline(never)]
    fn open(&mut self, outer: ContentType, header: &Header) -> Result<(ContentType, usize), Failure> {
        let Some(keys) = &mut self.shared.keys.read else { return Ok((outer, header.length)) };
        let inner = keys.open(header, self.receive.body(header))?;
        // RFC 9846 §5.4: the whole of TLSInnerPlaintext is at most 2^14 + 1 octets, or what was
        // agreed on (RFC 8449 §4, RFC 6066 §4).
        if inner.len() > self.shared.limits.receive().saturating_add(1) {
            return Err(Failure::record_overflow(inner.len()));
        }
        // RFC 9846 §5.4: the content's type is the last octet that is not zero.
        let length = inner.iter().rposition(|octet| *octet != 0);
        let content_type = length.and_then(|last| inner.get(last)).copied().unwrap_or_default();
        match (ContentType::from_octet(content_type), length) {
            (Some(ContentType::ChangeCipherSpec) | None, _) | (_, None) => {
                Err(Fault::UnexpectedRecord.with(content_type.into()))
            }
            (Some(inner), Some(length)) => Ok((inner, length)),
        }
    }

    /// Takes a record's content, which is in the receive buffer without protection.
    fn take_content(&mut self, inner: ContentType, length: usize, header: &Header) -> Result<(), Failure> {
        let content_type = inner.octet();
        // RFC 9846 §5.1: a handshake message that is split has no other record in between.
        let skipping = matches!(&self.state, State::Traffic(traffic) if traffic.skipping > 0);
        let in_message = skipping || !self.receive.plaintext().is_empty();
        if in_message && inner != ContentType::Handshake {
            return Err(Fault::Interleaved.with(content_type.into()));
        }
        // RFC 9846 §5.1, §5.4: no handshake or alert record of zero length.
        if length == 0 && matches!(inner, ContentType::Handshake | ContentType::Alert) {
            return Err(Fault::EmptyRecord.with(content_type.into()));
        }
        match inner {
            ContentType::Handshake => {
                if let State::Traffic(traffic) = &mut self.state {
                    traffic.joining = true;
                }
                self.receive.take_record(header, length);
            }
            ContentType::Alert => {
                let alert = self.receive.body(header).get(..length).and_then(|alert| alert.try_into().ok());
                self.receive.take_record(header, 0);
                self.take_alert(alert)?;
            }
            ContentType::ApplicationData => {
                if !self.is_established() {
                    return Err(Fault::UnexpectedRecord.with(content_type.into()));
                }
                self.receive.take_record(header, length);
                // RFC 9846 §5.1: application data of zero length is allowed.
                if length == 0 {
                    self.count_idle()?;
                } else {
                    self.idle = 0;
                }
            }
            ContentType::ChangeCipherSpec => return Err(Fault::UnexpectedRecord.with(content_type.into())),
        }
        Ok(())
    }

    /// RFC 9846 §6: the level decides nothing.
    fn take_alert(&mut self, alert: Option<[u8; 2]>) -> Result<(), Failure> {
        // RFC 9846 §5.1: exactly one alert a record, and no fragments.
        let [_level, description] = alert.ok_or(Fault::MalformedAlert)?;
        let alert = AlertDescription(description);
        match (&mut self.state, alert) {
            (State::Traffic(traffic), AlertDescription::CLOSE_NOTIFY) => {
                traffic.read_closed = true;
                Ok(())
            }
            (_, AlertDescription::CLOSE_NOTIFY) => Err(Fault::ClosedInHandshake.into()),
            // RFC 9846 §6.1: not an error; a close_notify follows.
            (_, AlertDescription::USER_CANCELED) => self.count_idle(),
            (State::Traffic(traffic), alert) => Err(traffic.alert(alert)),
            (_, alert) => Err(Fault::AlertReceived.with(alert.0.into())),
        }
    }

    pub(super) fn count_ticket(&mut self) -> Result<(), Failure> {
        if self.tickets >= MAX_IDLE_RECORDS {
            return Err(Fault::TooManyEmptyRecords.into());
        }
        self.tickets = self.tickets.saturating_add(1);
        Ok(())
    }

    pub(super) fn count_idle(&mut self) -> Result<(), Failure> {
        if self.idle >= MAX_IDLE_RECORDS {
            return Err(Fault::TooManyEmptyRecords.into());
        }
        self.idle = self.idle.saturating_add(1);
        Ok(())
    }
}

/// Before the first record: says it in words where a server does not speak TLS at all.
fn refuse_other_protocols(raw: &[u8]) -> Result<(), Failure> {
    let Some(first) = raw.first_chunk::<5>() else { return Ok(()) };
    let [content_type, ..] = *first;
    if first == b"HTTP/" {
        Err(Fault::PlainHttp.into())
    } else if ContentType::from_octet(content_type).is_none() {
        Err(Fault::NotTls.into())
    } else {
        Ok(())
    }
}
