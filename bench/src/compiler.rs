//! Builds the peers that are written in C: the sources of a distribution's source package, our
//! program around them, the board under them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use xtask::error::Failure;
use xtask::firmware::{target_folder, workspace};
use xtask::process::{self, Running};
use xtask::setup;

use crate::source;
use crate::stacks::Library;

const COMPILER: &str = "riscv64-unknown-elf-gcc";
const OBJCOPY: &str = "riscv64-unknown-elf-objcopy";
const PACKAGES: [&str; 2] = ["gcc-riscv64-unknown-elf", "picolibc-riscv64-unknown-elf"];
const PICOLIBC: &str = "/usr/lib/picolibc/riscv64-unknown-elf/include/stdio.h";
const FLAGS: [&str; 9] = [
    "--specs=picolibc.specs",
    // No peer prints floating-point numbers: their formatting would be 10 KB of its flash.
    "-DPICOLIBC_INTEGER_PRINTF_SCANF",
    "-march=rv32imac",
    "-mabi=ilp32",
    "-std=gnu11",
    "-Os",
    "-ffunction-sections",
    "-fdata-sections",
    // Warnings about other people's code tell nobody anything here.
    "-w",
];
const LIMIT: Duration = Duration::from_secs(1200);
/// Our own part of every program.
const MAIN: &str = "main.c";

/// A program in C.
#[derive(Clone, Copy, Debug)]
pub struct Program<'a> {
    /// Names its folder and its image.
    pub id: &'a str,
    /// Our file.
    pub file: &'a str,
    /// The peer; `None`: the program that POSTs over plain TCP.
    pub library: Option<&'a Library>,
    /// Macros, `NAME` or `NAME=VALUE`.
    pub defines: &'a [&'a str],
}

/// Finds the compiler and its C library, or gets them.
///
/// # Errors
/// They are not there and cannot be got.
pub fn find() -> Result<PathBuf, Failure> {
    if setup::on_path(COMPILER).is_none() || !Path::new(PICOLIBC).is_file() {
        setup::install(&PACKAGES)?;
    }
    setup::on_path(COMPILER).ok_or_else(|| Failure::missing(format!("{COMPILER} is not there")))
}

/// Its name and version.
///
/// # Errors
/// As for [`find`].
pub fn version() -> Result<String, Failure> {
    let version = process::output(Command::new(find()?).arg("-dumpfullversion")).unwrap_or_default();
    Ok(format!("{COMPILER} {version}"))
}

/// Builds a program on `board`, a static library: its image, and the version of its peer.
///
/// # Errors
/// Something is missing, or the build fails; the compiler has said why.
pub fn build(program: &Program<'_>, board: &Path) -> Result<(PathBuf, String), Failure> {
    let compiler = find()?;
    let ours = workspace().join("bench/c");
    let folder = target_folder().join("bench/c").join(program.id);
    let mut flags: Vec<String> = FLAGS.map(str::to_owned).into();
    flags.push(format!("-I{}", ours.display()));
    flags.extend(program.defines.iter().map(|define| format!("-D{define}")));
    let mut files = vec![ours.join(MAIN), ours.join(program.file)];
    let mut version = String::new();
    if let Some(library) = program.library {
        let source = source::get(library.package)?;
        flags.extend(library.includes.iter().map(|path| format!("-I{}", source.folder.join(path).display())));
        files.extend(source.files(library)?);
        version = source.version;
    }
    compile(&compiler, &flags, &files, &folder)?;
    let image = folder.with_extension("elf");
    let objects = files.iter().map(|file| folder.join(object(file)));
    let mut link = Command::new(&compiler);
    link.args(FLAGS).args(["-nostartfiles", "-Wl,--gc-sections", "-Wl,-u,_start", "-T"]);
    let board = without_attributes(board)?;
    link.arg(workspace().join("bench/chip/memory.ld")).args(objects).arg(&board).args(["-lc", "-lgcc", "-o"]);
    process::run(&format!("the link of {}", program.id), link.arg(&image), LIMIT)?;
    Ok((image, version))
}

/// The board without the list of its instruction set's extensions: Rust knows more of them by name
/// than GNU ld 2.40, which crashes when it compares them. And without debug information, whose
/// relocations binutils 2.40 does not know either.
fn without_attributes(board: &Path) -> Result<PathBuf, Failure> {
    let copy = board.with_extension("stripped.a");
    let mut objcopy = Command::new(OBJCOPY);
    objcopy.args(["--strip-debug", "--remove-section", ".riscv.attributes"]).args([board, &copy]);
    process::run(OBJCOPY, &mut objcopy, LIMIT)?;
    Ok(copy)
}

/// Compiles all files into `folder`, as many at a time as there are processors. What was compiled
/// from the same with the same flags stays.
fn compile(compiler: &Path, flags: &[String], files: &[PathBuf], folder: &Path) -> Result<(), Failure> {
    let failed = |error| Failure::missing(format!("{}: {error}", folder.display()));
    let stamp = folder.join("stamp");
    let wanted = stamp_of(flags, files).map_err(failed)?;
    if fs::read_to_string(&stamp).is_ok_and(|stamp| stamp == wanted) {
        return Ok(());
    }
    // Fails where there is none yet.
    let _ = fs::remove_dir_all(folder);
    fs::create_dir_all(folder).map_err(failed)?;
    let jobs = std::thread::available_parallelism().map_or(1, usize::from);
    let running: Vec<_> = files
        .chunks(files.len().div_ceil(jobs).max(1))
        .map(|files| {
            let mut command = Command::new(compiler);
            command.current_dir(folder).args(flags).arg("-c").args(files);
            Running::start(COMPILER, &mut command)
        })
        .collect();
    for running in running {
        let status = running?.wait(LIMIT)?;
        if !status.success() {
            return Err(Failure::failed(format!("{COMPILER} ended with {status}")));
        }
    }
    fs::write(&stamp, wanted).map_err(failed)
}

/// What the objects depend on: flags, names, and the text of our own files, which are the ones
/// that change.
fn stamp_of(flags: &[String], files: &[PathBuf]) -> std::io::Result<String> {
    let mut stamp = flags.join("\n");
    for file in files {
        stamp.push('\n');
        stamp.push_str(&file.display().to_string());
    }
    let mut ours: Vec<_> = fs::read_dir(workspace().join("bench/c"))?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()?;
    ours.sort();
    for file in ours {
        stamp.push('\n');
        stamp.push_str(&fs::read_to_string(file)?);
    }
    Ok(stamp)
}

/// Where the compiler puts a file's object.
fn object(file: &Path) -> PathBuf {
    Path::new(file.file_name().unwrap_or_default()).with_extension("o")
}
