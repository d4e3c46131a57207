//! Certificate paths.

use std::sync::LazyLock;
use std::time::Duration;

use picopost_testkit::chains::real::{cloudflare, globalsign_root};
use picopost_testkit::chains::{Chain, shapes};
use picopost_tls::{
    CertificateDer, Config, Error, ServerName, Trust, TrustAnchor, UnixTime, verify_server_path,
};

use crate::input::{Change, Input};

/// Certificates that make a path, and what is known of them without verifying anything.
struct Good {
    certificates: Vec<CertificateDer<'static>>,
    /// How many of them, from the first on, the path needs.
    needed: usize,
    anchors: Vec<TrustAnchor<'static>>,
    /// When all of those are valid, in Unix seconds, both ends included.
    validity: [u64; 2],
    names: [&'static str; 2],
}

/// The names that are asked for.
const NAMES: [&str; 10] = [
    "ipapi.co",
    "www.ipapi.co",
    "device.example",
    "a.b.ipapi.co",
    "apapi.co",
    "co",
    "x.device.example",
    "example",
    "device.example.com",
    "192.0.2.7",
];

/// The input is a chain, a real edge's or one of the test kit's, changes to its octets and to its order,
/// certificates of other chains and of nobody's, a name and a time.
///
/// The chain is accepted only if the server's certificate comes first, and every certificate that the
/// path needs is there, to the octet as it was issued, at a time when all of them are valid, and for a
/// name that it was issued for. It then is accepted, whatever is beside the path, unless the search
/// for it was given up.
pub fn certificate_path(input: &[u8]) {
    let mut input = Input::new(input);
    let good = &chains()[input.below(chains().len())];
    let name = match input.below(NAMES.len() + 1) {
        0 => good.names[0],
        at => NAMES[at - 1],
    };
    let [not_before, not_after] = good.validity;
    let now = match input.below(6) {
        0 => not_before + (not_after - not_before) / 2,
        1 => not_before,
        2 => not_before - 1,
        3 => not_after,
        4 => not_after + 1,
        _ => u64::from(input.u16()) << 17 | u64::from(input.u8()),
    };
    let mut list = good.certificates.clone();
    for _ in 0..input.below(6) {
        edit(&mut list, &mut input);
    }
    let time = UnixTime::since_unix_epoch(Duration::from_secs(now));
    let config =
        Config::new(ServerName::try_from(name).expect("a server name"), Trust::anchors(&good.anchors), time);
    let result = verify_server_path(&list, &config).map(drop);

    let needed = &good.certificates[..good.needed];
    let must_be_good = list.first() == needed.first()
        && needed.iter().all(|certificate| list.contains(certificate))
        && (not_before..=not_after).contains(&now)
        && good.names.contains(&name);
    match result {
        Ok(()) => assert!(must_be_good, "accepted: {name}, {now}, {list:02x?}"),
        Err(error) => {
            let given_up = matches!(error, Error::PathTooComplex | Error::PathTooLong);
            assert!(!must_be_good || given_up, "{error:?}: {name}, {now}, {list:02x?}");
            assert!((3201..=3216).contains(&error.code()), "{error:?}");
        }
    }
}

fn edit(list: &mut Vec<CertificateDer<'static>>, input: &mut Input<'_>) {
    let mut place = |length: usize| input.below(length.max(1));
    let (at, other) = (place(list.len() + 1), place(list.len()));
    match input.below(6) {
        0 => {
            if let Some(certificate) = list.get_mut(other) {
                let mut octets = certificate.to_vec();
                Change::read(input).apply(&mut octets);
                *certificate = CertificateDer::from(octets);
            }
        }
        1 if other < list.len() => drop(list.remove(other)),
        2 if other < list.len() => list.insert(at, list[other].clone()),
        3 if at < list.len() => list.swap(at, other),
        4 => {
            let strangers = &chains()[input.below(chains().len())].certificates;
            list.insert(at, strangers[input.below(strangers.len())].clone());
        }
        5 => list.insert(at, CertificateDer::from(input.octets().to_vec())),
        _ => {}
    }
}

/// As the test kit's, under other names: its own has keys and names in common with other chains, and so
/// a second path.
fn constrained() -> Chain {
    Chain::from_table(
        "name     key   signed by  words
         top      p256  top        ca
         limited  p256  top        ca permit:example
         server   p256  limited    server dns:device.example
         send server limited",
    )
}

fn chains() -> &'static [Good] {
    static CHAINS: LazyLock<Vec<Good>> = LazyLock::new(|| {
        let [server, we1, r4] = cloudflare();
        let real = |anchor: &CertificateDer<'_>, needed| Good {
            certificates: vec![server.clone(), we1.clone(), r4.clone()],
            needed,
            anchors: vec![webpki::anchor_from_trusted_cert(anchor).expect("a certificate").to_owned()],
            // The server's: 2024-12-29T21:40:10Z to 2025-03-29T22:40:08Z, within the others'.
            validity: [1_735_508_410, 1_743_288_008],
            names: ["ipapi.co", "www.ipapi.co"],
        };
        let made = |chain: Chain| Good {
            needed: chain.certificates.len(),
            anchors: chain.anchors(),
            certificates: chain.certificates,
            // 2020-01-01T00:00:00Z to 2040-01-01T00:00:00Z.
            validity: [1_577_836_800, 2_208_988_800],
            names: ["device.example"; 2],
        };
        vec![
            real(&r4, 2),
            real(&globalsign_root(), 3),
            made(shapes::gts()),
            made(shapes::rsa()),
            made(constrained()),
            made(shapes::out_of_order()),
        ]
    });
    &CHAINS
}
