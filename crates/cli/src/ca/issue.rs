//! Making certificates. They look like a real edge's: the same key usages, identifiers and path
//! length constraints, because those are what a device has to check (RFC 5280 §4.2.1).

use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyPair, KeyUsagePurpose, RsaKeySize, SanType,
};
use rustls::RootCertStore;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use time::{Date, Duration, OffsetDateTime};

use super::shape::Key;
use super::{CertificateFault, ServerIdentity, Shape, SubjectName};
use crate::error::CommandError;

const ROOT_LIFETIME: Duration = Duration::days(3650);
const LEAF_LIFETIME: Duration = Duration::days(90);
/// Certificates begin a day before they are made: devices' clocks are seldom exact.
const CLOCK_LEEWAY: Duration = Duration::days(1);

/// What is kept of one shape.
pub(super) struct Kept {
    pub(super) shape: Shape,
    pub(super) root: CertificateDer<'static>,
    pub(super) root_key: KeyPair,
    pub(super) intermediate: CertificateDer<'static>,
    pub(super) intermediate_key: KeyPair,
    /// The last day of root and intermediate.
    pub(super) expires: Date,
}

/// Makes root and intermediate of every shape.
pub(super) fn all_roots(now: OffsetDateTime) -> Result<Vec<Kept>, CommandError> {
    Shape::ALL
        .into_iter()
        .map(|shape| {
            root_and_intermediate(shape, now).map_err(|error| {
                CommandError::could_not_run(format!("making the {} chain failed: {error}", shape.name()))
            })
        })
        .collect()
}

fn root_and_intermediate(shape: Shape, now: OffsetDateTime) -> Result<Kept, rcgen::Error> {
    let keys = shape.keys();
    // A CA that is made anew has another name too, so that an old anchor is found to be of
    // another authority and not to carry a wrong signature.
    let suffix = random_suffix()?;
    let expires = now + ROOT_LIFETIME;

    let root_key = generate(keys.root)?;
    let mut root = ca_params(&format!("picopost test root {} {suffix}", shape.name()), now, expires);
    root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    root.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let root_der = root.self_signed(&root_key)?.der().clone();

    let intermediate_key = generate(keys.intermediate)?;
    let mut intermediate =
        ca_params(&format!("picopost test intermediate {} {suffix}", shape.name()), now, expires);
    intermediate.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    intermediate.key_usages =
        vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    intermediate.extended_key_usages =
        vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
    intermediate.use_authority_key_identifier_extension = true;
    let issuer = Issuer::from_params(&root, &root_key);
    let intermediate_der = intermediate.signed_by(&intermediate_key, &issuer)?.der().clone();

    Ok(Kept {
        shape,
        root: root_der,
        root_key,
        intermediate: intermediate_der,
        intermediate_key,
        expires: expires.date(),
    })
}

/// Makes a leaf and verifies the whole chain as a client would: whatever somebody did to the
/// kept files shows here.
pub(super) fn leaf(
    kept: &Kept,
    shape: Shape,
    names: &[SubjectName],
    now: OffsetDateTime,
) -> Result<ServerIdentity, String> {
    let identity = sign_leaf(kept, shape, names, now).map_err(|error| error.to_string())?;
    let mut roots = RootCertStore::empty();
    roots.add(kept.root.clone()).map_err(|error| error.to_string())?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider)
        .build()
        .map_err(|error| error.to_string())?;
    let seconds = u64::try_from(now.unix_timestamp()).map_err(|error| error.to_string())?;
    let localhost = ServerName::try_from("localhost").map_err(|error| error.to_string())?;
    let (leaf, rest) = identity.chain.split_first().ok_or("the chain is empty")?;
    verifier
        .verify_server_cert(
            leaf,
            rest,
            &localhost,
            &[],
            UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds)),
        )
        .map_err(|error| format!("a fresh chain does not verify: {error}"))?;
    Ok(identity)
}

/// Makes a leaf that a client must refuse.
pub(super) fn faulty_leaf(
    kept: &Kept,
    shape: Shape,
    names: &[SubjectName],
    now: OffsetDateTime,
    fault: CertificateFault,
) -> Result<ServerIdentity, String> {
    let identity = match fault {
        CertificateFault::Expired => sign_leaf(kept, shape, names, now - 2 * LEAF_LIFETIME),
        CertificateFault::WrongName => {
            sign_leaf(kept, shape, &[SubjectName::Dns("wrong.picopost.test".to_owned())], now)
        }
        CertificateFault::UnknownCa => {
            root_and_intermediate(shape, now).and_then(|stranger| sign_leaf(&stranger, shape, names, now))
        }
    };
    identity.map_err(|error| error.to_string())
}

fn sign_leaf(
    kept: &Kept,
    shape: Shape,
    names: &[SubjectName],
    now: OffsetDateTime,
) -> Result<ServerIdentity, rcgen::Error> {
    let key_kind = shape.keys().leaf;
    let key = generate(key_kind)?;
    let mut params = CertificateParams::default();
    params.not_before = now - CLOCK_LEEWAY;
    params.not_after = now + LEAF_LIFETIME;
    params.distinguished_name = common_name("picopost.test");
    params.subject_alt_names = names.iter().map(subject_alt_name).collect::<Result<_, _>>()?;
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    if matches!(key_kind, Key::Rsa2048 | Key::Rsa4096) {
        params.key_usages.push(KeyUsagePurpose::KeyEncipherment);
    }
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    let issuer = Issuer::from_ca_cert_der(&kept.intermediate, &kept.intermediate_key)?;
    let leaf = params.signed_by(&key, &issuer)?.der().clone();
    Ok(ServerIdentity {
        chain: vec![leaf, kept.intermediate.clone()],
        key: PrivateKeyDer::Pkcs8(key.serialize_der().into()),
    })
}

fn ca_params(name: &str, now: OffsetDateTime, expires: OffsetDateTime) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.not_before = now - CLOCK_LEEWAY;
    params.not_after = expires;
    params.distinguished_name = common_name(name);
    params.distinguished_name.push(DnType::OrganizationName, "picopost test CA");
    params
}

fn common_name(name: &str) -> DistinguishedName {
    let mut distinguished_name = DistinguishedName::new();
    distinguished_name.push(DnType::CommonName, name);
    distinguished_name
}

fn subject_alt_name(name: &SubjectName) -> Result<SanType, rcgen::Error> {
    Ok(match name {
        SubjectName::Dns(name) => SanType::DnsName(name.as_str().try_into()?),
        SubjectName::Ip(address) => SanType::IpAddress(*address),
    })
}

fn generate(key: Key) -> Result<KeyPair, rcgen::Error> {
    match key {
        Key::P256 => KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256),
        Key::P384 => KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384),
        Key::Rsa2048 => KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, RsaKeySize::_2048),
        Key::Rsa4096 => KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, RsaKeySize::_4096),
    }
}

fn random_suffix() -> Result<String, rcgen::Error> {
    match getrandom::u32() {
        Ok(number) => Ok(format!("{number:08x}")),
        Err(_) => Err(rcgen::Error::RingUnspecified),
    }
}
