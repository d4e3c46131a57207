//! Runs the command.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// 2026-06-01T00:00:00Z: the time at which the test kit's chains are valid.
pub(crate) const NOW: &str = "2026-06-01T00:00:00Z";

/// What a run of the command gave.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Output {
    pub(crate) status: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Runs `picopost trust` with these arguments.
pub(crate) fn trust(arguments: &[&str]) -> Output {
    let output = Command::new(env!("CARGO_BIN_EXE_picopost"))
        .arg("trust")
        .args(arguments)
        .stdin(Stdio::null())
        .env("NO_COLOR", "1")
        .output()
        .unwrap();
    let text = |octets: Vec<u8>| String::from_utf8(octets).unwrap();
    Output { status: output.status.code().unwrap(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

/// The same with `--json`: the exit status and the report.
pub(crate) fn report(arguments: &[&str]) -> (i32, Value) {
    let output = trust(&[arguments, &["--json"]].concat());
    let report = serde_json::from_str(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}{}", output.stdout, output.stderr));
    (output.status, report)
}

/// The names of the recommended anchors of this purpose.
pub(crate) fn anchors(report: &Value, purpose: &str) -> Vec<String> {
    let anchors = report["recommendation"]["anchors"].as_array().cloned().unwrap_or_default();
    let of_purpose = anchors.iter().filter(|anchor| anchor["purpose"] == purpose);
    of_purpose.map(|anchor| anchor["name"].as_str().unwrap().to_owned()).collect()
}

/// The codes of all findings, the sources' own first, each with its severity's first letter.
pub(crate) fn findings(report: &Value) -> Vec<String> {
    let sources = report["sources"].as_array().unwrap().iter().map(|source| &source["findings"]);
    sources
        .chain([&report["findings"]])
        .flat_map(|findings| findings.as_array().unwrap())
        .map(|finding| {
            let severity = finding["severity"].as_str().unwrap().chars().next().unwrap().to_ascii_uppercase();
            format!("{severity} {}", finding["code"].as_str().unwrap())
        })
        .collect()
}

/// Text in a file of its own.
pub(crate) fn file(folder: &TempDir, name: &str, content: impl AsRef<[u8]>) -> String {
    let path: PathBuf = folder.path().join(name);
    std::fs::write(&path, content).unwrap();
    path.display().to_string()
}

/// A real certificate, or several, of the test kit.
pub(crate) fn real(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testkit/data/chains").join(name).display().to_string()
}
