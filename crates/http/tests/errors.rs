//! Every error's number and sentence: neither may change by accident.

use picopost_http::{End, Error, Mismatch, StatusCode};

#[test]
fn numbers_and_sentences() {
    let end = End::CloseNotify;
    let table = [
        (Error::UrlScheme, 1200, "the URL does not begin with `https://`"),
        (Error::UrlWithoutHost, 1201, "the URL has no host"),
        (Error::UrlUserinfo, 1202, "the URL has a user name or password before the host"),
        (Error::UrlHost { octet: b' ', position: 9 }, 1203, "the URL's host has a space at octet 9"),
        (Error::UrlPort, 1204, "the URL's port is not a number from 1 to 65535"),
        (Error::UrlTarget { octet: b'"', position: 9 }, 1205, "the URL has `\"` at octet 9, unencoded"),
        (
            Error::UrlPercent { position: 9 },
            1206,
            "the URL has a `%` without two hexadecimal digits at octet 9",
        ),
        (Error::FieldNameEmpty, 1210, "a header has an empty name"),
        (Error::FieldName { octet: b':', position: 1 }, 1211, "a header's name has `:` at octet 1"),
        (Error::FieldValue { octet: b'\r', position: 1 }, 1212, "a header's value has a CR at octet 1"),
        (Error::FieldValueSpace, 1213, "a header's value begins or ends with white space"),
        (
            Error::FieldReserved { name: "host" },
            1214,
            "the header `host` is the library's to write and cannot be set",
        ),
        (
            Error::JsonTooLarge { capacity: 64 },
            1215,
            "the value's JSON does not fit into the buffer of 64 octets",
        ),
        (Error::JsonValue { position: 1 }, 1216, "what the value was serialised to is not JSON at octet 1"),
        (
            Error::ContentTooShort { promised: 9, given: 4 },
            1230,
            "the content's source promised 9 octets and gave 4",
        ),
        (Error::ContentTooLong { promised: 9 }, 1231, "the content's source promised 9 octets and has more"),
        (Error::ContentUnreadable { position: 4 }, 1232, "the content's source failed at octet 4"),
        (Error::NoResponse { end }, 4100, "the connection ended with close_notify before any answer"),
        (
            Error::HeadTruncated { received: 7, end: End::Truncated },
            4101,
            "the connection ended without close_notify after 7 octets of the response's head",
        ),
        (
            Error::NotHttp { octet: 0x16, position: 0 },
            4102,
            "the answer is not HTTP/1: it has the octet 0x16 at octet 0",
        ),
        (Error::StatusLine, 4103, "the response's status line is malformed"),
        (Error::HeaderName, 4104, "a response header's name is malformed, or a header is folded"),
        (Error::HeaderValue, 4105, "a response header's value is malformed"),
        (Error::HeadLineEnd, 4106, "a line of the response's head ends in CR without LF"),
        (Error::TooManyHeaders { maximum: 64 }, 4107, "the response has more than 64 headers"),
        (
            Error::HeadTooLarge { capacity: 100 },
            4108,
            "the response's head does not fit into the buffer of 100 octets",
        ),
        (Error::SwitchingProtocols, 4109, "the server switched to a protocol that was not asked for"),
        (
            Error::TooManyInterimResponses { maximum: 8 },
            4110,
            "the server sent more than 8 interim responses",
        ),
        (Error::ContentLength, 4111, "the response's Content-Length is not a number"),
        (Error::ContentLengthConflict { first: 1, second: 2 }, 4112, "the response has two lengths, 1 and 2"),
        (Error::TwoFramings, 4113, "the response has both Transfer-Encoding and Content-Length"),
        (Error::TransferCoding, 4114, "the response's transfer coding is not `chunked` alone"),
        (Error::TransferEncodingInHttp10, 4115, "an HTTP/1.0 response has a Transfer-Encoding"),
        (Error::ResponseBeforeRequest, 4116, "a response came before the request was sent"),
        (
            Error::BodyTooLarge { size: 300, capacity: 200 },
            4200,
            "the response's body is 300 octets or more, and the buffer has room for 200",
        ),
        (
            Error::BodyTruncated { received: 5, expected: Some(10), end },
            4201,
            "the connection ended with close_notify after 5 of the body's 10 octets",
        ),
        (
            Error::BodyTruncated { received: 5, expected: None, end },
            4201,
            "the connection ended with close_notify in the body, after 5 octets of it",
        ),
        (Error::ChunkSize { octet: b'\n' }, 4202, "the line with a chunk's size has an LF"),
        (Error::ChunkSizeTooLong { maximum: 16 }, 4203, "a chunk's size has more than 16 digits"),
        (Error::ChunkEnd { octet: b'x' }, 4204, "a chunk is followed by `x` and not by CRLF"),
        (
            Error::ChunkExtensionTooLong { maximum: 256 },
            4205,
            "a chunk's extensions are longer than 256 octets",
        ),
        (Error::Trailer { octet: 0 }, 4206, "the trailer section has a NUL"),
        (Error::TrailerTooLong { maximum: 4096 }, 4207, "the trailer section is longer than 4096 octets"),
        (Error::Incomplete, 4208, "the response is not complete yet"),
        (
            Error::ContentRefused { taken: 9 },
            4209,
            "no more of the response's content was taken than 9 octets",
        ),
        (Error::JsonSyntax { position: 9 }, 4210, "the response's body is not JSON at octet 9"),
        (Error::JsonTooDeep { maximum: 16 }, 4211, "the response's JSON is nested more than 16 deep"),
        (
            Error::JsonMismatch { mismatch: Mismatch::Type },
            4212,
            "the response's JSON has a value of another type than was expected",
        ),
        (
            Error::JsonScratchTooSmall { capacity: 9 },
            4213,
            "a string with escapes does not fit into the scratch space of 9 octets",
        ),
        (Error::RedirectWithoutLocation, 4400, "the redirect does not say where it leads"),
        (Error::RedirectNotHttps, 4401, "the redirect leads to another scheme than `https`"),
        (
            Error::RedirectUrl { number: 1202 },
            4402,
            "the redirect leads to a URL that is refused with error 1202",
        ),
        (
            Error::RedirectTooLong { capacity: 9 },
            4403,
            "the redirect's URL does not fit into the 9 octets behind the response's head",
        ),
        (Error::TooManyRedirects { maximum: 3 }, 4404, "there were more than 3 redirects"),
        (Error::Status { status: StatusCode(401) }, 5401, "the server answered with status 401"),
    ];
    for (error, code, sentence) in table {
        assert_eq!(error.code(), code, "{error:?}");
        let shown = if cfg!(feature = "error-text") { sentence.to_owned() } else { format!("error {code}") };
        assert_eq!(error.to_string(), shown);
    }
    let mut codes: Vec<_> = table.iter().map(|(_, code, _)| code).collect();
    codes.dedup();
    assert!(codes.is_sorted());
    assert_eq!(codes.len(), table.len() - 1, "BodyTruncated alone is there twice");
}

#[test]
fn what_fails_while_content_is_sent_is_told_from_what_fails_before() {
    use picopost_http::Stage;
    assert_eq!(Error::JsonValue { position: 0 }.stage(), Stage::Request);
    assert_eq!(Error::ContentTooShort { promised: 1, given: 0 }.stage(), Stage::Content);
    assert_eq!(Error::ContentUnreadable { position: 0 }.stage(), Stage::Content);
    assert_eq!(Error::NoResponse { end: End::CloseNotify }.stage(), Stage::Head);
}

#[test]
fn each_mismatch_has_its_own_sentence() {
    let all = [Mismatch::Type, Mismatch::Number, Mismatch::Shape, Mismatch::Escape, Mismatch::Unsupported];
    let mut sentences = all.map(|mismatch| Error::JsonMismatch { mismatch }.to_string()).to_vec();
    sentences.dedup();
    assert_eq!(sentences.len(), if cfg!(feature = "error-text") { all.len() } else { 1 });
}
