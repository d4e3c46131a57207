//! PEM and other wrappings as they are found, whole, changed and cut.

use super::*;
use crate::finding::Severity;

/// GTS Root R4 by another authority, WE1, and a server's certificate.
const CHAIN: &str = include_str!("../../../../../testkit/data/chains/cloudflare-gts-cross-signed.pem");
const OLD: &str = include_str!("../../../../../testkit/data/chains/cloudflare-inc-ecc-ca-3.pem");
const OLD_NAME: &str = "Cloudflare Inc ECC CA-3";

fn parse(text: impl AsRef<[u8]>) -> Input {
    Input::parse("file".to_owned(), text.as_ref())
}

/// The short names of what was read, and what was said about it.
fn read(text: impl AsRef<[u8]>) -> (Vec<String>, Vec<String>) {
    let input = parse(text);
    let names = input.items.iter().map(|item| match item {
        Item::Certificate(certificate) => certificate.subject.short.clone(),
        Item::Anchor(anchor) => format!("{} (name and key)", anchor.subject.short),
    });
    let findings =
        input.findings.iter().map(|finding| format!("{}: {}", finding.severity.name(), finding.title));
    (names.collect(), findings.collect())
}

#[track_caller]
fn assert_read(text: impl AsRef<[u8]>, findings: &[&str]) {
    let (names, found) = read(text);
    assert_eq!(names, [OLD_NAME]);
    assert_eq!(found, findings);
}

#[test]
fn pem_as_it_should_be() {
    assert_read(OLD, &[]);
    assert_eq!(read(CHAIN), (vec!["ipapi.co".into(), "WE1".into(), "GTS Root R4".into()], vec![]));
    // Twice the same is once.
    assert_read([OLD, OLD].concat(), &[]);
    assert_eq!(parse(OLD).kind, "PEM");
}

#[test]
fn pem_as_it_is_found() {
    let repaired = |what: &str| format!("note: {what}; it was read all the same");
    let begin = "-----BEGIN CERTIFICATE-----";
    let end = "-----END CERTIFICATE-----";
    assert_read(OLD.replace('\n', "\r\n"), &[]);
    assert_read(OLD.trim_end(), &[]);
    assert_read(OLD.replace('\n', "\n    \t"), &[]);
    assert_read(format!("\u{feff}{OLD}"), &[]);
    let utf_16: Vec<u8> =
        std::iter::once(0xfeff).chain(OLD.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    assert_read(&utf_16, &[]);
    assert_read(
        OLD.replace(begin, "----BEGIN CERTIFICATE-----"),
        &[&repaired("line 1: the BEGIN line has 4 dashes in front instead of 5")],
    );
    assert_read(
        OLD.replace(end, "-----END CERTIFICATE----"),
        &[&repaired("line 23: the END line has 4 dashes at its end instead of 5")],
    );
    assert_read(
        OLD.replace(begin, "—–BEGIN CERTIFICATE-----"),
        &[&repaired("line 1: the BEGIN line has dashes that are not hyphens")],
    );
    assert_read(OLD.replace(end, ""), &[&repaired("line 1: the END line is missing")]);
    assert_read(OLD.replace(end, "---\nServer certificate"), &[&repaired("line 1: the END line is missing")]);
    assert_read(OLD.replace(&format!("{begin}\n"), ""), &[&repaired("line 1: the BEGIN line is missing")]);
    assert_read(
        OLD.replace(&format!("{begin}\n"), "").replace(end, ""),
        &[&repaired("line 1: the BEGIN and END lines are missing")],
    );
    assert_read(
        OLD.replace("BEGIN CERTIFICATE", "BEGIN PUBLIC KEY"),
        &[
            &repaired("line 23: it begins as `PUBLIC KEY` and ends as `CERTIFICATE`"),
            &repaired("line 1: it is labelled `PUBLIC KEY` and is a certificate"),
        ],
    );
    assert_read(
        format!("# ISRG Root X1\n{OLD}"),
        &[&repaired(&format!("line 2: the line above calls it `ISRG Root X1`, and it is `{OLD_NAME}`"))],
    );
    assert_read(format!("# {OLD_NAME}, by Baltimore CyberTrust Root\n{OLD}"), &[]);
    assert_read(OLD.replace("==\n-----END", "\n-----END"), &[]);
}

#[test]
fn pem_in_a_program() {
    let lines: Vec<&str> = OLD.lines().collect();
    let c: String = lines.iter().map(|line| format!("  \"{line}\\n\" \\\n")).collect();
    assert_read(format!("const char *root_ca = \\\n{c};\n"), &[]);
    assert_read(format!("const char ca[] PROGMEM = R\"EOF(\n{OLD})EOF\";\n"), &[]);
    let one_line = lines.join("\\n");
    assert_read(format!("#define CA \"{one_line}\\n\"\n"), &[]);
    assert_read(format!("{{\"ca\": \"{}\"}}", lines.join("\\r\\n")), &[]);
    let plus: String = lines.iter().map(|line| format!("    '{line}\\n' +\n")).collect();
    assert_read(format!("const ca =\n{plus}    '';\n"), &[]);
    let comment: String = lines.iter().map(|line| format!("/// {line}\n")).collect();
    assert_read(comment, &[]);
    assert_read(format!("pub const CA: &str = \"{OLD}\";\n"), &[]);
}

#[test]
fn the_output_of_s_client() {
    let parts: Vec<&str> = CHAIN.split_inclusive("-----END CERTIFICATE-----\n").collect();
    let saved = format!(
        "CONNECTED(00000003)\ndepth=2 C = US, O = Google Trust Services LLC, CN = GTS Root R4\nverify return:1\n---\n\
         Certificate chain\n 0 s:CN = ipapi.co\n   i:C = US, O = Google Trust Services, CN = WE1\n   a:PKEY: \
         id-ecPublicKey, 256 (bit); sigalg: ecdsa-with-SHA256\n{} 1 s:C = US, O = Google Trust Services, CN = WE1\n   \
         i:C = US, O = Google Trust Services LLC, CN = GTS Root R4\n{} 2 s:C = US, O = Google Trust Services LLC, CN = \
         GTS Root R4\n   i:C = BE, O = GlobalSign nv-sa, OU = Root CA, CN = GlobalSign Root CA\n{}---\nServer \
         certificate\nsubject=CN = ipapi.co\n\nissuer=C = US, O = Google Trust Services, CN = WE1\n\n---\nNo client \
         certificate CA names sent\nPeer signing digest: SHA256\n---\nSSL handshake has read 2800 bytes\n---\nNew, \
         TLSv1.3, Cipher is TLS_AES_256_GCM_SHA384\n    Session-ID: 0123456789ABCDEF\n    TLS session ticket:\n    0000 - \
         1c 4a 5b   .J[\n---\nDONE\n",
        parts[0], parts[1], parts[2]
    );
    assert_eq!(read(saved), (vec!["ipapi.co".into(), "WE1".into(), "GTS Root R4".into()], vec![]));
}

#[test]
fn damage_is_named_with_its_place() {
    let lines: Vec<&str> = OLD.lines().collect();
    let with = |number: usize, line: &str| {
        let mut lines = lines.clone();
        lines[number - 1] = line;
        lines.join("\n")
    };
    let table = [
        (with(3, &lines[2].replacen('R', "!", 1)), format!("error: line 3, column {}: `!` is not Base64", lines[2].find('R').unwrap() + 1)),
        (
            with(5, &lines[4][1..]),
            "error: line 1: the certificate that begins here has 977 octets by its own count, and 976 are there; line \
             5 has 63 characters, and the first one 64"
                .to_owned(),
        ),
        (
            with(5, &lines[4][2..]),
            "error: line 1: the Base64 that begins here has lost or gained characters; line 5 has 62 characters, and \
             the first one 64"
                .to_owned(),
        ),
        (
            with(6, ""),
            "error: line 1: the certificate that begins here has 977 octets by its own count, and 929 are there"
                .to_owned(),
        ),
        (with(2, &format!("=={}", &lines[1][2..])), "error: line 1: in the section that begins here `=` stands before its end".to_owned()),
        (
            "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n".to_owned(),
            "error: line 1: what begins here is no certificate: ".to_owned(),
        ),
        ("-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n".to_owned(), "error: line 1: what begins here is no certificate: ".to_owned()),
    ];
    for (text, expected) in table {
        let (names, findings) = read(&text);
        assert_eq!(names, Vec::<String>::new(), "{expected}");
        assert!(findings.len() == 1 && findings[0].starts_with(&expected), "{findings:?}, not {expected}");
    }
    // The others in the file are read all the same.
    let second = CHAIN.split_inclusive("-----END CERTIFICATE-----\n").nth(1).unwrap();
    let (names, findings) = read(format!("{}\n{second}", with(3, "???")));
    assert_eq!((names, findings.len()), (vec!["WE1".to_owned()], 1));
}

#[test]
fn other_things_in_pem() {
    let key = "-----BEGIN EC PRIVATE KEY-----\nMAA=\n-----END EC PRIVATE KEY-----\n";
    assert_eq!(read(key), (vec![], vec!["warning: line 1: a private key".to_owned()]));
    let request = "-----BEGIN CERTIFICATE REQUEST-----\nMAA=\n-----END CERTIFICATE REQUEST-----\n";
    assert_eq!(
        read(request),
        (vec![], vec!["note: line 1: `CERTIFICATE REQUEST`, which is no certificate".to_owned()])
    );
    assert_read([key, OLD].concat(), &["warning: line 1: a private key"]);
}

#[test]
fn pem_cut_anywhere_does_no_harm() {
    for end in 0..OLD.len() {
        let input = parse(&OLD[..end]);
        assert!(input.items.len() <= 1);
        let is_damaged = input.findings.iter().any(|finding| finding.severity == Severity::Error);
        assert!(input.items.is_empty() || !is_damaged, "cut at {end}");
        // Cut within the Base64 there is damage; with all of it there, none.
        if (200..1300).contains(&end) {
            assert!(is_damaged, "cut at {end}");
        }
    }
}

#[test]
fn der_alone_and_one_behind_the_other() {
    let der = |text: &str| parse(text).certificates().flat_map(|one| one.der.clone()).collect::<Vec<u8>>();
    let (old, chain) = (der(OLD), der(CHAIN));
    assert_read(&old, &[]);
    assert_eq!(read(&chain).0.len(), 3);
    assert_eq!(parse(&old).kind, "DER");
    for end in 0..old.len() {
        assert!(parse(&old[..end]).items.is_empty(), "cut at {end}");
    }
}

#[test]
fn octets_in_a_program() {
    let der = parse(OLD).certificates().next().unwrap().der.clone();
    let hex: Vec<String> = der.iter().map(|octet| format!("0x{octet:02X}")).collect();
    let decimal: Vec<String> = der.iter().map(ToString::to_string).collect();
    let escaped: String = der.iter().map(|octet| format!("\\x{octet:02x}")).collect();
    assert_read(
        format!("/* {{ 1, 2, 3 }} */\nunsigned char ca_der[977] = {{\n{}\n}};\n", hex.join(", ")),
        &[],
    );
    assert_read(format!("pub static CA: &'static [u8] = &[{}];\n", decimal.join(",\n")), &[]);
    assert_read(format!("pub static CA: &[u8; 977] = b\"{escaped}\";\n"), &[]);
    assert_read(format!("CA = (b'{escaped}')\n"), &[]);
    let halves = escaped.split_at(escaped.len() / 8 * 4);
    assert_read(format!("CA = (\n    b\"{}\"\n    b\"{}\",\n)\n", halves.0, halves.1), &[]);
    assert_eq!(read("int x[] = { 1, 2, 3, 4 };"), (vec![], vec![]));
    assert_eq!(read("nothing at all"), (vec![], vec![]));
}

#[test]
fn programs_cut_anywhere_do_no_harm() {
    let der = parse(OLD).certificates().next().unwrap().der.clone();
    let hex: Vec<String> = der.iter().take(200).map(|octet| format!("0x{octet:02x}")).collect();
    let escaped: String = der.iter().take(60).map(|octet| format!("\\x{octet:02x}")).collect();
    let text =
        format!("// é °C\nstatic A: &'static [u8] = &[{}];\nB = b\"{escaped}é\\\"\"; /* *", hex.join(", "));
    for (end, _) in text.char_indices() {
        assert_eq!(read(&text[..end]), (vec![], vec![]), "cut at {end}");
    }
}

#[test]
fn bundles_of_esp_idf() {
    let root =
        crate::trust::roots::mozilla().iter().find(|root| root.subject.short == "GTS Root R4").unwrap();
    let entry = |number: fn(u16) -> [u8; 2]| {
        let length = |octets: &[u8]| number(u16::try_from(octets.len()).unwrap());
        let (name, key) = (&root.subject.der, &root.spki);
        [&length(name)[..], &length(key), name, key].concat()
    };
    let current = [&4u32.to_le_bytes()[..], &entry(u16::to_le_bytes)].concat();
    let older = [&1u16.to_be_bytes()[..], &entry(u16::to_be_bytes)].concat();
    for bundle in [current, older] {
        assert_eq!(read(&bundle), (vec!["GTS Root R4 (name and key)".to_owned()], vec![]));
        for end in 0..bundle.len() {
            assert!(parse(&bundle[..end]).items.is_empty(), "cut at {end}");
        }
        let trailing = [&bundle[..], &[0]].concat();
        assert!(parse(&trailing).items.is_empty());
    }
    // Offsets that lead elsewhere.
    let mut wrong = [&4u32.to_le_bytes()[..], &entry(u16::to_le_bytes)].concat();
    wrong[0] = 8;
    assert!(parse(&wrong).items.is_empty());
}
