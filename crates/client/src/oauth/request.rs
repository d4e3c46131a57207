//! The token request, RFC 6749 §4.4.2, written into memory that is lent.

use core::fmt;

use base64ct::{Base64, Encoding};
use picopost_http::{Error, FieldValue, Header, Request, Url};
use zeroize::Zeroize;

use super::{Authentication, ClientCredentials, TokenError};

/// A token request over memory that was lent for it, and that is wiped in the end: it holds the
/// client's password.
pub struct TokenRequest<'t> {
    url: Url<'t>,
    content_type: FieldValue<'t>,
    /// The value of the Authorization header, and behind it the body.
    memory: &'t mut [u8],
    /// How long they are.
    header: usize,
    body: usize,
}

impl TokenRequest<'_> {
    /// Its Authorization header, where it has one.
    ///
    /// # Errors
    /// None that this library knows of: what is written there is base64.
    pub fn header(&self) -> Result<Option<Header<'_>>, Error> {
        let value = self.memory.get(..self.header).and_then(|value| core::str::from_utf8(value).ok());
        value.filter(|value| !value.is_empty()).map(|value| Header::new("Authorization", value)).transpose()
    }

    /// As an HTTP request, with [`Self::header`].
    pub fn as_request<'r>(&'r self, headers: &'r [Header<'r>]) -> Request<'r> {
        let body = self.memory.get(self.header..self.header.saturating_add(self.body)).unwrap_or_default();
        Request::post(self.url, self.content_type, body).with_headers(headers)
    }
}

impl Drop for TokenRequest<'_> {
    fn drop(&mut self) {
        self.memory.zeroize();
    }
}

impl fmt::Debug for TokenRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenRequest")
            .field("token_endpoint", &self.url.authority())
            .field("body_length", &self.body)
            .finish_non_exhaustive()
    }
}

/// Writes the request: the Authorization header's value first, and the body behind it.
pub(super) fn write<'t>(
    credentials: &ClientCredentials<'t>,
    memory: &'t mut [u8],
) -> Result<TokenRequest<'t>, TokenError> {
    let (size, capacity) = (size(credentials), memory.len());
    if size > capacity {
        return Err(TokenError::RequestTooLarge { size, capacity });
    }
    let content_type = match credentials.authentication {
        Authentication::Json => FieldValue::JSON,
        Authentication::Basic | Authentication::Form => FieldValue::FORM,
    };
    let header = header_size(credentials);
    // Whatever is written from here on is wiped with the request.
    let mut request = TokenRequest { url: credentials.token_url, content_type, memory, header, body: 0 };
    let (head, rest) = request.memory.split_at_mut_checked(header).unwrap_or_default();
    let mut body = Writer { space: rest, length: 0 };
    body_into(credentials, &mut body);
    request.body = body.length;
    if credentials.authentication == Authentication::Basic {
        // What is to be encoded stands behind the body for the moment.
        pair(credentials, &mut body);
        let pair = body.space.get(request.body..body.length).unwrap_or_default();
        let (scheme, encoded) = head.split_at_mut_checked(BASIC.len()).unwrap_or_default();
        scheme.copy_from_slice(BASIC);
        // The sizes were counted before.
        Base64::encode(pair, encoded).ok().ok_or(TokenError::RequestTooLarge { size, capacity })?;
    }
    Ok(request)
}

const BASIC: &[u8] = b"Basic ";

/// What the request needs of memory, in octets.
pub(super) fn size(credentials: &ClientCredentials<'_>) -> usize {
    let mut count = Writer { space: &mut [], length: 0 };
    body_into(credentials, &mut count);
    if credentials.authentication == Authentication::Basic {
        pair(credentials, &mut count);
    }
    header_size(credentials).saturating_add(count.length)
}

fn header_size(credentials: &ClientCredentials<'_>) -> usize {
    if credentials.authentication != Authentication::Basic {
        return 0;
    }
    let mut count = Writer { space: &mut [], length: 0 };
    pair(credentials, &mut count);
    count.length.div_ceil(3).saturating_mul(4).saturating_add(BASIC.len())
}

/// RFC 6749 §2.3.1: identifier and password are form-encoded before they are joined.
fn pair(credentials: &ClientCredentials<'_>, out: &mut Writer<'_>) {
    out.form(credentials.client_id);
    out.push(b':');
    out.form(credentials.client_secret);
}

fn body_into(credentials: &ClientCredentials<'_>, out: &mut Writer<'_>) {
    let own = [
        ("grant_type", "client_credentials"),
        ("client_id", credentials.client_id),
        ("client_secret", credentials.client_secret),
    ];
    let own = match credentials.authentication {
        // RFC 6749 §2.3: one way of authenticating in a request.
        Authentication::Basic => own.get(..1).unwrap_or_default(),
        Authentication::Form | Authentication::Json => &own,
    };
    let is_json = credentials.authentication == Authentication::Json;
    for (index, (name, value)) in own.iter().chain(credentials.parameters).enumerate() {
        if is_json {
            out.push(if index == 0 { b'{' } else { b',' });
            out.json(name);
            out.push(b':');
            out.json(value);
        } else {
            if index > 0 {
                out.push(b'&');
            }
            out.form(name);
            out.push(b'=');
            out.form(value);
        }
    }
    if is_json {
        out.push(b'}');
    }
}

/// Writes as far as there is space, and counts all.
struct Writer<'w> {
    space: &'w mut [u8],
    length: usize,
}

impl Writer<'_> {
    fn push(&mut self, octet: u8) {
        if let Some(place) = self.space.get_mut(self.length) {
            *place = octet;
        }
        self.length = self.length.saturating_add(1);
    }

    /// `application/x-www-form-urlencoded`, RFC 6749 appendix B.
    fn form(&mut self, text: &str) {
        for octet in text.bytes() {
            match octet {
                b' ' => self.push(b'+'),
                b'*' | b'-' | b'.' | b'_' => self.push(octet),
                _ if octet.is_ascii_alphanumeric() => self.push(octet),
                _ => {
                    self.push(b'%');
                    self.hex(octet, b"0123456789ABCDEF");
                }
            }
        }
    }

    /// A JSON string, RFC 8259 §7.
    fn json(&mut self, text: &str) {
        self.push(b'"');
        for octet in text.bytes() {
            match octet {
                b'"' | b'\\' => {
                    self.push(b'\\');
                    self.push(octet);
                }
                0..0x20 => {
                    b"\\u00".iter().for_each(|octet| self.push(*octet));
                    self.hex(octet, b"0123456789abcdef");
                }
                _ => self.push(octet),
            }
        }
        self.push(b'"');
    }

    fn hex(&mut self, octet: u8, digits: &[u8; 16]) {
        for nibble in [octet >> 4, octet & 15] {
            self.push(digits.get(usize::from(nibble)).copied().unwrap_or_default());
        }
    }
}
