//! Reading the corpus: see `README.md` beside this file.

use picopost_http::Method;

pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) method: Method,
    /// Octets of the buffer.
    pub(crate) room: usize,
    pub(crate) octets: Vec<u8>,
    pub(crate) verdict: Verdict,
    /// Octets at the end that do not belong to the response.
    pub(crate) rest: usize,
}

pub(crate) enum Verdict {
    Good {
        status: u16,
        framed: Framed,
        body: Vec<u8>,
    },
    /// The error's `Debug` form.
    Refused(String),
}

#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Framed {
    /// It says itself where it ends, and the connection may be used again.
    Keep,
    /// It says itself where it ends, and the connection may not be used again.
    Close,
    /// It ends with the connection.
    UntilClose,
}

const FILES: [(&str, &str); 6] = [
    ("length", include_str!("length.txt")),
    ("coding", include_str!("coding.txt")),
    ("chunks", include_str!("chunks.txt")),
    ("head", include_str!("head.txt")),
    ("interim", include_str!("interim.txt")),
    ("connection", include_str!("connection.txt")),
];

const ROOM: usize = 8192;

pub(crate) fn all() -> impl Iterator<Item = Case> {
    FILES.into_iter().flat_map(|(file, text)| text.split("\n\n").filter_map(move |block| case(file, block)))
}

/// A block of lines; `None` for comments alone.
fn case(file: &str, block: &str) -> Option<Case> {
    let mut lines = block.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    let title = lines.next()?;
    let (title, rfc) = title.strip_prefix('[').and_then(|title| title.split_once("] ")).expect(title);
    assert!(!rfc.is_empty(), "{title}: which rule decides it");
    let (title, room) = title.split_once(", room ").unwrap_or((title, ""));
    let (name, method) = match title.strip_suffix(" HEAD") {
        Some(name) => (name, Method::Head),
        None => (title, Method::Post),
    };
    let mut octets = Vec::new();
    for line in lines {
        let line = line.strip_prefix("  ").unwrap_or_else(|| panic!("{title}: {line:?} is not indented"));
        if let Some(verdict) = line.strip_prefix("= ") {
            let (verdict, rest) = parse_verdict(verdict);
            let name = format!("{file}/{name}");
            let room = if room.is_empty() { ROOM } else { room.parse().expect(title) };
            return Some(Case { name, method, room, octets, verdict, rest });
        }
        match line.strip_prefix('@').and_then(|line| line.split_once(' ')) {
            Some((count, line)) => octets.extend(unescape(line).repeat(count.parse().expect(line))),
            None => octets.extend(unescape(line)),
        }
    }
    panic!("{title} has no verdict")
}

fn parse_verdict(text: &str) -> (Verdict, usize) {
    let Some((front, behind)) = text.split_once('"') else { return (Verdict::Refused(text.to_owned()), 0) };
    let (body, rest) = behind.rsplit_once('"').expect(text);
    let (status, framed) = front.trim().split_once(' ').expect(text);
    let framed = match framed {
        "keep" => Framed::Keep,
        "close" => Framed::Close,
        "until-close" => Framed::UntilClose,
        _ => panic!("{text}"),
    };
    let rest = rest.strip_prefix(" rest ").map_or(0, |rest| rest.parse().expect(text));
    (Verdict::Good { status: status.parse().expect(text), framed, body: unescape(body) }, rest)
}

fn unescape(text: &str) -> Vec<u8> {
    let mut octets = Vec::new();
    let mut rest = text.bytes();
    while let Some(octet) = rest.next() {
        octets.push(match octet {
            b'\\' => match rest.next() {
                Some(b'r') => b'\r',
                Some(b'n') => b'\n',
                Some(b't') => b'\t',
                Some(b'0') => 0,
                Some(b'\\') => b'\\',
                Some(b'x') => {
                    let digits: String = rest.by_ref().take(2).map(char::from).collect();
                    u8::from_str_radix(&digits, 16).expect(text)
                }
                other => panic!("{other:?} behind a backslash in {text}"),
            },
            octet => octet,
        });
    }
    octets
}
