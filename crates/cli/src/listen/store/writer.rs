//! Writes what the hub hands out, in a thread of its own.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::thread::JoinHandle;

use tokio::sync::mpsc;

use super::super::capture::Attempt;
use super::super::hub::Update;
use super::super::secrets::Secrets;
use super::Store;
use crate::error::CommandError;

/// Updates that are looked at before what they bring is written.
const BATCH: usize = 256;

/// Keeps every attempt. `stored` is told the numbers of those that have ended, once they are on the
/// disk. While a transaction is written the next ones gather, and are written together: so the
/// slower the disk, the larger the transactions.
///
/// The thread ends with the hub, and gives the error that ended it before that.
pub(crate) fn keep(
    mut store: Store,
    mut updates: mpsc::Receiver<Update>,
    secrets: Secrets,
    stored: impl Fn(&[u64]) + Send + 'static,
    failed: impl FnOnce() + Send + 'static,
) -> JoinHandle<Result<(), CommandError>> {
    std::thread::spawn(move || {
        let mut batch = Vec::new();
        while updates.blocking_recv_many(&mut batch, BATCH) > 0 {
            let attempts = latest(batch.drain(..));
            if attempts.is_empty() {
                continue;
            }
            if let Err(error) = store.write(&attempts, secrets) {
                // Nothing is shown as stored that is not, and nothing goes on as if it were.
                failed();
                let path = store.path.display();
                return Err(CommandError::could_not_run(format!("`{path}` cannot be written: {error}"))
                    .hint("is the disk full? what was shown as stored is there"));
            }
            let ended = attempts.iter().filter(|attempt| attempt.complete).map(|attempt| attempt.number);
            stored(&ended.collect::<Vec<_>>());
        }
        Ok(())
    })
}

/// The attempts, each as it came last.
fn latest(updates: impl Iterator<Item = Update>) -> Vec<Arc<Attempt>> {
    let attempts = updates.filter_map(|update| match update {
        Update::Attempt(attempt) => Some((attempt.number, attempt)),
        Update::Line(_) => None,
    });
    attempts.collect::<BTreeMap<_, _>>().into_values().collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::{Arc, mpsc};

    use serde_json::json;

    use super::super::super::capture::Attempt;
    use super::super::super::hub::Update;
    use super::super::super::secrets::Secrets;
    use super::super::{Reader, Store};
    use super::{BATCH, keep};

    fn update(number: u64, complete: bool) -> Update {
        let attempt = json!({
            "number": number, "started_microseconds": 5, "peer": "192.0.2.1:4711", "local": "192.0.2.2:8443",
            "lines": [], "segments": [], "segments_omitted": 0, "key_log": [], "complete": complete,
        });
        Update::Attempt(Arc::new(serde_json::from_value(attempt).unwrap()))
    }

    fn kept(path: &Path, number: u64) -> Option<Attempt> {
        Reader::open(path).unwrap().attempt(number, Secrets::Shortened).unwrap().map(|(attempt, _)| attempt)
    }

    #[test]
    fn what_is_told_as_stored_can_be_read_by_others() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("attempts.db");
        let (updates, receiver) = tokio::sync::mpsc::channel(4 * BATCH);
        for number in 1..=300 {
            updates.blocking_send(update(number, false)).unwrap();
            if number != 7 {
                updates.blocking_send(update(number, true)).unwrap();
            }
        }
        drop(updates);
        let (told, stored) = mpsc::channel();
        let file = path.clone();
        let tell = move |numbers: &[u64]| {
            for number in numbers {
                assert!(kept(&file, *number).unwrap().complete, "{number}");
                told.send(*number).unwrap();
            }
        };
        let store = Store::open(&path).unwrap();
        keep(store, receiver, Secrets::Shortened, tell, || ()).join().unwrap().unwrap();
        let told: Vec<u64> = stored.iter().collect();
        assert_eq!(told, (1..=300).filter(|number| *number != 7).collect::<Vec<_>>());
        // As far as it had come.
        assert!(!kept(&path, 7).unwrap().complete);
        assert_eq!(Store::open(&path).unwrap().latest().unwrap(), 300);
    }

    #[test]
    fn an_attempt_that_is_too_long_is_stored_shortened() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("attempts.db");
        let mut store = Store::open(&path).unwrap();
        store.max_row = 4000;
        let octets = |count: usize| json!({"count": count, "text": "x".repeat(count), "omitted": 0});
        let response = |number: u64, head: usize, body: usize| {
            let line = json!({"attempt": number, "event": "response", "status": 200, "reason": "OK",
                "route": "echo", "octets": head + body, "head": octets(head), "body": octets(body)});
            let attempt = json!({
                "number": number, "started_microseconds": 5, "peer": "192.0.2.1:4711",
                "local": "192.0.2.2:8443", "lines": [line], "segments": [], "segments_omitted": 0,
                "key_log": [], "complete": true,
            });
            Update::Attempt(Arc::new(serde_json::from_value(attempt).unwrap()))
        };
        let (updates, receiver) = tokio::sync::mpsc::channel(4);
        for update in [response(1, 10, 10), response(2, 10, 5000), response(3, 5000, 10)] {
            updates.blocking_send(update).unwrap();
        }
        drop(updates);
        let (told, stored) = mpsc::channel();
        let tell = move |numbers: &[u64]| told.send(numbers.to_vec()).unwrap();
        keep(store, receiver, Secrets::Whole, tell, || panic!("the server goes on")).join().unwrap().unwrap();
        assert_eq!(stored.iter().flatten().collect::<Vec<_>>(), [1, 2, 3]);
        let reader = Reader::open(&path).unwrap();
        let events = |number| {
            let (attempt, _) = reader.attempt(number, Secrets::Whole).unwrap().unwrap();
            let attempt = serde_json::to_value(attempt).unwrap();
            let lines = attempt["lines"].as_array().unwrap().clone();
            lines.iter().map(|line| (line["event"].clone(), line["body"].clone())).collect::<Vec<_>>()
        };
        let notice = (json!("notice"), json!(null));
        assert_eq!(events(1), [(json!("response"), octets(10))]);
        let left_out = json!({"count": 5000, "text": "", "omitted": 5000});
        assert_eq!(events(2), [(json!("response"), left_out), notice.clone()]);
        assert_eq!(events(3), [notice]);
        let overviews = reader.overviews(9, 9, Secrets::Whole).unwrap();
        let codes: Vec<_> = overviews.iter().map(|overview| overview.codes.join(" ")).collect();
        assert_eq!(codes, ["not-stored-whole", "not-stored-whole", ""]);
    }

    #[test]
    fn a_file_that_cannot_be_written_ends_it_and_nothing_is_told_as_stored() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("attempts.db");
        let store = Store::open(&path).unwrap();
        rusqlite::Connection::open(&path).unwrap().execute_batch("DROP TABLE attempts").unwrap();
        let (updates, receiver) = tokio::sync::mpsc::channel(1);
        updates.blocking_send(update(1, true)).unwrap();
        let (told, failed) = mpsc::channel();
        let tell = |_: &[u64]| panic!("it is not stored");
        let keeper = keep(store, receiver, Secrets::Shortened, tell, move || told.send(()).unwrap());
        failed.recv().unwrap();
        let error = keeper.join().unwrap().unwrap_err();
        let sentence = format!("`{}` cannot be written: no such table: attempts", path.display());
        assert_eq!(error.to_string(), sentence);
    }
}
