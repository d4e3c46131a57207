//! The ClientHello, parsed strictly (RFC 9846 §4.2.2 and §4.3).

use crate::code::extension;
use crate::wire::{Complaint, Reader, demand};

/// A ClientHello that keeps every MUST of RFC 9846.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientHello {
    /// `legacy_record_version` of the record that it came in.
    pub record_version: u16,
    /// `random`.
    pub random: [u8; 32],
    /// `legacy_session_id`, 0 to 32 octets.
    pub session_id: Vec<u8>,
    /// `cipher_suites`, in the client's order.
    pub cipher_suites: Vec<u16>,
    /// All extensions, in the client's order.
    pub extensions: Vec<(u16, Vec<u8>)>,
    /// `supported_versions`.
    pub versions: Vec<u16>,
    /// `supported_groups`.
    pub groups: Vec<u16>,
    /// `signature_algorithms`.
    pub schemes: Vec<u16>,
    /// `key_share`: group and `key_exchange`.
    pub key_shares: Vec<(u16, Vec<u8>)>,
    /// The `host_name` of `server_name`.
    pub server_name: Option<String>,
    /// The protocols of `application_layer_protocol_negotiation`.
    pub protocols: Vec<Vec<u8>>,
    /// `record_size_limit` in octets, RFC 8449.
    pub record_size_limit: Option<u16>,
    /// `psk_key_exchange_modes`.
    pub psk_modes: Vec<u8>,
    /// `cookie`.
    pub cookie: Option<Vec<u8>>,
    /// `pre_shared_key`.
    pub pre_shared_key: Option<PreSharedKey>,
}

/// `pre_shared_key` of a ClientHello, RFC 9846 §4.3.11.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PreSharedKey {
    /// `identities`: `identity` and `obfuscated_ticket_age`.
    pub identities: Vec<(Vec<u8>, u32)>,
    /// `binders`, one for each identity.
    pub binders: Vec<Vec<u8>>,
}

impl PreSharedKey {
    /// How many octets the list of binders takes up at the end of the ClientHello, its length included:
    /// what a binder does not cover (§4.3.11.2).
    pub(crate) fn uncovered(&self) -> usize {
        2 + self.binders.iter().map(|binder| 1 + binder.len()).sum::<usize>()
    }
}

impl ClientHello {
    /// Parses the body of a `client_hello`, without the four octets in front.
    ///
    /// # Errors
    /// Whatever a server would have to refuse, and whatever a TLS 1.3 client must not send.
    pub fn parse(record_version: u16, body: &[u8]) -> Result<Self, Complaint> {
        let mut reader = Reader::new("ClientHello", body);
        let version = reader.u16()?;
        demand!(version == 0x0303, "legacy_version is {version:#06x}, not 0x0303 (RFC 9846 §4.2.2)");
        let random = reader.take(32)?.try_into().expect("32 octets taken");
        let session_id = reader.vector(1)?.to_vec();
        demand!(session_id.len() <= 32, "legacy_session_id has {} octets", session_id.len());
        let cipher_suites = Reader::new("cipher_suites", reader.vector(2)?).u16_list()?;
        demand!(!cipher_suites.is_empty(), "cipher_suites is empty");
        let compression = reader.vector(1)?;
        demand!(
            compression == [0],
            "legacy_compression_methods is {compression:?}, not [0] (RFC 9846 §4.2.2)"
        );
        let extensions = extensions(reader.vector(2)?)?;
        reader.end()?;
        let hello = Self {
            record_version,
            random,
            session_id,
            cipher_suites,
            versions: versions(&extensions)?,
            groups: u16_extension(&extensions, extension::SUPPORTED_GROUPS, "supported_groups")?,
            schemes: u16_extension(&extensions, extension::SIGNATURE_ALGORITHMS, "signature_algorithms")?,
            key_shares: key_shares(&extensions)?,
            server_name: server_name(&extensions)?,
            protocols: protocols(&extensions)?,
            record_size_limit: record_size_limit(&extensions)?,
            psk_modes: psk_modes(&extensions)?,
            cookie: cookie(&extensions)?,
            pre_shared_key: pre_shared_key(&extensions)?,
            extensions,
        };
        hello.check()?;
        Ok(hello)
    }

    /// The data of an extension.
    pub fn extension(&self, extension_type: u16) -> Option<&[u8]> {
        find(&self.extensions, extension_type)
    }

    /// What holds between the parts.
    fn check(&self) -> Result<(), Complaint> {
        demand!(self.versions.contains(&0x0304), "supported_versions lacks TLS 1.3");
        demand!(!self.schemes.is_empty(), "signature_algorithms is missing (RFC 9846 §9.2)");
        demand!(!self.groups.is_empty(), "supported_groups is missing (RFC 9846 §9.2)");
        demand!(self.extension(extension::KEY_SHARE).is_some(), "key_share is missing (RFC 9846 §9.2)");
        let mut groups = self.groups.iter();
        for (group, _) in &self.key_shares {
            // Also refuses two shares for one group: `groups` is used up as it goes.
            let in_order = groups.any(|offered| offered == group);
            demand!(
                in_order,
                "the share for {group:#06x} is not in supported_groups' order (RFC 9846 §4.3.8)"
            );
        }
        let last = self.extensions.last().map(|(last, _)| *last);
        let psk = self.extension(extension::PRE_SHARED_KEY).is_some();
        demand!(
            !psk || last == Some(extension::PRE_SHARED_KEY),
            "pre_shared_key is not last (RFC 9846 §4.3.11)"
        );
        demand!(!psk || !self.psk_modes.is_empty(), "pre_shared_key without psk_key_exchange_modes");
        Ok(())
    }

    /// Checks a second ClientHello against the first (RFC 9846 §4.2.2): the same but for
    /// what a HelloRetryRequest asks to be changed.
    ///
    /// # Errors
    /// Any other difference; a cookie that is not `cookie`; shares for other groups than `group`.
    pub fn check_retry(
        &self,
        first: &Self,
        cookie: Option<&[u8]>,
        group: Option<u16>,
    ) -> Result<(), Complaint> {
        demand!(
            self.record_version == 0x0303,
            "the second ClientHello's record version is not 0x0303 (§5.1)"
        );
        demand!(self.random == first.random, "the second ClientHello has another random");
        demand!(self.session_id == first.session_id, "the second ClientHello has another legacy_session_id");
        demand!(self.cipher_suites == first.cipher_suites, "the second ClientHello has other cipher_suites");
        demand!(self.cookie.as_deref() == cookie, "the second ClientHello's cookie is {:02x?}", self.cookie);
        if let Some(group) = group {
            let groups: Vec<_> = self.key_shares.iter().map(|(group, _)| *group).collect();
            demand!(groups == [group], "the second ClientHello has shares for {groups:04x?} (§4.3.8)");
        } else {
            demand!(self.key_shares == first.key_shares, "the second ClientHello has other key shares");
        }
        let fixed = |hello: &Self| {
            let may_change =
                [extension::COOKIE, extension::KEY_SHARE, extension::PADDING, extension::PRE_SHARED_KEY];
            let extensions = hello.extensions.iter().filter(|(kind, _)| !may_change.contains(kind));
            extensions.cloned().collect::<Vec<_>>()
        };
        demand!(fixed(self) == fixed(first), "the second ClientHello has other extensions (§4.2.2)");
        Ok(())
    }
}

fn find(extensions: &[(u16, Vec<u8>)], extension_type: u16) -> Option<&[u8]> {
    extensions.iter().find(|(kind, _)| *kind == extension_type).map(|(_, data)| &data[..])
}

fn extensions(octets: &[u8]) -> Result<Vec<(u16, Vec<u8>)>, Complaint> {
    let mut reader = Reader::new("extensions", octets);
    let mut extensions: Vec<(u16, Vec<u8>)> = Vec::new();
    while !reader.is_empty() {
        let kind = reader.u16()?;
        demand!(find(&extensions, kind).is_none(), "extension {kind} comes twice (RFC 9846 §4.3)");
        extensions.push((kind, reader.vector(2)?.to_vec()));
    }
    Ok(extensions)
}

fn versions(extensions: &[(u16, Vec<u8>)]) -> Result<Vec<u16>, Complaint> {
    let Some(data) = find(extensions, extension::SUPPORTED_VERSIONS) else {
        return Err(Complaint("supported_versions is missing (RFC 9846 §4.3.1)".into()));
    };
    let mut reader = Reader::new("supported_versions", data);
    let versions = Reader::new("versions", reader.vector(1)?).u16_list()?;
    reader.end()?;
    Ok(versions)
}

fn u16_extension(
    extensions: &[(u16, Vec<u8>)],
    extension_type: u16,
    name: &'static str,
) -> Result<Vec<u16>, Complaint> {
    let Some(data) = find(extensions, extension_type) else {
        return Ok(Vec::new());
    };
    let mut reader = Reader::new(name, data);
    let list = Reader::new(name, reader.vector(2)?).u16_list()?;
    reader.end()?;
    demand!(!list.is_empty(), "{name} is empty");
    Ok(list)
}

fn key_shares(extensions: &[(u16, Vec<u8>)]) -> Result<Vec<(u16, Vec<u8>)>, Complaint> {
    let mut reader = Reader::new("key_share", find(extensions, extension::KEY_SHARE).unwrap_or(&[0, 0]));
    let mut list = Reader::new("client_shares", reader.vector(2)?);
    reader.end()?;
    let mut shares = Vec::new();
    while !list.is_empty() {
        let group = list.u16()?;
        let share = list.vector(2)?.to_vec();
        demand!(!share.is_empty(), "the share for {group:#06x} is empty");
        shares.push((group, share));
    }
    Ok(shares)
}

/// RFC 6066 §3: one `host_name`, without a dot at its end, never an address.
fn server_name(extensions: &[(u16, Vec<u8>)]) -> Result<Option<String>, Complaint> {
    let Some(data) = find(extensions, extension::SERVER_NAME) else {
        return Ok(None);
    };
    let mut reader = Reader::new("server_name", data);
    let mut list = Reader::new("server_name_list", reader.vector(2)?);
    reader.end()?;
    demand!(list.u8()? == 0, "server_name has a name that is no host_name");
    let name = String::from_utf8_lossy(list.vector(2)?).into_owned();
    list.end()?;
    demand!(name.is_ascii() && !name.is_empty(), "server_name is `{name}`");
    demand!(!name.ends_with('.'), "server_name `{name}` ends with a dot (RFC 6066 §3)");
    demand!(name.parse::<std::net::IpAddr>().is_err(), "server_name `{name}` is an address (RFC 6066 §3)");
    Ok(Some(name))
}

fn protocols(extensions: &[(u16, Vec<u8>)]) -> Result<Vec<Vec<u8>>, Complaint> {
    let Some(data) = find(extensions, extension::ALPN) else {
        return Ok(Vec::new());
    };
    let mut reader = Reader::new("application_layer_protocol_negotiation", data);
    let mut list = Reader::new("protocol_name_list", reader.vector(2)?);
    reader.end()?;
    let mut protocols = Vec::new();
    while !list.is_empty() {
        let protocol = list.vector(1)?.to_vec();
        demand!(!protocol.is_empty(), "an ALPN protocol is empty (RFC 7301 §3.1)");
        protocols.push(protocol);
    }
    demand!(!protocols.is_empty(), "the list of ALPN protocols is empty (RFC 7301 §3.1)");
    Ok(protocols)
}

fn record_size_limit(extensions: &[(u16, Vec<u8>)]) -> Result<Option<u16>, Complaint> {
    let Some(data) = find(extensions, extension::RECORD_SIZE_LIMIT) else {
        return Ok(None);
    };
    let mut reader = Reader::new("record_size_limit", data);
    let limit = reader.u16()?;
    reader.end()?;
    demand!((64..=16_385).contains(&limit), "record_size_limit is {limit} (RFC 8449 §4)");
    Ok(Some(limit))
}

fn psk_modes(extensions: &[(u16, Vec<u8>)]) -> Result<Vec<u8>, Complaint> {
    let Some(data) = find(extensions, extension::PSK_KEY_EXCHANGE_MODES) else {
        return Ok(Vec::new());
    };
    let mut reader = Reader::new("psk_key_exchange_modes", data);
    let modes = reader.vector(1)?.to_vec();
    reader.end()?;
    demand!(!modes.is_empty(), "psk_key_exchange_modes is empty");
    Ok(modes)
}

fn cookie(extensions: &[(u16, Vec<u8>)]) -> Result<Option<Vec<u8>>, Complaint> {
    let Some(data) = find(extensions, extension::COOKIE) else {
        return Ok(None);
    };
    let mut reader = Reader::new("cookie", data);
    let cookie = reader.vector(2)?.to_vec();
    reader.end()?;
    Ok(Some(cookie))
}

fn pre_shared_key(extensions: &[(u16, Vec<u8>)]) -> Result<Option<PreSharedKey>, Complaint> {
    let Some(data) = find(extensions, extension::PRE_SHARED_KEY) else {
        return Ok(None);
    };
    let mut reader = Reader::new("pre_shared_key", data);
    let mut list = Reader::new("identities", reader.vector(2)?);
    let mut identities = Vec::new();
    while !list.is_empty() {
        let identity = list.vector(2)?.to_vec();
        demand!(!identity.is_empty(), "an identity of pre_shared_key is empty (RFC 9846 §4.3.11)");
        let age = list.take(4)?.try_into().expect("4 octets taken");
        identities.push((identity, u32::from_be_bytes(age)));
    }
    let mut list = Reader::new("binders", reader.vector(2)?);
    reader.end()?;
    let mut binders = Vec::new();
    while !list.is_empty() {
        let binder = list.vector(1)?.to_vec();
        demand!(binder.len() >= 32, "a binder has {} octets (RFC 9846 §4.3.11)", binder.len());
        binders.push(binder);
    }
    demand!(!identities.is_empty(), "pre_shared_key has no identity (RFC 9846 §4.3.11)");
    demand!(
        identities.len() == binders.len(),
        "pre_shared_key has {} binders for {} identities (RFC 9846 §4.3.11)",
        binders.len(),
        identities.len()
    );
    Ok(Some(PreSharedKey { identities, binders }))
}
