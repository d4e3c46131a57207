//! A heap for the programs that need one: TLSF, the allocator that ESP-IDF has too, with counters.
//!
//! What is counted is the octets that were asked for, without what the allocator needs itself.

use core::alloc::{GlobalAlloc, Layout};
use core::cell::Cell;
use core::ptr::{self, NonNull};
use core::slice;

use rlsf::Tlsf;

use crate::single::Single;

/// All blocks have this alignment, in octets. In front of each stands its size, in as many octets.
const ALIGN: usize = 8;

type Pool = Tlsf<'static, u16, u16, 16, 16>;

static POOL: Single<Option<Pool>> = Single::new(None);

struct Counters {
    /// Octets in use.
    used: Cell<usize>,
    /// The most that were in use since [`reset_peak`].
    peak: Cell<usize>,
    /// Allocations since [`reset_peak`], reallocations among them.
    allocations: Cell<usize>,
}

// SAFETY: one hart, no interrupts.
unsafe impl Sync for Counters {}

static COUNTERS: Counters = Counters { used: Cell::new(0), peak: Cell::new(0), allocations: Cell::new(0) };

unsafe extern "C" {
    static mut __heap_start: u8;
    static __heap_end: u8;
}

/// The most octets in use since [`reset_peak`].
pub fn peak() -> usize {
    COUNTERS.peak.get()
}

/// Octets in use.
pub fn used() -> usize {
    COUNTERS.used.get()
}

/// Allocations since [`reset_peak`].
pub fn allocations() -> usize {
    COUNTERS.allocations.get()
}

/// Starts counting anew; what is in use stays counted.
pub fn reset_peak() {
    COUNTERS.peak.set(COUNTERS.used.get());
    COUNTERS.allocations.set(0);
}

fn with_pool<R>(use_it: impl FnOnce(&mut Pool) -> R) -> R {
    let fill = || {
        let start = &raw mut __heap_start;
        let length = (&raw const __heap_end).addr() - start.addr();
        let mut pool = Pool::new();
        // SAFETY: memory of its own in the linker script.
        pool.insert_free_block(unsafe { slice::from_raw_parts_mut(start.cast(), length) });
        pool
    };
    POOL.with(|pool| use_it(pool.get_or_insert_with(fill)))
}

/// Enters a new block: what the program gets of it.
fn gained(block: NonNull<u8>, size: usize) -> *mut u8 {
    let used = COUNTERS.used.get() + size;
    COUNTERS.used.set(used);
    COUNTERS.peak.set(COUNTERS.peak.get().max(used));
    COUNTERS.allocations.set(COUNTERS.allocations.get() + 1);
    // SAFETY: a block of this size and `ALIGN` octets more.
    unsafe {
        block.cast::<usize>().write(size);
        block.add(ALIGN).as_ptr()
    }
}

/// What the program has of a block: the block, and its size as asked for.
///
/// # Safety
/// From [`gained`], and not freed yet.
unsafe fn block_of(start: *mut u8) -> Option<(NonNull<u8>, usize)> {
    // SAFETY: the caller's promise.
    unsafe {
        let block = NonNull::new(start)?.sub(ALIGN);
        Some((block, block.cast::<usize>().read()))
    }
}

fn layout(size: usize) -> Option<Layout> {
    Layout::from_size_align(size.checked_add(ALIGN)?, ALIGN).ok()
}

/// As malloc of C: null where there is no room.
pub fn allocate(size: usize) -> *mut u8 {
    let block = layout(size).and_then(|layout| with_pool(|pool| pool.allocate(layout)));
    block.map_or(ptr::null_mut(), |block| gained(block, size))
}

/// As free of C.
///
/// # Safety
/// `start` is null, or from [`allocate`] or [`reallocate`] and not used any more.
pub unsafe fn free(start: *mut u8) {
    // SAFETY: the caller's promise.
    if let Some((block, size)) = unsafe { block_of(start) } {
        COUNTERS.used.set(COUNTERS.used.get() - size);
        // SAFETY: the caller's promise.
        with_pool(|pool| unsafe { pool.deallocate(block, ALIGN) });
    }
}

/// As realloc of C.
///
/// # Safety
/// As for [`free`]; where the result is not null, `start` is gone.
pub unsafe fn reallocate(start: *mut u8, size: usize) -> *mut u8 {
    // SAFETY: the caller's promise.
    let Some((old, old_size)) = (unsafe { block_of(start) }) else { return allocate(size) };
    // SAFETY: the caller's promise.
    let moved = layout(size).and_then(|layout| with_pool(|pool| unsafe { pool.reallocate(old, layout) }));
    moved.map_or(ptr::null_mut(), |block| {
        COUNTERS.used.set(COUNTERS.used.get() - old_size);
        gained(block, size)
    })
}

/// The heap as Rust's.
#[derive(Debug)]
pub struct Heap;

// SAFETY: blocks are aligned to 8 octets; whoever wants more gets none.
unsafe impl GlobalAlloc for Heap {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if layout.align() > ALIGN { ptr::null_mut() } else { allocate(layout.size()) }
    }

    unsafe fn dealloc(&self, block: *mut u8, _: Layout) {
        // SAFETY: the caller's promise.
        unsafe { free(block) }
    }

    unsafe fn realloc(&self, block: *mut u8, _: Layout, size: usize) -> *mut u8 {
        // SAFETY: the caller's promise.
        unsafe { reallocate(block, size) }
    }
}
