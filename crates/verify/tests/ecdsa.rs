//! ECDSA: constructed exceptional cases, and agreement with the crates p256 and p384.
//!
//! With d the private key and a k of the test's choice, every r, s, u₁ and u₂ can be had: the hash
//! value is free where the message is, but a verifier hashes, so keys are fitted to the message.

use num_bigint::BigUint;
use p256::elliptic_curve::PrimeField;
use p256::elliptic_curve::sec1::ToSec1Point;
use picopost_verify::{ECDSA_P256_SHA256, ECDSA_P256_SHA384, ECDSA_P384_SHA256, ECDSA_P384_SHA384};
use pki_types::SignatureVerificationAlgorithm;
use proptest::prelude::{any, prop_assert_eq, proptest};
use sha2::{Digest, Sha256, Sha384};

const MESSAGE: &[u8] = b"what was signed";
const ONE: u32 = 1;

type Hash = fn(&[u8]) -> Vec<u8>;
/// What a crate says of key, hash value, r and s, as octets.
type Verifier = fn(&[u8], &[u8], &[u8], &[u8]) -> bool;

/// What the tests need of a curve; the arithmetic is p256's and p384's.
struct Curve {
    octets: usize,
    p: &'static str,
    n: &'static str,
    /// d·G, uncompressed.
    multiple: fn(&BigUint) -> Vec<u8>,
    theirs: Verifier,
    /// With the hash functions as long as n and not.
    algorithms: [&'static dyn SignatureVerificationAlgorithm; 2],
    hashes: [Hash; 2],
}

fn sha256(message: &[u8]) -> Vec<u8> {
    Sha256::digest(message).to_vec()
}

fn sha384(message: &[u8]) -> Vec<u8> {
    Sha384::digest(message).to_vec()
}

macro_rules! curve {
    ($crate_name:ident, $octets:literal, $p:literal, $n:literal, $algorithms:expr, $hashes:expr) => {
        Curve {
            octets: $octets,
            p: $p,
            n: $n,
            multiple: |d| {
                let octets: [u8; $octets] = filled(d, $octets).try_into().unwrap();
                let scalar = $crate_name::Scalar::from_repr(octets.into()).unwrap();
                let point = ($crate_name::ProjectivePoint::GENERATOR * scalar).to_affine();
                point.to_sec1_point(false).as_bytes().to_vec()
            },
            theirs: |key, hash_value, r, s| {
                use $crate_name::ecdsa::{Signature, VerifyingKey, signature::hazmat::PrehashVerifier};
                let (Ok(r), Ok(s)) = (<[u8; $octets]>::try_from(r), <[u8; $octets]>::try_from(s)) else {
                    return false;
                };
                let Ok(signature) = Signature::from_scalars(r, s) else { return false };
                let Ok(key) = VerifyingKey::from_sec1_bytes(key) else { return false };
                key.verify_prehash(hash_value, &signature).is_ok()
            },
            algorithms: $algorithms,
            hashes: $hashes,
        }
    };
}

fn curves() -> [Curve; 2] {
    [
        curve!(
            p256,
            32,
            "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff",
            "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551",
            [ECDSA_P256_SHA256, ECDSA_P256_SHA384],
            [sha256, sha384]
        ),
        curve!(
            p384,
            48,
            "fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffff0000000000000000ffffffff",
            "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973",
            [ECDSA_P384_SHA384, ECDSA_P384_SHA256],
            [sha384, sha256]
        ),
    ]
}

fn filled(number: &BigUint, octets: usize) -> Vec<u8> {
    let number = number.to_bytes_be();
    let mut filled = vec![0; octets - number.len()];
    filled.extend(number);
    filled
}

fn hex(digits: &str) -> BigUint {
    BigUint::parse_bytes(digits.as_bytes(), 16).unwrap()
}

impl Curve {
    fn p(&self) -> BigUint {
        hex(self.p)
    }

    fn n(&self) -> BigUint {
        hex(self.n)
    }

    /// The hash value as a number, cut to the length of n.
    fn e(&self, hash: Hash, message: &[u8]) -> BigUint {
        let hash_value = hash(message);
        BigUint::from_bytes_be(&hash_value[..self.octets.min(hash_value.len())])
    }

    /// The x-coordinate of d·G.
    fn x(&self, d: &BigUint) -> BigUint {
        BigUint::from_bytes_be(&(self.multiple)(d)[1..=self.octets])
    }

    /// r and s, d the key and k the nonce.
    fn sign(&self, e: &BigUint, d: &BigUint, k: &BigUint) -> (BigUint, BigUint) {
        let n = self.n();
        let r = self.x(k) % &n;
        let s = (e + &r * d) * k.modinv(&n).unwrap() % &n;
        (r, s)
    }

    /// Whether it verifies, here and, which must be the same, there.
    #[track_caller]
    fn verify(&self, which: usize, message: &[u8], key: &[u8], r: &BigUint, s: &BigUint) -> bool {
        let signature = signature(r, s);
        let ours = self.algorithms[which].verify_signature(key, message, &signature).is_ok();
        let hash_value = self.hashes[which](message);
        let in_range = r.bits() <= self.octets as u64 * 8 && s.bits() <= self.octets as u64 * 8;
        let theirs = in_range
            && key.first() == Some(&4)
            && (self.theirs)(key, &hash_value, &filled(r, self.octets), &filled(s, self.octets));
        assert_eq!(ours, theirs, "key {key:02x?}, r {r:x}, s {s:x}");
        ours
    }
}

/// ECDSA-Sig-Value.
fn signature(r: &BigUint, s: &BigUint) -> Vec<u8> {
    let integers = [integer(r), integer(s)].concat();
    [&[0x30, u8::try_from(integers.len()).unwrap()], &*integers].concat()
}

fn integer(number: &BigUint) -> Vec<u8> {
    let mut octets = number.to_bytes_be();
    if octets[0] >= 0x80 {
        octets.insert(0, 0);
    }
    [&[0x02, u8::try_from(octets.len()).unwrap()], &*octets].concat()
}

/// Keys d = ±1, ±2, … are multiples of G that are in a table, or meet it, and nonces that are small
/// end the sum in a small multiple of G: doublings for additions and points at infinity on the way.
#[test]
fn small_keys_and_nonces() {
    for curve in curves() {
        let n = curve.n();
        let small = (1..=40_u32).flat_map(|d| [BigUint::from(d), &n - d]).collect::<Vec<_>>();
        for (which, hash) in curve.hashes.into_iter().enumerate() {
            let e = curve.e(hash, MESSAGE);
            for d in &small {
                let key = (curve.multiple)(d);
                for k in small.iter().step_by(3) {
                    let (r, s) = curve.sign(&e, d, k);
                    assert!(curve.verify(which, MESSAGE, &key, &r, &s), "d {d}, k {k}");
                    assert!(!curve.verify(which, b"another", &key, &r, &s), "d {d}, k {k}");
                }
            }
        }
    }
}

/// Scalars with long runs, on both sides at once: d is chosen so that u₁ and u₂ are what is wanted.
#[test]
fn chosen_scalars() {
    for curve in curves() {
        let n = curve.n();
        let e = curve.e(curve.hashes[0], MESSAGE);
        let bits = curve.octets * 8;
        let mut wanted: Vec<BigUint> = (0..=16_u32).map(BigUint::from).collect();
        wanted.extend((1..=16_u32).map(|small| &n - small));
        for at in (5..bits).step_by(29) {
            let power = BigUint::from(ONE) << at;
            wanted.extend([power.clone(), &power - ONE, &power + ONE, &n - &power, (&power * 3_u32) % &n]);
        }
        let mut checked = 0;
        for (u1, u2) in wanted.iter().flat_map(|u1| wanted.iter().step_by(7).map(move |u2| (u1, u2))) {
            if *u2 == BigUint::ZERO || *u1 == BigUint::ZERO {
                continue;
            }
            let s = &e * u1.modinv(&n).unwrap() % &n;
            let r = &s * u2 % &n;
            let d = u2.clone();
            // Almost never valid; that both sides say the same is what counts.
            curve.verify(0, MESSAGE, &(curve.multiple)(&d), &r, &s);
            // And valid: the key from r, s and k.
            let k = u1;
            let r = curve.x(k) % &n;
            let s = &r * u2.modinv(&n).unwrap() % &n;
            let d = (&s * k + &n - &e % &n) * r.modinv(&n).unwrap() % &n;
            if d != BigUint::ZERO {
                assert!(curve.verify(0, MESSAGE, &(curve.multiple)(&d), &r, &s), "k {k:x}, u2 {u2:x}");
                checked += 1;
            }
        }
        assert!(checked > 500);
    }
}

/// u₁·G and u₂·Q cancel: the point at infinity has no x-coordinate to compare.
#[test]
fn a_sum_at_infinity_is_refused() {
    for curve in curves() {
        let n = curve.n();
        let e = curve.e(curve.hashes[0], MESSAGE);
        for r in [1_u32, 2, 3, 0xffff_ffff] {
            // e + r·d = 0
            let d = (&n - &e % &n) * BigUint::from(r).modinv(&n).unwrap() % &n;
            for s in [1_u32, 2, 5, 0xffff_ffff] {
                assert!(!curve.verify(0, MESSAGE, &(curve.multiple)(&d), &r.into(), &s.into()));
            }
        }
    }
}

/// Both summands are the same point, so that the last addition is a doubling.
#[test]
fn a_sum_that_doubles() {
    for curve in curves() {
        let n = curve.n();
        let e = curve.e(curve.hashes[0], MESSAGE);
        for k in 1..=32_u32 {
            // u₁ = u₂·d = k/2, so e = r·d and s = 2·e/k.
            let k = BigUint::from(k);
            let r = curve.x(&k) % &n;
            let d = &e * r.modinv(&n).unwrap() % &n;
            let s = &e * 2_u32 * k.modinv(&n).unwrap() % &n;
            assert!(curve.verify(0, MESSAGE, &(curve.multiple)(&d), &r, &s), "k {k}");
        }
    }
}

#[test]
fn r_and_s_out_of_range() {
    for curve in curves() {
        let (n, p) = (curve.n(), curve.p());
        let e = curve.e(curve.hashes[0], MESSAGE);
        let (d, k) = (BigUint::from(12_345_u32), BigUint::from(67_890_u32));
        let key = (curve.multiple)(&d);
        let (r, s) = curve.sign(&e, &d, &k);
        assert!(curve.verify(0, MESSAGE, &key, &r, &s));
        assert!(curve.verify(0, MESSAGE, &key, &r, &(&n - &s)), "the other s is valid too");
        let all = (BigUint::from(ONE) << (curve.octets * 8)) - ONE;
        let edges = [BigUint::ZERO, ONE.into(), &n - ONE, n.clone(), &n + ONE, p, all.clone(), &all + ONE];
        for edge in &edges {
            assert!(!curve.verify(0, MESSAGE, &key, edge, &s), "r {edge:x}");
            assert!(!curve.verify(0, MESSAGE, &key, &r, edge), "s {edge:x}");
            assert!(!curve.verify(0, MESSAGE, &key, edge, edge), "both {edge:x}");
        }
        for (r, s) in [(&r + &n, s.clone()), (r.clone(), &s + &n)] {
            assert!(!curve.verify(0, MESSAGE, &key, &r, &s), "the same residue");
        }
    }
}

#[test]
fn keys_off_the_curve() {
    for curve in curves() {
        let e = curve.e(curve.hashes[0], MESSAGE);
        let (d, k) = (BigUint::from(2_u32), BigUint::from(67_890_u32));
        let key = (curve.multiple)(&d);
        let (r, s) = curve.sign(&e, &d, &k);
        let valid = |key: &[u8]| curve.verify(0, MESSAGE, key, &r, &s);
        assert!(valid(&key));
        for at in 1..key.len() {
            let mut key = key.clone();
            key[at] ^= 1 << (at % 8);
            assert!(!valid(&key), "octet {at}");
        }
        for cut in 0..key.len() {
            assert!(!valid(&key[..cut]), "cut at {cut}");
        }
        assert!(!valid(&[&*key, &[0]].concat()), "trailing octet");
        let (x, y) = key[1..].split_at(curve.octets);
        for format in (0..=255).filter(|format| *format != 4) {
            assert!(!valid(&[&[format], x, y].concat()), "format {format}");
            assert!(!valid(&[&[format], x].concat()), "format {format}, x alone");
        }
        assert!(!valid(&[&[4], y, x].concat()), "coordinates exchanged");
        let negated = filled(&(curve.p() - BigUint::from_bytes_be(y)), curve.octets);
        assert!(!valid(&[&[4], x, &negated].concat()), "the opposite point");
        let [zero, p] = [BigUint::ZERO, curve.p()].map(|number| filled(&number, curve.octets));
        for (x, y) in [(&zero, &zero), (&p, &p), (&zero, &p), (&p, &zero)] {
            assert!(!valid(&[&[4], &**x, y].concat()), "coordinates zero modulo p");
        }
    }
}

fn agree(curve: &Curve, seed: &[u8; 32], change: u8) -> bool {
    let n = curve.n();
    let number = |label: u8| {
        let octets =
            [Sha384::digest([&seed[..], &[label]].concat()), Sha384::digest([&seed[..], &[!label]].concat())];
        BigUint::from_bytes_be(&octets.concat()) % (&n - ONE) + ONE
    };
    let (d, k) = (number(1), number(2));
    let which = usize::from(seed[0] & 1);
    let e = curve.e(curve.hashes[which], seed);
    let (mut r, mut s) = curve.sign(&e, &d, &k);
    let mut message = seed.to_vec();
    let bit = u64::from(seed[1]) * curve.octets as u64 * 8 / 256;
    match change {
        1 => r.set_bit(bit, !r.bit(bit)),
        2 => s.set_bit(bit, !s.bit(bit)),
        3 => message.push(0),
        4 => s = &n - s,
        _ => {}
    }
    curve.verify(which, &message, &(curve.multiple)(&d), &r, &s)
}

proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(1000))]

    #[test]
    fn agrees_with_the_crates(seed in any::<[u8; 32]>(), change in 0..5_u8) {
        for curve in curves() {
            prop_assert_eq!(agree(&curve, &seed, change), matches!(change, 0 | 4));
        }
    }
}

/// As many cases as wanted: `CASES=1000000 cargo test --release --test ecdsa -- --ignored`.
#[test]
#[ignore = "takes as long as it is given; agrees_with_the_crates is a sample of it"]
fn agrees_with_the_crates_at_length() {
    let cases = std::env::var("CASES").map_or(1_000_000, |cases| cases.parse().unwrap());
    for case in 0..cases {
        let case: u32 = case;
        let seed = Sha256::digest(case.to_be_bytes()).into();
        for curve in curves() {
            let change = u8::try_from(case % 5).unwrap();
            assert_eq!(agree(&curve, &seed, change), matches!(change, 0 | 4), "case {case}");
        }
    }
}
