//! What is wrong with a request to the token endpoint, beside what its answer says.

use serde_json::Value;

use super::content_check::is_json;
use super::http::{Head, Reader};
use super::oauth;
use super::parameters::{Parameters, from_form};
use crate::finding::{Finding, Part};

/// Parameters of RFC 6749, whose values are strings.
const STRINGS: [&str; 5] = ["grant_type", "client_id", "client_secret", "scope", "audience"];
/// Members that services which take JSON want as numbers.
const NUMBERS: [&str; 3] = ["expires_in", "max_age", "lifetime"];

/// Looks at a whole request; it is for the token endpoint when its path is.
pub(super) fn check(head: &Head, reader: &Reader, findings: &mut Vec<Finding>) {
    if head.path() != oauth::PATH || head.method != "POST" {
        return;
    }
    let body = reader.body();
    let whole = 0..body.len();
    match head.media_type().as_deref() {
        Some("application/x-www-form-urlencoded") => match from_form(body) {
            Ok(parameters) => check_grant_type(&parameters, findings),
            Err(reason) => findings.push(Finding::error("not-form", reason).at(Part::Body, whole)),
        },
        Some(media_type) if is_json(media_type) => {
            let Ok(Value::Object(members)) = serde_json::from_slice::<Value>(body) else { return };
            findings.push(
                Finding::note(
                    "json-token-request",
                    "a token request in JSON: RFC 6749 §4.4.2 has it form encoded",
                )
                .hint(
                    "this server takes both; where a service says that parameters are missing, send a form",
                ),
            );
            check_types(&members, findings);
            if members.get("grant_type").is_none_or(|value| value == "") {
                findings.push(no_grant_type());
            }
        }
        _ => {}
    }
}

fn check_grant_type(parameters: &Parameters, findings: &mut Vec<Finding>) {
    if parameters.get("grant_type").is_none_or(str::is_empty) {
        findings.push(no_grant_type());
    }
}

fn no_grant_type() -> Finding {
    Finding::error("no-grant-type", "the token request has no `grant_type`")
        .hint("send `grant_type=client_credentials` (RFC 6749 §4.4.2), or what the service documents")
}

fn check_types(members: &serde_json::Map<String, Value>, findings: &mut Vec<Finding>) {
    for (name, value) in members {
        if STRINGS.contains(&name.as_str()) && !value.is_string() {
            findings.push(
                Finding::warning("parameter-not-string", format!("`{name}` is not a JSON string")).hint(
                    "the parameters of RFC 6749 are strings, numbers among them: put it in quotation marks",
                ),
            );
        }
        if NUMBERS.contains(&name.as_str()) && value.as_str().is_some_and(|text| text.parse::<f64>().is_ok())
        {
            findings.push(
                Finding::warning("number-as-string", format!("`{name}` is a number in a JSON string"))
                    .hint("services that take it in JSON want a number: leave the quotation marks out"),
            );
        }
    }
}
