//! The hash functions that signatures are made over.

use sha2::digest::Output;
use sha2::{Digest, Sha256, Sha384, Sha512};

/// A hash function of the SHA-2 family (FIPS 180-4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hash {
    Sha256,
    Sha384,
    Sha512,
}

impl Hash {
    /// The hash of the parts, one after the other.
    pub(crate) fn of(self, parts: &[&[u8]]) -> HashValue {
        match self {
            Self::Sha256 => HashValue::new(&digest::<Sha256>(parts)),
            Self::Sha384 => HashValue::new(&digest::<Sha384>(parts)),
            Self::Sha512 => HashValue::new(&digest::<Sha512>(parts)),
        }
    }

    /// Length of the hash value, in octets.
    pub(crate) const fn length(self) -> usize {
        match self {
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }
}

/// A hash value of up to 64 octets.
pub(crate) struct HashValue {
    octets: [u8; 64],
    length: usize,
}

impl HashValue {
    fn new(value: &[u8]) -> Self {
        let mut octets = [0; 64];
        let mut length = 0;
        for (to, from) in octets.iter_mut().zip(value) {
            *to = *from;
            length += 1;
        }
        Self { octets, length }
    }

    pub(crate) fn as_slice(&self) -> &[u8] {
        self.octets.get(..self.length).unwrap_or(&self.octets)
    }
}

fn digest<D: Digest>(parts: &[&[u8]]) -> Output<D> {
    let mut hash = D::new();
    for part in parts {
        hash.update(part);
    }
    hash.finalize()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_have_their_length_and_parts_are_joined() {
        for hash in [Hash::Sha256, Hash::Sha384, Hash::Sha512] {
            let value = hash.of(&[b"abc"]);
            assert_eq!(value.as_slice().len(), hash.length());
            assert_eq!(value.as_slice(), hash.of(&[b"a", b"", b"bc"]).as_slice());
        }
        assert_eq!(Hash::Sha256.of(&[b"abc"]).as_slice(), Sha256::digest(b"abc").as_slice());
    }
}
