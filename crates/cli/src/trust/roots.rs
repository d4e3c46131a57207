//! The roots that are known: Mozilla's, and those of a file that the user trusts.

use std::path::PathBuf;
use std::sync::LazyLock;

use super::certificate::Certificate;
use super::damage;
use super::input::Input;
use super::name::Name;
use crate::error::CommandError;
use crate::finding::{Finding, Severity};

/// The certificates of Mozilla's set that are trusted for servers, in the version that this command
/// was built with.
pub(super) fn mozilla() -> &'static [Certificate] {
    static ROOTS: LazyLock<Vec<Certificate>> = LazyLock::new(|| {
        let roots = webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter();
        // All of them parse, says a test; one that did not would be missing, not trusted.
        roots.filter_map(|der| Certificate::from_der(der).ok()).map(|(root, _)| root).collect()
    });
    &ROOTS
}

/// Whose word counts that a root is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Store {
    Mozilla,
    /// A file given with `--roots`.
    Given,
}

/// What the files of `--roots` hold.
pub(super) struct Given {
    pub(super) certificates: Vec<Certificate>,
    /// What is wrong with them.
    pub(super) findings: Vec<Finding>,
}

/// Reads the files of `--roots`. What is damaged, or no device can use, is left out, and said.
pub(super) fn read(paths: &[PathBuf]) -> Result<Given, CommandError> {
    let mut given = Given { certificates: Vec::new(), findings: Vec::new() };
    let mut all: Vec<Certificate> = Vec::new();
    for path in paths {
        let input = Input::read(path)?;
        let before = all.len();
        all.extend(input.certificates().filter(|certificate| certificate.is_ca).cloned());
        let wrong = input.findings.into_iter().filter(|finding| finding.severity != Severity::Note);
        given.findings.extend(wrong);
        if all.len() == before && given.findings.is_empty() {
            let sentence = format!("`{}` holds no certificate of an authority", path.display());
            return Err(CommandError::usage(sentence)
                .hint("`--roots` takes the certificates of roots, in PEM or DER"));
        }
    }
    let roots = Roots::with(all.iter().cloned());
    for root in &all {
        let unusable = damage::finding(root, &all, &roots).or_else(|| nameless(root));
        match unusable {
            Some(finding) => given.findings.push(finding),
            None => {
                given.findings.extend(roots.intermediate(root));
                given.certificates.push(root.clone());
            }
        }
    }
    Ok(given)
}

fn nameless(root: &Certificate) -> Option<Finding> {
    let why = root.unfit().filter(|_| root.is_nameless())?;
    Some(Finding::error("unfit", why))
}

/// All known roots.
#[derive(Clone, Debug, Default)]
pub(super) struct Roots {
    given: Vec<Certificate>,
}

impl Roots {
    /// Mozilla's, and these.
    pub(super) fn with(given: impl IntoIterator<Item = Certificate>) -> Self {
        let given = given.into_iter().filter(|root| root.is_ca).collect();
        Self { given }
    }

    /// That a certificate is trusted as a root, and is an intermediate.
    pub(super) fn intermediate(&self, certificate: &Certificate) -> Option<Finding> {
        let Certificate { subject, spki, self_signed, .. } = certificate;
        let has_root = self.of_authority(subject, spki).is_some_and(|(root, _)| root.self_signed);
        (!self_signed && !has_root).then(|| {
            let title =
                format!("`{}` is an intermediate: its authority replaces it without notice", subject.short);
            Finding::warning("intermediate-as-anchor", title).hint("trust the root above it instead")
        })
    }

    /// Every root, the user's own first.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&Certificate, Store)> {
        let given = self.given.iter().map(|root| (root, Store::Given));
        given.chain(mozilla().iter().map(|root| (root, Store::Mozilla)))
    }

    /// Those with this subject.
    pub(super) fn named(&self, subject: &Name) -> impl Iterator<Item = (&Certificate, Store)> {
        self.iter().filter(move |(root, _)| root.subject == *subject)
    }

    /// Those that people read the same name of: in DER it can be written in several ways.
    pub(super) fn called(&self, subject: &Name) -> impl Iterator<Item = &Certificate> {
        self.iter().map(|(root, _)| root).filter(move |root| root.subject.reads_like(subject))
    }

    /// The root with this name and key: `certificate` itself, or what it is another certificate of;
    /// first the one that signed itself.
    pub(super) fn of_authority(&self, subject: &Name, spki: &[u8]) -> Option<(&Certificate, Store)> {
        let all = || self.named(subject).filter(|(root, _)| root.spki == spki);
        all().find(|(root, _)| root.self_signed).or_else(|| all().next())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_of_mozilla_s_roots_can_be_read() {
        assert_eq!(mozilla().len(), webpki_root_certs::TLS_SERVER_ROOT_CERTS.len());
        assert!(mozilla().iter().all(|root| root.is_ca && root.self_signed));
    }

    #[test]
    fn a_root_is_found_by_name_and_key() {
        let roots = Roots::default();
        let [one, other] = ["GTS Root R1", "GTS Root R4"]
            .map(|name| mozilla().iter().find(|root| root.subject.short == name).unwrap());
        assert_eq!(roots.of_authority(&one.subject, &one.spki), Some((one, Store::Mozilla)));
        assert_eq!(roots.of_authority(&one.subject, &other.spki), None);
    }
}
