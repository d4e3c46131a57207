//! The simple devices of QEMU's `virt` board (hw/riscv/virt.c): console, timer, counter, switch.

use core::arch::asm;
use core::{fmt, ptr};

/// NS16550 UART: its transmit register.
const UART: usize = 0x1000_0000;
/// SiFive test device: ends the emulator.
const TEST: usize = 0x0010_0000;
const TEST_FAIL: u32 = 0x3333;
const TEST_PASS: u32 = 0x5555;
/// Core-local interruptor: the machine timer, 10 MHz.
const MTIMECMP: usize = 0x0200_4000;
const MTIME: usize = 0x0200_BFF8;
const TICKS_PER_MICROSECOND: u64 = 10;
const TICKS_PER_MILLISECOND: u64 = 10_000;

/// The console.
#[derive(Debug)]
pub struct Console;

impl fmt::Write for Console {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        text.bytes().for_each(put);
        Ok(())
    }
}

/// Writes one octet to the console. The emulator's UART is always ready.
pub fn put(octet: u8) {
    // SAFETY: the UART's transmit register.
    unsafe { ptr::write_volatile(UART as *mut u8, octet) };
}

/// Writes text to the console.
pub fn print(text: &str) {
    text.bytes().for_each(put);
}

/// Writes a number to the console, without the formatting machinery.
pub fn print_number(mut number: u64) {
    let mut digits = [b'0'; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    digits[at..].iter().copied().for_each(put);
}

/// Turns the machine off: QEMU exits with `status`.
pub fn exit(status: u8) -> ! {
    let word = if status == 0 { TEST_PASS } else { u32::from(status) << 16 | TEST_FAIL };
    loop {
        // SAFETY: the test device's one register.
        unsafe { ptr::write_volatile(TEST as *mut u32, word) };
    }
}

/// Says why the program cannot go on, and turns the machine off.
pub fn fail(why: &str) -> ! {
    print("error: ");
    print(why);
    print("\n");
    exit(1)
}

/// Says why the program cannot go on, with a number, and turns the machine off.
pub fn fail_with(why: &str, number: i64) -> ! {
    print("error: ");
    print(why);
    print(if number < 0 { " -" } else { " " });
    print_number(number.unsigned_abs());
    print("\n");
    exit(1)
}

/// Instructions executed since reset: with the emulator's `-icount shift=0`, `mcycle` counts
/// exactly those, and the time spent in [`wait_a_millisecond`].
pub fn instructions() -> u64 {
    loop {
        let (high, low, again): (u32, u32, u32);
        // SAFETY: reading a counter has no effect.
        unsafe {
            asm!("csrr {}, mcycleh", "csrr {}, mcycle", "csrr {}, mcycleh",
                 out(reg) high, out(reg) low, out(reg) again);
        }
        if high == again {
            return u64::from(high) << 32 | u64::from(low);
        }
    }
}

/// Microseconds since reset.
pub(crate) fn microseconds() -> u64 {
    ticks() / TICKS_PER_MICROSECOND
}

/// Sleeps for a millisecond, so that an idle board leaves the host's processor to the server.
pub(crate) fn wait_a_millisecond() {
    let at = ticks() + TICKS_PER_MILLISECOND;
    // SAFETY: the comparator's two halves. Enabled as a source, but interrupts are off: `wfi` ends
    // when the timer is due, no trap is taken.
    unsafe {
        ptr::write_volatile(MTIMECMP as *mut u32, u32::MAX);
        ptr::write_volatile((MTIMECMP + 4) as *mut u32, (at >> 32) as u32);
        ptr::write_volatile(MTIMECMP as *mut u32, at as u32);
        asm!("csrs mie, {}", "wfi", in(reg) 0x80);
    }
}

fn ticks() -> u64 {
    loop {
        // SAFETY: the timer's two halves.
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
