//! Runs the application and the network stack until the application is done.
//!
//! There are no interrupts: whoever waits for a device is polled again after a millisecond, and
//! at once when another future woke it. Real boards bring an executor of their own.

use core::future::Future;
use core::pin::pin;
use core::ptr;
use core::sync::atomic::{AtomicBool, Ordering};
use core::task::{Context, Poll, RawWaker, RawWakerVTable, Waker};

use crate::machine;

/// Whether anything was woken since the last round.
static WOKEN: AtomicBool = AtomicBool::new(false);

const WAKER: RawWaker = RawWaker::new(ptr::null(), &VTABLE);
const VTABLE: RawWakerVTable = RawWakerVTable::new(|_| WAKER, wake, wake, |_| {});

fn wake(_: *const ()) {
    WOKEN.store(true, Ordering::Relaxed);
}

/// Polls both futures in turn until `application` is done; `background` runs beside it.
pub(crate) fn run<T>(background: impl Future<Output = ()>, application: impl Future<Output = T>) -> T {
    // SAFETY: the table's functions use no data, so any pointer does, from any thread.
    let waker = unsafe { Waker::from_raw(WAKER) };
    let context = &mut Context::from_waker(&waker);
    let (mut background, mut application) = (pin!(background), pin!(application));
    loop {
        WOKEN.store(false, Ordering::Relaxed);
        if let Poll::Ready(output) = application.as_mut().poll(context) {
            return output;
        }
        let _ = background.as_mut().poll(context);
        if !WOKEN.load(Ordering::Relaxed) {
            machine::wait_a_millisecond();
        }
    }
}
