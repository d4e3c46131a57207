//! The server's certificates: message, path, dates, name, and the proof that all of it was done.

use pki_types::CertificateDer;
use webpki::EndEntityCert;

use crate::{
    Config, MAX_CERTIFICATES, TrustKind,
    codec::Reader,
    error::Error,
    extensions::{Extensions, Offered},
    fault::{Details, Failure, Fault},
    key_usage::KeyUsage,
    memo::SignatureMemo,
    messages::HandshakeType,
};
use search::{Known, Outcome, Parts, Signature};

mod search;
#[cfg(test)]
mod tests;

/// Proof that a path from the server's certificate to a trust anchor, its dates and the server's
/// name were verified. Made in `PathVerification::step` alone.
#[derive(Debug)]
pub struct CertVerified(());

/// Proof that the server signed this handshake with the key of its certificate. Made in
/// [`verify_handshake_signature`] alone.
#[derive(Debug)]
pub(crate) struct SignatureVerified(());

/// Verifies a server's certificates, its own first, as a connection does: the path to one of the
/// anchors, every signature and date on it (RFC 5280 §6), and the name (RFC 9525).
///
/// Path building stops at the first anchor: certificates behind it, or beside the path, do not
/// disturb.
///
/// # Errors
/// The 32xx errors.
#[inline(never)]
pub fn verify_server_path(chain: &[CertificateDer<'_>], config: &Config<'_>) -> Result<CertVerified, Error> {
    let mut verification = PathVerification::new();
    loop {
        match verification.step(chain, config, None) {
            Ok(Progress::Done(certificate)) => return Ok(certificate),
            Ok(Progress::Computed | Progress::Remembered) => {}
            Err(failure) => return Err(failure.error(&verification.details(config))),
        }
    }
}

/// The verification of a server's certificates, one signature a step.
pub(crate) struct PathVerification {
    known: Known,
    /// The date of a certificate that is not valid now.
    date: u64,
}

/// What a step of a [`PathVerification`] did.
pub(crate) enum Progress {
    /// It verified a signature, good or bad: one public-key operation. More is to be done.
    Computed,
    /// It found a signature in the memo. More is to be done.
    Remembered,
    /// It was the last one.
    Done(CertVerified),
}

impl PathVerification {
    pub(crate) const fn new() -> Self {
        Self { known: Known::NOTHING, date: 0 }
    }

    /// Forgets everything, for other certificates.
    pub(crate) fn restart(&mut self) {
        self.known.clear();
    }

    /// What the caller is told of a fault.
    pub(crate) fn details(&self, config: &Config<'_>) -> Details {
        Details { now: config.now.as_secs(), date: self.date, ..Details::NOTHING }
    }

    /// At most one public-key operation. To be called with the same certificates, which did not
    /// move, and the same configuration, until the verification is done or has failed.
    ///
    /// What `memo` knows is not verified again. When the verification is done, the signatures that
    /// make the path are noted there.
    pub(crate) fn step(
        &mut self,
        chain: &[CertificateDer<'_>],
        config: &Config<'_>,
        memo: Option<&mut SignatureMemo>,
    ) -> Result<Progress, Failure> {
        let (server, intermediates) = chain.split_first().ok_or(Fault::NoCertificate)?;
        // RFC 9846 §4.5.1.2: the digitalSignature bit, where there is a keyUsage. That is what the
        // key is for, not who has it, so it holds for any kind of trust.
        if !KeyUsage::of(server)?.digital_signature() {
            return Err(Fault::KeyUsage.into());
        }
        #[cfg_attr(
            not(feature = "danger-no-verification"),
            expect(
                clippy::infallible_destructuring_match,
                reason = "the feature adds the other kind of trust"
            )
        )]
        let anchors = match config.trust.0 {
            TrustKind::Anchors(anchors) => anchors,
            #[cfg(feature = "danger-no-verification")]
            TrustKind::DangerAnyCertificate => return Ok(Progress::Done(CertVerified(()))),
        };
        let certificate = EndEntityCert::try_from(server).map_err(|error| path_error(&error))?;
        match self.known.search(&certificate, anchors, intermediates, config.now, &mut self.date)? {
            Outcome::Wants(signature) => self.find_out(signature, &signature.parts(chain, anchors)?, memo),
            Outcome::Path(used) => {
                certificate
                    .verify_is_valid_for_subject_name(&config.server_name)
                    .map_err(|error| path_error(&error))?;
                if let Some(memo) = memo {
                    memo.retain_noted(|number| used.has(number));
                }
                Ok(Progress::Done(CertVerified(())))
            }
        }
    }

    /// Whether a signature is good: from the memo, or by verifying it.
    fn find_out(
        &mut self,
        signature: Signature,
        parts: &Parts<'_>,
        memo: Option<&mut SignatureMemo>,
    ) -> Result<Progress, Failure> {
        let Some(memo) = memo else {
            self.known.enter(signature, parts.are_good())?;
            return Ok(Progress::Computed);
        };
        let digest = parts.digest();
        let is_remembered = memo.knows(&digest);
        let is_good = is_remembered || parts.are_good();
        let number = self.known.enter(signature, is_good)?;
        if is_good {
            memo.note(number, digest);
        }
        Ok(if is_remembered { Progress::Remembered } else { Progress::Computed })
    }
}

/// Verifies `CertificateVerify` with the key of the server's certificate, RFC 9846 §4.5.2.
#[inline(never)]
pub(crate) fn verify_handshake_signature(
    server: &CertificateDer<'_>,
    transcript: &[u8; 32],
    scheme: u16,
    signature: &[u8],
) -> Result<SignatureVerified, Failure> {
    let algorithm = picopost_verify::for_scheme(scheme).ok_or(Fault::SchemeNotOffered.with(scheme))?;
    const CONTEXT: &[u8; 34] = b"TLS 1.3, server CertificateVerify\0";
    let mut signed = [0x20; 64 + CONTEXT.len() + 32];
    for (to, from) in signed.iter_mut().skip(64).zip(CONTEXT.iter().chain(transcript)) {
        *to = *from;
    }
    let certificate = EndEntityCert::try_from(server).map_err(|error| path_error(&error))?;
    certificate.verify_signature(algorithm, &signed, signature).map_err(|error| match error {
        webpki::Error::InvalidSignatureForPublicKey => Fault::HandshakeSignature.with(scheme),
        // RFC 9846 §4.5.2: the scheme must fit the key.
        webpki::Error::UnsupportedSignatureAlgorithmForPublicKeyContext(_) => {
            Fault::SchemeForKey.with(scheme)
        }
        other => path_error(&other),
    })?;
    Ok(SignatureVerified(()))
}

/// The certificates of a Certificate message.
pub(crate) struct CertificateList<'m> {
    certificates: [CertificateDer<'m>; MAX_CERTIFICATES],
    count: usize,
}

impl<'m> CertificateList<'m> {
    /// Parses the body of a server's Certificate message, RFC 9846 §4.5.1.
    pub(crate) fn parse(body: &'m [u8], offered: Offered) -> Result<Self, Failure> {
        let message = Reader::new(body, HandshakeType::CERTIFICATE);
        let (context, entries) = message.all(|fields| (fields.vector8(), fields.vector24()))?;
        // RFC 9846 §4.5.1: the context is empty in server authentication.
        if !context.is_empty() {
            return Err(message.illegal());
        }
        let mut entries = message.nested(entries);

        let mut list =
            Self { certificates: core::array::from_fn(|_| CertificateDer::from(&[][..])), count: 0 };
        while !entries.is_empty() {
            let (certificate, block) = entries.read(|fields| (fields.vector24(), fields.vector16()))?;
            // opaque cert_data<1..2^24-1>
            if certificate.is_empty() {
                return Err(entries.malformed());
            }
            // No extension of the ClientHello asks for one in a CertificateEntry.
            Extensions::parse(entries.nested(block))?.check_responses(&[], offered)?;
            let slot = list.certificates.get_mut(list.count).ok_or(Fault::TooManyCertificates)?;
            *slot = CertificateDer::from(certificate);
            list.count = list.count.saturating_add(1);
        }
        // RFC 9846 §4.5.1.3: an empty list is a decode_error.
        if list.count == 0 { Err(Fault::NoCertificate.into()) } else { Ok(list) }
    }

    pub(crate) fn as_slice(&self) -> &[CertificateDer<'m>] {
        self.certificates.get(..self.count).unwrap_or_default()
    }

    pub(crate) fn server(&self) -> Result<&CertificateDer<'m>, Failure> {
        self.as_slice().first().ok_or(Fault::NoCertificate.into())
    }
}

fn path_error(error: &webpki::Error) -> Failure {
    use webpki::Error as E;
    let fault = match error {
        E::CertExpired { .. } => Fault::Expired,
        E::CertNotValidYet { .. } => Fault::NotYetValid,
        E::CertNotValidForName(_) => Fault::WrongName,
        E::UnknownIssuer => Fault::UnknownIssuer,
        E::EndEntityUsedAsCa => Fault::IssuerIsNotCa,
        E::CaUsedAsEndEntity => Fault::CaAsServer,
        E::InvalidSignatureForPublicKey => Fault::CertificateSignature,
        E::UnsupportedSignatureAlgorithmContext(_)
        | E::UnsupportedSignatureAlgorithmForPublicKeyContext(_)
        | E::SignatureAlgorithmMismatch => Fault::CertificateAlgorithm,
        E::RequiredEkuNotFoundContext(_) | E::EmptyEkuExtension => Fault::KeyUsage,
        E::NameConstraintViolation => Fault::NameConstraint,
        E::PathLenConstraintViolated
        | E::MaximumPathDepthExceeded
        | E::MaximumPathBuildCallsExceeded
        | E::MaximumSignatureChecksExceeded
        | E::MaximumNameConstraintComparisonsExceeded => Fault::PathTooLong,
        E::UnsupportedCriticalExtension => Fault::CriticalExtension,
        // What is left says that a certificate does not follow RFC 5280's form; CRLs are not used.
        _ => Fault::BadCertificate,
    };
    fault.into()
}
