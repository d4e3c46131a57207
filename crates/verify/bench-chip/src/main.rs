//! What a verification costs on an emulated riscv32imac, in instructions and octets of stack:
//!
//! ```text
//! cd crates/verify/bench-chip && cargo run --release [--no-default-features]
//! ```
//!
//! needs `rustup target add riscv32imac-unknown-none-elf` and Debian's `qemu-system-misc`. Under
//! `-icount shift=0` mcycle counts instructions, exactly and always the same. The flash of each
//! function is in `nm --print-size --size-sort` of the image.
//!
//! `vectors/` holds public keys and signatures over `picopost`, made with `openssl dgst -sign`.

#![no_std]
#![no_main]

use core::arch::{asm, global_asm};
use core::fmt::{self, Write};
use core::hint::black_box;
use core::panic::PanicInfo;

use picopost_verify::{ECDSA_P256_SHA256, ECDSA_P384_SHA384, RSA_PKCS1_2048_4096_SHA256};
use rustls_pki_types::SignatureVerificationAlgorithm;

global_asm!(
    ".section .init",
    ".globl _start",
    "_start:",
    ".option push",
    ".option norelax",
    "la sp, _stack_end",
    ".option pop",
    "j {main}",
    main = sym main,
);

const MESSAGE: &[u8] = b"picopost";

macro_rules! vector {
    ($name:literal) => {
        (
            include_bytes!(concat!("../vectors/", $name, ".key")),
            include_bytes!(concat!("../vectors/", $name, ".sig")),
        )
    };
}

extern "C" fn main() -> ! {
    let (key, signature) = vector!("p256");
    measure("ECDSA P-256, SHA-256", ECDSA_P256_SHA256, key, signature);
    let (key, signature) = vector!("p384");
    measure("ECDSA P-384, SHA-384", ECDSA_P384_SHA384, key, signature);
    let (key, signature) = vector!("rsa2048");
    measure("RSA-2048 PKCS #1, SHA-256", RSA_PKCS1_2048_4096_SHA256, key, signature);
    let (key, signature) = vector!("rsa4096");
    measure("RSA-4096 PKCS #1, SHA-256", RSA_PKCS1_2048_4096_SHA256, key, signature);
    exit(0x5555)
}

/// Verifies once and prints what it cost.
fn measure(name: &str, algorithm: &dyn SignatureVerificationAlgorithm, key: &[u8], signature: &[u8]) {
    paint_stack();
    let before = instructions();
    let result = black_box(algorithm).verify_signature(black_box(key), MESSAGE, signature);
    let spent = instructions().wrapping_sub(before);
    let stack = painted_over();
    let verdict = if result.is_ok() { "valid" } else { "INVALID" };
    let _ = writeln!(Uart, "{name:26} {verdict} {spent:>9} instructions {stack:>5} octets of stack");
    if result.is_err() {
        exit(0x3333);
    }
}

fn instructions() -> u32 {
    let count;
    // SAFETY: reading a counter has no effect.
    unsafe { asm!("csrr {}, mcycle", out(reg) count) };
    count
}

const PAINT: u32 = 0x5afe_57ac;
/// Octets below the stack pointer that are left alone when painting.
const MARGIN: usize = 256;

unsafe extern "C" {
    static mut _stack_start: u32;
}

fn stack_pointer() -> usize {
    let pointer;
    // SAFETY: reading a register has no effect.
    unsafe { asm!("mv {}, sp", out(reg) pointer) };
    pointer
}

#[inline(never)]
fn paint_stack() {
    let end = stack_pointer() - MARGIN;
    let mut at = &raw mut _stack_start;
    while (at as usize) < end {
        // SAFETY: between the start of the stack and well below the stack pointer nothing lives.
        unsafe {
            at.write_volatile(PAINT);
            at = at.add(1);
        }
    }
}

/// Octets between the deepest one written since the painting and the caller's stack pointer.
#[inline(never)]
fn painted_over() -> usize {
    let mut at = &raw mut _stack_start;
    // SAFETY: the stack is memory, and its top is not painted.
    while unsafe { at.read_volatile() } == PAINT {
        at = unsafe { at.add(1) };
    }
    stack_pointer() - at as usize
}

struct Uart;

impl Write for Uart {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for octet in text.bytes() {
            // SAFETY: the transmit register of the board's ns16550.
            unsafe { (0x1000_0000 as *mut u8).write_volatile(octet) };
        }
        Ok(())
    }
}

/// Ends the emulator: 0x5555 is success, 0x3333 failure.
fn exit(code: u32) -> ! {
    loop {
        // SAFETY: the board's test device.
        unsafe { (0x10_0000 as *mut u32).write_volatile(code) };
    }
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    exit(0x3333)
}
