//! Inversion modulo an odd prime by Kaliski's almost-inverse (B. S. Kaliski, "The Montgomery inverse
//! and its applications", IEEE Transactions on Computers 44 (8), 1995).
//!
//! It shifts and subtracts until nothing is left, in a time that depends on the number: a tenth of
//! what an exponentiation takes, and good for public numbers only.

use core::mem::swap;

use super::field::LIMBS;
use crate::limbs::{BLOCK, add, less, multiply_add, subtract};

/// A number that may have a bit more than the modulus, and so a block more.
type Wide = [u32; LIMBS + BLOCK];

/// `a = 2^(32·L)/a mod m` for `a < m`, `L` limbs both, `m` an odd prime whose top bit is set.
///
/// `None`, and `a` is to be given up, where there is no inverse: for zero.
#[must_use = "without an inverse there is nothing to go on with"]
pub(super) fn invert(a: &mut [u32], m: &[u32]) -> Option<()> {
    let (mut result, k) = almost_inverse(a, m)?;
    // 32·L ≤ k ≤ 64·L (Kaliski's theorem 1); the factor 2^(k − 32·L) is too much.
    let excess = m.iter().try_fold(k, |k, _| k.checked_sub(32))?;
    divide_by_power(&mut result, m, excess)?;
    copy(a, &result);
    Some(())
}

/// `x = x/2^bits mod m` for `x < m`, up to 31 bits at a time: a multiple of m that makes them zero is
/// added, and they are shifted out.
fn divide_by_power(x: &mut Wide, m: &[u32], bits: u32) -> Option<()> {
    let lowest = m.first()?;
    // −1/m modulo 2³², by Newton's iteration from three right bits on.
    let inverse = (0..4)
        .fold(*lowest, |inverse, _| inverse.wrapping_mul(2_u32.wrapping_sub(lowest.wrapping_mul(inverse))));
    let mut bits = bits;
    while bits > 0 {
        let step = bits.min(31);
        let [lowest, ..] = *x;
        let factor = lowest.wrapping_mul(inverse.wrapping_neg()) & ((1 << step) - 1);
        let mut carry = 0;
        for (x, m) in x.iter_mut().zip(m.iter().chain(&[0])) {
            (*x, carry) = multiply_add(factor, *m, *x, carry);
        }
        // The sum is less than 2^step·m, and what is left less than m.
        shift_right(x, step);
        bits -= step;
    }
    Some(())
}

/// `2^k/a mod m`, and `k`; `None` where `a` is zero or has a factor in common with `m`.
///
/// Throughout, with one sign or the other, `u·2^k ≡ ±a·r` and `v·2^k ≡ ∓a·s` modulo m, and
/// `u·s + v·r = m`; so r and s stay below 2·m.
fn almost_inverse(a: &[u32], m: &[u32]) -> Option<(Wide, u32)> {
    // Halving would not come to an end.
    if a.iter().all(|limb| *limb == 0) {
        return None;
    }
    let length = m.len();
    let [mut u, mut v, mut r, mut s] = [[0; LIMBS + BLOCK]; 4];
    copy(&mut u, m);
    copy(&mut v, a);
    let [mut u, mut v, mut r, mut s] = [&mut u[..], &mut v, &mut r, &mut s];
    *s.first_mut()? = 1;
    // Whether it is −a·r that u·2^k is congruent to.
    let mut negative = true;
    let mut k = 0;
    // u and v shrink as r and s grow: the limbs in use, the highest of r and s being zero.
    let (mut shrinking, mut growing) = (length, BLOCK);
    loop {
        // u is odd and v is not zero.
        while let zeros @ 1.. = trailing_zeros(v) {
            shift_right(v.get_mut(..shrinking)?, zeros);
            shift_left(r.get_mut(..growing)?, zeros);
            k += zeros;
            growing += grown(r, growing);
        }
        if less(v.get(..shrinking)?, u.get(..shrinking)?) {
            swap(&mut u, &mut v);
            swap(&mut r, &mut s);
            negative = !negative;
        }
        subtract(v.get_mut(..shrinking)?, u);
        add(s.get_mut(..growing)?, r, false);
        growing += grown(s, growing);
        if v.iter().all(|limb| *limb == 0) {
            break;
        }
        if shrunk(u, shrinking) && shrunk(v, shrinking) {
            shrinking -= BLOCK;
        }
    }
    // u is the greatest common divisor.
    if !is_one(u) {
        return None;
    }
    shift_left(r, 1);
    k += 1;
    let mut modulus = [0; LIMBS + BLOCK];
    copy(&mut modulus, m);
    if !less(r, &modulus) {
        subtract(r, &modulus);
    }
    let mut result = [0; LIMBS + BLOCK];
    if negative {
        copy(&mut result, m);
        subtract(&mut result, r);
    } else {
        copy(&mut result, r);
    }
    Some((result, k))
}

fn is_one(x: &[u32]) -> bool {
    matches!(x, [1, above @ ..] if above.iter().all(|limb| *limb == 0))
}

/// The limbs that `x` needs more than the `length` in use.
fn grown(x: &[u32], length: usize) -> usize {
    let full = x.get(..length).and_then(<[u32]>::last).is_some_and(|highest| *highest != 0);
    if full { BLOCK } else { 0 }
}

/// Whether `x`, whose limbs in use are `length`, needs a block less of them.
fn shrunk(x: &[u32], length: usize) -> bool {
    x.get(length.saturating_sub(BLOCK)..length).is_some_and(|top| top.iter().all(|limb| *limb == 0))
}

fn copy(to: &mut [u32], from: &[u32]) {
    to.iter_mut().zip(from).for_each(|(to, from)| *to = *from);
}

/// Zero bits at the low end, of which only the lowest limb's first 31 are counted at a time.
fn trailing_zeros(x: &[u32]) -> u32 {
    x.first().map_or(0, |lowest| lowest.trailing_zeros().min(31))
}

/// Shifts by 1 to 31 bits; the length is a multiple of `BLOCK`.
fn shift_right(x: &mut [u32], bits: u32) {
    let mut entering = 0;
    for [x0, x1, x2, x3] in x.as_chunks_mut::<BLOCK>().0.iter_mut().rev() {
        let leaving = *x0 << (32 - bits);
        *x0 = *x0 >> bits | *x1 << (32 - bits);
        *x1 = *x1 >> bits | *x2 << (32 - bits);
        *x2 = *x2 >> bits | *x3 << (32 - bits);
        *x3 = *x3 >> bits | entering;
        entering = leaving;
    }
}

/// Shifts by 1 to 31 bits; the length is a multiple of `BLOCK`.
fn shift_left(x: &mut [u32], bits: u32) {
    let mut entering = 0;
    for [x0, x1, x2, x3] in x.as_chunks_mut::<BLOCK>().0 {
        let leaving = *x3 >> (32 - bits);
        *x3 = *x3 << bits | *x2 >> (32 - bits);
        *x2 = *x2 << bits | *x1 >> (32 - bits);
        *x1 = *x1 << bits | *x0 >> (32 - bits);
        *x0 = *x0 << bits | entering;
        entering = leaving;
    }
}
