//! Sessions to resume, RFC 9846 §2.2 and §4.7.1: psk_dhe_ke with tickets, and no 0-RTT.
//!
//! ```text
//! | magic | state | suite | lifetime | age_add | received | verified | binding | PSK | ticket | 0 … | checksum |
//! 0       3       4       6          10        14         22         30        62    94                504     512
//! ```

use pki_types::{IpAddr, ServerName};
use zeroize::Zeroize;

use crate::{
    Config, TrustKind,
    codec::{Reader, Writer},
    error::{Error, Message},
    identity::ClientIdentity,
    key_schedule::{self, HASH, Secret, Transcript},
    record::CipherSuite,
};

/// Format and version.
const MAGIC: &[u8; 3] = b"PP\x01";
const CHECKSUM: usize = Session::SIZE - 8;
const TICKET: usize = 94;
/// RFC 9846 §4.7.1: no ticket is used longer than 7 days, whatever its lifetime.
const MAX_LIFETIME: u32 = 604_800;

const FRESH: u8 = 1;
const USED: u8 = 2;

/// Room for one session: what a later connection to the same server needs to do without
/// certificates and signatures.
///
/// A connection that is given a `Session` offers what is in it, once: from then on it counts as
/// used, so that nobody can link two connections by their ticket (RFC 9846 §C.4). When the server
/// sends a new ticket, that takes its place. Its 512 octets survive deep sleep where the caller
/// keeps them; they hold a secret, and are zeroized when dropped.
pub struct Session {
    octets: [u8; Self::SIZE],
    refused: Option<usize>,
}

impl Session {
    /// The size of an exported session in octets.
    pub const SIZE: usize = 512;
    /// The longest ticket that fits, in octets.
    pub const MAX_TICKET: usize = CHECKSUM - TICKET - 2;

    /// Room without a session.
    pub const fn new() -> Self {
        Self { octets: [0; Self::SIZE], refused: None }
    }

    /// What to keep over a deep sleep: secret octets. Without a session that can be used, zeros.
    pub fn export(&self) -> [u8; Self::SIZE] {
        let mut octets = [0; Self::SIZE];
        if self.is_available() {
            // The checksum is made here: it is against damage between this and `import`.
            let content = self.octets.iter().take(CHECKSUM);
            octets.iter_mut().zip(content.copied().chain(self.checksum())).for_each(|(to, from)| *to = from);
        }
        octets
    }

    /// A session that was exported.
    ///
    /// # Errors
    /// [`Error::Session`] when these are not the octets of [`Self::export`].
    pub fn import(octets: &[u8; Self::SIZE]) -> Result<Self, Error> {
        let session = Self { octets: *octets, refused: None };
        if octets.iter().all(|octet| *octet == 0) {
            return Ok(session);
        }
        let stored =
            session.fields().filter(|_| session.checksum().as_slice() == octets.split_at(CHECKSUM).1);
        match stored {
            Some(fields) if fields.state == FRESH => Ok(session),
            _ => Err(Error::Session),
        }
    }

    /// Whether there is a session that was not used yet. It may have expired all the same.
    pub fn is_available(&self) -> bool {
        self.fields().is_some_and(|fields| fields.state == FRESH)
    }

    /// The size of the last ticket that came and was larger than [`Self::MAX_TICKET`]; of one that
    /// was passed over unread, the size of the whole message.
    pub const fn refused_ticket(&self) -> Option<usize> {
        self.refused
    }

    /// Forgets the session.
    pub fn clear(&mut self) {
        self.octets.zeroize();
    }

    /// Takes the session for one connection, if it is good for that: the same server, the same
    /// trust anchors, the same client, within its lifetime. Its secret goes into `early`.
    pub(crate) fn offer(&mut self, config: &Config<'_>, early: &mut Option<Secret>) -> Option<Offer> {
        let fields = self.fields().filter(|fields| fields.state == FRESH)?;
        let now = config.now.as_secs();
        // RFC 9846 §4.3.11.1: not older than its lifetime; a clock that went back knows no age.
        let age = now.checked_sub(fields.received).filter(|age| *age < u64::from(fields.lifetime))?;
        // RFC 9846 §4.7.1: the certificate was verified not too long ago either.
        now.checked_sub(fields.verified).filter(|age| *age < u64::from(MAX_LIFETIME))?;
        if *fields.binding != binding(config) {
            return None;
        }
        let millis = u32::try_from(age.saturating_mul(1000)).ok()?;
        let offer = Offer {
            obfuscated_age: millis.wrapping_add(fields.age_add),
            resumed: Resumed { verified: fields.verified },
        };
        *early = Some(key_schedule::early_secret(fields.psk));
        self.set_state(USED);
        Some(offer)
    }

    /// The ticket of an [`Offer`].
    pub(crate) fn ticket(&self) -> &[u8] {
        self.fields().map_or(&[], |fields| fields.ticket)
    }

    /// Notes the size of a ticket that is of no use.
    pub(crate) fn refuse(&mut self, size: usize) {
        self.refused = Some(size);
    }

    /// Stores a NewSessionTicket, RFC 9846 §4.7.1, in place of what was there.
    pub(crate) fn store(&mut self, ticket: &Ticket<'_>, origin: &Origin<'_>) {
        if ticket.ticket.len() > Self::MAX_TICKET {
            return self.refuse(ticket.ticket.len());
        }
        // RFC 9846 §4.7.1: zero means that it is to be discarded.
        if ticket.lifetime == 0 {
            return;
        }
        let psk: Secret = key_schedule::expand_label(origin.secret, b"resumption", ticket.nonce);
        self.octets.zeroize();
        let mut out = Writer::new(&mut self.octets);
        out.bytes(MAGIC);
        out.u8(FRESH);
        out.u16(origin.suite.code());
        out.bytes(&ticket.lifetime.min(MAX_LIFETIME).to_be_bytes());
        out.bytes(&ticket.age_add.to_be_bytes());
        out.bytes(&origin.config.now.as_secs().to_be_bytes());
        out.bytes(&origin.verified.to_be_bytes());
        out.bytes(&binding(origin.config));
        out.bytes(&*psk);
        out.vector16(|out| out.bytes(ticket.ticket));
    }

    fn set_state(&mut self, state: u8) {
        if let Some(octet) = self.octets.get_mut(MAGIC.len()) {
            *octet = state;
        }
    }

    fn checksum(&self) -> [u8; 8] {
        checksum(self.octets.split_at(CHECKSUM).0)
    }

    /// Every field, checked on its own.
    fn fields(&self) -> Option<Fields<'_>> {
        let mut reader = Reader::new(self.octets.split_at(CHECKSUM).0, Message::NewSessionTicket);
        let fields = read_fields(&mut reader).ok()?;
        let suite = CipherSuite::OFFERED.iter().any(|suite| suite.code() == fields.suite);
        let good = fields.magic == *MAGIC
            && matches!(fields.state, FRESH | USED)
            && suite
            && (1..=MAX_LIFETIME).contains(&fields.lifetime)
            && fields.verified <= fields.received
            && !fields.ticket.is_empty();
        good.then_some(fields)
    }
}

impl Default for Session {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.octets.zeroize();
    }
}

impl core::fmt::Debug for Session {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Session").field("is_available", &self.is_available()).finish_non_exhaustive()
    }
}

/// Against damage: not against whoever can write.
pub(crate) fn checksum(octets: &[u8]) -> [u8; 8] {
    let mut hash = Transcript::new();
    hash.add(octets);
    let mut checksum = [0; 8];
    checksum.iter_mut().zip(hash.hash()).for_each(|(to, from)| *to = from);
    checksum
}

struct Fields<'s> {
    magic: [u8; 3],
    state: u8,
    suite: u16,
    lifetime: u32,
    age_add: u32,
    received: u64,
    verified: u64,
    binding: &'s [u8; HASH],
    psk: &'s [u8; HASH],
    ticket: &'s [u8],
}

fn read_fields<'s>(reader: &mut Reader<'s>) -> Result<Fields<'s>, Error> {
    Ok(Fields {
        magic: reader.array()?,
        state: reader.u8()?,
        suite: reader.u16()?,
        lifetime: reader.u32()?,
        age_add: reader.u32()?,
        received: reader.array().map(u64::from_be_bytes)?,
        verified: reader.array().map(u64::from_be_bytes)?,
        binding: reader.array_ref()?,
        psk: reader.array_ref()?,
        ticket: reader.vector16()?,
    })
}

/// Ties a session to the server's name, to the anchors that its certificate was verified with, and to
/// this client's own certificate.
pub(crate) fn binding(config: &Config<'_>) -> [u8; HASH] {
    let mut hash = Transcript::new();
    let mut add = |octets: &[u8]| {
        // Each behind its length, so that no two lists of them are the same octets.
        let length = u64::try_from(octets.len()).unwrap_or(u64::MAX);
        hash.add(&length.to_be_bytes());
        hash.add(octets);
    };
    // The kind goes in front: a DNS name may have the octets of an address.
    let (kind, name): (&[u8], &[u8]) = match &config.server_name {
        ServerName::DnsName(name) => (b"dns", name.as_ref().as_bytes()),
        ServerName::IpAddress(IpAddr::V4(address)) => (b"ip", address.as_ref()),
        ServerName::IpAddress(IpAddr::V6(address)) => (b"ip", address.as_ref()),
        // There is no other kind, and webpki would refuse it.
        _ => (b"unknown", &[]),
    };
    add(kind);
    add(name);
    // In a resumed handshake no certificate is asked for (RFC 9846 §4.4.2): to the server, this client
    // is who it was in the first. Nothing where it has none.
    add(config.client().map(ClientIdentity::certificate).unwrap_or_default());
    match config.trust.0 {
        TrustKind::Anchors(anchors) => {
            for anchor in anchors {
                add(&anchor.subject);
                add(&anchor.subject_public_key_info);
                add(anchor.name_constraints.as_deref().unwrap_or_default());
            }
        }
        #[cfg(feature = "danger-no-verification")]
        TrustKind::DangerAnyCertificate => add(b"danger"),
    }
    hash.hash()
}

/// What a ClientHello offers of a session, beside its ticket.
pub(crate) struct Offer {
    pub(crate) obfuscated_age: u32,
    pub(crate) resumed: Resumed,
}

/// Proof that a session was made with this server by a connection that verified its certificate
/// with these anchors, and is not too old. Made in [`Session::offer`] alone.
#[derive(Debug)]
pub(crate) struct Resumed {
    /// When the certificate was verified.
    pub(crate) verified: u64,
}

/// The connection that a ticket comes over.
pub(crate) struct Origin<'o> {
    pub(crate) config: &'o Config<'o>,
    pub(crate) suite: CipherSuite,
    pub(crate) secret: &'o Secret,
    /// When the certificate was verified.
    pub(crate) verified: u64,
}

/// A NewSessionTicket message, RFC 9846 §4.7.1.
pub(crate) struct Ticket<'m> {
    lifetime: u32,
    age_add: u32,
    nonce: &'m [u8],
    ticket: &'m [u8],
}

impl<'m> Ticket<'m> {
    pub(crate) fn parse(body: &'m [u8]) -> Result<Self, Error> {
        let mut reader = Reader::new(body, Message::NewSessionTicket);
        let lifetime = reader.u32()?;
        let age_add = reader.u32()?;
        let nonce = reader.vector8()?;
        let ticket = reader.vector16()?;
        let block = reader.vector16()?;
        reader.end()?;
        // opaque ticket<1..2^16-1>
        if ticket.is_empty() {
            return Err(reader.malformed());
        }
        // Extensions are ignored: of early_data (§4.3.10) nothing is used.
        crate::extensions::requests(reader.nested(block), &[], |_, _| Ok(()))?;
        Ok(Self { lifetime, age_add, nonce, ticket })
    }
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use pki_types::{Der, TrustAnchor, UnixTime};

    use super::*;
    use crate::Trust;

    fn of(name: &str, anchors: &[TrustAnchor<'_>]) -> [u8; HASH] {
        let server_name = ServerName::try_from(name).unwrap();
        let now = UnixTime::since_unix_epoch(Duration::ZERO);
        binding(&Config::new(server_name, Trust::anchors(anchors), now))
    }

    fn anchor<'a>(subject: &'a [u8], key: &'a [u8]) -> TrustAnchor<'a> {
        TrustAnchor {
            subject: Der::from_slice(subject),
            subject_public_key_info: Der::from_slice(key),
            name_constraints: None,
        }
    }

    #[test]
    fn a_binding_is_for_one_name_and_one_set_of_anchors() {
        let anchors = [anchor(b"ab", b"c")];
        assert_eq!(of("test", &anchors), of("test", &anchors));
        assert_ne!(of("test", &anchors), of("best", &anchors));
        // The octets of the name, as an address.
        assert_ne!(of("test", &anchors), of("116.101.115.116", &anchors));
        assert_ne!(of("test", &anchors), of("test", &[anchor(b"a", b"bc")]));
        assert_ne!(of("test", &anchors), of("test", &[anchor(b"ab", b"c"), anchor(b"ab", b"c")]));
    }
}
