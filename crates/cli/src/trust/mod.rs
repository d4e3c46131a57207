//! `picopost trust`: which certificates to embed, in every format, and until when.
//!
//! `probe` and `input` get certificates, `chain`, `host` and `file` say what they are, `recommend`
//! chooses roots, `check` holds embedded ones against hosts; all of it is one `report`, which `text`
//! shows, and `emit` writes the file for a firmware.

use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;

use self::authorities::{Provider, ProviderId, known};
use self::certificate::Certificate;
use self::check::Server;
use self::emit::{Contents, Format};
use self::file::File;
use self::host::Host;
use self::input::Input;
use self::probe::{Failure, Settings};
use self::recommend::{Chosen, Requirement};
use self::report::{Report, Source, SourceKind};
use self::roots::Roots;
use self::target::Target;
use crate::arguments::parse_time;
use crate::connect::Override;
use crate::error::{CommandError, io_reason};
use crate::finding::{Finding, Severity};

mod authorities;
mod certificate;
mod chain;
mod check;
mod der;
mod emit;
mod file;
mod host;
mod input;
mod name;
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
    let format = args.format.map(|format| Wanted::new(format, args)).transpose()?;
    let inputs = args.pem.iter().map(|path| Input::read(path)).collect::<Result<Vec<_>, _>>()?;
    let checked = args.check.as_deref().map(Input::read).transpose()?;
    // What a firmware embeds, it trusts.
    let embedded = checked.iter().flat_map(Input::certificates).cloned();
    let roots = Roots::with(read_roots(args)?.into_iter().chain(embedded));
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
        findings: Vec::new(),
    };
    let mut written = Ok(());
    if let Some(input) = &checked {
        let days = Duration::from_secs(u64::from(args.days) * 24 * 60 * 60);
        let (check, findings) = check::check(input, &servers(&hosts, &files), &roots, now, days);
        // What the firmware trusts need not be known to Mozilla.
        for source in &mut report.sources {
            let mut hosts = check.hosts.iter().filter(|host| host.name == source.name).peekable();
            if hosts.peek().is_some() && hosts.all(|host| host.verified) {
                source.findings.retain(|finding| !chain::IS_UNKNOWN.contains(&finding.code));
            }
        }
        report.check = Some(check);
        report.findings = findings;
    } else {
        let chosen = recommend(args, &hosts, &files, now, &mut report);
        if let Some(wanted) = &format
            && unreachable.is_empty()
        {
            written = wanted.write(&chosen, &report, args, now);
        }
    }
    show(&report, args)?;
    match unreachable.len() {
        0 => {}
        1 => return Err(CommandError::could_not_run("1 host was not reached")),
        count => return Err(CommandError::could_not_run(format!("{count} hosts were not reached"))),
    }
    written?;
    match report.all_findings().filter(|finding| finding.severity == Severity::Error).count() {
        0 => Ok(()),
        1 => Err(CommandError::findings("1 finding of severity error")),
        count => Err(CommandError::findings(format!("{count} findings of severity error"))),
    }
}

fn read_roots(args: &Args) -> Result<Vec<Certificate>, CommandError> {
    let mut given = Vec::new();
    for path in &args.roots {
        let input = Input::read(path)?;
        let before = given.len();
        given.extend(input.certificates().filter(|certificate| certificate.is_ca).cloned());
        if given.len() == before {
            let sentence = format!("`{}` holds no certificate of an authority", path.display());
            return Err(CommandError::usage(sentence)
                .hint("`--roots` takes the certificates of roots, in PEM or DER"));
        }
    }
    Ok(given)
}

/// What `--check` is held against: every chain of the hosts, and of the saved ones.
fn servers(hosts: &[Host], files: &[File]) -> Vec<Server> {
    let der = |requirement: &Requirement| requirement.chain.iter().map(|one| one.der.clone()).collect();
    let of_hosts = hosts.iter().flat_map(|host| {
        host.requirements.iter().map(|requirement| Server {
            name: requirement.source.clone(),
            chain: der(requirement),
            server_name: host.target.server_name(),
        })
    });
    let of_files = files.iter().filter_map(|file| file.requirement.as_ref()).map(|requirement| {
        let names = requirement.chain.first().map(|server| server.names.clone()).unwrap_or_default();
        // A wildcard stands for any name in its place.
        let name = names.first().map(|name| name.replacen("*.", "any.", 1));
        Server {
            name: requirement.source.clone(),
            chain: der(requirement),
            server_name: name.and_then(|name| name.try_into().ok()),
        }
    });
    of_hosts.chain(of_files).collect()
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
    let provider = if args.minimal { None } else { provider(args.provider, &requirements, files) };
    let chosen = recommend::choose(&requirements, &given, provider, now);
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
    for Chosen { root, purpose, .. } in &chosen {
        let left = time::days_until(recommend::end(root), now);
        if *purpose == report::Purpose::Needed && left < i64::from(args.days) {
            let title = format!(
                "`{}` is needed, and its use ends on {}",
                root.subject.short,
                time::day(recommend::end(root))
            );
            let hint = "the host will move to another root: plan the firmware's next update before that day";
            report.findings.push(Finding::warning("ends-soon", title).hint(hint));
        }
    }
    report.recommendation = Some(recommend::shown(&chosen, provider, now));
    chosen
}

fn provider(
    asked: Option<ProviderId>,
    requirements: &[Requirement],
    files: &[File],
) -> Option<&'static Provider> {
    if let Some(asked) = asked {
        return known().provider(asked);
    }
    let servers = requirements.iter().filter_map(|requirement| requirement.chain.first());
    // A file that holds a working root is to be kept as it is.
    let others = files.iter().filter(|file| !file.holds_root).flat_map(|file| &file.certificates);
    servers.chain(others).find_map(|certificate| known().recognise(certificate))
}

/// The report goes to stdout, unless the anchors do: then only what is wrong is said, on stderr.
fn show(report: &Report, args: &Args) -> Result<(), CommandError> {
    let output = if args.json {
        let mut json = serde_json::to_string_pretty(report)
            .map_err(|error| CommandError::could_not_run(format!("the report is no JSON: {error}")))?;
        json.push('\n');
        json
    } else if args.format.is_some() && args.output.is_none() {
        for finding in report.all_findings().filter(|finding| finding.severity != Severity::Note) {
            anstream::eprintln!("{}: {}", finding.severity.name(), name::visible(&finding.title));
        }
        return Ok(());
    } else {
        text::render(report)
    };
    write_stdout(output.as_bytes())
}

fn write_stdout(octets: &[u8]) -> Result<(), CommandError> {
    use std::io::Write as _;
    let mut stdout = std::io::stdout().lock();
    stdout.write_all(octets).and_then(|()| stdout.flush()).map_err(|error| {
        CommandError::could_not_run(format!("stdout cannot be written: {}", io_reason(&error)))
    })
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

/// A file that was asked for.
struct Wanted<'a> {
    format: Format,
    output: Option<&'a Path>,
}

impl<'a> Wanted<'a> {
    fn new(format: Format, args: &'a Args) -> Result<Self, CommandError> {
        let output = args.output.as_deref();
        if output.is_none() && format.is_binary() {
            return Err(CommandError::usage("this format is no text, and needs a file")
                .hint("name it with `-o FILE`"));
        }
        if output.is_none() && args.json {
            return Err(CommandError::usage("`--json` and the anchors cannot both go to stdout")
                .hint("name a file for the anchors with `-o FILE`"));
        }
        Ok(Self { format, output })
    }

    /// Writes it, where every source has its anchors, and no host is in doubt.
    fn write(&self, chosen: &[Chosen], report: &Report, args: &Args, now: i64) -> Result<(), CommandError> {
        let (Some(recommendation), true) = (&report.recommendation, may_be_embedded(report)) else {
            return Err(CommandError::findings("no anchors were written: see the findings"));
        };
        if self.format == Format::Der && chosen.len() > 1 {
            let sentence = format!("DER holds one certificate, and {} are recommended", chosen.len());
            return Err(CommandError::usage(sentence)
                .hint("`--format pem` takes all; `--minimal` leaves the provider's other roots out"));
        }
        if self.format == Format::EspIdf
            && let Some(name) = same_name(chosen)
        {
            let sentence =
                format!("ESP-IDF's bundle finds roots by their names, and two are called `{name}`");
            return Err(CommandError::usage(sentence).hint("leave one out, or take `--format pem`"));
        }
        let sources: Vec<String> = match args.hosts.as_slice() {
            [] => report.sources.iter().map(|source| source.name.clone()).collect(),
            hosts => hosts.iter().map(ToString::to_string).collect(),
        };
        let words: Vec<String> = std::env::args().skip(1).collect();
        let command = format!("picopost {}", words.join(" "));
        let contents = Contents::new(chosen, recommendation, &sources, &command, now);
        let file = contents.file(self.format);
        let Some(path) = self.output else { return write_stdout(&file) };
        write_file(path, &file)?;
        if self.format.is_binary() {
            let mut beside = path.as_os_str().to_owned();
            beside.push(".txt");
            write_file(Path::new(&beside), (contents.comment.join("\n") + "\n").as_bytes())?;
        }
        Ok(())
    }
}

/// The name of two roots with different keys.
fn same_name(chosen: &[Chosen]) -> Option<&str> {
    let mut pairs = chosen.iter().enumerate().flat_map(|(place, one)| {
        chosen[..place].iter().map(move |other| (&one.root.subject, &other.root.subject))
    });
    pairs.find(|(one, other)| one == other).map(|(one, _)| one.short.as_str())
}

fn write_file(path: &Path, octets: &[u8]) -> Result<(), CommandError> {
    std::fs::write(path, octets).map_err(|error| {
        CommandError::could_not_run(format!("`{}` cannot be written: {}", path.display(), io_reason(&error)))
    })
}

/// A host whose certificates are in doubt may be somebody else: nothing of it goes into a firmware.
/// That it speaks TLS 1.2 alone is no doubt about its certificates.
fn may_be_embedded(report: &Report) -> bool {
    let hosts = report.sources.iter().filter(|source| source.kind == SourceKind::Host);
    let mut findings = hosts.flat_map(|source| &source.findings);
    findings.all(|finding| finding.severity != Severity::Error || finding.code == "tls-1.2-only")
}
