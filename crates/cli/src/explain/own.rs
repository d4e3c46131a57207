//! picopost's own numbers: `docs/errors.md` is their one table, here and on the page. A test holds it
//! against the crates.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::catalogue::{Catalogue, Given};

const PAGE: &str = include_str!("../../../../docs/errors.md");
const SOURCE: &str = "docs/errors.md";

/// A range of numbers that one layer has, and what goes wrong there where no group says more.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Layer {
    pub(super) from: i64,
    pub(super) to: i64,
    pub(super) problem: String,
}

/// Numbers that have a problem in common.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Group {
    pub(super) codes: Vec<i64>,
    pub(super) problem: String,
    #[serde(default)]
    pub(super) telling: Option<u8>,
}

/// Numbers made of what the device was doing, and what the TCP/IP stack said.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Direction {
    pub(super) base: i64,
    /// Half a sentence, such as `sending`.
    pub(super) doing: String,
    pub(super) problem: String,
    /// The problem of each kind (the last two digits) that is another one.
    pub(super) kinds: BTreeMap<String, String>,
}

/// Adds an entry for each of our numbers.
pub(super) fn add(catalogue: &mut Catalogue) -> Result<(), String> {
    let place = catalogue.stack("picopost").ok_or("no stack `picopost`")?;
    for (number, means) in rows(PAGE) {
        // Alerts and statuses are derived already, with their causes; the page says no more.
        if !(3500..=3755).contains(&number) {
            let given = own(catalogue, place, number, means);
            catalogue.push(place, given)?;
        }
    }
    for direction in catalogue.stacks[place].direction.clone() {
        for (kind, words) in kinds(PAGE) {
            let problem = direction.kinds.get(&kind.to_string()).unwrap_or(&direction.problem);
            let given = Given {
                code: Some((direction.base + kind).to_string()),
                means: format!("{}: {words}.", direction.doing),
                source: Some(SOURCE.to_owned()),
                problem: Some(problem.clone()),
                ..Given::default()
            };
            catalogue.push(place, given)?;
        }
    }
    Ok(())
}

fn own(catalogue: &Catalogue, place: usize, number: i64, means: &str) -> Given {
    let stack = &catalogue.stacks[place];
    let group = stack.group.iter().find(|group| group.codes.contains(&number));
    let layer = stack.layer.iter().find(|layer| (layer.from..=layer.to).contains(&number));
    Given {
        code: Some(number.to_string()),
        means: format!("{}.", means.trim_end_matches('.')),
        source: Some(SOURCE.to_owned()),
        problem: group.map(|group| &group.problem).or(layer.map(|layer| &layer.problem)).cloned(),
        telling: group.and_then(|group| group.telling),
        ..Given::default()
    }
}

/// The rows of the page's tables: number and meaning.
fn rows(page: &str) -> impl Iterator<Item = (i64, &str)> {
    page.lines().filter_map(|line| {
        let mut cells = line.strip_prefix("| ")?.strip_suffix(" |")?.split(" | ");
        let (number, means) = (cells.next()?.parse().ok()?, cells.next()?);
        // Those of alerts have a name between.
        cells.next().is_none().then_some((number, means))
    })
}

/// What the operating system or TCP/IP stack can say: the last two digits, and the page's words for them.
fn kinds(page: &str) -> Vec<(i64, String)> {
    let sentence = page.split_once("stack said: ").and_then(|(_, rest)| rest.split_once(". So "));
    let sentence = sentence.map_or(String::new(), |(kinds, _)| kinds.replace('\n', " "));
    let kind = |part: &str| {
        let (number, words) = part.trim().split_once(' ')?;
        Some((number.parse().ok()?, words.to_owned()))
    };
    sentence.split(',').filter_map(kind).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::{Path, PathBuf};

    use picopost::embedded_io::ErrorKind;
    use picopost::{ConnectError, Direction as Way, Error, Stage, StatusCode, http, tls};

    use super::*;

    /// The numbers of the crates: lines of the form `=> 3203,` in the files that give errors their code.
    fn of_the_crates() -> BTreeSet<i64> {
        let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let mut files = Vec::new();
        for one in fs::read_dir(crates).unwrap() {
            let folder = one.unwrap().path();
            if !folder.ends_with("cli") {
                sources(&folder.join("src"), &mut files);
            }
        }
        let gives_codes =
            |text: &String| text.contains("fn code(&self) -> u16") || text.contains("fn code(self) -> u16");
        let text: String =
            files.iter().map(|file| fs::read_to_string(file).unwrap()).filter(gives_codes).collect();
        let numbers = text.lines().filter_map(|line| line.rsplit_once("=> ")?.1.strip_suffix(','));
        numbers.filter(|number| number.len() == 4).filter_map(|number| number.parse().ok()).collect()
    }

    fn sources(folder: &Path, files: &mut Vec<PathBuf>) {
        for one in fs::read_dir(folder).into_iter().flatten() {
            let path = one.unwrap().path();
            if path.is_dir() {
                sources(&path, files);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path);
            }
        }
    }

    fn of_the_catalogue() -> BTreeSet<i64> {
        let catalogue = Catalogue::new().unwrap();
        let place = catalogue.stack("picopost").unwrap();
        let own = catalogue.entries.iter().filter(|entry| entry.stack == place);
        own.filter_map(|entry| entry.number).collect()
    }

    #[test]
    fn every_number_of_the_crates_is_explained_and_no_other() {
        let (crates, catalogue) = (of_the_crates(), of_the_catalogue());
        assert!(crates.len() > 120, "{} numbers", crates.len());
        let missing: Vec<&i64> = crates.difference(&catalogue).collect();
        assert!(missing.is_empty(), "not explained: {missing:?}");
        // What is made of a kind, an alert or a status is tested below.
        let made = |number: &&i64| matches!(number, 2000..2200 | 3500..=3755 | 5000..5600);
        let extra: Vec<&i64> = catalogue.difference(&crates).filter(|number| !made(number)).collect();
        assert!(extra.is_empty(), "of no crate: {extra:?}");
    }

    #[test]
    fn kinds_alerts_and_statuses_have_the_numbers_that_the_client_gives_them() {
        let catalogue = Catalogue::new().unwrap();
        let meaning = |error: &Error| {
            let id = format!("picopost/{}", error.code());
            let at = catalogue.entry(&id).unwrap_or_else(|| panic!("{id} is not explained"));
            catalogue.entries[at].means.clone()
        };
        let kinds = [
            ErrorKind::NotFound,
            ErrorKind::PermissionDenied,
            ErrorKind::ConnectionRefused,
            ErrorKind::ConnectionReset,
            ErrorKind::ConnectionAborted,
            ErrorKind::NotConnected,
            ErrorKind::AddrInUse,
            ErrorKind::AddrNotAvailable,
            ErrorKind::BrokenPipe,
            ErrorKind::InvalidData,
            ErrorKind::TimedOut,
            ErrorKind::Unsupported,
            ErrorKind::OutOfMemory,
            ErrorKind::WriteZero,
        ];
        let mut words = BTreeSet::new();
        for kind in kinds {
            let transport = |direction| Error::Transport { direction, kind, stage: Stage::Hello };
            for error in [
                Error::Connect(ConnectError::Dns(kind)),
                Error::Connect(ConnectError::Tcp(kind)),
                transport(Way::Send),
                transport(Way::Receive),
            ] {
                let means = meaning(&error);
                let (_, said) = means.split_once(": ").unwrap();
                words.insert(said.to_owned());
            }
        }
        assert_eq!(words.len(), kinds.len(), "{words:?}");
        let refused = Error::Connect(ConnectError::Tcp(ErrorKind::ConnectionRefused));
        assert_eq!(meaning(&refused), "connecting by TCP: refused.");
        let alert = tls::AlertDescription::UNKNOWN_CA;
        let error = tls::Error::AlertReceived { alert, stage: tls::Stage::Hello };
        assert!(meaning(&Error::Tls { stage: Stage::Hello, error }).contains("`unknown_ca`"));
        let status = http::Error::Status { status: StatusCode(429) };
        assert!(meaning(&Error::Http(status)).contains("429"));
    }
}
