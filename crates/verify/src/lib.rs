//! Signature verification over public data, for rustls-webpki and for TLS 1.3's CertificateVerify.
//!
//! `verify ← tls ← client`: this crate knows nothing of certificates, TLS or I/O. Its algorithms
//! implement [`SignatureVerificationAlgorithm`], so that a certificate path is verified with [`ALL`],
//! and a CertificateVerify message with what [`for_scheme`] gives.
//!
//! # Variable time, on purpose
//! A signature, the message under it and the public key are public: whoever watches the network has
//! them already. Verification keeps no secret that its time could tell, so the arithmetic here skips
//! zeros, leaves loops early and branches on its operands, and is smaller and faster for it. For the
//! same reason **nothing in this crate may ever be given a private key**, and it has no function that
//! takes one.
//!
//! # What is verified
//! | | keys | hashes |
//! |---|---|---|
//! | ECDSA | P-256, P-384; uncompressed points only | SHA-256, SHA-384 |
//! | RSASSA-PKCS1-v1_5 | 2048 to 4096 bits, odd exponents from 3 to 2³³ − 1 | SHA-256, SHA-384, SHA-512 |
//! | RSASSA-PSS, salt as long as the hash | the same, under the OID rsaEncryption | SHA-256, SHA-384, SHA-512 |
//!
//! Everything is read as strict DER. The identifiers of an algorithm are compared as a whole, so
//! RSASSA-PSS with another salt length or mask function, and PKCS #1 with absent parameters, are
//! unsupported algorithms for webpki rather than invalid signatures. Not supported, on purpose:
//! SHA-1 (broken), P-521, Ed25519 and Ed448 (no public CA issues with them), keys under the OID
//! RSASSA-PSS (likewise; hence no `rsa_pss_pss_*` schemes), and RSA over 4096 bits (bounds memory).
//!
//! # Cost
//! No heap, no `unsafe`. Instructions and octets of stack on riscv32imac, hash included, as
//! `bench-chip` in this crate's folder counts them:
//!
//! | | instructions | without `straight-line-squaring` | stack |
//! |---|---|---|---|
//! | ECDSA P-256 | 2.77 M | 3.07 M | 2.7 KB |
//! | ECDSA P-384 | 7.96 M | 9.35 M | 2.7 KB |
//! | RSA 2048 | 1.28 M | 1.28 M | 3.1 KB |
//! | RSA 4096 | 4.56 M | 4.56 M | 3.1 KB |
//!
//! The feature `straight-line-squaring`, on by default, costs 4.6 KB of flash for that.

#![no_std]
#![forbid(unsafe_code)]

#[cfg(test)]
extern crate std;

mod algorithm;
mod der;
mod ecdsa;
mod hash;
mod limbs;
mod montgomery;
mod rsa;

use pki_types::{SignatureVerificationAlgorithm, alg_id};

use algorithm::{Algorithm, Scheme};
use ecdsa::Curve;
use hash::Hash;
use rsa::Padding;

/// The version of this crate: of what its verdicts on signatures are worth to one who keeps them.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// ECDSA over P-256 with SHA-256.
pub static ECDSA_P256_SHA256: &dyn SignatureVerificationAlgorithm = &Algorithm {
    name: "ECDSA_P256_SHA256",
    public_key: alg_id::ECDSA_P256,
    signature: alg_id::ECDSA_SHA256,
    scheme: Scheme::Ecdsa(Curve::P256),
    hash: Hash::Sha256,
};

/// ECDSA over P-256 with SHA-384, in certificates only.
pub static ECDSA_P256_SHA384: &dyn SignatureVerificationAlgorithm = &Algorithm {
    name: "ECDSA_P256_SHA384",
    public_key: alg_id::ECDSA_P256,
    signature: alg_id::ECDSA_SHA384,
    scheme: Scheme::Ecdsa(Curve::P256),
    hash: Hash::Sha384,
};

/// ECDSA over P-384 with SHA-256, in certificates only.
pub static ECDSA_P384_SHA256: &dyn SignatureVerificationAlgorithm = &Algorithm {
    name: "ECDSA_P384_SHA256",
    public_key: alg_id::ECDSA_P384,
    signature: alg_id::ECDSA_SHA256,
    scheme: Scheme::Ecdsa(Curve::P384),
    hash: Hash::Sha256,
};

/// ECDSA over P-384 with SHA-384.
pub static ECDSA_P384_SHA384: &dyn SignatureVerificationAlgorithm = &Algorithm {
    name: "ECDSA_P384_SHA384",
    public_key: alg_id::ECDSA_P384,
    signature: alg_id::ECDSA_SHA384,
    scheme: Scheme::Ecdsa(Curve::P384),
    hash: Hash::Sha384,
};

/// RSASSA-PKCS1-v1_5 with SHA-256, 2048 to 4096 bits, in certificates only.
pub static RSA_PKCS1_2048_4096_SHA256: &dyn SignatureVerificationAlgorithm = &Algorithm {
    name: "RSA_PKCS1_2048_4096_SHA256",
    public_key: alg_id::RSA_ENCRYPTION,
    signature: alg_id::RSA_PKCS1_SHA256,
    scheme: Scheme::Rsa(Padding::Pkcs1),
    hash: Hash::Sha256,
};

/// RSASSA-PKCS1-v1_5 with SHA-384, 2048 to 4096 bits, in certificates only.
pub static RSA_PKCS1_2048_4096_SHA384: &dyn SignatureVerificationAlgorithm = &Algorithm {
    name: "RSA_PKCS1_2048_4096_SHA384",
    public_key: alg_id::RSA_ENCRYPTION,
    signature: alg_id::RSA_PKCS1_SHA384,
    scheme: Scheme::Rsa(Padding::Pkcs1),
    hash: Hash::Sha384,
};

/// RSASSA-PKCS1-v1_5 with SHA-512, 2048 to 4096 bits, in certificates only.
pub static RSA_PKCS1_2048_4096_SHA512: &dyn SignatureVerificationAlgorithm = &Algorithm {
    name: "RSA_PKCS1_2048_4096_SHA512",
    public_key: alg_id::RSA_ENCRYPTION,
    signature: alg_id::RSA_PKCS1_SHA512,
    scheme: Scheme::Rsa(Padding::Pkcs1),
    hash: Hash::Sha512,
};

/// RSASSA-PSS with SHA-256 and a salt of 32 octets, 2048 to 4096 bits, key OID rsaEncryption.
pub static RSA_PSS_2048_4096_SHA256: &dyn SignatureVerificationAlgorithm = &Algorithm {
    name: "RSA_PSS_2048_4096_SHA256",
    public_key: alg_id::RSA_ENCRYPTION,
    signature: alg_id::RSA_PSS_SHA256,
    scheme: Scheme::Rsa(Padding::Pss),
    hash: Hash::Sha256,
};

/// RSASSA-PSS with SHA-384 and a salt of 48 octets, 2048 to 4096 bits, key OID rsaEncryption.
pub static RSA_PSS_2048_4096_SHA384: &dyn SignatureVerificationAlgorithm = &Algorithm {
    name: "RSA_PSS_2048_4096_SHA384",
    public_key: alg_id::RSA_ENCRYPTION,
    signature: alg_id::RSA_PSS_SHA384,
    scheme: Scheme::Rsa(Padding::Pss),
    hash: Hash::Sha384,
};

/// RSASSA-PSS with SHA-512 and a salt of 64 octets, 2048 to 4096 bits, key OID rsaEncryption.
pub static RSA_PSS_2048_4096_SHA512: &dyn SignatureVerificationAlgorithm = &Algorithm {
    name: "RSA_PSS_2048_4096_SHA512",
    public_key: alg_id::RSA_ENCRYPTION,
    signature: alg_id::RSA_PSS_SHA512,
    scheme: Scheme::Rsa(Padding::Pss),
    hash: Hash::Sha512,
};

/// Every algorithm, for the signatures in certificates: rustls-webpki picks by the identifiers.
pub static ALL: [&dyn SignatureVerificationAlgorithm; 10] = [
    ECDSA_P256_SHA256,
    ECDSA_P256_SHA384,
    ECDSA_P384_SHA256,
    ECDSA_P384_SHA384,
    RSA_PKCS1_2048_4096_SHA256,
    RSA_PKCS1_2048_4096_SHA384,
    RSA_PKCS1_2048_4096_SHA512,
    RSA_PSS_2048_4096_SHA256,
    RSA_PSS_2048_4096_SHA384,
    RSA_PSS_2048_4096_SHA512,
];

/// The SignatureScheme values (RFC 9846 §4.3.3) that [`for_scheme`] knows, most wanted first: what
/// may be offered in `signature_algorithms` for CertificateVerify. The order is that of the cost of
/// verifying on a chip without a hardware multiplier for big numbers, at the strength that public
/// CAs issue.
pub const SCHEMES: &[u16] = &[0x0403, 0x0804, 0x0503, 0x0805, 0x0806];

/// The SignatureScheme values that may be offered for the signatures in certificates, in
/// `signature_algorithms_cert` or, when that is not sent, in `signature_algorithms`: those of
/// [`SCHEMES`] and `rsa_pkcs1_sha256`, `_sha384` and `_sha512`, which RFC 9846 §4.3.3 defines for
/// certificates only.
pub const CERT_SCHEMES: &[u16] = &[0x0403, 0x0804, 0x0503, 0x0805, 0x0806, 0x0401, 0x0501, 0x0601];

/// The algorithm for a CertificateVerify whose SignatureScheme (RFC 9846 §4.3.3) is `scheme`.
///
/// `None` for every value that is not in [`SCHEMES`]: those that are not supported, and those that
/// are not defined for signed handshake messages (RSASSA-PKCS1-v1_5 and SHA-1, RFC 9846 §4.3.3).
/// An ECDSA scheme fixes the curve with the hash, so the caller must also compare the algorithm's
/// [`public_key_alg_id`](SignatureVerificationAlgorithm::public_key_alg_id) with that of the
/// certificate's key; [`webpki::EndEntityCert::verify_signature`] does.
///
/// [`webpki::EndEntityCert::verify_signature`]: https://docs.rs/rustls-webpki/0.103/webpki/struct.EndEntityCert.html#method.verify_signature
pub fn for_scheme(scheme: u16) -> Option<&'static dyn SignatureVerificationAlgorithm> {
    match scheme {
        0x0403 => Some(ECDSA_P256_SHA256),
        0x0503 => Some(ECDSA_P384_SHA384),
        0x0804 => Some(RSA_PSS_2048_4096_SHA256),
        0x0805 => Some(RSA_PSS_2048_4096_SHA384),
        0x0806 => Some(RSA_PSS_2048_4096_SHA512),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn for_scheme_knows_what_may_be_offered_and_nothing_else() {
        for scheme in 0..=u16::MAX {
            assert_eq!(for_scheme(scheme).is_some(), SCHEMES.contains(&scheme), "{scheme:#06x}");
        }
        assert!(CERT_SCHEMES.starts_with(SCHEMES));
    }

    #[test]
    fn a_pair_of_identifiers_names_one_algorithm() {
        for (at, one) in ALL.iter().enumerate() {
            for other in &ALL[..at] {
                assert!(
                    one.public_key_alg_id() != other.public_key_alg_id()
                        || one.signature_alg_id() != other.signature_alg_id(),
                    "{one:?} and {other:?}"
                );
            }
        }
    }

    #[test]
    fn debug_names_the_library_and_the_algorithm() {
        assert_eq!(std::format!("{ECDSA_P256_SHA256:?}"), "picopost-verify ECDSA_P256_SHA256");
    }
}
