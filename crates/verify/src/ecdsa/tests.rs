//! The arithmetic against num-bigint, p256 and p384.

use std::vec::Vec;

use num_bigint::BigUint;
use p256::elliptic_curve::sec1::ToSec1Point;
use proptest::prelude::{Strategy, any, proptest};

use super::field::{Element, Field, LIMBS};
use super::point::Affine;
use super::{generator, inverse, is_valid, number, order, point};

const FIELDS: [Field; 2] = [Field::P256, Field::P384];

fn big(limbs: &[u32]) -> BigUint {
    BigUint::from_slice(limbs)
}

fn element(number: &BigUint) -> Element {
    let mut element = [0; LIMBS];
    element.iter_mut().zip(number.to_u32_digits()).for_each(|(to, from)| *to = from);
    element
}

fn bits(field: Field) -> usize {
    32 * field.p().len()
}

/// R modulo p.
fn r(field: Field) -> BigUint {
    (BigUint::from(1_u8) << bits(field)) % big(field.p())
}

fn from_montgomery(field: Field, a: &Element) -> BigUint {
    let p = big(field.p());
    big(a) * r(field).modinv(&p).unwrap() % p
}

/// All operations on a and b, any numbers that fit into the field's limbs.
#[track_caller]
fn check(field: Field, a: &BigUint, b: &BigUint) {
    let p = big(field.p());
    let (x, y) = (element(a), element(b));
    let fits = |result: &Element| assert!(big(result).bits() <= bits(field) as u64, "{a:x}, {b:x}");
    let equals = |result: &Element, expected: BigUint| {
        fits(result);
        assert_eq!(big(result) % &p, expected % &p, "{field:?} {a:x}, {b:x}");
    };
    let inverse_of_r = r(field).modinv(&p).unwrap();
    equals(&field.product(&x, &y), a * b * &inverse_of_r);
    equals(&field.squared(&x), a * a * &inverse_of_r);
    let mut sum = x;
    field.add(&mut sum, &y);
    equals(&sum, a + b);
    let mut difference = x;
    field.subtract(&mut difference, &y);
    equals(&difference, a + &p + &p - b);
    assert_eq!(field.is_zero(&difference), a % &p == b % &p, "{a:x}, {b:x}");
    let mut half = x;
    field.halve(&mut half);
    equals(&half, a * ((&p + 1_u8) >> 1));
    let mut reciprocal = x;
    let found = field.invert(&mut reciprocal).map(|()| big(&reciprocal) % &p);
    let expected = (a * &inverse_of_r).modinv(&p).map(|inverse| inverse * r(field) % &p);
    fits(&reciprocal);
    assert_eq!(found, expected, "{field:?} 1/{a:x}");
}

/// Numbers near 0, p, 2p − 2^(32·L) and 2^(32·L), and with lonely bits.
#[test]
fn field_operations_at_the_edges() {
    for field in FIELDS {
        let (p, end) = (big(field.p()), BigUint::from(1_u8) << bits(field));
        let mut numbers: Vec<BigUint> = (0..3_u8).map(BigUint::from).collect();
        numbers.extend((0..3_u8).flat_map(|near| [&p - near, &p + near, &end - 1_u8 - near]));
        numbers.extend((0..3_u8).flat_map(|near| [&end - &p + near, &end - &p - near]));
        numbers.extend((0..bits(field)).step_by(31).map(|bit| BigUint::from(1_u8) << bit));
        numbers.extend((0..bits(field)).step_by(32).map(|bit| &end - (BigUint::from(1_u8) << bit)));
        for a in &numbers {
            for b in &numbers {
                check(field, a, b);
            }
        }
    }
}

fn octets() -> impl Strategy<Value = Vec<u8>> {
    // Whole octets of zeros and ones more often than chance would have it.
    let octet = (any::<u8>(), 0..3_usize).prop_map(|(octet, kind)| [octet, 0, 0xff][kind]);
    proptest::collection::vec(octet, 48)
}

proptest! {
    #[test]
    fn field_operations(a in octets(), b in octets()) {
        for field in FIELDS {
            let [a, b] = [&a, &b].map(|octets| BigUint::from_bytes_be(&octets[..bits(field) / 8]));
            check(field, &a, &b);
        }
    }

    #[test]
    fn inverses(a in octets()) {
        for field in FIELDS {
            for modulus in [field.p(), order(field)] {
                check_inverse(modulus, &(BigUint::from_bytes_be(&a) % big(modulus)));
            }
        }
    }
}

#[track_caller]
fn check_inverse(modulus: &[u32], a: &BigUint) {
    let m = big(modulus);
    let mut x = element(a);
    let x = &mut x[..modulus.len()];
    let found = inverse::invert(x, modulus).map(|()| big(x));
    let r = BigUint::from(1_u8) << (32 * modulus.len());
    let expected = a.modinv(&m).map(|inverse| inverse * r % &m);
    assert_eq!(found, expected, "1/{a:x} modulo {m:x}");
}

/// Neither modulus of a curve has numbers of this kind but zero; a mistake that led to one must not
/// go on with a number that is no inverse.
#[test]
fn what_has_no_inverse_gets_none() {
    for (field, factor) in FIELDS.into_iter().zip([3_u32, 0xffff_fffb]) {
        let top = BigUint::from(1_u8) << (bits(field) - 1);
        let mut cofactor = &top / factor + 1_u8;
        cofactor.set_bit(0, true);
        let m = cofactor * factor;
        let modulus = &element(&m)[..field.p().len()];
        assert!(m.bit(0) && m.bits() == bits(field) as u64);
        for multiple in [1_u32, 2, 4, 12, 0xffff_ffff] {
            check_inverse(modulus, &(BigUint::from(multiple) * factor));
            check_inverse(modulus, &(&m - BigUint::from(multiple) * factor));
        }
        check_inverse(modulus, &BigUint::ZERO);
        check_inverse(modulus, &2_u8.into());
    }
}

/// Where the almost-inverse takes the fewest and the most steps.
#[test]
fn inverses_at_the_edges() {
    for field in FIELDS {
        for modulus in [field.p(), order(field)] {
            let m = big(modulus);
            for small in 0..300_u32 {
                check_inverse(modulus, &small.into());
                check_inverse(modulus, &(&m - 1_u8 - small));
                check_inverse(modulus, &((&m >> 1) + small));
            }
            for bit in 0..m.bits() - 1 {
                check_inverse(modulus, &(BigUint::from(1_u8) << bit));
                check_inverse(modulus, &((BigUint::from(1_u8) << bit) - 1_u8));
            }
        }
    }
}

/// k·G of p256 or p384, uncompressed.
fn multiple_of_g(field: Field, k: u64) -> Vec<u8> {
    match field {
        Field::P256 => (p256::ProjectivePoint::GENERATOR * p256::Scalar::from(k))
            .to_affine()
            .to_sec1_point(false)
            .as_bytes()
            .to_vec(),
        Field::P384 => (p384::ProjectivePoint::GENERATOR * p384::Scalar::from(k))
            .to_affine()
            .to_sec1_point(false)
            .as_bytes()
            .to_vec(),
    }
}

#[track_caller]
fn check_multiple(field: Field, k: u64, found: &Affine) {
    let expected = multiple_of_g(field, k);
    let (x, y) = expected[1..].split_at(bits(field) / 8);
    assert_eq!(from_montgomery(field, &found.x), BigUint::from_bytes_be(x), "{k}·G");
    assert_eq!(from_montgomery(field, &found.y), BigUint::from_bytes_be(y), "{k}·G");
}

#[test]
fn tables_are_odd_multiples() {
    for field in FIELDS {
        let mut found = Affine { x: [0; LIMBS], y: [0; LIMBS] };
        for index in 0..1 << (generator::window(field) - 2) {
            generator::load(&mut found, field, index).unwrap();
            check_multiple(field, 2 * index as u64 + 1, &found);
        }
        assert!(generator::load(&mut found, field, 1 << (generator::window(field) - 2)).is_none());
        for k in 1..20 {
            let q = point(field, &multiple_of_g(field, k)).unwrap();
            let mut multiples = [q; 4];
            q.odd_multiples(field, &mut multiples).unwrap();
            for (odd, multiple) in [1, 3, 5, 7].into_iter().zip(&multiples) {
                check_multiple(field, k * odd, multiple);
            }
        }
    }
}

/// A y with which this x is a point of the curve, if there is one.
fn y(field: Field, x: &BigUint) -> Option<BigUint> {
    let p = big(field.p());
    let square = (x * x * x + (&p - x % &p) * 3_u8 + from_montgomery(field, field.b())) % &p;
    // p ≡ 3 modulo 4, so that a root is a power.
    let y = square.modpow(&((&p + 1_u8) >> 2), &p);
    (&y * &y % &p == square).then_some(y)
}

fn key(field: Field, x: &BigUint, y: &BigUint) -> Vec<u8> {
    [&[4], &*filled(field, x), &filled(field, y)].concat()
}

fn filled(field: Field, number: &BigUint) -> Vec<u8> {
    let number = number.to_bytes_be();
    let mut octets = std::vec![0; bits(field) / 8 - number.len()];
    octets.extend(number);
    octets
}

/// x = 0 is on both curves, so p and 0 differ in nothing but the range.
#[test]
fn coordinates_not_below_p_are_refused() {
    for field in FIELDS {
        let y = y(field, &BigUint::ZERO).unwrap();
        assert!(point(field, &key(field, &BigUint::ZERO, &y)).is_some());
        assert!(point(field, &key(field, &big(field.p()), &y)).is_none());
    }
}

/// With the hash value 0 and r = s the sum is the key's own point, whatever r is: the signature is
/// valid where that point's x is r or r + n, and not where it is r + n − p or r + n − 2^(32·L).
#[test]
fn x_is_r_or_r_and_n_and_nothing_that_wraps() {
    for field in FIELDS {
        let (p, n, end) = (big(field.p()), big(order(field)), BigUint::from(1_u8) << bits(field));
        let says = |x: &BigUint, y: &BigUint, r: &BigUint| {
            is_valid(field, &key(field, x, y), &[0; 48][..bits(field) / 8], &r_twice(r))
        };
        let mut seen = 0;
        for small in (1..80_u8).map(BigUint::from) {
            for x in [&n + &small, &p - &small] {
                let Some(y) = y(field, &x) else { continue };
                assert_eq!(says(&x, &y, &(&x - &n)), Some(true), "r + n = {x:x}");
                seen += 1;
            }
            let Some(y) = y(field, &small) else { continue };
            assert_eq!(says(&small, &y, &small), Some(true), "r = {small:x}");
            for wrapped in [&p, &end] {
                let r = &small + wrapped - &n;
                assert_eq!(says(&small, &y, &r), Some(false), "r + n = {small:x} + {wrapped:x}");
            }
            seen += 1;
        }
        assert!(seen > 80, "about half of all x are on the curve");
    }
}

/// r = s, so that u₂ is 1, and a hash value for which u₁·G is −Q: the last addition ends at infinity,
/// and the coordinates it leaves behind, Q's, have r for their x.
#[test]
fn a_sum_at_infinity_has_no_x_to_compare() {
    for field in FIELDS {
        let n = big(order(field));
        for d in 1..20_u64 {
            let key = multiple_of_g(field, d);
            let r = BigUint::from_bytes_be(&key[1..=bits(field) / 8]) % &n;
            let e = (&n - &r) * d % &n;
            assert_eq!(is_valid(field, &key, &filled(field, &e), &r_twice(&r)), Some(false), "d = {d}");
        }
    }
}

/// ECDSA-Sig-Value with r = s.
fn r_twice(r: &BigUint) -> Vec<u8> {
    let mut integer = r.to_bytes_be();
    if integer[0] >= 0x80 {
        integer.insert(0, 0);
    }
    let length = u8::try_from(integer.len()).unwrap();
    let integer = [&[2, length], &*integer].concat();
    [&[0x30, 2 * (length + 2)], &*integer, &*integer].concat()
}

#[test]
fn numbers_end_where_they_are_to() {
    for field in FIELDS {
        let n = big(order(field));
        let octets = (&n - 1_u8).to_bytes_be();
        assert_eq!(number(&octets, order(field)).map(|number| big(&number)), Some(&n - 1_u8));
        assert!(number(&n.to_bytes_be(), order(field)).is_none());
        assert!(number(&[&octets[..], &[0]].concat(), order(field)).is_none());
    }
}
