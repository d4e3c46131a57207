//! embedded-tls' POST, by its blocking interface. Its own verifier knows no intermediates, so the
//! path is verified by rustls-webpki. It resumes nothing: both POSTs are full.

#![no_std]
#![no_main]

extern crate alloc;

use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use bench_board::heap::Heap;
use bench_board::http::Answer;
use bench_board::{REQUEST, machine, meter, parameters, random, tcp};
use embedded_io::{ErrorKind, ErrorType, Read, Write};
use embedded_tls::blocking::{
    Aes128GcmSha256, CertificateEntryRef, CertificateRef, CertificateVerifyRef, TlsConfig, TlsConnection,
    TlsContext, TlsVerifier,
};
use embedded_tls::{CryptoProvider, CryptoRng, CryptoRngCore, SignatureScheme, TlsError};
use pki_types::{CertificateDer, ServerName, SignatureVerificationAlgorithm, UnixTime};
use sha2::{Digest, Sha256};
use webpki::{EndEntityCert, KeyUsage, anchor_from_trusted_cert};

#[global_allocator]
static HEAP: Heap = Heap;

const SERVER: &str = "picopost.test";
/// It must be given room for the largest record that a server may send.
const RECEIVE: usize = 16_640;
const SEND: usize = 2048;

#[unsafe(no_mangle)]
extern "C" fn program() {
    for _ in 0..parameters::posts() {
        meter::begin();
        post();
    }
}

#[inline(never)]
fn post() {
    let (mut receive, mut send) = ([0; RECEIVE], [0; SEND]);
    let config = TlsConfig::new().with_server_name(SERVER).enable_rsa_signatures();
    if tcp::connect().is_err() {
        machine::fail("no connection");
    }
    let mut tls = TlsConnection::new(Stream, &mut receive, &mut send);
    check(tls.open(TlsContext::new(&config, Provider(Verifier::default()))));
    meter::handshake_done();
    let mut answer = Answer::new();
    let mut request = REQUEST;
    while !request.is_empty() {
        let count = check(tls.write(request));
        request = request.get(count..).unwrap_or_default();
    }
    check(tls.flush());
    while !answer.is_whole() {
        let count = check(tls.read(answer.space()));
        // A ticket is no content.
        if count > 0 {
            answer.received(count);
        }
    }
    check(tls.close().map_err(|(_, error)| error));
    meter::end();
    tcp::close();
    meter::report(false, answer.content());
}

fn check<T>(result: Result<T, TlsError>) -> T {
    match result {
        Ok(value) => value,
        Err(TlsError::InvalidCertificate) => machine::fail("the certificate"),
        Err(TlsError::InvalidSignature) => machine::fail("the signature"),
        Err(_) => machine::fail("embedded-tls"),
    }
}

struct Provider(Verifier);

impl CryptoProvider for Provider {
    type CipherSuite = Aes128GcmSha256;
    type Signature = &'static [u8];

    fn rng(&mut self) -> impl CryptoRngCore {
        Seeded
    }

    fn verifier(&mut self) -> Result<&mut impl TlsVerifier<Aes128GcmSha256>, TlsError> {
        Ok(&mut self.0)
    }
}

#[derive(Default)]
struct Verifier {
    /// The server's certificate, and the transcript that it signs.
    kept: Option<(Vec<u8>, Sha256)>,
}

impl TlsVerifier<Aes128GcmSha256> for Verifier {
    fn set_hostname_verification(&mut self, name: &str) -> Result<(), TlsError> {
        if name == SERVER { Ok(()) } else { Err(TlsError::InvalidCertificate) }
    }

    fn verify_certificate(
        &mut self,
        transcript: &Sha256,
        message: CertificateRef<'_>,
    ) -> Result<(), TlsError> {
        let mut certificates = message.entries.iter().filter_map(|entry| match entry {
            CertificateEntryRef::X509(certificate) => Some(CertificateDer::from(*certificate)),
            CertificateEntryRef::RawPublicKey(_) => None,
        });
        let certificate = certificates.next().ok_or(TlsError::InvalidCertificate)?;
        let intermediates: Vec<_> = certificates.collect();
        verify_path(&certificate, &intermediates).ok_or(TlsError::InvalidCertificate)?;
        self.kept = Some((certificate.to_vec(), transcript.clone()));
        Ok(())
    }

    fn verify_signature(&mut self, verify: CertificateVerifyRef<'_>) -> Result<(), TlsError> {
        let (certificate, transcript) = self.kept.take().ok_or(TlsError::InvalidSignature)?;
        let algorithm: &dyn SignatureVerificationAlgorithm = match verify.signature_scheme {
            SignatureScheme::EcdsaSecp256r1Sha256 => bench_rustcrypto::ECDSA_P256_SHA256,
            SignatureScheme::EcdsaSecp384r1Sha384 => bench_rustcrypto::ECDSA_P384_SHA384,
            SignatureScheme::RsaPssRsaeSha256 => bench_rustcrypto::RSA_PSS_SHA256,
            SignatureScheme::RsaPssRsaeSha384 => bench_rustcrypto::RSA_PSS_SHA384,
            // It offers this one beside the others, and the server prefers it.
            SignatureScheme::RsaPssRsaeSha512 => bench_rustcrypto::RSA_PSS_SHA512,
            _ => return Err(TlsError::InvalidSignature),
        };
        let mut message = Vec::from([0x20; 64]);
        message.extend_from_slice(b"TLS 1.3, server CertificateVerify\0");
        message.extend_from_slice(&transcript.finalize());
        EndEntityCert::try_from(&CertificateDer::from(certificate.as_slice()))
            .and_then(|certificate| certificate.verify_signature(algorithm, &message, verify.signature))
            .map_err(|_| TlsError::InvalidSignature)
    }
}

fn verify_path(certificate: &CertificateDer<'_>, intermediates: &[CertificateDer<'_>]) -> Option<()> {
    let anchor = CertificateDer::from(parameters::anchor());
    let anchors = [anchor_from_trusted_cert(&anchor).ok()?];
    let now = UnixTime::since_unix_epoch(Duration::from_secs(parameters::time().into()));
    let certificate = EndEntityCert::try_from(certificate).ok()?;
    certificate
        .verify_for_usage(
            bench_rustcrypto::ALL,
            &anchors,
            intermediates,
            now,
            KeyUsage::server_auth(),
            None,
            None,
        )
        .ok()?;
    certificate.verify_is_valid_for_subject_name(&ServerName::try_from(SERVER).ok()?).ok()
}

/// Octets from a fixed seed, in a bench and nowhere else.
struct Seeded;

impl embedded_tls_rand::RngCore for Seeded {
    fn next_u32(&mut self) -> u32 {
        let mut octets = [0; 4];
        random::fill(&mut octets);
        u32::from_le_bytes(octets)
    }

    fn next_u64(&mut self) -> u64 {
        let mut octets = [0; 8];
        random::fill(&mut octets);
        u64::from_le_bytes(octets)
    }

    fn fill_bytes(&mut self, octets: &mut [u8]) {
        random::fill(octets);
    }

    fn try_fill_bytes(&mut self, octets: &mut [u8]) -> Result<(), embedded_tls_rand::Error> {
        random::fill(octets);
        Ok(())
    }
}

impl CryptoRng for Seeded {}

struct Stream;

#[derive(Debug)]
struct Lost;

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the connection was lost")
    }
}

impl core::error::Error for Lost {}

impl embedded_io::Error for Lost {
    fn kind(&self) -> ErrorKind {
        ErrorKind::ConnectionReset
    }
}

impl ErrorType for Stream {
    type Error = Lost;
}

impl Read for Stream {
    fn read(&mut self, space: &mut [u8]) -> Result<usize, Lost> {
        tcp::receive(space).map_err(|tcp::Lost| Lost)
    }
}

impl Write for Stream {
    fn write(&mut self, octets: &[u8]) -> Result<usize, Lost> {
        tcp::send(octets).map(|()| octets.len()).map_err(|tcp::Lost| Lost)
    }

    fn flush(&mut self) -> Result<(), Lost> {
        Ok(())
    }
}
