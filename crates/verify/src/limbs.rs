//! Natural numbers as slices of 32-bit limbs, least significant first, and the one kernel that
//! multiplies them.
//!
//! Everything here runs in variable time, on purpose: see the crate's documentation.

/// Limbs that the kernel takes at once; the operands' lengths are multiples of it.
pub(crate) const BLOCK: usize = 4;

/// `BLOCK` limbs.
pub(crate) type Block = [u32; BLOCK];

/// The low and the high half.
#[expect(clippy::cast_possible_truncation, reason = "the halves are what is asked for")]
#[inline(always)]
pub(crate) const fn halves(x: u64) -> (u32, u32) {
    (x as u32, (x >> 32) as u32)
}

/// `a·b + c + d`, low and high limb. (2³² − 1)² + 2·(2³² − 1) = 2⁶⁴ − 1: it cannot overflow.
#[inline(always)]
pub(crate) fn multiply_add(a: u32, b: u32, c: u32, d: u32) -> (u32, u32) {
    halves(u64::from(a) * u64::from(b) + u64::from(c) + u64::from(d))
}

/// Adds `a·b` to `sum`, which is as long as `a`, a multiple of `BLOCK` limbs, and returns the limbs
/// above `sum`.
///
/// Four rows of the multiplication advance together along `a`, so that a limb of `sum` is loaded
/// and stored once for four products; the four limbs in flight stay in registers.
pub(crate) fn add_product(sum: &mut [u32], a: &[u32], b: &Block) -> Block {
    let mut window = [0; BLOCK];
    for (sum, a) in sum.as_chunks_mut::<BLOCK>().0.iter_mut().zip(a.as_chunks::<BLOCK>().0) {
        let [sum0, sum1, sum2, sum3] = sum;
        let [a0, a1, a2, a3] = *a;
        add_column(sum0, a0, b, &mut window);
        add_column(sum1, a1, b, &mut window);
        add_column(sum2, a2, b, &mut window);
        add_column(sum3, a3, b, &mut window);
    }
    window
}

/// `window + sum + a·b` is five limbs long, never more: the lowest goes to `sum`, the rest stays.
#[inline(always)]
fn add_column(sum: &mut u32, a: u32, b: &Block, window: &mut Block) {
    let [b0, b1, b2, b3] = *b;
    let [w0, w1, w2, w3] = *window;
    let (low, carry) = multiply_add(a, b0, w0, *sum);
    let (w0, carry) = multiply_add(a, b1, w1, carry);
    let (w1, carry) = multiply_add(a, b2, w2, carry);
    let (w2, w3) = multiply_add(a, b3, w3, carry);
    *sum = low;
    *window = [w0, w1, w2, w3];
}

/// Adds `b` and the carry to `a`, whose lengths are multiples of `BLOCK`, over the shorter of the
/// two; the carry out.
pub(crate) fn add(a: &mut [u32], b: &[u32], carry: bool) -> bool {
    add_inlined(a, b, carry)
}

/// [`add`], for where the call would cost a quarter of the time.
#[inline(always)]
pub(crate) fn add_inlined(a: &mut [u32], b: &[u32], carry: bool) -> bool {
    let mut carry = carry;
    for ([a0, a1, a2, a3], [b0, b1, b2, b3]) in
        a.as_chunks_mut::<BLOCK>().0.iter_mut().zip(b.as_chunks::<BLOCK>().0)
    {
        carry = add_limb(a0, *b0, carry);
        carry = add_limb(a1, *b1, carry);
        carry = add_limb(a2, *b2, carry);
        carry = add_limb(a3, *b3, carry);
    }
    carry
}

#[inline(always)]
fn add_limb(a: &mut u32, b: u32, carry: bool) -> bool {
    let (sum, over) = a.overflowing_add(b);
    let (sum, over_too) = sum.overflowing_add(u32::from(carry));
    *a = sum;
    over | over_too
}

/// Subtracts `b` from `a`, whose lengths are multiples of `BLOCK`, over the shorter of the two; the
/// borrow out.
pub(crate) fn subtract(a: &mut [u32], b: &[u32]) -> bool {
    subtract_inlined(a, b)
}

/// [`subtract`], for where the call would cost a quarter of the time.
#[inline(always)]
pub(crate) fn subtract_inlined(a: &mut [u32], b: &[u32]) -> bool {
    let mut borrow = false;
    for ([a0, a1, a2, a3], [b0, b1, b2, b3]) in
        a.as_chunks_mut::<BLOCK>().0.iter_mut().zip(b.as_chunks::<BLOCK>().0)
    {
        borrow = subtract_limb(a0, *b0, borrow);
        borrow = subtract_limb(a1, *b1, borrow);
        borrow = subtract_limb(a2, *b2, borrow);
        borrow = subtract_limb(a3, *b3, borrow);
    }
    borrow
}

#[inline(always)]
fn subtract_limb(a: &mut u32, b: u32, borrow: bool) -> bool {
    let (difference, under) = a.overflowing_sub(b);
    let (difference, under_too) = difference.overflowing_sub(u32::from(borrow));
    *a = difference;
    under | under_too
}

/// Whether `a < b`, both of the same length.
pub(crate) fn less(a: &[u32], b: &[u32]) -> bool {
    a.iter().rev().lt(b.iter().rev())
}

/// Reads a number of big-endian octets; limbs that the octets do not reach become zero, and octets
/// that `limbs` does not reach are left out.
pub(crate) fn from_octets(limbs: &mut [u32], octets: &[u8]) {
    let mut groups = octets.rchunks(4);
    for limb in limbs {
        *limb = limb_from_octets(groups.next().unwrap_or_default());
    }
}

/// One limb of up to four big-endian octets.
pub(crate) fn limb_from_octets(octets: &[u8]) -> u32 {
    octets.iter().fold(0, |limb, octet| limb << 8 | u32::from(*octet))
}

/// Writes a number as big-endian octets; octets that the limbs do not reach become zero, and limbs
/// that `octets` does not reach are left out.
pub(crate) fn to_octets(octets: &mut [u8], limbs: &[u32]) {
    let mut limbs = limbs.iter();
    for group in octets.rchunks_mut(4) {
        let limb = limbs.next().copied().unwrap_or(0);
        for (to, from) in group.iter_mut().rev().zip(limb.to_le_bytes()) {
            *to = from;
        }
    }
}
