//! The client's own certificates and key, out of two files, or a word on what a file holds instead.

use std::path::Path;

use picopost::{ClientIdentity, P256Signer, tls};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::{PemObject as _, SectionKind};
use x509_parser::oid_registry::{OID_EC_P256, OID_PKCS1_RSAENCRYPTION};
use x509_parser::prelude::{FromDer as _, X509Certificate};
use zeroize::Zeroizing;

use super::anchors::{Problem, pem_reason};
use crate::error::{CommandError, io_reason};

const CERTIFICATES: &str =
    "give the client's own certificate and then its issuer's, as PEM, or the first as DER";
const KEY: &str = "give the certificate's private key: PKCS #8 or SEC 1, as PEM or DER";
const MAKE_KEY: &str = "make one with `openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out key.pem`, and have a \
     certificate issued for it";

/// A client's certificates, and its key, which fits the first of them.
pub(super) struct Identity {
    certificates: Vec<CertificateDer<'static>>,
    signer: P256Signer,
}

impl Identity {
    /// Reads both files, and verifies that they fit.
    pub(super) fn read(certificate: &Path, key: &Path) -> Result<Self, CommandError> {
        let name = format!("the client's certificate `{}`", certificate.display());
        let certificates = of_file(&name, certificate, CERTIFICATES, certificates)?;
        let key_name = format!("the client's key `{}`", key.display());
        let signer = of_file(&key_name, key, KEY, signer)?;
        let identity = Self { certificates, signer };
        match identity.as_client().check() {
            Ok(()) => Ok(identity),
            Err(tls::Error::SignerKey) => Err(CommandError::usage(format!(
                "{key_name} is not the key of {name}"
            ))
            .hint("`openssl x509 -noout -pubkey -in FILE` and `openssl pkey -pubout -in FILE` show both")),
            Err(error) => Err(CommandError::usage(format!("{name} cannot be used: {error}"))),
        }
    }

    pub(super) fn as_client(&self) -> ClientIdentity<'_> {
        ClientIdentity::new(&self.certificates, &self.signer)
    }

    /// How many certificates are sent.
    pub(super) fn count(&self) -> usize {
        self.certificates.len()
    }
}

/// What a file holds, or what is wrong with it.
fn of_file<T>(
    name: &str,
    path: &Path,
    hint: &'static str,
    parse: impl Fn(&[u8]) -> Result<T, Problem>,
) -> Result<T, CommandError> {
    let content = std::fs::read(path).map(Zeroizing::new).map_err(|error| {
        CommandError::could_not_run(format!("{name} cannot be read: {}", io_reason(&error))).hint(hint)
    })?;
    let content = if content.iter().all(u8::is_ascii_whitespace) {
        Err(Problem::new("is empty", hint))
    } else {
        parse(&content)
    };
    content.map_err(|Problem { sentence, hint }| CommandError::usage(format!("{name} {sentence}")).hint(hint))
}

/// Certificates of PEM, or one in DER; the first must be one that this client can use.
fn certificates(content: &[u8]) -> Result<Vec<CertificateDer<'static>>, Problem> {
    let sections = sections(content, SectionKind::Certificate, CERTIFICATES)?;
    let certificates: Vec<_> = sections
        .into_iter()
        .filter(|(kind, _)| *kind == SectionKind::Certificate)
        .map(|(_, der)| CertificateDer::from(der.to_vec()))
        .collect();
    let Some(own) = certificates.first() else {
        return Err(Problem::new("holds no certificate", CERTIFICATES));
    };
    check(own)?;
    Ok(certificates)
}

fn check(own: &[u8]) -> Result<(), Problem> {
    let Ok((b"", certificate)) = X509Certificate::from_der(own) else {
        return Err(Problem::new("holds DER that is no certificate", CERTIFICATES));
    };
    let key = &certificate.public_key().algorithm;
    let curve = key.parameters.as_ref().and_then(|parameters| parameters.as_oid().ok());
    if curve != Some(OID_EC_P256) {
        let rsa = if key.algorithm == OID_PKCS1_RSAENCRYPTION { "an RSA key" } else { "a key" };
        let sentence = format!("is for {rsa} that is not on P-256, with which alone picopost signs");
        return Err(Problem::new(sentence, MAKE_KEY));
    }
    let usage = certificate.key_usage().ok().flatten();
    if usage.is_some_and(|usage| !usage.value.digital_signature()) {
        let sentence = "is for a key that may not sign: its keyUsage has no digitalSignature";
        return Err(Problem::new(sentence, "have one issued with digitalSignature"));
    }
    Ok(())
}

/// The first private key.
fn signer(content: &[u8]) -> Result<P256Signer, Problem> {
    if content.windows(9).any(|word| word == b"ENCRYPTED") {
        return Err(Problem::new("is encrypted", "decrypt it with `openssl pkey -in FILE -out key.pem`"));
    }
    let sections = sections(content, SectionKind::PrivateKey, KEY)?;
    let is_key = |kind| {
        matches!(kind, SectionKind::PrivateKey | SectionKind::EcPrivateKey | SectionKind::RsaPrivateKey)
    };
    let Some((kind, der)) = sections.iter().find(|(kind, _)| is_key(*kind)) else {
        return Err(Problem::new("holds no private key", KEY));
    };
    // The error says no more than that it is none.
    P256Signer::from_der(der).ok().ok_or_else(|| {
        // AlgorithmIdentifier of PKCS #8, RFC 8017 §A.1.
        let rsa = [6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1];
        let is_rsa =
            *kind == SectionKind::RsaPrivateKey || der.windows(rsa.len()).any(|octets| octets == rsa);
        let sentence = if is_rsa {
            "is an RSA key, and picopost signs with P-256 alone"
        } else {
            "is no private key for P-256, with which alone picopost signs"
        };
        Problem::new(sentence, MAKE_KEY)
    })
}

type Section = (SectionKind, Zeroizing<Vec<u8>>);

/// The sections of PEM; DER is one of this kind.
fn sections(content: &[u8], der: SectionKind, hint: &'static str) -> Result<Vec<Section>, Problem> {
    // An ASN.1 SEQUENCE.
    if content.first() == Some(&0x30) {
        return Ok(vec![(der, Zeroizing::new(content.to_vec()))]);
    }
    let mut sections = Vec::new();
    for section in <(SectionKind, Vec<u8>)>::pem_slice_iter(content) {
        match section {
            Ok((kind, der)) => sections.push((kind, Zeroizing::new(der))),
            Err(error) => {
                let sentence = format!("is damaged PEM: {}", pem_reason(&error));
                return Err(Problem::new(sentence, "take a fresh copy"));
            }
        }
    }
    if sections.is_empty() { Err(Problem::new("holds neither PEM nor DER", hint)) } else { Ok(sections) }
}
