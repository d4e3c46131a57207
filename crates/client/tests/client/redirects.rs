//! 307 and 308, and where they may lead.

use std::cell::Cell;

use picopost::{Header, Post, Redirects, Request, RetryPolicy, Settings, Url, http};
use picopost_testkit::chains::shapes;

use crate::world::{Plan, World, both, fixed};

const FOLLOW: Settings<'static> =
    Settings { retry: RetryPolicy::NEVER, redirects: Redirects::Follow { maximum: 3 }, ..Settings::DEFAULT };

fn url() -> Url<'static> {
    Url::parse("https://device.example:8443/a/b?c").unwrap()
}

fn to(location: &str) -> String {
    format!("HTTP/1.1 307 Temporary Redirect\r\nLocation: {location}\r\nContent-Length: 4\r\n\r\nlook")
}

/// Port and target of each request that the server saw.
fn targets(world: &World) -> Vec<(u16, String)> {
    let target = |head: &str| head.split(' ').nth(1).unwrap().to_owned();
    world.seen.borrow().iter().map(|seen| (seen.port, target(&seen.head))).collect()
}

#[test]
fn redirects_are_answers_unless_they_are_to_be_followed() {
    let settings = Settings { redirects: Redirects::Never, ..FOLLOW };
    both(
        &shapes::gts(),
        settings,
        |world| world.reply(to("/x")),
        |world, client| {
            assert_eq!(client.post((&Request::json(url(), b"{}")).into()), Ok((307, b"look".to_vec())));
            assert_eq!(world.seen.borrow().len(), 1);
        },
    );
    // And those that would change the method are answers always.
    for status in ["300 Choices", "301 Moved", "302 Found", "303 See Other", "304 Same", "309 What"] {
        let reply = format!("HTTP/1.1 {status}\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n");
        both(
            &shapes::gts(),
            FOLLOW,
            |world| world.reply(reply.clone()),
            |world, client| {
                assert!(client.post((&Request::json(url(), b"{}")).into()).is_ok());
                assert_eq!(world.seen.borrow().len(), 1, "{status}");
            },
        );
    }
}

#[test]
fn method_and_content_stay_and_the_connection_too() {
    let prepare = |world: &World| {
        world.reply(to("../x?y#z"));
        world.reply(to("w").replace("307 Temporary", "308 Permanent"));
        world.reply(to("https://device.example:8443"));
    };
    both(&shapes::gts(), FOLLOW, prepare, |world, client| {
        assert_eq!(client.post((&Request::json(url(), b"{1}")).into()), Ok((200, b"ok".to_vec())));
        let expected = ["/a/b?c", "/x?y", "/w", "/"].map(|target| (8443, target.to_owned()));
        assert_eq!(targets(world), expected);
        for seen in world.seen.borrow().iter() {
            assert_eq!((seen.body.as_slice(), seen.connection), (&b"{1}"[..], 0));
            assert!(seen.head.starts_with("POST "));
        }
    });
}

#[test]
fn nothing_private_goes_to_another_origin() {
    let public = [Header::new("X-Public", "1").unwrap(), Header::new("AUTHORIZATION", "Basic xx").unwrap()];
    let more = [Header::new("cookie", "c").unwrap(), Header::new("Idempotency-Key", "\"k\"").unwrap()];
    let private = [Header::new("X-Api-Key", "secret").unwrap()];
    let request = Request::json(url(), b"{}").with_headers(&public).with_private_headers(&private);
    let keyed = Request::json(url(), b"{}").with_headers(&more);
    let key = http::FieldValue::new("\"k\"").unwrap();
    let own = Request::json(url(), b"{}")
        .with_authorization(http::FieldValue::new("Bearer t").unwrap())
        .with_idempotency_key(key);
    // Another port is another origin; and what led away does not lead back.
    let prepare = |world: &World| {
        world.reply(to("https://device.example:9443/x"));
        world.reply(to("https://device.example:8443/y"));
    };
    let secrets = ["authorization", "cookie", "idempotency-key", "x-api-key"];
    for request in [request, keyed, own] {
        both(&shapes::gts(), FOLLOW, prepare, |world, client| {
            assert!(client.post((&request).into()).is_ok());
            let seen = world.seen.borrow();
            let ports: Vec<_> = seen.iter().map(|seen| seen.port).collect();
            assert_eq!(ports, [8443, 9443, 8443]);
            let has = |index: usize, name: &str| {
                seen[index].head.lines().any(|line| line.to_lowercase().starts_with(&format!("{name}: ")))
            };
            assert!(secrets.iter().any(|name| has(0, name)));
            for index in [1, 2] {
                assert!(!secrets.iter().any(|name| has(index, name)), "{}", seen[index].head);
                assert_eq!(has(index, "x-public"), has(0, "x-public"));
            }
            assert_eq!(seen[1].header("Host"), Some("device.example:9443"));
        });
    }
    // To the same origin everything goes.
    both(
        &shapes::gts(),
        FOLLOW,
        |world| world.reply(to("/x")),
        |world, client| {
            assert!(client.post((&request).into()).is_ok());
            let seen = world.seen.borrow();
            assert_eq!(seen[1].header("X-Api-Key"), Some("secret"));
            assert_eq!(seen[1].header("AUTHORIZATION"), Some("Basic xx"));
        },
    );
}

/// A key that another host did not get is none there.
#[test]
fn a_key_counts_only_where_it_is_sent() {
    let settings = Settings { retry: RetryPolicy::DEFAULT, ..FOLLOW };
    for (location, is_repeated) in [("/x", true), ("https://device.example:9443/x", false)] {
        let prepare = |world: &World| {
            world.reply(to(location));
            world.reply("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n");
        };
        both(&shapes::gts(), settings, prepare, |world, client| {
            let outcome = client.post(Post::from(&Request::json(url(), b"{}")).with_fresh_key()).unwrap();
            assert_eq!(outcome.0 == 200, is_repeated, "{location}");
            // A repetition begins where the first attempt did.
            assert_eq!(world.seen.borrow().len(), if is_repeated { 3 } else { 2 });
        });
    }
}

/// The same where the other host may have it, and its answer is cut off.
#[test]
fn without_the_key_nothing_is_sent_to_another_host_twice() {
    let settings = Settings { retry: RetryPolicy::DEFAULT, ..FOLLOW };
    // Long enough for some of the cuts to be in it.
    let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: 600\r\n\r\n{}", "x".repeat(600));
    let is_cut = Cell::new(false);
    for at in (0..7000).step_by(211) {
        let prepare = |world: &World| {
            for _ in 0..2 {
                world.reply(to("https://device.example:9443/x"));
                world.reply(answer.clone());
            }
            world.plan(Plan::GOOD);
            world.plan(Plan { stop_received: Some((at, true)), ..Plan::GOOD });
            (0..4).for_each(|_| world.plan(Plan::GOOD));
        };
        both(&fixed(), settings, prepare, |world, client| {
            let outcome = client.post(Post::from(&Request::json(url(), b"{}")).with_fresh_key());
            let there = world.seen.borrow().iter().filter(|seen| seen.port == 9443).count();
            assert!(there <= 1, "{at}");
            assert!(there == 1 || outcome.is_ok(), "{at}: {outcome:?}");
            is_cut.set(is_cut.get() || (there == 1 && outcome.is_err()));
        });
    }
    assert!(is_cut.get(), "some of them are behind the request");
}

#[test]
fn loops_end() {
    for maximum in [0, 1, 2, 3, 200] {
        let settings = Settings { redirects: Redirects::Follow { maximum }, ..FOLLOW };
        let prepare = |world: &World| (0..9).for_each(|_| world.reply(to("?")));
        both(&shapes::gts(), settings, prepare, |world, client| {
            let error = client.post((&Request::json(url(), b"{}")).into()).unwrap_err();
            let maximum = maximum.min(3);
            assert_eq!(error, http::Error::TooManyRedirects { maximum }.into());
            assert_eq!(error.code(), 4404);
            assert_eq!(world.seen.borrow().len(), usize::from(maximum) + 1);
        });
    }
}

#[test]
fn hostile_locations() {
    let long = "x".repeat(600);
    let table = [
        ("http://device.example/", 4401),
        ("HTTP:/x", 4401),
        ("javascript:x", 4401),
        ("https:x", 4402),
        ("https://user:secret@device.example/", 4402),
        ("https://device.example:0/", 4402),
        ("//", 4402),
        ("/%zz", 4402),
        ("/a b", 4400),
        ("/\"", 4400),
        ("/\u{e9}", 4400),
        ("", 4404),
        (&long, 4403),
        ("/x\r\nLocation: /y", 4400),
    ];
    for (location, code) in table {
        let settings = Settings { redirects: Redirects::Follow { maximum: 0 }, ..FOLLOW };
        let empty = location.is_empty();
        let location = if empty { "?" } else { location };
        // The response buffer has 1,024 octets.
        both(
            &shapes::gts(),
            settings,
            |world| world.reply(to(location)),
            |world, client| {
                let result = client.post((&Request::json(url(), b"{}")).into());
                assert_eq!(result.unwrap_err().code(), code, "{location}");
                assert_eq!(world.seen.borrow().len(), 1);
            },
        );
    }
    let reply = "HTTP/1.1 308 Permanent Redirect\r\nContent-Length: 0\r\n\r\n";
    both(
        &shapes::gts(),
        FOLLOW,
        |world| world.reply(reply),
        |_, client| {
            assert_eq!(client.post((&Request::json(url(), b"{}")).into()).unwrap_err().code(), 4400);
        },
    );
}

/// The URL is kept in the response buffer: what is left of it is the room for the next answer.
#[test]
fn the_url_and_the_next_answer_share_the_buffer() {
    for length in [1, 100, 700, 880] {
        let prepare = |world: &World| {
            world.reply(to(&format!("/{}", "x".repeat(length))));
            world.reply(to(&format!("/{}", "y".repeat(length))));
            world.reply(format!("HTTP/1.1 200 OK\r\nContent-Length: 60\r\n\r\n{}", "z".repeat(60)));
        };
        both(&shapes::gts(), FOLLOW, prepare, |world, client| {
            match client.post((&Request::json(url(), b"{}")).into()) {
                Ok((status, body)) => {
                    assert_eq!((status, body), (200, vec![b'z'; 60]));
                    assert_eq!(targets(world)[2].1.len(), length + 1);
                    assert!(length < 800);
                }
                Err(error) => {
                    assert!(matches!(error.code(), 4108 | 4200 | 4403), "{error}");
                    assert!(length >= 700, "{error}");
                }
            }
        });
    }
}

/// The first attempt may have arrived, the second is redirected to where its key does not go.
#[test]
fn what_may_have_arrived_does_not_leave_without_its_key() {
    let settings = Settings { retry: RetryPolicy::DEFAULT, ..FOLLOW };
    let prepare = |world: &World| {
        world.plan(Plan { closes: Some((0, 0)), ..Plan::GOOD });
        world.reply("HTTP/1.1 200 OK\r\nContent-Length: 600\r\n\r\nx");
        world.reply(to("https://device.example:9443/x"));
    };
    both(&fixed(), settings, prepare, |world, client| {
        let outcome = client.post(Post::from(&Request::json(url(), b"{}")).with_fresh_key());
        assert_eq!(outcome, Ok((307, b"look".to_vec())));
        let seen = world.seen.borrow();
        assert!(seen.len() == 2 && seen.iter().all(|seen| seen.header("Idempotency-Key").is_some()));
    });
}
