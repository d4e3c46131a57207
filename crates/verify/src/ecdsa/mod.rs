//! ECDSA signature verification (FIPS 186-5 §6.4.2) over P-256 and P-384.

mod field;
mod generator;
mod inverse;
mod p256;
mod p384;
mod point;
mod product;
mod sum;
#[cfg(test)]
mod tests;

use pki_types::InvalidSignature;

use crate::der;
use crate::hash::Hash;
use crate::limbs::{BLOCK, add, from_octets, less};
use crate::montgomery::Modulus;
use field::{Element, Field, LIMBS};
use point::{Affine, Jacobian};

/// A curve of SP 800-186 §3.2.1.
pub(crate) type Curve = Field;

/// Verifies `signature`, a DER-encoded ECDSA-Sig-Value, over `message` with the uncompressed point
/// `public_key` (0x04 || x || y; RFC 5480 §2.2 requires that form of everyone and no other).
pub(crate) fn verify(
    curve: Curve,
    hash: Hash,
    public_key: &[u8],
    message: &[u8],
    signature: &[u8],
) -> Result<(), InvalidSignature> {
    let hash_value = hash.of(&[message]);
    match is_valid(curve, public_key, hash_value.as_slice(), signature) {
        Some(true) => Ok(()),
        _ => Err(InvalidSignature),
    }
}

/// Whether the signature is one of the hash value; `None` where key or signature are malformed.
///
/// Not inlined, so that its numbers are not on the stack for RSA.
#[inline(never)]
fn is_valid(curve: Curve, public_key: &[u8], hash_value: &[u8], signature: &[u8]) -> Option<bool> {
    let q = point(curve, public_key)?;
    let order = order(curve);
    let length = order.len();
    // Step 1: r and s are between 1 and n − 1. DER has refused zero.
    let (r, s) = der::two_positive_integers(signature)?;
    let r = number(r, order)?;
    let mut s = number(s, order)?;

    // Step 2, §6.4.1 step 2: the hash value's leftmost bits, as many as n has.
    let mut e: Element = [0; _];
    from_octets(&mut e, hash_value.get(..length * 4).unwrap_or(hash_value));
    // Steps 3 and 4. The inverse comes as 2^(32·L)/s, whose Montgomery product with x is x/s.
    let s = s.get_mut(..length)?;
    inverse::invert(s, order)?;
    let [mut u1, mut u2] = [[0; LIMBS]; 2];
    let (u1, u2) = (u1.get_mut(..length)?, u2.get_mut(..length)?);
    divide(u1, &e, s, order)?;
    divide(u2, &r, s, order)?;

    // Steps 5 to 8.
    let mut sum = Jacobian::INFINITY;
    sum::sum_of_products(&mut sum, curve, u1, u2, &q)?;
    Some(has_x(curve, &sum, r))
}

/// The public key's point. It is on the curve, not the point at infinity, and, as the curves have
/// no others, of order n (SP 800-56A revision 3 §5.6.2.3.3).
fn point(curve: Curve, public_key: &[u8]) -> Option<Affine> {
    let p = curve.p();
    let [0x04, coordinates @ ..] = public_key else { return None };
    if coordinates.len() != 2 * 4 * p.len() {
        return None;
    }
    let (x, y) = coordinates.split_at_checked(4 * p.len())?;
    let mut point = Affine { x: number(x, p)?, y: number(y, p)? };
    curve.enter(&mut point.x);
    curve.enter(&mut point.y);
    point.is_on_curve(curve).then_some(point)
}

/// Big-endian octets as a number below `end`; `None` where they are not below.
fn number(octets: &[u8], end: &[u32]) -> Option<Element> {
    if octets.len() > 4 * end.len() {
        return None;
    }
    let mut number = [0; LIMBS];
    from_octets(&mut number, octets);
    less(number.get(..end.len())?, end).then_some(number)
}

/// `quotient = x/s` modulo the order, given 2^(32·L)/s.
fn divide(quotient: &mut [u32], x: &Element, inverse: &[u32], order: &[u32]) -> Option<()> {
    let modulus = Modulus::new(order)?;
    quotient.copy_from_slice(inverse);
    let mut scratch = [0; 2 * LIMBS];
    let scratch = scratch.get_mut(..2 * order.len())?;
    modulus.multiply(quotient, x.as_chunks::<BLOCK>().0.iter().copied(), scratch);
    Some(())
}

/// Whether the point's x-coordinate is r modulo n, and the point not that at infinity.
///
/// x is below p and p below 2·n, so x is r or r + n. Neither is inverted for: x·z² is compared.
fn has_x(curve: Curve, sum: &Jacobian, r: Element) -> bool {
    if sum.infinity {
        return false;
    }
    let z2 = curve.squared(&sum.z);
    let is_x = |candidate: &Element| {
        let mut difference = *candidate;
        curve.enter(&mut difference);
        curve.multiply(&mut difference, &z2);
        curve.subtract(&mut difference, &sum.x);
        curve.is_zero(&difference)
    };
    if is_x(&r) {
        return true;
    }
    let length = curve.p().len();
    let mut r = r;
    let Some(limbs) = r.get_mut(..length) else { return false };
    let carry = add(limbs, order(curve), false);
    !carry && less(limbs, curve.p()) && is_x(&r)
}

/// n, the number of the curve's points.
fn order(curve: Curve) -> &'static [u32] {
    match curve {
        Field::P256 => {
            &[0xfc63_2551, 0xf3b9_cac2, 0xa717_9e84, 0xbce6_faad, 0xffff_ffff, 0xffff_ffff, 0, 0xffff_ffff]
        }
        Field::P384 => &[
            0xccc5_2973,
            0xecec_196a,
            0x48b0_a77a,
            0x581a_0db2,
            0xf437_2ddf,
            0xc763_4d81,
            0xffff_ffff,
            0xffff_ffff,
            0xffff_ffff,
            0xffff_ffff,
            0xffff_ffff,
            0xffff_ffff,
        ],
    }
}
