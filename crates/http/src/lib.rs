//! One HTTP/1.1 exchange (RFC 9110, RFC 9112) for small devices: a POST out, its response in.
//!
//! Nothing here reads, writes or waits: [`RequestWriter`] fills the caller's slices with the
//! request, however short they are, and [`ResponseReader`] takes the response in pieces of any
//! size into one buffer of the caller's. There is no heap.
//!
//! Both are strict where two readings of the same octets are possible. A header that the framing
//! depends on cannot be set by hand, a body that ends early is an error, and of a response that
//! frames itself in two ways neither is believed.
//!
//! ```
//! use picopost_http::{End, Request, RequestWriter, ResponseReader, Url};
//!
//! let url = Url::parse("https://auth.example:8443/oauth/token")?;
//! let request = Request::json(url, br#"{"grant_type":"client_credentials"}"#);
//!
//! // The request goes out in pieces of the transport's size.
//! let mut writer = RequestWriter::new(&request);
//! let mut sent = Vec::new();
//! while !writer.is_done() {
//!     let mut piece = [0; 16];
//!     let count = writer.write(&mut piece)?;
//!     sent.extend_from_slice(&piece[..count]);
//! }
//! assert!(sent.starts_with(b"POST /oauth/token HTTP/1.1\r\nHost: auth.example:8443\r\n"));
//!
//! // The response comes in pieces of the server's size.
//! let mut buffer = [0; 256];
//! let mut reader = ResponseReader::new(&mut buffer);
//! reader.feed(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r")?;
//! reader.feed(b"\n{}")?;
//! assert!(reader.is_done());
//! let response = reader.finish()?;
//! response.success()?;
//! assert_eq!(response.body(), b"{}");
//! # Ok::<(), picopost_http::Error>(())
//! ```

#![no_std]
#![forbid(unsafe_code)]

#[cfg(test)]
extern crate std;

pub use body::Piece;
pub use content::{Source, SourceFailed};
pub use error::{End, Error, Mismatch, Stage};
pub use field::{FieldName, FieldValue, Header};
pub use framing::Method;
pub use head::{Head, Headers};
pub use meaning::RetryAfter;
pub use request::{Request, USER_AGENT};
pub use request_writer::RequestWriter;
pub use response::{Extent, Response, StatusCode};
pub use response_reader::{MAX_HEADERS, MAX_INTERIM_RESPONSES, ResponseReader};
pub use url::{Authority, DEFAULT_PORT, RequestTarget, Url};

mod body;
mod challenge;
mod chunked;
mod content;
mod date;
mod error;
mod error_text;
mod field;
mod framing;
mod head;
#[cfg(feature = "json")]
pub mod json;
mod meaning;
mod persistence;
mod reference;
mod request;
mod request_writer;
mod response;
mod response_reader;
mod url;
