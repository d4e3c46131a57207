//! The CA's folder: whole or absent, never overwritten.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use rcgen::KeyPair;
use rustls::pki_types::CertificateDer;
use time::OffsetDateTime;

use super::issue::Kept;
use super::{Origin, Shape, anchors_pem};
use crate::error::{CommandError, io_reason};

pub(super) fn anchors(folder: &Path) -> PathBuf {
    folder.join("anchors.pem")
}

pub(super) fn root(folder: &Path, shape: Shape) -> PathBuf {
    folder.join(shape.name()).join("root.der")
}

/// Whether a CA is there. An empty folder counts as none; a folder with other things is an error.
pub(super) fn exists(folder: &Path) -> Result<bool, CommandError> {
    let mut entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => {
            return Err(CommandError::could_not_run(format!(
                "the CA folder `{}` cannot be read: {}",
                folder.display(),
                io_reason(&error)
            ))
            .hint("name a folder with `--ca DIR`"));
        }
    };
    if entries.next().is_none() {
        return Ok(false);
    }
    if anchors(folder).is_file() {
        return Ok(true);
    }
    Err(CommandError::could_not_run(format!(
        "`{}` is not a CA folder of picopost: it holds other things and no `anchors.pem`",
        folder.display()
    ))
    .hint("name a folder that is empty or not there yet with `--ca DIR`"))
}

/// Writes the whole folder beside its place and renames it, so that nobody ever sees half of it.
/// When another process was faster, its CA stays.
pub(super) fn create(folder: &Path, roots: &[Kept]) -> Result<Origin, CommandError> {
    let failed = |error: io::Error| {
        CommandError::could_not_run(format!(
            "the CA folder `{}` cannot be made: {}",
            folder.display(),
            io_reason(&error)
        ))
        .hint("name a folder that can be written with `--ca DIR`")
    };
    let Some(name) = folder.file_name() else {
        return Err(CommandError::usage(format!("`{}` cannot be a CA folder", folder.display())));
    };
    let parent = folder.parent().unwrap_or(Path::new(""));
    if !parent.as_os_str().is_empty() {
        fs::create_dir_all(parent).map_err(failed)?;
    }
    let mut draft_name = name.to_owned();
    draft_name.push(format!(".new-{}", std::process::id()));
    let draft = parent.join(draft_name);
    fs::create_dir(&draft).map_err(failed)?;
    let placed = write_all(&draft, roots).and_then(|()| fs::rename(&draft, folder));
    let Err(error) = placed else { return Ok(Origin::New) };
    // The draft is of this process alone, and its keys were never used.
    let _ = fs::remove_dir_all(&draft);
    if anchors(folder).is_file() { Ok(Origin::Kept) } else { Err(failed(error)) }
}

fn write_all(folder: &Path, roots: &[Kept]) -> io::Result<()> {
    for kept in roots {
        let shape = folder.join(kept.shape.name());
        fs::create_dir(&shape)?;
        write_file(&shape.join("root.der"), &kept.root, Secrecy::Public)?;
        write_file(&shape.join("root.key"), kept.root_key.serialize_pem().as_bytes(), Secrecy::Private)?;
        write_file(&shape.join("intermediate.der"), &kept.intermediate, Secrecy::Public)?;
        let key = kept.intermediate_key.serialize_pem();
        write_file(&shape.join("intermediate.key"), key.as_bytes(), Secrecy::Private)?;
    }
    write_file(&anchors(folder), anchors_pem(roots).as_bytes(), Secrecy::Public)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Secrecy {
    Public,
    Private,
}

fn write_file(path: &Path, content: &[u8], secrecy: Secrecy) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(
        &mut options,
        if secrecy == Secrecy::Private { 0o600 } else { 0o644 },
    );
    #[cfg(not(unix))]
    let _ = secrecy;
    let mut file = options.open(path)?;
    file.write_all(content)?;
    file.sync_all()
}

/// Reads one shape, and checks that the root's key is the root's.
pub(super) fn load(folder: &Path, shape: Shape) -> Result<Kept, CommandError> {
    let path = folder.join(shape.name());
    let root = CertificateDer::from(read(&path.join("root.der"))?);
    let root_key = read_key(folder, &path.join("root.key"))?;
    let intermediate = CertificateDer::from(read(&path.join("intermediate.der"))?);
    let intermediate_key = read_key(folder, &path.join("intermediate.key"))?;
    let (_, parsed) = x509_parser::parse_x509_certificate(&root)
        .map_err(|error| damaged(folder, &format!("`{}/root.der`: {error}", shape.name())))?;
    if *parsed.public_key().subject_public_key.data != *root_key.public_key_raw() {
        return Err(damaged(folder, &format!("`{}/root.key` is not the root's key", shape.name())));
    }
    let expires = parsed.validity().not_after.timestamp();
    let expires = OffsetDateTime::from_unix_timestamp(expires)
        .map_err(|error| damaged(folder, &format!("`{}/root.der`: {error}", shape.name())))?
        .date();
    Ok(Kept { shape, root, root_key, intermediate, intermediate_key, expires })
}

fn read_key(folder: &Path, path: &Path) -> Result<KeyPair, CommandError> {
    let text = read_text(path)?;
    KeyPair::from_pem(&text).map_err(|error| damaged(folder, &format!("`{}`: {error}", path.display())))
}

pub(super) fn read_text(path: &Path) -> Result<String, CommandError> {
    fs::read_to_string(path).map_err(|error| unreadable(path, &error))
}

pub(super) fn read(path: &Path) -> Result<Vec<u8>, CommandError> {
    fs::read(path).map_err(|error| unreadable(path, &error))
}

fn unreadable(path: &Path, error: &io::Error) -> CommandError {
    CommandError::could_not_run(format!(
        "the CA's file `{}` cannot be read: {}",
        path.display(),
        io_reason(error)
    ))
    .hint(REPAIR)
}

pub(super) fn damaged(folder: &Path, reason: &str) -> CommandError {
    CommandError::could_not_run(format!("the CA in `{}` is damaged: {reason}", folder.display())).hint(REPAIR)
}

const REPAIR: &str = "put the folder back as it was, or remove it: the next start then makes a new CA, and the \
                      firmware needs its new anchors";
