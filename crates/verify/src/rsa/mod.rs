//! RSA signature verification (RFC 8017), for moduli of 2048 to 4096 bits of any length between.

mod padding;

use pki_types::InvalidSignature;

use crate::der;
use crate::hash::Hash;
use crate::limbs::{BLOCK, from_octets, limb_from_octets, to_octets};
use crate::montgomery::Modulus;

/// The shortest modulus that is accepted, in bits: NIST SP 800-57 part 1 gives it 112 bits of
/// strength, and CA/Browser Forum's baseline requirements §6.1.5 refuse anything shorter.
const MIN_MODULUS_BITS: usize = 2048;
/// The longest modulus that is accepted, in bits. It bounds time and stack.
const MAX_MODULUS_BITS: usize = 4096;
const MAX_MODULUS_OCTETS: usize = MAX_MODULUS_BITS / 8;
const MAX_LIMBS: usize = MAX_MODULUS_BITS / 32;
/// The largest exponent that is accepted, as in ring and BoringSSL. It bounds time.
const MAX_EXPONENT: u64 = (1 << 33) - 1;

/// How the hash value is encoded in the signature.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Padding {
    /// RSASSA-PKCS1-v1_5 (RFC 8017 §8.2).
    Pkcs1,
    /// RSASSA-PSS (RFC 8017 §8.1) with MGF1 over the same hash and a salt as long as the hash value,
    /// the only form that TLS uses (RFC 9846 §4.3.3).
    Pss,
}

/// Verifies `signature` over `message` with the RSAPublicKey `public_key`.
///
/// Not inlined, so that its buffer is not on the stack for ECDSA.
#[inline(never)]
pub(crate) fn verify(
    padding: Padding,
    hash: Hash,
    public_key: &[u8],
    message: &[u8],
    signature: &[u8],
) -> Result<(), InvalidSignature> {
    let key = PublicKey::parse(public_key).ok_or(InvalidSignature)?;
    let mut buffer = [0; MAX_MODULUS_OCTETS];
    let encoded = buffer.get_mut(..key.modulus.len()).ok_or(InvalidSignature)?;
    key.recover(signature, encoded).ok_or(InvalidSignature)?;
    let hash_value = hash.of(&[message]);
    let valid = match padding {
        Padding::Pkcs1 => padding::is_pkcs1(encoded, hash, hash_value.as_slice()),
        Padding::Pss => padding::is_pss(encoded, key.modulus_bits(), hash, hash_value.as_slice()),
    };
    if valid { Ok(()) } else { Err(InvalidSignature) }
}

/// An RSAPublicKey that passed the checks.
struct PublicKey<'a> {
    /// Big-endian, no leading zeros, odd.
    modulus: &'a [u8],
    /// Odd, at least 3.
    exponent: u64,
}

impl<'a> PublicKey<'a> {
    /// Reads an RSAPublicKey (RFC 8017 §A.1.1): strict DER, nothing trailing.
    fn parse(public_key: &'a [u8]) -> Option<Self> {
        let (modulus, exponent) = der::two_positive_integers(public_key)?;
        if exponent.len() > 8 {
            return None;
        }
        let exponent = exponent.iter().fold(0, |sum, octet| sum << 8 | u64::from(*octet));
        let key = Self { modulus, exponent };
        let odd_modulus = modulus.last()? & 1 == 1;
        let modulus_fits = (MIN_MODULUS_BITS..=MAX_MODULUS_BITS).contains(&key.modulus_bits());
        let exponent_fits = exponent & 1 == 1 && (3..=MAX_EXPONENT).contains(&exponent);
        (odd_modulus && modulus_fits && exponent_fits).then_some(key)
    }

    /// Length of the modulus, in bits.
    fn modulus_bits(&self) -> usize {
        let unused = self.modulus.first().map_or(0, |octet| octet.leading_zeros());
        // At most 65,535 octets come out of the DER, and at most seven bits go.
        (self.modulus.len() * 8).saturating_sub(usize::try_from(unused).unwrap_or(0))
    }

    /// RSAVP1 (RFC 8017 §5.2.2): writes `signature^exponent mod modulus` to `encoded`, which is as
    /// long as the modulus. `None` unless the signature is as long as the modulus too (§8.1.2 and
    /// §8.2.2, step 1) and less than it.
    ///
    /// Not inlined, so that its 2 KB of numbers are off the stack when the padding is checked.
    #[inline(never)]
    fn recover(&self, signature: &[u8], encoded: &mut [u8]) -> Option<()> {
        if signature.len() != self.modulus.len() || signature >= self.modulus {
            return None;
        }
        let length = self.modulus.len().div_ceil(4).next_multiple_of(BLOCK);
        let mut n = [0; MAX_LIMBS];
        let n = n.get_mut(..length)?;
        from_octets(n, self.modulus);
        let modulus = Modulus::new(n)?;
        let mut x = [0; MAX_LIMBS];
        let x = x.get_mut(..length)?;
        from_octets(x, signature);
        let mut scratch = [0; 2 * MAX_LIMBS];
        let scratch = scratch.get_mut(..2 * length)?;

        // x is signature^k·R, k being the exponent's bits from the top that were used. Multiplying
        // by the signature as it is takes R away, and the lowest bit, always set, ends with that.
        modulus.enter(x);
        for bit in (0..self.exponent.ilog2()).rev() {
            modulus.square(x, scratch);
            if self.exponent >> bit & 1 == 1 {
                modulus.multiply(x, blocks(signature), scratch);
                if bit != 0 {
                    modulus.enter(x);
                }
            }
        }
        to_octets(encoded, x);
        Some(())
    }
}

/// Big-endian octets as blocks of limbs, least significant first, without end.
fn blocks(octets: &[u8]) -> impl Iterator<Item = [u32; BLOCK]> {
    let mut groups = octets.rchunks(4);
    core::iter::repeat_with(move || [(); BLOCK].map(|()| limb_from_octets(groups.next().unwrap_or_default())))
}

#[cfg(test)]
mod tests {
    use std::vec;
    use std::vec::Vec;

    use num_bigint::BigUint;
    use proptest::prelude::{Strategy, any, prop_assert_eq, proptest};

    use super::*;

    fn recover(modulus: &BigUint, exponent: u64, signature: &BigUint) -> Option<BigUint> {
        let modulus = modulus.to_bytes_be();
        let number = signature.to_bytes_be();
        let mut signature = vec![0; modulus.len() - number.len()];
        signature.extend(number);
        let mut encoded = vec![0x55; modulus.len()];
        let key = PublicKey { modulus: &modulus, exponent };
        key.recover(&signature, &mut encoded)?;
        Some(BigUint::from_bytes_be(&encoded))
    }

    #[track_caller]
    fn check(modulus: &BigUint, exponent: u64, signature: &BigUint) {
        let expected = signature.modpow(&exponent.into(), modulus);
        assert_eq!(
            recover(modulus, exponent, signature),
            Some(expected),
            "{modulus:x} {exponent} {signature:x}"
        );
    }

    /// Moduli for which a quotient is estimated badly, carries run through, or limbs are zero.
    #[test]
    fn hard_moduli() {
        let one = BigUint::from(1_u8);
        for bits in [2048_u32, 2049, 2080, 2081, 2175, 2176, 2177, 2208, 3072, 4095, 4096] {
            let top = &one << (bits - 1);
            let moduli = [
                &top + 1_u8,
                (&one << bits) - 1_u8,
                &top + (&one << (bits - 2)) + 1_u8,
                &top + (&one << (bits - 33)) - 1_u8,
                &top + (&one << (bits - 64)) + 1_u8,
                &top + (&one << (bits - 65)) - 1_u8,
                (&one << bits) - (&one << (bits / 2)) - 1_u8,
                (&one << bits) - (&one << (bits - 64)) + 1_u8,
                (&one << bits) - (&one << (bits - 65)) + 1_u8,
                &top + 0xffff_ffff_u32,
            ];
            for n in moduli {
                assert_eq!(n.bits(), u64::from(bits));
                let signatures = [
                    BigUint::ZERO,
                    one.clone(),
                    2_u8.into(),
                    &n - 1_u8,
                    &n - 2_u8,
                    &n >> 1,
                    &n >> 32,
                    (&n >> 64) << 63,
                    &top - 1_u8,
                    &one << (bits / 2),
                    &n - (&one << 128),
                ];
                for s in signatures {
                    check(&n, 3, &s);
                    check(&n, 65537, &s);
                }
            }
        }
    }

    #[test]
    fn a_signature_that_is_not_less_than_the_modulus_is_refused() {
        let n = (BigUint::from(1_u8) << 2048_u32) - 5_u8;
        assert_eq!(recover(&n, 3, &(&n - 1_u8)), Some(&n - 1_u8));
        assert_eq!(recover(&n, 3, &n), None);
        assert_eq!(recover(&n, 3, &(&n + 1_u8)), None);
    }

    /// Octets of which runs are zeros and ones, more often than chance would have it.
    fn number() -> impl Strategy<Value = Vec<u8>> {
        let octet = (any::<u8>(), 0..3_usize).prop_map(|(octet, kind)| [octet, 0, 0xff][kind]);
        let run = (octet, 1..40_usize).prop_map(|(octet, length)| vec![octet; length]);
        let random = proptest::collection::vec(any::<u8>(), 1..40);
        let part = proptest::strategy::Union::new([run.boxed(), random.boxed()]);
        proptest::collection::vec(part, 30..60).prop_map(|parts| parts.concat())
    }

    proptest! {
        #[test]
        fn agrees_with_num_bigint(
            bits in MIN_MODULUS_BITS..=MAX_MODULUS_BITS,
            modulus in number(),
            signature in number(),
            exponent in proptest::sample::select(vec![3, 5, 7, 35, 37, 257, 65537, 0xffff_ffff, MAX_EXPONENT]),
        ) {
            let bits = u64::try_from(bits).unwrap();
            let mut n = BigUint::from_bytes_be(&modulus) % (BigUint::from(1_u8) << bits);
            n.set_bit(0, true);
            n.set_bit(bits - 1, true);
            let s = BigUint::from_bytes_be(&signature) % &n;
            prop_assert_eq!(recover(&n, exponent, &s), Some(s.modpow(&exponent.into(), &n)));
        }
    }
}
