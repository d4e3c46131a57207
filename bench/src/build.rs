//! Builds the programs: each with a twin in the same language that POSTs over plain TCP.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use xtask::error::Failure;
use xtask::firmware::{cargo_for, target_folder, workspace};
use xtask::image::Sizes;
use xtask::process;
use xtask::setup::{self, TARGET, Toolchain};

use crate::compiler;
use crate::stacks::{Program, Stack};

const BUILD_LIMIT: Duration = Duration::from_secs(1800);
const PROFILE: &str = "firmware";
const PLAIN: &str = "bench-plain";
const STATIC: &str = "bench-staticlib";

/// A program, and what it adds to its twin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// The ELF file.
    pub file: PathBuf,
    /// The stack's, with its version.
    pub name: String,
    /// What it was built with.
    pub compiler: String,
    /// Code, constants and initial values, less the twin's, in octets.
    pub flash: u32,
    /// Static memory less the twin's, in octets.
    pub memory: u32,
}

/// What builds the programs.
#[derive(Debug)]
pub struct Builder {
    toolchain: Toolchain,
}

impl Builder {
    /// Finds the toolchain, or gets it.
    ///
    /// # Errors
    /// It is not there and cannot be got.
    pub fn new() -> Result<Self, Failure> {
        Ok(Self { toolchain: setup::toolchain()? })
    }

    /// Builds a stack's program and its twin.
    ///
    /// # Errors
    /// Something is missing, or the build fails; what builds has said why.
    pub fn build(&self, stack: &Stack) -> Result<Image, Failure> {
        let (file, twin, name, compiler) = match stack.program {
            Program::Rust { package, features, library } => {
                let image = self.rust(package, features)?;
                let version = library.map(locked_version).transpose()?.unwrap_or_default();
                (image, self.rust(PLAIN, &[])?, stack.name.replace("{}", &version), self.rustc())
            }
            Program::C { file, library, defines } => {
                let board = self.board()?;
                let program = compiler::Program { id: stack.id, file, library: Some(library), defines };
                let twin = compiler::Program { id: "plain", file: "plain.c", library: None, defines: &[] };
                let (image, version) = compiler::build(&program, &board)?;
                let twin = compiler::build(&twin, &board)?.0;
                (image, twin, stack.name.replace("{}", &version), compiler::version()?)
            }
        };
        let (sizes, twin) = (sizes(&file)?, sizes(&twin)?);
        let flash = |sizes: Sizes| sizes.text + sizes.rodata + sizes.data;
        let memory = |sizes: Sizes| sizes.data + sizes.bss;
        Ok(Image {
            file,
            name,
            compiler,
            flash: flash(sizes).saturating_sub(flash(twin)),
            memory: memory(sizes).saturating_sub(memory(twin)),
        })
    }

    /// Builds the program that POSTs over plain TCP.
    ///
    /// # Errors
    /// The build fails.
    pub fn plain(&self) -> Result<PathBuf, Failure> {
        self.rust(PLAIN, &[])
    }

    fn rust(&self, package: &str, features: &[&str]) -> Result<PathBuf, Failure> {
        let built = self.cargo(package, features)?.join(package);
        // The next build of the same package, with other features, would take its place.
        let image = chip_folder().join([&[package], features].concat().join("-"));
        fs::copy(&built, &image).map_err(|error| Failure::failed(format!("{}: {error}", built.display())))?;
        Ok(image)
    }

    /// The compiler of the programs in Rust.
    fn rustc(&self) -> String {
        let command = match &self.toolchain {
            Toolchain::Rustup => "rustc",
            Toolchain::Debian { .. } => "/usr/bin/rustc",
        };
        let version = process::output(Command::new(command).arg("--version").current_dir(workspace()));
        // `rustc 1.95.0 (59807616e 2026-04-14)`
        version.unwrap_or_default().split(" (").next().unwrap_or_default().to_owned()
    }

    /// The board as a static library.
    fn board(&self) -> Result<PathBuf, Failure> {
        Ok(self.cargo(STATIC, &[])?.join(format!("lib{}.a", STATIC.replace('-', "_"))))
    }

    /// Builds a package of the chip's workspace: the folder it is in.
    fn cargo(&self, package: &str, features: &[&str]) -> Result<PathBuf, Failure> {
        let folder = chip_folder();
        let profile = folder.join("profile.toml");
        let failed = |error| Failure::missing(format!("{}: {error}", profile.display()));
        fs::create_dir_all(&folder).and_then(|()| fs::write(&profile, profile_text()?)).map_err(failed)?;
        let mut command = cargo_for(&self.toolchain, TARGET);
        command.current_dir(workspace().join("bench/chip"));
        command.args(["--quiet", "--package", package, "--profile", PROFILE]);
        command.arg("--features").arg(features.join(","));
        command.arg("--target-dir").arg(&folder).arg("--config").arg(&profile);
        process::run(&format!("the build of {package}"), &mut command, BUILD_LIMIT)?;
        Ok(folder.join(TARGET).join(PROFILE))
    }
}

fn chip_folder() -> PathBuf {
    target_folder().join("bench/chip")
}

/// The version of a package in the lock file of the chip's workspace.
fn locked_version(package: &str) -> Result<String, Failure> {
    let file = workspace().join("bench/chip/Cargo.lock");
    let text =
        fs::read_to_string(&file).map_err(|error| Failure::failed(format!("{}: {error}", file.display())))?;
    version_in(&text, package)
        .ok_or_else(|| Failure::failed(format!("{} does not have {package}", file.display())))
}

fn version_in(lock: &str, package: &str) -> Option<String> {
    let (_, rest) = lock.split_once(&format!("name = \"{package}\"\nversion = \""))?;
    Some(rest.split_once('"')?.0.to_owned())
}

/// The repository's profile for firmware: what a board's image is built with is what is measured.
fn profile_text() -> std::io::Result<String> {
    let manifest = fs::read_to_string(workspace().join("Cargo.toml"))?;
    let mut is_wanted = false;
    let wanted = manifest.lines().filter(|line| {
        if line.starts_with('[') {
            is_wanted = line.starts_with("[profile.firmware") || line.starts_with("[profile.release");
        }
        is_wanted
    });
    Ok(wanted.collect::<Vec<_>>().join("\n"))
}

fn sizes(image: &Path) -> Result<Sizes, Failure> {
    let file = fs::read(image).map_err(|error| Failure::failed(format!("{}: {error}", image.display())))?;
    Sizes::read(&file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_locked_packages() {
        let lock = "[[package]]\nname = \"rustls-webpki\"\nversion = \"0.103.17\"\n\n\
                    [[package]]\nname = \"rustls\"\nversion = \"0.23.46\"\n";
        assert_eq!(version_in(lock, "rustls").as_deref(), Some("0.23.46"));
        assert_eq!(version_in(lock, "webpki"), None);
        assert!(locked_version("rustls").is_ok());
    }

    #[test]
    fn the_profile_is_the_repository_s() {
        let profile = profile_text().unwrap();
        assert!(profile.starts_with("[profile.release]"), "{profile}");
        assert!(profile.contains("\n[profile.firmware]\n"), "{profile}");
        assert!(!profile.contains("[profile.dev]"), "{profile}");
    }
}
