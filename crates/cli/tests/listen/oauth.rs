//! The token endpoint, through TLS. Its rules are tested one by one beside its code.

use serde_json::json;

use super::server::{Server, exchange, parse, post};

const FORM: &str = "Content-Type: application/x-www-form-urlencoded\r\n";
const JSON: &str = "Content-Type: application/json\r\n";
const GOOD: &str =
    r#"{"grant_type":"client_credentials","client_id":"id","client_secret":"0123456789abcdef"}"#;

#[test]
fn a_token_is_given_and_never_shown() {
    let server = Server::start_for(2, &[]);
    let mut tokens = Vec::new();
    for request in [
        post("/oauth/token", JSON, GOOD),
        post(
            "/oauth/token",
            &format!("{FORM}Authorization: Basic aWQ6MDEyMzQ1Njc4OWFiY2RlZg==\r\n"),
            "grant_type=client_credentials",
        ),
    ] {
        let answer = exchange(&mut server.client("gts"), &request);
        assert!(answer.contains("\r\nCache-Control: no-store\r\n"), "{answer}");
        let (status, body) = parse(&answer);
        assert_eq!((status, &body["token_type"], &body["expires_in"]), (200, &json!("Bearer"), &json!(3600)));
        tokens.push(body["access_token"].as_str().unwrap().to_owned());
    }
    assert_ne!(tokens[0], tokens[1]);
    let events = server.events();
    for secret in ["0123456789abcdef", "aWQ6MDEyMzQ1Njc4OWFiY2RlZg==", &tokens[0], &tokens[1]] {
        assert!(!events.text.contains(secret), "{}", events.text);
    }
    assert!(events.text.contains(r#"\"client_secret\":\"0123…\""#) && events.text.contains("Basic aWQ6…"));
}

#[test]
fn secrets_are_shown_on_request() {
    let server = Server::start(&["--show-secrets"]);
    let (_, body) = parse(&exchange(&mut server.client("gts"), &post("/oauth/token", JSON, GOOD)));
    let events = server.events();
    assert!(events.text.contains("0123456789abcdef"));
    assert!(events.text.contains(body["access_token"].as_str().unwrap()));
}

#[test]
fn each_error_has_its_status() {
    let cases: [(u16, &str, Vec<u8>); 6] = [
        (400, "invalid_request", post("/oauth/token", "", GOOD)),
        (401, "invalid_client", post("/oauth/token", JSON, "{}")),
        (401, "invalid_client", post("/oauth/token", JSON, GOOD)),
        (
            401,
            "invalid_client",
            post("/oauth/token", &format!("{FORM}Authorization: Basic aWQ6eA==\r\n"), "grant_type=x"),
        ),
        (
            400,
            "unsupported_grant_type",
            post("/oauth/token", FORM, "grant_type=x&client_id=a&client_secret=b"),
        ),
        (
            400,
            "invalid_scope",
            post("/oauth/token", FORM, "grant_type=client_credentials&client_id=a&client_secret=b&scope=%5C"),
        ),
    ];
    let server = Server::start_for(cases.len(), &["--client", "a:b"]);
    for (status, error, request) in &cases {
        let answer = exchange(&mut server.client("gts"), request);
        let basic = String::from_utf8_lossy(request).contains("Basic");
        assert_eq!(answer.contains("\r\nWWW-Authenticate: Basic realm=\"picopost\"\r\n"), basic);
        assert_eq!((parse(&answer).0, &parse(&answer).1["error"]), (*status, &json!(error)), "{answer}");
    }
    let events = server.events();
    assert!(events.text.ends_with("\"requests\":6,\"good_answers\":0}\n"), "{}", events.text);
}

#[test]
fn only_post_gets_a_token() {
    let server = Server::start(&[]);
    let answer =
        exchange(&mut server.client("gts"), b"GET /oauth/token HTTP/1.1\r\nHost: picopost.test:8443\r\n\r\n");
    assert!(
        answer.starts_with("HTTP/1.1 405 Method Not Allowed\r\n") && answer.contains("\r\nAllow: POST\r\n")
    );
    assert_eq!(server.events().only("response")["route"], "token");
}
