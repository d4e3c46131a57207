//! Signature verification, against the crates p256, p384 and rsa.

use std::sync::LazyLock;

use num_bigint::BigUint;
use picopost_verify::{
    ECDSA_P256_SHA256, ECDSA_P256_SHA384, ECDSA_P384_SHA256, ECDSA_P384_SHA384, RSA_PKCS1_2048_4096_SHA256,
    RSA_PKCS1_2048_4096_SHA384, RSA_PSS_2048_4096_SHA256, RSA_PSS_2048_4096_SHA384,
};
use pki_types::SignatureVerificationAlgorithm;
use rsa::signature::Verifier;
use sha2::{Digest, Sha256, Sha384};

use crate::input::{self, Change, Input};

/// The input is an algorithm, a message, a private key or for RSA a padding's random octets, and changes
/// to the key, to the padded message and to the signature. The crates p256, p384 and rsa say the same of
/// what comes out.
pub fn signatures(input: &[u8]) {
    let mut input = Input::new(input);
    compare(input.below(ALGORITHMS), &mut input, 1);
}

/// ECDSA first, then RSA.
pub(crate) const ALGORITHMS: usize = ECDSA + PADDINGS;
pub(crate) const ECDSA: usize = 4;
const PADDINGS: usize = 4;

/// Makes one signature with the algorithm at this place, and compares so many `changed` versions of it:
/// how many were valid.
pub(crate) fn compare(at: usize, input: &mut Input<'_>, changed: usize) -> usize {
    match at {
        0 => ecdsa_p256(input, ECDSA_P256_SHA256, &|message| Sha256::digest(message).to_vec(), changed),
        1 => ecdsa_p256(input, ECDSA_P256_SHA384, &|message| Sha384::digest(message).to_vec(), changed),
        2 => ecdsa_p384(input, ECDSA_P384_SHA384, &|message| Sha384::digest(message).to_vec(), changed),
        3 => ecdsa_p384(input, ECDSA_P384_SHA256, &|message| Sha256::digest(message).to_vec(), changed),
        at => rsa(input, &paddings()[at - ECDSA], changed),
    }
}

/// The name of the algorithm at this place.
pub(crate) fn name(at: usize) -> String {
    let ecdsa = [ECDSA_P256_SHA256, ECDSA_P256_SHA384, ECDSA_P384_SHA384, ECDSA_P384_SHA256];
    let algorithm = ecdsa.get(at).copied().unwrap_or_else(|| paddings()[at - ECDSA].algorithm);
    format!("{algorithm:?}")
}

/// The first version has any changes, up to each part's limit; the second has none; in all others an octet
/// of one part has other bits, so that most of them can still be parsed.
fn change(input: &mut Input<'_>, version: usize, parts: [(&mut Vec<u8>, usize); 3]) {
    match version {
        0 => parts.into_iter().for_each(|(part, limit)| input::apply(&Change::read_some(input, limit), part)),
        1 => {}
        _ => {
            let which = input.below(parts.len());
            let flip = Change::Flip(input.u16().into(), input.u8().max(1));
            parts.into_iter().skip(which).take(1).for_each(|(part, _)| flip.apply(part));
        }
    }
}

type Algorithm = &'static dyn SignatureVerificationAlgorithm;
type Hash<'h> = &'h dyn Fn(&[u8]) -> Vec<u8>;

macro_rules! ecdsa {
    ($name:ident, $curve:ident, $octets:literal) => {
        fn $name(input: &mut Input<'_>, algorithm: Algorithm, hash: Hash<'_>, changed: usize) -> usize {
            use $curve::ecdsa::signature::hazmat::{PrehashSigner, PrehashVerifier};
            use $curve::ecdsa::{Signature, SigningKey, VerifyingKey};

            let message = input.octets();
            let mut one = [0; $octets];
            one[$octets - 1] = 1;
            let private: [u8; $octets] = input.array();
            let private = SigningKey::from_slice(&private)
                .unwrap_or_else(|_| SigningKey::from_slice(&one).expect("1 is a private key"));
            let signature: Signature = private.sign_prehash(&hash(message)).expect("the hash is long enough");
            let original_key = private.verifying_key().to_sec1_point(false).as_bytes().to_vec();
            let original_signature = signature.to_der().as_bytes().to_vec();
            let mut valid = 0;
            for version in 0..changed {
                let mut key = original_key.clone();
                let mut signature = original_signature.clone();
                let mut message = message.to_vec();
                change(input, version, [(&mut key, 2), (&mut signature, 3), (&mut message, 1)]);

                // Uncompressed points alone, as RFC 9846 §4.3.8.2 and certificates in use have them.
                let uncompressed = key.first() == Some(&4);
                let theirs = uncompressed
                    && VerifyingKey::from_sec1_bytes(&key).is_ok_and(|key| {
                        Signature::from_der(&signature)
                            .is_ok_and(|signature| key.verify_prehash(&hash(&message), &signature).is_ok())
                    });
                let ours = algorithm.verify_signature(&key, &message, &signature).is_ok();
                assert_eq!(ours, theirs, "{algorithm:?}: {key:02x?}, {message:02x?}, {signature:02x?}");
                valid += usize::from(ours);
            }
            valid
        }
    };
}

ecdsa!(ecdsa_p256, p256, 32);
ecdsa!(ecdsa_p384, p384, 48);

const SHA256_INFO: &[u8] = b"\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20";
const SHA384_INFO: &[u8] = b"\x30\x41\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x02\x05\x00\x04\x30";

/// An RSA key; its arithmetic is num-bigint's.
struct RsaKey {
    n: BigUint,
    /// Each prime, and the private exponent modulo one less.
    primes: [(BigUint, BigUint); 2],
    /// The inverse of the second prime modulo the first.
    inverse: BigUint,
    /// RSAPublicKey.
    der: Vec<u8>,
    theirs: rsa::PublicKey,
}

/// Of whole octets, and not.
const BITS: [&str; 2] = ["2048", "2055"];

fn rsa_keys() -> &'static [RsaKey] {
    static KEYS: LazyLock<Vec<RsaKey>> = LazyLock::new(|| BITS.map(RsaKey::new).into());
    &KEYS
}

impl RsaKey {
    /// Out of the list that the tests of picopost-verify have.
    fn new(bits: &str) -> Self {
        let list = include_str!("../../../crates/verify/tests/data/rsa-primes.txt");
        let line = list.lines().find_map(|line| line.strip_prefix(bits)?.strip_prefix(' '));
        let (p, q) = line.and_then(|line| line.split_once(' ')).expect("the list has such a key");
        let [p, q] = [p, q].map(|hex| BigUint::parse_bytes(hex.as_bytes(), 16).expect("hexadecimal"));
        let (n, e) = (&p * &q, BigUint::from(65_537_u32));
        let d = |prime: &BigUint| e.modinv(&(prime - 1_u8)).expect("e has an inverse");
        let inverse = q.modinv(&p).expect("two primes");
        let integers = [integer(&n), integer(&e)].concat();
        let number = |n: &BigUint| {
            let octets = n.to_bytes_be();
            let bits = u32::try_from(octets.len() * 8).expect("a few thousand");
            rsa::BoxedUint::from_be_slice(&octets, bits).expect("as many bits as that")
        };
        let theirs = rsa::PublicKey::new(number(&n), number(&e)).expect("a key");
        let primes = [(p.clone(), d(&p)), (q.clone(), d(&q))];
        Self { der: long_tlv(0x30, &integers), n, primes, inverse, theirs }
    }

    fn octets(&self) -> usize {
        self.n.to_bytes_be().len()
    }

    /// The signature whose padded message is this, reduced to what the key can sign.
    fn sign(&self, encoded: &[u8]) -> Vec<u8> {
        let number = BigUint::from_bytes_be(encoded) % &self.n;
        // RFC 8017 §5.2.1, step 2 (b).
        let [(p, d_p), (q, d_q)] = &self.primes;
        let (s_p, s_q) = (number.modpow(d_p, p), number.modpow(d_q, q));
        let h = (s_p + p - &s_q % p) * &self.inverse % p;
        let number = (s_q + q * h).to_bytes_be();
        [vec![0; self.octets() - number.len()], number].concat()
    }
}

/// A number of more than 255 octets, or of a few, as an INTEGER.
fn integer(number: &BigUint) -> Vec<u8> {
    let mut octets = number.to_bytes_be();
    if octets[0] >= 0x80 {
        octets.insert(0, 0);
    }
    if octets.len() < 0x80 {
        return [&[2, u8::try_from(octets.len()).expect("short")], &*octets].concat();
    }
    long_tlv(2, &octets)
}

fn long_tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let [high, low] = u16::try_from(content.len()).expect("at most 65,535").to_be_bytes();
    [&[tag, 0x82, high, low], content].concat()
}

/// What makes one algorithm over RSA, and what the crate says of a signature.
struct Padding {
    algorithm: Algorithm,
    /// The padded message, from the random octets where it has a salt.
    encode: fn(&RsaKey, &[u8], &[u8; 48]) -> Vec<u8>,
    theirs: fn(&rsa::PublicKey, &[u8], &[u8]) -> bool,
}

macro_rules! padding {
    ($algorithm:ident, $module:ident, $hash:ident, $encode:expr) => {
        Padding {
            algorithm: $algorithm,
            encode: $encode,
            theirs: |key, message, signature| {
                let Ok(signature) = rsa::$module::Signature::try_from(signature) else { return false };
                rsa::$module::VerifyingKey::<$hash>::new(key.clone()).verify(message, &signature).is_ok()
            },
        }
    };
}

fn paddings() -> [Padding; PADDINGS] {
    [
        padding!(RSA_PKCS1_2048_4096_SHA256, pkcs1v15, Sha256, |key, message, _| {
            pkcs1(key, SHA256_INFO, &Sha256::digest(message))
        }),
        padding!(RSA_PKCS1_2048_4096_SHA384, pkcs1v15, Sha384, |key, message, _| {
            pkcs1(key, SHA384_INFO, &Sha384::digest(message))
        }),
        padding!(RSA_PSS_2048_4096_SHA256, pss, Sha256, |key, message, salt| {
            pss::<Sha256>(key, message, &salt[..32])
        }),
        padding!(RSA_PSS_2048_4096_SHA384, pss, Sha384, |key, message, salt| {
            pss::<Sha384>(key, message, salt)
        }),
    ]
}

fn rsa(input: &mut Input<'_>, padding: &Padding, changed: usize) -> usize {
    let key = &rsa_keys()[input.below(BITS.len())];
    let original_message = input.octets();
    let mut encoded = (padding.encode)(key, original_message, &input.array());
    input::apply(&Change::read_some(input, 3), &mut encoded);
    let original_signature = key.sign(&encoded);
    let mut valid = 0;
    for version in 0..changed {
        let mut message = original_message.to_vec();
        let mut signature = original_signature.clone();
        let mut der = key.der.clone();
        change(input, version, [(&mut signature, 3), (&mut message, 1), (&mut der, 2)]);
        // No other octets are this key, and under another key nothing here is signed.
        let theirs = der == key.der && (padding.theirs)(&key.theirs, &message, &signature);
        let ours = padding.algorithm.verify_signature(&der, &message, &signature).is_ok();
        assert_eq!(ours, theirs, "{:?}: {der:02x?}, {message:02x?}, {signature:02x?}", padding.algorithm);
        valid += usize::from(ours);
    }
    valid
}

/// EMSA-PKCS1-v1_5, RFC 8017 §9.2.
fn pkcs1(key: &RsaKey, info: &[u8], hash: &[u8]) -> Vec<u8> {
    let mut encoded = vec![0, 1];
    encoded.resize(key.octets() - 1 - info.len() - hash.len(), 0xff);
    [&encoded[..], &[0], info, hash].concat()
}

/// EMSA-PSS, RFC 8017 §9.1.1.
fn pss<D: Digest>(key: &RsaKey, message: &[u8], salt: &[u8]) -> Vec<u8> {
    let hash = D::digest([&[0; 8], D::digest(message).as_slice(), salt].concat());
    let bits = usize::try_from(key.n.bits()).expect("a few thousand") - 1;
    let length = bits.div_ceil(8);
    let mut db = vec![0; length - salt.len() - hash.len() - 2];
    db.push(1);
    db.extend(salt);
    for (counter, chunk) in (0_u32..).zip(db.chunks_mut(hash.len())) {
        let mask = D::digest([&hash[..], &counter.to_be_bytes()].concat());
        chunk.iter_mut().zip(mask).for_each(|(octet, mask)| *octet ^= mask);
    }
    db[0] &= 0xff >> (8 * length - bits);
    [&vec![0; key.octets() - length], &*db, &hash, &[0xbc]].concat()
}
