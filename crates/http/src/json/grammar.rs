//! Whether a text is JSON: the grammar of RFC 8259, without recursion.

/// How many objects and arrays may be within each other: 16. The reader's stack grows with each.
pub const MAX_JSON_DEPTH: usize = 16;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// The octet at which the text stops being JSON, or its length where it is cut off.
    Syntax { position: usize },
    /// More than [`MAX_JSON_DEPTH`], and perhaps no JSON.
    Depth,
}

/// `JSON-text = ws value ws`, §2: one value and nothing else.
pub(super) fn check(text: &[u8]) -> Result<(), Fault> {
    // RFC 8259 §8.1: UTF-8, and the octets of a character are not looked at below.
    if let Err(error) = core::str::from_utf8(text) {
        return Err(Fault::Syntax { position: error.valid_up_to() });
    }
    let mut text = Text { octets: text, position: 0 };
    let mut nest = Nest { kinds: 0, depth: 0 };
    loop {
        // A value is due.
        text.skip_space();
        match text.peek() {
            Some(b'{') => {
                text.advance();
                nest.enter(Kind::Object)?;
                text.skip_space();
                if text.peek() != Some(b'}') {
                    text.name()?;
                    continue;
                }
            }
            Some(b'[') => {
                text.advance();
                nest.enter(Kind::Array)?;
                text.skip_space();
                if text.peek() != Some(b']') {
                    continue;
                }
            }
            _ => text.scalar()?,
        }
        if !text.behind_value(&mut nest)? {
            return Ok(());
        }
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Array,
    Object,
}

/// What the place in the text is within: one bit each, the innermost last, 1 for an object.
struct Nest {
    kinds: u32,
    depth: usize,
}

impl Nest {
    fn enter(&mut self, kind: Kind) -> Result<(), Fault> {
        if self.depth == MAX_JSON_DEPTH {
            return Err(Fault::Depth);
        }
        self.depth += 1;
        self.kinds = (self.kinds << 1) | u32::from(kind == Kind::Object);
        Ok(())
    }

    fn leave(&mut self) {
        self.depth = self.depth.saturating_sub(1);
        self.kinds >>= 1;
    }

    fn innermost(&self) -> Option<Kind> {
        match (self.depth, self.kinds & 1) {
            (0, _) => None,
            (_, 0) => Some(Kind::Array),
            _ => Some(Kind::Object),
        }
    }
}

struct Text<'o> {
    octets: &'o [u8],
    position: usize,
}

impl Text<'_> {
    fn peek(&self) -> Option<u8> {
        self.octets.get(self.position).copied()
    }

    fn advance(&mut self) {
        self.position = self.position.saturating_add(1);
    }

    fn fault<T>(&self) -> Result<T, Fault> {
        Err(Fault::Syntax { position: self.position })
    }

    fn eat(&mut self, octet: u8) -> Result<(), Fault> {
        if self.peek() == Some(octet) {
            self.advance();
            return Ok(());
        }
        self.fault()
    }

    fn skip(&mut self, is_one: impl Fn(u8) -> bool) {
        while self.peek().is_some_and(&is_one) {
            self.advance();
        }
    }

    /// `ws`, §2.
    fn skip_space(&mut self) {
        self.skip(|octet| matches!(octet, b' ' | b'\t' | b'\n' | b'\r'));
    }

    /// Behind a value: ends, commas and names up to where the next value is due. `false` at the
    /// end of the text.
    fn behind_value(&mut self, nest: &mut Nest) -> Result<bool, Fault> {
        loop {
            self.skip_space();
            match (nest.innermost(), self.peek()) {
                (None, None) => return Ok(false),
                (Some(kind), Some(b',')) => {
                    self.advance();
                    if kind == Kind::Object {
                        self.skip_space();
                        self.name()?;
                    }
                    return Ok(true);
                }
                (Some(Kind::Array), Some(b']')) | (Some(Kind::Object), Some(b'}')) => {
                    self.advance();
                    nest.leave();
                }
                _ => return self.fault(),
            }
        }
    }

    /// `string name-separator`, §4.
    fn name(&mut self) -> Result<(), Fault> {
        self.string()?;
        self.skip_space();
        self.eat(b':')
    }

    fn scalar(&mut self) -> Result<(), Fault> {
        match self.peek() {
            Some(b'"') => self.string(),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.literal(b"true"),
            Some(b'f') => self.literal(b"false"),
            Some(b'n') => self.literal(b"null"),
            _ => self.fault(),
        }
    }

    /// §3; a letter behind it is found to be no end of a value.
    fn literal(&mut self, literal: &[u8]) -> Result<(), Fault> {
        literal.iter().try_for_each(|octet| self.eat(*octet))
    }

    /// `number = [ minus ] int [ frac ] [ exp ]`, §6.
    fn number(&mut self) -> Result<(), Fault> {
        if self.peek() == Some(b'-') {
            self.advance();
        }
        if self.peek() == Some(b'0') {
            self.advance();
        } else {
            self.digits()?;
        }
        if self.peek() == Some(b'.') {
            self.advance();
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.advance();
            if let Some(b'+' | b'-') = self.peek() {
                self.advance();
            }
            self.digits()?;
        }
        Ok(())
    }

    /// `1*DIGIT`.
    fn digits(&mut self) -> Result<(), Fault> {
        if !self.peek().is_some_and(|octet| octet.is_ascii_digit()) {
            return self.fault();
        }
        self.skip(|octet| octet.is_ascii_digit());
        Ok(())
    }

    /// §7: no control characters, and the escapes that there are.
    fn string(&mut self) -> Result<(), Fault> {
        self.eat(b'"')?;
        loop {
            self.skip(|octet| octet >= b' ' && octet != b'"' && octet != b'\\');
            if self.peek() != Some(b'\\') {
                return self.eat(b'"');
            }
            self.advance();
            match self.peek() {
                Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.advance(),
                Some(b'u') => {
                    self.advance();
                    for _ in 0..4 {
                        if !self.peek().is_some_and(|octet| octet.is_ascii_hexdigit()) {
                            return self.fault();
                        }
                        self.advance();
                    }
                }
                _ => return self.fault(),
            }
        }
    }
}
