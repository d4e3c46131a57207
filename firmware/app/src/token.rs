//! Enough of a look at the token response (RFC 6749 §5.1) to show that there is a token.

use crate::Report;

/// How many characters of a token may be shown: enough to compare, too few to use.
const SHOWN: usize = 8;

/// Reports whether there is a token in a response's content.
pub fn report(report: &mut Report<'_>, content: &[u8]) {
    match preview(content) {
        Some((shown, length)) => {
            report.text("token: ").text(shown).text("... (").size(length).text(" characters)").end();
        }
        None => report.text("content: ").size(content.len()).text(" octets, without a token").end(),
    }
}

/// The first characters of the `access_token` in a token response, and how many it has. A token
/// so short that this would show most of it shows none.
fn preview(content: &[u8]) -> Option<(&str, usize)> {
    let token = string_member(str::from_utf8(content).ok()?, "\"access_token\"")?;
    let shown = token.get(..SHOWN).filter(|_| token.len() >= 2 * SHOWN);
    Some((shown.unwrap_or_default(), token.len()))
}

/// The value behind a key, in quotes. An access token is ASCII without `"` and `\` (RFC 6749
/// appendix A.12), so that it needs no unescaping.
fn string_member<'a>(text: &'a str, quoted_key: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(quoted_key)?;
    let rest = rest.trim_ascii_start().strip_prefix(':')?;
    let (value, _) = rest.trim_ascii_start().strip_prefix('"')?.split_once('"')?;
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::preview;

    #[test]
    fn the_first_characters_and_the_length() {
        let content = br#"{"token_type":"Bearer","access_token" : "0123456789abcdef","expires_in":3600}"#;
        assert_eq!(preview(content), Some(("01234567", 16)));
    }

    #[test]
    fn a_short_token_stays_hidden() {
        assert_eq!(preview(br#"{"access_token":"0123456789abcde"}"#), Some(("", 15)));
    }

    #[test]
    fn no_token() {
        for content in [
            &b"{}"[..],
            b"",
            b"{\"access_token\":null}",
            b"{\"access_token\":\"unfinished",
            b"{\"access_token\"",
            b"{\"access_token\":\"\xff\"}",
        ] {
            assert_eq!(preview(content), None);
        }
    }
}
