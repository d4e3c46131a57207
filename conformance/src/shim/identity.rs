//! The client's own certificates and key, out of the files that the runner has written.

use picopost_tls::P256Signer;
use pki_types::pem::PemObject as _;
use pki_types::{CertificateDer, PrivateKeyDer};

use super::link::Failure;

/// The certificates of a PEM file.
pub(super) fn certificates(file: &str) -> Result<Vec<CertificateDer<'static>>, Failure> {
    let certificates = CertificateDer::pem_file_iter(file).and_then(Iterator::collect);
    certificates.map_err(|error| unreadable(file, &error))
}

/// What signs with the key of a PEM file.
pub(super) fn signer(file: &str) -> Result<P256Signer, Failure> {
    let key = PrivateKeyDer::from_pem_file(file).map_err(|error| unreadable(file, &error))?;
    Ok(P256Signer::from_der(key.secret_der())?)
}

fn unreadable(file: &str, error: &dyn std::fmt::Display) -> Failure {
    Failure::Expectation(format!("{file} cannot be read: {error}"))
}
