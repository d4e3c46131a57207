//! Octets as received, made visible.

use std::borrow::Cow;
use std::fmt::{self, Write as _};
use std::sync::Arc;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// How many octets are kept of anything, the longest body that is read; the rest is counted.
const KEPT: usize = 1024 * 1024;

/// A run of octets as it is kept, and how many there were.
///
/// Its JSON is `{count, text, omitted}`; the text is exact: [`unescape`] gives the octets back.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Octets {
    /// How many there were, with secrets at their full length.
    pub(crate) count: usize,
    kept: Arc<[u8]>,
    /// How many octets are left out at the end.
    pub(crate) omitted: usize,
}

#[derive(Serialize, Deserialize)]
struct Json<'a> {
    count: usize,
    text: Cow<'a, str>,
    omitted: usize,
}

impl Octets {
    /// As they were received or sent.
    pub(crate) fn new(octets: &[u8]) -> Self {
        let kept = octets.get(..KEPT).unwrap_or(octets);
        Self { count: octets.len(), kept: kept.into(), omitted: octets.len() - kept.len() }
    }

    /// The same with other octets: those that may be shown.
    pub(crate) fn with(&self, octets: &[u8]) -> Self {
        Self { count: self.count, kept: octets.into(), omitted: self.omitted }
    }

    /// The octets themselves, without those that are left out.
    pub(crate) fn octets(&self) -> &[u8] {
        &self.kept
    }
}

impl fmt::Debug for Octets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} octets `{}`", self.count, escape(&self.kept))
    }
}

impl Serialize for Octets {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text = Cow::Owned(escape(&self.kept));
        Json { count: self.count, text, omitted: self.omitted }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Octets {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = Json::deserialize(deserializer)?;
        let kept = unescape(&json.text)
            .ok_or_else(|| D::Error::custom("`text` has an escape that is none of this server's"))?;
        Ok(Self { count: json.count, kept: kept.into(), omitted: json.omitted })
    }
}

/// Undoes [`escape`]; none for a text that it does not make.
pub(crate) fn unescape(text: &str) -> Option<Vec<u8>> {
    let mut octets = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((plain, escaped)) = rest.split_once('\\') {
        octets.extend_from_slice(plain.as_bytes());
        let (octet, length) = match escaped.as_bytes() {
            [b'r', ..] => (b'\r', 1),
            [b'n', ..] => (b'\n', 1),
            [b't', ..] => (b'\t', 1),
            [b'\\', ..] => (b'\\', 1),
            [b'x', ..] => (u8::from_str_radix(escaped.get(1..3)?, 16).ok()?, 3),
            _ => return None,
        };
        octets.push(octet);
        rest = escaped.get(length..)?;
    }
    octets.extend_from_slice(rest.as_bytes());
    Some(octets)
}

/// Makes every octet visible: what is not printable UTF-8 becomes an escape.
pub(crate) fn escape(octets: &[u8]) -> String {
    let mut text = String::with_capacity(octets.len());
    for chunk in octets.utf8_chunks() {
        for character in chunk.valid().chars() {
            match character {
                '\r' => text.push_str("\\r"),
                '\n' => text.push_str("\\n"),
                '\t' => text.push_str("\\t"),
                '\\' => text.push_str("\\\\"),
                _ if character.is_control() => hex(&mut text, character.encode_utf8(&mut [0; 4]).as_bytes()),
                _ => text.push(character),
            }
        }
        hex(&mut text, chunk.invalid());
    }
    text
}

fn hex(text: &mut String, octets: &[u8]) {
    for octet in octets {
        // Writing into a string does not fail.
        let _ = write!(text, "\\x{octet:02x}");
    }
}

#[cfg(test)]
mod tests {
    use super::{KEPT, Octets, escape, unescape};

    #[test]
    fn every_octet_is_visible() {
        assert_eq!(escape(b"GET / HTTP/1.1\r\n"), "GET / HTTP/1.1\\r\\n");
        assert_eq!(escape("caf\u{e9} \\ \t".as_bytes()), "café \\\\ \\t");
        assert_eq!(escape(&[0x16, 0x03, 0xff, 0xc3]), "\\x16\\x03\\xff\\xc3");
    }

    #[test]
    fn what_is_left_out_is_counted() {
        let octets = Octets::new(&[b'a'; KEPT + 3]);
        assert_eq!((octets.count, octets.octets().len(), octets.omitted), (KEPT + 3, KEPT, 3));
    }

    #[test]
    fn the_text_is_exact() {
        let every: Vec<u8> = (0..=255).chain("\u{85}é\u{200b}\\x41".bytes()).collect();
        assert_eq!(unescape(&escape(&every)), Some(every.clone()));
        for two in (0..=u16::MAX).map(u16::to_be_bytes) {
            assert_eq!(unescape(&escape(&two)).as_deref(), Some(&two[..]));
        }
        let octets = Octets::new(b"0123").with(&every);
        let json = serde_json::to_string(&octets).unwrap();
        assert_eq!(serde_json::from_str::<Octets>(&json).unwrap(), octets);
        for text in ["\\", "\\q", "\\x4", "\\xé0", "\\xgg"] {
            assert_eq!(unescape(text), None, "{text}");
        }
    }
}
