//! A desktop's ClientHello, by rustls, which looks at the certificates and trusts none of them.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    ClientConfig, ClientConnection, DigitallySignedStruct, Error, InvalidMessage, ProtocolVersion,
    SignatureAlgorithm, SignatureScheme, SupportedCipherSuite,
};

use super::stream::Recorded;
use super::{Client, Failure, FailureKind, Seen, Sni, WRONG_NAME};
use crate::trust::target::Target;

pub(super) fn handshake(mut stream: Recorded, target: &Target, client: Client, sni: Sni) -> Seen {
    let verifier = Arc::new(Onlooker::new(client));
    let mut seen = Seen::default();
    let outcome = connect(&mut stream, target, sni, &verifier);
    seen.chain = verifier.take();
    match outcome {
        Ok(version) => seen.version = version,
        Err(failure) => seen.failure = Some(failure),
    }
    seen
}

fn connect(
    stream: &mut Recorded,
    target: &Target,
    sni: Sni,
    verifier: &Arc<Onlooker>,
) -> Result<Option<&'static str>, Failure> {
    let own = |error: Error| Failure::new(FailureKind::Other, format!("rustls: {error}"));
    let mut config = ClientConfig::builder_with_provider(verifier.provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(own)?
        // Nothing is sent over this connection, and nothing that comes is believed.
        .dangerous()
        .with_custom_certificate_verifier(verifier.clone())
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    config.enable_sni = sni != Sni::Absent;
    let name = if sni == Sni::Wrong { WRONG_NAME.try_into().ok() } else { target.server_name() };
    let name: ServerName<'static> = name.ok_or_else(|| own(Error::UnsupportedNameType))?;
    let mut connection = ClientConnection::new(Arc::new(config), name).map_err(own)?;
    while connection.is_handshaking() {
        if let Err(error) = connection.complete_io(stream) {
            // The alert that says why.
            let _ = connection.write_tls(stream);
            return Err(failure(&error, stream));
        }
    }
    let version = connection.protocol_version().map(|version| match version {
        ProtocolVersion::TLSv1_3 => "TLS 1.3",
        _ => "TLS 1.2",
    });
    connection.send_close_notify();
    while connection.wants_write() && connection.write_tls(stream).is_ok_and(|count| count > 0) {}
    Ok(version)
}

fn failure(error: &io::Error, stream: &mut Recorded) -> Failure {
    let Some(error) = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>()) else {
        return Failure::stream(error);
    };
    match error {
        Error::AlertReceived(alert) => Failure::alert(u8::from(*alert)),
        Error::InvalidMessage(
            InvalidMessage::InvalidContentType | InvalidMessage::UnknownProtocolVersion,
        ) => Failure::not_tls(stream),
        Error::PeerIncompatible(_) => Failure::new(FailureKind::Version, format!("{error}")),
        _ => Failure::new(FailureKind::Other, format!("{error}")),
    }
}

/// Keeps the certificates, and checks only that the server holds the key of the first one.
#[derive(Debug)]
struct Onlooker {
    provider: Arc<CryptoProvider>,
    schemes: Vec<SignatureScheme>,
    chain: Mutex<Vec<Vec<u8>>>,
}

impl Onlooker {
    fn new(client: Client) -> Self {
        let mut provider = aws_lc_rs::default_provider();
        let mut schemes = provider.signature_verification_algorithms.supported_schemes();
        let wanted = match client {
            Client::EcdsaOnly => Some(SignatureAlgorithm::ECDSA),
            Client::RsaOnly => Some(SignatureAlgorithm::RSA),
            Client::Desktop | Client::Device => None,
        };
        if let Some(wanted) = wanted {
            schemes.retain(|scheme| is_of(*scheme, &wanted));
            // TLS 1.2 says it by the suites too.
            provider.cipher_suites.retain(|suite| match suite {
                SupportedCipherSuite::Tls12(suite) => suite.sign.iter().any(|scheme| is_of(*scheme, &wanted)),
                SupportedCipherSuite::Tls13(_) => true,
            });
        }
        Self { provider: Arc::new(provider), schemes, chain: Mutex::default() }
    }

    fn take(&self) -> Vec<Vec<u8>> {
        std::mem::take(&mut self.chain.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn is_of(scheme: SignatureScheme, wanted: &SignatureAlgorithm) -> bool {
    let name = scheme.as_str().unwrap_or_default();
    match wanted {
        SignatureAlgorithm::ECDSA => name.starts_with("ECDSA"),
        _ => name.starts_with("RSA"),
    }
}

impl ServerCertVerifier for Onlooker {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let chain = std::iter::once(end_entity).chain(intermediates).map(|der| der.to_vec()).collect();
        *self.chain.lock().unwrap_or_else(PoisonError::into_inner) = chain;
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.schemes.clone()
    }
}
