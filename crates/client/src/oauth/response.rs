//! The token endpoint's answer, RFC 6749 §5.

use serde::Deserialize;
use serde_json_core::de::Error as JsonError;
use serde_json_core::str::{EscapedStr, EscapedStringFragment};

use super::{ErrorCode, TokenError};

/// A token that was issued.
pub(crate) struct Answer<'a> {
    token: EscapedStr<'a>,
    /// How long it is good for, in seconds.
    pub(crate) expires_in: Option<u64>,
}

/// Reads an answer; `status` is that of HTTP.
pub(crate) fn parse(status: u16, body: &[u8]) -> Result<Answer<'_>, TokenError> {
    let fields = fields(body);
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

fn fields(body: &[u8]) -> Result<Fields<'_>, TokenError> {
    if !is_shallow(body) {
        return Err(TokenError::NotJson);
    }
    match serde_json_core::from_slice::<Json<'_, u64>>(body) {
        Ok((Json { access_token, token_type, expires_in, error }, _)) => {
            Ok(Fields { access_token, token_type, expires_in, error })
        }
        // Some services write the number as a string.
        Err(JsonError::InvalidType | JsonError::InvalidNumber) => {
            let (json, _) = serde_json_core::from_slice::<Json<'_, EscapedStr<'_>>>(body)
                .ok()
                .ok_or(TokenError::NotJson)?;
            let Json { access_token, token_type, expires_in, error } = json;
            // What cannot be read as a number of seconds says nothing.
            let expires_in = expires_in.and_then(|text| text.0.parse().ok());
            Ok(Fields { access_token, token_type, expires_in, error })
        }
        Err(_) => Err(TokenError::NotJson),
    }
}

/// How deep an answer may be nested: what is ignored is still walked through, a call for each
/// level, and the stack is small.
const MAX_DEPTH: u8 = 8;

fn is_shallow(json: &[u8]) -> bool {
    let (mut depth, mut in_string, mut escaped) = (0u8, false, false);
    for octet in json {
        match octet {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            _ if in_string => {}
            b'{' | b'[' => depth = depth.saturating_add(1),
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > MAX_DEPTH {
            return false;
        }
    }
    true
}
