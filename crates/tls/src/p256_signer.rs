//! A signer whose key is in this chip's own memory, over the crate `p256`.

use core::fmt;

use p256::{
    SecretKey,
    ecdsa::{self, SigningKey, signature::hazmat::PrehashSigner},
    pkcs8::PrivateKeyInfoRef,
};

use crate::{
    error::Error,
    signer::{Signature, Signer, SigningFailed},
};

/// A private key for P-256, which signs with the nonces of RFC 6979: they need no random source, so
/// that a bad one cannot give the key away.
///
/// In constant time, and this value is zeroized when it is dropped. Not so what reading the key and
/// signing leave on the stack: copies of the key, and of a signature's nonce, which with the signature
/// gives the key, stay until something else is written there. Whoever can read the chip's memory or
/// flash, or can disturb it while it signs, has the key: where that counts, a secure element holds it,
/// behind [`Signer`].
pub struct P256Signer(SigningKey);

impl P256Signer {
    /// From PKCS #8 (RFC 5958) or SEC 1 (RFC 5915), both in DER. Two public-key operations; one where
    /// the octets have no public key. The octets given are the caller's to wipe.
    ///
    /// # Errors
    /// [`Error::PrivateKey`] for anything but a key for P-256, an RSA key for instance.
    pub fn from_der(der: &[u8]) -> Result<Self, Error> {
        // What is wrong with the octets is not said: they are secret.
        let key = match PrivateKeyInfoRef::try_from(der) {
            Ok(info) => SecretKey::try_from(info).ok(),
            Err(_) => SecretKey::from_sec1_der(der).ok(),
        };
        Ok(Self(key.ok_or(Error::PrivateKey)?.into()))
    }
}

impl Signer for P256Signer {
    fn sign(&self, digest: &[u8; 32]) -> Result<Signature, SigningFailed> {
        // Neither fails for a digest of the length of the curve's field.
        let signature: Option<ecdsa::Signature> = self.0.sign_prehash(digest).ok();
        let octets = signature.ok_or(SigningFailed(0))?.to_bytes();
        Signature::from_octets(&octets.into()).ok_or(SigningFailed(0))
    }
}

impl fmt::Debug for P256Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("P256Signer").finish_non_exhaustive()
    }
}
