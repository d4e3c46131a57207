//! Every path from a server's certificate to a root (RFC 5280 §6), also those that the server did
//! not mean: the roots that it does not send are known here, and cross-signed roots lead to several.
//! Each path is then verified by rustls-webpki, with its root as the only anchor.

use std::time::Duration;

use rustls::pki_types::{CertificateDer, UnixTime};
use webpki::{EndEntityCert, KeyUsage, anchor_from_trusted_cert};

use super::certificate::{Certificate, algorithms};
use super::name::Name;
use super::roots::{Roots, Store};
use super::time;

/// A path, from the server's certificate upwards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Path {
    /// Places in the chain as it was sent, the server's own first.
    pub(super) links: Vec<usize>,
    pub(super) end: End,
    pub(super) verdict: Verdict,
}

/// What a path ends at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// A known root.
    Root(Box<Certificate>, Store),
    /// A certificate that signed itself, at this place in the chain, and that nobody knows.
    Unknown(usize),
    /// An authority of this name, which is neither sent nor known.
    Missing(Name),
}

/// What webpki says of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Good at the time of the report.
    Good,
    /// Refused at that time for its dates alone: it was, or will be, good at this other one.
    GoodAt { time: i64, reason: String },
    /// Refused.
    Refused(String),
}

/// Bounds on what a server can make this search do; no honest chain comes near.
const MAX_LINKS: usize = 12;
const MAX_PATHS: usize = 32;
const MAX_SIGNATURES: usize = 400;

/// The paths from the first certificate of a chain, and whether a bound has left others out.
pub(super) fn find(chain: &[Certificate], roots: &Roots, now: i64) -> (Vec<Path>, bool) {
    let mut search = Search { chain, roots, now, paths: Vec::new(), signatures: 0, is_cut: false };
    if !chain.is_empty() {
        search.extend(&mut vec![0]);
    }
    (search.paths, search.is_cut)
}

impl Path {
    /// Whether a device that trusts the root could use the path, now or at the chain's own time.
    pub(super) fn is_usable(&self) -> bool {
        !matches!(self.verdict, Verdict::Refused(_))
    }

    pub(super) fn is_good(&self) -> bool {
        self.verdict == Verdict::Good
    }

    /// Instructions to verify all of its signatures on a 32-bit chip, where each is measured.
    pub(super) fn instructions(&self, chain: &[Certificate]) -> Option<u64> {
        let root = match &self.end {
            End::Root(root, _) => root,
            End::Unknown(place) => chain.get(*place)?,
            End::Missing(_) => return None,
        };
        let issuers = self.links.iter().skip(1).filter_map(|place| chain.get(*place));
        issuers.chain([root]).map(|issuer| issuer.key.instructions()).sum()
    }
}

struct Search<'s> {
    chain: &'s [Certificate],
    roots: &'s Roots,
    now: i64,
    paths: Vec<Path>,
    signatures: usize,
    /// Whether a bound has ended the search somewhere.
    is_cut: bool,
}

impl Search<'_> {
    /// Goes on from the last link.
    fn extend(&mut self, links: &mut Vec<usize>) {
        let chain = self.chain;
        let Some(last) = links.last().and_then(|place| chain.get(*place)) else { return };
        let before = self.paths.len();
        let roots = self.roots;
        for (root, store) in roots.named(&last.issuer) {
            if self.may_try() && root.issued(last) {
                self.found(links, End::Root(Box::new(root.clone()), store));
            }
        }
        for (place, issuer) in chain.iter().enumerate() {
            if links.contains(&place) || !issuer.is_ca || issuer.subject != last.issuer {
                continue;
            }
            if links.len() >= MAX_LINKS {
                self.is_cut = true;
            } else if self.may_try() && issuer.issued(last) {
                if !issuer.self_signed {
                    links.push(place);
                    self.extend(links);
                    links.pop();
                } else if roots.of_authority(&issuer.subject, &issuer.spki).is_none() {
                    self.found(links, End::Unknown(place));
                }
            }
        }
        // That nobody issued it can be said only where everybody was asked.
        if self.paths.len() == before && !self.is_cut {
            self.found(links, End::Missing(last.issuer.clone()));
        }
    }

    fn may_try(&mut self) -> bool {
        self.signatures += 1;
        let may = self.signatures <= MAX_SIGNATURES && self.paths.len() < MAX_PATHS;
        self.is_cut |= !may;
        may
    }

    fn found(&mut self, links: &[usize], end: End) {
        if self.paths.len() >= MAX_PATHS {
            return;
        }
        let verdict = self.verdict(links, &end);
        self.paths.push(Path { links: links.to_vec(), end, verdict });
    }

    fn verdict(&self, links: &[usize], end: &End) -> Verdict {
        let certificates: Vec<_> = links.iter().filter_map(|place| self.chain.get(*place)).collect();
        let root = match end {
            End::Root(root, _) => root,
            End::Unknown(place) => &self.chain[*place],
            End::Missing(_) => {
                return Verdict::Refused("neither sent nor in Mozilla's set".to_owned());
            }
        };
        let reason = match verify(&certificates, root, self.now) {
            Ok(()) => return Verdict::Good,
            Err(reason) => reason,
        };
        // The last moment at which all of them are valid together, if there is one.
        let end = certificates.iter().map(|certificate| certificate.not_after).min().unwrap_or_default();
        let time = if certificates.iter().all(|certificate| certificate.not_before <= self.now) {
            end
        } else {
            certificates.iter().map(|certificate| certificate.not_before).max().unwrap_or_default()
        };
        match verify(&certificates, root, time) {
            Ok(()) => Verdict::GoodAt { time, reason },
            Err(_) => Verdict::Refused(reason),
        }
    }
}

/// Verifies one path for a server, with this root alone as anchor.
fn verify(path: &[&Certificate], root: &Certificate, at: i64) -> Result<(), String> {
    let (server, rest) = path.split_first().ok_or("there is no certificate")?;
    let server_der = CertificateDer::from(server.der.as_slice());
    let root_der = CertificateDer::from(root.der.as_slice());
    let rest: Vec<_> = rest.iter().map(|issuer| CertificateDer::from(issuer.der.as_slice())).collect();
    let anchors = [anchor_from_trusted_cert(&root_der).map_err(|error| reason(&error))?];
    let certificate = EndEntityCert::try_from(&server_der).map_err(|error| reason(&error))?;
    let at = UnixTime::since_unix_epoch(Duration::from_secs(u64::try_from(at).unwrap_or_default()));
    certificate
        .verify_for_usage(algorithms(), &anchors, &rest, at, KeyUsage::server_auth(), None, None)
        .map(|_| ())
        .map_err(|error| reason(&error))
}

/// Why webpki refuses a path, in words.
fn reason(error: &webpki::Error) -> String {
    use webpki::Error as E;
    let seconds = |time: &UnixTime| time::day(i64::try_from(time.as_secs()).unwrap_or(i64::MAX));
    let words = match error {
        E::CertExpired { not_after, .. } => {
            return format!("a certificate on it expired on {}", seconds(not_after));
        }
        E::CertNotValidYet { not_before, .. } => {
            return format!("a certificate on it is not valid before {}", seconds(not_before));
        }
        E::CaUsedAsEndEntity => "an authority's certificate is used as the server's own",
        E::EndEntityUsedAsCa => "a certificate that is no authority's has issued another one",
        E::MaximumPathDepthExceeded => "it is longer than anyone builds",
        E::PathLenConstraintViolated => "it is longer than an authority on it may make it",
        E::NameConstraintViolation => "an authority on it may not issue for this server's names",
        E::RequiredEkuNotFoundContext(_) => "a certificate on it is not made for servers",
        E::InvalidSignatureForPublicKey => "a signature on it is wrong",
        E::UnsupportedSignatureAlgorithmContext(_)
        | E::UnsupportedSignatureAlgorithmForPublicKeyContext(_) => {
            "a certificate on it is signed with an algorithm that is not supported"
        }
        E::UnsupportedCriticalExtension => "a certificate on it has a critical extension that is not known",
        E::UnsupportedCertVersion => "a certificate on it has a version that is not supported",
        // The rest cannot come of a path that was found by its names and signatures; its own
        // words will do.
        other => return format!("webpki says {other}"),
    };
    words.to_owned()
}

#[cfg(test)]
mod tests {
    use picopost_testkit::chains::{Chain, NOW};

    use super::*;

    fn search(table: &str, others: &[&Chain]) -> (Vec<Certificate>, Vec<Path>, bool) {
        let chain = Chain::from_table(table);
        let read = |der: &[u8]| Certificate::from_der(der).unwrap().0;
        let mut certificates = vec![read(&chain.certificates[0])];
        certificates.extend(others.iter().map(|other| read(&other.certificates[0])));
        certificates.extend(chain.certificates[1..].iter().map(|der| read(der)));
        let roots = Roots::with([read(&chain.root)]);
        let (paths, is_cut) = find(&certificates, &roots, i64::try_from(NOW).unwrap());
        (certificates, paths, is_cut)
    }

    /// Authorities one under the other, `twins` certificates for each.
    fn tower(height: usize, twins: usize) -> String {
        let mut table = String::from("root p256 root ca\n");
        let mut sent = String::from("send server");
        for level in 0..height {
            let above = if level == 0 { "root".to_owned() } else { format!("a{}", level - 1) };
            for twin in 0..twins {
                let name = if twin == 0 { format!("a{level}") } else { format!("a{level}/{twin}") };
                table.push_str(&format!("{name} p256 {above} ca\n"));
                sent.push_str(&format!(" {name}"));
            }
        }
        format!("{table}server p256 a{} server dns:device.example\n{sent}", height - 1)
    }

    #[test]
    fn a_server_cannot_make_the_search_long() {
        // Sixteen paths, all of them found; then more than are looked at.
        let (_, paths, is_cut) = search(&tower(4, 2), &[]);
        assert_eq!((paths.len(), paths.iter().all(Path::is_good), is_cut), (16, true, false));
        let (_, paths, is_cut) = search(&tower(6, 2), &[]);
        assert_eq!((paths.len(), is_cut), (MAX_PATHS, true));
        // Somebody else's certificates of the issuer's name, each of which costs a signature.
        let other = Chain::from_table("a0 p256 a0 ca key:stranger\n send a0");
        let (_, paths, is_cut) = search(&tower(1, 1), &vec![&other; 300]);
        assert_eq!((paths.len(), is_cut), (1, false));
        let (_, paths, is_cut) = search(&tower(1, 1), &vec![&other; MAX_SIGNATURES]);
        assert_eq!((paths.len(), is_cut), (0, true));
    }

    #[test]
    fn a_chain_that_is_too_long_is_called_so() {
        let (certificates, paths, is_cut) = search(&tower(MAX_LINKS, 1), &[]);
        assert_eq!((paths.len(), is_cut), (0, true), "{paths:?}");
        let roots = Roots::default();
        let analysis = crate::trust::chain::Analysis::new(certificates, &roots, i64::try_from(NOW).unwrap());
        let findings = analysis.findings(&roots, i64::try_from(NOW).unwrap());
        assert_eq!(findings[0].code, "bad-path");
        assert!(findings[0].title.contains("than are looked at here"), "{findings:?}");
    }
}
