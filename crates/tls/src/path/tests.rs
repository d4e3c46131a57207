//! The search in steps against a search in one run, and what tells one signature from another.

extern crate std;

use core::sync::atomic::{AtomicUsize, Ordering};
use core::time::Duration;
use std::vec::Vec;

use picopost_testkit::chains::real::{CLOUDFLARE_TIME, cloudflare, globalsign_root};
use picopost_testkit::chains::{Chain, NAME, NOW, faulty, shapes};
use pki_types::{
    AlgorithmIdentifier, InvalidSignature, ServerName, SignatureVerificationAlgorithm, TrustAnchor, UnixTime,
};

use super::*;
use crate::Trust;

/// How many public-key operations a verification in steps took, and how it ended.
fn in_steps(chain: &[CertificateDer<'_>], config: &Config<'_>) -> (usize, Result<(), Error>) {
    with_memo(chain, config, None)
}

fn with_memo(
    chain: &[CertificateDer<'_>],
    config: &Config<'_>,
    mut memo: Option<&mut SignatureMemo>,
) -> (usize, Result<(), Error>) {
    let mut verification = PathVerification::new();
    let mut computed = 0;
    loop {
        match verification.step(chain, config, memo.as_deref_mut()) {
            Ok(Progress::Computed) => computed += 1,
            Ok(Progress::Remembered) => assert!(memo.is_some()),
            Ok(Progress::Done(_)) => return (computed, Ok(())),
            Err(failure) => return (computed, Err(failure.error(&verification.details(config)))),
        }
        assert!(computed <= 16, "no progress");
    }
}

/// The same as one search that verifies each signature when it comes to it, 16 of them at most:
/// written apart from the one in steps, and simpler.
fn in_one_run(
    chain: &[CertificateDer<'_>],
    anchors: &[TrustAnchor<'_>],
    config: &Config<'_>,
) -> Result<(), Error> {
    #[derive(Debug)]
    struct Counted<'c>(&'static dyn SignatureVerificationAlgorithm, &'c AtomicUsize);
    impl SignatureVerificationAlgorithm for Counted<'_> {
        fn verify_signature(&self, key: &[u8], message: &[u8], value: &[u8]) -> Result<(), InvalidSignature> {
            match self.1.fetch_add(1, Ordering::Relaxed) {
                ..16 => self.0.verify_signature(key, message, value),
                _ => Err(InvalidSignature),
            }
        }
        fn public_key_alg_id(&self) -> AlgorithmIdentifier {
            self.0.public_key_alg_id()
        }
        fn signature_alg_id(&self) -> AlgorithmIdentifier {
            self.0.signature_alg_id()
        }
    }
    let (server, intermediates) = chain.split_first().ok_or(Error::NoCertificate)?;
    let error = |failure: Failure| failure.error(&Details::NOTHING);
    if !KeyUsage::of(server).map_err(error)?.digital_signature() {
        return Err(Error::KeyUsage);
    }
    let server = EndEntityCert::try_from(server).map_err(|found| error(path_error(&found)))?;
    let count = AtomicUsize::new(0);
    let algorithms = picopost_verify::ALL.map(|algorithm| Counted(algorithm, &count));
    let algorithms = algorithms.each_ref().map(|algorithm| algorithm as &dyn SignatureVerificationAlgorithm);
    let usage = webpki::KeyUsage::server_auth();
    let may_sign = |path: &webpki::VerifiedPath<'_>| {
        let mut issuers = path.intermediate_certificates();
        let may = issuers.all(|issuer| KeyUsage::of(&issuer.der()).is_ok_and(KeyUsage::key_cert_sign));
        if may { Ok(()) } else { Err(webpki::Error::EndEntityUsedAsCa) }
    };
    server
        .verify_for_usage(&algorithms, anchors, intermediates, config.now, usage, None, Some(&may_sign))
        .map_err(|error| {
            if count.load(Ordering::Relaxed) >= 16 { Error::PathTooComplex } else { dated(&error, config) }
        })?;
    server.verify_is_valid_for_subject_name(&config.server_name).map_err(|found| error(path_error(&found)))
}

/// An error of webpki's with its dates.
fn dated(error: &webpki::Error, config: &Config<'_>) -> Error {
    let date = match error {
        webpki::Error::CertExpired { not_after: date, .. }
        | webpki::Error::CertNotValidYet { not_before: date, .. } => date.as_secs(),
        _ => 0,
    };
    path_error(error).error(&Details { now: config.now.as_secs(), date, ..Details::NOTHING })
}

fn config<'a>(name: &'static str, anchors: &'a [TrustAnchor<'a>], now: u64) -> Config<'a> {
    let now = UnixTime::since_unix_epoch(Duration::from_secs(now));
    Config::new(ServerName::try_from(name).expect("a name"), Trust::anchors(anchors), now)
}

/// The same numbers each time (Marsaglia's xorshift).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % end
    }
}

#[test]
fn one_operation_for_each_signature_of_the_path() {
    for (chain, signatures) in [
        (shapes::direct(), 1),
        (shapes::gts(), 2),
        (shapes::lets_encrypt(), 2),
        (shapes::rsa(), 2),
        (shapes::out_of_order(), 3),
        // The cross-signed root is beside the path.
        (shapes::cross_signed_root(), 2),
        (shapes::cross_signed_root_from_old(), 3),
    ] {
        let anchors = chain.anchors();
        assert_eq!(in_steps(&chain.certificates, &config(NAME, &anchors, NOW)), (signatures, Ok(())));
    }
    let anchors = [webpki::anchor_from_trusted_cert(&globalsign_root()).unwrap().to_owned()];
    let config = config("ipapi.co", &anchors, CLOUDFLARE_TIME);
    assert_eq!(in_steps(&cloudflare(), &config), (3, Ok(())));
}

/// What needs no signature to be refused takes none, and what is wrong is found behind the last one.
#[test]
fn one_operation_for_each_signature_of_no_path() {
    for (chain, signatures, error) in [
        (faulty::unknown_ca(), 0, Error::UnknownIssuer),
        (faulty::expired_intermediate(), 0, Error::Expired { now: NOW, not_after: NOW - 86_400 }),
        (faulty::forged_intermediate(), 1, Error::CertificateSignature),
        (faulty::forged(), 2, Error::CertificateSignature),
        (faulty::wrong_name(), 2, Error::WrongName),
        (faulty::name_constraint(), 2, Error::NameConstraint),
    ] {
        let anchors = chain.anchors();
        let config = config(NAME, &anchors, NOW);
        assert_eq!(in_steps(&chain.certificates, &config), (signatures, Err(error)));
    }
}

/// A bad signature is not verified twice either: here one that two searches for a path come to.
#[test]
fn no_signature_is_verified_twice() {
    let chain = faulty::impostors();
    let anchors = chain.anchors();
    let (computed, result) = in_steps(&chain.certificates, &config(NAME, &anchors, NOW));
    assert_eq!(result, Err(Error::PathTooComplex));
    // That of each of the five certificates, with the anchor's key.
    assert_eq!(computed, 5);
}

/// A search can be long without a signature: what is tried on the way is bounded too. Of three there
/// are 15 beginnings of a path, of four 64.
#[test]
fn a_search_that_leads_nowhere_has_an_end() {
    for (count, error) in [(3, Error::UnknownIssuer), (4, Error::PathTooComplex), (5, Error::PathTooComplex)]
    {
        let chain = faulty::namesakes(count);
        let anchors = chain.anchors();
        let end = in_steps(&chain.certificates, &config(NAME, &anchors, NOW));
        assert_eq!(end, (0, Err(error)), "{count}");
    }
}

/// Certificates of many chains in any order, some of them changed, with anchors of many chains: the
/// search in steps ends as the search in one run.
#[test]
fn steps_end_as_one_run() {
    let impostor = |key: usize| {
        let row = std::format!("root  p256  root  ca key:impostor-{key}\n send root");
        Chain::from_table(&row)
    };
    let forged_root = Chain::from_table(
        "root    p256  root  ca
         root/f  p256  root  forged ca
         root/n  p256  root  ca permit:elsewhere.example
         root/l  p256  root  server
         send root/f root/n root/l",
    );
    let mut chains = std::vec![
        shapes::gts(),
        shapes::direct(),
        shapes::out_of_order(),
        shapes::cross_signed_root(),
        faulty::forged(),
        faulty::forged_intermediate(),
        faulty::expired_intermediate(),
        faulty::leaf_as_ca(),
        faulty::path_length(),
        faulty::name_constraint(),
        faulty::wrong_name(),
        faulty::impostors(),
        forged_root,
    ];
    let servers = chains.len() - 2;
    chains.extend((0..17).map(impostor));
    let certificates: Vec<_> = chains.iter().flat_map(|chain| chain.certificates.iter().cloned()).collect();
    let roots: Vec<_> = chains.iter().flat_map(Chain::anchors).collect();

    let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
    let mut ends = std::collections::BTreeMap::new();
    for case in 0..1000 {
        let chosen = &chains[numbers.below(servers)];
        let mut list = chosen.certificates.clone();
        for _ in 0..numbers.below(5) {
            let at = 1 + numbers.below(list.len());
            list.insert(at, certificates[numbers.below(certificates.len())].clone());
        }
        list.truncate(MAX_CERTIFICATES);
        if numbers.below(4) == 0 {
            let which = numbers.below(list.len());
            let mut octets = list[which].to_vec();
            let at = numbers.below(octets.len());
            octets[at] ^= 1 << numbers.below(8);
            list[which] = CertificateDer::from(octets);
        }
        let mut anchors = Vec::new();
        for _ in 0..[0, 1, 2, 20][numbers.below(4)] {
            anchors.push(roots[numbers.below(roots.len())].clone());
        }
        let at = numbers.below(anchors.len() + 1);
        anchors.splice(at..at, chosen.anchors());
        let config = config(NAME, &anchors, NOW);
        let (computed, result) = in_steps(&list, &config);
        assert_eq!(result, in_one_run(&list, &anchors, &config), "case {case}, {computed} signatures");
        *ends.entry(result.map_or_else(|error| error.code(), |()| 0)).or_insert(0) += 1;
    }
    // It came to good ends and to bad ones, and to the bound.
    for code in [0, Error::PathTooComplex.code(), Error::CertificateSignature.code(), Error::WrongName.code()]
    {
        assert!(ends.get(&code).is_some_and(|count| *count >= 10), "{ends:?}");
    }
    assert!(ends.len() >= 10, "{ends:?}");
}

/// A memo with every good signature that the verification of a chain comes to, as if there had been a
/// handshake.
fn full_memo(chain: &Chain, now: u64) -> SignatureMemo {
    let anchors = chain.anchors();
    let config = config(NAME, &anchors, now);
    let mut memo = SignatureMemo::new();
    let mut verification = PathVerification::new();
    while let Ok(Progress::Computed) = verification.step(&chain.certificates, &config, Some(&mut memo)) {}
    memo.enter_noted();
    memo
}

/// Whatever is wrong with a chain, a memo that knows all of its good signatures does not change it.
#[test]
fn a_memo_stands_for_signatures_and_for_nothing_else() {
    const DAY: u64 = 86_400;
    for (chain, then, left, error) in [
        // Issued for a day, and remembered from then.
        (faulty::expired(), NOW - 2 * DAY, 0, Error::Expired { now: NOW, not_after: NOW - DAY }),
        (faulty::expired_intermediate(), NOW - 2 * DAY, 0, Error::Expired { now: NOW, not_after: NOW - DAY }),
        (faulty::not_yet_valid(), NOW + 2 * DAY, 0, Error::NotYetValid { now: NOW, not_before: NOW + DAY }),
        (faulty::wrong_name(), NOW, 0, Error::WrongName),
        (faulty::no_name(), NOW, 0, Error::WrongName),
        (faulty::leaf_as_ca(), NOW, 0, Error::IssuerIsNotCa),
        (faulty::ca_as_server(), NOW, 0, Error::CaAsServer),
        (faulty::path_length(), NOW, 0, Error::PathTooLong),
        (faulty::name_constraint(), NOW, 0, Error::NameConstraint),
        (faulty::client_only(), NOW, 0, Error::KeyUsage),
        (faulty::critical_extension(), NOW, 0, Error::CriticalExtension),
        (faulty::unknown_ca(), NOW, 0, Error::UnknownIssuer),
        // A bad signature is never remembered.
        (faulty::forged(), NOW, 1, Error::CertificateSignature),
        (faulty::forged_intermediate(), NOW, 1, Error::CertificateSignature),
        (faulty::impostors(), NOW, 5, Error::PathTooComplex),
    ] {
        let mut memo = full_memo(&chain, then);
        let anchors = chain.anchors();
        let result = with_memo(&chain.certificates, &config(NAME, &anchors, NOW), Some(&mut memo));
        assert_eq!(result, (left, Err(error)));
    }
}

/// One bit of a certificate: the memo is of no use for it, so it is verified, and refused.
#[test]
fn a_memo_does_not_know_what_has_changed() {
    let chain = shapes::gts();
    let anchors = chain.anchors();
    let config = config(NAME, &anchors, NOW);
    let full = full_memo(&chain, NOW);
    assert_eq!(full.count(), 2);
    assert_eq!(with_memo(&chain.certificates, &config, Some(&mut full.clone())), (0, Ok(())));
    for which in 0..2 {
        for at in (which..chain.certificates[which].len()).step_by(3) {
            let mut changed = chain.certificates.clone();
            let mut octets = changed[which].to_vec();
            octets[at] ^= 1 << (at % 8);
            changed[which] = CertificateDer::from(octets);
            let (_, result) = with_memo(&changed, &config, Some(&mut full.clone()));
            assert!(result.is_err(), "certificate {which}, octet {at}");
            assert_eq!(result, in_steps(&changed, &config).1, "certificate {which}, octet {at}");
        }
    }
}

/// An issuer of the same name with another key is another issuer, and an anchor that is none any more
/// is none with a memo either.
#[test]
fn a_memo_does_not_vouch_for_anchors() {
    let chain = shapes::direct();
    let full = full_memo(&chain, NOW);
    assert_eq!(full.count(), 1);
    let impostor = Chain::from_table("root  p256  root  ca key:impostor\n send root").anchors();
    let stranger = Chain::from_table("stranger  p256  stranger  ca\n send stranger").anchors();
    let verify = |anchors: &[TrustAnchor<'_>]| {
        with_memo(&chain.certificates, &config(NAME, anchors, NOW), Some(&mut full.clone()))
    };
    assert_eq!(verify(&chain.anchors()), (0, Ok(())));
    assert_eq!(verify(&impostor), (1, Err(Error::CertificateSignature)));
    assert_eq!(verify(&stranger), (0, Err(Error::UnknownIssuer)));
    // The right one behind the impostor: found, and only the impostor's try is computed.
    assert_eq!(verify(&[impostor, chain.anchors()].concat()), (1, Ok(())));
}

/// Good signatures beside the path are not remembered: here those of an intermediate that may not
/// issue for this name, and of another certificate for the same key that may.
#[test]
fn only_the_path_is_remembered() {
    let chain = Chain::from_table(
        "root      p256  root    ca
         issuer/x  p256  root    ca permit:elsewhere.example
         issuer    p256  root    ca
         server    p256  issuer  server dns:device.example
         send server issuer/x issuer",
    );
    let anchors = chain.anchors();
    let config = config(NAME, &anchors, NOW);
    let mut memo = SignatureMemo::new();
    assert_eq!(with_memo(&chain.certificates, &config, Some(&mut memo)), (4, Ok(())));
    memo.enter_noted();
    assert_eq!(memo.count(), 2);
    // The server's is known whichever certificate its issuer's key is taken from.
    assert_eq!(with_memo(&chain.certificates, &config, Some(&mut memo)), (1, Ok(())));
}

/// With a memo that knows some of the signatures, each verdict is what it is without.
#[test]
fn a_memo_changes_no_verdict() {
    let all = [
        shapes::gts(),
        shapes::direct(),
        shapes::out_of_order(),
        shapes::cross_signed_root(),
        faulty::forged(),
        faulty::forged_intermediate(),
        faulty::leaf_as_ca(),
        faulty::name_constraint(),
        faulty::impostors(),
    ];
    let certificates: Vec<_> = all.iter().flat_map(|chain| chain.certificates.iter().cloned()).collect();
    let mut numbers = Numbers(0x0123_4567_89ab_cdef);
    // One memo for all of them, as a device has it, and only good handshakes enter anything.
    let mut memo = SignatureMemo::new();
    let (mut fewer, mut good) = (0, 0);
    for case in 0..500 {
        let chosen = &all[numbers.below(all.len())];
        let mut list = chosen.certificates.clone();
        for _ in 0..numbers.below(3) {
            let at = 1 + numbers.below(list.len());
            list.insert(at, certificates[numbers.below(certificates.len())].clone());
        }
        list.truncate(MAX_CERTIFICATES);
        let anchors = [all[numbers.below(all.len())].anchors(), chosen.anchors()].concat();
        let config = config(NAME, &anchors, NOW);
        let (without, expected) = in_steps(&list, &config);
        let before = memo.export();
        let (with, result) = with_memo(&list, &config, Some(&mut memo));
        assert_eq!(result, expected, "case {case}");
        assert_eq!(memo.export(), before, "nothing is entered before the handshake is done");
        assert!(with <= without);
        fewer += usize::from(with < without);
        match result {
            Ok(()) => {
                good += 1;
                memo.enter_noted();
                assert_eq!(with_memo(&list, &config, Some(&mut memo.clone())).1, Ok(()), "case {case}");
            }
            Err(_) => memo.retain_noted(|_| false),
        }
    }
    assert!(good > 50 && fewer > 50, "{good} good, {fewer} with fewer signatures");
}
