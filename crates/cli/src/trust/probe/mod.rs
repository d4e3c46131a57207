//! What a host sends to whom: the device's own ClientHello, a desktop's, one that takes ECDSA alone
//! and one that takes RSA alone; with the right server name, a wrong one and none.

use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use super::roots::Roots;
use super::target::Target;
use crate::connect::{self, Override};
pub(super) use device::verify;
pub(super) use failure::{Failure, FailureKind};

mod desktop;
mod device;
mod failure;
mod stream;

/// Whose ClientHello goes out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Client {
    /// picopost's own engine.
    Device,
    /// rustls as it is.
    Desktop,
    /// rustls that takes ECDSA signatures alone.
    EcdsaOnly,
    /// rustls that takes RSA signatures alone.
    RsaOnly,
}

/// What `server_name` says (RFC 6066 §3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sni {
    Right,
    Absent,
    Wrong,
    /// The host is an address, for which none is sent.
    Address,
}

/// What one connection brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Probe {
    pub(super) client: Client,
    pub(super) sni: Sni,
    /// Certificates in DER as they came; empty where none came.
    pub(super) chain: Vec<Vec<u8>>,
    /// Where the handshake was done.
    pub(super) version: Option<&'static str>,
    /// Where it was not.
    pub(super) failure: Option<Failure>,
}

impl Client {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Device => "device",
            Self::Desktop => "desktop",
            Self::EcdsaOnly => "ecdsa-only",
            Self::RsaOnly => "rsa-only",
        }
    }
}

impl Sni {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Right => "right",
            Self::Absent => "absent",
            Self::Wrong => "wrong",
            Self::Address => "none, for an address",
        }
    }
}

/// A name that no server has (RFC 6761 §6.4).
const WRONG_NAME: &str = "another-name.invalid";

/// How hosts are connected to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Settings<'s> {
    pub(super) overrides: &'s [Override],
    /// For each stage of each connection.
    pub(super) limit: Duration,
    /// Unix seconds.
    pub(super) now: i64,
    pub(super) roots: &'s Roots,
}

/// Connects in every way that makes sense for this host.
///
/// # Errors
/// There is no TCP connection to be had.
pub(super) fn host(target: &Target, settings: &Settings<'_>) -> Result<Vec<Probe>, Failure> {
    let deadline = Instant::now() + settings.limit;
    let addresses = connect::resolve(settings.overrides, &target.host, target.port, deadline, &mut |_| ())
        .map_err(|error| Failure::network(&error, settings.limit))?;
    let all = if target.is_address() { Sni::Address } else { Sni::Right };
    let mut variants =
        vec![(Client::Device, all), (Client::Desktop, all), (Client::EcdsaOnly, all), (Client::RsaOnly, all)];
    if !target.is_address() {
        variants.extend([(Client::Desktop, Sni::Absent), (Client::Desktop, Sni::Wrong)]);
    }
    let mut probes: Vec<Probe> = Vec::new();
    for (client, sni) in variants {
        let probe = probe(target, client, sni, &addresses, settings)?;
        let speaks_tls = probe.failure.as_ref().is_none_or(|failure| failure.kind.speaks_tls());
        probes.push(probe);
        // A port without TLS has nothing to say to the others, nor one that says nothing at all.
        if !speaks_tls {
            break;
        }
    }
    Ok(probes)
}

fn probe(
    target: &Target,
    client: Client,
    sni: Sni,
    addresses: &[SocketAddr],
    settings: &Settings<'_>,
) -> Result<Probe, Failure> {
    let stream = open(addresses, settings)?;
    let deadline = Instant::now() + settings.limit;
    let stream = stream::Recorded::new(stream, deadline);
    let seen = match client {
        Client::Device => device::handshake(stream, target, settings),
        Client::Desktop | Client::EcdsaOnly | Client::RsaOnly => {
            desktop::handshake(stream, target, client, sni)
        }
    };
    let Seen { chain, version, failure } = seen;
    Ok(Probe { client, sni, chain, version, failure })
}

fn open(addresses: &[SocketAddr], settings: &Settings<'_>) -> Result<TcpStream, Failure> {
    let deadline = Instant::now() + settings.limit;
    connect::connect(addresses, deadline, &mut |_| ())
        .map_err(|error| Failure::network(&error, settings.limit))
}

/// What a handshake brought.
#[derive(Default)]
struct Seen {
    chain: Vec<Vec<u8>>,
    version: Option<&'static str>,
    failure: Option<Failure>,
}
