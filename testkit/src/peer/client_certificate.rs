//! What a client says about itself: Certificate and CertificateVerify (RFC 9846 §4.5.1, §4.5.2).

use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};
use pki_types::CertificateDer;

use super::Peer;
use crate::code::{extension, handshake, scheme};
use crate::crypto;
use crate::seen::Event;
use crate::wire::{Complaint, Reader, demand};

impl Peer {
    /// What a CertificateRequest asks for, if this is one: however it came to be, it is answered.
    pub(super) fn note_request(&mut self, msg_type: u8, body: &[u8]) {
        if msg_type == handshake::CERTIFICATE_REQUEST && self.application_secrets.is_none() {
            self.requested_schemes = Some(schemes(body).unwrap_or_default());
        }
    }

    pub(super) fn receive_certificate(&mut self, body: &[u8]) -> Result<(), Complaint> {
        demand!(self.requested_schemes.is_some(), "Certificate without a CertificateRequest");
        demand!(!self.has_certificate(), "Certificate comes twice (RFC 9846 §4.5)");
        let mut reader = Reader::new("Certificate", body);
        demand!(reader.vector(1)?.is_empty(), "Certificate has a context that was not sent");
        let mut list = Reader::new("certificate_list", reader.vector(3)?);
        reader.end()?;
        while !list.is_empty() {
            let certificate = list.vector(3)?;
            demand!(!certificate.is_empty(), "Certificate has an empty entry (RFC 9846 §4.5.1)");
            demand!(list.vector(2)?.is_empty(), "a CertificateEntry answers an extension nobody asked for");
            self.seen.certificates.push(certificate.to_vec());
        }
        self.seen.events.push(match self.seen.certificates.len() {
            0 => Event::Certificate,
            count => Event::Certificates(count),
        });
        Ok(())
    }

    pub(super) fn receive_certificate_verify(&mut self, body: &[u8]) -> Result<(), Complaint> {
        let after = matches!(self.seen.events.last(), Some(Event::Certificates(_)));
        demand!(after, "CertificateVerify does not follow a certificate (RFC 9846 §4.5.2)");
        let mut reader = Reader::new("CertificateVerify", body);
        let scheme = reader.u16()?;
        let signature = reader.vector(2)?;
        reader.end()?;
        demand!(
            self.requested_schemes.as_ref().is_some_and(|schemes| schemes.contains(&scheme)),
            "CertificateVerify has scheme {scheme:#06x}, which was not asked for (RFC 9846 §4.5.2)"
        );
        demand!(scheme == scheme::ECDSA_SECP256R1_SHA256, "the test peer does not know scheme {scheme:#06x}");
        let own = CertificateDer::from(&self.seen.certificates[0][..]);
        let Ok(own) = webpki::EndEntityCert::try_from(&own) else {
            return Err(Complaint("the client's certificate cannot be parsed".into()));
        };
        // An uncompressed point ends the key's information (RFC 5480 §2.2).
        let information = own.subject_public_key_info();
        let point = information.last_chunk::<65>().expect("a P-256 key has 91 octets");
        let transcript_hash = crypto::sha256(&self.transcript);
        let content = [&[0x20; 64][..], b"TLS 1.3, client CertificateVerify\0", &transcript_hash].concat();
        let verified = UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point).verify(&content, signature);
        demand!(verified.is_ok(), "the signature of CertificateVerify is wrong (RFC 9846 §4.5.2)");
        self.seen.events.push(Event::CertificateVerify);
        Ok(())
    }

    /// RFC 9846 §4.5.1: a Certificate message if and only if there was a CertificateRequest; §4.5.2: a
    /// CertificateVerify if and only if there is a certificate in it.
    pub(super) fn check_authentication(&self) -> Result<(), Complaint> {
        let asked = self.requested_schemes.is_some();
        demand!(
            !asked || self.has_certificate(),
            "no Certificate after a CertificateRequest (RFC 9846 §4.5.1)"
        );
        let verified = self.seen.events.contains(&Event::CertificateVerify);
        let has_any = !self.seen.certificates.is_empty();
        demand!(verified == has_any, "no CertificateVerify after a certificate (RFC 9846 §4.5.2)");
        Ok(())
    }

    fn has_certificate(&self) -> bool {
        let events = &self.seen.events;
        events.iter().any(|event| matches!(event, Event::Certificate | Event::Certificates(_)))
    }
}

/// `supported_signature_algorithms` of a CertificateRequest's body.
fn schemes(body: &[u8]) -> Result<Vec<u16>, Complaint> {
    let what = "the script's CertificateRequest";
    let mut reader = Reader::new(what, body);
    reader.vector(1)?;
    let mut block = Reader::new(what, reader.vector(2)?);
    while !block.is_empty() {
        let (number, data) = (block.u16()?, block.vector(2)?);
        if number == extension::SIGNATURE_ALGORITHMS {
            return Reader::new(what, Reader::new(what, data).vector(2)?).u16_list();
        }
    }
    Ok(Vec::new())
}
