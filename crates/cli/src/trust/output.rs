//! The file for a firmware: whether it may be written, and where it goes.

use std::path::Path;

use super::Args;
use super::certificate::Certificate;
use super::emit::{Contents, Format, Made, Refusal};
use super::file::File;
use super::recommend::Chosen;
use super::report::{Report, SourceKind};
use super::time;
use crate::error::{CommandError, io_reason};
use crate::finding::Severity;

/// A file that was asked for.
pub(super) struct Wanted<'a> {
    format: Format,
    output: Option<&'a Path>,
}

impl<'a> Wanted<'a> {
    pub(super) fn new(format: Format, args: &'a Args) -> Result<Self, CommandError> {
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

    /// Writes it, where every source has its anchors, and none is in doubt.
    pub(super) fn write(
        &self,
        chosen: &[Chosen],
        report: &Report,
        files: &[File],
        args: &Args,
    ) -> Result<(), CommandError> {
        let (Some(recommendation), true) = (&report.recommendation, may_be_embedded(report, files)) else {
            return Err(CommandError::findings("no anchors were written: see the findings"));
        };
        let roots: Vec<&Certificate> = chosen.iter().map(|one| &one.root).collect();
        if let Some(Refusal { sentence, hint }) = self.format.refusal(&roots) {
            return Err(CommandError::usage(sentence).hint(hint));
        }
        let sources: Vec<String> = match args.hosts.as_slice() {
            [] => report.sources.iter().map(|source| source.name.clone()).collect(),
            hosts => hosts.iter().map(ToString::to_string).collect(),
        };
        // What they can be held against again: hosts, and saved chains.
        let saved = files.iter().filter(|file| file.requirement.is_some());
        let held: Vec<String> = args
            .hosts
            .iter()
            .map(|host| format!(" {host}"))
            .chain(saved.map(|file| format!(" --pem {}", file.source.name)))
            .collect();
        let words: Vec<String> = std::env::args().skip(1).collect();
        let made = Made { command: &format!("picopost {}", words.join(" ")), on: time::now(None) };
        let contents = Contents::new(chosen, recommendation, &sources, &held.concat(), &made);
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

pub(super) fn write_stdout(octets: &[u8]) -> Result<(), CommandError> {
    use std::io::Write as _;
    let mut stdout = std::io::stdout().lock();
    stdout.write_all(octets).and_then(|()| stdout.flush()).map_err(|error| {
        CommandError::could_not_run(format!("stdout cannot be written: {}", io_reason(&error)))
    })
}

fn write_file(path: &Path, octets: &[u8]) -> Result<(), CommandError> {
    std::fs::write(path, octets).map_err(|error| {
        CommandError::could_not_run(format!("`{}` cannot be written: {}", path.display(), io_reason(&error)))
    })
}

/// A host whose certificates are in doubt may be somebody else: nothing of it goes into a firmware, nor
/// of a saved chain that does not verify. That a host speaks TLS 1.2 alone is no doubt about its
/// certificates.
fn may_be_embedded(report: &Report, files: &[File]) -> bool {
    let hosts = report.sources.iter().filter(|source| source.kind == SourceKind::Host);
    let mut findings = hosts.flat_map(|source| &source.findings).chain(&report.findings);
    findings.all(|finding| finding.severity != Severity::Error || finding.code == "tls-1.2-only")
        && !files.iter().any(|file| file.in_doubt)
}
