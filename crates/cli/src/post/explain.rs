//! A failed POST in words: the sentence, the number, the hint, the exit status.

use jiff::Timestamp;
use picopost::tls::{self, AlertDescription};
use picopost::{ClockError, Error, Stage, http};
use serde::Serialize;

use crate::error::CommandError;

/// What is printed about an error.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Failure {
    /// The stable number.
    code: u16,
    stage: &'static str,
    sentence: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<&'static str>,
}

impl Failure {
    /// `time_was_given` says whether the clock that is at fault is the caller's `--now`.
    pub(super) fn new(error: &Error, time_was_given: bool) -> Self {
        let stage = match error {
            Error::Http(error) if error.stage() == http::Stage::Status => "status",
            _ => error.stage().name(),
        };
        Self { code: error.code(), stage, sentence: sentence(error), hint: hint(error, time_was_given) }
    }
}

impl From<Failure> for CommandError {
    fn from(failure: Failure) -> Self {
        let Failure { code, stage, sentence, hint } = failure;
        let sentence = format!("{sentence} (number {code}, stage {stage})");
        let error = match code {
            // The caller's.
            ..2000 => Self::usage(sentence),
            // No connection, or one that broke.
            2000..3000 => Self::could_not_run(sentence),
            _ => Self::findings(sentence),
        };
        match hint {
            Some(hint) => error.hint(hint),
            None => error,
        }
    }
}

/// An error of the caller's own URL or header, which is shown as `given`.
pub(super) fn caller(error: &http::Error, given: &str) -> CommandError {
    let Failure { code, sentence, hint, .. } = Failure::new(&Error::Http(*error), false);
    let error = CommandError::usage(format!("{sentence}: {given} (number {code})"));
    match hint {
        Some(hint) => error.hint(hint),
        None => error,
    }
}

/// The error's own sentence; where it holds times, as dates.
fn sentence(error: &Error) -> String {
    match error {
        Error::Tls { error: tls::Error::Expired { now, not_after }, .. } => {
            format!(
                "a certificate of the server expired at {}, and the time is {}",
                date(*not_after),
                date(*now)
            )
        }
        Error::Tls { error: tls::Error::NotYetValid { now, not_before }, .. } => {
            format!(
                "a certificate of the server is not valid before {}, and the time is {}",
                date(*not_before),
                date(*now)
            )
        }
        Error::Clock(ClockError::BehindFloor { now, floor }) => {
            format!("the clock shows {}, and the time is at least {}", date(*now), date(*floor))
        }
        _ => error.to_string(),
    }
}

fn date(seconds: u64) -> String {
    let time = i64::try_from(seconds).ok().and_then(|seconds| Timestamp::from_second(seconds).ok());
    time.map_or_else(|| format!("Unix time {seconds}"), |time| time.to_string())
}

fn hint(error: &Error, time_was_given: bool) -> Option<&'static str> {
    match error {
        Error::Http(error) => http_hint(error),
        Error::Tls { error, stage } => tls_hint(error, *stage, time_was_given),
        Error::Clock(_) if time_was_given => Some("give `--now` a time since 2025"),
        Error::Clock(_) => Some("set this machine's clock, or give the time with `--now`"),
        _ => match error.code() {
            1220 => Some("the host is a DNS name, an IPv4 address, or an IPv6 address in brackets"),
            2011 | 2111 | 2131 | 2151 => {
                Some("is there a firewall in between? `--timeout` gives it more time")
            }
            2000..2100 => Some("check the name, or give its address with `--resolve HOST:PORT:ADDRESS`"),
            2103 => Some("does the server listen on this port?"),
            2100..2120 => Some("check the address, the port and the way there"),
            2120..2200 => Some("`--trace` shows how far it came; the server's log may say why"),
            _ => None,
        },
    }
}

fn http_hint(error: &http::Error) -> Option<&'static str> {
    Some(match error {
        http::Error::UrlScheme => "picopost speaks HTTPS only: write the URL as `https://…`",
        http::Error::UrlUserinfo => "send credentials in a header: `-H 'Authorization: …'`",
        http::Error::UrlHost { octet: 0x80.., .. } => "write an international name in its `xn--` form",
        http::Error::UrlTarget { .. } | http::Error::UrlPercent { .. } => {
            "percent-encode it, a space as `%20`"
        }
        http::Error::FieldReserved { .. } => {
            "leave it out: the request has one that fits its body and its host"
        }
        http::Error::NoResponse { .. } => "the server got the request and gave up on it: its log may say why",
        http::Error::NotHttp { .. } => "is this the port of an HTTPS server?",
        http::Error::HeadTooLarge { .. } | http::Error::BodyTooLarge { .. } => {
            "give it more room with `--response-buffer OCTETS`"
        }
        http::Error::HeadTruncated { .. } | http::Error::BodyTruncated { .. } => {
            "the connection broke, or the server gave up: what came is not the whole answer"
        }
        http::Error::Status { status } => match status.0 {
            300..400 => "redirections are not followed: POST to the new place yourself",
            401 | 403 => "check the credentials",
            404 | 405 => "check the URL's path",
            400 | 415 | 422 => "the body says what the server misses",
            429 | 503 => "wait before the next attempt; Retry-After may say how long",
            _ => return None,
        },
        _ => return None,
    })
}

fn tls_hint(error: &tls::Error, stage: Stage, time_was_given: bool) -> Option<&'static str> {
    use tls::Error as E;
    Some(match error {
        E::ReceiveBufferTooSmall { .. } => "give it more room with `--buffer OCTETS`",
        E::SendBufferTooSmall { .. } => "give it more room with `--send-buffer OCTETS`",
        E::PlainHttp => "is it the right port? the HTTPS port of a web server is usually 443 or 8443",
        E::NotTls { .. } => "is this the port of an HTTPS server?",
        E::ProtocolVersion { .. } => "the server must speak TLS 1.3",
        E::MessageTooLarge { .. } | E::RecordTooLarge { .. } => {
            "give it more room with `--buffer OCTETS`: 16645 takes every record"
        }
        E::Expired { .. } | E::NotYetValid { .. } if time_was_given => {
            "is it `--now` or the server's certificate that is wrong?"
        }
        E::Expired { .. } | E::NotYetValid { .. } => {
            "if this machine's clock is right, the server needs a new certificate"
        }
        E::WrongName => "ask for a name that the certificate has; `--resolve` sends it to any address",
        E::UnknownIssuer | E::CertificateSignature => {
            "the anchors file needs the root that the server's chain leads to"
        }
        E::Truncated { .. } | E::ClosedInHandshake => {
            "the server did not like the ClientHello and does not say why: its log may"
        }
        E::ClientCertificateRefused { sent: false, .. }
        | E::AlertReceived { alert: AlertDescription::CERTIFICATE_REQUIRED, .. } => {
            "give it the client's certificate: `--client-cert FILE --client-key FILE`"
        }
        E::ClientCertificateRefused { alert, .. } => refused_certificate_hint(*alert),
        E::AlertReceived { alert: AlertDescription::PROTOCOL_VERSION, .. } => "the server must speak TLS 1.3",
        E::AlertReceived { alert: AlertDescription::HANDSHAKE_FAILURE, .. } => {
            "the server must speak TLS 1.3 with X25519, and ChaCha20-Poly1305 or AES-128-GCM"
        }
        E::AlertReceived { .. } if stage <= Stage::Finished => "the server's log may say more",
        _ => return None,
    })
}

/// What to do about a client's certificate that the server refused by this alert.
fn refused_certificate_hint(alert: AlertDescription) -> &'static str {
    match alert {
        AlertDescription::UNKNOWN_CA => {
            "give the intermediate certificates in `--client-cert` too, or a certificate by a CA that the server knows"
        }
        AlertDescription::CERTIFICATE_EXPIRED => "renew the certificate, or set the server's clock",
        AlertDescription::UNSUPPORTED_CERTIFICATE => {
            "does it allow clientAuth (extendedKeyUsage)? `openssl x509 -noout -text -in FILE` shows it"
        }
        AlertDescription::CERTIFICATE_REVOKED | AlertDescription::ACCESS_DENIED => {
            "ask the server's operator: the certificate is known, and not let in"
        }
        _ => "the server's log may say more",
    }
}

#[cfg(test)]
mod tests {
    use picopost::{ConnectError, StatusCode, embedded_io::ErrorKind};

    use super::*;

    fn shown(error: Error) -> CommandError {
        Failure::new(&error, false).into()
    }

    #[test]
    fn the_range_of_the_number_gives_the_exit_status() {
        assert_eq!(
            shown(Error::Connect(ConnectError::Tcp(ErrorKind::ConnectionRefused))),
            CommandError::could_not_run(
                "no TCP connection to the host: connection refused (number 2103, stage tcp)"
            )
            .hint("does the server listen on this port?")
        );
        assert_eq!(
            shown(Error::Http(http::Error::Status { status: StatusCode(401) })),
            CommandError::findings("the server answered with status 401 (number 5401, stage status)")
                .hint("check the credentials")
        );
        assert_eq!(
            shown(Error::ServerName),
            CommandError::usage(
                "the URL's host is neither a DNS name nor an IP address (number 1220, stage setup)"
            )
            .hint("the host is a DNS name, an IPv4 address, or an IPv6 address in brackets")
        );
    }

    #[test]
    fn times_are_shown_as_dates() {
        let error = tls::Error::Expired { now: 1_738_000_000, not_after: 1_735_689_599 };
        let stage = Stage::Certificate;
        let (code, now) = (error.code(), "2025-01-27T17:46:40Z");
        assert_eq!(
            Failure::new(&Error::Tls { stage, error }, true),
            Failure {
                code,
                stage: "certificate",
                sentence: format!(
                    "a certificate of the server expired at 2024-12-31T23:59:59Z, and the time is {now}"
                ),
                hint: Some("is it `--now` or the server's certificate that is wrong?"),
            }
        );
        let error = ClockError::BehindFloor { now: 0, floor: 1_735_689_600 };
        assert_eq!(
            shown(Error::Clock(error)),
            CommandError::usage(
                "the clock shows 1970-01-01T00:00:00Z, and the time is at least 2025-01-01T00:00:00Z \
                 (number 1101, stage clock)"
            )
            .hint("set this machine's clock, or give the time with `--now`")
        );
    }

    #[test]
    fn the_callers_own_words_are_shown() {
        assert_eq!(
            caller(&http::Error::UrlScheme, "`http://a/`"),
            CommandError::usage("the URL does not begin with `https://`: `http://a/` (number 1200)")
                .hint("picopost speaks HTTPS only: write the URL as `https://…`")
        );
    }
}
