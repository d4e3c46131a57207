//! The caller of one connection, and the network between it and the server.

use std::collections::VecDeque;

use picopost_testkit::{Peer, Seen};
use picopost_tls::{Connection, Error, Step};

use super::scenario::{Call, Scenario};
use crate::input;

/// What the caller sends once it is established; the scripted server waits for any of it.
pub(crate) const REQUEST: &[u8] = b"POST / HTTP/1.1\r\nHost: device.example\r\nContent-Length: 2\r\n\r\nhi";

/// A connection and its caller, who checks after each step what must hold.
pub(crate) struct Client<'a> {
    connection: Connection<'a>,
    /// What the caller does besides what it should, one between two steps.
    pub(crate) calls: VecDeque<Call>,
    /// Whether a session was offered.
    pub(crate) is_resumable: bool,
    pub(crate) was_established: bool,
    pub(crate) was_resumed: bool,
    /// Whether the caller closed its side before the server did.
    pub(crate) closed_early: bool,
    /// What came and what went as application data.
    pub(crate) plaintext: Vec<u8>,
    pub(crate) sealed: Vec<u8>,
    steps: usize,
    received: usize,
}

impl<'a> Client<'a> {
    pub(crate) fn new(connection: Connection<'a>) -> Self {
        Self {
            connection,
            calls: VecDeque::new(),
            is_resumable: false,
            was_established: false,
            was_resumed: false,
            closed_early: false,
            plaintext: Vec::new(),
            sealed: Vec::new(),
            steps: 0,
            received: 0,
        }
    }

    /// Runs to close_notify or to an error. Where both sides wait, the network ends the connection.
    pub(crate) fn run(&mut self, network: &mut Network) -> Result<(), Error> {
        let result = self.run_to_end(network);
        self.flush(network);
        if let Err(error) = result {
            for _ in 0..2 {
                assert_eq!(self.connection.step(), Err(error), "an error stays");
            }
            assert!(!self.connection.is_established() && !self.connection.is_resumed());
            assert!(self.connection.plaintext().is_empty(), "plaintext after {error:?}");
            assert!(self.connection.plaintext_space().is_empty(), "space after {error:?}");
            assert_eq!(self.connection.seal(0), Err(Error::NotOpen));
            assert_eq!(self.connection.close(), Err(Error::NotOpen));
            assert!(self.connection.outgoing().is_empty(), "octets after {error:?} and its alert");
            assert_ne!(error, Error::Internal, "a bug in the engine");
            assert!(error.code() != 0 && !error.to_string().is_empty());
        }
        result
    }

    fn run_to_end(&mut self, network: &mut Network) -> Result<(), Error> {
        loop {
            self.check_progress();
            self.misuse()?;
            let step = self.connection.step()?;
            if self.connection.is_established() && !self.was_established {
                self.was_established = true;
                self.was_resumed = self.connection.is_resumed();
                self.flush(network);
                self.seal(REQUEST)?;
            }
            self.flush(network);
            match step {
                Step::Again | Step::Computed => {}
                Step::Receive => {
                    let space = self.connection.incoming();
                    assert!(!space.is_empty(), "octets are asked for, and there is no room");
                    let count = network.deliver(space);
                    self.received += count;
                    self.connection.received(count);
                }
                Step::Plaintext => {
                    assert!(self.was_established && !self.connection.plaintext().is_empty());
                    self.plaintext.extend(self.connection.plaintext());
                    self.connection.consume(usize::MAX);
                    assert!(self.connection.plaintext().is_empty());
                }
                Step::Closed => {
                    assert!(self.was_established);
                    assert_eq!(self.connection.step(), Ok(Step::Closed), "closed stays");
                    return if self.closed_early { Ok(()) } else { self.connection.close() };
                }
            }
        }
    }

    /// Each step uses octets up, or asks for some. Two for each octet, and some for what comes without.
    fn check_progress(&mut self) {
        self.steps += 1;
        let octets = self.received + self.sealed.len();
        assert!(self.steps < 2 * octets + 1000, "{} steps over {octets} octets", self.steps);
    }

    /// What a caller may do at any time without harm, and what it may not do and is told so.
    fn misuse(&mut self) -> Result<(), Error> {
        let established = self.connection.is_established();
        match self.calls.pop_front() {
            None => {}
            Some(Call::Look) => {
                self.connection.incoming();
                assert!(established || self.connection.plaintext().is_empty());
                assert!(established || self.connection.plaintext_space().is_empty());
                assert!(!self.connection.is_resumed() || established && self.is_resumable);
                self.connection.consume(0);
                self.connection.sent(0);
            }
            Some(Call::SealTooMuch) => {
                let count = self.connection.plaintext_space().len() + 1;
                assert_eq!(self.connection.seal(count), Err(Error::NotOpen));
                assert_eq!(self.connection.seal(usize::MAX), Err(Error::NotOpen));
            }
            Some(Call::Seal(count)) => {
                let data = vec![b'x'; count];
                if established && !self.closed_early {
                    self.seal(&data)?;
                } else {
                    assert_eq!(self.connection.seal(count), Err(Error::NotOpen));
                }
            }
            Some(Call::Close) => match self.connection.close() {
                Ok(()) => {
                    assert!(established && !self.closed_early, "closed twice, or too early");
                    self.closed_early = true;
                }
                Err(error) => {
                    // Octets that wait may leave no room for it.
                    assert!(!established || self.closed_early || !self.connection.outgoing().is_empty());
                    assert!(matches!(error, Error::NotOpen | Error::SendBufferTooSmall { .. }), "{error:?}");
                }
            },
        }
        Ok(())
    }

    /// Seals as much of the data as there is room for.
    fn seal(&mut self, data: &[u8]) -> Result<(), Error> {
        let space = self.connection.plaintext_space();
        let count = data.len().min(space.len());
        space[..count].copy_from_slice(&data[..count]);
        self.connection.seal(count)?;
        self.sealed.extend(&data[..count]);
        Ok(())
    }

    fn flush(&mut self, network: &mut Network) {
        while !self.connection.outgoing().is_empty() {
            let count = network.take(self.connection.outgoing());
            self.connection.sent(count);
        }
        self.connection.sent(usize::MAX);
    }
}

/// Brings octets from one side to the other, perhaps changed.
pub(crate) struct Network {
    peer: Option<Peer>,
    /// How the server's octets are changed on their way, and how many have passed.
    changes: Vec<(usize, input::Change)>,
    passed: usize,
    /// The pieces that the client reads.
    sizes: Vec<u8>,
    reads: usize,
    waiting: VecDeque<u8>,
    /// Where there is no peer: what is still to be answered.
    answers: VecDeque<Vec<u8>>,
}

impl Network {
    pub(crate) fn to(peer: Peer, scenario: &Scenario) -> Self {
        Self {
            peer: Some(peer),
            changes: scenario.network.clone(),
            passed: 0,
            sizes: scenario.sizes.clone(),
            reads: 0,
            waiting: VecDeque::new(),
            answers: VecDeque::new(),
        }
    }

    /// A server that says this whatever it is told.
    pub(crate) fn answering(pieces: Vec<&[u8]>) -> Self {
        Self {
            peer: None,
            changes: Vec::new(),
            passed: 0,
            sizes: Vec::new(),
            reads: 0,
            waiting: VecDeque::new(),
            answers: pieces.into_iter().map(<[u8]>::to_vec).collect(),
        }
    }

    pub(crate) fn seen(&self) -> &Seen {
        self.peer.as_ref().expect("a network with a peer").seen()
    }

    /// Takes octets of the client; how many.
    fn take(&mut self, octets: &[u8]) -> usize {
        // Two takes for most flights.
        let count = octets.len().min(300);
        if let Some(peer) = &mut self.peer {
            peer.feed(&octets[..count]);
            let mut sent = peer.outgoing();
            self.change(&mut sent);
            self.waiting.extend(sent);
        }
        count
    }

    /// Applies the changes whose place is in what is being sent. Their own places are relative to it.
    fn change(&mut self, sent: &mut Vec<u8>) {
        let range = self.passed..self.passed + sent.len();
        self.passed = range.end;
        for (at, change) in &self.changes {
            if range.contains(at) {
                change.apply(sent);
            }
        }
    }

    /// Fills the front of the space; 0 is the end.
    fn deliver(&mut self, space: &mut [u8]) -> usize {
        if self.waiting.is_empty() {
            self.waiting.extend(self.answers.pop_front().unwrap_or_default());
        }
        let size = match &self.sizes[..] {
            [] => usize::MAX,
            sizes => usize::from(sizes[self.reads % sizes.len()]).max(1),
        };
        self.reads += 1;
        let count = self.waiting.len().min(space.len()).min(size);
        for (octet, from) in space.iter_mut().zip(self.waiting.drain(..count)) {
            *octet = from;
        }
        count
    }
}
