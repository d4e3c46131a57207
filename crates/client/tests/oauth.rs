//! A token, and a request as its bearer: two POSTs to servers of rustls.

#![cfg(feature = "oauth")]

use picopost::oauth::{Authentication, ClientCredentials, TokenSource};
use picopost::{Exchange, Header, Request, Response, Trust, Url};
use picopost_testkit::chains::shapes;
use support::{Answer, Memory, OK, Pace, Rustls, URL, drive, now};

mod support;

const TOKEN: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 64\r\n\r\n\
    {\"access_token\":\"t0ken\",\"token_type\":\"Bearer\",\"expires_in\":3600}\n";

/// Posts to a new server, which answers like this: what it got.
fn post(request: &Request<'_>, answer: &[u8], then: impl FnOnce(&Response<'_>)) -> String {
    let chain = shapes::gts();
    let (anchors, mut memory) = (chain.anchors(), Memory::default());
    let mut server = Rustls::new(&chain, Answer::with(answer));
    let trust = Trust::anchors(&anchors);
    let mut exchange =
        Exchange::new(request, trust, now(), memory.buffers(), &mut getrandom::SysRng).unwrap();
    drive(&mut exchange, &mut server, Pace::default()).unwrap();
    then(&exchange.finish().unwrap());
    String::from_utf8(server.request).unwrap()
}

#[test]
fn a_token_and_its_bearer() {
    let credentials = ClientCredentials {
        token_url: Url::parse(URL).unwrap(),
        client_id: "device",
        client_secret: "secret",
        authentication: Authentication::Basic,
        parameters: &[("scope", "readings")],
    };
    let (mut memory, mut scratch) = ([0; 128], [0; 256]);
    let mut tokens = TokenSource::new(credentials, &mut memory);
    let second = now().as_secs();
    assert_eq!(tokens.authorization(second), None);

    let request = tokens.request(&mut scratch).unwrap();
    let header = request.header().unwrap();
    let request = request.as_request(header.as_slice());
    let seen = post(&request, TOKEN, |answer| tokens.take(answer, second).unwrap());
    assert!(seen.starts_with("POST /oauth/token HTTP/1.1\r\n"), "{seen}");
    assert!(seen.contains("\r\nAuthorization: Basic ZGV2aWNlOnNlY3JldA==\r\n"), "{seen}");
    assert!(seen.ends_with("\r\n\r\ngrant_type=client_credentials&scope=readings"), "{seen}");

    assert_eq!(tokens.authorization(second + 3600), None);
    let bearer = [Header::new("Authorization", tokens.authorization(second).unwrap()).unwrap()];
    let request = Request::json(Url::parse(URL).unwrap(), b"{}").with_headers(&bearer);
    let seen = post(&request, OK, |answer| assert_eq!(answer.body(), b"ok"));
    assert!(seen.contains("\r\nAuthorization: Bearer t0ken\r\n"), "{seen}");
}
