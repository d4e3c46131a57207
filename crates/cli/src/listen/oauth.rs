//! The token endpoint: client credentials (RFC 6749 §4.4), as strict as real ones, and more
//! talkative in `error_description`.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde::Serialize;

use super::http::Head;
use super::parameters::{Parameters, from_form, from_json, percent_decode};

/// Where the endpoint is.
pub(super) const PATH: &str = "/oauth/token";
/// Seconds that a token is good for.
const EXPIRES_IN: u32 = 3600;

/// The only client that gets a token, where one is named with `--client`; otherwise all do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Client {
    pub(crate) id: String,
    pub(crate) secret: String,
}

/// RFC 6749 §5.1.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Granted {
    access_token: String,
    token_type: &'static str,
    expires_in: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<String>,
}

/// RFC 6749 §5.2.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Denied {
    pub(super) error: ErrorCode,
    pub(super) error_description: String,
    /// Asks for `WWW-Authenticate: Basic`.
    #[serde(skip)]
    pub(super) basic_used: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum ErrorCode {
    InvalidRequest,
    InvalidClient,
    UnsupportedGrantType,
    InvalidScope,
}

impl Client {
    /// Reads `ID:SECRET`.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        match text.split_once(':') {
            Some((id, secret)) if !id.is_empty() && !secret.is_empty() => {
                Ok(Self { id: id.to_owned(), secret: secret.to_owned() })
            }
            _ => Err("not of the form `ID:SECRET`".to_owned()),
        }
    }
}

impl Denied {
    pub(super) fn status(&self) -> u16 {
        if self.error == ErrorCode::InvalidClient { 401 } else { 400 }
    }
}

/// Answers a token request. `random` becomes the token.
pub(super) fn token(
    head: &Head,
    body: &[u8],
    only: Option<&Client>,
    random: [u8; 32],
) -> Result<Granted, Denied> {
    let parameters = read_parameters(head, body)?;
    let client = authenticate(head, &parameters)?;
    let basic_used = client.basic_used;
    match only {
        Some(only) if only.id != client.id => {
            return Err(invalid_client(format!("the client_id `{}` is not known", client.id), basic_used));
        }
        Some(only) if only.secret != client.secret => {
            return Err(invalid_client("the client_secret is not this client's", basic_used));
        }
        _ => {}
    }
    match parameters.get("grant_type") {
        Some("client_credentials") => {}
        Some(other) => {
            let description = format!("grant_type is `{other}`, and only `client_credentials` is supported");
            return Err(denied(ErrorCode::UnsupportedGrantType, description));
        }
        None => return Err(denied(ErrorCode::InvalidRequest, "grant_type is missing")),
    }
    let scope = parameters.get("scope").filter(|scope| !scope.is_empty()).map(str::to_owned);
    if scope.as_deref().is_some_and(|scope| !scope.chars().all(is_scope_character)) {
        return Err(denied(
            ErrorCode::InvalidScope,
            "scope has a character that RFC 6749 §3.3 does not allow",
        ));
    }
    Ok(Granted {
        access_token: URL_SAFE_NO_PAD.encode(random),
        token_type: "Bearer",
        expires_in: EXPIRES_IN,
        scope,
    })
}

/// RFC 6749 wants form encoding; many services take JSON. What the Content-Type does not announce
/// is not seen, as on real services.
fn read_parameters(head: &Head, body: &[u8]) -> Result<Parameters, Denied> {
    let parameters = match head.media_type().as_deref() {
        Some("application/json") => from_json(body),
        Some("application/x-www-form-urlencoded") => from_form(body),
        Some(other) => Err(format!(
            "Content-Type is `{other}`, not `application/json` or `application/x-www-form-urlencoded`"
        )),
        None => Err("Content-Type is missing, so no parameter is seen".to_owned()),
    };
    let parameters = parameters.map_err(|description| denied(ErrorCode::InvalidRequest, description))?;
    // RFC 6749 §3.2.
    match parameters.repeated() {
        Some(name) => {
            Err(denied(ErrorCode::InvalidRequest, format!("the parameter `{name}` is there twice")))
        }
        None => Ok(parameters),
    }
}

struct Presented {
    id: String,
    secret: String,
    basic_used: bool,
}

/// RFC 6749 §2.3.1: in the Authorization header or in the body, never in both.
fn authenticate(head: &Head, parameters: &Parameters) -> Result<Presented, Denied> {
    let in_body = parameters.get("client_secret");
    let Some(authorization) = head.value("authorization") else {
        return match (parameters.get("client_id"), in_body) {
            (Some(id), Some(secret)) if !id.is_empty() && !secret.is_empty() => {
                Ok(Presented { id: id.to_owned(), secret: secret.to_owned(), basic_used: false })
            }
            (None | Some(""), _) => Err(invalid_client("client_id is missing", false)),
            (_, _) => Err(invalid_client("client_secret is missing", false)),
        };
    };
    if in_body.is_some() {
        return Err(denied(
            ErrorCode::InvalidRequest,
            "the client authenticates twice: in the Authorization header and in the body",
        ));
    }
    let Some(credentials) = basic_credentials(&authorization) else {
        return Err(invalid_client(
            "the Authorization header is not `Basic` with base64 of `id:secret`",
            true,
        ));
    };
    if parameters.get("client_id").is_some_and(|id| id != credentials.id) {
        return Err(denied(ErrorCode::InvalidRequest, "client_id in the body is not the one in the header"));
    }
    Ok(credentials)
}

fn basic_credentials(authorization: &str) -> Option<Presented> {
    let (scheme, encoded) = authorization.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("Basic") {
        return None;
    }
    let decoded = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (id, secret) = decoded.split_once(':')?;
    Some(Presented { id: percent_decode(id)?, secret: percent_decode(secret)?, basic_used: true })
}

/// `scope-token` and the spaces between, RFC 6749 §3.3.
fn is_scope_character(character: char) -> bool {
    matches!(character, ' ' | '!' | '#'..='[' | ']'..='~')
}

fn denied(error: ErrorCode, description: impl Into<String>) -> Denied {
    Denied { error, error_description: description.into(), basic_used: false }
}

fn invalid_client(description: impl Into<String>, basic_used: bool) -> Denied {
    Denied { error: ErrorCode::InvalidClient, error_description: description.into(), basic_used }
}

#[cfg(test)]
#[path = "oauth_tests.rs"]
mod tests;
