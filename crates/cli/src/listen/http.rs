//! Reading one request (RFC 9112), as strict as a real server, and remembering exactly what came.

use httparse::Status;

use crate::finding::Finding;

/// The largest head and the largest content, in octets.
pub(super) const MAX_HEAD: usize = 64 * 1024;
pub(super) const MAX_BODY: usize = 1024 * 1024;
/// The longest chunked content with its sizes, extensions and trailers: chunks of one octet take six.
const MAX_CODED: usize = 8 * MAX_BODY;
const MAX_FIELDS: usize = 100;

/// Collects the octets of one request.
#[derive(Debug, Default)]
pub(super) struct Reader {
    /// The head, and what follows it as far as it is not decoded.
    received: Vec<u8>,
    head: Option<Head>,
    /// The content as far as it has come, chunks decoded.
    body: Vec<u8>,
    /// Where in `received` the next undecoded octet of the content is.
    position: usize,
    /// Octets after the head that were decoded and are kept no longer.
    decoded: usize,
    chunk: Chunk,
}

/// A parsed head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) method: String,
    pub(super) target: String,
    /// The minor version: 0 or 1.
    pub(super) minor_version: u8,
    pub(super) fields: Vec<(String, Vec<u8>)>,
    /// Octets, with the empty line.
    pub(super) length: usize,
    pub(super) framing: Framing,
}

/// How the content's length is known, RFC 9112 §6.3.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    /// Neither Content-Length nor Transfer-Encoding: a request without content.
    Empty,
    ContentLength(usize),
    Chunked,
}

/// How far the request has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    NeedsHead,
    NeedsBody,
    Complete,
    /// It cannot be read further; the status says it to the client.
    Refused(Refusal),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) status: u16,
    pub(super) finding: Finding,
}

/// Where in the chunked coding the next octet is (RFC 9112 §7.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Chunk {
    #[default]
    Size,
    Data(usize),
    DataEnd,
    Trailers,
    Done,
}

impl Reader {
    /// Adds octets and says how far the request has come.
    pub(super) fn add(&mut self, octets: &[u8]) -> Progress {
        self.received.extend_from_slice(octets);
        if self.head.is_none() {
            match parse_head(&self.received) {
                Ok(Some(head)) => {
                    self.position = head.length;
                    self.head = Some(head);
                }
                Ok(None) if self.received.len() > MAX_HEAD => {
                    return refused(
                        431,
                        Finding::error("head-too-long", format!("the head is longer than {MAX_HEAD} octets")),
                    );
                }
                Ok(None) => return Progress::NeedsHead,
                Err(refusal) => return Progress::Refused(refusal),
            }
        }
        let progress = self.read_body();
        self.forget_decoded();
        progress
    }

    /// Octets that the content takes in memory until it is whole, at most.
    pub(super) fn most(&self) -> usize {
        match self.head.as_ref().map(|head| head.framing) {
            Some(Framing::ContentLength(length)) => length,
            // Beside the content a chunk's size with its extensions, or the trailers.
            Some(Framing::Chunked) => MAX_BODY + MAX_HEAD,
            Some(Framing::Empty) | None => 0,
        }
    }

    pub(super) fn head(&self) -> Option<&Head> {
        self.head.as_ref()
    }

    pub(super) fn body(&self) -> &[u8] {
        &self.body
    }

    /// The octets of the head, or everything while it has no end.
    pub(super) fn head_octets(&self) -> &[u8] {
        let length = self.head.as_ref().map_or(self.received.len(), |head| head.length);
        self.received.get(..length).unwrap_or_default()
    }

    /// What came after the request.
    pub(super) fn extra(&self) -> &[u8] {
        if self.head.is_none() {
            return &[];
        }
        self.received.get(self.position..).unwrap_or_default()
    }

    fn read_body(&mut self) -> Progress {
        let Some(framing) = self.head.as_ref().map(|head| head.framing) else { return Progress::NeedsHead };
        match framing {
            Framing::Empty => Progress::Complete,
            Framing::ContentLength(length) if length > MAX_BODY => body_too_long(),
            Framing::ContentLength(length) => {
                let missing = length - self.body.len();
                self.take_body(missing);
                if self.body.len() == length { Progress::Complete } else { Progress::NeedsBody }
            }
            Framing::Chunked => self.read_chunks(),
        }
    }

    /// Moves up to `count` octets into the body; says how many.
    fn take_body(&mut self, count: usize) -> usize {
        let waiting = self.received.get(self.position..).unwrap_or_default();
        let taken = waiting.get(..count).unwrap_or(waiting);
        self.body.extend_from_slice(taken);
        self.position += taken.len();
        taken.len()
    }

    /// The content has them, and what frames it can be far longer than it.
    fn forget_decoded(&mut self) {
        let Some(head) = &self.head else { return };
        self.decoded += self.position - head.length;
        self.received.drain(head.length..self.position);
        self.position = head.length;
    }

    fn read_chunks(&mut self) -> Progress {
        let progress = self.decode_chunks();
        let after_head = self.head.as_ref().map_or(0, |head| self.position - head.length);
        if self.decoded + after_head > MAX_CODED && !matches!(progress, Progress::Refused(_)) {
            let title = format!("the chunked body is longer than {MAX_CODED} octets with what frames it");
            return refused(413, Finding::error("body-too-long", title));
        }
        progress
    }

    fn decode_chunks(&mut self) -> Progress {
        loop {
            let rest = self.received.get(self.position..).unwrap_or_default();
            match self.chunk {
                Chunk::Size if rest.first().is_some_and(|octet| !octet.is_ascii_hexdigit()) => {
                    // httparse would take a line without digits for the last chunk.
                    return bad_chunk();
                }
                Chunk::Size => match httparse::parse_chunk_size(rest) {
                    Ok(Status::Complete((length, size))) => {
                        self.position += length;
                        let size = usize::try_from(size).unwrap_or(usize::MAX);
                        if size > MAX_BODY - self.body.len() {
                            return body_too_long();
                        }
                        self.chunk = if size == 0 { Chunk::Trailers } else { Chunk::Data(size) };
                    }
                    Ok(Status::Partial) if rest.len() > MAX_HEAD => return bad_chunk(),
                    Ok(Status::Partial) => return Progress::NeedsBody,
                    Err(_) => return bad_chunk(),
                },
                Chunk::Data(size) => match size - self.take_body(size) {
                    0 => self.chunk = Chunk::DataEnd,
                    missing => {
                        self.chunk = Chunk::Data(missing);
                        return Progress::NeedsBody;
                    }
                },
                Chunk::DataEnd => match rest {
                    [b'\r', b'\n', ..] => {
                        self.position += 2;
                        self.chunk = Chunk::Size;
                    }
                    [] | [b'\r'] => return Progress::NeedsBody,
                    _ => return bad_chunk(),
                },
                Chunk::Trailers => {
                    match httparse::parse_headers(rest, &mut [httparse::EMPTY_HEADER; MAX_FIELDS]) {
                        Ok(Status::Complete((length, _))) => {
                            self.position += length;
                            self.chunk = Chunk::Done;
                        }
                        Ok(Status::Partial) if rest.len() > MAX_HEAD => return bad_chunk(),
                        Ok(Status::Partial) => return Progress::NeedsBody,
                        Err(_) => return bad_chunk(),
                    }
                }
                Chunk::Done => return Progress::Complete,
            }
        }
    }
}

impl Head {
    /// The values of a field, in order.
    pub(super) fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        self.fields
            .iter()
            .filter(move |(field, _)| field.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_slice())
    }

    /// The first value of a field as text.
    pub(super) fn value(&self, name: &str) -> Option<String> {
        self.values(name).next().map(|value| String::from_utf8_lossy(value).into_owned())
    }

    /// The media type of the content without its parameters, in lower case.
    pub(super) fn media_type(&self) -> Option<String> {
        let value = self.value("content-type")?;
        Some(value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase())
    }

    /// The path without the query.
    pub(super) fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    /// Whether requests of this method have content as a rule (RFC 9110 §9.3).
    pub(super) fn expects_body(&self) -> bool {
        matches!(self.method.as_str(), "POST" | "PUT" | "PATCH")
    }
}

fn parse_head(octets: &[u8]) -> Result<Option<Head>, Refusal> {
    let mut fields = [httparse::EMPTY_HEADER; MAX_FIELDS];
    let mut request = httparse::Request::new(&mut fields);
    let length = match request.parse(octets) {
        Ok(Status::Complete(length)) => length,
        Ok(Status::Partial) => return Ok(None),
        Err(httparse::Error::TooManyHeaders) => {
            let finding =
                Finding::error("too-many-headers", format!("the head has more than {MAX_FIELDS} fields"));
            return Err(Refusal { status: 431, finding });
        }
        Err(error) => return Err(bad_head(error)),
    };
    let mut head = Head {
        method: request.method.unwrap_or_default().to_owned(),
        target: request.path.unwrap_or_default().to_owned(),
        minor_version: request.version.unwrap_or_default(),
        fields: request.headers.iter().map(|field| (field.name.to_owned(), field.value.to_vec())).collect(),
        length,
        framing: Framing::Empty,
    };
    head.framing = framing(&head)?;
    Ok(Some(head))
}

fn bad_head(error: httparse::Error) -> Refusal {
    let finding = Finding::error("malformed-head", format!("the head cannot be parsed: {error}"));
    let finding = match error {
        httparse::Error::NewLine => {
            finding.hint("each line ends with CR LF, and an empty line ends the head")
        }
        httparse::Error::Version => finding.hint("the request line ends with `HTTP/1.1`"),
        httparse::Error::HeaderName => {
            finding.hint("no space before the colon; without the empty line the body is read as a header")
        }
        httparse::Error::HeaderValue
        | httparse::Error::Status
        | httparse::Error::Token
        | httparse::Error::TooManyHeaders => finding,
    };
    Refusal { status: 400, finding }
}

/// RFC 9112 §6.3. Whatever could be read in two ways is refused, since an edge does so too.
fn framing(head: &Head) -> Result<Framing, Refusal> {
    let bad = |finding| Err(Refusal { status: 400, finding });
    let lengths: Vec<&[u8]> = head.values("content-length").collect();
    let codings: Vec<&[u8]> = head.values("transfer-encoding").collect();
    match (lengths.as_slice(), codings.as_slice()) {
        ([], []) => Ok(Framing::Empty),
        ([], [coding]) if coding.eq_ignore_ascii_case(b"chunked") => Ok(Framing::Chunked),
        ([], [coding, ..]) => Err(Refusal {
            status: 501,
            finding: Finding::error(
                "unknown-transfer-coding",
                format!("the transfer coding `{}` is not `chunked`", String::from_utf8_lossy(coding)),
            ),
        }),
        ([first, rest @ ..], []) => {
            if rest.iter().any(|other| other != first) {
                let title = "two Content-Length headers that disagree";
                return bad(Finding::error("content-length-twice", title).hint("send it once"));
            }
            let digits = !first.is_empty() && first.iter().all(u8::is_ascii_digit);
            let text = String::from_utf8_lossy(first);
            match text.parse() {
                Ok(length) if digits => Ok(Framing::ContentLength(length)),
                _ => bad(Finding::error(
                    "malformed-content-length",
                    format!("Content-Length is `{text}`, not a number"),
                )),
            }
        }
        (_, _) => bad(Finding::error(
            "length-and-chunked",
            "both Content-Length and Transfer-Encoding: an attack called request smuggling looks like this",
        )
        .hint("send one of them (RFC 9112 §6.2)")),
    }
}

fn refused(status: u16, finding: Finding) -> Progress {
    Progress::Refused(Refusal { status, finding })
}

fn body_too_long() -> Progress {
    refused(413, Finding::error("body-too-long", format!("the body is longer than {MAX_BODY} octets")))
}

fn bad_chunk() -> Progress {
    refused(400, Finding::error("malformed-chunk", "the chunked body cannot be decoded"))
}

#[cfg(test)]
#[path = "http_tests.rs"]
mod tests;
