//! A session from one POST to the next.

use std::sync::Arc;

use picopost::{Buffers, Exchange, Octets, Request, Session, Trust, TrustAnchor, Url};
use picopost_testkit::chains::shapes;
use support::{Answer, Memory, OK, Pace, Rustls, URL, drive, now};

mod support;

/// One POST; whether it was resumed, and what it cost on the wire.
fn post(server: &mut Rustls, anchors: &[TrustAnchor<'_>], session: &mut Session) -> (bool, Octets) {
    let request = Request::json(Url::parse(URL).unwrap(), b"{}");
    let mut memory = Memory::default();
    let buffers = Buffers { session: Some(session), ..memory.buffers() };
    let trust = Trust::anchors(anchors);
    let mut exchange = Exchange::new(&request, trust, now(), buffers, &mut getrandom::SysRng).unwrap();
    drive(&mut exchange, server, Pace::default()).unwrap();
    let seen = (exchange.is_resumed(), exchange.octets());
    let response = exchange.finish().unwrap();
    assert_eq!((response.status().0, response.body()), (200, &b"ok"[..]));
    seen
}

#[test]
fn the_second_post_is_resumed() {
    let chain = shapes::gts();
    let (anchors, answer) = (chain.anchors(), Answer::with(OK));
    let config = Rustls::config(&chain, &answer);
    let connect = || Rustls::with_config(Arc::clone(&config), answer.clone());

    let mut session = Session::new();
    let (resumed, full) = post(&mut connect(), &anchors, &mut session);
    assert!(!resumed && session.is_available());

    // Over a deep sleep.
    let mut session = Session::import(&session.export()).unwrap();
    let (resumed, short) = post(&mut connect(), &anchors, &mut session);
    assert!(resumed);
    assert!(short.received * 2 < full.received, "no certificates: {short:?}, {full:?}");

    // A server that knows nothing of it.
    let (resumed, _) = post(&mut Rustls::new(&chain, answer.clone()), &anchors, &mut session);
    assert!(!resumed && session.is_available());
}
