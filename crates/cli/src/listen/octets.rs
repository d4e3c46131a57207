//! Octets as received, made visible.

use std::fmt::Write as _;

use serde::Serialize;

/// How many octets are shown of anything; the rest is counted.
const SHOWN: usize = 16 * 1024;

/// A run of octets: how many, and what they look like.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Octets {
    /// How many there were, with secrets at their full length.
    pub(crate) count: usize,
    /// Printable ASCII and UTF-8 as they are; `\r`, `\n`, `\t`, `\\`; `\x..` for the rest.
    pub(crate) text: String,
    /// How many octets `text` leaves out at the end.
    pub(crate) omitted: usize,
}

impl Octets {
    /// `octets` as they are shown (secrets masked), `count` as they were received.
    pub(crate) fn new(octets: &[u8], count: usize) -> Self {
        let shown = octets.get(..SHOWN).unwrap_or(octets);
        Self { count, text: escape(shown), omitted: octets.len() - shown.len() }
    }
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
    use super::{Octets, escape};

    #[test]
    fn every_octet_is_visible() {
        assert_eq!(escape(b"GET / HTTP/1.1\r\n"), "GET / HTTP/1.1\\r\\n");
        assert_eq!(escape("caf\u{e9} \\ \t".as_bytes()), "café \\\\ \\t");
        assert_eq!(escape(&[0x16, 0x03, 0xff, 0xc3]), "\\x16\\x03\\xff\\xc3");
    }

    #[test]
    fn what_is_left_out_is_counted() {
        let octets = Octets::new(&[b'a'; 16 * 1024 + 3], 16 * 1024 + 3);
        assert_eq!((octets.count, octets.text.len(), octets.omitted), (16 * 1024 + 3, 16 * 1024, 3));
    }
}
