//! "Random" octets from a fixed seed: two runs of a program draw the same. For a bench only.

use crate::single::Single;

static STATE: Single<u64> = Single::new(0x7069_636f_706f_7374);

/// Fills `octets` (SplitMix64).
pub fn fill(octets: &mut [u8]) {
    STATE.with(|state| {
        for chunk in octets.chunks_mut(8) {
            *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut word = *state;
            word = (word ^ word >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            word = (word ^ word >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
            word ^= word >> 31;
            chunk.copy_from_slice(&word.to_le_bytes()[..chunk.len()]);
        }
    });
}
