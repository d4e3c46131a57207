//! ESP-IDF's certificate bundle (`x509_crt_bundle`): names and keys, sorted by name. Written from
//! Espressif's documentation of `esp_crt_bundle` and the comment in its C file that describes the format.
//!
//! | since | format |
//! |---|---|
//! | ESP-IDF 5.3 | 32-bit little-endian offsets of all entries, then the entries: lengths of name and key (16 bits, little-endian), name, key |
//! | before | count (16 bits, big-endian), then the entries, with big-endian lengths |

use super::NameAndKey;

/// The names and keys, where the octets are a bundle from end to end.
pub(super) fn read(octets: &[u8]) -> Option<Vec<NameAndKey>> {
    with_offsets(octets).or_else(|| with_count(octets))
}

fn with_offsets(octets: &[u8]) -> Option<Vec<NameAndKey>> {
    let first = usize::try_from(u32::from_le_bytes(*octets.first_chunk()?)).ok()?;
    let table = octets.get(..first).filter(|table| !table.is_empty() && table.len().is_multiple_of(4))?;
    let mut rest = octets.get(first..)?;
    let mut anchors = Vec::new();
    for offset in table.chunks_exact(4) {
        let offset = u32::from_le_bytes(offset.try_into().ok()?);
        // Each entry begins where the one before it ends.
        if usize::try_from(offset).ok()? != octets.len() - rest.len() {
            return None;
        }
        let (anchor, behind) = entry(rest, u16::from_le_bytes)?;
        anchors.push(anchor);
        rest = behind;
    }
    rest.is_empty().then_some(anchors)
}

fn with_count(octets: &[u8]) -> Option<Vec<NameAndKey>> {
    let (count, mut rest) = octets.split_first_chunk()?;
    let mut anchors = Vec::new();
    for _ in 0..u16::from_be_bytes(*count) {
        let (anchor, behind) = entry(rest, u16::from_be_bytes)?;
        anchors.push(anchor);
        rest = behind;
    }
    (rest.is_empty() && !anchors.is_empty()).then_some(anchors)
}

fn entry(octets: &[u8], number: fn([u8; 2]) -> u16) -> Option<(NameAndKey, &[u8])> {
    let (name, rest) = octets.split_first_chunk()?;
    let (key, rest) = rest.split_first_chunk()?;
    let (name, rest) = rest.split_at_checked(usize::from(number(*name)))?;
    let (key, rest) = rest.split_at_checked(usize::from(number(*key)))?;
    Some((NameAndKey::from_der(name, key)?, rest))
}
