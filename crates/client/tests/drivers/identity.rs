//! The server asks for a certificate, and answers whom it knows alone.

use picopost::tls::{self, AlertDescription};
use picopost::{ClientIdentity, P256Signer, Signature, Signer, SigningFailed};
use picopost_testkit::chains::{Chain, clients};

use picopost::{Error, Security, Stage, Trust};
use picopost_testkit::chains::shapes;

use crate::network::{Network, Outcome, through_one};
use crate::support::{Answer, OK, Rustls, assert_says, now};

/// A POST through each driver, as a client with these certificates and this key, to a server that
/// takes those of `clients::good`.
fn post_as(client: Option<(&Chain, &dyn Signer)>, check: impl Fn(&Outcome, &Network)) {
    let chain = shapes::gts();
    let anchors = chain.anchors();
    let config = Rustls::requiring(&chain, &clients::good(), &Answer::with(OK));
    let network = || Network::new(Rustls::with_config(config.clone(), Answer::with(OK)));
    let identity = client.map(|(chain, signer)| ClientIdentity::new(&chain.certificates, signer));
    for is_async in [false, true] {
        let mut security = Security::from(Trust::anchors(&anchors));
        if let Some(identity) = identity {
            security = security.with_identity(identity);
        }
        through_one(is_async, network, security, &now(), &check);
    }
}

fn signer(chain: &Chain) -> P256Signer {
    P256Signer::from_der(chain.key.der()).unwrap()
}

#[test]
fn a_certificate_that_the_server_knows() {
    let chain = clients::good();
    post_as(Some((&chain, &signer(&chain))), |outcome, network| {
        assert_eq!(outcome.result, Ok((200, b"ok".to_vec())));
        let seen = network.server.borrow().client_certificates();
        let sent: Vec<_> = chain.certificates.iter().map(|certificate| certificate.to_vec()).collect();
        assert_eq!(seen, sent);
        // Signing is the last of the computations.
        assert_eq!(outcome.log.computed.last(), Some(&Stage::Finished));
    });
}

fn refused(client: Option<(&Chain, &dyn Signer)>, alert: AlertDescription, sentence: &str) {
    let sent = client.is_some();
    post_as(client, |outcome, network| {
        let error = outcome.result.as_ref().unwrap_err();
        let verdict = tls::Error::ClientCertificateRefused { alert, sent };
        // It comes when the client's part is done: the request is on its way already.
        assert_eq!(*error, Error::Tls { stage: Stage::Head, error: verdict });
        assert_says(error, sentence);
        assert!(network.server.borrow().request.is_empty(), "the server read nothing of the request");
    });
}

#[test]
fn a_verdict_is_the_error() {
    let stranger = clients::stranger();
    refused(
        Some((&stranger, &signer(&stranger))),
        AlertDescription::UNKNOWN_CA,
        "the server refused the client's certificate (unknown_ca)",
    );
    refused(
        None,
        AlertDescription::CERTIFICATE_REQUIRED,
        "the server wants a client certificate, and was sent none (certificate_required)",
    );
}

#[test]
fn a_signer_that_fails() {
    struct Fails;
    impl Signer for Fails {
        fn sign(&self, _digest: &[u8; 32]) -> Result<Signature, SigningFailed> {
            Err(SigningFailed(3))
        }
    }
    post_as(Some((&clients::good(), &Fails)), |outcome, network| {
        let error = outcome.result.as_ref().unwrap_err();
        assert_eq!((error.code(), error.stage()), (1023, Stage::Finished));
        assert_says(error, "the signer of the client's certificate failed: its error 3");
        let told = network.server.borrow().error.clone();
        let alert = rustls::Error::AlertReceived(rustls::AlertDescription::InternalError);
        assert_eq!(told, Some(alert), "the server is told");
    });
}

#[test]
fn a_certificate_that_cannot_be_used_ends_it_before_anything_is_sent() {
    let chain = clients::rsa();
    post_as(Some((&chain, &signer(&clients::good()))), |outcome, network| {
        let error = outcome.result.as_ref().unwrap_err();
        assert_eq!((error.code(), error.stage()), (1020, Stage::Setup));
        assert_says(error, "the client's certificate is none of a P-256 key that may sign");
        assert!(network.calls.borrow().is_empty());
    });
}
