//! `--store`: what is kept, what is there after a SIGKILL, and which files are refused.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rusqlite::Connection;
use rustls::pki_types::ServerName;
use rustls::{ClientConnection, StreamOwned};
use serde_json::Value;

use super::server::{ca, client_config, exchange, picopost, post, tls_client};

/// Nothing here takes that long; who waits for something that does not come fails.
const LIMIT: Duration = Duration::from_secs(60);

/// A server without end, with a page; killed when dropped.
struct Keeping {
    child: Child,
    port: u16,
    page: SocketAddr,
}

impl Keeping {
    fn start(store: &Path) -> Self {
        let mut command = picopost(&["listen", "--port", "0", "--json", "--page", "127.0.0.1:0", "--ca"]);
        command.arg(ca()).arg("--store").arg(store).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        // Somebody has to read the rest, or the server waits.
        std::thread::spawn(move || std::io::copy(&mut stdout, &mut std::io::sink()));
        let listening: Value = serde_json::from_str(&line).unwrap();
        let page = listening["page"].as_str().unwrap();
        let page = page.trim_start_matches("http://").trim_end_matches('/').parse().unwrap();
        Self { child, port: u16::try_from(listening["port"].as_u64().unwrap()).unwrap(), page }
    }

    fn post(&self, target: &str) {
        exchange(
            &mut tls_client(self.port),
            &post(target, "Content-Type: application/json\r\nConnection: close\r\n", "{}"),
        );
    }

    /// One answer of the page's server, as JSON.
    fn get(&self, path: &str) -> Value {
        let mut stream = self.ask(path, "Connection: close\r\n");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 200 "), "{path}: {head}");
        serde_json::from_str(body).unwrap()
    }

    fn ask(&self, path: &str, fields: &str) -> TcpStream {
        let mut stream = TcpStream::connect(self.page).unwrap();
        stream.set_read_timeout(Some(LIMIT)).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: {}\r\n{fields}\r\n", self.page).unwrap();
        stream
    }

    /// The attempts that the page is told to be stored, as they are told, until the server is gone.
    fn stored(&self) -> impl Iterator<Item = Vec<u64>> + use<> {
        let mut lines = BufReader::new(self.ask("/events", "")).lines().map_while(Result::ok);
        // From here on nothing is missed.
        lines.find(|line| line == "event: begin").unwrap();
        let data = std::iter::from_fn(move || {
            lines.find(|line| line == "event: stored")?;
            lines.find(|line| line.starts_with("data: "))
        });
        data.map(|line| serde_json::from_str(line.trim_start_matches("data: ")).unwrap())
    }

    /// SIGKILL.
    fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Keeping {
    fn drop(&mut self) {
        // It may have been killed already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn attempts_are_shown_again_and_their_numbers_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("attempts.db");
    let mut server = Keeping::start(&store);
    let mut stored = server.stored();
    server.post("/first");
    assert_eq!(stored.next(), Some(vec![1]));
    let before = server.get("/api/attempts/1");
    server.kill();

    let server = Keeping::start(&store);
    let mut stored = server.stored();
    assert_eq!(server.get("/api/attempts/1"), before);
    server.post("/second");
    assert_eq!(stored.next(), Some(vec![2]));
    let list = server.get("/api/attempts");
    let titles: Vec<&str> =
        list["attempts"].as_array().unwrap().iter().map(|one| one["title"].as_str().unwrap()).collect();
    assert_eq!(titles, ["POST /second: 200 OK", "POST /first: 200 OK"]);
    assert!(list["attempts"].as_array().unwrap().iter().all(|one| one["stored"] == true));
    // The list in two pages, one from memory and one from the file.
    let list = server.get("/api/attempts?limit=1");
    assert_eq!((&list["attempts"][0]["number"], &list["older"]), (&Value::from(2), &Value::from(true)));
    let list = server.get("/api/attempts?limit=1&before=2");
    assert_eq!((&list["attempts"][0]["number"], &list["older"]), (&Value::from(1), &Value::from(false)));
}

/// Several devices POST without pause; in the middle of it the server is killed.
#[test]
fn what_was_shown_as_stored_survives_sigkill() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("attempts.db");
    let mut server = Keeping::start(&store);
    let mut news = server.stored();
    let (port, killed) = (server.port, AtomicBool::new(false));
    let mut shown = BTreeSet::new();
    std::thread::scope(|scope| {
        for device in 0..4 {
            let killed = &killed;
            scope.spawn(move || {
                for count in 0.. {
                    if killed.load(Ordering::Relaxed) || send(port, &format!("/{device}/{count}")).is_err() {
                        break;
                    }
                }
            });
        }
        while shown.len() < 40 {
            shown.extend(news.next().unwrap());
        }
        server.kill();
        killed.store(true, Ordering::Relaxed);
        // What was on its way to the page was shown too.
        shown.extend(news.flatten());
    });

    let database = Connection::open(&store).unwrap();
    let sound: String = database.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(sound, "ok");
    drop(database);
    let server = Keeping::start(&store);
    for number in &shown {
        let detail = server.get(&format!("/api/attempts/{number}"));
        assert_eq!(detail["overview"]["stored"], true);
        assert_eq!(detail["attempt"]["complete"], true);
        let lines = detail["attempt"]["lines"].as_array().unwrap();
        let request = lines.iter().find(|line| line["event"] == "request").unwrap();
        assert_eq!(request["body"]["text"], "{}");
    }
    let latest = server.get("/api/attempts?limit=1")["attempts"][0]["number"].as_u64().unwrap();
    server.post("/after");
    assert!(latest >= *shown.last().unwrap());
    assert_eq!(server.get("/api/attempts?limit=1")["attempts"][0]["number"], latest + 1);
}

/// A POST to a server that may be gone at any time.
fn send(port: u16, target: &str) -> std::io::Result<()> {
    let stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(LIMIT))?;
    let name = ServerName::try_from("picopost.test").unwrap();
    let connection = ClientConnection::new(Arc::new(client_config(&["gts"])), name).unwrap();
    let mut stream = StreamOwned::new(connection, stream);
    stream.write_all(&post(target, "Content-Type: application/json\r\nConnection: close\r\n", "{}"))?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    Ok(())
}

/// The end of a command that refuses its store: exit status 3, and what it says.
fn refused(store: &Path) -> String {
    let output = picopost(&["listen", "--port", "0", "--no-page", "--once", "--ca"])
        .arg(ca())
        .arg("--store")
        .arg(store)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(3));
    assert!(output.stdout.is_empty());
    String::from_utf8(output.stderr).unwrap().replace(store.to_str().unwrap(), "FILE")
}

#[test]
fn files_of_others_are_refused_and_left_as_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name);
    let other = "hint: give another file with `--store`; it is made where there is none\n";

    fs::write(file("text"), "not a database at all").unwrap();
    assert_eq!(refused(&file("text")), format!("error: `FILE` is no SQLite database\n{other}"));
    assert_eq!(fs::read(file("text")).unwrap(), b"not a database at all");

    let database = Connection::open(file("foreign")).unwrap();
    database.execute_batch("CREATE TABLE theirs (x); PRAGMA application_id = 7;").unwrap();
    drop(database);
    let before = fs::read(file("foreign")).unwrap();
    assert_eq!(refused(&file("foreign")), format!("error: `FILE` is a database of another program\n{other}"));
    assert_eq!(fs::read(file("foreign")).unwrap(), before);

    assert_eq!(refused(folder.path()), "error: cannot open `FILE`: is a directory\n");
    assert_eq!(refused(&file("no/such/folder")), "error: cannot open `FILE`: no such file or folder\n");
}

#[test]
fn files_of_other_versions_and_damaged_ones_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("attempts.db");
    let mut server = Keeping::start(&store);
    let mut stored = server.stored();
    for count in 0..20 {
        server.post(&format!("/{count}"));
        stored.next().unwrap();
    }

    assert_eq!(
        refused(&store),
        "error: `FILE` is in use by another `picopost listen`\nhint: give each its own file with `--store`\n"
    );
    server.kill();

    let database = Connection::open(&store).unwrap();
    for (version, expected) in [
        (
            2,
            "error: `FILE` was made by a newer picopost: its format is 2, and this one knows 1\n\
             hint: update picopost, or give another file with `--store`\n",
        ),
        (
            0,
            "error: `FILE` was made by an older picopost: its format is 0, and this one knows 1\n\
             hint: give another file with `--store`; it is made where there is none\n",
        ),
    ] {
        database.pragma_update(None, "user_version", version).unwrap();
        assert_eq!(refused(&store), expected);
    }
    database.pragma_update(None, "user_version", 1).unwrap();
    // All of it into the file itself.
    database.pragma_update(None, "wal_checkpoint", "TRUNCATE").unwrap();
    drop(database);
    let mut octets = fs::read(&store).unwrap();
    assert!(octets.len() > 3 * 4096);
    for octet in octets.iter_mut().skip(4096) {
        *octet ^= 0x5a;
    }
    fs::write(&store, octets).unwrap();
    let said = refused(&store);
    assert!(said.starts_with("error: `FILE` is damaged: "), "{said}");
    assert!(said.ends_with(
        "hint: `sqlite3 FILE .recover` gets out what is left; give another file with `--store`\n"
    ));
}
