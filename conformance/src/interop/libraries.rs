//! TLS libraries that Debian lacks, or has too old: built from the sources that Rust packages carry.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use xtask::error::Failure;
use xtask::process;

use crate::sources::{self, make_folder, told, write};

/// The Rust package that carries Mbed TLS 3.6.5. Debian's is 2.28, whose TLS 1.3 is no server.
const MBEDTLS_RS_SYS: &str = "0.3.1";
/// Off by default in Mbed TLS; its header is read with the same setting.
pub(super) const MBEDTLS_SETTING: &str = "-DMBEDTLS_SSL_RECORD_SIZE_LIMIT";

/// Builds tell more than anyone wants to know on standard output, which goes nowhere.
const BUILD_LIMIT: Duration = Duration::from_secs(1800);

/// A built library.
pub(super) struct Library {
    /// Where its headers are.
    pub(super) include: PathBuf,
    /// Its archives, in the linker's order.
    pub(super) archives: Vec<PathBuf>,
}

/// BoringSSL, with its own build. Takes some minutes, once.
pub(super) fn boringssl(folder: &Path) -> Result<Library, Failure> {
    let sources = sources::boringssl(folder)?;
    let build = folder.join("boringssl");
    let archives = ["libssl.a", "libcrypto.a"].map(|archive| build.join(archive)).to_vec();
    once(&build, &format!("boring-sys {}", sources::BORING_SYS), || {
        eprintln!("setup: BoringSSL is built (a few minutes)");
        let mut configure = Command::new("cmake");
        configure.args(["-DCMAKE_BUILD_TYPE=Release", "-DBUILD_TESTING=OFF", "-S"]).arg(&sources);
        configure.arg("-B").arg(&build).stdout(Stdio::null());
        process::run("cmake", &mut configure, BUILD_LIMIT)?;
        let mut compile = Command::new("cmake");
        compile.arg("--build").arg(&build).args(["--parallel", "2", "--target", "ssl", "crypto"]);
        process::run("BoringSSL's build", compile.stdout(Stdio::null()), BUILD_LIMIT)
    })?;
    Ok(Library { include: sources.join("include"), archives })
}

/// Mbed TLS, from its C files alone: its own build wants files that the package leaves out.
pub(super) fn mbedtls(folder: &Path) -> Result<Library, Failure> {
    let sources = sources::package(folder, "mbedtls-rs-sys", MBEDTLS_RS_SYS)?.join("mbedtls");
    let build = folder.join("mbedtls");
    let (include, archive) = (sources.join("include"), build.join("libmbedtls.a"));
    once(&build, &format!("mbedtls-rs-sys {MBEDTLS_RS_SYS} {MBEDTLS_SETTING}"), || {
        eprintln!("setup: Mbed TLS is built (a minute)");
        let files = with_ending(&sources.join("library"), "c")?;
        let mut compile = Command::new("cc");
        compile.args(["-O1", MBEDTLS_SETTING, "-c", "-I"]).arg(&include).args(&files).current_dir(&build);
        process::run("Mbed TLS's build", &mut compile, BUILD_LIMIT)?;
        let mut collect = Command::new("ar");
        collect.arg("rcs").arg(&archive).args(with_ending(&build, "o")?);
        process::run("ar", &mut collect, BUILD_LIMIT)
    })?;
    Ok(Library { include, archives: vec![archive] })
}

/// Builds what was not built yet, or otherwise.
fn once(build: &Path, recipe: &str, make: impl FnOnce() -> Result<(), Failure>) -> Result<(), Failure> {
    let file = build.join("recipe");
    if fs::read_to_string(&file).is_ok_and(|old| old == recipe) {
        return Ok(());
    }
    if build.exists() {
        fs::remove_dir_all(build).map_err(|error| told(build, &error))?;
    }
    make_folder(build)?;
    make()?;
    write(&file, recipe)
}

fn with_ending(folder: &Path, ending: &str) -> Result<Vec<PathBuf>, Failure> {
    let entries = fs::read_dir(folder).map_err(|error| told(folder, &error))?;
    let files: Result<Vec<_>, _> = entries.map(|entry| entry.map(|entry| entry.path())).collect();
    let mut files = files.map_err(|error| told(folder, &error))?;
    files.retain(|file| file.extension().is_some_and(|found| found == ending));
    files.sort();
    Ok(files)
}
