//! The shapes of chain that real edges send, and the keys they are made of.

use serde::{Deserialize, Serialize};

/// Which real edge the chain is shaped like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Shape {
    /// Google Trust Services: P-256 leaf, P-256 intermediate, P-384 root
    Gts,
    /// Let's Encrypt with ECDSA: P-256 leaf, P-384 intermediate, P-384 root
    LetsEncrypt,
    /// RSA-2048 leaf, RSA-2048 intermediate, RSA-4096 root
    Rsa,
}

/// The keys of one chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Keys {
    pub(super) leaf: Key,
    pub(super) intermediate: Key,
    pub(super) root: Key,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Key {
    P256,
    P384,
    Rsa2048,
    Rsa4096,
}

impl Shape {
    pub(crate) const ALL: [Self; 3] = [Self::Gts, Self::LetsEncrypt, Self::Rsa];

    /// As on the command line, and the name of its folder.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Gts => "gts",
            Self::LetsEncrypt => "lets-encrypt",
            Self::Rsa => "rsa",
        }
    }

    /// The keys, leaf first, as a human reads them.
    pub(crate) fn describe(self) -> String {
        let Keys { leaf, intermediate, root } = self.keys();
        format!("{} leaf, {} intermediate, {} root", leaf.name(), intermediate.name(), root.name())
    }

    /// The `SignatureScheme`s (RFC 9846 §4.3.3) that a client needs for this chain, and for what.
    pub(crate) fn signature_schemes(self) -> [(&'static str, &'static str); 2] {
        match self {
            Self::Gts | Self::LetsEncrypt => [
                ("ecdsa_secp256r1_sha256", "the server's signature"),
                ("ecdsa_secp384r1_sha384", "a certificate's signature"),
            ],
            Self::Rsa => [
                ("rsa_pss_rsae_sha256", "the server's signature"),
                ("rsa_pkcs1_sha256", "a certificate's signature"),
            ],
        }
    }

    pub(super) fn keys(self) -> Keys {
        match self {
            Self::Gts => Keys { leaf: Key::P256, intermediate: Key::P256, root: Key::P384 },
            Self::LetsEncrypt => Keys { leaf: Key::P256, intermediate: Key::P384, root: Key::P384 },
            Self::Rsa => Keys { leaf: Key::Rsa2048, intermediate: Key::Rsa2048, root: Key::Rsa4096 },
        }
    }
}

impl Key {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::P256 => "P-256",
            Self::P384 => "P-384",
            Self::Rsa2048 => "RSA-2048",
            Self::Rsa4096 => "RSA-4096",
        }
    }
}
