//! The trust anchors: CA certificates out of a PEM or DER file, or a word on what the file holds
//! instead.

use std::path::Path;

use picopost::TrustAnchor;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::{PemObject as _, SectionKind};
use x509_parser::prelude::{FromDer as _, X509Certificate, X509Version};

use crate::error::{CommandError, io_reason};

/// CA certificates, each found good as a trust anchor.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Anchors {
    certificates: Vec<CertificateDer<'static>>,
}

impl Anchors {
    /// Reads a file: PEM with at least one CA certificate (others are passed over), or one in DER.
    pub(super) fn read(path: &Path) -> Result<Self, CommandError> {
        let name = format!("the anchors file `{}`", path.display());
        let content = std::fs::read(path).map_err(|error| {
            CommandError::could_not_run(format!("{name} cannot be read: {}", io_reason(&error)))
                .hint("`picopost listen` writes an anchors file for its own CA and prints where it is")
        })?;
        Self::parse(&content).map_err(|Problem { sentence, hint }| {
            CommandError::usage(format!("{name} {sentence}")).hint(hint)
        })
    }

    /// The certificates as webpki takes them.
    pub(super) fn as_trust_anchors(&self) -> Vec<TrustAnchor<'_>> {
        self.certificates.iter().filter_map(|der| webpki::anchor_from_trusted_cert(der).ok()).collect()
    }

    fn parse(content: &[u8]) -> Result<Self, Problem> {
        if content.iter().all(u8::is_ascii_whitespace) {
            return Err(Problem::new("is empty", HINT));
        }
        // An ASN.1 SEQUENCE: DER.
        if content.first() == Some(&0x30) {
            return Self::select(vec![(SectionKind::Certificate, content.to_vec())]);
        }
        let mut sections = Vec::new();
        for section in <(SectionKind, Vec<u8>)>::pem_slice_iter(content) {
            match section {
                Ok(section) => sections.push(section),
                Err(error) => {
                    return Err(Problem::new(
                        format!("is damaged PEM: {}", pem_reason(&error)),
                        "take a fresh copy",
                    ));
                }
            }
        }
        if sections.is_empty() {
            return Err(Problem::new("holds neither PEM nor DER", HINT));
        }
        Self::select(sections)
    }

    /// The CA certificates among the sections, or what the sections are instead.
    fn select(sections: Vec<(SectionKind, Vec<u8>)>) -> Result<Self, Problem> {
        let mut certificates = Vec::new();
        let mut other = None;
        for (kind, der) in sections {
            let problem = match kind {
                SectionKind::Certificate => match check(&der) {
                    Ok(()) => {
                        certificates.push(CertificateDer::from(der));
                        continue;
                    }
                    Err(problem) => problem,
                },
                kind => not_a_certificate(kind),
            };
            // The first thing in the file says best what the file is.
            other = other.or(Some(problem));
        }
        match other {
            Some(problem) if certificates.is_empty() => Err(problem),
            _ => Ok(Self { certificates }),
        }
    }
}

/// What is wrong with the file, as the end of a sentence that begins with its name.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Problem {
    pub(super) sentence: String,
    pub(super) hint: &'static str,
}

impl Problem {
    pub(super) fn new(sentence: impl Into<String>, hint: &'static str) -> Self {
        Self { sentence: sentence.into(), hint }
    }
}

const HINT: &str = "give the CA certificates to trust, as PEM or DER";

/// Whether a certificate can be a trust anchor: it parses, and is a CA's.
fn check(der: &[u8]) -> Result<(), Problem> {
    let Ok((rest, certificate)) = X509Certificate::from_der(der) else {
        return Err(Problem::new("holds DER that is no certificate", HINT));
    };
    if !rest.is_empty() {
        return Err(Problem::new(
            format!("has {} octets behind its certificate", rest.len()),
            "take a fresh copy",
        ));
    }
    // Version 1 has no extensions; some roots are that old.
    if !certificate.is_ca() && certificate.version() == X509Version::V3 {
        return Err(Problem::new(
            format!("holds the certificate of `{}`, which is not a CA's", certificate.subject()),
            "trust the CA that issued it: a server's own certificate changes, and is no trust anchor",
        ));
    }
    let anchor = CertificateDer::from(der);
    if let Err(error) = webpki::anchor_from_trusted_cert(&anchor) {
        let sentence = format!("holds a certificate that cannot be a trust anchor: {error}");
        return Err(Problem::new(sentence, "take the CA's current root"));
    }
    Ok(())
}

fn not_a_certificate(kind: SectionKind) -> Problem {
    let (thing, hint) = match kind {
        SectionKind::PrivateKey | SectionKind::RsaPrivateKey | SectionKind::EcPrivateKey => {
            ("a private key", "a private key belongs to the server alone; give the CA's certificate")
        }
        SectionKind::PublicKey => ("a public key", HINT),
        SectionKind::Csr => ("a certificate signing request", HINT),
        SectionKind::Crl => ("a list of revoked certificates", HINT),
        _ => ("PEM of another kind", HINT),
    };
    Problem::new(format!("holds {thing} and no certificate"), hint)
}

pub(super) fn pem_reason(error: &rustls::pki_types::pem::Error) -> String {
    use rustls::pki_types::pem::Error;
    match error {
        Error::MissingSectionEnd { end_marker } => {
            format!("the END line of its `{}` is missing", String::from_utf8_lossy(end_marker).trim_end())
        }
        Error::IllegalSectionStart { line } => {
            format!("`{}` is not the beginning of a section", String::from_utf8_lossy(line).trim_end())
        }
        Error::Base64Decode(_) => "a section is not Base64".to_owned(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, KeyPair};

    use super::*;

    struct Made {
        pem: String,
        der: Vec<u8>,
        key: String,
    }

    fn make(name: &str, is_ca: IsCa) -> Made {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = is_ca;
        let certificate = params.self_signed(&key).unwrap();
        Made { pem: certificate.pem(), der: certificate.der().to_vec(), key: key.serialize_pem() }
    }

    fn ca(name: &str) -> Made {
        make(name, IsCa::Ca(BasicConstraints::Unconstrained))
    }

    #[test]
    fn pem_with_one_or_more_and_der() {
        let (one, two) = (ca("one"), ca("two"));
        let count = |content: &[u8]| Anchors::parse(content).map(|anchors| anchors.as_trust_anchors().len());
        assert_eq!(count(one.pem.as_bytes()), Ok(1));
        assert_eq!(count(&one.der), Ok(1));
        let both = format!("# one\n{}\nsome words\r\n{}", one.pem, two.pem.replace('\n', "\r\n"));
        assert_eq!(count(both.as_bytes()), Ok(2));
        // A server's whole chain: its CA is trusted, its own certificate passed over.
        let leaf = make("server", IsCa::NoCa);
        assert_eq!(count([leaf.pem, one.pem].concat().as_bytes()), Ok(1));
    }

    #[test]
    fn what_the_file_holds_instead_is_said() {
        let leaf = make("server.example", IsCa::ExplicitNoCa);
        let good = ca("one");
        let half = good.pem.split_inclusive('\n').take(4).collect::<String>();
        let mut trailing = good.der.clone();
        trailing.push(0);
        let csr = "-----BEGIN CERTIFICATE REQUEST-----\nMAA=\n-----END CERTIFICATE REQUEST-----\n";
        let table: [(&[u8], &str); 10] = [
            (b"", "is empty"),
            (b" \r\n", "is empty"),
            (b"hello", "holds neither PEM nor DER"),
            (good.key.as_bytes(), "holds a private key and no certificate"),
            (csr.as_bytes(), "holds a certificate signing request and no certificate"),
            (leaf.pem.as_bytes(), "holds the certificate of `CN=server.example`, which is not a CA's"),
            (&leaf.der, "holds the certificate of `CN=server.example`, which is not a CA's"),
            (&good.der[..100], "holds DER that is no certificate"),
            (&trailing, "has 1 octets behind its certificate"),
            (half.as_bytes(), "is damaged PEM: the END line of its `CERTIFICATE` is missing"),
        ];
        for (content, sentence) in table {
            let problem = Anchors::parse(content).unwrap_err();
            assert_eq!(problem.sentence, sentence);
            assert!(!problem.hint.is_empty());
        }
    }
}
