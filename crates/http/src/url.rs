//! `https` URLs (RFC 9110 §4.2.2, RFC 3986), and no others.

use crate::Error;

/// The port of `https` (RFC 9110 §4.2.2).
pub const DEFAULT_PORT: u16 = 443;

/// Host and port (RFC 3986 §3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Authority<'a> {
    /// As the URL writes it: an IPv6 address in its brackets.
    host: &'a str,
    port: u16,
}

impl<'a> Authority<'a> {
    /// The host to connect to: a DNS name, or an address; an IPv6 address without brackets.
    pub fn host(&self) -> &'a str {
        self.host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(self.host)
    }

    /// The host as the Host header wants it: an IPv6 address within brackets (RFC 9110 §7.2).
    pub const fn uri_host(&self) -> &'a str {
        self.host
    }

    /// The port to connect to.
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Whether the two are of the same origin (RFC 6454 §4, with `https` as the only scheme): the same
    /// host, in any case, and port.
    pub fn is_same_origin(&self, other: &Authority<'_>) -> bool {
        self.host.eq_ignore_ascii_case(other.host) && self.port == other.port
    }
}

/// A request target in origin form (RFC 9112 §3.2.1): path and query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestTarget<'a>(&'a str);

impl<'a> RequestTarget<'a> {
    /// The path, which may be empty, and the query with its `?`, or nothing.
    pub(crate) fn path_and_query(&self) -> (&'a str, &'a str) {
        let end = self.0.find('?').unwrap_or(self.0.len());
        self.0.split_at_checked(end).unwrap_or((self.0, ""))
    }

    /// The two pieces that make the target one after the other. The first is empty unless the
    /// URL has an empty path, for which `/` is sent (RFC 9112 §3.2.1).
    pub fn pieces(&self) -> [&'a str; 2] {
        [if self.0.starts_with('/') { "" } else { "/" }, self.0]
    }
}

/// An `https` URL. There is no value of this type for any other scheme.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Url<'a> {
    authority: Authority<'a>,
    target: RequestTarget<'a>,
}

impl<'a> Url<'a> {
    /// Parses an absolute URL.
    ///
    /// The scheme is `https`, in any case. The host is a DNS name (letters, digits, `-`, `_`,
    /// `.`; international names in their `xn--` form), an IPv4 address, or an IPv6 address in
    /// brackets, which hold nothing else; whether an address is well-formed shows when it is used.
    /// A fragment is cut off, because it is never sent (RFC 9110 §7.1).
    ///
    /// # Errors
    /// Another scheme; no host; a user name or password (RFC 9110 §4.2.4); a port that is 0 or
    /// above 65,535; an octet that RFC 3986 does not allow where it stands, such as a space, a
    /// control character or `"`.
    pub fn parse(url: &'a str) -> Result<Self, Error> {
        const SCHEME: &str = "https://";
        let (scheme, rest) = url.split_at_checked(SCHEME.len()).ok_or(Error::UrlScheme)?;
        if !scheme.eq_ignore_ascii_case(SCHEME) {
            return Err(Error::UrlScheme);
        }
        let rest = rest.split_once('#').map_or(rest, |(before, _fragment)| before);
        let authority_end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, target) = rest.split_at_checked(authority_end).unwrap_or((rest, ""));
        check_target(target, SCHEME.len() + authority_end)?;
        Ok(Self { authority: parse_authority(authority, SCHEME.len())?, target: RequestTarget(target) })
    }

    /// Host and port.
    pub const fn authority(&self) -> Authority<'a> {
        self.authority
    }

    /// Path and query.
    pub const fn target(&self) -> RequestTarget<'a> {
        self.target
    }

    /// Host and port as they were written.
    pub(crate) fn written_port(&self) -> Option<u16> {
        (self.authority.port != DEFAULT_PORT).then_some(self.authority.port)
    }
}

/// `authority = [ userinfo "@" ] host [ ":" port ]`, RFC 3986 §3.2; `start` is its place in the URL.
fn parse_authority(authority: &str, start: usize) -> Result<Authority<'_>, Error> {
    if authority.contains('@') {
        return Err(Error::UrlUserinfo);
    }
    // The colons of an IPv6 address are within brackets, the port's is behind them.
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, port),
        _ => (authority, ""),
    };
    check_host(host, start)?;
    Ok(Authority { host, port: parse_port(port)? })
}

fn check_host(host: &str, start: usize) -> Result<(), Error> {
    let address = host.strip_prefix('[');
    let inner = match address {
        Some(address) => address.strip_suffix(']').ok_or(Error::UrlHost { octet: b'[', position: start })?,
        None => host,
    };
    if inner.is_empty() {
        return Err(Error::UrlWithoutHost);
    }
    // RFC 3986 §3.2.2: brackets hold an IPv6 address. No name and no IPv4 address has a colon, so
    // neither can be had in brackets, where other parsers would not see it.
    if address.is_some() && !inner.contains(':') {
        return Err(Error::UrlHost { octet: b'[', position: start });
    }
    let allowed = |octet: u8| match address {
        Some(_) => octet.is_ascii_hexdigit() || matches!(octet, b':' | b'.'),
        None => octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'.' | b'_'),
    };
    let inner_start = start + usize::from(address.is_some());
    match inner.bytes().enumerate().find(|(_, octet)| !allowed(*octet)) {
        Some((position, octet)) => Err(Error::UrlHost { octet, position: inner_start + position }),
        None => Ok(()),
    }
}

/// `port = *DIGIT`; an empty one is the default (RFC 3986 §3.2.3).
fn parse_port(port: &str) -> Result<u16, Error> {
    if port.is_empty() {
        return Ok(DEFAULT_PORT);
    }
    let mut number = 0_u16;
    for octet in port.bytes() {
        let digit = char::from(octet).to_digit(10).and_then(|digit| u16::try_from(digit).ok());
        number = digit.and_then(|digit| number.checked_mul(10)?.checked_add(digit)).ok_or(Error::UrlPort)?;
    }
    if number == 0 { Err(Error::UrlPort) } else { Ok(number) }
}

/// `path-abempty [ "?" query ]` out of `pchar`, RFC 3986 §3.3 and §3.4.
fn check_target(target: &str, start: usize) -> Result<(), Error> {
    let mut octets = target.bytes().enumerate();
    while let Some((position, octet)) = octets.next() {
        let position = start + position;
        match octet {
            b'%' => {
                let mut hexadecimal = || octets.next().is_some_and(|(_, octet)| octet.is_ascii_hexdigit());
                if !(hexadecimal() && hexadecimal()) {
                    return Err(Error::UrlPercent { position });
                }
            }
            b'-' | b'.' | b'_' | b'~' => {}
            b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b',' | b';' | b'=' => {}
            b':' | b'@' | b'/' | b'?' => {}
            _ if octet.is_ascii_alphanumeric() => {}
            _ => return Err(Error::UrlTarget { octet, position }),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn good_urls() {
        // URL, host to connect to, host as sent, port, target.
        let table = [
            ("https://example.com", "example.com", "example.com", 443, ["/", ""]),
            ("HTTPS://Example.com/", "Example.com", "Example.com", 443, ["", "/"]),
            ("https://a:8443/b/c?d=e&f=%2F", "a", "a", 8443, ["", "/b/c?d=e&f=%2F"]),
            ("https://a:443/", "a", "a", 443, ["", "/"]),
            ("https://a:/", "a", "a", 443, ["", "/"]),
            ("https://a?b", "a", "a", 443, ["/", "?b"]),
            ("https://a/b?c=/d?e#fragment", "a", "a", 443, ["", "/b?c=/d?e"]),
            ("https://a#b@c", "a", "a", 443, ["/", ""]),
            ("https://a/@b:c", "a", "a", 443, ["", "/@b:c"]),
            ("https://10.0.2.2:8443/", "10.0.2.2", "10.0.2.2", 8443, ["", "/"]),
            ("https://[::1]/", "::1", "[::1]", 443, ["", "/"]),
            ("https://[fe80::1]:65535/", "fe80::1", "[fe80::1]", 65535, ["", "/"]),
            ("https://my_host.local./", "my_host.local.", "my_host.local.", 443, ["", "/"]),
        ];
        for (text, host, uri_host, port, target) in table {
            let url = Url::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
            let authority = url.authority();
            assert_eq!(
                (authority.host(), authority.uri_host(), authority.port()),
                (host, uri_host, port),
                "{text}"
            );
            assert_eq!(url.target().pieces(), target, "{text}");
        }
    }

    #[test]
    fn bad_urls() {
        let host = |octet, position| Error::UrlHost { octet, position };
        let target = |octet, position| Error::UrlTarget { octet, position };
        let table = [
            ("", Error::UrlScheme),
            ("https:/", Error::UrlScheme),
            ("http://example.com/", Error::UrlScheme),
            ("httpss://a/", Error::UrlScheme),
            (" https://a/", Error::UrlScheme),
            ("example.com/a", Error::UrlScheme),
            ("https:é//a", Error::UrlScheme),
            ("https://", Error::UrlWithoutHost),
            ("https:///path", Error::UrlWithoutHost),
            ("https://:443/", Error::UrlWithoutHost),
            ("https://[]/", Error::UrlWithoutHost),
            ("https://user@a/", Error::UrlUserinfo),
            ("https://a:b@c/", Error::UrlUserinfo),
            ("https://a@b@c/", Error::UrlUserinfo),
            ("https://a b/", host(b' ', 9)),
            ("https://a\\b/", host(b'\\', 9)),
            ("https://a%2eb/", host(b'%', 9)),
            ("https://bücher.example/", host(0xc3, 9)),
            ("https://a\r\nb/", host(b'\r', 9)),
            ("https://[::1", host(b'[', 8)),
            ("https://[::1]x/", host(b'[', 8)),
            ("https://[bad.cafe]/", host(b'[', 8)),
            ("https://[1.2.3.4]:443/", host(b'[', 8)),
            ("https://[fe80::1%25eth0]/", host(b'%', 16)),
            ("https://::1/", host(b':', 8)),
            ("https://a:0/", Error::UrlPort),
            ("https://a:65536/", Error::UrlPort),
            ("https://a:+1/", Error::UrlPort),
            ("https://a:1x/", Error::UrlPort),
            ("https://a:99999999999/", Error::UrlPort),
            ("https://a/b c", target(b' ', 11)),
            ("https://a/\r\nX: y", target(b'\r', 10)),
            ("https://a/\0", target(0, 10)),
            ("https://a/\u{7f}", target(0x7f, 10)),
            ("https://a/\"", target(b'"', 10)),
            ("https://a/?[b]", target(b'[', 11)),
            ("https://a/é", target(0xc3, 10)),
            ("https://a/%", Error::UrlPercent { position: 10 }),
            ("https://a/%4", Error::UrlPercent { position: 10 }),
            ("https://a/%zz", Error::UrlPercent { position: 10 }),
            ("https://a/%4%41", Error::UrlPercent { position: 10 }),
        ];
        for (text, error) in table {
            assert_eq!(Url::parse(text), Err(error), "{text:?}");
        }
    }
}
