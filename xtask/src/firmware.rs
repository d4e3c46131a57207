//! Builds the board's image.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::error::Failure;
use crate::image::Sizes;
use crate::process;
use crate::setup::{self, TARGET, Toolchain};

const PACKAGE: &str = "picopost-qemu-rv32";
const PLAIN: &str = "plain-qemu-rv32";
const BUILT_IN: &str = "built-in-qemu-rv32";
const PROFILE: &str = "firmware";
const BUILD_LIMIT: Duration = Duration::from_secs(1800);

/// Builds the image and says how large it is.
///
/// # Errors
/// The toolchain is missing, or the build fails.
pub fn run() -> Result<(), Failure> {
    let toolchain = setup::toolchain()?;
    let image = build(&toolchain)?;
    let file = fs::read(&image).map_err(|error| Failure::failed(format!("{}: {error}", image.display())))?;
    println!("image: {}\n{}", image.display(), Sizes::read(&file)?);
    Ok(())
}

/// What an image does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Program {
    /// The demonstration: POSTs with picopost, and reports errors as sentences.
    Demonstration,
    /// The same without sentences, which is how a device would be shipped: errors are numbers.
    Bare,
    /// The demonstration with its trust anchors in the image; [`build_with_anchors`] names them.
    BuiltIn,
    /// The same POST in clear text over TCP, without picopost: what is to be subtracted.
    Plain,
}

/// Builds the demonstration's image: where it is.
///
/// # Errors
/// The build fails; cargo has said why.
pub fn build(toolchain: &Toolchain) -> Result<PathBuf, Failure> {
    build_program(toolchain, Program::Demonstration)
}

/// Builds an image: where it is, until another one of the same name is built.
///
/// # Errors
/// The build fails; cargo has said why.
pub fn build_program(toolchain: &Toolchain, program: Program) -> Result<PathBuf, Failure> {
    build_with(toolchain, program, None)
}

/// Builds the demonstration with its trust anchors in the image: a file that `picopost trust --format
/// rust` wrote. Where it is, until another one is built.
///
/// # Errors
/// The build fails; cargo has said why.
pub fn build_with_anchors(toolchain: &Toolchain, anchors: &Path) -> Result<PathBuf, Failure> {
    build_with(toolchain, Program::BuiltIn, Some(anchors))
}

fn build_with(toolchain: &Toolchain, program: Program, anchors: Option<&Path>) -> Result<PathBuf, Failure> {
    let (name, features): (_, &[&str]) = match program {
        Program::Demonstration => (PACKAGE, &[]),
        Program::Bare => (PACKAGE, &["--no-default-features"]),
        Program::BuiltIn => (BUILT_IN, &["--features", "built-in-anchors"]),
        Program::Plain => (PLAIN, &["--no-default-features"]),
    };
    let mut command = cargo_for(toolchain, TARGET);
    if let Some(anchors) = anchors {
        command.env("PICOPOST_ANCHORS", anchors);
    }
    command.args(["--package", PACKAGE, "--bin", name, "--profile", PROFILE]).args(features);
    process::run("the firmware's build", &mut command, BUILD_LIMIT)?;
    Ok(target_folder().join(TARGET).join(PROFILE).join(name))
}

/// `cargo build` for a device's target.
#[must_use]
pub fn cargo_for(toolchain: &Toolchain, target: &str) -> Command {
    let mut command = cargo();
    command.args(["build", "--target", target]);
    if let Toolchain::Debian { linker } = toolchain {
        // Debian's compiler is a stable one: only so may it build `core` itself.
        command.env("RUSTC", "/usr/bin/rustc").env("RUSTC_BOOTSTRAP", "1").arg("-Zbuild-std=core,alloc");
        let variable = format!("CARGO_TARGET_{}_LINKER", target.to_uppercase().replace('-', "_"));
        command.env(variable, linker);
    }
    command
}

/// cargo, in the workspace.
#[must_use]
pub fn cargo() -> Command {
    // `cargo xtask` sets CARGO; the fall-back is for whoever starts the program itself.
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(workspace());
    command
}

/// The workspace's folder.
#[must_use]
pub fn workspace() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here)
}

/// Where cargo puts what it builds.
#[must_use]
pub fn target_folder() -> PathBuf {
    // A relative one is relative to where cargo was started, which is where xtask runs.
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| workspace().join("target"), PathBuf::from)
}
