//! What the page is told while it is open: a bounded run of the latest events, from which every
//! browser reads at its own pace.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

/// Events that are kept for browsers that are behind, and the octets that they may take together.
const MAX_EVENTS: usize = 8192;
const MAX_OCTETS: usize = 8 * 1024 * 1024;

/// One server-sent event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Item {
    /// Counts from 1.
    pub(super) number: u64,
    /// The kind; none for the default one, a [`super::super::event::Line`].
    pub(super) kind: Option<&'static str>,
    pub(super) data: Arc<str>,
}

/// The latest events.
#[derive(Debug)]
pub(super) struct News {
    state: Mutex<State>,
    /// The number of the latest event.
    latest: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct State {
    items: VecDeque<Item>,
    octets: usize,
    latest: u64,
}

/// What somebody who has read up to some event gets.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    Item(Item),
    /// Events are gone that were not read: begin anew, and go on after this number.
    Missed(u64),
    /// There is nothing more yet.
    Wait,
}

impl Default for News {
    fn default() -> Self {
        Self { state: Mutex::default(), latest: watch::Sender::new(0) }
    }
}

impl News {
    pub(super) fn publish(&self, kind: Option<&'static str>, data: String) {
        let mut state = self.lock();
        state.latest += 1;
        let number = state.latest;
        state.octets += data.len();
        state.items.push_back(Item { number, kind, data: data.into() });
        // The last one stays, whatever its size.
        while state.items.len() > MAX_EVENTS || (state.octets > MAX_OCTETS && state.items.len() > 1) {
            let Some(oldest) = state.items.pop_front() else { break };
            state.octets -= oldest.data.len();
        }
        drop(state);
        self.latest.send_replace(number);
    }

    /// The event after the one of this number.
    pub(super) fn after(&self, number: u64) -> Next {
        let state = self.lock();
        if number == state.latest {
            return Next::Wait;
        }
        let first = state.items.front().map_or(0, |item| item.number);
        // A number from the future is of another run of this server.
        let at = (number + 1).checked_sub(first).filter(|_| number < state.latest);
        let item = at.and_then(|at| state.items.get(usize::try_from(at).ok()?));
        item.map_or(Next::Missed(state.latest), |item| Next::Item(item.clone()))
    }

    /// Changes whenever there is something new.
    pub(super) fn watch(&self) -> watch::Receiver<u64> {
        self.latest.subscribe()
    }

    /// The number of the latest event.
    pub(super) fn latest(&self) -> u64 {
        self.lock().latest
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing that can panic happens while it is locked.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::{MAX_EVENTS, MAX_OCTETS, News, Next};

    fn text(next: Next) -> String {
        match next {
            Next::Item(item) => item.data.to_string(),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn everybody_reads_at_their_own_pace() {
        let news = News::default();
        assert_eq!(news.after(0), Next::Wait);
        news.publish(None, "a".to_owned());
        news.publish(Some("stored"), "b".to_owned());
        assert_eq!(
            (text(news.after(0)), text(news.after(1)), news.after(2)),
            ("a".into(), "b".into(), Next::Wait)
        );
        assert_eq!(news.after(3), Next::Missed(2));
        assert_eq!(news.after(u64::MAX - 1), Next::Missed(2));
    }

    #[test]
    fn who_is_too_far_behind_is_told() {
        let news = News::default();
        for number in 1..=MAX_EVENTS + 2 {
            news.publish(None, number.to_string());
        }
        let latest = u64::try_from(MAX_EVENTS + 2).unwrap();
        assert_eq!(news.after(0), Next::Missed(latest));
        assert_eq!(news.after(1), Next::Missed(latest));
        assert_eq!(text(news.after(2)), "3");
        assert_eq!(news.lock().items.len(), MAX_EVENTS);
    }

    #[test]
    fn large_events_are_kept_for_less_long() {
        let news = News::default();
        for _ in 0..3 {
            news.publish(None, "x".repeat(MAX_OCTETS / 2));
        }
        assert_eq!(news.after(0), Next::Missed(3));
        news.publish(None, "x".repeat(2 * MAX_OCTETS));
        assert_eq!(news.lock().items.len(), 1);
        assert!(matches!(news.after(3), Next::Item(_)));
    }
}
