//! A flash whose power can be cut at any point of any write, and of any erase.

use std::fmt;

use embedded_storage_async::nor_flash::{
    ErrorType, MultiwriteNorFlash, NorFlash, NorFlashError, NorFlashErrorKind, ReadNorFlash,
};

/// A flash in memory, with words of `WORD` octets and pages of `PAGE` octets.
///
/// Whatever changes it goes in steps that can be counted and at each of which the power can be cut:
/// each word that is written can stay as it was, get one half of its octets or the other, or any of
/// its bits; each page that is erased can be left in any of [`HALF_ERASED`] ways.
#[derive(Clone, Debug)]
pub struct Flash<const WORD: usize, const PAGE: usize> {
    octets: Vec<u8>,
    steps: u64,
    cut: Option<u64>,
    is_off: bool,
}

/// The states in which a word may be left that was being written.
const TORN: u64 = 4;
/// The states in which a page may be left that was being erased: as it was; erased from either end
/// on; but for, or only at, one end; with some of its bits erased here and there; all written, as
/// some flash does it first, and then some of it erased.
pub const HALF_ERASED: u64 = 17;

impl<const WORD: usize, const PAGE: usize> Flash<WORD, PAGE> {
    /// So many erased pages.
    pub fn new(pages: usize) -> Self {
        Self { octets: vec![0xff; pages * PAGE], steps: 0, cut: None, is_off: false }
    }

    /// How many steps it has made: as many points as the power could have been cut at.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// Cuts the power at the step after so many more. From then on everything fails.
    pub fn cut_after(&mut self, steps: u64) {
        self.cut = Some(self.steps + steps);
    }

    /// The power is back, and stays.
    pub fn reboot(&mut self) {
        (self.cut, self.is_off) = (None, false);
    }

    /// Whether the power is cut.
    pub fn is_off(&self) -> bool {
        self.is_off
    }

    fn is_cut(&mut self) -> bool {
        self.is_off = self.cut == Some(self.steps);
        self.steps += 1;
        self.is_off
    }

    fn range(&self, offset: u32, length: usize, unit: usize) -> Result<std::ops::Range<usize>, FlashError> {
        let start = usize::try_from(offset).expect("u32");
        match () {
            () if self.is_off => Err(FlashError::PowerCut),
            () if start + length > self.octets.len() => Err(FlashError::OutOfBounds),
            () if !start.is_multiple_of(unit) || !length.is_multiple_of(unit) => Err(FlashError::NotAligned),
            () => Ok(start..start + length),
        }
    }

    /// A word that was being written, left in this state.
    fn tear(&mut self, at: usize, word: &[u8], state: u64) {
        let mut noise = Noise(self.steps);
        for (index, new) in word.iter().enumerate() {
            let is_written = match state {
                0 => 0,
                1 if WORD > 1 && index < WORD / 2 => 0xff,
                1 if WORD == 1 => 0x0f,
                2 if WORD > 1 && index >= WORD / 2 => 0xff,
                2 if WORD == 1 => 0xf0,
                1 | 2 => 0,
                _ => noise.octet(),
            };
            self.octets[at + index] &= new | !is_written;
        }
    }

    /// A page that was being erased, left in this state.
    fn half_erase(&mut self, start: usize, state: u64) {
        let mut noise = Noise(self.steps);
        let page = &mut self.octets[start..start + PAGE];
        for (index, octet) in page.iter_mut().enumerate() {
            let (is_first, is_last) = (index < WORD, index >= PAGE - WORD);
            // The quarter of the page, counted from either end.
            let (front, back) = (index * 4 / PAGE, (PAGE - 1 - index) * 4 / PAGE);
            let [one, two, three] = [(); 3].map(|()| noise.octet());
            let erased = |it: bool| if it { 0xff } else { 0 };
            let quarters = |quarter: usize, first: u64| {
                erased(quarter < usize::try_from(state - first + 1).expect("small"))
            };
            match state {
                0 => {}
                1..=3 => *octet |= quarters(front, 1),
                4..=6 => *octet |= quarters(back, 4),
                7 => *octet |= erased(is_first),
                8 => *octet |= erased(!is_first),
                9 => *octet |= erased(is_last),
                10 => *octet |= erased(!is_last),
                11 => *octet |= erased(!is_first && !is_last),
                12 => *octet |= one & two & three,
                13 => *octet |= one,
                14 => *octet |= one | two | three,
                15 => *octet = 0,
                _ => *octet = one,
            }
        }
    }
}

/// Octets that look random and are always the same.
struct Noise(u64);

impl Noise {
    fn octet(&mut self) -> u8 {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed.to_be_bytes()[0]
    }
}

impl<const WORD: usize, const PAGE: usize> ErrorType for Flash<WORD, PAGE> {
    type Error = FlashError;
}

impl<const WORD: usize, const PAGE: usize> ReadNorFlash for Flash<WORD, PAGE> {
    const READ_SIZE: usize = WORD;

    async fn read(&mut self, offset: u32, octets: &mut [u8]) -> Result<(), FlashError> {
        let range = self.range(offset, octets.len(), WORD)?;
        octets.copy_from_slice(&self.octets[range]);
        Ok(())
    }

    fn capacity(&self) -> usize {
        self.octets.len()
    }
}

impl<const WORD: usize, const PAGE: usize> NorFlash for Flash<WORD, PAGE> {
    const WRITE_SIZE: usize = WORD;
    const ERASE_SIZE: usize = PAGE;

    async fn erase(&mut self, from: u32, to: u32) -> Result<(), FlashError> {
        let length = usize::try_from(to.saturating_sub(from)).expect("u32");
        for start in self.range(from, length, PAGE)?.step_by(PAGE) {
            for state in 0..HALF_ERASED {
                if self.is_cut() {
                    self.half_erase(start, state);
                    return Err(FlashError::PowerCut);
                }
            }
            self.octets[start..start + PAGE].fill(0xff);
        }
        Ok(())
    }

    async fn write(&mut self, offset: u32, octets: &[u8]) -> Result<(), FlashError> {
        let range = self.range(offset, octets.len(), WORD)?;
        for (at, word) in range.step_by(WORD).zip(octets.chunks(WORD)) {
            for state in 0..TORN {
                if self.is_cut() {
                    self.tear(at, word, state);
                    return Err(FlashError::PowerCut);
                }
            }
            for (octet, new) in self.octets[at..].iter_mut().zip(word) {
                *octet &= new;
                // Whoever wants a one where a zero is has not erased, and reads something else.
                if octet != new {
                    return Err(FlashError::NotErased);
                }
            }
        }
        Ok(())
    }
}

impl<const WORD: usize, const PAGE: usize> MultiwriteNorFlash for Flash<WORD, PAGE> {}

/// Why a [`Flash`] failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlashError {
    /// The power is cut.
    PowerCut,
    /// An address beyond the end.
    OutOfBounds,
    /// Not a whole word or page.
    NotAligned,
    /// Something else was written there before.
    NotErased,
}

impl NorFlashError for FlashError {
    fn kind(&self) -> NorFlashErrorKind {
        match self {
            Self::OutOfBounds => NorFlashErrorKind::OutOfBounds,
            Self::NotAligned => NorFlashErrorKind::NotAligned,
            Self::PowerCut | Self::NotErased => NorFlashErrorKind::Other,
        }
    }
}

impl std::error::Error for FlashError {}

impl fmt::Display for FlashError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::PowerCut => "the power is cut",
            Self::OutOfBounds => "beyond the end of the flash",
            Self::NotAligned => "not a whole word or page",
            Self::NotErased => "written over what was not erased",
        })
    }
}
