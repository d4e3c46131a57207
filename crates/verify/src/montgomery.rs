//! Montgomery arithmetic modulo an odd number of any multiple of four limbs: RSA moduli and group
//! orders.
//!
//! With `n` the modulus and `L` its limbs, R = 2^(32·L). Numbers are kept below `n` between
//! operations.

use crate::limbs::{BLOCK, Block, add, add_product, halves, less, multiply_add, subtract};

/// An odd modulus, prepared.
pub(crate) struct Modulus<'n> {
    n: &'n [u32],
    /// −n⁻¹ modulo 2¹²⁸.
    negated_inverse: Block,
}

impl<'n> Modulus<'n> {
    /// `None` unless `n` is odd and a multiple of `BLOCK` limbs long. Limbs at the top may be zero.
    pub(crate) fn new(n: &'n [u32]) -> Option<Self> {
        let lowest = n.first_chunk::<BLOCK>()?;
        let [first, ..] = *lowest;
        if first & 1 == 0 || !n.len().is_multiple_of(BLOCK) {
            return None;
        }
        Some(Self { n, negated_inverse: negated_inverse(lowest) })
    }

    /// `x = x·b/R mod n`, for `x < n` and `b < n`, given as blocks from the least significant one
    /// on. `scratch` is `2·L` limbs long.
    pub(crate) fn multiply(&self, x: &mut [u32], b: impl Iterator<Item = Block>, scratch: &mut [u32]) {
        let length = self.n.len();
        scratch.fill(0);
        let mut rest = &mut *scratch;
        for b in b.take(length / BLOCK) {
            let Some((row, above)) = rest.split_at_mut_checked(length) else { break };
            set(above, &add_product(row, x, &b));
            rest = rest.get_mut(BLOCK..).unwrap_or_default();
        }
        self.reduce(x, scratch);
    }

    /// `x = x²/R mod n`, for `x < n`. `scratch` is `2·L` limbs long.
    pub(crate) fn square(&self, x: &mut [u32], scratch: &mut [u32]) {
        // The products of different blocks, once each,
        scratch.fill(0);
        let mut rest = &mut *scratch;
        let mut blocks = &*x;
        while let Some((block, higher)) = blocks.split_first_chunk::<BLOCK>() {
            let Some((_, row)) = rest.split_at_mut_checked(BLOCK) else { break };
            let Some((row, above)) = row.split_at_mut_checked(higher.len()) else { break };
            set(above, &add_product(row, higher, block));
            blocks = higher;
            rest = rest.get_mut(2 * BLOCK..).unwrap_or_default();
        }
        // doubled, and the squares of the blocks added.
        let mut top_bit = 0;
        let mut carry = false;
        for (sum, block) in scratch.as_chunks_mut::<{ 2 * BLOCK }>().0.iter_mut().zip(x.as_chunks().0) {
            let mut low = [0; BLOCK];
            let high = add_product(&mut low, block, block);
            for limb in sum.iter_mut() {
                let doubled = *limb << 1 | top_bit;
                top_bit = *limb >> 31;
                *limb = doubled;
            }
            let (low_sum, high_sum) = sum.split_at_mut(BLOCK);
            carry = add(low_sum, &low, carry);
            carry = add(high_sum, &high, carry);
        }
        self.reduce(x, scratch);
    }

    /// `x = x·R mod n`, for `x < n` and `n` at least three limbs long.
    ///
    /// Schoolbook division, a limb of zeros entering at the bottom in each of the `L` steps. The
    /// quotient is estimated by the reciprocal of the modulus' leading 64 bits, and never too large.
    pub(crate) fn enter(&self, x: &mut [u32]) {
        let significant = self.n.iter().rposition(|limb| *limb != 0).map_or(0, |top| top + 1);
        let leading = |x: &[u32], shift| leading_bits(x.get(..significant).unwrap_or_default(), shift);
        let shift = self.n.get(..significant).and_then(<[u32]>::last).map_or(0, |top| top.leading_zeros());
        let reciprocal = reciprocal(leading(self.n, shift));
        for _ in 0..self.n.len() {
            let quotient = estimate(leading(x, shift), reciprocal);
            let mut above = shift_and_subtract(x, self.n, quotient);
            while above != 0 || !less(x, self.n) {
                above = above.wrapping_sub(u32::from(subtract(x, self.n)));
            }
        }
    }

    /// `x = t/R mod n` for `t < n·R`, `2·L` limbs long, of which nothing remains.
    fn reduce(&self, x: &mut [u32], t: &mut [u32]) {
        let length = self.n.len();
        let mut carry = false;
        let mut rest = t;
        while let Some((row, above)) = rest.split_at_mut_checked(length)
            && let Some(lowest) = row.first_chunk::<BLOCK>()
            && let Some(above) = above.get_mut(..BLOCK)
        {
            // The multiple of n that makes the lowest block zero.
            let m = multiply_low(lowest, &self.negated_inverse);
            let high = add_product(row, self.n, &m);
            carry = add(above, &high, carry);
            rest = rest.get_mut(BLOCK..).unwrap_or_default();
        }
        x.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
        // t < n·R makes the sum less than 2·n·R, so one subtraction is enough.
        if carry || !less(x, self.n) {
            subtract(x, self.n);
        }
    }
}

/// Puts the block at the front of `to`.
fn set(to: &mut [u32], block: &Block) {
    to.iter_mut().zip(block).for_each(|(to, from)| *to = *from);
}

/// −n⁻¹ modulo 2¹²⁸, by Newton's iteration: each step doubles the number of right bits.
fn negated_inverse(n: &Block) -> Block {
    // n·n ≡ 1 modulo 8 for every odd n: n itself is right in three bits.
    let mut inverse = *n;
    for _ in 0..6 {
        // x·(2 − n·x)
        let mut correction = [2, 0, 0, 0];
        subtract(&mut correction, &multiply_low(n, &inverse));
        inverse = multiply_low(&inverse, &correction);
    }
    let mut negated = [0; BLOCK];
    subtract(&mut negated, &inverse);
    negated
}

/// `a·b` modulo 2¹²⁸.
fn multiply_low(a: &Block, b: &Block) -> Block {
    let mut product = [0; BLOCK];
    for (skip, b) in b.iter().enumerate() {
        let mut carry = 0;
        for (sum, a) in product.iter_mut().skip(skip).zip(a) {
            (*sum, carry) = multiply_add(*a, *b, *sum, carry);
        }
    }
    product
}

/// The 64 bits from the one that `shift` moves to the top of the highest limb on.
fn leading_bits(x: &[u32], shift: u32) -> u64 {
    let [.., third, second, first] = x else { return 0 };
    let leading = u64::from(*first) << 32 | u64::from(*second);
    leading << shift | (u64::from(*third) << shift) >> 32
}

/// ⌊2⁹⁶ / (divisor + 1)⌋ − 2³² for a divisor whose top bit is set: the reciprocal, from below.
fn reciprocal(divisor: u64) -> u32 {
    let mut quotient = 0;
    let mut remainder = !divisor;
    for _ in 0..32 {
        let over = remainder >> 63 != 0;
        remainder <<= 1;
        quotient <<= 1;
        if over || remainder > divisor {
            remainder = remainder.wrapping_sub(divisor).wrapping_sub(1);
            quotient |= 1;
        }
    }
    quotient
}

/// ⌊leading·(2³² + reciprocal) / 2⁶⁴⌋: the limb of the quotient or, rarely, up to two less.
fn estimate(leading: u64, reciprocal: u32) -> u32 {
    let (low, high) = halves(leading);
    let (_, carry) = multiply_add(low, reciprocal, 0, 0);
    let (sum, above) = multiply_add(high, reciprocal, carry, 0);
    // leading is less than the divisor, so the sum stays below 2⁶⁴.
    halves(leading.wrapping_add(u64::from(above) << 32 | u64::from(sum))).1
}

/// `x = x·2³² − quotient·n`, and the limb above.
fn shift_and_subtract(x: &mut [u32], n: &[u32], quotient: u32) -> u32 {
    let mut entering = 0_u32;
    let mut carry = 0_u32;
    for (x, n) in x.iter_mut().zip(n) {
        let (low, high) = multiply_add(*n, quotient, carry, 0);
        let (difference, borrow) = entering.overflowing_sub(low);
        entering = *x;
        *x = difference;
        // high is 2³² − 1 only where low is zero and nothing is borrowed.
        carry = high.wrapping_add(u32::from(borrow));
    }
    entering.wrapping_sub(carry)
}
