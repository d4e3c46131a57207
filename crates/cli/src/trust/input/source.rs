//! Source code that embeds octets: C, Rust, Python, as lists of numbers or as strings of escapes.

use super::{Input, NameAndKey};
use crate::trust::certificate::Certificate;
use crate::trust::der;

/// Reads every list of octets in a text, and makes certificates and trust anchors of them.
pub(super) fn read(text: &str, input: &mut Input) {
    let mut parts = Parts::default();
    // Its name constraints may follow.
    let mut last: Option<NameAndKey> = None;
    for octets in lists(text) {
        match Certificate::from_der(&octets) {
            // A string in C may carry its final NUL.
            Ok((certificate, [] | [0])) => {
                input.extend(last.take());
                input.push(certificate);
            }
            _ if is_constraints(&octets) && last.is_some() => {
                last = last.map(|anchor| NameAndKey { constraints: Some(octets), ..anchor });
                input.extend(last.take());
            }
            _ => {
                if let Some(anchor) = parts.take(octets) {
                    input.extend(last.replace(anchor));
                }
            }
        }
    }
    input.extend(last);
}

/// The content of NameConstraints (RFC 5280 §4.2.1.10): permittedSubtrees, excludedSubtrees, or both.
fn is_constraints(octets: &[u8]) -> bool {
    let part = |octets: &[u8], tag: u8| -> Option<usize> {
        let (rest, _) = der::element(octets).filter(|_| octets.first() == Some(&tag))?;
        Some(rest.len())
    };
    let rest = |left: Option<usize>| left.and_then(|left| octets.get(octets.len() - left..));
    match rest(part(octets, 0xa0)) {
        Some([]) => true,
        Some(behind) => part(behind, 0xa1) == Some(0),
        None => part(octets, 0xa1) == Some(0),
    }
}

/// A trust anchor in pieces, as BearSSL and webpki keep one: the name, then the key.
#[derive(Default)]
struct Parts {
    /// The Name, with its outer header.
    subject: Option<Vec<u8>>,
    modulus: Option<Vec<u8>>,
}

impl Parts {
    fn take(&mut self, octets: Vec<u8>) -> Option<NameAndKey> {
        if let Some(subject) = name(&octets) {
            *self = Self { subject: Some(subject), modulus: None };
            return None;
        }
        let spki = self.key(octets)?;
        let subject = self.subject.take()?;
        self.modulus = None;
        NameAndKey::from_der(&subject, &spki)
    }

    /// A subjectPublicKeyInfo out of itself, of its content, of a point, or of modulus and exponent.
    fn key(&mut self, octets: Vec<u8>) -> Option<Vec<u8>> {
        const P256: &[u8] = b"\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07";
        const P384: &[u8] = b"\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x05\x2b\x81\x04\x00\x22";
        const RSA: &[u8] = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00";
        let spki = |algorithm: &[u8], key: &[u8]| {
            let key = der::wrap(3, &[&[0], key].concat());
            der::wrap(0x30, &[der::wrap(0x30, algorithm), key].concat())
        };
        match (octets.as_slice(), self.modulus.take()) {
            ([4, ..], _) if octets.len() == 65 => Some(spki(P256, &octets)),
            ([4, ..], _) if octets.len() == 97 => Some(spki(P384, &octets)),
            (exponent, Some(modulus)) if exponent.len() <= 8 => {
                let integer = |octets: &[u8]| der::wrap(2, &[&[0], octets].concat());
                let exponent = match exponent {
                    [0x80..=0xff, ..] => integer(exponent),
                    _ => der::wrap(2, exponent),
                };
                Some(spki(RSA, &der::wrap(0x30, &[integer(&modulus), exponent].concat())))
            }
            ([0x80..=0xff, ..], _) if octets.len() >= 128 => {
                self.modulus = Some(octets);
                None
            }
            _ if der::claimed_size(&octets) == Some(octets.len()) => Some(octets),
            _ => Some(der::wrap(0x30, &octets)),
        }
        .filter(|spki| crate::trust::certificate::Key::from_spki(spki).is_ok())
    }
}

/// A Name: with its outer header, or its content alone.
fn name(octets: &[u8]) -> Option<Vec<u8>> {
    use x509_parser::prelude::FromDer as _;
    let whole = if octets.first() == Some(&0x31) { der::wrap(0x30, octets) } else { octets.to_vec() };
    let (rest, parsed) = x509_parser::x509::X509Name::from_der(&whole).ok()?;
    let is_name = rest.is_empty() && parsed.iter_attributes().next().is_some();
    is_name.then_some(whole)
}

/// The least that is taken for octets: an RSA exponent has three.
const SHORTEST: usize = 3;

/// Every list of octets: `{ 0x30, 130, … }`, `[48, …]`, and strings with `\x30`.
fn lists(text: &str) -> Vec<Vec<u8>> {
    let mut lists = Vec::new();
    let mut current = Vec::new();
    let mut rest = text;
    // Strings behind each other are one, and those behind a comma are not.
    let mut behind_string = false;
    while let Some(first) = rest.chars().next() {
        let behind = &rest[first.len_utf8()..];
        if first == ',' && behind_string {
            close(&mut lists, &mut current);
        }
        behind_string &= first.is_whitespace();
        rest = if let Some(comment) = rest.strip_prefix("//") {
            comment.split_once('\n').map_or("", |(_, behind)| behind)
        } else if let Some(comment) = rest.strip_prefix("/*") {
            comment.split_once("*/").map_or("", |(_, behind)| behind)
        } else if first == '#' {
            behind.split_once('\n').map_or("", |(_, behind)| behind)
        } else if let Some(string) = rest.strip_prefix("b'") {
            // Python's; in Rust and C a lone one is no string.
            behind_string = true;
            octet_string(string, '\'', &mut current)
        } else if let Some(string) = rest.strip_prefix("b\"").or(rest.strip_prefix('"')) {
            behind_string = true;
            octet_string(string, '"', &mut current)
        } else if first.is_ascii_digit() {
            number(rest, &mut current)
        } else {
            if !(first.is_whitespace() || first == ',' || first == '\\') {
                close(&mut lists, &mut current);
            }
            word(rest)
        };
    }
    close(&mut lists, &mut current);
    lists
}

fn close(lists: &mut Vec<Vec<u8>>, current: &mut Vec<u8>) {
    let list = std::mem::take(current);
    if list.len() >= SHORTEST {
        lists.push(list);
    }
}

/// What follows a word, so that the digits in a name are no numbers; else what follows a character.
fn word(text: &str) -> &str {
    let end = text.find(|character: char| !(character.is_alphanumeric() || character == '_'));
    match end {
        Some(0) => text.get(text.chars().next().map_or(0, char::len_utf8)..).unwrap_or_default(),
        Some(end) => &text[end..],
        None => "",
    }
}

/// A number that is an octet goes to the list; another one ends it.
fn number<'t>(text: &'t str, list: &mut Vec<u8>) -> &'t str {
    let rest = word(text);
    let digits = text[..text.len() - rest.len()].trim_end_matches("u8").replace('_', "");
    let octet = match digits.strip_prefix("0x").or(digits.strip_prefix("0X")) {
        Some(digits) => u8::from_str_radix(digits, 16),
        None => digits.parse(),
    };
    match octet {
        Ok(octet) => list.push(octet),
        Err(_) => list.clear(),
    }
    rest
}

/// A string's octets go to the list, where it has escapes of octets.
fn octet_string<'t>(text: &'t str, quote: char, list: &mut Vec<u8>) -> &'t str {
    let mut octets = Vec::new();
    let mut escapes = false;
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '\\' => {
                let Some((at, kind)) = characters.next() else { break };
                let hex = text.get(at + 1..at + 3).and_then(|digits| u8::from_str_radix(digits, 16).ok());
                match (kind, hex) {
                    ('x', Some(octet)) => {
                        octets.push(octet);
                        escapes = true;
                        characters.nth(1);
                    }
                    ('n', _) => octets.push(b'\n'),
                    ('r', _) => octets.push(b'\r'),
                    ('t', _) => octets.push(b'\t'),
                    ('0', _) => octets.push(0),
                    ('\n', _) => {}
                    (other, _) => octets.extend(u8::try_from(other)),
                }
            }
            _ if character == quote => {
                if escapes {
                    list.extend(octets);
                }
                return &text[at + quote.len_utf8()..];
            }
            _ => octets.extend(u8::try_from(character)),
        }
    }
    ""
}
