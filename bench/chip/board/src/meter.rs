//! Counts one POST: instructions, stack, heap, octets and round trips.

use core::arch::asm;
use core::cell::Cell;
use core::ptr;

use crate::{heap, machine};

/// What unused stack is filled with before each POST.
const PAINT: u32 = 0xAAAA_AAAA;
/// What is left alone below the stack pointer while painting, in octets.
const MARGIN: usize = 256;

/// The type of such a record, which has 6 octets.
const CHANGE_CIPHER_SPEC: u8 = 20;

#[derive(Clone, Copy)]
struct Counts {
    /// The counter at the beginning; later moments are relative to it.
    began: u64,
    /// Instructions of the network, to be left out.
    excluded: u64,
    handshake: u64,
    whole: u64,
    sent: usize,
    received: usize,
    round_trips: usize,
    /// Whether something that is to be answered was sent since the program received last.
    owed: bool,
}

impl Counts {
    const NONE: Self = Self {
        began: 0,
        excluded: 0,
        handshake: 0,
        whole: 0,
        sent: 0,
        received: 0,
        round_trips: 0,
        owed: false,
    };
}

struct Meter(Cell<Counts>);

// SAFETY: one hart, no interrupts.
unsafe impl Sync for Meter {}

static METER: Meter = Meter(Cell::new(Counts::NONE));

fn update(change: impl FnOnce(&mut Counts)) {
    let mut counts = METER.0.get();
    change(&mut counts);
    METER.0.set(counts);
}

unsafe extern "C" {
    static mut __stack_end: u32;
    static __stack_start: u32;
}

/// A POST begins: before anything of the stack under test is set up.
#[inline(never)]
pub fn begin() {
    let stack_pointer = stack_pointer();
    let mut word = &raw mut __stack_end;
    while word.addr() < stack_pointer - MARGIN {
        // SAFETY: below the stack pointer nothing lives.
        unsafe { ptr::write_volatile(word, PAINT) };
        word = word.wrapping_add(1);
    }
    heap::reset_peak();
    METER.0.set(Counts { began: machine::instructions(), ..Counts::NONE });
}

/// The handshake is done: the request may be sent.
pub fn handshake_done() {
    update(|counts| counts.handshake = counts.spent());
}

/// The POST is done: the answer is there and the server was told that this is the end.
pub fn end() {
    update(|counts| counts.whole = counts.spent());
}

/// Prints what was counted.
pub fn report(resumed: bool, content: &[u8]) {
    let counts = METER.0.get();
    let top = &raw const __stack_start;
    let mut word = (&raw const __stack_end).cast::<u32>();
    // SAFETY: within the stack; volatile, because some of these words belong to live frames.
    while word < top && unsafe { ptr::read_volatile(word) } == PAINT {
        word = word.wrapping_add(1);
    }
    machine::print("post:");
    let numbers = [
        ("handshake", counts.handshake),
        ("whole", counts.whole),
        ("stack", (top.addr() - word.addr()) as u64),
        ("heap", heap::peak() as u64),
        ("left", heap::used() as u64),
        ("allocations", heap::allocations() as u64),
        ("sent", counts.sent as u64),
        ("received", counts.received as u64),
        ("round_trips", counts.round_trips as u64),
        ("resumed", u64::from(resumed)),
        ("content", checksum(content).into()),
    ];
    for (name, number) in numbers {
        machine::print(" ");
        machine::print(name);
        machine::print("=");
        machine::print_number(number);
    }
    machine::print("\n");
}

/// FNV-1a: enough to see that every program got the same answer.
fn checksum(octets: &[u8]) -> u32 {
    octets.iter().fold(0x811c_9dc5, |sum, octet| (sum ^ u32::from(*octet)).wrapping_mul(0x0100_0193))
}

pub(crate) fn exclude(instructions: u64) {
    update(|counts| counts.excluded += instructions);
}

pub(crate) fn sending(octets: &[u8]) {
    // A ChangeCipherSpec by itself is answered by nothing (RFC 9846 §E.4).
    let is_answered = octets.first() != Some(&CHANGE_CIPHER_SPEC) || octets.len() > 6;
    update(|counts| {
        counts.sent += octets.len();
        counts.owed |= is_answered;
    });
}

/// The program receives: where it has sent something since it last did, it waits for the answer to
/// that, which is a round trip, however long it takes.
pub(crate) fn receiving() {
    update(|counts| counts.round_trips += usize::from(core::mem::take(&mut counts.owed)));
}

pub(crate) fn received(octets: usize) {
    update(|counts| counts.received += octets);
}

impl Counts {
    fn spent(&self) -> u64 {
        machine::instructions().wrapping_sub(self.began).wrapping_sub(self.excluded)
    }
}

#[inline(always)]
fn stack_pointer() -> usize {
    let pointer;
    // SAFETY: reading a register has no effect.
    unsafe { asm!("mv {}, sp", out(reg) pointer) };
    pointer
}
