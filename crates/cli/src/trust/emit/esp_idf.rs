//! ESP-IDF's certificate bundle, as `esp_crt_bundle` reads it since ESP-IDF 5.4: 32-bit offsets of
//! all entries, then the entries, sorted by name, which is searched by bisection. All numbers are
//! little-endian.

use super::Contents;

pub(super) fn file(contents: &Contents<'_>) -> Vec<u8> {
    let mut roots: Vec<_> = contents.roots.iter().map(|root| (&root.subject.der, &root.spki)).collect();
    roots.sort();
    let length = |octets: &[u8]| u16::try_from(octets.len()).unwrap_or(u16::MAX).to_le_bytes();
    let (mut offsets, mut entries) = (Vec::new(), Vec::new());
    for (name, key) in &roots {
        // No certificate comes near 64 KiB, nor a bundle near 4 GiB.
        let offset = u32::try_from(4 * roots.len() + entries.len()).unwrap_or(u32::MAX);
        offsets.extend(offset.to_le_bytes());
        entries.extend(length(name));
        entries.extend(length(key));
        entries.extend(*name);
        entries.extend(*key);
    }
    [offsets, entries].concat()
}
