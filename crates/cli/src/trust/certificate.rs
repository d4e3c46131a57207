//! One certificate: what a report says of it, out of its DER.

use std::fmt;

use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{CertificateDer, SignatureVerificationAlgorithm};
use sha2::{Digest as _, Sha256};
use x509_parser::certificate::X509Certificate;
use x509_parser::error::X509Error;
use x509_parser::extensions::{GeneralName, ParsedExtension};
use x509_parser::nom;
use x509_parser::prelude::FromDer as _;
use x509_parser::public_key::PublicKey;
use x509_parser::x509::{SubjectPublicKeyInfo, X509Version};

use super::der;
use super::name::Name;

/// A certificate that was parsed (RFC 5280 §4.1). Nothing in it is verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Certificate {
    /// The whole, as it came.
    pub(super) der: Vec<u8>,
    pub(super) subject: Name,
    pub(super) issuer: Name,
    /// subjectPublicKeyInfo in DER.
    pub(super) spki: Vec<u8>,
    pub(super) key: Key,
    /// How the issuer signed it.
    pub(super) signature: String,
    /// Unix seconds.
    pub(super) not_before: i64,
    /// Unix seconds: the last second in which it is valid.
    pub(super) not_after: i64,
    /// basicConstraints with cA, or version 1 and signed by itself, as old roots are.
    pub(super) is_ca: bool,
    /// Whether its own key made its signature; taken on trust where nobody verifies such signatures any
    /// more (a root's own signature proves nothing to anybody).
    pub(super) self_signed: bool,
    /// The DNS names and addresses that it is for.
    pub(super) names: Vec<String>,
}

/// The kind of a public key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Key {
    P256,
    P384,
    /// With the modulus's length in bits.
    Rsa(usize),
    /// Another kind, in words: not one that picopost verifies with.
    Other(String),
}

impl Certificate {
    /// Reads one certificate from the beginning of `octets`: it, and what follows it.
    pub(super) fn from_der(octets: &[u8]) -> Result<(Self, &[u8]), String> {
        let (rest, parsed) = X509Certificate::from_der(octets)
            .map_err(|error| format!("no certificate: {}", reason(&error)))?;
        let der = octets.get(..octets.len() - rest.len()).unwrap_or_default().to_vec();
        let spki = parsed.public_key();
        let key = Key::of(spki);
        let self_signed = parsed.subject().as_raw() == parsed.issuer().as_raw()
            && (is_signed_with(&parsed, spki) || is_beyond_checking(&parsed, &key));
        let is_ca = match parsed.basic_constraints() {
            Ok(Some(constraints)) => constraints.value.ca,
            _ => parsed.version() != X509Version::V3 && self_signed,
        };
        let certificate = Self {
            subject: Name::new(parsed.subject()),
            issuer: Name::new(parsed.issuer()),
            spki: spki.raw.to_vec(),
            key,
            signature: signature_algorithm(&parsed),
            not_before: parsed.validity().not_before.timestamp(),
            not_after: parsed.validity().not_after.timestamp(),
            is_ca,
            self_signed,
            names: names(&parsed),
            der,
        };
        Ok((certificate, rest))
    }

    /// Whether this one's subject and key issued `other`: its name, and its signature.
    pub(super) fn issued(&self, other: &Self) -> bool {
        if other.issuer != self.subject {
            return false;
        }
        let parsed = X509Certificate::from_der(&other.der).ok();
        let spki = SubjectPublicKeyInfo::from_der(&self.spki).ok();
        parsed.zip(spki).is_some_and(|((_, other), (_, spki))| is_signed_with(&other, &spki))
    }

    /// Whether it can be told here whether this one's key issued `other`: there is an algorithm for it.
    pub(super) fn can_tell(&self, other: &Self) -> bool {
        let parsed = X509Certificate::from_der(&other.der).ok();
        let spki = SubjectPublicKeyInfo::from_der(&self.spki).ok();
        let fits = |(other, spki)| fitting(&other, &spki).next().is_some();
        !self.key.is_of_odd_size()
            && parsed.zip(spki).is_some_and(|((_, other), (_, spki))| fits((other, spki)))
    }

    /// Whether a part of it changed on its way from `original`: one has the other's signature, or all
    /// that is signed, and they are not the same.
    pub(super) fn is_damaged_copy_of(&self, original: &Self) -> bool {
        let ((signed, signature), (other_signed, other_signature)) = (self.parts(), original.parts());
        self.der != original.der
            && !signature.is_empty()
            && (signed == other_signed || signature == other_signature)
    }

    /// tbsCertificate and signatureValue (RFC 5280 §4.1).
    fn parts(&self) -> (&[u8], &[u8]) {
        let (rest, signed) = der::element(der::content(&self.der)).unwrap_or_default();
        let (signature, _algorithm) = der::element(rest).unwrap_or_default();
        (signed, signature)
    }

    /// The name constraints that become part of a trust anchor (RFC 5280 §6.1.1): the content of the
    /// extension's value.
    ///
    /// # Errors
    /// webpki makes no trust anchor of this certificate.
    pub(super) fn name_constraints(&self) -> Result<Option<Vec<u8>>, webpki::Error> {
        let der = CertificateDer::from(self.der.as_slice());
        let anchor = webpki::anchor_from_trusted_cert(&der)?;
        Ok(anchor.name_constraints.map(|constraints| constraints.to_vec()))
    }

    /// Whether its subject is empty: no certificate can name it as its issuer.
    pub(super) fn is_nameless(&self) -> bool {
        der::content(&self.subject.der).is_empty()
    }

    /// Why no device can use it as a trust anchor, if none can.
    pub(super) fn unfit(&self) -> Option<String> {
        let name = &self.subject.short;
        if self.is_nameless() {
            return Some("an authority without a name: no certificate can name it as its issuer".to_owned());
        }
        if !self.key.is_supported() {
            return Some(format!("`{name}` has a key that picopost does not verify with: {}", self.key));
        }
        let error = self.name_constraints().err()?;
        Some(format!("webpki makes no trust anchor of `{name}`: {error}"))
    }

    /// Whether both are certificates of the same authority: name and key.
    pub(super) fn same_authority(&self, other: &Self) -> bool {
        self.subject == other.subject && self.spki == other.spki
    }

    pub(super) fn sha256(&self) -> String {
        Sha256::digest(&self.der).iter().map(|octet| format!("{octet:02x}")).collect()
    }

    /// Octets of flash as a trust anchor: name and key, without the rest of the certificate.
    pub(super) fn anchor_octets(&self) -> usize {
        der::content(&self.subject.der).len() + der::content(&self.spki).len()
    }
}

impl Key {
    fn of(spki: &SubjectPublicKeyInfo<'_>) -> Self {
        match spki.parsed() {
            Ok(PublicKey::RSA(key)) => Self::Rsa(key.key_size()),
            Ok(PublicKey::EC(_)) => match curve(spki).as_deref() {
                Some("1.2.840.10045.3.1.7") => Self::P256,
                Some("1.3.132.0.34") => Self::P384,
                Some("1.3.132.0.35") => Self::Other("P-521".to_owned()),
                _ => Self::Other("an unknown curve".to_owned()),
            },
            _ => match spki.algorithm.algorithm.to_id_string().as_str() {
                "1.3.101.112" => Self::Other("Ed25519".to_owned()),
                other => Self::Other(format!("algorithm {other}")),
            },
        }
    }

    /// Reads a subjectPublicKeyInfo in DER.
    pub(super) fn from_spki(spki: &[u8]) -> Result<Self, String> {
        let (_, spki) = SubjectPublicKeyInfo::from_der(spki)
            .map_err(|error| format!("no public key: {}", reason(&error)))?;
        Ok(Self::of(&spki))
    }

    /// Whether picopost verifies signatures of such a key.
    pub(super) fn is_supported(&self) -> bool {
        matches!(self, Self::P256 | Self::P384 | Self::Rsa(2048..=4096))
    }

    /// Whether it is an RSA key that nothing here verifies with, for its size alone.
    fn is_of_odd_size(&self) -> bool {
        matches!(self, Self::Rsa(bits) if !(2048..=8192).contains(bits))
    }

    /// Instructions on a 32-bit chip to verify one signature made with this key: the README's
    /// figures, measured on the emulated riscv32imac. 3,072 bits are not measured; they cost less
    /// than 4,096.
    pub(super) fn instructions(&self) -> Option<u64> {
        match self {
            Self::P256 => Some(2_770_000),
            Self::P384 => Some(7_960_000),
            Self::Rsa(2048) => Some(1_280_000),
            Self::Rsa(2049..=4096) => Some(4_560_000),
            Self::Rsa(_) | Self::Other(_) => None,
        }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::P256 => f.write_str("P-256"),
            Self::P384 => f.write_str("P-384"),
            Self::Rsa(bits) => write!(f, "RSA-{bits}"),
            Self::Other(words) => f.write_str(words),
        }
    }
}

/// The named curve of an EC key (RFC 5480 §2.1.1).
fn curve(spki: &SubjectPublicKeyInfo<'_>) -> Option<String> {
    Some(spki.algorithm.parameters.as_ref()?.as_oid().ok()?.to_id_string())
}

/// Whether this key made the certificate's signature.
fn is_signed_with(certificate: &X509Certificate<'_>, spki: &SubjectPublicKeyInfo<'_>) -> bool {
    fitting(certificate, spki).any(|algorithm| {
        let key = &spki.subject_public_key.data;
        let signature = &certificate.signature_value.data;
        algorithm.verify_signature(key, certificate.tbs_certificate.as_ref(), signature).is_ok()
    })
}

/// Whether nobody verifies such a signature any more: by MD2, MD5 or SHA-1, or with an RSA key of a size
/// that is not taken. An algorithm that is not known is something else: damage, as often as not.
fn is_beyond_checking(certificate: &X509Certificate<'_>, key: &Key) -> bool {
    const OF_OLD: [&str; 5] = [
        "1.2.840.113549.1.1.2",
        "1.2.840.113549.1.1.4",
        "1.2.840.113549.1.1.5",
        "1.2.840.10040.4.3",
        "1.2.840.10045.4.1",
    ];
    let algorithm = &certificate.signature_algorithm.algorithm;
    let of_old = OF_OLD.contains(&algorithm.to_id_string().as_str());
    // RFC 5280 §4.1.1.2: it stands in the signed part, too.
    let is_said_twice = certificate.tbs_certificate.signature.algorithm == *algorithm;
    is_said_twice && (of_old || key.is_of_odd_size())
}

/// The algorithms that fit both the signature and the key.
fn fitting(
    certificate: &X509Certificate<'_>,
    spki: &SubjectPublicKeyInfo<'_>,
) -> impl Iterator<Item = &'static dyn SignatureVerificationAlgorithm> {
    let (_, key) = der::element(der::content(spki.raw)).unwrap_or_default();
    let (key, signature) = (der::content(key).to_vec(), signature_identifier(certificate.as_raw()).to_vec());
    algorithms().iter().copied().filter(move |algorithm| {
        algorithm.public_key_alg_id().as_ref() == key && algorithm.signature_alg_id().as_ref() == signature
    })
}

/// What the host verifies with: more than a device does, so that nothing is called broken that is
/// merely not supported.
pub(super) fn algorithms() -> &'static [&'static dyn SignatureVerificationAlgorithm] {
    aws_lc_rs::default_provider().signature_verification_algorithms.all
}

/// The content of signatureAlgorithm, behind tbsCertificate (RFC 5280 §4.1.1.2).
fn signature_identifier(certificate: &[u8]) -> &[u8] {
    let (rest, _tbs) = der::element(der::content(certificate)).unwrap_or_default();
    let (_, algorithm) = der::element(rest).unwrap_or_default();
    der::content(algorithm)
}

fn signature_algorithm(certificate: &X509Certificate<'_>) -> String {
    let oid = certificate.signature_algorithm.algorithm.to_id_string();
    let name = match oid.as_str() {
        "1.2.840.10045.4.3.2" => "ECDSA with SHA-256",
        "1.2.840.10045.4.3.3" => "ECDSA with SHA-384",
        "1.2.840.10045.4.3.4" => "ECDSA with SHA-512",
        "1.2.840.113549.1.1.4" => "RSA with MD5",
        "1.2.840.113549.1.1.5" => "RSA with SHA-1",
        "1.2.840.113549.1.1.10" => "RSA-PSS",
        "1.2.840.113549.1.1.11" => "RSA with SHA-256",
        "1.2.840.113549.1.1.12" => "RSA with SHA-384",
        "1.2.840.113549.1.1.13" => "RSA with SHA-512",
        "1.3.101.112" => "Ed25519",
        _ => return format!("algorithm {oid}"),
    };
    name.to_owned()
}

/// Why the octets are no certificate, without the parser's own words.
fn reason(error: &nom::Err<X509Error>) -> &'static str {
    let error = match error {
        nom::Err::Incomplete(_) => return "they end too early",
        nom::Err::Error(error) | nom::Err::Failure(error) => error,
    };
    match error {
        X509Error::InvalidVersion => "the version cannot be read",
        X509Error::InvalidSerial => "the serial number cannot be read",
        X509Error::InvalidAlgorithmIdentifier => "an algorithm cannot be read",
        X509Error::InvalidX509Name => "a name cannot be read",
        X509Error::InvalidDate => "a date cannot be read",
        X509Error::InvalidSPKI => "the public key cannot be read",
        X509Error::InvalidExtensions => "the extensions cannot be read",
        X509Error::DuplicateExtensions => "an extension stands there twice",
        X509Error::InvalidSignatureValue => "the signature cannot be read",
        _ => "the octets are not as DER has them",
    }
}

/// subjectAltName (RFC 5280 §4.2.1.6).
fn names(certificate: &X509Certificate<'_>) -> Vec<String> {
    let mut names = Vec::new();
    for extension in certificate.extensions() {
        if let ParsedExtension::SubjectAlternativeName(alternative) = extension.parsed_extension() {
            names.extend(alternative.general_names.iter().filter_map(|name| match name {
                GeneralName::DNSName(name) => Some((*name).to_owned()),
                GeneralName::IPAddress(octets) => Some(address(octets)),
                _ => None,
            }));
        }
    }
    names
}

fn address(octets: &[u8]) -> String {
    if let Ok(octets) = <[u8; 4]>::try_from(octets) {
        return std::net::Ipv4Addr::from(octets).to_string();
    }
    match <[u8; 16]>::try_from(octets) {
        Ok(octets) => std::net::Ipv6Addr::from(octets).to_string(),
        Err(_) => format!("an address of {} octets", octets.len()),
    }
}
