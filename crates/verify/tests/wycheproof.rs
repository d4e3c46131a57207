//! Project Wycheproof's vectors, all that apply: ECDSA over P-256 and P-384 with SHA-256 and SHA-384
//! in DER form, RSA PKCS #1 and PSS of 2048 to 4096 bits with SHA-256, SHA-384 and SHA-512.

use picopost_verify::{
    ECDSA_P256_SHA256, ECDSA_P384_SHA256, ECDSA_P384_SHA384, RSA_PKCS1_2048_4096_SHA256,
    RSA_PKCS1_2048_4096_SHA384, RSA_PKCS1_2048_4096_SHA512, RSA_PSS_2048_4096_SHA256,
    RSA_PSS_2048_4096_SHA384, RSA_PSS_2048_4096_SHA512,
};
use pki_types::SignatureVerificationAlgorithm;
use wycheproof::{HashFunction, Mgf, TestResult, ecdsa, rsa_pkcs1_verify, rsa_pss_verify};

type Algorithm = &'static dyn SignatureVerificationAlgorithm;

/// How many vectors of each expectation were run.
#[derive(Debug, Default, PartialEq)]
struct Count {
    valid: usize,
    invalid: usize,
}

impl Count {
    /// One vector. What Wycheproof calls acceptable are signatures whose DigestInfo lacks its NULL,
    /// which RFC 8017 §9.2 lets nobody produce: here they are invalid.
    fn run(&mut self, algorithm: Algorithm, result: TestResult, case: &Case<'_>) {
        let valid = algorithm.verify_signature(case.key, case.message, case.signature).is_ok();
        assert_eq!(valid, result == TestResult::Valid, "{algorithm:?}, test {}: {}", case.id, case.comment);
        if valid {
            self.valid += 1;
        } else {
            self.invalid += 1;
        }
    }
}

struct Case<'a> {
    id: usize,
    comment: &'a str,
    key: &'a [u8],
    message: &'a [u8],
    signature: &'a [u8],
}

#[test]
fn ecdsa_vectors() {
    let sets = [
        (ecdsa::TestName::EcdsaSecp256r1Sha256, ECDSA_P256_SHA256, Count { valid: 174, invalid: 310 }),
        (ecdsa::TestName::EcdsaSecp384r1Sha256, ECDSA_P384_SHA256, Count { valid: 162, invalid: 310 }),
        (ecdsa::TestName::EcdsaSecp384r1Sha384, ECDSA_P384_SHA384, Count { valid: 194, invalid: 310 }),
    ];
    for (name, algorithm, expected) in sets {
        let mut count = Count::default();
        for group in ecdsa::TestSet::load(name).unwrap().test_groups {
            for test in &group.tests {
                let case = Case {
                    id: test.tc_id,
                    comment: &test.comment,
                    key: &group.key.key,
                    message: &test.msg,
                    signature: &test.sig,
                };
                count.run(algorithm, test.result, &case);
            }
        }
        assert_eq!(count, expected, "{name:?}");
    }
}

#[test]
fn rsa_pkcs1_vectors() {
    use rsa_pkcs1_verify::{TestName, TestSet};
    let sets = [
        (TestName::Rsa2048Sha256, RSA_PKCS1_2048_4096_SHA256, Count { valid: 9, invalid: 250 }),
        (TestName::Rsa2048Sha384, RSA_PKCS1_2048_4096_SHA384, Count { valid: 7, invalid: 251 }),
        (TestName::Rsa2048Sha512, RSA_PKCS1_2048_4096_SHA512, Count { valid: 8, invalid: 251 }),
        (TestName::Rsa3072Sha256, RSA_PKCS1_2048_4096_SHA256, Count { valid: 8, invalid: 251 }),
        (TestName::Rsa3072Sha384, RSA_PKCS1_2048_4096_SHA384, Count { valid: 7, invalid: 252 }),
        (TestName::Rsa3072Sha512, RSA_PKCS1_2048_4096_SHA512, Count { valid: 8, invalid: 252 }),
        (TestName::Rsa4096Sha256, RSA_PKCS1_2048_4096_SHA256, Count { valid: 7, invalid: 251 }),
        (TestName::Rsa4096Sha384, RSA_PKCS1_2048_4096_SHA384, Count { valid: 7, invalid: 252 }),
        (TestName::Rsa4096Sha512, RSA_PKCS1_2048_4096_SHA512, Count { valid: 7, invalid: 252 }),
    ];
    for (name, algorithm, expected) in sets {
        let mut count = Count::default();
        for group in TestSet::load(name).unwrap().test_groups {
            for test in &group.tests {
                let case = Case {
                    id: test.tc_id,
                    comment: &test.comment,
                    key: &group.asn_key,
                    message: &test.msg,
                    signature: &test.sig,
                };
                count.run(algorithm, test.result, &case);
            }
        }
        assert_eq!(count, expected, "{name:?}");
    }
}

/// Every group in which hash, mask generation function and salt are those of RFC 9846 §4.3.3.
#[test]
fn rsa_pss_vectors() {
    let mut count = Count::default();
    let mut sets = 0;
    for name in rsa_pss_verify::TestName::all() {
        let before = count.valid;
        for group in rsa_pss_verify::TestSet::load(name).unwrap().test_groups {
            let (algorithm, salt) = match group.hash {
                HashFunction::Sha2_256 => (RSA_PSS_2048_4096_SHA256, 32),
                HashFunction::Sha2_384 => (RSA_PSS_2048_4096_SHA384, 48),
                HashFunction::Sha2_512 => (RSA_PSS_2048_4096_SHA512, 64),
                _ => continue,
            };
            let own_mask = group.mgf == Mgf::Mgf1 && group.mgf_hash.as_ref() == Some(&group.hash);
            if !own_mask || group.salt_size != salt || !(2048..=4096).contains(&group.key_size) {
                continue;
            }
            for test in &group.tests {
                let case = Case {
                    id: test.tc_id,
                    comment: &test.comment,
                    key: &group.asn_key,
                    message: &test.msg,
                    signature: &test.sig,
                };
                count.run(algorithm, test.result, &case);
            }
        }
        sets += usize::from(count.valid > before);
    }
    assert_eq!((sets, count), (11, Count { valid: 775, invalid: 411 }));
}

/// A signature made with another salt length, mask or hash is refused.
#[test]
fn rsa_pss_with_other_parameters() {
    use rsa_pss_verify::{TestName, TestSet};
    let sets = [
        (TestName::RsaPss2048Sha256Mgf1SaltLen0, RSA_PSS_2048_4096_SHA256),
        (TestName::RsaPss2048Sha256Mgf1Sha1_20, RSA_PSS_2048_4096_SHA256),
        (TestName::RsaPss2048Sha512Mgf1Sha256SaltLen32WithParams, RSA_PSS_2048_4096_SHA512),
        (TestName::RsaPss4096Sha512Mgf1SaltLen32, RSA_PSS_2048_4096_SHA512),
        (TestName::RsaPss2048Sha384Mgf1SaltLen48, RSA_PSS_2048_4096_SHA256),
    ];
    for (name, algorithm) in sets {
        let mut count = 0;
        for group in TestSet::load(name).unwrap().test_groups {
            for test in group.tests.iter().filter(|test| test.result == TestResult::Valid) {
                let verified = algorithm.verify_signature(&group.asn_key, &test.msg, &test.sig);
                assert!(verified.is_err(), "{name:?}, test {}", test.tc_id);
                count += 1;
            }
        }
        assert!(count > 0, "{name:?}");
    }
}
