//! Gets the sources of a peer from the distribution: unpacked below the target folder, never part
//! of the repository.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use xtask::error::Failure;
use xtask::firmware::target_folder;
use xtask::process;

use crate::stacks::Library;

/// The release whose packages are taken on Debian, whatever release the machine has.
const DEBIAN_RELEASE: &str = "trixie";
const LIMIT: Duration = Duration::from_secs(600);

/// Unpacked sources.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Where.
    pub folder: PathBuf,
    /// Upstream's version.
    pub version: String,
}

impl Source {
    /// The files of a library, in a fixed order.
    ///
    /// # Errors
    /// A folder cannot be read.
    pub fn files(&self, library: &Library) -> Result<Vec<PathBuf>, Failure> {
        let mut files = Vec::new();
        for part in library.sources {
            collect(&self.folder.join(part), &mut files)?;
        }
        let is_wanted = |file: &PathBuf| {
            let name = file.file_name().unwrap_or_default().to_string_lossy();
            !library.without.contains(&name.as_ref())
        };
        files.retain(is_wanted);
        files.sort();
        Ok(files)
    }
}

fn collect(path: &Path, files: &mut Vec<PathBuf>) -> Result<(), Failure> {
    let failed = |error| Failure::failed(format!("{}: {error}", path.display()));
    if path.is_file() {
        if path.extension().is_some_and(|extension| extension == "c") {
            files.push(path.to_owned());
        }
        return Ok(());
    }
    for entry in fs::read_dir(path).map_err(failed)? {
        collect(&entry.map_err(failed)?.path(), files)?;
    }
    Ok(())
}

/// Gets the sources of a source package, or finds them where they were unpacked before.
///
/// # Errors
/// There is no apt-get, or it cannot reach its mirror.
pub fn get(package: &str) -> Result<Source, Failure> {
    let folder = target_folder().join("bench/source");
    let missing = |path: &Path, error| Failure::missing(format!("{}: {error}", path.display()));
    for name in ["apt/lists/partial", "apt/cache/archives/partial", package] {
        let path = folder.join(name);
        fs::create_dir_all(&path).map_err(|error| missing(&path, error))?;
    }
    let place = folder.join(package);
    if let Some(source) = unpacked(&place) {
        return Ok(source);
    }
    eprintln!("bench: getting the sources of {package}");
    let apt = folder.join("apt");
    let list = apt.join("sources.list");
    fs::write(&list, format!("{}\n", mirror()?)).map_err(|error| missing(&list, error))?;
    run_apt(&apt, &place, &["update"])?;
    run_apt(&apt, &place, &["--tar-only", "--download-only", "source", package])?;
    let archive = archive(&place).ok_or_else(|| Failure::missing(format!("apt-get brought no {package}")))?;
    let mut tar = Command::new("tar");
    tar.current_dir(&place).arg("-xf").arg(&archive);
    process::run("tar", &mut tar, LIMIT)?;
    unpacked(&place).ok_or_else(|| Failure::failed(format!("{} holds no folder", archive.display())))
}

/// The folder beside the archive, and the version in the archive's name.
fn unpacked(place: &Path) -> Option<Source> {
    let version = version(&archive(place)?)?;
    let folder = fs::read_dir(place).ok()?.flatten().map(|entry| entry.path()).find(|path| path.is_dir())?;
    Some(Source { folder, version })
}

fn archive(place: &Path) -> Option<PathBuf> {
    let is_archive = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.contains(".orig.tar.") && !name.ends_with(".asc")
    };
    fs::read_dir(place).ok()?.flatten().map(|entry| entry.path()).find(is_archive)
}

/// Upstream's version in `NAME_VERSION.orig.tar.xz`, without what the distribution added.
fn version(archive: &Path) -> Option<String> {
    let name = archive.file_name()?.to_string_lossy();
    let (_, version) = name.split_once('_')?;
    let (version, _) = version.split_once(".orig.tar.")?;
    Some(version.split(['+', '~']).next()?.to_owned())
}

/// The line for apt: the machine's own mirror.
fn mirror() -> Result<String, Failure> {
    let no_apt = || {
        Failure::missing("the peers' sources come by apt-get, which is not here, or knows no mirror")
            .hint("run the bench on Debian or Ubuntu, or `--only` the stacks in Rust")
    };
    let system = fs::read_to_string("/etc/os-release").unwrap_or_default();
    let field = |name: &str| system.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
    let own_release = field("VERSION_CODENAME").ok_or_else(no_apt)?;
    let is_debian = field("ID") == Some("debian");
    let mut apt = Command::new("apt-get");
    let targets = process::output(apt.args(["indextargets", "--format", "$(RELEASE) $(REPO_URI)"]))
        .ok_or_else(no_apt)?;
    let uri = targets
        .lines()
        .find_map(|line| line.strip_prefix(own_release)?.strip_prefix(' '))
        .ok_or_else(no_apt)?;
    Ok(if is_debian {
        format!(
            "deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] {uri} {DEBIAN_RELEASE} main"
        )
    } else {
        format!("deb-src {uri} {own_release} main universe")
    })
}

/// apt-get with lists and caches of its own, so that it needs no root and changes nothing.
fn run_apt(apt: &Path, place: &Path, arguments: &[&str]) -> Result<(), Failure> {
    let mut command = Command::new("apt-get");
    command.current_dir(place).stdout(Stdio::null());
    let settings = [
        ("Dir::Etc::SourceList", apt.join("sources.list")),
        ("Dir::Etc::SourceParts", PathBuf::from("/dev/null")),
        ("Dir::State::Lists", apt.join("lists")),
        ("Dir::Cache", apt.join("cache")),
        // As root it would give its downloads to a user who may not write here.
        ("APT::Sandbox::User", PathBuf::from("root")),
    ];
    for (name, value) in settings {
        command.arg("-o").arg(format!("{name}={}", value.display()));
    }
    process::run("apt-get", command.arg("-q").args(arguments), LIMIT).map_err(|failure| {
        Failure::missing(format!("the peers' sources cannot be had: {}", failure.sentence())).hint(
            "this needs the distribution's mirror, and `apt-get install debian-archive-keyring` of today",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_in_names() {
        let version = |name: &str| version(Path::new(name));
        assert_eq!(version("/x/bearssl_0.6+dfsg.1.orig.tar.xz").as_deref(), Some("0.6"));
        assert_eq!(version("mbedtls_3.6.6.orig.tar.bz2").as_deref(), Some("3.6.6"));
        assert_eq!(version("mbedtls_3.6.6.tar.bz2"), None);
    }

    #[test]
    fn what_is_there_is_not_fetched_again() {
        let place = tempfile::tempdir().unwrap();
        assert_eq!(unpacked(place.path()), None);
        fs::write(place.path().join("peer_1.2.orig.tar.gz.asc"), "").unwrap();
        fs::write(place.path().join("peer_1.2.orig.tar.gz"), "").unwrap();
        assert_eq!(unpacked(place.path()), None);
        let folder = place.path().join("peer-1.2");
        fs::create_dir_all(folder.join("src/deep")).unwrap();
        for file in ["b.c", "src/a.c", "src/deep/c.c", "src/not.h", "src/test.c"] {
            fs::write(folder.join(file), "").unwrap();
        }
        let source = unpacked(place.path()).unwrap();
        assert_eq!(source, Source { folder: folder.clone(), version: "1.2".into() });
        let library =
            Library { package: "peer", includes: &[], sources: &["src", "b.c"], without: &["test.c"] };
        let files = source.files(&library).unwrap();
        assert_eq!(files, ["b.c", "src/a.c", "src/deep/c.c"].map(|file| folder.join(file)));
    }
}
