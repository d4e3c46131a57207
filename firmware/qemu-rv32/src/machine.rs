//! The board's simple devices: console, clocks, counters, and the switch that turns it off.
//!
//! Addresses are those of QEMU's `virt` board (hw/riscv/virt.c).

use core::ptr;
use core::time::Duration;

use embassy_time_driver::Driver;
use picopost::UnixTime;
use picopost_app::Console as _;
use riscv::register::{mcycle, mie};

/// NS16550 UART: transmit register, and line status with its bit "transmitter empty".
const UART: usize = 0x1000_0000;
const UART_LINE_STATUS: usize = UART + 5;
const UART_TRANSMITTER_EMPTY: u8 = 0x20;
/// SiFive test device: ends the emulator.
const TEST: usize = 0x0010_0000;
const TEST_FAIL: u32 = 0x3333;
const TEST_PASS: u32 = 0x5555;
/// Goldfish real-time clock: nanoseconds since 1970.
const RTC_LOW: usize = 0x0010_1000;
const RTC_HIGH: usize = 0x0010_1004;
/// Core-local interruptor: the machine timer, 10 MHz.
const MTIMECMP: usize = 0x0200_4000;
const MTIME: usize = 0x0200_BFF8;
const TICKS_PER_MILLISECOND: u64 = 10_000;

/// Exit status: a panic.
pub const EXIT_PANIC: u8 = 101;
/// Exit status: an exception of the processor, such as a full stack.
pub const EXIT_FAULT: u8 = 102;

/// The console, a UART. It has no state of its own.
pub struct Console;

impl picopost_app::Console for Console {
    /// Waits for the UART as long as it takes.
    fn text(&mut self, text: &str) {
        for &octet in text.as_bytes() {
            // SAFETY: both are the UART's registers, one octet wide.
            unsafe {
                while ptr::read_volatile(UART_LINE_STATUS as *const u8) & UART_TRANSMITTER_EMPTY == 0 {}
                ptr::write_volatile(UART as *mut u8, octet);
            }
        }
    }
}

impl Console {
    /// Writes a number in hexadecimal, without the formatting machinery.
    pub fn hex(&mut self, number: usize) {
        self.text("0x");
        for shift in (0..usize::BITS).step_by(4).rev() {
            let digit = number >> shift & 0xf;
            self.text("0123456789abcdef".get(digit..=digit).unwrap_or_default());
        }
    }
}

/// Turns the machine off: QEMU exits with `status`.
pub fn exit(status: u8) -> ! {
    let word = if status == 0 { TEST_PASS } else { u32::from(status) << 16 | TEST_FAIL };
    // SAFETY: the test device's one register; the write does not return.
    unsafe { ptr::write_volatile(TEST as *mut u32, word) };
    loop {
        riscv::asm::wfi();
    }
}

/// The battery-backed clock.
pub struct Clock;

impl picopost::Clock for Clock {
    fn now(&self) -> Option<UnixTime> {
        // SAFETY: the clock's registers; reading the low half first latches the high one.
        let (low, high) = unsafe {
            let low = ptr::read_volatile(RTC_LOW as *const u32);
            (low, ptr::read_volatile(RTC_HIGH as *const u32))
        };
        let nanoseconds = u64::from(high) << 32 | u64::from(low);
        Some(UnixTime::since_unix_epoch(Duration::from_nanos(nanoseconds)))
    }
}

/// Instructions executed since reset. With the emulator's `-icount shift=0`, `mcycle` counts
/// exactly those, plus the time spent in [`wait_a_millisecond`].
pub fn instructions() -> u64 {
    mcycle::read64()
}

/// Sleeps for a millisecond, so that an idle board leaves the host's processor to others.
pub fn wait_a_millisecond() {
    set_mtimecmp(MachineTimer.now() + TICKS_PER_MILLISECOND);
    // Enabled as a source here, but not in mstatus: `wfi` ends when it is pending, no trap is taken.
    // SAFETY: no critical section depends on this bit, since no interrupt is ever taken.
    unsafe { mie::set_mtimer() };
    riscv::asm::wfi();
}

/// Embassy's source of time.
struct MachineTimer;

embassy_time_driver::time_driver_impl!(static TIMER: MachineTimer = MachineTimer);

impl Driver for MachineTimer {
    fn now(&self) -> u64 {
        loop {
            // SAFETY: the timer's two halves, word by word as RV32 reads them.
            let (high, low, again) = unsafe {
                let high = ptr::read_volatile((MTIME + 4) as *const u32);
                let low = ptr::read_volatile(MTIME as *const u32);
                (high, low, ptr::read_volatile((MTIME + 4) as *const u32))
            };
            if high == again {
                return u64::from(high) << 32 | u64::from(low);
            }
        }
    }

    /// Nothing to schedule: the executor polls every future at least once a millisecond.
    fn schedule_wake(&self, _at: u64, _waker: &core::task::Waker) {}
}

#[expect(clippy::cast_possible_truncation, reason = "the halves of a 64-bit number")]
fn set_mtimecmp(at: u64) {
    // SAFETY: the comparator's two halves. The low one is at its maximum in between, so that no
    // moment in the past is ever set.
    unsafe {
        ptr::write_volatile(MTIMECMP as *mut u32, u32::MAX);
        ptr::write_volatile((MTIMECMP + 4) as *mut u32, (at >> 32) as u32);
        ptr::write_volatile(MTIMECMP as *mut u32, at as u32);
    }
}
