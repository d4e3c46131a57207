//! Multiplication modulo the prime of P-384, p = 2³⁸⁴ − 2¹²⁸ − 2⁹⁶ + 2³² − 1.

use super::field::Element;
use super::product::{column, multiply_row, wide};
#[cfg(feature = "straight-line-squaring")]
use super::product::{doubled, limb, square_row};
#[cfg(feature = "straight-line-squaring")]
use crate::limbs::halves;
use crate::limbs::{multiply_add, subtract};

/// Limbs of p.
const LENGTH: usize = 12;

/// p.
pub(super) const P: [u32; LENGTH] = [
    0xffff_ffff,
    0x0000_0000,
    0x0000_0000,
    0xffff_ffff,
    0xffff_fffe,
    0xffff_ffff,
    0xffff_ffff,
    0xffff_ffff,
    0xffff_ffff,
    0xffff_ffff,
    0xffff_ffff,
    0xffff_ffff,
];

/// `a = a·b/2³⁸⁴`, as [`Field::multiply`](super::field::Field::multiply).
pub(super) fn multiply(a: &mut Element, b: &Element) {
    let mut high = [0; LENGTH];
    let low = b.map(|b| multiply_row!(high, a, b; 0 1 2 3 4 5 6 7 8 9 10; 11));
    reduce(a, &low, &high);
}

/// `a = a²/2³⁸⁴`, as [`Field::square`](super::field::Field::square).
#[cfg(feature = "straight-line-squaring")]
pub(super) fn square(a: &mut Element) {
    let mut t = [[0; LENGTH], [0; LENGTH]];
    let d = doubled!(a; 2 3 4 5 6 7 8 9 10 11);
    square_row!(t, a, d, 0; 2 3 4 5 6 7 8 9 10 11);
    square_row!(t, a, d, 1; 3 4 5 6 7 8 9 10 11);
    square_row!(t, a, d, 2; 4 5 6 7 8 9 10 11);
    square_row!(t, a, d, 3; 5 6 7 8 9 10 11);
    square_row!(t, a, d, 4; 6 7 8 9 10 11);
    square_row!(t, a, d, 5; 7 8 9 10 11);
    square_row!(t, a, d, 6; 8 9 10 11);
    square_row!(t, a, d, 7; 9 10 11);
    square_row!(t, a, d, 8; 10 11);
    square_row!(t, a, d, 9; 11);
    square_row!(t, a, d, 10; );
    square_row!(t, a, 11);
    let [low, high] = t;
    reduce(a, &low, &high);
}

/// `r = (high·2³⁸⁴ + low)/2³⁸⁴` modulo p, in 384 bits.
///
/// −p⁻¹ ≡ 1 modulo 2³², so the multiple of p that makes column k zero is the column itself: m[k].
/// p's own limbs are sums of powers of 2³², so adding m[k]·p is adding m[k] to, or subtracting it
/// from, a few columns: k + 1, k + 12; and k + 3, k + 4. No multiplication is left.
#[inline(always)]
fn reduce(r: &mut Element, low: &[u32; LENGTH], high: &[u32; LENGTH]) {
    let (m0, carry) = column(wide(low[0]));
    let (m1, carry) = column(carry + wide(low[1]) + wide(m0));
    let (m2, carry) = column(carry + wide(low[2]) + wide(m1));
    let (m3, carry) = column(carry + wide(low[3]) + wide(m2) - wide(m0));
    let (m4, carry) = column(carry + wide(low[4]) + wide(m3) - wide(m1) - wide(m0));
    let (m5, carry) = column(carry + wide(low[5]) + wide(m4) - wide(m2) - wide(m1));
    let (m6, carry) = column(carry + wide(low[6]) + wide(m5) - wide(m3) - wide(m2));
    let (m7, carry) = column(carry + wide(low[7]) + wide(m6) - wide(m4) - wide(m3));
    let (m8, carry) = column(carry + wide(low[8]) + wide(m7) - wide(m5) - wide(m4));
    let (m9, carry) = column(carry + wide(low[9]) + wide(m8) - wide(m6) - wide(m5));
    let (m10, carry) = column(carry + wide(low[10]) + wide(m9) - wide(m7) - wide(m6));
    let (m11, carry) = column(carry + wide(low[11]) + wide(m10) - wide(m8) - wide(m7));
    let (r0, carry) = column(carry + wide(high[0]) + wide(m11) - wide(m9) - wide(m8) + wide(m0));
    let (r1, carry) = column(carry + wide(high[1]) - wide(m10) - wide(m9) + wide(m1));
    let (r2, carry) = column(carry + wide(high[2]) - wide(m11) - wide(m10) + wide(m2));
    let (r3, carry) = column(carry + wide(high[3]) - wide(m11) + wide(m3));
    let (r4, carry) = column(carry + wide(high[4]) + wide(m4));
    let (r5, carry) = column(carry + wide(high[5]) + wide(m5));
    let (r6, carry) = column(carry + wide(high[6]) + wide(m6));
    let (r7, carry) = column(carry + wide(high[7]) + wide(m7));
    let (r8, carry) = column(carry + wide(high[8]) + wide(m8));
    let (r9, carry) = column(carry + wide(high[9]) + wide(m9));
    let (r10, carry) = column(carry + wide(high[10]) + wide(m10));
    let (r11, carry) = column(carry + wide(high[11]) + wide(m11));
    *r = [r0, r1, r2, r3, r4, r5, r6, r7, r8, r9, r10, r11];
    // (a·b + m·p)/2³⁸⁴ < 2³⁸⁴ + p: once is enough.
    if carry != 0 {
        subtract(r, &P);
    }
}
