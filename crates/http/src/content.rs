//! Content that is produced while it is sent.

use crate::Error;
use crate::request::Content;
use crate::request_writer::copy_into;

/// Where the content of a request comes from: a file in flash, a log, a generator.
///
/// The content is asked for by its position, so that a request that has to be sent again can be
/// sent from its beginning. A source that can be read only once answers for the position that
/// it has come to, and with [`SourceFailed`] for any other.
///
/// A source is asked in the middle of a step of the exchange, and cannot wait there.
///
/// ```
/// use picopost_http::{FieldValue, Request, Source, SourceFailed, Url};
///
/// /// A log of readings, one per line, computed as it is sent.
/// struct Readings;
///
/// impl Source for Readings {
///     fn length(&self) -> usize {
///         1000 * "23.5\n".len()
///     }
///
///     fn read(&self, position: usize, space: &mut [u8]) -> Result<usize, SourceFailed> {
///         let all = b"23.5\n".iter().cycle().take(self.length()).skip(position);
///         Ok(space.iter_mut().zip(all).map(|(to, from)| *to = *from).count())
///     }
/// }
///
/// let url = Url::parse("https://example.com/readings")?;
/// let request = Request::stream(url, FieldValue::new("text/plain")?, &Readings);
/// assert_eq!(request.content_length(), 5000);
/// # Ok::<(), picopost_http::Error>(())
/// ```
pub trait Source {
    /// How many octets the content has: what Content-Length says.
    fn length(&self) -> usize;

    /// Writes the octets from `position` on to the front of `space`, which is never empty, and
    /// returns how many: as many as it likes, and 0 only where the content is at its end.
    ///
    /// Before the last octets are sent it is asked for one more, which is how a content longer
    /// than was promised shows.
    ///
    /// # Errors
    /// [`SourceFailed`] ends the exchange: the server gets no whole request.
    fn read(&self, position: usize, space: &mut [u8]) -> Result<usize, SourceFailed>;
}

/// A [`Source`] cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SourceFailed;

/// Writes the content of one request.
#[derive(Clone)]
pub(crate) struct ContentWriter<'a> {
    content: Content<'a>,
    /// What was promised when the head was made.
    length: usize,
    written: usize,
    /// What is known of the content's end.
    end: ContentEnd,
}

#[derive(Clone, Copy)]
enum ContentEnd {
    /// Nothing yet: a source is asked.
    Unknown,
    /// It is where it was promised to be.
    Good,
    Failed(Error),
}

impl<'a> ContentWriter<'a> {
    pub(crate) fn new(content: Content<'a>) -> Self {
        let end = match content {
            Content::Octets(_) => ContentEnd::Good,
            Content::Source(_) => ContentEnd::Unknown,
        };
        Self { length: content.length(), content, written: 0, end }
    }

    pub(crate) const fn length(&self) -> usize {
        self.length
    }

    pub(crate) const fn is_done(&self) -> bool {
        self.written == self.length && matches!(self.end, ContentEnd::Good)
    }

    /// Where all that was promised is written: that there is no more.
    pub(crate) fn check(&mut self) -> Result<(), Error> {
        if let (ContentEnd::Unknown, true, Content::Source(source)) =
            (self.end, self.written == self.length, self.content)
        {
            let promised = self.length;
            self.end = match source.read(promised, &mut [0]) {
                Ok(0) => ContentEnd::Good,
                Ok(_) => ContentEnd::Failed(Error::ContentTooLong { promised }),
                Err(SourceFailed) => ContentEnd::Failed(Error::ContentUnreadable { position: promised }),
            };
        }
        match self.end {
            ContentEnd::Failed(error) => Err(error),
            ContentEnd::Unknown | ContentEnd::Good => Ok(()),
        }
    }

    /// Fills `space` as far as there is content.
    pub(crate) fn write(&mut self, space: &mut [u8]) -> Result<usize, Error> {
        let before = self.written;
        while let Some(space) = self.space(space, before) {
            let taken = match self.content {
                Content::Octets(octets) => {
                    Ok(copy_into(space, octets.get(self.written..).unwrap_or_default()))
                }
                Content::Source(source) => read(source, self.written, self.length, space),
            };
            match taken {
                Ok(count) => self.written = self.written.saturating_add(count),
                Err(error) => {
                    self.end = ContentEnd::Failed(error);
                    return Err(error);
                }
            }
        }
        self.check()?;
        Ok(self.written.saturating_sub(before))
    }

    /// The part of `space` that is still to be filled; `None` where there is none, or no content.
    fn space<'s>(&self, space: &'s mut [u8], before: usize) -> Option<&'s mut [u8]> {
        let filled = self.written.saturating_sub(before);
        let wanted = self.length.saturating_sub(before).min(space.len());
        space.get_mut(filled..wanted).filter(|space| !space.is_empty())
    }
}

/// At least one octet.
fn read(source: &dyn Source, position: usize, promised: usize, space: &mut [u8]) -> Result<usize, Error> {
    match source.read(position, space) {
        Ok(0) => Err(Error::ContentTooShort { promised, given: position }),
        Ok(count) if count <= space.len() => Ok(count),
        // It says to have written where there was no space.
        Ok(_) | Err(SourceFailed) => Err(Error::ContentUnreadable { position }),
    }
}
