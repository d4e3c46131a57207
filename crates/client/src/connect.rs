//! What the device lends for one POST, and how connecting fails.

use embedded_io::ErrorKind;

/// What a POST needs of the device.
#[derive(Debug)]
pub struct Device<'d, C: ?Sized, K: ?Sized, R: ?Sized> {
    /// Opens TCP connections: [`crate::blocking::Connect`] or [`crate::asynch::Connect`].
    pub connector: &'d mut C,
    /// Knows the time: [`crate::Clock`].
    pub clock: &'d K,
    /// Random octets fit for keys.
    pub entropy: &'d mut R,
}

/// Why there is no TCP connection: which of the two steps failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConnectError {
    /// The name has no address, or could not be asked for.
    Dns(ErrorKind),
    /// The address did not answer, or refused.
    Tcp(ErrorKind),
}
