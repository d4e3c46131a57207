//! The target `signatures` over inputs from a seed, in the millions, counted.

use std::fmt;

use sha2::{Digest, Sha256};

use crate::input::Input;
use crate::signatures::{ALGORITHMS, ECDSA, compare, name};

/// How many versions of one signature are compared: to make one is the slowest part.
const CHANGED: usize = 4;
/// Octets of input for one signature and its versions: more than their decisions use.
const INPUT: usize = 4096;

/// What was compared with one algorithm. All of it agreed, or there would have been a panic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Figures {
    /// The algorithm.
    pub algorithm: String,
    /// Versions of signatures that were compared.
    pub cases: usize,
    /// How many of them are valid, by both verifiers.
    pub valid: usize,
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { algorithm, cases, valid } = self;
        write!(f, "{algorithm}: {cases} cases agree, {valid} of them valid")
    }
}

/// Compares `picopost-verify` with the crates p256 and p384 in so many `ecdsa` cases, and with the crate
/// rsa in so many `rsa` cases, spread over the algorithms evenly (rounded up). The same seed gives the
/// same cases. `progress` gets the figures so far now and then.
///
/// # Panics
/// They disagree: the message has the key, the message and the signature.
pub fn differential(seed: u64, ecdsa: usize, rsa: usize, progress: &mut dyn FnMut(&Figures)) -> Vec<Figures> {
    (0..ALGORITHMS)
        .map(|at| {
            let share = if at < ECDSA { ecdsa.div_ceil(ECDSA) } else { rsa.div_ceil(ALGORITHMS - ECDSA) };
            let mut figures = Figures { algorithm: name(at), cases: 0, valid: 0 };
            for signature in 0..share.div_ceil(CHANGED) {
                if signature > 0 && signature % 5_000 == 0 {
                    progress(&figures);
                }
                let octets = octets(seed, at, signature);
                figures.valid += compare(at, &mut Input::new(&octets), CHANGED);
                figures.cases += CHANGED;
            }
            figures
        })
        .collect()
}

/// The input of one signature: SHA-256 over the seed, which algorithm, which signature, and a count.
fn octets(seed: u64, algorithm: usize, signature: usize) -> Vec<u8> {
    let place = [seed, algorithm as u64, signature as u64].map(u64::to_be_bytes).concat();
    (0_u32..)
        .flat_map(|count| Sha256::digest([&place, &count.to_be_bytes()[..]].concat()))
        .take(INPUT)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::differential;

    #[test]
    fn a_few() {
        let figures = differential(1, 4 * 128, 4 * 128, &mut |_| ());
        assert_eq!(figures.len(), 8);
        assert_eq!(figures.iter().map(|figures| figures.cases).sum::<usize>(), 8 * 128);
        for figures in &figures {
            assert!(figures.valid > 0 && figures.valid < figures.cases, "{figures}");
        }
        assert_eq!(differential(1, 4 * 128, 4 * 128, &mut |_| ()), figures, "the same seed");
    }
}
