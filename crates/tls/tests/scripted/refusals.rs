//! What a client must refuse: one line a case says what the server does, which error the client
//! gives, and which alert the server receives, under which keys.

use std::fmt::Debug;

use picopost_testkit::chains::shapes;
use picopost_testkit::{Epoch, Script};
use picopost_tls::Error;

use crate::support::{Outcome, Play, play};

mod certificate;
mod encrypted_extensions;
mod extensions;
mod hello;
mod order;
mod records;
mod retry;
mod traffic;
mod verify;

/// The alert that the server must get, and the keys that protect it.
type Alert = Option<(u8, Epoch)>;

pub(crate) const PLAIN: Epoch = Epoch::Plain;
const HANDSHAKE: Epoch = Epoch::Handshake;
const APPLICATION: Epoch = Epoch::Application;

/// One line of a table.
pub(crate) struct Refusal {
    what: &'static str,
    script: Script,
    error: Error,
    alert: Alert,
}

pub(crate) fn refusal(what: &'static str, script: Script, error: Error, alert: (u8, Epoch)) -> Refusal {
    Refusal { what, script, error, alert: Some(alert) }
}

/// The server has said its last word already: nobody is told.
fn silent(what: &'static str, script: Script, error: Error) -> Refusal {
    Refusal { what, script, error, alert: None }
}

/// The usual good script, to be edited.
fn good() -> Script {
    Script::good(shapes::gts())
}

/// Plays each case whole, in pieces and with other buffers: during the handshake, so that the
/// client must never have been established and must never have sent data.
fn refuse_in_handshake(refusals: &[Refusal]) {
    refuse_in_handshake_with(&Play::default(), refusals);
}

/// The same for another client.
pub(crate) fn refuse_in_handshake_with(base: &Play, refusals: &[Refusal]) {
    let failures = failures(base, refusals, |outcome| {
        assert_never(outcome.established, "is_established() became true")?;
        assert_never(!outcome.seen.data.is_empty(), "the request was sent")?;
        assert_never(outcome.seen.is_finished(), "the client sent its Finished")
    });
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// The same for faults that come after a good handshake.
fn refuse_in_traffic(refusals: &[Refusal]) {
    let failures = failures(&Play::default(), refusals, |outcome| {
        assert_never(!outcome.established, "the handshake failed")?;
        assert_never(outcome.result.is_ok(), "the answer looks complete")
    });
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

fn failures(
    base: &Play,
    refusals: &[Refusal],
    check: impl Fn(&Outcome) -> Result<(), String>,
) -> Vec<String> {
    let mut failures = Vec::new();
    for refusal in refusals {
        for variant in base.variants() {
            let outcome = play(&refusal.script, &variant);
            let expected = (Err(refusal.error), refusal.alert, None);
            let got = (outcome.result.clone(), outcome.seen.alert(), outcome.seen.complaint.clone());
            let verdict = expect(&expected, &got).and_then(|()| check(&outcome));
            if let Err(why) = verdict {
                let Play { receive, at_once, .. } = variant;
                failures.push(format!("{} ({receive}, {at_once} at once): {why}", refusal.what));
                break;
            }
        }
    }
    failures
}

fn expect<T: PartialEq + Debug>(expected: &T, got: &T) -> Result<(), String> {
    if expected == got { Ok(()) } else { Err(format!("\n  expected {expected:?}\n  got      {got:?}")) }
}

fn assert_never(fault: bool, what: &str) -> Result<(), String> {
    if fault { Err(what.to_owned()) } else { Ok(()) }
}
