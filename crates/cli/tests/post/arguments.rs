//! Arguments that are wrong: one sentence, a hint, the exit status.

use picopost_testkit::chains::shapes;

use crate::support::{assert_fails, file, picopost};

#[test]
fn what_is_wrong_with_the_arguments() {
    let folder = tempfile::tempdir().unwrap();
    let chain = shapes::gts();
    let good = file(&folder, "root.pem", &chain.root_pem);
    let key = file(&folder, "key.pem", chain.key.pem());
    let leaf = file(&folder, "leaf.der", &chain.certificates[0]);
    let nothing = file(&folder, "nothing.pem", "");
    let text = file(&folder, "text.json", "{\"a\": }\n");
    let missing = folder.path().join("missing").display().to_string();
    let url = "https://127.0.0.1:1/";
    let with_anchors = |anchors: &str, status, rest: &str| {
        let stderr = format!("error: the anchors file `{anchors}` {rest}");
        assert_fails(&[url, "--json", "{}", "--anchors", anchors], status, &stderr);
    };
    with_anchors(
        &missing,
        3,
        "cannot be read: no such file or folder\n\
         hint: `picopost listen` writes an anchors file for its own CA and prints where it is\n",
    );
    with_anchors(&nothing, 2, "is empty\nhint: give the CA certificates to trust, as PEM or DER\n");
    with_anchors(
        &text,
        2,
        "holds neither PEM nor DER\nhint: give the CA certificates to trust, as PEM or DER\n",
    );
    with_anchors(
        &key,
        2,
        "holds a private key and no certificate\n\
         hint: a private key belongs to the server alone; give the CA's certificate\n",
    );
    with_anchors(
        &leaf,
        2,
        "holds the certificate of `CN=picopost test server`, which is not a CA's\n\
         hint: trust the CA that issued it: a server's own certificate changes, and is no trust anchor\n",
    );

    let table: [(&[&str], i32, &str); 10] = [
        (
            &["http://a/", "--json", "{}"],
            2,
            "error: the URL does not begin with `https://`: `http://a/` (number 1200)\n\
             hint: picopost speaks HTTPS only: write the URL as `https://…`\n",
        ),
        (
            &["https://a/b c", "--json", "{}"],
            2,
            "error: the URL has a space at octet 11, unencoded: `https://a/b c` (number 1205)\n\
             hint: percent-encode it, a space as `%20`\n",
        ),
        (
            &[url, "--json", &missing],
            3,
            &format!(
                "error: the file `{missing}` cannot be read: no such file or folder\n\
                 hint: `--json` takes a file, JSON text such as '{{\"a\":1}}', or `-` for stdin\n"
            ),
        ),
        (
            &[url, "--json", &text],
            2,
            &format!(
                "error: the file `{text}` is not JSON: line 1, column 7: expected value\n\
                 hint: check it with `python3 -m json.tool`\n"
            ),
        ),
        (
            &[url, "--json", "{}", "-H", "Content-Length: 5"],
            2,
            "error: the header `content-length` is the library's to write and cannot be set: `Content-Length: 5` \
             (number 1214)\n\
             hint: leave it out: the request has one that fits its body and its host\n",
        ),
        (
            &[url, "--json", "{}", "-H", "X: a\r\nY: b"],
            2,
            "error: a header's value has a CR at octet 1: `X: a\\r\\nY: b` (number 1212)\n",
        ),
        (
            &[url, "--json", "{}", "--buffer", "100"],
            2,
            "error: the receive buffer has 100 octets and needs 1024 at least (number 1001, stage setup)\n\
             hint: give it more room with `--buffer OCTETS`\n",
        ),
        (
            &[url, "--json", "{}", "--post-quantum", "--buffer", "1220"],
            2,
            "error: the receive buffer has 1220 octets and needs 1221 at least (number 1001, stage setup)\n\
             hint: give it more room with `--buffer OCTETS`\n",
        ),
        (
            &[url, "--json", "{}", "--post-quantum", "--send-buffer", "2245"],
            2,
            "error: the send buffer has 2245 octets and needs 2246 at least (number 1002, stage setup)\n\
             hint: give it more room with `--send-buffer OCTETS`\n",
        ),
        (
            &[url, "--json", "{}", "--now", "1970-01-01T00:00:00Z"],
            2,
            "error: the clock shows 1970-01-01T00:00:00Z, and the time is at least 2025-01-01T00:00:00Z \
             (number 1101, stage clock)\n\
             hint: give `--now` a time since 2025\n",
        ),
    ];
    for (arguments, status, stderr) in table {
        assert_fails(&[arguments, &["--anchors", &good]].concat(), status, stderr);
    }
    // clap's own words for these.
    for arguments in [["--resolve", "a:b"], ["--now", "yesterday"], ["--timeout", "0"]] {
        let arguments = [&["post", url, "--json", "{}", "--anchors", &good], arguments.as_slice()].concat();
        assert_eq!(picopost(&arguments, b"").status, 2, "{arguments:?}");
    }
}
