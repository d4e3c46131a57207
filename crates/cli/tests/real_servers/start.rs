//! Servers for one test. What keeps one from starting fails the test, and says what to type.

use std::path::Path;

use picopost_counterparts::chains::{self, Files};
use picopost_counterparts::nginx::Nginx;
use picopost_counterparts::openssl::OpenSsl;
use picopost_counterparts::programs::{Program, Server, Setting};
use tempfile::TempDir;
use xtask::error::Failure;

/// A folder for one test.
pub(crate) fn folder() -> TempDir {
    tempfile::tempdir().expect("there is room for a folder")
}

/// A server with all chains.
#[track_caller]
pub(crate) fn server(program: Result<Program, Failure>) -> Server {
    let folder = folder();
    let chains = chains::all(folder.path());
    good(program.and_then(|program| program.start(folder, chains, &Setting::default())))
}

/// A server that lets in the clients of one authority alone.
#[track_caller]
pub(crate) fn server_for(program: Result<Program, Failure>, client_ca: &Path) -> Server {
    let folder = folder();
    let chains = vec![chains::gts(folder.path())];
    let setting = Setting { client_ca: Some(client_ca), ..Setting::default() };
    good(program.and_then(|program| program.start(folder, chains, &setting)))
}

#[track_caller]
pub(crate) fn openssl(files: &Files, arguments: &[&str]) -> OpenSsl {
    good(OpenSsl::start(files, arguments))
}

#[track_caller]
pub(crate) fn nginx(folder: &TempDir, blocks: &[String]) -> Nginx {
    good(Nginx::start(folder, blocks))
}

#[track_caller]
fn good<T>(result: Result<T, Failure>) -> T {
    result.unwrap_or_else(|failure| panic!("{failure}"))
}
