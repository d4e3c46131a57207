//! The ClientHello: put together from its records and decoded, whatever comes of the handshake.

use tls_parser::{TlsClientHelloContents, TlsExtension, parse_tls_client_hello_extension};

use super::event::{ClientHello, KeyShare};
use super::{ja4, names};
use crate::finding::Finding;

/// Collects one handshake message from the fragments in its records (RFC 9846 §5.1).
#[derive(Debug, Default)]
pub(super) struct Assembler {
    message: Vec<u8>,
    records: usize,
}

/// A ClientHello is longer than this only by mistake.
const LONGEST_MESSAGE: usize = 64 * 1024;
/// `HandshakeType.client_hello`, RFC 9846 §4.
const CLIENT_HELLO: u8 = 1;
/// Type and length in front of each handshake message.
pub(super) const MESSAGE_HEADER: usize = 4;

impl Assembler {
    /// Adds a record's fragment. Gives the ClientHello when it is complete, and an error when
    /// this cannot become one.
    pub(super) fn add(&mut self, fragment: &[u8]) -> Result<Option<(Vec<u8>, usize)>, Finding> {
        self.message.extend_from_slice(fragment);
        self.records += 1;
        let [kind, high, middle, low, rest @ ..] = self.message.as_slice() else { return Ok(None) };
        if *kind != CLIENT_HELLO {
            return Err(Finding::error(
                "not-client-hello",
                format!("the first handshake message has type {kind}, not client_hello (1)"),
            ));
        }
        let length = usize::try_from(u32::from_be_bytes([0, *high, *middle, *low])).unwrap_or(usize::MAX);
        if length > LONGEST_MESSAGE {
            return Err(Finding::error("client-hello-too-long", format!("a ClientHello of {length} octets")));
        }
        if rest.len() < length {
            return Ok(None);
        }
        let mut message = std::mem::take(&mut self.message);
        message.truncate(MESSAGE_HEADER + length);
        Ok(Some((message, std::mem::take(&mut self.records))))
    }
}

/// Decodes a whole ClientHello message. What cannot be decoded becomes a finding.
pub(super) fn decode(message: &[u8], records: usize) -> ClientHello {
    let mut hello = ClientHello {
        octets: message.len(),
        records,
        ja4: ja4::fingerprint(message),
        ..ClientHello::default()
    };
    let body = message.get(MESSAGE_HEADER..).unwrap_or_default();
    match tls_parser::parse_tls_handshake_client_hello(body) {
        Ok((rest, contents)) => {
            fill(&mut hello, &contents);
            if !rest.is_empty() {
                hello.findings.push(Finding::error(
                    "malformed-client-hello",
                    format!("the last {} octets of the ClientHello do not fit its lengths", rest.len()),
                ));
            }
        }
        Err(_) => hello.findings.push(Finding::error(
            "malformed-client-hello",
            "the ClientHello cannot be decoded: a length in it does not fit",
        )),
    }
    hello
}

fn fill(hello: &mut ClientHello, contents: &TlsClientHelloContents<'_>) {
    hello.session_id_octets = contents.session_id.map_or(0, <[u8]>::len);
    let points = &mut hello.code_points;
    points.legacy_version = contents.version.0;
    points.cipher_suites = contents.ciphers.iter().map(|suite| suite.0).collect();
    hello.cipher_suites = contents.ciphers.iter().map(|suite| names::cipher_suite(suite.0)).collect();
    // Without supported_versions this is the highest version, RFC 9846 §4.3.1.
    hello.versions = vec![names::version(contents.version.0)];
    let mut rest = contents.ext.unwrap_or_default();
    while let Some((code, extension, after)) = split_extension(rest) {
        rest = after;
        hello.code_points.extensions.push(code);
        hello.extensions.push(names::extension(code));
        match parse_tls_client_hello_extension(extension) {
            Ok((_, parsed)) => fill_extension(hello, &parsed),
            Err(_) => hello.findings.push(Finding::error(
                "malformed-extension",
                format!("the extension `{}` cannot be decoded", names::extension(code)),
            )),
        }
    }
    if !rest.is_empty() {
        hello.findings.push(Finding::error(
            "malformed-extensions",
            format!("the last {} octets of the extensions are no whole extension", rest.len()),
        ));
    }
}

/// Type, the whole extension with its header, and what follows.
pub(super) fn split_extension(octets: &[u8]) -> Option<(u16, &[u8], &[u8])> {
    let [type_high, type_low, high, low, ..] = octets else { return None };
    let length = MESSAGE_HEADER + usize::from(u16::from_be_bytes([*high, *low]));
    let (extension, rest) = octets.split_at_checked(length)?;
    Some((u16::from_be_bytes([*type_high, *type_low]), extension, rest))
}

fn fill_extension(hello: &mut ClientHello, extension: &TlsExtension<'_>) {
    let points = &mut hello.code_points;
    match extension {
        TlsExtension::SNI(list) => {
            hello.server_name = list.first().map(|(_, name)| String::from_utf8_lossy(name).into_owned());
        }
        TlsExtension::SupportedVersions(list) => {
            points.versions = list.iter().map(|version| version.0).collect();
            hello.versions = list.iter().map(|version| names::version(version.0)).collect();
        }
        TlsExtension::EllipticCurves(list) => {
            points.groups = list.iter().map(|group| group.0).collect();
            hello.groups = list.iter().map(|group| names::group(group.0)).collect();
        }
        TlsExtension::SignatureAlgorithms(list) => {
            points.signature_algorithms.clone_from(list);
            hello.signature_algorithms = list.iter().map(|scheme| names::signature_scheme(*scheme)).collect();
        }
        TlsExtension::ALPN(list) => {
            points.alpn = list.iter().map(|name| name.to_vec()).collect();
            hello.alpn = list.iter().map(|name| String::from_utf8_lossy(name).into_owned()).collect();
        }
        TlsExtension::KeyShare(octets) => fill_key_shares(hello, octets),
        TlsExtension::RecordSizeLimit(limit) => hello.record_size_limit = Some(*limit),
        TlsExtension::MaxFragmentLength(code) => {
            // RFC 6066 §4: 1 to 4 mean 2^9 to 2^12.
            hello.max_fragment_length = matches!(code, 1..=4).then(|| 1 << (u16::from(*code) + 8));
        }
        TlsExtension::PskExchangeModes(modes) => points.psk_key_exchange_modes.clone_from(modes),
        TlsExtension::PreSharedKey(_) => hello.pre_shared_key = true,
        _ => {}
    }
}

/// `KeyShareClientHello`, RFC 9846 §4.3.8.
fn fill_key_shares(hello: &mut ClientHello, octets: &[u8]) {
    // The list's own length repeats the extension's.
    let mut rest = octets.get(2..).unwrap_or_default();
    while let Some((code, entry, after)) = split_extension(rest) {
        rest = after;
        hello.code_points.key_shares.push(code);
        hello.post_quantum |= names::is_post_quantum(code);
        hello.key_shares.push(KeyShare { group: names::group(code), octets: entry.len() - MESSAGE_HEADER });
    }
}

#[cfg(test)]
pub(super) use tests::sample;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::event::CodePoints;
    use super::{Assembler, decode};

    /// A ClientHello as a small device sends it.
    pub(in super::super) fn sample() -> Vec<u8> {
        let mut extensions = Vec::new();
        let mut extension = |code: u16, data: &[u8]| {
            extensions.extend_from_slice(&code.to_be_bytes());
            extensions.extend_from_slice(&u16::try_from(data.len()).unwrap().to_be_bytes());
            extensions.extend_from_slice(data);
        };
        extension(0, b"\x00\x10\x00\x00\x0dpicopost.test");
        extension(43, &[2, 3, 4]);
        extension(10, &[0, 4, 0x11, 0xec, 0, 0x1d]);
        extension(13, &[0, 4, 4, 3, 8, 4]);
        extension(16, b"\x00\x09\x08http/1.1");
        extension(51, &[&[0, 36, 0, 0x1d, 0, 32][..], &[7; 32]].concat());
        extension(28, &[4, 0]);
        extension(1, &[2]);
        let mut body = vec![3, 3];
        body.extend_from_slice(&[9; 32]);
        body.extend_from_slice(&[0, 0, 4, 0x13, 0x03, 0x13, 0x01, 1, 0]);
        body.extend_from_slice(&u16::try_from(extensions.len()).unwrap().to_be_bytes());
        body.extend_from_slice(&extensions);
        let length = u32::try_from(body.len()).unwrap().to_be_bytes();
        [&[1], &length[1..], &body].concat()
    }

    #[test]
    fn everything_is_named() {
        let hello = decode(&sample(), 1);
        assert_eq!(hello.server_name.as_deref(), Some("picopost.test"));
        assert_eq!(hello.versions, ["TLS 1.3"]);
        assert_eq!(hello.cipher_suites, ["TLS_CHACHA20_POLY1305_SHA256", "TLS_AES_128_GCM_SHA256"]);
        assert_eq!(hello.groups, ["X25519MLKEM768", "x25519"]);
        assert_eq!(hello.signature_algorithms, ["ecdsa_secp256r1_sha256", "rsa_pss_rsae_sha256"]);
        assert_eq!(hello.alpn, ["http/1.1"]);
        assert_eq!((hello.key_shares[0].group.as_str(), hello.key_shares[0].octets), ("x25519", 32));
        assert_eq!((hello.record_size_limit, hello.max_fragment_length), (Some(1024), Some(1024)));
        assert!(!hello.post_quantum && hello.findings.is_empty());
        assert_eq!(
            hello.code_points,
            CodePoints {
                legacy_version: 0x0303,
                versions: vec![0x0304],
                cipher_suites: vec![0x1303, 0x1301],
                groups: vec![0x11ec, 0x001d],
                key_shares: vec![0x001d],
                signature_algorithms: vec![0x0403, 0x0804],
                extensions: vec![0, 43, 10, 13, 16, 51, 28, 1],
                alpn: vec![b"http/1.1".to_vec()],
                psk_key_exchange_modes: Vec::new(),
            }
        );
    }

    #[test]
    fn fragments_of_any_size_make_the_same_message() {
        let message = sample();
        for size in 1..=message.len() {
            let mut assembler = Assembler::default();
            let mut complete = None;
            for fragment in message.chunks(size) {
                assert!(complete.is_none());
                complete = assembler.add(fragment).unwrap();
            }
            assert_eq!(complete, Some((message.clone(), message.len().div_ceil(size))));
        }
    }

    #[test]
    fn a_hello_cut_anywhere_is_decoded_without_panic() {
        let message = sample();
        // Header, version, random, session id, two suites, compression: TLS 1.2 allows to end here.
        let before_extensions = 4 + 2 + 32 + 1 + 6 + 2;
        for cut in 0..message.len() {
            let hello = decode(&message[..cut], 1);
            assert_eq!(hello.findings.is_empty(), cut == before_extensions, "cut at {cut}");
        }
        let longer = [message.as_slice(), &[0; 3]].concat();
        assert_eq!(
            decode(&longer, 1).findings[0].title,
            "the last 3 octets of the ClientHello do not fit its lengths"
        );
    }

    #[test]
    fn a_hello_with_any_octet_changed_is_decoded_without_panic() {
        let message = sample();
        for at in 0..message.len() {
            for change in 1..=255 {
                let mut changed = message.clone();
                changed[at] ^= change;
                decode(&changed, 1);
            }
        }
    }

    #[test]
    fn what_is_no_extension_is_told() {
        let code = |message: &[u8]| decode(message, 1).findings.remove(0).code.into_owned();
        let good = sample();
        // The last extension is max_fragment_length: type, length and one octet. Without that octet,
        // with the lengths of its list, the body and the message made to fit.
        let shorter = |by: usize, last_length: u8| {
            let mut message = good[..good.len() - by].to_vec();
            let body = u32::try_from(message.len() - 4).unwrap().to_be_bytes();
            message[1..4].copy_from_slice(&body[1..]);
            let extensions = 4 + 2 + 32 + 1 + 6 + 2;
            let list = u16::try_from(message.len() - extensions - 2).unwrap().to_be_bytes();
            message[extensions..extensions + 2].copy_from_slice(&list);
            if by < 2 {
                let length = message.len() - 1;
                message[length] = last_length;
            }
            message
        };
        assert_eq!(code(&shorter(1, 0)), "malformed-extension");
        assert_eq!(code(&shorter(2, 0)), "malformed-extensions");
    }

    proptest! {
        #[test]
        fn any_octets_are_decoded_without_panic(octets in proptest::collection::vec(any::<u8>(), 0..400)) {
            decode(&octets, 1);
            let mut assembler = Assembler::default();
            for fragment in octets.chunks(50) {
                let _ = assembler.add(fragment);
            }
            // As the extensions of a hello that is good until there.
            let mut message = sample()[..4 + 2 + 32 + 1 + 6 + 2].to_vec();
            message.extend_from_slice(&u16::try_from(octets.len()).unwrap().to_be_bytes());
            message.extend_from_slice(&octets);
            decode(&message, 1);
        }
    }

    #[test]
    fn other_messages_are_refused() {
        let finding = Assembler::default().add(&[2, 0, 0, 0]).unwrap_err();
        assert_eq!(finding.code, "not-client-hello");
        assert_eq!(finding.title, "the first handshake message has type 2, not client_hello (1)");
        let finding = Assembler::default().add(&[1, 0xff, 0, 0]).unwrap_err();
        assert_eq!(finding.title, "a ClientHello of 16711680 octets");
    }
}
