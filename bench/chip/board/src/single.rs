//! A static that one hart without interrupts uses.

use core::cell::UnsafeCell;

/// A value behind no lock. It is a constant at first, so that it is never built on the stack, whose
/// peak is measured.
pub(crate) struct Single<T>(UnsafeCell<T>);

// SAFETY: there is one hart, and no interrupt is ever taken.
unsafe impl<T> Sync for Single<T> {}

impl<T> Single<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self(UnsafeCell::new(value))
    }

    /// Lends the value. `use_it` must not come back here.
    pub(crate) fn with<R>(&self, use_it: impl FnOnce(&mut T) -> R) -> R {
        // SAFETY: see above; no module's functions call themselves through `use_it`.
        use_it(unsafe { &mut *self.0.get() })
    }
}
