//! What a server says to the client's certificate: it comes when the client's part is done, so while
//! the client believes that all is well (RFC 9846 §4.5.1.3).

use picopost_testkit::chains::{clients, shapes};
use picopost_testkit::code::alert;
use picopost_testkit::{Action, Script};
use picopost_tls::{AlertDescription, Error, Stage, Step};

use super::{Client, asking, with};
use crate::support::{Play, drive, play};

/// Verdicts on a certificate, or on none.
const VERDICTS: [AlertDescription; 9] = [
    AlertDescription::HANDSHAKE_FAILURE,
    AlertDescription::BAD_CERTIFICATE,
    AlertDescription::UNSUPPORTED_CERTIFICATE,
    AlertDescription::CERTIFICATE_REVOKED,
    AlertDescription::CERTIFICATE_EXPIRED,
    AlertDescription::CERTIFICATE_UNKNOWN,
    AlertDescription::UNKNOWN_CA,
    AlertDescription::ACCESS_DENIED,
    AlertDescription::CERTIFICATE_REQUIRED,
];

/// Servers that end with this alert: at once, after the request, and in the middle of the answer.
fn ending(script: &Script, alert: AlertDescription) -> [Script; 3] {
    let last = || [Action::Alert { level: 2, description: alert.0 }, Action::EndOfFile];
    let at_once = script.clone().edit_actions(|actions| {
        let at = actions.iter().position(|action| matches!(action, Action::AwaitFinished));
        actions.truncate(at.expect("the client's Finished is awaited") + 1);
        actions.extend(last());
    });
    let after_the_request = script.clone().before_response(last());
    let in_the_answer = script.clone().response("HTTP/1.1 200").after_response(last());
    [at_once, after_the_request, in_the_answer]
}

fn assert_error(script: &Script, play_as: &Play, expected: Error) {
    for script in ending(script, alert_of(expected)) {
        for variant in play_as.variants() {
            let outcome = play(&script, &variant);
            assert_eq!(outcome.result, Err(expected));
            assert_eq!(outcome.seen.complaint, None);
            assert!(outcome.established, "the verdict comes later");
            assert_eq!(outcome.seen.alert(), None, "an alert is not answered");
        }
    }
}

fn alert_of(error: Error) -> AlertDescription {
    let (Error::ClientCertificateRefused { alert, .. } | Error::AlertReceived { alert, .. }) = error else {
        panic!("{error:?} has no alert")
    };
    alert
}

#[test]
fn a_verdict_names_the_certificate() {
    let client = Client::of(clients::good());
    for alert in VERDICTS.into_iter().chain([AlertDescription::DECRYPT_ERROR]) {
        let error = Error::ClientCertificateRefused { alert, sent: true };
        assert_error(&asking(), &with(&client), error);
        assert_eq!(error.code(), 3500 + u16::from(alert.0));
    }
}

/// RFC 9846 §6.2: after an alert nothing more is sent, also not what was sealed before it was read.
#[test]
fn nothing_is_sent_behind_a_verdict() {
    let client = Client::of(clients::good());
    let chain = shapes::direct();
    let [at_once, ..] = ending(&asking(), AlertDescription::CERTIFICATE_REQUIRED);
    drive(&at_once, &with(&client), &chain.anchors(), None, |mut driver| {
        driver.establish();
        driver.connection.seal(6).unwrap();
        assert!(!driver.connection.outgoing().is_empty());
        let error = loop {
            match driver.connection.step() {
                Ok(Step::Receive) => driver.receive(),
                Ok(_) => {}
                Err(error) => break error,
            }
        };
        assert_eq!(error.code(), 3616);
        assert_eq!(driver.connection.outgoing(), b"");
    });
}

#[test]
fn a_verdict_on_no_certificate_says_that_there_was_none() {
    for alert in VERDICTS {
        assert_error(&asking(), &Play::default(), Error::ClientCertificateRefused { alert, sent: false });
    }
    // There is no signature that could be wrong: this is about Finished.
    let alert = AlertDescription::DECRYPT_ERROR;
    assert_error(&asking(), &Play::default(), Error::AlertReceived { alert, stage: Stage::Traffic });
}

/// Every other alert is what it always was, and so is every alert of a server that did not ask.
#[test]
fn other_alerts_are_no_verdict() {
    let client = Client::of(clients::good());
    let stage = Stage::Traffic;
    for number in 1..=u8::MAX {
        let alert = AlertDescription(number);
        let is_verdict = VERDICTS.contains(&alert) || alert == AlertDescription::DECRYPT_ERROR;
        // An alert that is not an error, RFC 9846 §6.1.
        if alert == AlertDescription::USER_CANCELED {
            continue;
        }
        let play_as = with(&client);
        let [script, ..] = ending(&Script::good(shapes::direct()), alert);
        assert_eq!(play(&script, &play_as).result, Err(Error::AlertReceived { alert, stage }));
        if !is_verdict {
            let [script, ..] = ending(&asking(), alert);
            assert_eq!(play(&script, &play_as).result, Err(Error::AlertReceived { alert, stage }));
        }
    }
}

#[test]
fn the_sentences() {
    let refused = |sent| Error::ClientCertificateRefused { alert: AlertDescription(alert::UNKNOWN_CA), sent };
    let (sent, none) = if cfg!(feature = "error-text") {
        (
            "the server refused the client's certificate (unknown_ca)",
            "the server wants a client certificate, and was sent none (unknown_ca)",
        )
    } else {
        ("error 3548", "error 3548")
    };
    assert_eq!(refused(true).to_string(), sent);
    assert_eq!(refused(false).to_string(), none);
}
