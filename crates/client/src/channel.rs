//! What an exchange runs over: this library's TLS, or a stream that another TLS stack has secured.

use core::fmt;

use picopost_tls::{Connection, Error, Stage, Step};

/// A channel to a server that was verified, without I/O: [`Connection`], a borrowed one, or
/// [`Secured`]. What each function is for stands with [`Connection`]'s of the same name.
pub trait Channel: sealed::Sealed {
    #![expect(missing_docs, reason = "documented with `Connection`")]
    fn outgoing(&self) -> &[u8];
    fn sent(&mut self, count: usize);
    fn incoming(&mut self) -> &mut [u8];
    fn received(&mut self, count: usize);
    #[expect(clippy::missing_errors_doc, reason = "documented with `Connection`")]
    fn step(&mut self) -> Result<Step, Error>;
    fn stage(&self) -> Stage;
    fn is_established(&self) -> bool;
    fn is_resumed(&self) -> bool;
    fn plaintext(&self) -> &[u8];
    fn consume(&mut self, count: usize);
    fn plaintext_space(&mut self) -> &mut [u8];
    #[expect(clippy::missing_errors_doc, reason = "documented with `Connection`")]
    fn seal(&mut self, count: usize) -> Result<(), Error>;
    #[expect(clippy::missing_errors_doc, reason = "documented with `Connection`")]
    fn close(&mut self) -> Result<(), Error>;
}

mod sealed {
    /// Nobody else decides what counts as verified.
    pub trait Sealed {}
    impl Sealed for super::Connection<'_> {}
    impl Sealed for super::Secured<'_> {}
    impl<C: Sealed> Sealed for &mut C {}
}

/// The same functions, wherever they are.
macro_rules! forward {
    ($self:ident => $to:expr) => {
        fn outgoing(&$self) -> &[u8] {
            $to.outgoing()
        }
        fn sent(&mut $self, count: usize) {
            $to.sent(count);
        }
        fn incoming(&mut $self) -> &mut [u8] {
            $to.incoming()
        }
        fn received(&mut $self, count: usize) {
            $to.received(count);
        }
        fn step(&mut $self) -> Result<Step, Error> {
            $to.step()
        }
        fn stage(&$self) -> Stage {
            $to.stage()
        }
        fn is_established(&$self) -> bool {
            $to.is_established()
        }
        fn is_resumed(&$self) -> bool {
            $to.is_resumed()
        }
        fn plaintext(&$self) -> &[u8] {
            $to.plaintext()
        }
        fn consume(&mut $self, count: usize) {
            $to.consume(count);
        }
        fn plaintext_space(&mut $self) -> &mut [u8] {
            $to.plaintext_space()
        }
        fn seal(&mut $self, count: usize) -> Result<(), Error> {
            $to.seal(count)
        }
        fn close(&mut $self) -> Result<(), Error> {
            $to.close()
        }
    };
}

impl Channel for Connection<'_> {
    // Its own functions go before the trait's.
    forward!(self => self);
}

impl<C: Channel> Channel for &mut C {
    forward!(self => (**self));
}

/// A stream that another TLS stack has secured: octets as they are, through two buffers.
///
/// For platforms that bring a TLS stack of their own, with TLS 1.2 say. What this library does for
/// a server's identity, that stack has to do. What was sent and received stays in the two buffers
/// as it was, in clear: passwords and tokens too.
pub struct Secured<'a> {
    receive: &'a mut [u8],
    /// How many octets of `receive` are there, and how many of them are used up.
    filled: usize,
    consumed: usize,
    send: &'a mut [u8],
    /// How many octets of `send` are to be sent, and how many of them are.
    sealed: usize,
    sent: usize,
    ended: bool,
    closed: bool,
}

impl<'a> Secured<'a> {
    /// A channel over a stream of which the caller knows that its TLS stack has verified the
    /// server's certificate, its dates and its name: nothing here can tell.
    ///
    /// End of file on that stream has to mean that the server has closed it (close_notify); where
    /// a connection was cut, reading has to fail.
    ///
    /// # Errors
    /// A buffer without room.
    pub fn danger_assume_verified(receive: &'a mut [u8], send: &'a mut [u8]) -> Result<Self, Error> {
        if receive.is_empty() {
            return Err(Error::ReceiveBufferTooSmall { size: 0, minimum: 1 });
        }
        if send.is_empty() {
            return Err(Error::SendBufferTooSmall { size: 0, minimum: 1 });
        }
        Ok(Self { receive, filled: 0, consumed: 0, send, sealed: 0, sent: 0, ended: false, closed: false })
    }
}

impl Channel for Secured<'_> {
    fn outgoing(&self) -> &[u8] {
        self.send.get(self.sent..self.sealed).unwrap_or_default()
    }

    fn sent(&mut self, count: usize) {
        self.sent += count.min(self.outgoing().len());
    }

    fn incoming(&mut self) -> &mut [u8] {
        if self.consumed == self.filled {
            (self.consumed, self.filled) = (0, 0);
        }
        self.receive.get_mut(self.filled..).unwrap_or_default()
    }

    fn received(&mut self, count: usize) {
        let room = self.incoming().len();
        self.ended |= count == 0 && room > 0;
        self.filled += count.min(room);
    }

    fn step(&mut self) -> Result<Step, Error> {
        Ok(match (self.plaintext().is_empty(), self.ended) {
            (false, _) => Step::Plaintext,
            (true, true) => Step::Closed,
            (true, false) => Step::Receive,
        })
    }

    fn stage(&self) -> Stage {
        Stage::Traffic
    }

    fn is_established(&self) -> bool {
        true
    }

    fn is_resumed(&self) -> bool {
        false
    }

    fn plaintext(&self) -> &[u8] {
        self.receive.get(self.consumed..self.filled).unwrap_or_default()
    }

    fn consume(&mut self, count: usize) {
        self.consumed += count.min(self.plaintext().len());
    }

    fn plaintext_space(&mut self) -> &mut [u8] {
        if self.closed || !self.outgoing().is_empty() { &mut [] } else { self.send }
    }

    fn seal(&mut self, count: usize) -> Result<(), Error> {
        if self.closed || count > self.plaintext_space().len() {
            return Err(Error::NotOpen);
        }
        if count > 0 {
            (self.sent, self.sealed) = (0, count);
        }
        Ok(())
    }

    /// Nothing to send: the stream is the caller's, and so is its close_notify.
    fn close(&mut self) -> Result<(), Error> {
        if core::mem::replace(&mut self.closed, true) { Err(Error::NotOpen) } else { Ok(()) }
    }
}

impl fmt::Debug for Secured<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secured")
            .field("receive", &self.receive.len())
            .field("send", &self.send.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_buffer_is_no_end_of_file() {
        let (mut receive, mut send) = ([0; 4], [0; 4]);
        let mut channel = Secured::danger_assume_verified(&mut receive, &mut send).unwrap();
        channel.incoming().fill(b'x');
        channel.received(4);
        // There is no room: nothing was asked for, so this says nothing.
        assert!(channel.incoming().is_empty());
        channel.received(0);
        assert_eq!((channel.step(), channel.plaintext()), (Ok(Step::Plaintext), &b"xxxx"[..]));
        channel.consume(9);
        assert_eq!(channel.step(), Ok(Step::Receive));
        channel.received(0);
        assert_eq!(channel.step(), Ok(Step::Closed));
    }

    #[test]
    fn what_waits_to_be_sent_is_not_written_over() {
        let (mut receive, mut send) = ([0; 4], [0; 4]);
        let mut channel = Secured::danger_assume_verified(&mut receive, &mut send).unwrap();
        channel.plaintext_space().copy_from_slice(b"abcd");
        assert_eq!(channel.seal(5), Err(Error::NotOpen));
        assert_eq!((channel.seal(3), channel.outgoing()), (Ok(()), &b"abc"[..]));
        channel.sent(1);
        assert!(channel.plaintext_space().is_empty());
        assert_eq!(channel.seal(1), Err(Error::NotOpen));
        channel.sent(9);
        assert_eq!(channel.outgoing(), b"");
        assert_eq!(channel.plaintext_space().len(), 4);
        channel.incoming().fill(b'x');
        channel.received(usize::MAX);
        assert_eq!(channel.plaintext(), b"xxxx");
        assert_eq!((channel.close(), channel.close()), (Ok(()), Err(Error::NotOpen)));
        assert!(channel.plaintext_space().is_empty());
        assert_eq!(channel.seal(0), Err(Error::NotOpen), "as a connection says");
    }
}
