//! From reset to the program's `main`: stack, guard, memory; and what happens when something goes
//! badly wrong.

use core::arch::global_asm;
use core::panic::PanicInfo;
use core::{ptr, slice};

use picopost_app::Console as _;

use crate::machine::{self, Console};

/// What unused stack is filled with at reset.
const PAINT: u32 = 0xAAAA_AAAA;

// The order matters: registers first, then the stack's paint, then .data and .bss, and the guard
// before the first Rust function runs. One hart only; interrupts stay off for good.
global_asm!(
    r#"
    .section .text.start, "ax"
    .globl _start
_start:
    .option push
    .option norelax
    la      gp, __global_pointer$
    .option pop
    la      t0, trap
    csrw    mtvec, t0
    la      sp, __stack_start

    la      t0, __stack_end
    li      t1, {paint}
1:  sw      t1, 0(t0)
    addi    t0, t0, 4
    bltu    t0, sp, 1b

    la      t0, __data_start
    la      t1, __data_end
    la      t2, __data_source
    j       3f
2:  lw      t3, 0(t2)
    sw      t3, 0(t0)
    addi    t0, t0, 4
    addi    t2, t2, 4
3:  bltu    t0, t1, 2b

    la      t0, __bss_start
    la      t1, __bss_end
    j       5f
4:  sw      zero, 0(t0)
    addi    t0, t0, 4
5:  bltu    t0, t1, 4b

    # Physical memory protection, entry 0: the 4 KiB below the stack, no access, locked (which
    # makes it hold in machine mode too). NAPOT: address >> 2 with log2(size) - 3 ones below.
    la      t0, __stack_guard
    srli    t0, t0, 2
    ori     t0, t0, 0x1ff
    csrw    pmpaddr0, t0
    li      t0, 0x98
    csrw    pmpcfg0, t0

    call    main

    # mtvec takes a multiple of four. The stack may be what failed: start it anew.
    .balign 4
trap:
    la      sp, __stack_start
    csrr    a0, mcause
    csrr    a1, mepc
    csrr    a2, mtval
    call    {trapped}
"#,
    paint = const PAINT,
    trapped = sym trapped,
);

unsafe extern "C" {
    static __stack_guard: u8;
    static __stack_end: u32;
    static __stack_start: u32;
    static __parameters_start: u8;
    static __parameters_end: u8;
}

/// The most stack that was in use at any time since reset, in octets.
pub fn peak_stack() -> usize {
    let end = &raw const __stack_start;
    let mut word = &raw const __stack_end;
    // SAFETY: the loop stays within the stack, which the linker script aligns to words. Volatile,
    // because some of these words belong to live frames.
    while word < end && unsafe { ptr::read_volatile(word) } == PAINT {
        word = word.wrapping_add(1);
    }
    end.addr() - word.addr()
}

/// The memory that the emulator fills with parameters before reset.
pub fn parameter_memory() -> &'static [u8] {
    let start = &raw const __parameters_start;
    let length = (&raw const __parameters_end).addr() - start.addr();
    // SAFETY: RAM of its own in the linker script, in which nothing ever writes after reset.
    unsafe { slice::from_raw_parts(start, length) }
}

/// An exception: nothing here can be repaired. A stack overflow is the one that users can cause.
extern "C" fn trapped(cause: usize, at: usize, value: usize) -> ! {
    const STORE_ACCESS_FAULT: usize = 7;
    let guard = (&raw const __stack_guard).addr();
    let mut console = Console;
    if cause == STORE_ACCESS_FAULT && (guard..guard + 4096).contains(&value) {
        console.text("fault: the stack is full\n");
    } else {
        console.text("fault: exception ");
        console.hex(cause);
        console.text(" at ");
        console.hex(at);
        console.text(", value ");
        console.hex(value);
        console.text("\n");
    }
    machine::exit(machine::EXIT_FAULT)
}

/// Prints neither message nor place: those, and what formats them, are 6 to 9 KB of an image that
/// must never get here.
#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    Console.text("fault: panic\n");
    machine::exit(machine::EXIT_PANIC)
}
