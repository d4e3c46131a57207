//! Runs the board's image in QEMU.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::error::Failure;
use crate::parameters;
use crate::process::Running;

/// Some seconds are enough: the slowest handshake is a second of emulation.
pub const LIMIT: Duration = Duration::from_secs(120);

/// The host's loopback, as the board sees it.
pub const HOST: std::net::Ipv4Addr = std::net::Ipv4Addr::new(10, 0, 2, 2);

/// A board, switched off.
#[derive(Clone, Copy, Debug)]
pub struct Board<'a> {
    /// The emulator's command.
    pub emulator: &'a Path,
    /// The image.
    pub image: &'a Path,
    /// Whether the board has a source of entropy.
    pub entropy: Fitted,
    /// What the board's clock shows at reset (`2025-01-27T12:00:00`, UTC); `None`: the host's time.
    pub clock: Option<&'a str>,
}

/// Whether a board has a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fitted {
    /// It has.
    Yes,
    /// It has not.
    No,
}

/// What a board did between reset and its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// What it wrote to its console.
    pub lines: Vec<String>,
    /// How it ended: the status that it gave to the test device.
    pub exit_status: i32,
}

impl Report {
    /// What follows `key: ` in the first line that begins so.
    #[must_use]
    pub fn value(&self, key: &str) -> Option<&str> {
        self.lines.iter().find_map(|line| line.strip_prefix(key)?.strip_prefix(": "))
    }
}

impl Board<'_> {
    /// Runs the board to its end, with `block` in the memory where it looks for its parameters.
    /// The block is written to a file in `folder`, and removed again: it holds a secret.
    ///
    /// # Errors
    /// The emulator cannot be started, or the board does not end within [`LIMIT`].
    pub fn run(&self, block: &[u8], folder: &Path) -> Result<Report, Failure> {
        let file = folder.join(format!("parameters-{}.bin", std::process::id()));
        fs::write(&file, block).map_err(|error| Failure::missing(format!("{}: {error}", file.display())))?;
        let report = self.run_with(&file);
        // Where it cannot be removed it was not there: nothing to report.
        let _ = fs::remove_file(&file);
        report
    }

    fn run_with(&self, parameters: &Path) -> Result<Report, Failure> {
        let mut running = Running::start("the emulator", &mut self.command(parameters))?;
        let lines = running.stdout_lines().rest(LIMIT)?;
        let status = running.wait(LIMIT)?;
        let exit_status =
            status.code().ok_or_else(|| Failure::failed("the emulator was ended by a signal"))?;
        Ok(Report { lines, exit_status })
    }

    fn command(&self, block: &Path) -> Command {
        let mut command = Command::new(self.emulator);
        command.args(["-M", "virt", "-m", "16M", "-bios", "none", "-display", "none"]);
        command.args(["-monitor", "none", "-serial", "stdio"]);
        // One instruction is one nanosecond: counts repeat.
        command.args(["-icount", "shift=0"]);
        command.args(["-global", "virtio-mmio.force-legacy=false"]);
        command.args(["-netdev", "user,id=network", "-device", "virtio-net-device,netdev=network"]);
        if self.entropy == Fitted::Yes {
            command.args(["-device", "virtio-rng-device"]);
        }
        if let Some(clock) = self.clock {
            command.args(["-rtc", &format!("base={clock}")]);
        }
        command.arg("-kernel").arg(self.image);
        // A comma in the option's value is written twice.
        let file = block.display().to_string().replace(',', ",,");
        let loader = format!("loader,file={file},addr={:#x},force-raw=on", parameters::ADDRESS);
        command.args(["-device", &loader]).stdout(Stdio::piped());
        command
    }
}
