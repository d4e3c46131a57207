//! Signatures that were verified before.
//!
//! ```text
//! | magic | count | digests, the last used first | 0 … | checksum |
//! 0       3       4                                    260        268
//! ```

use pki_types::SignatureVerificationAlgorithm;

use crate::{
    codec::Writer,
    error::Error,
    key_schedule::{HASH, Transcript},
    session::checksum,
};

/// Format and version.
const MAGIC: &[u8; 3] = b"PM\x01";
const DIGESTS: usize = 4;
const CHECKSUM: usize = SignatureMemo::SIZE - 8;

/// What the digests are for, so that no other hash of this crate is one.
const DOMAIN: &str = "picopost signature memo";

/// A signature, what it is over, the key, and both algorithms, as one value.
pub(crate) type SignatureDigest = [u8; HASH];

/// Remembers the signatures in the certificates of servers that were verified: the next full
/// handshake with the same certificates, or with others of the same issuer, verifies only those
/// that are new. Paths, names, dates and key usages are checked each time, and so is the server's
/// signature in the handshake.
///
/// A signature is entered once the handshake is done, if it lies on the path that was accepted. An
/// entry is a SHA-256 digest over everything that is verified, so that it stands for that and for
/// nothing else: with other anchors, another issuer, or one bit changed, it is of no use. There is
/// room for [`Self::ENTRIES`]; the one that was used longest ago goes first.
///
/// **Keep it where the trust anchors are kept.** There is no secret in it, but whoever can write to
/// this memory, or to what [`Self::export`] gave, can make the device take a signature for good, and
/// so trust a certificate that nobody issued. The checksum is against damage, not against malice.
#[derive(Clone)]
pub struct SignatureMemo {
    octets: [u8; Self::SIZE],
    /// What the handshake that goes on has found to be good, each with its number there.
    pending: [(u8, SignatureDigest); Self::ENTRIES],
    pending_count: usize,
}

impl SignatureMemo {
    /// The size of an exported memo in octets.
    pub const SIZE: usize = DIGESTS + Self::ENTRIES * HASH + 8;
    /// How many signatures it remembers.
    pub const ENTRIES: usize = 8;

    /// A memo that remembers nothing.
    pub const fn new() -> Self {
        Self { octets: [0; Self::SIZE], pending: [(0, [0; HASH]); Self::ENTRIES], pending_count: 0 }
    }

    /// What to keep over a deep sleep, where nobody else can write; zeros where nothing is
    /// remembered.
    pub fn export(&self) -> [u8; Self::SIZE] {
        let mut octets = [0; Self::SIZE];
        if self.count() > 0 {
            let content = self.octets.split_at(CHECKSUM).0;
            let mut out = Writer::new(&mut octets);
            out.bytes(content);
            // The checksum is made here, and not with each entry.
            out.bytes(&checksum(content));
        }
        octets
    }

    /// A memo that was exported.
    ///
    /// # Errors
    /// [`Error::SignatureMemo`] when these are not the octets of [`Self::export`].
    pub fn import(octets: &[u8; Self::SIZE]) -> Result<Self, Error> {
        let memo = Self { octets: *octets, ..Self::new() };
        let is_empty = octets.iter().all(|octet| *octet == 0);
        if is_empty || memo.is_well_formed() { Ok(memo) } else { Err(Error::SignatureMemo) }
    }

    /// How many signatures are remembered.
    pub fn count(&self) -> usize {
        self.octets.get(MAGIC.len()).copied().map_or(0, usize::from)
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        *self = Self::new();
    }

    /// Whether a signature was found to be good before.
    pub(crate) fn knows(&self, digest: &SignatureDigest) -> bool {
        self.digests().iter().take(self.count()).any(|known| known == digest)
    }

    /// Notes that the signature of this number is good. Where there are more of them than room,
    /// they are forgotten, and verified again the next time.
    pub(crate) fn note(&mut self, number: u8, digest: SignatureDigest) {
        if let Some(slot) = self.pending.get_mut(self.pending_count) {
            *slot = (number, digest);
            self.pending_count = self.pending_count.saturating_add(1);
        }
    }

    /// Forgets what was noted, but for the numbers that `keep` says.
    pub(crate) fn retain_noted(&mut self, keep: impl Fn(u8) -> bool) {
        let mut kept = 0_usize;
        for at in 0..self.pending_count {
            if let Some(entry) = self.pending.get(at).copied().filter(|(number, _)| keep(*number)) {
                if let Some(slot) = self.pending.get_mut(kept) {
                    *slot = entry;
                }
                kept = kept.saturating_add(1);
            }
        }
        self.pending_count = kept;
    }

    /// The handshake is done: what was noted is remembered.
    pub(crate) fn enter_noted(&mut self) {
        for at in 0..self.pending_count {
            if let Some((_, digest)) = self.pending.get(at).copied() {
                self.enter(&digest);
            }
        }
        self.pending_count = 0;
    }

    /// Puts a digest in front, where it is not there already.
    #[inline(never)]
    fn enter(&mut self, digest: &SignatureDigest) {
        let count = self.count();
        let known = self.digests().iter().take(count).position(|known| known == digest);
        // One that is there moves; else all do, and the last one falls out where there is no room.
        let last = known.unwrap_or_else(|| count.min(Self::ENTRIES.saturating_sub(1)));
        let end = DIGESTS.saturating_add(last.saturating_mul(HASH));
        self.octets.copy_within(DIGESTS..end, DIGESTS.saturating_add(HASH));
        let count = count.max(last.saturating_add(1));
        let mut out = Writer::new(&mut self.octets);
        out.bytes(MAGIC);
        out.u8(u8::try_from(count).unwrap_or_default());
        out.bytes(digest);
    }

    fn digests(&self) -> &[SignatureDigest] {
        self.octets.get(DIGESTS..CHECKSUM).unwrap_or_default().as_chunks().0
    }

    /// Every field, checked on its own.
    fn is_well_formed(&self) -> bool {
        let (content, sum) = self.octets.split_at(CHECKSUM);
        let (used, free) = self.digests().split_at(self.count().min(Self::ENTRIES));
        content.starts_with(MAGIC)
            && (1..=Self::ENTRIES).contains(&self.count())
            && free.iter().all(|digest| *digest == [0; HASH])
            && !used.contains(&[0; HASH])
            && used.iter().all(|digest| used.iter().filter(|other| *other == digest).count() == 1)
            && checksum(content) == sum
    }
}

impl Default for SignatureMemo {
    fn default() -> Self {
        Self::new()
    }
}

impl core::fmt::Debug for SignatureMemo {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("SignatureMemo").field("count", &self.count()).finish_non_exhaustive()
    }
}

/// What is verified, as one value: no two different verifications have the same one.
pub(crate) fn digest(
    algorithm: &dyn SignatureVerificationAlgorithm,
    public_key: &[u8],
    message: &[u8],
    signature: &[u8],
) -> SignatureDigest {
    let key_algorithm = algorithm.public_key_alg_id();
    let signature_algorithm = algorithm.signature_alg_id();
    // Another version may verify more strictly: what this one found good is nothing to it.
    let [domain, version] = [DOMAIN, picopost_verify::VERSION].map(str::as_bytes);
    let mut hash = Transcript::new();
    hash.add_item(domain);
    hash.add_item(version);
    hash.add_item(&key_algorithm);
    hash.add_item(&signature_algorithm);
    hash.add_item(public_key);
    hash.add_item(message);
    hash.add_item(signature);
    hash.hash()
}

#[cfg(test)]
mod tests {
    extern crate std;

    use std::vec::Vec;

    use picopost_verify::{ECDSA_P256_SHA256, ECDSA_P256_SHA384, ECDSA_P384_SHA256};
    use sha2::{Digest, Sha256};

    use super::*;

    /// A memo that has come to know these, one handshake after the other.
    fn memo(digests: impl IntoIterator<Item = u8>) -> SignatureMemo {
        let mut memo = SignatureMemo::new();
        for digest in digests {
            memo.note(0, [digest; HASH]);
            memo.enter_noted();
        }
        memo
    }

    /// Which of these it knows.
    fn known(memo: &SignatureMemo) -> Vec<u8> {
        (0..=u8::MAX).filter(|digest| memo.knows(&[*digest; HASH])).collect()
    }

    #[test]
    fn the_one_that_was_used_longest_ago_goes_first() {
        assert_eq!(known(&memo([])), []);
        assert_eq!(known(&memo(1..=8)), [1, 2, 3, 4, 5, 6, 7, 8]);
        assert_eq!(known(&memo(1..=9)), [2, 3, 4, 5, 6, 7, 8, 9]);
        // 1 and 3 were used again.
        assert_eq!(known(&memo((1..=8).chain([1, 3, 9, 10]))), [1, 3, 5, 6, 7, 8, 9, 10]);
        for last in 1..=20_u8 {
            let memo = memo((1..=last).chain([last, 1]));
            assert_eq!(memo.count(), usize::from(last.min(8)));
            assert!(memo.knows(&[1; HASH]) && memo.knows(&[last; HASH]));
        }
    }

    #[test]
    fn what_is_noted_is_not_known_before_it_is_entered() {
        let mut memo = memo([1]);
        let before = memo.export();
        for number in 0..12 {
            memo.note(number, [number + 10; HASH]);
        }
        assert_eq!(known(&memo), [1]);
        assert_eq!(memo.export(), before);
        memo.retain_noted(|number| [0, 3, 7, 9].contains(&number));
        memo.enter_noted();
        // The ninth and later ones had no room.
        assert_eq!(known(&memo), [1, 10, 13, 17]);
        memo.note(0, [20; HASH]);
        memo.retain_noted(|_| false);
        memo.enter_noted();
        assert_eq!(known(&memo), [1, 10, 13, 17]);
        memo.clear();
        assert_eq!((known(&memo), memo.export()), (std::vec![], [0; SignatureMemo::SIZE]));
    }

    #[test]
    fn what_is_exported_is_imported() {
        for last in 0..=9 {
            let memo = memo(1..=last);
            let again = SignatureMemo::import(&memo.export()).expect("it was exported");
            assert_eq!((known(&again), again.export()), (known(&memo), memo.export()));
        }
    }

    #[test]
    fn damage_is_found() {
        for last in [1, 8] {
            let good = memo(1..=last).export();
            for bit in 0..good.len() * 8 {
                let mut octets = good;
                octets[bit / 8] ^= 1 << (bit % 8);
                assert_eq!(SignatureMemo::import(&octets).err(), Some(Error::SignatureMemo), "bit {bit}");
            }
            for length in 0..good.len() {
                let mut octets = good;
                octets[length..].fill(0);
                let is_whole = octets == good || length == 0;
                assert_eq!(SignatureMemo::import(&octets).is_ok(), is_whole, "the first {length} octets");
            }
        }
    }

    /// Also where somebody has made the checksum fit.
    #[test]
    fn each_field_is_checked() {
        let refuse = |edit: &dyn Fn(&mut [u8])| {
            let mut octets = memo(1..=3).export();
            edit(&mut octets);
            let sum = checksum(&octets[..CHECKSUM]);
            octets[CHECKSUM..].copy_from_slice(&sum);
            SignatureMemo::import(&octets).is_err()
        };
        assert!(!refuse(&|_| ()));
        assert!(refuse(&|octets| octets[0] = b'S'));
        assert!(refuse(&|octets| octets[2] = 2), "another version");
        for count in [0, 2, 4, 8, 9, u8::MAX] {
            assert!(refuse(&|octets| octets[3] = count), "{count} digests");
        }
        assert!(refuse(&|octets| octets[CHECKSUM - 1] = 1), "something behind the last digest");
        assert!(refuse(&|octets| octets.copy_within(4..36, 68)), "one twice");
    }

    /// The parts in their order, each behind its length.
    #[test]
    fn a_digest_is_made_of_this() {
        let parts: [&[u8]; 7] = [
            b"picopost signature memo",
            picopost_verify::VERSION.as_bytes(),
            // id-ecPublicKey with secp256r1, and ecdsa-with-SHA256.
            b"\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07",
            b"\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02",
            b"key",
            b"message",
            b"signature",
        ];
        let mut hash = Sha256::new();
        for part in parts {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        let expected: SignatureDigest = hash.finalize().into();
        assert_eq!(digest(ECDSA_P256_SHA256, b"key", b"message", b"signature"), expected);
    }

    /// Each part, and where it ends.
    #[test]
    fn a_digest_is_of_one_verification() {
        let parts: [&[u8]; 3] = [b"key", b"message", b"signature"];
        let of = |[key, message, signature]: [&[u8]; 3]| digest(ECDSA_P256_SHA256, key, message, signature);
        let good = of(parts);
        assert_eq!(good, of(parts));
        assert_ne!(good, digest(ECDSA_P256_SHA384, parts[0], parts[1], parts[2]));
        assert_ne!(good, digest(ECDSA_P384_SHA256, parts[0], parts[1], parts[2]));
        for part in 0..3 {
            for bit in 0..parts[part].len() * 8 {
                let mut octets = parts[part].to_vec();
                octets[bit / 8] ^= 1 << (bit % 8);
                let mut changed = parts;
                changed[part] = &octets;
                assert_ne!(good, of(changed), "part {part}, bit {bit}");
            }
        }
        let all = [b"keymessagesignature".as_slice(), b"", b""];
        let digests: Vec<_> = [[3, 7], [0, 0], [19, 0], [0, 19], [2, 8], [4, 6], [3, 8], [3, 6]]
            .map(|[key, message]| of([&all[0][..key], &all[0][key..key + message], &all[0][key + message..]]))
            .to_vec();
        assert_eq!(digests[0], good);
        for (at, one) in digests.iter().enumerate() {
            assert!(!digests[..at].contains(one), "{at}");
        }
    }
}
