//! The server's handshake messages, as the handshake so far and the script's edits make them.

use aws_lc_rs::rand;

use super::Peer;
use crate::code::{extension, handshake, suite};
use crate::crypto::{self, Secret, key_exchange};
use crate::messages::{
    Certificate, CertificateRequest, CertificateVerify, Extensions, IssuedTicket, NewSessionTicket,
    RETRY_RANDOM, ServerHello,
};
use crate::script::{Edit, Message};
use crate::wire::{Complaint, vector};

impl Peer {
    pub(super) fn make(&mut self, message: Message) -> Result<(u8, Vec<u8>), Complaint> {
        Ok(match message {
            Message::HelloRetryRequest => (handshake::SERVER_HELLO, self.retry_request()),
            Message::ServerHello => (handshake::SERVER_HELLO, self.server_hello()?),
            Message::EncryptedExtensions => (handshake::ENCRYPTED_EXTENSIONS, self.encrypted_extensions()),
            Message::CertificateRequest => (handshake::CERTIFICATE_REQUEST, self.certificate_request()),
            Message::Certificate => (handshake::CERTIFICATE, self.certificate()),
            Message::CertificateVerify => (handshake::CERTIFICATE_VERIFY, self.certificate_verify()),
            Message::Finished => (handshake::FINISHED, self.finished().to_vec()),
            Message::NewSessionTicket => (handshake::NEW_SESSION_TICKET, self.new_session_ticket()),
            Message::KeyUpdate(request_update) => (handshake::KEY_UPDATE, vec![request_update]),
        })
    }

    fn retry_request(&mut self) -> Vec<u8> {
        let mut extensions = Extensions::default();
        extensions.push(extension::SUPPORTED_VERSIONS, &[3, 4]);
        if let Some(cookie) = &self.script.cookie {
            extensions.push(extension::COOKIE, &vector(2, cookie));
        }
        if let Some(group) = self.script.retry_group {
            extensions.push(extension::KEY_SHARE, &group.to_be_bytes());
        }
        let mut retry = self.hello_of(RETRY_RANDOM, extensions);
        apply(&self.script.edits.retry_request, &mut retry);
        retry.encode()
    }

    fn server_hello(&mut self) -> Result<Vec<u8>, Complaint> {
        let shares = self.hello().map(|hello| &hello.key_shares[..]).unwrap_or_default();
        let wanted = |group| self.script.group.map_or(crypto::has_group(group), |wanted| wanted == group);
        let Some((group, client_share)) = shares.iter().find(|(group, _)| wanted(*group)) else {
            return Err(Complaint("the client has no key share that the test peer knows".into()));
        };
        let (group, (mut public, mut shared)) = (*group, key_exchange(*group, client_share)?);
        if self.script.zero_key_share {
            // Of X25519MLKEM768, only X25519's part, which comes last.
            public.iter_mut().rev().take(32).for_each(|octet| *octet = 0);
            shared.iter_mut().rev().take(32).for_each(|octet| *octet = 0);
        }
        self.shared_secret = shared;
        let mut extensions = Extensions::default();
        extensions.push(extension::SUPPORTED_VERSIONS, &[3, 4]);
        let mut random = [0; 32];
        rand::fill(&mut random).expect("the random source works");
        let mut hello = self.hello_of(random, extensions);
        hello.set_key_share(group, &public);
        if self.script.resumes.is_some() {
            // `selected_identity`: the first.
            hello.extensions().push(extension::PRE_SHARED_KEY, &[0, 0]);
        }
        apply(&self.script.edits.server_hello, &mut hello);
        self.suite = hello.cipher_suite;
        Ok(hello.encode())
    }

    /// What ServerHello and HelloRetryRequest have in common.
    fn hello_of(&self, random: [u8; 32], extensions: Extensions) -> ServerHello {
        let offered = self.hello().map(|hello| &hello.cipher_suites[..]).unwrap_or_default();
        let known = [suite::CHACHA20_POLY1305_SHA256, suite::AES_128_GCM_SHA256];
        let common = offered.iter().copied().find(|suite| known.contains(suite));
        ServerHello {
            legacy_version: 0x0303,
            random,
            session_id: self.hello().map(|hello| hello.session_id.clone()).unwrap_or_default(),
            cipher_suite: self.script.suite.or(common).unwrap_or(suite::CHACHA20_POLY1305_SHA256),
            compression: 0,
            extensions: Some(extensions),
        }
    }

    fn encrypted_extensions(&self) -> Vec<u8> {
        let mut extensions = Extensions::default();
        if let Some(hello) = self.hello() {
            if hello.server_name.is_some() {
                extensions.push(extension::SERVER_NAME, &[]);
            }
            if hello.protocols.iter().any(|protocol| protocol == b"http/1.1") {
                extensions.push(extension::ALPN, &vector(2, &vector(1, b"http/1.1")));
            }
            if hello.record_size_limit.is_some() && !self.script.layout.ignores_limits {
                extensions.push(extension::RECORD_SIZE_LIMIT, &16_385_u16.to_be_bytes());
            }
        }
        apply(&self.script.edits.encrypted_extensions, &mut extensions);
        extensions.encode()
    }

    fn certificate_request(&self) -> Vec<u8> {
        let mut extensions = Extensions::default();
        // ecdsa_secp256r1_sha256 and rsa_pss_rsae_sha256.
        extensions.push(extension::SIGNATURE_ALGORITHMS, &[0, 4, 4, 3, 8, 4]);
        let mut request = CertificateRequest { context: Vec::new(), extensions };
        apply(&self.script.edits.certificate_request, &mut request);
        request.encode()
    }

    fn certificate(&self) -> Vec<u8> {
        let entry = |der: &pki_types::CertificateDer<'_>| (der.to_vec(), Extensions::default());
        let entries = self.script.chain.certificates.iter().map(entry).collect();
        let mut certificate = Certificate { context: Vec::new(), entries };
        apply(&self.script.edits.certificate, &mut certificate);
        certificate.encode()
    }

    fn certificate_verify(&self) -> Vec<u8> {
        let key = &self.script.signing_key;
        let mut verify = CertificateVerify {
            scheme: key.scheme(),
            signed_with: key.scheme(),
            context: "TLS 1.3, server CertificateVerify".into(),
            transcript_hash: crypto::sha256(&self.transcript),
        };
        apply(&self.script.edits.certificate_verify, &mut verify);
        let signature = key.sign(verify.signed_with, &verify.content());
        [&verify.scheme.to_be_bytes()[..], &vector(2, &signature)].concat()
    }

    fn finished(&mut self) -> Secret {
        let hash = crypto::sha256(&self.transcript);
        crypto::verify_data(&self.handshake_secrets().server, &hash)
    }

    fn new_session_ticket(&mut self) -> Vec<u8> {
        let mut ticket = NewSessionTicket {
            lifetime: 7200,
            age_add: 0x0102_0304,
            nonce: vec![0],
            ticket: vec![0x74; 192],
            extensions: Extensions::default(),
        };
        apply(&self.script.edits.ticket, &mut ticket);
        if let Some(secret) = &self.resumption_secret {
            let psk = crypto::resumption_psk(secret, &ticket.nonce);
            let NewSessionTicket { ticket, age_add, .. } = ticket.clone();
            self.seen.tickets.push(IssuedTicket { ticket, age_add, psk });
        }
        ticket.encode()
    }
}

fn apply<T>(edits: &[Edit<T>], value: &mut T) {
    edits.iter().for_each(|edit| edit(value));
}
