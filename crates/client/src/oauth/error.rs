//! Why there is no access token.

use core::fmt;

/// The error codes of RFC 6749 §5.2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorCode {
    /// `invalid_request`: a parameter is missing, unknown or malformed.
    InvalidRequest,
    /// `invalid_client`: the credentials are wrong, or came in a way that is not supported.
    InvalidClient,
    /// `invalid_grant`
    InvalidGrant,
    /// `unauthorized_client`: the client may not use client credentials.
    UnauthorizedClient,
    /// `unsupported_grant_type`
    UnsupportedGrantType,
    /// `invalid_scope`
    InvalidScope,
    /// Another one.
    Other,
}

impl ErrorCode {
    /// The code of this name.
    pub(crate) fn from_name(name: &str) -> Self {
        Self::NAMES.iter().find(|(_, known)| *known == name).map_or(Self::Other, |(code, _)| *code)
    }

    const NAMES: [(Self, &str); 6] = [
        (Self::InvalidRequest, "invalid_request"),
        (Self::InvalidClient, "invalid_client"),
        (Self::InvalidGrant, "invalid_grant"),
        (Self::UnauthorizedClient, "unauthorized_client"),
        (Self::UnsupportedGrantType, "unsupported_grant_type"),
        (Self::InvalidScope, "invalid_scope"),
    ];

    fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(code, _)| *code == self).map_or("a code of its own", |(_, name)| name)
    }
}

/// Why there is no access token. Sizes are octets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[expect(missing_docs, reason = "fields: sizes are octets")]
pub enum TokenError {
    /// The token endpoint said no, with this code and this HTTP status.
    Refused { code: ErrorCode, status: u16 },
    /// The token endpoint answered with a status that is neither a token's nor an error's of RFC
    /// 6749: someone else has answered, or nothing of this is there.
    Status { status: u16 },
    /// The answer is not the JSON object of RFC 6749 §5.1, or has a string with escapes that is
    /// longer than the source's memory.
    NotJson,
    /// The answer has no `access_token`, or an empty one.
    Missing,
    /// The `token_type` is not `Bearer`.
    Type,
    /// The token has an octet that no token has (RFC 6749 appendix A.12).
    Octet,
    /// The token does not fit into the source's memory.
    TooLarge { size: usize, capacity: usize },
    /// The token request does not fit into the memory that was given for it.
    RequestTooLarge { size: usize, capacity: usize },
}

impl TokenError {
    /// The error's stable number.
    pub const fn code(&self) -> u16 {
        match self {
            Self::Refused { code: ErrorCode::InvalidRequest, .. } => 4301,
            Self::Refused { code: ErrorCode::InvalidClient, .. } => 4302,
            Self::Refused { code: ErrorCode::InvalidGrant, .. } => 4303,
            Self::Refused { code: ErrorCode::UnauthorizedClient, .. } => 4304,
            Self::Refused { code: ErrorCode::UnsupportedGrantType, .. } => 4305,
            Self::Refused { code: ErrorCode::InvalidScope, .. } => 4306,
            Self::Refused { code: ErrorCode::Other, .. } => 4307,
            Self::Status { .. } => 4310,
            Self::NotJson => 4311,
            Self::Missing => 4312,
            Self::Type => 4313,
            Self::Octet => 4314,
            Self::TooLarge { .. } => 4315,
            Self::RequestTooLarge { .. } => 1310,
        }
    }
}

impl core::error::Error for TokenError {}

impl fmt::Display for TokenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            _ if !cfg!(feature = "error-text") => write!(f, "error {}", self.code()),
            Self::Refused { code, status } => {
                write!(f, "the token endpoint answered {status} with `{}`", code.name())
            }
            Self::Status { status } => {
                write!(f, "the token endpoint answered {status} and neither a token nor an error")
            }
            Self::NotJson => f.write_str("the token endpoint's answer is not a JSON object"),
            Self::Missing => f.write_str("the token endpoint's answer has no `access_token`"),
            Self::Type => f.write_str("the token's type is not `Bearer`"),
            Self::Octet => f.write_str("the token has a character that no token may have"),
            Self::TooLarge { size, capacity } => {
                write!(f, "the token has {size} octets, and there is room for {capacity}")
            }
            Self::RequestTooLarge { size, capacity } => {
                write!(f, "the token request needs {size} octets of memory, and there are {capacity}")
            }
        }
    }
}
