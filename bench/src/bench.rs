//! Builds, runs, compares, stores.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use xtask::emulator::{Board, Fitted, Report};
use xtask::error::Failure;
use xtask::firmware::target_folder;
use xtask::setup;

use crate::build::Builder;
use crate::chains::{Anchor, Shape};
use crate::options::{Format, Mode, Options};
use crate::results::{Post, Posts, Results, Row};
use crate::server::{CONTENT, Protocol, Seen, Server};
use crate::stacks::{STACKS, Stack};
use crate::{picture, table};

/// Each chain is measured so often, and the median counts. An odd number.
const RUNS: usize = 3;
/// Where the median stands alone, up to so many times.
const MOST_RUNS: usize = 9;
/// Two runs that differ by no more than so many percent agree.
const AGREEMENT: u64 = 1;
/// The first POST has no session to resume, the second one has.
const POSTS: u32 = 2;

/// Measures what the options ask for.
///
/// # Errors
/// Something is missing, a stack cannot be measured, or picopost lost.
pub fn run(options: &Options) -> Result<(), Failure> {
    let bench = Bench { emulator: setup::emulator()?, builder: Builder::new()? };
    bench.check_itself()?;
    let runs = if options.mode == Mode::Quick { 1 } else { RUNS };
    let mut measured = Results::default();
    let mut failures = Vec::new();
    let ids: Vec<_> = STACKS.iter().map(|stack| stack.id).collect();
    for stack in &options.stacks {
        match bench.measure(stack, runs) {
            Ok(row) => measured.put(row, &ids),
            Err(failure) => {
                eprintln!("bench: {} is left out\n{failure}", stack.id);
                failures.push((stack.id, failure));
            }
        }
    }
    match options.format {
        Format::Table => print!("{}", table::text(&measured)),
        Format::Json => println!("{}", measured.json()),
    }
    let verdict = match options.mode {
        Mode::Quick => compare(&measured),
        Mode::Full => store(measured, &ids),
    };
    verdict.and(match failures.into_iter().next() {
        None => Ok(()),
        Some((id, failure)) if options.stacks.len() > 1 => {
            Err(failure.hint(format!("{id} is not among the figures above; what to do stands above too")))
        }
        Some((_, failure)) => Err(failure),
    })
}

fn compare(measured: &Results) -> Result<(), Failure> {
    let file = Results::file();
    let (losses, notes) = measured.compare(&Results::load(&file)?);
    for note in notes {
        eprintln!("bench: {note}");
    }
    for loss in &losses {
        eprintln!("bench: worse: {loss}");
    }
    if losses.is_empty() {
        eprintln!("bench: no figure is over 2 % above that in {}", file.display());
        return Ok(());
    }
    Err(Failure::failed(format!("{} figures are worse than the stored ones", losses.len()))
        .hint("where that is meant: `cargo bench-chip --only picopost` stores the new ones"))
}

/// Stores what was measured; rows that were not stay as they are.
fn store(measured: Results, ids: &[&str]) -> Result<(), Failure> {
    if measured.stacks.is_empty() {
        return Ok(());
    }
    let file = Results::file();
    let mut all = Results::load(&file)?;
    for row in measured.stacks {
        all.put(row, ids);
    }
    all.stacks.retain(|row| ids.contains(&row.id.as_str()));
    all.store(&file)?;
    table::store(&all)?;
    picture::store(&all)?;
    eprintln!("bench: stored in {}, with the tables and the picture of the documentation", file.display());
    Ok(())
}

struct Bench {
    emulator: PathBuf,
    builder: Builder,
}

impl Bench {
    /// Runs the program without TLS: whether network, server and counters are as they should be.
    fn check_itself(&self) -> Result<(), Failure> {
        eprintln!("bench: the board itself");
        let image = self.builder.plain()?;
        let server = Server::start(Protocol::Plain)?;
        let anchor = Anchor { certificate: Vec::new(), subject: Vec::new(), key: Vec::new() };
        let report = self.run(&image, &block(server.port, &anchor)?)?;
        for (post, seen) in posts(&report, &server.finish())? {
            let request = u64::try_from(crate::server::REQUEST.len()).unwrap_or_default();
            if (post.octets_out, post.round_trips, seen.received) != (request, 1, request) {
                return Err(Failure::failed(format!("over plain TCP the board counts {post:?}")));
            }
        }
        Ok(())
    }

    fn measure(&self, stack: &Stack, runs: usize) -> Result<Row, Failure> {
        eprintln!("bench: {}: building", stack.id);
        let image = self.builder.build(stack)?;
        let mut chains = BTreeMap::new();
        for shape in Shape::ALL {
            eprintln!("bench: {}: chain {}, {}", image.name, shape.letter(), shape.name());
            let posts = self.posts_to(stack, &image.file, shape, runs)?;
            chains.insert(shape.name().to_owned(), posts);
        }
        Ok(Row {
            id: stack.id.to_owned(),
            name: image.name,
            tls: stack.tls.to_owned(),
            compiler: image.compiler,
            flash: image.flash,
            memory: image.memory,
            chains,
        })
    }

    /// So many runs, and more where they do not agree.
    fn posts_to(&self, stack: &Stack, image: &Path, shape: Shape, runs: usize) -> Result<Posts, Failure> {
        let (mut full, mut resumed) = (Vec::new(), Vec::new());
        loop {
            let (first, second) = self.posts_of(stack, image, shape)?;
            full.push(first);
            resumed.extend(second);
            if full.len() < runs || full.len() % 2 == 0 {
                continue;
            }
            if !resumed.is_empty() && resumed.len() != full.len() {
                return Err(Failure::failed("a session was resumed in some runs only"));
            }
            let medians =
                median(&full).zip(if resumed.is_empty() { Some(None) } else { median(&resumed).map(Some) });
            match medians {
                Some((full, resumed)) => return Ok(Posts { full: full.clone(), resumed: resumed.cloned() }),
                None if full.len() < MOST_RUNS => {}
                None => return Err(Failure::failed(format!("no two of {} runs agree", full.len()))),
            }
        }
    }

    /// One run: the full POST, and the second one if it was resumed.
    fn posts_of(&self, stack: &Stack, image: &Path, shape: Shape) -> Result<(Post, Option<Post>), Failure> {
        let chain = shape.chain();
        let server = Server::start(Protocol::tls(&chain, stack)?)?;
        let block = block(server.port, &Anchor::of(&chain)?)?;
        let report = self.run(image, &block)?;
        let seen = server.finish();
        let mut posts = posts(&report, &seen)?.into_iter();
        match (posts.next(), posts.next()) {
            (Some((full, first)), Some((second, resumed))) if !first.resumed => {
                Ok((full, resumed.resumed.then_some(second)))
            }
            _ => Err(Failure::failed(format!("the server saw {seen:?}"))),
        }
    }

    fn run(&self, image: &Path, block: &[u8]) -> Result<Report, Failure> {
        let folder = target_folder().join("bench");
        fs::create_dir_all(&folder)
            .map_err(|error| Failure::missing(format!("{}: {error}", folder.display())))?;
        let board = Board { emulator: &self.emulator, image, entropy: Fitted::No, clock: None };
        let report = board.run(block, &folder)?;
        if report.exit_status == 0 {
            return Ok(report);
        }
        Err(Failure::failed(format!(
            "{} ended with status {}: {}",
            image.display(),
            report.exit_status,
            report.lines.join("; ")
        )))
    }
}

/// What the board finds in its memory: `chip/board/src/parameters.rs`.
fn block(port: u16, anchor: &Anchor) -> Result<Vec<u8>, Failure> {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let now = now.map_err(|error| Failure::failed(format!("the clock is not set: {error}")))?;
    let time = u32::try_from(now.as_secs()).unwrap_or(u32::MAX);
    let mut block = b"bnch".to_vec();
    for number in [u32::from(port), time, POSTS] {
        block.extend(number.to_le_bytes());
    }
    for piece in [&anchor.certificate, &anchor.subject, &anchor.key] {
        block.extend(u32::try_from(piece.len()).unwrap_or(u32::MAX).to_le_bytes());
        block.extend(piece);
    }
    Ok(block)
}

/// The board's side of each POST beside the server's.
fn posts<'s>(report: &Report, seen: &'s [Seen]) -> Result<Vec<(Post, &'s Seen)>, Failure> {
    let lines: Vec<_> = report.lines.iter().filter_map(|line| line.strip_prefix("post: ")).collect();
    if let Some(error) = seen.iter().find_map(|seen| seen.error.as_ref()) {
        return Err(Failure::failed(format!("the server: {error}")));
    }
    if lines.len() != seen.len() || seen.len() != usize::try_from(POSTS).unwrap_or_default() {
        return Err(Failure::failed(format!("{} reports of {} connections", lines.len(), seen.len())));
    }
    lines.into_iter().zip(seen).map(|(line, seen)| Ok((post(line, seen)?, seen))).collect()
}

fn post(line: &str, seen: &Seen) -> Result<Post, Failure> {
    let numbers: BTreeMap<&str, u64> = line
        .split(' ')
        .filter_map(|pair| pair.split_once('='))
        .filter_map(|(name, number)| Some((name, number.parse().ok()?)))
        .collect();
    let wrong = |what: &str| Failure::failed(format!("{what}: {line}"));
    let number = |name: &str| numbers.get(name).copied().ok_or_else(|| wrong(&format!("no `{name}`")));
    let small = |name: &str| Ok(u32::try_from(number(name)?).unwrap_or(u32::MAX));
    if number("content")? != u64::from(checksum(CONTENT)) {
        return Err(wrong("this is not the content that the server sent"));
    }
    if number("resumed")? != u64::from(seen.resumed) {
        return Err(wrong("only one side has resumed a session"));
    }
    if number("sent")? != seen.received {
        return Err(wrong("the server did not get all that the board sent"));
    }
    let handshake = number("handshake")?;
    Ok(Post {
        handshake,
        post: number("whole")?.saturating_sub(handshake),
        stack: small("stack")?,
        heap: small("heap")?,
        allocations: small("allocations")?,
        round_trips: small("round_trips")?,
        octets_out: seen.received,
        octets_in: seen.sent,
        agreed: seen.agreed.clone(),
    })
}

/// FNV-1a, as the board computes it.
fn checksum(octets: &[u8]) -> u32 {
    octets.iter().fold(0x811c_9dc5, |sum, &octet| (sum ^ u32::from(octet)).wrapping_mul(0x0100_0193))
}

/// The POST in the middle, if the next one below or above agrees with it.
fn median(posts: &[Post]) -> Option<&Post> {
    let mut sorted: Vec<_> = posts.iter().collect();
    sorted.sort_by_key(|post| post.instructions());
    let middle = sorted.len() / 2;
    let median = sorted.get(middle).copied()?;
    let agrees = |other: &&Post| {
        median.instructions().abs_diff(other.instructions()) * 100 <= median.instructions() * AGREEMENT
    };
    let neighbours = [middle.checked_sub(1), Some(middle + 1)].into_iter().flatten();
    let mut neighbours = neighbours.filter_map(|index| sorted.get(index)).peekable();
    (neighbours.peek().is_none() || neighbours.any(agrees)).then_some(median)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = "handshake=100 whole=130 stack=1 heap=2 left=0 allocations=3 sent=4 received=9 \
                        round_trips=2 resumed=1 content=";

    fn line(content: &[u8]) -> String {
        format!("{LINE}{}", checksum(content))
    }

    fn seen() -> Seen {
        Seen { received: 4, sent: 10, resumed: true, agreed: "TLS 1.3".into(), error: None }
    }

    #[test]
    fn both_sides_of_a_post() {
        let post = post(&line(CONTENT), &seen()).unwrap();
        assert_eq!((post.handshake, post.post, post.instructions()), (100, 30, 130));
        assert_eq!((post.stack, post.heap, post.allocations, post.round_trips), (1, 2, 3, 2));
        assert_eq!((post.octets_out, post.octets_in, post.agreed.as_str()), (4, 10, "TLS 1.3"));
    }

    #[test]
    fn sides_that_do_not_agree() {
        assert!(post(&line(b"another"), &seen()).is_err());
        assert!(post(&line(CONTENT), &Seen { resumed: false, ..seen() }).is_err());
        assert!(post(&line(CONTENT), &Seen { received: 5, ..seen() }).is_err());
        assert!(post("handshake=100", &seen()).is_err());
        let report =
            |count: usize| Report { lines: vec![format!("post: {}", line(CONTENT)); count], exit_status: 0 };
        assert!(posts(&report(2), &[seen(), seen()]).is_ok());
        assert!(posts(&report(1), &[seen(), seen()]).is_err());
        assert!(posts(&report(1), &[seen()]).is_err());
        let failed = Seen { error: Some("gone".into()), ..seen() };
        assert_eq!(posts(&report(2), &[seen(), failed]).unwrap_err().sentence(), "the server: gone");
    }

    #[test]
    fn the_one_in_the_middle() {
        let middle = |counts: &[u64]| {
            let post = |&handshake: &u64| Post { handshake, ..Post::default() };
            let posts: Vec<_> = counts.iter().map(post).collect();
            median(&posts).map(|post| post.handshake)
        };
        assert_eq!(middle(&[1000, 1008, 1001]), Some(1001));
        assert_eq!(middle(&[1000, 1030, 1001]), Some(1001));
        assert_eq!(middle(&[1000, 1015, 1030]), None);
        assert_eq!(middle(&[1000, 1015, 1030, 1020, 1100]), Some(1020));
        assert_eq!(middle(&[7]), Some(7));
        assert_eq!(middle(&[]), None);
    }

    #[test]
    fn the_block_octet_by_octet() {
        let anchor = Anchor { certificate: vec![1], subject: vec![2, 3], key: Vec::new() };
        let block = block(0x1234, &anchor).unwrap();
        assert_eq!(&block[..8], b"bnch\x34\x12\0\0");
        assert_eq!(&block[12..], b"\x02\0\0\0\x01\0\0\0\x01\x02\0\0\0\x02\x03\0\0\0\0");
    }
}
