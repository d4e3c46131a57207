//! Processes that never outlive whoever started them.

use std::fs::{self, File};
use std::io::Write;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;
use xtask::error::Failure;

/// How long anything may take on a machine that is busy with other things: only what fails takes
/// so long.
const LIMIT: Duration = Duration::from_secs(120);
/// How often a process is looked at.
const INTERVAL: Duration = Duration::from_millis(5);

/// A process with its output in files. It is ended by its process id when this is dropped.
pub struct Process {
    program: String,
    child: Child,
    output: TempDir,
}

impl Process {
    /// Starts it.
    ///
    /// # Errors
    /// It cannot be started.
    ///
    /// # Panics
    /// If there is no room for its output.
    pub fn start(command: &mut Command) -> Result<Self, Failure> {
        let program = command.get_program().to_string_lossy().into_owned();
        let output = tempfile::tempdir().expect("there is room for a folder");
        let file = |name| File::create(output.path().join(name)).expect("there is room for a file");
        command.stdin(Stdio::piped()).stdout(file("stdout")).stderr(file("stderr"));
        let child = command
            .spawn()
            .map_err(|error| Failure::failed(format!("`{program}` does not start: {error}")))?;
        Ok(Self { program, child, output })
    }

    /// What it has written to stdout so far.
    ///
    /// # Panics
    /// If somebody has removed its file.
    pub fn stdout(&self) -> Vec<u8> {
        self.written("stdout")
    }

    /// What it has written to stderr so far.
    ///
    /// # Panics
    /// If somebody has removed its file.
    pub fn stderr(&self) -> String {
        String::from_utf8_lossy(&self.written("stderr")).into_owned()
    }

    /// Writes to its stdin, in one piece as far as the system allows.
    ///
    /// # Panics
    /// If it does not read.
    pub fn write(&mut self, octets: &[u8]) {
        let stdin: &mut ChildStdin = self.child.stdin.as_mut().expect("stdin is a pipe");
        stdin.write_all(octets).unwrap_or_else(|error| panic!("`{}` does not read: {error}", self.program));
    }

    /// Waits until there is what `look` looks for, while the process runs.
    ///
    /// # Errors
    /// The process has ended, or two minutes are over.
    ///
    /// # Panics
    /// If the system does not know the process.
    pub fn wait_for<T>(
        &mut self,
        what: &str,
        mut look: impl FnMut(&Self) -> Option<T>,
    ) -> Result<T, Failure> {
        let start = Instant::now();
        loop {
            if let Some(found) = look(self) {
                return Ok(found);
            }
            let ended = self.child.try_wait().expect("the process can be asked");
            if ended.is_some() || start.elapsed() > LIMIT {
                let how = ended.map_or("is still running".to_owned(), |status| status.to_string());
                let stderr = self.stderr();
                return Err(Failure::failed(format!(
                    "`{}`: no {what}; {how}; stderr:\n{stderr}",
                    self.program
                )));
            }
            std::thread::sleep(INTERVAL);
        }
    }

    /// Waits for its end, and does something else meanwhile, again and again.
    ///
    /// # Panics
    /// If it does not end within two minutes.
    pub fn finish(&mut self, mut meanwhile: impl FnMut()) -> ExitStatus {
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

/// Where a program is.
///
/// # Errors
/// It is not installed: the hint is what to type.
pub fn installed(program: &str, packages: &str) -> Result<PathBuf, Failure> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    // Debian keeps servers where the PATH of people who are not root may not lead.
    std::env::split_paths(&path)
        .chain(["/usr/sbin", "/usr/local/sbin"].map(PathBuf::from))
        .map(|folder| folder.join(program))
        .find(|file| file.is_file())
        .ok_or_else(|| Failure::missing(format!("`{program}` is not installed")).hint(install(packages)))
}

/// The line that installs packages.
pub fn install(packages: &str) -> String {
    format!("type: sudo apt-get update && sudo apt-get install -y --no-install-recommends {packages}")
}
