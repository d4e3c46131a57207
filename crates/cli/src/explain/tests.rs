//! The catalogue holds together, and logs of every stack are understood.

use std::collections::{BTreeMap, BTreeSet};

use super::catalogue::Catalogue;
use super::report::Report;

#[test]
fn the_catalogue_is_whole() {
    let catalogue = Catalogue::new().unwrap();
    let mut ids = BTreeSet::new();
    for entry in &catalogue.entries {
        let id = &entry.id;
        assert!(ids.insert(id), "{id} is there twice");
        assert!(!entry.source.trim().is_empty(), "{id} has no source");
        assert!(catalogue.causes(entry).next().is_some(), "{id} has no causes");
        assert!(catalogue.tell(entry).next().is_some(), "{id} does not say how to tell");
        assert!(!catalogue.fix(entry).is_empty(), "{id} has no fix");
        assert!(entry.means.ends_with('.'), "{id}: {}", entry.means);
        assert!((1..=9).contains(&entry.telling) && entry.likely <= 3, "{id}");
        for other in &entry.see {
            assert!(catalogue.entry(other).is_some(), "{id} names {other}");
        }
        for other in &entry.follows {
            let there = match other.strip_suffix("/*") {
                Some(stack) => catalogue.stack(stack).is_some(),
                None => catalogue.entry(other).is_some(),
            };
            assert!(there, "{id} follows {other}");
        }
    }
    // The same number twice in one stack would hide one of them.
    let mut numbers = BTreeSet::new();
    for entry in &catalogue.entries {
        // Linux's errno, where it differs, is marked by a plus.
        let marked = entry.code.as_ref().is_some_and(|code| code.starts_with('+'));
        if let Some(number) = entry.number.filter(|_| !marked) {
            assert!(numbers.insert((entry.stack, number)), "{} is there twice", entry.id);
        }
    }
}

#[test]
fn problems_are_unique_used_and_whole() {
    let catalogue = Catalogue::new().unwrap();
    let mut ids = BTreeSet::new();
    for (at, problem) in catalogue.problems.iter().enumerate() {
        assert!(ids.insert(&problem.id), "{} is there twice", problem.id);
        assert!(!problem.causes.is_empty() && !problem.tell.is_empty(), "{}", problem.id);
        assert!(problem.fix.ends_with('.'), "{}", problem.id);
        let used = catalogue.entries.iter().any(|entry| entry.problem == Some(at));
        assert!(used, "no entry has the problem {}", problem.id);
    }
}

#[test]
fn no_stack_is_thin() {
    let catalogue = Catalogue::new().unwrap();
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for entry in &catalogue.entries {
        *counts.entry(&catalogue.stacks[entry.stack].id).or_default() += 1;
    }
    assert_eq!(counts.len(), catalogue.stacks.len());
    assert!(catalogue.entries.len() > 800, "{} entries", catalogue.entries.len());
    for (stack, least) in
        [("mbedtls", 120), ("picopost", 200), ("wolfssl", 90), ("bearssl", 100), ("arduino", 15)]
    {
        assert!(counts[stack] >= least, "{stack}: {}", counts[stack]);
    }
}

/// Lines as programs print them, with the error that is to be found first.
const LINES: [(&str, &str); 56] = [
    // Mbed TLS, alone, in ESP-IDF, in arduino-esp32, in MicroPython.
    ("E (1234) esp-tls-mbedtls: mbedtls_ssl_handshake returned -0x7780", "mbedtls/-0x7780"),
    ("E (5813) esp-tls-mbedtls: mbedtls_ssl_handshake returned -0x2700", "mbedtls/-0x2700"),
    (
        "I (5822) esp-tls-mbedtls: (FFFF9C00): X509 - Certificate verification failed, e.g. CRL",
        "mbedtls/-0x2700",
    ),
    (
        "[ 9021][E][ssl_client.cpp:37] _handle_error(): [start_ssl_client():273]: (-9984) X509 - Certificate verification failed",
        "mbedtls/-0x2700",
    ),
    (
        "[E][ssl_client.cpp:36] _handle_error(): [data_to_read():361]: (-76) UNKNOWN ERROR CODE (004C)",
        "mbedtls/-0x004C",
    ),
    ("OSError: (-9984, 'MBEDTLS_ERR_X509_CERT_VERIFY_FAILED')", "mbedtls/-0x2700"),
    ("OSError: -29312", "mbedtls/-0x7280"),
    ("ssl_handshake failed: 0x7780", "mbedtls/-0x7780"),
    ("  ! The certificate validity starts in the future", "mbedtls/MBEDTLS_X509_BADCERT_FUTURE"),
    ("E (9) esp-x509-crt-bundle: No matching trusted root certificate found", "mbedtls/-0x3000"),
    // ESP-IDF.
    ("E (12345) HTTP_CLIENT: Connection failed, sock < 0", ""),
    ("E (2011) app: HTTP POST request failed: ESP_ERR_HTTP_CONNECT", "esp-idf/0x7002"),
    ("E (33) app: perform returned 0x7007", "esp-idf/0x7007"),
    ("E (4411) esp-tls: Failed to open new connection, error 0x8006", "esp-idf/0x8006"),
    ("ESP_ERROR_CHECK failed: esp_err_t 0x101 (ESP_ERR_NO_MEM) at 0x4008", "esp-idf/0x101"),
    ("E (71) HTTP_CLIENT: Out of buffer", "esp-idf/out-of-buffer"),
    // Arduino.
    ("[HTTP] POST... failed, error: connection refused", "arduino/-1"),
    ("[E][HTTPClient.cpp:1500] returnError(): error(-11): read Timeout", "arduino/-11"),
    ("httpResponseCode: -1", "arduino/-1"),
    ("Error code: -7 no HTTP server", "arduino/-7"),
    (
        "[E][ssl_client.cpp:129] start_ssl_client(): Failed to verify peer certificate! verification info: ",
        "arduino/peer-not-verified",
    ),
    (
        "[V][ssl_client.cpp:148] start_ssl_client(): WARNING: Skipping SSL Verification. INSECURE!",
        "arduino/verification-off",
    ),
    // BearSSL.
    ("BSSL:_connectSSL: getLastSSLError: 62", "bearssl/62"),
    ("BearSSL error: Chain could not be linked to a trust anchor.", "bearssl/62"),
    ("SSL error 296 (bearssl)", "bearssl/296"),
    // wolfSSL.
    ("wolfSSL_connect error -188", "wolfssl/-188"),
    ("wolfSSL error: -322", "wolfssl/-322"),
    ("err = -313, received alert fatal error (wolfssl)", "wolfssl/-313"),
    // OpenSSL.
    ("error:0A000086:SSL routines::certificate verify failed", "openssl/134"),
    ("140735:error:1408F10B:SSL routines:ssl3_get_record:wrong version number", "openssl/267"),
    ("verify error:num=20:unable to get local issuer certificate", "openssl/20"),
    ("Verify return code: 19 (self-signed certificate in certificate chain)", "openssl/19"),
    ("curl: (35) error:0A000410:SSL routines::sslv3 alert handshake failure", "openssl/1040"),
    // rustls.
    ("Error: invalid peer certificate: UnknownIssuer", "rustls/UnknownIssuer"),
    ("InvalidCertificate(NotValidYet)", "rustls/NotValidYet"),
    ("received corrupt message of type InvalidContentType", "rustls/InvalidContentType"),
    ("peer is incompatible: ServerDoesNotSupportTls12Or13", "rustls/ServerDoesNotSupportTls12Or13"),
    // reqwless and embedded-tls.
    ("reqwless error: Tls(HandshakeAborted(Fatal, HandshakeFailure))", "tls-alert/40"),
    ("panicked: Tls(InsufficientSpace)", "reqwless/InsufficientSpace"),
    ("request failed: Network(ConnectionReset)", "reqwless/Network"),
    // TLS alerts.
    ("SSL alert number 48", "tls-alert/48"),
    ("got an alert message, type: [2:40]", "tls-alert/40"),
    ("received fatal alert: ProtocolVersion", "tls-alert/70"),
    ("alert unknown_ca", "tls-alert/48"),
    // HTTP.
    ("HTTP/1.1 415 Unsupported Media Type", "http/415"),
    ("I (99) app: status = 401", "http/401"),
    ("[HTTP] POST... code: 403", "http/403"),
    ("<center>The plain HTTP request was sent to HTTPS port</center>", "http/400"),
    // Cloudflare.
    ("error code: 1020", "cloudflare/1020"),
    ("Cloudflare Error 1015, cf-ray: 8a1b2c3d4e5f6a7b-FRA", "cloudflare/1015"),
    ("HTTP/1.1 522 (server: cloudflare)", "cloudflare/522"),
    // The system and lwIP.
    ("OSError: [Errno 104] ECONNRESET", "errno/104"),
    ("connect on fd 48, errno: 113, \"Software caused connection abort\"", "errno/113"),
    ("OSError: -202", "lwip/-202"),
    // Ours.
    ("picopost: error 2103", "picopost/2103"),
    ("error: certificate 3206: no path from the server's certificate to a trust anchor", "picopost/3206"),
];

#[test]
fn lines_of_every_stack_are_understood() {
    let catalogue = Catalogue::new().unwrap();
    let (mut seen, mut wrong) = (BTreeSet::new(), Vec::new());
    for (line, expected) in LINES {
        let report = Report::of_log(&catalogue, line, None);
        let found = report.errors.first().map(|found| catalogue.entries[found.entries[0]].id.as_str());
        if found.unwrap_or_default() != expected {
            wrong.push(format!("{line}: {found:?}, not {expected}"));
        }
        seen.insert(expected.split('/').next().unwrap());
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    let missing: Vec<&str> =
        catalogue.stacks.iter().map(|stack| stack.id.as_str()).filter(|id| !seen.contains(id)).collect();
    assert!(missing.is_empty(), "no line of {missing:?}");
}

#[test]
fn every_stacks_own_notation_is_read() {
    let catalogue = Catalogue::new().unwrap();
    for entry in &catalogue.entries {
        let only = Some(entry.stack);
        for written in entry.code.iter().chain(&entry.names).chain([&entry.id]) {
            let report = Report::of_codes(&catalogue, std::slice::from_ref(written), only);
            let found = report.errors.iter().flat_map(|found| &found.entries);
            let there = found.map(|at| &catalogue.entries[*at].id).any(|id| *id == entry.id);
            assert!(there, "{written} does not give {}", entry.id);
        }
        for text in &entry.texts {
            let report = Report::of_log(&catalogue, text, only);
            assert!(!report.errors.is_empty(), "{text:?} gives nothing");
        }
    }
}

#[test]
fn consequences_hide_behind_their_cause() {
    let catalogue = Catalogue::new().unwrap();
    let log = "I (900) wifi: got ip 192.168.1.104\n\
        E (1200) esp-tls-mbedtls: mbedtls_ssl_handshake returned -0x7F00\n\
        E (1201) esp-tls: Failed to open new connection, error 0x801a\n\
        E (1202) HTTP_CLIENT: ESP_ERR_HTTP_CONNECT\n\
        E (1300) esp-tls-mbedtls: mbedtls_ssl_handshake returned -0x7F00\n";
    let report = Report::of_log(&catalogue, log, None);
    let shown: Vec<(&str, &[usize], Option<usize>)> = (report.errors.iter())
        .map(|found| (catalogue.entries[found.entries[0]].id.as_str(), found.lines.as_slice(), found.follows))
        .collect();
    assert_eq!(
        shown,
        [
            ("mbedtls/-0x7F00", [2, 5].as_slice(), None),
            ("esp-idf/0x801A", [3].as_slice(), Some(0)),
            ("esp-idf/0x7002", [4].as_slice(), Some(0)),
        ]
    );
}

#[test]
fn random_octets_do_no_harm() {
    let catalogue = Catalogue::new().unwrap();
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    };
    for round in 0..200 {
        let mut octets: Vec<u8> = (0..40).flat_map(|_| next()).collect();
        // Something to be found among them, with escapes around it.
        octets.extend(format!("\n\u{1b}[31m\u{7}-0x2700\u{202e}{round}\n").into_bytes());
        octets.extend(next());
        let report = Report::of_log(&catalogue, &String::from_utf8_lossy(&octets), None);
        assert!(report.errors.iter().any(|found| found.written == "-0x2700"), "{octets:?}");
        let text =
            super::render::text(&catalogue, &report, None).replace("\u{1b}[1m", "").replace("\u{1b}[0m", "");
        let steers = |one: char| one != '\n' && (one.is_control() || one == '\u{202e}');
        assert!(!text.contains(steers), "{text:?}");
    }
}
