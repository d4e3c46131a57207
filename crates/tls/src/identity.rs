//! Who this client is, for a server that asks (RFC 9846 §4.5.1, §4.5.2): its certificates, and the
//! signer that holds the key.

use core::fmt;

use pki_types::CertificateDer;
use webpki::EndEntityCert;

use crate::{
    codec::Writer,
    error::Error,
    fault::{Failure, Fault},
    key_schedule::{HASH, Transcript},
    key_usage::KeyUsage,
    messages::ECDSA_SECP256R1_SHA256,
    signer::{Signature, Signer, SigningFailed},
};

/// A client's certificates, and the signer that holds the key of the first.
///
/// ```
/// use picopost_tls::{ClientIdentity, P256Signer};
/// use picopost_testkit::chains;
///
/// // The device's own certificate first, then its issuer's and so on; the root may be left out.
/// let chain = chains::clients::good();
/// let signer = P256Signer::from_der(chain.key.der())?;
/// let identity = ClientIdentity::new(&chain.certificates, &signer);
/// // Once, when the device is provisioned: a handshake does not do it.
/// identity.check()?;
/// # Ok::<(), picopost_tls::Error>(())
/// ```
#[derive(Clone, Copy)]
pub struct ClientIdentity<'a> {
    certificates: &'a [CertificateDer<'a>],
    signer: &'a dyn Signer,
}

/// Context and lengths of a Certificate message, its header included.
const HEADER: usize = 4 + 1 + 3;
/// Length and extensions of a CertificateEntry.
const ENTRY: usize = 3 + 2;

impl<'a> ClientIdentity<'a> {
    /// The client's own certificate comes first, each next one certifies the one before it; a root
    /// that the server knows may be left out. Any size will do: they go out in as many records as
    /// they need.
    pub fn new(certificates: &'a [CertificateDer<'a>], signer: &'a dyn Signer) -> Self {
        Self { certificates, signer }
    }

    /// Has the signer sign something, and verifies that with the certificate. Two public-key
    /// operations: for the day on which key and certificate come into the device.
    ///
    /// # Errors
    /// [`Error::ClientCertificate`], [`Error::SigningFailed`], and [`Error::SignerKey`] where the two
    /// do not fit.
    pub fn check(&self) -> Result<(), Error> {
        const MESSAGE: &[u8] = b"picopost: does this key fit the certificate?";
        self.validate()?;
        let mut signed = Transcript::new();
        signed.add(MESSAGE);
        let signature = self.signer.sign(&signed.hash());
        let signature = signature.map_err(|SigningFailed(reason)| Error::SigningFailed { reason })?;
        let mut octets = [0; Signature::MAX_DER];
        let mut out = Writer::new(&mut octets);
        signature.write_der(&mut out);
        let length = out.length();
        let signature = octets.get(..length).ok_or(Error::Internal)?;
        match self.verify(MESSAGE, signature) {
            Ok(()) => Ok(()),
            Err(webpki::Error::InvalidSignatureForPublicKey) => Err(Error::SignerKey),
            Err(_) => Err(Error::ClientCertificate),
        }
    }

    /// RFC 9846 §4.5.1: X.509, of a length that fits; §4.5.1.2: the key may sign, and is one of the
    /// scheme's. No public-key operation.
    pub(crate) fn validate(&self) -> Result<(), Error> {
        let fits = self.message_length().saturating_sub(4) < 1 << 24;
        let has_empty = self.certificates.iter().any(|certificate| certificate.is_empty());
        let Some(own) = self.certificates.first().filter(|_| fits && !has_empty) else {
            return Err(Error::ClientCertificate);
        };
        let may_sign = KeyUsage::of(own).is_ok_and(KeyUsage::digital_signature);
        // No key verifies the empty signature; whether it is of the right kind is seen before that.
        let is_p256 = matches!(self.verify(b"", b""), Err(webpki::Error::InvalidSignatureForPublicKey));
        if may_sign && is_p256 { Ok(()) } else { Err(Error::ClientCertificate) }
    }

    /// The client's own certificate.
    pub(crate) fn certificate(&self) -> &[u8] {
        self.certificates.first().map(CertificateDer::as_ref).unwrap_or_default()
    }

    /// Octets of the Certificate message, its header included.
    pub(crate) fn message_length(&self) -> usize {
        let entries = self.certificates.iter().map(|certificate| certificate.len().saturating_add(ENTRY));
        entries.fold(HEADER, usize::saturating_add)
    }

    /// Copies as much of the Certificate message as there is space for, from its octet `skip` on.
    /// Returns what was copied.
    pub(crate) fn copy_message<'s>(&self, skip: usize, space: &'s mut [u8]) -> &'s [u8] {
        let length = self.message_length();
        let mut window = Window { skip, space, copied: 0 };
        window.bytes(&[11]);
        window.u24(length.saturating_sub(4));
        // RFC 9846 §4.5.1: the request's context, which is empty in the handshake (§4.4.2).
        window.bytes(&[0]);
        window.u24(length.saturating_sub(HEADER));
        for certificate in self.certificates {
            window.u24(certificate.len());
            window.bytes(certificate);
            // No extension: none of the request's is answered.
            window.bytes(&[0, 0]);
        }
        let Window { space, copied, .. } = window;
        space.get(..copied).unwrap_or_default()
    }

    /// The CertificateVerify message over this transcript hash, RFC 9846 §4.5.2. One public-key
    /// operation, the signer's.
    pub(crate) fn certificate_verify(&self, transcript: &[u8; HASH]) -> Result<CertificateVerify, Failure> {
        let mut signed = Transcript::new();
        signed.add(&[0x20; 64]);
        signed.add(b"TLS 1.3, client CertificateVerify\0");
        signed.add(transcript);
        let signature = self.signer.sign(&signed.hash());
        let signature = signature.map_err(|SigningFailed(reason)| Fault::SigningFailed.with(reason))?;

        let mut message = CertificateVerify { octets: [0; CertificateVerify::MAX], length: 0 };
        let mut out = Writer::new(&mut message.octets);
        out.u8(15);
        out.vector24(|body| {
            body.u16(ECDSA_SECP256R1_SHA256);
            body.vector16(|out| signature.write_der(out));
        });
        message.length = out.length();
        Ok(message)
    }

    fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), webpki::Error> {
        let own = self.certificates.first().ok_or(webpki::Error::BadDer)?;
        EndEntityCert::try_from(own)?.verify_signature(picopost_verify::ECDSA_P256_SHA256, message, signature)
    }
}

impl fmt::Debug for ClientIdentity<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientIdentity")
            .field("certificates", &self.certificates.len())
            .finish_non_exhaustive()
    }
}

/// A CertificateVerify message, its header included.
pub(crate) struct CertificateVerify {
    octets: [u8; Self::MAX],
    length: usize,
}

impl CertificateVerify {
    /// Header, scheme, and a signature behind its length.
    const MAX: usize = 4 + 2 + 2 + Signature::MAX_DER;

    pub(crate) fn octets(&self) -> &[u8] {
        self.octets.get(..self.length).unwrap_or_default()
    }
}

/// A part of a message that is never in memory as a whole.
struct Window<'s> {
    /// Octets that are still in front of it.
    skip: usize,
    space: &'s mut [u8],
    copied: usize,
}

impl Window<'_> {
    fn bytes(&mut self, octets: &[u8]) {
        let skipped = self.skip.min(octets.len());
        self.skip = self.skip.saturating_sub(skipped);
        let octets = octets.get(skipped..).unwrap_or_default();
        let space = self.space.get_mut(self.copied..).unwrap_or_default();
        let count = octets.len().min(space.len());
        space.iter_mut().zip(octets).for_each(|(to, from)| *to = *from);
        self.copied = self.copied.saturating_add(count);
    }

    /// [`ClientIdentity::validate`] has seen that lengths fit into three octets.
    fn u24(&mut self, value: usize) {
        let octets = value.to_be_bytes();
        self.bytes(octets.last_chunk::<3>().map(<[u8; 3]>::as_slice).unwrap_or_default());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct NoSigner;

    impl Signer for NoSigner {
        fn sign(&self, _digest: &[u8; 32]) -> Result<Signature, SigningFailed> {
            Err(SigningFailed(7))
        }
    }

    /// RFC 9846 §4.5.1, by hand.
    #[test]
    fn a_certificate_message_is_the_same_in_pieces_of_any_size() {
        let certificates = [CertificateDer::from(&[1, 2, 3][..]), CertificateDer::from(&[4][..])];
        let identity = ClientIdentity::new(&certificates, &NoSigner);
        let whole = [&[11, 0, 0, 18, 0, 0, 0, 14][..], &[0, 0, 3, 1, 2, 3, 0, 0], &[0, 0, 1, 4, 0, 0]];
        let whole = whole.iter().flat_map(|part| part.iter().copied());
        assert_eq!(identity.message_length(), whole.clone().count());
        for size in 1..=whole.clone().count() + 1 {
            let (mut at, mut space) = (0, [0; 32]);
            while at < identity.message_length() {
                let piece = identity.copy_message(at, &mut space[..size]);
                assert!(!piece.is_empty(), "{size} octets at {at}");
                assert!(whole.clone().skip(at).zip(piece).all(|(a, b)| a == *b), "{size} octets at {at}");
                at += piece.len();
            }
            assert_eq!(at, identity.message_length());
            assert!(identity.copy_message(at, &mut space[..size]).is_empty(), "nothing is left");
        }
    }

    #[test]
    fn a_signer_that_fails_says_why() {
        let failed = ClientIdentity::new(&[], &NoSigner).certificate_verify(&[0; 32]).err();
        assert_eq!(failed, Some(Fault::SigningFailed.with(7)));
    }
}
