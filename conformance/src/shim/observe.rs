//! What the shim sees of the server's hello on the wire: the engine keeps it to itself, and the
//! runner expects certain values.

/// `server_hello(2)`
const SERVER_HELLO: u8 = 2;
/// RFC 9846 §4.2.3: how a HelloRetryRequest's random value begins.
const RETRY: [u8; 4] = [0xcf, 0x21, 0xad, 0x74];
const KEY_SHARE: u16 = 51;

/// What a server's first octets say.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Seen {
    /// There was a HelloRetryRequest.
    pub(crate) retry: bool,
    /// The cipher suite of the ServerHello.
    pub(crate) suite: Option<u16>,
    /// The group of the ServerHello's key share.
    pub(crate) group: Option<u16>,
}

impl Seen {
    /// Reads what came from the server, from its first octet on.
    pub(crate) fn read(raw: &[u8]) -> Self {
        let mut seen = Self::default();
        let handshake = plain_handshake(raw);
        let mut rest = handshake.as_slice();
        while let Some((message, behind)) = split_message(rest) {
            rest = behind;
            if seen.hello(message).is_none() {
                break;
            }
        }
        seen
    }

    /// Takes a `server_hello` message; `None` when nothing readable follows it.
    fn hello(&mut self, message: &[u8]) -> Option<()> {
        let (&[SERVER_HELLO, ..], body) = message.split_first_chunk::<4>()? else { return None };
        let (_version, rest) = body.split_at_checked(2)?;
        let (random, rest) = rest.split_at_checked(32)?;
        let (_session, rest) = split_vector8(rest)?;
        let (suite, rest) = split_u16(rest)?;
        let (_compression, rest) = rest.split_first()?;
        let (mut extensions, _) = split_vector16(rest)?;
        if random.starts_with(&RETRY) {
            self.retry = true;
            return Some(());
        }
        self.suite = Some(suite);
        while let Some((extension, rest)) = split_u16(extensions) {
            let (data, rest) = split_vector16(rest)?;
            if extension == KEY_SHARE {
                self.group = split_u16(data).map(|(group, _)| group);
            }
            extensions = rest;
        }
        None
    }
}

/// The content of the handshake records that come before the first protected one, joined.
fn plain_handshake(mut raw: &[u8]) -> Vec<u8> {
    let mut joined = Vec::new();
    while let Some((&[content_type, _, _, high, low], rest)) = raw.split_first_chunk() {
        let length = usize::from(u16::from_be_bytes([high, low]));
        let Some((content, rest)) = rest.split_at_checked(length) else { break };
        match content_type {
            20 => {}
            22 => joined.extend_from_slice(content),
            _ => break,
        }
        raw = rest;
    }
    joined
}

fn split_message(octets: &[u8]) -> Option<(&[u8], &[u8])> {
    let &[_, a, b, c] = octets.first_chunk()?;
    let length = usize::try_from(u32::from_be_bytes([0, a, b, c])).ok()?;
    octets.split_at_checked(length.checked_add(4)?)
}

fn split_u16(octets: &[u8]) -> Option<(u16, &[u8])> {
    let (number, rest) = octets.split_first_chunk()?;
    Some((u16::from_be_bytes(*number), rest))
}

fn split_vector8(octets: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = octets.split_first()?;
    rest.split_at_checked(usize::from(*length))
}

fn split_vector16(octets: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = split_u16(octets)?;
    rest.split_at_checked(usize::from(length))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hello(random: u8, extensions: &[u8]) -> Vec<u8> {
        let mut body = vec![3, 3];
        body.extend([random; 32]);
        if random == 0xcf {
            body[2..6].copy_from_slice(&RETRY);
        }
        body.extend([0, 0x13, 0x03, 0, 0, extensions.len().try_into().unwrap()]);
        body.extend(extensions);
        let mut message = vec![2, 0, 0, body.len().try_into().unwrap()];
        message.extend(body);
        message
    }

    fn records(message: &[u8], size: usize) -> Vec<u8> {
        let record = |content: &[u8]| [&[22, 3, 3, 0, content.len().try_into().unwrap()], content].concat();
        message.chunks(size).flat_map(record).collect()
    }

    #[test]
    fn a_hello_behind_a_retry_is_read_however_it_is_split() {
        for size in [1, 7, 200] {
            let mut raw = records(&hello(0xcf, &[0, 51, 0, 2, 0, 23]), size);
            raw.extend([20, 3, 3, 0, 1, 1]);
            raw.extend(records(&hello(9, &[0, 43, 0, 2, 3, 4, 0, 51, 0, 4, 0, 23, 0, 0]), size));
            raw.extend([23, 3, 3, 0, 1, 0]);
            assert_eq!(Seen::read(&raw), Seen { retry: true, suite: Some(0x1303), group: Some(23) });
            for cut in 0..raw.len() {
                Seen::read(&raw[..cut]);
            }
        }
        assert_eq!(Seen::read(b"HTTP/1.1 400 Bad Request"), Seen::default());
    }
}
