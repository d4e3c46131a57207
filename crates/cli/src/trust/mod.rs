//! `picopost trust`: which certificates to embed, in every format, and until when.
//!
//! `probe` and `input` get certificates, `chain`, `host` and `file` say what they are, `recommend`
//! chooses roots, `check` holds embedded ones against hosts; all of it is one `report`, which `text`
//! shows, and `emit` writes the file for a firmware.

use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;

use self::authorities::{Provider, ProviderId, known};
use self::certificate::Certificate;
use self::check::Server;
use self::file::File;
use self::host::Host;
use self::input::Input;
use self::output::Wanted;
use self::probe::{Failure, Settings};
use self::recommend::{Chosen, Requirement};
use self::report::{Purpose, Report, Source, SourceKind};
use self::roots::{Given, Roots};
use self::target::Target;
pub(crate) use self::{name::visible, text::wrapped};
use crate::arguments::parse_time;
use crate::connect::Override;
use crate::error::CommandError;
use crate::finding::{Finding, Severity};

pub(crate) use self::emit::Format;
pub(crate) use self::own::own_anchor;

mod authorities;
mod certificate;
mod chain;
mod check;
mod damage;
mod der;
mod emit;
mod fate;
mod file;
mod host;
mod input;
mod name;
mod output;
mod own;
mod path;
mod probe;
mod recommend;
mod report;
mod role;
mod roots;
mod target;
mod text;
mod time;

/// Say which certificates to embed for a host, and until when; write them for a firmware.
///
/// Asks each host with the device's own ClientHello and with others, finds the roots that its
/// certificates lead to, and recommends the smallest set of roots that verifies all hosts, with the
/// other roots that their provider may move to. Files are explained: what they are, whether a device
/// that embeds them works, and what to embed instead.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The hosts that the device connects to; port 443 if none is given.
    #[arg(value_name = "HOST[:PORT]", required_unless_present_any = ["pem", "check"])]
    hosts: Vec<Target>,
    /// A file to explain: PEM, a saved `openssl s_client -showcerts`, DER, a source file with
    /// either, an ESP-IDF certificate bundle.
    #[arg(long, value_name = "FILE")]
    pem: Vec<PathBuf>,
    /// A file that a firmware embeds, in any of these formats: exit status 1 when its anchors do not
    /// verify the hosts, or end within `--days`.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["format", "output"])]
    check: Option<PathBuf>,
    /// The provider whose other roots are recommended too [default: the one that the chain shows].
    #[arg(long, value_enum)]
    provider: Option<ProviderId>,
    /// Leave the provider's other roots out: the fewest that verify the hosts today.
    #[arg(long, conflicts_with = "provider")]
    minimal: bool,
    /// Roots that you trust beside Mozilla's: your own authority's.
    #[arg(long, value_name = "FILE")]
    roots: Vec<PathBuf>,
    /// Write the anchors in this format, to stdout unless `--output` is given.
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// Where the anchors go.
    #[arg(short, long, value_name = "FILE", requires = "format")]
    output: Option<PathBuf>,
    /// How many days the anchors must last at least.
    #[arg(long, value_name = "DAYS", default_value_t = 90)]
    days: u32,
    /// Look at certificates at this time (RFC 3339) instead of now.
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    now: Option<Timestamp>,
    /// Connect to these addresses (separated by commas) for this host and port, as curl has it.
    #[arg(long, value_name = "HOST:PORT:ADDRESS", value_parser = Override::parse)]
    resolve: Vec<Override>,
    /// Seconds for each stage of each connection: name, TCP, handshake.
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = clap::value_parser!(u64).range(1..=3600))]
    timeout: u64,
    /// Print the report as JSON.
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  picopost trust auth.example.com                       what to embed, and until when
  picopost trust auth.example.com --format rust -o src/anchors.rs
  picopost trust auth.example.com api.example.com:8443 --provider cloudflare --format c
  picopost trust --pem old-root.pem                     what it is, and what to embed instead
  picopost trust --check src/anchors.rs auth.example.com --days 180
  picopost trust --check src/anchors.rs                 without a network: only how long they last";

/// Asks, reads, recommends, shows, writes.
pub(crate) fn run(args: &Args) -> Result<(), CommandError> {
    let now = time::now(args.now);
    let wanted = args.format.map(|format| Wanted::new(format, args)).transpose()?;
    let inputs = args.pem.iter().map(|path| Input::read(path)).collect::<Result<Vec<_>, _>>()?;
    let checked = args.check.as_deref().map(Input::read).transpose()?;
    // What a firmware embeds, it trusts.
    let embedded = checked.iter().flat_map(Input::certificates).cloned();
    let Given { certificates, findings } = roots::read(&args.roots)?;
    let roots = Roots::with(certificates.into_iter().chain(embedded));
    let files: Vec<File> = inputs.iter().map(|input| File::new(input, &roots, now)).collect();
    let limit = Duration::from_secs(args.timeout);
    let settings = Settings { overrides: &args.resolve, limit, now, roots: &roots };
    let mut unreachable = Vec::new();
    let mut hosts = Vec::new();
    for target in &args.hosts {
        match probe::host(target, &settings) {
            Ok(probes) => hosts.push(Host::new(target, &probes, &roots, now)),
            Err(failure) => unreachable.push(not_reached(target, &failure)),
        }
    }

    let mut report = Report {
        now: time::moment(now),
        facts_of: known().as_of.clone(),
        sources: hosts
            .iter()
            .map(|host| &host.source)
            .chain(&unreachable)
            .chain(files.iter().map(|file| &file.source))
            .cloned()
            .collect(),
        check: None,
        recommendation: None,
        findings,
    };
    let mut written = Ok(());
    if let Some(input) = &checked {
        let days = Duration::from_secs(u64::from(args.days) * 24 * 60 * 60);
        let (check, findings) = check::check(input, &servers(&hosts, &files), &roots, now, days);
        // What the firmware trusts need not be known to Mozilla.
        for source in &mut report.sources {
            let mut hosts = check.hosts.iter().filter(|host| host.name == source.name).peekable();
            if hosts.peek().is_some() && hosts.all(|host| host.verified) {
                source.findings.retain(|finding| !chain::IS_UNKNOWN.contains(&&*finding.code));
            }
        }
        report.check = Some(check);
        report.findings.extend(findings);
    } else {
        let chosen = recommend(args, &hosts, &files, now, &mut report);
        if let Some(wanted) = &wanted
            && unreachable.is_empty()
        {
            written = wanted.write(&chosen, &report, &files, args);
        }
    }
    show(&report, args)?;
    written?;
    outcome(&report, unreachable.len())
}

/// How it ends: that a host was not reached hides nothing that is wrong beside it.
fn outcome(report: &Report, unreachable: usize) -> Result<(), CommandError> {
    let errors = report.all_findings().filter(|finding| finding.severity == Severity::Error).count();
    match (errors, unreachable) {
        (0, _) => Ok(()),
        (_, 1) if errors == unreachable => Err(CommandError::could_not_run("1 host was not reached")),
        (_, count) if errors == unreachable => {
            Err(CommandError::could_not_run(format!("{count} hosts were not reached")))
        }
        (1, _) => Err(CommandError::findings("1 finding of severity error")),
        (count, _) => Err(CommandError::findings(format!("{count} findings of severity error"))),
    }
}

/// What `--check` is held against: every chain of the hosts, and of the saved ones.
fn servers(hosts: &[Host], files: &[File]) -> Vec<Server> {
    let of_hosts = hosts.iter().flat_map(|host| &host.requirements);
    let wanted = of_hosts.chain(files.iter().filter_map(|file| file.requirement.as_ref()));
    let server = |requirement: &Requirement| Server {
        name: requirement.source.clone(),
        chain: requirement.chain.iter().map(|one| one.der.clone()).collect(),
        server_name: requirement.server_name.clone(),
    };
    wanted.map(server).collect()
}

/// Chooses roots, and puts them and what is wrong with them into the report.
fn recommend(args: &Args, hosts: &[Host], files: &[File], now: i64, report: &mut Report) -> Vec<Chosen> {
    let requirements: Vec<Requirement> = hosts
        .iter()
        .flat_map(|host| &host.requirements)
        .chain(files.iter().filter_map(|file| file.requirement.as_ref()))
        .cloned()
        .collect();
    let given: Vec<_> = files.iter().flat_map(|file| file.good_roots.clone()).collect();
    let providers = if args.minimal { Vec::new() } else { providers(args.provider, hosts, files) };
    let chosen = recommend::choose(&requirements, &given, &providers, now);
    if chosen.is_empty() {
        if !report.has_errors() {
            let title = "nothing here leads to a root that could be recommended";
            report.findings.push(
                Finding::error("no-recommendation", title).hint(
                    "ask the host itself: `picopost trust HOST`; or name the provider with `--provider`",
                ),
            );
        }
        return chosen;
    }
    let needed = chosen.iter().filter(|one| one.purpose == Purpose::Needed);
    report.findings.extend(needed.filter_map(|one| ends_soon(&one.root, args.days, now)));
    report.recommendation = Some(recommend::shown(&chosen, &providers, now));
    chosen
}

/// That the use of a root ends within so many days, or has ended.
fn ends_soon(root: &Certificate, days: u32, now: i64) -> Option<Finding> {
    let (name, end) = (&root.subject.short, recommend::end(root));
    let day = time::day(end);
    if end <= now {
        let title = format!("`{name}` is needed, and its use ended on {day}");
        let hint = "the host's operator must move to a current root";
        return Some(Finding::error("anchor-ends", title).hint(hint));
    }
    (time::days_until(end, now) < i64::from(days)).then(|| {
        let title = format!("`{name}` is needed, and its use ends on {day}");
        let hint = "the host will move to another root: plan the firmware's next update before that day";
        Finding::warning("ends-soon", title).hint(hint)
    })
}

/// The provider that was asked for, or those that the sources show.
fn providers(asked: Option<ProviderId>, hosts: &[Host], files: &[File]) -> Vec<&'static Provider> {
    if let Some(asked) = asked {
        return known().provider(asked).into_iter().collect();
    }
    let requirements = hosts.iter().flat_map(|host| &host.requirements);
    let requirements = requirements.chain(files.iter().filter_map(|file| file.requirement.as_ref()));
    let servers = requirements.filter_map(|requirement| requirement.chain.first());
    let recognised = servers.filter_map(|server| known().recognise(server));
    // A file that holds a working root is to be kept as it is.
    let others = files.iter().filter(|file| !file.holds_root && file.requirement.is_none());
    let others = others.filter_map(|file| file.certificates.iter().find_map(|one| known().recognise(one)));
    let mut providers: Vec<&Provider> = Vec::new();
    for provider in recognised.chain(others) {
        if !providers.iter().any(|other| other.id == provider.id) {
            providers.push(provider);
        }
    }
    providers
}

/// The report goes to stdout, unless the anchors do: then only what is wrong is said, on stderr.
fn show(report: &Report, args: &Args) -> Result<(), CommandError> {
    let text = if args.json {
        let mut json = serde_json::to_string_pretty(report)
            .map_err(|error| CommandError::could_not_run(format!("the report is no JSON: {error}")))?;
        json.push('\n');
        json
    } else if args.format.is_some() && args.output.is_none() {
        for finding in report.all_findings().filter(|finding| finding.severity != Severity::Note) {
            anstream::eprintln!("{}: {}", finding.severity.name(), visible(&finding.title));
        }
        return Ok(());
    } else {
        text::render(report)
    };
    output::write_stdout(text.as_bytes())
}

/// A host without a TCP connection, for the report.
fn not_reached(target: &Target, failure: &Failure) -> Source {
    let finding = Finding::error("not-reached", &failure.sentence);
    let finding = match &failure.hint {
        Some(hint) => finding.hint(hint.clone()),
        None => finding,
    };
    Source {
        kind: SourceKind::Host,
        name: target.to_string(),
        what: "not reached".to_owned(),
        attempts: Vec::new(),
        chains: Vec::new(),
        embedded: None,
        findings: vec![finding],
    }
}
