use std::net::SocketAddr;

use super::super::event::{
    Alert, Anchors, Blame, ClientHello, Closed, CodePoints, Event, Handshake, HandshakeFailed, HandshakeKind,
    Header, How, KeyShare, Line, Listening, NotTls, NotTlsKind, Request, Response, Route, Summary, Tcp,
};
use super::super::octets::Octets;
use crate::ca::Shape;
use crate::finding::{Finding, Part};

fn text(event: Event) -> String {
    super::line(&Line { attempt: Some(3), milliseconds: Some(12), event })
}

fn json(event: Event) -> String {
    serde_json::to_string(&Line { attempt: Some(3), milliseconds: Some(12), event }).unwrap()
}

fn strings(list: &[&str]) -> Vec<String> {
    list.iter().map(|text| (*text).to_owned()).collect()
}

fn octets(octets: &[u8]) -> Octets {
    Octets::new(octets)
}

fn address(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}

fn client_hello() -> ClientHello {
    ClientHello {
        second: false,
        octets: 240,
        records: 1,
        server_name: Some("picopost.test".to_owned()),
        versions: strings(&["TLS 1.3"]),
        cipher_suites: strings(&["TLS_CHACHA20_POLY1305_SHA256", "TLS_AES_128_GCM_SHA256"]),
        groups: strings(&["x25519"]),
        key_shares: vec![KeyShare { group: "x25519".to_owned(), octets: 32 }],
        signature_algorithms: strings(&[
            "ecdsa_secp256r1_sha256",
            "ecdsa_secp384r1_sha384",
            "rsa_pss_rsae_sha256",
            "rsa_pkcs1_sha256",
        ]),
        alpn: strings(&["http/1.1"]),
        session_id_octets: 32,
        record_size_limit: Some(4096),
        max_fragment_length: Some(4096),
        pre_shared_key: true,
        post_quantum: false,
        extensions: strings(&["server_name", "key_share"]),
        ja4: Some("t13d0202h1_88d8eb61a8ee_6270f4836d8f".to_owned()),
        code_points: CodePoints { extensions: vec![0, 51], ..CodePoints::default() },
        findings: vec![
            Finding::warning("some-code", "a warning").hint("a hint"),
            Finding::note("other", "a note"),
        ],
    }
}

#[test]
fn listening() {
    let event = Event::Listening(Listening {
        url: "https://localhost:8443".to_owned(),
        address: address(8443),
        port: 8443,
        chain: Shape::LetsEncrypt,
        keys: Shape::LetsEncrypt.describe(),
        names: strings(&["localhost", "127.0.0.1"]),
        page: Some("http://127.0.0.1:8480/".to_owned()),
        store: Some("attempts.db".to_owned()),
        anchors: Anchors {
            anchors: "/ca/anchors.pem".to_owned(),
            root: "/ca/lets-encrypt/root.der".to_owned(),
            new_ca: true,
        },
        anchors_files: strings(&["anchors.h"]),
        addresses: vec!["192.0.2.7".parse().unwrap()],
        snippet: None,
    });
    let line = Line { attempt: None, milliseconds: None, event };
    assert_eq!(
        super::line(&line),
        "\
listening on https://localhost:8443 (127.0.0.1:8443)
    chain          lets-encrypt: P-256 leaf, P-384 intermediate, P-384 root
    names          localhost, 127.0.0.1
    page           http://127.0.0.1:8480/
    store          attempts.db
    anchors        /ca/anchors.pem
    root           /ca/lets-encrypt/root.der
    a new CA: build its anchors into the firmware
    anchors files  anchors.h
    for devices    not reachable: `--bind 0.0.0.0` lets them in, at 192.0.2.7
"
    );
    assert_eq!(
        serde_json::to_string(&line).unwrap(),
        r#"{"event":"listening","url":"https://localhost:8443","address":"127.0.0.1:8443","port":8443,"chain":"lets-encrypt","keys":"P-256 leaf, P-384 intermediate, P-384 root","names":["localhost","127.0.0.1"],"page":"http://127.0.0.1:8480/","store":"attempts.db","anchors":"/ca/anchors.pem","root":"/ca/lets-encrypt/root.der","new_ca":true,"anchors_files":["anchors.h"],"addresses":["192.0.2.7"]}"#
    );
}

#[test]
fn tcp_and_client_hello() {
    assert_eq!(
        text(Event::Tcp(Tcp { peer: address(5000), local: address(8443) })),
        "#3    12 ms  TCP          from 127.0.0.1:5000\n"
    );
    assert_eq!(
        text(Event::ClientHello(Box::new(client_hello()))),
        "\
#3    12 ms  ClientHello  240 octets in 1 record
    server name    picopost.test
    versions       TLS 1.3
    cipher suites  TLS_CHACHA20_POLY1305_SHA256, TLS_AES_128_GCM_SHA256
    groups         x25519
    key shares     x25519 (32 octets)
    signatures     ecdsa_secp256r1_sha256, ecdsa_secp384r1_sha384, rsa_pss_rsae_sha256,
                   rsa_pkcs1_sha256
    ALPN           http/1.1
    session id     32 octets
    record limit   4096 octets (record_size_limit)
    fragment limit 4096 octets (max_fragment_length)
    resumption     offers an earlier session (pre_shared_key)
    extensions     server_name, key_share
    JA4            t13d0202h1_88d8eb61a8ee_6270f4836d8f
    warning: a warning
      hint: a hint
    note: a note
"
    );
    assert_eq!(
        text(Event::ClientHello(Box::new(ClientHello { second: true, ..ClientHello::default() }))),
        "\
#3    12 ms  ClientHello  the second, 0 octets in 0 records
    server name    none
    ALPN           none
    session id     0 octets
"
    );
    assert_eq!(
        json(Event::ClientHello(Box::new(client_hello()))),
        r#"{"attempt":3,"milliseconds":12,"event":"client_hello","second":false,"octets":240,"records":1,"server_name":"picopost.test","versions":["TLS 1.3"],"cipher_suites":["TLS_CHACHA20_POLY1305_SHA256","TLS_AES_128_GCM_SHA256"],"groups":["x25519"],"key_shares":[{"group":"x25519","octets":32}],"signature_algorithms":["ecdsa_secp256r1_sha256","ecdsa_secp384r1_sha384","rsa_pss_rsae_sha256","rsa_pkcs1_sha256"],"alpn":["http/1.1"],"session_id_octets":32,"record_size_limit":4096,"max_fragment_length":4096,"pre_shared_key":true,"post_quantum":false,"extensions":["server_name","key_share"],"ja4":"t13d0202h1_88d8eb61a8ee_6270f4836d8f","code_points":{"legacy_version":0,"versions":[],"cipher_suites":[],"groups":[],"key_shares":[],"signature_algorithms":[],"extensions":[0,51],"alpn":[],"psk_key_exchange_modes":[]},"findings":[{"code":"some-code","severity":"warning","title":"a warning","hint":"a hint"},{"code":"other","severity":"note","title":"a note"}]}"#
    );
}

#[test]
fn not_tls() {
    let event = Event::NotTls(NotTls {
        kind: NotTlsKind::PlainHttp,
        received: octets(b"POST / HTTP/1.1\r\n\r\n"),
        answer: Some("HTTP/1.1 400 Bad Request".to_owned()),
        findings: vec![Finding::error("plain-http", "HTTP without TLS on a TLS port").hint("use https")],
    });
    assert_eq!(
        text(event.clone()),
        "\
#3    12 ms  not TLS      plain HTTP, 19 octets
    | POST / HTTP/1.1\\r\\n
    | \\r\\n
    answered       HTTP/1.1 400 Bad Request
    error: HTTP without TLS on a TLS port
      hint: use https
"
    );
    assert_eq!(
        json(event),
        r#"{"attempt":3,"milliseconds":12,"event":"not_tls","kind":"plain_http","received":{"count":19,"text":"POST / HTTP/1.1\\r\\n\\r\\n","omitted":0},"answer":"HTTP/1.1 400 Bad Request","findings":[{"code":"plain-http","severity":"error","title":"HTTP without TLS on a TLS port","hint":"use https"}]}"#
    );
}

#[test]
fn handshakes() {
    let handshake = Handshake {
        version: "TLS 1.3".to_owned(),
        cipher_suite: "TLS_AES_128_GCM_SHA256".to_owned(),
        group: Some("x25519".to_owned()),
        alpn: None,
        kind: HandshakeKind::FullWithHelloRetryRequest,
        octets_in: 400,
        octets_out: 1600,
    };
    assert_eq!(
        text(Event::Handshake(handshake.clone())),
        "\
#3    12 ms  handshake    done: TLS 1.3, TLS_AES_128_GCM_SHA256, x25519, no ALPN, after a HelloRetryRequest
    octets         400 in, 1600 out
"
    );
    assert_eq!(
        json(Event::Handshake(handshake)),
        r#"{"attempt":3,"milliseconds":12,"event":"handshake","version":"TLS 1.3","cipher_suite":"TLS_AES_128_GCM_SHA256","group":"x25519","alpn":null,"kind":"full_with_hello_retry_request","octets_in":400,"octets_out":1600}"#
    );
    let failed = HandshakeFailed {
        blame: Blame::Client,
        reason: "the client broke off with an alert".to_owned(),
        alert: Some(Alert { number: 48, name: "unknown_ca".into(), meaning: "the peer trusts none".into() }),
        hint: Some("build the roots in".to_owned()),
        findings: vec![Finding::error("unknown-ca", "the client broke off with an alert")],
    };
    assert_eq!(
        text(Event::HandshakeFailed(failed.clone())),
        "\
#3    12 ms  handshake    failed: the client broke off with an alert
    alert received unknown_ca (48): the peer trusts none
      hint: build the roots in
"
    );
    assert_eq!(
        text(Event::HandshakeFailed(HandshakeFailed { blame: Blame::Server, hint: None, ..failed.clone() })),
        "\
#3    12 ms  handshake    failed: the client broke off with an alert
    alert sent     unknown_ca (48)
"
    );
    assert_eq!(
        json(Event::HandshakeFailed(failed)),
        r#"{"attempt":3,"milliseconds":12,"event":"handshake_failed","blame":"client","reason":"the client broke off with an alert","alert":{"number":48,"name":"unknown_ca","meaning":"the peer trusts none"},"hint":"build the roots in","findings":[{"code":"unknown-ca","severity":"error","title":"the client broke off with an alert"}]}"#
    );
}

#[test]
fn request_and_answer() {
    let request = Request {
        method: "POST".to_owned(),
        target: "/a".to_owned(),
        version: "HTTP/1.1".to_owned(),
        headers: vec![Header { name: "Content-Length".to_owned(), value: "2".to_owned() }],
        head: octets(b"POST /a HTTP/1.1\r\nContent-Length: 2\r\n\r\n"),
        body: octets(b"{}"),
        extra: octets(b"\r\n"),
        records: vec![39, 1, 1, 2],
        record_microseconds: vec![5, 6, 7, 8],
        findings: vec![
            Finding::error("first", "a cause"),
            Finding::error("second", "what follows").depends_on("first").hint("a hint"),
        ],
    };
    assert_eq!(
        text(Event::Request(Box::new(request.clone()))),
        "\
#3    12 ms  request      POST /a HTTP/1.1
    octets         head 39, body 2, in 4 records (39, 1, 1, 2)
    | POST /a HTTP/1.1\\r\\n
    | Content-Length: 2\\r\\n
    | \\r\\n
    | {}
    then           2 octets
    | \\r\\n
    error: a cause
      error: what follows
        hint: a hint
"
    );
    assert_eq!(
        json(Event::Request(Box::new(request))),
        r#"{"attempt":3,"milliseconds":12,"event":"request","method":"POST","target":"/a","version":"HTTP/1.1","headers":[{"name":"Content-Length","value":"2"}],"head":{"count":39,"text":"POST /a HTTP/1.1\\r\\nContent-Length: 2\\r\\n\\r\\n","omitted":0},"body":{"count":2,"text":"{}","omitted":0},"extra":{"count":2,"text":"\\r\\n","omitted":0},"records":[39,1,1,2],"record_microseconds":[5,6,7,8],"findings":[{"code":"first","severity":"error","title":"a cause"},{"code":"second","severity":"error","title":"what follows","hint":"a hint","depends_on":"first"}]}"#
    );
    let response = Response {
        status: 401,
        reason: "Unauthorized".to_owned(),
        route: Route::Token,
        octets: 300,
        head: octets(b"HTTP/1.1 401 Unauthorized\r\n\r\n"),
        body: octets(b"{}\n"),
    };
    assert_eq!(
        text(Event::Response(response.clone())),
        "\
#3    12 ms  answer       401 Unauthorized, 300 octets: the token endpoint
    | {}
"
    );
    assert_eq!(
        json(Event::Response(response)),
        r#"{"attempt":3,"milliseconds":12,"event":"response","status":401,"reason":"Unauthorized","route":"token","octets":300,"head":{"count":29,"text":"HTTP/1.1 401 Unauthorized\\r\\n\\r\\n","omitted":0},"body":{"count":3,"text":"{}\\n","omitted":0}}"#
    );
}

#[test]
fn a_request_that_is_not_understood_and_many_records() {
    let mut long = octets(&[b'a'; 10]);
    long.omitted = 90;
    let request = Request {
        method: String::new(),
        target: String::new(),
        version: String::new(),
        headers: Vec::new(),
        head: long,
        body: octets(b""),
        extra: octets(b""),
        records: vec![10; 9],
        record_microseconds: vec![5; 9],
        findings: Vec::new(),
    };
    assert_eq!(
        text(Event::Request(Box::new(request))),
        "\
#3    12 ms  request      not understood
    octets         head 10, body 0, in 9 records (10, 10, 10, 10, 10, 10, 10, 10, …)
    | aaaaaaaaaa
    … and 90 octets more
"
    );
}

#[test]
fn closed_and_summary() {
    let closed = Closed { how: How::Fin, alert: None, octets_in: 10, octets_out: 20, findings: Vec::new() };
    assert_eq!(
        text(Event::Closed(closed.clone())),
        "#3    12 ms  closed       by the client, without close_notify; 10 octets in, 20 out\n"
    );
    assert_eq!(
        json(Event::Closed(closed)),
        r#"{"attempt":3,"milliseconds":12,"event":"closed","how":"fin","alert":null,"octets_in":10,"octets_out":20,"findings":[]}"#
    );
    let summary = Event::Summary(Summary { attempts: 1, handshakes: 1, requests: 1, good_answers: 0 });
    let line = Line { attempt: None, milliseconds: None, event: summary };
    assert_eq!(super::line(&line), "1 attempt, 1 with a handshake, 1 with a request, 0 with a good answer\n");
}

#[test]
fn clients_do_not_steer_the_terminal() {
    let hello = ClientHello { server_name: Some("\x1b[2Jx\n#4".to_owned()), ..ClientHello::default() };
    assert!(text(Event::ClientHello(Box::new(hello))).contains("    server name    \\u{1b}[2Jx\\n#4\n"));
}

#[test]
fn a_caret_shows_the_place() {
    let body = b"{\n  \"na\xc3\xafve\": 1,\n}";
    let at = body.iter().rposition(|octet| *octet == b',').unwrap();
    let request = Request {
        body: octets(body),
        findings: vec![
            Finding::error("json-trailing-comma", "a comma").at(Part::Body, at..at + 1),
            Finding::error("json-sent-as-form", "all of it").at(Part::Body, 0..body.len()),
        ],
        ..Request::default()
    };
    let text = text(Event::Request(Box::new(request)));
    let expected =
        "    error: a comma\n      |   \"naïve\": 1,\n      |             ^\n    error: all of it\n";
    assert!(text.ends_with(expected), "{text}");
}
