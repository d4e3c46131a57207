//! One row of the table: a client that fails, and the finding that must name it.

use std::sync::OnceLock;

use serde_json::Value;

use super::programs::Programs;
use crate::server::Server;

/// What a client does to a server that waits for it.
pub(super) type Act = Box<dyn Fn(&Server, &Programs) + Send + Sync>;

pub(super) struct Case {
    /// What the device's owner sees, or what was wrong.
    pub(super) failure: &'static str,
    pub(super) client: &'static str,
    /// The code of the finding; none for a client that does nothing wrong.
    pub(super) expected: Option<&'static str>,
    /// What its title or its hint says of this failure, where the code is for several.
    pub(super) says: &'static str,
    /// What else is wrong with this client.
    also: &'static [&'static str],
    /// Further arguments of the server.
    arguments: &'static [&'static str],
    attempts: usize,
    act: Act,
}

/// What came of a case.
pub(super) struct Outcome {
    codes: Vec<String>,
    pub(super) right: bool,
}

impl Case {
    pub(super) fn new(
        failure: &'static str,
        client: &'static str,
        expected: &'static str,
        act: impl Fn(&Server, &Programs) + Send + Sync + 'static,
    ) -> Self {
        let expected = Some(expected);
        Self {
            failure,
            client,
            expected,
            says: "",
            also: &[],
            arguments: &[],
            attempts: 1,
            act: Box::new(act),
        }
    }

    /// A client that does nothing wrong: neither an error nor a warning is right.
    pub(super) fn good(
        client: &'static str,
        act: impl Fn(&Server, &Programs) + Send + Sync + 'static,
    ) -> Self {
        Self { expected: None, ..Self::new("nothing is wrong", client, "", act) }
    }

    /// The title or the hint has to say this.
    pub(super) fn saying(self, says: &'static str) -> Self {
        Self { says, ..self }
    }

    /// Other errors that this client earns too; for one with nothing wrong, warnings.
    pub(super) fn also(self, codes: &'static [&'static str]) -> Self {
        Self { also: codes, ..self }
    }

    /// Starts the server with these arguments.
    pub(super) fn with(self, arguments: &'static [&'static str]) -> Self {
        Self { arguments, ..self }
    }

    /// How many connections the client makes.
    pub(super) fn attempts(self, attempts: usize) -> Self {
        Self { attempts, ..self }
    }

    pub(super) fn run(&self, programs: &OnceLock<Programs>) -> Outcome {
        let server = Server::start_for(self.attempts, self.arguments);
        (self.act)(&server, programs.get_or_init(Programs::build));
        let events = server.events();
        let findings: Vec<&Value> =
            events.all().iter().filter_map(|event| event["findings"].as_array()).flatten().collect();
        let codes = findings.iter().map(|finding| code(finding).to_owned()).collect();
        Outcome { codes, right: self.is_right(&findings) }
    }

    /// The right finding is there, and no error that this client has not earned.
    fn is_right(&self, findings: &[&Value]) -> bool {
        let Some(expected) = self.expected else {
            let allowed =
                |finding: &&Value| finding["severity"] == "note" || self.also.contains(&code(finding));
            return findings.iter().all(allowed);
        };
        let earned = |finding: &&Value| {
            finding["severity"] != "error" || code(finding) == expected || self.also.contains(&code(finding))
        };
        let names = |finding: &&Value| {
            let says = |member: &str| finding[member].as_str().is_some_and(|text| text.contains(self.says));
            code(finding) == expected && (says("title") || says("hint"))
        };
        findings.iter().all(earned) && findings.iter().any(names)
    }
}

fn code(finding: &Value) -> &str {
    finding["code"].as_str().unwrap()
}

impl Outcome {
    /// The codes, for a person.
    pub(super) fn list(&self) -> String {
        self.codes.join(", ")
    }
}
