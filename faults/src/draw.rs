//! The seeded plan: what goes wrong, and when.

use picopost::embedded_io::ErrorKind;

/// Numbers that look random and are the same for the same seed (SplitMix64).
#[derive(Clone, Debug)]
pub struct Draw(pub u64);

impl Draw {
    /// A number below this one.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % limit.max(1)
    }

    /// True so often in a hundred.
    pub fn percent(&mut self, of_hundred: u64) -> bool {
        self.below(100) < of_hundred
    }

    /// The same as a count of octets.
    pub fn octets(&mut self, limit: usize) -> usize {
        usize::try_from(self.below(limit as u64)).expect("below a usize")
    }
}

/// What happens to one connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The name is not resolved.
    Unresolved(ErrorKind),
    /// The name's resolution never ends.
    ResolveStalls,
    /// Nobody listens.
    Refused,
    /// Nobody answers.
    ConnectStalls,
    /// It is reset once the client has sent so many octets: they arrive.
    ResetAfterSent(usize),
    /// It is reset once the client has received so many octets.
    ResetAfterReceived(usize),
    /// It goes silent once the client has sent so many octets: they arrive.
    StallAfterSent(usize),
    /// It goes silent once the client has received so many octets.
    StallAfterReceived(usize),
    /// It ends, without close_notify, once the client has received so many octets.
    EndAfterReceived(usize),
}

impl Trouble {
    /// Its row in the table.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unresolved(_) => "name not resolved",
            Self::ResolveStalls => "stall while resolving",
            Self::Refused => "connection refused",
            Self::ConnectStalls => "stall while connecting",
            Self::ResetAfterSent(_) => "reset behind an octet sent",
            Self::ResetAfterReceived(_) => "reset behind an octet received",
            Self::StallAfterSent(_) => "stall behind an octet sent",
            Self::StallAfterReceived(_) => "stall behind an octet received",
            Self::EndAfterReceived(_) => "end without close_notify",
        }
    }

    /// Any of them, anywhere in a connection of so many octets sent and received.
    pub fn any(draw: &mut Draw, sent: usize, received: usize) -> Self {
        match draw.below(12) {
            0 => Self::Unresolved(ErrorKind::NotFound),
            1 => Self::ResolveStalls,
            2 | 3 => Self::Refused,
            4 => Self::ConnectStalls,
            5 | 6 => Self::ResetAfterSent(draw.octets(sent)),
            7 | 8 => Self::ResetAfterReceived(draw.octets(received)),
            9 => Self::StallAfterSent(draw.octets(sent)),
            10 => Self::StallAfterReceived(draw.octets(received)),
            _ => Self::EndAfterReceived(draw.octets(received)),
        }
    }
}

/// How the link is, besides what goes wrong.
#[derive(Clone, Copy, Debug)]
pub struct Quality {
    /// One way, in milliseconds.
    pub latency: u64,
    /// Of a hundred segments, so many are lost and sent again after a second, then two, then four.
    pub loss: u64,
    /// The most octets that are moved at a time.
    pub segment: usize,
}

impl Quality {
    /// A good one.
    pub const GOOD: Self = Self { latency: 40, loss: 0, segment: 1400 };

    /// Any.
    pub fn any(draw: &mut Draw) -> Self {
        let segment = match draw.below(8) {
            0 => 1,
            1 => 2 + draw.octets(40),
            2 => 200,
            _ => 1400,
        };
        let loss = if draw.percent(30) { draw.below(30) } else { 0 };
        Self { latency: 5 + draw.below(700), loss, segment }
    }
}

/// How the server answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weather {
    /// As it should.
    Fine,
    /// It does not act, and says so with 429 or 503, and when to come again: in seconds, or as a date.
    Busy {
        /// The status.
        status: u16,
        /// Seconds from now; none is only said with 503.
        after: Option<u64>,
        /// Whether as a date.
        as_date: bool,
    },
    /// Whoever stands before it gave up: the server may have acted all the same.
    Gateway {
        /// The status.
        status: u16,
        /// Whether it has.
        has_acted: bool,
    },
}

impl Weather {
    /// Its row in the table, if it is bad.
    pub fn name(self) -> Option<&'static str> {
        match self {
            Self::Fine => None,
            Self::Busy { status: 429, .. } => Some("429 with Retry-After"),
            Self::Busy { after: Some(_), .. } => Some("503 with Retry-After"),
            Self::Busy { .. } => Some("503 without Retry-After"),
            Self::Gateway { has_acted: true, .. } => Some("gateway error, acted upon"),
            Self::Gateway { .. } => Some("gateway error, not acted upon"),
        }
    }

    /// Any bad one.
    pub fn bad(draw: &mut Draw) -> Self {
        let as_date = draw.percent(40);
        let after = Some(1 + draw.below(120));
        match draw.below(6) {
            0..=2 => Self::Busy { status: 429, after, as_date },
            3 => Self::Busy { status: 503, after, as_date },
            4 => Self::Busy { status: 503, after: None, as_date },
            _ => {
                let status = [502, 504, 520, 522][draw.octets(4)];
                Self::Gateway { status, has_acted: draw.percent(50) }
            }
        }
    }
}
