//! Multiplication modulo the prime of P-256, p = 2²⁵⁶ − 2²²⁴ + 2¹⁹² + 2⁹⁶ − 1.

use super::field::Element;
use super::product::{column, multiply_row, wide};
#[cfg(feature = "straight-line-squaring")]
use super::product::{doubled, limb, square_row};
#[cfg(feature = "straight-line-squaring")]
use crate::limbs::halves;
use crate::limbs::{multiply_add, subtract};

/// Limbs of p.
const LENGTH: usize = 8;

/// p.
pub(super) const P: [u32; LENGTH] =
    [0xffff_ffff, 0xffff_ffff, 0xffff_ffff, 0x0000_0000, 0x0000_0000, 0x0000_0000, 0x0000_0001, 0xffff_ffff];

/// `a = a·b/2²⁵⁶`, as [`Field::multiply`](super::field::Field::multiply).
pub(super) fn multiply(a: &mut Element, b: &Element) {
    let mut high = [0; LENGTH];
    let [b @ .., _, _, _, _] = *b;
    let low = b.map(|b| multiply_row!(high, a, b; 0 1 2 3 4 5 6; 7));
    reduce(a, &low, &high);
}

/// `a = a²/2²⁵⁶`, as [`Field::square`](super::field::Field::square).
#[cfg(feature = "straight-line-squaring")]
pub(super) fn square(a: &mut Element) {
    let mut t = [[0; LENGTH], [0; LENGTH]];
    let d = doubled!(a; 2 3 4 5 6 7);
    square_row!(t, a, d, 0; 2 3 4 5 6 7);
    square_row!(t, a, d, 1; 3 4 5 6 7);
    square_row!(t, a, d, 2; 4 5 6 7);
    square_row!(t, a, d, 3; 5 6 7);
    square_row!(t, a, d, 4; 6 7);
    square_row!(t, a, d, 5; 7);
    square_row!(t, a, d, 6; );
    square_row!(t, a, 7);
    let [low, high] = t;
    reduce(a, &low, &high);
}

/// `r = (high·2²⁵⁶ + low)/2²⁵⁶` modulo p, in 256 bits.
///
/// −p⁻¹ ≡ 1 modulo 2³², so the multiple of p that makes column k zero is the column itself: m[k].
/// p's own limbs are sums of powers of 2³², so adding m[k]·p is adding m[k] to, or subtracting it
/// from, a few columns: k + 3, k + 6, k + 8; and k + 7. No multiplication is left.
#[inline(always)]
fn reduce(r: &mut Element, low: &[u32; LENGTH], high: &[u32; LENGTH]) {
    let (m0, carry) = column(wide(low[0]));
    let (m1, carry) = column(carry + wide(low[1]));
    let (m2, carry) = column(carry + wide(low[2]));
    let (m3, carry) = column(carry + wide(low[3]) + wide(m0));
    let (m4, carry) = column(carry + wide(low[4]) + wide(m1));
    let (m5, carry) = column(carry + wide(low[5]) + wide(m2));
    let (m6, carry) = column(carry + wide(low[6]) + wide(m3) + wide(m0));
    let (m7, carry) = column(carry + wide(low[7]) + wide(m4) + wide(m1) - wide(m0));
    let (r0, carry) = column(carry + wide(high[0]) + wide(m5) + wide(m2) - wide(m1) + wide(m0));
    let (r1, carry) = column(carry + wide(high[1]) + wide(m6) + wide(m3) - wide(m2) + wide(m1));
    let (r2, carry) = column(carry + wide(high[2]) + wide(m7) + wide(m4) - wide(m3) + wide(m2));
    let (r3, carry) = column(carry + wide(high[3]) + wide(m5) - wide(m4) + wide(m3));
    let (r4, carry) = column(carry + wide(high[4]) + wide(m6) - wide(m5) + wide(m4));
    let (r5, carry) = column(carry + wide(high[5]) + wide(m7) - wide(m6) + wide(m5));
    let (r6, carry) = column(carry + wide(high[6]) - wide(m7) + wide(m6));
    let (r7, carry) = column(carry + wide(high[7]) + wide(m7));
    *r = [r0, r1, r2, r3, r4, r5, r6, r7, 0, 0, 0, 0];
    // (a·b + m·p)/2²⁵⁶ < 2²⁵⁶ + p: once is enough.
    if carry != 0 {
        subtract(r, &P);
    }
}
