//! The scripted server on a TCP port of the loopback, for clients that bring their own I/O.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::{Peer, Script, Seen};

/// A server in a thread of its own. Every connection runs the same script from its start, one after
/// the other. The thread ends with [`Self::finish`], or when this is dropped.
pub struct Listener {
    address: SocketAddr,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<Vec<Seen>>>,
}

impl Listener {
    /// Listens on a port that the system chooses.
    ///
    /// # Panics
    /// If the system has none.
    pub fn start(script: Script) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("the loopback has a free port");
        let address = listener.local_addr().expect("a bound socket has an address");
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = stop.clone();
        let thread = std::thread::spawn(move || {
            let mut seen = Vec::new();
            for stream in listener.incoming() {
                if stopped.load(Ordering::SeqCst) {
                    break;
                }
                seen.extend(stream.map(|stream| serve(stream, script.clone())));
            }
            seen
        });
        Self { address, stop, thread: Some(thread) }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Ends the server, and gives what it saw of each connection.
    ///
    /// # Panics
    /// If the server did.
    pub fn finish(mut self) -> Vec<Seen> {
        self.end().expect("the server is still there")
    }

    fn end(&mut self) -> Option<Vec<Seen>> {
        let thread = self.thread.take()?;
        self.stop.store(true, Ordering::SeqCst);
        // Wakes `incoming`; if nobody listens any more, there is nobody to wake.
        drop(TcpStream::connect(self.address));
        Some(thread.join().expect("the server's thread ended well"))
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.end();
    }
}

/// Runs one connection to its end. A broken connection ends it like a closed one: the test judges by
/// what was seen before.
fn serve(mut stream: TcpStream, script: Script) -> Seen {
    let mut peer = Peer::new(script);
    // A client that hangs must not hang the test.
    let limit = Some(Duration::from_secs(20));
    let mut buffer = [0; 4096];
    if stream.set_read_timeout(limit).is_ok() && stream.set_write_timeout(limit).is_ok() {
        while let Ok(count) = stream.read(&mut buffer) {
            peer.feed(&buffer[..count]);
            let sent = stream.write_all(&peer.outgoing());
            if peer.has_ended() {
                // The client may still have an alert to tell.
                drop(stream.shutdown(std::net::Shutdown::Write));
            }
            if count == 0 || sent.is_err() {
                break;
            }
        }
    }
    peer.seen().clone()
}
