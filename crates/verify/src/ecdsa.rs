//! ECDSA signature verification (FIPS 186-5 §6.4.2) over P-256 and P-384.

use p256::ecdsa::signature::hazmat::PrehashVerifier;
use pki_types::InvalidSignature;

use crate::der;
use crate::hash::Hash;

/// A curve of SP 800-186 §3.2.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Curve {
    P256,
    P384,
}

/// Verifies `signature`, a DER-encoded ECDSA-Sig-Value, over `message` with the uncompressed point
/// `public_key` (0x04 || x || y; RFC 5480 §2.2 requires that form of everyone and no other).
pub(crate) fn verify(
    curve: Curve,
    hash: Hash,
    public_key: &[u8],
    message: &[u8],
    signature: &[u8],
) -> Result<(), InvalidSignature> {
    let [0x04, ..] = public_key else { return Err(InvalidSignature) };
    let (r, s) = der::two_positive_integers(signature).ok_or(InvalidSignature)?;
    let hash_value = hash.of(&[message]);
    // The trait's error has no room for a reason.
    match curve {
        Curve::P256 => {
            let (r, s) = (field::<32>(r)?, field::<32>(s)?);
            let signature = p256::ecdsa::Signature::from_scalars(r, s).or(Err(InvalidSignature))?;
            let key = p256::ecdsa::VerifyingKey::from_sec1_bytes(public_key).or(Err(InvalidSignature))?;
            key.verify_prehash(hash_value.as_slice(), &signature).or(Err(InvalidSignature))
        }
        Curve::P384 => {
            let (r, s) = (field::<48>(r)?, field::<48>(s)?);
            let signature = p384::ecdsa::Signature::from_scalars(r, s).or(Err(InvalidSignature))?;
            let key = p384::ecdsa::VerifyingKey::from_sec1_bytes(public_key).or(Err(InvalidSignature))?;
            key.verify_prehash(hash_value.as_slice(), &signature).or(Err(InvalidSignature))
        }
    }
}

/// A magnitude as exactly `N` octets, zeros in front.
fn field<const N: usize>(magnitude: &[u8]) -> Result<[u8; N], InvalidSignature> {
    let mut octets = [0; N];
    let at = N.checked_sub(magnitude.len()).ok_or(InvalidSignature)?;
    let (_, to) = octets.split_at_mut_checked(at).ok_or(InvalidSignature)?;
    to.copy_from_slice(magnitude);
    Ok(octets)
}
