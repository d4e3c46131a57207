//! In place of `identity.rs`, without the feature `client-auth`: no client has an identity.

use core::{convert::Infallible, marker::PhantomData};

use crate::{error::Error, fault::Failure, key_schedule::HASH};

/// There is none: no value of this type can be made, and what would use it costs no flash.
pub(crate) struct ClientIdentity<'a> {
    never: Infallible,
    certificates: PhantomData<&'a [u8]>,
}

impl ClientIdentity<'_> {
    pub(crate) fn validate(&self) -> Result<(), Error> {
        match self.never {}
    }

    pub(crate) fn certificate(&self) -> &[u8] {
        let _ = self.certificates;
        match self.never {}
    }

    pub(crate) fn message_length(&self) -> usize {
        match self.never {}
    }

    pub(crate) fn copy_message<'s>(&self, _skip: usize, _space: &'s mut [u8]) -> &'s [u8] {
        match self.never {}
    }

    pub(crate) fn certificate_verify(&self, _transcript: &[u8; HASH]) -> Result<CertificateVerify, Failure> {
        match self.never {}
    }
}

/// A message that is never sent.
pub(crate) struct CertificateVerify(Infallible);

impl CertificateVerify {
    pub(crate) fn octets(&self) -> &[u8] {
        match self.0 {}
    }
}
