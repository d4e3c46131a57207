//! JSON out of values and values out of JSON; what is JSON is judged by `serde_json` too.

#![cfg(feature = "json")]

use picopost_http::json::{self, EscapedStr, MAX_JSON_DEPTH};
use picopost_http::{Error, Mismatch, ResponseReader};
use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Serialize};

/// Hands the value of a response with this body to `check`.
fn with_json<'b, T: Deserialize<'b>>(
    body: &[u8],
    buffer: &'b mut [u8],
    scratch: &mut [u8],
) -> Result<T, Error> {
    let mut reader = ResponseReader::new(buffer);
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
    reader.feed(head.as_bytes()).unwrap();
    reader.feed(body).unwrap();
    reader.finish().unwrap().json(scratch)
}

fn json_of<T: DeserializeOwned>(body: &[u8]) -> Result<T, Error> {
    with_json(body, &mut vec![0; body.len() + 100], &mut [0; 64])
}

/// Skips whatever there is.
#[derive(Debug, Deserialize)]
struct Nothing {}

#[derive(Debug, Deserialize, PartialEq)]
struct Token<'a> {
    access_token: &'a str,
    expires_in: u32,
}

#[test]
fn a_value_becomes_a_body() {
    #[derive(Serialize)]
    struct Reading<'a> {
        sensor: &'a str,
        celsius: f32,
        none: Option<u8>,
        history: [i16; 3],
    }
    let reading = Reading { sensor: "a\"b\n\u{1}é", celsius: f32::NAN, none: None, history: [-1, 0, 32767] };
    let expected = br#"{"sensor":"a\"b\n\u0001\u00e9","celsius":null,"none":null,"history":[-1,0,32767]}"#;
    let mut buffer = [0; 128];
    let body = json::to_slice(&reading, &mut buffer).unwrap();
    let [written, expected] = [body, expected].map(serde_json::from_slice::<serde_json::Value>);
    assert_eq!(written.unwrap(), expected.unwrap());

    // Every buffer that is too small says so, and the smallest that is not does.
    let length = body.len();
    for capacity in 0..length {
        let outcome = json::to_slice(&reading, &mut buffer[..capacity]);
        assert_eq!(outcome, Err(Error::JsonTooLarge { capacity }));
    }
    assert_eq!(json::to_slice(&reading, &mut buffer[..length]).map(<[u8]>::len), Ok(length));
}

#[test]
fn what_is_not_json_is_not_sent() {
    struct Raw;
    impl Serialize for Raw {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.serialize_bytes(b"\"},\"admin\":{\"a\":\"")
        }
    }
    #[derive(Serialize)]
    struct Reading {
        raw: Raw,
    }
    let outcome = json::to_slice(&Reading { raw: Raw }, &mut [0; 64]).map(<[u8]>::to_vec);
    assert!(matches!(outcome, Err(Error::JsonValue { .. })), "{outcome:?}");
}

#[test]
fn a_body_becomes_a_value() {
    let body =
        br#" {"scope":["a","b"],"access_token":"abc","more":{"a":[1,2.5e-3,true,null]},"expires_in":3600}
        "#;
    let mut buffer = [0; 256];
    let token: Token<'_> = with_json(body, &mut buffer, &mut []).unwrap();
    assert_eq!(token, Token { access_token: "abc", expires_in: 3600 });
}

#[test]
fn escapes_are_resolved_or_an_error() {
    #[derive(Debug, Deserialize, PartialEq)]
    struct Owned {
        access_token: heapless::String<16>,
    }
    #[derive(Debug, Deserialize)]
    struct Escaped<'a> {
        #[serde(borrow)]
        access_token: EscapedStr<'a>,
    }
    let body = br#"{"access_token":"a\/b\u002bc"}"#;
    let mut buffer = [0; 256];
    let owned: Owned = with_json(body, &mut buffer, &mut [0; 5]).unwrap();
    assert_eq!(owned.access_token, "a/b+c");
    // No string with its escapes in it, if nobody asked for that.
    let short = with_json::<Owned>(body, &mut buffer, &mut [0; 4]).unwrap_err();
    assert_eq!(short, Error::JsonScratchTooSmall { capacity: 4 });
    let borrowed = with_json::<Token<'_>>(body, &mut buffer, &mut [0; 16]).unwrap_err();
    assert_eq!(borrowed, Error::JsonMismatch { mismatch: Mismatch::Shape });
    let none = with_json::<Token<'_>>(body, &mut buffer, &mut []).unwrap_err();
    assert_eq!(none, Error::JsonScratchTooSmall { capacity: 0 });
    let escaped: Escaped<'_> = with_json(body, &mut buffer, &mut []).unwrap();
    assert_eq!(escaped.access_token.0, r"a\/b\u002bc");
}

#[test]
fn a_value_of_another_type_is_refused() {
    let mismatch = |body: &[u8]| match with_json::<Token<'_>>(body, &mut [0; 256], &mut [0; 16]) {
        Err(Error::JsonMismatch { mismatch }) => mismatch,
        other => panic!("{}: {other:?}", body.escape_ascii()),
    };
    let table: [(&[u8], Mismatch); 10] = [
        (br#"[]"#, Mismatch::Type),
        (br#""abc""#, Mismatch::Type),
        (br#"{"access_token":5,"expires_in":3600}"#, Mismatch::Type),
        (br#"{"access_token":"a","expires_in":"3600"}"#, Mismatch::Type),
        (br#"{"access_token":"a","expires_in":4294967296}"#, Mismatch::Number),
        (br#"{"access_token":"a","expires_in":-1}"#, Mismatch::Number),
        (br#"{"access_token":"a","expires_in":1.5}"#, Mismatch::Shape),
        (br#"{"access_token":"a"}"#, Mismatch::Shape),
        (br#"{"access_token":"a","access_token":"b","expires_in":1}"#, Mismatch::Shape),
        (br#"{"access_token":"\ud83d\ude00","expires_in":1}"#, Mismatch::Escape),
    ];
    for (body, expected) in table {
        assert_eq!(mismatch(body), expected, "{}", body.escape_ascii());
    }
    assert_eq!(
        json_of::<[u8; 2]>(b"[1,2,3]").unwrap_err(),
        Error::JsonMismatch { mismatch: Mismatch::Shape }
    );
    assert_eq!(
        json_of::<serde_json::Value>(b"1").unwrap_err(),
        Error::JsonMismatch { mismatch: Mismatch::Unsupported }
    );
}

/// Texts that are JSON.
const GOOD: [&str; 16] = [
    "{}",
    "[]",
    " \t\r\n{ \"a\" : [ 1 , 2 ] } \n",
    "\"\"",
    r#""\"\\\/\b\f\n\r\t\u0041\uABcd""#,
    "\"é\u{10ffff}\u{7f}\"",
    "0",
    "-0",
    "10",
    "-1.50e+10",
    "1E-2",
    "true",
    "false",
    "null",
    r#"{"a":{"b":[{"c":[[],{}]}]},"":0}"#,
    r#"[[1,"]"],[{"}":"{"}]]"#,
];

/// Texts that are not, with the octet where that shows.
const BAD: [(&str, usize); 62] = [
    ("", 0),
    (" ", 1),
    ("{", 1),
    ("}", 0),
    ("{}}", 2),
    ("{} {}", 3),
    ("{}x", 2),
    ("[", 1),
    ("]", 0),
    ("[]]", 2),
    ("[1", 2),
    ("[1,", 3),
    ("[1,]", 3),
    ("[,1]", 1),
    ("[1 2]", 3),
    ("[1}", 2),
    ("[{]", 2),
    ("{]", 1),
    ("{\"a\"}", 4),
    ("{\"a\":}", 5),
    ("{\"a\":1", 6),
    ("{\"a\":1,}", 7),
    ("{,\"a\":1}", 1),
    ("{\"a\" 1}", 5),
    ("{\"a\":1]", 6),
    ("{a:1}", 1),
    ("{1:1}", 1),
    ("{'a':1}", 1),
    ("{\"a\":1 \"b\":2}", 7),
    ("{\"a\"::1}", 5),
    ("\"", 1),
    ("\"a", 2),
    ("\"\n\"", 1),
    ("\"\0\"", 1),
    ("\"\u{1f}\"", 1),
    (r#""\""#, 3),
    (r#""\x""#, 2),
    (r#""\u""#, 3),
    (r#""\u123""#, 6),
    (r#""\u12g4""#, 5),
    (r#""\U0041""#, 2),
    ("01", 1),
    ("-", 1),
    ("--1", 1),
    ("-a", 1),
    ("+1", 0),
    (".5", 0),
    ("1.", 2),
    ("1.e5", 2),
    ("1e", 2),
    ("1e+", 3),
    ("1.5.5", 3),
    ("0x10", 1),
    ("1_0", 1),
    ("NaN", 0),
    ("Infinity", 0),
    ("nul", 3),
    ("nulL", 3),
    ("nullx", 4),
    ("True", 0),
    ("// a\n1", 0),
    ("<!DOCTYPE html>", 0),
];

#[test]
fn what_is_json() {
    for text in GOOD {
        assert!(serde_json::from_str::<IgnoredAny>(text).is_ok(), "{text}");
        // As part of what is skipped, so that any type will do.
        let body = format!(r#"{{"skipped":{text}}}"#);
        json_of::<Nothing>(body.as_bytes()).unwrap_or_else(|error| panic!("{text}: {error}"));
    }
    for (text, position) in BAD {
        assert!(serde_json::from_str::<IgnoredAny>(text).is_err(), "{text}");
        let expected = Error::JsonSyntax { position };
        assert_eq!(json_of::<Nothing>(text.as_bytes()).unwrap_err(), expected, "{text:?}");
    }
    for text in [b"\"\xff\"".as_slice(), b"\"\xc3\"", b"\"\xed\xa0\x80\""] {
        assert_eq!(json_of::<Nothing>(text).unwrap_err(), Error::JsonSyntax { position: 1 });
    }
    assert_eq!(json_of::<Nothing>(b"\xef\xbb\xbf{}").unwrap_err(), Error::JsonSyntax { position: 0 });
}

#[test]
fn a_text_that_is_cut_anywhere_is_not_json() {
    for text in GOOD {
        let body = format!(r#"{{"skipped":{text}}}"#);
        for cut in 0..body.len() {
            let outcome = json_of::<Nothing>(&body.as_bytes()[..cut]);
            assert!(matches!(outcome, Err(Error::JsonSyntax { .. })), "{text} cut at {cut}: {outcome:?}");
        }
    }
}

/// The depth on the stack is not the server's to choose.
#[test]
fn nesting_is_limited() {
    let nested = |open: &str, close: &str, depth: usize| {
        let inner = depth - 1;
        format!("{{\"a\":{}0{}}}", open.repeat(inner), close.repeat(inner))
    };
    for (open, close) in [("[", "]"), ("{\"b\":", "}"), (" [ 1 , ", " ] ")] {
        assert!(json_of::<Nothing>(nested(open, close, MAX_JSON_DEPTH).as_bytes()).is_ok());
        let outcome = json_of::<Nothing>(nested(open, close, MAX_JSON_DEPTH + 1).as_bytes());
        assert_eq!(outcome.unwrap_err(), Error::JsonTooDeep { maximum: 16 });
    }
    let bomb = "[".repeat(1_000_000);
    assert_eq!(json_of::<Nothing>(bomb.as_bytes()).unwrap_err(), Error::JsonTooDeep { maximum: 16 });
    // Width is not depth.
    let wide = format!("{{\"a\":[{}0]}}", "[[]],{},".repeat(1000));
    assert!(json_of::<Nothing>(wide.as_bytes()).is_ok());
    // How deep a value nests that is sent is the caller's own to say.
    let mut buffer = [0; 64];
    assert_eq!(json::to_slice(&[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]], &mut buffer).map(<[u8]>::len), Ok(37));
}

proptest::proptest! {
    #[test]
    fn serde_json_agrees(text in "[\\[\\]{}:,\"\\\\ue0-9.+ a-]{0,12}") {
        let expected = serde_json::from_str::<IgnoredAny>(&text).is_ok();
        let outcome = json_of::<Nothing>(text.as_bytes());
        let found = !matches!(outcome, Err(Error::JsonSyntax { .. }));
        // `serde_json` reads surrogates while it skips, as any other number.
        proptest::prop_assert_eq!(found, expected, "{:?}", outcome);
    }
}
