//! The bench's board for programs in C: `../../c/board.h` says what each function does.

#![no_std]

use core::slice;

pub use bench_board::start;
use bench_board::{REQUEST, heap, machine, meter, parameters, random, tcp};

/// What [`tcp::Lost`] is in C.
const LOST: i32 = -1;

/// # Safety
/// `octets` points to `length` octets.
unsafe fn octets<'a>(octets: *const u8, length: usize) -> &'a [u8] {
    // SAFETY: the caller's promise.
    unsafe { slice::from_raw_parts(octets, length) }
}

#[unsafe(no_mangle)]
extern "C" fn board_connect() -> i32 {
    tcp::connect().map_or(LOST, |()| 0)
}

#[unsafe(no_mangle)]
unsafe extern "C" fn board_send(start: *const u8, length: usize) -> i32 {
    // SAFETY: the caller's promise.
    tcp::send(unsafe { octets(start, length) }).map_or(LOST, |()| length as i32)
}

#[unsafe(no_mangle)]
unsafe extern "C" fn board_receive(start: *mut u8, length: usize) -> i32 {
    // SAFETY: the caller's promise.
    tcp::receive(unsafe { slice::from_raw_parts_mut(start, length) }).map_or(LOST, |count| count as i32)
}

#[unsafe(no_mangle)]
extern "C" fn board_close() {
    tcp::close();
}

#[unsafe(no_mangle)]
unsafe extern "C" fn board_random(start: *mut u8, length: usize) {
    // SAFETY: the caller's promise.
    random::fill(unsafe { slice::from_raw_parts_mut(start, length) });
}

#[unsafe(no_mangle)]
extern "C" fn board_time() -> u32 {
    parameters::time()
}

#[unsafe(no_mangle)]
extern "C" fn board_posts() -> u32 {
    parameters::posts()
}

/// A piece of memory, as C sees it.
#[repr(C)]
pub struct Piece {
    start: *const u8,
    length: usize,
}

impl From<&'static [u8]> for Piece {
    fn from(octets: &'static [u8]) -> Self {
        Self { start: octets.as_ptr(), length: octets.len() }
    }
}

#[unsafe(no_mangle)]
extern "C" fn board_anchor() -> Piece {
    parameters::anchor().into()
}

#[unsafe(no_mangle)]
extern "C" fn board_anchor_subject() -> Piece {
    parameters::anchor_subject().into()
}

#[unsafe(no_mangle)]
extern "C" fn board_anchor_key() -> Piece {
    parameters::anchor_key().into()
}

#[unsafe(no_mangle)]
extern "C" fn board_request() -> Piece {
    REQUEST.into()
}

#[unsafe(no_mangle)]
extern "C" fn board_begin() {
    meter::begin();
}

#[unsafe(no_mangle)]
extern "C" fn board_handshake_done() {
    meter::handshake_done();
}

#[unsafe(no_mangle)]
extern "C" fn board_end() {
    meter::end();
}

#[unsafe(no_mangle)]
unsafe extern "C" fn board_report(resumed: i32, content: *const u8, length: usize) {
    // SAFETY: the caller's promise.
    meter::report(resumed != 0, unsafe { octets(content, length) });
}

#[unsafe(no_mangle)]
unsafe extern "C" fn board_fail(why: *const u8, length: usize, number: i32) -> ! {
    // SAFETY: the caller's promise.
    let why = unsafe { octets(why, length) };
    machine::fail_with(str::from_utf8(why).unwrap_or_default(), number.into())
}

#[unsafe(no_mangle)]
extern "C" fn malloc(size: usize) -> *mut u8 {
    heap::allocate(size)
}

#[unsafe(no_mangle)]
extern "C" fn calloc(count: usize, size: usize) -> *mut u8 {
    let length = count.saturating_mul(size);
    let block = heap::allocate(length);
    if !block.is_null() {
        // SAFETY: a block of at least this length.
        unsafe { block.write_bytes(0, length) };
    }
    block
}

#[unsafe(no_mangle)]
unsafe extern "C" fn realloc(block: *mut u8, size: usize) -> *mut u8 {
    // SAFETY: the caller's promise.
    unsafe { heap::reallocate(block, size) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn free(block: *mut u8) {
    // SAFETY: the caller's promise.
    unsafe { heap::free(block) }
}
