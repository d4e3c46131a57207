//! Child processes: each has a time limit, and none outlives xtask.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use crate::error::Failure;

const POLL: Duration = Duration::from_millis(20);

/// Set by Ctrl-C and its like; whoever waits looks at it.
static INTERRUPTED: OnceLock<Arc<AtomicBool>> = OnceLock::new();

/// From now on Ctrl-C ends xtask by a [`Failure`], after every child was ended.
///
/// # Errors
/// When the system does not let its signals be caught.
pub fn catch_signals() -> Result<(), Failure> {
    let flag = INTERRUPTED.get_or_init(Arc::default);
    for signal in [SIGINT, SIGTERM, SIGHUP] {
        signal_hook::flag::register(signal, Arc::clone(flag))
            .map_err(|error| Failure::missing(format!("signals cannot be caught: {error}")))?;
    }
    Ok(())
}

fn check_interrupted() -> Result<(), Failure> {
    match INTERRUPTED.get() {
        Some(flag) if flag.load(Ordering::Relaxed) => Err(Failure::failed("interrupted")),
        _ => Ok(()),
    }
}

/// A running child. Dropping it kills it, by its process id.
#[derive(Debug)]
pub struct Running {
    name: String,
    child: Child,
}

impl Drop for Running {
    fn drop(&mut self) {
        // Both fail only where the process is gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Running {
    /// Starts `command`, without standard input. `name` is what messages call it.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(name: &str, command: &mut Command) -> Result<Self, Failure> {
        let child = command
            .stdin(Stdio::null())
            .spawn()
            .map_err(|error| Failure::missing(format!("{name} cannot be started: {error}")))?;
        Ok(Self { name: name.to_owned(), child })
    }

    /// Waits until the child has ended by itself; kills it after `limit`.
    ///
    /// # Errors
    /// The limit is over; Ctrl-C.
    pub fn wait(mut self, limit: Duration) -> Result<ExitStatus, Failure> {
        let deadline = Instant::now() + limit;
        loop {
            check_interrupted()?;
            let status = self.child.try_wait();
            if let Some(status) =
                status.map_err(|error| Failure::failed(format!("{} is lost: {error}", self.name)))?
            {
                return Ok(status);
            }
            if Instant::now() >= deadline {
                return Err(Failure::failed(format!(
                    "{} was ended after its time limit of {} s",
                    self.name,
                    limit.as_secs()
                )));
            }
            thread::sleep(POLL);
        }
    }

    /// The lines that the child writes to its standard output, which must be a pipe.
    pub fn stdout_lines(&mut self) -> Lines {
        Lines::of(self.child.stdout.take())
    }

    /// The lines that the child writes to its standard error, which must be a pipe.
    pub fn stderr_lines(&mut self) -> Lines {
        Lines::of(self.child.stderr.take())
    }
}

/// Lines of a child's output, as they come.
#[derive(Debug)]
pub struct Lines(mpsc::Receiver<String>);

impl Lines {
    fn of(pipe: Option<impl Read + Send + 'static>) -> Self {
        let (sender, receiver) = mpsc::channel();
        if let Some(pipe) = pipe {
            // Ends when the child, or the receiver, is gone.
            thread::spawn(move || {
                for line in BufReader::new(pipe).split(b'\n').map_while(Result::ok) {
                    let line = String::from_utf8_lossy(&line).trim_end_matches('\r').to_owned();
                    if sender.send(line).is_err() {
                        return;
                    }
                }
            });
        }
        Self(receiver)
    }

    /// The next line; `None` once the child has closed its output, or when `limit` is over.
    ///
    /// # Errors
    /// Ctrl-C.
    pub fn next(&self, limit: Duration) -> Result<Option<String>, Failure> {
        let deadline = Instant::now() + limit;
        loop {
            check_interrupted()?;
            match self.0.recv_timeout(POLL) {
                Ok(line) => return Ok(Some(line)),
                Err(mpsc::RecvTimeoutError::Disconnected) => return Ok(None),
                Err(mpsc::RecvTimeoutError::Timeout) if Instant::now() >= deadline => return Ok(None),
                Err(mpsc::RecvTimeoutError::Timeout) => {}
            }
        }
    }

    /// All lines until the child closes its output, or until `limit` is over.
    ///
    /// # Errors
    /// Ctrl-C.
    pub fn rest(&self, limit: Duration) -> Result<Vec<String>, Failure> {
        let deadline = Instant::now() + limit;
        let mut lines = Vec::new();
        while let Some(line) = self.next(deadline.saturating_duration_since(Instant::now()))? {
            lines.push(line);
        }
        Ok(lines)
    }
}

/// Runs `command` to its end, showing its output.
///
/// # Errors
/// It cannot be started, takes longer than `limit`, or ends with another status than 0.
pub fn run(name: &str, command: &mut Command, limit: Duration) -> Result<(), Failure> {
    let status = Running::start(name, command)?.wait(limit)?;
    if status.success() { Ok(()) } else { Err(Failure::failed(format!("{name} ended with {status}"))) }
}

/// What `command` writes to its standard output; `None` where it cannot be run or fails.
pub fn output(command: &mut Command) -> Option<String> {
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().ok()?;
    let mut text = String::new();
    child.stdout.take()?.read_to_string(&mut text).ok()?;
    child.wait().ok()?.success().then(|| text.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_child_over_its_time_limit_is_ended() {
        let running = Running::start("sleep", Command::new("sleep").arg("600")).unwrap();
        let process = running.child.id();
        let failure = running.wait(Duration::ZERO).unwrap_err();
        assert_eq!(failure.to_string(), "error: sleep was ended after its time limit of 0 s");
        assert!(!std::path::Path::new(&format!("/proc/{process}")).exists());
    }

    #[test]
    fn lines_come_whole_and_end_with_the_child() {
        let mut command = Command::new("printf");
        command.arg("one\\r\\ntwo\\nlast").stdout(Stdio::piped());
        let mut running = Running::start("printf", &mut command).unwrap();
        let lines = running.stdout_lines();
        assert_eq!(lines.rest(Duration::from_secs(60)), Ok(vec!["one".into(), "two".into(), "last".into()]));
    }

    #[test]
    fn what_fails_says_so() {
        let limit = Duration::from_secs(60);
        let failure = run("false", &mut Command::new("false"), limit).unwrap_err();
        assert_eq!(failure.to_string(), "error: false ended with exit status: 1");
        let failure = run("nothing", &mut Command::new("/nonexistent"), limit).unwrap_err();
        assert_eq!(failure.exit_status(), 3);
        assert_eq!(output(&mut Command::new("false")), None);
        assert_eq!(output(Command::new("printf").arg(" text\\n")), Some("text".into()));
    }
}
