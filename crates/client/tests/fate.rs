//! What can have become of the request, wherever the connection is cut.

use picopost::{Exchange, Fate, Request, Stage, Trust, Url};
use picopost_testkit::chains::shapes;
use support::{Answer, Memory, OK, Pace, Rustls, URL, drive, now};

mod support;

#[test]
fn a_request_that_is_not_sent_has_not_arrived() {
    let chain = shapes::direct();
    let anchors = chain.anchors();
    let request = Request::json(Url::parse(URL).unwrap(), b"{\"celsius\":23.5}");
    let mut fates = Vec::new();
    for cut in 0.. {
        let mut memory = Memory::default();
        let mut server = Rustls::new(&chain, Answer::with(OK));
        let trust = Trust::anchors(&anchors);
        let mut exchange =
            Exchange::new(&request, trust, now(), memory.buffers(), &mut getrandom::SysRng).unwrap();
        assert_eq!(exchange.request_fate(), Fate::NotSent);
        let outcome = drive(&mut exchange, &mut server, Pace { cut: Some(cut), ..Pace::default() });
        let fate = exchange.request_fate();
        if fate == Fate::NotSent {
            assert_eq!(server.request, b"", "cut after {cut}");
            assert!(exchange.stage() <= Stage::Finished, "cut after {cut}");
        } else {
            assert!(exchange.stage() >= Stage::Request, "cut after {cut}");
        }
        fates.push(fate);
        if outcome.is_ok() {
            break;
        }
    }
    assert!(fates.is_sorted_by_key(|fate| *fate == Fate::Unknown), "what may have arrived stays so");
    assert!(fates.first() == Some(&Fate::NotSent) && fates.last() == Some(&Fate::Unknown));
}
