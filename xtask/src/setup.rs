//! What the firmware needs beside Rust for the host: the target's `core`, a linker, an emulator.
//!
//! Each is looked for, then installed where that is allowed, and otherwise the exact line to type
//! is printed.

use std::env;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::error::Failure;
use crate::process;

/// The board's target.
pub const TARGET: &str = "riscv32imac-unknown-none-elf";
/// The emulator's command.
pub const EMULATOR: &str = "qemu-system-riscv32";

/// Debian's compiler, and the sources of `core` that belong to it.
const DEBIAN_RUSTC: &str = "/usr/bin/rustc";
const DEBIAN_CORE: &str = "/usr/lib/rustlib/src/rust/library/core";
const DEBIAN_RUST_PACKAGES: [&str; 2] = ["rustc-web", "rust-web-src"];
const EMULATOR_PACKAGE: &str = "qemu-system-misc";
/// The servers that the tests POST to, the clients that POST to `picopost listen`, and what reads its
/// exports: what each is started by, and its package.
const COUNTERPARTS: [(&str, &str); 11] = [
    ("openssl", "openssl"),
    ("stdbuf", "coreutils"),
    ("nginx", "nginx"),
    ("go", "golang-go"),
    ("python3", "python3"),
    ("java", "default-jdk-headless"),
    ("node", "nodejs"),
    ("npm", "npm"),
    ("curl", "curl"),
    ("tshark", "tshark"),
    ("cc", "build-essential"),
];
/// GnuTLS has no server that takes a POST: the tests compile one against its headers.
const GNUTLS_HEADER: &str = "/usr/include/gnutls/gnutls.h";
const GNUTLS_PACKAGE: &str = "libgnutls28-dev";
/// The libraries that trust anchors are written for, and that clients are made of, by a header of each.
const ANCHOR_READERS: [(&str, &str); 3] = [
    ("/usr/include/mbedtls/ssl.h", "libmbedtls-dev"),
    ("/usr/include/bearssl.h", "libbearssl-dev"),
    ("/usr/include/wolfssl/ssl.h", "libwolfssl-dev"),
];

/// What a browser that the page is tested with is called, and the package of the first.
const BROWSERS: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];
const BROWSER_PACKAGE: &str = "chromium";

/// rustup waits for minutes on a machine that cannot reach its server.
const RUSTUP_LIMIT: Duration = Duration::from_secs(120);
const APT_LIMIT: Duration = Duration::from_secs(900);

/// Gets everything, and says what there is.
///
/// # Errors
/// Something is missing and may not, or cannot, be installed.
pub fn run() -> Result<(), Failure> {
    println!("firmware: {}", toolchain()?);
    println!("emulator: {}", emulator()?.display());
    println!("next: cargo demo");
    Ok(())
}

/// Where the target's `core` comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Toolchain {
    /// rustup installed it.
    Rustup,
    /// Debian's compiler builds it from its own sources.
    Debian {
        /// What links the image.
        linker: PathBuf,
    },
}

impl fmt::Display for Toolchain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rustup => write!(f, "{TARGET} from rustup"),
            Self::Debian { linker } => {
                write!(f, "{TARGET} built by {DEBIAN_RUSTC}, linked by {}", linker.display())
            }
        }
    }
}

/// Finds the board's `core`, or gets it: from rustup, or else from Debian.
///
/// # Errors
/// Neither has it.
pub fn toolchain() -> Result<Toolchain, Failure> {
    toolchain_for(TARGET)
}

/// The same for any target.
///
/// # Errors
/// Neither has it.
pub fn toolchain_for(target: &str) -> Result<Toolchain, Failure> {
    let wanted = env::var("PICOPOST_TOOLCHAIN").unwrap_or_default();
    match wanted.as_str() {
        "rustup" if has_rustup_target(target) || add_rustup_target(target) => Ok(Toolchain::Rustup),
        "rustup" => Err(Failure::missing(format!("rustup cannot fetch {target}"))
            .hint("unset PICOPOST_TOOLCHAIN, and Debian's compiler is used instead")),
        "debian" => debian(),
        "" if has_rustup_target(target) || add_rustup_target(target) => Ok(Toolchain::Rustup),
        "" => {
            eprintln!("setup: rustup cannot fetch {target}: using Debian's compiler instead");
            debian()
        }
        other => Err(Failure::usage(format!("PICOPOST_TOOLCHAIN is `{other}`"))
            .hint("it is `rustup`, `debian`, or not set")),
    }
}

fn has_rustup_target(target: &str) -> bool {
    // rustup prints the folder whether it is there or not.
    process::output(Command::new("rustc").args(["--print", "target-libdir", "--target", target]))
        .and_then(|folder| std::fs::read_dir(folder).ok())
        .is_some_and(|files| {
            files.flatten().any(|file| file.file_name().to_string_lossy().starts_with("libcore-"))
        })
}

fn add_rustup_target(target: &str) -> bool {
    eprintln!("setup: rustup target add {target}");
    let mut command = Command::new("rustup");
    command.args(["target", "add", target]);
    match process::run("rustup", &mut command, RUSTUP_LIMIT) {
        Ok(()) => has_rustup_target(target),
        Err(failure) => {
            eprintln!("setup: {}", failure.sentence());
            false
        }
    }
}

fn debian() -> Result<Toolchain, Failure> {
    if !(Path::new(DEBIAN_RUSTC).exists() && Path::new(DEBIAN_CORE).exists()) {
        install(&DEBIAN_RUST_PACKAGES)?;
    }
    if !Path::new(DEBIAN_CORE).exists() {
        return Err(Failure::missing(format!("{DEBIAN_CORE} is not there")));
    }
    let linker = match (rustup_linker(), on_path("ld.lld")) {
        (Some(linker), _) | (None, Some(linker)) => linker,
        (None, None) => {
            install(&["lld"])?;
            on_path("ld.lld").ok_or_else(|| Failure::missing("ld.lld is not there"))?
        }
    };
    Ok(Toolchain::Debian { linker })
}

/// Every toolchain of rustup has the linker, also for targets that it has no `core` for.
fn rustup_linker() -> Option<PathBuf> {
    let root = process::output(Command::new("rustc").args(["--print", "sysroot"]))?;
    let version = process::output(Command::new("rustc").arg("-vV"))?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: "))?;
    let linker = Path::new(&root).join("lib/rustlib").join(host).join("bin/rust-lld");
    linker.exists().then_some(linker)
}

/// Finds the servers that the tests need, or installs them.
///
/// # Errors
/// Some are not there and cannot be installed.
pub fn counterparts() -> Result<(), Failure> {
    let mut missing: Vec<&str> = COUNTERPARTS
        .iter()
        // Debian keeps servers out of a user's path.
        .filter(|(command, _)| on_path(command).is_none() && !Path::new("/usr/sbin").join(command).is_file())
        .map(|(_, package)| *package)
        .collect();
    if !Path::new(GNUTLS_HEADER).is_file() {
        missing.push(GNUTLS_PACKAGE);
    }
    missing.extend(
        ANCHOR_READERS.iter().filter(|(header, _)| !Path::new(header).is_file()).map(|(_, package)| *package),
    );
    if missing.is_empty() { Ok(()) } else { install(&missing) }
}

/// Finds what installs packages of npm and PyPI, or installs it.
///
/// # Errors
/// Something is not there and cannot be installed.
pub fn registries() -> Result<(), Failure> {
    let mut missing = Vec::new();
    if on_path("npm").is_none() {
        missing.push("npm");
    }
    // Debian's Python can make no virtual environment without this.
    if process::output(Command::new("python3").args(["-c", "import ensurepip"])).is_none() {
        missing.push("python3-venv");
    }
    if missing.is_empty() { Ok(()) } else { install(&missing) }
}

/// Finds the browser that the page is tested with, or installs it.
///
/// # Errors
/// It is not there and cannot be installed.
pub fn browser() -> Result<PathBuf, Failure> {
    // Ubuntu's package is a stand-in that only says where the browser could be had.
    let runs = |browser: &PathBuf| process::output(Command::new(browser).arg("--version")).is_some();
    let find = || BROWSERS.iter().filter_map(|browser| on_path(browser)).find(|browser| runs(browser));
    if let Some(browser) = find() {
        return Ok(browser);
    }
    install(&[BROWSER_PACKAGE])?;
    find().ok_or_else(|| Failure::missing(format!("{BROWSER_PACKAGE} is not there")))
}

/// Installs Python packages into a folder of their own.
///
/// # Errors
/// There is no pip and it cannot be installed; the registry cannot be reached, or has them not.
pub fn pip(packages: &[&str], target: &Path, limit: Duration) -> Result<(), Failure> {
    if process::output(Command::new("python3").args(["-m", "pip", "--version"])).is_none() {
        install(&["python3-pip"])?;
    }
    eprintln!("setup: pip install {}, into {}", packages.join(" "), target.display());
    let mut command = Command::new("python3");
    command
        .args(["-m", "pip", "install", "--quiet", "--no-compile", "--only-binary=:all:"])
        .args(["--disable-pip-version-check", "--root-user-action=ignore", "--target"])
        .arg(target)
        .args(packages);
    process::run("pip", &mut command, limit).map_err(|failure| {
        Failure::missing(format!("{} cannot be installed: {}", packages.join(" "), failure.sentence()))
    })
}

/// Finds the emulator, or installs it.
///
/// # Errors
/// It is not there and cannot be installed.
pub fn emulator() -> Result<PathBuf, Failure> {
    match env::var("PICOPOST_EMULATOR").unwrap_or_default().as_str() {
        "" => {}
        "none" => return Err(Failure::missing("there is no emulator, says PICOPOST_EMULATOR")),
        other => {
            let failure = Failure::usage(format!("PICOPOST_EMULATOR is `{other}`"));
            return Err(failure.hint("it is `none`, or not set"));
        }
    }
    if let Some(emulator) = find_emulator() {
        return Ok(emulator);
    }
    install(&[EMULATOR_PACKAGE])?;
    find_emulator().ok_or_else(|| Failure::missing(format!("{EMULATOR} is not there")))
}

/// The emulator, where there is one already.
#[must_use]
pub fn find_emulator() -> Option<PathBuf> {
    on_path(EMULATOR)
}

/// Where a command is.
#[must_use]
pub fn on_path(command: &str) -> Option<PathBuf> {
    env::split_paths(&env::var_os("PATH")?).map(|folder| folder.join(command)).find(|file| file.is_file())
}

/// Installs Debian packages, as root or by a sudo that asks for no password.
///
/// # Errors
/// It may not be done here, or it fails: the hint is the line to type.
pub fn install(packages: &[&str]) -> Result<(), Failure> {
    let by_hand = format!("sudo apt-get update && sudo apt-get install -y {}", packages.join(" "));
    let missing = |sentence: String| Failure::missing(sentence).hint(format!("type: {by_hand}"));
    let names = packages.join(" and ");
    if on_path("apt-get").is_none() {
        return Err(Failure::missing(format!("{names} cannot be installed: there is no apt-get here"))
            .hint(format!("install what your system calls {names} ({EMULATOR} comes with QEMU)")));
    }
    let sudo: &[&str] = if is_root() {
        &[]
    } else if process::output(Command::new("sudo").args(["-n", "true"])).is_some() {
        &["sudo", "-n"]
    } else {
        return Err(missing(format!("{names} must be installed, which needs root")));
    };
    eprintln!("setup: apt-get install {} (this takes a minute)", packages.join(" "));
    let apt = |arguments: &[&str]| {
        let words = [sudo, &["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q"], arguments].concat();
        let (program, arguments) = words.split_first().expect("not empty");
        // A hundred lines about other packages; what goes wrong comes on standard error.
        process::run("apt-get", Command::new(program).args(arguments).stdout(Stdio::null()), APT_LIMIT)
    };
    // A stale or partly unreachable list may still do: only the second step's failure counts.
    if let Err(failure) = apt(&["update"]) {
        eprintln!("setup: {}", failure.sentence());
    }
    let arguments = [&["install", "-y", "--no-install-recommends"], packages].concat();
    apt(&arguments).map_err(|failure| missing(format!("{names} cannot be installed: {}", failure.sentence())))
}

fn is_root() -> bool {
    process::output(Command::new("id").arg("-u")).is_some_and(|user| user == "0")
}
