//! A host on the command line.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use rustls::pki_types::ServerName;

/// `HOST[:PORT]`; a URL's scheme and path are taken off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    /// A DNS name, or an address without brackets.
    pub(super) host: String,
    pub(super) port: u16,
}

const HTTPS: u16 = 443;

impl Target {
    /// The name that the server's certificate must have.
    pub(super) fn server_name(&self) -> Option<ServerName<'static>> {
        ServerName::try_from(self.host.clone()).ok()
    }

    pub(super) fn is_address(&self) -> bool {
        self.host.parse::<IpAddr>().is_ok()
    }
}

impl FromStr for Target {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = match text.split_once("://") {
            Some(("https", rest)) => rest.split('/').next().unwrap_or_default(),
            Some((scheme, _)) => return Err(format!("`{scheme}` is not `https`")),
            None => text,
        };
        let bracketed = text.strip_prefix('[').and_then(|text| text.split_once(']'));
        let (host, port) = match bracketed {
            Some((host, "")) => (host, None),
            Some((host, port)) => (host, Some(port.strip_prefix(':').ok_or("it is [ADDRESS]:PORT")?)),
            // An IPv6 address without brackets has no port.
            None if text.parse::<IpAddr>().is_ok() => (text, None),
            None => text.split_once(':').map_or((text, None), |(host, port)| (host, Some(port))),
        };
        let port = match port {
            None => HTTPS,
            Some(port) => match port.parse() {
                Ok(port @ 1..) => port,
                _ => return Err(format!("`{port}` is not a port")),
            },
        };
        let target = Self { host: host.to_owned(), port };
        match target.server_name() {
            Some(_) => Ok(target),
            None if !host.is_ascii() => {
                Err("not a host name: write an international one in its `xn--` form".to_owned())
            }
            None => Err("neither a host name nor an address".to_owned()),
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, port } = self;
        if host.contains(':') { write!(f, "[{host}]:{port}") } else { write!(f, "{host}:{port}") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts() {
        for (text, host, port) in [
            ("example.com", "example.com", 443),
            ("example.com:8443", "example.com", 8443),
            ("https://example.com/oauth/token", "example.com", 443),
            ("https://example.com:444", "example.com", 444),
            ("127.0.0.1:1", "127.0.0.1", 1),
            ("::1", "::1", 443),
            ("[::1]:8443", "::1", 8443),
        ] {
            assert_eq!(text.parse(), Ok(Target { host: host.to_owned(), port }), "{text}");
        }
        for text in ["", "a b", "http://a", "a:0", "a:x", "a:70000", "[::1]8443", "[::1", "é.fr", "a:1:2"] {
            assert!(text.parse::<Target>().is_err(), "{text}");
        }
        assert_eq!("[::1]:8443".parse::<Target>().unwrap().to_string(), "[::1]:8443");
    }
}
