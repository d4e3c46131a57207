//! What the page asks for: attempts as JSON, and news as server-sent events.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::{Arc, PoisonError};

use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::sse::{self, KeepAlive, Sse};
use axum::response::{IntoResponse as _, Response};
use futures_util::Stream;
use futures_util::stream::unfold;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use super::super::capture::Attempt;
use super::super::overview::Overview;
use super::download::{self, Download};
use super::news::{Item, Next};
use super::{About, Page, Shown};

/// Server-sent events beside the default one, which is a [`super::super::event::Line`].
/// All is to be asked for anew: this is the first event, or some were missed.
pub(super) const BEGIN: &str = "begin";
/// An attempt as the list shows it, now.
pub(super) const OVERVIEW: &str = "overview";
/// Numbers of attempts that are on the disk now.
pub(super) const STORED: &str = "stored";

/// The most attempts in one answer.
const MAX_LIMIT: usize = 1000;

#[derive(Debug, Deserialize)]
pub(super) struct Range {
    /// Only attempts with smaller numbers.
    before: Option<u64>,
    limit: Option<usize>,
}

#[derive(Debug, Serialize)]
struct Attempts {
    /// The latest first.
    attempts: Vec<Shown>,
    /// Whether there are more, before the last of these.
    older: bool,
}

#[derive(Debug, Serialize)]
struct Server<'a> {
    #[serde(flatten)]
    about: &'a About,
    exports: Vec<Download>,
}

#[derive(Debug, Serialize)]
struct Detail {
    attempt: Attempt,
    overview: Shown,
}

pub(super) async fn server(State(page): State<Arc<Page>>) -> Response {
    json(&Server { about: &page.about, exports: download::all() })
}

pub(super) async fn attempts(State(page): State<Arc<Page>>, Query(range): Query<Range>) -> Response {
    let limit = range.limit.unwrap_or(MAX_LIMIT).clamp(1, MAX_LIMIT);
    let before = range.before.unwrap_or(u64::MAX);
    // Reading the store waits for the disk.
    in_thread(move || match page.latest(before, limit + 1) {
        Ok(mut attempts) => {
            let older = attempts.len() > limit;
            attempts.truncate(limit);
            json(&Attempts { attempts, older })
        }
        Err(error) => unreadable(&error),
    })
    .await
}

pub(super) async fn attempt(State(page): State<Arc<Page>>, Path(number): Path<u64>) -> Response {
    in_thread(move || match page.one(number) {
        Ok(Some(detail)) => json(&detail),
        Ok(None) => (StatusCode::NOT_FOUND, "this attempt is not kept\n").into_response(),
        Err(error) => unreadable(&error),
    })
    .await
}

impl Page {
    /// The latest attempts before this number, from memory and from the store: memory has what is not
    /// yet written, the store what memory dropped before the page saw it.
    fn latest(&self, before: u64, limit: usize) -> Result<Vec<Shown>, rusqlite::Error> {
        // The store first: what it gets while it is read is in memory by then.
        let mut found = BTreeMap::new();
        if let Some(store) = &self.store {
            let reader = store.lock().unwrap_or_else(PoisonError::into_inner);
            let stored = reader.overviews(before, limit, self.secrets)?;
            let shown = |overview: Overview| (overview.number, Shown { overview, stored: true });
            found.extend(stored.into_iter().map(shown));
        }
        let entries = self.entries();
        let kept = entries.range(..before).rev().filter_map(|(number, entry)| {
            let overview = entry.overview.clone()?;
            Some((*number, Shown { overview, stored: entry.stored }))
        });
        found.extend(kept.take(limit));
        Ok(found.into_values().rev().take(limit).collect())
    }

    /// An attempt as it may be shown: from memory, or from the store.
    fn one(&self, number: u64) -> Result<Option<Detail>, rusqlite::Error> {
        if let Some(attempt) = self.hub.attempt(number) {
            let stored = self.entries().get(&number).is_some_and(|entry| entry.stored);
            let overview = Shown { overview: Overview::of(&attempt, self.secrets), stored };
            return Ok(Some(Detail { attempt: self.secrets.attempt(&attempt).into_owned(), overview }));
        }
        let Some(store) = &self.store else { return Ok(None) };
        let found = store.lock().unwrap_or_else(PoisonError::into_inner).attempt(number, self.secrets)?;
        Ok(found.map(|(attempt, overview)| Detail { attempt, overview: Shown { overview, stored: true } }))
    }
}

/// News without end. A browser that was here before goes on where it was, if that is still kept.
pub(super) async fn events(
    State(page): State<Arc<Page>>,
    headers: HeaderMap,
) -> Sse<impl Stream<Item = Result<sse::Event, Infallible>>> {
    let read = headers.get("last-event-id").and_then(|id| id.to_str().ok()).and_then(|id| page.read_to(id));
    let reader = Reader { watch: page.news.watch(), read, page };
    let news = unfold(reader, |mut reader| async move { Some((Ok(reader.next().await?), reader)) });
    Sse::new(news).keep_alive(KeepAlive::default())
}

impl Page {
    /// The number in an event's id, if it is of this run.
    fn read_to(&self, id: &str) -> Option<u64> {
        let (run, number) = id.split_once('-')?;
        (run == self.run.to_string()).then(|| number.parse().ok())?
    }
}

/// A browser that reads the news.
struct Reader {
    page: Arc<Page>,
    watch: watch::Receiver<u64>,
    /// The number of the last event that it has; none before it has begun.
    read: Option<u64>,
}

impl Reader {
    /// The next event; none when there will be no more.
    async fn next(&mut self) -> Option<sse::Event> {
        loop {
            // Whatever is published from here on ends the wait below.
            self.watch.borrow_and_update();
            let Some(read) = self.read else { return Some(self.begin(self.page.news.latest())) };
            match self.page.news.after(read) {
                Next::Item(Item { number, kind, data }) => {
                    self.read = Some(number);
                    let event = sse::Event::default().id(self.id(number));
                    let event = match kind {
                        Some(kind) => event.event(kind),
                        None => event,
                    };
                    return Some(event.data(&*data));
                }
                Next::Missed(latest) => return Some(self.begin(latest)),
                Next::Wait => self.watch.changed().await.ok()?,
            }
        }
    }

    /// All is to be asked for anew; what happens after `latest` will come.
    fn begin(&mut self, latest: u64) -> sse::Event {
        self.read = Some(latest);
        sse::Event::default().id(self.id(latest)).event(BEGIN).data("{}")
    }

    fn id(&self, number: u64) -> String {
        format!("{}-{number}", self.page.run)
    }
}

async fn in_thread(work: impl FnOnce() -> Response + Send + 'static) -> Response {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|_stopped| {
        (StatusCode::SERVICE_UNAVAILABLE, "the server is ending\n").into_response()
    })
}

fn json<T: Serialize>(value: &T) -> Response {
    // These values have string keys and no floats, so this does not fail.
    let body = serde_json::to_string(value).unwrap_or_default();
    ([(header::CONTENT_TYPE, "application/json")], body).into_response()
}

fn unreadable(error: &rusqlite::Error) -> Response {
    (StatusCode::INTERNAL_SERVER_ERROR, format!("the store cannot be read: {error}\n")).into_response()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::super::capture::{Attempt, Tape};
    use super::super::super::hub::{Hub, Update};
    use super::super::super::secrets::Secrets;
    use super::super::super::store::{self, Store};
    use super::super::{About, Page};

    fn attempt(number: u64) -> Arc<Attempt> {
        let address = "192.0.2.1:4711".parse().unwrap();
        Arc::new(Tape::new(number, address, address).end())
    }

    /// The page saw 2 and 4; 3 was dropped from memory before that, and 4 is not yet written.
    #[test]
    fn the_list_has_what_only_the_store_has_and_what_only_memory_has() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("attempts.db");
        let (updates, receiver) = tokio::sync::mpsc::channel(4);
        for number in 1..=3 {
            updates.blocking_send(Update::Attempt(attempt(number))).unwrap();
        }
        drop(updates);
        let store = Store::open(&path).unwrap();
        store::keep(store, receiver, Secrets::Whole, |_: &[u64]| (), || ()).join().unwrap().unwrap();
        let (hub, []) = Hub::new(0);
        let about = About { url: String::new(), anchors: String::new(), show_secrets: true };
        let reader = store::Reader::open(&path).unwrap();
        let page = Page::new(Arc::new(hub), Some(reader), Secrets::Whole, about);
        page.attempt(&attempt(2));
        page.attempt(&attempt(4));
        let numbers = |before, limit| {
            let shown = page.latest(before, limit).unwrap();
            shown.iter().map(|shown| (shown.overview.number, shown.stored)).collect::<Vec<_>>()
        };
        assert_eq!(numbers(u64::MAX, 9), [(4, false), (3, true), (2, false), (1, true)]);
        assert_eq!(numbers(u64::MAX, 2), [(4, false), (3, true)]);
        assert_eq!(numbers(3, 9), [(2, false), (1, true)]);
    }
}
