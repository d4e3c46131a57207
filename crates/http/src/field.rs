//! Header fields that the caller adds (RFC 9110 §5), checked once, when they are made.

use core::fmt;

use crate::Error;

/// Headers that the library writes itself, because framing or routing depends on them, or that
/// change what the connection means. `Content-Type` and `User-Agent` have their own setters.
const RESERVED: [&str; 13] = [
    "connection",
    "content-length",
    "content-type",
    "expect",
    "host",
    "http2-settings",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
];

/// A `field-name`: a token (RFC 9110 §5.1), and none that the library writes itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FieldName<'a>(&'a str);

impl<'a> FieldName<'a> {
    /// Checks a name; its case is kept.
    ///
    /// # Errors
    /// [`Error::FieldNameEmpty`], [`Error::FieldName`] with the octet that no token has, or
    /// [`Error::FieldReserved`]: Host, Content-Length, Content-Type, User-Agent and the headers
    /// that govern the connection cannot be set as a header.
    pub fn new(name: &'a str) -> Result<Self, Error> {
        if name.is_empty() {
            return Err(Error::FieldNameEmpty);
        }
        if let Some((position, octet)) = name.bytes().enumerate().find(|(_, octet)| !is_token(*octet)) {
            return Err(Error::FieldName { octet, position });
        }
        match RESERVED.iter().find(|reserved| name.eq_ignore_ascii_case(reserved)) {
            Some(name) => Err(Error::FieldReserved { name }),
            None => Ok(Self(name)),
        }
    }

    /// The name as it was given.
    pub const fn as_str(&self) -> &'a str {
        self.0
    }
}

/// A `field-value` (RFC 9110 §5.5): no controls but tab within, no white space around it.
///
/// Octets from 0x80, which only text outside ASCII has, are let through as RFC 9110 does
/// (`obs-text`); not every server takes them.
///
/// [`fmt::Debug`] shows its length alone: a value may be a token or a password.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct FieldValue<'a>(&'a str);

impl<'a> FieldValue<'a> {
    /// The media type of JSON (RFC 8259 §11).
    pub const JSON: FieldValue<'static> = FieldValue("application/json");
    /// The media type of an HTML form, and of an OAuth 2.0 token request (RFC 6749 §4.4.2).
    pub const FORM: FieldValue<'static> = FieldValue("application/x-www-form-urlencoded");

    pub(crate) const fn known(value: &'static str) -> FieldValue<'static> {
        FieldValue(value)
    }

    /// Checks a value. It may be empty.
    ///
    /// # Errors
    /// [`Error::FieldValue`] for CR, LF, NUL and every other control character but tab, because
    /// a server would take what follows for another header; [`Error::FieldValueSpace`].
    pub fn new(value: &'a str) -> Result<Self, Error> {
        if let Some((position, octet)) = value.bytes().enumerate().find(|(_, octet)| !is_field_octet(*octet))
        {
            return Err(Error::FieldValue { octet, position });
        }
        // White space around a value is no part of it (RFC 9110 §5.5): it would not arrive.
        if value.trim_matches([' ', '\t']).len() != value.len() {
            return Err(Error::FieldValueSpace);
        }
        Ok(Self(value))
    }

    /// The value as it was given.
    pub const fn as_str(&self) -> &'a str {
        self.0
    }
}

impl fmt::Debug for FieldValue<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FieldValue({} octets)", self.0.len())
    }
}

/// A header that the caller adds to the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header<'a> {
    /// The name.
    pub name: FieldName<'a>,
    /// The value.
    pub value: FieldValue<'a>,
}

impl<'a> Header<'a> {
    /// Checks name and value.
    ///
    /// # Errors
    /// Those of [`FieldName::new`] and [`FieldValue::new`].
    pub fn new(name: &'a str, value: &'a str) -> Result<Self, Error> {
        Ok(Self { name: FieldName::new(name)?, value: FieldValue::new(value)? })
    }
}

/// `tchar`, RFC 9110 §5.6.2.
pub(crate) const fn is_token(octet: u8) -> bool {
    octet.is_ascii_alphanumeric()
        || matches!(octet, b'!' | b'#'..=b'\'' | b'*' | b'+' | b'-' | b'.' | b'^'..=b'`' | b'|' | b'~')
}

/// `field-vchar`, SP and HTAB, RFC 9110 §5.5.
pub(crate) const fn is_field_octet(octet: u8) -> bool {
    matches!(octet, b'\t' | b' '..=0x7e | 0x80..)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_those_of_rfc_9110() {
        const TCHAR: &[u8] = b"!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
        for octet in 0..=u8::MAX {
            assert_eq!(is_token(octet), TCHAR.contains(&octet), "{octet:#04x}");
        }
    }

    #[test]
    fn no_octet_can_split_a_header() {
        for octet in (0..0x20).chain([0x7f]) {
            let text = [b'a', octet, b'b'];
            let text = core::str::from_utf8(&text).unwrap();
            assert_eq!(FieldName::new(text), Err(Error::FieldName { octet, position: 1 }));
            let expected = match octet {
                b'\t' => Ok(FieldValue(text)),
                _ => Err(Error::FieldValue { octet, position: 1 }),
            };
            assert_eq!(FieldValue::new(text), expected);
        }
    }

    #[test]
    fn names_that_are_no_names() {
        assert_eq!(FieldName::new(""), Err(Error::FieldNameEmpty));
        assert_eq!(FieldName::new("X-Key:"), Err(Error::FieldName { octet: b':', position: 5 }));
        assert_eq!(FieldName::new("X Key"), Err(Error::FieldName { octet: b' ', position: 1 }));
        assert_eq!(FieldName::new("é"), Err(Error::FieldName { octet: 0xc3, position: 0 }));
    }

    #[test]
    fn values_come_without_white_space_around_them() {
        for value in [" a", "a ", "\ta", " "] {
            assert_eq!(FieldValue::new(value), Err(Error::FieldValueSpace), "{value:?}");
        }
        for value in ["", "a b", "a\tb", "Bearer é"] {
            assert_eq!(FieldValue::new(value), Ok(FieldValue(value)));
        }
    }

    #[test]
    fn what_the_library_writes_cannot_be_overridden() {
        for name in
            ["Host", "CONTENT-LENGTH", "Transfer-Encoding", "connection", "Content-Type", "Expect", "TE"]
        {
            let error = FieldName::new(name).unwrap_err();
            assert!(
                matches!(error, Error::FieldReserved { name: shown } if shown.eq_ignore_ascii_case(name))
            );
        }
        assert!(Header::new("Hostname", "a").is_ok());
        assert!(Header::new("Accept", "application/json").is_ok());
    }
}
