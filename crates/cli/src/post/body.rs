//! The body: JSON given as text, in a file or on stdin, sent as it is.

use std::io::Read as _;

use serde::de::IgnoredAny;

use crate::error::{CommandError, io_reason};

/// The argument of `--json`: `-` is stdin; what begins as a JSON object, array or string, or is
/// JSON as a whole, is the text itself; anything else names a file.
pub(super) fn read(argument: &str) -> Result<Vec<u8>, CommandError> {
    if argument == "-" {
        let mut body = Vec::new();
        std::io::stdin().read_to_end(&mut body).map_err(|error| {
            CommandError::could_not_run(format!("stdin cannot be read: {}", io_reason(&error)))
        })?;
        return check(body, "stdin");
    }
    if argument.trim_start().starts_with(['{', '[', '"'])
        || serde_json::from_str::<IgnoredAny>(argument).is_ok()
    {
        return check(argument.as_bytes().to_vec(), "the text of `--json`");
    }
    let body = std::fs::read(argument).map_err(|error| {
        CommandError::could_not_run(format!("the file `{argument}` cannot be read: {}", io_reason(&error)))
            .hint("`--json` takes a file, JSON text such as '{\"a\":1}', or `-` for stdin")
    })?;
    check(body, &format!("the file `{argument}`"))
}

/// JSON as RFC 8259 has it; `source` is what it is called in the error.
fn check(body: Vec<u8>, source: &str) -> Result<Vec<u8>, CommandError> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Err(CommandError::usage(format!("{source} is empty")).hint("the empty JSON object is `{}`"));
    }
    match serde_json::from_slice::<IgnoredAny>(&body) {
        Ok(IgnoredAny) => Ok(body),
        Err(error) => {
            let (line, column) = (error.line(), error.column());
            // serde_json writes the place behind its reason; it is said here in front.
            let reason = error.to_string();
            let reason = reason.split(" at line ").next().unwrap_or_default();
            Err(CommandError::usage(format!("{source} is not JSON: line {line}, column {column}: {reason}"))
                .hint(hint(&body)))
        }
    }
}

fn hint(body: &[u8]) -> &'static str {
    if body.starts_with(b"\xef\xbb\xbf") {
        "remove the byte order mark, the first three octets (RFC 8259 section 8.1)"
    } else if std::str::from_utf8(body).is_err() {
        "JSON is UTF-8 (RFC 8259 section 8.1)"
    } else if body.contains(&b'\'') && !body.contains(&b'"') {
        "JSON strings are in double quotes; on a command line the whole text goes in single quotes"
    } else {
        "check it with `python3 -m json.tool`"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_sent_as_it_is() {
        for text in [r#"{"a": 1}"#, " [1, 2]\n", r#""text""#, "5", "true", "null", "-1.5e3"] {
            assert_eq!(read(text).as_deref(), Ok(text.as_bytes()));
        }
    }

    #[test]
    fn files_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("body.json");
        std::fs::write(&path, "{}\n").unwrap();
        assert_eq!(read(path.to_str().unwrap()).as_deref(), Ok(b"{}\n".as_slice()));
    }

    #[test]
    fn what_is_not_json_is_told_with_its_place() {
        let table = [
            (
                "{'a': 1}",
                "the text of `--json` is not JSON: line 1, column 2: key must be a string",
                "JSON strings are in double quotes; on a command line the whole text goes in single quotes",
            ),
            (
                "{\"a\":\n 1,}",
                "the text of `--json` is not JSON: line 2, column 4: key must be a string",
                "check it with `python3 -m json.tool`",
            ),
            (
                "[1, 2",
                "the text of `--json` is not JSON: line 1, column 5: EOF while parsing a list",
                "check it with `python3 -m json.tool`",
            ),
        ];
        for (text, sentence, hint) in table {
            assert_eq!(read(text), Err(CommandError::usage(sentence).hint(hint)));
        }
        let with_mark = b"\xef\xbb\xbf{}".to_vec();
        let expected = CommandError::usage("stdin is not JSON: line 1, column 1: expected value")
            .hint("remove the byte order mark, the first three octets (RFC 8259 section 8.1)");
        assert_eq!(check(with_mark, "stdin"), Err(expected));
        let expected = CommandError::usage("stdin is empty").hint("the empty JSON object is `{}`");
        assert_eq!(check(b" \n".to_vec(), "stdin"), Err(expected));
    }
}
