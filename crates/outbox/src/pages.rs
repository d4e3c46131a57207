//! Pages whose erasing was cut short.
//!
//! `sequential-storage` reads a page's state off its first and its last word: neither written, the
//! page is open; the first, it is in use; both, it is closed. It assumes that a page is erased from
//! its start on. A page whose power was cut while it was erased may hold anything (see
//! `NorFlash::erase`): it may look open and not be blank, so that what is written to it is lost, or
//! look as if it were in use besides the page that is. Both are found here, before anything else,
//! and there is always a page in use before another is erased, so that the two can be told apart.

use core::ops::Range;

use embedded_storage_async::nor_flash::{NorFlash, NorFlashError};

use crate::Error;

/// Fewer pages would not show which of two that are in use was to be erased.
pub(crate) const MIN_PAGES: u32 = 3;
/// The largest word of any flash that `sequential-storage` takes.
pub(crate) const MAX_WORD: usize = 32;
/// So many bits of a marker must be written for the storage to see it.
const MARKER_BITS: u32 = 4;

/// Some flash takes words from aligned memory only.
#[repr(align(4))]
struct Aligned([u8; MAX_WORD]);

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Open,
    InUse,
    Closed,
}

/// The pages of an outbox.
pub(crate) struct Pages<'f, F> {
    flash: &'f mut F,
    start: u32,
    page: u32,
    count: u32,
}

impl<'f, F: NorFlash> Pages<'f, F> {
    /// The pages of a range, where it can be an outbox.
    pub(crate) fn new(flash: &'f mut F, range: &Range<u32>) -> Result<Self, Error> {
        let refused = Error::Range { start: range.start, end: range.end };
        let page = u32::try_from(F::ERASE_SIZE).ok().filter(|page| *page > 0).ok_or(refused)?;
        let is_whole = range.start.is_multiple_of(page) && range.end.is_multiple_of(page);
        let count =
            range.end.checked_sub(range.start).and_then(|size| size.checked_div(page)).ok_or(refused)?;
        let is_inside = usize::try_from(range.end).is_ok_and(|end| end <= flash.capacity());
        if !is_whole || !is_inside || count < MIN_PAGES || word::<F>() > MAX_WORD {
            return Err(refused);
        }
        Ok(Self { flash, start: range.start, page, count })
    }

    /// Erases each page again that was being erased when the power was cut. No such page has an
    /// entry that anyone waits for.
    pub(crate) async fn mend(&mut self) -> Result<(), Error> {
        for index in 0..self.count {
            if self.state(index).await? == State::Open && !self.is_blank(index).await? {
                self.erase(index).await?;
            }
        }
        // One page at a time is in use, and one at a time is erased.
        while let Some(index) = self.second_in_use().await? {
            self.erase(index).await?;
        }
        // Cut between closing one page and taking the next into use: the latter is left to do.
        // Without it, a page that is erased next might be taken for the one in use.
        match self.next_in_use().await? {
            Some(index) => {
                let address = self.address(index);
                let marker = Aligned([0; MAX_WORD]);
                let marker = marker.0.get(..word::<F>()).ok_or(Error::Damaged)?;
                self.flash.write(address, marker).await.map_err(|error| flash_failed(&error))
            }
            None => Ok(()),
        }
    }

    /// The open page behind those that are closed, where no page is in use.
    async fn next_in_use(&mut self) -> Result<Option<u32>, Error> {
        let mut next = None;
        for index in 0..self.count {
            let following = self.after(index);
            match (self.state(index).await?, self.state(following).await?) {
                (State::InUse, _) => return Ok(None),
                (State::Closed, State::Open) => next = Some(following),
                _ => {}
            }
        }
        Ok(next)
    }

    /// Of two pages in use, the one that was being erased: the oldest. Behind it come those that
    /// are closed and then the page in use; behind that, the open ones, or at once the oldest.
    async fn second_in_use(&mut self) -> Result<Option<u32>, Error> {
        let (mut in_use, mut before_closed, mut before_in_use) = (0_u32, None, None);
        for index in 0..self.count {
            if self.state(index).await? == State::InUse {
                in_use = in_use.saturating_add(1);
                match self.state(self.after(index)).await? {
                    State::Closed => before_closed = Some(index),
                    State::InUse => before_in_use = Some(index),
                    State::Open => {}
                }
            }
        }
        match before_closed.or(before_in_use) {
            _ if in_use < 2 => Ok(None),
            None => Err(Error::Damaged),
            page => Ok(page),
        }
    }

    async fn state(&mut self, index: u32) -> Result<State, Error> {
        let start = self.address(index);
        let last = u32::try_from(F::READ_SIZE).ok().and_then(|size| self.page.checked_sub(size));
        let end = start.saturating_add(last.ok_or(Error::Damaged)?);
        Ok(match (self.is_marked(start).await?, self.is_marked(end).await?) {
            (true, true) => State::Closed,
            (true, false) => State::InUse,
            (false, _) => State::Open,
        })
    }

    async fn is_marked(&mut self, address: u32) -> Result<bool, Error> {
        let mut word = Aligned([0; MAX_WORD]);
        let word = word.0.get_mut(..F::READ_SIZE).ok_or(Error::Damaged)?;
        self.flash.read(address, word).await.map_err(|error| flash_failed(&error))?;
        Ok(word.iter().map(|octet| octet.count_zeros()).sum::<u32>() >= MARKER_BITS)
    }

    /// Whether an open page has nothing but what may be left of a marker that was being written.
    async fn is_blank(&mut self, index: u32) -> Result<bool, Error> {
        let start = self.address(index);
        let step = u32::try_from(word::<F>()).map_or(self.page, |size| size.max(1));
        let mut word = Aligned([0; MAX_WORD]);
        let word = word.0.get_mut(..self::word::<F>()).ok_or(Error::Damaged)?;
        for offset in (step..self.page).step_by(usize::try_from(step).unwrap_or(usize::MAX)) {
            let address = start.saturating_add(offset);
            self.flash.read(address, word).await.map_err(|error| flash_failed(&error))?;
            if word.iter().any(|octet| *octet != 0xff) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    async fn erase(&mut self, index: u32) -> Result<(), Error> {
        let start = self.address(index);
        let end = start.saturating_add(self.page);
        self.flash.erase(start, end).await.map_err(|error| flash_failed(&error))
    }

    const fn after(&self, index: u32) -> u32 {
        let next = index.saturating_add(1);
        if next < self.count { next } else { 0 }
    }

    /// Within the range, which is within the flash.
    const fn address(&self, index: u32) -> u32 {
        self.start.saturating_add(self.page.saturating_mul(index))
    }
}

/// What the storage reads and writes at a time.
pub(crate) const fn word<F: NorFlash>() -> usize {
    if F::WRITE_SIZE > F::READ_SIZE { F::WRITE_SIZE } else { F::READ_SIZE }
}

pub(crate) fn flash_failed(error: &impl NorFlashError) -> Error {
    Error::Flash { kind: error.kind() }
}
