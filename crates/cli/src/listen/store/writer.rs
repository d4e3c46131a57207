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
