//! What a file holds: certificates, or the names and keys of authorities, in any wrapping that a
//! firmware embeds them in. What can be read is read; the rest is named with its line and column.

use std::io::Read as _;
use std::path::Path;

use super::certificate::{Certificate, Key};
use super::damage::FRESH_COPY;
use super::der;
use super::name::Name;
use crate::error::{CommandError, io_reason};
use crate::finding::Finding;

mod bundle;
mod marker;
mod pem;
mod source;

/// A file that was read.
#[derive(Clone, Debug)]
pub(super) struct Input {
    /// As it was named.
    pub(super) name: String,
    /// What it is, in words.
    pub(super) kind: &'static str,
    /// In the order of the file, each once.
    pub(super) items: Vec<Item>,
    pub(super) findings: Vec<Finding>,
    /// Whether it holds more than is taken.
    is_full: bool,
}

/// One thing in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Item {
    Certificate(Box<Certificate>),
    /// A trust anchor without its certificate: what BearSSL, ESP-IDF's bundle and picopost keep.
    Anchor(NameAndKey),
}

/// What a trust anchor is (RFC 5280 §6.1.1 (d)): its dates are not part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct NameAndKey {
    pub(super) subject: Name,
    pub(super) spki: Vec<u8>,
    pub(super) key: Key,
    /// nameConstraints (RFC 5280 §4.2.1.10), the content of the extension's value: of webpki's anchors
    /// alone, other formats have no place for them.
    pub(super) constraints: Option<Vec<u8>>,
}

/// No file of certificates is larger: all of Mozilla's roots in PEM are a quarter of a mebibyte.
const MAX_OCTETS: u64 = 16 << 20;
/// Mozilla's set has some 150 roots, and all authorities that there are, intermediates included, are for
/// no device.
const MAX_ITEMS: usize = 1000;

impl Input {
    /// Reads a file.
    pub(super) fn read(path: &Path) -> Result<Self, CommandError> {
        let name = path.display().to_string();
        let cannot =
            |reason: String| CommandError::could_not_run(format!("`{name}` cannot be read: {reason}"));
        // A device or a pipe has no size beforehand: one octet more than the limit tells.
        let mut content = Vec::new();
        std::fs::File::open(path)
            .and_then(|file| file.take(MAX_OCTETS + 1).read_to_end(&mut content))
            .map_err(|error| cannot(io_reason(&error)))?;
        if u64::try_from(content.len()).is_ok_and(|size| size > MAX_OCTETS) {
            return Err(cannot(format!("it has more than {MAX_OCTETS} octets, the limit")));
        }
        let input = Self::parse(name.clone(), &content);
        if input.is_full {
            return Err(cannot(format!("it holds more than {MAX_ITEMS} certificates, the limit")));
        }
        if input.items.is_empty() && input.findings.is_empty() {
            return Err(CommandError::usage(format!("`{}` holds no certificate", input.name)).hint(
                "give PEM, DER, a source file with one of them in it, or an ESP-IDF certificate bundle",
            ));
        }
        Ok(input)
    }

    fn parse(name: String, content: &[u8]) -> Self {
        let mut input = Self { name, kind: "text", items: Vec::new(), findings: Vec::new(), is_full: false };
        let (certificates, rest) = concatenated(content);
        if rest.is_empty() && !certificates.is_empty() {
            input.kind = "DER";
            certificates.into_iter().for_each(|certificate| input.push(certificate));
        } else if let Some(anchors) = bundle::read(content) {
            input.kind = "an ESP-IDF certificate bundle";
            anchors.into_iter().for_each(|anchor| input.add(Item::Anchor(anchor)));
        } else if !certificates.is_empty() || is_der(content) {
            input.kind = "DER";
            let at = content.len() - rest.len();
            input.findings.push(Finding::error("damaged", der_damage(at, rest)).hint(FRESH_COPY));
            certificates.into_iter().for_each(|certificate| input.push(certificate));
        } else {
            input.read_text(&text(content));
        }
        input
    }

    fn read_text(&mut self, text: &str) {
        pem::read(text, self);
        if !self.items.is_empty() || !self.findings.is_empty() {
            self.kind = "PEM";
            return;
        }
        source::read(text, self);
        if !self.items.is_empty() {
            self.kind = "source code with octets";
            return;
        }
        pem::read_bare(text, self);
        if !self.items.is_empty() {
            self.kind = "Base64 without the lines around it";
        }
    }

    fn push(&mut self, certificate: Certificate) {
        self.add(Item::Certificate(Box::new(certificate)));
    }

    /// Adds what is not there yet: `openssl s_client -showcerts` shows the first one twice.
    fn add(&mut self, item: Item) {
        if self.items.contains(&item) {
            return;
        }
        if self.items.len() < MAX_ITEMS {
            self.items.push(item);
        } else {
            self.is_full = true;
        }
    }

    fn extend(&mut self, anchor: Option<NameAndKey>) {
        anchor.into_iter().for_each(|anchor| self.add(Item::Anchor(anchor)));
    }

    pub(super) fn anchors(&self) -> impl Iterator<Item = &NameAndKey> {
        self.items.iter().filter_map(|item| match item {
            Item::Anchor(anchor) => Some(anchor),
            Item::Certificate(_) => None,
        })
    }

    pub(super) fn certificates(&self) -> impl Iterator<Item = &Certificate> {
        self.items.iter().filter_map(|item| match item {
            Item::Certificate(certificate) => Some(certificate.as_ref()),
            Item::Anchor(_) => None,
        })
    }
}

impl NameAndKey {
    pub(super) fn of(certificate: &Certificate) -> Self {
        let Certificate { subject, spki, key, .. } = certificate;
        // A certificate that webpki cannot read is no anchor: `unfit` says so.
        let constraints = certificate.name_constraints().unwrap_or_default();
        Self { subject: subject.clone(), spki: spki.clone(), key: key.clone(), constraints }
    }

    /// From the two of them in DER, with their outer headers.
    fn from_der(subject: &[u8], spki: &[u8]) -> Option<Self> {
        use x509_parser::prelude::FromDer as _;
        let (rest, name) = x509_parser::x509::X509Name::from_der(subject).ok()?;
        let whole = rest.is_empty() && der::claimed_size(spki) == Some(spki.len());
        let key = Key::from_spki(spki).ok()?;
        let subject = Name::new(&name);
        whole.then(|| Self { subject, spki: spki.to_vec(), key, constraints: None })
    }
}

/// Certificates in DER, one behind the other, and what follows them.
fn concatenated(content: &[u8]) -> (Vec<Certificate>, &[u8]) {
    let mut certificates = Vec::new();
    let mut rest = content;
    while let Ok((certificate, behind)) = Certificate::from_der(rest) {
        certificates.push(certificate);
        rest = behind;
    }
    (certificates, rest)
}

/// Whether it begins as a certificate in DER does, and no text: a SEQUENCE of 128 octets or more.
fn is_der(content: &[u8]) -> bool {
    matches!(content, [0x30, 0x81 | 0x82, ..])
}

/// What is wrong with DER from this octet on.
fn der_damage(at: usize, rest: &[u8]) -> String {
    let (place, count) = (at + 1, rest.len());
    match der::claimed_size(rest).filter(|_| is_der(rest)) {
        Some(claimed) if claimed > count => format!(
            "octet {place}: the certificate that begins here has {claimed} octets by its own count, and {count} are \
             there"
        ),
        Some(_) => match Certificate::from_der(rest) {
            Err(reason) => format!("octet {place}: what begins here is {reason}"),
            Ok(_) => format!("octet {place}: what begins here was not read"),
        },
        None => format!("octet {place}: {count} octets follow that are no certificate"),
    }
}

/// The file as text. Windows' shell writes UTF-16 with a byte order mark.
fn text(content: &[u8]) -> String {
    let units = |from: fn([u8; 2]) -> u16| {
        let units: Vec<u16> = content.chunks_exact(2).skip(1).map(|pair| from([pair[0], pair[1]])).collect();
        String::from_utf16_lossy(&units)
    };
    let text = match content {
        [0xff, 0xfe, ..] => units(u16::from_le_bytes),
        [0xfe, 0xff, ..] => units(u16::from_be_bytes),
        _ => String::from_utf8_lossy(content).trim_start_matches('\u{feff}').to_owned(),
    };
    // A lone CR ended lines on old Macs, and still does in terminals' recordings.
    text.replace("\r\n", "\n").replace('\r', "\n")
}

#[cfg(test)]
mod limits_tests;
#[cfg(test)]
mod tests;
