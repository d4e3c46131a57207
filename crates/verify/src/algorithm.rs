//! What rustls-webpki and TLS see of the algorithms.

use core::fmt;

use pki_types::{AlgorithmIdentifier, InvalidSignature, SignatureVerificationAlgorithm};

use crate::ecdsa::{self, Curve};
use crate::hash::Hash;
use crate::rsa::{self, Padding};

/// A signature algorithm, with the identifiers under which certificates name it.
pub(crate) struct Algorithm {
    pub(crate) name: &'static str,
    pub(crate) public_key: AlgorithmIdentifier,
    pub(crate) signature: AlgorithmIdentifier,
    pub(crate) scheme: Scheme,
    pub(crate) hash: Hash,
}

/// The primitive behind an algorithm.
pub(crate) enum Scheme {
    Ecdsa(Curve),
    Rsa(Padding),
}

impl SignatureVerificationAlgorithm for Algorithm {
    fn verify_signature(
        &self,
        public_key: &[u8],
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), InvalidSignature> {
        match self.scheme {
            Scheme::Ecdsa(curve) => ecdsa::verify(curve, self.hash, public_key, message, signature),
            Scheme::Rsa(padding) => rsa::verify(padding, self.hash, public_key, message, signature),
        }
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        self.public_key
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        self.signature
    }
}

impl fmt::Debug for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("picopost-verify ")?;
        f.write_str(self.name)
    }
}
