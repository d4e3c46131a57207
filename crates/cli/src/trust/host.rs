//! A host: what came of every kind of ClientHello, and where that differs.

use rustls::pki_types::CertificateDer;
use webpki::EndEntityCert;

use super::certificate::Certificate;
use super::chain::Analysis;
use super::probe::{Client, FailureKind, Probe, Sni};
use super::recommend::Requirement;
use super::report::{Attempt, Source, SourceKind};
use super::roots::Roots;
use super::target::Target;
use crate::finding::{Finding, Severity};

/// A host that was asked.
#[derive(Clone, Debug)]
pub(super) struct Host {
    pub(super) source: Source,
    /// What must be verified: what the device gets, and what a desktop gets.
    pub(super) requirements: Vec<Requirement>,
}

impl Host {
    pub(super) fn new(target: &Target, probes: &[Probe], roots: &Roots, now: i64) -> Self {
        let mut chains: Vec<Vec<Vec<u8>>> = Vec::new();
        let mut attempts = Vec::new();
        for probe in probes {
            let chain = (!probe.chain.is_empty()).then(|| {
                let place = chains.iter().position(|chain| *chain == probe.chain);
                place.unwrap_or_else(|| {
                    chains.push(probe.chain.clone());
                    chains.len() - 1
                })
            });
            attempts.push(Attempt {
                client: probe.client.name(),
                server_name: probe.sni.name(),
                chain: chain.map(|place| place + 1),
                version: probe.version,
                failure: probe.failure.as_ref().map(|failure| failure.sentence.clone()),
            });
        }
        let mut unreadable = Vec::new();
        let analyses: Vec<Analysis> =
            chains.iter().map(|chain| Analysis::new(read(chain, &mut unreadable), roots, now)).collect();
        let of = |client: Client| {
            let place = probes.iter().position(|probe| probe.client == client && is_right(probe.sni))?;
            attempts[place].chain.map(|number| &analyses[number - 1])
        };
        let wanted: Vec<&Analysis> = match (of(Client::Device), of(Client::Desktop)) {
            (Some(device), Some(desktop)) if std::ptr::eq(device, desktop) => vec![device],
            (device, desktop) => device.into_iter().chain(desktop).collect(),
        };

        let mut findings = unreadable;
        for analysis in &wanted {
            for finding in wrong_name(target, analysis).into_iter().chain(analysis.findings(roots, now)) {
                if !findings.contains(&finding) {
                    findings.push(finding);
                }
            }
        }
        let chain_is_bad = findings.iter().any(|finding| finding.severity == Severity::Error);
        findings.splice(0..0, handshake(probes, chain_is_bad));
        findings.extend(differences(probes, &attempts));
        let wants = |analysis| Requirement::new(&target.to_string(), target.server_name(), analysis, now);
        let mut requirements: Vec<Requirement> = wanted.into_iter().map(wants).collect();
        if requirements.iter().any(Requirement::is_verified) {
            // What a desktop gets, and the device never could use, is no reason to embed anything.
            requirements.retain(|one| one.is_verified() || !one.has_options());
        }
        let is_clear =
            |finding: &Finding| finding.severity != Severity::Error || finding.code == "tls-1.2-only";
        if findings.iter().all(is_clear) {
            findings.extend(requirements.iter().find_map(|one| one.refusal(now)));
        }
        let source = Source {
            kind: SourceKind::Host,
            name: target.to_string(),
            what: what(probes, chains.len()),
            attempts,
            chains: analyses.iter().map(|analysis| analysis.shown(roots, now)).collect(),
            embedded: None,
            findings,
        };
        Self { source, requirements }
    }
}

fn is_right(sni: Sni) -> bool {
    matches!(sni, Sni::Right | Sni::Address)
}

fn what(probes: &[Probe], chains: usize) -> String {
    let count = |number: usize, what: &str| format!("{number} {what}{}", if number == 1 { "" } else { "s" });
    format!("asked {}, {} came", count(probes.len(), "time"), count(chains, "chain"))
}

fn read(chain: &[Vec<u8>], unreadable: &mut Vec<Finding>) -> Vec<Certificate> {
    let mut certificates = Vec::new();
    for (place, der) in chain.iter().enumerate() {
        match Certificate::from_der(der) {
            Ok((certificate, [])) => certificates.push(certificate),
            Ok(_) => unreadable.push(unreadable_finding(place, "octets follow the certificate")),
            Err(reason) => unreadable.push(unreadable_finding(place, &reason)),
        }
    }
    certificates
}

fn unreadable_finding(place: usize, reason: &str) -> Finding {
    let title = format!("certificate {} of the chain cannot be read: {reason}", place + 1);
    Finding::error("unreadable-certificate", title)
}

/// RFC 9525: the certificate must be for the name that was asked for.
fn wrong_name(target: &Target, analysis: &Analysis) -> Option<Finding> {
    let server = analysis.certificates.first()?;
    let der = CertificateDer::from(server.der.as_slice());
    let certificate = EndEntityCert::try_from(&der).ok()?;
    let name = target.server_name()?;
    certificate.verify_is_valid_for_subject_name(&name).err()?;
    let names = match server.names.len() {
        0 => "no name at all".to_owned(),
        1..=4 => server.names.join(", "),
        more => format!("{} and {} others", server.names[..3].join(", "), more - 3),
    };
    let title = format!("the certificate is not for `{}` but for {names}", target.host);
    let hint = "is the name right? otherwise another server, a captive portal or a proxy answers in the host's place";
    Some(Finding::error("wrong-name", title).hint(hint))
}

/// What the device's handshake failed of, beside certificates.
fn handshake(probes: &[Probe], chain_is_bad: bool) -> Option<Finding> {
    let device = probes.iter().find(|probe| probe.client == Client::Device)?;
    let desktop = probes.iter().find(|probe| probe.client == Client::Desktop && is_right(probe.sni));
    let failure = device.failure.as_ref()?;
    let desktop_version = desktop.and_then(|probe| probe.version);
    let sentence = &failure.sentence;
    let finding = match (failure.kind, desktop_version) {
        (FailureKind::PlainHttp, _) => Finding::error("plain-http", sentence),
        (FailureKind::CaptivePortal, _) => Finding::error("captive-portal", sentence),
        (FailureKind::NotTls, _) => Finding::error("not-tls", sentence),
        (FailureKind::TimedOut, _) => Finding::error("timed-out", sentence),
        (FailureKind::Version, Some("TLS 1.2")) => {
            let title = "the host speaks TLS 1.2 at most, and picopost TLS 1.3 alone";
            return Some(Finding::error("tls-1.2-only", title).hint(
                "a firmware with another TLS stack can use the anchors below; the host's operator can turn TLS 1.3 on",
            ));
        }
        (FailureKind::Certificate, _) if chain_is_bad => return None,
        (FailureKind::Certificate, _) => {
            let title = format!("the device refuses a chain that others take: {sentence}");
            return Some(Finding::error("device-refuses-chain", title));
        }
        (_, Some(_)) => {
            let title = format!("the desktop's ClientHello is taken, and the device's is not: {sentence}");
            return Some(Finding::error("device-refused", title).hint(
                "picopost offers TLS 1.3 with X25519, and ChaCha20-Poly1305 or AES-128-GCM: compare the server's settings",
            ));
        }
        (_, None) => Finding::error("handshake-failed", format!("no handshake: {sentence}")),
    };
    Some(match &failure.hint {
        Some(hint) => finding.hint(hint.clone()),
        None => finding,
    })
}

/// Where clients get different chains.
fn differences(probes: &[Probe], attempts: &[Attempt]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let right: Vec<(&Probe, usize)> = probes
        .iter()
        .zip(attempts)
        .filter(|(probe, _)| is_right(probe.sni))
        .filter_map(|(probe, attempt)| Some((probe, attempt.chain?)))
        .collect();
    let Some((_, first)) = right.first() else { return findings };
    if right.iter().any(|(_, chain)| chain != first) {
        let list: Vec<String> = right
            .iter()
            .map(|(probe, chain)| format!("{} gets chain {chain}", probe.client.name()))
            .collect();
        findings.push(Finding::note(
            "chains-differ",
            format!("clients get different chains: {}", list.join(", ")),
        ));
    }
    let absent = probes.iter().zip(attempts).find(|(probe, _)| probe.sni == Sni::Absent);
    match absent {
        Some((_, attempt)) if attempt.chain.is_some_and(|chain| chain != *first) => {
            let title = "without a server name another certificate comes: connect by name, not by address";
            findings.push(Finding::note("server-name-matters", title));
        }
        Some((probe, attempt)) if attempt.chain.is_none() && probe.failure.is_some() => {
            let title = "without a server name there is no handshake: connect by name, not by address";
            findings.push(Finding::note("needs-server-name", title));
        }
        _ => {}
    }
    findings
}
