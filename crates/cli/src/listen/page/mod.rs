//! The live page: what comes in, as a browser shows it. On this machine only, unless asked
//! otherwise.
//!
//! `GET /` and its files; `/api/server`, `/api/attempts`, `/api/attempts/N` as JSON; `/events` as
//! server-sent events. Everything that leaves here has its secrets as `--show-secrets` says.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::time::{SystemTime, UNIX_EPOCH};

use serde::Serialize;
use tokio::net::TcpListener;
use tokio::sync::broadcast::error::RecvError;

use super::capture::Attempt;
use super::event::Line;
use super::hub::{Hub, Update};
use super::overview::Overview;
use super::secrets::Secrets;
use super::store;
use crate::error::{CommandError, io_reason};
use news::News;

mod api;
mod assets;
mod download;
mod guard;
mod news;
mod routes;

/// Where the page is, unless asked for elsewhere or in use.
const DEFAULT: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 8480);

/// Overviews that are kept in memory; older ones are in the store, if there is one.
const MAX_OVERVIEWS: usize = 20_000;

/// The page's options.
#[derive(Debug, clap::Args)]
pub(crate) struct PageArgs {
    /// Where the live page is [default: 127.0.0.1:8480, or any free port of 127.0.0.1].
    #[arg(long, value_name = "ADDRESS:PORT", num_args = 0..=1, conflicts_with = "no_page")]
    page: Option<Option<SocketAddr>>,
    /// Have no live page.
    #[arg(long)]
    no_page: bool,
}

/// A port for the page that is taken already.
#[derive(Debug)]
pub(super) struct Bound {
    listener: TcpListener,
    address: SocketAddr,
}

impl PageArgs {
    /// Takes the page's port: the one that was asked for, else the usual one, else any free one.
    ///
    /// # Errors
    /// The port that was asked for cannot be had.
    pub(super) async fn bind(&self) -> Result<Option<Bound>, CommandError> {
        if self.no_page {
            return Ok(None);
        }
        let asked = self.page.flatten();
        let wanted = asked.unwrap_or(DEFAULT);
        let bound = match TcpListener::bind(wanted).await {
            Err(error) if asked.is_none() && error.kind() == ErrorKind::AddrInUse => {
                TcpListener::bind((DEFAULT.ip(), 0)).await
            }
            bound => bound,
        };
        let bound = bound.and_then(|listener| Ok(Bound { address: listener.local_addr()?, listener }));
        bound.map(Some).map_err(|error| {
            CommandError::could_not_run(format!("the page cannot be at `{wanted}`: {}", io_reason(&error)))
                .hint("choose another address with `--page ADDRESS:PORT`, or none with `--no-page`")
        })
    }
}

impl Bound {
    /// What to type into a browser on this machine.
    pub(super) fn url(&self) -> String {
        let ip = self.address.ip();
        let port = self.address.port();
        if ip.is_unspecified() {
            format!("http://localhost:{port}/")
        } else {
            format!("http://{}/", self.address)
        }
    }

    /// Serves the page of this hub from now on; says so where others than this machine can see it.
    pub(super) fn start(
        self,
        hub: Arc<Hub>,
        store: Option<store::Reader>,
        secrets: Secrets,
        about: About,
        shown: &ShownOn,
    ) {
        if !self.address.ip().is_loopback() {
            anstream::eprintln!(
                "\x1b[1;33mwarning:\x1b[0m the page is at {}: whoever reaches it sees every request",
                self.url()
            );
        }
        let page = Arc::new(Page::new(hub, store, secrets, about));
        // There is one page for each run.
        let _ = shown.set(Arc::downgrade(&page));
        tokio::spawn(self.serve(page));
    }

    /// Serves the page until the runtime ends.
    async fn serve(self, page: Arc<Page>) {
        let Self { listener, address } = self;
        let follower = Arc::clone(&page);
        let follow = async move { follower.follow().await };
        let serve = async move {
            // It only ends with an error of the listener, and then the page is gone; devices are not.
            let _ = axum::serve(listener, routes::router(page, address)).await;
        };
        tokio::join!(follow, serve);
    }
}

/// The page, once there is one. It holds the hub, and so must not be held by who ends with the hub.
pub(super) type ShownOn = Arc<OnceLock<Weak<Page>>>;

/// What the page is about.
#[derive(Clone, Debug, Serialize)]
pub(super) struct About {
    /// What a device POSTs to.
    pub(super) url: String,
    /// Where the anchors are, in PEM.
    pub(super) anchors: String,
    pub(super) show_secrets: bool,
}

/// What the page shows.
#[derive(Debug)]
pub(super) struct Page {
    hub: Arc<Hub>,
    store: Option<Mutex<store::Reader>>,
    secrets: Secrets,
    about: About,
    entries: Mutex<BTreeMap<u64, Entry>>,
    news: News,
    /// Tells one run of this server from another, where a browser goes on after a restart.
    run: u128,
}

#[derive(Clone, Debug, Default)]
struct Entry {
    /// None where the store was faster than the page.
    overview: Option<Overview>,
    stored: bool,
}

/// An overview, and whether its attempt is on the disk.
#[derive(Clone, Debug, Serialize)]
struct Shown {
    #[serde(flatten)]
    overview: Overview,
    stored: bool,
}

impl Page {
    fn new(hub: Arc<Hub>, store: Option<store::Reader>, secrets: Secrets, about: About) -> Self {
        Self {
            hub,
            store: store.map(Mutex::new),
            secrets,
            about,
            entries: Mutex::default(),
            news: News::default(),
            run: SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_micros(),
        }
    }

    /// Tells browsers what the hub hands out, until the hub is gone.
    async fn follow(&self) {
        loop {
            let mut follower = self.hub.follow();
            for attempt in &follower.attempts {
                self.attempt(attempt);
            }
            loop {
                match follower.updates.recv().await {
                    Ok(Update::Line(line)) => self.line(&line),
                    Ok(Update::Attempt(attempt)) => self.attempt(&attempt),
                    Err(RecvError::Closed) => return,
                    Err(RecvError::Lagged(_)) => {
                        self.publish(Some(api::BEGIN), &serde_json::json!({}));
                        break;
                    }
                }
            }
        }
    }

    /// These have ended, and are on the disk.
    pub(super) fn stored(&self, numbers: &[u64]) {
        if numbers.is_empty() {
            return;
        }
        let mut entries = self.entries();
        for number in numbers {
            entries.entry(*number).or_default().stored = true;
        }
        drop(entries);
        self.publish(Some(api::STORED), &numbers);
    }

    fn line(&self, line: &Line) {
        self.publish(None, &*self.secrets.line(line));
        // One that the hub no longer has will come as a whole.
        if let Some(attempt) = line.attempt.and_then(|number| self.hub.attempt(number)) {
            self.attempt(&attempt);
        }
    }

    /// Shows an attempt as it is now.
    fn attempt(&self, attempt: &Attempt) {
        let overview = Overview::of(attempt, self.secrets);
        let mut entries = self.entries();
        let entry = entries.entry(attempt.number).or_default();
        if entry.overview.as_ref().is_some_and(|known| known.lines > overview.lines || *known == overview) {
            return;
        }
        entry.overview = Some(overview.clone());
        let stored = entry.stored;
        while entries.len() > MAX_OVERVIEWS {
            entries.pop_first();
        }
        drop(entries);
        self.publish(Some(api::OVERVIEW), &Shown { overview, stored });
    }

    fn publish<T: Serialize>(&self, kind: Option<&'static str>, value: &T) {
        // These values have string keys and no floats, so this does not fail.
        self.news.publish(kind, serde_json::to_string(value).unwrap_or_default());
    }

    fn entries(&self) -> MutexGuard<'_, BTreeMap<u64, Entry>> {
        // Each change is whole, also when another thread has panicked.
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
