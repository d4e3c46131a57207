//! Exports of attempts that were put together here; `tests/listen/export.rs` shows them to other tools.

use std::io::{Read as _, Seek as _};
use std::net::SocketAddr;
use std::sync::Arc;

use etherparse::{NetSlice, SlicedPacket, TransportSlice};
use serde_json::{Value, json};

use super::{Export, ExportedFile, Kind, tcp};
use crate::finding::Finding;
use crate::listen::capture::{Attempt, Direction, MAX_OCTETS, Tape};
use crate::listen::event::{Closed, Event, Header, How, Line, Request, Response, Route};
use crate::listen::octets::Octets;
use crate::listen::secrets::Secrets;

fn v4() -> (SocketAddr, SocketAddr) {
    ("192.0.2.1:4711".parse().unwrap(), "192.0.2.2:8443".parse().unwrap())
}

fn request(target: &str, host: &str, body: &[u8]) -> Event {
    let header = |name: &str, value: &str| Header { name: name.to_owned(), value: value.to_owned() };
    Event::Request(Box::new(Request {
        method: "POST".to_owned(),
        target: target.to_owned(),
        version: "HTTP/1.1".to_owned(),
        headers: vec![
            header("Host", host),
            header("Cookie", "a=1; b=2"),
            header("Content-Type", "application/json"),
            header("Authorization", "Bearer 0123456789abcdef"),
        ],
        head: Octets::new(b"POST / HTTP/1.1\r\nAuthorization: Bearer 0123456789abcdef\r\n\r\n"),
        body: Octets::new(body),
        extra: Octets::default(),
        records: vec![60],
        record_microseconds: vec![2_500],
        findings: vec![Finding::note("some-code", "a note")],
    }))
}

fn response(body: &[u8]) -> Event {
    Event::Response(Response {
        status: 308,
        reason: "Permanent Redirect".to_owned(),
        route: Route::Echo,
        octets: 100,
        head: Octets::new(
            b"HTTP/1.1 308 Permanent Redirect\r\nLocation: /b\r\nContent-Type: text/plain\r\n\r\n",
        ),
        body: Octets::new(body),
    })
}

fn attempt((peer, local): (SocketAddr, SocketAddr), events: Vec<Event>) -> Attempt {
    let tape = Tape::new(7, peer, local);
    tape.segment(Direction::In, b"hello");
    tape.segment(Direction::Out, &[7; 70_000]);
    tape.key("CLIENT_RANDOM 00 11".to_owned());
    for event in events {
        tape.line(Arc::new(Line { attempt: Some(7), milliseconds: Some(5), event }));
    }
    Attempt { started_microseconds: 1_700_000_000_000_000, ..tape.end() }
}

fn exported(kind: Kind, attempts: &[Arc<Attempt>], secrets: Secrets) -> Vec<u8> {
    let mut export = Export::new(kind, secrets);
    let mut octets = export.head();
    octets.extend(attempts.iter().flat_map(|attempt| export.attempt(attempt)).collect::<Vec<u8>>());
    octets.extend(export.tail());
    octets
}

fn entries(events: Vec<Event>) -> Vec<Value> {
    let attempts = [Arc::new(attempt(v4(), events))];
    let har: Value = serde_json::from_slice(&exported(Kind::Har, &attempts, Secrets::Whole)).unwrap();
    assert_eq!(
        (&har["log"]["version"], &har["log"]["creator"]["name"]),
        (&json!("1.2"), &json!("picopost listen"))
    );
    har["log"]["entries"].as_array().unwrap().clone()
}

#[test]
fn a_har_has_requests_with_their_answers() {
    let events = vec![
        request("/a?b=c%20d&e", "device.example:8443", br#"{"a":1}"#),
        response(b"moved"),
        request("/two", "device.example", b""),
    ];
    let [first, second] = entries(events).try_into().unwrap();
    assert_eq!(first["startedDateTime"], "2023-11-14T22:13:20.002Z");
    assert_eq!(first["request"]["url"], "https://device.example:8443/a?b=c%20d&e");
    let query = json!([{"name": "b", "value": "c d"}, {"name": "e", "value": ""}]);
    assert_eq!(first["request"]["queryString"], query);
    assert_eq!(
        first["request"]["cookies"],
        json!([{"name": "a", "value": "1"}, {"name": "b", "value": "2"}])
    );
    assert_eq!(first["request"]["postData"], json!({"mimeType": "application/json", "text": r#"{"a":1}"#}));
    let answer = &first["response"];
    assert_eq!((&answer["status"], &answer["redirectURL"]), (&json!(308), &json!("/b")));
    assert_eq!(answer["content"], json!({"size": 5, "mimeType": "text/plain", "text": "moved"}));
    assert_eq!(first["timings"]["send"], 3);
    assert_eq!(first["_findings"][0]["code"], "some-code");
    // Its answer never came.
    assert_eq!((&second["response"]["status"], &second["response"]["bodySize"]), (&json!(0), &json!(-1)));
    assert_eq!(second["request"].get("postData"), None);
}

#[test]
fn what_is_no_utf_8_is_exact_all_the_same() {
    let [entry] = entries(vec![request("/", "x", b"a\xff"), response(b"\xfe")]).try_into().unwrap();
    assert_eq!(entry["request"]["postData"]["_base64"], "Yf8=");
    let content = &entry["response"]["content"];
    assert_eq!((&content["text"], &content["encoding"]), (&json!("/g=="), &json!("base64")));
}

#[test]
fn hostile_targets_and_hosts_make_urls_all_the_same() {
    for (target, host, expected) in [
        ("/<\"\u{e9}\\ #", "x", "https://x/%3C%22%C3%A9%5C%20%23"),
        ("*", "x", "https://x/*"),
        ("/", "a b", "https://192.0.2.2:8443/"),
        ("/", "x:99999", "https://192.0.2.2:8443/"),
        ("/", "evil/@", "https://192.0.2.2:8443/"),
        ("/", "a:b:1", "https://192.0.2.2:8443/"),
        ("/", "", "https://192.0.2.2:8443/"),
    ] {
        let [entry] = entries(vec![request(target, host, b"")]).try_into().unwrap();
        assert_eq!(entry["request"]["url"], expected);
    }
}

#[test]
fn ndjson_reads_back() {
    let attempts = [1, 2].map(|_| Arc::new(attempt(v4(), vec![request("/", "x", b"{}"), response(b"y")])));
    let octets = exported(Kind::Ndjson, &attempts, Secrets::Whole);
    let read: Vec<Attempt> =
        str::from_utf8(&octets).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(read, attempts.map(Arc::unwrap_or_clone));
}

#[test]
fn secrets_are_masked_in_every_kind() {
    let body = br#"{"client_secret":"0123456789abcdef"}"#;
    let attempts = [Arc::new(attempt(v4(), vec![request("/", "x", body), response(b"y")]))];
    for kind in [Kind::Har, Kind::Ndjson, Kind::Pcapng] {
        let holds = |secrets, needle: &[u8]| {
            exported(kind, &attempts, secrets).windows(needle.len()).any(|window| window == needle)
        };
        assert!(!holds(Secrets::Shortened, b"0123456789abcdef"), "{kind:?}");
        assert!(!holds(Secrets::Shortened, b"CLIENT_RANDOM"), "{kind:?}");
        let secret: &[u8] = if kind == Kind::Pcapng { b"CLIENT_RANDOM 00 11\n" } else { b"0123456789abcdef" };
        assert!(holds(Secrets::Whole, secret), "{kind:?}");
    }
    let masked = exported(Kind::Pcapng, &attempts, Secrets::Shortened);
    assert!(String::from_utf8_lossy(&masked).contains("--show-secrets puts them in"));
}

/// Flags, sequence number, acknowledgment and octets of each packet; checksums are held against
/// etherparse's own reading of them.
fn packets(attempt: &Attempt) -> Vec<(String, u32, u32, usize)> {
    let packets = tcp::packets(attempt);
    let mut times: Vec<u64> = packets.iter().map(|packet| packet.microseconds).collect();
    times.dedup();
    assert!(times.is_sorted() && times[0] == attempt.started_microseconds);
    packets.iter().map(|packet| describe(&packet.octets)).collect()
}

fn describe(octets: &[u8]) -> (String, u32, u32, usize) {
    let sliced = SlicedPacket::from_ip(octets).unwrap();
    let Some(TransportSlice::Tcp(tcp)) = sliced.transport else { panic!() };
    let checksum = match sliced.net.unwrap() {
        NetSlice::Ipv4(ip) => {
            let header = ip.header();
            assert_eq!(header.to_header().calc_header_checksum(), header.header_checksum());
            tcp.calc_checksum_ipv4(header.source(), header.destination())
        }
        NetSlice::Ipv6(ip) => tcp.calc_checksum_ipv6(ip.header().source(), ip.header().destination()),
        NetSlice::Arp(_) => panic!(),
    };
    assert_eq!(checksum.unwrap(), tcp.checksum());
    let flags = [(tcp.syn(), 'S'), (tcp.ack(), 'A'), (tcp.psh(), 'P'), (tcp.fin(), 'F'), (tcp.rst(), 'R')];
    let flags = flags.iter().filter(|(set, _)| *set).map(|(_, name)| name).collect();
    (flags, tcp.sequence_number(), tcp.acknowledgment_number(), tcp.payload().len())
}

fn closed(how: How) -> Event {
    Event::Closed(Closed { how, alert: None, octets_in: 5, octets_out: 70_000, findings: Vec::new() })
}

#[test]
fn packets_are_a_connection_from_beginning_to_end() {
    let expected = |rest: &[(&str, u32, u32, usize)]| {
        let opened = [
            ("S", 0, 0, 0),
            ("SA", 0, 1, 0),
            ("A", 1, 1, 0),
            ("AP", 1, 1, 5),
            ("AP", 1, 6, 32_768),
            ("AP", 32_769, 6, 32_768),
            ("AP", 65_537, 6, 4_464),
        ];
        let all = opened.iter().chain(rest);
        all.map(|(flags, from, to, length)| ((*flags).to_owned(), *from, *to, *length)).collect::<Vec<_>>()
    };
    let both: &[_] = &[("AF", 6, 70_001, 0), ("AF", 70_001, 7, 0), ("A", 7, 70_002, 0)];
    let v6 = ("[2001:db8::1]:4711".parse().unwrap(), "[2001:db8::2]:8443".parse().unwrap());
    let mapped = ("[::ffff:192.0.2.1]:4711".parse().unwrap(), "192.0.2.2:8443".parse().unwrap());
    for addresses in [v4(), v6, mapped] {
        for (how, end) in [
            (How::CloseNotify, both),
            (How::Fin, both),
            (How::Alert, both),
            (How::Reset, &[("AR", 6, 70_001, 0)]),
            (How::TimedOut, &[("AF", 70_001, 6, 0)]),
        ] {
            assert_eq!(packets(&attempt(addresses, vec![closed(how)])), expected(end), "{how:?}");
        }
    }
    let goes_on = Attempt { complete: false, ..attempt(v4(), vec![closed(How::Fin)]) };
    assert_eq!(packets(&goes_on), expected(&[]));
}

#[test]
fn octets_that_were_not_kept_are_a_gap() {
    let (peer, local) = v4();
    let tape = Tape::new(1, peer, local);
    tape.segment(Direction::In, &[1; MAX_OCTETS]);
    tape.segment(Direction::In, &[2; 100]);
    tape.segment(Direction::Out, &[3; 100]);
    let attempt = Attempt { complete: true, ..tape.end() };
    let kept = u32::try_from(MAX_OCTETS).unwrap();
    // The client's next octet, after the gap, is what the server acknowledges.
    let last = packets(&Attempt {
        lines: vec![Arc::new(Line { attempt: Some(1), milliseconds: Some(9_999), event: closed(How::Fin) })],
        ..attempt
    });
    assert_eq!(last.len(), 3 + MAX_OCTETS / (32 * 1024) + 3);
    assert_eq!(last[last.len() - 3], ("AF".to_owned(), kept + 101, 101, 0));
}

#[test]
fn a_file_is_whole_after_each_attempt() {
    let attempts = [1, 2, 3].map(|_| Arc::new(attempt(v4(), vec![request("/", "x", b"{}"), response(b"y")])));
    let silent = attempt(v4(), vec![closed(How::Fin)]);
    for kind in [Kind::Har, Kind::Ndjson, Kind::Pcapng] {
        let mut file = tempfile::tempfile().unwrap();
        let mut exports = ExportedFile::new(file.try_clone().unwrap(), kind, Secrets::Whole).unwrap();
        let mut content = || {
            let mut octets = Vec::new();
            file.rewind().unwrap();
            file.read_to_end(&mut octets).unwrap();
            octets
        };
        assert_eq!(content(), exported(kind, &[], Secrets::Whole));
        for count in 1..=attempts.len() {
            exports.add(&attempts[count - 1]).unwrap();
            assert_eq!(content(), exported(kind, &attempts[..count], Secrets::Whole), "{kind:?}");
        }
        exports.add(&silent).unwrap();
        if kind == Kind::Har {
            assert_eq!(content(), exported(kind, &attempts, Secrets::Whole), "no request, no entry");
        }
    }
}
