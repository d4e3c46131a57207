//! ClientHello, ServerHello and HelloRetryRequest, RFC 9846 §4.2.

use pki_types::ServerName;

#[cfg(feature = "mlkem")]
use crate::ml_kem;
use crate::{
    Config,
    codec::{Fields, Reader, Writer},
    extensions::{
        COOKIE, Extensions, KEY_SHARE, MAX_FRAGMENT_LENGTH, Offered, PRE_SHARED_KEY, RECORD_SIZE_LIMIT,
        SERVER_NAME, SIGNATURE_ALGORITHMS, SUPPORTED_GROUPS, SUPPORTED_VERSIONS,
    },
    fault::{Failure, Fault},
    key_exchange::{Groups, KeyExchange, NamedGroup},
    limits::Wanted,
    messages::HandshakeType,
    record::CipherSuite,
};

/// The only application protocol that is offered (RFC 7301 §6).
pub(crate) const HTTP_1_1: &[u8] = b"http/1.1";
const TLS_1_2: u16 = 0x0303;
const TLS_1_3: u16 = 0x0304;
/// RFC 9846 §4.2.3: the random value of a HelloRetryRequest.
const RETRY: [u8; 32] = [
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2,
    0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
];
/// RFC 9846 §4.2.3: the last octets of the random value of a server that speaks TLS 1.3 and was
/// led to choose TLS 1.2, or something older.
const DOWNGRADE: [&[u8]; 2] = [b"DOWNGRD\x01", b"DOWNGRD\x00"];

/// What X25519MLKEM768 adds to a ClientHello, in octets: its code point in supported_groups, and a
/// share with its code point and length.
#[cfg(feature = "mlkem")]
pub(crate) const MORE_FOR_ML_KEM: usize = 2 + 2 + 2 + ml_kem::CLIENT_SHARE;
/// The longest ServerHello in octets, with its header: the one that has the server's share of
/// X25519MLKEM768, and takes up a session.
#[cfg(feature = "mlkem")]
pub(crate) const LONGEST_SERVER_HELLO: usize = {
    let fields = 2 + 32 + (1 + 32) + 2 + 1;
    let (versions, pre_shared_key, share) = (4 + 2, 4 + 2, 4 + 2 + 2 + ml_kem::SERVER_SHARE);
    4 + fields + 2 + versions + pre_shared_key + share
};

/// What a ClientHello says about this connection, beside its key share.
pub(crate) struct ClientHello {
    pub(crate) random: [u8; 32],
    /// RFC 9846 §E.4: compatibility mode, 32 octets.
    pub(crate) session_id: [u8; 32],
}

impl ClientHello {
    /// Writes the handshake message. The second one differs from the first by its key share, its
    /// cookie and its binder only (RFC 9846 §4.2.2). With a ticket, its last octets are the
    /// binder's place.
    pub(crate) fn write(&self, out: &mut Writer<'_>, config: &Config<'_>, more: &More<'_>) {
        out.u8(1);
        out.vector24(|hello| {
            hello.u16(TLS_1_2);
            hello.bytes(&self.random);
            hello.u8(32);
            hello.bytes(&self.session_id);
            hello.vector16(|suites| CipherSuite::OFFERED.iter().for_each(|suite| suites.u16(suite.code())));
            // legacy_compression_methods: null(0) alone.
            hello.u16(0x0100);
            hello.vector16(|extensions| write_extensions(extensions, config, more));
        });
    }
}

fn write_extensions(out: &mut Writer<'_>, config: &Config<'_>, more: &More<'_>) {
    if let ServerName::DnsName(name) = &config.server_name {
        // RFC 6066 §3: host_name(0). An IP address is not sent.
        list_extension(out, SERVER_NAME, |list| {
            list.u8(0);
            list.vector16(|host| host.bytes(name.as_ref().as_bytes()));
        });
    }
    out.bytes(TLS_1_3_ALONE);
    list_extension(out, SUPPORTED_GROUPS, |groups| {
        config.groups.offered().iter().for_each(|group| groups.u16(group.code()));
    });
    list_extension(out, SIGNATURE_ALGORITHMS, |schemes| {
        picopost_verify::CERT_SCHEMES.iter().for_each(|scheme| schemes.u16(*scheme));
    });
    out.bytes(HTTP_1_1_ALONE);
    if let Some(limits) = more.limits {
        out.u16(RECORD_SIZE_LIMIT);
        out.u16(2);
        out.u16(limits.record_size_limit);
        out.u16(MAX_FRAGMENT_LENGTH);
        out.u16(1);
        out.u8(limits.max_fragment_length);
    }
    list_extension(out, KEY_SHARE, |shares| {
        for group in more.key_exchange.shares() {
            shares.u16(group.code());
            shares.vector16(|key| more.key_exchange.write_share(*group, key));
        }
    });
    if let Some(cookie) = more.cookie {
        list_extension(out, COOKIE, |octets| octets.bytes(cookie));
    }
    if more.psk_modes {
        out.bytes(PSK_DHE_KE_ALONE);
    }
    if let Some((ticket, obfuscated_age)) = more.ticket {
        // RFC 9846 §4.3.11: the last extension.
        out.u16(PRE_SHARED_KEY);
        out.vector16(|data| {
            data.vector16(|identities| {
                identities.vector16(|identity| identity.bytes(ticket));
                identities.u32(obfuscated_age);
            });
            data.bytes(&NO_BINDER);
        });
    }
}

/// What may differ between two ClientHellos.
#[derive(Clone, Copy)]
pub(crate) struct More<'h> {
    pub(crate) key_exchange: &'h KeyExchange,
    pub(crate) cookie: Option<&'h [u8]>,
    pub(crate) limits: Option<Wanted>,
    pub(crate) psk_modes: bool,
    /// A ticket, and its obfuscated age.
    pub(crate) ticket: Option<(&'h [u8], u32)>,
}

/// RFC 9846 §4.3.11.2: what the binder does not cover, the list of binders: its length, and one
/// of 32 octets behind its own.
pub(crate) const BINDERS: usize = 2 + 1 + 32;
/// The same before the binder is there.
const NO_BINDER: [u8; BINDERS] = {
    let mut binders = [0; BINDERS];
    (binders[1], binders[2]) = (33, 32);
    binders
};

/// An extension that is nothing but a list.
fn list_extension(out: &mut Writer<'_>, number: u16, list: impl FnOnce(&mut Writer<'_>)) {
    let start = begin_list(out, number);
    list(out);
    end_list(out, start);
}

#[inline(never)]
fn begin_list(out: &mut Writer<'_>, number: u16) -> usize {
    out.u16(number);
    out.skip(4)
}

/// Writes the lengths of the extension and of the list.
#[inline(never)]
fn end_list(out: &mut Writer<'_>, start: usize) {
    out.write_length(start, 2);
    out.write_length(start.saturating_add(2), 2);
}

/// Extensions that say the same in each ClientHello that has them, as they are on the wire: `TLS 1.3`
/// (RFC 9846 §4.3.1), `http/1.1` (RFC 7301 §3.1), and psk_dhe_ke(1) alone (RFC 9846 §4.3.9).
const TLS_1_3_ALONE: &[u8] = &[0, 43, 0, 3, 2, 3, 4];
const HTTP_1_1_ALONE: &[u8] = b"\x00\x10\x00\x0b\x00\x09\x08http/1.1";
const PSK_DHE_KE_ALONE: &[u8] = &[0, 45, 0, 2, 1, 1];

/// What a client did before the server's hello, as far as it decides what the server may say.
pub(crate) struct Offer<'o> {
    pub(crate) session_id: &'o [u8; 32],
    pub(crate) offered: Offered,
    /// The cipher suite of a HelloRetryRequest that was answered.
    pub(crate) retried: Option<CipherSuite>,
    pub(crate) groups: Groups,
    /// The groups that have a share.
    pub(crate) shares: &'o [NamedGroup],
}

/// A `server_hello` message, checked.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum ServerHello<'m> {
    Hello { suite: CipherSuite, group: NamedGroup, public_key: &'m [u8], resumed: bool },
    Retry { suite: CipherSuite, group: Option<NamedGroup>, cookie: Option<&'m [u8]> },
}

impl<'m> ServerHello<'m> {
    pub(crate) fn parse(body: &'m [u8], offer: &Offer<'_>) -> Result<Self, Failure> {
        let mut reader = Reader::new(body, HandshakeType::SERVER_HELLO);
        let (legacy_version, random, session_id, suite, compression) = reader.read(|fields| {
            (fields.u16(), fields.array::<32>(), fields.vector8(), fields.u16(), fields.u8())
        })?;
        // Before TLS 1.3 a ServerHello may end here.
        let block = if reader.is_empty() { &[] } else { reader.all(Fields::vector16)? };

        // RFC 9846 §4.2.3: the random value first, then (§4.3.1) the version, then the rest.
        let message =
            if random == RETRY { HandshakeType::HELLO_RETRY_REQUEST } else { HandshakeType::SERVER_HELLO };
        let extensions = Extensions::parse(Reader::new(block, message))?;
        let version = extensions.find(SUPPORTED_VERSIONS).map(|data| data.all(Fields::u16)).transpose()?;
        check_version(version, legacy_version, &random, (message, offer.retried.is_some()))?;
        if legacy_version != TLS_1_2 {
            return Err(Fault::LegacyVersion.with(legacy_version));
        }
        if session_id != offer.session_id {
            return Err(Fault::SessionIdEcho.into());
        }
        let Some(suite) = CipherSuite::OFFERED.iter().copied().find(|offered| offered.code() == suite) else {
            return Err(Fault::CipherSuiteNotOffered.with(suite));
        };
        if compression != 0 {
            return Err(Fault::CompressionMethod.with(compression.into()));
        }
        if message == HandshakeType::HELLO_RETRY_REQUEST {
            Self::retry(suite, &extensions, offer)
        } else {
            Self::hello(suite, &extensions, offer)
        }
    }

    fn hello(suite: CipherSuite, extensions: &Extensions<'m>, offer: &Offer<'_>) -> Result<Self, Failure> {
        let message = HandshakeType::SERVER_HELLO;
        // RFC 9846 §4.2.4: the suite of the HelloRetryRequest stays.
        if offer.retried.is_some_and(|retried| retried != suite) {
            return Err(Fault::CipherSuiteChanged.with(suite.code()));
        }
        extensions.check_responses(&[SUPPORTED_VERSIONS, KEY_SHARE, PRE_SHARED_KEY], offer.offered)?;
        let resumed = match extensions.find(PRE_SHARED_KEY) {
            // RFC 9846 §4.3.11: within the range that was offered, which is one.
            Some(data) if data.all(Fields::u16)? != 0 => return Err(data.illegal()),
            found => found.is_some(),
        };
        let Some(share) = extensions.find(KEY_SHARE) else {
            return Err(match resumed {
                // RFC 9846 §4.3.11: psk_ke was not offered, so a PSK alone is inconsistent.
                true => Fault::IllegalParameter.of(message),
                false => Fault::MissingExtension.at(message, KEY_SHARE),
            });
        };
        let (code, public_key) = share.all(|fields| (fields.u16(), fields.vector16()))?;
        // opaque key_exchange<1..2^16-1>
        if public_key.is_empty() {
            return Err(share.malformed());
        }
        // RFC 9846 §4.3.8: the group of a share that was offered, which after a HelloRetryRequest
        // is the one that it asked for.
        let Some(group) = offer.shares.iter().copied().find(|group| group.code() == code) else {
            return Err(Fault::GroupNotOffered.with(code));
        };
        Ok(Self::Hello { suite, group, public_key, resumed })
    }

    fn retry(suite: CipherSuite, extensions: &Extensions<'m>, offer: &Offer<'_>) -> Result<Self, Failure> {
        // RFC 9846 §4.2.4: one HelloRetryRequest a connection.
        if offer.retried.is_some() {
            return Err(Fault::SecondRetry.into());
        }
        extensions.check_responses(&[SUPPORTED_VERSIONS, KEY_SHARE, COOKIE], offer.offered)?;
        let (mut cookie, mut asked) = (None, None);
        if let Some(data) = extensions.find(KEY_SHARE) {
            // RFC 9846 §4.3.8: the group must be one that was offered without a share.
            let code = data.all(Fields::u16)?;
            let offered = offer.groups.offered().iter().copied().find(|group| group.code() == code);
            let group = offered.ok_or(Fault::GroupNotOffered.with(code))?;
            if offer.shares.contains(&group) {
                return Err(Fault::RetryWithoutChange.into());
            }
            asked = Some(group);
        }
        if let Some(data) = extensions.find(COOKIE) {
            // RFC 9846 §4.3.2: cookie<1..2^16-1>.
            let octets = data.all(Fields::vector16)?;
            if octets.is_empty() {
                return Err(data.malformed());
            }
            cookie = Some(octets);
        }
        // RFC 9846 §4.2.4: it must change the ClientHello.
        if cookie.is_none() && asked.is_none() {
            return Err(Fault::RetryWithoutChange.into());
        }
        Ok(Self::Retry { suite, group: asked, cookie })
    }
}

/// RFC 9846 §4.3.1: `supported_versions` alone decides, where it is present.
fn check_version(
    selected: Option<u16>,
    legacy_version: u16,
    random: &[u8; 32],
    (message, retried): (HandshakeType, bool),
) -> Result<(), Failure> {
    match selected {
        Some(TLS_1_3) => Ok(()),
        Some(version) => Err(Fault::VersionNotOffered.with(version)),
        // RFC 9846 §4.2.4: only TLS 1.3 has a HelloRetryRequest, so it must say so...
        None if message == HandshakeType::HELLO_RETRY_REQUEST => {
            Err(Fault::MissingExtension.at(message, SUPPORTED_VERSIONS))
        }
        // ... and what it says stays.
        None if retried => Err(Fault::IllegalParameter.of(message)),
        // RFC 9846 §4.2.3: a server below TLS 1.3 must not show the marker of one that can do more.
        None if DOWNGRADE.iter().any(|marker| random.ends_with(marker)) => Err(Fault::Downgrade.into()),
        None => Err(Fault::ProtocolVersion.with(legacy_version)),
    }
}
