//! Points of y² = x³ − 3·x + b.

use super::field::{Element, Field, copy};

/// A point other than the one at infinity.
#[derive(Clone, Copy)]
pub(super) struct Affine {
    pub(super) x: Element,
    pub(super) y: Element,
}

/// A point in Jacobian coordinates: (x/z², y/z³).
#[derive(Clone, Copy)]
pub(super) struct Jacobian {
    pub(super) x: Element,
    pub(super) y: Element,
    pub(super) z: Element,
    /// Whether this is the point at infinity; the coordinates then mean nothing.
    pub(super) infinity: bool,
}

impl Jacobian {
    /// The point at infinity.
    pub(super) const INFINITY: Self = Self { x: [0; _], y: [0; _], z: [0; _], infinity: true };

    /// `self = 2·self`, for the curve's a = −3.
    ///
    /// With m = 3·(x + z²)·(x − z²)/2: x' = m² − 2·x·y², y' = m·(x·y² − x') − y⁴, z' = y·z. Both
    /// curves have an odd number of points, so none has y = 0 and no double is the point at infinity.
    pub(super) fn double(&mut self, field: Field) {
        if self.infinity {
            return;
        }
        let mut sum = field.squared(&self.z);
        let mut m = copy(&self.x);
        field.subtract(&mut m, &sum);
        field.add(&mut sum, &self.x);
        field.multiply(&mut m, &sum);
        let mut half = copy(&m);
        field.halve(&mut half);
        field.add(&mut m, &half);

        field.multiply(&mut self.z, &self.y);
        field.square(&mut self.y);
        field.multiply(&mut self.x, &self.y);
        let xy2 = &mut self.x;
        let mut x = field.squared(&m);
        field.subtract(&mut x, xy2);
        field.subtract(&mut x, xy2);
        field.subtract(xy2, &x);
        field.multiply(&mut m, xy2);
        field.square(&mut self.y);
        field.subtract(&mut m, &self.y);
        self.x = copy(&x);
        self.y = copy(&m);
    }

    /// `self = self + other`, whatever the two are. Where it is an addition proper, `h` is then what
    /// z was multiplied by.
    pub(super) fn add(&mut self, field: Field, other: &Affine, h: &mut Element) {
        if self.infinity {
            *self = Self { x: other.x, y: other.y, z: field.one(), infinity: false };
            return;
        }
        let mut z2 = field.squared(&self.z);
        // h = x₂·z² − x, r = y₂·z³ − y
        *h = copy(&other.x);
        field.multiply(h, &z2);
        field.subtract(h, &self.x);
        field.multiply(&mut z2, &self.z);
        field.multiply(&mut z2, &other.y);
        let r = &mut z2;
        field.subtract(r, &self.y);
        if field.is_zero(h) {
            // The same x: the same point, or its opposite.
            if field.is_zero(r) {
                self.double(field);
            } else {
                self.infinity = true;
            }
            return;
        }
        // x' = r² − h³ − 2·x·h², y' = r·(x·h² − x') − y·h³, z' = z·h
        field.multiply(&mut self.z, h);
        let mut h3 = field.squared(h);
        field.multiply(&mut self.x, &h3);
        field.multiply(&mut h3, h);
        let xh2 = &mut self.x;
        let mut x = field.squared(r);
        field.subtract(&mut x, &h3);
        field.subtract(&mut x, xh2);
        field.subtract(&mut x, xh2);
        field.subtract(xh2, &x);
        field.multiply(r, xh2);
        field.multiply(&mut self.y, &h3);
        field.subtract(r, &self.y);
        self.x = copy(&x);
        self.y = copy(r);
    }
}

impl Affine {
    /// `multiples = [1, 3, 5, 7]·self`. `None` only where `self` is no point of the curve.
    ///
    /// 2·self has some z. On the isomorphic curve that multiplies x by z² and y by z³, 2·self is
    /// affine, so that it can be added to self, 3·self and 5·self without a general addition, which
    /// nothing else needs; a is not −3 there, but only doubling depends on it. Each addition
    /// multiplies the Jacobian z by its h, so one inversion serves the three sums.
    ///
    /// Not inlined, so that its temporary values are off the stack when the sum begins.
    #[inline(never)]
    #[must_use = "without its multiples there is nothing to go on with"]
    pub(super) fn odd_multiples(&self, field: Field, multiples: &mut [Self; 4]) -> Option<()> {
        let mut sum = Jacobian { x: self.x, y: self.y, z: field.one(), infinity: false };
        sum.double(field);
        let twice = Self { x: sum.x, y: sum.y };
        let mut steps = [sum.z; 4];
        let [z, ..] = &steps;
        let mut power = field.squared(z);
        sum.x = field.product(&self.x, &power);
        field.multiply(&mut power, z);
        sum.y = field.product(&self.y, &power);
        // From here on sum.z is relative to the isomorphic curve, times z: that of the true one.
        sum.z = field.one();
        let [first, sums @ ..] = multiples;
        *first = *self;
        let [z, steps @ ..] = &mut steps;
        for (multiple, step) in sums.iter_mut().zip(&mut *steps) {
            // The order is a prime greater than 8: none of these sums is exceptional.
            sum.add(field, &twice, step);
            *multiple = Self { x: sum.x, y: sum.y };
        }
        let mut inverse = sum.z;
        field.multiply(&mut inverse, z);
        field.invert(&mut inverse)?;
        for (multiple, step) in sums.iter_mut().zip(steps).rev() {
            power = inverse;
            field.square(&mut power);
            field.multiply(&mut multiple.x, &power);
            field.multiply(&mut power, &inverse);
            field.multiply(&mut multiple.y, &power);
            field.multiply(&mut inverse, step);
        }
        Some(())
    }

    /// Whether y² = x³ − 3·x + b.
    pub(super) fn is_on_curve(&self, field: Field) -> bool {
        // x·(x² − 3) + b − y²
        let mut sum = field.squared(&self.x);
        for _ in 0..3 {
            field.subtract(&mut sum, &field.one());
        }
        field.multiply(&mut sum, &self.x);
        field.add(&mut sum, field.b());
        field.subtract(&mut sum, &field.squared(&self.y));
        field.is_zero(&sum)
    }
}
