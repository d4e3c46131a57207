//! The prime fields of P-256 and P-384.
//!
//! Elements are in Montgomery form: a stands for a/2^(32·L) modulo p, L being the field's limbs.
//! They are not kept below p, only below 2^(32·L), which costs a subtraction only where a carry says
//! so; [`Field::is_zero`] and [`Field::normalize`] see through the difference.

use super::{inverse, p256, p384};
use crate::limbs::{BLOCK, add, add_inlined, less, subtract, subtract_inlined};

/// Limbs of the longest element.
pub(super) const LIMBS: usize = 12;

/// An element. Limbs over the field's length are zero.
pub(super) type Element = [u32; LIMBS];

/// A copy. Limb by limb, because a call of `memcpy` takes three times as long.
#[inline(always)]
pub(super) fn copy(a: &Element) -> Element {
    let [a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11] = *a;
    [a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11]
}

/// A prime field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Field {
    P256,
    P384,
}

impl Field {
    /// The prime.
    pub(super) fn p(self) -> &'static [u32] {
        match self {
            Self::P256 => &p256::P,
            Self::P384 => &p384::P,
        }
    }

    /// `a *= b`.
    pub(super) fn multiply(self, a: &mut Element, b: &Element) {
        match self {
            Self::P256 => p256::multiply(a, b),
            Self::P384 => p384::multiply(a, b),
        }
    }

    /// `a *= a`.
    #[cfg(feature = "straight-line-squaring")]
    pub(super) fn square(self, a: &mut Element) {
        match self {
            Self::P256 => p256::square(a),
            Self::P384 => p384::square(a),
        }
    }

    /// `a *= a`.
    #[cfg(not(feature = "straight-line-squaring"))]
    pub(super) fn square(self, a: &mut Element) {
        let b = copy(a);
        self.multiply(a, &b);
    }

    /// `a·b`.
    #[inline(always)]
    pub(super) fn product(self, a: &Element, b: &Element) -> Element {
        let mut product = copy(a);
        self.multiply(&mut product, b);
        product
    }

    /// `a²`.
    #[inline(always)]
    pub(super) fn squared(self, a: &Element) -> Element {
        let mut square = copy(a);
        self.square(&mut square);
        square
    }

    /// `a += b`.
    pub(super) fn add(self, a: &mut Element, b: &Element) {
        let mut carry = add_inlined(self.used_mut(a), b, false);
        // Taking p off may leave a carry once more, as a and b may both be p or greater.
        while carry {
            carry = !subtract_inlined(self.used_mut(a), self.p());
        }
    }

    /// `a -= b`.
    pub(super) fn subtract(self, a: &mut Element, b: &Element) {
        let mut borrow = subtract_inlined(self.used_mut(a), b);
        while borrow {
            borrow = !add_inlined(self.used_mut(a), self.p(), false);
        }
    }

    /// `a = a/2`.
    pub(super) fn halve(self, a: &mut Element) {
        let [lowest, ..] = *a;
        let a = self.used_mut(a);
        let carry = lowest & 1 == 1 && add(a, self.p(), false);
        let mut entering = u32::from(carry) << 31;
        for limb in a.iter_mut().rev() {
            let leaving = *limb << 31;
            *limb = *limb >> 1 | entering;
            entering = leaving;
        }
    }

    /// Whether `a` is zero modulo p.
    pub(super) fn is_zero(self, a: &Element) -> bool {
        a.iter().all(|limb| *limb == 0) || self.used(a) == self.p()
    }

    /// Brings `a` below p.
    pub(super) fn normalize(self, a: &mut Element) {
        let a = self.used_mut(a);
        if !less(a, self.p()) {
            subtract(a, self.p());
        }
    }

    /// `a = 1/a`; `None` for zero, and `a` is then to be given up.
    #[must_use = "without an inverse there is nothing to go on with"]
    pub(super) fn invert(self, a: &mut Element) -> Option<()> {
        self.normalize(a);
        // The inverse of the Montgomery form, a·R, times R is 1/a; two more R make it R/a.
        inverse::invert(self.used_mut(a), self.p())?;
        self.enter(a);
        Some(())
    }

    /// Brings a number below 2^(32·L) into Montgomery form.
    pub(super) fn enter(self, a: &mut Element) {
        self.multiply(a, self.r_squared());
    }

    /// The limbs of `a` that the field uses.
    fn used(self, a: &Element) -> &[u32] {
        match self {
            Self::P256 => a.split_at(2 * BLOCK).0,
            Self::P384 => a,
        }
    }

    /// The limbs of `a` that the field uses.
    fn used_mut(self, a: &mut Element) -> &mut [u32] {
        match self {
            Self::P256 => a.split_at_mut(2 * BLOCK).0,
            Self::P384 => a,
        }
    }

    /// 2^(64·L) modulo p.
    fn r_squared(self) -> &'static Element {
        match self {
            Self::P256 => {
                &[3, 0, 0xffff_ffff, 0xffff_fffb, 0xffff_fffe, 0xffff_ffff, 0xffff_fffd, 4, 0, 0, 0, 0]
            }
            Self::P384 => &[1, 0xffff_fffe, 0, 2, 0, 0xffff_fffe, 0, 2, 1, 0, 0, 0],
        }
    }

    /// The Montgomery form of 1: 2^(32·L) − p.
    pub(super) fn one(self) -> Element {
        let mut one = [0; LIMBS];
        subtract(self.used_mut(&mut one), self.p());
        one
    }

    /// The b of y² = x³ − 3·x + b.
    pub(super) fn b(self) -> &'static Element {
        match self {
            Self::P256 => &[
                0x29c4_bddf,
                0xd89c_df62,
                0x7884_3090,
                0xacf0_05cd,
                0xf721_2ed6,
                0xe5a2_20ab,
                0x0487_4834,
                0xdc30_061d,
                0,
                0,
                0,
                0,
            ],
            Self::P384 => &[
                0x9d41_2dcc,
                0x0811_8871,
                0x7a4c_32ec,
                0xf729_add8,
                0x1920_022e,
                0x77f2_209b,
                0x9493_8ae2,
                0xe337_4bee,
                0x1f02_2094,
                0xb62b_21f4,
                0x604f_bff9,
                0xcd08_114b,
            ],
        }
    }
}
