//! What the outbox refuses, with its number and sentence, and what it counts.

use std::cell::Cell;

use embassy_futures::block_on;
use embedded_storage::nor_flash as blocking;
use embedded_storage_async::nor_flash::{
    ErrorType, MultiwriteNorFlash, NorFlash, NorFlashErrorKind, ReadNorFlash,
};
use picopost_outbox::{
    BlockingFlash, Drained, Error, FileFlash, FileFlashError, Key, MIN_BUFFER, Outbox, Verdict, WhenFull,
};
use picopost_testkit::{CountingRng, Flash, FlashError};
use sequential_storage::cache::Cache;
use sequential_storage::queue::{QueueConfig, QueueStorage};

type Small = Flash<4, 256>;

const RANGE: core::ops::Range<u32> = 0..4 * 256;

fn small() -> Small {
    Small::new(4)
}

async fn open<'a>(flash: &'a mut Small, buffer: &'a mut [u8]) -> Result<Outbox<'a, &'a mut Small>, Error> {
    Outbox::open(flash, RANGE, buffer, WhenFull::RefuseNew).await
}

fn shows(error: Error, code: u16, sentence: &str) {
    assert_eq!(error.code(), code);
    let text = if cfg!(feature = "error-text") { sentence.to_owned() } else { format!("error {code}") };
    assert_eq!(error.to_string(), text);
}

#[test]
fn ranges_that_cannot_be() {
    let refused = |range: core::ops::Range<u32>| {
        block_on(Outbox::open(small(), range, &mut [0; 128], WhenFull::RefuseNew)).map(|_| ()).unwrap_err()
    };
    for (start, end) in
        [(0, 512), (0, 0), (4, 772), (0, 770), (0, 5 * 256), (768, 256), (u32::MAX - 255, u32::MAX)]
    {
        assert_eq!(refused(start..end), Error::Range { start, end });
    }
    let error = refused(0..512);
    shows(error, 1400, "the octets 0 to 512 of the flash are not three whole pages that can be used");
    let is_taken = block_on(Outbox::open(small(), 256..1024, &mut [0; 128], WhenFull::RefuseNew)).is_ok();
    assert!(is_taken, "three pages will do, anywhere");
}

#[test]
fn sizes() {
    block_on(async {
        let (mut flash, mut buffer) = (small(), [0; 512]);
        let mut outbox = open(&mut flash, &mut buffer).await.unwrap();
        // 256 octets less two markers of four, a header of eight, and the version and key.
        let capacity = 256 - 2 * 4 - 8 - 17;
        assert_eq!(outbox.max_content(), capacity);
        let error = outbox.put(&vec![1; capacity + 1], &mut CountingRng(1)).await.unwrap_err();
        assert_eq!(error, Error::TooLarge { size: capacity + 1, capacity });
        let text = format!("the reading has {} octets, and the outbox takes {capacity}", capacity + 1);
        shows(error, 1401, &text);
        for content in [vec![2; capacity], vec![]] {
            let stored = outbox.put(&content, &mut CountingRng(1)).await.unwrap();
            let entry = outbox.peek().await.unwrap().unwrap();
            assert_eq!((entry.key, entry.content), (stored.key, &content[..]));
            assert!(outbox.remove(stored.key).await.unwrap());
        }

        for size in [0, MIN_BUFFER - 1] {
            let error = open(&mut flash, &mut vec![0; size]).await.map(|_| ()).unwrap_err();
            assert_eq!(error, Error::BufferTooSmall { size: MIN_BUFFER, capacity: size });
        }
        let mut memory = [0; MIN_BUFFER + 4];
        for skipped in 0..4 {
            let mut outbox = open(&mut flash, &mut memory[skipped..][..MIN_BUFFER]).await.unwrap();
            let content = vec![3; outbox.max_content()];
            assert!(content.len() >= 40);
            let stored = outbox.put(&content, &mut CountingRng(9)).await.unwrap();
            assert!(outbox.remove(stored.key).await.unwrap());
        }
    });
}

#[test]
fn a_buffer_that_has_shrunk_loses_nothing() {
    block_on(async {
        let mut flash = small();
        let mut buffer = [0; 256];
        let mut outbox = open(&mut flash, &mut buffer).await.unwrap();
        let stored = outbox.put(&[7; 150], &mut CountingRng(1)).await.unwrap();
        let error = open(&mut flash, &mut [0; MIN_BUFFER]).await.map(|_| ()).unwrap_err();
        let Error::BufferTooSmall { size: 168, capacity } = error else { panic!("{error:?}") };
        let text = format!("the outbox needs a buffer of 168 octets, and it has {capacity}");
        shows(error, 1403, &text);
        let mut outbox = open(&mut flash, &mut buffer).await.unwrap();
        assert_eq!(outbox.peek().await.unwrap().unwrap().key, stored.key);
    });
}

#[test]
fn full() {
    block_on(async {
        let (mut flash, mut buffer) = (small(), [0; 128]);
        let mut outbox = open(&mut flash, &mut buffer).await.unwrap();
        let mut keys = Vec::new();
        let error = loop {
            match outbox.put(&[5; 100], &mut CountingRng(keys.len() as u64)).await {
                Ok(stored) => keys.push(stored.key),
                Err(error) => break error,
            }
        };
        // A page takes one of these, 125 octets each with what is beside its content: 248 are free.
        assert_eq!(error, Error::Full { entries: 4, octets: 400 });
        shows(error, 1402, "the outbox is full: 4 readings with 400 octets wait in it");
        assert_eq!((outbox.len(), outbox.octets()), (4, 400));

        let mut outbox = Outbox::open(&mut flash, RANGE, &mut buffer, WhenFull::DropOldest).await.unwrap();
        let stored = outbox.put(&[6; 100], &mut CountingRng(77)).await.unwrap();
        assert_eq!((stored.dropped, outbox.len(), outbox.octets()), (1, 4, 400));
        // Whoever looked at the oldest before does not remove the one that is the oldest now.
        assert!(!outbox.remove(keys[0]).await.unwrap());
        assert_eq!(outbox.len(), 4);
        assert!(outbox.remove(keys[1]).await.unwrap());
    });
}

#[test]
fn drains_until_one_is_to_stay() {
    block_on(async {
        let (mut flash, mut buffer) = (small(), [0; 128]);
        let mut outbox = open(&mut flash, &mut buffer).await.unwrap();
        for number in 0..5 {
            let stored = outbox.put(&[number; 4], &mut CountingRng(number.into())).await.unwrap();
            assert_eq!(stored.dropped, 0);
        }
        let mut seen = Vec::new();
        let drained = outbox
            .drain(async |entry| {
                seen.push(entry.content[0]);
                match entry.content[0] {
                    1 => Verdict::Discard,
                    3 => Verdict::Later,
                    _ => Verdict::Delivered,
                }
            })
            .await;
        assert_eq!(drained, Ok(Drained { delivered: 2, discarded: 1 }));
        assert_eq!(seen, [0, 1, 2, 3]);
        assert_eq!((outbox.len(), outbox.octets()), (2, 8));
        let mut outbox = open(outbox.into_flash(), &mut [0; 128]).await.map(|outbox| outbox.len());
        assert_eq!(outbox.as_mut(), Ok(&mut 2));
    });
}

#[test]
fn random_sources_and_flash_that_fail() {
    struct Dry;
    impl rand_core::TryRng for Dry {
        type Error = std::fmt::Error;
        fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
            Err(std::fmt::Error)
        }
        fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
            Err(std::fmt::Error)
        }
        fn try_fill_bytes(&mut self, _: &mut [u8]) -> Result<(), Self::Error> {
            Err(std::fmt::Error)
        }
    }
    impl rand_core::TryCryptoRng for Dry {}
    block_on(async {
        let (mut flash, mut buffer) = (small(), [0; 128]);
        let mut outbox = open(&mut flash, &mut buffer).await.unwrap();
        let error = outbox.put(b"1", &mut Dry).await.unwrap_err();
        shows(error, 1404, "the random source failed");
        assert_eq!(outbox.len(), 0);
        flash.cut_after(0);
        let mut outbox = open(&mut flash, &mut buffer).await.unwrap();
        let error = outbox.put(b"1", &mut CountingRng(1)).await.unwrap_err();
        assert_eq!(error, Error::Flash { kind: NorFlashErrorKind::Other });
        shows(error, 1405, "the flash failed");
        // Nothing is made up of what was known before.
        assert_eq!(outbox.peek().await, Err(error));
        let flash = outbox.into_flash();
        flash.reboot();
        assert_eq!(open(flash, &mut [0; 128]).await.unwrap().len(), 0);
    });
    let address = |kind| Error::Flash { kind };
    shows(address(NorFlashErrorKind::OutOfBounds), 1405, "the flash failed: there is no such address");
    shows(address(NorFlashErrorKind::NotAligned), 1405, "the flash failed: it takes whole words only");
    shows(Error::Internal, 1499, "the outbox met a bug in its storage");
}

/// A flash whose power fails without the device's.
struct Loose<'c> {
    flash: Small,
    /// After how many steps it fails next.
    fails_after: &'c Cell<Option<u64>>,
}

impl ErrorType for Loose<'_> {
    type Error = FlashError;
}

impl ReadNorFlash for Loose<'_> {
    const READ_SIZE: usize = Small::READ_SIZE;
    async fn read(&mut self, offset: u32, octets: &mut [u8]) -> Result<(), FlashError> {
        self.flash.read(offset, octets).await
    }
    fn capacity(&self) -> usize {
        self.flash.capacity()
    }
}

impl NorFlash for Loose<'_> {
    const WRITE_SIZE: usize = Small::WRITE_SIZE;
    const ERASE_SIZE: usize = Small::ERASE_SIZE;
    async fn erase(&mut self, from: u32, to: u32) -> Result<(), FlashError> {
        self.flash.erase(from, to).await
    }
    async fn write(&mut self, offset: u32, octets: &[u8]) -> Result<(), FlashError> {
        if let Some(steps) = self.fails_after.take() {
            self.flash.cut_after(steps);
        }
        let outcome = self.flash.write(offset, octets).await;
        if outcome.is_err() {
            self.flash.reboot();
        }
        outcome
    }
}

impl MultiwriteNorFlash for Loose<'_> {}

#[test]
fn after_a_failure_the_same_outbox_goes_on() {
    // A header and a content of nine words, of four states each.
    for steps in 0..4 * (2 + 9) {
        block_on(async {
            let (fails_after, mut buffer) = (Cell::new(None), [0; 128]);
            let flash = Loose { flash: small(), fails_after: &fails_after };
            let mut outbox = Outbox::open(flash, RANGE, &mut buffer, WhenFull::RefuseNew).await.unwrap();
            let kept = outbox.put(&[1; 19], &mut CountingRng(1)).await.unwrap();
            fails_after.set(Some(steps));
            outbox.put(&[2; 19], &mut CountingRng(2)).await.unwrap_err();
            let error = outbox.remove(kept.key).await;
            assert_eq!(error, Ok(true), "{steps}");
            // What was lost is not counted; the pieces of it are in nobody's way.
            assert_eq!((outbox.len(), outbox.octets()), (0, 0), "{steps}");
            for number in 0..30 {
                let stored = outbox.put(&[3; 60], &mut CountingRng(100 + number)).await.unwrap();
                assert_eq!(outbox.len(), 1);
                assert!(outbox.remove(stored.key).await.unwrap());
            }
        });
    }
    block_on(async {
        let (fails_after, mut buffer) = (Cell::new(None), [0; 128]);
        let flash = Loose { flash: small(), fails_after: &fails_after };
        let mut outbox = Outbox::open(flash, RANGE, &mut buffer, WhenFull::RefuseNew).await.unwrap();
        let keys = [1, 2].map(|seed| {
            let stored = block_on(outbox.put(&[1; 19], &mut CountingRng(seed))).unwrap();
            stored.key
        });
        // Half removed is removed, whatever the flash said.
        fails_after.set(Some(3));
        outbox.remove(keys[0]).await.unwrap_err();
        assert_eq!(outbox.peek().await.unwrap().unwrap().key, keys[1]);
        assert_eq!((outbox.len(), outbox.octets()), (1, 19));
    });
}

#[test]
fn a_torn_entry_holds_no_page() {
    block_on(async {
        let (fails_after, mut buffer) = (Cell::new(None), [0; 128]);
        let flash = Loose { flash: small(), fails_after: &fails_after };
        let mut outbox = Outbox::open(flash, RANGE, &mut buffer, WhenFull::RefuseNew).await.unwrap();
        // Two of these fill a page. Of the second there is a header, and some of its content.
        let first = outbox.put(&[1; 60], &mut CountingRng(1)).await.unwrap();
        fails_after.set(Some(4 * 5));
        outbox.put(&[2; 60], &mut CountingRng(2)).await.unwrap_err();
        for seed in 3..9 {
            outbox.put(&[3; 60], &mut CountingRng(seed)).await.map(|_| ()).unwrap();
        }
        let error = outbox.put(&[4; 60], &mut CountingRng(9)).await.unwrap_err();
        assert_eq!(error, Error::Full { entries: 7, octets: 420 });
        assert!(outbox.remove(first.key).await.unwrap());
        assert!(outbox.put(&[4; 60], &mut CountingRng(9)).await.is_ok());
    });
}

#[test]
fn what_no_outbox_wrote() {
    block_on(async {
        for content in [&[0_u8; 17][..], &[1; 16], &[2; 40], b"config"] {
            let mut flash = small();
            let mut queue = QueueStorage::new(&mut flash, QueueConfig::new(RANGE), Cache::new_uncached());
            queue.push(content, false).await.unwrap();
            let error = open(&mut flash, &mut [0; 128]).await.map(|_| ()).unwrap_err();
            shows(error, 1407, "the outbox's flash holds what no outbox of this version wrote");
        }
        // Three pages that are all begun, and all behind open ones: no power cut does that.
        let mut flash = Flash::<4, 256>::new(6);
        for page in [0, 2, 4] {
            flash.write(page * 256, &[0; 4]).await.unwrap();
        }
        let mut buffer = [0; 128];
        let outcome = Outbox::open(&mut flash, 0..6 * 256, &mut buffer, WhenFull::RefuseNew).await;
        shows(outcome.map(|_| ()).unwrap_err(), 1406, "the outbox's flash is damaged");
    });
}

#[test]
fn a_future_that_is_dropped_is_a_power_cut() {
    block_on(async {
        let (mut flash, mut buffer) = (small(), [0; 128]);
        let mut outbox = open(&mut flash, &mut buffer).await.unwrap();
        let first = outbox.put(b"first", &mut CountingRng(1)).await.unwrap();
        // The sender never comes back.
        let drain = outbox.drain(async |_| core::future::pending().await);
        assert!(embassy_futures::poll_once(drain).is_pending());
        assert_eq!(outbox.len(), 1);
        assert_eq!(outbox.peek().await.unwrap().unwrap().key, first.key);
    });
}

#[test]
fn a_file_as_flash() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("flash");
    let mut buffer = [0; 128];
    let key: Key = block_on(async {
        let flash = FileFlash::<4, 512>::open(&path, 3).unwrap();
        let mut outbox = Outbox::open(flash, 0..3 * 512, &mut buffer, WhenFull::RefuseNew).await.unwrap();
        for number in 0..30 {
            let stored = outbox.put(&[number; 20], &mut CountingRng(number.into())).await.unwrap();
            assert!(outbox.remove(stored.key).await.unwrap());
        }
        outbox.put(b"kept", &mut CountingRng(1)).await.unwrap().key
    });
    block_on(async {
        let flash = FileFlash::<4, 512>::open(&path, 3).unwrap();
        let mut outbox = Outbox::open(flash, 0..3 * 512, &mut buffer, WhenFull::RefuseNew).await.unwrap();
        assert_eq!(outbox.peek().await.unwrap().unwrap().key, key);
        let mut flash = outbox.into_flash();
        let kind = |outcome: Result<(), FileFlashError>| match outcome {
            Err(FileFlashError::Address(kind)) => kind,
            other => panic!("{other:?}"),
        };
        assert_eq!(kind(flash.write(2, &[0; 4]).await), NorFlashErrorKind::NotAligned);
        assert_eq!(kind(flash.write(0, &[0; 2]).await), NorFlashErrorKind::NotAligned);
        assert_eq!(kind(flash.write(1536, &[0; 4]).await), NorFlashErrorKind::OutOfBounds);
        assert_eq!(kind(flash.erase(0, 256).await), NorFlashErrorKind::NotAligned);
        assert_eq!(kind(flash.erase(512, 0).await), NorFlashErrorKind::OutOfBounds);
    });
    assert!(FileFlash::<4, 512>::open(&path, 4).is_err(), "of another size");
}

#[test]
fn a_flash_without_async() {
    struct Plain([u8; 1024]);
    impl ErrorType for Plain {
        type Error = core::convert::Infallible;
    }
    impl blocking::ReadNorFlash for Plain {
        const READ_SIZE: usize = 1;
        fn read(&mut self, offset: u32, octets: &mut [u8]) -> Result<(), Self::Error> {
            octets.copy_from_slice(&self.0[offset as usize..][..octets.len()]);
            Ok(())
        }
        fn capacity(&self) -> usize {
            self.0.len()
        }
    }
    impl blocking::NorFlash for Plain {
        const WRITE_SIZE: usize = 4;
        const ERASE_SIZE: usize = 256;
        fn erase(&mut self, from: u32, to: u32) -> Result<(), Self::Error> {
            self.0[from as usize..to as usize].fill(0xff);
            Ok(())
        }
        fn write(&mut self, offset: u32, octets: &[u8]) -> Result<(), Self::Error> {
            let memory = &mut self.0[offset as usize..][..octets.len()];
            memory.iter_mut().zip(octets).for_each(|(octet, new)| *octet &= new);
            Ok(())
        }
    }
    impl blocking::MultiwriteNorFlash for Plain {}
    block_on(async {
        let flash = BlockingFlash(Plain([0xff; 1024]));
        let mut buffer = [0; 128];
        let mut outbox = Outbox::open(flash, RANGE, &mut buffer, WhenFull::RefuseNew).await.unwrap();
        for number in 0..60 {
            let stored = outbox.put(&[number; 30], &mut CountingRng(number.into())).await.unwrap();
            assert_eq!(outbox.peek().await.unwrap().unwrap().content, [number; 30]);
            assert!(outbox.remove(stored.key).await.unwrap());
        }
    });
}
