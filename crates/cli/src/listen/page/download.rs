//! Everything that is kept, as a file for other tools.

use std::io;
use std::sync::{Arc, PoisonError};

use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use clap::ValueEnum as _;
use futures_util::stream::unfold;
use serde::Serialize;
use tokio::sync::mpsc;

use super::super::capture::Attempt;
use super::super::export::{Export, Kind};
use super::super::secrets::Secrets;
use super::Page;

/// Parts of a file that wait for a slow reader.
const QUEUE: usize = 16;

/// Something that the page can be asked for as a file.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Download {
    name: &'static str,
    path: String,
}

/// All of them.
pub(super) fn all() -> Vec<Download> {
    let named = [(Kind::Har, "HAR"), (Kind::Ndjson, "NDJSON"), (Kind::Pcapng, "pcapng")];
    named.map(|(kind, name)| Download { name, path: format!("/export/{}", kind.extension()) }).into()
}

/// One of them, attempt by attempt: a store may hold more than memory does.
pub(super) async fn export(State(page): State<Arc<Page>>, Path(wanted): Path<String>) -> Response {
    let Some(kind) = Kind::value_variants().iter().copied().find(|kind| kind.extension() == wanted) else {
        return (StatusCode::NOT_FOUND, "there is no such export\n").into_response();
    };
    let (sender, receiver) = mpsc::channel::<io::Result<Bytes>>(QUEUE);
    tokio::task::spawn_blocking(move || {
        if let Err(error) = write(&page, kind, &sender) {
            // The reader sees a file that was cut off, not a whole one.
            let _ = sender.blocking_send(Err(error));
        }
    });
    let parts = unfold(receiver, |mut receiver| async move { Some((receiver.recv().await?, receiver)) });
    let name = format!("attachment; filename=\"picopost-listen.{}\"", kind.extension());
    let fields = [(header::CONTENT_TYPE, kind.media_type().to_owned()), (header::CONTENT_DISPOSITION, name)];
    (fields, Body::from_stream(parts)).into_response()
}

fn write(page: &Page, kind: Kind, sender: &mpsc::Sender<io::Result<Bytes>>) -> io::Result<()> {
    let send = |part: Vec<u8>| {
        let gone = |_closed| io::Error::from(io::ErrorKind::BrokenPipe);
        if part.is_empty() { Ok(()) } else { sender.blocking_send(Ok(part.into())).map_err(gone) }
    };
    // Secrets are shortened before it gets the attempts. A capture says itself whether keys are in it.
    let secrets = if kind == Kind::Pcapng { page.secrets } else { Secrets::Whole };
    let mut export = Export::new(kind, secrets);
    send(export.head())?;
    let mut take = |attempt: &Attempt| if attempt.complete { send(export.attempt(attempt)) } else { Ok(()) };
    match &page.store {
        Some(store) => {
            // Of its own, so that the page does not wait for a slow download.
            let store = store.lock().unwrap_or_else(PoisonError::into_inner).again();
            store.map_err(io::Error::other)?.for_each(page.secrets, take).map_err(io::Error::other)??;
        }
        None => {
            for attempt in page.hub.attempts() {
                take(&page.secrets.attempt(&attempt))?;
            }
        }
    }
    send(export.tail().to_vec())
}
