//! Counts the instructions of one future: of its polls alone, so neither of waiting for the
//! network nor of the network stack.

use core::cell::Cell;
use core::future::{Future, poll_fn};
use core::pin::pin;

/// Instructions that the measured future has executed.
#[derive(Debug)]
pub struct Meter {
    counter: fn() -> u64,
    spent: Cell<u64>,
    longest: Cell<u64>,
    /// The counter when the current poll began; `None` outside of polls.
    entered: Cell<Option<u64>>,
}

impl Meter {
    /// A meter at zero. `counter` gives the instructions executed since some fixed moment; a board
    /// that cannot count them gives its cycles.
    pub const fn new(counter: fn() -> u64) -> Self {
        Self { counter, spent: Cell::new(0), longest: Cell::new(0), entered: Cell::new(None) }
    }

    /// Runs `future` to its end, counting.
    pub async fn measure<F: Future>(&self, future: F) -> F::Output {
        let mut future = pin!(future);
        poll_fn(|context| {
            self.entered.set(Some((self.counter)()));
            let poll = future.as_mut().poll(context);
            let before = self.spent.replace(self.spent());
            self.longest.set(self.longest.get().max(self.spent.get().wrapping_sub(before)));
            self.entered.set(None);
            poll
        })
        .await
    }

    /// The longest poll so far: for so long nothing else ran.
    pub fn longest(&self) -> u64 {
        self.longest.get()
    }

    /// What was counted so far; the measured future itself may ask too.
    pub fn spent(&self) -> u64 {
        let current = self.entered.get().map_or(0, |entered| (self.counter)().wrapping_sub(entered));
        self.spent.get().wrapping_add(current)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::sync::atomic::{AtomicU64, Ordering};
    use core::task::{Context, Poll, Waker};

    static COUNTER: AtomicU64 = AtomicU64::new(1_000);

    fn execute(instructions: u64) {
        COUNTER.fetch_add(instructions, Ordering::Relaxed);
    }

    #[test]
    fn only_polls_count() {
        let meter = Meter::new(|| COUNTER.load(Ordering::Relaxed));
        let mut polls = 0;
        let work = poll_fn(|_| {
            polls += 1;
            execute(if polls == 2 { 9 } else { 5 });
            assert_eq!(meter.spent(), [0, 5, 14, 19][polls], "asked from inside");
            if polls < 3 { Poll::Pending } else { Poll::Ready(()) }
        });
        let mut measured = pin!(meter.measure(work));
        let context = &mut Context::from_waker(Waker::noop());
        while measured.as_mut().poll(context).is_pending() {
            execute(70);
        }
        assert_eq!((meter.spent(), meter.longest()), (19, 9));
    }
}
