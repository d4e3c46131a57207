//! A connection between two exchanges: without the caller's buffers, so that it can be kept where they
//! are not borrowed.

use super::{Connection, WARNING};
use crate::{
    AlertDescription, Config,
    error::{Error, Stage},
    fault::Fault,
    handshake::{Keys, Shared, State},
    key_schedule::HASH,
    limits::Agreed,
    record::ContentType,
    send::SendBuffer,
    session::{self, Session},
    traffic::Traffic,
};

/// Room for what is left of an idle connection: its keys, and what was agreed on.
///
/// [`Connection::park`] puts a connection here, and [`Connection::unpark`] goes on with it. It holds
/// secrets, which are zeroized as soon as they are taken out, replaced or dropped.
pub struct Parked {
    keys: Keys,
    idle: Option<Idle>,
}

/// What of an idle connection is no secret.
struct Idle {
    traffic: Traffic,
    limits: Agreed,
    /// When the server's certificate was verified, in Unix seconds.
    verified: u64,
    tickets: u8,
    /// Whom the connection leads to, and how that was verified.
    binding: [u8; HASH],
}

impl Parked {
    /// Room without a connection.
    pub fn new() -> Self {
        Self { keys: Keys::default(), idle: None }
    }

    /// Whether there is a connection.
    pub const fn is_occupied(&self) -> bool {
        self.idle.is_some()
    }

    /// Whether there is a connection that leads to this server, verified with these trust anchors, for
    /// this client.
    pub fn is_for(&self, config: &Config<'_>) -> bool {
        self.idle.as_ref().is_some_and(|idle| idle.binding == session::binding(config))
    }

    /// Ends the connection, if there is one: writes the record with close_notify (RFC 9846 §6.1) to the
    /// front of `space` and returns its length, at most 24 octets; 0 where there is no connection, or
    /// no room.
    pub fn close(&mut self, space: &mut [u8]) -> usize {
        let mut send = SendBuffer::new(space);
        let alert = [WARNING, AlertDescription::CLOSE_NOTIFY.0];
        let is_open = self.idle.take().is_some();
        let written = match &mut self.keys.write {
            Some(write) if is_open => send.push_sealed(write, ContentType::Alert, &alert).is_ok(),
            _ => false,
        };
        self.keys = Keys::default();
        if written { send.pending().len() } else { 0 }
    }
}

impl Default for Parked {
    fn default() -> Self {
        Self::new()
    }
}

impl core::fmt::Debug for Parked {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Parked").field("is_occupied", &self.is_occupied()).finish_non_exhaustive()
    }
}

impl<'a> Connection<'a> {
    /// Takes an idle connection out of its buffers and puts it into `place`, over what is there. It is
    /// idle if the handshake is done, neither side has closed it, everything is sent, and everything
    /// that came is used up, to the last octet of the last record.
    ///
    /// Returns whether that was so. If it was, this connection is used up: [`Error::NotOpen`]. If not,
    /// nothing has changed but that `place` is empty.
    pub fn park(&mut self, place: &mut Parked) -> bool {
        *place = Parked::new();
        let is_idle = self.outgoing().is_empty()
            && self.receive.plaintext().is_empty()
            && self.receive.raw().is_empty()
            && !self.ended;
        match &self.state {
            State::Traffic(traffic) if is_idle && traffic.is_open() => {}
            _ => return false,
        }
        let used_up = State::Failed(Fault::NotOpen.into(), Stage::Traffic);
        let State::Traffic(traffic) = core::mem::replace(&mut self.state, used_up) else { return false };
        // A swap: a move would leave a copy where they were, which nothing wipes.
        core::mem::swap(&mut place.keys, &mut self.shared.keys);
        let binding = session::binding(&self.shared.config);
        let Shared { limits, verified, .. } = self.shared;
        place.idle = Some(Idle { traffic, limits, verified, tickets: self.tickets, binding });
        true
    }

    /// Goes on with a connection that was parked: established, and nothing received or to be sent.
    /// `place` is empty then. Tickets go to `session`, if there is one. Both buffers may be others than
    /// before; a server that was asked for smaller records goes by the size of the receive buffer at
    /// that time.
    ///
    /// # Errors
    /// [`Error::NotOpen`] where nothing is parked, or a connection to another server or with another
    /// trust ([`Parked::is_for`]); what is parked stays. A buffer that is too small.
    pub fn unpark(
        place: &mut Parked,
        config: Config<'a>,
        session: Option<&'a mut Session>,
        receive: &'a mut [u8],
        send: &'a mut [u8],
    ) -> Result<Self, Error> {
        super::check_setup(&config, receive.len(), send.len())?;
        let is_for = place.is_for(&config);
        let idle = place.idle.take_if(|_| is_for).ok_or(Error::NotOpen)?;
        let mut connection = Ok(Self::blank(config, session, receive, send));
        if let Ok(connection) = &mut connection {
            let Idle { traffic, limits, verified, tickets, binding: _ } = idle;
            connection.state = State::Traffic(traffic);
            connection.shared.limits = limits;
            connection.shared.verified = verified;
            connection.tickets = tickets;
            core::mem::swap(&mut place.keys, &mut connection.shared.keys);
        }
        connection
    }
}
