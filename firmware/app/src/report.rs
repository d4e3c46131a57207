//! The report, one `key: value` a line, written without the formatting machinery of `core`: that
//! would be some kilobytes of the image.

use core::fmt;

use picopost::Stage;

/// Where a report goes.
pub trait Console {
    /// Writes text, all of it.
    fn text(&mut self, text: &str);
}

/// A report, on its way to a console.
pub struct Report<'c>(&'c mut dyn Console);

impl<'c> Report<'c> {
    /// A report for `console`.
    pub fn new(console: &'c mut dyn Console) -> Self {
        Self(console)
    }

    /// Adds text.
    pub fn text(&mut self, text: &str) -> &mut Self {
        self.0.text(text);
        self
    }

    /// Adds a number, in decimal.
    pub fn number(&mut self, number: u64) -> &mut Self {
        self.text(decimal(number, &mut [0; DIGITS]))
    }

    /// Adds a size, in decimal.
    pub fn size(&mut self, size: usize) -> &mut Self {
        self.number(size as u64)
    }

    /// Ends the line.
    pub fn end(&mut self) {
        self.text("\n");
    }

    /// Why there is no answer: stage, number and, where the image has sentences, a sentence.
    pub fn error(&mut self, stage: Stage, number: u16, sentence: &impl fmt::Display) {
        self.text("error: ").text(stage.name()).text(" ").number(number.into());
        self.sentence(sentence);
        self.end();
    }

    #[cfg(feature = "error-text")]
    fn sentence(&mut self, sentence: &impl fmt::Display) {
        // A console takes everything.
        let _ = fmt::write(self, format_args!(": {sentence}"));
    }

    #[cfg(not(feature = "error-text"))]
    fn sentence(&mut self, _: &impl fmt::Display) {}
}

/// The most digits that a number of 64 bits has.
pub const DIGITS: usize = 20;

/// A number in decimal, in the caller's memory.
pub fn decimal(number: u64, digits: &mut [u8; DIGITS]) -> &str {
    let (mut rest, mut length) = (number, 0);
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + (rest % 10) as u8;
        rest /= 10;
        length += 1;
        if rest == 0 {
            break;
        }
    }
    let digits = digits.get(DIGITS - length..).unwrap_or_default();
    str::from_utf8(digits).unwrap_or_default()
}

#[cfg(feature = "error-text")]
impl fmt::Write for Report<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.text(text);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::string::{String, ToString};

    impl Console for String {
        fn text(&mut self, text: &str) {
            self.push_str(text);
        }
    }

    #[test]
    fn numbers() {
        for number in [0, 1, 9, 10, 99, 100, 4_294_967_296, u64::MAX - 1, u64::MAX] {
            let mut text = String::new();
            Report::new(&mut text).number(number);
            assert_eq!(text, number.to_string());
        }
    }

    #[test]
    fn an_error() {
        let mut text = String::new();
        Report::new(&mut text).error(Stage::Certificate, 3206, &"unknown issuer");
        let sentence = if cfg!(feature = "error-text") { ": unknown issuer" } else { "" };
        assert_eq!(text, std::format!("error: certificate 3206{sentence}\n"));
    }
}
