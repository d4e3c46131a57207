//! Each stage stalled, and what is said about it.

use picopost::embedded_io::ErrorKind;
use picopost::{Error, Octets, Post, Request, RetryPolicy, Settings, Stage, TimeLimits, TimePart, Url};
use picopost_testkit::chains::shapes;

use crate::support::assert_says;
use crate::world::{Plan, both, fixed, timed_out};

/// One attempt.
const ONCE: Settings<'static> = Settings { retry: RetryPolicy::NEVER, ..Settings::DEFAULT };

fn request() -> Request<'static> {
    Request::json(Url::parse("https://device.example:8443/readings").unwrap(), b"{\"t\":21}")
}

#[test]
fn a_name_server_that_says_nothing() {
    both(
        &shapes::gts(),
        ONCE,
        |world| *world.addresses.borrow_mut() = None,
        |world, client| {
            let result = client.post((&request()).into());
            assert_eq!(timed_out(&result), (2180, Stage::Dns, 15_000, Octets::default()));
            assert_eq!(world.elapsed(), 15_000);
            let sentence =
                "resolving the host's name took longer than 15000 ms, with 0 octets sent and 0 received";
            assert_says(&result.unwrap_err(), sentence);
        },
    );
}

#[test]
fn each_address_has_its_time() {
    let stalled = Plan { connect: None, ..Plan::GOOD };
    let prepare = |stalls: usize| {
        let stalled = stalled.clone();
        move |world: &crate::world::World| {
            let addresses = ["192.0.2.1", "192.0.2.2", "192.0.2.3"].map(|address| address.parse().unwrap());
            *world.addresses.borrow_mut() = Some(Ok(addresses.to_vec()));
            (0..stalls).for_each(|_| world.plan(stalled.clone()));
        }
    };
    both(&shapes::gts(), ONCE, prepare(2), |world, client| {
        assert!(client.post((&request()).into()).is_ok());
        assert_eq!(world.elapsed(), 30_000);
    });
    both(&shapes::gts(), ONCE, prepare(3), |world, client| {
        let result = client.post((&request()).into());
        assert_eq!(timed_out(&result), (2181, Stage::Tcp, 15_000, Octets::default()));
        assert_eq!(world.elapsed(), 45_000);
    });
}

/// The server stops at each of some octets: the part that is due is the one that is named, the numbers
/// of octets are right, and no more than one request arrives.
#[test]
fn a_server_that_stops_anywhere() {
    let chain = fixed();
    let mut codes = Vec::new();
    for at in (0..7000).step_by(50) {
        let plan = Plan { stop_received: Some((at, false)), ..Plan::GOOD };
        let code = std::cell::Cell::new(0);
        both(
            &chain,
            ONCE,
            |world| world.plan(plan.clone()),
            |world, client| {
                let result = client.post((&request()).into());
                if result.is_ok() {
                    return code.set(0);
                }
                let (number, stage, after, octets) = timed_out(&result);
                code.set(number);
                assert_eq!(octets.received, at);
                assert_eq!((after, world.elapsed()), (30_000, 30_000));
                assert_eq!(number == 2182, stage < Stage::Request, "{number} {stage:?}");
                assert_eq!(number == 2184, world.seen.borrow().len() == 1, "{number}");
            },
        );
        codes.push(code.get());
    }
    codes.dedup();
    assert_eq!(codes, [2182, 2184, 0]);
}

#[test]
fn a_server_that_takes_nothing() {
    let chain = shapes::gts();
    let body = vec![b'x'; 20_000];
    let big = Request::json(Url::parse("https://device.example:8443/readings").unwrap(), &body);
    for (at, code) in [(0, 2182), (100, 2182), (3_000, 2183), (19_000, 2183)] {
        let plan = Plan { stop_sent: Some((at, false)), ..Plan::GOOD };
        both(
            &chain,
            ONCE,
            |world| world.plan(plan.clone()),
            |world, client| {
                let result = client.post((&big).into());
                let (number, _, after, octets) = timed_out(&result);
                assert_eq!((number, octets.sent, after, world.elapsed()), (code, at, 30_000, 30_000));
            },
        );
        // Where nothing of the request was sent, the next attempt is made, and no other.
        both(
            &chain,
            Settings::DEFAULT,
            |world| world.plan(plan.clone()),
            |world, client| {
                let result = client.post((&big).into());
                assert_eq!(result.is_ok(), code == 2182);
                assert_eq!(world.seen.borrow().len(), usize::from(code == 2182));
            },
        );
    }
}

/// The head comes, and the body does not.
#[test]
fn half_a_response() {
    let reply = format!("HTTP/1.1 200 OK\r\nContent-Length: 600\r\n\r\n{}", "x".repeat(300));
    both(
        &shapes::gts(),
        ONCE,
        |world| world.reply(reply.clone()),
        |world, client| {
            let (number, stage, after, octets) = timed_out(&client.post((&request()).into()));
            assert_eq!((number, stage, after, world.elapsed()), (2185, Stage::Body, 30_000, 30_000));
            assert!(octets.received > 300);
        },
    );
    // Interim responses are no first octet of the response.
    let reply = "HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\n";
    both(
        &shapes::gts(),
        ONCE,
        |world| world.reply(reply),
        |_, client| {
            assert_eq!(timed_out(&client.post((&request()).into())).0, 2184);
        },
    );
    let reply = "HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 2";
    both(
        &shapes::gts(),
        ONCE,
        |world| world.reply(reply),
        |_, client| {
            assert_eq!(timed_out(&client.post((&request()).into())).0, 2185);
        },
    );
}

/// An octet every now and then does not renew a limit.
#[test]
fn a_server_that_drips() {
    let chain = shapes::gts();
    for (from, every, code) in [(0, 1_000, 2182), (500, 2_000, 2182), (0, 29_000, 2182)] {
        let plan = Plan { drip: Some((from, every)), ..Plan::GOOD };
        both(
            &chain,
            ONCE,
            |world| world.plan(plan.clone()),
            |world, client| {
                let (number, _, after, octets) = timed_out(&client.post((&request()).into()));
                assert_eq!((number, after, world.elapsed()), (code, 30_000, 30_000));
                assert!(octets.received <= from + 1 + 30_000 / usize::try_from(every).unwrap());
            },
        );
    }
    // Within the answer: whatever the part, it ends.
    let plan = Plan { drip: Some((1_700, 100)), ..Plan::GOOD };
    let reply = format!("HTTP/1.1 200 OK\r\nContent-Length: 800\r\n\r\n{}", "x".repeat(800));
    both(
        &chain,
        ONCE,
        |world| {
            world.plan(plan.clone());
            world.reply(reply.clone());
        },
        |world, client| {
            let (number, ..) = timed_out(&client.post((&request()).into()));
            assert!([2184, 2185].contains(&number));
            assert!(world.elapsed() <= 60_000);
        },
    );
}

#[test]
fn the_whole_is_limited_too() {
    let limits = TimeLimits { whole: std::time::Duration::from_secs(40), ..TimeLimits::DEFAULT };
    let settings = Settings { limits, ..ONCE };
    let prepare = |world: &crate::world::World| {
        world.plan(Plan { connect: None, ..Plan::GOOD });
        world.plan(Plan { connect: Some(Ok(())), stop_received: Some((700, false)), ..Plan::GOOD });
        let addresses = ["192.0.2.1", "192.0.2.2"].map(|address| address.parse().unwrap());
        *world.addresses.borrow_mut() = Some(Ok(addresses.to_vec()));
    };
    both(&shapes::gts(), settings, prepare, |world, client| {
        let result = client.post((&request()).into());
        let (number, stage, after, octets) = timed_out(&result);
        assert_eq!((number, after, world.elapsed()), (2186, 40_000, 40_000));
        assert!(stage < Stage::Request && octets.received == 700);
        assert!(matches!(result, Err(Error::TimedOut { part: TimePart::Whole, .. })));
    });
    // What is left is nothing: nobody is called any more.
    let limits = TimeLimits { whole: std::time::Duration::ZERO, ..TimeLimits::DEFAULT };
    both(
        &shapes::gts(),
        Settings { limits, ..ONCE },
        |_| {},
        |world, client| {
            assert_eq!(timed_out(&client.post((&request()).into())).0, 2186);
            assert!(world.calls.borrow().is_empty());
        },
    );
}

/// RFC 9110 section 10.1.1: nobody waits for a 100 (Continue) for ever.
#[test]
fn content_is_held_back_for_so_long() {
    both(
        &shapes::gts(),
        ONCE,
        |_| {},
        |world, client| {
            let request = request().with_expect_continue();
            assert_eq!(client.post((&request).into()).unwrap().0, 200);
            assert_eq!(world.elapsed(), 3_000);
        },
    );
}

/// A transport may give up by itself: that is its own failure, and says so.
#[test]
fn failures_of_the_transport_are_told_from_limits() {
    let plan = Plan { connect: Some(Err(ErrorKind::NotConnected)), ..Plan::GOOD };
    both(
        &shapes::gts(),
        ONCE,
        |world| world.plan(plan.clone()),
        |_, client| {
            assert_eq!(client.post(Post::from(&request())).unwrap_err().code(), 2106);
        },
    );
}

/// A request that fits into one record is sealed as a whole before it is sent: its limit is that of sending
/// all the same, and no write is given up to go on with the connection.
#[test]
fn a_small_request_that_is_not_taken() {
    let limits = TimeLimits {
        send: std::time::Duration::from_secs(7),
        first_octet: std::time::Duration::from_secs(90),
        ..TimeLimits::DEFAULT
    };
    let begins = std::cell::Cell::new(0);
    both(
        &fixed(),
        ONCE,
        |_| {},
        |_, client| {
            struct Begins<'s>(&'s std::cell::Cell<usize>);
            impl picopost::Observer for Begins<'_> {
                fn reached(&mut self, stage: Stage, octets: Octets) {
                    if stage == Stage::Request {
                        self.0.set(octets.sent);
                    }
                }
            }
            client.post(Post::from(&request()).observed_by(&mut Begins(&begins))).unwrap();
        },
    );
    for request in [request(), request().with_expect_continue()] {
        let plan = Plan { stop_sent: Some((begins.get() + 100, false)), ..Plan::GOOD };
        both(
            &fixed(),
            Settings { limits, ..ONCE },
            |world| world.plan(plan.clone()),
            |world, client| {
                let (number, _, after, _) = timed_out(&client.post((&request).into()));
                assert_eq!((number, after, world.elapsed()), (2183, 7_000, 7_000));
            },
        );
    }
}
