//! Logs on stdin.

use crate::support::{Output, explain, explain_log};

/// An attempt of an ESP32 as its monitor shows it, colours and all.
const LOG: &[u8] = b"\x1b[0;32mI (1021) wifi:connected with aid 404, channel 6\x1b[0m\r\n\
    I (2201) esp_netif_handlers: sta ip: 192.168.1.104, mask: 255.255.255.0, gw: 192.168.1.1\r\n\
    \x1b[0;31mE (5813) esp-tls-mbedtls: mbedtls_ssl_handshake returned -0x7F00\x1b[0m\r\n\
    \x1b[0;31mE (5821) esp-tls: Failed to open new connection, error 0x801a\x1b[0m\r\n\
    \x1b[0;31mE (5830) HTTP_CLIENT: Connection failed, sock < 0\x1b[0m\r\n\
    E (5840) app: POST failed: ESP_ERR_HTTP_CONNECT \xff\xfe\r\n";

#[test]
fn the_cause_comes_before_what_follows_from_it() {
    let output = explain_log(&["--for", "micropython"], LOG);
    assert_eq!(output, Output { status: 0, stdout: CAUSE.to_owned(), stderr: String::new() });
}

const CAUSE: &str = "\
line 3: E (5813) esp-tls-mbedtls: mbedtls_ssl_handshake returned -0x7F00
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
  in MicroPython
      import gc
      gc.collect()   # before each connection
  source     Mbed TLS 2.28.3 and 3.6.5, include/mbedtls/ssl.h

what only follows from it:
  line 4     `0x801a`, ESP-IDF: ESP_ERR_MBEDTLS_SSL_HANDSHAKE_FAILED; from `-0x7F00`
  line 6     `ESP_ERR_HTTP_CONNECT`, ESP-IDF: ESP_ERR_HTTP_CONNECT; from `-0x7F00`
";

#[test]
fn a_log_without_errors() {
    let output = explain_log(&[], b"I (3203) app: heap 29312\nI (3204) app: posted, 200\n");
    assert_eq!(
        output,
        Output {
            status: 1,
            stdout: String::new(),
            stderr: "error: the log has no error that is known, in its 2 lines\n\
                hint: give the number or the name alone: `picopost explain CODE`\n"
                .to_owned(),
        }
    );
    let nothing = explain(&[]);
    assert_eq!(nothing.status, 2);
    assert!(
        nothing.stderr.starts_with("error: there is nothing to explain\nhint: give a code"),
        "{nothing:?}"
    );
}

#[test]
fn a_log_that_is_too_long_is_refused() {
    let mut log = vec![b'x'; 1 << 20];
    log[..8].copy_from_slice(b"-0x2700\n");
    assert_eq!(explain_log(&["--json"], &log).status, 0);
    log.push(b'x');
    let output = explain_log(&[], &log);
    assert_eq!((output.status, output.stdout.as_str()), (2, ""));
    assert_eq!(
        output.stderr,
        "error: the log has more than 1,048,576 octets\n\
         hint: give the part where it failed, as in `tail -c 100000 log.txt | picopost explain`\n"
    );
}

#[test]
fn hostile_octets_cannot_steer_the_terminal() {
    let log = b"\x1b]0;title\x07 error -0x2700 \x1b[2J\x1b[1;1H\xe2\x80\xae \x9b31m\n";
    let output = explain_log(&[], log);
    assert_eq!(output.status, 0);
    let steers = |one: char| one != '\n' && (one.is_control() || one == '\u{202e}');
    assert!(!output.stdout.contains(steers), "{:?}", output.stdout);
    assert!(output.stdout.starts_with("line 1: \\u{1b}]0;title\\u{7} error -0x2700"), "{}", output.stdout);
}
