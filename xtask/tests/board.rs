//! The board in the emulator, against `picopost listen`: what it must get done, and each way in
//! which it must fail. Needs what `cargo xtask setup` gets.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};

use serde_json::Value;
use xtask::demo::{Chain, Server};
use xtask::emulator::{Board, Fitted, HOST, Report};
use xtask::parameters::{Parameters, Times};
use xtask::{demo, firmware, setup};

// Numbers of picopost-tls (crates/tls/src/error.rs).
const EXPIRED: u16 = 3203;
const NOT_YET_VALID: u16 = 3204;
const WRONG_NAME: u16 = 3205;
const UNKNOWN_ISSUER: u16 = 3206;

struct Means {
    emulator: PathBuf,
    image: PathBuf,
    command: PathBuf,
}

fn means() -> &'static Means {
    static MEANS: OnceLock<Means> = OnceLock::new();
    MEANS.get_or_init(|| {
        let emulator = setup::find_emulator().expect("no emulator: `cargo xtask setup` gets it");
        let toolchain = setup::toolchain().expect("no target: `cargo xtask setup` gets it");
        Means {
            emulator,
            image: firmware::build(&toolchain).expect("the image is built"),
            command: demo::build_command().expect("the command is built"),
        }
    })
}

/// A server for one attempt. One at a time is started: the first one makes the CA.
fn server(chain: Chain, options: &[&str]) -> Server {
    start(chain, Times::Once, options)
}

fn start(chain: Chain, times: Times, options: &[&str]) -> Server {
    static STARTING: Mutex<()> = Mutex::new(());
    let _guard = STARTING.lock().unwrap_or_else(PoisonError::into_inner);
    Server::start(&means().command, chain, times, options).expect("the server starts")
}

/// A board at the host's time, with everything it needs.
fn board() -> Board<'static> {
    let Means { emulator, image, .. } = means();
    Board { emulator, image, entropy: Fitted::Yes, clock: None }
}

fn run(board: &Board<'_>, block: &[u8]) -> Report {
    let folder = tempfile::tempdir().expect("a folder");
    let report = board.run(block, folder.path()).expect("the board ends by itself");
    assert_eq!(folder.path().read_dir().unwrap().count(), 0, "the parameters hold a secret");
    report
}

fn post(board: &Board<'_>, parameters: &Parameters) -> Report {
    run(board, &parameters.block().unwrap())
}

/// The number in `error: stage number: sentence`.
fn error_number(report: &Report) -> Option<u16> {
    let (place, _) = report.value("error")?.split_once(": ")?;
    place.split_once(' ')?.1.parse().ok()
}

fn count(report: &Report, key: &str) -> u64 {
    let value = report.value(key).unwrap_or_else(|| panic!("no `{key}` in {report:#?}"));
    value.split(' ').next().unwrap().parse().unwrap()
}

/// What a board that fails must say, and what the server then saw of it.
fn refused(chain: Chain, board: &Board<'_>, change: impl FnOnce(&mut Parameters), number: u16) -> Vec<Value> {
    let server = server(chain, &[]);
    let mut parameters = server.parameters().unwrap();
    change(&mut parameters);
    let report = post(board, &parameters);
    assert_eq!((report.exit_status, error_number(&report)), (1, Some(number)), "{report:#?}");
    assert_eq!(report.value("token"), None);
    server.finish().unwrap()
}

fn alert(events: &[Value]) -> Option<&str> {
    events.iter().find_map(|event| event.get("alert")?.get("name")?.as_str())
}

#[test]
fn each_chain_twice_with_the_same_counts() {
    for chain in Chain::ALL {
        let [first, second] = [(); 2].map(|()| {
            let server = server(chain, &[]);
            let report = post(&board(), &server.parameters().unwrap());
            assert_eq!(report.exit_status, 0, "{report:#?}");
            assert_eq!(report.value("status"), Some("200"));
            assert!(report.value("token").is_some());
            let events = server.finish().unwrap();
            let request = events.iter().find(|event| event["event"] == "request").unwrap();
            // It sends JSON, which the server takes.
            let findings = request["findings"].as_array().unwrap();
            let codes: Vec<_> = findings.iter().map(|finding| finding["code"].as_str().unwrap()).collect();
            assert_eq!(codes, ["json-token-request"]);
            report
        });
        for key in ["handshake", "post"] {
            let (first, second) = (count(&first, key), count(&second, key));
            assert!(first.abs_diff(second) * 100 <= first, "{key}: {first} and {second} instructions");
        }
    }
}

/// Over a deep sleep: first with the session, then with the memo of signatures.
#[test]
fn what_is_kept_spares_work() {
    for chain in Chain::ALL {
        let server = start(chain, Times::Again, &[]);
        let report = post(&board(), &server.parameters().unwrap());
        assert_eq!(report.exit_status, 0, "{report:#?}");
        let [full, resumed, remembered] = ["post", "resumed", "remembered"].map(|key| count(&report, key));
        let path = count(&report, "stage certificate");
        // A key pair and a shared secret: no certificate, no signature.
        assert!(resumed < 8_500_000, "{resumed}");
        // How many signatures are left is counted in the tests of picopost-tls; here, that it pays.
        assert!(remembered + path / 2 < full, "{remembered} of {full}, {path}");
        let events = server.finish().unwrap();
        let kinds = events.iter().filter(|event| event["event"] == "handshake").map(|event| &event["kind"]);
        assert_eq!(kinds.collect::<Vec<_>>(), ["full", "resumed", "full"]);
        let requests = events.iter().filter(|event| event["event"] == "request").count();
        assert_eq!(requests, 3);
    }
}

/// The longest time in which nothing else runs is that of one public-key operation, and something for
/// the records and the certificates around it.
#[test]
fn the_longest_step_is_one_operation() {
    // P-384 takes 7.96 M with its hash, RSA-4096 4.56 M, X25519 3.6 M: crates/verify/src/lib.rs.
    for (chain, most) in [(Chain::Gts, 8_400_000), (Chain::LetsEncrypt, 8_400_000), (Chain::Rsa, 5_000_000)] {
        let report = post(&board(), &server(chain, &[]).parameters().unwrap());
        let (step, path) = (count(&report, "step"), count(&report, "stage certificate"));
        assert!(step < most, "{chain:?}: {step}");
        assert!(step < path, "{chain:?}: {step} of {path}");
    }
}

#[test]
fn a_connection_is_as_small_as_it_was() {
    let report = post(&board(), &server(Chain::Gts, &[]).parameters().unwrap());
    let memory = report.value("memory").unwrap();
    let connection = memory.strip_suffix(" TLS").and_then(|memory| memory.rsplit(' ').next()).unwrap();
    assert!(connection.parse::<u32>().unwrap() <= 1536, "{memory}");
}

#[test]
fn a_server_under_another_ca() {
    let other = std::fs::read(server(Chain::Rsa, &[]).root()).unwrap();
    let events = refused(Chain::Gts, &board(), |parameters| parameters.anchors = vec![other], UNKNOWN_ISSUER);
    assert_eq!(alert(&events), Some("unknown_ca"));
}

#[test]
fn one_good_anchor_among_others() {
    let other = std::fs::read(server(Chain::Rsa, &[]).root()).unwrap();
    let server = server(Chain::Gts, &[]);
    let mut parameters = server.parameters().unwrap();
    parameters.anchors.insert(0, other);
    let report = post(&board(), &parameters);
    assert_eq!(report.exit_status, 0, "{report:#?}");
}

#[test]
fn a_server_of_another_name() {
    let change = |parameters: &mut Parameters| {
        parameters.url = parameters.url.replace("picopost.test", "another.test");
    };
    let events = refused(Chain::Gts, &board(), change, WRONG_NAME);
    assert_eq!(alert(&events), Some("bad_certificate"));
}

#[test]
fn a_clock_that_was_never_set() {
    let board = Board { clock: Some("1970-01-02T00:00:00"), ..board() };
    let server = server(Chain::Gts, &[]);
    let report = post(&board, &server.parameters().unwrap());
    assert_eq!((report.exit_status, error_number(&report)), (1, Some(1101)), "{report:#?}");
    assert_eq!(count(&report, "octets"), 0);
}

#[test]
fn a_clock_that_is_slow() {
    let board = Board { clock: Some("2025-06-01T00:00:00"), ..board() };
    let events = refused(Chain::Gts, &board, |_| (), NOT_YET_VALID);
    assert_eq!(alert(&events), Some("certificate_expired"));
}

#[test]
fn a_clock_that_is_fast() {
    let board = Board { clock: Some("2099-01-01T00:00:00"), ..board() };
    let events = refused(Chain::Gts, &board, |_| (), EXPIRED);
    assert_eq!(alert(&events), Some("certificate_expired"));
}

#[test]
fn a_server_that_is_gone() {
    let server = server(Chain::Gts, &[]);
    let parameters = server.parameters().unwrap();
    drop(server);
    let report = post(&board(), &parameters);
    assert_eq!((report.exit_status, error_number(&report)), (1, Some(2103)), "{report:#?}");
}

#[test]
fn a_server_by_its_address() {
    let server = server(Chain::Gts, &[]);
    let mut parameters = server.parameters().unwrap();
    parameters.url = format!("https://{}:{}/oauth/token", HOST, server.port);
    parameters.address = None;
    let report = post(&board(), &parameters);
    assert_eq!(report.exit_status, 0, "{report:#?}");
}

#[test]
fn a_server_that_closes_at_once() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let closes = std::thread::spawn(move || drop(listener.accept()));
    let mut parameters = server(Chain::Gts, &[]).parameters().unwrap();
    parameters.url = format!("https://picopost.test:{port}/oauth/token");
    let report = post(&board(), &parameters);
    closes.join().unwrap();
    assert_eq!(report.exit_status, 1);
    assert!(report.value("error").is_some_and(|error| error.starts_with("hello ")), "{report:#?}");
}

#[test]
fn an_answer_that_says_no() {
    let server = server(Chain::Gts, &["--client", "somebody-else:secret"]);
    let report = post(&board(), &server.parameters().unwrap());
    assert_eq!((report.exit_status, error_number(&report)), (1, Some(5401)), "{report:#?}");
}

#[test]
fn malformed_parameters() {
    let server = server(Chain::Gts, &[]);
    let good = server.parameters().unwrap();
    let block = good.block().unwrap();
    let not_a_certificate = Parameters { anchors: vec![b"-----BEGIN".to_vec()], ..good.clone() };
    let no_anchor = Parameters { anchors: Vec::new(), ..good };
    let mut too_long = block.clone();
    too_long[11] = 0xff;
    for (block, number) in [
        (vec![0; 16], 1900),
        (too_long, 1901),
        (no_anchor.block().unwrap(), 1905),
        (not_a_certificate.block().unwrap(), 1908),
    ] {
        let report = run(&board(), &block);
        assert_eq!((report.exit_status, error_number(&report)), (2, Some(number)), "{report:#?}");
    }
    let http = Parameters { url: "http://picopost.test/".into(), ..server.parameters().unwrap() };
    let report = post(&board(), &http);
    assert_eq!(report.exit_status, 1);
    assert!(report.value("error").is_some_and(|error| error.starts_with("setup 12")), "{report:#?}");
}

#[test]
fn no_entropy_no_connection() {
    let board = Board { entropy: Fitted::No, ..board() };
    let report = post(&board, &server(Chain::Gts, &[]).parameters().unwrap());
    assert_eq!(report.exit_status, 3);
    assert_eq!(report.lines, ["error: setup 1950: there is no source of entropy"]);
}

/// What `cargo xtask flash` subtracts must do all that picopost is not: get an address, connect,
/// send the same request, and find the token in the answer.
#[test]
fn the_twin_over_plain_tcp() {
    let toolchain = setup::toolchain().unwrap();
    let image = firmware::build_program(&toolchain, firmware::Program::Plain).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let content = r#"{"grant_type":"client_credentials"}"#;
    let expected = format!(
        "POST /oauth/token HTTP/1.1\r\nHost: picopost.test:{port}\r\nContent-Type: application/json\r\n\
         Connection: close\r\nContent-Length: {}\r\n\r\n{content}",
        content.len()
    );
    let length = expected.len();
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = vec![0; length];
        stream.read_exact(&mut request).unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n{\"access_token\":\"0123456789abcdef\"}").unwrap();
        String::from_utf8(request).unwrap()
    });
    let parameters = Parameters {
        url: format!("http://picopost.test:{port}/oauth/token"),
        address: Some(HOST),
        anchors: vec![vec![0]],
        content: content.to_owned(),
        times: Times::Once,
    };
    let report = post(&Board { image: &image, ..board() }, &parameters);
    assert_eq!(report.exit_status, 0, "{report:#?}");
    assert_eq!(server.join().unwrap(), expected);
    assert_eq!(report.value("status"), Some("200"));
    assert_eq!(report.value("token"), Some("01234567... (16 characters)"));
}

/// What `picopost trust --format rust` writes is built into an image: it verifies the server that
/// it was made for, whatever its parameters say, and no other.
#[test]
fn anchors_that_picopost_trust_wrote() {
    let good = server(Chain::Gts, &[]);
    let folder = tempfile::tempdir().unwrap();
    let anchors = folder.path().join("anchors.rs");
    let made = std::process::Command::new(&means().command)
        .args(["trust", "--format", "rust", "--pem"])
        .arg(good.root())
        .arg("-o")
        .arg(&anchors)
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let toolchain = setup::toolchain().unwrap();
    let image = firmware::build_with_anchors(&toolchain, &anchors).unwrap();
    let board = Board { image: &image, ..board() };

    let other = server(Chain::Rsa, &[]);
    let right =
        Parameters { anchors: vec![std::fs::read(other.root()).unwrap()], ..good.parameters().unwrap() };
    let report = post(&board, &right);
    assert_eq!((report.exit_status, report.value("status")), (0, Some("200")), "{report:#?}");

    let report = post(&board, &other.parameters().unwrap());
    assert_eq!((report.exit_status, error_number(&report)), (1, Some(UNKNOWN_ISSUER)), "{report:#?}");
    assert_eq!(alert(&other.finish().unwrap()), Some("unknown_ca"));
}

#[test]
fn the_image_is_as_small_as_it_was() {
    let file = std::fs::read(Path::new(&means().image)).unwrap();
    let sizes = xtask::image::Sizes::read(&file).unwrap();
    // A limit with some room: whoever crosses it should know that, and by what.
    assert!(sizes.text + sizes.rodata + sizes.data < 224 * 1024, "{sizes}");
}
