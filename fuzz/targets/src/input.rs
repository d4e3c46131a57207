//! The fuzzer's octets as decisions.

/// Reads decisions off the front of the fuzzer's octets. Where they end, every decision is 0, so that an
/// empty input is the plainest case of a target, and a seed can be written by hand.
pub(crate) struct Input<'i>(&'i [u8]);

impl<'i> Input<'i> {
    pub(crate) fn new(octets: &'i [u8]) -> Self {
        Self(octets)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn u8(&mut self) -> u8 {
        let [octet] = self.array();
        octet
    }

    pub(crate) fn u16(&mut self) -> u16 {
        u16::from_be_bytes(self.array())
    }

    pub(crate) fn array<const N: usize>(&mut self) -> [u8; N] {
        let mut array = [0; N];
        let taken = self.take(N);
        array[..taken.len()].copy_from_slice(taken);
        array
    }

    pub(crate) fn flag(&mut self) -> bool {
        self.u8() & 1 == 1
    }

    /// 0 to `limit` - 1.
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        let number = if limit > 256 { usize::from(self.u16()) } else { usize::from(self.u8()) };
        number % limit
    }

    /// One of a list; the first where the input has ended.
    pub(crate) fn pick<T: Copy>(&mut self, list: &[T]) -> T {
        list[self.below(list.len())]
    }

    /// Octets behind their length in one octet.
    pub(crate) fn octets(&mut self) -> &'i [u8] {
        let length = usize::from(self.u8());
        self.take(length)
    }

    /// Everything that is left.
    pub(crate) fn rest(&mut self) -> &'i [u8] {
        std::mem::take(&mut self.0)
    }

    fn take(&mut self, count: usize) -> &'i [u8] {
        let (taken, rest) = self.0.split_at(count.min(self.0.len()));
        self.0 = rest;
        taken
    }
}

/// A change to some octets.
#[derive(Clone, Debug)]
pub(crate) enum Change {
    /// Flips these bits of the octet at this place, counted modulo the length.
    Flip(usize, u8),
    /// Leaves out so many octets from this place on.
    Remove(usize, usize),
    /// Puts octets in.
    Insert(usize, Vec<u8>),
    /// Overwrites octets.
    Replace(usize, Vec<u8>),
    /// Copies a range to another place.
    Copy { from: usize, count: usize, to: usize },
    /// Cuts the end off.
    Truncate(usize),
}

impl Change {
    pub(crate) fn read(input: &mut Input<'_>) -> Self {
        match input.u8() % 6 {
            0 => Self::Flip(input.u16().into(), input.u8().max(1)),
            1 => Self::Remove(input.u16().into(), input.u8().into()),
            2 => Self::Insert(input.u16().into(), input.octets().to_vec()),
            3 => Self::Replace(input.u16().into(), input.octets().to_vec()),
            4 => Self::Copy { from: input.u16().into(), count: input.u8().into(), to: input.u16().into() },
            _ => Self::Truncate(input.u16().into()),
        }
    }

    /// At most `limit` changes.
    pub(crate) fn read_some(input: &mut Input<'_>, limit: usize) -> Vec<Self> {
        (0..input.below(limit + 1)).map(|_| Self::read(input)).collect()
    }

    pub(crate) fn apply(&self, octets: &mut Vec<u8>) {
        // Positions count modulo what is there, so that most of them mean something.
        let length = octets.len();
        let place = |at: usize| at % (length + 1);
        let range = |at: usize, count: usize| place(at)..(place(at) + count).min(length);
        match self {
            Self::Flip(at, bits) => {
                if let Some(octet) = octets.get_mut(at % length.max(1)) {
                    *octet ^= bits;
                }
            }
            Self::Remove(at, count) => drop(octets.drain(range(*at, *count))),
            Self::Insert(at, more) => drop(octets.splice(place(*at)..place(*at), more.iter().copied())),
            Self::Replace(at, more) => drop(octets.splice(range(*at, more.len()), more.iter().copied())),
            Self::Copy { from, count, to } => {
                let copied = octets[range(*from, *count)].to_vec();
                octets.splice(place(*to)..place(*to), copied);
            }
            Self::Truncate(at) => octets.truncate(place(*at)),
        }
    }
}

pub(crate) fn apply(changes: &[Change], octets: &mut Vec<u8>) {
    changes.iter().for_each(|change| change.apply(octets));
}

/// Cuts octets into pieces of these sizes, in turn; a size of 0 is one octet, no sizes are one piece.
pub(crate) fn cut<'o>(mut octets: &'o [u8], sizes: &[u8]) -> Vec<&'o [u8]> {
    let mut pieces = Vec::new();
    for size in sizes.iter().cycle() {
        let (piece, rest) = octets.split_at(usize::from(*size).max(1).min(octets.len()));
        if piece.is_empty() {
            break;
        }
        pieces.push(piece);
        octets = rest;
    }
    pieces.extend((!octets.is_empty()).then_some(octets));
    pieces
}
