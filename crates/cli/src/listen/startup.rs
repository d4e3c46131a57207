//! What the server does for a device's owner before it serves: its anchors in a file for the firmware,
//! and arguments of the form `KIND=FILE`.

use std::path::{Path, PathBuf};

use clap::ValueEnum;

use super::export::Kind;
use super::snippet::Snippet;
use crate::ca::{Authority, Shape};
use crate::error::{CommandError, io_reason};
use crate::trust::{self, Format};

/// `KIND=FILE`, of an option that takes some kinds of files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FileOf<K> {
    pub(super) kind: K,
    pub(super) path: PathBuf,
}

impl<K: ValueEnum> FileOf<K> {
    /// For clap: an error is the end of a sentence.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let kinds = || {
            let names = K::value_variants().iter().filter_map(ValueEnum::to_possible_value);
            let names: Vec<String> = names.map(|value| value.get_name().to_owned()).collect();
            names.join(", ")
        };
        let Some((kind, path)) = text.split_once('=').filter(|(_, path)| !path.is_empty()) else {
            return Err(format!("not of the form `KIND=FILE`; the kinds are {}", kinds()));
        };
        let kind = K::from_str(kind, false)
            .ok()
            .ok_or_else(|| format!("`{}` is none of {}", kind.escape_debug(), kinds()))?;
        Ok(Self { kind, path: path.into() })
    }
}

/// The options for it.
#[derive(Debug, clap::Args)]
pub(super) struct StartupArgs {
    /// Write the root of the served chain for a firmware, in a format of `picopost trust`: rust, pem,
    /// der, c, arduino, bearssl, esp-idf, zephyr, mbedtls, micropython. May be given several times.
    #[arg(long = "anchors", value_name = "FORMAT=FILE", value_parser = AnchorsFile::parse)]
    anchors: Vec<AnchorsFile>,
    /// Print a program that posts to this server.
    #[arg(long, value_enum)]
    snippet: Option<Snippet>,
}

impl StartupArgs {
    /// Writes the root of the chain that is served, for a firmware.
    ///
    /// # Errors
    /// The format cannot hold it, or the file cannot be written.
    pub(super) fn write_anchors(&self, authority: &Authority, shape: Shape) -> Result<(), CommandError> {
        for FileOf { kind, path } in &self.anchors {
            let root = authority.root(shape);
            let root = std::fs::read(&root).map_err(|error| {
                let reason = io_reason(&error);
                CommandError::could_not_run(format!("`{}` cannot be read: {reason}", root.display()))
            })?;
            let owner = format!("picopost listen --chain {}", shape.name());
            let words: Vec<String> = std::env::args().skip(1).collect();
            let command = format!("picopost {}", words.join(" "));
            let file = trust::own_anchor(*kind, &root, &owner, &command)?;
            std::fs::write(path, file).map_err(|error| cannot_write(path, &error))?;
        }
        Ok(())
    }

    /// Where they are.
    pub(super) fn anchors_files(&self) -> Vec<String> {
        self.anchors.iter().map(|file| file.path.display().to_string()).collect()
    }

    /// The program, for a server at this host, as it stands in a URL, and port.
    pub(super) fn snippet(&self, host: &str, port: u16) -> Option<String> {
        self.snippet.map(|snippet| snippet.text(host, port))
    }
}

/// A file of an option cannot be written.
pub(super) fn cannot_write(path: &Path, error: &std::io::Error) -> CommandError {
    CommandError::could_not_run(format!("`{}` cannot be written: {}", path.display(), io_reason(error)))
}

/// `--export`
pub(super) type ExportFile = FileOf<Kind>;
/// `--anchors`
pub(super) type AnchorsFile = FileOf<Format>;

#[cfg(test)]
mod tests {
    use super::{ExportFile, Kind};

    #[test]
    fn kinds_and_files() {
        let parsed = ExportFile::parse("har=a=b.har").unwrap();
        assert_eq!((parsed.kind, parsed.path.to_str()), (Kind::Har, Some("a=b.har")));
        assert_eq!(
            ExportFile::parse("har").unwrap_err(),
            "not of the form `KIND=FILE`; the kinds are har, ndjson, pcapng"
        );
        assert_eq!(ExportFile::parse("x=y").unwrap_err(), "`x` is none of har, ndjson, pcapng");
        assert!(ExportFile::parse("har=").is_err());
    }
}
