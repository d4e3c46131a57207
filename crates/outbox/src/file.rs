//! A file that behaves like a flash.

use core::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::vec;

use embedded_storage_async::nor_flash::{
    ErrorType, MultiwriteNorFlash, NorFlash, NorFlashError, NorFlashErrorKind, ReadNorFlash,
};

/// A file that behaves like a flash with words of `WORD` octets and pages of `PAGE` octets: writing
/// turns ones into zeros, erasing turns a page into ones. What was written is on the disk.
#[derive(Debug)]
pub struct FileFlash<const WORD: usize, const PAGE: usize> {
    file: File,
    capacity: u32,
}

/// Why a [`FileFlash`] failed.
#[derive(Debug)]
pub enum FileFlashError {
    /// An address beyond the end, or not of a whole word or page.
    Address(NorFlashErrorKind),
    /// The file.
    File(io::Error),
}

impl<const WORD: usize, const PAGE: usize> FileFlash<WORD, PAGE> {
    /// Opens the flash in this file, or makes one of so many erased pages.
    ///
    /// # Errors
    /// The file cannot be opened or made, or has another size.
    pub fn open(path: &Path, pages: u32) -> Result<Self, FileFlashError> {
        let options = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path);
        let mut file = options.map_err(FileFlashError::File)?;
        let out_of_bounds = FileFlashError::Address(NorFlashErrorKind::OutOfBounds);
        let page = u32::try_from(PAGE).ok();
        let Some(capacity) = page.and_then(|page| page.checked_mul(pages)) else { return Err(out_of_bounds) };
        let size = file.metadata().map_err(FileFlashError::File)?.len();
        if size == 0 {
            for _ in 0..pages {
                file.write_all(&[0xff; PAGE]).map_err(FileFlashError::File)?;
            }
            file.sync_data().map_err(FileFlashError::File)?;
        } else if size != u64::from(capacity) {
            return Err(out_of_bounds);
        }
        Ok(Self { file, capacity })
    }

    fn check(&self, offset: u32, length: usize, unit: usize) -> Result<(), FileFlashError> {
        let start = usize::try_from(offset).ok();
        let end = start.and_then(|start| start.checked_add(length));
        if end.is_none_or(|end| end > self.capacity()) {
            return Err(FileFlashError::Address(NorFlashErrorKind::OutOfBounds));
        }
        if start.is_none_or(|start| !start.is_multiple_of(unit)) || !length.is_multiple_of(unit) {
            return Err(FileFlashError::Address(NorFlashErrorKind::NotAligned));
        }
        Ok(())
    }

    fn take(&mut self, offset: u32, octets: &mut [u8]) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(offset.into()))?;
        self.file.read_exact(octets)
    }

    fn give(&mut self, offset: u32, octets: &[u8]) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(offset.into()))?;
        self.file.write_all(octets)?;
        self.file.sync_data()
    }
}

impl<const WORD: usize, const PAGE: usize> ErrorType for FileFlash<WORD, PAGE> {
    type Error = FileFlashError;
}

impl<const WORD: usize, const PAGE: usize> ReadNorFlash for FileFlash<WORD, PAGE> {
    const READ_SIZE: usize = WORD;

    async fn read(&mut self, offset: u32, octets: &mut [u8]) -> Result<(), FileFlashError> {
        self.check(offset, octets.len(), WORD)?;
        self.take(offset, octets).map_err(FileFlashError::File)
    }

    fn capacity(&self) -> usize {
        usize::try_from(self.capacity).unwrap_or(usize::MAX)
    }
}

impl<const WORD: usize, const PAGE: usize> NorFlash for FileFlash<WORD, PAGE> {
    const WRITE_SIZE: usize = WORD;
    const ERASE_SIZE: usize = PAGE;

    async fn erase(&mut self, from: u32, to: u32) -> Result<(), FileFlashError> {
        let length = to.checked_sub(from).and_then(|length| usize::try_from(length).ok());
        let Some(length) = length else {
            return Err(FileFlashError::Address(NorFlashErrorKind::OutOfBounds));
        };
        self.check(from, length, PAGE)?;
        self.give(from, &vec![0xff; length]).map_err(FileFlashError::File)
    }

    async fn write(&mut self, offset: u32, octets: &[u8]) -> Result<(), FileFlashError> {
        self.check(offset, octets.len(), WORD)?;
        let mut written = vec![0; octets.len()];
        self.take(offset, &mut written).map_err(FileFlashError::File)?;
        for (octet, new) in written.iter_mut().zip(octets) {
            *octet &= new;
        }
        self.give(offset, &written).map_err(FileFlashError::File)
    }
}

impl<const WORD: usize, const PAGE: usize> MultiwriteNorFlash for FileFlash<WORD, PAGE> {}

impl NorFlashError for FileFlashError {
    fn kind(&self) -> NorFlashErrorKind {
        match self {
            Self::Address(kind) => *kind,
            Self::File(_) => NorFlashErrorKind::Other,
        }
    }
}

impl core::error::Error for FileFlashError {}

impl fmt::Display for FileFlashError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(NorFlashErrorKind::NotAligned) => f.write_str("not a whole word or page"),
            Self::Address(_) => f.write_str("beyond the end of the flash"),
            Self::File(error) => write!(f, "the flash's file failed: {error}"),
        }
    }
}
