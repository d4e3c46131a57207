//! Tokens: got when there is none, renewed when they end or are refused, and never where they do not
//! belong.

use picopost::oauth::{Authentication, ClientCredentials, TokenError, TokenSource};
use picopost::{Error, Post, Redirects, Request, RetryPolicy, Settings, Trust, Url, asynch, http};
use picopost_testkit::chains::shapes;

use crate::support::Memory;
use crate::world::{Lazy, Network, Plan, World, both, fixed, platform, run};

const URL: &str = "https://device.example:8443/readings";

fn request() -> Request<'static> {
    Request::json(Url::parse(URL).unwrap(), b"{\"t\":21}")
}

fn credentials(token_url: &'static str) -> ClientCredentials<'static> {
    ClientCredentials {
        token_url: Url::parse(token_url).unwrap(),
        client_id: "device-7",
        client_secret: "s3cret",
        authentication: Authentication::Basic,
        parameters: &[],
    }
}

const SAME: &str = "https://device.example:8443/token";
const OTHER: &str = "https://device.example:9443/token";

fn issued(token: &str) -> String {
    let body = format!(r#"{{"access_token":"{token}","token_type":"Bearer","expires_in":3600}}"#);
    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

const REFUSED: &str = "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Bearer realm=\"x\", error=\"invalid_token\"\r\nContent-Length: 0\r\n\r\n";
const OK: &str = crate::world::REPLY;

/// Port, path and Authorization of each request.
fn seen(world: &World) -> Vec<(u16, String, String)> {
    let path = |head: &str| head.split(' ').nth(1).unwrap().to_owned();
    let seen = world.seen.borrow();
    seen.iter()
        .map(|seen| (seen.port, path(&seen.head), seen.header("Authorization").unwrap_or("none").to_owned()))
        .collect()
}

const BASIC: &str = "Basic ZGV2aWNlLTc6czNjcmV0";

#[test]
fn a_token_is_got_once_and_kept() {
    for token_url in [SAME, OTHER] {
        let prepare = |world: &World| {
            [&issued("one"), OK, OK, &issued("two"), OK].iter().for_each(|reply| world.reply(*reply));
        };
        both(&shapes::gts(), Settings::DEFAULT, prepare, |world, client| {
            let mut memory = [0; 128];
            let mut tokens = TokenSource::new(credentials(token_url), &mut memory);
            for _ in 0..2 {
                assert_eq!(client.post(Post::from(&request()).with_tokens(&mut tokens)).unwrap().0, 200);
            }
            // A minute before its end.
            world.now.set(world.now.get() + 3_540_000);
            assert_eq!(client.post(Post::from(&request()).with_tokens(&mut tokens)).unwrap().0, 200);
            let port = if token_url == SAME { 8443 } else { 9443 };
            let expected = [
                (port, "/token", BASIC),
                (8443, "/readings", "Bearer one"),
                (8443, "/readings", "Bearer one"),
                (port, "/token", BASIC),
                (8443, "/readings", "Bearer two"),
            ]
            .map(|(port, path, value)| (port, path.to_owned(), value.to_owned()));
            assert_eq!(seen(world), expected);
            let connections: Vec<_> = world.seen.borrow().iter().map(|seen| seen.connection).collect();
            let expected = if token_url == SAME { [0, 0, 0, 1, 1] } else { [0, 1, 1, 2, 3] };
            assert_eq!(connections, expected);
        });
    }
}

#[test]
fn a_token_that_is_refused_is_renewed_once() {
    let replies = [issued("one"), REFUSED.into(), issued("two"), OK.into()];
    both(
        &shapes::gts(),
        Settings { retry: RetryPolicy::NEVER, ..Settings::DEFAULT },
        |world| replies.iter().for_each(|reply| world.reply(reply.clone())),
        |world, client| {
            let mut memory = [0; 128];
            let mut tokens = TokenSource::new(credentials(SAME), &mut memory);
            assert_eq!(client.post(Post::from(&request()).with_tokens(&mut tokens)).unwrap().0, 200);
            let values: Vec<_> = seen(world).into_iter().map(|(_, _, value)| value).collect();
            assert_eq!(values, [BASIC, "Bearer one", BASIC, "Bearer two"]);
        },
    );
    // The second is refused too: that is the answer.
    let replies = [issued("one"), REFUSED.into(), issued("two"), REFUSED.into()];
    both(
        &shapes::gts(),
        Settings::DEFAULT,
        |world| replies.iter().for_each(|reply| world.reply(reply.clone())),
        |world, client| {
            let mut memory = [0; 128];
            let mut tokens = TokenSource::new(credentials(SAME), &mut memory);
            assert_eq!(client.post(Post::from(&request()).with_tokens(&mut tokens)).unwrap().0, 401);
            assert_eq!(world.seen.borrow().len(), 4);
        },
    );
}

#[test]
fn other_refusals_are_answers() {
    for challenge in ["Bearer", "Bearer error=\"insufficient_scope\"", "Basic realm=\"x\""] {
        let refused =
            format!("HTTP/1.1 401 No\r\nWWW-Authenticate: {challenge}\r\nContent-Length: 0\r\n\r\n");
        let prepare = |world: &World| {
            world.reply(issued("one"));
            world.reply(refused.clone());
        };
        both(&shapes::gts(), Settings::DEFAULT, prepare, |world, client| {
            let mut memory = [0; 128];
            let mut tokens = TokenSource::new(credentials(SAME), &mut memory);
            assert_eq!(client.post(Post::from(&request()).with_tokens(&mut tokens)).unwrap().0, 401);
            assert_eq!(world.seen.borrow().len(), 2, "{challenge}");
        });
    }
    // Without a source nothing is renewed.
    both(
        &shapes::gts(),
        Settings::DEFAULT,
        |world| world.reply(REFUSED),
        |_, client| {
            assert_eq!(client.post((&request()).into()).unwrap().0, 401);
        },
    );
}

#[test]
fn a_token_does_not_travel_and_is_not_renewed_for_strangers() {
    let settings = Settings { redirects: Redirects::Follow { maximum: 1 }, ..Settings::DEFAULT };
    let redirect = "HTTP/1.1 307 Go\r\nLocation: https://device.example:9443/x\r\nContent-Length: 0\r\n\r\n";
    let prepare =
        |world: &World| [&issued("one"), redirect, REFUSED].iter().for_each(|reply| world.reply(*reply));
    both(&shapes::gts(), settings, prepare, |world, client| {
        let mut memory = [0; 128];
        let mut tokens = TokenSource::new(credentials(SAME), &mut memory);
        assert_eq!(client.post(Post::from(&request()).with_tokens(&mut tokens)).unwrap().0, 401);
        let values: Vec<_> = seen(world).into_iter().map(|(_, _, value)| value).collect();
        assert_eq!(values, [BASIC, "Bearer one", "none"]);
        assert!(tokens.authorization(0).is_some(), "it is still good");
    });
    // A token endpoint that sends the credentials elsewhere.
    both(
        &shapes::gts(),
        settings,
        |world| world.reply(redirect),
        |world, client| {
            let mut memory = [0; 128];
            let mut tokens = TokenSource::new(credentials(SAME), &mut memory);
            let error = client.post(Post::from(&request()).with_tokens(&mut tokens)).unwrap_err();
            assert_eq!(error, Error::Token(TokenError::Status { status: 307 }));
            assert_eq!(world.seen.borrow().len(), 1);
        },
    );
}

#[test]
fn a_token_request_is_repeated() {
    let busy = "HTTP/1.1 503 Busy\r\nRetry-After: 20\r\nContent-Length: 0\r\n\r\n";
    let gateway = "HTTP/1.1 502 Bad\r\nContent-Length: 0\r\n\r\n";
    let prepare = |world: &World| {
        [busy, gateway, &issued("one"), OK].iter().for_each(|reply| world.reply(*reply));
    };
    both(&shapes::gts(), Settings::DEFAULT, prepare, |world, client| {
        let mut memory = [0; 128];
        let mut tokens = TokenSource::new(credentials(OTHER), &mut memory);
        assert_eq!(client.post(Post::from(&request()).with_tokens(&mut tokens)).unwrap().0, 200);
        assert!(world.elapsed() >= 20_000);
        assert_eq!(world.seen.borrow().len(), 4);
    });
    // Wherever its answer is cut off, the reading arrives once.
    for at in (0..7000).step_by(211) {
        let plan = Plan { stop_received: Some((at, true)), ..Plan::GOOD };
        let is_token = |seen: &crate::world::Seen| seen.port == 9443;
        both(
            &fixed(),
            Settings::DEFAULT,
            |world| {
                world.plan(plan.clone());
                // However often a token is asked for.
                (0..2).for_each(|_| world.reply(issued("one")));
            },
            |world, client| {
                let mut memory = [0; 128];
                let mut tokens = TokenSource::new(credentials(OTHER), &mut memory);
                let outcome = client.post(Post::from(&request()).with_tokens(&mut tokens));
                assert_eq!(outcome.unwrap().0, 200, "{at}");
                let readings = world.seen.borrow().iter().filter(|seen| !is_token(seen)).count();
                assert_eq!(readings, 1, "{at}");
            },
        );
    }
    // But not where the service has understood it and says no.
    let body = r#"{"error":"invalid_client"}"#;
    let refused = format!("HTTP/1.1 401 No\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    both(
        &shapes::gts(),
        Settings::DEFAULT,
        |world| world.reply(refused.clone()),
        |world, client| {
            let mut memory = [0; 128];
            let mut tokens = TokenSource::new(credentials(OTHER), &mut memory);
            let error = client.post(Post::from(&request()).with_tokens(&mut tokens)).unwrap_err();
            assert_eq!(error.code(), 4302);
            assert_eq!(world.seen.borrow().len(), 1);
        },
    );
}

/// What was secret in a token exchange is nowhere in the caller's buffers when the POST is done, however it
/// ended.
#[test]
fn no_secret_stays_in_the_buffers() {
    let chain = shapes::gts();
    let anchors = chain.anchors();
    let failure = "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n".to_owned();
    let half = issued("one-secret-token").replace("3600}", "3600");
    for replies in [
        vec![issued("one-secret-token"), OK.to_owned()],
        vec![issued("one-secret-token"), failure],
        vec![half.clone()],
        vec![issued("one-secret-token that no header takes")],
    ] {
        let world = World::new(&chain);
        replies.iter().for_each(|reply| world.reply(reply.clone()));
        let mut buffers = Memory::new(4096, 1024, 1024);
        let mut memory = [0; 128];
        let mut tokens = TokenSource::new(credentials(OTHER), &mut memory);
        let platform = platform(&world, Lazy(Network::new(&world)));
        let mut client = asynch::Client::new(Trust::anchors(&anchors), buffers.buffers(), platform)
            .with_settings(Settings { retry: RetryPolicy::NEVER, ..Settings::DEFAULT });
        let _ = run(&world, client.post(Post::from(&request()).with_tokens(&mut tokens)));
        drop(client);
        for buffer in [&buffers.receive, &buffers.send, &buffers.response] {
            for secret in ["one-secret", "s3cret", &BASIC[6..]] {
                let found = buffer.windows(secret.len()).position(|window| window == secret.as_bytes());
                assert_eq!(found, None, "{secret}");
            }
        }
    }
}

#[test]
fn what_cannot_be_is_said_before_anything_is_sent() {
    both(
        &shapes::gts(),
        Settings::DEFAULT,
        |_| {},
        |world, client| {
            let mut memory = [0; 128];
            let mut tokens = TokenSource::new(credentials(SAME), &mut memory);
            let request = request().with_authorization(http::FieldValue::new("Bearer mine").unwrap());
            let error = client.post(Post::from(&request).with_tokens(&mut tokens)).unwrap_err();
            assert_eq!(error.code(), 1214);
            assert!(world.calls.borrow().is_empty());
        },
    );
}
