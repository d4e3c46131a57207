//! The client with authorisation servers that others wrote, behind nginx as an edge that has a word of its own:
//! tokens in the three ways, what is said to wrong credentials, and what the edge says when it blocks, when its
//! origin is gone or silent, and when it has had enough.

use std::time::Duration;

use picopost::oauth::{Authentication, ClientCredentials, TokenSource};
use picopost::{
    Attempt, Buffers, Ending, Error, Observer, Platform, Post, Request, RequestKey, RetryPolicy, Settings,
    Trust, TrustAnchor, UnixTime, Url,
};
use picopost_counterparts::oauth::{BASIC, DJANGO, FORM, SECRET, Servers};
use picopost_faults::tcp::Network;
use picopost_testkit::chains::{NOW, shapes};
use xtask::error::Failure;

/// Runs all cases: what failed, one line each, and how many there were.
///
/// # Errors
/// A server cannot be had, or does not start.
pub fn run() -> Result<(Vec<String>, usize), Failure> {
    let servers = Servers::start()?;
    let anchors = shapes::direct().anchors();
    let desk = Desk { port: servers.port, anchors: &anchors };
    let mut failures = Vec::new();
    for (name, case) in CASES {
        match case(&desk) {
            Ok(()) => println!("good: {name}"),
            Err(why) => failures.push(format!("{name}: {why}")),
        }
    }
    Ok((failures, CASES.len()))
}

type Case = fn(&Desk<'_>) -> Result<(), String>;

const CASES: [(&str, Case); 14] = [
    ("a token by Basic authentication, and two readings with it", by_basic),
    ("a token where nothing but Basic authentication is taken", by_basic_alone),
    ("a token by form, and two readings with it", by_form),
    ("a token by JSON, and two readings with it", by_json),
    ("a token that was revoked is renewed once", renewed),
    ("a wrong secret", wrong_secret),
    ("credentials in a way that the service does not take", another_way),
    ("a scope that does not exist", wrong_scope),
    ("the edge blocks the token request", token_blocked),
    ("nobody is behind the edge: the token request", token_gone),
    ("the edge blocks a reading", reading_blocked),
    ("nobody is behind the edge: a reading", reading_gone),
    ("who is behind the edge does not answer", reading_silent),
    ("the edge has had enough", limited),
];

/// Who posts.
struct Desk<'d> {
    port: u16,
    anchors: &'d [TrustAnchor<'d>],
}

/// What came of a POST.
#[derive(Debug)]
struct Came {
    outcome: Result<(u16, String), Error>,
    /// Each attempt: status or number of the error, and how long it waited then, in milliseconds.
    attempts: Vec<(u16, Option<u128>)>,
}

impl Came {
    fn code(&self) -> u16 {
        match &self.outcome {
            Ok((status, _)) => *status,
            Err(error) => error.code(),
        }
    }

    /// The answer or error, and each attempt.
    fn is(&self, code: u16, attempts: &[u16]) -> Result<(), String> {
        let made: Vec<u16> = self.attempts.iter().map(|(code, _)| *code).collect();
        let is_it = self.code() == code && made == attempts;
        if is_it { Ok(()) } else { Err(format!("not {code} after {attempts:?}, but {self:?}")) }
    }

    fn says(&self, part: &str) -> Result<(), String> {
        match &self.outcome {
            Ok((_, body)) if body.contains(part) => Ok(()),
            other => Err(format!("`{part}` is not in {other:?}")),
        }
    }
}

#[derive(Default)]
struct Watcher(Vec<(u16, Option<u128>)>);

impl Observer for Watcher {
    fn attempt(&mut self, attempt: &Attempt<'_>) {
        let code = match attempt.ending {
            Ending::Failed { error, .. } => error.code(),
            Ending::Answered { status, .. } => status.0,
        };
        self.0.push((code, attempt.wait.map(|wait| wait.as_millis())));
    }
}

/// Nobody waits here: it is seen what would have been waited.
struct NoDelay;

impl embedded_hal::delay::DelayNs for NoDelay {
    fn delay_ns(&mut self, _: u32) {}
}

/// The parts of one POST.
#[derive(Clone, Copy)]
struct Reading<'r> {
    path: &'r str,
    body: &'r str,
    key: Option<RequestKey>,
}

impl<'r> Reading<'r> {
    fn to(path: &'r str) -> Self {
        Self { path, body: r#"{"celsius":21.5}"#, key: None }
    }
}

impl Desk<'_> {
    fn url(&self, path: &str) -> String {
        format!("https://device.example:{}{path}", self.port)
    }

    /// Posts readings one after the other, with one client.
    fn post(&self, readings: &[Reading<'_>], mut tokens: Option<&mut TokenSource<'_>>) -> Vec<Came> {
        let (mut receive, mut send, mut response) = ([0; 4096], [0; 1024], [0; 2048]);
        let start = std::time::Instant::now();
        let platform = Platform {
            transport: Network::default(),
            delay: NoDelay,
            uptime: || u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX),
            clock: UnixTime::since_unix_epoch(Duration::from_secs(NOW)),
            entropy: getrandom::SysRng,
        };
        let retry = RetryPolicy { attempts: 3, ..RetryPolicy::DEFAULT };
        let buffers = Buffers::new(&mut receive, &mut send, &mut response);
        let mut client = picopost::blocking::Client::new(Trust::anchors(self.anchors), buffers, platform)
            .with_settings(Settings { retry, ..Settings::DEFAULT });
        let mut all = Vec::new();
        for reading in readings {
            let url = self.url(reading.path);
            let request = Request::json(Url::parse(&url).expect("a URL"), reading.body.as_bytes());
            let request = match &reading.key {
                Some(key) => request.with_idempotency_key(key.value().expect("a header's value")),
                None => request,
            };
            let mut watcher = Watcher::default();
            let mut post = Post::from(&request).observed_by(&mut watcher);
            if let Some(tokens) = tokens.as_deref_mut() {
                post = post.with_tokens(tokens);
            }
            let outcome = client
                .post(post)
                .map(|response| (response.status().0, String::from_utf8_lossy(response.body()).into_owned()));
            all.push(Came { outcome, attempts: watcher.0 });
        }
        all
    }

    /// The same with tokens of this client from this path.
    fn post_with(&self, client: &Client<'_>, readings: &[Reading<'_>]) -> Vec<Came> {
        let (url, mut memory) = (self.url(client.path), [0; 512]);
        let mut tokens = TokenSource::new(client.credentials(&url), &mut memory);
        self.post(readings, Some(&mut tokens))
    }
}

/// A client of an authorisation server.
#[derive(Clone, Copy)]
struct Client<'c> {
    path: &'c str,
    id: &'c str,
    secret: &'c str,
    authentication: Authentication,
    scope: &'c [(&'c str, &'c str)],
}

impl<'c> Client<'c> {
    const BASIC: Self = Self {
        path: "/token",
        id: BASIC,
        secret: SECRET,
        authentication: Authentication::Basic,
        scope: &[("scope", "readings:write")],
    };
    const FORM: Self = Self { id: FORM, authentication: Authentication::Form, ..Self::BASIC };
    const JSON: Self =
        Self { path: "/json/token", id: DJANGO, authentication: Authentication::Json, ..Self::BASIC };

    fn credentials(&self, url: &'c str) -> ClientCredentials<'c> {
        ClientCredentials {
            token_url: Url::parse(url).expect("a URL"),
            client_id: self.id,
            client_secret: self.secret,
            authentication: self.authentication,
            parameters: self.scope,
        }
    }
}

fn both_arrive(desk: &Desk<'_>, client: &Client<'_>, path: &str) -> Result<(), String> {
    for came in desk.post_with(client, &[Reading::to(path), Reading::to(path)]) {
        came.is(201, &[201])?;
        came.says(client.id)?;
        came.says("21.5")?;
    }
    Ok(())
}

fn by_basic(desk: &Desk<'_>) -> Result<(), String> {
    both_arrive(desk, &Client::BASIC, "/readings")
}

fn by_basic_alone(desk: &Desk<'_>) -> Result<(), String> {
    let client = Client { authentication: Authentication::Basic, path: "/basic/token", ..Client::JSON };
    both_arrive(desk, &client, "/json/readings")
}

fn by_form(desk: &Desk<'_>) -> Result<(), String> {
    both_arrive(desk, &Client::FORM, "/readings")
}

fn by_json(desk: &Desk<'_>) -> Result<(), String> {
    both_arrive(desk, &Client::JSON, "/json/readings")
}

fn renewed(desk: &Desk<'_>) -> Result<(), String> {
    let (url, mut memory) = (desk.url("/token"), [0; 512]);
    let mut tokens = TokenSource::new(Client::BASIC.credentials(&url), &mut memory);
    let last = Reading { body: r#"{"revoke":true}"#, ..Reading::to("/readings") };
    let mut seen = Vec::new();
    for reading in [last, Reading::to("/readings")] {
        for came in desk.post(&[reading], Some(&mut tokens)) {
            came.is(201, &[201])?;
        }
        seen.push(tokens.authorization(NOW).map(str::to_owned));
    }
    match &seen[..] {
        [Some(first), Some(second)] if first != second => Ok(()),
        other => Err(format!("it is still the same, or there is none: {}", other.len())),
    }
}

fn wrong_secret(desk: &Desk<'_>) -> Result<(), String> {
    for client in [Client::BASIC, Client::FORM, Client::JSON] {
        let client = Client { secret: "wrong", ..client };
        desk.post_with(&client, &[Reading::to("/readings")])[0].is(4302, &[4302])?;
    }
    Ok(())
}

fn another_way(desk: &Desk<'_>) -> Result<(), String> {
    let ways = [
        (Client { authentication: Authentication::Form, path: "/basic/token", ..Client::JSON }, 4302),
        // A service that wants a form finds nothing in JSON, and the reverse.
        (Client { authentication: Authentication::Json, ..Client::FORM }, 4301),
        (Client { authentication: Authentication::Form, ..Client::JSON }, 4305),
    ];
    for (client, code) in ways {
        desk.post_with(&client, &[Reading::to("/readings")])[0].is(code, &[code])?;
    }
    Ok(())
}

fn wrong_scope(desk: &Desk<'_>) -> Result<(), String> {
    let scope = &[("scope", "everything")];
    let reading = [Reading::to("/readings")];
    desk.post_with(&Client { scope, ..Client::JSON }, &reading)[0].is(4306, &[4306])?;
    // oidc-provider leaves out what it does not know: the token is good for nothing, and so is the next.
    desk.post_with(&Client { scope, ..Client::BASIC }, &reading)[0].is(401, &[401])
}

fn token_blocked(desk: &Desk<'_>) -> Result<(), String> {
    let client = Client { path: "/guarded/token", ..Client::BASIC };
    // A page for people, and no use in asking again.
    desk.post_with(&client, &[Reading::to("/readings")])[0].is(4310, &[403])
}

fn token_gone(desk: &Desk<'_>) -> Result<(), String> {
    let client = Client { path: "/gone/token", ..Client::BASIC };
    // A token request may be repeated, and 520 may pass.
    desk.post_with(&client, &[Reading::to("/readings")])[0].is(4310, &[520, 520, 520])
}

fn reading_blocked(desk: &Desk<'_>) -> Result<(), String> {
    let came = &desk.post_with(&Client::BASIC, &[Reading::to("/guarded/readings")])[0];
    came.is(403, &[403])?;
    came.says("Sorry, you have been blocked")
}

fn reading_gone(desk: &Desk<'_>) -> Result<(), String> {
    let reading = Reading::to("/gone/readings");
    desk.post(&[reading], None)[0].is(520, &[520])?;
    let key = RequestKey::new(&mut getrandom::SysRng).map_err(|error| error.to_string())?;
    desk.post(&[Reading { key: Some(key), ..reading }], None)[0].is(520, &[520, 520, 520])
}

fn reading_silent(desk: &Desk<'_>) -> Result<(), String> {
    desk.post(&[Reading::to("/silent/readings")], None)[0].is(504, &[504])
}

fn limited(desk: &Desk<'_>) -> Result<(), String> {
    let reading = Reading::to("/limited/readings");
    let all = desk.post_with(&Client::BASIC, &[reading, reading]);
    all[0].is(201, &[201])?;
    all[1].is(429, &[429, 429, 429])?;
    let waits: Vec<u128> = all[1].attempts.iter().filter_map(|(_, wait)| *wait).collect();
    // Retry-After says 30 s.
    let is_long = waits.len() == 2 && waits.iter().all(|wait| (30_000..40_000).contains(wait));
    if is_long { Ok(()) } else { Err(format!("it waits {waits:?} ms")) }
}
