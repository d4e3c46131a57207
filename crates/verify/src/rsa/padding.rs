//! The encodings of a hash value in an RSA signature (RFC 8017 §9).

use crate::hash::Hash;

/// Whether `encoded` is EMSA-PKCS1-v1_5 of the hash value (RFC 8017 §9.2), octet for octet.
///
/// The place of everything follows from the lengths alone, and every octet is compared: nothing of
/// the padding is parsed, so there is nothing in it to be lenient about.
pub(super) fn is_pkcs1(encoded: &[u8], hash: Hash, hash_value: &[u8]) -> bool {
    let Some((padded, value)) = encoded.split_at_checked(encoded.len().saturating_sub(hash_value.len()))
    else {
        return false;
    };
    let info = digest_info(hash);
    let Some((padding, [0x00])) =
        padded.strip_suffix(&info).and_then(|padded| padded.split_at_checked(padded.len().saturating_sub(1)))
    else {
        return false;
    };
    let [0x00, 0x01, padding @ ..] = padding else { return false };
    value == hash_value && padding.len() >= 8 && padding.iter().all(|octet| *octet == 0xff)
}

/// The DigestInfo in front of the hash value, parameters NULL and present (RFC 8017 §9.2, note 1).
fn digest_info(hash: Hash) -> [u8; 19] {
    // The last arc of the object identifier, the length of the value, the length of the whole.
    let (arc, length, whole) = match hash {
        Hash::Sha256 => (1, 32, 49),
        Hash::Sha384 => (2, 48, 65),
        Hash::Sha512 => (3, 64, 81),
    };
    [
        0x30, whole, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, arc, 0x05, 0x00,
        0x04, length,
    ]
}

/// Whether `encoded` is EMSA-PSS of the hash value (RFC 8017 §9.1.2) for a modulus of `modulus_bits`
/// bits, with a salt as long as the hash value (RFC 9846 §4.3.3). `encoded` is as long as the
/// modulus and is left changed.
pub(super) fn is_pss(encoded: &mut [u8], modulus_bits: usize, hash: Hash, hash_value: &[u8]) -> bool {
    // The encoding has one bit less than the modulus; where that leaves its first octet without
    // any, the octet is not part of it and is zero (§8.1.2, step 2c).
    let (encoded, unused_bits) = match (modulus_bits % 8, encoded) {
        (1, [0, encoded @ ..]) => (encoded, 0),
        (1, _) => return false,
        (0, encoded) => (encoded, 1),
        (bits, encoded) => (encoded, 9 - bits),
    };
    // Steps 3 to 5: maskedDB || H || 0xbc.
    let Some((0xbc, encoded)) = encoded.split_last_mut() else { return false };
    let Some(db_length) = encoded.len().checked_sub(hash.length()) else { return false };
    let (db, h) = encoded.split_at_mut(db_length);
    // Step 6: the bits above the encoding are zero.
    let Some(first) = db.first_mut() else { return false };
    let used = 0xff_u8 >> unused_bits;
    if *first & !used != 0 {
        return false;
    }
    // Steps 7 to 9.
    unmask(db, hash, h);
    if let Some(first) = db.first_mut() {
        *first &= used;
    }
    // Step 10: zeros, 0x01, and the salt.
    let Some((padding, salt)) = db_length.checked_sub(hash.length()).and_then(|at| db.split_at_checked(at))
    else {
        return false;
    };
    let Some((0x01, zeros)) = padding.split_last() else { return false };
    if zeros.iter().any(|octet| *octet != 0) {
        return false;
    }
    // Steps 12 to 14.
    hash.of(&[&[0; 8], hash_value, salt]).as_slice() == h
}

/// Takes the mask MGF1(seed) (RFC 8017 §B.2.1) off `masked`.
fn unmask(masked: &mut [u8], hash: Hash, seed: &[u8]) {
    for (counter, octets) in (0_u32..).zip(masked.chunks_mut(hash.length())) {
        let mask = hash.of(&[seed, &counter.to_be_bytes()]);
        for (octet, mask) in octets.iter_mut().zip(mask.as_slice()) {
            *octet ^= mask;
        }
    }
}
