//! Smaller records for small buffers: record_size_limit (RFC 8449), and max_fragment_length
//! (RFC 6066 §4) for servers that know only that.

use crate::{
    FULL_RECEIVE_BUFFER,
    codec::{Fields, Reader},
    fault::Failure,
    record::{HEADER, LONGEST_CONTENT, OVERHEAD},
};

/// RFC 8449 §4: no limit is smaller.
const SMALLEST: u16 = 64;

/// What a ClientHello asks for when the receive buffer cannot take every record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wanted {
    /// Octets of TLSInnerPlaintext: content, type and padding.
    pub(crate) record_size_limit: u16,
    /// `MaxFragmentLength`: 1 for 512 octets of content, 2 for 1,024, 3 for 2,048, 4 for 4,096.
    pub(crate) max_fragment_length: u8,
}

impl Wanted {
    /// Records of at most a third of the buffer, so that a Certificate message of the other two
    /// thirds fits beside one; nothing for a buffer that takes any record.
    pub(crate) fn for_buffer(size: usize) -> Option<Self> {
        if size >= FULL_RECEIVE_BUFFER {
            return None;
        }
        let record = size / 3;
        let inner = record.saturating_sub(HEADER + OVERHEAD - 1);
        let code = [4, 3, 2].into_iter().find(|code| usize::from(fragment(*code)) < inner).unwrap_or(1);
        Some(Self {
            record_size_limit: u16::try_from(inner).unwrap_or(u16::MAX).max(SMALLEST),
            max_fragment_length: code,
        })
    }
}

/// The content of a record at most.
fn fragment(code: u8) -> u16 {
    256 << code.min(4)
}

/// What was agreed on: octets of content at most, in each direction.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Agreed {
    receive: u16,
    send: u16,
    /// Whether the server has answered one of the two extensions.
    answered: bool,
}

impl Agreed {
    pub(crate) const NOTHING: Self =
        Self { receive: LONGEST_CONTENT, send: LONGEST_CONTENT, answered: false };

    /// From the server.
    pub(crate) fn receive(self) -> usize {
        self.receive.into()
    }

    /// From this client.
    pub(crate) fn send(self) -> usize {
        self.send.into()
    }

    /// The server's record_size_limit: what this client may send.
    pub(crate) fn record_size_limit(&mut self, wanted: Wanted, data: Reader<'_>) -> Result<(), Failure> {
        let limit = data.all(Fields::u16)?;
        // RFC 8449 §4: not below 64, not above what the protocol allows; §5: not both extensions.
        if !(SMALLEST..=LONGEST_CONTENT + 1).contains(&limit) || self.answered {
            return Err(data.illegal());
        }
        // Of each limit, one octet is the content's type.
        *self = Self {
            receive: wanted.record_size_limit.saturating_sub(1),
            send: limit.saturating_sub(1),
            answered: true,
        };
        Ok(())
    }

    /// The server's max_fragment_length, for both directions.
    pub(crate) fn max_fragment_length(&mut self, wanted: Wanted, data: Reader<'_>) -> Result<(), Failure> {
        let code = data.all(Fields::u8)?;
        // RFC 6066 §4: the very length that was asked for; RFC 8449 §5: not both extensions.
        if code != wanted.max_fragment_length || self.answered {
            return Err(data.illegal());
        }
        *self = Self { receive: fragment(code), send: fragment(code), answered: true };
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{MIN_RECEIVE_BUFFER, fault::Fault, messages::HandshakeType};

    fn wanted(size: usize) -> Option<(u16, u8)> {
        Wanted::for_buffer(size).map(|wanted| (wanted.record_size_limit, wanted.max_fragment_length))
    }

    #[test]
    fn a_third_of_the_buffer() {
        assert_eq!(wanted(MIN_RECEIVE_BUFFER), Some((320, 1)));
        assert_eq!(wanted(2048), Some((661, 1)));
        assert_eq!(wanted(4096), Some((1344, 2)));
        assert_eq!(wanted(8192), Some((2709, 3)));
        assert_eq!(wanted(FULL_RECEIVE_BUFFER - 1), Some((5527, 4)));
        assert_eq!(wanted(FULL_RECEIVE_BUFFER), None);
    }

    #[test]
    fn what_the_server_may_answer() {
        let wanted = Wanted::for_buffer(4096).unwrap();
        let message = HandshakeType::ENCRYPTED_EXTENSIONS;
        let limit = |octets: &[u8]| {
            let mut agreed = Agreed::NOTHING;
            agreed
                .record_size_limit(wanted, Reader::new(octets, message))
                .map(|()| (agreed.receive(), agreed.send()))
        };
        assert_eq!(limit(&[0, 64]), Ok((1343, 63)));
        assert_eq!(limit(&[0x40, 1]), Ok((1343, 16_384)));
        assert_eq!(limit(&[0, 63]), Err(Fault::IllegalParameter.of(message)));
        assert_eq!(limit(&[0x40, 2]), Err(Fault::IllegalParameter.of(message)));
        assert_eq!(limit(&[64]), Err(Fault::Malformed.of(message)));
        assert_eq!(limit(&[0, 64, 0]), Err(Fault::Malformed.of(message)));

        let mut agreed = Agreed::NOTHING;
        let mut length = |octets: &[u8]| {
            agreed
                .max_fragment_length(wanted, Reader::new(octets, message))
                .map(|()| (agreed.receive(), agreed.send()))
        };
        assert_eq!(length(&[1]), Err(Fault::IllegalParameter.of(message)));
        assert_eq!(length(&[]), Err(Fault::Malformed.of(message)));
        assert_eq!(length(&[2]), Ok((1024, 1024)));
        assert_eq!(length(&[2]), Err(Fault::IllegalParameter.of(message)), "an answer to both");
    }
}
