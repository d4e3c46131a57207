//! From reset to the program.

use core::arch::global_asm;
use core::panic::PanicInfo;

use crate::{machine, tcp};

unsafe extern "C" {
    /// The program: each has one.
    fn program();
}

// Registers, .data, .bss, and thread-local data for the C library. One hart; interrupts stay off.
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
    la      tp, __thread_data

    la      t0, __data_start
    la      t1, __data_end
    la      t2, __data_source
    j       2f
1:  lw      t3, 0(t2)
    sw      t3, 0(t0)
    addi    t0, t0, 4
    addi    t2, t2, 4
2:  bltu    t0, t1, 1b

    la      t0, __bss_start
    la      t1, __bss_end
    j       4f
3:  sw      zero, 0(t0)
    addi    t0, t0, 4
4:  bltu    t0, t1, 3b

    call    {main}

    .balign 4
trap:
    la      sp, __stack_start
    csrr    a0, mcause
    csrr    a1, mepc
    call    {trapped}
"#,
    main = sym main,
    trapped = sym trapped,
);

extern "C" fn main() -> ! {
    tcp::start();
    // SAFETY: every program of the bench defines it, without arguments.
    unsafe { program() };
    machine::exit(0)
}

extern "C" fn trapped(cause: u32, at: u32) -> ! {
    machine::print("exception at ");
    machine::print_number(at.into());
    machine::print("\n");
    machine::fail_with("exception", cause.into())
}

/// Prints neither message nor place: what formats them is not what the bench measures.
#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    machine::fail("panic")
}
