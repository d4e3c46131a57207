//! The challenges of WWW-Authenticate, RFC 9110 §11.2 and §11.6.1, for their parameters.
//!
//! `challenge = auth-scheme [ 1*SP ( token68 / #auth-param ) ]`, in a list of its own: whether what
//! follows a comma is another parameter or another challenge shows only behind its first word.

use crate::field::{is_field_octet, is_token};

/// A parameter of a challenge.
pub(crate) struct Parameter<'v> {
    pub(crate) scheme: &'v str,
    pub(crate) name: &'v str,
    /// As it stands within its quotes, if it has any: a `\` is still there.
    pub(crate) value: &'v str,
}

/// The parameters of all challenges of one header, in their order.
pub(crate) struct Parameters<'v> {
    rest: &'v [u8],
    /// The challenge that is read; none where a token68 has ended it.
    scheme: Option<&'v str>,
}

impl<'v> Parameters<'v> {
    pub(crate) const fn new(value: &'v [u8]) -> Self {
        Self { rest: value, scheme: None }
    }

    /// The next parameter; `Some(None)` at the end, and `None` where the grammar is broken.
    ///
    /// Not an iterator: nothing is believed of a header that turns out to be malformed.
    pub(crate) fn next(&mut self) -> Option<Option<Parameter<'v>>> {
        loop {
            // RFC 9110 §5.6.1.2: empty elements are passed over.
            self.take_while(|octet| is_space(octet) || octet == b',');
            if self.rest.is_empty() {
                return Some(None);
            }
            let word = self.word()?;
            let space = self.take_while(is_space);
            if self.rest.first() == Some(&b'=') {
                let scheme = self.scheme?;
                self.advance(1);
                self.take_while(is_space);
                let value = self.value()?;
                self.element_end()?;
                return Some(Some(Parameter { scheme, name: word, value }));
            }
            // A scheme, and behind spaces what belongs to it.
            self.scheme = Some(word);
            if !matches!(self.rest.first(), None | Some(b',')) {
                if space.is_empty() || space.contains(&b'\t') {
                    return None;
                }
                // RFC 9110 §11.2: a challenge has a token68 or parameters, not both.
                if self.skip_token68() {
                    self.scheme = None;
                }
            }
        }
    }

    /// `token68 = 1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"="`, if it is what
    /// makes up the element, and not a parameter's name: whether it was there.
    fn skip_token68(&mut self) -> bool {
        let before = self.rest;
        let is_character = |octet: u8| {
            octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'.' | b'_' | b'~' | b'+' | b'/')
        };
        let characters = self.take_while(is_character);
        self.take_while(|octet| octet == b'=');
        let is_one = !characters.is_empty() && self.element_end().is_some();
        if !is_one {
            self.rest = before;
        }
        is_one
    }

    /// `token / quoted-string`.
    fn value(&mut self) -> Option<&'v str> {
        if self.rest.first() != Some(&b'"') {
            return self.word();
        }
        self.advance(1);
        let mut is_escaped = false;
        let value = self.take_while(|octet| {
            let is_end = octet == b'"' && !is_escaped;
            is_escaped = octet == b'\\' && !is_escaped;
            is_field_octet(octet) && !is_end
        });
        if self.rest.first() != Some(&b'"') {
            return None;
        }
        self.advance(1);
        core::str::from_utf8(value).ok()
    }

    /// Behind an element: a comma, or the end.
    fn element_end(&mut self) -> Option<()> {
        self.take_while(is_space);
        matches!(self.rest.first(), None | Some(b',')).then_some(())
    }

    /// `token`: at least one octet.
    fn word(&mut self) -> Option<&'v str> {
        let word = self.take_while(is_token);
        core::str::from_utf8(word).ok().filter(|word| !word.is_empty())
    }

    fn take_while(&mut self, mut is_one: impl FnMut(u8) -> bool) -> &'v [u8] {
        let count = self.rest.iter().take_while(|octet| is_one(**octet)).count();
        let taken = self.rest.get(..count).unwrap_or_default();
        self.advance(count);
        taken
    }

    fn advance(&mut self, count: usize) {
        self.rest = self.rest.get(count..).unwrap_or_default();
    }
}

const fn is_space(octet: u8) -> bool {
    matches!(octet, b' ' | b'\t')
}
