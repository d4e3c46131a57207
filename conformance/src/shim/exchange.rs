//! What the shim does on a connection: the handshake, an echo with every bit flipped, the end.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use picopost_tls::{
    AlertDescription, ClientIdentity, Config, Connection, Error, Groups, ServerName, Session, Stage, Step,
    Trust, TrustAnchor, UnixTime,
};
use pki_types::Der;

use super::flags::Options;
use super::identity;
use super::link::{Failure, Link, connect};

/// The runner sends messages beyond any device's: it tests the protocol here, not the buffers.
const RECEIVE_BUFFER: usize = 1 << 18;
const SEND_BUFFER: usize = 1 << 14;
/// How many octets are echoed at a time, as BoringSSL's shim does it, so that a record is read
/// in pieces.
const PIECE: usize = 512;
/// What the runner expects of a client that writes first.
const FIRST: &[u8] = b"hello";

/// Connects and does what the options say. What is in `session` is offered to the server, and a
/// ticket takes its place.
pub(crate) fn run(options: &Options, session: &mut Session) -> Result<(), Failure> {
    let stream = connect(options.port, options.ipv6, options.shim_id)?;
    let (mut receive, mut send) = (vec![0; RECEIVE_BUFFER], vec![0; SEND_BUFFER]);
    let stranger = [stranger()];
    let trust = if options.verify_peer && options.verify_fail {
        Trust::anchors(&stranger)
    } else {
        // The runner signs its certificates by roots that say nothing to a verifier; who holds the
        // certificate's key is verified all the same.
        Trust::danger_accept_any_certificate()
    };
    let groups = if options.hybrid { Groups::PostQuantum } else { Groups::Classical };
    let config = Config::new(server_name(options)?, trust, now(options)?).with_groups(groups);
    let certificates = options.certificates.as_deref().map(identity::certificates).transpose()?;
    let signer = options.key.as_deref().map(identity::signer).transpose()?;
    let config = match certificates.as_ref().zip(signer.as_ref()) {
        Some((certificates, signer)) => config.with_identity(ClientIdentity::new(certificates, signer)),
        None => config,
    };
    let entropy = &mut getrandom::SysRng;
    let connection = Connection::with_session(config, session, &mut receive, &mut send, entropy)?;
    let mut link = Link::new(connection, stream, if options.trickle { 1 } else { usize::MAX });
    let outcome = converse(&mut link, options);
    link.finish();
    outcome?;
    // The runner sends a ticket behind the handshake, which only an echo is sure to read.
    // Nor does the runner know that a ticket with a client's certificates in it has no room.
    let has_session = session.is_available() || session.refused_ticket().is_some();
    if !options.shuts_down && has_session == options.expect_no_session {
        let what =
            if options.expect_no_session { "there is a new session" } else { "there is no new session" };
        return Err(Failure::Expectation(what.to_owned()));
    }
    Ok(())
}

/// Whether the runner's server refused because its test is for TLS 1.2 or below: no flag says so.
pub(crate) fn is_for_older_versions(failure: &Failure) -> bool {
    let alert = AlertDescription::PROTOCOL_VERSION;
    matches!(failure, Failure::Tls(error) if *error == Error::AlertReceived { alert, stage: Stage::Hello })
}

fn converse(link: &mut Link<'_>, options: &Options) -> Result<(), Failure> {
    while !link.connection.is_established() {
        link.advance()?;
    }
    if link.connection.is_resumed() != options.expects_resumption() {
        return Err(Failure::Expectation("not what was expected: resumption".to_owned()));
    }
    options.expect.check(&link.seen())?;
    if options.unfinished_write {
        link.seal(FIRST)?;
        link.send_some(1)?;
        // Until the server has said something, the rest of that record waits.
        while link.step()?.is_none() {}
    } else if options.writes_first {
        link.write_all(FIRST)?;
    }
    if options.shuts_down {
        link.connection.close()?;
        return match options.check_close_notify.then(|| link.advance()).transpose()? {
            None | Some(Step::Closed) => Ok(()),
            Some(_) => Err(Failure::Expectation("there is data instead of close_notify".to_owned())),
        };
    }
    echo(link, options)?;
    // A write is answered by a reset where the runner is gone already: nothing to tell.
    link.connection.close().or_else(|error| if error == Error::NotOpen { Ok(()) } else { Err(error) })?;
    Ok(())
}

/// Sends back what comes, inverted, until the server closes.
fn echo(link: &mut Link<'_>, options: &Options) -> Result<(), Failure> {
    loop {
        match link.advance() {
            Ok(Step::Plaintext) => {
                let plaintext = link.connection.plaintext();
                let piece: Vec<u8> = plaintext.iter().take(PIECE).map(|octet| octet ^ 0xff).collect();
                link.connection.consume(piece.len());
                link.write_all(&piece)?;
            }
            Ok(Step::Closed) => return Ok(()),
            Ok(Step::Again | Step::Computed | Step::Receive) => {}
            // As BoringSSL's shim: the runner often just closes its socket, and says where the
            // difference counts.
            Err(Failure::Tls(Error::Truncated { stage: Stage::Traffic })) if !options.check_close_notify => {
                return Ok(());
            }
            Err(failure) => return Err(failure),
        }
    }
}

/// Without a name there is no server_name extension, as the runner expects: an IP address.
fn server_name(options: &Options) -> Result<ServerName<'static>, Failure> {
    let name = options.host_name.as_deref().unwrap_or("127.0.0.1").to_owned();
    ServerName::try_from(name)
        .map_err(|error| Failure::Expectation(format!("the name cannot be asked for: {error}")))
}

fn now(options: &Options) -> Result<UnixTime, Failure> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = now.map_err(|error| Failure::Expectation(format!("the clock is before 1970: {error}")))?;
    Ok(UnixTime::since_unix_epoch(now + Duration::from_secs(options.delay)))
}

/// An anchor that has issued nothing.
fn stranger() -> TrustAnchor<'static> {
    TrustAnchor {
        subject: Der::from_slice(&[]),
        subject_public_key_info: Der::from_slice(&[]),
        name_constraints: None,
    }
}
