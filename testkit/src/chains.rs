//! Certificate chains as text tables, good and faulty.
//!
//! ```
//! use picopost_testkit::chains::Chain;
//!
//! let chain = Chain::from_table(
//!     "name          key   signed by     words
//!      root          p384  root          ca
//!      intermediate  p256  root          ca:0
//!      server        p256  intermediate  server dns:device.example until:2026-12-31
//!      send server intermediate",
//! );
//! assert_eq!(chain.certificates.len(), 2);
//! ```
//!
//! One row a certificate: its name, the kind of its key (`p256`, `p384`, `rsa2048`, `rsa4096`), the
//! name of the row whose key signs it, and any of these words:
//!
//! | word | meaning |
//! | --- | --- |
//! | `ca`, `ca:N` | basicConstraints with cA, and pathLenConstraint N |
//! | `server`, `client` | extendedKeyUsage id-kp-serverAuth, id-kp-clientAuth |
//! | `dns:NAME`, `ip:ADDRESS` | a subjectAltName |
//! | `from:DATE`, `until:DATE` | validity, 2020-01-01 to 2040-01-01 if not said |
//! | `permit:NAME` | nameConstraints that permit this DNS subtree alone |
//! | `agree` | keyUsage keyAgreement alone |
//! | `critical` | a critical extension that nobody knows |
//! | `forged` | signed by a key that is not the issuer's |
//! | `key:NAME` | the key of this name instead of the subject's own |
//!
//! A name with a slash, as `root/old`, is another certificate for the subject and key before the
//! slash. The last line says what the server sends, its own certificate first. The first row is the
//! trust anchor.

use std::sync::Arc;

use pki_types::{CertificateDer, TrustAnchor};
use rcgen::{
    BasicConstraints, Certificate, CertificateParams, CustomExtension, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, GeneralSubtree, IsCa, Issuer, KeyUsagePurpose, NameConstraints, SanType,
};

pub use crate::keys::Key;

pub mod clients;
pub mod faulty;
pub mod real;
pub mod shapes;

/// The name that all good chains are for.
pub const NAME: &str = "device.example";
/// The time, in Unix seconds, at which the chains are to be verified: 2026-06-01T00:00:00Z.
pub const NOW: u64 = 1_780_272_000;

/// A server's certificates, its key, and what a client has to trust; or a client's, and what a server
/// has to.
#[derive(Clone)]
pub struct Chain {
    /// As sent, the server's own certificate first.
    pub certificates: Vec<CertificateDer<'static>>,
    /// The same as a PEM file.
    pub pem: String,
    /// The private key of the server's own certificate.
    pub key: Arc<Key>,
    /// The certificate of the trust anchor.
    pub root: CertificateDer<'static>,
    /// The same as a PEM file.
    pub root_pem: String,
}

impl Chain {
    /// Makes the certificates of a table; the module's documentation says how one is written.
    ///
    /// # Panics
    /// If the table cannot be read.
    pub fn from_table(table: &str) -> Self {
        let mut rows: Vec<Row> = Vec::new();
        for line in table.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let words: Vec<_> = line.split_whitespace().collect();
            match words[..] {
                ["name", "key", ..] => {}
                ["send", ref names @ ..] => return Self::of_rows(&rows, names),
                [name, kind, issuer, ref words @ ..] => rows.push(Row::new(name, kind, issuer, words, &rows)),
                _ => panic!("a row of a table of certificates is short: `{line}`"),
            }
        }
        panic!("a table of certificates ends with `send`");
    }

    fn of_rows(rows: &[Row], names: &[&str]) -> Self {
        let sent: Vec<_> = names.iter().map(|name| Row::find(rows, name)).collect();
        let root = &rows[0].certificate;
        Self {
            certificates: sent.iter().map(|row| row.certificate.der().clone()).collect(),
            pem: sent.iter().map(|row| row.certificate.pem()).collect(),
            key: sent[0].key.clone(),
            root: root.der().clone(),
            root_pem: root.pem(),
        }
    }

    /// The trust anchor as webpki takes it.
    ///
    /// # Panics
    /// If the root is no certificate.
    pub fn anchors(&self) -> Vec<TrustAnchor<'static>> {
        let anchor = webpki::anchor_from_trusted_cert(&self.root).expect("the root is a certificate");
        vec![anchor.to_owned()]
    }
}

/// One row of a table.
struct Row {
    name: String,
    key: Arc<Key>,
    params: CertificateParams,
    certificate: Certificate,
}

impl Row {
    fn find<'a>(rows: &'a [Self], name: &str) -> &'a Self {
        let row = rows.iter().find(|row| row.name == name);
        row.unwrap_or_else(|| panic!("no row before this one is called `{name}`"))
    }

    fn new(name: &str, kind: &str, issuer: &str, words: &[&str], rows: &[Self]) -> Self {
        let subject = name.split('/').next().expect("a split has a first part");
        let owner = words.iter().find_map(|word| word.strip_prefix("key:"));
        let key = Key::of(owner.unwrap_or(subject), kind);
        let params = params(subject, words);
        let forger = Key::of("forger", "p256");
        let sign = |issuer_params: &CertificateParams, issuer_key: &Arc<Key>| {
            let signer = if words.contains(&"forged") { &forger } else { issuer_key };
            params.signed_by(&key.certificates, &Issuer::from_params(issuer_params, &signer.certificates))
        };
        let certificate = if issuer == name {
            sign(&params, &key)
        } else {
            let issuer = Self::find(rows, issuer);
            sign(&issuer.params, &issuer.key)
        };
        let certificate = certificate.expect("rcgen can make what the table says");
        Self { name: name.to_owned(), key, params, certificate }
    }
}

fn params(subject: &str, words: &[&str]) -> CertificateParams {
    // A closure, because rcgen does not name the type of its dates.
    let date = |text: &str| {
        let parts: Vec<i32> =
            text.split('-').map(|part| part.parse().expect("a date is YYYY-MM-DD")).collect();
        let small = |part: i32| u8::try_from(part).expect("a month or day");
        rcgen::date_time_ymd(parts[0], small(parts[1]), small(parts[2]))
    };
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, format!("picopost test {subject}"));
    params.not_before = date("2020-01-01");
    params.not_after = date("2040-01-01");
    params.use_authority_key_identifier_extension = true;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    for word in words {
        let (word, value) = word.split_once(':').unwrap_or((word, ""));
        match word {
            "ca" => {
                let limit =
                    value.parse().map_or(BasicConstraints::Unconstrained, BasicConstraints::Constrained);
                params.is_ca = IsCa::Ca(limit);
                params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
            }
            "agree" => params.key_usages = vec![KeyUsagePurpose::KeyAgreement],
            "server" => params.insert_extended_key_usage(ExtendedKeyUsagePurpose::ServerAuth),
            "client" => params.insert_extended_key_usage(ExtendedKeyUsagePurpose::ClientAuth),
            "dns" => {
                let name = value.try_into().expect("an ASCII name");
                params.subject_alt_names.push(SanType::DnsName(name));
            }
            "ip" => {
                let address = value.parse().expect("an IP address");
                params.subject_alt_names.push(SanType::IpAddress(address));
            }
            "from" => params.not_before = date(value),
            "until" => params.not_after = date(value),
            "permit" => {
                let permitted_subtrees = vec![GeneralSubtree::DnsName(value.to_owned())];
                params.name_constraints =
                    Some(NameConstraints { permitted_subtrees, excluded_subtrees: vec![] });
            }
            "critical" => params.custom_extensions.push(unknown_critical_extension()),
            "forged" | "key" => {}
            other => panic!("a table of certificates has no word `{other}`"),
        }
    }
    params
}

/// An extension under an arc for documentation (RFC 5612), with a NULL in it.
fn unknown_critical_extension() -> CustomExtension {
    let mut extension = CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 32473, 1], vec![5, 0]);
    extension.set_criticality(true);
    extension
}
