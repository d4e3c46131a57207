//! The token request's octets, and what is made of answers.

extern crate std;

use std::format;
use std::string::{String, ToString};
use std::vec;
use std::vec::Vec;

use picopost_http::json::{EscapedStr, EscapedStringFragment};
use picopost_http::{RequestWriter, Response, ResponseReader, Url};

use super::{Authentication, ClientCredentials, ErrorCode, TokenError, TokenSource};

const NOW: u64 = 1_800_000_000;

fn credentials(authentication: Authentication) -> ClientCredentials<'static> {
    ClientCredentials {
        token_url: Url::parse("https://auth.example/oauth/token").unwrap(),
        client_id: "device 7",
        client_secret: "s3cr&t=/\"\\é",
        authentication,
        parameters: &[("scope", "readings:write x"), ("audience", "https://api.example/")],
    }
}

/// The request as it goes out: its head's lines and its body.
fn written(authentication: Authentication) -> (Vec<String>, String) {
    let mut memory = [0; 512];
    let source = TokenSource::new(credentials(authentication), &mut []);
    let request = source.request(&mut memory).unwrap();
    let header = request.header().unwrap();
    let request = request.as_request(header.as_slice());
    let mut octets = [0; 1024];
    let length = RequestWriter::new(&request).write(&mut octets).unwrap();
    let text = str::from_utf8(&octets[..length]).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    (head.lines().map(str::to_string).collect(), body.to_string())
}

#[test]
fn basic_authentication() {
    let (head, body) = written(Authentication::Basic);
    // printf %s 'device+7:s3cr%26t%3D%2F%22%5C%C3%A9' | base64
    let value = "Authorization: Basic ZGV2aWNlKzc6czNjciUyNnQlM0QlMkYlMjIlNUMlQzMlQTk=";
    assert!(head.iter().any(|line| line == value), "{head:?}");
    assert!(head.iter().any(|line| line == "Content-Type: application/x-www-form-urlencoded"));
    assert_eq!(
        body,
        "grant_type=client_credentials&scope=readings%3Awrite+x&audience=https%3A%2F%2Fapi.example%2F"
    );
}

#[test]
fn credentials_in_the_form() {
    let (head, body) = written(Authentication::Form);
    assert!(!head.iter().any(|line| line.starts_with("Authorization")), "{head:?}");
    assert_eq!(
        body,
        "grant_type=client_credentials&client_id=device+7&client_secret=s3cr%26t%3D%2F%22%5C%C3%A9\
         &scope=readings%3Awrite+x&audience=https%3A%2F%2Fapi.example%2F"
    );
}

#[test]
fn credentials_in_json() {
    let (head, body) = written(Authentication::Json);
    assert!(head.iter().any(|line| line == "Content-Type: application/json"), "{head:?}");
    assert_eq!(
        body,
        r#"{"grant_type":"client_credentials","client_id":"device 7","client_secret":"s3cr&t=/\"\\é","scope":"readings:write x","audience":"https://api.example/"}"#
    );
}

#[test]
fn no_octet_breaks_out_of_json() {
    let secret: String = (0..=0x7f_u8).map(char::from).collect();
    let credentials =
        ClientCredentials { client_secret: &secret, parameters: &[], ..credentials(Authentication::Json) };
    let mut memory = [0; 1024];
    let source = TokenSource::new(credentials, &mut []);
    let request = source.request(&mut memory).unwrap();
    let mut octets = [0; 2048];
    let length = RequestWriter::new(&request.as_request(&[])).write(&mut octets).unwrap();
    let text = str::from_utf8(&octets[..length]).unwrap();
    let (_, body) = text.split_once("\r\n\r\n").unwrap();
    #[derive(serde::Deserialize)]
    struct Body<'a> {
        #[serde(borrow)]
        client_secret: EscapedStr<'a>,
    }
    // Our own reader takes no control characters, and knows the escapes.
    let mut buffer = [0; 2048];
    let read: Body<'_> = response(200, body, &mut buffer).json(&mut []).unwrap();
    let mut again = String::new();
    for fragment in read.client_secret.fragments() {
        match fragment.ok().unwrap() {
            EscapedStringFragment::NotEscaped(text) => again.push_str(text),
            EscapedStringFragment::Escaped(character) => again.push(character),
        }
    }
    assert_eq!(again, secret);
}

#[test]
fn the_request_needs_exactly_what_it_says() {
    for authentication in [Authentication::Basic, Authentication::Form, Authentication::Json] {
        let source = TokenSource::new(credentials(authentication), &mut []);
        let size = match source.request(&mut []).err() {
            Some(TokenError::RequestTooLarge { size, capacity: 0 }) => size,
            other => panic!("{other:?}"),
        };
        let mut memory = vec![0; size];
        assert!(source.request(&mut memory).is_ok());
        let capacity = size - 1;
        let error = source.request(&mut memory[..capacity]).err();
        assert_eq!(error, Some(TokenError::RequestTooLarge { size, capacity }));
    }
}

/// A whole response, in `buffer`.
fn response<'b>(status: u16, body: &str, buffer: &'b mut [u8]) -> Response<'b> {
    let mut reader = ResponseReader::new(buffer);
    let octets = format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    reader.feed(octets.as_bytes()).unwrap();
    reader.finish().unwrap()
}

fn take(status: u16, body: &str, memory: &mut [u8]) -> Result<(Option<String>, Option<u64>), TokenError> {
    let mut source = TokenSource::new(credentials(Authentication::Form), memory);
    source.take(&response(status, body, &mut [0; 8192]), NOW)?;
    let last = (0..=20_000).rev().find(|second| source.authorization(NOW + second).is_some());
    let last = last.filter(|second| *second < 20_000);
    Ok((source.authorization(NOW).map(str::to_string), last))
}

#[test]
fn tokens_that_are_issued() {
    let bearer = |token: &str| Some(format!("Bearer {token}"));
    let table = [
        // Renewed a minute before the end, or a tenth of the lifetime where that is shorter.
        (r#"{"access_token":"abc","token_type":"Bearer","expires_in":3600}"#, "abc", Some(3_539)),
        (r#"{"access_token":"abc","token_type":"bearer","expires_in":100}"#, "abc", Some(89)),
        (r#"{"access_token":"abc","token_type":"BEARER","expires_in":"3600"}"#, "abc", Some(3_539)),
        (r#"{"access_token":"abc","token_type":"Bearer","expires_in":"soon"}"#, "abc", None),
        (r#"{"access_token":"abc","token_type":"Bearer","expires_in":null}"#, "abc", None),
        (r#"{"access_token":"abc","token_type":"Bearer","expires_in":3600.0}"#, "abc", None),
        (r#"{"access_token":"abc","token_type":"Bearer","expires_in":-1}"#, "abc", None),
        (r#"{"access_token":"abc","token_type":"Bearer","expires_in":[{}]}"#, "abc", None),
        (r#"{"access_token":"abc","token_type":"Bearer","expires_in":0}"#, "abc", Some(0)),
        (r#" { "token_type" : "Bearer" , "access_token" : "a-._~+\/=" } "#, "a-._~+/=", None),
        (r#"{"access_token":"\u0061b","token_type":"Bearer"}"#, "ab", None),
        (r#"{"scope":["a",{"b":[1]}],"x":"\"}{","access_token":"t","token_type":"Bearer"}"#, "t", None),
    ];
    for (body, token, last) in table {
        assert_eq!(take(200, body, &mut [0; 256]), Ok((bearer(token), last)), "{body}");
    }
}

#[test]
fn answers_without_a_token() {
    let deep = format!(r#"{{"x":{}"access_token":"t","token_type":"Bearer"}}"#, "[".repeat(5_000));
    let half = format!(r#"{{"access_token":"{}\ud800","token_type":"Bearer"}}"#, "a".repeat(300));
    let refused = |code| TokenError::Refused { code, status: 400 };
    let table = [
        (200, "", TokenError::NotJson),
        (200, "<html>", TokenError::NotJson),
        (200, "[]", TokenError::NotJson),
        (200, "{}", TokenError::Missing),
        (200, r#"{"access_token":"","token_type":"Bearer"}"#, TokenError::Missing),
        (200, r#"{"access_token":null,"token_type":"Bearer"}"#, TokenError::Missing),
        (200, r#"{"access_token":7,"token_type":"Bearer"}"#, TokenError::NotJson),
        (200, r#"{"access_token":"t","token_type":"Bearer"} x"#, TokenError::NotJson),
        (200, r#"{"access_token":"t","token_type":"Bearer""#, TokenError::NotJson),
        (200, r#"{"access_token":"t","access_token":"u","token_type":"Bearer"}"#, TokenError::NotJson),
        (200, r#"{"access_token":"t"}"#, TokenError::Type),
        (200, r#"{"access_token":"t","token_type":"mac"}"#, TokenError::Type),
        (200, r#"{"access_token":"a b","token_type":"Bearer"}"#, TokenError::Octet),
        (200, r#"{"access_token":"a\r\nX: y","token_type":"Bearer"}"#, TokenError::Octet),
        (200, "{\"access_token\":\"a\r\nX: y\",\"token_type\":\"Bearer\"}", TokenError::NotJson),
        (200, r#"{"access_token":"\q","token_type":"Bearer"}"#, TokenError::NotJson),
        (200, r#"{"access_token":"\ud800","token_type":"Bearer"}"#, TokenError::Octet),
        (200, r#"{"access_token":"é","token_type":"Bearer"}"#, TokenError::Octet),
        (200, &deep, TokenError::NotJson),
        // An escape that is half of a character, behind more than there is room for.
        (200, &half, TokenError::TooLarge { size: 301, capacity: 249 }),
        (
            200,
            r#"{"error":"invalid_scope","access_token":"t","token_type":"Bearer"}"#,
            TokenError::Refused { code: ErrorCode::InvalidScope, status: 200 },
        ),
        (
            200,
            r#"{"error":"invalid_scope"}"#,
            TokenError::Refused { code: ErrorCode::InvalidScope, status: 200 },
        ),
        (400, r#"{"error":"invalid_request"}"#, refused(ErrorCode::InvalidRequest)),
        (400, r#"{"error":"invalid_grant"}"#, refused(ErrorCode::InvalidGrant)),
        (400, r#"{"error":"unauthorized_client"}"#, refused(ErrorCode::UnauthorizedClient)),
        (400, r#"{"error":"unsupported_grant_type"}"#, refused(ErrorCode::UnsupportedGrantType)),
        (400, r#"{"error":"out_of_coffee"}"#, refused(ErrorCode::Other)),
        (
            401,
            r#"{"error":"invalid_client","error_description":"no"}"#,
            TokenError::Refused { code: ErrorCode::InvalidClient, status: 401 },
        ),
        // A token behind a status that is not 200 is none.
        (201, r#"{"access_token":"t","token_type":"Bearer"}"#, TokenError::Status { status: 201 }),
        (403, "<title>Just a moment...</title>", TokenError::Status { status: 403 }),
        (500, "{}", TokenError::Status { status: 500 }),
    ];
    for (status, body, error) in table {
        assert_eq!(take(status, body, &mut [0; 256]), Err(error), "{body}");
    }
}

#[test]
fn a_token_that_does_not_fit() {
    let body = format!(r#"{{"access_token":"{}","token_type":"Bearer"}}"#, "t".repeat(300));
    let error = TokenError::TooLarge { size: 300, capacity: 299 };
    assert_eq!(take(200, &body, &mut [0; 306]), Err(error));
    assert!(take(200, &body, &mut [0; 307]).is_ok());
}

#[test]
fn nothing_of_a_refused_token_stays_nor_of_the_one_before() {
    let issued = |token: &str| format!(r#"{{"access_token":"{token}","token_type":"Bearer"}}"#);
    let bad = [
        (200, issued(&"t".repeat(300)), TokenError::TooLarge { size: 300, capacity: 57 }),
        (200, issued("secret token"), TokenError::Octet),
        (200, String::from("{}"), TokenError::Missing),
        (503, String::new(), TokenError::Status { status: 503 }),
    ];
    for (status, body, error) in bad {
        let mut memory = [0; 64];
        let mut source = TokenSource::new(credentials(Authentication::Basic), &mut memory);
        source.take(&response(200, &issued("before"), &mut [0; 256]), NOW).unwrap();
        assert_eq!(source.take(&response(status, &body, &mut [0; 512]), NOW), Err(error));
        assert_eq!(source.authorization(NOW), None);
        assert_eq!(source.memory, [0; 64], "{error:?}");
    }
}

#[test]
fn nothing_secret_stays_in_memory_or_is_shown() {
    let mut memory = [0; 256];
    let mut buffer = [0; 256];
    let answer = response(
        200,
        r#"{"access_token":"verysecret","token_type":"Bearer","x":"\nresolved in the memory, and longer than the token"}"#,
        &mut buffer,
    );
    let mut source = TokenSource::new(credentials(Authentication::Basic), &mut memory);
    source.take(&answer, NOW).unwrap();
    let shown = format!("{source:?}");
    assert!(!shown.contains("verysecret") && !shown.contains("s3cr"), "{shown}");
    let length = "Bearer verysecret".len();
    assert!(source.memory[length..].iter().all(|octet| *octet == 0), "nothing but the token is there");
    source.discard();
    assert_eq!(source.authorization(NOW), None);
    assert_eq!(source.memory, [0; 256]);
    source.take(&answer, NOW).unwrap();
    drop(source);
    assert_eq!(memory, [0; 256]);
    for authentication in [Authentication::Basic, Authentication::Form, Authentication::Json] {
        let source = TokenSource::new(credentials(authentication), &mut []);
        let request = source.request(&mut memory).unwrap();
        assert!(!format!("{request:?}").contains("s3cr"));
        drop(request);
        assert_eq!(memory, [0; 256]);
    }
}
