//! Secrets in what devices really send, and in what they should not.

use super::{find, scheme_length};

/// The octets with `*` for each octet of a secret.
fn marked(text: &str) -> String {
    let mut octets = text.as_bytes().to_vec();
    for secret in find(text.as_bytes()) {
        octets[secret].fill(b'*');
    }
    String::from_utf8(octets).unwrap()
}

#[test]
fn all_of_a_cookie_and_no_scheme_that_is_none() {
    assert_eq!(
        marked("Cookie: sid=abc; theme=dark\r\nHost: x\r\n"),
        "Cookie: *******************\r\nHost: x\r\n"
    );
    assert_eq!(marked("set-cookie: sid=abc; Path=/\r\n"), "set-cookie: ***************\r\n");
    assert_eq!(marked("Authorization: Basic abc def\r\n"), "Authorization: Basic *******\r\n");
    assert_eq!(marked("Authorization: 0123 4567\r\n"), "Authorization: *********\r\n");
    assert_eq!(marked("X-API-Key: 0123\r\nApiKey: 4567\r\n"), "X-API-Key: ****\r\nApiKey: ****\r\n");
    assert_eq!(scheme_length(b"Authorization", b"bearer  x"), 8);
    assert_eq!(scheme_length(b"Cookie", b"Basic x"), 0);
}

/// Base64 encoders break lines.
#[test]
fn a_line_without_a_name_goes_on_with_the_secret() {
    let head = "POST / HTTP/1.1\r\nAuthorization: Basic AAAA\nBBBB==\r\nHost: x\r\n\r\nCCCC\r\n";
    let expected = "POST / HTTP/1.1\r\nAuthorization: Basic ***********\r\nHost: x\r\n\r\nCCCC\r\n";
    assert_eq!(marked(head), expected);
}

#[test]
fn names_in_any_way_of_writing() {
    for name in
        ["clientSecret", "client-secret", "CLIENT_SECRET", "client%5Fsecret", "api_key", "Token", "id_token"]
    {
        assert_eq!(marked(&format!("a=b&{name}=xyz&c=d")), format!("a=b&{name}=***&c=d"));
        assert_eq!(marked(&format!("{{\"{name}\": \"xyz\"}}")), format!("{{\"{name}\": \"***\"}}"));
        assert_eq!(
            marked(&format!("{{'{name}': 'xyz', 'a': 'b'}}")),
            format!("{{'{name}': '***', 'a': 'b'}}")
        );
    }
    assert_eq!(marked("{client_id=a, client_secret=xyz"), "{client_id=a, client_secret=***");
    assert_eq!(marked("https://x/#access_token=abc"), "https://x/#access_token=***");
    for other in [
        "token_type=bearer",
        "grant_type=authorization_code",
        "{\"barcode\":\"1\"}",
        "POST /oauth/token HTTP/1.1",
    ] {
        assert_eq!(marked(other), other);
    }
}

#[test]
fn values_that_are_no_plain_strings() {
    assert_eq!(marked(r#"{"password": 987654321, "code": 400}"#), r#"{"password": *********, "code": 400}"#);
    assert_eq!(marked("client_secret=abc def&a=b"), "client_secret=*******&a=b");
    assert_eq!(marked("GET /?code=abc HTTP/1.1\r\n"), "GET /?code=*** HTTP/1.1\r\n");
    assert_eq!(marked(r#"{"Authorization": "Basic abc"}"#), r#"{"Authorization": "*********"}"#);
    assert_eq!(marked(r#""a\nclient_secret=abc""#), r#""a\nclient_secret=****"#);
    let part = "--x\r\nContent-Disposition: form-data; name=\"client_secret\"\r\n\r\nab\r\ncd\r\n--x--\r\n";
    assert_eq!(marked(part), part.replace("ab\r\ncd", "******"));
    assert_eq!(marked("name=\"password\"\r\n"), "name=\"password\"\r\n");
}

/// The longer one counts, wherever it begins.
#[test]
fn one_secret_that_begins_in_another() {
    let secret = "x\"client_secret\":\"y\r\nREST";
    assert_eq!(marked(&format!("code={secret}\" z")), format!("code={}\" z", "*".repeat(secret.len())));
    let secret = "x\"client_secret\":\"y\" z";
    assert_eq!(marked(&format!("code={secret}&a=b")), format!("code={}&a=b", "*".repeat(secret.len())));
}

/// A megabyte of names: each would be searched to the end if nothing were remembered. The work is counted
/// by what it takes at most, ten times the largest of these in a debug build.
#[test]
fn repeated_names_cost_no_more_than_once() {
    for unit in ["?code=", "\"code\":\"", "name=\"password\"", "'token':'", "a\\\"code\\\":\\\"", "\n"] {
        let text = unit.repeat(1_000_000 / unit.len());
        let found = find(text.as_bytes());
        assert!(found.windows(2).all(|pair| pair[0].end <= pair[1].start));
    }
}
