//! Codes as arguments.

use serde_json::{Value, json};

use crate::support::{Output, explain, report};
use crate::validate::validate;

/// What a code gives on stdout, where it is known.
fn known(arguments: &[&str]) -> String {
    let Output { status, stdout, stderr } = explain(arguments);
    assert_eq!((status, stderr.as_str()), (0, ""), "{arguments:?}");
    stdout
}

#[test]
fn a_number_of_mbed_tls() {
    assert_eq!(known(&["-0x7F00", "--for", "esp-idf"]), MEMORY);
}

const MEMORY: &str = "\
-0x7F00  Mbed TLS: MBEDTLS_ERR_SSL_ALLOC_FAILED
  means      No memory for the TLS connection's buffers, though the sum of the free memory may look
             large.
  problem    Not enough memory in one piece
  causes     1. The heap is in pieces: a TLS stack with 16 KiB records needs one free block of some
             17,000 octets for each direction, and the largest is smaller than the sum.
             2. Two connections, or a connection and Bluetooth, at the same time.
             3. A leak: each failed attempt leaves its context behind.
             4. The task's stack is too small for the handshake.
  tell apart Print the largest free block, not the sum: ESP-IDF
             `heap_caps_get_largest_free_block(MALLOC_CAP_8BIT)`, Arduino `ESP.getMaxAllocHeap()`.
             Print it before each attempt: a number that falls is a leak.
  fix        Connect early, before the heap is in pieces, and free the connection on every path;
             make the buffers smaller or static. picopost needs no heap: its buffers are the
             caller's.
  in ESP-IDF
      # sdkconfig
      CONFIG_MBEDTLS_DYNAMIC_BUFFER=y
      CONFIG_MBEDTLS_ASYMMETRIC_CONTENT_LEN=y
      CONFIG_MBEDTLS_SSL_OUT_CONTENT_LEN=4096
  source     Mbed TLS 2.28.3 and 3.6.5, include/mbedtls/ssl.h
";

#[test]
fn a_number_of_ours() {
    assert_eq!(known(&["3204"]), OURS);
}

const OURS: &str = "\
3204  picopost
  means      A certificate is before its notBefore.
  problem    The device does not know the time
  causes     1. The certificate was checked before SNTP had answered: the clock showed 1970.
             2. SNTP does not get through: UDP port 123 is blocked, or the name of the time server
             is not resolved.
             3. The clock was lost in deep sleep or at a reset.
             4. The certificate is really outside its dates.
  tell apart Print the device's time beside the error: 1970 or the build's year is the clock's
             fault.
             `picopost trust HOST` shows the dates of every certificate of the host.
  fix        Set the time before the first request, and wait until it is set. Do not skip the dates:
             an old certificate whose key was stolen would do.
  in Rust
      // `Clock::now` gives `None` until SNTP has answered; picopost then refuses to POST (1100).
      fn now(&self) -> Option<UnixTime> {
          self.unix_seconds()
      }
  source     docs/errors.md
";

#[test]
fn a_number_with_several_meanings() {
    assert_eq!(known(&["-7"]), SEVERAL);
    let lwip = known(&["-7", "--stack", "lwip"]);
    assert!(lwip.starts_with("-7  lwIP: ERR_WOULDBLOCK\n") && !lwip.contains("other meanings"), "{lwip}");
}

const SEVERAL: &str = "\
-7  Arduino HTTPClient and NetworkClientSecure: HTTPC_ERROR_NO_HTTP_SERVER
  means      What came back is not HTTP.
  problem    The answer could not be understood
  causes     1. Not the service answered: a captive portal, a proxy, another port.
             2. The chunked coding was not decoded, and its sizes stand in the JSON.
             3. The answer is larger than the buffer for it, or its headers are.
             4. The answer belongs to an earlier request on a kept-alive connection.
  tell apart `picopost post URL --output json` shows the status, the headers and the body.
             Print the first 100 octets of what the device got: HTML is a portal or an error page.
  fix        Give the answer a buffer that fits it, read it to its end before the connection is used
             again, and check status and Content-Type before parsing.
  source     arduino-esp32, libraries/HTTPClient/src/HTTPClient.h; ESP8266 core, ESP8266HTTPClient.h
             (the texts: `errorToString` in HTTPClient.cpp)

`-7` has other meanings too; how to tell:
  arduino    Arduino HTTPClient: -1 to -11, the result of `http.POST()` or `GET()`, often with
             `errorToString`'s words: `[HTTP] POST... failed, error: connection refused`.
  lwip       ERR_WOULDBLOCK: Nothing there yet.
             lwIP: -1 to -16 as err_t from `tcp_…` and `netconn_…` functions; -200 to -204 from
             `getaddrinfo`, as in MicroPython's `OSError: -202`.
  `--stack lwip` shows that one in full
";

#[test]
fn a_sum() {
    let sum = known(&["-0x2562"]);
    assert!(
        sum.starts_with("-0x2562 is the sum of two errors: -0x2500 and -0x0062\n\n-0x2500  Mbed TLS: "),
        "{sum}"
    );
    assert!(sum.contains("\n\n-0x0062  Mbed TLS: "), "{sum}");
}

/// Every way to write the same error gives the same answer.
#[test]
fn the_same_error_written_differently() {
    let ids = |code: &str| {
        let (status, report) = report(&[code]);
        assert_eq!(status, 0, "{code}");
        report["errors"][0]["meanings"][0]["id"].as_str().unwrap().to_owned()
    };
    for code in ["-0x2700", "-9984", "0x2700", "9984", "0xFFFFD900", "MBEDTLS_ERR_X509_CERT_VERIFY_FAILED"] {
        assert_eq!(ids(code), "mbedtls/-0x2700", "{code}");
    }
    assert_eq!(ids("mbedtls/-0x2700"), "mbedtls/-0x2700");
    assert_eq!(ids("0x8009"), "esp-idf/0x8009");
    assert_eq!(ids("32770"), "esp-idf/0x8002");
    assert_eq!(ids("unknownissuer"), "rustls/UnknownIssuer");
    assert_eq!(ids("Tls(InsufficientSpace)"), "reqwless/InsufficientSpace");
    assert_eq!(ids("handshake_failure"), "tls-alert/40");
    assert_eq!(ids("error:0A000086:SSL routines::certificate verify failed"), "openssl/134");
}

#[test]
fn several_codes_and_words_without_quotes() {
    let ids = |arguments: &[&str]| -> Vec<String> {
        let (_, report) = report(arguments);
        let errors = report["errors"].as_array().unwrap().iter();
        errors.map(|error| error["meanings"][0]["id"].as_str().unwrap().to_owned()).collect()
    };
    // In their order, each by itself.
    assert_eq!(ids(&["ESP_ERR_HTTP_CONNECT", "-0x2700"]), ["esp-idf/0x7002", "mbedtls/-0x2700"]);
    assert_eq!(ids(&["unable", "to", "get", "local", "issuer", "certificate"]), ["openssl/20"]);
}

#[test]
fn unknown_codes() {
    let failed = |arguments: &[&str], stderr: &str| {
        let expected = Output { status: 1, stdout: String::new(), stderr: stderr.to_owned() };
        assert_eq!(explain(arguments), expected, "{arguments:?}");
    };
    failed(
        &["ESP_ERR_HTTP_CONECT"],
        "error: `ESP_ERR_HTTP_CONECT` is no error that is known\nhint: near it are 0x7002 (ESP-IDF: ESP_ERR_HTTP_CONNECT), 0x7006 (ESP-IDF: ESP_ERR_HTTP_CONNECTING), 0x7007 (ESP-IDF: ESP_ERR_HTTP_EAGAIN)\n",
    );
    failed(
        &["--stack", "bearssl", "61"],
        "error: `61` is no error that is known\nhint: near it are 60 (BearSSL: BR_ERR_X509_WEAK_PUBLIC_KEY), 62 (BearSSL: BR_ERR_X509_NOT_TRUSTED), 59 (BearSSL: BR_ERR_X509_FORBIDDEN_KEY_USAGE)\n",
    );
    // What is known is explained all the same.
    let Output { status, stdout, .. } = explain(&["3206", "xyzzy-1"]);
    assert_eq!(status, 1);
    assert!(stdout.starts_with("3206  picopost\n"), "{stdout}");
}

#[test]
fn wrong_arguments() {
    let output = explain(&["--stack", "gnutls", "1"]);
    assert_eq!(output.status, 2);
    assert!(
        output
            .stderr
            .starts_with("error: no stack is called `gnutls`\nhint: those known are picopost, mbedtls, ")
    );
    assert_eq!(explain(&["--for", "zephyr", "1"]).status, 2);
    assert_eq!(explain(&["--list", "1"]).status, 2);
}

#[test]
fn the_list_has_every_error() {
    let list = known(&["--list"]);
    let lines = list.lines().filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    assert!(lines.count() > 800, "{list}");
    assert!(
        known(&["--list", "--stack", "bearssl"]).contains("\n  62         BR_ERR_X509_NOT_TRUSTED: No path ")
    );
}

fn schema() -> Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/explain.schema.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

#[test]
fn reports_are_as_the_schema_says() {
    let schema = schema();
    for arguments in
        [&["-0x2700"] as &[&str], &["-1"], &["-0x2562"], &["UnknownIssuer"], &["x-no-such-error"]]
    {
        let (_, report) = report(arguments);
        assert_eq!(validate(&report, &schema, &schema, ""), Vec::<String>::new(), "{report:#}");
    }
    let log = crate::support::explain_log(
        &["--json"],
        b"E (1) esp-tls-mbedtls: mbedtls_ssl_handshake returned -0x7F00\nE (2) app: ESP_ERR_HTTP_CONNECT\n",
    );
    let report: Value = serde_json::from_str(&log.stdout).unwrap();
    assert_eq!(validate(&report, &schema, &schema, ""), Vec::<String>::new(), "{report:#}");
    assert_eq!((&report["errors"][0]["lines"], &report["errors"][1]["follows"]), (&json!([1]), &json!(0)));
    // The test would see it if they were not.
    let mut wrong = report;
    wrong["errors"][0]["meanings"][0]["extra"] = 1.into();
    wrong["errors"][0]["sum"] = 5.into();
    assert_eq!(validate(&wrong, &schema, &schema, "").len(), 2);
}
