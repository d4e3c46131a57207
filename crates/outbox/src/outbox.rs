//! The outbox itself.

use core::ops::Range;

use embedded_storage_async::nor_flash::{MultiwriteNorFlash, NorFlashError};
use rand_core::TryCryptoRng;
use sequential_storage::Error as StorageError;
use sequential_storage::cache::{Cache, Uncached};
use sequential_storage::queue::{QueueConfig, QueueStorage};

use crate::pages::{Pages, flash_failed, word};
use crate::{Error, Key};

/// The octets of an entry beside its content: the version of its layout, and its key.
pub const OVERHEAD: usize = 17;
/// The least that a buffer may have, in octets.
pub const MIN_BUFFER: usize = 64;

/// The first octet of every entry.
const VERSION: u8 = 1;
/// Some flash takes words from aligned memory only.
const ALIGNMENT: usize = 4;

type Queue<F> = QueueStorage<F, Cache<Uncached, Uncached, Uncached>>;

/// What happens to a new reading when there is no room for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhenFull {
    /// It is refused, with [`Error::Full`]: no reading is ever lost without the caller's knowledge.
    RefuseNew,
    /// The oldest are dropped, as many as it takes: for readings of which the newest count.
    /// [`Stored::dropped`] says how many. They go before the new one is there, so that a power cut
    /// in between loses them and not only it.
    DropOldest,
}

/// A reading that waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry<'a> {
    /// The key under which to send it, each time.
    pub key: Key,
    /// What was put in.
    pub content: &'a [u8],
}

/// What has become of a reading that was put in: it is in the flash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct Stored {
    /// The key that it will be sent under.
    pub key: Key,
    /// How many older readings were dropped for it.
    pub dropped: usize,
}

/// What is to become of a reading that was to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The server has it: it is removed.
    Delivered,
    /// The server will never take it, such as after a 400 or 422: it is removed, so that those
    /// behind it get their turn.
    Discard,
    /// It stays, and so do those behind it.
    Later,
}

/// What a [`Outbox::drain`] has done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Drained {
    /// Readings that were delivered and removed.
    pub delivered: usize,
    /// Readings that were removed undelivered.
    pub discarded: usize,
}

/// Readings that wait in flash, oldest first.
///
/// The flash must take a second write to a word (`MultiwriteNorFlash`, as most SPI flash and the
/// ESP32's does): that is how an entry is removed without an erase.
///
/// A future of its own that is dropped before its end is like a power cut at that point: the next
/// call looks after the flash again, as [`Self::open`] does.
pub struct Outbox<'b, F: MultiwriteNorFlash> {
    queue: Queue<F>,
    range: Range<u32>,
    buffer: &'b mut [u8],
    when_full: WhenFull,
    entries: usize,
    octets: usize,
    /// Whether the flash is known to be in order, and the counts to be right.
    is_settled: bool,
}

impl<'b, F: MultiwriteNorFlash> Outbox<'b, F> {
    /// Opens the outbox in this range of the flash, in octets: whole pages, three at least, that
    /// hold nothing else, or are erased. Mends what a power cut has left, and counts the entries.
    ///
    /// `buffer` holds one entry at a time: [`OVERHEAD`] octets more than the largest content, and up
    /// to 34 for the sake of alignment; [`MIN_BUFFER`] at least.
    ///
    /// # Errors
    /// [`Error::Range`], [`Error::BufferTooSmall`], and those of [`Self::peek`].
    pub async fn open(
        flash: F,
        range: Range<u32>,
        buffer: &'b mut [u8],
        when_full: WhenFull,
    ) -> Result<Self, Error> {
        let mut flash = flash;
        Pages::new(&mut flash, &range)?;
        let refused = Error::Range { start: range.start, end: range.end };
        // Why not is in the range, which the error has.
        let config = QueueConfig::try_new(range.clone()).ok().ok_or(refused)?;
        let capacity = buffer.len();
        let too_small = Error::BufferTooSmall { size: MIN_BUFFER, capacity };
        let skipped = buffer.as_ptr().align_offset(ALIGNMENT);
        let aligned = buffer.get_mut(skipped..).filter(|_| capacity >= MIN_BUFFER).ok_or(too_small)?;
        let queue = Queue::new(flash, config, Cache::new_uncached());
        let mut outbox =
            Self { queue, range, buffer: aligned, when_full, entries: 0, octets: 0, is_settled: false };
        outbox.settle().await?;
        Ok(outbox)
    }

    /// How many readings wait.
    pub const fn len(&self) -> usize {
        self.entries
    }

    /// Whether none waits.
    pub const fn is_empty(&self) -> bool {
        self.entries == 0
    }

    /// The octets of content of all that wait.
    pub const fn octets(&self) -> usize {
        self.octets
    }

    /// The most octets of content that one reading may have.
    pub fn max_content(&self) -> usize {
        let item = usize::try_from(Queue::<F>::item_overhead_size()).unwrap_or(usize::MAX);
        let page = F::ERASE_SIZE.saturating_sub(word::<F>().saturating_mul(2)).saturating_sub(item);
        // The storage reads whole words.
        let words = |size: usize| size.checked_div(word::<F>()).unwrap_or_default();
        words(self.buffer.len().min(page)).saturating_mul(word::<F>()).saturating_sub(OVERHEAD)
    }

    /// Puts a reading behind all others. Once this returns, it survives any power cut.
    ///
    /// # Errors
    /// [`Error::TooLarge`]; [`Error::Full`] unless the oldest may be dropped; a flash or a random
    /// source that fails. Where the power is cut or the flash fails in between, it may be there or
    /// not, but never in part.
    pub async fn put<R>(&mut self, content: &[u8], entropy: &mut R) -> Result<Stored, Error>
    where
        R: TryCryptoRng + ?Sized,
    {
        let (size, capacity) = (content.len(), self.max_content());
        if size > capacity {
            return Err(Error::TooLarge { size, capacity });
        }
        let key = Key::random(entropy)?;
        self.settle().await?;
        self.is_settled = false;
        let mut dropped = 0_usize;
        let mut has_looked = false;
        loop {
            let entry = encode(self.buffer, key, content)?;
            match self.queue.push(entry, false).await {
                Ok(()) => break,
                // A page may be held by nothing but an entry that was cut short: whoever reads
                // past it erases the page.
                Err(StorageError::FullStorage) if !has_looked => {
                    has_looked = true;
                    self.oldest().await?;
                }
                Err(StorageError::FullStorage) if self.when_full == WhenFull::DropOldest => {
                    if !self.remove_oldest(None).await? {
                        return Err(Error::Damaged);
                    }
                    dropped = dropped.saturating_add(1);
                    has_looked = false;
                }
                Err(StorageError::FullStorage) => {
                    self.is_settled = true;
                    return Err(Error::Full { entries: self.entries, octets: self.octets });
                }
                Err(error) => return Err(self.failed(&error)),
            }
        }
        self.entries = self.entries.saturating_add(1);
        self.octets = self.octets.saturating_add(size);
        self.is_settled = true;
        Ok(Stored { key, dropped })
    }

    /// The oldest reading, if any waits. It stays.
    ///
    /// # Errors
    /// [`Error::BufferTooSmall`] where a larger buffer was there when it was put in; a flash that
    /// fails, or holds something else.
    pub async fn peek(&mut self) -> Result<Option<Entry<'_>>, Error> {
        self.settle().await?;
        self.is_settled = false;
        let length = self.oldest().await?;
        self.is_settled = true;
        match length {
            Some(length) => decode(self.buffer.get(..length).ok_or(Error::Internal)?).map(Some),
            None => Ok(None),
        }
    }

    /// Removes the oldest reading, if this is its key: not so where it has been removed already, or
    /// was dropped for a newer one in between. Once this returns, it will not come back.
    ///
    /// # Errors
    /// As [`Self::peek`].
    pub async fn remove(&mut self, key: Key) -> Result<bool, Error> {
        self.settle().await?;
        self.is_settled = false;
        let is_removed = self.remove_oldest(Some(key)).await?;
        self.is_settled = true;
        Ok(is_removed)
    }

    /// Offers one reading after the other, oldest first, and removes each that is delivered or
    /// refused for good; ends when none is left, or at the first that is to stay.
    ///
    /// # Errors
    /// As [`Self::peek`].
    pub async fn drain<S>(&mut self, mut send: S) -> Result<Drained, Error>
    where
        S: AsyncFnMut(Entry<'_>) -> Verdict,
    {
        let mut drained = Drained::default();
        while let Some(entry) = self.peek().await? {
            let key = entry.key;
            let count = match send(entry).await {
                Verdict::Delivered => &mut drained.delivered,
                Verdict::Discard => &mut drained.discarded,
                Verdict::Later => break,
            };
            *count = count.saturating_add(1);
            self.remove(key).await?;
        }
        Ok(drained)
    }

    /// Gives the flash back.
    pub fn into_flash(self) -> F {
        self.queue.destroy().0
    }

    /// Mends the flash and counts, where that is not known to be done.
    async fn settle(&mut self) -> Result<(), Error> {
        if self.is_settled {
            return Ok(());
        }
        Pages::new(self.queue.flash(), &self.range)?.mend().await?;
        (self.entries, self.octets) = (0, 0);
        let capacity = self.buffer.len();
        let mut entries = self.queue.iter().await.map_err(|error| storage_failed(&error, capacity))?;
        loop {
            match entries.next(self.buffer).await {
                Ok(Some(entry)) => {
                    self.entries = self.entries.saturating_add(1);
                    self.octets = self.octets.saturating_add(decode(&entry)?.content.len());
                }
                Ok(None) => break,
                Err(error) => return Err(storage_failed(&error, capacity)),
            }
        }
        self.is_settled = true;
        Ok(())
    }

    /// Reads the oldest entry into the buffer: its length there.
    async fn oldest(&mut self) -> Result<Option<usize>, Error> {
        match self.queue.peek(self.buffer).await {
            Ok(entry) => Ok(entry.map(|entry| entry.len())),
            Err(error) => Err(self.failed(&error)),
        }
    }

    async fn remove_oldest(&mut self, only: Option<Key>) -> Result<bool, Error> {
        let capacity = self.buffer.len();
        let failed = |error: &StorageError<F::Error>| storage_failed(error, capacity);
        let mut entries = self.queue.iter().await.map_err(|error| failed(&error))?;
        let Some(entry) = entries.next(self.buffer).await.map_err(|error| failed(&error))? else {
            return Ok(false);
        };
        let Entry { key, content } = decode(&entry)?;
        if only.is_some_and(|only| only != key) {
            return Ok(false);
        }
        let size = content.len();
        entry.pop().await.map_err(|error| failed(&error))?;
        self.entries = self.entries.saturating_sub(1);
        self.octets = self.octets.saturating_sub(size);
        Ok(true)
    }

    fn failed(&self, error: &StorageError<F::Error>) -> Error {
        storage_failed(error, self.buffer.len())
    }
}

fn encode<'e>(buffer: &'e mut [u8], key: Key, content: &[u8]) -> Result<&'e [u8], Error> {
    let capacity = buffer.len();
    let size = OVERHEAD.saturating_add(content.len());
    let entry = buffer.get_mut(..size).ok_or(Error::TooLarge { size, capacity })?;
    let (version, rest) = entry.split_first_mut().ok_or(Error::Internal)?;
    let (key_octets, rest) = rest.split_first_chunk_mut().ok_or(Error::Internal)?;
    *version = VERSION;
    *key_octets = *key.octets();
    rest.copy_from_slice(content);
    Ok(entry)
}

fn decode(entry: &[u8]) -> Result<Entry<'_>, Error> {
    let (version, rest) = entry.split_first().ok_or(Error::Foreign)?;
    let (key, content) = rest.split_first_chunk().ok_or(Error::Foreign)?;
    if *version != VERSION {
        return Err(Error::Foreign);
    }
    Ok(Entry { key: Key::from_octets(*key), content })
}

fn storage_failed<E: NorFlashError>(error: &StorageError<E>, capacity: usize) -> Error {
    match error {
        StorageError::Storage { value } => flash_failed(value),
        StorageError::BufferTooSmall(size) => Error::BufferTooSmall { size: *size, capacity },
        StorageError::Corrupted {} => Error::Damaged,
        // Sizes and room were looked at before.
        _ => Error::Internal,
    }
}
