//! Memos of signatures that a device has kept.

use std::sync::LazyLock;

use picopost_testkit::chains::{Chain, faulty};
use picopost_testkit::{Peer, Script};
use picopost_tls::{Error, SignatureMemo};
use sha2::{Digest, Sha256};

use crate::input::{self, Change, Input};
use crate::tls::{client::Network, direct, scenario::Scenario, with_memo};

/// Where the parts are, as the format in `crates/tls/src/memo.rs` has them.
const DIGESTS: usize = 4;
const CHECKSUM: usize = SignatureMemo::SIZE - 8;

/// The input is what the memory holds after a deep sleep: octets of its own, or changes to a memo that was
/// exported, perhaps with a checksum that fits again. What is imported is exported unchanged, its entries
/// are different from each other, and whatever it holds, a good server is taken, and one whose
/// certificate's signature is wrong is not.
pub fn memo_import(input: &[u8]) {
    let mut input = Input::new(input);
    let mut octets = known().to_vec();
    let kind = input.u8();
    if kind & 1 == 1 {
        input::apply(&Change::read_some(&mut input, 6), &mut octets);
    } else {
        octets = input.rest().to_vec();
    }
    octets.resize(SignatureMemo::SIZE, 0);
    if kind & 2 == 2 {
        let hash = Sha256::digest(&octets[..CHECKSUM]);
        octets[CHECKSUM..].copy_from_slice(&hash[..8]);
    }
    let octets: [u8; SignatureMemo::SIZE] = octets.try_into().expect("resized");
    let is_empty = octets == [0; SignatureMemo::SIZE];
    let is_checked = Sha256::digest(&octets[..CHECKSUM])[..8] == octets[CHECKSUM..];
    match SignatureMemo::import(&octets) {
        Ok(memo) => {
            assert!(is_checked || is_empty, "a checksum that does not fit");
            assert_eq!(memo.export(), octets);
            assert_eq!(entries(&octets).len(), memo.count(), "an entry twice, or none");
            use_it(memo);
        }
        Err(error) => {
            assert_eq!(error, Error::SignatureMemo);
            assert!(octets != known() && !is_empty, "a memo that was exported");
        }
    }
}

/// The entries that are there, each once.
fn entries(octets: &[u8; SignatureMemo::SIZE]) -> Vec<[u8; 32]> {
    let mut entries: Vec<[u8; 32]> = octets[DIGESTS..CHECKSUM].as_chunks().0.to_vec();
    entries.retain(|entry| *entry != [0; 32]);
    entries.sort_unstable();
    entries.dedup();
    entries
}

/// A memo behind a handshake with [`direct`].
fn known() -> [u8; SignatureMemo::SIZE] {
    static KNOWN: LazyLock<[u8; SignatureMemo::SIZE]> = LazyLock::new(|| {
        let mut memo = SignatureMemo::new();
        assert_eq!(handshake(direct(), &mut memo), Ok(()));
        memo.export()
    });
    *KNOWN
}

fn use_it(mut memo: SignatureMemo) {
    // What it holds is a device's own, or noise: no noise is the digest of a signature.
    static FORGED: LazyLock<Chain> = LazyLock::new(faulty::forged);
    let before = memo.export();
    assert_eq!(handshake(&FORGED, &mut memo), Err(Error::CertificateSignature));
    assert_eq!(memo.export(), before, "something of a server that was refused");
    assert_eq!(handshake(direct(), &mut memo), Ok(()));
    let after = memo.export();
    assert_eq!(after[DIGESTS..][..32], known()[DIGESTS..][..32], "the last one is in front");
    assert_eq!(entries(&after).len(), memo.count());
    let mut all = entries(&before);
    all.extend(entries(&known()));
    all.sort_unstable();
    all.dedup();
    assert_eq!(memo.count(), all.len().min(SignatureMemo::ENTRIES));
    assert!(SignatureMemo::import(&after).is_ok(), "what was exported");
}

fn handshake(chain: &Chain, memo: &mut SignatureMemo) -> Result<(), Error> {
    with_memo(&chain.anchors(), memo, |mut client| {
        let mut network = Network::to(Peer::new(Script::good(chain.clone())), &Scenario::plain());
        let result = client.run(&mut network);
        assert_eq!(client.was_established, result.is_ok());
        result
    })
}
