//! As much of HTTP as a program needs whose library has none: when the answer is whole.

use crate::machine;

/// How large an answer may be, in octets: head and content.
const ROOM: usize = 512;

/// An answer with a Content-Length, as it comes.
#[derive(Debug)]
pub struct Answer {
    octets: [u8; ROOM],
    length: usize,
}

impl Answer {
    /// Nothing so far.
    #[expect(clippy::new_without_default, reason = "there is one way to make it")]
    pub const fn new() -> Self {
        Self { octets: [0; ROOM], length: 0 }
    }

    /// Where the next octets go.
    pub fn space(&mut self) -> &mut [u8] {
        self.octets.get_mut(self.length..).unwrap_or_default()
    }

    /// `count` octets were put there; none is the end, which comes too early.
    pub fn received(&mut self, count: usize) {
        if count == 0 {
            machine::fail("the answer is not whole");
        }
        self.length += count;
    }

    /// Whether the content is whole.
    pub fn is_whole(&self) -> bool {
        self.head().is_some_and(|(head, content)| content_length(head) == Some(content.len()))
    }

    /// The content.
    pub fn content(&self) -> &[u8] {
        self.head().map_or(&[], |(_, content)| content)
    }

    fn head(&self) -> Option<(&[u8], &[u8])> {
        let octets = self.octets.get(..self.length)?;
        let end = octets.windows(4).position(|octets| octets == b"\r\n\r\n")?;
        octets.split_at_checked(end + 4)
    }
}

fn content_length(head: &[u8]) -> Option<usize> {
    const NAME: &[u8] = b"\r\nContent-Length: ";
    let at = head.windows(NAME.len()).position(|octets| octets == NAME)?;
    let digits = head.get(at + NAME.len()..)?;
    let number = |digit: &u8| digit.is_ascii_digit().then(|| usize::from(digit - b'0'));
    Some(digits.iter().map_while(number).fold(0, |length, digit| length * 10 + digit))
}
