//! Builds the programs: each with a twin in the same language that POSTs over plain TCP.

use std::fs;
use std::path::{Path, PathBuf};
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
        let (file, twin, name) = match stack.program {
            Program::Rust { package, features } => {
                (self.rust(package, features)?, self.rust(PLAIN, &[])?, stack.name.to_owned())
            }
            Program::C { file, library, defines } => {
                let board = self.board()?;
                let program = compiler::Program { id: stack.id, file, library: Some(library), defines };
                let twin = compiler::Program { id: "plain", file: "plain.c", library: None, defines: &[] };
                let (image, version) = compiler::build(&program, &board)?;
                (image, compiler::build(&twin, &board)?.0, stack.name.replace("{}", &version))
            }
        };
        let (sizes, twin) = (sizes(&file)?, sizes(&twin)?);
        let flash = |sizes: Sizes| sizes.text + sizes.rodata + sizes.data;
        let memory = |sizes: Sizes| sizes.data + sizes.bss;
        Ok(Image {
            file,
            name,
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
