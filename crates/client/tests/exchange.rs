//! The whole exchange against rustls as the server, in memory.

use picopost::http::{self, End};
use picopost::{Action, Error, Exchange, Octets, Request, Stage, Trust, Url, tls};
use picopost_testkit::chains::{Chain, faulty, shapes};
use support::{Answer, Memory, OK, Outcome, Pace, Rustls, URL, drive, now, post};

mod support;

const BODY: &[u8] = br#"{"grant_type":"client_credentials"}"#;

fn assert_ok(outcome: &Outcome, body: &[u8]) {
    assert_eq!(outcome.result, Ok((200, body.to_vec())));
}

/// One POST of [`BODY`] to a good server that answers like this.
fn post_for(answer: Answer, pace: Pace) -> (Outcome, Rustls) {
    let chain = shapes::gts();
    let mut server = Rustls::new(&chain, answer);
    let outcome = post(BODY, &chain.anchors(), Memory::default(), &mut server, pace);
    (outcome, server)
}

#[test]
fn a_post_arrives_and_is_answered() {
    let (outcome, server) = post_for(Answer::with(OK), Pace::default());
    assert_ok(&outcome, b"ok");
    assert_eq!(
        String::from_utf8(server.request).unwrap(),
        concat!(
            "POST /oauth/token HTTP/1.1\r\n",
            "Host: device.example:8443\r\n",
            "User-Agent: picopost/0.1.0\r\n",
            "Content-Type: application/json\r\n",
            "Connection: close\r\n",
            "Content-Length: 35\r\n",
            "\r\n",
            r#"{"grant_type":"client_credentials"}"#,
        )
    );
    assert!(server.saw_close_notify, "the server is told that nothing more comes");
    assert!(outcome.is_request_written);
    assert_eq!(outcome.excess, 0);
    assert!(outcome.octets.sent > BODY.len() && outcome.octets.received > OK.len());
}

#[test]
fn every_chain_of_the_design() {
    for chain in [shapes::gts(), shapes::lets_encrypt(), shapes::rsa(), shapes::p384_server()] {
        let mut server = Rustls::new(&chain, Answer::with(OK));
        let memory = Memory::new(6144, 1024, 1024);
        assert_ok(&post(BODY, &chain.anchors(), memory, &mut server, Pace::default()), b"ok");
    }
}

#[test]
fn octets_may_dribble() {
    for (send, receive) in [(1, usize::MAX), (usize::MAX, 1), (1, 1), (7, 3)] {
        let pace = Pace { send, receive, cut: None };
        let (outcome, server) = post_for(Answer::with(OK), pace);
        assert_ok(&outcome, b"ok");
        assert_eq!(server.body(), Some(BODY));
    }
}

#[test]
fn the_smallest_buffers_do() {
    let chain = shapes::direct();
    let answer = Answer { record: Some(256), ..Answer::with(OK) };
    let mut server = Rustls::new(&chain, answer);
    let memory = Memory::new(tls::MIN_RECEIVE_BUFFER, tls::MIN_SEND_BUFFER, OK.len());
    assert_ok(&post(BODY, &chain.anchors(), memory, &mut server, Pace::default()), b"ok");
}

#[test]
fn a_request_larger_than_the_send_buffer_goes_in_several_records() {
    let chain = shapes::gts();
    let body: Vec<u8> = (0..20_000_u32).flat_map(u32::to_be_bytes).collect();
    let mut server = Rustls::new(&chain, Answer::with(OK));
    let memory = Memory::new(4096, tls::MIN_SEND_BUFFER, 512);
    assert_ok(&post(&body, &chain.anchors(), memory, &mut server, Pace::default()), b"ok");
    assert_eq!(server.body(), Some(body.as_slice()));
}

#[test]
fn a_large_response_comes_in_records_of_any_size() {
    let body = vec![b'x'; 70_000];
    let response = [b"HTTP/1.1 200 OK\r\nContent-Length: 70000\r\n\r\n".as_slice(), &body].concat();
    let chain = shapes::gts();
    for (record, receive) in [(Some(48), 4096), (Some(1024), 4096), (None, tls::FULL_RECEIVE_BUFFER)] {
        let mut server = Rustls::new(&chain, Answer { record, ..Answer::with(&response) });
        let memory = Memory::new(receive, 1024, 71_000);
        assert_ok(&post(BODY, &chain.anchors(), memory, &mut server, Pace::default()), &body);
    }
}

#[test]
fn a_response_that_does_not_fit_says_what_would() {
    let response = [b"HTTP/1.1 200 OK\r\nContent-Length: 70000\r\n\r\n".as_slice(), &[b'x'; 70_000]].concat();
    let (outcome, server) = post_for(Answer::with(&response), Pace::default());
    let error = outcome.result.unwrap_err();
    assert_eq!(error, Error::Http(http::Error::BodyTooLarge { size: 70_000, capacity: 1024 - 42 }));
    assert_eq!((error.stage(), error.code()), (Stage::Body, 4200));
    assert!(server.saw_close_notify, "the TLS connection is sound, and ends in good order");
}

#[test]
fn a_record_larger_than_the_buffer_says_both_sizes() {
    let response = [b"HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\n".as_slice(), &[b'x'; 9000]].concat();
    let (outcome, server) = post_for(Answer { record: None, ..Answer::with(&response) }, Pace::default());
    let error = outcome.result.unwrap_err();
    assert!(
        matches!(
            error,
            Error::Tls {
                stage: Stage::Head,
                error: tls::Error::RecordTooLarge { size: 9058.., capacity: 4096 }
            }
        ),
        "{error:?}"
    );
    assert!(matches!(server.error, Some(rustls::Error::AlertReceived(_))), "the server is told");
}

#[test]
fn an_error_of_the_record_layer_has_the_stage_of_the_handshake() {
    // rustls puts EncryptedExtensions and Certificate into one record, here too large.
    let chain = shapes::gts();
    let mut server = Rustls::new(&chain, Answer { record: None, ..Answer::with(OK) });
    let memory = Memory::new(tls::MIN_RECEIVE_BUFFER, 1024, 512);
    let outcome = post(BODY, &chain.anchors(), memory, &mut server, Pace::default());
    let error = outcome.result.unwrap_err();
    assert_eq!(error.stage(), Stage::Hello, "{error}");
    assert!(matches!(error, Error::Tls { error: tls::Error::RecordTooLarge { .. }, .. }), "{error:?}");
}

#[test]
fn a_cut_is_no_end_wherever_it_falls() {
    // Header, alert, content type and tag of the close_notify that is last.
    const CLOSE_NOTIFY: usize = 5 + 2 + 1 + 16;
    // RSA signatures are all of the same length, so that every run has the same octets' count.
    let chain = shapes::rsa();
    let memory = || Memory::new(6144, 1024, 1024);
    // Content-Length, chunked, and a body that close_notify has to end.
    let responses: [(&[u8], usize); 3] = [
        (OK, CLOSE_NOTIFY),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", CLOSE_NOTIFY),
        (b"HTTP/1.1 200 OK\r\n\r\nok", 0),
    ];
    for (response, dispensable) in responses {
        let run = |cut| {
            let mut server = Rustls::new(&chain, Answer::with(response));
            let pace = Pace { cut, ..Pace::default() };
            post(BODY, &chain.anchors(), memory(), &mut server, pace)
        };
        let whole = run(None);
        assert_ok(&whole, b"ok");
        // The last read takes the response and the close_notify behind it.
        let total = whole.octets.received;
        // Each cut in the response, and every sixty-fourth in the handshake.
        for cut in (0..total - 128).step_by(64).chain(total - 128..=total) {
            match run(Some(cut)).result {
                Ok(response) => {
                    assert_eq!(response, (200, b"ok".to_vec()));
                    assert!(cut + dispensable >= total, "cut at {cut} of {total}");
                }
                Err(error) => {
                    assert!(cut + dispensable < total, "cut at {cut} of {total}: {error}");
                    assert_truncated(error, cut);
                }
            }
        }
    }
}

fn assert_truncated(error: Error, cut: usize) {
    match error {
        Error::Tls { error: tls::Error::Truncated { .. }, stage } => {
            assert!(stage < Stage::Request, "cut at {cut}: {error}");
        }
        Error::Http(
            http::Error::NoResponse { end }
            | http::Error::HeadTruncated { end, .. }
            | http::Error::BodyTruncated { end, .. },
        ) => assert_eq!(end, End::Truncated, "cut at {cut}"),
        _ => panic!("cut at {cut}: {error:?}"),
    }
}

#[test]
fn truncation_and_early_close_in_the_body_are_told_apart() {
    let response = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n01234";
    for (close_notify, end) in [(true, End::CloseNotify), (false, End::Truncated)] {
        let (outcome, _) = post_for(Answer { close_notify, ..Answer::with(response) }, Pace::default());
        let expected = http::Error::BodyTruncated { received: 5, expected: Some(10), end };
        assert_eq!(outcome.result, Err(Error::Http(expected)));
    }
}

#[test]
fn only_close_notify_ends_a_body_without_length() {
    let response = b"HTTP/1.1 200 OK\r\n\r\nall of it";
    let (outcome, server) = post_for(Answer::with(response), Pace::default());
    assert_ok(&outcome, b"all of it");
    assert!(server.saw_close_notify);
    let (outcome, _) = post_for(Answer { close_notify: false, ..Answer::with(response) }, Pace::default());
    let expected = http::Error::BodyTruncated { received: 9, expected: None, end: End::Truncated };
    assert_eq!(outcome.result, Err(Error::Http(expected)));
}

#[test]
fn a_whole_response_needs_no_end() {
    // The server neither says close_notify nor closes: nobody waits for it.
    let answer = Answer { close_notify: false, end_of_file: false, ..Answer::with(OK) };
    let (outcome, server) = post_for(answer, Pace::default());
    assert_ok(&outcome, b"ok");
    assert!(server.saw_close_notify);
}

#[test]
fn a_server_that_ends_without_an_answer() {
    for (close_notify, end) in [(true, End::CloseNotify), (false, End::Truncated)] {
        let (outcome, _) = post_for(Answer { close_notify, ..Answer::with(b"") }, Pace::default());
        assert_eq!(outcome.result, Err(Error::Http(http::Error::NoResponse { end })));
    }
}

#[test]
fn octets_behind_the_response_are_dropped_and_counted() {
    let response = [OK, b"HTTP/1.1 500 Smuggled\r\n\r\n"].concat();
    let (outcome, _) = post_for(Answer::with(&response), Pace::default());
    assert_ok(&outcome, b"ok");
    assert_eq!(outcome.excess, 25);
}

#[test]
fn an_answer_that_is_not_http_is_refused_in_good_order() {
    let (outcome, server) = post_for(Answer::with(b"220 mail.example ESMTP\r\n"), Pace::default());
    let error = outcome.result.unwrap_err();
    assert_eq!(error, Error::Http(http::Error::NotHttp { octet: b'2', position: 0 }));
    assert_eq!((error.stage(), error.code()), (Stage::Head, 4102));
    assert!(server.saw_close_notify);
}

#[test]
fn a_server_that_cannot_be_verified_gets_no_octet_of_the_request() {
    let refuse = |chain: Chain| {
        let mut server = Rustls::new(&chain, Answer::with(OK));
        let outcome = post(BODY, &chain.anchors(), Memory::default(), &mut server, Pace::default());
        assert!(server.request.is_empty());
        assert!(!outcome.is_request_written);
        let Err(Error::Tls { stage, error }) = outcome.result else { panic!("{outcome:?}") };
        assert_eq!(stage, Stage::Certificate, "{error}");
        let Some(rustls::Error::AlertReceived(alert)) = server.error else { panic!("{error}") };
        (error, alert)
    };
    let (error, alert) = refuse(faulty::expired());
    let tls::Error::Expired { now: at, not_after } = error else { panic!("{error}") };
    assert!(at == now().as_secs() && not_after < at);
    assert_eq!(alert, rustls::AlertDescription::CertificateExpired);

    let (error, _) = refuse(faulty::not_yet_valid());
    assert!(matches!(error, tls::Error::NotYetValid { now, not_before } if not_before > now), "{error}");

    let (error, _) = refuse(faulty::wrong_name());
    assert_eq!(error, tls::Error::WrongName);

    let (error, alert) = refuse(faulty::unknown_ca());
    assert_eq!((error, alert), (tls::Error::UnknownIssuer, rustls::AlertDescription::UnknownCA));
}

#[test]
fn a_host_that_is_neither_name_nor_address_is_refused_before_anything_else() {
    let refuse = |url| {
        let request = Request::json(Url::parse(url).unwrap(), BODY);
        let mut memory = Memory::default();
        let chain = shapes::gts();
        let anchors = chain.anchors();
        Exchange::new(&request, Trust::anchors(&anchors), now(), memory.buffers(), &mut getrandom::SysRng)
            .err()
            .map(|error| (error, error.code()))
    };
    for url in [
        "https://[:::]/",
        "https://1.2.3/",
        "https://0x7f.1/",
        "https://2130706433/",
        "https://a..b/",
        "https://-/",
        // A final dot is a name's, and there is one at most.
        "https://a../",
        "https://1.2.3.4./",
        "https://[::1.]/",
    ] {
        assert_eq!(refuse(url), Some((Error::ServerName, 1220)), "{url}");
    }
    for url in ["https://[::1]/", "https://1.2.3.4/", "https://a.b./"] {
        assert_eq!(refuse(url), None, "{url}");
    }
}

#[test]
fn set_up_that_cannot_work_is_an_error_of_its_own() {
    let request = Request::json(Url::parse(URL).unwrap(), BODY);
    let attempt = |mut memory: Memory, trust: Trust<'_>| {
        Exchange::new(&request, trust, now(), memory.buffers(), &mut getrandom::SysRng).err().unwrap()
    };
    let chain = shapes::gts();
    let anchors = chain.anchors();
    let trust = Trust::anchors(&anchors);
    let small = tls::MIN_RECEIVE_BUFFER - 1;
    for (error, expected) in [
        (
            attempt(Memory::new(small, 1024, 64), trust),
            tls::Error::ReceiveBufferTooSmall { size: small, minimum: tls::MIN_RECEIVE_BUFFER },
        ),
        (
            attempt(Memory::new(4096, 10, 64), trust),
            tls::Error::SendBufferTooSmall { size: 10, minimum: tls::MIN_SEND_BUFFER },
        ),
        (attempt(Memory::default(), Trust::anchors(&[])), tls::Error::NoTrustAnchors),
    ] {
        assert_eq!(error, Error::Tls { stage: Stage::Setup, error: expected });
    }
}

#[test]
fn stages_come_in_their_order() {
    let chain = shapes::gts();
    let anchors = chain.anchors();
    let request = Request::json(Url::parse(URL).unwrap(), BODY);
    let mut memory = Memory::default();
    let trust = Trust::anchors(&anchors);
    let mut exchange =
        Exchange::new(&request, trust, now(), memory.buffers(), &mut getrandom::SysRng).unwrap();
    assert_eq!((exchange.stage(), exchange.octets()), (Stage::Hello, Octets::default()));
    let mut server = Rustls::new(&chain, Answer::with(OK));
    drive(&mut exchange, &mut server, Pace::default()).unwrap();
    assert_eq!(exchange.stage(), Stage::Done);
}

#[test]
fn the_final_dot_of_a_name_is_not_in_the_sni() {
    let chain = shapes::gts();
    let anchors = chain.anchors();
    let request = Request::json(Url::parse("https://device.example./").unwrap(), BODY);
    let mut memory = Memory::default();
    let trust = Trust::anchors(&anchors);
    let mut exchange =
        Exchange::new(&request, trust, now(), memory.buffers(), &mut getrandom::SysRng).unwrap();
    let Ok(Action::Send(hello)) = exchange.next() else { panic!("the ClientHello is first") };
    // NameType host_name and the length of the name (RFC 6066 section 3), then the name, then the next extension.
    let sni = b"\0\0\x0edevice.example\0";
    assert!(hello.windows(sni.len()).any(|window| window == sni));
    drive(&mut exchange, &mut Rustls::new(&chain, Answer::with(OK)), Pace::default()).unwrap();
}
