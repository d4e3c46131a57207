//! u₁·G + u₂·Q by Strauss and Shamir's trick: one run of doublings, both products' additions in it.

use super::field::{Field, copy};
use super::generator;
use super::point::{Affine, Jacobian};

/// Bits of a window of u₂: 4 odd multiples of Q, on the stack.
const Q_WINDOW: isize = 4;

/// `sum = u1·G + u2·q`. The scalars have as many limbs as the field. `None`, and the sum is to be
/// given up, only where `q` is no point of the curve.
#[must_use = "without the sum there is nothing to go on with"]
pub(super) fn sum_of_products(
    sum: &mut Jacobian,
    field: Field,
    u1: &[u32],
    u2: &[u32],
    q: &Affine,
) -> Option<()> {
    let mut multiples = [*q; 4];
    q.odd_multiples(field, &mut multiples)?;
    let mut g_digits = Digits::new(u1, generator::window(field));
    let mut q_digits = Digits::new(u2, Q_WINDOW);
    let mut term = *q;
    *sum = Jacobian::INFINITY;
    let mut h = [0; _];
    for position in (0..=u1.len() * 32).rev() {
        sum.double(field);
        if let Some(digit) = g_digits.at(position) {
            generator::load(&mut term, field, digit.index)?;
            digit.sign(field, &mut term);
            sum.add(field, &term, &mut h);
        }
        if let Some(digit) = q_digits.at(position) {
            let multiple = multiples.get(digit.index)?;
            term = Affine { x: copy(&multiple.x), y: copy(&multiple.y) };
            digit.sign(field, &mut term);
            sum.add(field, &term, &mut h);
        }
    }
    Some(())
}

/// A digit ±1, ±3, ±5, …
struct Digit {
    /// Half the digit's magnitude, rounded down: its place in a table of odd multiples.
    index: usize,
    negative: bool,
}

impl Digit {
    /// Gives the multiple this digit's sign.
    fn sign(&self, field: Field, multiple: &mut Affine) {
        if self.negative {
            let y = copy(&multiple.y);
            multiple.y = [0; _];
            field.subtract(&mut multiple.y, &y);
        }
    }
}

/// The signed digits of a scalar, from the left, at most one in `window` positions.
///
/// This is wMOF (K. Okeya et al., "Signed binary representations revisited", CRYPTO 2004): as few
/// digits as the non-adjacent form of the same width, found from the left so that they need not be
/// stored. The scalar, doubled, minus itself has the digit b(i − 1) − b(i) at position i; where that
/// is not zero, `window` of these are taken together.
struct Digits<'a> {
    scalar: &'a [u32],
    window: isize,
    /// Positions from this one on are taken.
    taken: isize,
    /// The digit that was taken last, and its position.
    pending: Option<(isize, Digit)>,
}

impl<'a> Digits<'a> {
    fn new(scalar: &'a [u32], window: isize) -> Self {
        Self { scalar, window, taken: isize::MAX, pending: None }
    }

    /// The digit at this position, if there is one. To be asked for each position, falling.
    fn at(&mut self, position: usize) -> Option<Digit> {
        let position = position.cast_signed();
        if position < self.taken && self.bit(position) != self.bit(position - 1) {
            self.taken = position - self.window + 1;
            self.pending = Some(self.take(position));
        }
        self.pending.take_if(|(at, _)| *at == position).map(|(_, digit)| digit)
    }

    /// The window from `first` down, as an odd digit and its position. Positions below zero hold
    /// zeros, so the digit's is never below.
    fn take(&self, first: isize) -> (isize, Digit) {
        let last = first - self.window + 1;
        // The sum of (b(i − 1) − b(i))·2^(i − last) telescopes.
        let mut value = -self.bit(first);
        for position in (last - 1..first).rev() {
            let weight = if position >= last { value } else { 0 };
            value += weight + self.bit(position);
        }
        let mut place = last;
        let mut magnitude = value.unsigned_abs();
        while magnitude != 0 && magnitude.is_multiple_of(2) {
            magnitude /= 2;
            place += 1;
        }
        (place, Digit { index: magnitude / 2, negative: value < 0 })
    }

    /// The scalar's bit at this position; zero outside of it.
    fn bit(&self, position: isize) -> isize {
        let Ok(position) = usize::try_from(position) else { return 0 };
        self.scalar.get(position / 32).map_or(0, |limb| isize::from(limb >> (position % 32) & 1 == 1))
    }
}

#[cfg(test)]
mod tests {
    use num_bigint::BigInt;
    use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};

    use super::*;

    proptest! {
        /// The digits sum up to the scalar, and are in the table.
        #[test]
        fn digits_are_the_scalar(scalar in any::<[u32; 8]>(), ones in 0..8_usize, window in 2..=7_isize) {
            let mut scalar = scalar;
            scalar[ones] = u32::MAX;
            let mut digits = Digits::new(&scalar, window);
            let mut sum = BigInt::ZERO;
            for position in (0..=256).rev() {
                sum *= 2;
                if let Some(digit) = digits.at(position) {
                    let odd = 2 * digit.index + 1;
                    prop_assert!(odd < 1 << (window - 1));
                    sum += if digit.negative { -BigInt::from(odd) } else { BigInt::from(odd) };
                }
            }
            prop_assert_eq!(sum, BigInt::from(num_bigint::BigUint::from_slice(&scalar)));
        }
    }
}
