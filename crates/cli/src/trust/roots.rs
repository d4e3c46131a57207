//! The roots that are known: Mozilla's, and those of a file that the user trusts.

use std::sync::LazyLock;

use super::certificate::Certificate;
use super::name::Name;

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

    /// Every root, the user's own first.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&Certificate, Store)> {
        let given = self.given.iter().map(|root| (root, Store::Given));
        given.chain(mozilla().iter().map(|root| (root, Store::Mozilla)))
    }

    /// Those with this subject.
    pub(super) fn named(&self, subject: &Name) -> impl Iterator<Item = (&Certificate, Store)> {
        self.iter().filter(move |(root, _)| root.subject == *subject)
    }

    /// The root with this name and key: `certificate` itself, or what it is another certificate of.
    pub(super) fn of_authority(&self, subject: &Name, spki: &[u8]) -> Option<(&Certificate, Store)> {
        self.named(subject).find(|(root, _)| root.spki == spki)
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
