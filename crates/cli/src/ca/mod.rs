//! The test server's own certificate authority: made once and kept, so that the anchors built
//! into a firmware stay valid.
//!
//! The folder holds `anchors.pem` (the roots of all chain shapes) and for each shape its root and
//! intermediate, in DER, with their private keys. The folder comes into being whole or not at
//! all, and what is there is never replaced. The leaf is made anew at each start, in memory.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use time::OffsetDateTime;

pub(crate) use names::SubjectName;
pub(crate) use shape::Shape;

use crate::error::CommandError;

mod issue;
mod names;
mod shape;
mod store;

/// A certificate authority that is kept in a folder.
#[derive(Debug)]
pub(crate) struct Authority {
    folder: PathBuf,
    origin: Origin,
}

/// Whether the folder was there before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    Kept,
    New,
}

/// What a server needs to prove who it is.
#[derive(Debug)]
pub(crate) struct ServerIdentity {
    /// As sent: the leaf first, then the intermediate.
    pub(crate) chain: Vec<CertificateDer<'static>>,
    pub(crate) key: PrivateKeyDer<'static>,
}

/// What may be wrong with a certificate on purpose: clients that take it do not verify.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum CertificateFault {
    /// Its time is over
    Expired,
    /// It is for another host
    WrongName,
    /// Its root is in no anchors
    UnknownCa,
}

impl CertificateFault {
    /// How a sentence about the certificate goes on.
    pub(crate) fn describe(self) -> &'static str {
        match self {
            Self::Expired => "has expired",
            Self::WrongName => "is for another host",
            Self::UnknownCa => "comes from an unknown CA",
        }
    }
}

impl Authority {
    /// Opens the CA in `folder`, or makes one there when there is no such folder, or an empty one.
    ///
    /// # Errors
    /// A folder that cannot be written or read, one that holds something else, one that is
    /// damaged.
    pub(crate) fn open_or_create(folder: &Path, now: OffsetDateTime) -> Result<Self, CommandError> {
        let origin = if store::exists(folder)? {
            Origin::Kept
        } else {
            store::create(folder, &issue::all_roots(now)?)?
        };
        let authority = Self { folder: folder.to_owned(), origin };
        authority.check_anchors()?;
        Ok(authority)
    }

    pub(crate) fn origin(&self) -> Origin {
        self.origin
    }

    /// The PEM file with the roots of all shapes.
    pub(crate) fn anchors(&self) -> PathBuf {
        store::anchors(&self.folder)
    }

    /// The root of one shape, in DER.
    pub(crate) fn root(&self, shape: Shape) -> PathBuf {
        store::root(&self.folder, shape)
    }

    /// Makes a leaf for `names` under the kept intermediate of this shape, or one with a fault.
    ///
    /// # Errors
    /// Files that are missing or damaged, keys that do not belong to their certificates, a CA
    /// that has expired.
    pub(crate) fn issue(
        &self,
        shape: Shape,
        names: &[SubjectName],
        now: OffsetDateTime,
        fault: Option<CertificateFault>,
    ) -> Result<ServerIdentity, CommandError> {
        let kept = store::load(&self.folder, shape)?;
        if kept.expires <= now.date() {
            let folder = self.folder.display();
            return Err(CommandError::could_not_run(format!(
                "the CA in `{folder}` expired on {}",
                kept.expires
            ))
            .hint("remove the folder: the next start makes a new CA, and the firmware needs its anchors"));
        }
        match fault {
            None => issue::leaf(&kept, shape, names, now),
            Some(fault) => issue::faulty_leaf(&kept, shape, names, now, fault),
        }
        .map_err(|reason| self.damaged(shape, &reason))
    }

    fn check_anchors(&self) -> Result<(), CommandError> {
        let anchors = store::read_text(&self.anchors())?;
        for shape in Shape::ALL {
            let root = store::read(&self.root(shape))?;
            if !anchors.contains(&pem(&root)) {
                return Err(self.damaged(shape, "`anchors.pem` does not hold this root"));
            }
        }
        Ok(())
    }

    fn damaged(&self, shape: Shape, reason: &str) -> CommandError {
        store::damaged(&self.folder, &format!("shape {}: {reason}", shape.name()))
    }
}

/// The folder for the CA when none is named.
///
/// # Errors
/// A user without home directory.
pub(crate) fn default_folder() -> Result<PathBuf, CommandError> {
    directories::ProjectDirs::from("", "", "picopost").map(|dirs| dirs.data_dir().join("ca")).ok_or_else(
        || {
            CommandError::could_not_run("this user has no home directory to keep the CA in")
                .hint("name a folder with `--ca DIR`")
        },
    )
}

/// A certificate in PEM (RFC 7468): lines of 64 characters.
fn pem(der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let mut pem = String::from("-----BEGIN CERTIFICATE-----\n");
    for (position, character) in text.chars().enumerate() {
        if position > 0 && position % 64 == 0 {
            pem.push('\n');
        }
        pem.push(character);
    }
    pem.push_str("\n-----END CERTIFICATE-----\n");
    pem
}

/// The file with all anchors: a comment line over each root.
fn anchors_pem(roots: &[issue::Kept]) -> String {
    let mut text = String::new();
    for kept in roots {
        let _ = writeln!(
            text,
            "# {}: {} root of the picopost test CA, expires {}",
            kept.shape.name(),
            kept.shape.keys().root.name(),
            kept.expires
        );
        text.push_str(&pem(&kept.root));
    }
    text
}

#[cfg(test)]
mod tests;
