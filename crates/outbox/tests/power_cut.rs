//! The power is cut at every step of every write and erase of an outbox's life, and once more at
//! every step of what comes after.

use std::collections::VecDeque;

use embassy_futures::block_on;
use picopost_outbox::{Error, Key, Outbox, Verdict, WhenFull};
use picopost_testkit::{CountingRng, Flash};

const BUFFER: usize = 128;

#[derive(Clone, Debug)]
enum Deed {
    Put(Vec<u8>),
    /// Removes the oldest, and puts this at once, without a look at what is the oldest then.
    Exchange(Vec<u8>),
    Send,
}

/// What waits: its key, once it is known, and its content.
type Waiting = VecDeque<(Key, Vec<u8>)>;

/// One kind of flash, and what is done when it is full.
struct Life<const WORD: usize, const PAGE: usize> {
    pages: usize,
    when_full: WhenFull,
}

impl<const WORD: usize, const PAGE: usize> Life<WORD, PAGE> {
    /// Puts and sends until the ring has gone round several times, with every power cut on the way:
    /// how many.
    fn live(&self, deeds: usize) -> u64 {
        let mut flash = Flash::<WORD, PAGE>::new(self.pages);
        let mut waiting = Waiting::new();
        let (mut cuts, mut most, mut refused) = (0, 0, 0);
        for (number, deed) in script(deeds).into_iter().enumerate() {
            let (before, earlier) = (flash.clone(), waiting.clone());
            let outcome = self.act(&mut flash, &deed, number, &mut waiting);
            refused += usize::from(matches!(outcome, Err(Error::Full { .. })));
            assert!(matches!(outcome, Ok(()) | Err(Error::Full { .. })), "{number}: {outcome:?}");
            assert_eq!(self.all(&flash), waiting, "{number}");
            most = most.max(waiting.len());
            for step in 0..flash.steps() - before.steps() {
                let mut flash = before.clone();
                flash.cut_after(step);
                let outcome = self.act(&mut flash, &deed, number, &mut earlier.clone());
                assert!(matches!(outcome, Err(Error::Flash { .. })), "{number}, {step}: {outcome:?}");
                assert!(flash.is_off());
                flash.reboot();
                let left = self.all(&flash);
                assert!(is_right(&deed, &earlier, &waiting, &left), "{number}, {step}: {deed:?}\n{left:?}");
                self.goes_on(&flash, &left);
                cuts += 1 + self.cut_again(&flash, &left);
            }
        }
        let rounds = flash.steps() / u64::try_from(self.pages * PAGE / WORD * 4).unwrap();
        assert!(most > 6 && rounds >= 3, "{most} waited at most, {rounds} rounds");
        assert!(refused > 0 || self.when_full == WhenFull::DropOldest, "it was never full");
        cuts
    }

    fn act(
        &self,
        flash: &mut Flash<WORD, PAGE>,
        deed: &Deed,
        number: usize,
        waiting: &mut Waiting,
    ) -> Result<(), Error> {
        let mut buffer = [0; BUFFER];
        block_on(async {
            let mut outbox = self.open(flash, &mut buffer).await?;
            assert_eq!(outbox.len(), waiting.len());
            if let Deed::Exchange(_) = deed
                && let Some((key, _)) = waiting.front()
            {
                assert!(outbox.remove(*key).await?);
                waiting.pop_front();
            }
            match deed {
                Deed::Put(content) | Deed::Exchange(content) => {
                    let mut entropy = CountingRng(number as u64);
                    let stored = outbox.put(content, &mut entropy).await?;
                    waiting.drain(..stored.dropped);
                    waiting.push_back((stored.key, content.clone()));
                }
                Deed::Send => {
                    let mut allowance = 1;
                    let drained = outbox.drain(async |entry| {
                        assert_eq!(waiting[1 - allowance], (entry.key, entry.content.to_vec()));
                        match allowance {
                            0 => Verdict::Later,
                            _ => {
                                allowance = 0;
                                Verdict::Delivered
                            }
                        }
                    });
                    waiting.drain(..drained.await?.delivered);
                }
            }
            assert_eq!(outbox.len(), waiting.len());
            assert_eq!(outbox.octets(), waiting.iter().map(|(_, content)| content.len()).sum::<usize>());
            Ok(())
        })
    }

    async fn open<'a>(
        &self,
        flash: &'a mut Flash<WORD, PAGE>,
        buffer: &'a mut [u8],
    ) -> Result<Outbox<'a, &'a mut Flash<WORD, PAGE>>, Error> {
        let end = u32::try_from(self.pages * PAGE).unwrap();
        Outbox::open(flash, 0..end, buffer, self.when_full).await
    }

    /// Everything that waits in a flash, which stays as it is.
    fn all(&self, flash: &Flash<WORD, PAGE>) -> Waiting {
        let (mut flash, mut buffer, mut all) = (flash.clone(), [0; BUFFER], Waiting::new());
        block_on(async {
            let mut outbox = self.open(&mut flash, &mut buffer).await.unwrap();
            let count = outbox.len();
            let drained = outbox.drain(async |entry| {
                all.push_back((entry.key, entry.content.to_vec()));
                Verdict::Delivered
            });
            assert_eq!(drained.await.unwrap().delivered, count);
            assert!(outbox.is_empty() && outbox.octets() == 0);
        });
        all
    }

    /// After a cut everything still works: whatever was left in pieces does not stay in the way.
    fn goes_on(&self, flash: &Flash<WORD, PAGE>, left: &Waiting) {
        let (mut flash, mut buffer) = (flash.clone(), [0; BUFFER]);
        let mut waiting = left.clone();
        block_on(async {
            let mut outbox = self.open(&mut flash, &mut buffer).await.unwrap();
            for round in 0..self.pages * PAGE / 40 {
                if round > 0 || outbox.len() > 3 {
                    let entry = outbox.peek().await.unwrap().expect("one at least");
                    let key = entry.key;
                    let (expected, content) = waiting.pop_front().unwrap();
                    assert_eq!((key, entry.content), (expected, &content[..]));
                    // Straight on: whoever looked at the next would tidy up.
                    assert!(outbox.remove(key).await.unwrap());
                }
                let content = vec![octet(round); 30];
                // There is room for a page's worth at least unless each page holds something.
                match outbox.put(&content, &mut CountingRng(1_000_000 + round as u64)).await {
                    Ok(stored) => {
                        waiting.drain(..stored.dropped);
                        waiting.push_back((stored.key, content));
                    }
                    Err(Error::Full { .. }) => assert!(waiting.len() > (self.pages - 1) * 2),
                    Err(error) => panic!("{error}"),
                }
                assert_eq!(outbox.len(), waiting.len());
            }
        });
        assert_eq!(self.all(&flash), waiting);
    }

    /// The power is cut once more, at every step of opening, of one more entry, and of one less.
    fn cut_again(&self, flash: &Flash<WORD, PAGE>, left: &Waiting) -> u64 {
        let mut cuts = 0;
        let mut opened = flash.clone();
        block_on(async { self.open(&mut opened, &mut [0; BUFFER]).await.map(|_| ()) }).unwrap();
        // Only what opening has to mend: all else is as after one cut.
        for step in 0..opened.steps() - flash.steps() {
            let mut flash = flash.clone();
            flash.cut_after(step);
            let outcome = block_on(async { self.open(&mut flash, &mut [0; BUFFER]).await.map(|_| ()) });
            assert!(matches!(outcome, Err(Error::Flash { .. })));
            flash.reboot();
            assert_eq!(self.all(&flash), *left);
            self.goes_on(&flash, left);
            cuts += 1;
        }
        cuts
    }
}

/// Whether what is left after a cut is what was there before or after, or what was between where a
/// deed has several parts.
fn is_right(deed: &Deed, before: &Waiting, after: &Waiting, left: &Waiting) -> bool {
    match deed {
        Deed::Send => left == before || left == after,
        Deed::Put(content) | Deed::Exchange(content) => {
            // The caller does not know the key of an entry that was not acknowledged. The oldest
            // go one by one, before the new one comes.
            let is_new = |(_, last): &(Key, Vec<u8>)| last == content;
            let kept = after.len().saturating_sub(usize::from(after.back().is_some_and(is_new)));
            let gone = before.len() - kept;
            let has_new = left.len() == kept + 1
                && left.back().is_some_and(is_new)
                && left.iter().take(kept).eq(before.iter().skip(gone));
            has_new || (0..=gone).any(|gone| left.iter().eq(before.iter().skip(gone)))
        }
    }
}

/// Phases in which more is put than sent, and the reverse; contents of all sizes, each another.
fn script(count: usize) -> Vec<Deed> {
    let mut seed = 7_u32;
    (0..count)
        .map(|number| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let draw = usize::try_from(seed >> 16).unwrap();
            let puts_of_eight = if number / 24 % 2 == 0 { 7 } else { 3 };
            let content = (0..5 + draw / 8 % 50).map(|index| octet(number * 7 + index)).collect();
            match draw % 8 {
                0 => Deed::Exchange(content),
                draw if draw < puts_of_eight => Deed::Put(content),
                _ => Deed::Send,
            }
        })
        .collect()
}

fn octet(number: usize) -> u8 {
    u8::try_from(number % 256).unwrap()
}

#[test]
fn words_of_four_octets() {
    let cuts = Life::<4, 256> { pages: 4, when_full: WhenFull::RefuseNew }.live(200);
    println!("{cuts} power cuts");
}

#[test]
fn words_of_one_octet() {
    let cuts = Life::<1, 256> { pages: 3, when_full: WhenFull::RefuseNew }.live(120);
    println!("{cuts} power cuts");
}

#[test]
fn the_oldest_dropped() {
    let cuts = Life::<4, 256> { pages: 4, when_full: WhenFull::DropOldest }.live(200);
    println!("{cuts} power cuts");
}

#[test]
fn words_of_sixteen_octets() {
    let cuts = Life::<16, 512> { pages: 3, when_full: WhenFull::RefuseNew }.live(120);
    println!("{cuts} power cuts");
}
