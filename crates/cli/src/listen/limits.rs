//! What many clients together may take of this machine.

use std::io;
use std::time::Duration;

use super::event::{Closed, Event, How};
use super::hub::Recorder;
use crate::error::{CommandError, io_reason};
use crate::finding::Finding;

/// Connections at the same time, unless said otherwise, and those below which it is said.
const CONNECTIONS: u64 = 16_384;
const FEW_CONNECTIONS: u64 = 256;
/// Octets that large bodies may take, all together.
pub(super) const BODIES: usize = 64 * 1024 * 1024;
/// How long the server waits when a connection cannot be accepted.
pub(super) const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// Failures to accept, one after the other, until the server gives up: a minute.
const MAX_FAILURES: u32 = 600;
/// Files that are open beside the connections.
const OTHER_FILES: u64 = 64;

/// Raises the limit of open files as far as it is needed and allowed. Gives the connections that
/// can be had, and what to say when they are fewer than were wanted.
pub(super) fn connections(wanted: Option<u64>) -> (usize, Option<Finding>) {
    let most = wanted.unwrap_or(CONNECTIONS);
    let files = rlimit::increase_nofile_limit(most.saturating_add(OTHER_FILES));
    // Where the limit is not known, connections show it.
    let possible = files.map_or(most, |files| files.saturating_sub(OTHER_FILES).max(1)).min(most);
    let finding = (possible < wanted.unwrap_or(FEW_CONNECTIONS)).then(|| {
        Finding::warning(
            "few-open-files",
            format!("the system allows {possible} connections at the same time"),
        )
        .hint("raise the limit of open files: `ulimit -n`")
    });
    (usize::try_from(possible).unwrap_or(usize::MAX), finding)
}

/// Tells that a connection is one too many, and lets it go.
pub(super) async fn refuse(connections: usize, recorder: Recorder) {
    let finding = Finding::error(
        "too-many-connections",
        format!("{connections} connections are open already: this one was closed at once"),
    )
    .hint(
        "does the client open a new connection without closing the old one? `--connections` raises the limit",
    );
    let closed =
        Closed { how: How::Refused, alert: None, octets_in: 0, octets_out: 0, findings: vec![finding] };
    recorder.event(Event::Closed(closed)).await;
    recorder.end().await;
}

/// Connections that could not be accepted, one after the other.
#[derive(Debug, Default)]
pub(super) struct AcceptFailures(u32);

impl AcceptFailures {
    /// One more; what to say about it.
    ///
    /// # Errors
    /// There were so many that it will not get better.
    pub(super) fn add(&mut self, error: &io::Error) -> Result<Option<Finding>, CommandError> {
        self.0 += 1;
        let reason = io_reason(error);
        match self.0 {
            1 => Ok(Some(
                Finding::error("not-accepted", format!("a connection cannot be accepted: {reason}"))
                    .hint("it waits: is the limit of open files (`ulimit -n`) too low?"),
            )),
            MAX_FAILURES.. => {
                Err(CommandError::could_not_run(format!("no connection can be accepted: {reason}")))
            }
            _ => Ok(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::{AcceptFailures, CONNECTIONS, MAX_FAILURES, OTHER_FILES, connections};

    #[test]
    fn what_cannot_be_had_is_said() {
        assert_eq!(connections(Some(1)), (1, None));
        let (possible, finding) = connections(Some(1 << 40));
        let possible = u64::try_from(possible).unwrap();
        assert!(possible > OTHER_FILES && possible < 1 << 40);
        assert_eq!(finding.unwrap().code, "few-open-files");
        assert!(connections(None).0 <= usize::try_from(CONNECTIONS).unwrap());
    }

    #[test]
    fn a_failure_is_told_once_and_borne_for_a_while() {
        let mut failures = AcceptFailures::default();
        let full = io::Error::other("too many open files");
        assert_eq!(failures.add(&full).unwrap().unwrap().code, "not-accepted");
        for _ in 2..MAX_FAILURES {
            assert_eq!(failures.add(&full).unwrap(), None);
        }
        let error = failures.add(&full).unwrap_err();
        assert_eq!(error.to_string(), "no connection can be accepted: too many open files");
    }
}
