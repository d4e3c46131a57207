//! Certificates as real servers sent them; `data/README.md` says where they are from.

use pki_types::CertificateDer;
use pki_types::pem::PemObject;

/// A time, in Unix seconds, at which [`cloudflare`] was valid: 2025-01-27T17:46:40Z.
pub const CLOUDFLARE_TIME: u64 = 1_738_000_000;

/// What a Cloudflare edge sent for `ipapi.co` in January 2025: the server's certificate (P-256),
/// WE1 (P-256), and GTS Root R4 (P-384) as GlobalSign Root CA cross-signed it.
pub fn cloudflare() -> [CertificateDer<'static>; 3] {
    let pem = include_bytes!("../../data/chains/cloudflare-gts-cross-signed.pem");
    let certificates = CertificateDer::pem_slice_iter(pem).map(|der| der.expect("the file is PEM"));
    certificates.collect::<Vec<_>>().try_into().expect("the file has three certificates")
}

/// GlobalSign Root CA (RSA 2048), which expires in 2028.
pub fn globalsign_root() -> CertificateDer<'static> {
    let pem = include_bytes!("../../data/chains/globalsign-root-ca.pem");
    CertificateDer::from_pem_slice(pem).expect("the file is PEM")
}
