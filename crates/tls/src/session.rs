//! Sessions to resume, RFC 9846 §2.2 and §4.7.1: psk_dhe_ke with tickets, and no 0-RTT.
//!
//! ```text
//! | magic | state | suite | lifetime | age_add | received | verified | binding | PSK | ticket | 0 … | checksum |
//! 0       3       4       6          10        14         22         30        62    94                504     512
//! ```

use pki_types::{IpAddr, ServerName, UnixTime};
use zeroize::Zeroize;

use crate::{
    Config, TrustKind,
    codec::{self, Reader, Writer},
    error::Error,
    extensions::Extensions,
    fault::Failure,
    identity::ClientIdentity,
    key_schedule::{self, HASH, Secret, Transcript},
    messages::HandshakeType,
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
            let mut out = Writer::new(&mut octets);
            out.bytes(self.octets.split_at(CHECKSUM).0);
            out.bytes(&self.checksum());
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
    /// trust anchors, the same client, within its lifetime. Its secret goes into
    /// `early`, and when the
    /// certificate was verified into `verified`.
    pub(crate) fn offer(
        &mut self,
        config: &Config<'_>,
        early: &mut Option<Secret>,
        verified: &mut u64,
    ) -> Option<Resumed> {
        let fields = self.fields().filter(|fields| fields.state == FRESH)?;
        let now = config.now.as_secs();
        fields.obfuscated_age(now)?;
        // RFC 9846 §4.7.1: the certificate was verified not too long ago either.
        now.checked_sub(fields.verified).filter(|age| *age < u64::from(MAX_LIFETIME))?;
        if *fields.binding != binding(config) {
            return None;
        }
        *verified = fields.verified;
        *early = Some(key_schedule::early_secret(fields.psk));
        self.set_state(USED);
        Some(Resumed(()))
    }

    /// The ticket of a session that is offered, and its obfuscated age.
    pub(crate) fn ticket(&self, now: UnixTime) -> Option<(&[u8], u32)> {
        let fields = self.fields()?;
        Some((fields.ticket, fields.obfuscated_age(now.as_secs())?))
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
        out.u32(ticket.lifetime.min(MAX_LIFETIME));
        out.u32(ticket.age_add);
        out.u64(origin.config.now.as_secs());
        out.u64(origin.verified);
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
        let mut reader = Reader::new(self.octets.split_at(CHECKSUM).0, HandshakeType::NEW_SESSION_TICKET);
        let fields = reader.read(read_fields).ok()?;
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
    let [a, b, c, d, e, f, g, h, ..] = hash.hash();
    [a, b, c, d, e, f, g, h]
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

impl Fields<'_> {
    /// RFC 9846 §4.3.11.1: in milliseconds; none where the ticket is older than its lifetime. A clock
    /// that went back knows no age.
    fn obfuscated_age(&self, now: u64) -> Option<u32> {
        let age = now.checked_sub(self.received).filter(|age| *age < u64::from(self.lifetime))?;
        let millis = u32::try_from(age.saturating_mul(1000)).ok()?;
        Some(millis.wrapping_add(self.age_add))
    }
}

fn read_fields<'s>(fields: &mut codec::Fields<'s>) -> Fields<'s> {
    Fields {
        magic: fields.array(),
        state: fields.u8(),
        suite: fields.u16(),
        lifetime: fields.u32(),
        age_add: fields.u32(),
        received: fields.u64(),
        verified: fields.u64(),
        binding: fields.array_ref(),
        psk: fields.array_ref(),
        ticket: fields.vector16(),
    }
}

/// Ties a session to the server's name, to the anchors that its certificate was verified with, and to
/// this client's own certificate.
pub(crate) fn binding(config: &Config<'_>) -> [u8; HASH] {
    let mut hash = Transcript::new();
    let mut add = |octets: &[u8]| hash.add_item(octets);
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

/// Proof that a session was made with this server by a connection that verified its certificate
/// with these anchors, and is not too old. Made in [`Session::offer`] alone.
#[derive(Debug)]
pub(crate) struct Resumed(());

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
    pub(crate) fn parse(body: &'m [u8]) -> Result<Self, Failure> {
        let message = Reader::new(body, HandshakeType::NEW_SESSION_TICKET);
        let (ticket, block) = message.all(|fields| {
            let (lifetime, age_add) = (fields.u32(), fields.u32());
            let (nonce, ticket) = (fields.vector8(), fields.vector16());
            (Self { lifetime, age_add, nonce, ticket }, fields.vector16())
        })?;
        // opaque ticket<1..2^16-1>
        if ticket.ticket.is_empty() {
            return Err(message.malformed());
        }
        // Extensions are ignored: of early_data (§4.3.10) nothing is used.
        Extensions::parse(message.nested(block))?.check_requests(&[])?;
        Ok(ticket)
    }
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use pki_types::{Der, TrustAnchor};

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
