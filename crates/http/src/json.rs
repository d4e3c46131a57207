//! JSON (RFC 8259) into the caller's buffer, and out of a response, by `serde`.
//!
//! Two passes: `grammar` sees to it that a text is JSON and not nested too deeply, and
//! `serde-json-core` makes a value of it. The second pass alone would take what is not JSON where
//! a type skips it, and its depth on the stack would be the server's choice.

use serde::{Deserialize, Serialize};
use serde_json_core::de::Error as Fault;

pub use grammar::MAX_JSON_DEPTH;
/// A string as it is written, escapes and all: for a field that is to be borrowed and may have
/// some; and what its `fragments` are.
pub use serde_json_core::str::{EscapedStr, EscapedStringFragment};

use crate::{Error, Mismatch, Response};

mod grammar;

/// Writes a value as JSON into the front of `buffer`, and returns what was written: the body for
/// [`crate::Request::json`].
///
/// Numbers that JSON does not have (infinite, not a number) become `null`. A `char` is not
/// supported by `serde-json-core`: use a string.
///
/// ```
/// use picopost_http::{Request, Url, json};
///
/// #[derive(serde::Serialize)]
/// struct Reading<'a> {
///     sensor: &'a str,
///     celsius: f32,
/// }
///
/// let mut buffer = [0; 64];
/// let body = json::to_slice(&Reading { sensor: "attic", celsius: 23.5 }, &mut buffer)?;
/// let request = Request::json(Url::parse("https://example.com/readings")?, body);
/// assert_eq!(request.body(), br#"{"sensor":"attic","celsius":23.5}"#);
/// # Ok::<(), picopost_http::Error>(())
/// ```
///
/// # Errors
/// [`Error::JsonTooLarge`] where the buffer is too small; [`Error::JsonValue`] where the value's
/// type makes something else than JSON, as raw octets and keys that are no strings do.
pub fn to_slice<'b, T: Serialize + ?Sized>(value: &T, buffer: &'b mut [u8]) -> Result<&'b [u8], Error> {
    let capacity = buffer.len();
    let written = match serde_json_core::to_slice(value, buffer) {
        Ok(written) => written,
        // The only error there is.
        Err(_full) => return Err(Error::JsonTooLarge { capacity }),
    };
    let text: &'b [u8] = buffer;
    let text = text.get(..written).unwrap_or_default();
    match grammar::check(text) {
        // How deep the caller nests is the caller's to say.
        Ok(()) | Err(grammar::Fault::Depth) => Ok(text),
        Err(grammar::Fault::Syntax { position }) => Err(Error::JsonValue { position }),
    }
}

impl<'b> Response<'b> {
    /// The body as a value, whatever its Content-Type says: an edge's page in HTML is not JSON at
    /// its first octet.
    ///
    /// Strings are borrowed from the response where the type asks for that. One with escapes has
    /// to be resolved first, in `scratch`: it needs a type that copies it, as `heapless::String`
    /// does, or [`EscapedStr`], and room for the longest of them, also where the type skips it.
    /// `&mut []` is for servers that send none; where one comes after all, that is an error and
    /// never a string with its escapes in it.
    ///
    /// ```
    /// use picopost_http::ResponseReader;
    ///
    /// #[derive(serde::Deserialize)]
    /// struct Token<'a> {
    ///     access_token: &'a str,
    ///     expires_in: u32,
    /// }
    ///
    /// let mut buffer = [0; 256];
    /// let mut reader = ResponseReader::new(&mut buffer);
    /// let body = r#"{"access_token":"abc","token_type":"Bearer","expires_in":3600}"#;
    /// reader.feed(format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len()).as_bytes())?;
    /// let response = reader.finish()?;
    /// let token: Token<'_> = response.json(&mut [])?;
    /// assert_eq!((token.access_token, token.expires_in), ("abc", 3600));
    /// # Ok::<(), picopost_http::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::JsonSyntax`] where the body is not one JSON text and nothing else,
    /// [`Error::JsonTooDeep`], [`Error::JsonMismatch`], [`Error::JsonScratchTooSmall`].
    pub fn json<T: Deserialize<'b>>(&self, scratch: &mut [u8]) -> Result<T, Error> {
        grammar::check(self.body).map_err(|fault| match fault {
            grammar::Fault::Syntax { position } => Error::JsonSyntax { position },
            grammar::Fault::Depth => Error::JsonTooDeep { maximum: MAX_JSON_DEPTH },
        })?;
        let capacity = scratch.len();
        match serde_json_core::from_slice_escaped(self.body, scratch) {
            Ok((value, _length)) => Ok(value),
            Err(Fault::EscapedStringIsTooLong) => Err(Error::JsonScratchTooSmall { capacity }),
            Err(fault) => Err(Error::JsonMismatch { mismatch: mismatch(&fault) }),
        }
    }
}

/// What is left of the faults where the grammar is kept.
fn mismatch(fault: &Fault) -> Mismatch {
    match fault {
        Fault::InvalidNumber => Mismatch::Number,
        Fault::InvalidEscapeSequence | Fault::InvalidUnicodeCodePoint => Mismatch::Escape,
        Fault::AnyIsUnsupported | Fault::BytesIsUnsupported => Mismatch::Unsupported,
        Fault::CustomError => Mismatch::Shape,
        // A list that is longer than its type; a number with a fraction that is none in the type.
        Fault::TrailingCharacters | Fault::ExpectedListCommaOrEnd | Fault::ExpectedObjectCommaOrEnd => {
            Mismatch::Shape
        }
        _ => Mismatch::Type,
    }
}
