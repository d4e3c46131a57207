//! What a file holds: certificates, or the names and keys of authorities, in any wrapping that a
//! firmware embeds them in. What can be read is read; the rest is named with its line and column.

use std::path::Path;

use super::certificate::{Certificate, Key};
use super::der;
use super::name::Name;
use crate::error::{CommandError, io_reason};
use crate::finding::Finding;

mod bundle;
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
}

/// No file of certificates is larger: all of Mozilla's roots in PEM are a quarter of a mebibyte.
const MAX_OCTETS: u64 = 16 << 20;

impl Input {
    /// Reads a file.
    pub(super) fn read(path: &Path) -> Result<Self, CommandError> {
        let name = path.display().to_string();
        let cannot =
            |reason: String| CommandError::could_not_run(format!("`{name}` cannot be read: {reason}"));
        let size = std::fs::metadata(path).map_err(|error| cannot(io_reason(&error)))?.len();
        if size > MAX_OCTETS {
            return Err(cannot(format!("it has {size} octets, and {MAX_OCTETS} are the limit")));
        }
        let content = std::fs::read(path).map_err(|error| cannot(io_reason(&error)))?;
        let input = Self::parse(name, &content);
        if input.items.is_empty() && input.findings.is_empty() {
            return Err(CommandError::usage(format!("`{}` holds no certificate", input.name)).hint(
                "give PEM, DER, a source file with one of them in it, or an ESP-IDF certificate bundle",
            ));
        }
        Ok(input)
    }

    fn parse(name: String, content: &[u8]) -> Self {
        let mut input = Self { name, kind: "text", items: Vec::new(), findings: Vec::new() };
        if let Some(certificates) = concatenated(content) {
            input.kind = "DER";
            certificates.into_iter().for_each(|certificate| input.push(certificate));
        } else if let Some(anchors) = bundle::read(content) {
            input.kind = "an ESP-IDF certificate bundle";
            anchors.into_iter().for_each(|anchor| input.add(Item::Anchor(anchor)));
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
        if !self.items.contains(&item) {
            self.items.push(item);
        }
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
        Self { subject: subject.clone(), spki: spki.clone(), key: key.clone() }
    }

    /// From the two of them in DER, with their outer headers.
    fn from_der(subject: &[u8], spki: &[u8]) -> Option<Self> {
        use x509_parser::prelude::FromDer as _;
        let (rest, name) = x509_parser::x509::X509Name::from_der(subject).ok()?;
        let whole = rest.is_empty() && der::claimed_size(spki) == Some(spki.len());
        let key = Key::from_spki(spki).ok()?;
        whole.then(|| Self { subject: Name::new(&name), spki: spki.to_vec(), key })
    }
}

/// Certificates in DER, one behind the other, and nothing else.
fn concatenated(content: &[u8]) -> Option<Vec<Certificate>> {
    let mut certificates = Vec::new();
    let mut rest = content;
    while !rest.is_empty() {
        let (certificate, behind) = Certificate::from_der(rest).ok()?;
        certificates.push(certificate);
        rest = behind;
    }
    (!certificates.is_empty()).then_some(certificates)
}

/// The file as text. Windows' shell writes UTF-16 with a byte order mark.
fn text(content: &[u8]) -> String {
    let units = |from: fn([u8; 2]) -> u16| {
        let units: Vec<u16> = content.chunks_exact(2).skip(1).map(|pair| from([pair[0], pair[1]])).collect();
        String::from_utf16_lossy(&units)
    };
    match content {
        [0xff, 0xfe, ..] => units(u16::from_le_bytes),
        [0xfe, 0xff, ..] => units(u16::from_be_bytes),
        _ => String::from_utf8_lossy(content).trim_start_matches('\u{feff}').to_owned(),
    }
}

#[cfg(test)]
mod tests;
