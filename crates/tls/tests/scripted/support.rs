//! Runs one connection between the engine and a scripted server, without sockets or time.

use std::collections::VecDeque;

use picopost_testkit::chains::{NAME, NOW};
use picopost_testkit::{CountingRng, Peer, Script, Seen};
use picopost_tls::{
    Config, Connection, Error, FULL_RECEIVE_BUFFER, Groups, ServerName, Session, SignatureMemo, Stage, Step,
    Trust, TrustAnchor, UnixTime,
};

/// How a script is played.
#[derive(Clone, Debug)]
pub(crate) struct Play {
    /// The client's receive buffer in octets.
    pub(crate) receive: usize,
    /// The client's send buffer in octets.
    pub(crate) send: usize,
    /// How many octets the network delivers at once, in either direction.
    pub(crate) at_once: usize,
    /// The name that the client asks for.
    pub(crate) name: &'static str,
    /// The client's clock in Unix seconds.
    pub(crate) now: u64,
    /// What the client offers for the key exchange.
    pub(crate) groups: Groups,
    /// The client's own certificate, and what signs for it.
    #[cfg(feature = "client-auth")]
    pub(crate) client: Option<crate::client_auth::Client>,
    /// What the client sends: the first once it is established, each next one after an answer.
    pub(crate) requests: Vec<&'static [u8]>,
}

pub(crate) const REQUEST: &[u8] = b"POST / HTTP/1.1\r\nHost: device.example\r\nContent-Length: 2\r\n\r\nhi";

impl Default for Play {
    fn default() -> Self {
        Self {
            receive: FULL_RECEIVE_BUFFER,
            send: 1024,
            at_once: usize::MAX,
            name: NAME,
            now: NOW,
            groups: Groups::Classical,
            #[cfg(feature = "client-auth")]
            client: None,
            requests: vec![REQUEST],
        }
    }
}

impl Play {
    /// The same with other buffers and other pieces: whatever a verdict is, it must not depend on these.
    pub(crate) fn variants(&self) -> Vec<Self> {
        let with = |receive, at_once| Self { receive, at_once, ..self.clone() };
        vec![
            self.clone(),
            with(FULL_RECEIVE_BUFFER, 1),
            with(FULL_RECEIVE_BUFFER, 7),
            with(4096, usize::MAX),
            with(4096, 1),
            with(2500, 100),
        ]
    }
}

/// How a connection ended.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// What the client read up to close_notify, or its error.
    pub(crate) result: Result<Vec<u8>, Error>,
    /// Whether the client ever said that it is established.
    pub(crate) established: bool,
    /// Whether it then said that it is resumed.
    pub(crate) resumed: bool,
    /// The stage of each step that did a public-key operation.
    pub(crate) computed: Vec<Stage>,
    /// What the server saw.
    pub(crate) seen: Seen,
}

/// Plays a script to its end. Where both sides wait, the network ends the connection.
pub(crate) fn play(script: &Script, play: &Play) -> Outcome {
    let anchors = script.chain().anchors();
    play_with_anchors(script, play, &anchors)
}

/// The same, and the client trusts other anchors than the script's.
pub(crate) fn play_with_anchors(script: &Script, play: &Play, anchors: &[TrustAnchor<'_>]) -> Outcome {
    drive(script, play, anchors, None, |driver| driver.play())
}

/// The same with a session.
pub(crate) fn play_with_session(script: &Script, play: &Play, session: &mut Session) -> Outcome {
    drive(script, play, &script.chain().anchors(), Some(session), |driver| driver.play())
}

/// Hands a connection that has just begun to `act`.
pub(crate) fn drive<T>(
    script: &Script,
    play: &Play,
    anchors: &[TrustAnchor<'_>],
    session: Option<&mut Session>,
    act: impl FnOnce(Driver<'_>) -> T,
) -> T {
    drive_with_memo(script, play, anchors, (session, None), act)
}

/// The same with what is kept from connection to connection.
pub(crate) fn drive_with_memo<T>(
    script: &Script,
    play: &Play,
    anchors: &[TrustAnchor<'_>],
    (session, memo): (Option<&mut Session>, Option<&mut SignatureMemo>),
    act: impl FnOnce(Driver<'_>) -> T,
) -> T {
    let now = UnixTime::since_unix_epoch(std::time::Duration::from_secs(play.now));
    let name = ServerName::try_from(play.name).expect("a server name");
    let config = Config::new(name, Trust::anchors(anchors), now).with_groups(play.groups);
    let (mut receive, mut send) = (vec![0; play.receive], vec![0; play.send]);
    let mut entropy = CountingRng(play.now);
    #[cfg(feature = "client-auth")]
    let config = match &play.client {
        Some(client) => config.with_identity(client.identity()),
        None => config,
    };
    let connection = match session {
        None => Connection::new(config, &mut receive, &mut send, &mut entropy),
        Some(session) => Connection::with_session(config, session, &mut receive, &mut send, &mut entropy),
    };
    let mut connection = connection.expect("a good configuration");
    if let Some(memo) = memo {
        connection.set_signature_memo(memo);
    }
    act(Driver {
        connection,
        peer: Peer::new(script.clone()),
        network: VecDeque::new(),
        requests: play.requests.iter().copied().collect(),
        at_once: play.at_once,
        established: false,
        resumed: false,
        computed: Vec::new(),
        plaintext: Vec::new(),
    })
}

/// Both sides, and the network between them.
pub(crate) struct Driver<'a> {
    pub(crate) connection: Connection<'a>,
    pub(crate) peer: Peer,
    /// Octets from the server that the client has not read.
    pub(crate) network: VecDeque<u8>,
    requests: VecDeque<&'static [u8]>,
    at_once: usize,
    established: bool,
    resumed: bool,
    computed: Vec<Stage>,
    plaintext: Vec<u8>,
}

impl Driver<'_> {
    /// Plays to the end.
    pub(crate) fn play(mut self) -> Outcome {
        let result = self.run();
        self.flush();
        let repeated = self.connection.step();
        match result {
            Err(error) => {
                assert_eq!(repeated, Err(error), "an error stays");
                assert!(!self.connection.is_established(), "an error ends the connection");
                assert!(self.connection.plaintext_space().is_empty(), "nothing is sent after an error");
            }
            Ok(()) => assert_eq!(repeated, Ok(Step::Closed)),
        }
        Outcome {
            result: result.map(|()| self.plaintext),
            established: self.established,
            resumed: self.resumed,
            computed: self.computed,
            seen: self.peer.seen().clone(),
        }
    }

    /// Goes on to where the handshake is done, and the client's part of it is sent.
    pub(crate) fn establish(&mut self) {
        while !self.connection.is_established() {
            let step = self.connection.step().expect("a good handshake");
            self.flush();
            if step == Step::Receive {
                self.receive();
            }
        }
    }

    fn run(&mut self) -> Result<(), Error> {
        loop {
            let stage = self.connection.stage();
            let step = self.connection.step()?;
            let was_established = std::mem::replace(&mut self.established, self.connection.is_established());
            if self.established && !was_established {
                self.resumed = self.connection.is_resumed();
                self.request()?;
            }
            self.flush();
            match step {
                Step::Again => {}
                Step::Computed => self.computed.push(stage),
                Step::Receive => self.receive(),
                Step::Plaintext => {
                    // Not all at once, so that what is left over is tried too.
                    let count = self.connection.plaintext().len().min(self.at_once);
                    self.plaintext.extend(&self.connection.plaintext()[..count]);
                    self.connection.consume(count);
                    if self.connection.plaintext().is_empty() {
                        self.request()?;
                        self.flush();
                    }
                }
                Step::Closed => {
                    self.flush();
                    return self.connection.close();
                }
            }
        }
    }

    /// Sends the next request, if there is one.
    fn request(&mut self) -> Result<(), Error> {
        let Some(mut request) = self.requests.pop_front() else { return Ok(()) };
        while !request.is_empty() {
            self.flush();
            let space = self.connection.plaintext_space();
            let (piece, rest) = request.split_at(request.len().min(space.len()).min(self.at_once.max(16)));
            space[..piece.len()].copy_from_slice(piece);
            self.connection.seal(piece.len())?;
            request = rest;
        }
        Ok(())
    }

    /// Moves what the client has to say to the server.
    pub(crate) fn flush(&mut self) {
        while !self.connection.outgoing().is_empty() {
            let count = self.connection.outgoing().len().min(self.at_once);
            self.peer.feed(&self.connection.outgoing()[..count]);
            self.connection.sent(count);
            self.network.extend(self.peer.outgoing());
        }
    }

    /// Moves what the server has to say to the client; where that is nothing, it is end of file.
    pub(crate) fn receive(&mut self) {
        let space = self.connection.incoming();
        assert!(!space.is_empty(), "a client that asks for octets has room for them");
        let count = self.network.len().min(space.len()).min(self.at_once);
        for (octet, from) in space.iter_mut().zip(self.network.drain(..count)) {
            *octet = from;
        }
        self.connection.received(count);
    }
}
