//! Several POSTs over one connection, and when not.

use std::time::Duration;

use picopost::{KeepAlive, Post, Request, RetryPolicy, Settings, Url};
use picopost_testkit::chains::shapes;

use crate::world::{Plan, REPLY, both};

const ONCE: Settings<'static> = Settings { retry: RetryPolicy::NEVER, ..Settings::DEFAULT };

fn request() -> Request<'static> {
    Request::json(Url::parse("https://device.example:8443/readings").unwrap(), b"{\"t\":21}")
}

/// The connection that each request came over.
fn connections(world: &crate::world::World) -> Vec<usize> {
    world.seen.borrow().iter().map(|seen| seen.connection).collect()
}

fn pass(world: &crate::world::World, milliseconds: u64) {
    world.now.set(world.now.get() + milliseconds);
}

#[test]
fn many_posts_over_one_connection() {
    both(
        &shapes::gts(),
        ONCE,
        |_| {},
        |world, client| {
            for _ in 0..20 {
                assert_eq!(client.post((&request()).into()), Ok((200, b"ok".to_vec())));
                pass(world, 54_000);
            }
            assert_eq!(connections(world), [0; 20]);
            assert_eq!(world.close_notifies.get(), 0);
            // Too long without one.
            pass(world, 1_000);
            assert!(client.post((&request()).into()).is_ok());
            assert_eq!((connections(world)[20], world.close_notifies.get()), (1, 1));
            // Before a sleep.
            client.disconnect();
            assert_eq!(world.close_notifies.get(), 2);
            client.disconnect();
            assert!(client.post((&request()).into()).is_ok());
            assert_eq!(connections(world)[21], 2);
        },
    );
}

#[test]
fn one_connection_a_post_where_that_is_wanted() {
    let settings = Settings { keep_alive: KeepAlive::Close, ..ONCE };
    both(
        &shapes::gts(),
        settings,
        |_| {},
        |world, client| {
            for _ in 0..3 {
                assert!(client.post((&request()).into()).is_ok());
            }
            assert_eq!(connections(world), [0, 1, 2]);
            assert_eq!(world.close_notifies.get(), 3);
            assert!(world.seen.borrow().iter().all(|seen| seen.header("Connection") == Some("close")));
        },
    );
}

#[test]
fn another_origin_has_another_connection() {
    let other = Request::json(Url::parse("https://device.example:9443/").unwrap(), b"{}");
    let named = Request::json(Url::parse("https://DEVICE.example:8443/").unwrap(), b"{}");
    both(
        &shapes::gts(),
        ONCE,
        |_| {},
        |world, client| {
            for request in [request(), other, request(), named] {
                assert!(client.post((&request).into()).is_ok());
            }
            // A name that is written in another way is verified again.
            assert_eq!(connections(world), [0, 1, 2, 3]);
            assert_eq!(world.close_notifies.get(), 3);
            let ports: Vec<_> = world.seen.borrow().iter().map(|seen| seen.port).collect();
            assert_eq!(ports, [8443, 9443, 8443, 8443]);
        },
    );
}

/// What in a response keeps its connection from being used again.
#[test]
fn connections_that_are_not_used_again() {
    let table = [
        ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", true),
        ("HTTP/1.1 204 No Content\r\n\r\n", true),
        ("HTTP/1.1 500 No\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nno\r\n0\r\n\r\n", true),
        ("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok", false),
        ("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", false),
        ("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok", true),
        ("HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\n\r\nok", false),
        // More than was asked for.
        ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", false),
    ];
    for (reply, is_kept) in table {
        both(
            &shapes::gts(),
            ONCE,
            |world| world.reply(reply),
            |world, client| {
                assert!(client.post((&request()).into()).is_ok());
                assert!(client.post((&request()).into()).is_ok());
                assert_eq!(connections(world), [0, usize::from(!is_kept)], "{reply}");
                assert_eq!(world.close_notifies.get(), usize::from(!is_kept), "{reply}");
            },
        );
    }
}

#[test]
fn a_server_says_how_long_it_waits() {
    for (parameter, wait, is_kept) in [
        ("timeout=5", 3_900, true),
        ("max=9, timeout=5", 4_000, false),
        ("timeout=0", 0, false),
        ("timeout=900", 56_000, false),
    ] {
        let reply = format!("HTTP/1.1 200 OK\r\nKeep-Alive: {parameter}\r\nContent-Length: 0\r\n\r\n");
        both(
            &shapes::gts(),
            ONCE,
            |world| world.reply(reply.clone()),
            |world, client| {
                assert!(client.post((&request()).into()).is_ok());
                pass(world, wait);
                assert!(client.post((&request()).into()).is_ok());
                assert_eq!(connections(world), [0, usize::from(!is_kept)], "{parameter}");
            },
        );
    }
}

/// The server closes the connection some time after its answer: seen before anything is sent, so nothing
/// is lost, nor sent twice.
#[test]
fn a_close_that_is_seen_costs_nothing() {
    for after in [0, 1, 500, 5_000] {
        let plan = Plan { closes: Some((0, after)), ..Plan::GOOD };
        both(
            &shapes::gts(),
            ONCE,
            |world| world.plan(plan.clone()),
            |world, client| {
                assert!(client.post((&request()).into()).is_ok());
                pass(world, 6_000);
                assert!(client.post((&request()).into()).is_ok());
                assert_eq!(connections(world), [0, 1]);
            },
        );
    }
}

/// The server closes while the request is on its way: it may have acted on it (RFC 9112 section 9.3.1, RFC
/// 9110 section 9.2.2). The connection ends at each octet, in each direction.
#[test]
fn a_close_that_is_not_seen() {
    let chain = shapes::gts();
    let sent_for_one = std::cell::Cell::new(0);
    both(
        &chain,
        ONCE,
        |_| {},
        |_, client| {
            struct Sent<'s>(&'s std::cell::Cell<usize>);
            impl picopost::Observer for Sent<'_> {
                fn ended(&mut self, summary: &picopost::Summary) {
                    self.0.set(summary.octets.sent);
                }
            }
            client.post(Post::from(&request()).observed_by(&mut Sent(&sent_for_one))).unwrap();
        },
    );
    let first = sent_for_one.get();
    for at in (first..first + 260).step_by(9) {
        let plan = Plan { stop_sent: Some((at, true)), ..Plan::GOOD };
        both(
            &chain,
            Settings::DEFAULT,
            |world| world.plan(plan.clone()),
            |world, client| {
                assert!(client.post((&request()).into()).is_ok());
                let outcome = client.post((&request()).into());
                let seen = world.seen.borrow().len();
                match outcome {
                    Ok(_) => assert_eq!(seen, 2),
                    Err(error) => {
                        assert_eq!((seen, error.code()), (1, 2124), "{error}");
                        assert_eq!(world.connections(), 1, "it is not tried again");
                    }
                }
            },
        );
        both(
            &chain,
            Settings::DEFAULT,
            |world| world.plan(plan.clone()),
            |world, client| {
                for _ in 0..2 {
                    assert!(client.post(Post::from(&request()).with_fresh_key()).is_ok());
                }
                assert_eq!(connections(world).len(), 2);
            },
        );
    }
}

#[test]
fn a_reused_connection_has_its_limits_again() {
    let settings = Settings { keep_alive: KeepAlive::Idle(Duration::from_secs(600)), ..ONCE };
    let plan = Plan { thinks: 20_000, ..Plan::GOOD };
    both(
        &shapes::gts(),
        settings,
        |world| world.plan(plan.clone()),
        |world, client| {
            for _ in 0..20 {
                assert!(client.post((&request()).into()).is_ok());
            }
            assert_eq!(connections(world), [0; 20]);
            assert_eq!(world.elapsed(), 400_000);
        },
    );
}

/// What spoils a connection behind a whole response is no harm to that response.
#[test]
fn more_behind_an_answer() {
    let plan =
        Plan { garbage: b"\x17\x03\x03\x00\x20this is no record that anyone has sealed", ..Plan::GOOD };
    both(
        &shapes::gts(),
        ONCE,
        |world| world.plan(plan.clone()),
        |world, client| {
            assert_eq!(client.post((&request()).into()), Ok((200, b"ok".to_vec())));
            assert_eq!(client.post((&request()).into()), Ok((200, b"ok".to_vec())));
            assert_eq!(connections(world), [0, 1]);
        },
    );
    let plan = Plan { excess: REPLY.as_bytes(), ..Plan::GOOD };
    both(
        &shapes::gts(),
        ONCE,
        |world| world.plan(plan.clone()),
        |world, client| {
            assert_eq!(client.post((&request()).into()), Ok((200, b"ok".to_vec())));
            assert_eq!(client.post((&request()).into()), Ok((200, b"ok".to_vec())));
            assert_eq!(connections(world), [0, 1]);
        },
    );
    // Half a record may become anything.
    let plan = Plan { garbage: b"\x17\x03", ..Plan::GOOD };
    both(
        &shapes::gts(),
        ONCE,
        |world| world.plan(plan.clone()),
        |world, client| {
            assert!(client.post((&request()).into()).is_ok());
            assert!(client.post((&request()).into()).is_ok());
            assert_eq!(connections(world), [0, 1]);
        },
    );
}

/// RFC 9110 section 15.5.20: not over the connection that was the wrong one.
#[test]
fn a_misdirected_request_takes_another_way() {
    let reply = "HTTP/1.1 421 Misdirected Request\r\nContent-Length: 0\r\n\r\n";
    both(
        &shapes::gts(),
        Settings::DEFAULT,
        |world| world.reply(reply),
        |world, client| {
            assert_eq!(client.post((&request()).into()).unwrap().0, 200);
            assert_eq!(connections(world), [0, 1]);
        },
    );
}
