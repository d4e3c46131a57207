//! How long the response's content is: RFC 9112 §6.3, in its order.

use crate::{Error, StatusCode};

/// The method of the request that a response answers: what it is decides whether the response has
/// content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Method {
    /// HEAD (RFC 9110 §9.3.2): the response has no content, whatever its headers say.
    Head,
    /// POST (RFC 9110 §9.3.3).
    Post,
}

/// How the content's end is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    /// There is no content, whatever the headers say.
    Empty,
    /// So many octets.
    ContentLength(u64),
    /// Chunks, RFC 9112 §7.1.
    Chunked,
    /// All octets until the server closes.
    CloseDelimited,
}

/// The framing of a final response. `minor_version` is the 1 of `HTTP/1.1`.
pub(crate) fn framing(
    method: Method,
    minor_version: u8,
    status: StatusCode,
    headers: &[httparse::Header<'_>],
) -> Result<Framing, Error> {
    // RFC 9112 §6.3, 1: these end at the empty line, regardless of their headers.
    if method == Method::Head || matches!(status, StatusCode(204 | 304)) {
        return Ok(Framing::Empty);
    }
    let has_transfer_encoding = values(headers, "transfer-encoding").next().is_some();
    if has_transfer_encoding {
        // RFC 9112 §6.1: such a message MUST be treated as if its framing were faulty.
        if minor_version == 0 {
            return Err(Error::TransferEncodingInHttp10);
        }
        // RFC 9112 §6.3, 3: Transfer-Encoding would override Content-Length, but the two together
        // "ought to be handled as an error": somebody in between reads the response differently.
        if values(headers, "content-length").next().is_some() {
            return Err(Error::TwoFramings);
        }
        return transfer_coding(headers);
    }
    match content_length(headers)? {
        Some(length) => Ok(Framing::ContentLength(length)),
        // RFC 9112 §6.3, 8.
        None => Ok(Framing::CloseDelimited),
    }
}

/// RFC 9112 §6.3, 4: `chunked` must be the final coding. It must also be the only one: no other
/// can be decoded here, and none was offered (there is no TE in the request).
fn transfer_coding(headers: &[httparse::Header<'_>]) -> Result<Framing, Error> {
    let mut codings = values(headers, "transfer-encoding").flat_map(list);
    match (codings.next(), codings.next()) {
        (Some(coding), None) if coding.eq_ignore_ascii_case(b"chunked") => Ok(Framing::Chunked),
        _ => Err(Error::TransferCoding),
    }
}

/// RFC 9112 §6.3, 5: a list of identical values, or identical headers, count as one value. RFC 9110
/// §8.6 would also let them be refused; instead, the connection is not used again, since somebody
/// in between has put two messages' headers together. An empty element is no number.
fn content_length(headers: &[httparse::Header<'_>]) -> Result<Option<u64>, Error> {
    let mut length = None;
    for value in values(headers, "content-length").flat_map(|value| value.split(|octet| *octet == b',')) {
        let second = decimal(trim(value))?;
        match length {
            Some(first) if first != second => return Err(Error::ContentLengthConflict { first, second }),
            _ => length = Some(second),
        }
    }
    Ok(length)
}

/// `1*DIGIT` (RFC 9110 §8.6): no sign, no white space, no overflow.
fn decimal(digits: &[u8]) -> Result<u64, Error> {
    if digits.is_empty() {
        return Err(Error::ContentLength);
    }
    digits.iter().try_fold(0_u64, |number, octet| {
        let digit = char::from(*octet).to_digit(10).ok_or(Error::ContentLength)?;
        number
            .checked_mul(10)
            .and_then(|number| number.checked_add(u64::from(digit)))
            .ok_or(Error::ContentLength)
    })
}

fn values<'h>(headers: &'h [httparse::Header<'_>], name: &'static str) -> impl Iterator<Item = &'h [u8]> {
    headers.iter().filter(move |header| header.name.eq_ignore_ascii_case(name)).map(|header| header.value)
}

/// Without the SP and HTAB around it (`OWS`, RFC 9110 §5.6.3).
pub(crate) fn trim(mut value: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = value {
        value = rest;
    }
    value
}

/// The elements of a comma-separated list. Empty ones are passed over (RFC 9110 §5.6.1.2).
pub(crate) fn list(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|octet| *octet == b',').map(trim).filter(|element| !element.is_empty())
}
