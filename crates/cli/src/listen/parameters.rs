//! The parameters of a token request, out of JSON or form encoding, with repetitions kept.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::Value;

/// Names and values in the order sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Parameters(Vec<(String, String)>);

impl Parameters {
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// A name that is there more than once.
    pub(super) fn repeated(&self) -> Option<&str> {
        let mut names: Vec<&str> = self.0.iter().map(|(name, _)| name.as_str()).collect();
        names.sort_unstable();
        names.windows(2).find_map(|pair| match pair {
            [one, other] if one == other => Some(*one),
            _ => None,
        })
    }
}

/// The members of a JSON object; those that are no strings as their JSON text.
///
/// # Errors
/// A sentence that says why this is no JSON object.
pub(super) fn from_json(body: &[u8]) -> Result<Parameters, String> {
    serde_json::from_slice(body).map_err(|error| format!("the body is not a JSON object: {error}"))
}

/// `application/x-www-form-urlencoded`.
///
/// # Errors
/// A sentence that says why this is no such form.
pub(super) fn from_form(body: &[u8]) -> Result<Parameters, String> {
    let bad =
        || "the body is not form encoded: a `%` without two hexadecimal digits, or not UTF-8".to_owned();
    let text = std::str::from_utf8(body).map_err(|error| format!("{}: {error}", bad()))?;
    let mut parameters = Parameters::default();
    for pair in text.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let name = percent_decode(name).ok_or_else(bad)?;
        let value = percent_decode(value).ok_or_else(bad)?;
        parameters.0.push((name, value));
    }
    Ok(parameters)
}

/// Undoes form encoding; none where it is not.
pub(super) fn percent_decode(text: &str) -> Option<String> {
    let mut octets = text.bytes();
    let mut decoded = Vec::with_capacity(text.len());
    while let Some(octet) = octets.next() {
        decoded.push(match octet {
            b'+' => b' ',
            b'%' => {
                let high = char::from(octets.next()?).to_digit(16)?;
                let low = char::from(octets.next()?).to_digit(16)?;
                u8::try_from(high * 16 + low).ok()?
            }
            other => other,
        });
    }
    String::from_utf8(decoded).ok()
}

impl<'de> Deserialize<'de> for Parameters {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Members)
    }
}

/// Keeps repeated members, which serde_json's own map would drop.
struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = Parameters;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Parameters, A::Error> {
        let mut parameters = Parameters::default();
        while let Some((name, value)) = map.next_entry::<String, Value>()? {
            let value = match value {
                Value::String(text) => text,
                other => other.to_string(),
            };
            parameters.0.push((name, value));
        }
        Ok(parameters)
    }
}

#[cfg(test)]
mod tests {
    use super::{from_form, from_json, percent_decode};

    #[test]
    fn json_and_forms_give_the_same() {
        let json = from_json(br#"{"grant_type": "a b", "scope": "c&d", "n": 1}"#).unwrap();
        let form = from_form(b"grant_type=a+b&scope=c%26d&n=1").unwrap();
        assert_eq!(json, form);
        assert_eq!((json.get("scope"), json.get("none"), json.repeated()), (Some("c&d"), None, None));
        assert_eq!(from_json(br#"{"a":1,"b":2,"a":3}"#).unwrap().repeated(), Some("a"));
        assert_eq!(from_form(b"a=1&b=2&a=3").unwrap().repeated(), Some("a"));
    }

    #[test]
    fn what_is_neither_is_refused_in_a_sentence() {
        assert_eq!(
            from_json(b"{\"a\":1").unwrap_err(),
            "the body is not a JSON object: EOF while parsing an object at line 1 column 6"
        );
        assert!(from_json(b"[1]").is_err() && from_json(b"{} x").is_err());
        assert_eq!((percent_decode("%4"), percent_decode("%zz"), percent_decode("%ff")), (None, None, None));
        assert!(from_form(b"a=%4").is_err() && from_form(b"a=\xff").is_err());
    }
}
