//! The token endpoint's answer, RFC 6749 §5.

use picopost_http::json::{EscapedStr, EscapedStringFragment};
use picopost_http::{Error, Response};
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::{ErrorCode, TokenError};

/// A token that was issued.
pub(crate) struct Answer<'a> {
    token: EscapedStr<'a>,
    /// How long it is good for, in seconds.
    pub(crate) expires_in: Option<u64>,
}

/// Reads an answer. Strings with escapes that are of no interest are resolved in `scratch` before
/// they are passed over.
pub(crate) fn parse<'a>(response: &Response<'a>, scratch: &mut [u8]) -> Result<Answer<'a>, TokenError> {
    let status = response.status().0;
    let fields = fields(response, scratch);
    // RFC 6749 §5.2: an error has an `error`. Not every service keeps to 400 and 401 for it.
    if status != 200 {
        return Err(match fields.map(|fields| fields.error) {
            Ok(Some(error)) => TokenError::Refused { code: ErrorCode::from_name(error.0), status },
            Ok(None) | Err(_) => TokenError::Status { status },
        });
    }
    let fields = fields?;
    // And some answer 200 with it.
    if let Some(error) = fields.error {
        return Err(TokenError::Refused { code: ErrorCode::from_name(error.0), status });
    }
    let token = fields.access_token.filter(|token| !token.0.is_empty()).ok_or(TokenError::Missing)?;
    // RFC 6749 §5.1: the type is required, and in any case. §7.1: a token of a type that is not
    // known is not used.
    if !fields.token_type.is_some_and(|token_type| token_type.0.eq_ignore_ascii_case("bearer")) {
        return Err(TokenError::Type);
    }
    Ok(Answer { token, expires_in: fields.expires_in })
}

impl Answer<'_> {
    /// The token's length in octets.
    pub(crate) fn token_length(&self) -> usize {
        self.characters().count()
    }

    /// Copies the token: its length; `None` where there is no room for it.
    pub(crate) fn copy_token(&self, space: &mut [u8]) -> Option<Result<usize, TokenError>> {
        let mut length = 0usize;
        for character in self.characters() {
            // RFC 6749 appendix A.12: access-token = 1*VSCHAR, and VSCHAR has the space. As a
            // header's value it must not begin or end in one, and RFC 6750 §2.1 has none at all.
            let octet = match character.and_then(|character| u8::try_from(character).ok()) {
                Some(octet @ 0x21..=0x7e) => octet,
                _ => return Some(Err(TokenError::Octet)),
            };
            *space.get_mut(length)? = octet;
            length = length.saturating_add(1);
        }
        Some(Ok(length))
    }

    /// The token's characters; `None` for an escape that is none.
    fn characters(&self) -> impl Iterator<Item = Option<char>> {
        // Behind an escape that is none, the same one would come for ever.
        let fragments = self.token.fragments().scan(false, |has_failed, fragment| {
            (!core::mem::replace(has_failed, fragment.is_err())).then_some(fragment)
        });
        fragments.flat_map(|fragment| {
            let (text, escaped) = match fragment {
                Ok(EscapedStringFragment::NotEscaped(text)) => (text, None),
                Ok(EscapedStringFragment::Escaped(character)) => ("", Some(Some(character))),
                Err(_) => ("", Some(None)),
            };
            text.chars().map(Some).chain(escaped)
        })
    }
}

/// What is of interest in an answer, good or bad.
struct Fields<'a> {
    access_token: Option<EscapedStr<'a>>,
    token_type: Option<EscapedStr<'a>>,
    expires_in: Option<u64>,
    error: Option<EscapedStr<'a>>,
}

#[derive(Deserialize)]
struct Json<'a, E> {
    #[serde(borrow)]
    access_token: Option<EscapedStr<'a>>,
    #[serde(borrow)]
    token_type: Option<EscapedStr<'a>>,
    expires_in: Option<E>,
    #[serde(borrow)]
    error: Option<EscapedStr<'a>>,
}

fn fields<'a>(response: &Response<'a>, scratch: &mut [u8]) -> Result<Fields<'a>, TokenError> {
    match response.json::<Json<'_, u64>>(scratch) {
        Ok(json) => return Ok(json.with(Some)),
        Err(Error::JsonMismatch { .. }) => {}
        Err(_) => return Err(TokenError::NotJson),
    }
    // Some services write the number as a string. What cannot be read as a number of seconds, such
    // as one with a fraction or below 0, says nothing.
    if let Ok(json) = response.json::<Json<'_, EscapedStr<'_>>>(scratch) {
        return Ok(json.with(|text| text.0.parse().ok()));
    }
    match response.json::<Json<'_, IgnoredAny>>(scratch) {
        Ok(json) => Ok(json.with(|_| None)),
        Err(_) => Err(TokenError::NotJson),
    }
}

impl<'a, E> Json<'a, E> {
    fn with(self, seconds: impl Fn(E) -> Option<u64>) -> Fields<'a> {
        let Self { access_token, token_type, expires_in, error } = self;
        Fields { access_token, token_type, expires_in: expires_in.and_then(seconds), error }
    }
}
