//! The pieces of which the multiplications modulo both primes are put together.
//!
//! They are macros where the number of limbs has to be written out: rolled up, these loops double in
//! cost, and a library cannot ask the compiler to unroll them.

/// `a·b` for one limb of `b`: added to `row`, of which the lowest limb is returned and the others
/// move down. The indices but the last, and the last.
///
/// `row` and `a` stay in registers over the limbs of `b`, as far as there are registers.
macro_rules! multiply_row {
    ($row:ident, $a:ident, $b:ident; $($to:literal)*; $last:literal) => {{
        let (low, mut carry) = multiply_add($a[0], $b, $row[0], 0);
        $(($row[$to], carry) = multiply_add($a[$to + 1], $b, $row[$to + 1], carry);)*
        $row[$last] = carry;
        low
    }};
}

/// The limbs of `2·a` with these indices; those below 2 are not asked for.
#[cfg(feature = "straight-line-squaring")]
macro_rules! doubled {
    ($a:ident; $($index:literal)*) => {
        [0, 0, $($a[$index] << 1 | $a[$index - 1] >> 31),*]
    };
}

/// The products of limb `index` of `a` with itself and the higher limbs, those twice: added to `t`,
/// which is low and high half. The indices from `index + 2` on; none for the highest limb.
#[cfg(feature = "straight-line-squaring")]
macro_rules! square_row {
    ($t:ident, $a:ident, $doubled:ident, $index:literal; $($higher:literal)*) => {
        let (low, carry) = multiply_add($a[$index], $a[$index], limb!($t, 2 * $index), 0);
        limb!($t, 2 * $index) = low;
        // The bit that doubling moves up from limb `index` belongs to its own square.
        let next = $a[$index + 1] << 1;
        let (low, carry) = multiply_add($a[$index], next, limb!($t, 2 * $index + 1), carry);
        limb!($t, 2 * $index + 1) = low;
        $(
            let (low, carry) = multiply_add($a[$index], $doubled[$higher], limb!($t, $index + $higher), carry);
            limb!($t, $index + $higher) = low;
        )*
        // The bit that doubling moves out at the top.
        let out = ($a[LENGTH - 1] >> 31).wrapping_neg() & $a[$index];
        let sum = u64::from(carry) + u64::from(out) + u64::from(limb!($t, $index + LENGTH));
        (limb!($t, $index + LENGTH), limb!($t, $index + LENGTH + 1)) = halves(sum);
    };
    ($t:ident, $a:ident, $index:literal) => {
        let (low, carry) = multiply_add($a[$index], $a[$index], limb!($t, 2 * $index), 0);
        limb!($t, 2 * $index) = low;
        limb!($t, 2 * $index + 1) = limb!($t, 2 * $index + 1).wrapping_add(carry);
    };
}

/// A limb of a product that is kept as low and high half.
#[cfg(feature = "straight-line-squaring")]
macro_rules! limb {
    ($t:ident, $index:expr) => {
        $t[($index) / LENGTH][($index) % LENGTH]
    };
}

pub(super) use multiply_row;
#[cfg(feature = "straight-line-squaring")]
pub(super) use {doubled, limb, square_row};

/// A limb as a term of a column.
#[inline(always)]
pub(super) fn wide(limb: u32) -> i64 {
    i64::from(limb)
}

/// The limb that a column leaves, and the carry into the next one, which may be negative.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the low half is asked for")]
#[inline(always)]
pub(super) fn column(sum: i64) -> (u32, i64) {
    (sum as u32, sum >> 32)
}
