//! How a connection is secured.

use picopost_tls::{Config, Groups, ServerName, Trust, UnixTime};

/// How a connection is secured: whom it trusts, and which keys it agrees on. A [`Trust`] alone will
/// do, with everything else as it is by default.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Security<'a> {
    /// How the server is verified.
    pub trust: Trust<'a>,
    /// What is offered for the key exchange.
    pub groups: Groups,
}

impl<'a> From<Trust<'a>> for Security<'a> {
    fn from(trust: Trust<'a>) -> Self {
        Self { trust, groups: Groups::default() }
    }
}

impl<'a> Security<'a> {
    /// The same with these groups for the key exchange.
    #[must_use]
    pub fn with_groups(self, groups: Groups) -> Self {
        Self { groups, ..self }
    }

    pub(crate) fn config(self, server_name: ServerName<'a>, now: UnixTime) -> Config<'a> {
        Config::new(server_name, self.trust, now).with_groups(self.groups)
    }
}
