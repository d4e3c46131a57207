//! JA4, FoxIO's fingerprint of a TLS client: the same for every hello of one TLS library in one
//! setting, so that two attempts can be told to be of the same firmware.
//!
//! After FoxIO's technical description of JA4 (the TLS client part, which is free to use):
//! `technical_details/JA4.md` in their repository `FoxIO-LLC/ja4`, June 2026.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};
use tls_parser::{TlsExtension, parse_tls_client_hello_extension};

use super::hello::{MESSAGE_HEADER, split_extension};

const SERVER_NAME: u16 = 0;
const ALPN: u16 = 16;
/// Characters that are left of a hash.
const HASH_LENGTH: usize = 12;
/// For an empty list, instead of the hash of nothing.
const NO_HASH: &str = "000000000000";
/// Two characters hold no more.
const LARGEST_COUNT: usize = 99;

/// The fingerprint of a ClientHello, given as the whole handshake message. None where it cannot be
/// decoded: half a fingerprint would be taken for another client's.
pub(super) fn fingerprint(message: &[u8]) -> Option<String> {
    Offer::decode(message).map(|offer| offer.fingerprint())
}

/// What the fingerprint is made of, in the order sent, without GREASE (RFC 8701).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Offer {
    /// The highest offered.
    version: u16,
    cipher_suites: Vec<u16>,
    extensions: Vec<u16>,
    signature_algorithms: Vec<u16>,
    /// The first protocol.
    alpn: Vec<u8>,
}

impl Offer {
    fn decode(message: &[u8]) -> Option<Self> {
        let (rest, contents) =
            tls_parser::parse_tls_handshake_client_hello(message.get(MESSAGE_HEADER..)?).ok()?;
        let mut offer = Self {
            version: contents.version.0,
            cipher_suites: without_grease(contents.ciphers.iter().map(|suite| suite.0)),
            ..Self::default()
        };
        let mut extensions = contents.ext.unwrap_or_default();
        while let Some((code, extension, after)) = split_extension(extensions) {
            extensions = after;
            offer.extensions.extend(without_grease([code]));
            match parse_tls_client_hello_extension(extension).ok()?.1 {
                TlsExtension::SupportedVersions(list) => {
                    let versions = without_grease(list.iter().map(|version| version.0));
                    offer.version = versions.into_iter().max().unwrap_or_default();
                }
                TlsExtension::SignatureAlgorithms(list) => {
                    offer.signature_algorithms = without_grease(list);
                }
                TlsExtension::ALPN(list) => {
                    offer.alpn = list.first().map_or_else(Vec::new, |name| name.to_vec());
                }
                _ => {}
            }
        }
        (rest.is_empty() && extensions.is_empty()).then_some(offer)
    }

    fn fingerprint(&self) -> String {
        let Self { cipher_suites, extensions, signature_algorithms, .. } = self;
        let name = if extensions.contains(&SERVER_NAME) { 'd' } else { 'i' };
        let hashed: Vec<u16> =
            extensions.iter().copied().filter(|code| ![SERVER_NAME, ALPN].contains(code)).collect();
        let mut list = sorted(&hashed);
        if !hashed.is_empty() && !signature_algorithms.is_empty() {
            list = format!("{list}_{}", hex(signature_algorithms));
        }
        format!(
            "t{}{name}{:02}{:02}{}_{}_{}",
            version(self.version),
            cipher_suites.len().min(LARGEST_COUNT),
            extensions.len().min(LARGEST_COUNT),
            protocol(&self.alpn),
            hash(&sorted(cipher_suites)),
            hash(&list)
        )
    }
}

/// GREASE is 0x0a0a, 0x1a1a and so on to 0xfafa (RFC 8701 §2).
fn without_grease(codes: impl IntoIterator<Item = u16>) -> Vec<u16> {
    let is_grease = |code: &u16| {
        let [high, low] = code.to_be_bytes();
        high == low && low & 0x0f == 0x0a
    };
    codes.into_iter().filter(|code| !is_grease(code)).collect()
}

fn version(code: u16) -> &'static str {
    match code {
        0x0304 => "13",
        0x0303 => "12",
        0x0302 => "11",
        0x0301 => "10",
        0x0300 => "s3",
        0x0002 => "s2",
        _ => "00",
    }
}

/// The first and the last character of the protocol's name, or of its hexadecimal form.
fn protocol(name: &[u8]) -> String {
    match name {
        [] => "00".to_owned(),
        [first, .., last] if first.is_ascii_alphanumeric() && last.is_ascii_alphanumeric() => {
            [*first, *last].map(char::from).iter().collect()
        }
        [only] if only.is_ascii_alphanumeric() => [*only, *only].map(char::from).iter().collect(),
        [first, .., last] => format!("{:x}{:x}", first >> 4, last & 0x0f),
        [only] => format!("{only:02x}"),
    }
}

fn sorted(codes: &[u16]) -> String {
    let mut codes = codes.to_vec();
    codes.sort_unstable();
    hex(&codes)
}

fn hex(codes: &[u16]) -> String {
    let codes: Vec<String> = codes.iter().map(|code| format!("{code:04x}")).collect();
    codes.join(",")
}

fn hash(list: &str) -> String {
    if list.is_empty() {
        return NO_HASH.to_owned();
    }
    let mut text = String::new();
    for octet in Sha256::digest(list.as_bytes()) {
        // Writing into a string does not fail.
        let _ = write!(text, "{octet:02x}");
    }
    text.truncate(HASH_LENGTH);
    text
}

#[cfg(test)]
mod tests {
    use super::super::hello::sample;
    use super::{Offer, fingerprint, protocol, version, without_grease};

    /// The example of the technical description.
    fn example() -> Offer {
        Offer {
            version: 0x0304,
            cipher_suites: vec![
                0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8, 0xc013, 0xc014,
                0x009c, 0x009d, 0x002f, 0x0035,
            ],
            extensions: vec![
                0x001b, 0x0000, 0x0033, 0x0010, 0x4469, 0x0017, 0x002d, 0x000d, 0x0005, 0x0023, 0x0012,
                0x002b, 0xff01, 0x000b, 0x000a, 0x0015,
            ],
            signature_algorithms: vec![0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601],
            alpn: b"h2".to_vec(),
        }
    }

    #[test]
    fn the_published_example() {
        assert_eq!(example().fingerprint(), "t13d1516h2_8daaf6152771_e5627efa2ab1");
        let unsigned = Offer { signature_algorithms: Vec::new(), ..example() };
        assert_eq!(unsigned.fingerprint(), "t13d1516h2_8daaf6152771_6d807ffa2a79");
        assert_eq!(Offer::default().fingerprint(), "t00i000000_000000000000_000000000000");
    }

    /// The signature algorithms alone are no list of extensions.
    #[test]
    fn without_extensions_to_hash_there_is_no_hash() {
        let named = Offer { extensions: vec![0, 16], ..example() };
        assert_eq!(named.fingerprint(), "t13d1502h2_8daaf6152771_000000000000");
    }

    #[test]
    fn published_examples_of_alpn() {
        let examples: [(&[u8], &str); 12] = [
            (b"", "00"),
            (b"h", "hh"),
            (b"h2", "h2"),
            (b"http/1.1", "h1"),
            (b"\xab", "ab"),
            (b"\x20", "20"),
            (b"\xab\xcd", "ad"),
            (b"\x20\x61", "21"),
            (b"\x30\xab", "3b"),
            (b"\x61\x20", "60"),
            (b"\x30\x31\xab\xcd", "3d"),
            (b"\x30\xab\xcd\x31", "01"),
        ];
        for (name, expected) in examples {
            assert_eq!(protocol(name), expected, "{name:x?}");
        }
    }

    #[test]
    fn counts_have_two_characters() {
        let many = Offer { cipher_suites: vec![0x1301; 100], extensions: vec![10; 7], ..example() };
        assert!(many.fingerprint().starts_with("t13i9907h2_"), "{}", many.fingerprint());
    }

    #[test]
    fn versions_and_grease() {
        let names = [0x0304, 0x0303, 0x0302, 0x0301, 0x0300, 0x0002, 0x0305].map(version);
        assert_eq!(names, ["13", "12", "11", "10", "s3", "s2", "00"]);
        assert_eq!(
            without_grease([0x0a0a, 0x1301, 0xfafa, 0x0a1a, 0x1a1b, 0x00ff]),
            [0x1301, 0x0a1a, 0x1a1b, 0xff]
        );
    }

    /// `printf %s LIST | sha256sum` gives the hashes.
    #[test]
    fn a_small_devices_hello() {
        let message = sample();
        let offer = Offer::decode(&message).unwrap();
        let expected = Offer {
            version: 0x0304,
            cipher_suites: vec![0x1303, 0x1301],
            extensions: vec![0, 43, 10, 13, 16, 51, 28, 1],
            signature_algorithms: vec![0x0403, 0x0804],
            alpn: b"http/1.1".to_vec(),
        };
        assert_eq!(offer, expected);
        assert_eq!(fingerprint(&message).unwrap(), "t13d0208h1_88d8eb61a8ee_6270f4836d8f");
        // A hello that is cut anywhere but before its extensions has no fingerprint.
        let before_extensions = 4 + 2 + 32 + 1 + 6 + 2;
        for cut in 0..message.len() {
            assert_eq!(fingerprint(&message[..cut]).is_some(), cut == before_extensions, "cut at {cut}");
        }
    }
}
