//! rustls' POST, by its unbuffered interface, which needs no standard library. The second one
//! resumes the session of the first, and keeps its configuration: rustls resumes with no other.

#![no_std]
#![no_main]

extern crate alloc;

use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;
use core::cell::RefCell;
use core::fmt;
use core::time::Duration;

use bench_board::heap::Heap;
use bench_board::http::Answer;
use bench_board::{REQUEST, machine, meter, parameters, tcp};
use rustls::client::{
    ClientSessionStore, Resumption, Tls12ClientSessionValue, Tls13ClientSessionValue,
    UnbufferedClientConnection,
};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::time_provider::TimeProvider;
use rustls::unbuffered::{ConnectionState, UnbufferedStatus};
use rustls::{ClientConfig, HandshakeKind, NamedGroup, RootCertStore, version};

mod provider;

#[global_allocator]
static HEAP: Heap = Heap;

/// The receive buffer grows by so many octets.
const STEP: usize = 1024;
const SEND: usize = 1024;

#[unsafe(no_mangle)]
extern "C" fn program() {
    let mut kept = None;
    for _ in 0..parameters::posts() {
        meter::begin();
        post(Arc::clone(kept.get_or_insert_with(|| Arc::new(config()))));
    }
}

#[inline(never)]
fn post(config: Arc<ClientConfig>) {
    let Ok(name) = ServerName::try_from("picopost.test") else { machine::fail("the name") };
    let Ok(mut tls) = UnbufferedClientConnection::new(config, name) else {
        machine::fail("rustls takes no configuration");
    };
    if tcp::connect().is_err() {
        machine::fail("no connection");
    }
    let mut wire = Wire { incoming: Vec::new(), outgoing: vec![0; SEND], queued: 0 };
    let mut answer = Answer::new();
    let mut sent = false;
    let mut closed = false;
    while !closed {
        let UnbufferedStatus { mut discard, state } = tls.process_tls_records(&mut wire.incoming);
        let mut receive = false;
        match state {
            Ok(ConnectionState::EncodeTlsData(mut state)) => match state.encode(wire.space()) {
                Ok(count) => wire.queued += count,
                Err(_) => machine::fail("the send buffer is too small"),
            },
            Ok(ConnectionState::TransmitTlsData(state)) => {
                wire.send();
                state.done();
            }
            Ok(ConnectionState::BlockedHandshake) => receive = true,
            Ok(ConnectionState::WriteTraffic(mut state)) if !sent => {
                meter::handshake_done();
                match state.encrypt(REQUEST, wire.space()) {
                    Ok(count) => wire.queued += count,
                    Err(_) => machine::fail("the send buffer is too small"),
                }
                wire.send();
                sent = true;
            }
            Ok(ConnectionState::WriteTraffic(mut state)) if answer.is_whole() => {
                match state.queue_close_notify(wire.space()) {
                    Ok(count) => wire.queued += count,
                    Err(_) => machine::fail("the send buffer is too small"),
                }
                wire.send();
                closed = true;
            }
            Ok(ConnectionState::WriteTraffic(_)) => receive = true,
            Ok(ConnectionState::ReadTraffic(mut state)) => {
                while let Some(Ok(record)) = state.next_record() {
                    discard += record.discard;
                    match answer.space().get_mut(..record.payload.len()) {
                        Some(space) => space.copy_from_slice(record.payload),
                        None => machine::fail("the answer is too long"),
                    }
                    answer.received(record.payload.len());
                }
            }
            Ok(ConnectionState::PeerClosed) => {}
            Ok(_) => machine::fail("an unexpected state"),
            Err(_) => machine::fail("rustls refuses"),
        }
        wire.incoming.drain(..discard);
        if receive {
            wire.receive();
        }
    }
    let resumed = tls.handshake_kind() == Some(HandshakeKind::Resumed);
    meter::end();
    tcp::close();
    meter::report(resumed, answer.content());
}

fn config() -> ClientConfig {
    let mut roots = RootCertStore::empty();
    if roots.add(CertificateDer::from(parameters::anchor())).is_err() {
        machine::fail("the anchor is no certificate");
    }
    let config = ClientConfig::builder_with_details(Arc::new(provider::provider()), Arc::new(Clock))
        .with_protocol_versions(&[&version::TLS13]);
    let Ok(config) = config else { machine::fail("rustls takes no provider") };
    let mut config = config.with_root_certificates(roots).with_no_client_auth();
    config.resumption = Resumption::store(Arc::new(Session::default()));
    config
}

struct Wire {
    incoming: Vec<u8>,
    outgoing: Vec<u8>,
    /// Octets of `outgoing` to be sent.
    queued: usize,
}

impl Wire {
    fn space(&mut self) -> &mut [u8] {
        self.outgoing.get_mut(self.queued..).unwrap_or_default()
    }

    fn send(&mut self) {
        if tcp::send(self.outgoing.get(..self.queued).unwrap_or_default()).is_err() {
            machine::fail("the connection was lost while sending");
        }
        self.queued = 0;
    }

    fn receive(&mut self) {
        let length = self.incoming.len();
        self.incoming.reserve_exact(STEP);
        self.incoming.resize(length + STEP, 0);
        match tcp::receive(self.incoming.get_mut(length..).unwrap_or_default()) {
            Ok(count @ 1..) => self.incoming.truncate(length + count),
            Ok(0) | Err(tcp::Lost) => machine::fail("the connection was lost while receiving"),
        }
    }
}

#[derive(Debug)]
struct Clock;

impl TimeProvider for Clock {
    fn current_time(&self) -> Option<UnixTime> {
        Some(UnixTime::since_unix_epoch(Duration::from_secs(parameters::time().into())))
    }
}

/// One ticket: what the chip keeps from one POST to the next.
#[derive(Default)]
struct Session(RefCell<Option<Tls13ClientSessionValue>>);

// SAFETY: the board has one hart.
unsafe impl Send for Session {}
// SAFETY: as above.
unsafe impl Sync for Session {}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Session")
    }
}

impl ClientSessionStore for Session {
    fn set_kx_hint(&self, _: ServerName<'static>, _: NamedGroup) {}

    fn kx_hint(&self, _: &ServerName<'_>) -> Option<NamedGroup> {
        None
    }

    fn set_tls12_session(&self, _: ServerName<'static>, _: Tls12ClientSessionValue) {}

    fn tls12_session(&self, _: &ServerName<'_>) -> Option<Tls12ClientSessionValue> {
        None
    }

    fn remove_tls12_session(&self, _: &ServerName<'static>) {}

    fn insert_tls13_ticket(&self, _: ServerName<'static>, value: Tls13ClientSessionValue) {
        self.0.replace(Some(value));
    }

    fn take_tls13_ticket(&self, _: &ServerName<'static>) -> Option<Tls13ClientSessionValue> {
        self.0.take()
    }
}
