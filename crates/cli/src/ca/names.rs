//! The names that a leaf is for.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use rustls::pki_types::DnsName;

/// A DNS name or an IP address for subjectAltName (RFC 9525 §2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SubjectName {
    Dns(String),
    Ip(IpAddr),
}

impl SubjectName {
    /// The names that every leaf has: the machine itself, the name of the examples, and the
    /// host as an emulated board sees it (QEMU's user networking).
    pub(crate) fn always() -> Vec<Self> {
        ["localhost", "picopost.test", "127.0.0.1", "::1", "10.0.2.2"]
            .iter()
            .filter_map(|name| name.parse().ok())
            .collect()
    }
}

impl FromStr for SubjectName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(address) = text.parse() {
            return Ok(Self::Ip(address));
        }
        match DnsName::try_from(text) {
            Ok(_) => Ok(Self::Dns(text.to_ascii_lowercase())),
            Err(_) => Err("neither a host name nor an IP address".to_owned()),
        }
    }
}

impl fmt::Display for SubjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dns(name) => f.write_str(name),
            Self::Ip(address) => address.fmt(f),
        }
    }
}
