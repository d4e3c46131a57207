//! Random octets for tests: different each time they are drawn, the same in each run.

use std::convert::Infallible;

use rand_core::{TryCryptoRng, TryRng};

/// Counts from its seed on.
#[derive(Clone, Debug)]
pub struct CountingRng(pub u64);

impl TryRng for CountingRng {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut octets = [0; 4];
        self.try_fill_bytes(&mut octets)?;
        Ok(u32::from_le_bytes(octets))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut octets = [0; 8];
        self.try_fill_bytes(&mut octets)?;
        Ok(u64::from_le_bytes(octets))
    }

    fn try_fill_bytes(&mut self, octets: &mut [u8]) -> Result<(), Infallible> {
        for octet in octets {
            // The high octet of a multiplicative congruential generator (Knuth's constants).
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            *octet = self.0.to_be_bytes()[0];
        }
        Ok(())
    }
}

impl TryCryptoRng for CountingRng {}
