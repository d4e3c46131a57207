//! BoGo: BoringSSL's tests of TLS, run against the shim.
//!
//! The runner is built on this machine, from sources that the package registries have; none of
//! them is kept in this repository. It runs all of its tests: for those that picopost has no use
//! for, the shim gives its reason and the runner goes on.

mod build;
mod judge;

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use xtask::error::Failure;
use xtask::firmware::{cargo, target_folder};
use xtask::process::{self, Running};

pub use judge::Report;
use judge::{Config, Outcomes};

/// The runner's configuration, and ours.
const CONFIG: &str = "conformance/bogo/config.json";
const SHIM: &str = "bogo-shim";
const SHIM_LIMIT: Duration = Duration::from_secs(1800);
const RUN_LIMIT: Duration = Duration::from_secs(1800);

/// Builds what is not built yet, and runs the tests whose names match `pattern`; all without one.
///
/// # Errors
/// Something is missing, or the runner does not come to results.
pub fn run(pattern: Option<&str>) -> Result<Report, Failure> {
    let folder = target_folder().join("conformance").join("bogo");
    let config_file = xtask::firmware::workspace().join(CONFIG);
    let config = Config::read(&read(&config_file)?)?;
    let runner = build::runner(&folder)?;
    let shim = shim()?;
    let results = Results::in_folder(&folder);
    results.clear()?;
    let mut command = Command::new(runner);
    // All tests run, disabled ones too: so those that pass are noticed.
    command.args(["-include-disabled", "-allow-unimplemented"]);
    command.arg("-shim-path").arg(shim).arg("-shim-config").arg(&config_file);
    command.arg("-transcript-dir").arg(&results.transcripts).arg("-json-output").arg(&results.outcomes);
    if let Some(pattern) = pattern {
        command.args(["-test", pattern]);
    }
    let log = File::create(&results.log)
        .map_err(|error| Failure::failed(format!("{}: {error}", results.log.display())))?;
    // Its status says what its results say, which are to be judged.
    Running::start("the runner", command.stdout(log))?.wait(RUN_LIMIT)?;
    let outcomes = read(&results.outcomes)
        .map_err(|failure| failure.hint(format!("what it said is in {}", results.log.display())))?;
    let report = judge::judge(&Outcomes::read(&outcomes)?, &results.reasons()?, &config);
    Ok(if pattern.is_some() { report.of_a_part() } else { report })
}

fn shim() -> Result<PathBuf, Failure> {
    let mut command = cargo();
    command.args(["build", "--quiet", "--package", env!("CARGO_PKG_NAME"), "--bin", SHIM]);
    process::run("the shim's build", &mut command, SHIM_LIMIT)?;
    absolute(&target_folder().join("debug").join(SHIM))
}

/// Where a run leaves what it found.
struct Results {
    /// What went over the wire in each test, and the reasons of those that were skipped.
    transcripts: PathBuf,
    outcomes: PathBuf,
    log: PathBuf,
}

impl Results {
    fn in_folder(folder: &Path) -> Self {
        Self {
            transcripts: folder.join("transcripts"),
            outcomes: folder.join("outcomes.json"),
            log: folder.join("runner.log"),
        }
    }

    /// Nothing of an older run must be taken for this one's.
    fn clear(&self) -> Result<(), Failure> {
        if self.transcripts.exists() {
            fs::remove_dir_all(&self.transcripts)
                .map_err(|error| Failure::failed(format!("{}: {error}", self.transcripts.display())))?;
        }
        if self.outcomes.exists() {
            fs::remove_file(&self.outcomes)
                .map_err(|error| Failure::failed(format!("{}: {error}", self.outcomes.display())))?;
        }
        Ok(())
    }

    /// The reasons that the shim gave: test and reason.
    fn reasons(&self) -> Result<judge::Reasons, Failure> {
        let mut reasons = judge::Reasons::new();
        let ending = format!("-{}", crate::shim::REASON_FILE);
        for side in files(&self.transcripts)?.iter().map(|protocol| files(protocol)) {
            for file in side?.iter().map(|side| files(side)) {
                for file in file? {
                    let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
                    if let Some(test) = name.strip_suffix(&ending) {
                        reasons.insert(test.to_owned(), read(&file)?);
                    }
                }
            }
        }
        Ok(reasons)
    }
}

fn files(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let failed = |error| Failure::failed(format!("{}: {error}", folder.display()));
    let entries = fs::read_dir(folder).map_err(failed)?;
    entries.map(|entry| Ok(entry.map_err(failed)?.path())).collect()
}

fn read(file: &Path) -> Result<String, Failure> {
    fs::read_to_string(file).map_err(|error| Failure::failed(format!("{}: {error}", file.display())))
}

fn absolute(path: &Path) -> Result<PathBuf, Failure> {
    std::path::absolute(path).map_err(|error| Failure::failed(format!("{}: {error}", path.display())))
}
