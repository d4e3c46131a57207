//! Runs the application and the network stack until the application is done.
//!
//! There are no interrupts: whoever waits for a device or a time is polled again after a
//! millisecond, and at once when the other one woke it. Real boards bring an executor of their own.

use core::future::Future;
use core::pin::Pin;
use core::sync::atomic::{AtomicBool, Ordering};
use core::task::{Context, Poll, RawWaker, RawWakerVTable, Waker};

use crate::machine;

/// Whether a future was woken since it was polled last.
struct Flag(AtomicBool);

static BACKGROUND: Flag = Flag(AtomicBool::new(true));
static APPLICATION: Flag = Flag(AtomicBool::new(true));

/// Polls both futures until `application` is done; `background` runs beside it. They come pinned:
/// given by value, each would be on the stack twice, here and where it was made.
pub fn run<T>(
    mut background: Pin<&mut impl Future<Output = ()>>,
    mut application: Pin<&mut impl Future<Output = T>>,
) -> T {
    let (background_waker, application_waker) = (BACKGROUND.waker(), APPLICATION.waker());
    loop {
        if APPLICATION.take()
            && let Poll::Ready(output) =
                application.as_mut().poll(&mut Context::from_waker(&application_waker))
        {
            return output;
        }
        if BACKGROUND.take() {
            let _ = background.as_mut().poll(&mut Context::from_waker(&background_waker));
        }
        if !APPLICATION.is_set() && !BACKGROUND.is_set() {
            machine::wait_a_millisecond();
            APPLICATION.set();
            BACKGROUND.set();
        }
    }
}

// One hart and no interrupts: nothing runs between the load and the store of `take`, which are
// two because a chip without atomic instructions has no more.
impl Flag {
    fn set(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    fn take(&self) -> bool {
        let is_set = self.is_set();
        self.0.store(false, Ordering::Relaxed);
        is_set
    }

    fn waker(&'static self) -> Waker {
        // SAFETY: the table's functions take the pointer for what it is, a `&'static Flag`, which
        // any thread may use.
        unsafe { Waker::from_raw(self.raw_waker()) }
    }

    const fn raw_waker(&'static self) -> RawWaker {
        RawWaker::new((&raw const *self).cast(), &VTABLE)
    }
}

const VTABLE: RawWakerVTable = RawWakerVTable::new(|data| flag(data).raw_waker(), wake, wake, |_| {});

fn wake(data: *const ()) {
    flag(data).set();
}

fn flag(data: *const ()) -> &'static Flag {
    // SAFETY: the table is used with pointers from `raw_waker` alone.
    unsafe { &*data.cast() }
}
