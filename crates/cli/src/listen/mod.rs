//! `picopost listen`: a test server that shows each attempt layer by layer: TCP, the ClientHello
//! even when the handshake then fails, the alert, the request octet by octet, and what is wrong
//! with it. It answers like a real service.

use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU64;
use std::path::PathBuf;
use std::sync::{Arc, Weak};
use std::time::Duration;

use time::OffsetDateTime;
use tokio::net::TcpListener;
use tokio::sync::{Notify, Semaphore};
use tokio::task::JoinSet;

use crate::ca::{self, Authority, CertificateFault, Origin, ServerIdentity, Shape, SubjectName};
use crate::error::{CommandError, io_reason};
use attempt::Service;
use event::{Anchors, Event, Listening, Notice, Tcp};
use files::{FileArgs, Files};
use hub::Hub;
use log::Format;
use oauth::Client;
use page::{Bound, PageArgs, ShownOn};
use proxy::Proxy;
use respond::Script;
use secrets::Secrets;
use sessions::Sessions;
use startup::StartupArgs;
use store::Store;

mod answer;
mod attempt;
mod capture;
mod content_check;
mod event;
mod exchange;
mod export;
mod files;
mod framing_check;
mod head_check;
mod hello;
mod hello_check;
mod hints;
mod http;
mod hub;
mod ja4;
mod json;
mod limits;
mod log;
mod names;
mod network;
mod oauth;
mod octets;
mod overview;
mod page;
mod parameters;
mod proxy;
mod reading;
mod render;
mod request_check;
mod respond;
mod secrets;
mod session;
mod sessions;
mod snippet;
mod startup;
mod store;
mod token_check;
mod upstream;
mod wire;

/// Accept a device's POST and show what arrives, layer by layer.
///
/// Serves TLS 1.3 and 1.2 with a CA of its own, which is made once and kept, so that the anchors
/// built into a firmware stay valid. `POST /oauth/token` is answered like an OAuth 2.0 token
/// endpoint, anything else is echoed.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The TCP port; 0 takes a free one.
    #[arg(long, default_value_t = 8443)]
    port: u16,
    /// The address to listen on; 0.0.0.0 for devices on the network.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1")]
    bind: IpAddr,
    /// The folder that keeps the CA [default: in the user's data directory].
    #[arg(long, value_name = "DIR")]
    ca: Option<PathBuf>,
    /// The shape of the certificate chain.
    #[arg(long, value_enum, default_value = "gts")]
    chain: Shape,
    /// One more name or address for the certificate.
    #[arg(long = "name", value_name = "NAME")]
    names: Vec<SubjectName>,
    /// Print one JSON object a line instead of text.
    #[arg(long)]
    json: bool,
    /// End after the first attempt.
    #[arg(long, conflicts_with = "attempts")]
    once: bool,
    /// End after so many attempts.
    #[arg(long, value_name = "N")]
    attempts: Option<NonZeroU64>,
    /// Seconds that each stage of an attempt may take.
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = clap::value_parser!(u64).range(1..=3600))]
    timeout: u64,
    /// Give tokens to this client only [default: to every client].
    #[arg(long, value_name = "ID:SECRET", value_parser = Client::parse)]
    client: Option<Client>,
    /// Answer as this script says (docs/listen.md).
    #[arg(long, value_name = "FILE")]
    respond: Option<PathBuf>,
    /// Pass requests on to this service, and show both sides; the URL has no path.
    #[arg(long, value_name = "URL")]
    proxy: Option<String>,
    /// What to trust that service by [default: Mozilla's roots].
    #[arg(long, value_name = "FILE", requires = "proxy")]
    proxy_anchors: Option<PathBuf>,
    /// Serve a certificate that a client must refuse: whoever sends a request does not verify.
    #[arg(long, value_name = "KIND", value_enum)]
    bad_certificate: Option<CertificateFault>,
    /// Connections that are served at the same time; further ones are let go at once [default: 16384,
    /// or what the system allows].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    connections: Option<u64>,
    /// Keep every attempt in this SQLite file, and show those that are in it.
    #[arg(long, value_name = "FILE")]
    store: Option<PathBuf>,
    #[command(flatten)]
    page: PageArgs,
    /// Print secrets whole instead of their first characters.
    #[arg(long)]
    show_secrets: bool,
    /// Make the CA where there is none, print where its anchors are, and end.
    #[arg(long)]
    write_anchors_only: bool,
    #[command(flatten)]
    files: FileArgs,
    #[command(flatten)]
    startup: StartupArgs,
}

impl Args {
    fn secrets(&self) -> Secrets {
        if self.show_secrets { Secrets::Whole } else { Secrets::Shortened }
    }
}

/// Runs until Ctrl-C, or for the attempts that were asked for.
pub(crate) fn run(args: &Args) -> Result<(), CommandError> {
    if let (true, Some(store)) = (args.files.export_only, &args.store) {
        return Files::copy(&args.files, store, args.secrets());
    }
    let folder = args.ca.clone().map_or_else(ca::default_folder, Ok)?;
    let now = OffsetDateTime::now_utc();
    let authority = Authority::open_or_create(&folder, now)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(|error| {
        CommandError::could_not_run(format!("the server cannot be set up: {}", io_reason(&error)))
    })?;
    let secrets = args.secrets();
    let store = args.store.as_deref().map(Store::open).transpose()?;
    let latest = store.as_ref().map_or(Ok(0), Store::latest)?;
    let files = Files::open(&args.files, secrets)?;
    args.startup.write_anchors(&authority, args.chain)?;
    let (hub, [updates, for_files, for_store]) = Hub::new(latest);
    let hub = Arc::new(hub);
    let gone = Arc::new(Notify::new());
    let format = if args.json { Format::Json } else { Format::Human };
    // Without files to write, the receiver is dropped here, and nobody waits for it.
    let files = files.map(|files| files.record(for_files, Arc::clone(&gone)));
    let printer = log::print(updates, format, secrets, Arc::clone(&gone));
    let shown = ShownOn::default();
    let keeper = store.map(|store| {
        let (shown, gone) = (Arc::clone(&shown), Arc::clone(&gone));
        let stored = move |numbers: &[u64]| {
            if let Some(page) = shown.get().and_then(Weak::upgrade) {
                page.stored(numbers);
            }
        };
        store::keep(store, for_store, secrets, stored, move || gone.notify_one())
    });
    let outcome = runtime.block_on(serve(args, &authority, now, &hub, &gone, &shown));
    // Tasks that are still there hold the hub; without it the printer comes to its end, and the others.
    drop(runtime);
    drop(hub);
    // It has said what there was to say.
    let _ = printer.join();
    // A panic in there has been printed.
    let written = files.map_or(Ok(()), |files| files.join().unwrap_or(Ok(())));
    let kept = keeper.map_or(Ok(()), |keeper| keeper.join().unwrap_or(Ok(())));
    outcome.and(written).and(kept)
}

async fn serve(
    args: &Args,
    authority: &Authority,
    now: OffsetDateTime,
    hub: &Arc<Hub>,
    gone: &Notify,
    shown: &ShownOn,
) -> Result<(), CommandError> {
    let anchors = Anchors {
        anchors: authority.anchors().display().to_string(),
        root: authority.root(args.chain).display().to_string(),
        new_ca: authority.origin() == Origin::New,
    };
    if args.write_anchors_only {
        hub.event(Event::Anchors(anchors)).await;
        return Ok(());
    }
    let script = args.respond.as_deref().map(Script::read).transpose()?;
    let proxy =
        args.proxy.as_deref().map(|url| Proxy::new(url, args.proxy_anchors.as_deref())).transpose()?;
    let addresses = network::addresses();
    let names = names_served(args, &addresses);
    let config = server_config(authority.issue(args.chain, &names, now, args.bad_certificate)?)?;
    let (listener, address) = bind(args).await?;
    let url = format!("https://{}", authority_of(args, address));
    let page = args.page.bind().await?;
    let page_url = page.as_ref().map(Bound::url);
    if let Some(page) = page {
        let reader = args.store.as_deref().map(store::Reader::open).transpose()?;
        let about = page::About {
            url: url.clone(),
            anchors: anchors.anchors.clone(),
            show_secrets: args.show_secrets,
        };
        page.start(Arc::clone(hub), reader, args.secrets(), about, shown);
    }
    hub.event(Event::Listening(Listening {
        url,
        address,
        port: address.port(),
        chain: args.chain,
        keys: args.chain.describe(),
        names: names.iter().map(ToString::to_string).collect(),
        page: page_url,
        store: args.store.as_ref().map(|path| path.display().to_string()),
        anchors: anchors.clone(),
        anchors_files: args.startup.anchors_files(),
        snippet: args.startup.snippet(&host_for_devices(args, &addresses), address.port()),
        addresses,
    }))
    .await;
    let service = Arc::new(Service {
        config,
        shape: args.chain,
        names,
        anchors: anchors.anchors,
        client: args.client.clone(),
        timeout: Duration::from_secs(args.timeout),
        fault: args.bad_certificate,
        bodies: Arc::new(Semaphore::new(limits::BODIES)),
        sessions: Sessions::default(),
        script,
        proxy,
    });
    let (connections, notice) = limits::connections(args.connections);
    if let Some(finding) = notice {
        hub.event(Event::Notice(Notice { findings: vec![finding] })).await;
    }
    let attempts = if args.once { Some(1) } else { args.attempts.map(NonZeroU64::get) };
    let mut tasks = JoinSet::new();
    let outcome = tokio::select! {
        outcome = accept(&listener, attempts, connections, &service, hub, &mut tasks) => outcome,
        outcome = interrupted() => outcome,
        () = gone.notified() => Ok(()),
    };
    tasks.shutdown().await;
    hub.end().await;
    outcome
}

/// Serves each connection in a task of its own.
async fn accept(
    listener: &TcpListener,
    attempts: Option<u64>,
    connections: usize,
    service: &Arc<Service>,
    hub: &Arc<Hub>,
    tasks: &mut JoinSet<()>,
) -> Result<(), CommandError> {
    let mut accepted = 0;
    let mut failures = limits::AcceptFailures::default();
    while attempts.is_none_or(|attempts| accepted < attempts) {
        let (stream, peer) = match listener.accept().await {
            Ok(connection) => connection,
            // The client gave up before it was accepted.
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionAborted => continue,
            Err(error) => {
                if let Some(finding) = failures.add(&error)? {
                    hub.event(Event::Notice(Notice { findings: vec![finding] })).await;
                }
                tokio::time::sleep(limits::ACCEPT_PAUSE).await;
                continue;
            }
        };
        failures = limits::AcceptFailures::default();
        accepted += 1;
        while tasks.try_join_next().is_some() {}
        // A connection that is gone already has no address.
        let local = stream.local_addr().unwrap_or(SocketAddr::from(([0, 0, 0, 0], 0)));
        let recorder = hub.begin_attempt(peer, local);
        recorder.event(Event::Tcp(Tcp { peer, local })).await;
        if tasks.len() >= connections {
            limits::refuse(connections, recorder).await;
            continue;
        }
        let service = Arc::clone(service);
        tasks.spawn(async move { attempt::serve(stream, peer, local, &service, recorder).await });
    }
    while tasks.join_next().await.is_some() {}
    Ok(())
}

/// Waits for Ctrl-C, or for the signal that asks a program to end.
async fn interrupted() -> Result<(), CommandError> {
    let failed = |error| CommandError::could_not_run(format!("Ctrl-C cannot be watched for: {error}"));
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
        tokio::select! {
            outcome = tokio::signal::ctrl_c() => outcome.map_err(failed),
            _ = terminate.recv() => Ok(()),
        }
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c().await.map_err(failed)
}

/// Those that every leaf has, those of the command line, and the addresses where devices find the server.
fn names_served(args: &Args, addresses: &[IpAddr]) -> Vec<SubjectName> {
    let bound: Vec<IpAddr> = if args.bind.is_unspecified() { addresses.to_vec() } else { vec![args.bind] };
    let mut names = SubjectName::always();
    for name in args.names.iter().cloned().chain(bound.into_iter().map(SubjectName::Ip)) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// Where a device on the network finds the server, as it stands in a URL.
fn host_for_devices(args: &Args, addresses: &[IpAddr]) -> String {
    let bound = if args.bind.is_unspecified() { addresses.first() } else { Some(&args.bind) };
    match (args.names.first(), bound) {
        (Some(SubjectName::Dns(name)), _) => name.clone(),
        (Some(SubjectName::Ip(IpAddr::V6(address))), _) | (None, Some(IpAddr::V6(address))) => {
            format!("[{address}]")
        }
        (Some(SubjectName::Ip(address)), _) => address.to_string(),
        (None, Some(address)) if !address.is_loopback() => address.to_string(),
        (None, _) => "localhost".to_owned(),
    }
}

/// Host and port of the URL that a client on this machine can use.
fn authority_of(args: &Args, address: SocketAddr) -> String {
    let port = address.port();
    match args.names.first() {
        Some(SubjectName::Dns(name)) => format!("{name}:{port}"),
        Some(SubjectName::Ip(ip)) => SocketAddr::new(*ip, port).to_string(),
        None if args.bind.is_unspecified() || args.bind.is_loopback() => format!("localhost:{port}"),
        None => address.to_string(),
    }
}

async fn bind(args: &Args) -> Result<(TcpListener, SocketAddr), CommandError> {
    let wanted = SocketAddr::new(args.bind, args.port);
    TcpListener::bind(wanted)
        .await
        .and_then(|listener| listener.local_addr().map(|address| (listener, address)))
        .map_err(|error| {
            let failed =
                CommandError::could_not_run(format!("cannot listen on `{wanted}`: {}", io_reason(&error)));
            match error.kind() {
                std::io::ErrorKind::AddrInUse => failed.hint(
                    "end the program that uses the port, or choose another with `--port`; 0 takes a free one",
                ),
                std::io::ErrorKind::AddrNotAvailable => {
                    failed.hint("`--bind` takes an address of this machine; 0.0.0.0 is all of them")
                }
                std::io::ErrorKind::PermissionDenied => failed.hint("choose a port from 1024 with `--port`"),
                _ => failed,
            }
        })
}

fn server_config(identity: ServerIdentity) -> Result<rustls::ServerConfig, CommandError> {
    let failed = |error: rustls::Error| CommandError::could_not_run(format!("TLS cannot be set up: {error}"));
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    // TLS 1.2 too, so that the attempts of other clients can be seen.
    let mut config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(failed)?
        .with_no_client_auth()
        .with_single_cert(identity.chain, identity.key)
        .map_err(failed)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    // As real edges do: a client has to take tickets, also when it never resumes.
    config.send_tls13_tickets = 2;
    Ok(config)
}
