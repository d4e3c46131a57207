//! The chain of a real edge: the server appends its root, cross-signed by an older one. A client
//! with either root alone must get to its anchor.

use std::time::Duration;

use picopost_testkit::chains::real::{CLOUDFLARE_TIME, cloudflare, globalsign_root};
use picopost_tls::{
    CertificateDer, Config, Error, ServerName, Trust, TrustAnchor, UnixTime, verify_server_path,
};

fn anchor<'a>(certificate: &'a CertificateDer<'a>) -> TrustAnchor<'a> {
    webpki::anchor_from_trusted_cert(certificate).expect("a certificate")
}

fn verify(
    chain: &[CertificateDer<'_>],
    root: &CertificateDer<'_>,
    name: &str,
    now: u64,
) -> Result<(), Error> {
    let anchors = [anchor(root)];
    let now = UnixTime::since_unix_epoch(Duration::from_secs(now));
    let config = Config::new(ServerName::try_from(name).expect("a name"), Trust::anchors(&anchors), now);
    verify_server_path(chain, &config).map(drop)
}

const NAME: &str = "ipapi.co";

/// GTS Root R4 as an anchor: an anchor is a name and a key, and the cross-signed certificate has both.
fn gts_root_r4() -> CertificateDer<'static> {
    let [_, _, r4] = cloudflare();
    r4
}

#[test]
fn gts_root_r4_alone() {
    assert_eq!(verify(&cloudflare(), &gts_root_r4(), NAME, CLOUDFLARE_TIME), Ok(()));
    assert_eq!(verify(&cloudflare()[..2], &gts_root_r4(), NAME, CLOUDFLARE_TIME), Ok(()));
}

#[test]
fn globalsign_root_ca_alone() {
    assert_eq!(verify(&cloudflare(), &globalsign_root(), NAME, CLOUDFLARE_TIME), Ok(()));
    // Without the cross-signed root there is no way up.
    let cut = verify(&cloudflare()[..2], &globalsign_root(), NAME, CLOUDFLARE_TIME);
    assert_eq!(cut, Err(Error::UnknownIssuer));
}

#[test]
fn the_order_of_the_intermediates_does_not_matter() {
    let [server, we1, r4] = cloudflare();
    let chain = [server, r4, we1];
    assert_eq!(verify(&chain, &gts_root_r4(), NAME, CLOUDFLARE_TIME), Ok(()));
    assert_eq!(verify(&chain, &globalsign_root(), NAME, CLOUDFLARE_TIME), Ok(()));
}

#[test]
fn names_and_dates() {
    let at = |name, now| verify(&cloudflare(), &gts_root_r4(), name, now);
    assert_eq!(at("www.ipapi.co", CLOUDFLARE_TIME), Ok(()));
    assert_eq!(at("a.b.ipapi.co", CLOUDFLARE_TIME), Err(Error::WrongName));
    assert_eq!(at("ipapi.com", CLOUDFLARE_TIME), Err(Error::WrongName));
    // 2024-12-29T21:40:10Z and 2025-03-29T22:40:08Z.
    let (not_before, not_after) = (1_735_508_410, 1_743_288_008);
    assert_eq!(at(NAME, not_before), Ok(()));
    assert_eq!(at(NAME, not_after), Ok(()));
    let early = not_before - 1;
    assert_eq!(at(NAME, early), Err(Error::NotYetValid { now: early, not_before }));
    let late = not_after + 1;
    assert_eq!(at(NAME, late), Err(Error::Expired { now: late, not_after }));
}

#[test]
fn a_flipped_bit_anywhere_in_the_path() {
    let chain = cloudflare();
    for (which, certificate) in chain.iter().enumerate() {
        // Every seventh octet: each is a path with up to three verified signatures.
        for at in (0..certificate.len()).step_by(7) {
            let mut octets = certificate.to_vec();
            octets[at] ^= 1 << (at % 8);
            let mut changed = chain.clone();
            changed[which] = CertificateDer::from(octets);
            let result = verify(&changed, &globalsign_root(), NAME, CLOUDFLARE_TIME);
            assert!(result.is_err(), "certificate {which}, octet {at}");
        }
    }
}
