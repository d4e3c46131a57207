use super::super::http::{Head, Reader};
use super::{Client, token};

const JSON: &str = "Content-Type: application/json; charset=utf-8";
const FORM: &str = "Content-Type: application/x-www-form-urlencoded";
const GOOD_FORM: &str = "grant_type=client_credentials&client_id=id&client_secret=secret";

fn head(fields: &str) -> Head {
    let mut reader = Reader::default();
    reader.add(format!("POST /oauth/token HTTP/1.1\r\n{fields}\r\n\r\n").as_bytes());
    reader.head().unwrap().clone()
}

/// The answer as JSON, with its status and whether Basic was used.
fn answer(fields: &str, body: &str, only: Option<&Client>) -> String {
    match token(&head(fields), body.as_bytes(), only, [0xff; 32]) {
        Ok(granted) => format!("200 {}", serde_json::to_string(&granted).unwrap()),
        Err(denied) => format!(
            "{}{} {}",
            denied.status(),
            if denied.basic_used { " Basic" } else { "" },
            serde_json::to_string(&denied).unwrap()
        ),
    }
}

const TOKEN: &str =
    r#""access_token":"__________________________________________8","token_type":"Bearer","expires_in":3600"#;

#[test]
fn a_token_for_json_form_and_basic() {
    let json = r#"{"grant_type":"client_credentials","client_id":"id","client_secret":"secret"}"#;
    assert_eq!(answer(JSON, json, None), format!("200 {{{TOKEN}}}"));
    assert_eq!(answer(FORM, GOOD_FORM, None), format!("200 {{{TOKEN}}}"));
    // `i d:sec%ret`, each part form encoded first (RFC 6749 §2.3.1).
    let only = Client { id: "i d".to_owned(), secret: "sec%ret".to_owned() };
    let basic = format!("{FORM}\r\nAuthorization: basic aStkOnNlYyUyNXJldA==");
    assert_eq!(
        answer(&basic, "grant_type=client_credentials&scope=a+b", Some(&only)),
        format!("200 {{{TOKEN},\"scope\":\"a b\"}}")
    );
}

#[test]
fn each_error_of_rfc_6749_section_5_2() {
    let invalid_request = |description: &str| {
        format!(r#"400 {{"error":"invalid_request","error_description":"{description}"}}"#)
    };
    assert_eq!(
        answer("A: b", GOOD_FORM, None),
        invalid_request("Content-Type is missing, so no parameter is seen")
    );
    assert_eq!(
        answer("Content-Type: text/plain", GOOD_FORM, None),
        invalid_request(
            "Content-Type is `text/plain`, not `application/json` or `application/x-www-form-urlencoded`"
        )
    );
    assert_eq!(
        answer(JSON, GOOD_FORM, None),
        invalid_request("the body is not a JSON object: expected value at line 1 column 1")
    );
    assert_eq!(
        answer(FORM, "client_id=id&client_secret=secret", None),
        invalid_request("grant_type is missing")
    );
    assert_eq!(
        answer(FORM, "grant_type=a&grant_type=b", None),
        invalid_request("the parameter `grant_type` is there twice")
    );
    assert_eq!(
        answer(&format!("{FORM}\r\nAuthorization: Basic aWQ6cw=="), GOOD_FORM, None),
        invalid_request("the client authenticates twice: in the Authorization header and in the body")
    );
    assert_eq!(
        answer(FORM, "grant_type=password&client_id=id&client_secret=secret", None),
        r#"400 {"error":"unsupported_grant_type","error_description":"grant_type is `password`, and only `client_credentials` is supported"}"#
    );
    assert_eq!(
        answer(FORM, &format!("{GOOD_FORM}&scope=%22"), None),
        r#"400 {"error":"invalid_scope","error_description":"scope has a character that RFC 6749 §3.3 does not allow"}"#
    );
}

#[test]
fn clients_that_are_not_authenticated() {
    let invalid_client = |description: &str| {
        format!(r#"401 {{"error":"invalid_client","error_description":"{description}"}}"#)
    };
    let grant = "grant_type=client_credentials";
    assert_eq!(answer(FORM, grant, None), invalid_client("client_id is missing"));
    assert_eq!(
        answer(FORM, &format!("{grant}&client_id=id&client_secret="), None),
        invalid_client("client_secret is missing")
    );
    let only = Client { id: "id".to_owned(), secret: "other".to_owned() };
    assert_eq!(
        answer(FORM, GOOD_FORM, Some(&only)),
        invalid_client("the client_secret is not this client's")
    );
    let only = Client { id: "other".to_owned(), secret: "secret".to_owned() };
    assert_eq!(answer(FORM, GOOD_FORM, Some(&only)), invalid_client("the client_id `id` is not known"));
    assert_eq!(
        answer(&format!("{FORM}\r\nAuthorization: Bearer x"), grant, None),
        r#"401 Basic {"error":"invalid_client","error_description":"the Authorization header is not `Basic` with base64 of `id:secret`"}"#
    );
}

#[test]
fn clients_are_named_with_a_colon() {
    assert_eq!(Client::parse("a:b:c"), Ok(Client { id: "a".to_owned(), secret: "b:c".to_owned() }));
    assert!(Client::parse("a").is_err() && Client::parse("a:").is_err() && Client::parse(":b").is_err());
}
