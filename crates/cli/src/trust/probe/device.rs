//! The device's own engine: its ClientHello, and its verdict with all known roots as anchors.

use std::io::{Read as _, Write as _};
use std::time::Duration;

use picopost::tls::{Config, Connection, Error, FULL_RECEIVE_BUFFER, Step};
use picopost::{Trust, TrustAnchor, UnixTime};
use rustls::pki_types::CertificateDer;

use super::stream::Recorded;
use super::{Failure, FailureKind, Seen, Settings};
use crate::trust::target::Target;

/// Far more than any device has, so that nothing is too large to be seen.
const RECEIVE: usize = 4 * FULL_RECEIVE_BUFFER;
const SEND: usize = 4096;

pub(super) fn handshake(mut stream: Recorded, target: &Target, settings: &Settings<'_>) -> Seen {
    let Some(server_name) = target.server_name() else { return Seen::default() };
    let roots: Vec<CertificateDer<'_>> =
        settings.roots.iter().map(|(root, _)| CertificateDer::from(root.der.as_slice())).collect();
    let anchors: Vec<TrustAnchor<'_>> =
        roots.iter().filter_map(|root| webpki::anchor_from_trusted_cert(root).ok()).collect();
    let now = u64::try_from(settings.now).unwrap_or_default();
    let now = UnixTime::since_unix_epoch(Duration::from_secs(now));
    let config = Config::new(server_name, Trust::anchors(&anchors), now);
    let (mut receive, mut send) = (vec![0; RECEIVE], vec![0; SEND]);
    let mut seen = Seen::default();
    match Connection::new(config, &mut receive, &mut send, &mut getrandom::SysRng) {
        Ok(mut connection) => drive(&mut connection, &mut stream, &mut seen),
        Err(error) => seen.failure = Some(engine(&error, &mut stream)),
    }
    seen
}

/// Goes on until the handshake is done, or failed; then says goodbye.
fn drive(connection: &mut Connection<'_>, stream: &mut Recorded, seen: &mut Seen) {
    let outcome = loop {
        match connection.step() {
            Err(error) => break Some(engine(&error, stream)),
            Ok(_) if connection.is_established() => break None,
            Ok(Step::Receive) => match stream.read(connection.incoming()) {
                Ok(count) => connection.received(count),
                Err(error) => break Some(Failure::stream(&error)),
            },
            Ok(_) => {}
        }
        if seen.chain.is_empty() {
            seen.chain = certificates(connection.certificate_message());
        }
        if let Err(error) = flush(connection, stream) {
            break Some(Failure::stream(&error));
        }
    };
    if seen.chain.is_empty() {
        seen.chain = certificates(connection.certificate_message());
    }
    if outcome.is_none() {
        seen.version = Some("TLS 1.3");
        // A courtesy: the connection ends all the same.
        let _ = connection.close();
    }
    // Finished and close_notify, or the alert.
    let _ = flush(connection, stream);
    seen.failure = outcome;
}

fn flush(connection: &mut Connection<'_>, stream: &mut Recorded) -> std::io::Result<()> {
    while !connection.outgoing().is_empty() {
        match stream.write(connection.outgoing())? {
            0 => return Err(std::io::ErrorKind::WriteZero.into()),
            count => connection.sent(count),
        }
    }
    Ok(())
}

fn engine(error: &Error, stream: &mut Recorded) -> Failure {
    match error {
        Error::PlainHttp | Error::NotTls { .. } => Failure::not_tls(stream),
        Error::AlertReceived { alert, .. } => Failure::alert(alert.0),
        Error::ProtocolVersion { .. } => Failure::new(FailureKind::Version, error.to_string()),
        Error::Truncated { .. } | Error::ClosedInHandshake => {
            Failure::stream(&std::io::ErrorKind::UnexpectedEof.into())
        }
        _ if (3200..3300).contains(&error.code()) => {
            Failure::new(FailureKind::Certificate, format!("{error} (number {})", error.code()))
        }
        _ => Failure::new(FailureKind::Other, format!("{error} (number {})", error.code())),
    }
}

/// The certificates of a Certificate message (RFC 9846 §4.5.1), as far as it is well formed.
fn certificates(body: &[u8]) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    let mut list = vector::<1>(body).and_then(|(_context, rest)| vector::<3>(rest)).map(|(list, _)| list);
    while let Some((certificate, rest)) = list.and_then(vector::<3>) {
        found.push(certificate.to_vec());
        list = vector::<2>(rest).map(|(_extensions, rest)| rest);
    }
    found
}

/// A vector with a length of `N` octets in front, and what follows it.
fn vector<const N: usize>(octets: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = octets.split_first_chunk::<N>()?;
    let length = length.iter().fold(0, |length, octet| length << 8 | usize::from(*octet));
    rest.split_at_checked(length)
}

/// The verdict of the device's engine on a chain, with these certificates as its only anchors.
pub(in crate::trust) fn verify(
    chain: &[Vec<u8>],
    anchors: &[TrustAnchor<'_>],
    server_name: rustls::pki_types::ServerName<'_>,
    now: i64,
) -> Result<(), Error> {
    let chain: Vec<_> = chain.iter().map(|der| CertificateDer::from(der.as_slice())).collect();
    let now = UnixTime::since_unix_epoch(Duration::from_secs(u64::try_from(now).unwrap_or_default()));
    let config = Config::new(server_name, Trust::anchors(anchors), now);
    picopost::tls::verify_server_path(&chain, &config).map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_message_cut_anywhere() {
        let body = [&[0, 0, 0, 17][..], &[0, 0, 2, 7, 8, 0, 0], &[0, 0, 3, 1, 2, 3, 0, 2, 9, 9]].concat();
        assert_eq!(certificates(&body), [vec![7, 8], vec![1, 2, 3]]);
        for cut in 0..body.len() {
            assert_eq!(certificates(&body[..cut]), Vec::<Vec<u8>>::new(), "cut at {cut}");
        }
        // The list's own length is right, and an entry's is not.
        assert_eq!(certificates(&[0, 0, 0, 4, 0, 0, 9, 1]), Vec::<Vec<u8>>::new());
    }
}
