//! The command line.

use xtask::error::Failure;

use crate::stacks::{STACKS, Stack};

/// How to call the command.
pub const USAGE: &str = "\
usage: cargo bench-chip [--quick] [--only STACK]... [--json]

  --quick       picopost alone, once, compared with the stored table: nothing is stored
  --only STACK  this one alone, or these: what is measured takes its place in the stored table
  --json        the figures for machines, on standard output, instead of the table

exit status: 0 good, 1 a loss or a failed measurement, 2 usage, 3 something is missing";

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Measure, store, show.
    Full,
    /// Measure picopost once, compare with what is stored.
    Quick,
}

/// How the figures are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// A table.
    Table,
    /// JSON.
    Json,
}

/// The command line, read.
#[derive(Clone, Debug)]
pub struct Options {
    /// What to do.
    pub mode: Mode,
    /// How to print it.
    pub format: Format,
    /// What to measure.
    pub stacks: Vec<&'static Stack>,
}

impl Options {
    /// Reads the command line.
    ///
    /// # Errors
    /// An option or a stack that does not exist.
    pub fn parse(arguments: &[&str]) -> Result<Self, Failure> {
        let mut options = Self { mode: Mode::Full, format: Format::Table, stacks: Vec::new() };
        let mut rest = arguments.iter();
        while let Some(&argument) = rest.next() {
            let (option, attached) = match argument.split_once('=') {
                Some((option, value)) => (option, Some(value)),
                None => (argument, None),
            };
            match (option, attached) {
                ("--quick", None) => options.mode = Mode::Quick,
                ("--json", None) => options.format = Format::Json,
                ("--only", attached) => {
                    let value = attached.or_else(|| rest.next().copied());
                    let value = value.ok_or_else(|| Failure::usage("`--only` needs a value").hint(USAGE))?;
                    options.stacks.extend(named(value)?);
                }
                _ => return Err(Failure::usage(format!("there is no option `{argument}`")).hint(USAGE)),
            }
        }
        match (options.mode, options.stacks.is_empty()) {
            (Mode::Quick, false) => Err(Failure::usage("`--quick` is picopost alone, without `--only`")),
            (Mode::Quick, true) => {
                options.stacks.extend(STACKS.iter().filter(|stack| stack.is_ours()));
                Ok(options)
            }
            (Mode::Full, true) => {
                options.stacks.extend(STACKS);
                Ok(options)
            }
            (Mode::Full, false) => Ok(options),
        }
    }
}

/// The stacks of a name, or of a peer with several settings.
fn named(name: &str) -> Result<impl Iterator<Item = &'static Stack>, Failure> {
    let is_wanted = |stack: &&Stack| stack.id == name || stack.id.split('-').next() == Some(name);
    let wanted: Vec<_> = STACKS.iter().filter(is_wanted).collect();
    if wanted.is_empty() {
        let known: Vec<_> = STACKS.iter().map(|stack| stack.id).collect();
        return Err(Failure::usage(format!("there is no stack `{name}`"))
            .hint(format!("there are: {}", known.join(", "))));
    }
    Ok(wanted.into_iter())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Options, Failure> {
        Options::parse(&line.split_whitespace().collect::<Vec<_>>())
    }

    fn ids(options: &Options) -> Vec<&str> {
        options.stacks.iter().map(|stack| stack.id).collect()
    }

    #[test]
    fn what_is_measured() {
        let all: Vec<_> = STACKS.iter().map(|stack| stack.id).collect();
        let options = parse("").unwrap();
        assert_eq!((ids(&options), options.mode, options.format), (all, Mode::Full, Format::Table));
        let options = parse("--quick --json").unwrap();
        assert_eq!((ids(&options), options.format), (vec!["picopost", "picopost-full"], Format::Json));
        assert_eq!(ids(&parse("--only picopost-full").unwrap()), ["picopost-full"]);
        assert_eq!(ids(&parse("--only=picopost").unwrap()), ["picopost", "picopost-full"]);
    }

    #[test]
    fn what_does_not_exist() {
        for (line, sentence) in [
            ("--only", "`--only` needs a value"),
            ("--only openssl", "there is no stack `openssl`"),
            ("--only pico", "there is no stack `pico`"),
            ("--quick --only picopost", "`--quick` is picopost alone, without `--only`"),
            ("--quick=yes", "there is no option `--quick=yes`"),
            ("extra", "there is no option `extra`"),
        ] {
            let failure = parse(line).unwrap_err();
            assert_eq!((failure.sentence(), failure.exit_status()), (sentence, 2));
        }
    }
}
