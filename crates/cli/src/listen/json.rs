//! Where a text stops being JSON (RFC 8259), and what is odd about one that is: a parser that builds
//! nothing, and knows the mistakes that firmware makes.

use std::collections::HashSet;
use std::ops::Range;

/// What is wrong, and where: octets from the beginning of the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) kind: FaultKind,
    pub(super) range: Range<usize>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum FaultKind {
    /// RFC 8259 §8.1.
    NotUtf8,
    ByteOrderMark,
    /// It ends before it is whole.
    Truncated,
    /// A comma before `}` or `]`.
    TrailingComma,
    /// The NUL that ends a string in C, after the text.
    NulAtEnd,
    /// Something else; what should be there instead.
    Expected(&'static str),
    /// A member of this name is there already (RFC 8259 §4).
    DuplicateName(String),
    /// So many more are: the place is that of the first.
    MoreDuplicateNames(usize),
}

/// Arrays and objects within each other.
const MAX_DEPTH: usize = 128;
/// Names that are told to be there twice, and octets that are told of each: a body can have very many.
const MAX_DUPLICATES: usize = 20;
const MAX_NAME: usize = 80;

/// The names that are there twice, the first of them one by one, and the first thing that is not JSON.
pub(super) fn faults(text: &[u8]) -> Vec<Fault> {
    if text.starts_with(b"\xef\xbb\xbf") {
        return vec![Fault { kind: FaultKind::ByteOrderMark, range: 0..3 }];
    }
    if let Err(error) = std::str::from_utf8(text) {
        let at = error.valid_up_to();
        let kind = if error.error_len().is_some() { FaultKind::NotUtf8 } else { FaultKind::Truncated };
        return vec![Fault { kind, range: at..text.len().min(at + error.error_len().unwrap_or(1)) }];
    }
    let mut parser = Parser { text, at: 0, duplicates: Vec::new(), more: None };
    let end = parser.whole();
    let mut faults = parser.duplicates;
    faults.extend(
        parser.more.map(|(count, range)| Fault { kind: FaultKind::MoreDuplicateNames(count), range }),
    );
    faults.extend(end.err());
    faults
}

struct Parser<'a> {
    text: &'a [u8],
    at: usize,
    duplicates: Vec<Fault>,
    /// How many there are beside, and where the first is.
    more: Option<(usize, Range<usize>)>,
}

type Parsed<T = ()> = Result<T, Fault>;

impl Parser<'_> {
    fn whole(&mut self) -> Parsed {
        self.value(0)?;
        match self.next() {
            None => Ok(()),
            Some(0) if self.text.get(self.at..).is_some_and(|rest| rest.iter().all(|octet| *octet == 0)) => {
                Err(Fault { kind: FaultKind::NulAtEnd, range: self.at..self.text.len() })
            }
            Some(_) => Err(self.expected("the end of the text")),
        }
    }

    /// The next octet that is no white space, not yet taken.
    fn next(&mut self) -> Option<u8> {
        while let Some(b' ' | b'\t' | b'\r' | b'\n') = self.peek() {
            self.at += 1;
        }
        self.peek()
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn value(&mut self, depth: usize) -> Parsed {
        match self.next() {
            Some(b'{' | b'[') if depth >= MAX_DEPTH => Err(self.expected("less depth")),
            Some(b'{') => self.object(depth),
            Some(b'[') => self.array(depth),
            Some(b'"') => self.string().map(|_text| ()),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.word(b"true"),
            Some(b'f') => self.word(b"false"),
            Some(b'n') => self.word(b"null"),
            _ => Err(self.expected("a value")),
        }
    }

    fn object(&mut self, depth: usize) -> Parsed {
        let mut names = HashSet::new();
        self.at += 1;
        if self.next() == Some(b'}') {
            self.at += 1;
            return Ok(());
        }
        loop {
            if self.next() != Some(b'"') {
                return Err(self.expected("a name in `\"`"));
            }
            let name = self.string()?;
            let text = self.text.get(name.clone()).unwrap_or_default();
            if !names.insert(text) {
                self.duplicate(name);
            }
            if self.next() != Some(b':') {
                return Err(self.expected("`:`"));
            }
            self.at += 1;
            self.value(depth + 1)?;
            if self.ends(b'}', "`,` or `}`")? {
                return Ok(());
            }
        }
    }

    fn duplicate(&mut self, name: Range<usize>) {
        if self.duplicates.len() < MAX_DUPLICATES {
            let text = self.text.get(name.clone()).unwrap_or_default();
            let kind = FaultKind::DuplicateName(cut(&String::from_utf8_lossy(text)));
            self.duplicates.push(Fault { kind, range: name });
        } else {
            self.more.get_or_insert((0, name)).0 += 1;
        }
    }

    fn array(&mut self, depth: usize) -> Parsed {
        self.at += 1;
        if self.next() == Some(b']') {
            self.at += 1;
            return Ok(());
        }
        loop {
            self.value(depth + 1)?;
            if self.ends(b']', "`,` or `]`")? {
                return Ok(());
            }
        }
    }

    /// After a member: takes the comma or the end.
    fn ends(&mut self, end: u8, expected: &'static str) -> Parsed<bool> {
        match self.next() {
            Some(octet) if octet == end => {
                self.at += 1;
                Ok(true)
            }
            Some(b',') => {
                let comma = self.at;
                self.at += 1;
                if self.next() == Some(end) {
                    return Err(Fault { kind: FaultKind::TrailingComma, range: comma..comma + 1 });
                }
                Ok(false)
            }
            _ => Err(self.expected(expected)),
        }
    }

    /// Gives what is between the quotation marks, as it is written.
    fn string(&mut self) -> Parsed<Range<usize>> {
        self.at += 1;
        let start = self.at;
        loop {
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(start..self.at - 1);
                }
                Some(b'\\') => self.escape()?,
                Some(0..=0x1f) => return Err(self.expected("an escape instead of a control character")),
                Some(_) => self.at += 1,
                None => return Err(self.expected("")),
            }
        }
    }

    fn escape(&mut self) -> Parsed {
        self.at += 1;
        match self.peek() {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.at += 1,
            Some(b'u') => {
                self.at += 1;
                for _ in 0..4 {
                    if !self.peek().is_some_and(|octet| octet.is_ascii_hexdigit()) {
                        return Err(self.expected("four hexadecimal digits"));
                    }
                    self.at += 1;
                }
            }
            _ => return Err(self.expected("an escape of JSON")),
        }
        Ok(())
    }

    fn number(&mut self) -> Parsed {
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        if self.peek() == Some(b'0') {
            self.at += 1;
            if self.peek().is_some_and(|octet| octet.is_ascii_digit()) {
                return Err(self.expected("a number without leading zero"));
            }
        } else {
            self.digits()?;
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.at += 1;
            if let Some(b'+' | b'-') = self.peek() {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(())
    }

    fn digits(&mut self) -> Parsed {
        let start = self.at;
        while self.peek().is_some_and(|octet| octet.is_ascii_digit()) {
            self.at += 1;
        }
        if self.at == start { Err(self.expected("a digit")) } else { Ok(()) }
    }

    fn word(&mut self, word: &'static [u8]) -> Parsed {
        for octet in word {
            if self.peek() != Some(*octet) {
                return Err(self.expected("a value"));
            }
            self.at += 1;
        }
        Ok(())
    }

    /// What is wrong here: at the end, that it is the end.
    fn expected(&self, what: &'static str) -> Fault {
        match self.text.get(self.at) {
            Some(_) => Fault { kind: FaultKind::Expected(what), range: self.at..self.at + 1 },
            None => Fault { kind: FaultKind::Truncated, range: self.at..self.at },
        }
    }
}

/// A name as it is told.
fn cut(name: &str) -> String {
    match name.floor_char_boundary(MAX_NAME) {
        end if end < name.len() => format!("{}…", name.get(..end).unwrap_or_default()),
        _ => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Fault, FaultKind, faults};

    fn only(text: &[u8]) -> (FaultKind, usize) {
        let mut faults = faults(text);
        assert_eq!(faults.len(), 1, "{}: {faults:?}", String::from_utf8_lossy(text));
        let Fault { kind, range } = faults.remove(0);
        (kind, range.start)
    }

    const GOOD: &str = r#" {"a":[1,-0.5e+3,0,true,false,null,"x\"\u00e9\n",{}],"b":{"a":[]}, "" :"" } "#;

    #[test]
    fn json_has_no_faults() {
        for text in [GOOD, "1", "\"é\"", "[]", "{}", "null"] {
            assert_eq!(faults(text.as_bytes()), [], "{text}");
        }
    }

    #[test]
    fn each_cut_is_truncated() {
        let text = GOOD.trim();
        for cut in 0..text.len() {
            assert_eq!(only(&text.as_bytes()[..cut]), (FaultKind::Truncated, cut), "{}", &text[..cut]);
        }
        // Within a character.
        assert_eq!(only(b"\"\xc3"), (FaultKind::Truncated, 1));
    }

    #[test]
    fn each_mistake_has_its_name_and_place() {
        use FaultKind::{ByteOrderMark, Expected, NotUtf8, NulAtEnd, TrailingComma};
        let cases: [(&[u8], FaultKind, usize); 17] = [
            (b"{\"a\":1,}", TrailingComma, 6),
            (b"[1 , ]", TrailingComma, 3),
            (b"{\"a\":1}\0", NulAtEnd, 7),
            (b"{}\0\0", NulAtEnd, 2),
            (b"{}\0x", Expected("the end of the text"), 2),
            (b"\xef\xbb\xbf{}", ByteOrderMark, 0),
            (b"{\"a\":\"\xff\"}", NotUtf8, 6),
            (b"{'a':1}", Expected("a name in `\"`"), 1),
            (b"{\"a\" 1}", Expected("`:`"), 5),
            (b"{\"a\":}", Expected("a value"), 5),
            (b"{\"a\":1 \"b\":2}", Expected("`,` or `}`"), 7),
            (b"[1 2]", Expected("`,` or `]`"), 3),
            (b"01", Expected("a number without leading zero"), 1),
            (b"nan", Expected("a value"), 1),
            (b"\"a\nb\"", Expected("an escape instead of a control character"), 2),
            (b"\"\\x\"", Expected("an escape of JSON"), 2),
            (b"{} x", Expected("the end of the text"), 3),
        ];
        for (text, kind, at) in cases {
            assert_eq!(only(text), (kind, at), "{}", String::from_utf8_lossy(text));
        }
        assert_eq!(only(&[b'['; 1000]), (Expected("less depth"), 128));
    }

    #[test]
    fn names_that_are_there_twice_are_told_with_the_rest() {
        let found = faults(br#"{"a":1,"b":{"a":2},"a":3,"b":4,}"#);
        let kinds: Vec<FaultKind> = found.into_iter().map(|fault| fault.kind).collect();
        let twice = |name: &str| FaultKind::DuplicateName(name.to_owned());
        assert_eq!(kinds, [twice("a"), twice("b"), FaultKind::TrailingComma]);
    }

    #[test]
    fn very_many_names_twice_are_counted() {
        let members = format!("\"{}\":1,", "é".repeat(41)).repeat(50_001);
        let found = faults(format!("{{{members}\"b\":1}}").as_bytes());
        assert_eq!(found.len(), 21);
        assert_eq!(found[0].kind, FaultKind::DuplicateName("é".repeat(40) + "…"));
        assert_eq!(found[20].kind, FaultKind::MoreDuplicateNames(49_980));
        assert_eq!(found[20].range.len(), 82);
    }

    proptest! {
        #[test]
        fn it_agrees_with_serde_json(text in "[ \\[\\]{}\",:a0-9.eE+\\\\u\\-tfnrule\u{e9}]{0,24}") {
            let whole = faults(text.as_bytes());
            let good = whole.iter().all(|fault| matches!(fault.kind, FaultKind::DuplicateName(_) | FaultKind::MoreDuplicateNames(_)));
            prop_assert_eq!(good, is_json(&text), "{:?}", whole);
        }

        #[test]
        fn it_takes_any_octets(octets in proptest::collection::vec(any::<u8>(), 0..200)) {
            for fault in faults(&octets) {
                prop_assert!(fault.range.start <= fault.range.end && fault.range.end <= octets.len());
            }
        }
    }

    /// serde_json also refuses lone surrogates and numbers out of range, which the grammar allows;
    /// `IgnoredAny` reads the grammar only.
    fn is_json(text: &str) -> bool {
        serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
    }
}
