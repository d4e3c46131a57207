//! What the client's logic does its I/O through, and how the time limits get into it.

use core::net::SocketAddr;

use super::Addresses;
use crate::drive::{Halt, Wire};
use crate::limits::{Allowance, Budget, Wait};

/// The network and the time of a client. Each operation gives up after so many milliseconds with
/// [`Halt::Late`].
pub(crate) trait Io {
    /// Milliseconds since some fixed moment.
    fn now(&self) -> u64;
    async fn resolve(&mut self, host: &str, limit: u32) -> Result<Addresses, Halt<()>>;
    async fn connect(&mut self, address: SocketAddr, limit: u32) -> Result<(), Halt<()>>;
    async fn read(&mut self, space: &mut [u8], limit: u32) -> Result<usize, Halt<()>>;
    async fn write(&mut self, octets: &[u8], limit: u32) -> Result<usize, Halt<()>>;
    async fn flush(&mut self, limit: u32) -> Result<(), Halt<()>>;
    #[cfg(feature = "sntp")]
    async fn datagram(
        &mut self,
        address: SocketAddr,
        request: &[u8],
        answer: &mut [u8],
        limit: u32,
    ) -> Result<usize, Halt<()>>;
    /// Whether the connection is open, as far as is known, and nothing has come on it.
    fn is_quiet(&mut self) -> bool;
    fn disconnect(&mut self);
    async fn wait(&mut self, milliseconds: u32);
    async fn breathe(&mut self);
}

/// An [`Io`] under the time limits of an attempt.
pub(crate) struct Limited<'i, I> {
    pub(crate) io: &'i mut I,
    pub(crate) budget: &'i mut Budget,
}

impl<I: Io> Limited<'_, I> {
    /// What may be waited now; none where the limit was up before.
    fn begin(&self, wait: Wait) -> Result<(Allowance, u64), Halt<Allowance>> {
        let now = self.io.now();
        let allowance = self.budget.allow(wait, now);
        if allowance.milliseconds == 0 { Err(Halt::Late(allowance)) } else { Ok((allowance, now)) }
    }

    fn end<V>(
        &mut self,
        wait: Wait,
        (allowance, begun): (Allowance, u64),
        outcome: Result<V, Halt<()>>,
    ) -> Result<V, Halt<Allowance>> {
        self.budget.spend(wait, self.io.now().saturating_sub(begun));
        outcome.map_err(|halt| match halt {
            Halt::Failed(kind) => Halt::Failed(kind),
            Halt::Late(()) => Halt::Late(allowance),
        })
    }

    pub(crate) async fn resolve(&mut self, host: &str) -> Result<Addresses, Halt<Allowance>> {
        let begun = self.begin(Wait::Resolve)?;
        let outcome = self.io.resolve(host, begun.0.milliseconds).await;
        self.end(Wait::Resolve, begun, outcome)
    }

    pub(crate) async fn connect(&mut self, address: SocketAddr) -> Result<(), Halt<Allowance>> {
        let begun = self.begin(Wait::Connect)?;
        let outcome = self.io.connect(address, begun.0.milliseconds).await;
        self.end(Wait::Connect, begun, outcome)
    }

    #[cfg(feature = "sntp")]
    pub(crate) async fn datagram(
        &mut self,
        address: SocketAddr,
        request: &[u8],
        answer: &mut [u8],
    ) -> Result<usize, Halt<Allowance>> {
        let begun = self.begin(Wait::TimeServer)?;
        let outcome = self.io.datagram(address, request, answer, begun.0.milliseconds).await;
        self.end(Wait::TimeServer, begun, outcome)
    }
}

impl<I: Io> Wire for Limited<'_, I> {
    type Late = Allowance;

    async fn read(&mut self, wait: Wait, space: &mut [u8]) -> Result<usize, Halt<Allowance>> {
        let begun = self.begin(wait)?;
        let outcome = self.io.read(space, begun.0.milliseconds).await;
        self.end(wait, begun, outcome)
    }

    async fn write(&mut self, wait: Wait, octets: &[u8]) -> Result<usize, Halt<Allowance>> {
        let begun = self.begin(wait)?;
        let outcome = self.io.write(octets, begun.0.milliseconds).await;
        self.end(wait, begun, outcome)
    }

    async fn flush(&mut self, wait: Wait) -> Result<(), Halt<Allowance>> {
        let begun = self.begin(wait)?;
        let outcome = self.io.flush(begun.0.milliseconds).await;
        self.end(wait, begun, outcome)
    }

    async fn breathe(&mut self) {
        self.io.breathe().await;
    }
}
