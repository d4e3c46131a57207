//! What can go wrong with the outbox, with its number.

use core::fmt;

use embedded_storage_async::nor_flash::NorFlashErrorKind;

/// Why the outbox did not do what it was asked for. Sizes are octets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[expect(missing_docs, reason = "fields: sizes and addresses are octets")]
pub enum Error {
    /// The range of the flash cannot be an outbox: it does not begin and end with a page, is not
    /// within the flash, or has fewer than three pages; or the flash's pages or words are of a size
    /// that cannot be used.
    Range { start: u32, end: u32 },
    /// The content does not fit: into a page of the flash, or into the buffer.
    TooLarge { size: usize, capacity: usize },
    /// There is no room for another entry, and the caller wants none dropped.
    Full { entries: usize, octets: usize },
    /// The buffer is below [`crate::MIN_BUFFER`], or below an entry that is in the flash.
    BufferTooSmall { size: usize, capacity: usize },
    /// The random source failed.
    Entropy,
    /// The flash failed.
    Flash { kind: NorFlashErrorKind },
    /// The flash is damaged in a way that erasing half-erased pages does not mend.
    Damaged,
    /// The flash holds an entry that no outbox has written, or a newer one.
    Foreign,
    /// A bug in the storage crate.
    Internal,
}

impl Error {
    /// The error's stable number.
    #[must_use]
    pub const fn code(&self) -> u16 {
        match self {
            Self::Range { .. } => 1400,
            Self::TooLarge { .. } => 1401,
            Self::Full { .. } => 1402,
            Self::BufferTooSmall { .. } => 1403,
            Self::Entropy => 1404,
            Self::Flash { .. } => 1405,
            Self::Damaged => 1406,
            Self::Foreign => 1407,
            Self::Internal => 1499,
        }
    }
}

impl core::error::Error for Error {}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            _ if !cfg!(feature = "error-text") => write!(f, "error {}", self.code()),
            Self::Range { start, end } => {
                write!(
                    f,
                    "the octets {start} to {end} of the flash are not three whole pages that can be used"
                )
            }
            Self::TooLarge { size, capacity } => {
                write!(f, "the reading has {size} octets, and the outbox takes {capacity}")
            }
            Self::Full { entries, octets } => {
                write!(f, "the outbox is full: {entries} readings with {octets} octets wait in it")
            }
            Self::BufferTooSmall { size, capacity } => {
                write!(f, "the outbox needs a buffer of {size} octets, and it has {capacity}")
            }
            Self::Entropy => f.write_str("the random source failed"),
            Self::Flash { kind: NorFlashErrorKind::OutOfBounds } => {
                f.write_str("the flash failed: there is no such address")
            }
            Self::Flash { kind: NorFlashErrorKind::NotAligned } => {
                f.write_str("the flash failed: it takes whole words only")
            }
            Self::Flash { .. } => f.write_str("the flash failed"),
            Self::Damaged => f.write_str("the outbox's flash is damaged"),
            Self::Foreign => f.write_str("the outbox's flash holds what no outbox of this version wrote"),
            Self::Internal => f.write_str("the outbox met a bug in its storage"),
        }
    }
}
