//! What is sent again, and when.

use std::time::Duration;

use picopost::embedded_io::ErrorKind;
use picopost::{
    Attempt, ConnectError, Ending, Error, Fate, Header, Observer, Post, Request, RequestKey, RetryPolicy,
    Settings, Url,
};
use picopost_testkit::chains::shapes;

use crate::world::{Plan, both, fixed};

const URL: &str = "https://device.example:8443/readings";

fn request() -> Request<'static> {
    Request::json(Url::parse(URL).unwrap(), b"{\"t\":21}")
}

/// What an observer is told of attempts: how they ended, in one word, and how long it is to the next.
#[derive(Default)]
struct Attempts(Vec<(String, Option<Duration>)>);

impl Observer for Attempts {
    fn attempt(&mut self, attempt: &Attempt<'_>) {
        assert_eq!(usize::from(attempt.number), self.0.len() + 1);
        let ending = match attempt.ending {
            Ending::Failed { error, request: Fate::NotSent } => format!("{} not sent", error.code()),
            Ending::Failed { error, request: Fate::Unknown } => format!("{} unknown", error.code()),
            Ending::Answered { status, .. } => status.to_string(),
        };
        self.0.push((ending, attempt.wait));
    }
}

#[test]
fn a_post_in_one_line() {
    let chain = shapes::gts();
    both(
        &chain,
        Settings::DEFAULT,
        |_| {},
        |world, client| {
            assert_eq!(client.post((&request()).into()), Ok((200, b"ok".to_vec())));
            let seen = &world.seen.borrow()[0];
            assert_eq!(seen.body, b"{\"t\":21}");
            assert_eq!(*world.calls.borrow(), ["device.example", "192.0.2.1:8443"]);
            assert_eq!(seen.header("Connection"), None, "the connection is kept");
            assert_eq!(seen.header("Idempotency-Key"), None);
        },
    );
}

#[test]
fn all_addresses_are_tried_before_an_attempt_has_failed() {
    let chain = shapes::gts();
    let addresses = ["192.0.2.1", "2001:db8::1", "192.0.2.3", "192.0.2.4", "192.0.2.5"];
    let refused = || Plan { connect: Some(Err(ErrorKind::ConnectionRefused)), ..Plan::GOOD };
    let prepare = |refusals: usize| {
        move |world: &crate::world::World| {
            let addresses = addresses.iter().map(|address| address.parse().unwrap()).collect();
            *world.addresses.borrow_mut() = Some(Ok(addresses));
            (0..refusals).for_each(|_| world.plan(refused()));
        }
    };
    both(&chain, Settings::DEFAULT, prepare(3), |world, client| {
        let mut attempts = Attempts::default();
        assert!(client.post(Post::from(&request()).observed_by(&mut attempts)).is_ok());
        assert_eq!(attempts.0, [("200".to_owned(), None)]);
        let calls =
            ["device.example", "192.0.2.1:8443", "[2001:db8::1]:8443", "192.0.2.3:8443", "192.0.2.4:8443"];
        assert_eq!(*world.calls.borrow(), calls);
    });
    // The fifth is not tried.
    let settings = Settings { retry: RetryPolicy::NEVER, ..Settings::DEFAULT };
    both(&chain, settings, prepare(4), |world, client| {
        let error = Error::Connect(ConnectError::Tcp(ErrorKind::ConnectionRefused));
        assert_eq!(client.post((&request()).into()), Err(error));
        assert_eq!(world.calls.borrow().len(), 5);
    });
}

#[test]
fn an_address_is_not_resolved() {
    let chain = shapes::address();
    both(
        &chain,
        Settings::DEFAULT,
        |_| {},
        |world, client| {
            // Which address the certificate is for is of no interest here.
            let request = Request::json(Url::parse("https://[2001:db8::7]:99/").unwrap(), b"{}");
            let _ = client.post((&request).into());
            assert_eq!(world.calls.borrow()[0], "[2001:db8::7]:99");
        },
    );
}

#[test]
fn a_host_that_cannot_be_reached_is_tried_again_and_again_for_so_long() {
    let chain = shapes::gts();
    let settings = Settings::DEFAULT;
    both(
        &chain,
        settings,
        |world| *world.addresses.borrow_mut() = Some(Err(ErrorKind::NotFound)),
        |world, client| {
            let mut attempts = Attempts::default();
            let outcome = client.post(Post::from(&request()).observed_by(&mut attempts));
            assert_eq!(outcome, Err(Error::Connect(ConnectError::Dns(ErrorKind::NotFound))));
            let waits: Vec<_> = attempts.0.iter().map(|(_, wait)| *wait).collect();
            assert_eq!(waits.len(), 6);
            assert_eq!(waits[5], None);
            let total: Duration = waits.iter().flatten().sum();
            assert_eq!(u128::from(world.elapsed()), total.as_millis());
            for (wait, longest) in waits.iter().flatten().zip([2, 4, 8, 16, 32]) {
                assert!(*wait < Duration::from_secs(longest));
            }
            assert!(attempts.0.iter().all(|(ending, _)| ending == "2001 not sent"));
        },
    );
    // No attempt begins later than that.
    let retry = RetryPolicy { longest_in_all: Duration::from_secs(1), attempts: 200, ..RetryPolicy::DEFAULT };
    both(
        &chain,
        Settings { retry, ..settings },
        |world| *world.addresses.borrow_mut() = Some(Err(ErrorKind::NotFound)),
        |world, client| {
            assert!(client.post((&request()).into()).is_err());
            assert!(world.elapsed() <= 1000, "{}", world.elapsed());
        },
    );
}

#[test]
fn retry_after_in_both_forms() {
    let chain = shapes::gts();
    // chains::NOW is Mon, 01 Jun 2026 00:00:00 GMT.
    let table = [
        ("429 Too Many Requests", "Retry-After: 30\r\n", true, 30),
        ("503 Service Unavailable", "Retry-After: Mon, 01 Jun 2026 00:01:10 GMT\r\n", true, 70),
        ("503 Service Unavailable", "Retry-After: Sun, 31 May 2026 00:00:00 GMT\r\n", true, 0),
        ("503 Service Unavailable", "", false, 0),
        ("429 Too Many Requests", "Retry-After: 301\r\n", false, 0),
        ("408 Request Timeout", "", true, 0),
        ("421 Misdirected Request", "", true, 0),
        ("425 Too Early", "", true, 0),
        ("500 Internal Server Error", "Retry-After: 1\r\n", false, 0),
    ];
    for (status, header, is_repeated, least) in table {
        let reply = format!("HTTP/1.1 {status}\r\n{header}Content-Length: 0\r\n\r\n");
        both(
            &chain,
            Settings::DEFAULT,
            |world| world.reply(reply.clone()),
            |world, client| {
                let outcome = client.post((&request()).into()).unwrap();
                let seen = world.seen.borrow();
                assert_eq!(
                    (outcome.0 == 200, seen.len()),
                    (is_repeated, 1 + usize::from(is_repeated)),
                    "{status}"
                );
                let waited = world.elapsed() / 1000;
                assert!((least..=least + 2).contains(&waited), "{status}: {waited}");
                let is_kept = seen.iter().all(|seen| seen.connection == 0);
                let may_stay = waited < 55 && !status.starts_with("421");
                assert_eq!(is_kept, may_stay, "{status}: the connection is kept for 55 s");
            },
        );
    }
}

/// The connection is reset all along the handshake, the request and the response: without a key
/// the server never sees two requests, with one it sees the same key in both.
#[test]
fn a_reset_anywhere() {
    let chain = fixed();
    for is_sent in [true, false] {
        for at in (0..).step_by(if is_sent { 7 } else { 13 }) {
            let plan = match is_sent {
                true => Plan { stop_sent: Some((at, true)), ..Plan::GOOD },
                false => Plan { stop_received: Some((at, true)), ..Plan::GOOD },
            };
            let is_whole = std::cell::Cell::new(false);
            both(
                &chain,
                Settings::DEFAULT,
                |world| world.plan(plan.clone()),
                |world, client| {
                    let mut attempts = Attempts::default();
                    let outcome = client.post(Post::from(&request()).observed_by(&mut attempts));
                    let seen = world.seen.borrow().len();
                    assert!(seen <= 1, "sent {is_sent} {at}: seen {seen} times");
                    match attempts.0.first().unwrap().0.as_str() {
                        "200" => {
                            assert_eq!(seen, 1);
                            is_whole.set(true);
                        }
                        ending if ending.ends_with("not sent") => {
                            assert_eq!((outcome.map(|(status, _)| status), seen), (Ok(200), 1), "{ending}");
                        }
                        ending => assert!(outcome.is_err() && attempts.0.len() == 1, "{ending}"),
                    }
                },
            );
            both(
                &chain,
                Settings::DEFAULT,
                |world| world.plan(plan.clone()),
                |world, client| {
                    let outcome = client.post(Post::from(&request()).with_fresh_key());
                    assert_eq!(outcome.map(|(status, _)| status), Ok(200));
                    let seen = world.seen.borrow();
                    let keys: Vec<_> =
                        seen.iter().map(|seen| seen.header("Idempotency-Key").unwrap()).collect();
                    assert!(
                        keys.iter().all(|key| *key == keys[0] && key.len() == RequestKey::SIZE),
                        "{keys:?}"
                    );
                    assert!((1..=2).contains(&keys.len()));
                },
            );
            if is_whole.get() {
                break;
            }
        }
    }
}

#[test]
fn a_key_of_the_callers_own_is_kept() {
    let chain = shapes::gts();
    let header = [Header::new("idempotency-key", "\"mine\"").unwrap()];
    let key = RequestKey::from_random([7; 16]);
    let requests = [
        (request().with_headers(&header), "\"mine\""),
        (request().with_private_headers(&header), "\"mine\""),
        (request().with_idempotency_key(key.value().unwrap()), key.as_str()),
    ];
    for (request, value) in requests {
        both(
            &chain,
            Settings::DEFAULT,
            |world| world.reply("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n"),
            |world, client| {
                assert_eq!(client.post(Post::from(&request).with_fresh_key()).unwrap().0, 200);
                let seen = world.seen.borrow();
                assert_eq!(seen.len(), 2, "a 502 is repeated with a key alone");
                for seen in seen.iter() {
                    let lines: Vec<_> =
                        seen.head.lines().filter(|line| line.to_lowercase().starts_with("idem")).collect();
                    assert_eq!(lines.len(), 1);
                    assert!(lines[0].ends_with(value));
                }
            },
        );
    }
    // Without one it is an answer.
    both(
        &chain,
        Settings::DEFAULT,
        |world| world.reply("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n"),
        |world, client| {
            assert_eq!(client.post((&request()).into()).unwrap().0, 502);
            assert_eq!(world.seen.borrow().len(), 1);
        },
    );
}

#[test]
fn what_cannot_get_better_is_not_tried_again() {
    let chain = picopost_testkit::chains::faulty::wrong_name();
    both(
        &chain,
        Settings::DEFAULT,
        |_| {},
        |world, client| {
            assert_eq!(client.post((&request()).into()).unwrap_err().code(), 3205);
            assert_eq!(world.connections(), 1);
            assert!(world.seen.borrow().is_empty());
        },
    );
}
