//! The shim's flags: what they ask for, by a table that says for each what becomes of it.
//!
//! A flag that is not in the table fails the test, so that none is ignored by accident.

use super::link::Failure;
use super::observe::Seen;
use super::reason::Reason;
use super::table::{OUTSIDE, Take, Wrong, find};

/// What a test asks for.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Options {
    pub(crate) port: u16,
    pub(crate) ipv6: bool,
    pub(crate) shim_id: u64,
    pub(crate) host_name: Option<String>,
    /// Octets go in and out one at a time.
    pub(crate) trickle: bool,
    /// The connection fails when verification does.
    pub(crate) verify_peer: bool,
    /// No certificate is good.
    pub(crate) verify_fail: bool,
    /// Files of the client's certificates, and of the key of the first.
    pub(crate) certificates: Option<String>,
    pub(crate) key: Option<String>,
    /// X25519MLKEM768 is offered too.
    pub(crate) hybrid: bool,
    pub(crate) writes_first: bool,
    /// Only the first octet of the first write goes out before something is read.
    pub(crate) unfinished_write: bool,
    pub(crate) shuts_down: bool,
    pub(crate) check_close_notify: bool,
    pub(crate) expect: Expect,
    pub(crate) expect_no_session: bool,
    /// How many connections follow the first.
    pub(crate) resume_count: usize,
    /// Seconds that the later connections' clock is ahead.
    pub(crate) delay: u64,
    /// This is not the first connection.
    pub(super) later: bool,
    pub(super) expect_session_miss: bool,
    /// Where the runner keeps what it recorded; ends with the test's name.
    pub(crate) prefix: Option<String>,
}

impl Options {
    /// Whether the connection is to resume the session of the one before.
    pub(crate) fn expects_resumption(&self) -> bool {
        self.later && !self.expect_session_miss
    }
}

/// What the runner expects the client to have seen.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Expect {
    pub(super) retry: Option<bool>,
    pub(super) suite: Option<u16>,
    pub(super) group: Option<u16>,
}

impl Expect {
    pub(crate) fn check(&self, seen: &Seen) -> Result<(), Failure> {
        let wrong = |what: &str| Err(Failure::Expectation(format!("not what was expected: {what}")));
        if self.retry.is_some_and(|retry| retry != seen.retry) {
            return wrong("HelloRetryRequest");
        }
        if self.suite.is_some() && self.suite != seen.suite {
            return wrong("cipher suite");
        }
        if self.group.is_some() && self.group != seen.group {
            return wrong("group");
        }
        Ok(())
    }
}

/// Why a test does not end well.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// It needs something that picopost does not have.
    Skipped { reason: Reason, prefix: Option<String> },
    /// A flag that nobody has thought about, or a value that cannot be read.
    Unknown(String),
    /// It was run.
    Failed(Failure),
}

/// Reads the arguments for one of the connections, the first being 0: all of them, so that of
/// several reasons to skip the first in their order is given.
pub(crate) fn parse(arguments: &[String], connection: usize) -> Result<Options, Refusal> {
    let mut options = Options { later: connection > 0, ..Options::default() };
    if let Some((_, reason)) = OUTSIDE.iter().find(|(flag, _)| arguments.iter().any(|have| have == flag)) {
        let at = arguments.iter().position(|argument| argument == "-write-settings");
        let prefix = at.and_then(|at| arguments.get(at + 1)).cloned();
        return Err(Refusal::Skipped { reason: *reason, prefix });
    }
    let mut reasons = Vec::new();
    let mut arguments = arguments.iter().map(String::as_str).peekable();
    while let Some(argument) = arguments.next() {
        let unknown = || Refusal::Unknown(argument.to_owned());
        let (flag, applies) = for_connection(argument, connection);
        match find(&flag).ok_or_else(unknown)? {
            Take::Set(set) if applies => set(&mut options),
            Take::Value(take) => {
                let value = arguments.next().ok_or_else(unknown)?;
                match if applies { take(&mut options, value) } else { Ok(()) } {
                    Ok(()) => {}
                    Err(Wrong::Skipped(reason)) => reasons.push(reason),
                    Err(Wrong::Unreadable) => return Err(unknown()),
                }
            }
            Take::Set(_) | Take::Ignored => {}
            Take::IgnoredValue => {
                arguments.next().ok_or_else(unknown)?;
            }
            Take::Skipped(reason) => {
                reasons.push(*reason);
                // Its value, where it has one, does not look like a flag; a number may.
                arguments.next_if(|next| !next.starts_with('-') || next.parse::<i32>().is_ok());
            }
        }
    }
    match reasons.into_iter().min() {
        Some(reason) => Err(Refusal::Skipped { reason, prefix: options.prefix }),
        None => Ok(options),
    }
}

/// A flag may be for some of the connections alone: the flag as it is for all, and whether it
/// is for this one.
fn for_connection(flag: &str, connection: usize) -> (String, bool) {
    // A retry is the same connection after 0-RTT was refused, which does not happen here.
    let prefixes =
        [("-on-initial-", connection == 0), ("-on-resume-", connection > 0), ("-on-retry-", false)];
    for (prefix, applies) in prefixes {
        if let Some(name) = flag.strip_prefix(prefix) {
            return (format!("-{name}"), applies);
        }
    }
    (flag.to_owned(), true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse_line(line: &str) -> Result<Options, String> {
        parse_line_for(line, 0)
    }

    fn parse_line_for(line: &str, connection: usize) -> Result<Options, String> {
        let arguments: Vec<_> = line.split(' ').map(str::to_owned).collect();
        parse(&arguments, connection).map_err(|refusal| match refusal {
            Refusal::Skipped { reason, prefix } => {
                format!("{} {}", reason.name(), prefix.unwrap_or_default())
            }
            Refusal::Unknown(flag) => format!("unknown {flag}"),
            Refusal::Failed(failure) => failure.to_string(),
        })
    }

    #[test]
    fn options_are_what_the_flags_say() {
        let options = parse_line("-port 1 -shim-id 2 -ipv6 -async -curves 29 -expect-hrr -trust-cert x");
        let expect = Expect { retry: Some(true), ..Expect::default() };
        let wanted = Options { port: 1, shim_id: 2, ipv6: true, trickle: true, expect, ..Options::default() };
        assert_eq!(options, Ok(wanted));
    }

    #[test]
    fn a_flag_that_is_not_in_the_table_is_not_ignored() {
        assert_eq!(parse_line("-ipv6 -new-flag 7"), Err("unknown -new-flag".into()));
        assert_eq!(parse_line("-port x"), Err("unknown -port".into()));
        assert_eq!(parse_line("-port"), Err("unknown -port".into()));
    }

    #[test]
    fn of_several_reasons_the_first_in_order_is_given() {
        let skipped = |line, reason| {
            assert_eq!(parse_line(line), Err(format!("{} p", Reason::name(reason))));
        };
        skipped("-key-file x -enable-grease -write-settings p", Reason::Grease);
        skipped("-resume-count 1 -only-servers-have-it -dtls -server -write-settings p", Reason::Server);
        skipped("-max-version 771 -curves 24 -write-settings p", Reason::Tls12);
        skipped("-on-resume-enable-early-data -write-settings p", Reason::EarlyData);
    }

    #[test]
    fn a_flag_for_some_connections_is_for_those_alone() {
        let line = "-resume-count 1 -expect-session-miss -on-initial-async -on-resume-host-name x";
        let common = || Options { resume_count: 1, expect_session_miss: true, ..Options::default() };
        assert_eq!(parse_line_for(line, 0), Ok(Options { trickle: true, ..common() }));
        let host_name = Some("x".to_owned());
        assert_eq!(parse_line_for(line, 1), Ok(Options { later: true, host_name, ..common() }));
        assert_eq!(parse_line("-on-retry-async"), Ok(Options::default()));
    }

    #[test]
    fn later_connections_resume_unless_the_flags_say_otherwise() {
        let expects = |line, connection| parse_line_for(line, connection).unwrap().expects_resumption();
        assert!(!expects("-resume-count 1", 0));
        assert!(expects("-resume-count 1", 1));
        assert!(!expects("-resume-count 1 -expect-session-miss", 1));
        assert_eq!(parse_line_for("-resumption-delay 9", 0).unwrap().delay, 0);
        assert_eq!(parse_line_for("-resumption-delay 9", 1).unwrap().delay, 9);
    }

    #[test]
    fn an_expectation_that_does_not_come_true_is_a_failure() {
        let seen = Seen { retry: false, suite: Some(0x1301), group: Some(29) };
        let expect = Expect { retry: Some(false), suite: Some(0x1301), group: Some(29) };
        assert!(expect.check(&seen).is_ok());
        assert!(expect.check(&Seen { retry: true, ..Seen::default() }).is_err());
        assert!(expect.check(&Seen { suite: Some(0x1303), ..seen }).is_err());
        let seen = Seen { retry: false, suite: Some(0x1301), group: None };
        assert!(expect.check(&seen).is_err());
    }
}
