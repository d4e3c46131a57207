//! Signatures verified by RustCrypto, for rustls-webpki: what programs use that have no verification
//! of their own. The same as picopost verifies: ECDSA on P-256 and P-384, RSA.

#![no_std]

use core::marker::PhantomData;

use p256::ecdsa::signature::hazmat::PrehashVerifier;
use pki_types::{AlgorithmIdentifier, InvalidSignature, SignatureVerificationAlgorithm, alg_id};
use rsa::pkcs1::DecodeRsaPublicKey;
use sha2::{Digest, Sha256, Sha384, Sha512};

/// ECDSA on P-256 with SHA-256.
pub static ECDSA_P256_SHA256: &dyn SignatureVerificationAlgorithm =
    &P256::<Sha256>(alg_id::ECDSA_SHA256, PhantomData);
/// ECDSA on P-256 with SHA-384.
pub static ECDSA_P256_SHA384: &dyn SignatureVerificationAlgorithm =
    &P256::<Sha384>(alg_id::ECDSA_SHA384, PhantomData);
/// ECDSA on P-384 with SHA-256.
pub static ECDSA_P384_SHA256: &dyn SignatureVerificationAlgorithm =
    &P384::<Sha256>(alg_id::ECDSA_SHA256, PhantomData);
/// ECDSA on P-384 with SHA-384.
pub static ECDSA_P384_SHA384: &dyn SignatureVerificationAlgorithm =
    &P384::<Sha384>(alg_id::ECDSA_SHA384, PhantomData);
/// RSA, PKCS #1 v1.5, with SHA-256.
pub static RSA_PKCS1_SHA256: &dyn SignatureVerificationAlgorithm = &Rsa {
    id: alg_id::RSA_PKCS1_SHA256,
    verify: |key, message, signature| {
        key.verify(rsa::Pkcs1v15Sign::new::<Sha256>(), &Sha256::digest(message), signature)
    },
};
/// RSA, PKCS #1 v1.5, with SHA-384.
pub static RSA_PKCS1_SHA384: &dyn SignatureVerificationAlgorithm = &Rsa {
    id: alg_id::RSA_PKCS1_SHA384,
    verify: |key, message, signature| {
        key.verify(rsa::Pkcs1v15Sign::new::<Sha384>(), &Sha384::digest(message), signature)
    },
};
/// RSA, PSS, with SHA-256.
pub static RSA_PSS_SHA256: &dyn SignatureVerificationAlgorithm = &Rsa {
    id: alg_id::RSA_PSS_SHA256,
    verify: |key, message, signature| {
        key.verify(rsa::Pss::<Sha256>::new(), &Sha256::digest(message), signature)
    },
};
/// RSA, PSS, with SHA-384.
pub static RSA_PSS_SHA384: &dyn SignatureVerificationAlgorithm = &Rsa {
    id: alg_id::RSA_PSS_SHA384,
    verify: |key, message, signature| {
        key.verify(rsa::Pss::<Sha384>::new(), &Sha384::digest(message), signature)
    },
};

/// RSA, PSS, with SHA-512.
pub static RSA_PSS_SHA512: &dyn SignatureVerificationAlgorithm = &Rsa {
    id: alg_id::RSA_PSS_SHA512,
    verify: |key, message, signature| {
        key.verify(rsa::Pss::<Sha512>::new(), &Sha512::digest(message), signature)
    },
};

/// All of them.
pub static ALL: &[&dyn SignatureVerificationAlgorithm] = &[
    ECDSA_P256_SHA256,
    ECDSA_P256_SHA384,
    ECDSA_P384_SHA256,
    ECDSA_P384_SHA384,
    RSA_PKCS1_SHA256,
    RSA_PKCS1_SHA384,
    RSA_PSS_SHA256,
    RSA_PSS_SHA384,
    RSA_PSS_SHA512,
];

macro_rules! ecdsa {
    ($name:ident, $curve:ident, $key_id:expr) => {
        struct $name<H>(AlgorithmIdentifier, PhantomData<fn() -> H>);

        impl<H> core::fmt::Debug for $name<H> {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str(stringify!($name))
            }
        }

        impl<H: Digest> SignatureVerificationAlgorithm for $name<H> {
            fn verify_signature(
                &self,
                key: &[u8],
                message: &[u8],
                signature: &[u8],
            ) -> Result<(), InvalidSignature> {
                let key = $curve::ecdsa::VerifyingKey::from_sec1_bytes(key).map_err(|_| InvalidSignature)?;
                let signature =
                    $curve::ecdsa::Signature::from_der(signature).map_err(|_| InvalidSignature)?;
                key.verify_prehash(&H::digest(message), &signature).map_err(|_| InvalidSignature)
            }

            fn public_key_alg_id(&self) -> AlgorithmIdentifier {
                $key_id
            }

            fn signature_alg_id(&self) -> AlgorithmIdentifier {
                self.0
            }
        }
    };
}

ecdsa!(P256, p256, alg_id::ECDSA_P256);
ecdsa!(P384, p384, alg_id::ECDSA_P384);

struct Rsa {
    id: AlgorithmIdentifier,
    verify: fn(&rsa::PublicKey, &[u8], &[u8]) -> rsa::Result<()>,
}

impl core::fmt::Debug for Rsa {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Rsa")
    }
}

impl SignatureVerificationAlgorithm for Rsa {
    fn verify_signature(&self, key: &[u8], message: &[u8], signature: &[u8]) -> Result<(), InvalidSignature> {
        let key = rsa::PublicKey::from_pkcs1_der(key).map_err(|_| InvalidSignature)?;
        (self.verify)(&key, message, signature).map_err(|_| InvalidSignature)
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        alg_id::RSA_ENCRYPTION
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        self.id
    }
}
