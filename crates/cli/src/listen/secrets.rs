//! Keeps secrets out of what is shown: the record of an attempt gets pasted into issue threads.

use std::ops::Range;

/// Whether secrets are shortened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Secrets {
    Shortened,
    /// `--show-secrets`
    Whole,
}

/// Parameters and members whose values are secret (RFC 6749, RFC 7521).
const SECRET_PARAMETERS: [&[u8]; 7] = [
    b"client_secret",
    b"client_assertion",
    b"assertion",
    b"password",
    b"code",
    b"access_token",
    b"refresh_token",
];
/// Header fields whose values are secret.
const SECRET_FIELDS: [&str; 3] = ["authorization", "proxy-authorization", "cookie"];
/// How much of a secret is left to tell it from another one, and how long it must be for that.
const LEFT: usize = 4;
const LONG_ENOUGH: usize = 12;

impl Secrets {
    /// The octets with each secret shortened: in header fields, in JSON and in form encoding,
    /// well-formed or not.
    pub(super) fn mask(self, octets: &[u8]) -> Vec<u8> {
        let mut secrets = match self {
            Self::Shortened => find(octets),
            Self::Whole => Vec::new(),
        };
        secrets.sort_by_key(|range| range.start);
        let mut masked = Vec::with_capacity(octets.len());
        let mut at = 0;
        for secret in secrets {
            // What overlaps an earlier one is gone already.
            if secret.start < at {
                continue;
            }
            masked.extend_from_slice(octets.get(at..secret.start).unwrap_or_default());
            masked.extend_from_slice(&shortened(octets.get(secret.clone()).unwrap_or_default()));
            at = secret.end;
        }
        masked.extend_from_slice(octets.get(at..).unwrap_or_default());
        masked
    }

    pub(super) fn mask_text(self, text: &str) -> String {
        String::from_utf8_lossy(&self.mask(text.as_bytes())).into_owned()
    }

    /// The value of one header field.
    pub(super) fn mask_field(self, name: &str, value: &[u8]) -> String {
        let secret = SECRET_FIELDS.iter().any(|field| field.eq_ignore_ascii_case(name));
        if self == Self::Whole || !secret {
            return String::from_utf8_lossy(value).into_owned();
        }
        let (scheme, credentials) = value.split_at(scheme_length(value));
        String::from_utf8_lossy(&[scheme, &shortened(credentials)].concat()).into_owned()
    }
}

fn find(octets: &[u8]) -> Vec<Range<usize>> {
    let mut secrets = Vec::new();
    for name in SECRET_PARAMETERS {
        for (start, window) in octets.windows(name.len()).enumerate() {
            if window != name {
                continue;
            }
            let before = start.checked_sub(1).and_then(|before| octets.get(before));
            let after = start + name.len();
            secrets.extend(match (before, octets.get(after)) {
                (Some(b'"'), Some(b'"')) => json_string(octets, after + 1),
                (None | Some(b'&' | b'?' | b'\n'), Some(b'=')) => Some(form_value(octets, after + 1)),
                _ => None,
            });
        }
    }
    let mut at = 0;
    for line in octets.split_inclusive(|octet| *octet == b'\n') {
        secrets.extend(field_value(line).map(|value| at + value.start..at + value.end));
        at += line.len();
    }
    secrets
}

/// The inside of the string after a colon, as it is written; to the end where it has no end.
fn json_string(octets: &[u8], from: usize) -> Option<Range<usize>> {
    let rest = octets.get(from..)?;
    let inside = rest.trim_ascii_start().strip_prefix(b":")?.trim_ascii_start().strip_prefix(b"\"")?;
    let start = octets.len() - inside.len();
    let mut escaped = false;
    let length = inside.iter().position(|octet| {
        let ends = *octet == b'"' && !escaped;
        escaped = *octet == b'\\' && !escaped;
        ends
    });
    Some(start..start + length.unwrap_or(inside.len()))
}

fn form_value(octets: &[u8], from: usize) -> Range<usize> {
    let rest = octets.get(from..).unwrap_or_default();
    let length = rest.iter().position(|octet| matches!(octet, b'&' | b'\r' | b'\n' | b' '));
    from..from + length.unwrap_or(rest.len())
}

/// The credentials in a line of a head, without their scheme.
fn field_value(line: &[u8]) -> Option<Range<usize>> {
    let colon = line.iter().position(|octet| *octet == b':')?;
    let (name, value) = line.split_at(colon);
    SECRET_FIELDS.iter().find(|field| name.trim_ascii().eq_ignore_ascii_case(field.as_bytes()))?;
    let value = value.get(1..)?.trim_ascii_start();
    let start = line.len() - value.len() + scheme_length(value);
    Some(start..line.trim_ascii_end().len().max(start))
}

/// The scheme in front of credentials (RFC 9110 §11.4), with its space.
fn scheme_length(value: &[u8]) -> usize {
    value.iter().position(|octet| *octet == b' ').map_or(0, |space| space + 1)
}

fn shortened(secret: &[u8]) -> Vec<u8> {
    let left = if secret.len() >= LONG_ENOUGH { secret.get(..LEFT) } else { None };
    [left.unwrap_or_default(), "…".as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::Secrets;

    fn masked(text: &str) -> String {
        Secrets::Shortened.mask_text(text)
    }

    #[test]
    fn parameters_are_shortened_in_json_and_forms() {
        assert_eq!(masked(r#"{"client_secret" : "0123456789ab"}"#), r#"{"client_secret" : "0123…"}"#);
        assert_eq!(masked(r#"{"client_secret":"sh\"ort","a":"b"}"#), r#"{"client_secret":"…","a":"b"}"#);
        assert_eq!(masked(r#"{"client_secret":"0123456789ab no end"#), r#"{"client_secret":"0123…"#);
        assert_eq!(masked("a=b&client_secret=0123456789ab&c=d"), "a=b&client_secret=0123…&c=d");
        assert_eq!(masked("client_secret=x\r\n"), "client_secret=…\r\n");
        assert_eq!(masked("/a?code=x&b=c"), "/a?code=…&b=c");
        let other = r#"{"my_code":"x","client_id":"id","zipcode":"1"}"#;
        assert_eq!(masked(other), other);
    }

    #[test]
    fn credentials_are_shortened_in_heads() {
        assert_eq!(
            masked("POST / HTTP/1.1\r\nHost: x\r\nauthorization: Basic aWQ6c2VjcmV0\r\nCookie: a=b\r\n\r\n"),
            "POST / HTTP/1.1\r\nHost: x\r\nauthorization: Basic aWQ6…\r\nCookie: …\r\n\r\n"
        );
        assert_eq!(
            Secrets::Shortened.mask_field("Authorization", b"Bearer 0123456789abcdef"),
            "Bearer 0123…"
        );
        // One secret within another.
        assert_eq!(masked("Cookie: a=b&code=0123456789abcd\r\nHost: x"), "Cookie: a=b&…\r\nHost: x");
        assert_eq!(Secrets::Shortened.mask_field("Host", b"x"), "x");
    }

    #[test]
    fn they_are_whole_on_request() {
        let text = r#"{"client_secret":"0123456789ab"}"#;
        assert_eq!(Secrets::Whole.mask_text(text), text);
        assert_eq!(Secrets::Whole.mask_field("Authorization", b"Basic x"), "Basic x");
    }
}
