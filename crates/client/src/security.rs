//! How a connection is secured.

#[cfg(feature = "client-auth")]
use picopost_tls::ClientIdentity;
use picopost_tls::{Config, Groups, ServerName, Trust, UnixTime};

/// How a connection is secured: whom it trusts, who it is itself, and which keys it agrees on. A
/// [`Trust`] alone will do, with everything else as it is by default.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Security<'a> {
    /// How the server is verified.
    pub trust: Trust<'a>,
    /// What is offered for the key exchange.
    pub groups: Groups,
    /// The certificate that a server gets which asks for one, and what signs with its key.
    #[cfg(feature = "client-auth")]
    pub identity: Option<ClientIdentity<'a>>,
}

impl<'a> From<Trust<'a>> for Security<'a> {
    fn from(trust: Trust<'a>) -> Self {
        Self {
            trust,
            groups: Groups::default(),
            #[cfg(feature = "client-auth")]
            identity: None,
        }
    }
}

impl<'a> Security<'a> {
    /// The same with these groups for the key exchange.
    #[must_use]
    pub fn with_groups(self, groups: Groups) -> Self {
        Self { groups, ..self }
    }

    /// The same for a client that has a certificate of its own (RFC 9846 §4.5.1).
    ///
    /// ```
    /// use picopost::{ClientIdentity, P256Signer, Security, Trust};
    /// # use picopost_testkit::chains;
    /// # let (anchors, chain) = (chains::shapes::gts().anchors(), chains::clients::good());
    /// # let (certificates, key) = (&chain.certificates[..], chain.key.der());
    ///
    /// let signer = P256Signer::from_der(key)?;
    /// let identity = ClientIdentity::new(certificates, &signer);
    /// let security = Security::from(Trust::anchors(&anchors)).with_identity(identity);
    /// # let _ = security;
    /// # Ok::<(), picopost::tls::Error>(())
    /// ```
    #[cfg(feature = "client-auth")]
    #[must_use]
    pub fn with_identity(self, identity: ClientIdentity<'a>) -> Self {
        Self { identity: Some(identity), ..self }
    }

    pub(crate) fn config(self, server_name: ServerName<'a>, now: UnixTime) -> Config<'a> {
        let config = Config::new(server_name, self.trust, now).with_groups(self.groups);
        #[cfg(feature = "client-auth")]
        if let Some(identity) = self.identity {
            return config.with_identity(identity);
        }
        config
    }
}
