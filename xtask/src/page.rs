//! `cargo xtask page`: the live page of `picopost listen` in a real browser.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::error::Failure;
use crate::{demo, firmware, process, setup};

/// What drives the browser, a Python package. It brings no browser of its own here.
const PLAYWRIGHT: &str = "1.65.2";
const TESTS: &str = "crates/cli/tests/page/main.py";
const SCREENSHOT: &str = "docs/listen-page.png";
const FETCH_LIMIT: Duration = Duration::from_secs(900);
const TEST_LIMIT: Duration = Duration::from_secs(900);

/// What to do with the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Task {
    /// Test it.
    Test,
    /// Make the picture of it in the docs.
    Screenshot,
}

/// Gets a browser, and what drives it, and does the task.
///
/// # Errors
/// No browser can be had; a test failed.
pub fn run(task: Task) -> Result<(), Failure> {
    let browser = setup::browser()?;
    let playwright = playwright()?;
    let picopost = demo::build_command()?;
    let mut python = Command::new("python3");
    python
        .arg(TESTS)
        .env("PICOPOST", absolute(&picopost)?)
        .env("CHROMIUM", browser)
        .env("PYTHONPATH", playwright)
        .env("PYTHONDONTWRITEBYTECODE", "1");
    if task == Task::Screenshot {
        python.args(["--screenshot", SCREENSHOT]);
    }
    process::run("the page's tests", &mut python, TEST_LIMIT)
}

/// Playwright, in a folder of its own.
fn playwright() -> Result<PathBuf, Failure> {
    let target = absolute(&firmware::target_folder().join("page").join(format!("playwright-{PLAYWRIGHT}")))?;
    if !target.join("playwright").is_dir() {
        setup::pip(&[&format!("playwright=={PLAYWRIGHT}")], &target, FETCH_LIMIT)?;
    }
    Ok(target)
}

fn absolute(path: &Path) -> Result<PathBuf, Failure> {
    std::path::absolute(path)
        .map_err(|error| Failure::missing(format!("`{}` is no path: {error}", path.display())))
}
