//! Clients that get HTTP wrong, and those that only seem to.

use std::io::{Read as _, Write as _};

use serde_json::json;

use super::server::{Server, answer, close, exchange, parse, post};

const JSON: &str = "Content-Type: application/json\r\n";

/// Sends these octets in one record, and gives the answer and what was found in the request.
fn ask(request: &[u8]) -> (u16, Vec<String>) {
    let server = Server::start(&[]);
    let (status, _) = parse(&exchange(&mut server.client("gts"), request));
    let events = server.events();
    (status, events.findings("request").iter().map(ToString::to_string).collect())
}

fn findings(codes: &[&str]) -> Vec<String> {
    codes.iter().map(ToString::to_string).collect()
}

#[test]
fn http_1_0_is_answered_and_noted() {
    let request =
        b"POST / HTTP/1.0\r\nHost: picopost.test:8443\r\nUser-Agent: x\r\nContent-Type: application/json\r\n\
                    Content-Length: 2\r\n\r\n{}";
    assert_eq!(ask(request), (200, findings(&["http-1.0"])));
}

#[test]
fn a_post_without_length_is_refused() {
    let request = b"POST / HTTP/1.1\r\nHost: picopost.test:8443\r\nUser-Agent: x\r\n\r\n{}";
    assert_eq!(ask(request), (411, findings(&["no-content-length", "body-without-length"])));
}

#[test]
fn a_request_without_host_is_refused() {
    assert_eq!(ask(b"GET / HTTP/1.1\r\nUser-Agent: x\r\n\r\n"), (400, findings(&["no-host"])));
}

#[test]
fn println_after_the_body_is_found() {
    let request = [post("/", JSON, "{}"), b"\r\n".to_vec()].concat();
    assert_eq!(ask(&request), (200, findings(&["line-end-after-body"])));
}

#[test]
fn a_body_over_the_limit_is_refused() {
    let request =
        b"POST / HTTP/1.1\r\nHost: picopost.test:8443\r\nUser-Agent: x\r\nContent-Length: 1048577\r\n\r\n";
    assert_eq!(ask(request), (413, findings(&["body-too-long"])));
    // Neither are its first octets octets after the body.
    assert_eq!(ask(&[request, &b"abc"[..]].concat()), (413, findings(&["body-too-long"])));
}

#[test]
fn octets_after_the_answer_are_found() {
    let server = Server::start(&[]);
    let mut client = server.client("gts");
    client.write_all(&post("/", JSON, "{}")).unwrap();
    answer(&mut client);
    client.write_all(b"\r\n").unwrap();
    close(&mut client);
    let events = server.events();
    assert!(events.findings("request").is_empty());
    assert_eq!(events.findings("closed"), ["line-end-after-body"]);
}

#[test]
fn octets_after_a_refusal_are_not_held_against_the_client() {
    let server = Server::start(&[]);
    let mut client = server.client("gts");
    client
        .write_all(b"POST / HTTP/1.1\r\nHost: picopost.test:8443\r\nContent-Length: 1048577\r\n\r\n")
        .unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).unwrap();
    client.write_all(b"the body").unwrap();
    close(&mut client);
    let events = server.events();
    assert_eq!(events.only("response")["status"], 413);
    assert!(events.findings("closed").is_empty());
}

#[test]
fn head_and_body_apart_are_noted() {
    let server = Server::start(&[]);
    let mut client = server.client("gts");
    let request = post("/", JSON, "{}");
    let (head, body) = request.split_at(request.len() - 2);
    client.write_all(head).unwrap();
    client.flush().unwrap();
    assert_eq!(parse(&exchange(&mut client, body)).0, 200);
    let events = server.events();
    assert_eq!(events.only("request")["records"], json!([head.len(), 2]));
    assert_eq!(events.findings("request"), ["head-and-body-apart"]);
}

#[test]
fn a_short_body_is_reported_when_the_client_leaves() {
    let server = Server::start(&[]);
    let mut client = server.client("gts");
    let mut request = post("/", JSON, "{\"a\":1}");
    request.truncate(request.len() - 3);
    client.write_all(&request).unwrap();
    close(&mut client);
    let mut answer = String::new();
    client.read_to_string(&mut answer).unwrap();
    assert_eq!(answer, "");
    drop(client);
    let events = server.events();
    assert_eq!(events.names(), ["tcp", "client_hello", "handshake", "request", "closed"]);
    assert_eq!(
        events.only("request")["findings"][0]["title"],
        "Content-Length says 7 octets, and 4 came: the client sent close_notify"
    );
}

#[test]
fn a_head_without_end_is_reported_and_answered_when_time_is_over() {
    let server = Server::start(&["--timeout", "1"]);
    let mut client = server.client("gts");
    let request = b"POST / HTTP/1.1\r\nHost: picopost.test:8443\r\nContent-Length: 2\r\n";
    let (status, body) = parse(&exchange(&mut client, request));
    assert_eq!((status, &body["error"]), (408, &json!("request_timeout")));
    let events = server.events();
    assert_eq!(events.findings("request"), ["head-never-ended"]);
    assert_eq!(
        events.only("request")["head"]["text"],
        "POST / HTTP/1.1\\r\\nHost: picopost.test:8443\\r\\nContent-Length: 2\\r\\n"
    );
    assert_eq!(events.only("closed")["how"], "timed_out");
}

#[test]
fn a_client_that_sends_no_request_is_reported() {
    let server = Server::start(&[]);
    let mut client = server.client("gts");
    client.conn.complete_io(&mut client.sock).unwrap();
    drop(client);
    let events = server.events();
    assert_eq!(events.names(), ["tcp", "client_hello", "handshake", "closed"]);
    assert_eq!(events.findings("closed"), ["no-request"]);
}

#[test]
fn a_client_that_waits_for_100_continue_gets_it() {
    let server = Server::start(&[]);
    let mut client = server.client("gts");
    let request = post("/", "Content-Type: text/plain\r\nExpect: 100-continue\r\n", "hello");
    let (head, body) = request.split_at(request.len() - 5);
    client.write_all(head).unwrap();
    let mut interim = [0; 25];
    client.read_exact(&mut interim).unwrap();
    assert_eq!(&interim, b"HTTP/1.1 100 Continue\r\n\r\n");
    assert_eq!(parse(&exchange(&mut client, body)).1["body"], "hello");
    assert_eq!(server.events().only("response")["status"], 200);
}

#[test]
fn a_chunked_body_is_decoded() {
    let request =
        b"POST / HTTP/1.1\r\nHost: picopost.test:8443\r\nUser-Agent: x\r\nContent-Type: text/plain\r\n\
                    Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
    let server = Server::start(&[]);
    let (status, body) = parse(&exchange(&mut server.client("gts"), request));
    assert_eq!((status, &body["body"]), (200, &json!("hello")));
    let events = server.events();
    assert_eq!(events.only("request")["body"], json!({"count": 5, "text": "hello", "omitted": 0}));
}

#[test]
fn clients_are_served_at_the_same_time() {
    let server = Server::start_for(3, &[]);
    let mut clients: Vec<_> = (0..3).map(|_| server.client("gts")).collect();
    for client in &mut clients {
        client.conn.complete_io(&mut client.sock).unwrap();
    }
    // The last one is answered while the others are connected and silent.
    for client in clients.iter_mut().rev() {
        assert_eq!(parse(&exchange(client, &post("/", JSON, "{}"))).0, 200);
    }
    let events = server.events();
    assert!(events.text.ends_with("\"attempts\":3,\"handshakes\":3,\"requests\":3,\"good_answers\":3}\n"));
}

#[test]
fn a_connection_serves_several_requests() {
    let server = Server::start(&[]);
    let mut client = server.client("gts");
    for number in 0..3 {
        client.write_all(&post("/", JSON, &number.to_string())).unwrap();
        assert_eq!(parse(&answer(&mut client)).1["body"], number.to_string());
    }
    // Two in one record.
    let two = [post("/", JSON, "3"), post("/", &format!("{JSON}Connection: close\r\n"), "4")].concat();
    client.write_all(&two).unwrap();
    assert!(!answer(&mut client).contains("\r\nConnection: close\r\n"));
    assert!(answer(&mut client).contains("\r\nConnection: close\r\n"));
    client.read_exact(&mut [0]).unwrap_err();
    close(&mut client);
    let events = server.events();
    let mut names = vec!["tcp", "client_hello", "handshake"];
    names.extend(["request", "response"].repeat(5));
    names.push("closed");
    assert_eq!(events.names(), names);
    assert_eq!(events.only("closed")["how"], "close_notify");
    assert!(events.findings("closed").is_empty());
    assert!(events.text.ends_with("\"requests\":5,\"good_answers\":5}\n"));
}

/// All that a connection brings stays in memory as long as it is open.
#[test]
fn a_connection_that_has_carried_much_ends_with_the_next_answer() {
    let server = Server::start(&[]);
    let mut client = server.client("gts");
    let request = post("/", "Content-Type: text/plain\r\n", &"x".repeat(1_000_000));
    for ends in [false, false, true] {
        client.write_all(&request).unwrap();
        client.flush().unwrap();
        assert_eq!(answer(&mut client).contains("\r\nConnection: close\r\n"), ends);
    }
    assert_eq!(client.read(&mut [0]).unwrap(), 0);
    close(&mut client);
    let events = server.events();
    assert_eq!(events.names().iter().filter(|name| **name == "response").count(), 3);
}

#[test]
fn what_follows_a_request_and_begins_none_ends_the_connection() {
    let server = Server::start(&[]);
    let mut client = server.client("gts");
    client.write_all(&post("/", JSON, "{}")).unwrap();
    answer(&mut client);
    client.write_all(b"{\"more\":1}").unwrap();
    client.read_exact(&mut [0]).unwrap_err();
    close(&mut client);
    let events = server.events();
    assert_eq!(events.names().iter().filter(|name| **name == "request").count(), 1);
    assert_eq!(events.findings("closed"), ["octets-after-body"]);
}

#[test]
fn http_1_0_stays_open_when_it_asks() {
    let server = Server::start(&[]);
    let mut client = server.client("gts");
    let request = b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n";
    for _ in 0..2 {
        client.write_all(request).unwrap();
        assert!(answer(&mut client).contains("\r\nConnection: keep-alive\r\n"));
    }
    client.write_all(b"GET / HTTP/1.0\r\n\r\n").unwrap();
    assert!(answer(&mut client).contains("\r\nConnection: close\r\n"));
    client.read_exact(&mut [0]).unwrap_err();
    close(&mut client);
    assert!(server.events().findings("closed").is_empty());
}
