//! The corpus in `corpus/`: responses good and bad, each read whole, octet by octet, in two pieces
//! split at every octet, and cut at every octet; each kept in the buffer, and taken as a stream.

use picopost_http::{End, Error, Method, ResponseReader};

#[path = "corpus/cases.rs"]
mod cases;

use cases::{Case, Framed, Verdict};

/// What came of reading a response.
#[derive(Clone, Debug, PartialEq)]
struct Read {
    outcome: Result<(u16, Vec<u8>), Error>,
    is_reusable: bool,
    /// Octets that belong to the response.
    taken: usize,
}

/// How the content is had.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Way {
    Kept,
    Streamed,
}

fn read(case: &Case, pieces: &[&[u8]], end: End, way: Way) -> Read {
    let mut buffer = vec![0; case.room];
    let mut reader = ResponseReader::for_method(case.method, &mut buffer);
    let mut content = Vec::new();
    let mut taken = 0;
    for piece in pieces {
        let fed = match way {
            Way::Kept => reader.feed(piece),
            Way::Streamed => stream(&mut reader, piece, &mut content),
        };
        match fed {
            Ok(count) => {
                assert!(count == piece.len() || reader.is_done(), "octets are left for no reason");
                taken += count;
            }
            Err(error) => {
                assert_eq!(reader.feed(b"x"), Err(error), "an error stays");
                assert_eq!(reader.pull(b"x").err(), Some(error), "an error stays");
                assert_eq!(reader.end(End::CloseNotify), Err(error), "an error stays");
                assert!(!reader.is_done() && !reader.is_reusable());
                return Read { outcome: Err(error), is_reusable: false, taken };
            }
        }
    }
    let ended = reader.end(end);
    let is_reusable = reader.is_reusable();
    let outcome = ended.and_then(|()| reader.finish()).map(|response| {
        content.extend_from_slice(response.body());
        (response.status().0, content)
    });
    Read { outcome, is_reusable, taken }
}

fn stream(reader: &mut ResponseReader<'_>, octets: &[u8], content: &mut Vec<u8>) -> Result<usize, Error> {
    let mut taken = 0;
    loop {
        let piece = reader.pull(&octets[taken..])?;
        content.extend_from_slice(piece.content);
        taken += piece.taken;
        if piece.taken == 0 || taken == octets.len() {
            return Ok(taken);
        }
    }
}

/// The octets in every way that they can be cut into pieces of interest.
fn every_way<'o>(octets: &'o [u8], mut check: impl FnMut(&str, &[&'o [u8]])) {
    check("whole", &[octets]);
    check("octet by octet", &octets.chunks(1).collect::<Vec<_>>());
    check("in sevens", &octets.chunks(7).collect::<Vec<_>>());
    for cut in 0..=octets.len() {
        let (front, back) = octets.split_at(cut);
        check(&format!("split at {cut}"), &[front, b"", back]);
    }
}

/// What the verdict says of a connection that ends so.
fn expected(case: &Case, end: End) -> Read {
    let taken = case.octets.len() - case.rest;
    match &case.verdict {
        Verdict::Good { framed: Framed::UntilClose, body, .. } if end == End::Truncated => {
            let received = body.len().try_into().unwrap();
            let outcome = Err(Error::BodyTruncated { received, expected: None, end });
            Read { outcome, is_reusable: false, taken }
        }
        Verdict::Good { status, framed, body } => {
            Read { outcome: Ok((*status, body.clone())), is_reusable: *framed == Framed::Keep, taken }
        }
        Verdict::Refused(_) => unreachable!("errors are compared as text"),
    }
}

fn assert_verdict(case: &Case, read: &Read, end: End, how: &str) {
    match &case.verdict {
        Verdict::Good { .. } => assert_eq!(*read, expected(case, end), "{}, {how}, {end}", case.name),
        Verdict::Refused(error) => {
            // An error that names the end names the one that there was.
            let error = error.replace("CloseNotify", &format!("{end:?}"));
            let found = read.outcome.as_ref().map_err(|error| format!("{error:?}"));
            assert_eq!(found, Err(error), "{}, {how}, {end}", case.name);
        }
    }
}

/// A response that is cut off is no success, unless it was complete by then.
fn assert_cut(case: &Case, cut: usize, end: End, way: Way) {
    let read = read(case, &[&case.octets[..cut]], end, way);
    let name = &case.name;
    let whole = case.octets.len() - case.rest;
    match (&case.verdict, &read.outcome) {
        (Verdict::Good { status, framed: Framed::UntilClose, body }, Ok(found)) => {
            let head = case.octets.len() - body.len();
            assert!(end == End::CloseNotify && cut >= head, "{name} is complete at {cut}, {way:?}");
            assert_eq!(found, &(*status, case.octets[head..cut].to_vec()), "{name} cut at {cut}");
            assert!(!read.is_reusable, "{name} cut at {cut}");
        }
        (Verdict::Good { status, body, .. }, Ok(found)) => {
            assert!(cut >= whole, "{name} is complete at {cut}, {way:?}");
            assert_eq!(found, &(*status, body.clone()), "{name} cut at {cut}");
        }
        (Verdict::Refused(_), Ok(found)) => panic!("{name} cut at {cut} is {found:?}, {way:?}"),
        (
            _,
            Err(
                Error::NoResponse { end: found }
                | Error::HeadTruncated { end: found, .. }
                | Error::BodyTruncated { end: found, .. },
            ),
        ) => {
            assert_eq!(*found, end, "{name} cut at {cut}, {way:?}");
            let is_complete =
                matches!(&case.verdict, Verdict::Good { framed, .. } if *framed != Framed::UntilClose);
            assert!(!is_complete || cut < whole, "{name} cut at {cut} is cut short, {way:?}");
        }
        // Refused before it was cut: for the reason that it is refused for as a whole.
        (Verdict::Refused(expected), Err(error)) => {
            assert_eq!(&format!("{error:?}"), expected, "{name} cut at {cut}, {way:?}");
        }
        (Verdict::Good { .. }, Err(error)) => panic!("{name} cut at {cut}: {error}, {way:?}"),
    }
}

#[test]
fn every_response_has_its_verdict_however_it_comes() {
    for case in cases::all() {
        for way in [Way::Kept, Way::Streamed] {
            // Nothing that is not kept is too large.
            if way == Way::Streamed
                && matches!(&case.verdict, Verdict::Refused(error) if error.starts_with("BodyTooLarge"))
            {
                continue;
            }
            for end in [End::CloseNotify, End::Truncated] {
                every_way(&case.octets, |how, pieces| {
                    assert_verdict(&case, &read(&case, pieces, end, way), end, &format!("{how}, {way:?}"));
                });
                for cut in 0..case.octets.len() {
                    assert_cut(&case, cut, end, way);
                }
            }
        }
    }
}

#[test]
fn octets_behind_a_response_are_left_and_end_the_connection() {
    for mut case in cases::all() {
        let Verdict::Good { framed, .. } = &mut case.verdict else { continue };
        if *framed == Framed::UntilClose {
            continue;
        }
        *framed = Framed::Close;
        case.octets.extend_from_slice(b"HTTP/1.1 200 OK\r\n\r\n");
        case.rest += 19;
        for way in [Way::Kept, Way::Streamed] {
            every_way(&case.octets, |how, pieces| {
                assert_verdict(&case, &read(&case, pieces, End::Truncated, way), End::Truncated, how);
            });
        }
    }
}

/// The corpus is what the documentation says it is: large, of names that are used once, and of
/// every kind.
#[test]
fn the_corpus_is_large() {
    let cases: Vec<Case> = cases::all().collect();
    assert!(cases.len() >= 300, "{} cases", cases.len());
    let mut names: Vec<&str> = cases.iter().map(|case| &*case.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), cases.len(), "two cases of one name");
    assert!(cases.iter().any(|case| case.method == Method::Head));
    let refused = cases.iter().filter(|case| matches!(case.verdict, Verdict::Refused(_))).count();
    assert!(refused >= 150, "{refused} refused");
}
