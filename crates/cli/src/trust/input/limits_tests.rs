//! PEM and DER that lost something, and files that are too large.

use super::*;

const OLD: &str = include_str!("../../../../../testkit/data/chains/cloudflare-inc-ecc-ca-3.pem");
const CHAIN: &str = include_str!("../../../../../testkit/data/chains/cloudflare-gts-cross-signed.pem");

fn parse(content: impl AsRef<[u8]>) -> Input {
    Input::parse("file".to_owned(), content.as_ref())
}

/// How many certificates, and the findings' titles.
fn read(content: impl AsRef<[u8]>) -> (usize, Vec<String>) {
    let input = parse(content);
    (input.items.len(), input.findings.iter().map(|finding| finding.title.clone()).collect())
}

#[test]
fn pem_without_its_line_breaks() {
    let glued: String = OLD.lines().collect();
    let spaced = OLD.lines().collect::<Vec<_>>().join(" ");
    let end_glued = OLD.replace("\n-----END", "-----END");
    let all_glued: String = CHAIN.lines().collect();
    let all_spaced = CHAIN.lines().collect::<Vec<_>>().join(" ");
    for (text, count) in [
        (glued.clone(), 1),
        (spaced.clone(), 1),
        (format!("  {spaced}  \n"), 1),
        (end_glued, 1),
        (format!("CA=\"{glued}\"\n"), 1),
        (format!("{{\"ca\": \"{spaced}\"}}"), 1),
        (all_glued, 3),
        (all_spaced, 3),
        // A lone CR, as old Macs have it.
        (CHAIN.replace('\n', "\r"), 3),
        (CHAIN.replace('\n', "\r\r\n"), 3),
    ] {
        assert_eq!(read(&text), (count, vec![]), "{text}");
    }
    // What stands behind the BEGIN line of a program is no Base64.
    let lines: Vec<&str> = OLD.lines().collect();
    let program = OLD.replace(lines[0], &format!("{} // Made in Minsk", lines[0]));
    assert_eq!(read(program).0, 1);
    // Cut anywhere it does no harm.
    for end in 0..glued.len() {
        assert!(parse(&glued[..end]).items.len() <= 1);
    }
}

#[test]
fn der_that_was_cut_is_named() {
    let input = parse(CHAIN);
    let [one, two] = [0, 1].map(|place| input.certificates().nth(place).unwrap().der.clone());
    let (count, total) = (one.len(), one.len() + two.len());
    assert_eq!(
        read(&one[..count - 1]),
        (
            0,
            vec![format!(
                "octet 1: the certificate that begins here has {count} octets by its own count, and {} are there",
                count - 1
            )]
        )
    );
    let both = [&one[..], &two[..two.len() - 1]].concat();
    let (place, rest) = (count + 1, two.len() - 1);
    assert_eq!(
        read(&both),
        (
            1,
            vec![format!(
                "octet {place}: the certificate that begins here has {} octets by its own count, and {rest} are there",
                two.len()
            )]
        )
    );
    let trailing = [&one[..], &two[..], &[0, 0]].concat();
    assert_eq!(
        read(&trailing),
        (2, vec![format!("octet {}: 2 octets follow that are no certificate", total + 1)])
    );
    // A certificate whose version is damaged: in our words.
    let mut wrong = one;
    wrong[8] = 0x55;
    let (none, findings) = read(&wrong);
    assert_eq!((none, findings.len()), (0, 1));
    assert!(findings[0].starts_with("octet 1: what begins here is no certificate: the "), "{findings:?}");
}

#[test]
fn no_words_of_the_parser() {
    let mut der = parse(OLD).certificates().next().unwrap().der.clone();
    for at in 0..der.len() {
        der[at] ^= 0x55;
        if let Err(reason) = Certificate::from_der(&der) {
            let alien =
                ["Error", "error", "nom", "BER", "invalid"].iter().find(|word| reason.contains(**word));
            assert_eq!(alien, None, "{reason}");
        }
        der[at] ^= 0x55;
    }
}

/// Strange lines between lines of Base64: a look at all of it for each would take minutes.
#[test]
fn a_long_file_is_read_in_linear_time() {
    let mut text = String::from("-----BEGIN CERTIFICATE-----\nMIQP////\n");
    for _ in 0..100_000 {
        text.push_str("AAAAAAAAAAAAAAAA\n?\n");
    }
    assert_eq!(read(text).0, 0);
    // Nor for each strange line behind what is as long as it says, and nothing else.
    let mut text = format!("-----BEGIN CERTIFICATE-----\nMIMDDUA{}\n", "B".repeat(266_668));
    text.push_str(&"?\n".repeat(100_000));
    assert_eq!(read(text).0, 0);
}

#[test]
fn more_certificates_than_anybody_has() {
    let one = parse(OLD).certificates().next().unwrap().der.clone();
    let many = |count: usize| -> Vec<u8> {
        let copies = (0..count).flat_map(|number| {
            let mut copy = one.clone();
            // The last octets are the signature's.
            let at = copy.len() - 2;
            copy[at..].copy_from_slice(&u16::try_from(number).unwrap().to_be_bytes());
            copy
        });
        copies.collect()
    };
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), many(MAX_ITEMS)).unwrap();
    assert_eq!(Input::read(file.path()).unwrap().items.len(), MAX_ITEMS);
    std::fs::write(file.path(), many(MAX_ITEMS + 1)).unwrap();
    let error = Input::read(file.path()).unwrap_err().to_string();
    assert!(error.ends_with("cannot be read: it holds more than 1000 certificates, the limit"), "{error}");
}

#[test]
fn a_file_that_is_too_large() {
    let file = tempfile::NamedTempFile::new().unwrap();
    file.as_file().set_len(MAX_OCTETS + 1).unwrap();
    let error = Input::read(file.path()).unwrap_err().to_string();
    assert!(error.ends_with("cannot be read: it has more than 16777216 octets, the limit"), "{error}");
}

/// It says nothing of its size.
#[cfg(target_os = "linux")]
#[test]
fn a_pipe_without_end() {
    use std::io::Write as _;
    use std::os::fd::AsRawFd as _;
    use std::process::{Command, Stdio};
    let mut cat = Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut stdin = cat.stdin.take().unwrap();
    let writer = std::thread::spawn(move || {
        let zeros = vec![0; 1 << 20];
        // The reader goes away before the end.
        (0..18).take_while(|_| stdin.write_all(&zeros).is_ok()).count()
    });
    let stdout = cat.stdout.take().unwrap();
    let path = format!("/proc/self/fd/{}", stdout.as_raw_fd());
    let error = Input::read(Path::new(&path)).unwrap_err().to_string();
    assert!(error.ends_with("cannot be read: it has more than 16777216 octets, the limit"), "{error}");
    drop(stdout);
    assert!(writer.join().unwrap() >= 16);
    cat.wait().unwrap();
}
