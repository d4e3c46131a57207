//! RSA: keys of every shape, constructed faults that only a parser of the padding would let through,
//! and agreement with the crate `rsa`.

use num_bigint::BigUint;
use picopost_verify::{
    RSA_PKCS1_2048_4096_SHA256, RSA_PKCS1_2048_4096_SHA384, RSA_PKCS1_2048_4096_SHA512,
    RSA_PSS_2048_4096_SHA256, RSA_PSS_2048_4096_SHA384, RSA_PSS_2048_4096_SHA512,
};
use pki_types::SignatureVerificationAlgorithm;
use proptest::prelude::{Strategy, any, prop_assert_eq, proptest};
use rsa::signature::Verifier;
use sha2::{Digest, Sha256, Sha384, Sha512};

const MESSAGE: &[u8] = b"what was signed";
const SHA256_INFO: &[u8] = b"\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20";
const SHA384_INFO: &[u8] = b"\x30\x41\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x02\x05\x00\x04\x30";
const SHA512_INFO: &[u8] = b"\x30\x51\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x03\x05\x00\x04\x40";

/// A test key. Its arithmetic is num-bigint's.
struct Key {
    n: BigUint,
    e: BigUint,
    d: BigUint,
}

impl Key {
    /// The key of this length, in bits, from the list.
    fn new(bits: u64, e: u64) -> Self {
        let list = include_str!("data/rsa-primes.txt");
        let line = list.lines().find_map(|line| line.strip_prefix(&format!("{bits} "))).unwrap();
        let (p, q) = line.split_once(' ').unwrap();
        let [p, q] = [p, q].map(|hex| BigUint::parse_bytes(hex.as_bytes(), 16).unwrap());
        let (n, e) = (&p * &q, BigUint::from(e));
        assert_eq!(n.bits(), bits);
        let d = e.modinv(&((p - 1_u8) * (q - 1_u8))).unwrap();
        Self { n, e, d }
    }

    fn octets(&self) -> usize {
        usize::try_from(self.n.bits().div_ceil(8)).unwrap()
    }

    /// The RSAPublicKey.
    fn public(&self) -> Vec<u8> {
        public_key(&integer(&self.n), &integer(&self.e))
    }

    /// The signature whose encoded message is this.
    fn sign(&self, encoded: &[u8]) -> Vec<u8> {
        let encoded = BigUint::from_bytes_be(encoded);
        assert!(encoded < self.n);
        self.fill(&encoded.modpow(&self.d, &self.n))
    }

    fn fill(&self, number: &BigUint) -> Vec<u8> {
        let octets = number.to_bytes_be();
        let mut filled = vec![0; self.octets() - octets.len()];
        filled.extend(octets);
        filled
    }

    fn pkcs1<D: Digest>(&self, info: &[u8], message: &[u8]) -> Vec<u8> {
        let tail = [&[0], info, &D::digest(message)].concat();
        let mut encoded = vec![0, 1];
        encoded.resize(self.octets() - tail.len(), 0xff);
        encoded.extend(tail);
        encoded
    }

    fn pss<D: Digest>(&self, message: &[u8], salt: &[u8]) -> Vec<u8> {
        let h = D::digest([&[0; 8], D::digest(message).as_slice(), salt].concat());
        let bits = usize::try_from(self.n.bits()).unwrap() - 1;
        let length = bits.div_ceil(8);
        let mut db = vec![0; length - salt.len() - h.len() - 2];
        db.push(1);
        db.extend(salt);
        mask::<D>(&mut db, &h);
        db[0] &= 0xff >> (8 * length - bits);
        [&vec![0; self.octets() - length], &*db, &h, &[0xbc]].concat()
    }

    fn of_rsa_crate(&self) -> rsa::PublicKey {
        let number = |n: &BigUint| {
            let octets = n.to_bytes_be();
            rsa::BoxedUint::from_be_slice(&octets, u32::try_from(octets.len()).unwrap() * 8).unwrap()
        };
        rsa::PublicKey::new(number(&self.n), number(&self.e)).unwrap()
    }
}

/// MGF1 of the seed, over the octets.
fn mask<D: Digest>(octets: &mut [u8], seed: &[u8]) {
    for (counter, chunk) in (0_u32..).zip(octets.chunks_mut(<D as Digest>::output_size())) {
        let mask = D::digest([seed, &counter.to_be_bytes()].concat());
        chunk.iter_mut().zip(mask).for_each(|(octet, mask)| *octet ^= mask);
    }
}

fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).unwrap();
    let [high, low] = length.to_be_bytes();
    let header = match length {
        0..0x80 => vec![tag, low],
        0x80..0x100 => vec![tag, 0x81, low],
        _ => vec![tag, 0x82, high, low],
    };
    [header, content.to_vec()].concat()
}

fn integer(number: &BigUint) -> Vec<u8> {
    let mut octets = number.to_bytes_be();
    if octets[0] >= 0x80 {
        octets.insert(0, 0);
    }
    tlv(0x02, &octets)
}

fn public_key(modulus: &[u8], exponent: &[u8]) -> Vec<u8> {
    tlv(0x30, &[modulus, exponent].concat())
}

fn is_valid(algorithm: &dyn SignatureVerificationAlgorithm, key: &[u8], signature: &[u8]) -> bool {
    algorithm.verify_signature(key, MESSAGE, signature).is_ok()
}

/// Every length around a limb, a block of limbs and an octet; the limits from both sides.
#[test]
fn moduli_of_every_length() {
    for bits in [2048, 2049, 2050, 2055, 2056, 2079, 2080, 2175, 2176, 2177, 3072, 3100, 4095, 4096] {
        let key = Key::new(bits, 65537);
        let cases = [
            (RSA_PKCS1_2048_4096_SHA256, key.pkcs1::<Sha256>(SHA256_INFO, MESSAGE)),
            (RSA_PKCS1_2048_4096_SHA384, key.pkcs1::<Sha384>(SHA384_INFO, MESSAGE)),
            (RSA_PKCS1_2048_4096_SHA512, key.pkcs1::<Sha512>(SHA512_INFO, MESSAGE)),
            (RSA_PSS_2048_4096_SHA256, key.pss::<Sha256>(MESSAGE, &[0x5a; 32])),
            (RSA_PSS_2048_4096_SHA384, key.pss::<Sha384>(MESSAGE, &[0x5a; 48])),
            (RSA_PSS_2048_4096_SHA512, key.pss::<Sha512>(MESSAGE, &[0x5a; 64])),
        ];
        let encodings: Vec<Vec<u8>> = cases.iter().map(|(_, encoded)| key.sign(encoded)).collect();
        for (algorithm, _) in &cases {
            let right = encodings.iter().map(|signature| is_valid(*algorithm, &key.public(), signature));
            let expected = cases.iter().map(|(other, _)| {
                (other.signature_alg_id(), other.public_key_alg_id())
                    == (algorithm.signature_alg_id(), algorithm.public_key_alg_id())
            });
            assert!(right.eq(expected), "{bits} bits, {algorithm:?}");
        }
    }
    for bits in [2047, 4097] {
        let key = Key::new(bits, 65537);
        let signature = key.sign(&key.pkcs1::<Sha256>(SHA256_INFO, MESSAGE));
        assert!(!is_valid(RSA_PKCS1_2048_4096_SHA256, &key.public(), &signature), "{bits} bits");
    }
}

/// The first exponent that is too large.
const EXPONENTS_END: u64 = 1 << 33;

#[test]
fn exponents() {
    let bits = 2079;
    for e in [3, 17, 257, 65537, 3 * 17 * 257, EXPONENTS_END - 1, 1, EXPONENTS_END + 1] {
        let key = Key::new(bits, e);
        let signature = key.sign(&key.pkcs1::<Sha256>(SHA256_INFO, MESSAGE));
        let in_range = (3..EXPONENTS_END).contains(&e);
        assert_eq!(is_valid(RSA_PKCS1_2048_4096_SHA256, &key.public(), &signature), in_range, "{e}");
    }
    // An even exponent has no inverse. One that wraps around 64 bits to 65537 must not be cut.
    let key = Key::new(bits, 65537);
    let signature = key.sign(&key.pkcs1::<Sha256>(SHA256_INFO, MESSAGE));
    for e in [BigUint::from(65536_u32), (BigUint::from(1_u8) << 64) + 65537_u32] {
        let public = public_key(&integer(&key.n), &integer(&e));
        assert!(!is_valid(RSA_PKCS1_2048_4096_SHA256, &public, &signature), "{e}");
    }
}

#[test]
fn malformed_keys() {
    let key = Key::new(2048, 65537);
    let signature = key.sign(&key.pkcs1::<Sha256>(SHA256_INFO, MESSAGE));
    let (n, e) = (integer(&key.n), integer(&key.e));
    let valid = key.public();
    assert!(is_valid(RSA_PKCS1_2048_4096_SHA256, &valid, &signature));
    let longer = |integer: &[u8], first: &[u8]| tlv(0x02, &[first, &integer[integer.len() - 256..]].concat());
    let cases = [
        ("trailing octet", [&*valid, &[0]].concat()),
        ("trailing octet inside", tlv(0x30, &[&*n, &e, &[0]].concat())),
        ("a third integer", tlv(0x30, &[&*n, &e, &e].concat())),
        ("negative modulus", public_key(&longer(&n, &[]), &e)),
        ("padded modulus", public_key(&longer(&n, &[0, 0]), &e)),
        ("padded exponent", public_key(&n, &[2, 4, 0, 1, 0, 1])),
        ("negative exponent", public_key(&n, &[2, 3, 0x81, 0, 1])),
        ("exponent first", public_key(&e, &n)),
        ("even modulus", public_key(&integer(&(&key.n - 1_u8)), &e)),
        ("modulus zero", public_key(&[2, 1, 0], &e)),
        ("SubjectPublicKeyInfo", tlv(0x30, &[tlv(0x30, &[]), tlv(0x03, &[&[0], &*valid].concat())].concat())),
    ];
    for (name, public) in cases {
        assert!(!is_valid(RSA_PKCS1_2048_4096_SHA256, &public, &signature), "{name}");
    }
    for cut in 0..valid.len() {
        assert!(!is_valid(RSA_PKCS1_2048_4096_SHA256, &valid[..cut], &signature), "cut at {cut}");
    }
    for at in 0..valid.len() {
        for bit in 0..8 {
            let mut public = valid.clone();
            public[at] ^= 1 << bit;
            assert!(!is_valid(RSA_PKCS1_2048_4096_SHA256, &public, &signature), "octet {at}, bit {bit}");
        }
    }
}

#[test]
fn malformed_signatures() {
    let key = Key::new(2049, 65537);
    let public = key.public();
    let cases = [
        (RSA_PKCS1_2048_4096_SHA256, key.pkcs1::<Sha256>(SHA256_INFO, MESSAGE)),
        (RSA_PSS_2048_4096_SHA256, key.pss::<Sha256>(MESSAGE, &[7; 32])),
    ];
    for (algorithm, encoded) in cases {
        let valid = key.sign(&encoded);
        assert!(is_valid(algorithm, &public, &valid));
        assert!(algorithm.verify_signature(&public, b"another message", &valid).is_err());
        for cut in 0..valid.len() {
            assert!(!is_valid(algorithm, &public, &valid[..cut]), "cut at {cut}");
        }
        assert!(!is_valid(algorithm, &public, &[&[0], &*valid].concat()), "a zero in front");
        assert!(!is_valid(algorithm, &public, &[&*valid, &[0]].concat()), "a zero behind");
        for at in 0..valid.len() {
            let mut signature = valid.clone();
            signature[at] ^= 1 << (at % 8);
            assert!(!is_valid(algorithm, &public, &signature), "octet {at}");
        }
        for number in [BigUint::ZERO, 1_u8.into(), &key.n - 1_u8, key.n.clone()] {
            assert!(!is_valid(algorithm, &public, &key.fill(&number)), "{number}");
        }
        // The same residue again: RFC 8017 §5.2.2 step 1 refuses what is not less than the modulus.
        let more = BigUint::from_bytes_be(&valid) + &key.n;
        assert_eq!(more.to_bytes_be().len(), valid.len());
        assert!(!is_valid(algorithm, &public, &more.to_bytes_be()), "s + n");
    }
}

/// Encodings that are signed properly, and wrong.
#[test]
fn pkcs1_padding_is_compared_and_not_parsed() {
    let key = Key::new(2048, 3);
    let right = key.pkcs1::<Sha256>(SHA256_INFO, MESSAGE);
    let hash = Sha256::digest(MESSAGE);
    let at_info = right.len() - 32 - SHA256_INFO.len();
    let changed = |at: usize, to: u8| {
        let mut encoded = right.clone();
        encoded[at] = to;
        encoded
    };
    let without_null = b"\x30\x2f\x30\x0b\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x04\x20";
    let short_padding = |filler: u8| {
        let mut encoded = [&[0, 1, 255, 255, 255, 255, 255, 255, 255, 255, 0], SHA256_INFO, &hash].concat();
        encoded.resize(256, filler);
        encoded
    };
    let cases = [
        ("block type 2", changed(1, 2)),
        ("block type 0", changed(1, 0)),
        ("padding ends early", changed(100, 0)),
        ("padding of another octet", changed(100, 0xfe)),
        ("padding does not end", changed(at_info - 1, 0xff)),
        ("object identifier of SHA-384", changed(at_info + 14, 2)),
        ("length of the hash value", changed(at_info + 18, 0x1f)),
        ("hash value", changed(255, right[255] ^ 1)),
        ("DigestInfo without NULL", key.pkcs1::<Sha256>(without_null, MESSAGE)),
        ("no DigestInfo", key.pkcs1::<Sha256>(b"", MESSAGE)),
        // Bleichenbacher's forgery for small exponents, and others that hide octets.
        ("octets behind the hash value", short_padding(0)),
        ("other octets behind the hash value", short_padding(0xaa)),
        ("hash value moved", [&right[..3], &right[4..], &[0]].concat()),
    ];
    assert!(is_valid(RSA_PKCS1_2048_4096_SHA256, &key.public(), &key.sign(&right)));
    for (name, encoded) in cases {
        assert!(!is_valid(RSA_PKCS1_2048_4096_SHA256, &key.public(), &key.sign(&encoded)), "{name}");
    }
}

#[test]
fn pss_padding_is_checked_to_the_last_bit() {
    for bits in [2048, 2049, 2050, 2055, 2056] {
        let key = Key::new(bits, 65537);
        let salt = [0xa5; 32];
        let right = key.pss::<Sha256>(MESSAGE, &salt);
        assert!(is_valid(RSA_PSS_2048_4096_SHA256, &key.public(), &key.sign(&right)), "{bits} bits");
        let length = right.len();
        let db = length - 33;
        // Under the mask, a change of the encoded octet is a change of the same octet of DB.
        let changed = |at: usize, bits: u8| {
            let mut encoded = right.clone();
            encoded[at] ^= bits;
            encoded
        };
        let top_bit = if bits % 8 == 0 { 0x80 } else { 1_u8 << (bits % 8 - 1) };
        let cases = [
            ("a bit above the encoding", changed(0, top_bit)),
            ("trailer 0xcc", changed(length - 1, 0xbc ^ 0xcc)),
            ("trailer 0", changed(length - 1, 0xbc)),
            ("padding not zero", changed(1, 1)),
            ("last octet of the padding not zero", changed(db - 34, 1)),
            ("separator 0", changed(db - 33, 1)),
            ("separator 3", changed(db - 33, 2)),
            ("salt", changed(db - 1, 1)),
            ("hash value", changed(length - 2, 1)),
            ("no salt", key.pss::<Sha256>(MESSAGE, b"")),
            ("salt one octet shorter", key.pss::<Sha256>(MESSAGE, &salt[1..])),
            ("salt one octet longer", key.pss::<Sha256>(MESSAGE, &[0; 33])),
            ("another hash", key.pss::<Sha384>(MESSAGE, &[0; 48])),
        ];
        for (name, encoded) in cases {
            if BigUint::from_bytes_be(&encoded) >= key.n {
                continue;
            }
            let signature = key.sign(&encoded);
            assert!(!is_valid(RSA_PSS_2048_4096_SHA256, &key.public(), &signature), "{name}, {bits} bits");
        }
    }
}

/// Where the bit above the encoding is not the modulus' own top bit, so that setting it does leave a
/// number below the modulus.
#[test]
fn pss_refuses_a_set_bit_above_the_encoding() {
    let mut signed = 0;
    for bits in [2048, 2049, 2050, 2055, 2056, 2079, 2080, 2175, 2176, 2177, 3072, 3100, 4095, 4096] {
        let key = Key::new(bits, 65537);
        for salt in 0..16 {
            let encoded = BigUint::from_bytes_be(&key.pss::<Sha256>(MESSAGE, &[salt; 32]));
            let more = encoded + (BigUint::from(1_u8) << (bits - 1));
            if more < key.n {
                let signature = key.sign(&more.to_bytes_be());
                assert!(!is_valid(RSA_PSS_2048_4096_SHA256, &key.public(), &signature), "{bits} bits");
                signed += 1;
            }
        }
    }
    assert!(signed > 0);
}

fn mutations() -> impl Strategy<Value = Option<(usize, u8)>> {
    proptest::option::of((any::<usize>(), 1..=255_u8))
}

proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(200))]

    /// What the crate `rsa` says of a signature, perhaps changed, is said here too.
    #[test]
    fn agrees_with_the_crate_rsa(
        message in proptest::collection::vec(any::<u8>(), 0..200),
        salt in any::<[u8; 32]>(),
        change in mutations(),
        // The crate rsa takes no modulus of 8·k + 1 bits for PSS.
        bits in proptest::sample::select(vec![2048, 2050, 2055, 2056, 2079, 2080, 2175, 2176, 3072]),
    ) {
        let key = Key::new(bits, 65537);
        let mut pkcs1 = key.sign(&key.pkcs1::<Sha256>(SHA256_INFO, &message));
        let mut pss = key.sign(&key.pss::<Sha256>(&message, &salt));
        if let Some((at, change)) = change {
            let at = at % key.octets();
            pkcs1[at] ^= change;
            pss[at] ^= change;
        }
        let theirs = rsa::pkcs1v15::VerifyingKey::<Sha256>::new(key.of_rsa_crate());
        let signature = rsa::pkcs1v15::Signature::try_from(&*pkcs1).unwrap();
        let valid = theirs.verify(&message, &signature).is_ok();
        prop_assert_eq!(valid, change.is_none());
        let ours = RSA_PKCS1_2048_4096_SHA256.verify_signature(&key.public(), &message, &pkcs1);
        prop_assert_eq!(ours.is_ok(), valid);

        let theirs = rsa::pss::VerifyingKey::<Sha256>::new(key.of_rsa_crate());
        let signature = rsa::pss::Signature::try_from(&*pss).unwrap();
        let valid = theirs.verify(&message, &signature).is_ok();
        prop_assert_eq!(valid, change.is_none());
        let ours = RSA_PSS_2048_4096_SHA256.verify_signature(&key.public(), &message, &pss);
        prop_assert_eq!(ours.is_ok(), valid);
    }
}
