//! What every command needs that connects: names by the system or by `--resolve`, and a deadline
//! that nothing outlives.

use std::net::{IpAddr, SocketAddr, TcpStream, ToSocketAddrs as _};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use embedded_io::ErrorKind;
use picopost::ConnectError;

/// One `--resolve`: this host and port are at these addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Override {
    host: String,
    port: u16,
    addresses: Vec<IpAddr>,
}

impl Override {
    /// `HOST:PORT:ADDRESS[,ADDRESS]...`; IPv6 addresses with or without brackets, an IPv6 host with
    /// them.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        const FORM: &str = "it is HOST:PORT:ADDRESS, such as example.com:443:127.0.0.1";
        let (host, rest) = match text.strip_prefix('[') {
            Some(bracketed) => bracketed.split_once("]:").ok_or(FORM)?,
            None => text.split_once(':').ok_or(FORM)?,
        };
        let (port, addresses) = rest.split_once(':').ok_or(FORM)?;
        if host.is_empty() {
            return Err(FORM.to_owned());
        }
        let port = port.parse().map_err(|error| format!("`{port}` is not a port: {error}"))?;
        let addresses = addresses.split(',').map(parse_address).collect::<Result<_, _>>()?;
        Ok(Self { host: host.to_owned(), port, addresses })
    }
}

fn parse_address(text: &str) -> Result<IpAddr, String> {
    let inner = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    inner.parse().map_err(|error| format!("`{text}` is not an IP address: {error}"))
}

/// The addresses of a host, until the deadline. `note` is told what the system says.
pub(crate) fn resolve(
    overrides: &[Override],
    host: &str,
    port: u16,
    deadline: Instant,
    note: &mut dyn FnMut(&str),
) -> Result<Vec<SocketAddr>, ConnectError> {
    let given = overrides.iter().find(|given| given.port == port && given.host.eq_ignore_ascii_case(host));
    if let Some(given) = given {
        return Ok(given.addresses.iter().map(|address| SocketAddr::new(*address, port)).collect());
    }
    if let Ok(address) = host.parse() {
        return Ok(vec![SocketAddr::new(address, port)]);
    }
    // The system's resolver has no time limit: it is left behind where it takes too long.
    let (sender, receiver) = mpsc::channel();
    let name = host.to_owned();
    std::thread::spawn(move || {
        // Nobody may be listening any more.
        let _ = sender.send((name.as_str(), port).to_socket_addrs().map(Vec::from_iter));
    });
    let Ok(addresses) = receiver.recv_timeout(remaining(deadline)) else {
        return Err(ConnectError::Dns(ErrorKind::TimedOut));
    };
    match addresses {
        Ok(addresses) if addresses.is_empty() => Err(ConnectError::Dns(ErrorKind::NotFound)),
        Ok(addresses) => Ok(addresses),
        Err(error) => {
            note(&error.to_string());
            Err(ConnectError::Dns(dns_kind(&error)))
        }
    }
}

/// A connection to one of the addresses, until the deadline: the first that answers. `note` is told
/// what the system says of the others.
pub(crate) fn connect(
    addresses: &[SocketAddr],
    deadline: Instant,
    note: &mut dyn FnMut(Attempt<'_>),
) -> Result<TcpStream, ConnectError> {
    let mut failure = ErrorKind::NotFound;
    for address in addresses {
        note(Attempt::To(*address));
        match TcpStream::connect_timeout(address, remaining(deadline)) {
            Ok(stream) => {
                // Each write is a whole record or what is left of one. Where this fails, the
                // octets wait a little longer.
                let _ = stream.set_nodelay(true);
                return Ok(stream);
            }
            Err(error) => {
                note(Attempt::Failed(&error));
                failure = kind(&error);
            }
        }
    }
    Err(ConnectError::Tcp(failure))
}

/// What [`connect`] is doing.
pub(crate) enum Attempt<'a> {
    To(SocketAddr),
    Failed(&'a std::io::Error),
}

/// The time until the deadline; a moment where it has passed, since 0 would mean no limit.
pub(crate) fn remaining(deadline: Instant) -> Duration {
    deadline.saturating_duration_since(Instant::now()).max(Duration::from_millis(1))
}

pub(crate) fn kind(error: &std::io::Error) -> ErrorKind {
    match error.kind() {
        // What a socket's time limit gives on Unix.
        std::io::ErrorKind::WouldBlock => ErrorKind::TimedOut,
        std::io::ErrorKind::NetworkUnreachable | std::io::ErrorKind::HostUnreachable => {
            ErrorKind::AddrNotAvailable
        }
        kind => kind.into(),
    }
}

/// The standard library tells a name that does not exist from a resolver that does not answer by
/// their texts alone.
fn dns_kind(error: &std::io::Error) -> ErrorKind {
    let text = error.to_string();
    if ["Name or service not known", "No address associated", "nodename nor servname"]
        .iter()
        .any(|known| text.contains(known))
    {
        return ErrorKind::NotFound;
    }
    kind(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overrides() {
        let given = |host: &str, port, addresses: &[&str]| {
            let addresses = addresses.iter().map(|address| address.parse().unwrap()).collect();
            Ok(Override { host: host.to_owned(), port, addresses })
        };
        assert_eq!(Override::parse("example.com:443:127.0.0.1"), given("example.com", 443, &["127.0.0.1"]));
        assert_eq!(Override::parse("a:1:[::1]"), given("a", 1, &["::1"]));
        assert_eq!(Override::parse("a:1:::1,127.0.0.1"), given("a", 1, &["::1", "127.0.0.1"]));
        assert_eq!(Override::parse("[fe80::1]:1:10.0.0.1"), given("fe80::1", 1, &["10.0.0.1"]));
        for bad in [
            "",
            "a",
            "a:1",
            "a:1:",
            "a:x:127.0.0.1",
            "a:70000:127.0.0.1",
            "a:1:b",
            "a:1:::1,",
            ":1:127.0.0.1",
            "[::1:1:::1",
        ] {
            assert!(Override::parse(bad).is_err(), "{bad}");
        }
    }
}
