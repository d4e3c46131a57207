//! ClientHello, ServerHello and HelloRetryRequest, RFC 9846 §4.2.

use pki_types::ServerName;

#[cfg(feature = "mlkem")]
use crate::ml_kem;
use crate::{
    codec::{Reader, Writer},
    error::{Error, Message},
    extensions::{
        self, APPLICATION_LAYER_PROTOCOL_NEGOTIATION, COOKIE, KEY_SHARE, MAX_FRAGMENT_LENGTH, Offered,
        PRE_SHARED_KEY, PSK_KEY_EXCHANGE_MODES, RECORD_SIZE_LIMIT, Rules, SERVER_NAME, SIGNATURE_ALGORITHMS,
        SUPPORTED_GROUPS, SUPPORTED_VERSIONS,
    },
    key_exchange::{Groups, KeyExchange, NamedGroup},
    limits::Wanted,
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
    pub(crate) limits: Option<Wanted>,
    pub(crate) groups: Groups,
}

impl ClientHello {
    /// Writes the handshake message. The second one differs from the first by its key share, its
    /// cookie and its binder only (RFC 9846 §4.2.2). With a ticket, its last octets are the
    /// binder's place.
    pub(crate) fn write(&self, out: &mut Writer<'_>, name: &ServerName<'_>, more: &More<'_>) {
        out.u8(1);
        out.vector24(|hello| {
            hello.u16(TLS_1_2);
            hello.bytes(&self.random);
            hello.vector8(|id| id.bytes(&self.session_id));
            hello.vector16(|suites| CipherSuite::OFFERED.iter().for_each(|suite| suites.u16(suite.code())));
            hello.vector8(|compression| compression.u8(0));
            hello.vector16(|extensions| self.write_extensions(extensions, name, more));
        });
    }

    fn write_extensions(&self, out: &mut Writer<'_>, name: &ServerName<'_>, more: &More<'_>) {
        if let ServerName::DnsName(name) = name {
            // RFC 6066 §3: host_name(0). An IP address is not sent.
            extension(out, SERVER_NAME, |data| {
                data.vector16(|list| {
                    list.u8(0);
                    list.vector16(|host| host.bytes(name.as_ref().as_bytes()));
                });
            });
        }
        extension(out, SUPPORTED_VERSIONS, |data| data.vector8(|versions| versions.u16(TLS_1_3)));
        extension(out, SUPPORTED_GROUPS, |data| {
            data.vector16(|groups| self.groups.offered().iter().for_each(|group| groups.u16(group.code())));
        });
        extension(out, SIGNATURE_ALGORITHMS, |data| {
            data.vector16(|schemes| {
                picopost_verify::CERT_SCHEMES.iter().for_each(|scheme| schemes.u16(*scheme));
            });
        });
        extension(out, APPLICATION_LAYER_PROTOCOL_NEGOTIATION, |data| {
            data.vector16(|protocols| protocols.vector8(|protocol| protocol.bytes(HTTP_1_1)));
        });
        if let Some(limits) = self.limits {
            extension(out, RECORD_SIZE_LIMIT, |data| data.u16(limits.record_size_limit));
            extension(out, MAX_FRAGMENT_LENGTH, |data| data.u8(limits.max_fragment_length));
        }
        extension(out, KEY_SHARE, |data| {
            data.vector16(|shares| {
                for group in more.key_exchange.shares() {
                    shares.u16(group.code());
                    shares.vector16(|key| more.key_exchange.write_share(*group, key));
                }
            });
        });
        if let Some(cookie) = more.cookie {
            extension(out, COOKIE, |data| data.vector16(|octets| octets.bytes(cookie)));
        }
        if more.psk_modes {
            // RFC 9846 §4.3.9: psk_dhe_ke(1) alone.
            extension(out, PSK_KEY_EXCHANGE_MODES, |data| data.vector8(|modes| modes.u8(1)));
        }
        if let Some((ticket, obfuscated_age)) = more.ticket {
            // RFC 9846 §4.3.11: the last extension.
            extension(out, PRE_SHARED_KEY, |data| {
                data.vector16(|identities| {
                    identities.vector16(|identity| identity.bytes(ticket));
                    identities.bytes(&obfuscated_age.to_be_bytes());
                });
                data.vector16(|binders| binders.vector8(|binder| binder.bytes(&[0; 32])));
            });
        }
    }
}

/// What may differ between two ClientHellos.
#[derive(Clone, Copy)]
pub(crate) struct More<'h> {
    pub(crate) key_exchange: &'h KeyExchange,
    pub(crate) cookie: Option<&'h [u8]>,
    pub(crate) psk_modes: bool,
    /// A ticket, and its obfuscated age.
    pub(crate) ticket: Option<(&'h [u8], u32)>,
}

/// RFC 9846 §4.3.11.2: what the binder does not cover, the list of binders: its length, and one
/// of 32 octets behind its own.
pub(crate) const BINDERS: usize = 2 + 1 + 32;

fn extension(out: &mut Writer<'_>, number: u16, data: impl FnOnce(&mut Writer<'_>)) {
    out.u16(number);
    out.vector16(data);
}

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
    pub(crate) fn parse(body: &'m [u8], offer: &Offer<'_>) -> Result<Self, Error> {
        let mut reader = Reader::new(body, Message::ServerHello);
        let legacy_version = reader.u16()?;
        let random: [u8; 32] = reader.array()?;
        let session_id = reader.vector8()?;
        let suite = reader.u16()?;
        let compression = reader.u8()?;
        // Before TLS 1.3 a ServerHello may end here.
        let block = if reader.is_empty() { &[] } else { reader.vector16()? };
        reader.end()?;

        // RFC 9846 §4.2.3: the random value first, then (§4.3.1) the version, then the rest.
        let message = if random == RETRY { Message::HelloRetryRequest } else { Message::ServerHello };
        let block = Reader::new(block, message);
        check_version(legacy_version, &random, block.clone(), offer.retried.is_some())?;
        if legacy_version != TLS_1_2 {
            return Err(Error::LegacyVersion { version: legacy_version });
        }
        if session_id != offer.session_id {
            return Err(Error::SessionIdEcho);
        }
        let Some(suite) = CipherSuite::OFFERED.iter().copied().find(|offered| offered.code() == suite) else {
            return Err(Error::CipherSuiteNotOffered { suite });
        };
        if compression != 0 {
            return Err(Error::CompressionMethod { method: compression });
        }
        if message == Message::HelloRetryRequest {
            Self::retry(suite, block, offer)
        } else {
            Self::hello(suite, block, offer)
        }
    }

    fn hello(suite: CipherSuite, block: Reader<'m>, offer: &Offer<'_>) -> Result<Self, Error> {
        let message = Message::ServerHello;
        // RFC 9846 §4.2.4: the suite of the HelloRetryRequest stays.
        if offer.retried.is_some_and(|retried| retried != suite) {
            return Err(Error::CipherSuiteChanged { suite: suite.code() });
        }
        let (mut share, mut resumed) = (None, false);
        let allowed = &[SUPPORTED_VERSIONS, KEY_SHARE, PRE_SHARED_KEY];
        let rules = Rules { message, allowed, offered: offer.offered };
        extensions::responses(block, &rules, |extension, mut data| {
            if extension == KEY_SHARE {
                let group = data.u16()?;
                let key = data.vector16()?;
                data.end()?;
                // opaque key_exchange<1..2^16-1>
                if key.is_empty() {
                    return Err(data.malformed());
                }
                share = Some((group, key));
            }
            if extension == PRE_SHARED_KEY {
                let identity = data.u16()?;
                data.end()?;
                // RFC 9846 §4.3.11: within the range that was offered, which is one.
                if identity != 0 {
                    return Err(data.illegal());
                }
                resumed = true;
            }
            Ok(())
        })?;
        let (code, public_key) = match share {
            Some(share) => share,
            // RFC 9846 §4.3.11: psk_ke was not offered, so a PSK alone is inconsistent.
            None if resumed => return Err(Error::IllegalParameter { message }),
            None => return Err(Error::MissingExtension { message, extension: KEY_SHARE }),
        };
        // RFC 9846 §4.3.8: the group of a share that was offered, which after a HelloRetryRequest
        // is the one that it asked for.
        let Some(group) = offer.shares.iter().copied().find(|group| group.code() == code) else {
            return Err(Error::GroupNotOffered { group: code });
        };
        Ok(Self::Hello { suite, group, public_key, resumed })
    }

    fn retry(suite: CipherSuite, block: Reader<'m>, offer: &Offer<'_>) -> Result<Self, Error> {
        let message = Message::HelloRetryRequest;
        // RFC 9846 §4.2.4: one HelloRetryRequest a connection.
        if offer.retried.is_some() {
            return Err(Error::UnexpectedMessage { message, expected: Message::ServerHello });
        }
        let (mut cookie, mut asked) = (None, None);
        let allowed = &[SUPPORTED_VERSIONS, KEY_SHARE, COOKIE];
        let rules = Rules { message, allowed, offered: offer.offered };
        extensions::responses(block, &rules, |extension, mut data| match extension {
            KEY_SHARE => {
                // RFC 9846 §4.3.8: the group must be one that was offered without a share.
                let code = data.u16()?;
                data.end()?;
                let offered = offer.groups.offered().iter().copied().find(|group| group.code() == code);
                let group = offered.ok_or(Error::GroupNotOffered { group: code })?;
                if offer.shares.contains(&group) {
                    return Err(Error::RetryWithoutChange);
                }
                asked = Some(group);
                Ok(())
            }
            COOKIE => {
                // RFC 9846 §4.3.2: cookie<1..2^16-1>.
                let octets = data.vector16()?;
                data.end()?;
                if octets.is_empty() {
                    return Err(data.malformed());
                }
                cookie = Some(octets);
                Ok(())
            }
            _ => Ok(()),
        })?;
        // RFC 9846 §4.2.4: it must change the ClientHello.
        if cookie.is_none() && asked.is_none() {
            return Err(Error::RetryWithoutChange);
        }
        Ok(Self::Retry { suite, group: asked, cookie })
    }
}

/// RFC 9846 §4.3.1: `supported_versions` alone decides, where it is present.
fn check_version(
    legacy_version: u16,
    random: &[u8; 32],
    block: Reader<'_>,
    retried: bool,
) -> Result<(), Error> {
    let (message, mut selected) = (block.message(), None);
    extensions::walk(block, &mut |extension, mut data| {
        if extension == SUPPORTED_VERSIONS {
            selected = Some(data.u16()?);
            data.end()?;
        }
        Ok(())
    })?;
    match selected {
        Some(TLS_1_3) => Ok(()),
        Some(version) => Err(Error::VersionNotOffered { version }),
        // RFC 9846 §4.2.4: only TLS 1.3 has a HelloRetryRequest, so it must say so...
        None if message == Message::HelloRetryRequest => {
            Err(Error::MissingExtension { message, extension: SUPPORTED_VERSIONS })
        }
        // ... and what it says stays.
        None if retried => Err(Error::IllegalParameter { message }),
        // RFC 9846 §4.2.3: a server below TLS 1.3 must not show the marker of one that can do more.
        None if DOWNGRADE.iter().any(|marker| random.ends_with(marker)) => Err(Error::Downgrade),
        None => Err(Error::ProtocolVersion { offered: legacy_version }),
    }
}
