//! `--respond FILE`: answers by a script, for what a real service would seldom say when asked to.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use super::answer::{Answer, Ending};
use super::event::Route;
use super::http::Head;
use crate::error::{CommandError, io_reason};

/// Answers in the order of the file; the first that fits is given.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Script {
    answers: Vec<Rule>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rule {
    /// Any, where it is not said.
    method: Option<String>,
    /// Without the query; any, where it is not said.
    path: Option<String>,
    /// Only for the request of this number, from 1, of those with this method and path.
    nth: Option<u64>,
    #[serde(default = "ok")]
    status: u16,
    #[serde(default)]
    reason: String,
    /// Names and values. Date, Content-Type and Content-Length are added where they are not among them.
    #[serde(default)]
    headers: Vec<(String, String)>,
    body: Option<String>,
    json: Option<Value>,
    #[serde(default)]
    delay_milliseconds: u64,
    /// Only so many octets of head and body are sent.
    octets: Option<usize>,
    #[serde(default)]
    end: Ending,
    /// Requests that had this method and path.
    #[serde(skip)]
    seen: AtomicU64,
}

/// The longest that an answer may be held back.
const MAX_DELAY: u64 = 3_600_000;

fn ok() -> u16 {
    200
}

impl Script {
    /// Reads a script.
    ///
    /// # Errors
    /// A file that cannot be read, that is not of this form, or that says what HTTP cannot.
    pub(super) fn read(path: &Path) -> Result<Self, CommandError> {
        let file = path.display();
        let text = fs::read(path).map_err(|error| {
            CommandError::could_not_run(format!("the script `{file}` cannot be read: {}", io_reason(&error)))
        })?;
        Self::parse(&text).map_err(|reason| {
            CommandError::usage(format!("the script `{file}` is not understood: {reason}"))
                .hint("docs/listen.md has its form")
        })
    }

    fn parse(text: &[u8]) -> Result<Self, String> {
        let script: Self = serde_json::from_slice(text).map_err(|error| error.to_string())?;
        for (number, rule) in script.answers.iter().enumerate() {
            rule.check().map_err(|reason| format!("answer {}: {reason}", number + 1))?;
        }
        Ok(script)
    }

    /// The answer to a request, where the script has one.
    pub(super) fn answer(&self, head: &Head) -> Option<Answer> {
        // Each rule counts, also behind the one that answers.
        let fits: Vec<&Rule> = self.answers.iter().filter(|rule| rule.fits(head)).collect();
        fits.first().map(|rule| rule.answer())
    }
}

impl Rule {
    fn check(&self) -> Result<(), &'static str> {
        let line_end = |text: &str| text.contains(['\r', '\n', '\0']);
        if !(200..=999).contains(&self.status) {
            return Err("`status` is a number from 200 to 999");
        }
        if self.nth == Some(0) {
            return Err("`nth` counts from 1");
        }
        if self.body.is_some() && self.json.is_some() {
            return Err("`body` and `json` exclude each other");
        }
        if self.delay_milliseconds > MAX_DELAY {
            return Err("`delay_milliseconds` is an hour at most");
        }
        let header = |(name, value): &(String, String)| name.is_empty() || line_end(name) || line_end(value);
        if line_end(&self.reason) || self.headers.iter().any(header) {
            return Err("a header without name, or a line end within one");
        }
        Ok(())
    }

    fn fits(&self, head: &Head) -> bool {
        let method = self.method.as_ref().is_none_or(|method| *method == head.method);
        let path = self.path.as_ref().is_none_or(|path| path == head.path());
        if !(method && path) {
            return false;
        }
        let number = self.seen.fetch_add(1, Ordering::Relaxed) + 1;
        self.nth.is_none_or(|nth| nth == number)
    }

    fn answer(&self) -> Answer {
        let body = match (&self.body, &self.json) {
            (Some(body), _) => body.clone().into_bytes(),
            (None, Some(json)) => json.to_string().into_bytes(),
            (None, None) => Vec::new(),
        };
        Answer {
            status: self.status,
            reason: self.reason.clone(),
            route: Route::Script,
            fields: self.headers.clone(),
            body,
            ending: self.end,
            delay: Duration::from_millis(self.delay_milliseconds),
            octets: self.octets,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::answer::Ending;
    use super::super::http::Reader;
    use super::{Answer, Script};

    fn ask(script: &Script, request: &str) -> Option<Answer> {
        let mut reader = Reader::default();
        reader.add(format!("{request} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n").as_bytes());
        script.answer(reader.head().unwrap())
    }

    #[test]
    fn the_first_that_fits_answers() {
        let script = Script::parse(
            br#"{"answers": [
                {"method": "POST", "path": "/a", "nth": 2, "status": 503, "headers": [["Retry-After", "1"]]},
                {"path": "/a", "json": {"ok": true}, "delay_milliseconds": 20, "octets": 7, "end": "fin"},
                {"method": "DELETE", "end": "reset"}
            ]}"#,
        )
        .unwrap();
        let first = ask(&script, "POST /a?b=c").unwrap();
        assert_eq!(
            (first.status, first.body.as_slice(), first.ending),
            (200, &b"{\"ok\":true}"[..], Ending::Fin)
        );
        assert_eq!((first.delay.as_millis(), first.octets), (20, Some(7)));
        assert_eq!(ask(&script, "GET /a").unwrap().status, 200);
        let second = ask(&script, "POST /a").unwrap();
        assert_eq!((second.status, second.ending), (503, Ending::KeepAlive));
        assert_eq!(second.fields, [("Retry-After".to_owned(), "1".to_owned())]);
        assert_eq!(ask(&script, "POST /a").unwrap().status, 200);
        assert_eq!(ask(&script, "DELETE /b").unwrap().ending, Ending::Reset);
        assert!(ask(&script, "GET /b").is_none());
    }

    #[test]
    fn what_http_cannot_say_is_refused() {
        let wrong =
            |rule: &str| Script::parse(format!("{{\"answers\":[{{}},{{{rule}}}]}}").as_bytes()).unwrap_err();
        assert_eq!(wrong("\"status\":99"), "answer 2: `status` is a number from 200 to 999");
        assert_eq!(wrong("\"nth\":0"), "answer 2: `nth` counts from 1");
        assert_eq!(wrong("\"body\":\"\",\"json\":1"), "answer 2: `body` and `json` exclude each other");
        assert_eq!(
            wrong("\"headers\":[[\"a\",\"b\\r\\n\"]]"),
            "answer 2: a header without name, or a line end within one"
        );
        assert_eq!(
            wrong("\"delay_milliseconds\":3600001"),
            "answer 2: `delay_milliseconds` is an hour at most"
        );
        assert!(wrong("\"statis\":1").starts_with("unknown field `statis`"));
        assert!(Script::parse(b"{").is_err());
    }
}
