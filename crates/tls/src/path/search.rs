//! webpki's search for a certification path, with the signatures taken out of it.
//!
//! A search verifies no signature itself: it looks each one up among those that are known, good or
//! bad, and stops at the first that is not. That one is then verified, on its own, and the search
//! runs again. All that it depends on stays the same from run to run, so each run comes as far as
//! the one before and one signature further, and the last one ends as a single run would have.

use core::fmt;
use core::sync::atomic::{AtomicU8, AtomicUsize, Ordering};

use pki_types::{
    AlgorithmIdentifier, CertificateDer, InvalidSignature, SignatureVerificationAlgorithm, TrustAnchor,
    UnixTime,
};
use webpki::{EndEntityCert, ExtendedKeyUsageValidator, KeyPurposeIdIter, VerifiedPath};

use super::path_error;
use crate::{
    fault::{Failure, Fault},
    key_usage::KeyUsage,
    memo::{self, SignatureDigest},
};

#[cfg(test)]
mod tests;

/// How many signatures may be looked at for one path. A good one has at most one for each
/// certificate, and a few more where issuers share a name. The bound is there for a small chip:
/// whoever answers may send certificates that lead nowhere.
const MAX_SIGNATURES: u8 = 16;

/// How many certificates one run may try on the way to an anchor. It needs no signature to make a
/// search long: six certificates for one name with six keys can be put into hundreds of orders.
const MAX_TRIED: u8 = 32;

/// What is known of the signatures in one list of certificates.
pub(super) struct Known {
    results: [(Signature, bool); MAX_SIGNATURES as usize],
    count: usize,
}

/// How a search ended, where not with an error.
pub(super) enum Outcome {
    /// This signature is to be verified, and the search to be run again.
    Wants(Signature),
    /// At an anchor, and everything on the way is good.
    Path(Used),
}

/// Which of the signatures that are known make a path, by their numbers.
pub(super) struct Used(u16);

impl Used {
    pub(super) fn has(&self, number: u8) -> bool {
        self.0.checked_shr(number.into()).is_some_and(|bits| bits & 1 == 1)
    }
}

impl Known {
    pub(super) const NOTHING: Self =
        Self { results: [(Signature::NONE, false); MAX_SIGNATURES as usize], count: 0 };

    pub(super) fn clear(&mut self) {
        self.count = 0;
    }

    /// Searches for a path, RFC 5280 §6.
    ///
    /// # Errors
    /// There is none, and no signature that is still to be verified could make one.
    #[inline(never)]
    pub(super) fn search(
        &self,
        certificate: &EndEntityCert<'_>,
        anchors: &[TrustAnchor<'_>],
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
        date: &mut u64,
    ) -> Result<Outcome, Failure> {
        let run = Run::new(self);
        let mut index = 0;
        let algorithms = picopost_verify::ALL.map(|algorithm| {
            let known = LookedUp { algorithm, index, run: &run };
            index = index.saturating_add(1);
            known
        });
        let algorithms = algorithms.each_ref().map(|known| known as &dyn SignatureVerificationAlgorithm);
        let usage = ServerAuth { run: &run };
        let issuers = Some(&issuers_may_sign as &dyn Fn(&VerifiedPath<'_>) -> _);
        let path =
            certificate.verify_for_usage(&algorithms, anchors, intermediates, now, usage, None, issuers);
        match (run.wanted.signature(), path) {
            (Some(signature), _) => Ok(Outcome::Wants(signature)),
            (None, Ok(path)) => Ok(Outcome::Path(self.used(&path))),
            (None, Err(_)) if run.left.load(Ordering::Relaxed) == 0 => Err(Fault::PathTooComplex.into()),
            (None, Err(error)) => {
                if let webpki::Error::CertExpired { not_after: other, .. }
                | webpki::Error::CertNotValidYet { not_before: other, .. } = &error
                {
                    *date = other.as_secs();
                }
                Err(path_error(&error))
            }
        }
    }

    /// Enters whether a signature is good: its number.
    ///
    /// # Errors
    /// There is no room, which [`Self::search`] never asks for.
    pub(super) fn enter(&mut self, signature: Signature, valid: bool) -> Result<u8, Failure> {
        let number = u8::try_from(self.count).ok().ok_or(Fault::Internal)?;
        *self.results.get_mut(self.count).ok_or(Fault::Internal)? = (signature, valid);
        self.count = self.count.saturating_add(1);
        Ok(number)
    }

    /// Which of the signatures make this path: over a certificate of it, with the key of the next
    /// one or of the anchor.
    fn used(&self, path: &VerifiedPath<'_>) -> Used {
        let mut used = Used(0);
        let mut signed = path.end_entity().der();
        for issuer in path.intermediate_certificates() {
            let issuer = issuer.der();
            self.add_used(&mut used, &signed, &issuer);
            signed = issuer;
        }
        self.add_used(&mut used, &signed, &path.anchor().subject_public_key_info);
        used
    }

    fn add_used(&self, used: &mut Used, signed: &[u8], key: &[u8]) {
        for (number, (signature, valid)) in (0..).zip(self.results.iter().take(self.count)) {
            if *valid
                && signature.message.within(signed).is_some()
                && signature.public_key.within(key).is_some()
            {
                used.0 |= 1_u16.checked_shl(number).unwrap_or_default();
            }
        }
    }

    fn result(&self, signature: &Signature) -> Option<bool> {
        let mut results = self.results.iter().take(self.count);
        results.find(|(known, _)| known == signature).map(|(_, valid)| *valid)
    }
}

/// A signature, what it is over, and the key that it is verified with: not by their octets but by
/// where these lie, in the Certificate message and in the anchors, which stay unchanged in their
/// places as long as the search goes on. So whatever the order in which webpki asks, the same
/// places are the same octets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Signature {
    /// Index into [`picopost_verify::ALL`].
    algorithm: u8,
    public_key: Place,
    message: Place,
    signature: Place,
}

impl Signature {
    const NONE: Self = Self {
        algorithm: u8::MAX,
        public_key: Place::NOWHERE,
        message: Place::NOWHERE,
        signature: Place::NOWHERE,
    };

    /// What is to be verified, from the certificates and anchors that it lies in.
    ///
    /// # Errors
    /// [`Fault::Internal`]: it lies in none of them.
    pub(super) fn parts<'c>(
        &self,
        chain: &'c [CertificateDer<'_>],
        anchors: &'c [TrustAnchor<'_>],
    ) -> Result<Parts<'c>, Failure> {
        let certificates = chain.iter().map(AsRef::as_ref);
        let keys = anchors.iter().map(|anchor| anchor.subject_public_key_info.as_ref());
        let find = |place: Place| {
            certificates
                .clone()
                .chain(keys.clone())
                .find_map(|outer| place.within(outer))
                .ok_or(Fault::Internal)
        };
        Ok(Parts {
            algorithm: *picopost_verify::ALL.get(usize::from(self.algorithm)).ok_or(Fault::Internal)?,
            public_key: find(self.public_key)?,
            message: find(self.message)?,
            signature: find(self.signature)?,
        })
    }
}

/// What a signature's verification takes.
pub(super) struct Parts<'c> {
    algorithm: &'static dyn SignatureVerificationAlgorithm,
    public_key: &'c [u8],
    message: &'c [u8],
    signature: &'c [u8],
}

impl Parts<'_> {
    /// Whether the signature is good. One public-key operation.
    #[inline(never)]
    pub(super) fn are_good(&self) -> bool {
        self.algorithm.verify_signature(self.public_key, self.message, self.signature).is_ok()
    }

    pub(super) fn digest(&self) -> SignatureDigest {
        memo::digest(self.algorithm, self.public_key, self.message, self.signature)
    }
}

/// Where some octets lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place {
    address: usize,
    length: usize,
}

impl Place {
    const NOWHERE: Self = Self { address: 0, length: 0 };

    fn of(octets: &[u8]) -> Self {
        Self { address: octets.as_ptr().addr(), length: octets.len() }
    }

    /// The octets that lie there, if they are among these.
    fn within(self, outer: &[u8]) -> Option<&[u8]> {
        let start = self.address.checked_sub(outer.as_ptr().addr())?;
        outer.get(start..start.checked_add(self.length)?)
    }
}

/// One run of the search. What changes in it is loaded and stored atomically, since webpki wants
/// its algorithms [`Sync`]; nobody else looks at it, and not every chip can do more.
struct Run<'k> {
    known: &'k Known,
    /// How many signatures may still be looked at.
    left: AtomicU8,
    /// How many certificates may still be tried.
    untried: AtomicU8,
    wanted: Wanted,
}

impl<'k> Run<'k> {
    fn new(known: &'k Known) -> Self {
        let (left, untried) = (AtomicU8::new(MAX_SIGNATURES), AtomicU8::new(MAX_TRIED));
        Self { known, left, untried, wanted: Wanted::nothing() }
    }

    /// Counts a certificate that is tried. One too many, and the run is over.
    fn count_tried(&self) {
        match self.untried.load(Ordering::Relaxed).checked_sub(1) {
            Some(untried) => self.untried.store(untried, Ordering::Relaxed),
            None => self.left.store(0, Ordering::Relaxed),
        }
    }

    /// Whether the search can find nothing more.
    fn is_over(&self) -> bool {
        self.wanted.signature().is_some() || self.left.load(Ordering::Relaxed) == 0
    }

    fn look_up(&self, signature: &Signature) -> Result<(), InvalidSignature> {
        if self.is_over() {
            return Err(InvalidSignature);
        }
        self.left.store(self.left.load(Ordering::Relaxed).saturating_sub(1), Ordering::Relaxed);
        match self.known.result(signature) {
            Some(true) => Ok(()),
            Some(false) => Err(InvalidSignature),
            None => {
                self.wanted.set(signature);
                Err(InvalidSignature)
            }
        }
    }
}

/// The first signature that is not known.
struct Wanted {
    algorithm: AtomicU8,
    places: [[AtomicUsize; 2]; 3],
}

impl Wanted {
    fn nothing() -> Self {
        let wanted = Self { algorithm: AtomicU8::new(0), places: Default::default() };
        wanted.set(&Signature::NONE);
        wanted
    }

    fn set(&self, signature: &Signature) {
        self.algorithm.store(signature.algorithm, Ordering::Relaxed);
        let places = [signature.public_key, signature.message, signature.signature];
        for ([address, length], place) in self.places.iter().zip(places) {
            address.store(place.address, Ordering::Relaxed);
            length.store(place.length, Ordering::Relaxed);
        }
    }

    fn signature(&self) -> Option<Signature> {
        let [public_key, message, signature] = self.places.each_ref().map(|[address, length]| Place {
            address: address.load(Ordering::Relaxed),
            length: length.load(Ordering::Relaxed),
        });
        let algorithm = self.algorithm.load(Ordering::Relaxed);
        let signature = Signature { algorithm, public_key, message, signature };
        (signature != Signature::NONE).then_some(signature)
    }
}

/// An algorithm that looks the result up.
struct LookedUp<'r> {
    algorithm: &'static dyn SignatureVerificationAlgorithm,
    /// Index into [`picopost_verify::ALL`].
    index: u8,
    run: &'r Run<'r>,
}

impl SignatureVerificationAlgorithm for LookedUp<'_> {
    fn verify_signature(
        &self,
        public_key: &[u8],
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), InvalidSignature> {
        self.run.look_up(&Signature {
            algorithm: self.index,
            public_key: Place::of(public_key),
            message: Place::of(message),
            signature: Place::of(signature),
        })
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        self.algorithm.public_key_alg_id()
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        self.algorithm.signature_alg_id()
    }
}

/// webpki wants it. By hand, since a derived one would be in each image, with all that is in a run.
impl fmt::Debug for LookedUp<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LookedUp")
    }
}

/// RFC 5280 §4.2.1.12: id-kp-serverAuth, where a certificate has an extKeyUsage.
///
/// webpki asks this of each certificate that it tries, and of its errors it takes some as the end
/// of the whole search: so a run that is over ends here, instead of trying what is left.
struct ServerAuth<'r> {
    run: &'r Run<'r>,
}

impl ExtendedKeyUsageValidator for ServerAuth<'_> {
    fn validate(&self, purposes: KeyPurposeIdIter<'_, '_>) -> Result<(), webpki::Error> {
        self.run.count_tried();
        if self.run.is_over() {
            return Err(webpki::Error::MaximumSignatureChecksExceeded);
        }
        webpki::KeyUsage::server_auth().validate(purposes)
    }
}

/// RFC 5280 §6.1.4 (n): the keyCertSign bit of each CA, where it has a keyUsage. A path without
/// it is none; webpki goes on to look for another.
fn issuers_may_sign(path: &VerifiedPath<'_>) -> Result<(), webpki::Error> {
    for issuer in path.intermediate_certificates() {
        if !KeyUsage::of(&issuer.der()).is_ok_and(KeyUsage::key_cert_sign) {
            return Err(webpki::Error::EndEntityUsedAsCa);
        }
    }
    Ok(())
}
