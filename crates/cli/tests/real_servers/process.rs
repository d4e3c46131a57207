//! Processes that never outlive their test.

use std::fs::{self, File};
use std::io::Write;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// How long anything may take on a machine that is busy with other things: only what fails takes
/// so long.
const LIMIT: Duration = Duration::from_secs(120);
/// How often a process is looked at.
const INTERVAL: Duration = Duration::from_millis(5);

/// A process with its output in files. It is ended by its process id when this is dropped.
pub(crate) struct Process {
    program: String,
    child: Child,
    output: TempDir,
}

impl Process {
    /// Starts it.
    pub(crate) fn start(command: &mut Command) -> Self {
        let program = command.get_program().to_string_lossy().into_owned();
        let output = tempfile::tempdir().expect("there is room for a folder");
        let file = |name| File::create(output.path().join(name)).expect("there is room for a file");
        command.stdin(Stdio::piped()).stdout(file("stdout")).stderr(file("stderr"));
        let child = command.spawn().unwrap_or_else(|error| panic!("`{program}` does not start: {error}"));
        Self { program, child, output }
    }

    /// What it has written to stdout so far.
    pub(crate) fn stdout(&self) -> Vec<u8> {
        self.written("stdout")
    }

    /// What it has written to stderr so far.
    pub(crate) fn stderr(&self) -> String {
        String::from_utf8_lossy(&self.written("stderr")).into_owned()
    }

    /// Writes to its stdin, in one piece as far as the system allows.
    pub(crate) fn write(&mut self, octets: &[u8]) {
        let stdin: &mut ChildStdin = self.child.stdin.as_mut().expect("stdin is a pipe");
        stdin.write_all(octets).unwrap_or_else(|error| panic!("`{}` does not read: {error}", self.program));
    }

    /// Waits until there is what `look` looks for, while the process runs.
    pub(crate) fn wait_for<T>(
        &mut self,
        what: &str,
        mut look: impl FnMut(&Self) -> Option<T>,
    ) -> Result<T, String> {
        let start = Instant::now();
        loop {
            if let Some(found) = look(self) {
                return Ok(found);
            }
            let ended = self.child.try_wait().expect("the process can be asked");
            if ended.is_some() || start.elapsed() > LIMIT {
                let how = ended.map_or("is still running".to_owned(), |status| status.to_string());
                return Err(format!("`{}`: no {what}; {how}; stderr:\n{}", self.program, self.stderr()));
            }
            std::thread::sleep(INTERVAL);
        }
    }

    /// Waits for its end, and does something else meanwhile, again and again.
    pub(crate) fn finish(&mut self, mut meanwhile: impl FnMut()) -> ExitStatus {
        let start = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().expect("the process can be asked") {
                return status;
            }
            assert!(start.elapsed() < LIMIT, "`{}` does not end; stderr:\n{}", self.program, self.stderr());
            meanwhile();
            std::thread::sleep(INTERVAL);
        }
    }

    fn written(&self, name: &str) -> Vec<u8> {
        fs::read(self.output.path().join(name)).expect("the file is there")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // An error says that it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs a command to its end, which must be a good one.
pub(crate) fn run(command: &mut Command) -> Result<(), String> {
    let mut process = Process::start(command);
    let status = process.finish(|| {});
    let failure = || format!("`{}` ends with {status}; stderr:\n{}", process.program, process.stderr());
    status.success().then_some(()).ok_or_else(failure)
}

/// Where a program is; where it is not, the test fails and says what to type.
pub(crate) fn installed(program: &str, packages: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    // Debian keeps servers where the PATH of people who are not root may not lead.
    std::env::split_paths(&path)
        .chain(["/usr/sbin", "/usr/local/sbin"].map(PathBuf::from))
        .map(|folder| folder.join(program))
        .find(|file| file.is_file())
        .unwrap_or_else(|| panic!("`{program}` is not installed: type `{}`", install(packages)))
}

/// The line that installs packages.
pub(crate) fn install(packages: &str) -> String {
    format!("sudo apt-get update && sudo apt-get install -y --no-install-recommends {packages}")
}
