//! Runs the command.

use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::Value;

/// What a run of the command gave.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Output {
    pub(crate) status: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Runs `picopost explain` with these arguments and nothing on stdin.
pub(crate) fn explain(arguments: &[&str]) -> Output {
    explain_log(arguments, b"")
}

/// The same with a log on stdin.
pub(crate) fn explain_log(arguments: &[&str], log: &[u8]) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_picopost"))
        .arg("explain")
        .args(arguments)
        .env("NO_COLOR", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // It may end without reading all of it.
    let _ = child.stdin.take().unwrap().write_all(log);
    let output = child.wait_with_output().unwrap();
    let text = |octets: Vec<u8>| String::from_utf8(octets).unwrap();
    Output { status: output.status.code().unwrap(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

/// The report of a run with `--json`.
pub(crate) fn report(arguments: &[&str]) -> (i32, Value) {
    let output = explain(&[arguments, &["--json"]].concat());
    let report = serde_json::from_str(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}{}", output.stdout, output.stderr));
    (output.status, report)
}
