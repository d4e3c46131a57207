//! What a program is told from outside its image.
//!
//! The block that the emulator puts into memory, numbers little-endian: magic (32 bits), the
//! server's port, the time in Unix seconds, how many POSTs to make, then three pieces, each behind
//! its length in octets (32 bits): the trust anchor's certificate in DER, its subject (DER, the
//! contents of the Name and its header), its public key. The last two are for programs that take
//! an anchor already taken apart.

use core::slice;

use crate::machine;

const MAGIC: u32 = 0x6863_6e62;
/// Of everything before the pieces, in octets.
const HEADER: usize = 16;

unsafe extern "C" {
    static __parameters_start: u8;
    static __parameters_end: u8;
}

/// The server's port on the host's loopback.
pub fn port() -> u16 {
    number(4) as u16
}

/// The time, in Unix seconds.
pub fn time() -> u32 {
    number(8)
}

/// How many POSTs to make.
pub fn posts() -> u32 {
    number(12)
}

/// The trust anchor's certificate, DER.
pub fn anchor() -> &'static [u8] {
    piece(0)
}

/// The trust anchor's subject, DER.
pub fn anchor_subject() -> &'static [u8] {
    piece(1)
}

/// The trust anchor's public key: an uncompressed point (P-384), or modulus and exponent of RSA
/// as in its `RSAPublicKey`, DER.
pub fn anchor_key() -> &'static [u8] {
    piece(2)
}

fn memory() -> &'static [u8] {
    let start = &raw const __parameters_start;
    let length = (&raw const __parameters_end).addr() - start.addr();
    // SAFETY: memory of its own in the linker script, in which nothing ever writes after reset.
    unsafe { slice::from_raw_parts(start, length) }
}

fn number(at: usize) -> u32 {
    let memory = memory();
    if word(memory, 0) != MAGIC {
        machine::fail("there are no parameters in memory");
    }
    word(memory, at)
}

fn word(memory: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([memory[at], memory[at + 1], memory[at + 2], memory[at + 3]])
}

fn piece(index: usize) -> &'static [u8] {
    let memory = memory();
    let mut at = HEADER;
    for _ in 0..index {
        at += 4 + word(memory, at) as usize;
    }
    &memory[at + 4..][..word(memory, at) as usize]
}
